/**
 * Who may be sent what: pids that carry messages, what a spawn or exec makes of the code it names, and the types that
 * follow from parsers and handlers. Checked by the compiler, never run.
 */
import { defineProcess, type MessageOf, type Pid, type Process, protocol } from "beamish";
import type { ArgsOf, MessagesOf, Received, ResultOf } from "../../src/engines/typescript/index.ts";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare function expectType<_T extends true>(): void;

interface Wide {
  add: [amount: number];
  pair: readonly [a: string, b: boolean];
  note: [text?: string];
  stop: [];
}
declare const process: Process;
declare const wide: Pid<Wide>;
declare const narrow: Pid<Pick<Wide, "stop">>;
declare const untyped: Pid;
declare const name: string;

// [S16.50] none, one, more; and where the number is open, whichever may come (S2.15, S2.16)
expectType<Equal<Received<[]>, null>>();
expectType<Equal<Received<[n: number]>, number>>();
expectType<Equal<Received<[list: number[]]>, number[]>>();
expectType<Equal<Received<[a: string, b: boolean]>, [a: string, b: boolean]>>();
expectType<Equal<Received<readonly [n: number]>, number>>();
expectType<Equal<Received<[n: number | undefined]>, number | undefined>>();
expectType<Equal<Received<[text?: string]>, string | null>>();
expectType<Equal<Received<[a: string, b?: number]>, string | [a: string, b?: number]>>();
expectType<Equal<Received<number[]>, number | null | number[]>>();
expectType<Equal<Received<[] | [n: number]>, null | number>>();

// [S16.47] declared topics with their payloads, number and types
process.send(wide, "add", 1);
process.send(wide, "pair", "a", true);
process.send(wide, "stop");
process.send(wide, "note");
process.send(wide, "note", "x");
// @ts-expect-error undeclared
process.send(wide, "sub", 1);
// @ts-expect-error one is missing
process.send(wide, "add");
// @ts-expect-error of another type
process.send(wide, "add", "1");
// @ts-expect-error one is missing
process.send(wide, "pair", "a");
// @ts-expect-error in the wrong order
process.send(wide, "pair", true, "a");
// @ts-expect-error one too many
process.send(wide, "stop", null);
// @ts-expect-error one too many
process.send(wide, "add", 1, 2);
// @ts-expect-error null is a payload, too
process.send(wide, "add", null);
// @ts-expect-error of another type
process.send(wide, "note", 5);
declare const topic: string;
// @ts-expect-error some text is no declared topic
process.send(wide, topic, 1);

// [S16.47] who takes more can stand for who takes less, not the other way round
export const less: Pid<Pick<Wide, "stop">> = wide;
// @ts-expect-error it does not declare the others
export const more: Pid<Wide> = narrow;

// [S16.48] no messages declared: everything is taken
process.send(name, "anything", { at: [1] }, 2);
process.send("literal", "anything");
process.send(untyped, "anything", 1, 2, 3);
process.send(untyped, topic);
export const forgotten: Pid = wide;
export const claimed: Pid<Wide> = untyped;

// [S16.46] by the first parameter of a plain function, or by defineProcess
async function plain(process: Process<Wide>, start: number, label = "x", ...rest: boolean[]): Promise<string> {
  return `${process.pid()}${start}${label}${rest.length}`;
}
const defined = defineProcess({
  accepts: protocol<Wide>(),
  run: async (process, start: number, options?: { deep: boolean }) => {
    expectType<Equal<typeof process, Process<Wide>>>();
    return options?.deep === true ? start : null;
  },
});
const undeclared = defineProcess({ run: async (process, a: string) => process.send(a, "t") === null });
async function nobody(): Promise<void> {}
function immediate(_process: Process): number {
  return 5;
}
expectType<Equal<MessagesOf<typeof plain>, Wide>>();
expectType<Equal<MessagesOf<typeof defined>, Wide>>();
expectType<Equal<ArgsOf<typeof plain>, [start: number, label?: string, ...rest: boolean[]]>>();
expectType<Equal<ArgsOf<typeof defined>, [start: number, options?: { deep: boolean } | undefined]>>();
expectType<Equal<ArgsOf<typeof nobody>, []>>();
// [S16.6, S16.49] the result, awaited; nothing is null
expectType<Equal<ResultOf<typeof plain>, string>>();
expectType<Equal<ResultOf<typeof defined>, number | null>>();
expectType<Equal<ResultOf<typeof undeclared>, boolean>>();
expectType<Equal<ResultOf<typeof nobody>, null>>();
expectType<Equal<ResultOf<typeof immediate>, number>>();
expectType<Equal<ResultOf<() => Promise<number | undefined>>, number | null>>();

// [S16.49] arguments, pid and result of what is spawned
export async function spawning(): Promise<void> {
  const first = await process.spawn<typeof plain>("a:plain", "a:host", 1);
  expectType<Equal<typeof first, Pid<Wide>>>();
  await process.spawnMonitored<typeof plain>("a:plain", "a:host", 1, "y", true, false);
  const second = await process.spawnLinked<typeof defined>("a:defined", "a:host", 1, { deep: true });
  process.send(second, "add", 1);
  // @ts-expect-error undeclared
  process.send(second, "sub");
  // @ts-expect-error the argument is missing
  await process.spawnLinkedMonitored<typeof plain>("a:plain", "a:host");
  // @ts-expect-error of another type
  await process.spawnLinked<typeof defined>("a:defined", "a:host", "1");
  // @ts-expect-error one too many
  await process.exec<typeof nobody>("a:nobody", "a:host", 1);
  // @ts-expect-error of another type
  await process.withContext({}).exec<typeof undeclared>("a:undeclared", "a:host", 5);
  // @ts-expect-error a number is no code
  await process.spawn<number>("a:b", "a:host");
  const result = await process.withContext({}).exec<typeof defined>("a:defined", "a:host", 1);
  expectType<Equal<typeof result, number | null>>();
  const yes = await process.exec<typeof undeclared>("a:undeclared", "a:host", "x");
  expectType<Equal<typeof yes, boolean>>();
  // [S16.48] code that declares nothing takes everything
  process.send(await process.spawn<typeof undeclared>("a:undeclared", "a:host", "x"), "anything", 1);
  process.send(await process.spawn<typeof nobody>("a:nobody", "a:host"), "anything", 1);
  process.send(await process.spawn<typeof immediate>("a:immediate", "a:host"), "anything", 1);
}

// [S16.23] a switch over the topic narrows the payload, down to nothing
export function read(msg: MessageOf<Wide>): number {
  switch (msg.topic) {
    case "add":
      expectType<Equal<typeof msg.payload, number>>();
      return msg.payload;
    case "pair":
      expectType<Equal<typeof msg.payload, readonly [a: string, b: boolean]>>();
      return msg.payload[0].length;
    case "note":
      expectType<Equal<typeof msg.payload, string | null>>();
      return 0;
    case "stop":
      expectType<Equal<typeof msg.payload, null>>();
      return 0;
    default:
      expectType<Equal<typeof msg, never>>();
      return 0;
  }
}
// @ts-expect-error undeclared
export type NoSuchMessage = MessageOf<Wide, "sub">;
declare const anyMessage: MessageOf<any>;
expectType<Equal<typeof anyMessage.topic, string>>();

// [S16.52] M follows from the results of the parsers
const parsed = defineProcess({
  accepts: {
    size: (payload: unknown): number => Number(payload),
    both: (payload: unknown) => ({ text: String(payload) }),
  },
  async run(process, flag: boolean) {
    for await (const msg of process.inbox()) {
      if (msg.topic === "size") expectType<Equal<typeof msg.payload, number>>();
      else expectType<Equal<typeof msg.payload, { text: string }>>();
      // @ts-expect-error undeclared
      if (msg.topic === "other") return null;
    }
    return flag;
  },
});
defineProcess({
  // @ts-expect-error a parser is a function
  accepts: { size: 5 },
  run: async () => {},
});
// @ts-expect-error main is required
defineProcess({ accepts: protocol<Wide>() });
export async function talking(): Promise<void> {
  const pid = await process.spawn<typeof parsed>("a:parsed", "a:host", true);
  process.send(pid, "size", 4);
  process.send(pid, "both", { text: "x" });
  // @ts-expect-error of another type
  process.send(pid, "both", "x");
  // @ts-expect-error undeclared
  process.send(pid, "other", 1);
}

// [S11.38, S16.46] handlers see the types of their topics
export async function serving(process: Process<Wide>): Promise<void> {
  const total = await process.serve<number>({
    add: (amount, msg) => {
      expectType<Equal<typeof amount, number>>();
      expectType<Equal<typeof msg.topic, "add">>();
      return process.done(amount);
    },
    stop: (nothing) => expectType<Equal<typeof nothing, null>>(),
    "@events": (one) => expectType<Equal<typeof one.at, number>>(),
    "@inbox": (msg) => read(msg),
  });
  expectType<Equal<typeof total, number>>();
  await process.serve((msg) => read(msg));
  // @ts-expect-error undeclared
  await process.serve({ sub: () => {} });
  // @ts-expect-error of another type
  await process.serve({ add: (amount: string) => amount });
}
export async function servingAnything(process: Process): Promise<unknown> {
  return process.serve({
    anything: (payload) => payload.at,
    "@events": (one) => one.kind,
  });
}
