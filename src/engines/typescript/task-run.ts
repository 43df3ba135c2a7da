/**
 * The run of a TypeScript process: its tasks in order of age, how they are told to return when the process is ended from
 * outside (S16.55), and when a loop gives its turn back (S16.56).
 *
 * Cleaning up goes from the youngest task to the oldest, so that a function called returns before its caller. A task
 * that waits for another returns after it; one that waits for a callback, or for a promise of somebody else, which may
 * stand for any of the younger ones, after all of them.
 */
import { type Process, type Program, Run } from "../../kernel/index.ts";
import { current, enter, type Running } from "./current.ts";
import {
  Adoption,
  Answer,
  type Awaiter,
  type Deferred,
  FULFILLED,
  isDeferredOf,
  REJECTED,
  type State,
  type Strays,
} from "./deferred.ts";
import { callForTask, drive, returnNow, Task, taskBehind } from "./task.ts";
import { beginTurn, turn } from "./turn.ts";

/** How long a loop may go on before the other processes have their turn. */
const SLICE_MS = 1;
/** How many looks at the clock a slice has at most, so that it ends where time stands still, as in a simulation. */
const MOST_LOOKS = 64;
/** A look at the clock is not to come more often than this, nor more seldom. */
const SOONEST_LOOK_MS = 0.1;
const LATEST_LOOK_MS = 0.3;
const MOST_PER_LOOK = 4_096;
/** How many messages a loop may send before the other processes have their turn: as many as one may take. */
const MOST_SENT = 64;
/** As good as never, and still a small integer. */
const NEVER = 2 ** 30 - 1;

/** How the loops of one island look at the clock. */
class Looks {
  /** When the slice began. */
  beginMs = 0;
  /** When the clock was looked at last. */
  lookMs = 0;
  /** How many times round between two looks. */
  perLook = 64;
}

/** Each island has a clock of its own: what one of them has taught says nothing about another, such as a simulation. */
const looksOf = new WeakMap<Process["island"], Looks>();

/** What main is: called with the process object and the arguments. */
export type Main = (process: any, ...args: readonly unknown[]) => unknown;

/** What a run needs of its program. */
export interface TaskProgram {
  readonly main: Main;
  /** Whether main is one function that was lowered, so that its first steps have no caller to give way to. */
  readonly isLowered: boolean;
  /** Whether loops give their turn back. */
  readonly preempt: boolean;
  /** Makes the process object. */
  context(run: TaskRun): unknown;
}

/** One run of a TypeScript program, lowered or native. */
export class TaskRun extends Run implements Running, Awaiter {
  /** The task that was started last of those that have not returned. */
  declare youngest: Task | null;
  declare isDropped: boolean;
  /** Until the first task: from then on callbacks run here as well, and may call for more. */
  declare resumesLater: boolean;
  /** @internal The rejections nobody has taken care of yet. */
  declare strays: Strays | null;
  /** The tasks whose wait has ended since it was stopped. */
  declare private free: Task[] | null;

  constructor(process: Process) {
    super(process);
    this.youngest = null;
    this.isDropped = false;
    this.resumesLater = true;
    this.strays = null;
    this.free = null;
  }

  get run(): this {
    return this;
  }

  override begin(args: readonly unknown[]): void {
    const program = this.process.program as Program & TaskProgram;
    const { main } = program;
    const outer = current;
    let outcome: unknown;
    enter(this);
    beginTurn();
    try {
      const context = program.context(this);
      outcome = program.isLowered ? callForTask(main, context, args) : main(context, ...args);
    } catch (cause) {
      taskBehind(null);
      enter(outer);
      this.fail(cause);
      this.afterStep();
      return;
    }
    enter(outer);
    const task = taskBehind(outcome);
    if (task !== null) {
      task.awaiter = this;
      drive(task, FULFILLED, undefined);
    } else if (isDeferredOf(this, outcome)) outcome.awaitedBy(this);
    else this.awaitNative(outcome);
    this.afterStep();
  }

  private awaitNative(outcome: unknown): void {
    try {
      Promise.resolve(outcome).then(
        (value) => this.finish(value),
        (cause) => this.fail(cause),
      );
    } catch (cause) {
      this.fail(cause);
    }
  }

  override stop(): boolean {
    // Code that is running now goes on to its next wait; only then can it be told to return.
    if (current !== null && current.run === this) return true;
    this.unwind();
    if (this.youngest !== null) return true;
    this.drop();
    return false;
  }

  override drop(): void {
    this.isDropped = true;
    this.free = null;
    this.youngest = null;
    this.strays?.tell();
  }

  /** @internal What this task waited for is over, and it is not to go on. */
  freed(task: Task): void {
    if (this.isDropped) return;
    this.free ??= [];
    this.free.push(task);
  }

  /** @internal A piece of code has run and waits, or is done: the moment to go on with cleaning up. */
  afterStep(): void {
    if (!this.isShut || this.isDropped || current !== null) return;
    this.unwind();
    if (this.youngest !== null) return;
    this.drop();
    this.process.cleanedUp(this);
  }

  /** Tells those to return whose turn it is. */
  private unwind(): void {
    this.cleansUp = true;
    let isYoungest = true;
    let task = this.youngest;
    while (task !== null) {
      const { older } = task;
      if (!task.cleansUp && this.mayReturn(task, isYoungest)) returnNow(task);
      // Whether it is still there: then it has not returned yet.
      isYoungest &&= this.youngest === older;
      task = older;
    }
    // Who waits for an older one has been passed over.
    while (this.free !== null) {
      const free = this.free.pop();
      if (free === undefined) return;
      if (!free.cleansUp) returnNow(free);
    }
  }

  private mayReturn(task: Task, isYoungest: boolean): boolean {
    const { awaits } = task;
    if (awaits === null) return true;
    if (awaits instanceof Task && awaits.run === this) return awaits.activation === null;
    return (awaits instanceof Answer && awaits.isOfKernel) || isYoungest;
  }

  /** @internal Main has returned or failed. */
  wake(state: State, result: unknown): void {
    if (state === FULFILLED) this.finish(result);
    else this.fail(result);
  }

  /** @internal A deferred was settled with a promise of somebody else. */
  adopt(deferred: Deferred, promise: unknown): void {
    const adoption = new Adoption(deferred, null);
    Promise.resolve(promise).then(
      (value) => adoption.queueUp(FULFILLED, value),
      (cause) => adoption.queueUp(REJECTED, cause),
    );
  }

  /** @internal The check of a loop asks; whether the loop gives its turn back. */
  pauses(task: Task): boolean {
    if (!(this.process.program as Program & TaskProgram).preempt) {
      turn.left = NEVER;
      return false;
    }
    // Who sends as much as others may take in a turn gives them theirs, or mailboxes would only grow.
    if (this.process.sent >= MOST_SENT) return this.giveBack(task);
    const { island } = this.process;
    const nowMs = island.clock.nowMs();
    let looks = looksOf.get(island);
    if (looks === undefined) {
      looks = new Looks();
      looksOf.set(island, looks);
    }
    if (turn.looks++ === 0) {
      looks.beginMs = nowMs;
      looks.lookMs = nowMs;
      turn.left = looks.perLook;
      return false;
    }
    const sinceLookMs = nowMs - looks.lookMs;
    // Where time stands still, as in a simulation, nothing is known of how long a look may wait.
    if (sinceLookMs > 0 && sinceLookMs < SOONEST_LOOK_MS) looks.perLook = Math.min(looks.perLook * 2, MOST_PER_LOOK);
    else if (sinceLookMs > LATEST_LOOK_MS) looks.perLook = Math.max(looks.perLook >> 1, 1);
    looks.lookMs = nowMs;
    turn.left = looks.perLook;
    const isUsedUp = nowMs - looks.beginMs >= SLICE_MS;
    if (!isUsedUp && turn.looks < MOST_LOOKS) return false;
    if (isUsedUp) island.scheduler.giveWay();
    return this.giveBack(task);
  }

  private giveBack(task: Task): true {
    task.wakeState = FULFILLED;
    if (!this.isDropped) this.process.paused(task);
    return true;
  }
}
