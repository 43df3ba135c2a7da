/**
 * The door between Lua and the syscalls: who runs at present, what host functions take and give, and how a failure
 * becomes what Lua does with errors (S12.9–S12.11).
 *
 * A host function is called by Lua with a stack and answers how many results it has pushed. It throws a ProcessError
 * for `nil, err`, or `Raised` for an error that is raised; nothing else may leave it. While it runs no allocation is
 * refused, so nothing in the middle of it can jump away; what it has put into the heap counts afterwards.
 */
import {
  badArgument,
  type Case,
  errors,
  invalid,
  type OneShot,
  type Process,
  ProcessError,
  type Source,
  textOf,
} from "../../kernel/index.ts";
import type { Bag, Isolate, Usage } from "./isolate.ts";
import { type Continuation, type LuaRun, type LuaStrand, type Outcome, PAUSES } from "./lua-run.ts";
import { KIND_NAMES, Objects } from "./objects.ts";
import { isMadeInParts, largePartOf, MAX_TEXT_BYTES, Making, PIECE_VALUES, pushValue, StackData } from "./payloads.ts";
import {
  FUNCTION,
  type HostFunction,
  LONGJMP,
  type LuaVm,
  NIL,
  NUMBER,
  OK,
  type QuickFunction,
  RAISES,
  SLICE_MS,
  STRING,
  type State,
  TABLE,
  THREAD,
  USERDATA,
  YIELDS,
} from "./vm.ts";

/** An error that is raised instead of being returned. */
export class Raised {
  readonly error: ProcessError;

  constructor(error: ProcessError) {
    this.error = error;
  }
}

/** What fails in `act` is raised, not returned (S7.12, S12.10, S12.11). */
export function raising<R>(act: () => R): R {
  try {
    return act();
  } catch (cause) {
    throw cause instanceof ProcessError ? new Raised(cause) : cause;
  }
}

/** What a host function costs besides what its data cost, in instructions' worth. */
const CALL_COST = 60;

/** What it costs to have a coroutine run, besides what it does, in instructions' worth. */
const EXECUTION_COST = 100;

/** 512 instructions' worth, some 5 µs, count as a step more. */
const INSTRUCTIONS_PER_STEP_BITS = 9;

/** One in so many executions is timed, and counts for all of them: reading the clock costs as much as a short one. */
const TIMED_EXECUTIONS = 16;

function count(usage: Usage, instructions: number): void {
  usage.instructions += instructions;
  usage.slices++;
}

/** The host side of one VM. */
export class Host {
  readonly vm: LuaVm;
  /** What the userdata of all its heaps stand for. */
  readonly objects: Objects;
  readonly #nowMs: () => number;
  #isolate: Isolate | null = null;
  #bag: Bag | null = null;
  #strand: LuaStrand | null = null;
  /** The step of the scheduler whose slice is being used, so that a step has one slice whatever runs in it. */
  #slicedStep = -1;
  /** When an execution in it was timed first; 0 if none was. */
  #slicedMs = 0;
  #executions = 0;
  #isExecuting = false;

  constructor(vm: LuaVm, nowMs: () => number) {
    this.vm = vm;
    this.objects = new Objects(vm);
    this.#nowMs = nowMs;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Who runs

  /** The isolate that runs. */
  get isolate(): Isolate {
    return this.#isolate as Isolate;
  }

  /** What JavaScript holds for the process that runs, or loads. */
  get bag(): Bag {
    return this.#bag as Bag;
  }

  /** The coroutine that runs; `null` while a module is being loaded, when there is no process yet. */
  get strand(): LuaStrand | null {
    return this.#strand;
  }

  /** From now on this runs. */
  enter(isolate: Isolate, bag: Bag, strand: LuaStrand | null): void {
    // A strand has one isolate and one bag.
    if (strand !== null && strand === this.#strand) return;
    this.#isolate = isolate;
    this.#bag = bag;
    this.#strand = strand;
  }

  /** The door of the process that runs; throws INVALID when there is none (S12.12). */
  get run(): LuaRun {
    if (this.#strand === null) throw invalid("context not found");
    return this.#strand.run;
  }

  /** Whether the slice of the present step is used up, so that a coroutine in the middle of its work has to wait. */
  isSliceUsedUp(process: Process): boolean {
    return this.#slicedStep === process.island.scheduler.steps && this.vm.left <= 0;
  }

  /** A strand of a process has its turn: it runs, out of the slice of the present step, which begins if it has not yet. */
  begin(strand: LuaStrand): void {
    const { isolate, bag, process } = strand.run;
    this.enter(isolate, bag, strand);
    const { steps } = process.island.scheduler;
    if (steps === this.#slicedStep) return;
    this.#slicedStep = steps;
    this.#slicedMs = 0;
    this.vm.beginSlice();
  }

  /** Counts what was done for a process outside of its code, in instructions' worth. */
  countBeside(run: LuaRun, instructions: number): void {
    count(run.usage, instructions);
    count(run.isolate.usage, instructions);
  }

  /** Runs a strand until it gives control back; its slice is the rest of that of the present step. */
  execute(strand: LuaStrand, args: number): number {
    const { vm } = this;
    const { isolate, process } = strand.run;
    this.begin(strand);
    const isTimed = (this.#executions++ & (TIMED_EXECUTIONS - 1)) === 0;
    const since = isTimed ? this.#nowMs() : 0;
    this.#isExecuting = true;
    const status = vm.run(isolate.heap, strand.co, args, EXECUTION_COST);
    this.#isExecuting = false;
    const { spent } = vm;
    count(strand.run.usage, spent);
    count(isolate.usage, spent);
    let isUsedUp = vm.left <= 0;
    if (isTimed) {
      const now = this.#nowMs();
      const cpuMs = (now - since) * TIMED_EXECUTIONS;
      strand.run.usage.cpuMs += cpuMs;
      isolate.usage.cpuMs += cpuMs;
      if (this.#slicedMs === 0) this.#slicedMs = since;
      if (now - this.#slicedMs >= SLICE_MS) isUsedUp = true;
    }
    process.island.scheduler.spend(spent >> INSTRUCTIONS_PER_STEP_BITS);
    if (isUsedUp) {
      // The slice is that of all coroutines of the process: those that are still to go on have the next one.
      process.endTurn();
      process.island.scheduler.giveWay();
    }
    return status;
  }

  /**
   * Runs a coroutine that belongs to no process yet for whoever runs: out of the slice of that one, so that no number of
   * spawns in one slice takes longer. When nobody runs it has a slice of its own.
   */
  executeFor(isolate: Isolate, bag: Bag, co: State, args: number): number {
    if (!this.#isExecuting) return this.executeApart(isolate, bag, co, args);
    const before = this.vm.left;
    let spent = 0;
    const status = this.apart(isolate, bag, () => {
      const result = this.#resumeApart(isolate, co, args);
      spent = before - this.vm.left;
      return result;
    });
    this.vm.charge(spent);
    return status;
  }

  /** Runs a coroutine that belongs to no process for a slice of its own; what ran before goes on afterwards. */
  executeApart(isolate: Isolate, bag: Bag, co: State, args: number): number {
    return this.apart(isolate, bag, () => {
      this.vm.beginSlice();
      return this.#resumeApart(isolate, co, args);
    });
  }

  #resumeApart(isolate: Isolate, co: State, args: number): number {
    const status = this.vm.resume(isolate.heap, co, args);
    this.apartResults = this.vm.results;
    this.wasApartPreempted = this.vm.wasPreempted;
    return status;
  }

  /** What the last `executeApart` left: how many values, and whether it was preempted. */
  apartResults = 0;
  wasApartPreempted = false;

  /** Does something in an isolate outside its processes; what ran before goes on afterwards. */
  apart<R>(isolate: Isolate, bag: Bag, act: () => R): R {
    const before = { isolate: this.#isolate, bag: this.#bag, strand: this.#strand };
    const saved = this.vm.save();
    try {
      this.enter(isolate, bag, null);
      this.vm.use(isolate.heap);
      return act();
    } finally {
      this.vm.restore(saved);
      this.#isolate = before.isolate;
      this.#bag = before.bag;
      this.#strand = before.strand;
    }
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Host functions

  /**
   * Makes a host function one that Lua can call; its place in the function table.
   *
   * @param quickly its quick way, if it has one.
   */
  add(fn: HostFunction, quickly: QuickFunction | null): number {
    const usual: HostFunction = (L) => {
      let count: number;
      try {
        count = fn(L);
      } catch (cause) {
        count = this.#thrown(L, cause);
      }
      return this.#answered(L, count);
    };
    if (quickly === null) return this.vm.addFunction(usual, CALL_COST);
    return this.vm.addFunction(usual, CALL_COST, (L, first, second, tag, value) => {
      let count: number;
      try {
        count = quickly(L, first, second, tag, value);
      } catch (cause) {
        count = this.#thrown(L, cause);
      }
      return this.#answered(L, count);
    });
  }

  /** What a host function answers that has thrown this. */
  #thrown(L: State, cause: unknown): number {
    if (cause === LONGJMP) throw cause;
    const isReturned = cause instanceof ProcessError;
    if (isReturned) this.vm.pushNil(L);
    this.isolate.pushError(L, errorFor(cause));
    return isReturned ? 2 : RAISES;
  }

  /** What Lua is answered by a call that wants to answer this. */
  #answered(L: State, answer: number): number {
    const isEnd = this.#strand?.run.isShut === true;
    return isEnd || answer === YIELDS ? this.#interrupted(L, answer, isEnd) : answer;
  }

  /** Likewise, of a call that does not return for now; for good if it was the end of its process, or of this code. */
  #interrupted(L: State, answer: number, isEnd: boolean): number {
    const { vm } = this;
    if (isEnd) vm.stop();
    if (!vm.canYield(L)) {
      vm.pushString(L, "attempt to yield across a C-call boundary");
      return RAISES;
    }
    return answer === RAISES ? RAISES : YIELDS;
  }

  /** Waits at a source; the coroutine goes on with what `outcome` pushes. */
  wait(source: Source, outcome: Outcome): number {
    this.#strand?.willWait(source, outcome);
    return YIELDS;
  }

  /** Waits where nothing can be waited for: the load of a module that does so fails. */
  cannotWait(): number {
    return YIELDS;
  }

  /**
   * Does something with data of Lua, which is read before. Much of it is read a part at a time, each in a turn of its own,
   * as if the process were preempted in the middle of the call; where nothing can yield all is read at once.
   */
  whenRead(L: State, data: unknown, act: Continuation): number {
    const strand = this.#strand;
    const isAll = !(data instanceof StackData) || strand === null || data.advance(PIECE_VALUES) || !this.vm.canYield(L);
    if (isAll) return act(L);
    strand.willGoOn((to) => (data.advance(PIECE_VALUES) ? act(to) : PAUSES));
    return YIELDS;
  }

  /** Pushes what was there already for whoever asks; what is large is made a part at a time before, as in `whenRead`. */
  deliver(L: State, value: unknown, index: number, outcome: Outcome): number {
    const part = largePartOf(value);
    const strand = this.#strand;
    if (part === null || strand === null || !this.vm.canYield(L)) return outcome(L, value, index);
    strand.willGoOn(this.whenMade(strand, L, part, (to) => outcome(to, value, index)));
    return YIELDS;
  }

  /**
   * Gives data that is not copied before, and of which nobody knows how much it is: what turns out to be large is made a
   * part at a time, as in `whenRead`.
   *
   * @param data nobody changes it until it has been made.
   */
  giveShared(L: State, data: unknown): number {
    const strand = this.#strand;
    if (!isMadeInParts(data) || strand === null || !this.vm.canYield(L)) return this.give(L, data);
    const making = this.whenMade(strand, L, data, (to) => this.give(to, data));
    const count = making(L);
    if (count !== PAUSES) return count;
    strand.willGoOn(making);
    return YIELDS;
  }

  /**
   * Makes a large value a part at a time and then does something that pushes it.
   *
   * @param L a stack on which something can be pushed now.
   */
  whenMade(strand: LuaStrand, L: State, value: object, act: Continuation): Continuation {
    const { isolate, bag } = strand.run;
    const making = new Making(isolate, bag, L, value);
    return (to) => {
      if (!making.advance(PIECE_VALUES)) return PAUSES;
      isolate.made = making;
      try {
        return act(to);
      } finally {
        isolate.made = null;
        making.release(to);
      }
    };
  }

  /** What a host function answers when it has failed: for what fails later than in the call itself. */
  failed(L: State, cause: unknown): number {
    this.vm.pushNil(L);
    this.isolate.pushError(L, errorFor(cause));
    return 2;
  }

  /** Waits for whichever case comes first. */
  waitForAny(cases: readonly Case[], outcome: Outcome): number {
    this.#strand?.willWaitForAny(cases, outcome);
    return YIELDS;
  }

  /** The answer to a request: there already, or to be waited for. */
  answer(L: State, source: OneShot, outcome: Outcome): number {
    const strand = this.#strand;
    if (strand !== null && source.isReady() && strand.run.spend()) return this.deliver(L, source.take(), 0, outcome);
    return this.wait(source, outcome);
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Arguments and results

  /** The text at a position; a number is converted (S12.11). `shown` is the position as whoever calls a method counts. */
  text(L: State, position: number, operation: string, shown = position): string {
    const known = this.isolate.knownName(L, position);
    if (known !== null) return known;
    const type = this.vm.type(L, position);
    if (type !== STRING && type !== NUMBER) throw this.wrongArgument(L, position, operation, "string", shown);
    if (type === STRING && this.vm.textCostAt(this.vm.slotOf(L, position)) > MAX_TEXT_BYTES) {
      throw new Raised(invalid(`bad argument #${shown} to '${operation}' (more than 4 MiB of text)`));
    }
    const text = this.isolate.name(L, position);
    if (text !== null) return text;
    throw new Raised(invalid(`bad argument #${shown} to '${operation}' (string is not UTF-8)`));
  }

  /** The text at a required position; too few arguments are a failure that is returned (S12.10). */
  required(L: State, position: number, operation: string, what: string): string {
    if (this.vm.top(L) < position) throw invalid(`${operation} requires a ${what} argument`);
    return this.text(L, position, operation);
  }

  /** The number at a position. */
  numberAt(L: State, position: number, operation: string): number {
    if (this.vm.type(L, position) !== NUMBER) throw this.wrongArgument(L, position, operation, "number");
    return this.vm.api.lua_tonumberx(L, position, 0);
  }

  /** The error that is raised for an argument of the wrong type. */
  wrongArgument(L: State, position: number, operation: string, expected: string, shown = position): Raised {
    const given = badArgument(shown, operation, expected, null);
    const message = given.message.replace(/got null\)$/, `got ${this.kindName(L, position)})`);
    return new Raised(new ProcessError({ kind: errors.INVALID, message }));
  }

  /** What a value is called in messages. */
  kindName(L: State, index: number): string {
    const type = this.vm.type(L, index);
    if (type === USERDATA) return KIND_NAMES[this.isolate.objects.kind(L, index)] ?? "userdata";
    return TYPE_NAMES[type] ?? "no value";
  }

  /** Pushes a result and answers that it is one. */
  give(L: State, value: unknown): number {
    pushValue(this.isolate, L, value);
    return 1;
  }

  /** Pushes the arguments of main, as one value, so that what they share stays shared (S2.42); how many. */
  pushArguments(co: State, args: readonly unknown[]): number {
    const { vm } = this;
    vm.isExempt = true;
    if (args.length > 0) {
      vm.api.lua_checkstack(co, args.length + 8);
      pushValue(this.isolate, co, args);
      const at = vm.top(co);
      for (let n = 1; n <= args.length; n++) vm.getAt(co, at, n);
      vm.api.lua_rotate(co, at, -1);
      vm.pop(co, 1);
    }
    vm.isExempt = false;
    return args.length;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // For people

  /** The text of whatever a script has raised, as its `tostring` says; the script's own code may run for that. */
  describe(co: State, index: number): string {
    const { vm, isolate } = this;
    const { api } = vm;
    const type = vm.type(co, index);
    if (type === STRING || type === NUMBER) return vm.shownString(co, index);
    const at = vm.absolute(co, index);
    vm.isExempt = true;
    const apart = api.lua_newthread(co);
    vm.watch(apart);
    vm.getReference(apart, isolate.metatables.describe);
    api.lua_pushvalue(co, at);
    api.lua_xmove(co, apart, 1);
    vm.isExempt = false;
    const status = this.executeApart(isolate, this.bag, apart, 1);
    const text = status === OK ? vm.shownString(apart, -1) : `${TYPE_NAMES[type]} value`;
    vm.pop(co, 1);
    vm.forgiveRefusal(isolate.heap);
    return text;
  }

  /** The stack of a coroutine that has failed, without what is ours; "" when there is nothing to say. */
  readableTrace(co: State): string {
    let isOurs = false;
    const isShown = (line: string): boolean => {
      // A tail call is told only of functions that are shown.
      if (!/^\s*\(\.\.\.tail calls\.\.\.\)/.test(line)) isOurs = /^\s*(\?|\[C\]|!\w+:\d+): /.test(line);
      return !isOurs;
    };
    return this.vm.traceback(this.isolate.heap.L, co, 0).split("\n").slice(1).filter(isShown).join("\n");
  }
}

function errorFor(cause: unknown): ProcessError {
  if (cause instanceof ProcessError) return cause;
  if (cause instanceof Raised) return cause.error;
  return new ProcessError({ kind: errors.INTERNAL, message: textOf(cause) });
}

const TYPE_NAMES: Readonly<Record<number, string>> = {
  [NIL]: "nil",
  1: "boolean",
  2: "userdata",
  [NUMBER]: "number",
  [STRING]: "string",
  [TABLE]: "table",
  [FUNCTION]: "function",
  [USERDATA]: "userdata",
  [THREAD]: "coroutine",
};
