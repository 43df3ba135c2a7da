/**
 * The heaps of one thread: who shares which (S11.35, S11.36), how they are opened, and when they are given back.
 *
 *     key (actor, or entry without one) ─▶ the isolates of that key, at most 1,000 processes each
 *     instance of the VM ─▶ isolates; a further one when it has grown large
 */
import { errors, Outstanding, ProcessError, textOf } from "../../kernel/index.ts";
import { Host } from "./host.ts";
import { Bag, Isolate, type PreludeReferences, type SecurityReferences, type TimeReferences } from "./isolate.ts";
import type { LuaSource } from "./lua-program.ts";
import type { LuaRun, LuaStrand } from "./lua-run.ts";
import { builderFunctions } from "./modules/builder-module.ts";
import { channelFunctions } from "./modules/channel-module.ts";
import { errorFunctions, type SandboxSources } from "./modules/error-module.ts";
import { processFunctions, quickFunctions } from "./modules/process-module.ts";
import { securityFunctions } from "./modules/security-module.ts";
import { timeFunctions } from "./modules/time-module.ts";
import { LuaModule, LuaVm, OK, REGISTRY, type Slicing } from "./vm.ts";

/** Pauses of the collector grow with the coroutines of a heap; this many keep them within a few milliseconds. */
const PROCESSES_PER_ISOLATE = 1_000;
/** How many empty isolates are kept for whoever comes next. */
const SPARE_ISOLATES = 32;
/** One that holds more than this, garbage most likely, is not kept. */
const SPARE_BYTES = 4 * 2 ** 20;
/** An instance of the VM that has grown beyond this takes no new heaps (S11.37). */
const FULL_INSTANCE_BYTES = 1.5 * 2 ** 30;

/** The files of the sandbox in the order in which they run, each with what those before have returned. */
const SANDBOX_FILES = [
  "blame",
  "limits",
  "patterns",
  "bounds",
  "runs",
  "attempts",
  "matcher",
  "strings",
  "searching",
  "unicode",
  "tables",
  "maths",
  "calendar",
  "datestrings",
  "dates",
  "coroutines",
  "sandbox",
];
/** Those that the hook does not interrupt: their names begin with "!", which survives only where they are not stripped. */
const UNINTERRUPTED_FILES = ["coroutines"];

/** How much more a heap may hold while the garbage of a process that ran out of memory is collected. */
const RECOVERY_BYTES = 8 * 2 ** 20;
/** A heap of so few bytes is given back at once; the objects of a larger one are first collected bit by bit. */
const SMALL_HEAP_BYTES = 2 ** 20;

/** What opening a heap costs, in instructions' worth: the prelude runs. */
const HEAP_COST = 250_000;

/** What a Lua engine is made of. */
export interface LuaParts {
  /** The bytes of glue.wasm, already checked. */
  readonly glue: Uint8Array;
  /** The prelude's files by name, without ending, e.g. `process`. */
  readonly prelude: Readonly<Record<string, string>>;
  /** The limit of a heap that processes share, in bytes (S11.35). */
  readonly heapLimitBytes: number;
  /** A clock that never goes back, in milliseconds. */
  readonly nowMs: () => number;
  readonly sources: SandboxSources;
  /** Calls `go` once, soon, not from within this call; for what takes more than one slice. */
  readonly later: (go: () => void) => void;
  /** How large the memory of one VM should get, in bytes; 1.5 GiB when left out. For tests and tools. */
  readonly fullVmBytes?: number;
  /** For tests: how finely code is preempted. */
  readonly slicing?: Slicing;
}

/** One instance of the VM, its host side, and the places of the host functions in its function table. */
interface Instance {
  readonly vm: LuaVm;
  readonly host: Host;
  readonly functions: Readonly<Record<string, number>>;
  isolates: number;
}

/** How many coroutines of one that has ended are released at once. */
const RELEASED_AT_ONCE = 4_096;
/** When so many have been counted for, those with nothing under way are forgotten. */
const SETTLE_AT = 4_096;

/** All heaps of one thread. */
export class Isolates {
  readonly #parts: LuaParts;
  #module: LuaModule | null = null;
  readonly #instances: Instance[] = [];
  readonly #byKey = new Map<string, Isolate[]>();
  readonly #instanceOf = new Map<Isolate, Instance>();
  /** Isolates without processes, the one that has been empty longest first. */
  readonly #spare = new Set<Isolate>();
  readonly #bytecode = new Map<string, Uint8Array>();
  /** What is under way, by who shares a heap or has one for each process. */
  readonly #outstanding = new Map<string, Outstanding>();
  #settleAt = SETTLE_AT;
  #checker: Isolate | null = null;

  constructor(parts: LuaParts) {
    this.#parts = parts;
  }

  /** A heap for one more process of a program; throws UNAVAILABLE when there is no memory for it. */
  admit(source: LuaSource, actorId: string | null): Isolate {
    const { memoryLimitBytes } = source;
    const key = this.#keyFor(source.entry, actorId);
    if (memoryLimitBytes !== null) return this.#entered(this.#open(null, memoryLimitBytes, key));
    const isolates = this.#byKey.get(key) ?? [];
    const roomy = isolates.find((one) => one.processes < PROCESSES_PER_ISOLATE && !one.vm.isBroken);
    if (roomy !== undefined) return this.#entered(roomy);
    const isolate = this.#open(key, this.#parts.heapLimitBytes, key);
    this.#byKey.set(key, [...isolates, isolate]);
    return this.#entered(isolate);
  }

  #last = { entry: "", actorId: null as string | null, key: "" };

  /** Who shares a heap. Whoever spawns many spawns mostly the same, and a new text has to be hashed first. */
  #keyFor(entry: string, actorId: string | null): string {
    if (this.#last.entry !== entry || this.#last.actorId !== actorId) {
      this.#last = { entry, actorId, key: actorId === null ? `entry ${entry}` : `actor ${actorId}` };
    }
    return this.#last.key;
  }

  /** A process of an isolate has ended, or was not started after all. */
  leave(isolate: Isolate): void {
    isolate.processes--;
    if (isolate.processes > 0) {
      if (isolate.wantsCollection && !isolate.isClosed) this.#recover(isolate);
    } else if (
      isolate.key === null ||
      isolate.wantsCollection ||
      isolate.vm.isBroken ||
      isolate.usedBytes > SPARE_BYTES
    ) {
      this.#retire(isolate);
    } else this.#keepSpare(isolate);
  }

  #keepSpare(isolate: Isolate): void {
    this.#spare.add(isolate);
    if (this.#spare.size <= SPARE_ISOLATES) return;
    const [oldest] = this.#spare;
    if (oldest !== undefined) this.#retire(oldest);
  }

  /** A run is over and nothing of it is left. */
  ended(run: LuaRun): void {
    this.leave(run.isolate);
  }

  /** These coroutines of a run that is over are released, some at a time. */
  letGo(isolate: Isolate, strands: Iterable<LuaStrand>): void {
    const rest = strands[Symbol.iterator]();
    const step = () => {
      if (isolate.isClosed || isolate.vm.isBroken) return;
      for (let n = 0; n < RELEASED_AT_ONCE; n++) {
        const { value: strand, done } = rest.next();
        if (done === true) return;
        strand.release(isolate.heap.L);
      }
      this.#parts.later(step);
    };
    step();
  }

  /** Something came out of a VM that must not: whatever it holds is lost, and its processes with it. */
  vmLost(of: Isolate, cause: unknown): ProcessError {
    const message = `the Lua VM has failed: ${textOf(cause)}`;
    const lost = new ProcessError({ kind: errors.UNAVAILABLE, message, retryable: true });
    of.vm.isBroken = true;
    for (const isolate of [...this.#instanceOf.keys()]) {
      if (isolate.vm !== of.vm) continue;
      isolate.isClosed = true;
      isolate.endAll(lost);
      if (isolate.processes === 0) this.#close(isolate);
    }
    if (this.#checker?.vm === of.vm) this.#checker = null;
    return lost;
  }

  /** A VM has grown beyond what it should: the heap that holds most of it has to go, but not the one that asked. */
  #relieve(asking: Isolate): void {
    asking.vm.hasOutgrown = false;
    let largest: Isolate | null = null;
    for (const isolate of this.#instanceOf.keys()) {
      if (isolate.vm !== asking.vm || isolate === asking || isolate === this.#checker) continue;
      if (largest === null || isolate.usedBytes > largest.usedBytes) largest = isolate;
    }
    largest?.endAll(new ProcessError({ kind: errors.RATE_LIMITED, message: "memory limit exceeded" }));
  }

  /** After a slice of an isolate: what its VM may need now. */
  afterSlice(isolate: Isolate): void {
    if (isolate.vm.hasOutgrown) this.#relieve(isolate);
  }

  hostOf(isolate: Isolate): Host {
    return (this.#instanceOf.get(isolate) as Instance).host;
  }

  /** What is wrong with a chunk; `null` when it compiles. */
  compileProblem(text: string, name: string): string | null {
    this.#checker ??= this.#open(null, 256 * 2 ** 20, "");
    const checker = this.#checker;
    const { vm, heap } = checker;
    return this.hostOf(checker).apart(checker, new Bag(checker), () => {
      vm.isExempt = true;
      const problem = vm.load(heap.L, text, name) ? null : vm.shownString(heap.L, -1);
      vm.pop(heap.L, 1);
      return problem;
    });
  }

  get #fullBytes(): number {
    return this.#parts.fullVmBytes ?? FULL_INSTANCE_BYTES;
  }

  /** The isolates there are, for tools and tests. */
  get all(): Isolate[] {
    return [...this.#instanceOf.keys()].filter((isolate) => isolate !== this.#checker && !isolate.isRetired);
  }

  /** How large the VMs' memories and function tables are, for tools and tests. */
  get footprint(): { memoryBytes: number; functions: number; instances: number } {
    return {
      memoryBytes: this.#instances.reduce((sum, { vm }) => sum + vm.memoryBytes, 0),
      functions: this.#instances.reduce((sum, { vm }) => sum + vm.functionTableLength, 0),
      instances: this.#instances.length,
    };
  }

  #entered(isolate: Isolate): Isolate {
    isolate.processes++;
    this.#spare.delete(isolate);
    return isolate;
  }

  /** Collects what a process that ran out of memory has left, bit by bit; until then the others have some room more. */
  #recover(isolate: Isolate): void {
    isolate.wantsCollection = false;
    const { vm, heap, limitBytes } = isolate;
    // One after the other may run out of memory before the garbage of the first is gone: each time the others get room anew.
    vm.setLimit(heap, Math.min(2 * limitBytes, Math.max(limitBytes, isolate.usedBytes) + RECOVERY_BYTES));
    if (isolate.isRecovering) return;
    isolate.isRecovering = true;
    this.#collect(isolate, () => {
      isolate.isRecovering = false;
      vm.setLimit(heap, limitBytes);
    });
  }

  /** Runs the collector through two cycles, a step at a time, so that nobody waits for it; then `done`. */
  #collect(isolate: Isolate, done: () => void): void {
    const { vm, heap, metatables } = isolate;
    let cycles = 0;
    const step = () => {
      if (isolate.isClosed || vm.isBroken) return;
      this.#instanceOf.get(isolate)?.host.apart(isolate, new Bag(isolate), () => {
        if (vm.collectSome(heap, metatables.collect)) cycles++;
      });
      if (cycles < 2) this.#parts.later(step);
      else done();
    };
    this.#parts.later(step);
  }

  /** An isolate that nobody will enter any more: a large one is emptied bit by bit before it is given back. */
  #retire(isolate: Isolate): void {
    this.#spare.delete(isolate);
    this.#forgetKey(isolate);
    isolate.isRetired = true;
    if (isolate.isClosed || isolate.usedBytes < SMALL_HEAP_BYTES) this.#close(isolate);
    else this.#collect(isolate, () => this.#close(isolate));
  }

  #forgetKey(isolate: Isolate): void {
    if (isolate.key === null) return;
    const rest = (this.#byKey.get(isolate.key) ?? []).filter((one) => one !== isolate);
    if (rest.length === 0) this.#byKey.delete(isolate.key);
    else this.#byKey.set(isolate.key, rest);
  }

  #close(isolate: Isolate): void {
    this.#spare.delete(isolate);
    const instance = this.#instanceOf.get(isolate) as Instance;
    this.#instanceOf.delete(isolate);
    instance.isolates--;
    isolate.isClosed = true;
    this.#forgetKey(isolate);
    if (isolate.vm.isBroken) {
      if (instance.isolates === 0) this.#instances.splice(this.#instances.indexOf(instance), 1);
      return;
    }
    instance.host.apart(isolate, new Bag(isolate), () => isolate.vm.closeHeap(isolate.heap));
  }

  /** What those who share a key have under way: it outlives their heaps, at least as long as it is not nothing. */
  #outstandingOf(key: string): Outstanding {
    let outstanding = this.#outstanding.get(key);
    if (outstanding === undefined) {
      if (this.#outstanding.size >= this.#settleAt) {
        const inUse = new Set([...this.#instanceOf.keys()].map((isolate) => isolate.outstanding));
        for (const [of, account] of this.#outstanding) {
          if (account.bytes === 0 && !inUse.has(account)) this.#outstanding.delete(of);
        }
        this.#settleAt = Math.max(SETTLE_AT, 2 * this.#outstanding.size);
      }
      outstanding = new Outstanding(this.#parts.heapLimitBytes);
      this.#outstanding.set(key, outstanding);
    }
    return outstanding;
  }

  #open(key: string | null, limitBytes: number, account: string): Isolate {
    const instance = this.#roomyInstance();
    const { vm, host } = instance;
    // Whoever runs goes on afterwards, and in its own heap.
    const saved = vm.save();
    const heap = vm.openHeap(limitBytes);
    vm.restore(saved);
    if (heap === null) throw new ProcessError({ kind: errors.UNAVAILABLE, message: "no memory for a Lua heap" });
    const isolate = new Isolate(vm, host.objects, heap, key, limitBytes, this.#outstandingOf(account));
    this.#instanceOf.set(isolate, instance);
    instance.isolates++;
    host.apart(isolate, new Bag(isolate), () => this.#loadPrelude(isolate, instance));
    // Whoever spawns a process that needs it is the one that runs.
    vm.charge(HEAP_COST);
    return isolate;
  }

  #roomyInstance(): Instance {
    const last = this.#instances.at(-1);
    if (last !== undefined && !last.vm.isBroken && last.vm.memoryBytes < this.#fullBytes) return last;
    this.#module ??= new LuaModule(this.#parts.glue);
    const vm = new LuaVm(this.#module, this.#parts.nowMs, this.#fullBytes, this.#parts.slicing);
    const host = new Host(vm, this.#parts.nowMs);
    const { sources } = this.#parts;
    const functions: Record<string, number> = { ...vm.companionFunctions };
    const all = {
      ...processFunctions(host),
      ...builderFunctions(host),
      ...channelFunctions(host),
      ...timeFunctions(host, () => sources.unixMs()),
      ...errorFunctions(host, sources),
      ...securityFunctions(host),
    };
    const quick = quickFunctions(host);
    for (const [name, fn] of Object.entries(all)) functions[name] = host.add(fn, quick[name] ?? null);
    const instance = { vm, host, functions, isolates: 0 };
    this.#instances.push(instance);
    return instance;
  }

  /** Runs the prelude in a new heap and keeps what it answers. */
  #loadPrelude(isolate: Isolate, instance: Instance): void {
    const { vm, heap } = isolate;
    const { L } = heap;
    vm.isExempt = true;
    vm.api.lua_createtable(L, 0, 80);
    for (const [name, place] of Object.entries(instance.functions)) {
      vm.api.lua_pushcclosure(L, place, 0);
      vm.setField(L, -2, name);
    }
    const host = vm.api.luaL_ref(L, REGISTRY);
    vm.api.lua_createtable(L, 0, SANDBOX_FILES.length);
    const parts = vm.api.luaL_ref(L, REGISTRY);
    let sandbox = 0;
    for (const name of SANDBOX_FILES) {
      sandbox = this.#runFile(isolate, name, [host, parts], 1)[0] as number;
      vm.getReference(L, parts);
      vm.getReference(L, sandbox);
      vm.setField(L, -2, name);
      vm.pop(L, 1);
    }
    const process = this.#runFile(isolate, "process", [host, sandbox], 1)[0] as number;
    vm.api.luaL_unref(L, REGISTRY, parts);
    isolate.metatables = this.#references(isolate, process);
    vm.getReference(L, isolate.metatables.message);
    isolate.messageMetatable = vm.addressOf(L);
    vm.pop(L, 1);
    vm.pushString(L, "__mode");
    isolate.modeName = vm.api.luaL_ref(L, REGISTRY);
    isolate.loadTimes = () => this.#loadTimes(isolate, host);
    isolate.loadSecurity = () => this.#loadSecurity(isolate, host);
    vm.getReference(L, isolate.metatables.collect);
    vm.api.lua_pcallk(L, 0, 0, 0, 0, 0);
    vm.isExempt = false;
  }

  /** Runs the file of the module `time`, which is large and not always needed. */
  #loadTimes(isolate: Isolate, host: number): TimeReferences {
    const [module, time, ...others] = this.#runFile(isolate, "time", [host], 5) as [number, number, number];
    this.#addModule(isolate, "time", module, ...others);
    return { time, duration: others[0] };
  }

  /** Runs the file of the module `security`. */
  #loadSecurity(isolate: Isolate, host: number): SecurityReferences {
    const references = this.#runFile(isolate, "security", [host], 4) as [number, number, number, number];
    const [module, actor, scope, policy] = references;
    this.#addModule(isolate, "security", module);
    return { actor, scope, policy };
  }

  #addModule(isolate: Isolate, name: string, ...references: number[]): void {
    const { vm, heap } = isolate;
    vm.getReference(heap.L, isolate.metatables.addModule);
    vm.pushString(heap.L, name);
    for (const reference of references) vm.getReference(heap.L, reference);
    vm.api.lua_callk(heap.L, 1 + references.length, 0, 0, 0);
  }

  /** Runs one file of the prelude with arguments that are references; its results as references. */
  #runFile(isolate: Isolate, name: string, args: readonly number[], results: number): number[] {
    const { vm, heap } = isolate;
    const { L } = heap;
    vm.load(L, this.#bytecodeOf(isolate, name), "=[beamish]", "b");
    for (const reference of args) vm.getReference(L, reference);
    if (vm.api.lua_pcallk(L, args.length, results, 0, 0, 0) !== OK) {
      throw new Error(`${name}: ${vm.shownString(L, -1)}`);
    }
    const references: number[] = [];
    for (let i = 0; i < results; i++) references.unshift(vm.api.luaL_ref(L, REGISTRY));
    return references;
  }

  /** A file of the prelude, compiled once per thread, without what only its authors would read. */
  #bytecodeOf(isolate: Isolate, name: string): Uint8Array {
    const known = this.#bytecode.get(name);
    if (known !== undefined) return known;
    const { vm, heap } = isolate;
    const text = this.#parts.prelude[name];
    if (text === undefined) throw new Error(`the prelude lacks ${name}`);
    const isUninterrupted = UNINTERRUPTED_FILES.includes(name);
    if (!vm.load(heap.L, text, isUninterrupted ? `=!${name}` : `=${name}.lua`)) {
      throw new Error(vm.shownString(heap.L, -1));
    }
    const bytecode = vm.dump(heap.L, !isUninterrupted);
    vm.pop(heap.L, 1);
    this.#bytecode.set(name, bytecode);
    return bytecode;
  }

  #references(isolate: Isolate, process: number): PreludeReferences {
    const { vm, heap } = isolate;
    const { L } = heap;
    const field = (name: string): number => {
      vm.getReference(L, process);
      vm.getField(L, -1, name);
      const reference = vm.api.luaL_ref(L, REGISTRY);
      vm.pop(L, 1);
      return reference;
    };
    return {
      loadProcess: field("load_process"),
      describe: field("describe"),
      collect: field("collect"),
      addModule: field("add_module"),
      protect: field("protect"),
      hostKinds: field("host_kinds"),
      error: field("error_mt"),
      message: field("message_mt"),
      channel: field("channel_mt"),
      builder: field("builder_mt"),
      timer: field("timer_mt"),
      done: field("done_mt"),
    };
  }
}
