/** Channels, select and concurrent coroutines, in both languages (S11.1-S11.12). */
import { ProcessError } from "beamish";
import { describe } from "vitest";
import { type Fact, facts } from "../support/facts.ts";

const kindOf = async (act: () => unknown): Promise<string> => {
  try {
    await act();
    return "none";
  } catch (cause) {
    return cause instanceof ProcessError ? cause.kind : "?";
  }
};

const channels: readonly Fact[] = [
  {
    title: "a channel without room lets sender and receiver meet [both S11.1, S11.2]",
    when: {
      lua: `
        return function()
          local log = {}
          for _, size in ipairs{"none", 0, -3} do
            local ch = channel.new(size ~= "none" and size or nil)
            coroutine.spawn(function()
              local sent = ch:send(1)
              log[#log + 1] = "sent " .. tostring(sent)
            end)
            time.sleep("1ms")
            log[#log + 1] = "got " .. ch:receive()
            time.sleep("1ms")
          end
          return log
        end`,
      typescript: async (process) => {
        const log: string[] = [];
        for (const size of [undefined, 0, -3]) {
          const ch = process.channel(size);
          process.go(async () => {
            await ch.send(1);
            log.push("sent true");
          });
          await process.sleep(1);
          log.push(`got ${await ch.receive()}`);
          await process.sleep(1);
        }
        return log;
      },
    },
    then: ["got 1", "sent true", "got 1", "sent true", "got 1", "sent true"],
  },
  {
    title: "a channel with room takes so many values before a sender waits [both S11.1, S11.2]",
    when: {
      lua: `
        return function()
          local ch, count = channel.new(2), 0
          coroutine.spawn(function() for i = 1, 4 do ch:send(i) count = i end end)
          time.sleep("1ms")
          local before = count
          ch:receive()
          time.sleep("1ms")
          return {before, count}
        end`,
      typescript: async (process) => {
        const ch = process.channel(2);
        let count = 0;
        process.go(async () => {
          for (let i = 1; i <= 4; i++) {
            await ch.send(i);
            count = i;
          }
        });
        await process.sleep(1);
        const before = count;
        await ch.receive();
        await process.sleep(1);
        return [before, count];
      },
    },
    then: [2, 3],
  },
  {
    title: "a channel hands over any value uncopied, functions and nothing too [both S11.2]",
    when: {
      lua: `
        return function()
          local ch = channel.new(5)
          local thing, fn = {}, function() end
          ch:send(thing) ch:send(fn) ch:send(ch) ch:send(nil) ch:send(false)
          local same = {ch:receive() == thing, ch:receive() == fn, ch:receive() == ch}
          local nothing, ok = ch:receive()
          return {same[1], same[2], same[3], nothing == nil and ok, (ch:receive())}
        end`,
      typescript: async (process) => {
        const ch = process.channel(5);
        const thing = {};
        const fn = () => {};
        for (const value of [thing, fn, ch, undefined, false]) await ch.send(value);
        return [
          (await ch.receive()) === thing,
          (await ch.receive()) === fn,
          (await ch.receive()) === ch,
          (await ch.receive()) === undefined,
          await ch.receive(),
        ];
      },
    },
    then: [true, true, true, true, false],
  },
  {
    title: "a closed channel refuses a send, and a sender that waited is called off [both S11.3]",
    when: {
      lua: `
        return function()
          local ch, waited = channel.new(), nil
          coroutine.spawn(function()
            local ok, err = ch:send(1)
            waited = {ok == nil, err:kind()}
          end)
          time.sleep("1ms")
          ch:close()
          time.sleep("1ms")
          local ok, text = pcall(ch.send, ch, 2)
          return {waited[1], waited[2], ok, text:find("send on closed channel", 1, true) ~= nil}
        end`,
      typescript: async (process) => {
        const ch = process.channel();
        let kind = "none";
        process.go(async () => {
          kind = await kindOf(() => ch.send(1));
        });
        await process.sleep(1);
        ch.close();
        await process.sleep(1);
        const refusal = await ch.send(2).catch((cause: Error) => cause.message);
        return [true, kind, false, refusal === "send on closed channel"];
      },
    },
    then: [true, "Canceled", false, true],
  },
  {
    title: "a closed channel gives what is in it, then nothing for ever, and lets receivers go [both S11.4, S11.5]",
    when: {
      lua: `
        return function()
          local ch, empty, log = channel.new(2), channel.new(), {}
          coroutine.spawn(function()
            local value, ok = empty:receive()
            log[#log + 1] = "let go " .. tostring(value) .. " " .. tostring(ok)
          end)
          time.sleep("1ms")
          ch:send(1) ch:send(2)
          ch:close() ch:close() empty:close() empty:close()
          for _ = 1, 4 do
            local value, ok = ch:receive()
            log[#log + 1] = tostring(value) .. " " .. tostring(ok)
          end
          time.sleep("1ms")
          return log
        end`,
      typescript: async (process) => {
        const [ch, empty] = [process.channel(2), process.channel()];
        const log: string[] = [];
        process.go(async () => {
          const value = await empty.receive();
          log.push(`let go ${value ?? null} ${value !== undefined}`.replace("null", "nil"));
        });
        await process.sleep(1);
        await ch.send(1);
        await ch.send(2);
        for (const one of [ch, ch, empty, empty]) one.close();
        for (let i = 0; i < 4; i++) {
          const value = await ch.receive();
          log.push(`${value ?? "nil"} ${value !== undefined}`);
        }
        await process.sleep(1);
        return log.toSorted();
      },
    },
    then: ({ value }: any) => {
      const expected = ["1 true", "2 true", "let go nil false", "nil false", "nil false"];
      if (JSON.stringify([...value].sort()) !== JSON.stringify(expected)) throw new Error(JSON.stringify(value));
    },
  },
  {
    title: "receivers and senders that wait are served first come, first served [both S11.6]",
    when: {
      lua: `
        return function()
          local ch, log = channel.new(), {}
          for _, name in ipairs{"a", "b", "c"} do
            coroutine.spawn(function()
              local value = ch:receive()
              log[#log + 1] = name .. value
            end)
          end
          time.sleep("1ms")
          for n = 1, 3 do ch:send(n) end
          time.sleep("1ms")
          for n = 4, 6 do coroutine.spawn(function() ch:send(n) end) end
          time.sleep("1ms")
          for _ = 1, 3 do log[#log + 1] = "r" .. ch:receive() end
          return log
        end`,
      typescript: async (process) => {
        const ch = process.channel();
        const log: string[] = [];
        for (const name of ["a", "b", "c"]) process.go(async () => void log.push(name + (await ch.receive())));
        await process.sleep(1);
        for (const n of [1, 2, 3]) await ch.send(n);
        await process.sleep(1);
        for (const n of [4, 5, 6]) process.go(async () => ch.send(n));
        await process.sleep(1);
        for (let i = 0; i < 3; i++) log.push(`r${await ch.receive()}`);
        return log;
      },
    },
    then: ["a1", "b2", "c3", "r4", "r5", "r6"],
  },
];

const selects: readonly Fact[] = [
  {
    title: "of the ready cases the first in the list is carried out, and only that one [both S11.7, S11.9]",
    when: {
      lua: `
        return function()
          local a, b = channel.new(1), channel.new(1)
          a:send("a") b:send("b")
          local one = channel.select{b:case_receive(), a:case_receive()}
          local two = channel.select({b:case_receive(), a:case_receive()}, true)
          local full = channel.select{a:case_send("x"), a:case_receive()}
          return {one.channel == b, one.value, one.ok, two.channel == a, two.value, full.channel == a, full.ok,
            (a:receive())}
        end`,
      typescript: async (process) => {
        const [a, b] = [process.channel(1), process.channel(1)];
        await a.send("a");
        await b.send("b");
        const one = await process.select([b.caseReceive(), a.caseReceive()]);
        const two = await process.select([b.caseReceive(), a.caseReceive()], { default: true });
        const full = await process.select([a.caseSend("x"), a.caseReceive()]);
        return [
          one.channel === b,
          one.value,
          one.ok,
          two.channel === a,
          two.value,
          full.channel === a,
          full.ok,
          await a.receive(),
        ];
      },
    },
    then: [true, "b", true, true, "a", true, true, "x"],
  },
  {
    title: "a select with a default takes it when nothing is ready, and one without waits [both S11.7, S11.9]",
    when: {
      lua: `
        return function()
          local ch = channel.new()
          local inside = channel.select{ch:case_receive(), default = true}
          local beside = channel.select({ch:case_receive()}, true)
          coroutine.spawn(function() time.sleep("5ms") ch:send(7) end)
          local later = channel.select{ch:case_receive()}
          return {inside, beside, later.value}
        end`,
      typescript: async (process) => {
        const ch = process.channel();
        const inside = await process.select([ch.caseReceive()], { default: true });
        const beside = await process.select({ one: ch.caseReceive() }, { default: true });
        process.go(async () => {
          await process.sleep(5);
          await ch.send(7);
        });
        const later = await process.select([ch.caseReceive()]);
        return [inside, beside, later.value];
      },
    },
    then: [{ default: true, ok: true }, { default: true, ok: true }, 7],
  },
  {
    title: "cases can be used again, and what is no case is ignored [both S11.8]",
    when: {
      lua: `
        return function()
          local ch, log = channel.new(2), {}
          local send, receive = ch:case_send("v"), ch:case_receive()
          for _ = 1, 2 do
            log[#log + 1] = channel.select{5, "x", {}, false, send}.ok
            log[#log + 1] = channel.select{function() end, receive}.value
          end
          return log
        end`,
      typescript: async (process) => {
        const ch = process.channel(2);
        const log: unknown[] = [];
        const [send, receive] = [ch.caseSend("v"), ch.caseReceive()];
        for (let i = 0; i < 2; i++) {
          log.push((await process.select([5, "x", {}, false, send])).ok);
          log.push((await process.select([() => {}, receive])).value);
        }
        return log;
      },
    },
    then: [true, "v", true, "v"],
  },
  {
    title: "a closed channel is ready to receive from and never to send on [both S11.10]",
    when: {
      lua: `
        return function()
          local ch = channel.new(1)
          ch:close()
          local got = channel.select{ch:case_receive()}
          local sent = channel.select({ch:case_send(1)}, true)
          return {got.value == nil, got.ok, got.channel == ch, sent.default}
        end`,
      typescript: async (process) => {
        const ch = process.channel(1);
        ch.close();
        const got = await process.select([ch.caseReceive()]);
        const sent = await process.select([ch.caseSend(1)], { default: true });
        return [got.value === undefined || got.value === null, got.ok, got.channel === ch, sent.default];
      },
    },
    then: [true, false, true, true],
  },
  {
    title: "a select whose channel closes while it waits to send on it goes on waiting for the others [both S11.10]",
    when: {
      lua: `
        return function()
          local closing, other = channel.new(), channel.new()
          coroutine.spawn(function() time.sleep("1ms") closing:close() time.sleep("1ms") other:send("other") end)
          return channel.select{closing:case_send(1), other:case_receive()}.value
        end`,
      typescript: async (process) => {
        const [closing, other] = [process.channel(), process.channel()];
        process.go(async () => {
          await process.sleep(1);
          closing.close();
          await process.sleep(1);
          await other.send("other");
        });
        return (await process.select([closing.caseSend(1), other.caseReceive()])).value;
      },
    },
    then: "other",
  },
  {
    title: "a select without any case waits for ever [both S11.7]",
    when: {
      lua: `
        return function()
          local returned = false
          coroutine.spawn(function() channel.select{} returned = true end)
          time.sleep("10h")
          return returned
        end`,
      typescript: async (process) => {
        let returned = false;
        process.go(async () => {
          await process.select([]);
          returned = true;
        });
        await process.sleep(36_000_000);
        return returned;
      },
    },
    then: false,
  },
];

const coroutines: readonly Fact[] = [
  {
    title: "the caller goes on first when a coroutine is spawned, and each runs until it waits [both S11.11]",
    when: {
      lua: `
        return function()
          local log = {}
          local function note(text) log[#log + 1] = text end
          for delay, name in ipairs{"a", "b"} do
            coroutine.spawn(function()
              note(name .. "1") note(name .. "2")
              time.sleep(delay * time.MILLISECOND)
              note(name .. "3") note(name .. "4")
            end)
          end
          note("main")
          time.sleep("5ms")
          return log
        end`,
      typescript: async (process) => {
        const log: string[] = [];
        for (const [index, name] of ["a", "b"].entries()) {
          process.go(async () => {
            log.push(`${name}1`, `${name}2`);
            await process.sleep(index + 1);
            log.push(`${name}3`, `${name}4`);
          });
        }
        log.push("main");
        await process.sleep(5);
        return log;
      },
    },
    then: ["main", "a1", "a2", "b1", "b2", "a3", "a4", "b3", "b4"],
  },
  {
    title: "an error that escapes a spawned coroutine ends the process with it [both S11.12, S4.8]",
    when: {
      lua: `
        return function()
          coroutine.spawn(function()
            time.sleep("1ms")
            error(errors.new{message = "lost", kind = errors.CONFLICT, retryable = true})
          end)
          time.sleep("1h")
        end`,
      typescript: async (process) => {
        process.go(async () => {
          await process.sleep(1);
          throw new ProcessError({ message: "lost", kind: "Conflict", retryable: true });
        });
        await process.sleep(3_600_000);
      },
    },
    then: ({ error }: any, sim) => {
      const got = [error.kind, error.message, error.retryable, sim.nowMs];
      if (JSON.stringify(got) !== '["Conflict","lost",true,1]') throw new Error(JSON.stringify(got));
    },
  },
];

describe("channels", () => facts(channels));
describe("select", () => facts(selects));
describe("coroutines", () => facts(coroutines));
