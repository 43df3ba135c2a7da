/**
 * What must compile and what must not: typed messages and signatures (section 16 of the spec). Checked by the compiler,
 * never run. [S16.46] [S16.47] [S16.48] [S16.49] [S16.50] [S16.51] [S16.52]
 */
import {
  type Channel,
  defineProcess,
  type MessageOf,
  type Pid,
  type Process,
  type ProcessError,
  type ProcessEvent,
  protocol,
} from "beamish";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare function same<A, B>(equal: Equal<A, B>): void;

interface CounterMessages {
  add: [amount: number];
  read: [replyTo: Pid<{ total: [value: number] }>];
  stop: [];
  pair: [a: string, b: boolean];
}

const counter = defineProcess({
  accepts: protocol<CounterMessages>(),
  async run(process, start: number) {
    let total = start;
    for await (const msg of process.inbox()) {
      switch (msg.topic) {
        case "add":
          total += msg.payload;
          break;
        case "read":
          process.send(msg.payload, "total", total);
          // @ts-expect-error the topic is not declared by that pid
          process.send(msg.payload, "sum", total);
          break;
        case "pair":
          same<typeof msg.payload, [a: string, b: boolean]>(true);
          break;
        case "stop":
          same<typeof msg.payload, null>(true);
          return total;
      }
    }
    return total;
  },
});

async function plain(process: Process<CounterMessages>, name: string, size?: number): Promise<string> {
  // [S16.18] [S16.20] [S16.21] [S16.23]
  same<ReturnType<typeof process.inbox>, Channel<MessageOf<CounterMessages>>>(true);
  same<ReturnType<typeof process.events>, Channel<ProcessEvent>>(true);
  const amounts = process.listen("add");
  same<typeof amounts, Channel<number>>(true);
  const stops = process.listen("stop");
  same<typeof stops, Channel<null>>(true);
  const messages = process.listen("add", { message: true });
  same<typeof messages, Channel<MessageOf<CounterMessages, "add">>>(true);
  // @ts-expect-error no such topic
  process.listen("sub");
  return name.repeat(size ?? 1);
}

export async function spawning(process: Process): Promise<void> {
  // [S16.12] [S16.13] [S16.49]
  const pid = await process.spawn<typeof counter>("app:counter", "app:processes", 0);
  same<typeof pid, Pid<CounterMessages>>(true);
  const total = await process.exec<typeof counter>("app:counter", "app:processes", 0);
  same<typeof total, number>(true);
  const text = await process.exec<typeof plain>("app:plain", "app:processes", "x");
  same<typeof text, string>(true);
  const nothing = await process.exec<() => Promise<void>>("app:none", "app:processes");
  same<typeof nothing, null>(true);
  await process.spawnLinkedMonitored<typeof plain>("app:plain", "app:processes", "x", 3);
  // @ts-expect-error an argument is missing
  await process.spawn<typeof counter>("app:counter", "app:processes");
  // @ts-expect-error an argument of a wrong type
  await process.spawn<typeof counter>("app:counter", "app:processes", "zero");
  // @ts-expect-error an argument too many
  await process.exec<typeof counter>("app:counter", "app:processes", 0, 1);
  await process.spawn("app:anything", "app:processes", 1, "two", {});
  await process.withContext({ a: 1 }).withName("n").spawnMonitored<typeof counter>("app:counter", "app:processes", 1);

  // [S16.11] [S16.47]
  const answer = process.send(pid, "add", 5);
  same<typeof answer, ProcessError | null>(true);
  process.send(pid, "stop");
  process.send(pid, "pair", "a", true);
  // @ts-expect-error wrong payload
  process.send(pid, "add", "five");
  // @ts-expect-error wrong topic
  process.send(pid, "ad", 5);
  // @ts-expect-error the payload is missing
  process.send(pid, "add");
  // @ts-expect-error a payload too many
  process.send(pid, "stop", 1);
  // @ts-expect-error too few
  process.send(pid, "pair", "a");

  // [S16.48]
  process.send("a name", "whatever", 1, 2, 3);
  const untyped: Pid = pid;
  process.send(untyped, "whatever", {});
  const claimed = await process.registry.lookup<CounterMessages>("counter");
  // @ts-expect-error the claim is held to
  process.send(claimed, "nope");
}

export async function selecting(process: Process<CounterMessages>): Promise<void> {
  // [S16.34] [S16.37]
  const numbers = process.channel<number>();
  const chosen = await process.select({
    tick: process.ticker("1s").channel().caseReceive(),
    number: numbers.caseReceive(),
  });
  if (chosen.default) return;
  if (chosen.case === "tick") same<typeof chosen.value, Date | undefined>(true);
  else same<typeof chosen.value, number | undefined>(true);
  // @ts-expect-error a value of a wrong type
  numbers.caseSend("x");
  // @ts-expect-error a value of a wrong type
  await numbers.send("x");
  const event = await process.events().receive();
  if (event?.kind === process.event.EXIT) same<typeof event.result.error, string | undefined>(true);
}

export const parsed = defineProcess({
  accepts: { size: (payload: unknown) => Number(payload), name: (payload: unknown) => String(payload) },
  async run(process) {
    const msg = await process.inbox().receive();
    if (msg?.topic === "size") same<typeof msg.payload, number>(true);
    if (msg?.topic === "name") same<typeof msg.payload, string>(true);
    return 1;
  },
});

export async function talksToParsed(process: Process): Promise<void> {
  const pid = await process.spawn<typeof parsed>("app:parsed", "app:processes");
  process.send(pid, "size", 4);
  // @ts-expect-error the parser yields a number
  process.send(pid, "size", "4");
}

export async function misuse(process: Process): Promise<void> {
  // [S16.14] [S16.15] [S16.16] [S16.17] [S16.22] [S16.24] [S16.25] [S16.26] [S16.27] [S16.28] [S16.29] [S16.31]
  // @ts-expect-error no boolean
  process.setOptions({ trapLinks: 1 });
  // @ts-expect-error no such option
  process.setOptions({ trap: true });
  await process.cancel("x", { deadline: "5s", reason: "r" });
  // @ts-expect-error null is no deadline
  await process.cancel("x", null);
  // @ts-expect-error a destination is required
  await process.terminate();
  // @ts-expect-error no actor
  process.withContext({}).withActor({ id: "x" });
  // @ts-expect-error values must be an object
  process.withContext(5);
  process.unlisten(process.inbox());
  const never: never = await process.upgrade(null, 1, 2);
  void never;
}
