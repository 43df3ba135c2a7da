/**
 * Values of Lua as payloads and back (S2.37–S2.46, S2.56, S2.57).
 *
 * Reading makes the private copy in one pass; no metamethod runs. Pushing works off a list instead of recursing, since
 * what TypeScript sends may be nested to any depth.
 */
import {
  type ErrorKind,
  Float,
  Foreign,
  type Form,
  formOf,
  invalid,
  isLarge,
  Message,
  markLarge,
  ProcessError,
  setForm,
  textBytes,
} from "../../kernel/index.ts";
import type { Bag, Isolate, LuaReference } from "./isolate.ts";
import { ERROR, KIND_NAMES } from "./objects.ts";
import {
  BOOLEAN,
  FUNCTION,
  NIL,
  NONE,
  NUMBER,
  type Pointer,
  STRING,
  type State,
  TABLE,
  THREAD,
  USERDATA,
} from "./vm.ts";

/** How deep data of Lua may be nested to be sent; S2.46 asks for 1,000. */
const MAX_DEPTH = 1_500;
/**
 * How much one payload may hold: reading and pushing it cannot be interrupted, and a string of the heap that stands in a
 * list many times is copied as often (S11.33).
 */
const MAX_VALUES = 65_536;
/** A key of a map counts as so many values: it costs as much. */
const KEY_VALUES = 3;
export const MAX_TEXT_BYTES = 4 * 2 ** 20;
/** So many bits of what text takes count as a value, where what is done at once is bounded: a mebibyte as 4,096 of them. */
const TEXT_PER_VALUE_BITS = 8;
const TOO_MANY = "data of more than 65,536 values cannot be sent";
/** How many values are read at once where the reading can be interrupted: a millisecond or two when it is done first. */
export const PIECE_VALUES = 2_048;
/**
 * What copying a value costs, in instructions' worth, and as how many values a table or error counts besides. Texts are
 * charged where they are decoded.
 */
const VALUE_COST = 10;
const OBJECT_VALUES = 10;
/** What a value takes on our side, about. */
const VALUE_BYTES = 16;
/** How many steps of the way to what cannot be sent an error shows. */
const SHOWN_STEPS = 40;
/** So many bits of how many slots of tables are looked at count as a value. */
const SLOTS_PER_VALUE_BITS = 4;
/** Stack slots that a look at a metatable needs. */
const SLOTS = 8;
/** Stack slots that pushing needs, however large the data. */
const ROOM = 16;
const LAST_DATE_MS = 8.64e15;

/** Where something that is read stands: within what, and under which key. */
class Place {
  readonly within: Place | null;
  readonly key: Key;

  constructor(within: Place | null, key: Key) {
    this.within = within;
    this.key = key;
  }
}

/** A key of a map, the number of an element, or what leads to the details of an error; `null` where a reading begins. */
type Key = string | number | typeof DETAILS | null;
const DETAILS = Symbol("details");

/** A table that has been met: what becomes of it is there already, and is filled when its turn comes. */
class Part extends Place {
  readonly address: Pointer;
  readonly depth: number;
  readonly list: unknown[] | null;
  readonly map: Record<string, unknown> | null;
  /** How many elements a list has; how many entries there is room for in a map. */
  readonly last: number;
  /** How far it has been read. */
  read = 0;
  /** The slots of those elements of a list that are not in the array part of its table. */
  rest: Pointer[] | null = null;
  integerKeys: Set<string> | null = null;
  floats: Set<string> | null = null;

  constructor(within: Place | null, key: Key, address: Pointer, depth: number, length: number, last: number) {
    super(within, key);
    this.address = address;
    this.depth = depth;
    this.list = length > 0 ? [] : null;
    this.map = length > 0 ? null : {};
    this.last = last;
  }
}

/** Thrown out of a reading pass. */
class Unsendable {
  readonly what: string;
  readonly place: Place;

  constructor(what: string, place: Place) {
    this.what = what;
    this.place = place;
  }
}

/** Whether a value is one of many parts in a heap, which can be made one by one: bytes and a Time are made at once. */
export function isMadeInParts(value: unknown): value is object {
  return typeof value === "object" && value !== null && !isMadeAtOnce(value);
}

function isMadeAtOnce(value: object): boolean {
  return value instanceof Uint8Array || value instanceof Date || value instanceof Float;
}

/** What is large of something that a coroutine waited for, and will be pushed: it, or a value it carries; else `null`. */
export function largePartOf(value: unknown): object | null {
  const part = value instanceof Message ? value.payload : value;
  if (typeof part !== "object" || part === null) return null;
  if (isLarge(part)) return part;
  const { value: carried, result } = part as { readonly value?: unknown; readonly result?: unknown };
  if (isLarge(carried)) return carried;
  // The end of a process, which is pushed as a whole.
  const { value: returned, details } = (result ?? NOTHING) as { readonly value?: unknown; readonly details?: unknown };
  return isLarge(returned) || isLarge(details) ? part : null;
}

const NOTHING = {};

/** Data of Lua that is read when it is copied, or a part at a time before. */
export abstract class StackData extends Foreign {
  readonly #pass: ReadingPass;
  #hasBegun = false;
  #failure: unknown = null;
  #value: unknown;

  constructor(pass: ReadingPass) {
    super();
    this.#pass = pass;
  }

  /** Begins with about so many values more; answers the value when it has begun with all. Their parts come later. */
  protected abstract begin(pass: ReadingPass, most: number): { readonly value: unknown } | null;

  /** Reads on, about so many values more; whether all has been read. What fails does so when it is copied. */
  advance(values: number): boolean {
    if (this.#failure !== null) return true;
    try {
      if (!this.#hasBegun) {
        const begun = this.begin(this.#pass, values);
        if (begun === null) return false;
        this.#value = begun.value;
        this.#hasBegun = true;
      }
      return this.#pass.advance(values);
    } catch (cause) {
      this.#failure = cause;
      return true;
    }
  }

  override get bytes(): number {
    return this.#pass.bytes;
  }

  read(): unknown {
    while (!this.advance(Number.POSITIVE_INFINITY));
    if (this.#failure !== null) throw this.#failure;
    const value = this.#value;
    if (this.#pass.isLarge && isMadeInParts(value)) markLarge(value);
    return value;
  }
}

/** A value on a stack of Lua, as a payload. */
export class StackValue extends StackData {
  readonly #isolate: Isolate;
  readonly #L: State;
  readonly #index: number;
  readonly #root: string;

  constructor(isolate: Isolate, L: State, index: number, root: string) {
    super(new ReadingPass(isolate, L));
    this.#isolate = isolate;
    this.#L = L;
    this.#index = index;
    this.#root = root;
  }

  override get isFloat(): boolean {
    return this.#isolate.vm.isIntegralFloat(this.#L, this.#index);
  }

  protected override begin(pass: ReadingPass): { readonly value: unknown } {
    return { value: pass.begin(this.#index, this.#root) };
  }
}

/** The values from one index of a stack of Lua to another, as a list; a nil leaves `null`. */
export class StackValues extends StackData {
  readonly #isolate: Isolate;
  readonly #L: State;
  readonly #first: number;
  readonly #last: number;
  readonly #root: string;
  readonly #list: unknown[] = [];
  #floats: Set<string> | null = null;

  constructor(isolate: Isolate, L: State, first: number, last: number, root: string) {
    super(new ReadingPass(isolate, L));
    this.#isolate = isolate;
    this.#L = L;
    this.#first = first;
    this.#last = last;
    this.#root = root;
  }

  protected override begin(pass: ReadingPass, most: number): { readonly value: unknown } | null {
    const { vm } = this.#isolate;
    const list = this.#list;
    const end = Math.min(this.#last - this.#first + 1, list.length + most);
    while (list.length < end) {
      const index = this.#first + list.length;
      list.push(pass.begin(index, `${this.#root}[${list.length + 1}]`));
      if (vm.isIntegralFloat(this.#L, index)) this.#floats = added(this.#floats, String(list.length));
    }
    if (list.length <= this.#last - this.#first) return null;
    if (this.#floats !== null) setForm(list, { integerKeys: null, floats: this.#floats });
    return { value: list };
  }
}

/** The private copy of the value at an index; throws INVALID that names the place. */
export function readValue(isolate: Isolate, L: State, index: number, root: string): unknown {
  return new StackValue(isolate, L, index, root).read();
}

/** One reading of one value, or of several that may share parts. It puts nothing on the stack and nothing into the heap. */
class ReadingPass {
  readonly #isolate: Isolate;
  readonly #L: State;
  /** Tables by their address, and what became of them. */
  #met: Map<Pointer, object> | null = null;
  #firstAddress = 0;
  #first: object | null = null;
  #values = 0;
  #objects = 0;
  /** How many slots of tables were looked at. */
  #slots = 0;
  #textBytes = 0;
  /** What the texts take as JavaScript has them. */
  #heldBytes = 0;
  /** A metatable that makes nothing special of a table; most have the same. */
  #plainMetatable = 0;
  /** Whether the collector may take something away between two parts of the reading: then there are none. */
  #isWeak = false;
  #root = "";
  /** What is being read, and what still has to be. */
  #part: Part | null = null;
  readonly #open: Part[] = [];

  constructor(isolate: Isolate, L: State) {
    this.#isolate = isolate;
    this.#L = L;
  }

  /** Begins with the value at an index. */
  begin(index: number, root: string): unknown {
    const { vm } = this.#isolate;
    const before = this.#cost;
    try {
      this.#root = root;
      return vm.type(this.#L, index) === NONE ? null : this.#value(vm.slotOf(this.#L, index), null, null, 0);
    } catch (cause) {
      throw this.#shown(cause);
    } finally {
      vm.charge(this.#cost - before);
    }
  }

  /** Reads on, about so many values more; whether that was all. */
  advance(values: number): boolean {
    const before = this.#cost;
    const limit = this.#done + values;
    try {
      for (;;) {
        this.#part ??= this.#open.pop() ?? null;
        if (this.#part === null) return true;
        const isFilled =
          this.#part.list !== null ? this.#fillList(this.#part, limit) : this.#fillMap(this.#part, limit);
        if (!isFilled) return false;
        this.#part = null;
      }
    } catch (cause) {
      throw this.#shown(cause);
    } finally {
      this.#isolate.vm.charge(this.#cost - before);
    }
  }

  /** What cannot be sent, as the sender is told. */
  #shown(cause: unknown): unknown {
    if (!(cause instanceof Unsendable)) return cause;
    const steps: string[] = [];
    for (let at: Place | null = cause.place; at !== null; at = at.within) steps.push(stepTo(at.key));
    return invalid(`${this.#root}${shownPath(steps.reverse())}: ${cause.what}`);
  }

  get bytes(): number {
    return this.#heldBytes + this.#work * VALUE_BYTES;
  }

  /** What has been read so far, in values that take as long. */
  get #done(): number {
    return this.#work + this.#looked + (this.#textBytes >> TEXT_PER_VALUE_BITS);
  }

  /** What has been read so far, in values that cost as much, and in instructions' worth. */
  get #work(): number {
    return this.#values + this.#objects * OBJECT_VALUES;
  }

  /** The slots that were looked at, as values. */
  get #looked(): number {
    return this.#slots >> SLOTS_PER_VALUE_BITS;
  }

  get #cost(): number {
    return (this.#work + this.#looked) * VALUE_COST;
  }

  /** Whether it has read more than is read at once. */
  get isLarge(): boolean {
    return this.#done > PIECE_VALUES;
  }

  #isPast(limit: number): boolean {
    return this.#done >= limit && !this.#isWeak;
  }

  #value(slot: Pointer, within: Place | null, key: Key, depth: number): unknown {
    const { vm } = this.#isolate;
    if (++this.#values > MAX_VALUES) throw new Unsendable(TOO_MANY, new Place(within, key));
    switch (vm.typeAt(slot)) {
      case STRING: {
        this.#countText(vm.textCostAt(slot), within, key);
        const text = vm.stringAt(slot);
        this.#hold(text);
        return text;
      }
      case NUMBER:
        return vm.numberAt(slot);
      case BOOLEAN:
        return vm.booleanAt(slot);
      case TABLE:
        return this.#table(vm.objectAt(slot), within, key, depth);
      case USERDATA:
        return this.#userdata(vm.objectAt(slot), within, key, depth);
      case FUNCTION:
        throw new Unsendable("function cannot be sent", new Place(within, key));
      case THREAD:
        throw new Unsendable("coroutine cannot be sent", new Place(within, key));
      default:
        return null;
    }
  }

  #hold(text: string | Uint8Array): void {
    this.#heldBytes += typeof text === "string" ? textBytes(text) : text.length;
  }

  /** Text is read next that counts so many bytes. */
  #countText(bytes: number, within: Place | null, key: Key): void {
    this.#textBytes += bytes;
    if (this.#textBytes <= MAX_TEXT_BYTES) return;
    throw new Unsendable("data of more than 4 MiB of text cannot be sent", new Place(within, key));
  }

  #table(address: Pointer, within: Place | null, key: Key, depth: number): unknown {
    const { vm } = this.#isolate;
    const met = this.#find(address);
    if (met !== undefined) return met;
    if (depth >= MAX_DEPTH) {
      const what = `data nested deeper than ${MAX_DEPTH} levels cannot be sent`;
      throw new Unsendable(what, new Place(within, key));
    }
    this.#objects++;
    const metatable = vm.metatableOf(address);
    if (metatable !== 0 && metatable !== this.#plainMetatable) {
      if (this.#isTime(metatable, within, key)) return this.#date(address, within, key);
      this.#plainMetatable = metatable;
    }
    // Both are looked at here, and what is a map again when it is read.
    const slots = vm.arraySize(address) + vm.entryCount(address);
    this.#slots += slots;
    const length = vm.listLength(address);
    const values = length > 0 ? length : vm.countOf(address) * (KEY_VALUES + 1);
    if (this.#values + values > MAX_VALUES) throw new Unsendable(TOO_MANY, new Place(within, key));
    const last = length > 0 ? length : slots;
    const part = new Part(within, key, address, depth, length, last);
    const object = part.list ?? (part.map as object);
    this.#remember(address, object);
    if (values > 0) this.#open.push(part);
    return object;
  }

  /** Whether a metatable is that of a Time. One of another table of ours ends the pass. */
  #isTime(metatable: Pointer, within: Place | null, key: Key): boolean {
    const { vm, times, metatables, modeName } = this.#isolate;
    const L = this.#L;
    if (vm.api.lua_checkstack(L, SLOTS) === 0) {
      throw new Unsendable("data nested too deeply cannot be sent", new Place(within, key));
    }
    vm.getReference(L, metatables.hostKinds);
    vm.pushTable(L, metatable);
    const isTime = times !== null && vm.isReference(L, times.time);
    vm.getReference(L, modeName);
    if (vm.api.lua_rawget(L, -2) !== NIL) this.#isWeak = true;
    vm.pop(L, 1);
    vm.api.lua_rawget(L, -2);
    const kind = vm.type(L, -1) === STRING ? vm.shownString(L, -1) : null;
    vm.pop(L, 2);
    if (kind !== null) throw new Unsendable(`${kind} cannot be sent`, new Place(within, key));
    return isTime;
  }

  /** Reads the elements of a list, up to about so many values in all; whether that was all. */
  #fillList(part: Part, limit: number): boolean {
    const { vm } = this.#isolate;
    const { address, last } = part;
    const list = part.list as unknown[];
    const inArray = Math.min(last, vm.arraySize(address));
    if (last > inArray) part.rest ??= this.#restOf(address, inArray, last);
    while (part.read < last) {
      if (this.#isPast(limit)) return false;
      const n = part.read + 1;
      if (n <= inArray) {
        const most = Math.min(inArray - part.read, MAX_VALUES - this.#values, PIECE_VALUES);
        const taken = vm.takeNumbers(vm.elementAt(address, n), most, list);
        this.#values += taken;
        part.read += taken;
        if (taken > 0) continue;
      }
      const slot = n <= inArray ? vm.elementAt(address, n) : ((part.rest as Pointer[])[n - inArray - 1] as Pointer);
      list.push(this.#value(slot, part, n, part.depth + 1));
      if (vm.isIntegralFloatAt(slot)) part.floats = added(part.floats, String(n));
      part.read = n;
    }
    if (part.floats !== null) setForm(list, { integerKeys: null, floats: part.floats });
    return true;
  }

  /** The slots of the elements of a list that are not in its array part, in their order. */
  #restOf(address: Pointer, inArray: number, length: number): Pointer[] {
    const { vm } = this.#isolate;
    const slots: Pointer[] = new Array(length - inArray).fill(0);
    for (let n = vm.entryCount(address); n > 0; n--) {
      const entry = vm.entryAt(address, n);
      if (vm.typeAt(entry) !== NIL) slots[Number(vm.numberKey(entry)) - inArray - 1] = entry;
    }
    return slots;
  }

  /** Likewise the entries of a map. */
  #fillMap(part: Part, limit: number): boolean {
    const { vm } = this.#isolate;
    const { address, last } = part;
    const map = part.map as Record<string, unknown>;
    const inArray = vm.arraySize(address);
    while (part.read < last) {
      if (this.#isPast(limit)) return false;
      const n = ++part.read;
      const slot = n <= inArray ? vm.elementAt(address, n) : vm.entryAt(address, n - inArray);
      this.#slots++;
      if (vm.typeAt(slot) === NIL) continue;
      this.#values += KEY_VALUES;
      const isInteger = n <= inArray || vm.isIntegerKey(slot);
      const key = n <= inArray ? String(n) : isInteger ? String(vm.numberKey(slot)) : this.#key(slot, part);
      // Only an integer and a string can be the same key.
      if (isInteger ? Object.hasOwn(map, key) : part.integerKeys?.has(key) === true) {
        throw new Unsendable(`map key ${key} stands twice, as a number and as a string`, part);
      }
      const value = this.#value(slot, part, isInteger ? Number(key) : key, part.depth + 1);
      if (key === "__proto__") define(map, key, value);
      else map[key] = value;
      if (isInteger) part.integerKeys = added(part.integerKeys, key);
      if (vm.isIntegralFloatAt(slot)) part.floats = added(part.floats, key);
    }
    const { integerKeys, floats } = part;
    if (integerKeys !== null || floats !== null) setForm(map, { integerKeys, floats });
    return true;
  }

  /** The text of the key of an entry, which is no integer. */
  #key(entry: Pointer, part: Part): string {
    const { vm } = this.#isolate;
    const type = vm.keyType(entry);
    if (type === NUMBER) throw new Unsendable(`map key ${vm.numberKey(entry)} cannot be sent`, part);
    if (type !== STRING) throw new Unsendable(`map key ${TYPE_NAMES[type]} cannot be sent`, part);
    this.#countText(vm.keyCost(entry), part.within, part.key);
    const key = vm.stringKey(entry);
    if (typeof key !== "string") throw new Unsendable("a key that is not UTF-8 cannot be sent", part);
    this.#hold(key);
    return key;
  }

  #date(address: Pointer, within: Place | null, key: Key): Date {
    const { vm } = this.#isolate;
    const seconds = Number(vm.numberAt(vm.elementAt(address, 1)));
    const ms = seconds * 1_000 + Math.floor(Number(vm.numberAt(vm.elementAt(address, 2))) / 1_000_000);
    if (!(Math.abs(ms) <= LAST_DATE_MS)) {
      throw new Unsendable("a time beyond the range of dates cannot be sent", new Place(within, key));
    }
    const date = new Date(ms);
    this.#remember(address, date);
    return date;
  }

  #userdata(address: Pointer, within: Place | null, key: Key, depth: number): unknown {
    const { vm, objects } = this.#isolate;
    const kind = objects.kindOf(address);
    const place = new Place(within, key);
    if (kind !== ERROR) throw new Unsendable(`${KIND_NAMES[kind] ?? "userdata"} cannot be sent`, place);
    const met = this.#find(address);
    if (met !== undefined) return met;
    if (depth >= MAX_DEPTH) throw new Unsendable("data nested too deeply cannot be sent", place);
    this.#objects++;
    const fields = this.#fields(vm.objectAt(vm.userValueOf(address)));
    const text = (name: string): string => {
      const slot = fields.get(name);
      if (slot === undefined) return "";
      this.#countText(vm.textCostAt(slot), within, key);
      const shown = vm.shownStringAt(slot);
      this.#hold(shown);
      return shown;
    };
    const retryable = fields.get("retryable");
    const error = new ProcessError({
      message: text("message"),
      kind: text("kind") as ErrorKind,
      retryable: retryable === undefined ? undefined : vm.booleanAt(retryable),
    });
    this.#remember(address, error);
    const details = fields.get("details");
    if (details === undefined) return error;
    define(error, "details", this.#value(details, place, DETAILS, depth + 1));
    if (vm.isIntegralFloatAt(details)) setForm(error, { integerKeys: null, floats: new Set(["details"]) });
    return error;
  }

  /** The slots of the fields of a table of ours. */
  #fields(address: Pointer): Map<string, Pointer> {
    const { vm } = this.#isolate;
    const fields = new Map<string, Pointer>();
    for (let n = vm.entryCount(address); n > 0; n--) {
      const entry = vm.entryAt(address, n);
      if (vm.typeAt(entry) !== NIL && vm.keyType(entry) === STRING) fields.set(String(vm.stringKey(entry)), entry);
    }
    return fields;
  }

  #find(address: Pointer): object | undefined {
    if (address === this.#firstAddress && this.#first !== null) return this.#first;
    return this.#met?.get(address);
  }

  #remember(address: Pointer, object: object): void {
    if (this.#first === null) {
      this.#first = object;
      this.#firstAddress = address;
      return;
    }
    this.#met ??= new Map();
    this.#met.set(address, object);
  }
}

/** The error object at an index, without its details. */
function readErrorHead(isolate: Isolate, L: State, index: number): ProcessError {
  const { vm } = isolate;
  vm.api.lua_getiuservalue(L, index, 1);
  vm.getField(L, -1, "message");
  const message = vm.shownString(L, -1);
  vm.getField(L, -2, "kind");
  const kind = vm.shownString(L, -1) as ErrorKind;
  const retryable = vm.getField(L, -3, "retryable") === BOOLEAN ? vm.boolean(L, -1) : undefined;
  vm.pop(L, 4);
  return new ProcessError({ message, kind, retryable });
}

/**
 * The error object at an index, and what it takes, about. Details that cannot be sent are left out; of a text alone nothing
 * is said of what it takes.
 */
export function readError(isolate: Isolate, L: State, index: number): { error: ProcessError; bytes: number } {
  const value = new StackValue(isolate, L, index, "error");
  try {
    return { error: value.read() as ProcessError, bytes: value.bytes };
  } catch (cause) {
    if (!(cause instanceof ProcessError)) throw cause;
    return { error: readErrorHead(isolate, L, index), bytes: 0 };
  }
}

/** Where the error object at an index was made, innermost first; "" when it does not know. */
export function readFrames(isolate: Isolate, L: State, index: number): string {
  const { vm } = isolate;
  vm.api.lua_getiuservalue(L, index, 1);
  const stack = vm.getField(L, -1, "stack") === STRING ? vm.shownString(L, -1) : "";
  vm.pop(L, 2);
  return stack.split("\nstack traceback:\n")[1] ?? "";
}

/** The steps as one path; of a very long one the beginning and the end. */
function shownPath(steps: readonly string[]): string {
  if (steps.length <= SHOWN_STEPS) return steps.join("");
  return `${steps.slice(0, SHOWN_STEPS - 4).join("")}…${steps.slice(-4).join("")}`;
}

const TYPE_NAMES: Readonly<Record<number, string>> = {
  [BOOLEAN]: "boolean",
  [TABLE]: "table",
  [FUNCTION]: "function",
  [USERDATA]: "userdata",
  [THREAD]: "coroutine",
};

/** A step of a path as people write it. */
function stepTo(key: Key): string {
  if (key === null) return "";
  if (key === DETAILS) return ".details";
  if (typeof key === "number") return `[${key}]`;
  return /^[A-Za-z_]\w*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

function added(set: Set<string> | null, key: string): Set<string> {
  return (set ?? new Set()).add(key);
}

function define(into: object, key: string, value: unknown): void {
  Object.defineProperty(into, key, { value, enumerable: true, configurable: true, writable: true });
}

// ---------------------------------------------------------------------------------------------------------------------
// Pushing

/** Pushes the value of a payload. It is its receiver's own, so what it is made of may be taken over. */
export function pushValue(isolate: Isolate, L: State, value: unknown): void {
  const { vm } = isolate;
  switch (typeof value) {
    case "string":
      vm.pushString(L, value);
      return;
    case "number":
      vm.pushNumber(L, value);
      return;
    case "boolean":
      vm.pushBoolean(L, value);
      return;
    case "bigint":
      vm.api.lua_pushinteger(L, value);
      return;
    case "object":
      if (value === null) vm.pushNil(L);
      else pushObject(isolate, L, value);
      return;
    default:
      vm.pushNil(L);
  }
}

function pushObject(isolate: Isolate, L: State, value: object): void {
  isolate.vm.api.lua_checkstack(L, ROOM);
  if (isolate.made !== null && isolate.made.value === value) isolate.made.moveTo(L);
  else if (value instanceof Uint8Array) isolate.vm.pushBytes(L, value);
  else if (value instanceof Date) isolate.pushTime(L, value.getTime());
  else if (value instanceof Float) isolate.vm.pushFloat(L, value.value);
  else new PushingPass(isolate, L, value).advance(Number.POSITIVE_INFINITY);
}

/** A large list or map that is made in the heap a part at a time, on a stack of its own, until somebody pushes it. */
export class Making {
  readonly value: object;
  readonly #isolate: Isolate;
  readonly #stack: State;
  readonly #held: LuaReference;
  readonly #pass: PushingPass;

  /** @param bag that of the process it is for: should that end before, it goes with it. */
  constructor(isolate: Isolate, bag: Bag, L: State, value: object) {
    this.value = value;
    this.#isolate = isolate;
    this.#stack = isolate.vm.api.lua_newthread(L);
    this.#held = bag.hold(L, -1);
    isolate.vm.pop(L, 1);
    isolate.vm.api.lua_checkstack(this.#stack, ROOM);
    this.#pass = new PushingPass(isolate, this.#stack, value);
  }

  /** Makes about so many values more; whether that was all. */
  advance(values: number): boolean {
    return this.#pass.advance(values);
  }

  /** Pushes what was made, once. */
  moveTo(L: State): void {
    this.#isolate.vm.api.lua_xmove(this.#stack, L, 1);
    this.#isolate.made = null;
  }

  /** Lets its stack go. */
  release(L: State): void {
    this.#held.forget(L);
  }
}

/** One pushing of a tree, or of any graph, of lists, maps and errors. */
class PushingPass {
  readonly #isolate: Isolate;
  readonly #L: State;
  /** What has been met, by its number in a table of Lua that holds what was made of it; made at the second object. */
  #numbers: Map<object, number> | null = null;
  #table = 0;
  readonly #open: object[] = [];
  readonly #root: object;
  /** Where the root stands when its filling begins. */
  readonly #at: number;
  /** What is being filled, which is on top, how far, and by which keys if it is a map. */
  #filling: object | null;
  #next = 0;
  #keys: readonly string[] | null = null;
  /** How many values may still be pushed at once. */
  #left = 0;

  constructor(isolate: Isolate, L: State, root: object) {
    this.#isolate = isolate;
    this.#L = L;
    this.#root = root;
    this.#at = isolate.vm.top(L) + 1;
    this.#filling = root;
    this.#make(root);
  }

  /** Pushes about so many values more; whether that was all, and the root is on top. */
  advance(values: number): boolean {
    const { vm } = this.#isolate;
    const L = this.#L;
    this.#left = values;
    for (;;) {
      if (this.#filling === null) {
        const next = this.#open.at(-1);
        if (next === undefined) break;
        // Where there is nothing to fill that takes its time, too.
        if (this.#left <= 0) return false;
        this.#left -= KEY_VALUES;
        vm.charge(KEY_VALUES * VALUE_COST);
        this.#open.pop();
        vm.getAt(L, this.#table, this.#numbers?.get(next) as number);
        this.#filling = next;
        this.#next = 0;
        this.#keys = null;
      }
      if (!this.#fill(this.#filling)) return false;
      if (this.#filling !== this.#root) vm.pop(L, 1);
      this.#filling = null;
    }
    if (this.#numbers !== null) {
      // Takes the table of what was met from below the result.
      vm.api.lua_rotate(L, this.#table, -1);
      vm.pop(L, 1);
    }
    return true;
  }

  /** Pushes what will stand for the object, still empty. */
  #make(value: object): void {
    const { vm } = this.#isolate;
    vm.charge(OBJECT_VALUES * VALUE_COST);
    this.#left -= OBJECT_VALUES;
    if (Array.isArray(value)) vm.api.lua_createtable(this.#L, value.length, 0);
    else if (value instanceof ProcessError) this.#isolate.pushErrorHead(this.#L, value);
    else vm.api.lua_createtable(this.#L, 0, 0);
  }

  /** Fills what stands for the object, which is on top, as far as there are values left; whether that was all. */
  #fill(value: object): boolean {
    const from = this.#next;
    try {
      if (Array.isArray(value)) return this.#fillList(value);
      if (!(value instanceof ProcessError))
        return this.#fillMap(value as Record<string, unknown> | Map<string, unknown>);
      this.#fillError(value);
      return true;
    } finally {
      this.#isolate.vm.charge((this.#next - from) * (this.#keys === null ? 1 : KEY_VALUES + 1) * VALUE_COST);
    }
  }

  #fillList(list: readonly unknown[]): boolean {
    const { vm } = this.#isolate;
    const floats = formOf(list)?.floats;
    for (let i = this.#next; i < list.length; i++) {
      this.#next = i;
      if (this.#left <= 0) return false;
      this.#left--;
      const part = list[i];
      if (part === null || part === undefined) continue;
      this.#part(part, floats?.has(String(i + 1)) === true);
      vm.setAt(this.#L, -2, i + 1);
    }
    this.#next = list.length;
    return true;
  }

  #fillMap(map: Record<string, unknown> | ReadonlyMap<string, unknown>): boolean {
    const { vm } = this.#isolate;
    const form: Form | undefined = formOf(map);
    // Only what is shared with us may be a Map: payloads have become plain objects.
    const entries = map instanceof Map ? map : null;
    this.#keys ??= entries === null ? Object.keys(map) : [...entries.keys()];
    const keys = this.#keys;
    for (let i = this.#next; i < keys.length; i++) {
      this.#next = i;
      if (this.#left <= 0) return false;
      this.#left -= KEY_VALUES + 1;
      const key = keys[i] as string;
      const part = entries === null ? (map as Record<string, unknown>)[key] : entries.get(key);
      if (part === null || part === undefined) continue;
      if (form?.integerKeys?.has(key)) vm.pushDecimal(this.#L, key);
      else vm.pushString(this.#L, key);
      this.#part(part, form?.floats?.has(key) === true);
      vm.api.lua_rawset(this.#L, -3);
    }
    this.#next = keys.length;
    return true;
  }

  #fillError(error: ProcessError): void {
    const { vm } = this.#isolate;
    if (error.details === undefined || error.details === null) return;
    vm.api.lua_getiuservalue(this.#L, -1, 1);
    vm.pushString(this.#L, "details");
    this.#part(error.details, formOf(error)?.floats?.has("details") === true);
    vm.api.lua_rawset(this.#L, -3);
    vm.pop(this.#L, 1);
  }

  #part(part: unknown, isFloat: boolean): void {
    const { vm } = this.#isolate;
    if (isFloat && typeof part === "number") vm.pushFloat(this.#L, part);
    else if (typeof part === "string" || part instanceof Uint8Array) {
      this.#left -= part.length >> TEXT_PER_VALUE_BITS;
      pushValue(this.#isolate, this.#L, part);
    } else if (typeof part !== "object" || part === null) pushValue(this.#isolate, this.#L, part);
    else this.#object(part);
  }

  #object(part: object): void {
    const { vm } = this.#isolate;
    const L = this.#L;
    const numbers = this.#numbers ?? this.#begin();
    const known = numbers.get(part);
    if (known !== undefined) {
      vm.getAt(L, this.#table, known);
      return;
    }
    const number = numbers.size + 1;
    numbers.set(part, number);
    if (part instanceof Date) this.#isolate.pushTime(L, part.getTime());
    else {
      this.#make(part);
      this.#open.push(part);
    }
    vm.api.lua_pushvalue(L, -1);
    vm.setAt(L, this.#table, number);
  }

  /** Puts the table of what was met below the root, which stands at an index. */
  #begin(): Map<object, number> {
    const { vm } = this.#isolate;
    const L = this.#L;
    const at = this.#at;
    this.#numbers = new Map([[this.#root, 1]]);
    this.#table = at;
    vm.api.lua_createtable(L, 8, 0);
    vm.api.lua_rotate(L, at, 1);
    vm.api.lua_pushvalue(L, at + 1);
    vm.setAt(L, at, 1);
    return this.#numbers;
  }
}
