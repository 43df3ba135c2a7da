%% The Erlang side of the benchmark: one clause of row/2 per row of the table, and the start for `cold-start`.
%%
%% Each row is the same program as bench/beamish/<row>.ts: the same processes, the same number of them, the same
%% messages with the same information in them (a name for the message, its sender, its data). The clock runs inside the
%% measured process, around the same steps as on the other side.
%%
%%   erl ... -s bench main -extra Row Warmups Repetitions Size
%%
%% runs Row (Warmups + Repetitions) times, each time in a fresh process, and prints one line of JSON per repetition and
%% figure: {"row": ..., "value": ...}. What the value is, rows.mjs says; mostly it is the milliseconds that Size took.
-module(bench).
-export([main/0, cold_start/0, hibernated/0]).

main() ->
    [Name, Warmups, Repetitions, Size] = init:get_plain_arguments(),
    Row = list_to_atom(Name),
    N = list_to_integer(Size),
    _ = [in_fresh_process(Row, N) || _ <- lists:seq(1, list_to_integer(Warmups))],
    [
        [print(Line) || Line <- in_fresh_process(Row, N)]
     || _ <- lists:seq(1, list_to_integer(Repetitions))
    ],
    halt().

%% A clean heap and mailbox for every repetition. An exit of the row is our exit, so a failure ends the run with an error.
in_fresh_process(Row, N) ->
    Self = self(),
    {Pid, Monitor} = spawn_monitor(fun() -> Self ! {self(), row(Row, N)} end),
    receive
        {Pid, Milliseconds} when is_float(Milliseconds) ->
            erlang:demonitor(Monitor, [flush]),
            [{Row, Milliseconds}];
        {Pid, Figures} ->
            erlang:demonitor(Monitor, [flush]),
            Figures;
        {'DOWN', Monitor, process, Pid, Reason} ->
            io:format(standard_error, "~p failed: ~p~n", [Row, Reason]),
            halt(1)
    end.

print({Row, Value}) ->
    io:format("{\"row\":\"~s\",\"value\":~.6f}~n", [Row, float(Value)]).

%% The milliseconds that Fun takes.
milliseconds(Fun) ->
    Started = erlang:monotonic_time(nanosecond),
    Fun(),
    (erlang:monotonic_time(nanosecond) - Started) / 1.0e6.

%% The twin of bench/cold-start: from nothing to the first answer of a process.
cold_start() ->
    Pid = spawn(fun() ->
        receive
            {hello, From} -> From ! {answer, self(), <<"answered">>}
        end
    end),
    Pid ! {hello, self()},
    receive
        {answer, Pid, Text} -> io:format("~s~n", [Text])
    end,
    halt().

%% --------------------------------------------------------------------------------------------------------------------
%% The rows

row('ping-pong', N) ->
    milliseconds(fun() ->
        Peer = spawn(fun() -> ponger(N) end),
        pinger(Peer, N)
    end);
row('copied-object', N) ->
    Order = order(),
    milliseconds(fun() ->
        Peer = spawn(fun() -> ponger(N) end),
        object_pinger(Peer, Order, N)
    end);
row(flood, N) ->
    milliseconds(fun() ->
        Self = self(),
        Counter = spawn(fun() -> counter(0) end),
        spawn(fun() ->
            flood(Counter, N),
            Counter ! {total, Self}
        end),
        receive
            {total, Counter, N} -> ok
        end
    end);
row(ring, Hops) ->
    milliseconds(fun() ->
        Self = self(),
        Next = lists:foldl(
            fun(_, To) -> spawn(fun() -> ring_node(To, Self) end) end, Self, lists:seq(2, 1000)
        ),
        Next ! {token, Self, Hops - 1},
        ring_head(Next)
    end);
row(spawn, N) ->
    milliseconds(fun() ->
        Self = self(),
        Collector = spawn(fun() ->
            collect(N),
            Self ! {done, self()}
        end),
        spawn_workers(N, Collector),
        receive
            {done, Collector} -> ok
        end
    end);
row('spawn-monitored', N) ->
    milliseconds(fun() ->
        spawn_batches(N div 100)
    end);
row('link-chain', N) ->
    Self = self(),
    {Head, Monitor} = spawn_monitor(fun() -> chain(N, Self) end),
    Last =
        receive
            {last, Pid} -> Pid
        end,
    milliseconds(fun() ->
        Last ! {die, Self},
        receive
            {'DOWN', Monitor, process, Head, _} -> ok
        end
    end);
row(chameneos, Meetings) ->
    milliseconds(fun() ->
        Self = self(),
        _ = [spawn(fun() -> creature(Self, I rem 3, 0) end) || I <- lists:seq(0, 99)],
        Sum = mall(Meetings, none, 100, 0),
        Sum = 2 * Meetings
    end);
row(big, N) ->
    Width = 100,
    milliseconds(fun() ->
        Self = self(),
        Pids = [spawn(fun() -> big_worker(I, Self) end) || I <- lists:seq(0, Width - 1)],
        Peers = list_to_tuple(Pids),
        [Pid ! {peers, Self, Peers, N} || Pid <- Pids],
        [receive {done, _} -> ok end || _ <- Pids],
        [Pid ! {stop, Self} || Pid <- Pids]
    end);
row(timers, Rounds) ->
    milliseconds(fun() -> timers(Rounds, 10000) end);
row('timer-lag', Samples) ->
    Self = self(),
    Players = [One, Other] = [spawn(fun() -> player(Self, 0) end) || _ <- [1, 2]],
    One ! {serve, Self, Other},
    Other ! {serve, Self, One},
    Late = lists:sort([lateness(5) || _ <- lists:seq(1, Samples)]),
    [Player ! {stop, Self} || Player <- Players],
    Balls = lists:sum([receive {played, Player, Count} -> Count end || Player <- Players]),
    true = Balls >= 100 * Samples,
    [{'timer-lag', lists:nth(ceil(0.99 * Samples), Late)}];
row(fairness, Duration) ->
    Self = self(),
    Pids = [spawn(fun() -> self_sender(Self, 0) end) || _ <- lists:seq(1, 100)],
    [Pid ! {again, Self} || Pid <- Pids],
    receive after Duration -> ok end,
    [Pid ! {stop, Self} || Pid <- Pids],
    Counts = [receive {count, Pid, Count} -> Count end || Pid <- Pids],
    [{fairness, lists:min(Counts) * length(Counts) / lists:sum(Counts)}];
%% Measures memory, so one repetition per operating-system process is enough, and no more than one is asked for.
row(idle, N) ->
    _ = idle(1000, fun idle_wait/0),
    {Bytes, Resident} = idle(N, fun idle_wait/0),
    {Hibernated, _} = idle(N, fun() -> erlang:hibernate(?MODULE, hibernated, []) end),
    [
        {'idle-heap', Bytes},
        {'idle-rss', Resident},
        {'idle-hibernated', Hibernated}
    ].

%% --------------------------------------------------------------------------------------------------------------------
%% ping-pong, copied-object: what is received goes back to its sender.

ponger(0) ->
    ok;
ponger(N) ->
    receive
        {ping, From, Data} ->
            From ! {pong, self(), Data},
            ponger(N - 1)
    end.

pinger(_, 0) ->
    ok;
pinger(Peer, N) ->
    Peer ! {ping, self(), N},
    receive
        {pong, _, N} -> pinger(Peer, N - 1)
    end.

object_pinger(_, _, 0) ->
    ok;
object_pinger(Peer, Order, N) ->
    Peer ! {ping, self(), Order},
    receive
        {pong, _, #{id := 123456}} -> object_pinger(Peer, Order, N - 1)
    end.

%% The values come out of binary_to_term so that they are ordinary terms on the heap: literals of a module are shared
%% between processes and not copied by a send. The keys are atoms of one shared tuple, as in any Erlang program.
order() ->
    [Id, Kind, User, Ok, Amount, Tags] = binary_to_term(
        term_to_binary([
            123456, <<"order.created">>, <<"u-9f8e7d6c">>, true, 1299, [<<"a">>, <<"bc">>, <<"def">>]
        ])
    ),
    #{id => Id, kind => Kind, user => User, ok => Ok, amount => Amount, tags => Tags}.

%% --------------------------------------------------------------------------------------------------------------------
%% flood

counter(Sum) ->
    receive
        {add, _, Amount} -> counter(Sum + Amount);
        {total, From} -> From ! {total, self(), Sum}
    end.

flood(_, 0) ->
    ok;
flood(Counter, N) ->
    Counter ! {add, self(), 1},
    flood(Counter, N - 1).

%% --------------------------------------------------------------------------------------------------------------------
%% ring: the token counts down; whoever sees 0 tells the head, which sends `stop` round.

ring_node(Next, Head) ->
    receive
        {token, _, 0} ->
            Head ! {finished, self()},
            ring_node(Next, Head);
        {token, _, Hops} ->
            Next ! {token, self(), Hops - 1},
            ring_node(Next, Head);
        {stop, _} ->
            Next ! {stop, self()}
    end.

ring_head(Next) ->
    receive
        {token, _, 0} ->
            ring_stop(Next);
        {token, _, Hops} ->
            Next ! {token, self(), Hops - 1},
            ring_head(Next);
        {finished, _} ->
            ring_stop(Next)
    end.

ring_stop(Next) ->
    Next ! {stop, self()},
    receive
        {stop, _} -> ok
    end.

%% --------------------------------------------------------------------------------------------------------------------
%% spawn, spawn-monitored

spawn_workers(0, _) ->
    ok;
spawn_workers(N, Collector) ->
    Worker = spawn(fun worker/0),
    Worker ! {go, self(), Collector},
    spawn_workers(N - 1, Collector).

worker() ->
    receive
        {go, _, Collector} -> Collector ! {done, self()}
    end.

collect(0) ->
    ok;
collect(N) ->
    receive
        {done, _} -> collect(N - 1)
    end.

%% A hundred at a time: with all of them at once the figure is that of a long mailbox.
spawn_batches(0) ->
    ok;
spawn_batches(Batches) ->
    spawn_monitored(100),
    await_downs(100),
    spawn_batches(Batches - 1).

spawn_monitored(0) ->
    ok;
spawn_monitored(N) ->
    spawn_monitor(fun() -> ok end),
    spawn_monitored(N - 1).

await_downs(0) ->
    ok;
await_downs(N) ->
    receive
        {'DOWN', _, process, _, _} -> await_downs(N - 1)
    end.

%% --------------------------------------------------------------------------------------------------------------------
%% link-chain

chain(1, Main) ->
    Main ! {last, self()},
    receive
        {die, _} -> exit(boom)
    end;
chain(N, Main) ->
    spawn_link(fun() -> chain(N - 1, Main) end),
    receive
        {never, _} -> ok
    end.

%% --------------------------------------------------------------------------------------------------------------------
%% chameneos: the mall pairs creatures as they come; when the meetings are used up each one reports its count and goes.

mall(_, _, 0, Sum) ->
    Sum;
mall(Meetings, Waiting, Left, Sum) ->
    receive
        {meet, From, _} when Meetings =:= 0 ->
            From ! {leave, self()},
            mall(0, none, Left, Sum);
        {meet, From, Colour} when Waiting =:= none ->
            mall(Meetings, {From, Colour}, Left, Sum);
        {meet, From, Colour} ->
            {Other, OtherColour} = Waiting,
            Other ! {met, self(), Colour},
            From ! {met, self(), OtherColour},
            mall(Meetings - 1, none, Left, Sum);
        {count, _, Count} ->
            mall(Meetings, Waiting, Left - 1, Sum + Count)
    end.

creature(Mall, Colour, Count) ->
    Mall ! {meet, self(), Colour},
    receive
        {met, _, Colour} -> creature(Mall, Colour, Count + 1);
        {met, _, Other} -> creature(Mall, 3 - Colour - Other, Count + 1);
        {leave, _} -> Mall ! {count, self(), Count}
    end.

%% --------------------------------------------------------------------------------------------------------------------
%% big: every process asks N peers, picked by a small generator (no big integers), and answers whoever asks it.

big_worker(Index, Main) ->
    receive
        {peers, _, Peers, N} -> big_ask(Peers, N, Main, Index)
    end.

big_ask(_, 0, Main, _) ->
    Main ! {done, self()},
    big_answer();
big_ask(Peers, N, Main, Seed) ->
    Next = (Seed * 25173 + 13849) band 65535,
    element(1 + Next rem tuple_size(Peers), Peers) ! {ping, self()},
    big_wait(Peers, N, Main, Next).

big_wait(Peers, N, Main, Seed) ->
    receive
        {ping, From} ->
            From ! {pong, self()},
            big_wait(Peers, N, Main, Seed);
        {pong, _} ->
            big_ask(Peers, N - 1, Main, Seed)
    end.

big_answer() ->
    receive
        {ping, From} ->
            From ! {pong, self()},
            big_answer();
        {stop, _} ->
            ok
    end.

%% --------------------------------------------------------------------------------------------------------------------
%% timers: Live timers of one minute are started and all stopped again, Rounds times.

timers(0, _) ->
    ok;
timers(Rounds, Live) ->
    Timers = [erlang:start_timer(60000, self(), tick) || _ <- lists:seq(1, Live)],
    [true = is_integer(erlang:cancel_timer(Timer)) || Timer <- Timers],
    timers(Rounds - 1, Live).

%% --------------------------------------------------------------------------------------------------------------------
%% timer-lag: two balls between two players, and how many milliseconds late a timer is meanwhile.

player(Main, Balls) ->
    receive
        {ball, From} ->
            From ! {ball, self()},
            player(Main, Balls + 1);
        {serve, _, To} ->
            To ! {ball, self()},
            player(Main, Balls + 1);
        {stop, _} ->
            Main ! {played, self(), Balls}
    end.

lateness(Delay) ->
    Due = erlang:monotonic_time(nanosecond) + Delay * 1000000,
    receive
    after Delay -> ok
    end,
    (erlang:monotonic_time(nanosecond) - Due) / 1.0e6.

%% --------------------------------------------------------------------------------------------------------------------
%% fairness: every process sends itself a message as often as it gets one.

self_sender(Main, Count) ->
    receive
        {again, _} ->
            self() ! {again, self()},
            self_sender(Main, Count + 1);
        {stop, _} ->
            Main ! {count, self(), Count}
    end.

%% --------------------------------------------------------------------------------------------------------------------
%% idle: bytes per process with N alive, each of which has sent one message and now waits for one.

idle(N, Wait) ->
    Self = self(),
    erlang:garbage_collect(),
    Memory = erlang:memory(total),
    Resident = resident(),
    spawn_idle(N, Self, Wait),
    collect_up(N),
    %% A process goes to sleep right after its message: one turn for everybody else sees the last one there.
    erlang:yield(),
    erlang:garbage_collect(),
    {(erlang:memory(total) - Memory) / N, (resident() - Resident) / N}.

spawn_idle(0, _, _) ->
    ok;
spawn_idle(N, Main, Wait) ->
    spawn(fun() ->
        Main ! {up, self()},
        Wait()
    end),
    spawn_idle(N - 1, Main, Wait).

collect_up(0) ->
    ok;
collect_up(N) ->
    receive
        {up, _} -> collect_up(N - 1)
    end.

idle_wait() ->
    receive
        {stop, _} -> ok
    end.

hibernated() ->
    idle_wait().

%% Resident memory of this operating-system process in bytes, from /proc (pages of 4 KiB).
resident() ->
    {ok, Text} = file:read_file("/proc/self/statm"),
    [_, Pages | _] = string:split(Text, " ", all),
    binary_to_integer(Pages) * 4096.
