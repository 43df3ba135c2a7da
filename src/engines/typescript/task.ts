/**
 * Lowered functions in execution. The loader has made a generator of each async function of the application; `start`
 * makes a task of its activation, and `drive` runs it from wait to wait.
 *
 * An await asks `awaited` first: what is there is handed on, or thrown, and nothing is yielded.
 *
 *     code ──yield──▶ drive: WAIT        what will wake the task is arranged already, or it was stopped
 *                            PAUSE       the check of a loop: the slice may be used up
 *                            else        an awaited value, from the code of iterations: as by `awaited`
 *
 * Where no process is around, as in a callback of a timer or while a module is evaluated, a lowered function is driven
 * by promises and is what it was before: an async function.
 */
import { CLOSED, type Mark, markOf } from "../../kernel/index.ts";
import { awaiterOf, traced } from "./author-stack.ts";
import { current, enter, type Running } from "./current.ts";
import {
  Answer,
  Deferred,
  FULFILLED,
  isDeferredOf,
  isPromise,
  PENDING,
  REJECTED,
  RETURNED,
  type State,
  withThen,
} from "./deferred.ts";
import type { TaskRun } from "./task-run.ts";
import { beginTurn, turn } from "./turn.ts";

/** A lowered function in execution. */
export type Activation = Generator<unknown, unknown, unknown>;

/** Yielded by code that has arranged itself what wakes it, or that is not to go on. */
export const WAIT = markOf("wait");
/** Yielded by the check of a loop. */
export const PAUSE = markOf("pause");

const {
  next: goOn,
  throw: throwInto,
  return: returnFrom,
} = Object.getPrototypeOf(function* () {}.prototype) as Activation;

const { then } = Promise.prototype;

/** Whether the task that runs now runs inside the call that started it, so that the caller goes on first. */
export let isNested = false;

/** The wake state of a task that waits for a channel and wants to see CLOSED itself. */
export const SEES_CLOSED = 4;

/** An activation of a lowered function, and the deferred of its result. */
export class Task extends Deferred {
  /** @internal `null` once it has returned. */
  declare activation: Activation | null;
  /** @internal The tasks of its run in order of age; it stands among them until it has returned. */
  declare older: Task | null;
  /** @internal */ declare younger: Task | null;
  /** @internal Which await it stands at. */
  declare site: number;
  /** @internal What it waits for besides the sources of the kernel: a deferred, or a promise of somebody else. */
  declare awaits: unknown;

  constructor(run: TaskRun, activation: Activation) {
    super(run);
    this.activation = activation;
    this.site = 0;
    this.awaits = null;
    this.younger = null;
    this.older = run.youngest;
    run.resumesLater = false;
    if (run.youngest !== null) run.youngest.younger = this;
    run.youngest = this;
  }

  /** The kernel has what it waited for. */
  override resume(value: unknown): void {
    drive(this, FULFILLED, this.seen(value));
    if (this.run.isShut) this.run.afterStep();
  }

  /** A channel has what it waited for; it goes on at its place in the queue. */
  override settle(value: unknown): void {
    this.leave();
    const seen = this.seen(value);
    if (typeof seen !== "object" || seen === null || !awaitsThenable(this, seen)) this.queueUp(FULFILLED, seen);
  }

  override resumeSettled(): void {
    const value = this.result;
    this.result = undefined;
    drive(this, this.wakeState as State, value);
    if (this.run.isShut) this.run.afterStep();
  }

  override wake(state: State, value: unknown): void {
    this.awaits = null;
    if (this.isStopped) {
      this.run.freed(this);
      return;
    }
    this.queueUp(state, state === REJECTED ? traced(value, this) : value);
  }

  /** @internal Whether it is not to go on, and does not clean up either. */
  get isStopped(): boolean {
    return this.run.isShut && !this.cleansUp;
  }

  private seen(value: unknown): unknown {
    return value === CLOSED && this.wakeState !== SEES_CLOSED ? undefined : value;
  }

  /** @internal It runs no more. */
  unlink(): void {
    const { older, younger, run } = this;
    if (younger === null) run.youngest = older;
    else younger.older = older;
    if (older !== null) older.younger = younger;
    this.older = null;
    this.younger = null;
    this.activation = null;
  }
}

/** Runs a task until it waits or has returned. */
export function drive(task: Task, state: State, value: unknown): void {
  if (current !== null) {
    driveNested(task, state, value, current);
    return;
  }
  enter(task);
  beginTurn();
  let step = advanced(task.activation as Activation, state, value);
  // What nearly every step does is to wait; no code can return this mark.
  if (step.value !== WAIT) step = driveOn(task, step);
  enter(null);
  if (step.done === true) ended(task, step);
}

/** The same inside the code of another. */
function driveNested(task: Task, state: State, value: unknown, outer: Running): void {
  const wasNested = isNested;
  enter(task);
  isNested = true;
  const step = driveOn(task, advanced(task.activation as Activation, state, value));
  enter(outer);
  isNested = wasNested;
  if (step.done === true) ended(task, step);
}

/** What code has thrown, in place of a step. */
class Thrown {
  readonly done = true;
  readonly value: unknown;

  constructor(cause: unknown) {
    this.value = cause;
  }
}

type Step = IteratorResult<unknown, unknown> | Thrown;

/** Runs an activation to its next yield, or to its end. */
function advanced(activation: Activation, how: State, given: unknown): Step {
  try {
    if (how === FULFILLED) return goOn.call(activation, given);
    if (how === REJECTED) return throwInto.call(activation, given);
    return returnFrom.call(activation, undefined);
  } catch (cause) {
    return new Thrown(cause);
  }
}

/** Runs a task on from a step that was not to wait for the kernel, until it waits or has returned. */
function driveOn(task: Task, from: Step): Step {
  const activation = task.activation as Activation;
  let step = from;
  while (step.done !== true && step.value !== WAIT) {
    let how: State = FULFILLED;
    let given: unknown;
    if (step.value === PAUSE) {
      if (task.run.pauses(task) || task.isStopped) break;
    } else {
      try {
        given = outcomeOf(task, step.value);
      } catch (cause) {
        how = REJECTED;
        given = cause;
      }
      if (given === WAIT) break;
    }
    step = advanced(activation, how, given);
  }
  return step;
}

/** A task has returned, or thrown. */
function ended(task: Task, step: Step): void {
  task.unlink();
  if (step instanceof Thrown) task.settleAs(REJECTED, traced(step.value, awaiterOf(task)));
  else task.fulfil(step.value);
}

/**
 * What comes of an awaited value, if it is there and it is the turn of the task; throws what it was rejected with. WAIT
 * if it is not: then the outcome will wake the task, unless it was stopped, which has it return (see task-run.ts).
 */
function outcomeOf(task: Task, value: unknown): unknown {
  task.site = turn.site;
  const { run } = task;
  const { process } = run;
  const isObject = typeof value === "object" ? value !== null : typeof value === "function";
  if (isObject && isDeferredOf(run, value)) {
    // An answer that nobody has asked for yet may hold a message that was taken: it is not left lying about.
    const mayWait = !(value instanceof Answer) || value.wasAsked();
    const isLate = mayWait && (process.hasSettled || --process.budget < 0);
    if (value.state === PENDING || isNested || isLate) {
      task.awaits = value;
      value.awaitedBy(task);
      return WAIT;
    }
    if (value.state === REJECTED) value.isHandled();
    if (task.isStopped) return WAIT;
    if (value.state === REJECTED) throw traced(value.result, task);
    return value.result;
  }
  if (isObject && awaitsForeign(task, value)) return WAIT;
  if (isNested || process.hasSettled || --process.budget < 0) {
    task.queueUp(FULFILLED, value);
    return WAIT;
  }
  return task.isStopped ? WAIT : value;
}

/** Has a deferred or a promise wake the task; `false` when it is neither. */
function awaitsThenable(task: Task, awaited: object): boolean {
  if (!isDeferredOf(task.run, awaited)) return awaitsForeign(task, awaited);
  task.site = turn.site;
  task.awaits = awaited;
  awaited.awaitedBy(task);
  return true;
}

/** Has a promise of somebody else wake the task; `false` when it is none. */
function awaitsForeign(task: Task, awaited: unknown): boolean {
  let promise: Promise<unknown>;
  try {
    if (isPromise(awaited)) promise = Promise.resolve(awaited);
    else {
      const given = (awaited as PromiseLike<unknown>).then;
      if (typeof given !== "function") return false;
      promise = Promise.resolve(withThen(awaited, given));
    }
  } catch (cause) {
    promise = Promise.reject(cause);
  }
  task.site = turn.site;
  task.awaits = promise;
  // Not its own `then`, should somebody have given it one: `await` does not ask for that either.
  then.call(
    promise,
    (value) => {
      if (task.awaits === promise) task.wake(FULFILLED, value);
    },
    (cause) => {
      if (task.awaits === promise) task.wake(REJECTED, cause);
    },
  );
  return true;
}

/** What a promise-driven function awaits. */
let awaitedOutside: unknown;

/**
 * `await value`, in the code that runs now: what comes of it if it is there, or WAIT, which must be yielded at once.
 *
 * @param site which await it is.
 */
export function awaited(site: number, value: unknown): unknown {
  turn.site = site;
  if (current === null) {
    awaitedOutside = value;
    return WAIT;
  }
  return outcomeOf(current as Task, value);
}

/** Arranges that the code that runs now goes on with the outcome of `awaited`; it must yield WAIT at once. */
export function arrange(awaited: unknown): Mark {
  if (current === null) awaitedOutside = awaited;
  else {
    const task = current as Task;
    const isObject = (typeof awaited === "object" && awaited !== null) || typeof awaited === "function";
    if (!isObject || !awaitsThenable(task, awaited)) task.queueUp(FULFILLED, awaited);
  }
  return WAIT;
}

/** What the loader makes of an async function whose parameters are plain names: it starts an activation, and no more. */
const WRAPPER =
  /^(?:\([^(){}]*\) => |[^(){}=]*\([^(){}]*\) \{ return )\$b\d*_start\((?:[^(){}]*\$b\d*\(|\(function\* )/;

/** Whether a function has the text that the loader gives a lowered one. */
export function isLowered(f: unknown): boolean {
  return typeof f === "function" && WRAPPER.test(Function.prototype.toString.call(f));
}

/** Whether the task of the next activation is to be handed over and not to be run. */
let handsOver = false;
/** The task that was handed over. */
let handedOver: Task | null = null;

/**
 * Calls a function of which `isLowered` holds, for the task that it would start; `taskBehind` has it. Code that another
 * copy of this package has lowered starts a task of its own all the same.
 */
export function callForTask(lowered: (...args: any[]) => unknown, first: unknown, rest: readonly unknown[]): unknown {
  handsOver = true;
  handedOver = null;
  try {
    return rest.length === 0 ? lowered(first) : lowered(first, ...rest);
  } finally {
    handsOver = false;
  }
}

/**
 * The task of the call whose outcome this is, still to be driven, if it is one of ours. What code of others has started
 * of ours meanwhile, being asked for its own, is driven now.
 */
export function taskBehind(outcome: unknown): Task | null {
  const task = handedOver;
  handedOver = null;
  if (task === null || task === outcome) return task;
  drive(task, FULFILLED, undefined);
  return null;
}

/** Runs the activation of a lowered function up to its first wait; stands for its result, like the call of an async function. */
export function start(activation: Activation): unknown {
  if (handsOver && current !== null) {
    handsOver = false;
    handedOver = new Task(current.run, activation);
    return handedOver;
  }
  if (current === null) return new Promise((resolve, reject) => driveOutside(activation, resolve, reject, FULFILLED));
  const task = new Task(current.run, activation);
  drive(task, FULFILLED, undefined);
  return task;
}

/** `start` of a call whose parameters may fail to evaluate: that, too, is a rejection. */
export function run(lowered: (...args: any[]) => Activation, self: unknown, args: ArrayLike<unknown>): unknown {
  let activation: Activation;
  try {
    activation = Reflect.apply(lowered, self, args);
  } catch (cause) {
    activation = failing(cause);
  }
  return start(activation);
}

// biome-ignore lint/correctness/useYield: it throws before it could.
function* failing(cause: unknown): Activation {
  throw cause;
}

function driveOutside(
  activation: Activation,
  resolve: (value: unknown) => void,
  reject: (cause: unknown) => void,
  state: State,
  value?: unknown,
): void {
  let how = state;
  let given = value;
  for (;;) {
    let step: IteratorResult<unknown, unknown>;
    try {
      step = how === REJECTED ? throwInto.call(activation, given) : goOn.call(activation, given);
    } catch (cause) {
      reject(cause);
      return;
    }
    if (step.done === true) {
      resolve(step.value);
      return;
    }
    if (step.value !== PAUSE) {
      const awaited = step.value === WAIT ? awaitedOutside : step.value;
      awaitedOutside = undefined;
      Promise.resolve(awaited).then(
        (late) => driveOutside(activation, resolve, reject, FULFILLED, late),
        (cause) => driveOutside(activation, resolve, reject, REJECTED, cause),
      );
      return;
    }
    beginTurn();
    how = FULFILLED;
    given = undefined;
  }
}

/** @internal Tells a suspended function to return: its `finally` runs, its `catch` does not. */
export function returnNow(task: Task): void {
  // What it stood at may yet settle in the cleanup, while it waits for something else.
  if (task.awaits instanceof Deferred) task.awaits.forget(task);
  task.awaits = null;
  task.cleansUp = true;
  task.queue?.remove(task);
  task.waiting = null;
  drive(task, RETURNED, undefined);
}
