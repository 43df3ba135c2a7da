/**
 * Channels as TypeScript shows them, over subscriptions and channels of the kernel alike, and `select`. Here a kernel
 * wait becomes a promise: a strand per wait, whose resume resolves it.
 */
import {
  ChannelCore,
  CLOSED,
  errors,
  invalid,
  type Case as KernelCase,
  NOT_READY,
  ProcessError,
  type Source,
  Strand,
  Subscription,
  type Syscalls,
} from "../../kernel/index.ts";
import { never, open, rejected } from "./stopped.ts";

type Resolve = (value: unknown) => void;

// One executor for all promises: it hands out the resolvers instead of closing over them.
let resolveLast: Resolve;
const takeResolver = (resolve: Resolve): void => {
  resolveLast = resolve;
};

/** Where a strand that has done its waiting lies until the next wait at the same channel. */
interface Spare {
  strand: ReceiveStrand | null;
}

/** A wait for one value: the promise resolves with it, or with `undefined` from a closed source. */
class ReceiveStrand extends Strand {
  declare private resolve: Resolve | null;
  declare private readonly spare: Spare | null;

  constructor(syscalls: Syscalls, spare: Spare | null) {
    super(syscalls.process);
    this.resolve = null;
    this.spare = spare;
  }

  /** Waits at the source; the promise of what comes. */
  wait(syscalls: Syscalls, source: Source): Promise<unknown> {
    const promise = new Promise<unknown>(takeResolver);
    this.resolve = resolveLast;
    syscalls.waitAt(source, this);
    return promise;
  }

  override resume(value: unknown): void {
    const resolve = this.resolve as Resolve;
    this.resolve = null;
    if (this.spare !== null) this.spare.strand = this;
    resolve(value === CLOSED ? undefined : value);
  }
}

/** A wait with an outcome of its own shape. */
class OutcomeStrand extends Strand {
  readonly #outcome: (value: unknown, index: number) => void;

  constructor(syscalls: Syscalls, outcome: (value: unknown, index: number) => void) {
    super(syscalls.process);
    this.#outcome = outcome;
  }

  override resume(value: unknown, index: number): void {
    this.#outcome(value, index);
  }
}

/** The next value of a source. */
export function receiveFrom<T>(syscalls: Syscalls, source: Source, spare: Spare | null = null): Promise<T | undefined> {
  if (syscalls.isShut) return never();
  const value = syscalls.takeNow(source);
  if (value !== NOT_READY) return Promise.resolve(value === CLOSED ? undefined : (value as T));
  let strand = spare === null ? null : spare.strand;
  if (strand === null) strand = new ReceiveStrand(syscalls, spare);
  else (spare as Spare).strand = null;
  return strand.wait(syscalls, source) as Promise<T | undefined>;
}

/** What `settle` makes of the answer to a request, in the very moment it comes. */
export function answerFrom<T>(
  syscalls: Syscalls,
  source: Source,
  settle: (answer: unknown, resolve: (value: T) => void, reject: (cause: unknown) => void) => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const answer = syscalls.takeNow(source);
    if (answer !== NOT_READY) settle(answer, resolve, reject);
    else syscalls.waitAt(source, new OutcomeStrand(syscalls, (late) => settle(late, resolve, reject)));
  });
}

/** An answer that needed no wait: now, or at the next turn when this one is used up. */
export function answered<T>(syscalls: Syscalls, value: T): Promise<T> {
  if (syscalls.spend()) return Promise.resolve(value);
  return receiveFrom(syscalls, syscalls.nextTurn(value)) as Promise<T>;
}

/** Runs an act that may throw; the promise of its result, or one that never settles if the process has ended by it. */
export function act<T>(syscalls: Syscalls, perform: () => T): Promise<T> {
  if (syscalls.isShut) return never();
  let result: T;
  try {
    result = perform();
  } catch (cause) {
    if (syscalls.spend()) return rejected(syscalls, cause);
    return receiveFrom(syscalls, syscalls.nextTurn(null)).then(() => rejected<T>(syscalls, cause));
  }
  return syscalls.isShut ? never() : answered(syscalls, result);
}

/** Waits for one of the cases. */
export function selectOne(
  syscalls: Syscalls,
  cases: readonly KernelCase[],
  hasDefault: boolean,
  preference: "listed" | "oldest",
): Promise<{ index: number; value: unknown }> {
  // Whose end is decided gets no answer any more: that nothing is ready would not be true.
  if (syscalls.isShut || syscalls.process.isDoomed) return never();
  const now = syscalls.selectNow(cases, hasDefault, preference);
  if (now.index >= 0) return Promise.resolve(now);
  if (hasDefault) return answered(syscalls, now);
  return new Promise((resolve) => {
    const strand = new OutcomeStrand(syscalls, (value, index) => resolve({ index, value }));
    syscalls.waitForAny(cases, preference, strand);
  });
}

/** A case of a select; made by `caseReceive` and `caseSend`, and good for any number of selects. */
export class Case<T = unknown> {
  /** The channel it is about. */
  readonly channel: Channel<T>;
  readonly #core: KernelCase;

  /** @internal Made by channels only. */
  constructor(channel: Channel<T>, core: KernelCase) {
    this.channel = channel;
    this.#core = core;
  }

  /** @internal */
  static core(one: Case): KernelCase {
    return one.#core;
  }
}

/** What a select chose: the case's key or index, its channel, and what was received. */
export type Selected<C> =
  | {
      readonly [K in keyof C]: C[K] extends Case<infer T>
        ? {
            /** The key of the case, or its index in the list. */
            readonly case: C extends readonly unknown[] ? number : K;
            readonly channel: Channel<T>;
            /** What was received; `undefined` after a send and from a closed channel. */
            readonly value: T | undefined;
            /** False when the channel was closed. */
            readonly ok: boolean;
            readonly default?: undefined;
          }
        : never;
    }[C extends readonly unknown[] ? number & keyof C : keyof C]
  | {
      /** No case was ready, and the select had a default. */
      readonly default: true;
      readonly ok: true;
      readonly case?: undefined;
      readonly channel?: undefined;
      readonly value?: undefined;
    };

/**
 * A channel of one process: its inbox, its events, a topic it listens to, or one it made for its own coroutines.
 * `for await` yields its values and ends when it is closed.
 */
export class Channel<T = unknown> implements AsyncIterable<T> {
  readonly #syscalls: Syscalls;
  readonly #core: ChannelCore | Subscription;
  readonly #spare: Spare = { strand: null };
  #receiveCase: Case<T> | null = null;

  /** @internal Made by the process only. */
  constructor(syscalls: Syscalls, core: ChannelCore | Subscription) {
    this.#syscalls = syscalls;
    this.#core = core;
  }

  /** The next value; `undefined` once the channel is closed and empty. */
  receive(): Promise<T | undefined> {
    return receiveFrom(this.#syscalls, this.#core, this.#spare);
  }

  /**
   * Hands a value over, uncopied; resolves when there was room or a receiver. Rejects: INVALID (closed, or a
   * subscription), CANCELED (closed while waiting).
   */
  send(value: T): Promise<void> {
    const syscalls = this.#syscalls;
    const core = this.#core;
    if (syscalls.isShut) return never();
    if (core instanceof Subscription) return rejected(syscalls, invalid("cannot send on a subscription"));
    if (core.isClosed) return rejected(syscalls, invalid("send on closed channel"));
    const cases: KernelCase[] = [{ kind: "send", sink: core, value, endsOnClose: true }];
    if (syscalls.selectNow(cases, false, "listed").index >= 0) return Promise.resolve();
    return new Promise((resolve, reject) => {
      const strand = new OutcomeStrand(syscalls, (outcome) => {
        if (outcome !== CLOSED) resolve();
        else reject(new ProcessError({ kind: errors.CANCELED, message: "channel closed while sending" }));
      });
      syscalls.waitForAny(cases, "listed", strand);
    });
  }

  /** Closes it: waiting receivers get `undefined`; of a subscription, the same as `process.unlisten`. */
  close(): void {
    const syscalls = open(this.#syscalls);
    if (this.#core instanceof ChannelCore) this.#core.close();
    else if (!this.#core.isClosed) syscalls.unlisten(this.#core);
  }

  /** The case "receive from this channel" of a select. */
  caseReceive(): Case<T> {
    this.#receiveCase ??= new Case<T>(this, { kind: "receive", source: this.#core });
    return this.#receiveCase;
  }

  /** The case "send this value" of a select. Throws INVALID for a subscription. */
  caseSend(value: T): Case<T> {
    if (this.#core instanceof Subscription) throw invalid("cannot send on a subscription");
    return new Case<T>(this, { kind: "send", sink: this.#core, value, endsOnClose: false });
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      const value = await this.#next();
      if (value === CLOSED) return;
      yield value as T;
    }
  }

  /** The next value or CLOSED, so that an `undefined` sent between coroutines does not end an iteration. */
  async #next(): Promise<unknown> {
    const value = this.#syscalls.isShut ? NOT_READY : this.#syscalls.takeNow(this.#core);
    if (value !== NOT_READY) return value;
    if (this.#syscalls.isShut) return never();
    return new Promise((resolve) => {
      this.#syscalls.waitAt(this.#core, new OutcomeStrand(this.#syscalls, resolve));
    });
  }

  /** @internal */
  static core(channel: Channel<unknown>): ChannelCore | Subscription {
    return channel.#core;
  }
}

/** The one channel object for a core, made when it is first asked for. */
export function dress<T>(syscalls: Syscalls, core: ChannelCore | Subscription): Channel<T> {
  core.dressing ??= new Channel<T>(syscalls, core);
  return core.dressing as Channel<T>;
}

/** `process.select`. */
export function select<C extends readonly Case[] | Record<string, Case>>(
  syscalls: Syscalls,
  cases: C,
  hasDefault: boolean,
): Promise<Selected<C>> {
  if (typeof cases !== "object" || cases === null) {
    return rejected(syscalls, invalid("select requires a list or a record of cases"));
  }
  // What is no case is passed over, as in Lua (S11.8).
  const listed = Object.entries(cases).filter((entry): entry is [string, Case] => entry[1] instanceof Case);
  const cores = listed.map(([, one]) => Case.core(one));
  return selectOne(syscalls, cores, hasDefault, "listed").then(({ index, value }) => {
    if (index < 0) return { default: true, ok: true } as Selected<C>;
    const [key, one] = listed[index] as [string, Case];
    const ok = value !== CLOSED;
    return {
      case: Array.isArray(cases) ? Number(key) : key,
      channel: one.channel,
      value: ok && Case.core(one).kind === "receive" ? value : undefined,
      ok,
    } as unknown as Selected<C>;
  });
}
