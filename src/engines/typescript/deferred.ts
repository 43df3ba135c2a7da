/**
 * What lowered code gets where native code gets a promise: the result of a call that may not be there yet, settled and
 * gone on with inside the turns of its process.
 *
 *     Deferred ── Task      an activation of a lowered async function (task.ts)
 *              ├─ Answer    of a process call: spawn, sleep, a receive that is not awaited at once
 *              └─ Reaction  what `then`, `catch` and `finally` make
 *
 * The order in which things go on is that of promises: each step takes its place at the end of one queue, the strands
 * of the process whose wait is over, and takes as many places as a promise would take microtasks. Whoever does not know
 * deferreds sees a thenable that is an `instanceof Promise`.
 */
import { Strand } from "../../kernel/index.ts";
import { current, enter } from "./current.ts";
import { owned } from "./stopped.ts";
import type { SEES_CLOSED } from "./task.ts";
import type { TaskRun } from "./task-run.ts";
import { beginTurn } from "./turn.ts";

export const PENDING = 0;
export const FULFILLED = 1;
export const REJECTED = 2;
/** No state of a deferred: how a suspended function is told to return (see task.ts). */
export const RETURNED = 3;

/** How a deferred has ended, or has not. */
export type State = typeof PENDING | typeof FULFILLED | typeof REJECTED | typeof RETURNED;

/**
 * The rejected deferreds that nobody has awaited (see {@link Strays}), each with a promise rejected in its stead: if
 * nobody comes until the queue of microtasks is empty, Node says so.
 */
const alarms = new WeakMap<Deferred, Promise<never>>();

/** Whether a value is a promise of the language. A proxy may resist the question; it is none. */
export function isPromise(value: unknown): value is Promise<unknown> {
  try {
    return value instanceof Promise;
  } catch {
    return false;
  }
}

/** Stands for a thenable whose `then` has been read: the language reads it once. */
export function withThen(thenable: unknown, then: PromiseLike<unknown>["then"]): PromiseLike<unknown> {
  // biome-ignore lint/suspicious/noThenProperty: it is a thenable, and means to be one.
  return { then: (onFulfilled, onRejected) => then.call(thenable, onFulfilled, onRejected) as any };
}

type Handler = ((value: any) => unknown) | null | undefined;

/** Whoever is told when a deferred has settled. */
export interface Awaiter {
  wake(state: State, result: unknown): void;
}

/** A result that may not be there yet. The fields are plain and set in the constructor: one is made for every call. */
export abstract class Deferred extends Strand {
  /** @internal The run it belongs to. */
  declare readonly run: TaskRun;
  /** @internal */ declare state: State;
  /** @internal The value or the cause, once settled; before that, what to go on with at its place in the queue. */
  declare result: unknown;
  /** @internal How to go on at its place in the queue, or how to look at what comes; see task.ts. */
  declare wakeState: State | typeof SEES_CLOSED;
  /** @internal Who waits for it, or a list of all; of main, the run. */
  declare awaiter: Awaiter | Awaiter[] | null;
  /** @internal Whether it came into being when its run was stopped and cleans up, or was told to return. */
  declare cleansUp: boolean;

  constructor(run: TaskRun) {
    super(run);
    this.state = PENDING;
    this.result = undefined;
    this.wakeState = PENDING;
    this.awaiter = null;
    this.cleansUp = current?.cleansUp === true;
  }

  /** @internal What it waited for has settled. */
  wake(state: State, value: unknown): void {
    this.queueUp(state, value);
  }

  /** @internal Goes on with this outcome at its place in the queue. */
  queueUp(state: State, value: unknown): void {
    if (this.run.isDropped) return;
    this.wakeState = state;
    this.result = value;
    this.process.settled(this);
  }

  /** @internal Has `other` woken when this one settles, or queued up at once if it has. */
  awaitedBy(other: Awaiter): void {
    if (this.state !== PENDING) {
      if (this.state === REJECTED) this.isHandled();
      other.wake(this.state, this.result);
    } else if (this.awaiter === null) this.awaiter = other;
    else if (Array.isArray(this.awaiter)) this.awaiter.push(other);
    else this.awaiter = [this.awaiter, other];
  }

  /** @internal Wakes `other` no more. */
  forget(other: Awaiter): void {
    const { awaiter } = this;
    if (awaiter === other) this.awaiter = null;
    else if (Array.isArray(awaiter)) this.awaiter = awaiter.filter((one) => one !== other);
  }

  /** @internal Settles with a value, or with what the value stands for when it is a promise. */
  fulfil(value: unknown): void {
    if ((typeof value === "object" && value !== null) || typeof value === "function") {
      if (value === this) {
        this.settleAs(REJECTED, new TypeError("Chaining cycle detected for promise #<Promise>"));
        return;
      }
      if (isDeferredOf(this.run, value)) {
        new Adoption(this, value).queueUp(PENDING, undefined);
        return;
      }
      try {
        const { then } = value as PromiseLike<unknown>;
        if (typeof then === "function") {
          this.run.adopt(this, isPromise(value) ? value : withThen(value, then));
          return;
        }
      } catch (cause) {
        this.settleAs(REJECTED, cause);
        return;
      }
    }
    this.settleAs(FULFILLED, value);
  }

  /** @internal Somebody takes care of its rejection. */
  isHandled(): void {
    if (this.run.strays?.claim(this) !== true) alarms.get(this)?.catch(() => {});
  }

  /** @internal Settles; a second time is ignored. */
  settleAs(state: State, result: unknown): void {
    if (this.state !== PENDING) return;
    this.state = state;
    this.result = result;
    const { awaiter } = this;
    if (awaiter === null) {
      if (state === REJECTED && !this.run.isShut) {
        this.run.strays ??= new Strays(this.run);
        this.run.strays.note(this);
      }
    } else if (Array.isArray(awaiter)) for (const one of awaiter) one.wake(state, result);
    else awaiter.wake(state, result);
  }

  /** As of a promise. */
  // biome-ignore lint/suspicious/noThenProperty: it is a thenable, and means to be one.
  then(onFulfilled?: Handler, onRejected?: Handler): Deferred {
    const reaction = new Reaction(this.run, onFulfilled, onRejected);
    this.awaitedBy(reaction);
    return reaction;
  }

  /** As of a promise. */
  catch(onRejected?: Handler): Deferred {
    return this.then(undefined, onRejected);
  }

  /** As of a promise. */
  finally(onFinally?: (() => unknown) | null): Deferred {
    if (typeof onFinally !== "function") return this.then(onFinally, onFinally);
    const settled = (outcome: unknown): Deferred =>
      isDeferredOf(this.run, outcome) ? outcome : new Reaction(this.run, null, null).started(FULFILLED, outcome);
    return this.then(
      (value) => settled(onFinally()).then(() => value),
      (cause) =>
        settled(onFinally()).then(() => {
          throw cause;
        }),
    );
  }

  get [Symbol.toStringTag](): string {
    return "Promise";
  }
}

// So that `instanceof Promise` holds. Deferreds override everything that a promise is asked for.
Object.setPrototypeOf(Object.getPrototypeOf(Strand.prototype), Promise.prototype);

/** Whether a value is a deferred of this run. A proxy may resist the question; it is none. */
export function isDeferredOf(run: TaskRun, value: unknown): value is Deferred {
  try {
    return value instanceof Deferred && value.run === run;
  } catch {
    return false;
  }
}

/** A callback that waits for a deferred, and the deferred of what it returns. */
export class Reaction extends Deferred {
  readonly #onFulfilled: Handler;
  readonly #onRejected: Handler;
  /** Whether the language itself waits here, as for `Promise.all`, and no callback of the code. */
  readonly #isOfLanguage: boolean;

  constructor(run: TaskRun, onFulfilled: Handler, onRejected: Handler) {
    super(run);
    this.#isOfLanguage = current === null;
    this.#onFulfilled = onFulfilled;
    this.#onRejected = onRejected;
  }

  /** Settles it at once. */
  started(state: State, value: unknown): this {
    if (state === FULFILLED) this.fulfil(value);
    else this.settleAs(state, value);
    return this;
  }

  override resume(): void {
    throw new Error("a reaction waits at no source");
  }

  override resumeSettled(): void {
    const { run, wakeState, result: wakeValue } = this;
    this.result = undefined;
    if (run.isDropped) return;
    // The callbacks of code that was stopped do not run any more: what they wait for passes them by (S4.20, S16.55).
    const isOver = run.isShut && !this.cleansUp && !this.#isOfLanguage;
    const handler = isOver ? null : wakeState === FULFILLED ? this.#onFulfilled : this.#onRejected;
    if (typeof handler !== "function") this.settleAs(wakeState as State, wakeValue);
    else {
      const outer = current;
      enter(this);
      if (outer === null) beginTurn();
      let value: unknown;
      try {
        value = handler(wakeValue);
      } catch (cause) {
        enter(outer);
        this.settleAs(REJECTED, cause);
        this.run.afterStep();
        return;
      }
      enter(outer);
      this.fulfil(value);
    }
    this.run.afterStep();
  }
}

/** A deferred that was settled with another: it asks the other one step later, and settles one step after that. */
export class Adoption extends Deferred {
  readonly #adopter: Deferred;
  readonly #adopted: Deferred | null;

  /** @param adopted `null` for a promise of somebody else, which wakes the adoption itself. */
  constructor(adopter: Deferred, adopted: Deferred | null) {
    super(adopter.run);
    this.#adopter = adopter;
    this.#adopted = adopted;
  }

  override resume(): void {
    throw new Error("an adoption waits at no source");
  }

  override resumeSettled(): void {
    const { wakeState, result: wakeValue } = this;
    this.result = undefined;
    if (wakeState === PENDING) this.#adopted?.awaitedBy(this);
    else {
      this.#adopter.settleAs(wakeState as State, wakeValue);
      this.run.afterStep();
    }
  }
}

/**
 * The rejected deferreds of a run that nobody awaits yet. Promises have until the queue of microtasks is empty; so these
 * have until all that is ready in their process has gone on, which may be several turns.
 */
export class Strays extends Deferred {
  readonly #rejected = new Set<Deferred>();

  note(rejected: Deferred): void {
    this.#rejected.add(rejected);
    if (this.queue === null) this.queueUp(FULFILLED, undefined);
  }

  /** Somebody has come for it; whether it was still among these. */
  claim(rejected: Deferred): boolean {
    return this.#rejected.delete(rejected);
  }

  /** Nobody comes any more. */
  tell(): void {
    for (const rejected of this.#rejected) alarms.set(rejected, Promise.reject(owned(this.run, rejected.result)));
    this.#rejected.clear();
  }

  override resume(): void {
    throw new Error("strays wait at no source");
  }

  override resumeSettled(): void {
    // Who would have come does not, if the process was ended in this very breath.
    if (this.run.isShut || this.process.isDoomed) this.#rejected.clear();
    else if (this.process.hasSettled) this.queueUp(FULFILLED, undefined);
    else this.tell();
  }
}

/** What an answer makes of what it waited for: settles it, or throws what it is rejected with. */
export type Settle = (answer: Answer, value: unknown, index: number) => void;

/** The deferred of a process call. */
export class Answer extends Deferred {
  readonly #settle: Settle | null;

  /** @param settle called with what it waits for, in the very moment that comes; `null` for one settled by hand. */
  constructor(run: TaskRun, settle: Settle | null) {
    super(run);
    this.#settle = settle;
  }

  /** Whether somebody has asked for its outcome before; from now on somebody has. */
  wasAsked(): boolean {
    const before = this.wakeState !== PENDING;
    this.wakeState = FULFILLED;
    return before;
  }

  /** Whether it is the kernel that settles it, and no code of the process. */
  get isOfKernel(): boolean {
    return this.#settle !== null;
  }

  override resume(value: unknown, index: number): void {
    this.#settle?.(this, value, index);
  }
}
