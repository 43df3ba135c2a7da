/** Channels as TypeScript shows them, over subscriptions and channels of the kernel alike, and `select`. */
import {
  ChannelCore,
  CLOSED,
  errors,
  invalid,
  type Case as KernelCase,
  ProcessError,
  Subscription,
  type Syscalls,
} from "../../kernel/index.ts";
import { awaitFrom, never, nextOf, type ReceiveStrand, receiveFrom, rejected, selectOne } from "./answers.ts";
import { LOOP, type Loop, type LoweredCode } from "./lowered-iteration.ts";
import { open } from "./stopped.ts";

/** What lowered code calls for `await channel.receive()`: a value or WAIT. To ask for it is quicker than `instanceof`. */
export const RECEIVE: unique symbol = Symbol("beamish.receive");

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
  /** @internal Where a strand that has done its waiting lies until the next wait. */
  spare: ReceiveStrand | null = null;
  #receiveCase: Case<T> | null = null;

  /** @internal Made by the process only. */
  constructor(syscalls: Syscalls, core: ChannelCore | Subscription) {
    this.#syscalls = syscalls;
    this.#core = core;
  }

  /** The next value; `undefined` once the channel is closed and empty. */
  receive(): Promise<T | undefined> {
    return receiveFrom(this.#syscalls, this.#core, this);
  }

  /** @internal */
  [RECEIVE](): unknown {
    return awaitFrom(this.#syscalls, this.#core, false);
  }

  /** @internal The step of a `for await` of lowered code: a value or CLOSED. */
  awaitNext(): unknown {
    return awaitFrom(this.#syscalls, this.#core, true);
  }

  /**
   * Hands a value over, uncopied; resolves when there was room or a receiver. Rejects: INVALID (closed, or a
   * subscription), CANCELED (closed while waiting).
   */
  send(value: T): Promise<void> {
    const syscalls = this.#syscalls;
    const core = this.#core;
    if (syscalls.isShut) return never(syscalls);
    if (core instanceof Subscription) return rejected(syscalls, invalid("cannot send on a subscription"));
    if (core.isClosed) return rejected(syscalls, invalid("send on closed channel"));
    const cases: KernelCase[] = [{ kind: "send", sink: core, value, endsOnClose: true }];
    return selectOne<void>(syscalls, cases, false, (_index, outcome, resolve, reject) => {
      if (outcome !== CLOSED) resolve();
      else reject(new ProcessError({ kind: errors.CANCELED, message: "channel closed while sending" }));
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

  /** @internal A `for await` of lowered code, which needs no iterator. */
  [LOOP](): Loop {
    return new ChannelLoop(this);
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<T, void, undefined> {
    for (;;) {
      const value = await nextOf(this.#syscalls, this.#core);
      if (value === CLOSED) return;
      yield value as T;
    }
  }

  /** @internal */
  static core(channel: Channel<unknown>): ChannelCore | Subscription {
    return channel.#core;
  }
}

/** A `for await` over a channel: it ends with the channel, and leaving it early leaves the channel as it is. */
class ChannelLoop implements Loop {
  readonly #channel: Channel<unknown>;
  readonly open = false;
  value: unknown;

  constructor(channel: Channel<unknown>) {
    this.#channel = channel;
  }

  next(): unknown {
    return this.#channel.awaitNext();
  }

  more(step: unknown): boolean {
    if (step === CLOSED) return false;
    this.value = step;
    return true;
  }

  failed(): void {}

  *close(): LoweredCode<void> {}
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
  return selectOne<Selected<C>>(syscalls, cores, hasDefault, (index, value, resolve) => {
    if (index < 0) {
      resolve({ default: true, ok: true } as Selected<C>);
      return;
    }
    const [key, one] = listed[index] as [string, Case];
    const ok = value !== CLOSED;
    resolve({
      case: Array.isArray(cases) ? Number(key) : key,
      channel: one.channel,
      value: ok && Case.core(one).kind === "receive" ? value : undefined,
      ok,
    } as unknown as Selected<C>);
  });
}
