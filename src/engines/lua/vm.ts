/**
 * The only file that knows the VM, beside vm-changes.ts, which changes it: wasmoon's glue.wasm (Lua 5.4 compiled to
 * WebAssembly), driven through the raw C API, and its companion module. Another build of Lua with the same exports could
 * take its place here and nowhere else.
 *
 *     LuaVm ── one WASM instance: memory, function table, raw calls
 *       └─ heaps: one lua_State each, with accounts that the companion's allocator keeps exactly
 *
 * Rules that hold here: no JavaScript exception crosses a frame of Lua, except the one that is Lua's own longjmp; the
 * shadow stack is restored wherever that one is caught; views are renewed when the memory has grown.
 */
import { adapterBytes, companionBytes } from "./companion-bytes.ts";
import { changedVm } from "./vm-changes.ts";

/** A pointer into the memory of a VM. */
export type Pointer = number;
/** A lua_State*: a heap's main thread or a coroutine. */
export type State = Pointer;

/** The pseudo-index of the registry. */
export const REGISTRY = -1_001_000;
/** What lua_resume and lua_pcall answer. */
export const OK = 0;
export const YIELDED = 1;
export const NO_MEMORY = 4;
/** What lua_type answers. */
export const NONE = -1;
export const NIL = 0;
export const BOOLEAN = 1;
export const NUMBER = 3;
export const STRING = 4;
export const TABLE = 5;
export const FUNCTION = 6;
export const USERDATA = 7;
export const THREAD = 8;

/** How many instructions a process may run before others have their turn (S11.32): about a millisecond. */
const SLICE_INSTRUCTIONS = 100_000;
/** How many more a callback of a library function may run past the end of the slice (S11.33). */
const OVERDRAFT_INSTRUCTIONS = 100_000;
/** How many instructions pass between two calls of the hook, while no large block lives. */
const HOOK_INSTRUCTIONS = 250;
/** How long a slice may take by the clock, when single instructions are expensive, in milliseconds. */
export const SLICE_MS = 2;
/** How much longer it may take where nothing can yield. */
const OVERDRAFT_MS = 6;
/** No more than this counts between two looks at the clock: in a longer time it was the machine that stood still. */
const COUNTED_MS = 2;
/** When so much passes between two looks, they are too rare. */
const SLOW_MS = 0.5;

const PAGE_BYTES = 65_536;
/** A wasm32 instance ends at 2 GiB; from here on new heaps go to a further one (S11.37). */
const MAX_BYTES = 2 ** 31 - PAGE_BYTES;
/** The memory grows by this share of itself, at least and at most by so much: growing is expensive. */
const GROWTH = { share: 0.25, leastBytes: 2 ** 20, mostBytes: 64 * 2 ** 20 };
/** A word for each size of a small block. */
const SPARE_BYTES = 4 * (128 / 8 + 1);
const SCRATCH_BYTES = 16_384;
/** Text of so many bytes is read and written byte by byte: for so little the codecs are slower. */
const SHORT_TEXT_BYTES = 40;
/** From so many bytes on it matters of which characters a text is. */
export const LONG_TEXT_BYTES = 16_384;
const WIDENED_BYTES = 32_768;
const MOST_SHOWN_BYTES = 2 ** 20;
const LUA_MASKCOUNT = 8;
/** Where a lua_State points at its global state, and what stands there in the build of Lua that is pinned. */
const GLOBAL_STATE = 16;
const DEBT = 12;
const GC_PAUSE = 84;
const USUAL_PAUSE = 50;
const USUAL_STEP = 25;
/** Emscripten's own longjmp: the one exception that leaves Lua, and passes through host functions. */
export const LONGJMP = Infinity;

/**
 * Where things stand in a lua_State, in the CallInfo of what it runs, in a slot of its stack and in a string, in the
 * build of Lua that is pinned: a look at a slot that way crosses no border. `#checkLayout` makes sure of it.
 */
const STATUS = 6;
const TOP = 12;
const CALL = 20;
const PROTECTED = 48;
/** Likewise in a table, in an entry of its hash part, and in a userdata: the size in the one is a power of two. */
const FLAGS = 6;
const LOG_NODES = 7;
const ARRAY_LIMIT = 8;
const ARRAY = 12;
const NODES = 16;
const METATABLE = 24;
const LIMIT_IS_NO_SIZE = 0x80;
const NODE_BYTES = 24;
const KEY_TAG = 9;
const KEY = 16;
const USER_VALUES = 6;
const USER_VALUE = 24;
/** What a userdata takes at most beside its contents. */
const USERDATA_BYTES = 64;
const HOOK_PERIOD = 104;
const HOOK_LEFT = 108;
const HOOK_MASK = 112;
const PROTECTED_STATUS = 160;
const CALL_CONTINUATION = 16;
const CALL_CONTEXT = 24;
const CALL_YIELDED = 28;
const SLOT_BYTES = 16;
const TAG = 8;
/** From so many on the companion looks at them: ours takes long until V8 has compiled it. */
const MANY_SLOTS = 256;
const SHORT_LENGTH = 7;
const LONG_LENGTH = 12;
const CONTENTS = 16;
/** What the collector notes of an object, and the bits of those that it has not met. */
const MARKED = 5;
const WHITE = 0x18;
/** What stands at TAG: the type, and which variant of it. */
const TYPE_OF_TAG = 15;
export const FALSE_TAG = 1;
export const TRUE_TAG = 17;
export const INTEGER_TAG = 3;
const FLOAT_TAG = 19;
export const SHORT_STRING_TAG = 68;
const LONG_STRING_TAG = 84;
const TABLE_TAG = 69;

/** The cells shared with the companion, as indexes of the Int32Array; companion.wat says what they are. */
const LEFT = 0;
const PREEMPTED = 1;
const STOP = 2;
const CURRENT = 3;
const HEAP = 4;
const OVERDRAFT = 5;
const EXEMPT = 11;
const SLOW = 14;
const SPENT = 19;
const CELLS = 20;
/** The accounts of a heap, likewise. */
const USED = 0;
const LIMIT = 1;
const DENIED = 2;
const GLOBALS = 5;
const CROWDED = 6;
const ACCOUNTS = 7;

/** The exports that are used, as WebAssembly types them. */
interface Exports {
  readonly memory: WebAssembly.Memory;
  readonly __indirect_function_table: WebAssembly.Table;
  __wasm_call_ctors(): void;
  emscripten_stack_init(): void;
  stackSave(): Pointer;
  stackRestore(at: Pointer): void;
  setThrew(threw: number, value: number): void;
  malloc(bytes: number): Pointer;
  free(at: Pointer): void;
  lua_newstate(allocate: number, heap: Pointer): State;
  lua_close(L: State): void;
  luaL_openlibs(L: State): void;
  luaL_loadbufferx(L: State, at: Pointer, bytes: number, name: Pointer, mode: Pointer): number;
  lua_dump(L: State, writer: number, data: Pointer, strip: number): number;
  lua_newthread(L: State): State;
  lua_resume(L: State, from: State, args: number, results: Pointer): number;
  lua_yieldk(L: State, results: number, context: number, k: number): number;
  lua_sethook(L: State, hook: number, mask: number, count: number): void;
  lua_status(L: State): number;
  lua_callk(L: State, args: number, results: number, context: number, k: number): void;
  lua_pcallk(L: State, args: number, results: number, handler: number, context: number, k: number): number;
  lua_gettop(L: State): number;
  lua_settop(L: State, top: number): void;
  lua_checkstack(L: State, slots: number): number;
  lua_xmove(from: State, to: State, count: number): void;
  lua_pushvalue(L: State, index: number): void;
  lua_rotate(L: State, index: number, by: number): void;
  lua_type(L: State, index: number): number;
  lua_toboolean(L: State, index: number): number;
  lua_tonumberx(L: State, index: number, isNumber: Pointer): number;
  lua_tointegerx(L: State, index: number, isInteger: Pointer): bigint;
  lua_tolstring(L: State, index: number, length: Pointer): Pointer;
  lua_touserdata(L: State, index: number): Pointer;
  lua_tothread(L: State, index: number): State;
  lua_topointer(L: State, index: number): Pointer;
  lua_rawequal(L: State, one: number, other: number): number;
  lua_rawlen(L: State, index: number): bigint;
  lua_next(L: State, index: number): number;
  lua_pushnil(L: State): void;
  lua_pushboolean(L: State, value: number): void;
  lua_pushnumber(L: State, value: number): void;
  lua_pushinteger(L: State, value: bigint): void;
  lua_pushlstring(L: State, at: Pointer, bytes: number): Pointer;
  lua_pushcclosure(L: State, fn: number, upvalues: number): void;
  lua_pushthread(L: State): number;
  lua_createtable(L: State, elements: number, fields: number): void;
  lua_rawget(L: State, index: number): number;
  lua_rawset(L: State, index: number): void;
  lua_getmetatable(L: State, index: number): number;
  lua_setmetatable(L: State, index: number): number;
  lua_newuserdatauv(L: State, bytes: number, values: number): Pointer;
  lua_getiuservalue(L: State, index: number, n: number): number;
  lua_setiuservalue(L: State, index: number, n: number): number;
  luaL_ref(L: State, table: number): number;
  luaL_unref(L: State, table: number, ref: number): void;
  luaL_traceback(L: State, of: State, message: Pointer, level: number): void;
}

interface Companion {
  init(cells: Pointer, spare: Pointer): void;
  hook: unknown;
  charge: unknown;
  enter: unknown;
  leave: unknown;
  allocate: unknown;
  rawGetAt(L: State, index: number, n: number): number;
  rawSetAt(L: State, index: number, n: number): void;
  rawGetIn(L: State, table: number, n: number): void;
  triple(L: State, first: Pointer, second: Pointer, metatable: Pointer): void;
  message(
    L: State,
    handler: Pointer,
    handlerTag: number,
    first: Pointer,
    second: Pointer,
    metatable: Pointer,
    tag: number,
    value: number,
  ): void;
  canYield(L: State): number;
  canReturn: unknown;
  numeric: unknown;
  answered: unknown;
  spread(L: State): void;
  resume(heap: Pointer, from: State, co: State, args: number, results: Pointer): number;
  run(heap: Pointer, from: State, co: State, args: number, results: Pointer, cost: number): number;
  leading(slots: Pointer, count: number): number;
  filled(slots: Pointer, count: number, slotBytes: number): number;
  isAscii(at: Pointer, bytes: number): number;
  widen(from: Pointer, bytes: number, to: Pointer): number;
  lookSoon(): void;
}

/**
 * A lua_CFunction in JavaScript: takes its arguments from the stack of L and answers how many results it pushed, or YIELDS
 * or RAISES. It does not call lua_yieldk and lua_error itself: those throw, and through JavaScript that is dear.
 */
export type HostFunction = (L: State) => number;

/** What a host function answers to yield without values, or to raise what is on top of the stack. */
export const YIELDS = -1;
export const RAISES = -2;

/**
 * The quick way of a host function that is called with two short strings, by their addresses, and a plain value or none:
 * for the tag of an integer the number, for that of a short string its address. Answers what the function answers; NOT_QUICK
 * to have it called in the usual way, with nothing done yet; or ANSWERS_TRUE for that as its result.
 */
export type QuickFunction = (L: State, first: Pointer, second: Pointer, tag: number, value: number) => number;

export const NOT_QUICK = 0;
export const ANSWERS_TRUE = -3;
const NEVER: QuickFunction = () => NOT_QUICK;

/** How finely code is preempted. For tests; the values left out are what is right for work. */
export interface Slicing {
  /** How many instructions a process may run before others have their turn. */
  readonly sliceInstructions?: number | undefined;
  /** How many instructions pass between two looks at whether the slice is used up. */
  readonly hookInstructions?: number | undefined;
}

/** Where an object of Lua is, which something else keeps alive, and of which kind. */
export interface Pin {
  readonly address: Pointer;
  readonly tag: number;
}

/** One lua_State with an exact limit. */
export interface Heap {
  /** The main thread. */
  readonly L: State;
  /** Where the companion keeps its accounts. */
  readonly accounts: Pointer;
}

/** Whether a number is an integer of 32 bits; -0, whose bits are those of 0, is none. */
export function isSmallInteger(value: number): boolean {
  const low = value | 0;
  return low === value && (low !== 0 || Object.is(value, 0));
}

function full(): Error {
  return new Error("the memory of the Lua VM is full");
}

const encoder = new TextEncoder();
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const wideDecoder = new TextDecoder("utf-16le", { fatal: false, ignoreBOM: true });
const lenientDecoder = new TextDecoder("utf-8", { fatal: false, ignoreBOM: true });

/** Compiled once per thread, whatever number of instances there are. */
export class LuaModule {
  readonly glue: WebAssembly.Module;
  readonly companion: WebAssembly.Module;
  /** The module behind which a JavaScript function becomes a `(i32) -> i32` of the function table. */
  readonly adapter: WebAssembly.Module;

  /** @param glue the bytes of glue.wasm, already checked. */
  constructor(glue: Uint8Array) {
    this.glue = new WebAssembly.Module(changedVm(glue));
    this.companion = new WebAssembly.Module(new Uint8Array(companionBytes));
    this.adapter = new WebAssembly.Module(new Uint8Array(adapterBytes));
  }
}

/** One WASM instance. */
export class LuaVm {
  /** The raw C API. */
  readonly api: Exports;
  readonly #module: LuaModule;
  readonly #companion: Companion;
  /** The raw C API as WebAssembly modules import it. */
  readonly #lua: Record<string, unknown>;
  readonly #nowMs: () => number;
  readonly #fullBytes: number;
  readonly #sliceInstructions: number;
  readonly #hookInstructions: number;
  readonly #texts = new ShortTexts();
  readonly #cells: number;
  readonly #hook: number;
  readonly #allocate: number;
  readonly #numeric: number;
  readonly #answered: number;
  readonly #length: Pointer;
  readonly #scratch: Pointer;
  readonly #functions: { readonly charge: number; readonly enter: number; readonly leave: number };
  /** The memory as bytes. Another array after each growth, so nobody keeps it. */
  bytes: Uint8Array;
  /** The memory as words, of four bytes each; likewise. */
  words: Int32Array;
  #doubles: Float64Array;
  #dumped: Uint8Array[] | null = null;
  /** How long the slice has taken, and when that was looked at. */
  #spentMs = 0;
  #lookedMs = 0;
  #longjmps = 0;
  readonly #longjmp = (): never => {
    this.#longjmps++;
    throw LONGJMP;
  };
  /** What `save` notes things in, to be used again. */
  readonly #saved: number[][] = [];
  /** Set when something came out of the VM that must not: nothing more may run in it. */
  isBroken = false;
  /** Set when the memory has grown beyond what it should: its largest heap has to go (S11.37). */
  hasOutgrown = false;

  /**
   * @param nowMs a clock that never goes back, in milliseconds.
   * @param fullBytes how large the memory should get at most.
   */
  constructor(module: LuaModule, nowMs: () => number, fullBytes: number, slicing: Slicing = {}) {
    this.#module = module;
    this.#nowMs = nowMs;
    this.#fullBytes = fullBytes;
    this.#sliceInstructions = slicing.sliceInstructions ?? SLICE_INSTRUCTIONS;
    this.#hookInstructions = slicing.hookInstructions ?? HOOK_INSTRUCTIONS;
    this.api = this.#instantiate();
    this.bytes = new Uint8Array(this.api.memory.buffer);
    this.words = new Int32Array(this.api.memory.buffer);
    this.#doubles = new Float64Array(this.api.memory.buffer);
    this.api.emscripten_stack_init();
    this.api.__wasm_call_ctors();
    this.#length = this.api.malloc(8);
    this.#scratch = this.api.malloc(SCRATCH_BYTES);
    const cells = this.api.malloc(CELLS * 4);
    this.#cells = cells >> 2;
    this.#lua = this.api as unknown as Record<string, unknown>;
    const lua = this.#lua;
    const host = { isSliceOver: () => this.#isSliceOver() };
    const exports = new WebAssembly.Instance(module.companion, { lua, host }).exports as unknown as Companion;
    this.#companion = exports;
    exports.init(cells, this.#spareBlocks());
    this.#hook = this.#addToTable(exports.hook);
    this.#allocate = this.#addToTable(exports.allocate);
    this.#numeric = this.#addToTable(exports.numeric);
    this.#answered = this.#addToTable(exports.answered);
    this.#functions = {
      charge: this.#addToTable(exports.charge),
      enter: this.#addToTable(exports.enter),
      leave: this.#addToTable(exports.leave),
    };
    const late = "time slice exceeded in a non-yieldable call";
    this.words.set(
      [
        0,
        0,
        0,
        0,
        0,
        0,
        this.#hook,
        this.text(late),
        this.text("process ended"),
        OVERDRAFT_INSTRUCTIONS,
        this.#hookInstructions,
        0,
        0,
        this.text("S"),
        0,
        0,
        this.text("stack overflow"),
        0,
        0,
        0,
      ],
      this.#cells,
    );
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Memory

  /** Where the companion's allocator keeps small blocks that were freed, none at first; see companion.wat. */
  #spareBlocks(): Pointer {
    const at = this.api.malloc(SPARE_BYTES);
    this.bytes.fill(0, at, at + SPARE_BYTES);
    return at;
  }

  /** How large the memory is. It never shrinks. */
  get memoryBytes(): number {
    return this.api.memory.buffer.byteLength;
  }

  /** How often Lua has left a function by an exception: to raise an error, or to yield; for tests. */
  get longjmps(): number {
    return this.#longjmps;
  }

  /** How many entries the function table has; for a test that nothing leaks. */
  get functionTableLength(): number {
    return this.api.__indirect_function_table.length;
  }

  /** Puts a text into memory for good, with a zero at its end. */
  text(text: string): Pointer {
    return this.#encode(text).at;
  }

  /**
   * A text as UTF-8 in a block of its own, with a zero behind it. It goes there directly: any array of bytes that is
   * made in JavaScript while the memory's own is new makes V8 collect all that is young, twice.
   */
  #encode(text: string): { at: Pointer; length: number } {
    const at = this.#block(text.length + 1);
    const { read, written } = encoder.encodeInto(text, this.bytes.subarray(at, at + text.length));
    if (read === text.length) {
      this.bytes[at + written] = 0;
      return { at, length: written };
    }
    // It is not ASCII alone: three bytes at most for each unit that is left.
    const rest = text.slice(read);
    this.charge(rest.length >> 3);
    const whole = this.api.malloc(written + rest.length * 3 + 1);
    if (whole !== 0) this.bytes.copyWithin(whole, at, at + written);
    this.api.free(at);
    if (whole === 0) throw full();
    const from = whole + written;
    const length = written + encoder.encodeInto(rest, this.bytes.subarray(from, from + rest.length * 3)).written;
    this.bytes[whole + length] = 0;
    return { at: whole, length };
  }

  /** Bytes outside of all heaps, until they are freed. */
  #block(bytes: number): Pointer {
    const at = this.api.malloc(bytes);
    if (at === 0) throw full();
    return at;
  }

  /** Makes the memory hold so many bytes, in a large step; 1 if it does now. */
  #grow(neededBytes: number): number {
    const needed = neededBytes >>> 0;
    if (needed > MAX_BYTES) return 0;
    const { memory } = this.api;
    const present = memory.buffer.byteLength;
    const step = Math.min(GROWTH.mostBytes, Math.max(GROWTH.leastBytes, present * GROWTH.share));
    const wanted = Math.min(MAX_BYTES, Math.max(needed, present + step));
    for (const bytes of [wanted, needed]) {
      try {
        memory.grow(Math.ceil((bytes - present) / PAGE_BYTES));
        this.hasOutgrown ||= bytes > this.#fullBytes;
        // It grows here and nowhere else, so the views are never old.
        this.bytes = new Uint8Array(memory.buffer);
        this.words = new Int32Array(memory.buffer);
        this.#doubles = new Float64Array(memory.buffer);
        return 1;
      } catch {
        // The machine has no more; perhaps it has the little that is needed.
      }
    }
    return 0;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Heaps

  /** Opens a heap with all of Lua's libraries; `null` when there is no memory for it. */
  openHeap(limitBytes: number): Heap | null {
    const accounts = this.api.malloc(ACCOUNTS * 4);
    if (accounts === 0) return null;
    this.words.set([0, limitBytes, 0, 0, 0, 0, limitBytes / 3], accounts >> 2);
    const L = this.api.lua_newstate(this.#allocate, accounts);
    if (L === 0) {
      this.api.free(accounts);
      return null;
    }
    const heap = { L, accounts };
    this.words[(accounts >> 2) + GLOBALS] = this.#globalsOf(heap);
    this.use(heap);
    if (!this.#isLayoutKnown) this.#checkLayout(heap);
    this.api.luaL_openlibs(L);
    return heap;
  }

  /** Where Lua keeps the global state of a heap: the companion sets two of its flags, so the layout must be the known one. */
  #globalsOf({ L, accounts }: Heap): Pointer {
    const { words, bytes } = this;
    const at = words[(L + GLOBAL_STATE) >> 2] as number;
    const isKnown =
      words[at >> 2] === this.#allocate &&
      words[(at >> 2) + 1] === accounts &&
      bytes[at + GC_PAUSE] === USUAL_PAUSE &&
      bytes[at + GC_PAUSE + 1] === USUAL_STEP;
    if (!isKnown) throw new Error("the global state of this Lua VM is not laid out as expected");
    return at;
  }

  #isLayoutKnown = false;

  /** Makes sure that slots, strings and tables lie in memory as is taken for granted here and in the companion. */
  #checkLayout(heap: Heap): void {
    const { api } = this;
    const { L } = heap;
    const top = api.lua_gettop(L);
    api.lua_pushinteger(L, -5_000_000_000n);
    api.lua_pushnumber(L, 0.5);
    api.lua_pushboolean(L, 0);
    api.lua_pushboolean(L, 1);
    api.lua_pushnil(L);
    this.pushString(L, "short");
    this.pushString(L, "long".repeat(20));
    const isRead =
      this.top(L) === top + 7 &&
      this.number(L, top + 1) === -5_000_000_000 &&
      this.number(L, top + 2) === 0.5 &&
      !this.boolean(L, top + 3) &&
      this.boolean(L, top + 4) &&
      this.type(L, top + 5) === NIL &&
      this.type(L, top + 8) === NONE &&
      this.string(L, -2) === "short" &&
      this.string(L, -1) === "long".repeat(20);
    const short = this.address(L, -2);
    this.pushNil(L);
    this.pushBoolean(L, true);
    this.pushFloat(L, -0.25);
    this.#pushInteger(L, -5_000_000_000);
    const isWritten =
      api.lua_gettop(L) === top + 11 &&
      api.lua_type(L, -4) === NIL &&
      api.lua_toboolean(L, -3) === 1 &&
      api.lua_tonumberx(L, -2, 0) === -0.25 &&
      api.lua_tointegerx(L, -1, 0) === -5_000_000_000n;
    api.lua_createtable(L, 0, 0);
    const metatable = this.addressOf(L);
    this.#pushInteger(L, 7);
    const counted = this.#countedBytes(heap);
    this.makeTriple(L, short, 0, metatable);
    const isCounted = this.#countedBytes(heap) === counted;
    const triple = this.addressOf(L);
    const isWhite = ((this.bytes[triple + MARKED] as number) & WHITE) !== 0;
    const types = [1, 2, 3].map((n) => this.getAt(L, top + 13, n));
    api.lua_createtable(L, 3, 0);
    const isTriple = this.#isLaidOutAs(triple, this.addressOf(L));
    this.pop(L, 1);
    const isMade =
      isWhite &&
      isTriple &&
      isCounted &&
      api.lua_gettop(L) === top + 16 &&
      types.join() === [STRING, NIL, NUMBER].join() &&
      this.string(L, top + 14) === "short" &&
      api.lua_getmetatable(L, top + 13) !== 0 &&
      api.lua_rawequal(L, -1, top + 12) !== 0;
    api.lua_settop(L, top);
    if (
      !isRead ||
      !isWritten ||
      !isMade ||
      !this.#isYieldKnown(L) ||
      !this.#isHookKnown(L) ||
      !this.#areObjectsKnown(L) ||
      !this.#yieldsByReturn(heap)
    ) {
      throw new Error("the values of this Lua VM are not laid out as expected");
    }
    this.#isLayoutKnown = true;
  }

  /** How many bytes more Lua counts in its global state (totalbytes and GCdebt) than the allocator. */
  #countedBytes(heap: Heap): number {
    const at = this.#globalsOf(heap) >> 2;
    return (this.words[at + 2] as number) + (this.words[at + 3] as number) - this.usedBytes(heap);
  }

  /** Whether two tables have the same variant, flags, sizes and hash part. */
  #isLaidOutAs(one: Pointer, other: Pointer): boolean {
    const { bytes, words } = this;
    const isSame = [4, 6, 7].every((offset) => bytes[one + offset] === bytes[other + offset]);
    return isSame && [8, 16, 20].every((offset) => words[(one + offset) >> 2] === words[(other + offset) >> 2]);
  }

  /** Whether lua_yieldk writes what the adapter writes in its stead, and whether a coroutine goes on after that. */
  #isYieldKnown(L: State): boolean {
    const { api } = this;
    const seen = { call: 0, protection: 0 };
    const yields = (co: State): number => {
      seen.call = this.words[(co + CALL) >> 2] as Pointer;
      seen.protection = this.words[(co + PROTECTED) >> 2] as Pointer;
      return api.lua_yieldk(co, 1, 4711, 4712);
    };
    const resumed = (fn: HostFunction): State => {
      const co = api.lua_newthread(L);
      api.lua_pushcclosure(co, this.addFunction(fn), 0);
      api.lua_resume(co, L, 0, this.#length);
      return co;
    };
    const theirs = resumed(yields);
    const { words, bytes } = this;
    const isSame =
      bytes[theirs + STATUS] === YIELDED &&
      words[(seen.call + CALL_YIELDED) >> 2] === 1 &&
      words[(seen.call + CALL_CONTEXT) >> 2] === 4711 &&
      words[(seen.call + CALL_CONTINUATION) >> 2] === 4712 &&
      words[(seen.protection + PROTECTED_STATUS) >> 2] === YIELDED;
    const ours = resumed(() => YIELDS);
    const hasYielded = api.lua_status(ours) === YIELDED && this.results === 0;
    const goesOn = api.lua_resume(ours, L, 0, this.#length) === OK;
    this.pop(L, 2);
    return isSame && hasYielded && goesOn;
  }

  /** Whether tables and userdata lie in memory as is taken for granted here. */
  #areObjectsKnown(L: State): boolean {
    const { api } = this;
    const top = api.lua_gettop(L);
    api.lua_createtable(L, 3, 1);
    for (let n = 1; n <= 3; n++) {
      this.#pushInteger(L, n * 10);
      this.setAt(L, -2, n);
    }
    this.pushFloat(L, 0.5);
    this.setField(L, -2, "short");
    const table = this.addressOf(L);
    const numbers: unknown[] = [];
    this.takeNumbers(this.elementAt(table, 1), this.arraySize(table), numbers);
    const entry = this.entryAt(table, 1);
    const isRead =
      numbers.join() === "10,20,30" &&
      this.entryCount(table) === 1 &&
      this.keyType(entry) === STRING &&
      this.stringKey(entry) === "short" &&
      this.numberAt(entry) === 0.5 &&
      this.listLength(table) === 0 &&
      this.metatableOf(table) === 0;
    api.lua_createtable(L, 0, 2);
    for (let n = 2; n >= 1; n--) {
      this.pushTable(L, table);
      this.setAt(L, -2, n);
    }
    const list = this.addressOf(L);
    api.lua_pushvalue(L, -1);
    api.lua_setmetatable(L, -2);
    const second = this.entryAt(list, 2);
    const isList =
      this.listLength(list) === 2 &&
      this.metatableOf(list) === list &&
      this.arraySize(list) === 0 &&
      this.isIntegerKey(second) &&
      [1, 2].includes(Number(this.numberKey(second))) &&
      this.objectAt(second) === table;
    const content = api.lua_newuserdatauv(L, 8, 1);
    this.pushBoolean(L, true);
    api.lua_setiuservalue(L, -2, 1);
    const userdata = this.addressOf(L);
    const isUserdata = this.contentOf(userdata) === content && this.booleanAt(this.userValueOf(userdata));
    api.lua_settop(L, top);
    return isRead && isList && isUserdata;
  }

  /** Whether lua_sethook writes what the companion writes in its stead. */
  #isHookKnown(L: State): boolean {
    const { api, words } = this;
    const co = api.lua_newthread(L);
    const isFree = words[(co + HOOK_MASK) >> 2] === 0;
    api.lua_sethook(co, this.#hook, LUA_MASKCOUNT, 4711);
    const isSame =
      words[(co + HOOK_MASK) >> 2] === LUA_MASKCOUNT &&
      words[(co + HOOK_PERIOD) >> 2] === 4711 &&
      words[(co + HOOK_LEFT) >> 2] === 4711;
    this.pop(L, 1);
    return isFree && isSame;
  }

  /** Whether host functions yield without an exception where only functions of Lua have called them, in a tail call too. */
  #yieldsByReturn(heap: Heap): boolean {
    const { L } = heap;
    const before = this.#longjmps;
    this.beginSlice();
    const co = this.api.lua_newthread(L);
    this.load(co, "local f = ... local a = f(1) local function g() return f() end return a, g(2), 5", "=check");
    this.api.lua_pushcclosure(
      co,
      this.addFunction(() => YIELDS),
      0,
    );
    const first = this.resume(heap, co, 1) === YIELDED && this.results === 0;
    this.pushFloat(co, 3);
    const second = this.resume(heap, co, 1) === YIELDED && this.results === 0;
    this.pushFloat(co, 4);
    const ends = this.resume(heap, co, 1) === OK && this.results === 3;
    const given = [-3, -2, -1].map((index) => this.number(co, index)).join();
    this.pop(L, 1);
    return first && second && ends && given === "3,4,5" && this.#longjmps === before;
  }

  /** Gives a heap back whole. Nothing of it may run any more. */
  closeHeap(heap: Heap): void {
    this.use(heap);
    this.api.lua_close(heap.L);
    this.api.free(heap.accounts);
    this.words[this.#cells + HEAP] = 0;
  }

  /** The heap that runs from now on: whose accounts decide how often the hook looks. */
  use(heap: Heap): void {
    this.words[this.#cells + HEAP] = heap.accounts;
    this.words[this.#cells + CURRENT] = 0;
  }

  /** How many bytes a heap holds. */
  usedBytes(heap: Heap): number {
    return this.words[(heap.accounts >> 2) + USED] as number;
  }

  /** Sets the limit of a heap, in bytes. */
  setLimit(heap: Heap, limitBytes: number): void {
    this.words[(heap.accounts >> 2) + LIMIT] = limitBytes;
    this.words[(heap.accounts >> 2) + CROWDED] = limitBytes / 3;
  }

  /**
   * Has the collector of a heap do some of its work, a millisecond or two; whether a cycle has ended.
   *
   * @param collect Lua's own function for it, a reference.
   */
  collectSome(heap: Heap, collect: number): boolean {
    const { L } = heap;
    // A heap without room left is the one that needs this most: a refusal here could not be caught.
    this.isExempt = true;
    this.getReference(L, collect);
    this.pushString(L, "step");
    this.api.lua_pushnumber(L, 0);
    const status = this.api.lua_pcallk(L, 2, 1, 0, 0, 0);
    const hasEnded = status !== OK || this.api.lua_toboolean(L, -1) !== 0;
    this.pop(L, 1);
    this.isExempt = false;
    return hasEnded;
  }

  /** Whether an allocation was refused for good; the process that asked has to end. */
  isMemoryUsedUp(heap: Heap): boolean {
    return this.words[(heap.accounts >> 2) + DENIED] === 1;
  }

  /** Whether allocations are not refused for now: those of host functions, which nothing could catch. */
  get isExempt(): boolean {
    return this.words[this.#cells + EXEMPT] === 1;
  }

  set isExempt(exempt: boolean) {
    this.words[this.#cells + EXEMPT] = exempt ? 1 : 0;
  }

  /** Whether a heap holds more than it may, as it can after what a host function has put there. */
  isOverLimit(heap: Heap): boolean {
    const at = heap.accounts >> 2;
    return (this.words[at + USED] as number) >>> 0 > (this.words[at + LIMIT] as number) >>> 0;
  }

  /** Forgets a refusal, when the process that asked has ended. */
  forgiveRefusal(heap: Heap): void {
    this.words[(heap.accounts >> 2) + DENIED] = 0;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Running

  /** Begins a slice: so many instructions until the hook gives the turn back. */
  beginSlice(): void {
    const { words } = this;
    const at = this.#cells;
    words[at + LEFT] = this.#sliceInstructions;
    words[at + OVERDRAFT] = 0;
    words[at + SLOW] = 0;
    this.#spentMs = 0;
    this.#lookedMs = 0;
  }

  /**
   * Whether the slice has lasted long enough by the clock: 0 no, 1 yes, 2 even for what cannot yield. Counted from the
   * first time that this is asked in it.
   */
  #isSliceOver(): number {
    const now = this.#nowMs();
    const passedMs = this.#lookedMs === 0 ? 0 : now - this.#lookedMs;
    this.#lookedMs = now;
    if (passedMs > SLOW_MS) this.words[this.#cells + SLOW] = 1;
    this.#spentMs += Math.min(passedMs, COUNTED_MS);
    if (this.#spentMs < SLICE_MS) return 0;
    return this.#spentMs < SLICE_MS + OVERDRAFT_MS ? 1 : 2;
  }

  /** How many instructions are left of the slice; negative past its end. */
  get left(): number {
    return this.words[this.#cells + LEFT] as number;
  }

  /** Has the hook watch a coroutine. Those it makes inherit that. */
  watch(co: State): void {
    this.api.lua_sethook(co, this.#hook, LUA_MASKCOUNT, this.#hookInstructions);
  }

  /**
   * Runs a coroutine until it yields, ends or fails.
   *
   * @param args how many arguments lie on its stack.
   * @returns OK, YIELDED, or the number of an error. What it gave lies on its stack: `results` values.
   */
  resume(heap: Heap, co: State, args: number): number {
    try {
      return this.#companion.resume(heap.accounts, heap.L, co, args, this.#length);
    } catch (cause) {
      this.isBroken = true;
      throw cause;
    }
  }

  /**
   * Runs a coroutine of a process, as `resume` does, in what is left of the slice; what it has cost is `spent` afterwards.
   *
   * @param cost what that costs besides, in instructions' worth.
   * @returns also NO_MEMORY when an allocation was refused, or the heap holds more than it may.
   */
  run(heap: Heap, co: State, args: number, cost: number): number {
    try {
      return this.#companion.run(heap.accounts, heap.L, co, args, this.#length, cost);
    } catch (cause) {
      this.isBroken = true;
      throw cause;
    }
  }

  /** What the last `run` has cost, in instructions. */
  get spent(): number {
    return this.words[this.#cells + SPENT] as number;
  }

  /** How many values the last `resume` or `run` gave. */
  get results(): number {
    return this.words[this.#length >> 2] as number;
  }

  /** Whether the last yield was no wait of the program but the end of its slice. */
  get wasPreempted(): boolean {
    return this.words[this.#cells + PREEMPTED] === 1;
  }

  /** Whether a yield of a coroutine that runs would reach the scheduler: not from within a comparison of `table.sort`. */
  canYield(L: State): boolean {
    return this.#companion.canYield(L) !== 0;
  }

  /** Lets the code that runs go no further than one instruction; for a process that ends itself. */
  stop(): void {
    this.words[this.#cells + STOP] = 1;
    this.#companion.lookSoon();
  }

  /** What was running when a host function began to run something else, to come back to; see `restore`. */
  save(): number[] {
    const saved = this.#saved.pop() ?? new Array(CELLS + 1).fill(0);
    const { words } = this;
    const at = this.#cells;
    for (let i = 0; i < CELLS; i++) saved[i] = words[at + i] as number;
    saved[CELLS] = words[this.#length >> 2] as number;
    return saved;
  }

  /** Comes back to what `save` has noted, once. */
  restore(saved: number[]): void {
    const { words } = this;
    const at = this.#cells;
    for (let i = 0; i < CELLS; i++) words[at + i] = saved[i] as number;
    words[this.#length >> 2] = saved[CELLS] as number;
    this.#saved.push(saved);
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Functions and chunks

  /**
   * Makes a function of JavaScript callable from Lua, for the life of the instance; its place in the function table. While
   * it runs no allocation is refused.
   *
   * @param cost what a call costs, in instructions' worth.
   * @param quickly its quick way, if it has one.
   */
  addFunction(fn: HostFunction, cost = 0, quickly: QuickFunction | null = null): number {
    const { canReturn, lookSoon } = this.#companion;
    const { exports } = new WebAssembly.Instance(this.#module.adapter, {
      lua: this.#lua,
      companion: { canReturn, lookSoon },
      host: { function: fn, quickly: quickly ?? NEVER, longjmp: this.#longjmp, cells: this.#cells << 2, cost },
    });
    return this.#addToTable(quickly === null ? exports.function : exports.quickly);
  }

  /**
   * Makes of two functions on top of the stack, one of C and one of Lua, a function of numbers: C has it where there is
   * little to do and nothing to call, see companion.wat.
   */
  makeNumeric(L: State): void {
    this.pushNumber(L, this.#answered);
    this.api.lua_pushcclosure(L, this.#numeric, 3);
  }

  /** The companion's functions, as places in the function table: `charge(n)`, `enter(co)`, `leave()`. */
  get companionFunctions(): Readonly<Record<"charge" | "enter" | "leave", number>> {
    return this.#functions;
  }

  /**
   * Compiles a chunk and pushes it; what is wrong with it is pushed instead.
   *
   * @param mode "t" for text, "b" for what `dump` has made.
   * @returns whether it compiled.
   */
  load(L: State, chunk: string | Uint8Array, name: string, mode: "t" | "b" = "t"): boolean {
    const { at, length } = typeof chunk === "string" ? this.#encode(chunk) : this.#copied(chunk);
    const nameAt = this.text(name);
    const modeAt = this.text(mode);
    const status = this.api.luaL_loadbufferx(L, at, length, nameAt, modeAt);
    this.api.free(at);
    this.api.free(nameAt);
    this.api.free(modeAt);
    return status === OK;
  }

  /**
   * The bytecode of the function on top of the stack, which `load` takes in any heap.
   *
   * @param stripped without names and lines, which is a fraction of the size.
   */
  dump(L: State, stripped: boolean): Uint8Array {
    this.#dumped = [];
    this.api.lua_dump(L, this.#writer(), 0, stripped ? 1 : 0);
    const parts = this.#dumped;
    this.#dumped = null;
    const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
    let at = 0;
    for (const part of parts) {
      whole.set(part, at);
      at += part.length;
    }
    return whole;
  }

  #writerIndex = 0;

  #writer(): number {
    if (this.#writerIndex === 0) {
      const write = (_L: State, at: Pointer, bytes: number) => {
        this.#dumped?.push(this.bytes.slice(at, at + bytes));
        return 0;
      };
      this.#writerIndex = this.#addToTable(
        new WebAssembly.Instance(new WebAssembly.Module(new Uint8Array(WRITER_BYTES)), { e: { f: write } }).exports.f,
      );
    }
    return this.#writerIndex;
  }

  #addToTable(fn: unknown): number {
    const table = this.api.__indirect_function_table;
    const index = table.grow(1);
    table.set(index, fn);
    return index;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Values

  /** Where the slot of an index is; a pseudo-index has none. */
  #slot(L: State, index: number): Pointer {
    const { words } = this;
    const base = index > 0 ? words[(words[(L + CALL) >> 2] as Pointer) >> 2] : words[(L + TOP) >> 2];
    return (base as Pointer) + index * SLOT_BYTES;
  }

  /** How many values lie on the stack, which is the index of the topmost. */
  top(L: State): number {
    const { words } = this;
    const call = words[(L + CALL) >> 2] as Pointer;
    return ((words[(L + TOP) >> 2] as Pointer) - (words[call >> 2] as Pointer)) / SLOT_BYTES - 1;
  }

  /** An index counted from the bottom, which stays good when more is pushed. */
  absolute(L: State, index: number): number {
    return index < 0 ? this.top(L) + index + 1 : index;
  }

  /** The type of the value at an index. */
  type(L: State, index: number): number {
    const slot = this.#slot(L, index);
    return slot < (this.words[(L + TOP) >> 2] as Pointer) ? (this.bytes[slot + TAG] as number) & TYPE_OF_TAG : NONE;
  }

  /** Whether the value at an index is an integer. */
  isInteger(L: State, index: number): boolean {
    return this.#tag(L, index) === INTEGER_TAG;
  }

  /** Whether the value at an index is a float that could be an integer. */
  isIntegralFloat(L: State, index: number): boolean {
    const slot = this.#slot(L, index);
    return this.#tag(L, index) === FLOAT_TAG && Number.isSafeInteger(this.#doubles[slot >> 3]);
  }

  /** Whether the value at an index is neither nil nor false. */
  boolean(L: State, index: number): boolean {
    const tag = this.#tag(L, index);
    return tag !== FALSE_TAG && (tag & TYPE_OF_TAG) !== NIL;
  }

  /** The type and variant of the value at an index; that of nil where there is none. */
  #tag(L: State, index: number): number {
    const slot = this.#slot(L, index);
    return slot < (this.words[(L + TOP) >> 2] as Pointer) ? (this.bytes[slot + TAG] as number) : NIL;
  }

  /** Takes all values off the stack, among which is no variable that is to be closed. */
  clear(L: State): void {
    const { words } = this;
    const call = words[(L + CALL) >> 2] as Pointer;
    words[(L + TOP) >> 2] = (words[call >> 2] as Pointer) + SLOT_BYTES;
  }

  /** Takes so many values off the stack, among which is no variable that is to be closed. */
  pop(L: State, count: number): void {
    (this.words[(L + TOP) >> 2] as Pointer) -= count * SLOT_BYTES;
  }

  /** Makes room for one value more on the stack: its slot. */
  #push(L: State, tag: number): Pointer {
    const slot = this.words[(L + TOP) >> 2] as Pointer;
    this.words[(L + TOP) >> 2] = slot + SLOT_BYTES;
    this.bytes[slot + TAG] = tag;
    return slot;
  }

  pushNil(L: State): void {
    this.#push(L, NIL);
  }

  pushBoolean(L: State, value: boolean): void {
    this.#push(L, value ? TRUE_TAG : FALSE_TAG);
  }

  #pushInteger(L: State, value: number): void {
    const at = this.#push(L, INTEGER_TAG) >> 2;
    this.words[at] = value;
    this.words[at + 1] = Math.floor(value / 2 ** 32);
  }

  /** What is on top of the stack, an object that something keeps alive, to be pushed again. */
  pin(L: State): Pin {
    return { address: this.addressOf(L), tag: this.#tag(L, -1) };
  }

  pushPinned(L: State, { address, tag }: Pin): void {
    this.words[this.#push(L, tag) >> 2] = address;
  }

  /** The address of the object on top, good as long as that lives: nothing moves in a heap of Lua. */
  addressOf(L: State): Pointer {
    return this.words[this.#slot(L, -1) >> 2] as Pointer;
  }

  /** The string at an index as text, or as bytes where it is not UTF-8. The value must be a string or a number. */
  string(L: State, index: number): string | Uint8Array {
    const string = this.address(L, index);
    return this.#text(string, this.isShortString(L, index));
  }

  #text(string: Pointer, isShort: boolean): string | Uint8Array {
    const at = string + CONTENTS;
    const length = this.#stringBytes(string, isShort);
    if (length <= SHORT_TEXT_BYTES) return this.#texts.read(this.bytes, at, length) ?? this.#decoded(at, length);
    return this.#decoded(at, length);
  }

  #stringBytes(string: Pointer, isShort: boolean): number {
    return isShort
      ? (this.bytes[string + SHORT_LENGTH] as number)
      : (this.words[(string + LONG_LENGTH) >> 2] as number);
  }

  #decoded(at: Pointer, length: number): string | Uint8Array {
    this.charge(length >> 4); // about 1 GB a second
    if (this.#isWide(at, length)) return this.#decodedWide(at, length);
    const part = this.bytes.subarray(at, at + length);
    try {
      return strictDecoder.decode(part);
    } catch {
      return part.slice();
    }
  }

  /** Of long text beyond ASCII: what V8 11 takes three times as long for as the way by UTF-16. */
  #decodedWide(at: Pointer, length: number): string | Uint8Array {
    this.charge(length >> 3);
    const to = this.#block(2 * length);
    try {
      const bytes = this.#widen(at, length, to);
      return bytes < 0 ? this.bytes.slice(at, at + length) : wideDecoder.decode(this.bytes.subarray(to, to + bytes));
    } finally {
      this.api.free(to);
    }
  }

  /** As `widen` of the companion, a part at a time: what V8 has compiled better meanwhile it takes at the next call. */
  #widen(at: Pointer, length: number, to: Pointer): number {
    let written = 0;
    for (let read = 0; read < length; ) {
      let part = Math.min(length - read, WIDENED_BYTES);
      // Not in the middle of a character.
      const longest = part;
      while (read + part < length && part > longest - 4 && ((this.bytes[at + read + part] as number) & 0xc0) === 0x80)
        part--;
      const bytes = this.#companion.widen(at + read, part, to + written);
      if (bytes < 0) return bytes;
      read += part;
      written += bytes;
    }
    return written;
  }

  /**
   * The address of the string at an index: for a short string, which one it is as long as it lives. A number becomes a
   * string there.
   */
  address(L: State, index: number): Pointer {
    const tag = this.#tag(L, index);
    if (tag !== SHORT_STRING_TAG && tag !== LONG_STRING_TAG) this.api.lua_tolstring(L, index, 0);
    return this.words[this.#slot(L, index) >> 2] as Pointer;
  }

  /** The address of the string at an index if Lua keeps one copy of it; 0 for any other value. */
  shortString(L: State, index: number): Pointer {
    const slot = this.#slot(L, index);
    if (slot >= (this.words[(L + TOP) >> 2] as Pointer) || this.bytes[slot + TAG] !== SHORT_STRING_TAG) return 0;
    return this.words[slot >> 2] as Pointer;
  }

  /** Whether the value at an index is a string of which Lua keeps one copy. */
  isShortString(L: State, index: number): boolean {
    return this.#tag(L, index) === SHORT_STRING_TAG;
  }

  /**
   * The string at an index as text for people: what is not UTF-8 is replaced, and of text beyond ASCII what follows the
   * first mebibyte is left out.
   */
  shownString(L: State, index: number): string {
    const at = this.api.lua_tolstring(L, index, this.#length);
    if (at === 0) return "";
    const length = this.words[this.#length >> 2] as number;
    this.charge(length >> 4);
    const bytes = this.#isWide(at, length) ? Math.min(length, MOST_SHOWN_BYTES) : length;
    const text = lenientDecoder.decode(this.bytes.subarray(at, at + bytes));
    return length === bytes ? text : `${text}… (${length - bytes} bytes more)`;
  }

  pushString(L: State, text: string): void {
    if (text.length <= SHORT_TEXT_BYTES) {
      const { bytes } = this;
      const at = this.#scratch;
      let i = 0;
      for (let code = 0; i < text.length; i++) {
        code = text.charCodeAt(i);
        if (code > 127) break;
        bytes[at + i] = code;
      }
      if (i === text.length) {
        this.api.lua_pushlstring(L, at, i);
        return;
      }
    }
    if (text.length * 3 <= SCRATCH_BYTES) {
      const into = this.bytes.subarray(this.#scratch, this.#scratch + SCRATCH_BYTES);
      this.api.lua_pushlstring(L, this.#scratch, encoder.encodeInto(text, into).written);
    } else this.#pushBlock(L, this.#encode(text));
  }

  pushBytes(L: State, bytes: Uint8Array): void {
    this.#pushBlock(L, this.#copied(bytes));
  }

  #copied(bytes: Uint8Array): { at: Pointer; length: number } {
    const at = this.#block(bytes.length + 1);
    this.bytes.set(bytes, at);
    return { at, length: bytes.length };
  }

  /** Pushes what lies in a block, which is given back. */
  #pushBlock(L: State, { at, length }: { at: Pointer; length: number }): void {
    this.charge(length >> 4);
    try {
      this.api.lua_pushlstring(L, at, length);
    } finally {
      this.api.free(at);
    }
  }

  /**
   * Pushes a userdata that gets a metatable with a finalizer next; where its contents are.
   *
   * When the collector begins to sweep while such an object is made, Lua frees at once all that is dead behind it,
   * however much that is, and does not note it: each cycle comes later than the last, until the heap is full of garbage.
   * So it does its work while something is made that gets no finalizer.
   */
  pushUserdata(L: State, bytes: number): Pointer {
    const { api } = this;
    const debt = this.words[((this.words[(L + GLOBAL_STATE) >> 2] as Pointer) + DEBT) >> 2] as number;
    if (debt + bytes + USERDATA_BYTES > 0) {
      api.lua_newuserdatauv(L, bytes + USERDATA_BYTES, 0);
      this.pop(L, 1);
    }
    return api.lua_newuserdatauv(L, bytes, 1);
  }

  /** Pushes a number that is a safe integer as an integer, any other as a float (S2.57). */
  pushNumber(L: State, value: number): void {
    // Most are small.
    if (isSmallInteger(value)) {
      const at = this.#push(L, INTEGER_TAG) >> 2;
      this.words[at] = value;
      this.words[at + 1] = value >> 31;
    } else if (Number.isSafeInteger(value) && !Object.is(value, -0)) this.#pushInteger(L, value);
    else this.pushFloat(L, value);
  }

  pushFloat(L: State, value: number): void {
    this.#doubles[this.#push(L, FLOAT_TAG) >> 3] = value;
  }

  /** Pushes element `n` of the table at an index, raw; its type. */
  getAt(L: State, index: number, n: number): number {
    return this.#companion.rawGetAt(L, index, n);
  }

  /** Pushes element `n` of the table that a reference stands for, raw. */
  getIn(L: State, reference: number, n: number): void {
    this.#companion.rawGetIn(L, reference, n);
  }

  /** Sets element `n` of the table at an index to the value on top, raw; takes that off. */
  setAt(L: State, index: number, n: number): void {
    this.#companion.rawSetAt(L, index, n);
  }

  /**
   * Makes the value on top a table of three: two short strings by their addresses, 0 for nil, and that value.
   *
   * @param metatable its metatable, by its address.
   */
  makeTriple(L: State, first: Pointer, second: Pointer, metatable: Pointer): void {
    this.#companion.triple(L, first, second, metatable);
  }

  /**
   * Pushes a function and its argument, a message: a table of three as `makeTriple` makes it. From now on nothing is refused
   * until something runs.
   *
   * @param tag what the payload is: the tag of nil, of a boolean, of an integer, which `value` is, or of a short string,
   *   whose address it is.
   */
  pushCall(
    L: State,
    handler: Pin,
    first: Pointer,
    second: Pointer,
    metatable: Pointer,
    tag: number,
    value: number,
  ): void {
    this.#companion.message(L, handler.address, handler.tag, first, second, metatable, tag, value);
  }

  /** Puts the payload of the message on top, which `makeTriple` or `pushCall` has made, before it. */
  spread(L: State): void {
    this.#companion.spread(L);
  }

  /** Pushes what a reference into the registry stands for; its type. */
  getReference(L: State, reference: number): number {
    return this.#companion.rawGetAt(L, REGISTRY, reference);
  }

  /** Whether the value on top is what a reference stands for. */
  isReference(L: State, reference: number): boolean {
    this.getReference(L, reference);
    const isSame = this.api.lua_rawequal(L, -1, -2) !== 0;
    this.pop(L, 1);
    return isSame;
  }

  /** The number at an index: a bigint if it is an integer that a number cannot hold. */
  number(L: State, index: number): number | bigint {
    return this.numberAt(this.#slot(L, index));
  }

  /** Pushes the integer whose decimal text this is. */
  pushDecimal(L: State, text: string): void {
    const value = Number(text);
    if (Number.isSafeInteger(value)) this.#pushInteger(L, value);
    else this.api.lua_pushinteger(L, BigInt(text));
  }

  /** Counts work that a host function did, in instructions' worth. */
  charge(instructions: number): void {
    const at = this.#cells + LEFT;
    const left = this.words[at] as number;
    this.words[at] = left - instructions;
    // Else the hook would come only after some more calls, each of which may be as expensive. Once is not enough: the
    // coroutine that was to be looked at may have ended before its next instruction, and others follow it in the slice.
    if (left <= instructions) this.#companion.lookSoon();
  }

  /** Sets a field of the table at an index to the value on top, which is taken off. */
  setField(L: State, index: number, name: string): void {
    const at = index < 0 ? index - 1 : index;
    this.pushString(L, name);
    this.api.lua_rotate(L, -2, 1);
    this.api.lua_rawset(L, at);
  }

  /** Pushes a field of the table at an index, looking at the table only. */
  getField(L: State, index: number, name: string): number {
    const at = index < 0 ? index - 1 : index;
    this.pushString(L, name);
    return this.api.lua_rawget(L, at);
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Values where they lie: in a slot of the stack, of a table or of a userdata. A slot is good as long as nothing is put
  // into what it belongs to; to read one makes nothing in the heap, so no collector comes in between.

  /** Where the value at an index lies. */
  slotOf(L: State, index: number): Pointer {
    return this.#slot(L, index);
  }

  /** The type of the value in a slot. */
  typeAt(slot: Pointer): number {
    return (this.bytes[slot + TAG] as number) & TYPE_OF_TAG;
  }

  /** Whether the boolean in a slot is true. */
  booleanAt(slot: Pointer): boolean {
    return this.bytes[slot + TAG] === TRUE_TAG;
  }

  /** The number in a slot: a bigint if it is an integer that a number cannot hold. */
  numberAt(slot: Pointer): number | bigint {
    if (this.bytes[slot + TAG] === FLOAT_TAG) return this.#doubles[slot >> 3] as number;
    return this.#integerAt(slot);
  }

  #integerAt(slot: Pointer): number | bigint {
    const low = this.words[slot >> 2] as number;
    const high = this.words[(slot >> 2) + 1] as number;
    // Most are small.
    if (high === low >> 31) return low;
    const value = high * 2 ** 32 + (low >>> 0);
    return Number.isSafeInteger(value) ? value : (BigInt(high) << 32n) | BigInt(low >>> 0);
  }

  /** Whether the value in a slot is a float that could be an integer. */
  isIntegralFloatAt(slot: Pointer): boolean {
    return this.bytes[slot + TAG] === FLOAT_TAG && Number.isSafeInteger(this.#doubles[slot >> 3]);
  }

  /** The string in a slot as text, or as bytes where it is not UTF-8. */
  stringAt(slot: Pointer): string | Uint8Array {
    return this.#text(this.words[slot >> 2] as Pointer, this.bytes[slot + TAG] === SHORT_STRING_TAG);
  }

  /** Of how many bytes the string in a slot is. */
  textBytesAt(slot: Pointer): number {
    return this.#stringBytes(this.words[slot >> 2] as Pointer, this.bytes[slot + TAG] === SHORT_STRING_TAG);
  }

  /** What the string in a slot takes to read: its bytes, and twice those of long text beyond ASCII. */
  textCostAt(slot: Pointer): number {
    return this.#textCost(this.words[slot >> 2] as Pointer, this.bytes[slot + TAG] === SHORT_STRING_TAG);
  }

  #textCost(string: Pointer, isShort: boolean): number {
    const bytes = this.#stringBytes(string, isShort);
    return this.#isWide(string + CONTENTS, bytes) ? 2 * bytes : bytes;
  }

  /** Whether this is long text beyond ASCII. */
  #isWide(at: Pointer, bytes: number): boolean {
    return bytes >= LONG_TEXT_BYTES && this.#companion.isAscii(at, bytes) === 0;
  }

  /** The string in a slot as text for people: what is not UTF-8 is replaced. */
  shownStringAt(slot: Pointer): string {
    const text = this.stringAt(slot);
    return typeof text === "string" ? text : lenientDecoder.decode(text);
  }

  /** The address of the object in a slot. */
  objectAt(slot: Pointer): Pointer {
    return this.words[slot >> 2] as Pointer;
  }

  /** Takes numbers from so many slots on end into a list, up to the first that is none or is to be noted; how many. */
  takeNumbers(slot: Pointer, count: number, list: unknown[]): number {
    const { bytes, words } = this;
    const doubles = this.#doubles;
    for (let i = 0, at = slot; i < count; i++, at += SLOT_BYTES) {
      const tag = bytes[at + TAG];
      if (tag === INTEGER_TAG) {
        const low = words[at >> 2] as number;
        if (words[(at >> 2) + 1] !== low >> 31) return i;
        list.push(low);
      } else if (tag === FLOAT_TAG) {
        const value = doubles[at >> 3] as number;
        if (Number.isSafeInteger(value)) return i;
        list.push(value);
      } else return i;
    }
    return count;
  }

  /** Pushes the table at an address. */
  pushTable(L: State, table: Pointer): void {
    this.words[this.#push(L, TABLE_TAG) >> 2] = table;
  }

  /** The address of the metatable of a table; 0 if it has none. */
  metatableOf(table: Pointer): Pointer {
    return this.words[(table + METATABLE) >> 2] as Pointer;
  }

  /** How many slots the array part of a table has. Its elements 1, 2, … lie in these; nil is one that is not there. */
  arraySize(table: Pointer): number {
    const limit = (this.words[(table + ARRAY_LIMIT) >> 2] as number) >>> 0;
    const isSize = ((this.bytes[table + FLAGS] as number) & LIMIT_IS_NO_SIZE) === 0 || (limit & (limit - 1)) === 0;
    return isSize ? limit : 2 ** (32 - Math.clz32(limit));
  }

  /** The slot of element `n` of a table, which its array part has. */
  elementAt(table: Pointer, n: number): Pointer {
    return (this.words[(table + ARRAY) >> 2] as Pointer) + (n - 1) * SLOT_BYTES;
  }

  /** How many entries the hash part of a table has room for. One whose value is nil is not there. */
  entryCount(table: Pointer): number {
    return 1 << (this.bytes[table + LOG_NODES] as number);
  }

  /** Entry `n` of the hash part of a table, from 1, in the order of `next`: where its value lies, too. */
  entryAt(table: Pointer, n: number): Pointer {
    return (this.words[(table + NODES) >> 2] as Pointer) + (n - 1) * NODE_BYTES;
  }

  /** The type of the key of an entry. */
  keyType(entry: Pointer): number {
    return (this.bytes[entry + KEY_TAG] as number) & TYPE_OF_TAG;
  }

  /** Whether the key of an entry is an integer. */
  isIntegerKey(entry: Pointer): boolean {
    return this.bytes[entry + KEY_TAG] === INTEGER_TAG;
  }

  /** The key of an entry, which is a number. */
  numberKey(entry: Pointer): number | bigint {
    const isFloat = this.bytes[entry + KEY_TAG] === FLOAT_TAG;
    return isFloat ? (this.#doubles[(entry + KEY) >> 3] as number) : this.#integerAt(entry + KEY);
  }

  /** `textCostAt` of the key of an entry, which is a string. */
  keyCost(entry: Pointer): number {
    return this.#textCost(this.words[(entry + KEY) >> 2] as Pointer, this.bytes[entry + KEY_TAG] === SHORT_STRING_TAG);
  }

  /** The key of an entry, which is a string, as text or as bytes. */
  stringKey(entry: Pointer): string | Uint8Array {
    const isShort = this.bytes[entry + KEY_TAG] === SHORT_STRING_TAG;
    return this.#text(this.words[(entry + KEY) >> 2] as Pointer, isShort);
  }

  /** How many elements a table has when its keys are exactly 1, 2, … and there are some; 0 for any other table. */
  listLength(table: Pointer): number {
    const { bytes } = this;
    const size = this.arraySize(table);
    const first = this.elementAt(table, 1);
    let count = this.#leading(first, size);
    if (count < size && this.#filled(first + count * SLOT_BYTES, size - count, SLOT_BYTES) > 0) return 0;
    let last = count;
    const entries = this.entryCount(table);
    if (entries >= MANY_SLOTS && this.#filled(this.entryAt(table, 1), entries, NODE_BYTES) === 0) return count;
    for (let i = 0, at = this.entryAt(table, 1); i < entries; i++, at += NODE_BYTES) {
      if (((bytes[at + TAG] as number) & TYPE_OF_TAG) === NIL) continue;
      if (bytes[at + KEY_TAG] !== INTEGER_TAG) return 0;
      const key = this.#integerAt(at + KEY);
      if (key < 1) return 0;
      count++;
      if (key > last) last = Number(key);
    }
    return count === last ? count : 0;
  }

  /** How many keys a table has. */
  countOf(table: Pointer): number {
    return (
      this.#filled(this.elementAt(table, 1), this.arraySize(table), SLOT_BYTES) +
      this.#filled(this.entryAt(table, 1), this.entryCount(table), NODE_BYTES)
    );
  }

  /** How many of so many slots come before the first that holds nil. */
  #leading(slots: Pointer, count: number): number {
    if (count >= MANY_SLOTS) return this.#companion.leading(slots, count);
    const { bytes } = this;
    let n = 0;
    while (n < count && ((bytes[slots + n * SLOT_BYTES + TAG] as number) & TYPE_OF_TAG) !== NIL) n++;
    return n;
  }

  /** How many of so many slots, each so many bytes after the one before, hold something. */
  #filled(slots: Pointer, count: number, slotBytes: number): number {
    if (count >= MANY_SLOTS) return this.#companion.filled(slots, count, slotBytes);
    const { bytes } = this;
    let filled = 0;
    for (let i = 0, at = slots; i < count; i++, at += slotBytes) {
      if (((bytes[at + TAG] as number) & TYPE_OF_TAG) !== NIL) filled++;
    }
    return filled;
  }

  /** The content of the userdata at an address, which has one value. */
  contentOf(userdata: Pointer): Pointer {
    return userdata + USER_VALUE + (this.bytes[userdata + USER_VALUES] as number) * SLOT_BYTES;
  }

  /** The slot of the value of the userdata at an address. */
  userValueOf(userdata: Pointer): Pointer {
    return userdata + USER_VALUE;
  }

  /** A readable stack of a coroutine. */
  traceback(L: State, of: State, level: number): string {
    this.api.luaL_traceback(L, of, 0, level);
    const text = this.shownString(L, -1);
    this.pop(L, 1);
    return text;
  }

  // -------------------------------------------------------------------------------------------------------------------

  #instantiate(): Exports {
    const nothing = () => 0;
    const refused = () => -52;
    const known: Record<string, unknown> = {
      abort: () => {
        throw new Error("the Lua VM has aborted");
      },
      exit: () => {
        throw new Error("the Lua VM has exited");
      },
      _emscripten_throw_longjmp: this.#longjmp,
      emscripten_resize_heap: (bytes: number) => this.#grow(bytes),
      emscripten_date_now: nothing,
      _emscripten_get_now_is_monotonic: nothing,
      strftime: nothing,
      system: () => -1,
      _mktime_js: nothing,
      _localtime_js: nothing,
      _gmtime_js: nothing,
      _tzset_js: nothing,
      fd_write: refused,
    };
    const imports: Record<string, Record<string, unknown>> = {};
    for (const { module, name } of WebAssembly.Module.imports(this.#module.glue)) {
      imports[module] ??= {};
      (imports[module] as Record<string, unknown>)[name] = known[name] ?? refused;
    }
    return new WebAssembly.Instance(this.#module.glue, imports).exports as unknown as Exports;
  }
}

/** A power of two: how many short texts are remembered. */
const REMEMBERED_TEXTS = 1_024;

/**
 * Short texts that have been read before: pids, topics and keys come again and again, and to compare bytes is several
 * times as fast as to make a string.
 */
class ShortTexts {
  readonly #texts: string[] = new Array(REMEMBERED_TEXTS).fill("");

  /** The text of these bytes; `null` when they are not ASCII. */
  read(bytes: Uint8Array, at: Pointer, length: number): string | null {
    let hash = length;
    for (let i = at; i < at + length; i++) hash = (Math.imul(hash, 31) + (bytes[i] as number)) | 0;
    const place = hash & (REMEMBERED_TEXTS - 1);
    const known = this.#texts[place] as string;
    if (isText(known, bytes, at, length)) return known;
    const codes: number[] = [];
    for (let i = at; i < at + length; i++) {
      const byte = bytes[i] as number;
      if (byte > 127) return null;
      codes.push(byte);
    }
    const text = String.fromCharCode(...codes);
    this.#texts[place] = text;
    return text;
  }
}

function isText(text: string, bytes: Uint8Array, at: Pointer, length: number): boolean {
  if (text.length !== length) return false;
  for (let i = 0; i < length; i++) if (text.charCodeAt(i) !== bytes[at + i]) return false;
  return true;
}

/** `(module (import "e" "f" (func (param i32 i32 i32 i32) (result i32))) (export "f" (func 0)))`, a lua_Writer. */
const WRITER_BYTES = [
  0, 97, 115, 109, 1, 0, 0, 0, 1, 9, 1, 0x60, 4, 0x7f, 0x7f, 0x7f, 0x7f, 1, 0x7f, 2, 7, 1, 1, 0x65, 1, 0x66, 0, 0, 7, 5,
  1, 1, 0x66, 0, 0,
];
