/**
 * A Lua process in execution: its coroutines as strands of the kernel.
 *
 *     kernel ─resume(value)─▶ push what was waited for ─▶ lua_resume ─▶ ended │ failed │ waits │ slice used up
 *
 * A host function that has to wait notes in its strand what for and yields; the strand registers the wait when the VM
 * has returned. Killing is not resuming.
 */
import {
  type Case,
  errors,
  type Measure,
  type Outstanding,
  type Process,
  ProcessError,
  Run,
  Served,
  type Source,
  Strand,
} from "../../kernel/index.ts";
import { escapedError } from "./escaped-error.ts";
import type { Host } from "./host.ts";
import type { Bag, Isolate, Usage } from "./isolate.ts";
import { ERROR } from "./objects.ts";
import { largePartOf, PIECE_VALUES, readError, StackValue } from "./payloads.ts";
import { NO_MEMORY, OK, REGISTRY, STRING, type State, YIELDED, YIELDS } from "./vm.ts";

/** Pushes the outcome of a wait onto the stack of whoever waited; how many values that are. */
export type Outcome = (L: State, value: unknown, index: number) => number;

/**
 * What is left to do of a call before its coroutine goes on: answers how many results it has pushed, PAUSES when there is
 * more to do in the next turn, YIELDS when the coroutine waits now, ENDS when it does not go on.
 */
export type Continuation = (L: State) => number;
export const PAUSES = -3;
export const ENDS = -4;

/** What a strand is about to wait for. */
interface Wait {
  readonly source: Source | null;
  readonly cases: readonly Case[];
  readonly outcome: Outcome;
}

/** In place of an answer of lua_resume: there is no VM any more. */
const VM_LOST = -1;
const NOTHING: Outcome = () => 0;
/** To release 64 coroutines takes as long as a step, at least. */
const RELEASES_PER_STEP_BITS = 6;
const NO_CASES: readonly Case[] = [];

/** One coroutine that the scheduler drives: main, one of `coroutine.spawn`, or the handlers of a `serve`. */
export class LuaStrand extends Strand {
  declare readonly run: LuaRun;
  readonly co: State;
  /** Keeps the coroutine from being collected. */
  readonly #reference: number;
  #wait: Wait | null = null;
  #outcome: Outcome = NOTHING;
  #continuation: Continuation | null = null;

  /** @param reference the coroutine in the registry. */
  constructor(run: LuaRun, co: State, reference: number) {
    super(run);
    this.co = co;
    this.#reference = reference;
  }

  /** Notes what the coroutine will wait for when it has yielded. */
  willWait(source: Source, outcome: Outcome): void {
    this.#wait = { source, cases: NO_CASES, outcome };
  }

  /** The same, for whichever of several cases comes first. */
  willWaitForAny(cases: readonly Case[], outcome: Outcome): void {
    this.#wait = { source: null, cases, outcome };
  }

  /** Goes on at the next turn with no values: for a coroutine that has just been made. */
  startSoon(): void {
    this.run.process.waits++;
    this.settle(undefined, 0);
  }

  /** Notes what is left to do of the call in which the coroutine has yielded, or of its end. */
  willGoOn(continuation: Continuation): void {
    this.#continuation = continuation;
  }

  /** Does what is left of a call; what fails in it is the answer of the call. */
  #goOn(continuation: Continuation): void {
    const { host, isolate } = this.run;
    this.#continuation = null;
    host.begin(this);
    const { left } = isolate.vm;
    let count: number;
    try {
      isolate.vm.isExempt = true;
      count = continued(host, this.co, continuation);
      isolate.vm.isExempt = false;
    } catch (cause) {
      this.run.vmLost(cause);
      return;
    }
    // What ends with this has counted what it ran.
    if (count !== ENDS) host.countBeside(this.run, left - isolate.vm.left);
    if (count === PAUSES) {
      this.#continuation = continuation;
      this.run.preempted(this);
      return;
    }
    if (count === YIELDS) this.#suspended();
    else if (count !== ENDS) this.go(count);
  }

  override resume(value: unknown, index: number): void {
    if (this.#continuation !== null) {
      this.#goOn(this.#continuation);
      return;
    }
    const outcome = this.#outcome;
    this.#outcome = NOTHING;
    const { host, isolate } = this.run;
    host.begin(this);
    const part = largePartOf(value);
    if (part !== null) {
      let continuation: Continuation;
      try {
        isolate.vm.isExempt = true;
        continuation = host.whenMade(this, this.co, part, (co) => outcome(co, value, index));
        isolate.vm.isExempt = false;
      } catch (cause) {
        this.run.vmLost(cause);
        return;
      }
      this.#goOn(continuation);
      return;
    }
    let count: number;
    try {
      isolate.vm.isExempt = true;
      count = outcome(this.co, value, index);
      isolate.vm.isExempt = false;
    } catch (cause) {
      this.run.vmLost(cause);
      return;
    }
    this.go(count);
  }

  /** Goes on after a wait that is over, or in the middle of its work, when it gave its turn back. */
  override resumeSettled(): void {
    if (this.waiting !== null) super.resumeSettled();
    else if (this.run.host.isSliceUsedUp(this.run.process)) this.run.process.paused(this);
    else this.resume(undefined, 0);
  }

  /** Runs with so many values on its stack as arguments, until it gives control back. */
  go(args: number): void {
    const status = this.run.execute(this, args);
    this.settleAfter(status);
  }

  /** What becomes of it after its code gave control back. */
  protected settleAfter(status: number): void {
    const { run } = this;
    if (run.isShut || status === VM_LOST) return;
    if (status === NO_MEMORY) {
      run.failForMemory();
      return;
    }
    if (status === YIELDED) this.#suspended();
    else if (status === OK) this.ended();
    else this.failed();
  }

  /** Its function has returned. */
  protected ended(): void {
    this.run.strandEnded(this);
  }

  /** An error has left its function, and is on top of the stack. */
  protected failed(): void {
    this.run.failWith(this.co);
  }

  #suspended(): void {
    const { run } = this;
    const { vm } = run.isolate;
    if (this.#continuation !== null) {
      run.preempted(this);
      return;
    }
    if (vm.wasPreempted) {
      run.preempted(this);
      return;
    }
    if (vm.results > 0) {
      run.fail(deadlock());
      return;
    }
    const wait = this.#wait;
    if (wait === null) {
      run.fail(deadlock());
      return;
    }
    this.#wait = null;
    this.#outcome = wait.outcome;
    if (wait.source === null) run.waitForAny(wait.cases, this);
    else run.waitAt(wait.source, this);
  }

  /** Waits for something without having yielded; for the strand of a `serve`, which parks by returning. */
  protected park(at: Source | Served, outcome: Outcome): void {
    this.#outcome = outcome;
    if (at instanceof Served) this.run.waitForServed(at, this);
    else this.run.waitAt(at, this);
  }

  /** Lets the coroutine go. */
  release(L: State): void {
    this.run.isolate.vm.api.luaL_unref(L, REGISTRY, this.#reference);
  }
}

/** What a continuation answers. Its failure is `nil, err`, as that of the call. */
function continued(host: Host, L: State, continuation: Continuation): number {
  try {
    return continuation(L);
  } catch (cause) {
    if (!(cause instanceof ProcessError)) throw cause;
    return host.failed(L, cause);
  }
}

function deadlock(): ProcessError {
  return new ProcessError({
    kind: errors.INTERNAL,
    message: "deadlock: coroutine.yield outside a coroutine that somebody resumes",
  });
}

/** What main returned, by S4.3–S4.7. */
const TEXT_RESULT_AT = 2;

/** Who keeps the heaps. */
export interface Keeper {
  /** A run is over and nothing of it is left. */
  ended(run: LuaRun): void;
  /** These coroutines of a run that is over are to be released, however many they are. */
  letGo(isolate: Isolate, strands: Iterable<LuaStrand>): void;
  /** Something came out of the VM that must not: nothing of it goes on. */
  vmLost(isolate: Isolate, cause: unknown): ProcessError;
  /** The VM has grown beyond what it should. */
  afterSlice(isolate: Isolate): void;
}

/** A Lua process in execution. */
export class LuaRun extends Run {
  readonly resumesLater = false;
  readonly host: Host;
  readonly isolate: Isolate;
  readonly bag: Bag;
  readonly usage: Usage = { instructions: 0, slices: 0, preemptions: 0, cpuMs: 0 };
  /** How many timers of it are running. */
  timers = 0;
  readonly #main: LuaStrand;
  #others: Set<LuaStrand> | null = null;
  #isRunning = false;
  #isReleased = false;
  #releaseLater = false;
  readonly #keeper: Keeper;

  /**
   * @param co the coroutine in which the module was loaded, with main on its stack.
   * @param keeper is told what becomes of it.
   */
  constructor(
    process: Process,
    host: Host,
    isolate: Isolate,
    bag: Bag,
    co: { readonly state: State; readonly reference: number },
    keeper: Keeper,
  ) {
    super(process);
    this.host = host;
    this.isolate = isolate;
    this.bag = bag;
    this.#main = new LuaStrand(this, co.state, co.reference);
    this.#keeper = keeper;
    isolate.runs.add(this);
  }

  override get outstanding(): Outstanding {
    return this.isolate.outstanding;
  }

  /** What it has used so far. */
  override measure(): Measure {
    const { instructions, slices, cpuMs } = this.usage;
    return { instructions, slices, cpuMs, heapBytes: this.isolate.usedBytes };
  }

  begin(args: readonly unknown[]): void {
    this.host.begin(this.#main);
    let count: number;
    try {
      if (this.isolate.isClosed) throw new Error("it was lost before the process began");
      if (largePartOf(args) !== null) {
        const main = this.#main;
        main.willGoOn(this.host.whenMade(main, main.co, args, (co) => this.host.pushArguments(co, args)));
        this.preempted(main);
        return;
      }
      count = this.host.pushArguments(this.#main.co, args);
    } catch (cause) {
      this.vmLost(cause);
      return;
    }
    this.#main.go(count);
  }

  /** Something came out of the VM that must not: this process and all others in it are lost. */
  vmLost(cause: unknown): void {
    this.fail(this.#keeper.vmLost(this.isolate, cause));
  }

  override get leavesSettled(): boolean {
    return true;
  }

  override get tellsFloats(): boolean {
    return true;
  }

  stop(): boolean {
    this.#release();
    return false;
  }

  drop(): void {
    this.#release();
  }

  /** Makes a strand of a coroutine. */
  spawnStrand(L: State, co: State): void {
    const { api } = this.isolate.vm;
    const strand = new LuaStrand(this, co, api.luaL_ref(L, REGISTRY));
    this.addStrand(strand);
    strand.startSoon();
  }

  addStrand(strand: LuaStrand): void {
    this.#others ??= new Set();
    this.#others.add(strand);
  }

  /** Runs a strand until it gives control back; counts what it did. */
  execute(strand: LuaStrand, args: number): number {
    const { host } = this;
    this.#isRunning = true;
    try {
      return host.execute(strand, args);
    } catch (cause) {
      this.vmLost(cause);
      return VM_LOST;
    } finally {
      this.#isRunning = false;
      if (this.#releaseLater) this.#releaseNow();
      if (this.isolate.vm.hasOutgrown) this.#keeper.afterSlice(this.isolate);
    }
  }

  /** The slice is used up: the others have their turn, and so has the world outside. */
  preempted(strand: LuaStrand): void {
    this.usage.preemptions++;
    this.isolate.usage.preemptions++;
    this.process.interrupted(strand);
    this.process.island.scheduler.giveWay();
  }

  failForMemory(): void {
    this.isolate.vm.forgiveRefusal(this.isolate.heap);
    // First, since the end of the process looks whether it is wanted.
    this.isolate.wantsCollection = true;
    this.fail(new ProcessError({ kind: errors.RATE_LIMITED, message: "memory limit exceeded" }));
  }

  strandEnded(strand: LuaStrand): void {
    const { vm } = this.isolate;
    if (strand !== this.#main) {
      this.#others?.delete(strand);
      strand.release(this.isolate.heap.L);
      return;
    }
    const { co } = strand;
    const count = vm.results;
    const first = vm.top(co) - count + 1;
    if (count >= TEXT_RESULT_AT) {
      const second = first + 1;
      if (vm.type(co, second) === STRING) {
        this.fail(new ProcessError({ kind: errors.INTERNAL, message: vm.shownString(co, second) }));
        return;
      }
      if (this.isolate.objects.kind(co, second) === ERROR) {
        const { error, bytes } = readError(this.isolate, co, second);
        this.fail(error, bytes);
        return;
      }
    }
    this.#finishWith(strand, count === 0 ? null : new StackValue(this.isolate, co, first, "result"));
  }

  /** Main has returned this: it is read a part at a time, as if main had been preempted before its end. */
  #finishWith(main: LuaStrand, result: StackValue | null): void {
    if (result === null || result.advance(PIECE_VALUES)) {
      this.finish(result);
      return;
    }
    main.willGoOn(() => {
      if (!result.advance(PIECE_VALUES)) return PAUSES;
      this.finish(result);
      return ENDS;
    });
    this.preempted(main);
  }

  /** An error has left a coroutine; it is on top of its stack. */
  failWith(co: State): void {
    const { error, bytes, trace } = escapedError(this.host, co);
    if (trace !== "") this.tellCrash(error.message, trace);
    this.fail(error, bytes);
  }

  #release(): void {
    if (this.#isReleased) return;
    this.#isReleased = true;
    if (this.#isRunning) this.#releaseLater = true;
    else this.#releaseNow();
  }

  #releaseNow(): void {
    const { L } = this.isolate.heap;
    this.#releaseLater = false;
    if (!this.isolate.isClosed) {
      this.#main.release(L);
      this.bag.drop(L);
      if (this.#others !== null) {
        this.process.island.scheduler.spend(this.#others.size >> RELEASES_PER_STEP_BITS);
        this.#keeper.letGo(this.isolate, this.#others);
      }
    }
    this.#others = null;
    this.isolate.runs.delete(this);
    this.#keeper.ended(this);
  }
}
