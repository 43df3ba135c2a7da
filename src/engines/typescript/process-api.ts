/**
 * What a process function is handed: the whole of section 16, as interfaces. process-context.ts has the body. Every
 * method is bound, so `const { send } = process` works.
 *
 * A `Duration` is a string such as `"1m30s"` or a number of milliseconds. What fails throws a ProcessError, or rejects
 * with one; only `send` returns it. After the process has ended, asynchronous methods never settle and synchronous ones
 * throw CANCELED (S16.7).
 */
import type { Actor, event, Pid, Policy, ProcessError, ProcessEvent, Scope } from "../../kernel/index.ts";
import type { Case, Channel, Selected } from "./channel-dressing.ts";
import type { SpawnBuilder } from "./spawn-builder.ts";
import type {
  AnyProcess,
  ArgsOf,
  MessageOf,
  MessagesOf,
  PayloadOf,
  Received,
  ResultOf,
  TopicOf,
} from "./typed-messages.ts";

/** A duration: a string such as `"300ms"`, `"5s"`, `"1m30s"`, or a number of milliseconds. */
export type Duration = string | number;

/** Starts a process; see `Process.spawn`. */
export type Spawn = <F extends AnyProcess = any>(
  id: string,
  host: string,
  ...args: ArgsOf<F>
) => Promise<Pid<MessagesOf<F>>>;

/** Starts a process and waits for its result; see `Process.exec`. */
export type Exec = <F extends AnyProcess = any>(id: string, host: string, ...args: ArgsOf<F>) => Promise<ResultOf<F>>;

/** The name registry: a name belongs to one process at a time and is free at its end (section 8). */
export interface Registry {
  /**
   * Binds a name, by default to the caller. Rejects: ALREADY_EXISTS (held by another live process), INVALID (empty, or
   * the form of a pid), NOT_FOUND (that process is not alive), PERMISSION_DENIED.
   */
  register(name: string, pid?: string): Promise<void>;
  /** The pid that holds a name; T is the caller's claim about its messages. Rejects: NOT_FOUND. */
  lookup<T = any>(name: string): Promise<Pid<T>>;
  /** Frees a name; whether it was there. Rejects: PERMISSION_DENIED. */
  unregister(name: string): Promise<boolean>;
}

/** The context values of a process, inherited from its parent (S7.15, S11.23). */
export interface Context {
  /** A value, a private copy. Throws: NOT_FOUND, INVALID for an empty key. */
  get<T = any>(key: string): T;
  /** All values, a fresh copy; `{}` when there are none. */
  all(): Record<string, unknown>;
}

/** Who the process acts as, what it may do, and how it gets actors and scopes for its children (section 10). */
export interface Security {
  /** Its actor, or `null`. */
  actor(): Actor | null;
  /** Its scope, or `null`. */
  scope(): Scope | null;
  /** Whether the scope's verdict is `allow`; false when actor or scope is missing. */
  can(action: string, resource: string, meta?: object): boolean;
  /** A policy. Throws: NOT_FOUND, PERMISSION_DENIED (`security.policy.get` on the id). */
  policy(id: string): Policy;
  /** The scope of a group of policies. Throws: NOT_FOUND, PERMISSION_DENIED (`security.policy_group.get` on the id). */
  namedScope(id: string): Scope;
  /** A scope of these policies. Throws: INVALID, PERMISSION_DENIED (`security.scope.create` on `"custom"`). */
  newScope(policies?: readonly Policy[]): Scope;
  /** An actor. Throws: INVALID, PERMISSION_DENIED (`security.actor.create` on the id). */
  newActor(id: string, meta?: object): Actor;
}

/** One deadline; see `Process.timer`. */
export interface Timer {
  /** Gives one Date when it is due, and is then closed. */
  channel(): Channel<Date>;
  /** Stops it; whether it was still running. */
  stop(): boolean;
  /** Starts it anew; whether it was still running. Throws INVALID. */
  reset(duration: Duration): boolean;
}

/** A regular tick; see `Process.ticker`. */
export interface Ticker {
  /** Gives a Date per interval; 16 are kept for a slow reader, ticks beyond that are dropped. */
  channel(): Channel<Date>;
  /** Stops it and closes the channel. */
  stop(): boolean;
}

/** What `serve` calls for the messages of each topic. */
export type Handlers<M> = {
  [K in keyof M]?: (payload: Received<M[K]>, message: MessageOf<M, K>) => unknown;
} & {
  /** Called for each lifecycle event. */
  "@events"?: (event: ProcessEvent) => unknown;
  /** Called for each message whose topic has no handler; without it, such messages wait. */
  "@inbox"?: (message: MessageOf<M>) => unknown;
};

/** What a handler returns to end `serve`; made by `process.done`. */
export interface Done<R> {
  readonly value: R;
}

/** The `process` object of a process whose messages are `M` (topic → tuple of payloads). */
export interface Process<M = any> {
  /** The frame id, which names the call chain: `<namespace:name>#<hex>`. Unchanged by an upgrade. */
  id(): string;
  /** Its own pid, the same text all its life. */
  pid(): Pid<M>;

  /**
   * Sends a message; never waits for the receiver. Returns `null` once the message stands in the mailbox, else the
   * error: INVALID (reserved topic, too few arguments, a payload that cannot be sent), NOT_FOUND, PERMISSION_DENIED,
   * UNAVAILABLE (the host is stopping), RATE_LIMITED (the mailbox is full). Throws INVALID only for a destination or
   * topic that is no string. That a message is read is not promised.
   */
  send<D extends string, K extends TopicOf<D>>(
    destination: D,
    topic: K,
    ...payload: PayloadOf<D, K>
  ): ProcessError | null;

  /**
   * Starts a process of entry `id` on `host`. Rejects in the order of the table of section 3: INVALID,
   * PERMISSION_DENIED, NOT_FOUND (host, entry, method), UNAVAILABLE (host stopped, stopping or full), INTERNAL (the
   * module fails to load).
   */
  spawn: Spawn;
  /** `spawn`, and the caller gets an EXIT event at the child's end. */
  spawnMonitored: Spawn;
  /** `spawn`, and the two are linked. */
  spawnLinked: Spawn;
  /** `spawn`, monitored and linked. */
  spawnLinkedMonitored: Spawn;
  /** Starts a process, waits for its end and resolves with its result; rejects with its error, or as `spawn` does. */
  exec: Exec;

  /** Orders a process to end at once. Rejects: NOT_FOUND, INVALID, PERMISSION_DENIED. Of oneself: never settles. */
  terminate(destination: string): Promise<void>;
  /**
   * Asks a process to end in its own way: it gets a CANCEL event, and is terminated when the deadline passes.
   * Without a deadline nothing follows. Rejects: NOT_FOUND, INVALID, PERMISSION_DENIED.
   */
  cancel(destination: string, deadline?: Duration | { deadline?: Duration; reason?: string }): Promise<void>;
  /** Asks for one EXIT event at the end of a process. Rejects: NOT_FOUND, INVALID (oneself), PERMISSION_DENIED. */
  monitor(destination: string): Promise<void>;
  /** Takes `monitor` back; an EXIT already in the mailbox stays. Rejects: NOT_FOUND for an unknown name. */
  unmonitor(destination: string): Promise<void>;
  /** Links two processes: an abnormal end of one ends the other. Rejects: NOT_FOUND, INVALID, PERMISSION_DENIED. */
  link(destination: string): Promise<void>;
  /** Removes a link, for both. Rejects: NOT_FOUND for an unknown name. */
  unlink(destination: string): Promise<void>;

  /** The options of this process; `trapLinks` is false by default. */
  getOptions(): { trapLinks: boolean };
  /** Sets options; those left out stay. Throws INVALID; valid ones are applied even then. */
  setOptions(options: { trapLinks?: boolean }): void;

  /** The messages nobody listens for. The same object as long as it is open. */
  inbox(): Channel<MessageOf<M>>;
  /** The lifecycle events: CANCEL, EXIT, LINK_DOWN. */
  events(): Channel<ProcessEvent>;
  /** The messages of one topic, as Messages. Throws INVALID (empty topic, or one with a leading `@`). */
  listen<K extends keyof M & string>(topic: K, options: { message: true }): Channel<MessageOf<M, K>>;
  /** The payloads of one topic. Throws INVALID (empty topic, or one with a leading `@`). */
  listen<K extends keyof M & string>(topic: K, options?: { message?: false }): Channel<Received<M[K]>>;
  /** Closes a subscription; unread messages are matched anew. Throws INVALID for a channel that is none. */
  unlisten(channel: Channel<any>): void;

  /** Goes on as another entry (`null`: the same one) under the same pid. Never settles; a failure ends the process. */
  upgrade(id: string | null, ...state: unknown[]): Promise<never>;
  /** A builder whose processes get these context values on top of the inherited ones. Throws INVALID. */
  withContext(values: Record<string, unknown>): SpawnBuilder;

  readonly registry: Registry;
  readonly ctx: Context;
  readonly security: Security;
  /** The kinds of events. */
  readonly event: typeof event;

  /** A channel between coroutines of this process, with room for `size` values; none by default. */
  channel<T>(size?: number): Channel<T>;
  /** Waits for the first case that is ready and carries it out, only that one; in list order among the ready. */
  select<C extends readonly Case[] | Record<string, Case>>(
    cases: C,
    options?: { default?: boolean },
  ): Promise<Selected<C>>;
  /** Starts a concurrent task of this process; the caller goes on first. Its rejection ends the process. */
  go(task: () => Promise<unknown>): void;

  /** Waits; zero and less return at once. Rejects INVALID. */
  sleep(duration: Duration): Promise<void>;
  /** A channel that gives one Date and is then closed. Throws INVALID, also for zero and less. */
  after(duration: Duration): Channel<Date>;
  /** A timer that can be stopped and reset. Throws INVALID, also for zero and less. */
  timer(duration: Duration): Timer;
  /** A regular tick. Throws INVALID, also for zero and less. */
  ticker(duration: Duration): Ticker;

  /** Calls the handler of each message's topic, one after the other, until one returns `process.done(value)`. */
  serve<R = unknown>(handlers: Handlers<M> | ((message: MessageOf<M>) => unknown)): Promise<R>;
  /** What a handler returns to end `serve` with a value. */
  done<R>(value: R): Done<R>;

  /** Writes one line to the runtime's log, arguments joined by one blank. */
  print(...args: unknown[]): void;
}
