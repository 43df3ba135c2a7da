/**
 * The signatures of the table of section 16, one by one, and what must not compile against them. Checked by the
 * compiler, never run. Typed messages are in typed-messages.ts and destinations.ts.
 */
import {
  type Actor,
  type CancelEvent,
  type Case,
  type Channel,
  createActor,
  type ErrorKind,
  type ExitEvent,
  errors,
  event,
  type LinkDownEvent,
  type MessageOf,
  type Pid,
  type Process,
  ProcessError,
  type ProcessEvent,
  type Scope,
  type SpawnBuilder,
  type Ticker,
  type Timer,
} from "beamish";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
declare function expectType<_T extends true>(): void;

interface Messages {
  add: [amount: number];
  pair: [a: string, b: boolean];
  stop: [];
}
declare const process: Process<Messages>;
declare const actor: Actor;
declare const scope: Scope;
declare const text: string;

// [S16.5, S16.10] synchronous, and the pid carries M
expectType<Equal<ReturnType<typeof process.id>, string>>();
expectType<Equal<ReturnType<typeof process.pid>, Pid<Messages>>>();
// [S16.10] a branded string: usable as one, not made from one
export const asText: string = process.pid();
// @ts-expect-error a string is no pid
export const asPid: Pid<Messages> = text;

// [S16.4, S16.11] an answer, not a promise
expectType<Equal<ReturnType<typeof process.send<string, string>>, ProcessError | null>>();
// @ts-expect-error a destination is a string
process.send(5, "t");
// @ts-expect-error a topic is required
process.send(text);
// @ts-expect-error a topic is a string
process.send(text, 5);

// [S16.12, S16.13] without F, anything goes and the pid is untyped
export async function untypedSpawns(): Promise<void> {
  const pid = await process.spawn("a:b", "a:h", 1, "x");
  expectType<Equal<typeof pid, Pid>>();
  const result = await process.exec("a:b", "a:h");
  expectType<Equal<typeof result, any>>();
  // @ts-expect-error the host is required
  await process.spawn("a:b");
  // @ts-expect-error the id is a string
  await process.spawnMonitored(1, "a:h");
  // @ts-expect-error the host is a string
  await process.spawnLinked("a:b", null);
  // @ts-expect-error both are required
  await process.exec();
}
expectType<Equal<typeof process.spawn, typeof process.spawnLinkedMonitored>>();

// [S16.14, S16.16] a destination, and a promise of nothing
expectType<Equal<typeof process.terminate, (destination: string) => Promise<void>>>();
expectType<Equal<typeof process.monitor, (destination: string) => Promise<void>>>();
expectType<Equal<typeof process.unmonitor, (destination: string) => Promise<void>>>();
expectType<Equal<typeof process.link, (destination: string) => Promise<void>>>();
expectType<Equal<typeof process.unlink, (destination: string) => Promise<void>>>();
// [S16.15] a duration, or a table of two optional keys
void process.cancel(text);
void process.cancel(text, undefined);
void process.cancel(text, "1m30s");
void process.cancel(text, 1.5);
void process.cancel(text, {});
void process.cancel(text, { reason: "r" });
// @ts-expect-error no such key
void process.cancel(text, { timeout: 1 });
// @ts-expect-error no duration
void process.cancel(text, { deadline: null });
// @ts-expect-error no duration
void process.cancel(text, new Date());

// [S16.17, S16.2] camelCase, and options may be left out
expectType<Equal<ReturnType<typeof process.getOptions>, { trapLinks: boolean }>>();
process.setOptions({});
// @ts-expect-error the Lua name is none here
process.setOptions({ trap_links: true });
// @ts-expect-error an object is required
process.setOptions();

// [S16.18] channels of messages and of events
expectType<Equal<ReturnType<typeof process.inbox>, Channel<MessageOf<Messages>>>>();
expectType<Equal<ReturnType<typeof process.events>, Channel<ProcessEvent>>>();
expectType<Equal<ProcessEvent, CancelEvent | ExitEvent | LinkDownEvent>>();
export async function events(): Promise<void> {
  for await (const one of process.events()) {
    switch (one.kind) {
      case process.event.CANCEL:
        expectType<Equal<typeof one.deadline, string | undefined>>();
        expectType<Equal<typeof one.reason, string | undefined>>();
        // @ts-expect-error a CANCEL has no result
        one.result;
        break;
      case event.EXIT:
        expectType<Equal<typeof one.result.error, string | undefined>>();
        // @ts-expect-error an EXIT has no deadline
        one.deadline;
        if (one.result.error === undefined) {
          expectType<Equal<typeof one.result.value, unknown>>();
          // @ts-expect-error a normal end has no kind
          one.result.kind;
        } else expectType<Equal<typeof one.result.kind, ErrorKind>>();
        break;
      case process.event.LINK_DOWN:
        expectType<Equal<typeof one.result.error, string>>();
        break;
      default:
        expectType<Equal<typeof one, never>>();
    }
    expectType<Equal<typeof one.from, Pid>>();
    expectType<Equal<typeof one.at, number>>();
  }
}
// [S16.19] literal types, and one object
expectType<Equal<typeof process.event, typeof event>>();
expectType<Equal<typeof event.CANCEL, "pid.cancel">>();
expectType<Equal<typeof event.EXIT, "pid.exit">>();
expectType<Equal<typeof event.LINK_DOWN, "pid.link.down">>();

// [S16.20, S16.21] payloads, or Messages
const payloads = process.listen("pair");
expectType<Equal<typeof payloads, Channel<[a: string, b: boolean]>>>();
const rawPayloads = process.listen("add", { message: false });
expectType<Equal<typeof rawPayloads, Channel<number>>>();
const messages = process.listen("pair", { message: true });
expectType<Equal<typeof messages, Channel<MessageOf<Messages, "pair">>>>();
// @ts-expect-error not declared
process.listen("sub", { message: true });
// @ts-expect-error reserved topics are not declared
process.listen("@inbox");
// [S16.22] any channel, nothing else
process.unlisten(payloads);
process.unlisten(process.events());
// @ts-expect-error a topic is no channel
process.unlisten("pair");

// [S16.23] properties that cannot be written
declare const message: MessageOf<Messages, "pair">;
expectType<Equal<typeof message.topic, "pair">>();
expectType<Equal<typeof message.from, Pid | null>>();
expectType<Equal<typeof message.payload, [a: string, b: boolean]>>();
// @ts-expect-error read-only
message.topic = "pair";
// @ts-expect-error read-only
message.payload = ["x", true];
// @ts-expect-error no methods
message.payload();

// [S16.24] never settles, takes anything after the id
expectType<Equal<ReturnType<typeof process.upgrade>, Promise<never>>>();
void process.upgrade("a:b", 1, { two: 2 }, [3]);
// @ts-expect-error an id is a string or null
void process.upgrade(5);

// [S16.25, S16.26, S16.27] every builder method makes a builder
const builder = process.withContext({ any: { thing: [1] } });
expectType<Equal<typeof builder, SpawnBuilder>>();
expectType<Equal<ReturnType<typeof builder.withContext>, SpawnBuilder>>();
const full: SpawnBuilder = builder
  .withContext({})
  .withActor(createActor("id", { team: "a" }))
  .withActor(actor)
  .withScope(scope)
  .withName("n")
  .withMessage("t")
  .withMessage("t", 1, "x", null)
  .withOptions({})
  .withOptions({ timeout: "5s" })
  .withOptions({ timeout: 5 });
// @ts-expect-error values are required
process.withContext();
// @ts-expect-error an actor is no id
builder.withActor("id");
// @ts-expect-error a scope is no actor
builder.withScope(actor);
// @ts-expect-error a name is a string
builder.withName(5);
// @ts-expect-error a topic is a string
builder.withMessage(5);
// @ts-expect-error no such option
builder.withOptions({ retries: 3 });
// [S16.28] the same five
expectType<Equal<typeof full.spawn, typeof process.spawn>>();
expectType<Equal<typeof full.spawnMonitored, typeof process.spawnMonitored>>();
expectType<Equal<typeof full.spawnLinked, typeof process.spawnLinked>>();
expectType<Equal<typeof full.spawnLinkedMonitored, typeof process.spawnLinkedMonitored>>();
expectType<Equal<typeof full.exec, typeof process.exec>>();

// [S16.29, S16.30, S16.31] promises all
void process.registry.register("n");
void process.registry.register("n", process.pid());
expectType<Equal<ReturnType<typeof process.registry.register>, Promise<void>>>();
expectType<Equal<ReturnType<typeof process.registry.lookup<Messages>>, Promise<Pid<Messages>>>>();
expectType<Equal<ReturnType<typeof process.registry.unregister>, Promise<boolean>>>();
// @ts-expect-error a pid is a string
void process.registry.register("n", 5);

// [S16.32, S16.33] a channel of one type
const numbers = process.channel<number>(3);
expectType<Equal<typeof numbers, Channel<number>>>();
expectType<Equal<ReturnType<typeof numbers.send>, Promise<void>>>();
expectType<Equal<ReturnType<typeof numbers.receive>, Promise<number | undefined>>>();
expectType<Equal<ReturnType<typeof numbers.close>, void>>();
// @ts-expect-error a size is a number
process.channel<number>("3");
export async function iterating(): Promise<void> {
  for await (const n of numbers) expectType<Equal<typeof n, number>>();
}

// [S16.34] what a select gives follows from its cases
expectType<Equal<ReturnType<typeof numbers.caseReceive>, Case<number>>>();
expectType<Equal<ReturnType<typeof numbers.caseSend>, Case<number>>>();
export async function selecting(texts: Channel<string>): Promise<void> {
  const listed = await process.select([numbers.caseReceive(), texts.caseReceive()]);
  if (listed.default !== true) {
    expectType<Equal<typeof listed.case, number>>();
    expectType<Equal<typeof listed.value, number | string | undefined>>();
    expectType<Equal<typeof listed.ok, boolean>>();
  }
  const named = await process.select({ n: numbers.caseReceive(), t: texts.caseReceive() }, { default: true });
  if (named.default === true) {
    expectType<Equal<typeof named.ok, true>>();
    expectType<Equal<typeof named.value, undefined>>();
  } else {
    switch (named.case) {
      case "n":
        expectType<Equal<typeof named.value, number | undefined>>();
        expectType<Equal<typeof named.channel, Channel<number>>>();
        break;
      case "t":
        expectType<Equal<typeof named.value, string | undefined>>();
        break;
      default:
        expectType<Equal<typeof named, never>>();
    }
  }
  // @ts-expect-error a channel is no case
  await process.select([numbers]);
  // @ts-expect-error no such option
  await process.select([], { otherwise: true });
}

// [S16.35] an asynchronous function
process.go(async () => 5);
// @ts-expect-error a promise is no function
process.go(Promise.resolve());
// @ts-expect-error not asynchronous
process.go(() => 5);

// [S16.36, S16.37] durations are text or milliseconds
expectType<Equal<ReturnType<typeof process.sleep>, Promise<void>>>();
expectType<Equal<ReturnType<typeof process.after>, Channel<Date>>>();
expectType<Equal<ReturnType<typeof process.timer>, Timer>>();
expectType<Equal<ReturnType<Timer["channel"]>, Channel<Date>>>();
expectType<Equal<ReturnType<Timer["stop"]>, boolean>>();
expectType<Equal<ReturnType<Timer["reset"]>, boolean>>();
expectType<Equal<ReturnType<typeof process.ticker>, Ticker>>();
expectType<Equal<keyof Ticker, "channel" | "stop">>();
// @ts-expect-error a date is no duration
void process.sleep(new Date());
// @ts-expect-error a duration is required
process.after();
// @ts-expect-error a bigint is no duration
process.timer(5n);

// [S16.39] the type of a value is the caller's claim
expectType<Equal<ReturnType<typeof process.ctx.get<string>>, string>>();
expectType<Equal<ReturnType<typeof process.ctx.all>, Record<string, unknown>>>();
// @ts-expect-error a key is a string
process.ctx.get(5);

// [S16.40] who it acts as
expectType<Equal<ReturnType<typeof process.security.actor>, Actor | null>>();
expectType<Equal<ReturnType<typeof process.security.scope>, Scope | null>>();
expectType<Equal<ReturnType<typeof process.security.can>, boolean>>();
// @ts-expect-error a resource is required
process.security.can("process.send");

// [S16.43, S16.44] properties, not methods
declare const err: ProcessError;
expectType<Equal<typeof err.kind, ErrorKind>>();
expectType<Equal<typeof err.message, string>>();
expectType<Equal<typeof err.retryable, boolean | undefined>>();
expectType<Equal<typeof err.details, unknown>>();
expectType<Equal<ReturnType<typeof errors.is>, boolean>>();
export const kind: ErrorKind = errors.RATE_LIMITED;
export const isAnError: Error = err;
errors.is(new Error("x"), errors.TIMEOUT);
// @ts-expect-error no such kind
errors.is(err, "Nope");
// @ts-expect-error no such constant
errors.NO_SUCH_KIND;
new ProcessError("text");
new ProcessError({ message: "m", kind: errors.CONFLICT, retryable: true, details: { a: 1 } });
// @ts-expect-error the message is required
new ProcessError({ kind: errors.CONFLICT });
// @ts-expect-error no such kind
new ProcessError({ message: "m", kind: "Nope" });
expectType<Equal<ReturnType<typeof ProcessError.wrap>, ProcessError>>();
// @ts-expect-error read-only
err.kind = errors.TIMEOUT;

// [S16.45] anything can be printed
process.print();
process.print("a", 1, null, { b: 2 });
expectType<Equal<ReturnType<typeof process.print>, void>>();

// [S16.1] all of it can be taken out of the object
export function takenOut({ send, inbox, registry, select, pid }: Process<Messages>): void {
  send(pid(), "add", 1);
  void inbox().receive();
  void registry.register("n");
  void select([]);
}
