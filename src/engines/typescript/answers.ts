/**
 * How the calls of a process answer. Native code gets promises that the kernel's resume resolves, a strand per wait.
 * Lowered code gets deferreds (deferred.ts), and where it awaits a call at once not even these: the task itself is the
 * strand. Which of the two a call is made by is asked at the call, so both may live in one process.
 */
import {
  ChannelCore,
  CLOSED,
  type Case as KernelCase,
  Message,
  NOT_READY,
  type Served,
  type Source,
  Strand,
  type Syscalls,
} from "../../kernel/index.ts";
import { current } from "./current.ts";
import { Answer, FULFILLED, PENDING, REJECTED, type Settle, type State } from "./deferred.ts";
import { canceled, owned } from "./stopped.ts";
import { arrange, isNested, SEES_CLOSED, type Task, WAIT } from "./task.ts";
import type { TaskRun } from "./task-run.ts";

type Resolve = (value: unknown) => void;

// One executor for all promises: it hands out the resolvers instead of closing over them.
let resolveLast: Resolve;
const takeResolver = (resolve: Resolve): void => {
  resolveLast = resolve;
};

/** A channel: where a strand that has done its waiting lies until the next wait at it. */
export interface Spare {
  spare: ReceiveStrand | null;
}

/** A wait for one value: the promise resolves with it, or with `undefined` from a closed source. */
export class ReceiveStrand extends Strand {
  declare private resolve: Resolve | null;
  declare private readonly spare: Spare | null;

  constructor(syscalls: Syscalls, spare: Spare | null) {
    super(syscalls);
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
    if (this.spare !== null) this.spare.spare = this;
    resolve(value === CLOSED ? undefined : value);
  }
}

/** A wait with an outcome of its own shape. */
class OutcomeStrand extends Strand {
  readonly #outcome: (value: unknown, index: number) => void;

  constructor(syscalls: Syscalls, outcome: (value: unknown, index: number) => void) {
    super(syscalls);
    this.#outcome = outcome;
  }

  override resume(value: unknown, index: number): void {
    this.#outcome(value, index);
  }
}

/**
 * The run of this process if the call comes from its lowered code, else `null`. The first lines of main, before any
 * lowered function has been called, may be native: what runs is the run itself then, and no piece of it.
 */
export function lowered(syscalls: Syscalls): TaskRun | null {
  const running = current;
  return running !== null && running.run === syscalls && running !== running.run ? running.run : null;
}

/** A deferred is all that a promise is to those who await it or add callbacks. */
function asPromise<T>(answer: Answer): Promise<T> {
  return answer as unknown as Promise<T>;
}

function settled<T>(run: TaskRun, state: State, result: unknown): Promise<T> {
  const answer = new Answer(run, null);
  if (state === REJECTED) answer.settleAs(REJECTED, result);
  else if (typeof result === "object") answer.fulfil(result);
  else {
    answer.state = FULFILLED;
    answer.result = result;
  }
  return asPromise(answer);
}

/** An answer that is there. */
export function resolved<T>(syscalls: Syscalls, value: T): Promise<T> {
  const run = lowered(syscalls);
  return run === null ? Promise.resolve(value) : settled(run, FULFILLED, value);
}

/** A refusal; should nobody handle it, the process can be told. */
export function rejected<T>(syscalls: Syscalls, cause: unknown): Promise<T> {
  const run = lowered(syscalls);
  return run === null ? Promise.reject(owned(syscalls, cause)) : settled(run, REJECTED, owned(syscalls, cause));
}

/**
 * The answer to a call of code that is not to go on: none, ever. A fresh promise each time: a shared one would keep
 * every waiter alive. Code that cleans up is told (S16.55).
 */
export function never<T>(syscalls: Syscalls): Promise<T> {
  return syscalls.cleansUp ? rejected(syscalls, canceled()) : new Promise<T>(() => {});
}

/** The next value of a source. */
export function receiveFrom<T>(syscalls: Syscalls, source: Source, spare: Spare | null = null): Promise<T | undefined> {
  if (syscalls.isShut) return never(syscalls);
  const value = syscalls.takeNow(source);
  const run = lowered(syscalls);
  if (value !== NOT_READY) {
    const received = value === CLOSED ? undefined : (value as T);
    return run === null ? Promise.resolve(received) : settled(run, FULFILLED, received);
  }
  if (run !== null) {
    const answer = new Answer(run, RECEIVED);
    syscalls.waitAt(source, answer);
    return asPromise(answer);
  }
  let strand = spare === null ? null : spare.spare;
  if (strand === null) strand = new ReceiveStrand(syscalls, spare);
  else (spare as Spare).spare = null;
  return strand.wait(syscalls, source) as Promise<T | undefined>;
}

const RECEIVED: Settle = (answer, value) => answer.fulfil(value === CLOSED ? undefined : value);

/**
 * The next value of a source, for lowered code that awaits it at once: the value, or WAIT. CLOSED is passed on to who
 * wants to see it.
 */
export function awaitFrom(syscalls: Syscalls, source: Source, seesClosed: boolean): unknown {
  const running = current;
  if (running === null || running.run !== syscalls || running === running.run || syscalls.isShut) {
    return arrange(seesClosed ? nextOf(syscalls, source) : receiveFrom(syscalls, source));
  }
  const task = running as Task;
  task.wakeState = seesClosed ? SEES_CLOSED : PENDING;
  if (isNested) {
    // Who called this function goes first.
    syscalls.waitInTurn(source, task);
    return WAIT;
  }
  const value = syscalls.takeOrWait(source, task);
  if (value === NOT_READY) return WAIT;
  if (value instanceof Message) return value;
  const received = value === CLOSED && !seesClosed ? undefined : value;
  // What coroutines pass on is not copied, so it may be a promise.
  const mayBePromise = source instanceof ChannelCore && typeof received === "object" && received !== CLOSED;
  return mayBePromise ? arrange(received) : received;
}

/**
 * What a `serve` takes next, for lowered code that awaits it at once: the value or CLOSED, or WAIT. `served.index` says
 * where it came from.
 */
export function awaitServed(syscalls: Syscalls, served: Served): unknown {
  if (syscalls.isShut || lowered(syscalls) === null) return arrange(nextServed(syscalls, served));
  const task = current as Task;
  task.wakeState = SEES_CLOSED;
  // Who called this function goes first, and what became ready earlier goes on earlier.
  if (!isNested && syscalls.process.isUndisturbed) {
    const value = syscalls.takeServed(served);
    if (value !== NOT_READY) return value;
  }
  syscalls.waitForServed(served, task);
  return WAIT;
}

function nextServed(syscalls: Syscalls, served: Served): Promise<unknown> {
  if (syscalls.isShut) return never(syscalls);
  return new Promise((resolve) => {
    const value = syscalls.takeServed(served);
    if (value !== NOT_READY) resolve(value);
    else syscalls.waitForServed(served, new OutcomeStrand(syscalls, resolve));
  });
}

/** The next value of a source or CLOSED, so that an `undefined` sent between coroutines does not end an iteration. */
export function nextOf(syscalls: Syscalls, source: Source): Promise<unknown> {
  if (syscalls.isShut) return never(syscalls);
  return answerFrom<unknown>(syscalls, source, (value, resolve) => resolve(value));
}

/** What `settle` makes of the answer to a request, in the very moment it comes. */
export function answerFrom<T>(
  syscalls: Syscalls,
  source: Source,
  settle: (answer: unknown, resolve: (value: T) => void, reject: (cause: unknown) => void) => void,
): Promise<T> {
  const now = syscalls.takeNow(source);
  const run = lowered(syscalls);
  if (run !== null) {
    const answer = new Answer(run, (answer, value) =>
      settle(
        value,
        (result) => answer.fulfil(result),
        (cause) => answer.settleAs(REJECTED, cause),
      ),
    );
    if (now !== NOT_READY) answer.resume(now, 0);
    else syscalls.waitAt(source, answer);
    return asPromise(answer);
  }
  return new Promise<T>((resolve, reject) => {
    if (now !== NOT_READY) settle(now, resolve, reject);
    else syscalls.waitAt(source, new OutcomeStrand(syscalls, (late) => settle(late, resolve, reject)));
  });
}

/** An answer that needed no wait: now, or at the next turn when this one is used up. */
export function answered<T>(syscalls: Syscalls, value: T): Promise<T> {
  if (syscalls.spend()) return resolved(syscalls, value);
  return receiveFrom(syscalls, syscalls.nextTurn(value)) as Promise<T>;
}

/** Runs an act that may throw; the promise of its result, or one that never settles if the process has ended by it. */
export function act<T>(syscalls: Syscalls, perform: () => T): Promise<T> {
  if (syscalls.isShut) return never(syscalls);
  let result: T;
  try {
    result = perform();
  } catch (cause) {
    if (syscalls.spend()) return rejected(syscalls, cause);
    return receiveFrom(syscalls, syscalls.nextTurn(null)).then(() => rejected<T>(syscalls, cause));
  }
  return syscalls.isShut ? never(syscalls) : answered(syscalls, result);
}

/** Waits for one of the cases; `settle` makes the answer of the one that was carried out, -1 for the default. */
export function selectOne<T>(
  syscalls: Syscalls,
  cases: readonly KernelCase[],
  hasDefault: boolean,
  settle: (index: number, value: unknown, resolve: (value: T) => void, reject: (cause: unknown) => void) => void,
): Promise<T> {
  // Whose end is decided gets no answer any more: that nothing is ready would not be true.
  if (syscalls.isShut || syscalls.process.isDoomed) return never(syscalls);
  const run = lowered(syscalls);
  // What may wait is not taken before it is this task's turn: until then it could get lost.
  const isInTurn = run === null || hasDefault || (!isNested && !syscalls.process.hasSettled);
  const now = isInTurn ? syscalls.selectNow(cases, hasDefault) : NOTHING;
  const isNow = now.index >= 0 || (hasDefault && syscalls.spend());
  if (run !== null) {
    const answer = new Answer(run, (answer, value, index) =>
      settle(
        index,
        value,
        (result) => answer.fulfil(result),
        (cause) => answer.settleAs(REJECTED, cause),
      ),
    );
    if (isNow) answer.resume(now.value, now.index);
    else if (hasDefault) syscalls.waitAt(syscalls.nextTurn(null), new Forwarding(answer, now.index));
    else syscalls.waitForAny(cases, answer);
    return asPromise(answer);
  }
  return new Promise((resolve, reject) => {
    const strand = new OutcomeStrand(syscalls, (value, index) => settle(index, value, resolve, reject));
    if (isNow) strand.resume(now.value, now.index);
    else if (hasDefault) syscalls.waitAt(syscalls.nextTurn(null), new Forwarding(strand, now.index));
    else syscalls.waitForAny(cases, strand);
  });
}

const NOTHING = { index: -1, value: NOT_READY } as const;

/** Passes what it waited for on as the outcome of another case. */
class Forwarding extends Strand {
  readonly #to: Strand;
  readonly #index: number;

  constructor(to: Strand, index: number) {
    super(to.run);
    this.#to = to;
    this.#index = index;
  }

  override resume(value: unknown): void {
    this.#to.resume(value, this.#index);
  }
}
