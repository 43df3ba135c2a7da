/**
 * A program in Lua: what its entry says, compiled once per heap, loaded once per process.
 *
 *     prepare ─▶ isolate ─▶ compiled here? ─▶ top-level code runs, in slices ─▶ main ─▶ start ─▶ LuaRun
 */
import {
  errors,
  type Heritage,
  invalid,
  type MailboxLimit,
  notFound,
  type PreparedAnswer,
  type Process,
  ProcessError,
  type Program,
  textOf,
} from "../../kernel/index.ts";
import { escapedError } from "./escaped-error.ts";
import type { Host } from "./host.ts";
import { Bag, type Isolate } from "./isolate.ts";
import type { Isolates } from "./isolates.ts";
import { shownLines, shownProblem } from "./load-problem.ts";
import { LuaRun } from "./lua-run.ts";
import { eraseTypes, TypeSyntaxError } from "./lua-type-erasure.ts";
import { FUNCTION, type LuaVm, OK, REGISTRY, type State, YIELDED } from "./vm.ts";

/** The text of a program or library and where it comes from. */
export interface LuaChunk {
  readonly source: string;
  /** The file as people know it. */
  readonly name: string;
  /** The line of that file in which the text begins, from 1. */
  readonly firstLine: number;
}

/** A library that programs import. */
export interface LuaLibrary {
  readonly id: string;
  readonly chunk: LuaChunk;
  readonly modules: readonly string[];
  /** Alias to library id. */
  readonly imports: Readonly<Record<string, string>>;
}

/** What a program is made from. */
export interface LuaSource {
  /** The entry, `namespace:name`. */
  readonly entry: string;
  readonly chunk: LuaChunk;
  /** The function of the module's table that is main, if the module returns a table (S3.29). */
  readonly method: string;
  readonly modules: readonly string[];
  /** Alias to library id. */
  readonly imports: Readonly<Record<string, string>>;
  /** Every library it needs, directly or not, each after those it needs itself. */
  readonly libraries: readonly LuaLibrary[];
  readonly mailbox: MailboxLimit | null;
  /** A heap of its own for each process, with this limit in bytes (S11.36); `null`: the heap may be shared. */
  readonly memoryLimitBytes: number | null;
}

/** How many slices the top-level code of a module may take; about a second. */
const LOADING_SLICES = 500;

/** A program that can be prepared for a process any number of times. */
export class LuaProgram implements Program {
  readonly entry: string;
  readonly mailbox: MailboxLimit | null;
  readonly accept = null;
  readonly discard = null;
  readonly source: LuaSource;
  readonly #isolates: Isolates;
  readonly #later: (go: () => void) => void;
  readonly #compiled: ReadonlyMap<LuaChunk, { text: string; bytecode: Uint8Array | null }>;

  /** Compiles every chunk; throws INTERNAL with the line shown when one does not compile. */
  constructor(source: LuaSource, isolates: Isolates, later: (go: () => void) => void) {
    this.entry = source.entry;
    this.mailbox = source.mailbox;
    this.source = source;
    this.#isolates = isolates;
    this.#later = later;
    const chunks = [...source.libraries.map(({ chunk }) => chunk), source.chunk];
    this.#compiled = new Map(chunks.map((chunk) => [chunk, { text: checked(chunk, isolates), bytecode: null }]));
  }

  /** Makes ready what one process of it needs: a program to be started once (S3.25). */
  prepare(heritage: Heritage, answer: PreparedAnswer): void {
    let isolate: Isolate | null = null;
    let program: number;
    try {
      isolate = this.#isolates.admit(this.source, heritage.actor?.id() ?? null);
      program = this.#compiledIn(isolate);
    } catch (cause) {
      const isKnown = cause instanceof ProcessError || isolate === null;
      const error = isKnown ? asLoadFailure(cause) : this.#isolates.vmLost(isolate as Isolate, cause);
      if (isolate !== null) this.#isolates.leave(isolate);
      answer(error);
      return;
    }
    new Loading(this, isolate, this.#isolates, this.#later, answer).begin(program);
  }

  start(): never {
    throw invalid("a program in Lua has to be prepared before it is started");
  }

  /** The program in a heap. What was compiled there of an older version of its entry is let go. */
  #compiledIn(isolate: Isolate): number {
    const known = isolate.programs.get(this.entry);
    if (known?.program === this) return known.reference;
    if (known !== undefined) isolate.vm.api.luaL_unref(isolate.heap.L, REGISTRY, known.reference);
    isolate.programs.delete(this.entry);
    const reference = this.#compileFor(isolate);
    isolate.programs.set(this.entry, { program: this, reference });
    return reference;
  }

  /** Puts the program into a heap: a table of what the prelude's `load_process` needs. */
  #compileFor(isolate: Isolate): number {
    const { vm, heap } = isolate;
    const { L } = heap;
    const { source } = this;
    const wasExempt = vm.isExempt;
    vm.isExempt = true;
    const lists = (module: string) => [source, ...source.libraries].some(({ modules }) => modules.includes(module));
    if (lists("time")) isolate.needTimes();
    if (lists("security")) isolate.needSecurity();
    vm.api.lua_createtable(L, 0, 5);
    vm.pushString(L, source.method);
    vm.setField(L, -2, "method");
    this.#setParts(vm, L, "main", source);
    vm.api.lua_createtable(L, source.libraries.length, 0);
    for (const [at, library] of source.libraries.entries()) {
      vm.api.lua_createtable(L, 0, 4);
      vm.pushString(L, library.id);
      vm.setField(L, -2, "id");
      this.#setParts(vm, L, "factory", library);
      vm.setAt(L, -2, at + 1);
    }
    vm.setField(L, -2, "libraries");
    const reference = vm.api.luaL_ref(L, REGISTRY);
    vm.isExempt = wasExempt;
    return reference;
  }

  /** Sets, in the table on top of the stack, what the program and each of its libraries have alike. */
  #setParts(vm: LuaVm, L: State, factory: string, of: Pick<LuaSource, "chunk" | "modules" | "imports">): void {
    this.#pushFactory(vm, L, of.chunk);
    vm.setField(L, -2, factory);
    pushSet(vm, L, of.modules);
    vm.setField(L, -2, "listed");
    pushAliases(vm, L, of.imports);
    vm.setField(L, -2, "imports");
  }

  /** Pushes the function that makes the chunk's function for an environment. */
  #pushFactory(vm: LuaVm, L: State, chunk: LuaChunk): void {
    const compiled = this.#compiled.get(chunk) as { text: string; bytecode: Uint8Array | null };
    const ok =
      compiled.bytecode === null
        ? vm.load(L, wrapped(chunk, compiled.text), `@${chunk.name}`)
        : vm.load(L, compiled.bytecode, `@${chunk.name}`, "b");
    if (!ok) throw failedToLoad(vm.shownString(L, -1));
    compiled.bytecode ??= vm.dump(L, false);
    vm.api.lua_callk(L, 0, 1, 0, 0);
  }
}

/** Empty lines before the text make its line numbers those of its file. */
function padding(chunk: LuaChunk): string {
  return "\n".repeat(chunk.firstLine - 1);
}

/** The text in a function of its environment, so that one compilation serves every process. */
function wrapped(chunk: LuaChunk, text: string): string {
  return `${padding(chunk)}return function(_ENV) return function(...) ${text}\nend end`;
}

/** The text without its types, when it compiles; throws what is wrong with it, the line shown. */
function checked(chunk: LuaChunk, isolates: Isolates): string {
  // As Lua reads a file: a byte order mark is none of the text, and a first line that begins with `#` none of the code.
  const source = chunk.source.replace(/^\uFEFF/, "");
  const { name, firstLine } = chunk;
  let text = source.startsWith("#") ? `--${source}` : source;
  try {
    text = eraseTypes(text);
  } catch (cause) {
    if (!(cause instanceof TypeSyntaxError)) throw cause;
    const { column, message } = cause;
    const line = cause.line + firstLine - 1;
    throw failedToLoad(`${name}:${line}:${column}: ${message}${shownLines({ source, firstLine }, [{ line, column }])}`);
  }
  const compile = (text: string) => isolates.compileProblem(`${padding(chunk)}${text}`, `@${name}`);
  const problem = compile(text);
  if (problem === null) return text;
  throw failedToLoad(shownProblem({ source, text, firstLine, compile }, problem));
}

function pushSet(vm: LuaVm, L: State, names: readonly string[]): void {
  vm.api.lua_createtable(L, 0, names.length);
  for (const name of names) {
    vm.pushBoolean(L, true);
    vm.setField(L, -2, name);
  }
}

function pushAliases(vm: LuaVm, L: State, aliases: Readonly<Record<string, string>>): void {
  const entries = Object.entries(aliases);
  vm.api.lua_createtable(L, 0, entries.length);
  for (const [alias, id] of entries) {
    vm.pushString(L, id);
    vm.setField(L, -2, alias);
  }
}

function asLoadFailure(cause: unknown): ProcessError {
  return cause instanceof ProcessError ? cause : failedToLoad(textOf(cause));
}

export function failedToLoad(cause: string): ProcessError {
  return new ProcessError({ kind: errors.INTERNAL, message: `failed to load module: ${cause}` });
}

/** The top-level code of one program running for one process to be, slice by slice. */
class Loading {
  readonly #program: LuaProgram;
  readonly #isolate: Isolate;
  readonly #isolates: Isolates;
  readonly #host: Host;
  readonly #later: (go: () => void) => void;
  readonly #answer: PreparedAnswer;
  readonly #bag: Bag;
  readonly #co: State;
  readonly #reference: number;
  #slices = 0;

  constructor(
    program: LuaProgram,
    isolate: Isolate,
    isolates: Isolates,
    later: (go: () => void) => void,
    answer: PreparedAnswer,
  ) {
    this.#program = program;
    this.#isolate = isolate;
    this.#isolates = isolates;
    this.#host = isolates.hostOf(isolate);
    this.#later = later;
    this.#answer = answer;
    this.#bag = new Bag(isolate);
    const { vm, heap } = isolate;
    const wasExempt = vm.isExempt;
    vm.isExempt = true;
    this.#co = vm.api.lua_newthread(heap.L);
    vm.watch(this.#co);
    this.#reference = vm.api.luaL_ref(heap.L, REGISTRY);
    vm.isExempt = wasExempt;
  }

  begin(program: number): void {
    const { vm, metatables } = this.#isolate;
    vm.getReference(this.#co, metatables.loadProcess);
    vm.getReference(this.#co, program);
    this.#go(1);
  }

  #go(args: number): void {
    const { vm, heap } = this.#isolate;
    const co = this.#co;
    let status: number;
    try {
      status = this.#host.executeFor(this.#isolate, this.#bag, co, args);
    } catch (cause) {
      this.#fail(this.#isolates.vmLost(this.#isolate, cause));
      return;
    }
    if (vm.isMemoryUsedUp(heap) || vm.isOverLimit(heap)) {
      vm.forgiveRefusal(heap);
      this.#isolate.wantsCollection = true;
      this.#fail(new ProcessError({ kind: errors.RATE_LIMITED, message: "memory limit exceeded" }));
    } else if (status === YIELDED) this.#yielded();
    else if (status !== OK) this.#failed();
    else if (this.#host.apartResults === 0 || vm.type(co, -1) !== FUNCTION) {
      this.#fail(notFound(`method "${this.#program.source.method}" not found in module`));
    } else
      this.#answer(
        new PreparedProgram(this.#program, this.#isolates, this.#host, this.#isolate, this.#bag, this.#thread),
      );
  }

  get #thread() {
    return { state: this.#co, reference: this.#reference };
  }

  #yielded(): void {
    if (!this.#host.wasApartPreempted) this.#fail(failedToLoad("top-level code cannot wait"));
    else if (++this.#slices > LOADING_SLICES) this.#fail(failedToLoad("top-level code takes too long"));
    else this.#later(() => this.#go(0));
  }

  /** An error has left the code; it is on top of the stack. */
  #failed(): void {
    const { error, trace } = this.#host.apart(this.#isolate, this.#bag, () => escapedError(this.#host, this.#co));
    this.#fail(failedToLoad(error.message), trace === "" ? undefined : trace);
  }

  #fail(error: ProcessError, trace?: string): void {
    letGo(this.#isolates, this.#isolate, this.#bag, this.#reference);
    this.#answer(error, trace);
  }
}

/** Gives back what was made ready for a process that will not run. */
function letGo(isolates: Isolates, isolate: Isolate, bag: Bag, reference: number): void {
  if (!isolate.isClosed) {
    isolate.vm.api.luaL_unref(isolate.heap.L, REGISTRY, reference);
    bag.drop(isolate.heap.L);
  }
  isolates.leave(isolate);
}

/** A program whose module has been loaded for one process. */
class PreparedProgram implements Program {
  readonly entry: string;
  readonly mailbox: MailboxLimit | null;
  readonly accept = null;
  readonly prepare = null;
  readonly #isolates: Isolates;
  readonly #host: Host;
  readonly #isolate: Isolate;
  readonly #bag: Bag;
  readonly #thread: { readonly state: State; readonly reference: number };

  constructor(
    program: LuaProgram,
    isolates: Isolates,
    host: Host,
    isolate: Isolate,
    bag: Bag,
    thread: { readonly state: State; readonly reference: number },
  ) {
    this.entry = program.entry;
    this.mailbox = program.mailbox;
    this.#isolates = isolates;
    this.#host = host;
    this.#isolate = isolate;
    this.#bag = bag;
    this.#thread = thread;
  }

  discard(): void {
    letGo(this.#isolates, this.#isolate, this.#bag, this.#thread.reference);
  }

  start(process: Process): LuaRun {
    return new LuaRun(process, this.#host, this.#isolate, this.#bag, this.#thread, this.#isolates);
  }
}
