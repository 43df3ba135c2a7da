/**
 * Values of Lua as payloads and back (S2.37–S2.46, S2.56, S2.57).
 *
 * Reading makes the private copy in one pass; no metamethod runs. Pushing works off a list instead of recursing, since
 * what TypeScript sends may be nested to any depth.
 */
import { type ErrorKind, Foreign, type Form, formOf, invalid, ProcessError, setForm } from "../../kernel/index.ts";
import type { Isolate } from "./isolate.ts";
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
const MAX_TEXT_BYTES = 4 * 2 ** 20;
/** What copying a value costs, and a table or error besides, in instructions' worth; texts are charged where they are decoded. */
const VALUE_COST = 10;
const OBJECT_COST = 100;
/** How many steps of the way to what cannot be sent an error shows. */
const SHOWN_STEPS = 40;
/** Stack slots that a look at a metatable needs. */
const SLOTS = 8;
/** Stack slots that pushing needs, however large the data. */
const ROOM = 16;
const LAST_DATE_MS = 8.64e15;

/** Thrown on the way out of a reading pass; gathers the place as it goes. */
class Unsendable {
  readonly what: string;
  readonly steps: string[] = [];

  constructor(what: string) {
    this.what = what;
  }
}

/** A value on a stack of Lua, as a payload that is read when it is copied. */
export class StackValue extends Foreign {
  readonly #isolate: Isolate;
  readonly #L: State;
  readonly #index: number;
  readonly #root: string;

  constructor(isolate: Isolate, L: State, index: number, root: string) {
    super();
    this.#isolate = isolate;
    this.#L = L;
    this.#index = index;
    this.#root = root;
  }

  override get isFloat(): boolean {
    return this.#isolate.vm.isIntegralFloat(this.#L, this.#index);
  }

  read(): unknown {
    return readValue(this.#isolate, this.#L, this.#index, this.#root);
  }
}

/** The values from one index of a stack of Lua to another, as a list; a nil leaves `null`. */
export class StackValues extends Foreign {
  readonly #isolate: Isolate;
  readonly #L: State;
  readonly #first: number;
  readonly #last: number;
  readonly #root: string;

  constructor(isolate: Isolate, L: State, first: number, last: number, root: string) {
    super();
    this.#isolate = isolate;
    this.#L = L;
    this.#first = first;
    this.#last = last;
    this.#root = root;
  }

  read(): unknown {
    const pass = new ReadingPass(this.#isolate, this.#L);
    const list: unknown[] = [];
    let floats: Set<string> | null = null;
    for (let index = this.#first; index <= this.#last; index++) {
      const position = index - this.#first + 1;
      list.push(pass.read(index, `${this.#root}[${position}]`));
      if (pass.isIntegralFloat(index)) floats = added(floats, String(position));
    }
    if (floats !== null) setForm(list, { integerKeys: null, floats });
    return list;
  }
}

/** The private copy of the value at an index; throws INVALID that names the place. */
export function readValue(isolate: Isolate, L: State, index: number, root: string): unknown {
  return new ReadingPass(isolate, L).read(index, root);
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
  #textBytes = 0;
  /** A metatable that makes nothing special of a table; most have the same. */
  #plainMetatable = 0;

  constructor(isolate: Isolate, L: State) {
    this.#isolate = isolate;
    this.#L = L;
  }

  read(index: number, root: string): unknown {
    const { vm } = this.#isolate;
    const before = this.#cost;
    try {
      return vm.type(this.#L, index) === NONE ? null : this.#value(vm.slotOf(this.#L, index), 0);
    } catch (cause) {
      if (!(cause instanceof Unsendable)) throw cause;
      throw invalid(`${root}${shownPath(cause.steps.reverse())}: ${cause.what}`);
    } finally {
      vm.charge(this.#cost - before);
    }
  }

  /** What has been read so far, in instructions' worth. */
  get #cost(): number {
    return this.#values * VALUE_COST + this.#objects * OBJECT_COST;
  }

  /** The string in a slot, when there is room for it. */
  #text(slot: Pointer): unknown {
    const text = this.#isolate.vm.stringAt(slot);
    this.#textBytes += text.length;
    if (this.#textBytes > MAX_TEXT_BYTES) throw new Unsendable("data of more than 4 MiB of text cannot be sent");
    return text;
  }

  isIntegralFloat(index: number): boolean {
    return this.#isolate.vm.isIntegralFloat(this.#L, index);
  }

  #value(slot: Pointer, depth: number): unknown {
    const { vm } = this.#isolate;
    if (++this.#values > MAX_VALUES) throw tooMany();
    switch (vm.typeAt(slot)) {
      case STRING:
        return this.#text(slot);
      case NUMBER:
        return vm.numberAt(slot);
      case BOOLEAN:
        return vm.booleanAt(slot);
      case TABLE:
        return this.#table(vm.objectAt(slot), depth);
      case USERDATA:
        return this.#userdata(vm.objectAt(slot), depth);
      case FUNCTION:
        throw new Unsendable("function cannot be sent");
      case THREAD:
        throw new Unsendable("coroutine cannot be sent");
      default:
        return null;
    }
  }

  /** Makes sure that so many values more can be read, before any of them is. */
  #makeSureOf(values: number): void {
    if (this.#values + values > MAX_VALUES) throw tooMany();
  }

  #table(address: Pointer, depth: number): unknown {
    const { vm } = this.#isolate;
    const met = this.#find(address);
    if (met !== undefined) return met;
    if (depth >= MAX_DEPTH) throw new Unsendable(`data nested deeper than ${MAX_DEPTH} levels cannot be sent`);
    this.#objects++;
    const metatable = vm.metatableOf(address);
    if (metatable !== 0 && metatable !== this.#plainMetatable) {
      if (this.#isTime(metatable)) return this.#date(address);
      this.#plainMetatable = metatable;
    }
    const length = vm.listLength(address);
    return length > 0 ? this.#list(address, length, depth) : this.#map(address, depth);
  }

  /** Whether a metatable is that of a Time. One of another table of ours ends the pass. */
  #isTime(metatable: Pointer): boolean {
    const { vm, times, metatables } = this.#isolate;
    const L = this.#L;
    if (vm.api.lua_checkstack(L, SLOTS) === 0) throw new Unsendable("data nested too deeply cannot be sent");
    vm.getReference(L, metatables.hostKinds);
    vm.pushTable(L, metatable);
    const isTime = times !== null && vm.isReference(L, times.time);
    vm.api.lua_rawget(L, -2);
    const kind = vm.type(L, -1) === STRING ? vm.shownString(L, -1) : null;
    vm.pop(L, 2);
    if (kind !== null) throw new Unsendable(`${kind} cannot be sent`);
    return isTime;
  }

  #list(address: Pointer, length: number, depth: number): unknown[] {
    const { vm } = this.#isolate;
    this.#makeSureOf(length);
    const list: unknown[] = [];
    this.#remember(address, list);
    const inArray = Math.min(length, vm.arraySize(address));
    const rest = length > inArray ? this.#restOf(address, inArray, length) : null;
    let floats: Set<string> | null = null;
    for (let n = 1; n <= length; n++) {
      if (n <= inArray) {
        const most = Math.min(inArray + 1 - n, MAX_VALUES - this.#values);
        const taken = vm.takeNumbers(vm.elementAt(address, n), most, list);
        this.#values += taken;
        n += taken;
        if (n > length) break;
      }
      const slot = n <= inArray ? vm.elementAt(address, n) : ((rest as Pointer[])[n - inArray - 1] as Pointer);
      try {
        list.push(this.#value(slot, depth + 1));
      } catch (cause) {
        throw located(cause, `[${n}]`);
      }
      if (vm.isIntegralFloatAt(slot)) floats = added(floats, String(n));
    }
    if (floats !== null) setForm(list, { integerKeys: null, floats });
    return list;
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

  #map(address: Pointer, depth: number): Record<string, unknown> {
    const { vm } = this.#isolate;
    this.#makeSureOf(vm.countOf(address) * (KEY_VALUES + 1));
    const map: Record<string, unknown> = {};
    let integerKeys: Set<string> | null = null;
    let floats: Set<string> | null = null;
    this.#remember(address, map);
    const inArray = vm.arraySize(address);
    const last = inArray + vm.entryCount(address);
    for (let n = 1; n <= last; n++) {
      const slot = n <= inArray ? vm.elementAt(address, n) : vm.entryAt(address, n - inArray);
      if (vm.typeAt(slot) === NIL) continue;
      this.#values += KEY_VALUES;
      const isInteger = n <= inArray || vm.isIntegerKey(slot);
      const key = n <= inArray ? String(n) : isInteger ? String(vm.numberKey(slot)) : this.#key(slot);
      // Only an integer and a string can be the same key.
      if (isInteger ? Object.hasOwn(map, key) : integerKeys?.has(key) === true) {
        throw new Unsendable(`map key ${key} stands twice, as a number and as a string`);
      }
      let value: unknown;
      try {
        value = this.#value(slot, depth + 1);
      } catch (cause) {
        throw located(cause, isInteger ? `[${key}]` : step(key));
      }
      if (key === "__proto__") define(map, key, value);
      else map[key] = value;
      if (isInteger) integerKeys = added(integerKeys, key);
      if (vm.isIntegralFloatAt(slot)) floats = added(floats, key);
    }
    if (integerKeys !== null || floats !== null) setForm(map, { integerKeys, floats });
    return map;
  }

  /** The text of the key of an entry, which is no integer. */
  #key(entry: Pointer): string {
    const { vm } = this.#isolate;
    const type = vm.keyType(entry);
    if (type === NUMBER) throw new Unsendable(`map key ${vm.numberKey(entry)} cannot be sent`);
    if (type !== STRING) throw new Unsendable(`map key ${TYPE_NAMES[type]} cannot be sent`);
    const key = vm.stringKey(entry);
    if (typeof key !== "string") throw new Unsendable("a key that is not UTF-8 cannot be sent");
    return key;
  }

  #date(address: Pointer): Date {
    const { vm } = this.#isolate;
    const seconds = Number(vm.numberAt(vm.elementAt(address, 1)));
    const ms = seconds * 1_000 + Math.floor(Number(vm.numberAt(vm.elementAt(address, 2))) / 1_000_000);
    if (!(Math.abs(ms) <= LAST_DATE_MS)) throw new Unsendable("a time beyond the range of dates cannot be sent");
    const date = new Date(ms);
    this.#remember(address, date);
    return date;
  }

  #userdata(address: Pointer, depth: number): unknown {
    const { vm, objects } = this.#isolate;
    const kind = objects.kindOf(address);
    if (kind !== ERROR) throw new Unsendable(`${KIND_NAMES[kind] ?? "userdata"} cannot be sent`);
    const met = this.#find(address);
    if (met !== undefined) return met;
    if (depth >= MAX_DEPTH) throw new Unsendable("data nested too deeply cannot be sent");
    this.#objects++;
    const fields = this.#fields(vm.objectAt(vm.userValueOf(address)));
    const text = (name: string): string => {
      const slot = fields.get(name);
      return slot === undefined ? "" : vm.shownStringAt(slot);
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
    try {
      define(error, "details", this.#value(details, depth + 1));
    } catch (cause) {
      throw located(cause, ".details");
    }
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

function tooMany(): Unsendable {
  return new Unsendable("data of more than 65,536 values cannot be sent");
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

/** The error object at an index; details that cannot be sent are left out. */
export function readError(isolate: Isolate, L: State, index: number): ProcessError {
  try {
    return readValue(isolate, L, index, "error") as ProcessError;
  } catch (cause) {
    if (!(cause instanceof ProcessError)) throw cause;
    return readErrorHead(isolate, L, index);
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

function located(cause: unknown, step: string): unknown {
  if (cause instanceof Unsendable) cause.steps.push(step);
  return cause;
}

const TYPE_NAMES: Readonly<Record<number, string>> = {
  [BOOLEAN]: "boolean",
  [TABLE]: "table",
  [FUNCTION]: "function",
  [USERDATA]: "userdata",
  [THREAD]: "coroutine",
};

function step(key: string): string {
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
  if (value instanceof Uint8Array) isolate.vm.pushBytes(L, value);
  else if (value instanceof Date) isolate.pushTime(L, value.getTime());
  else new PushingPass(isolate, L).root(value);
}

/** One pushing of a tree, or of any graph, of lists, maps and errors. */
class PushingPass {
  readonly #isolate: Isolate;
  readonly #L: State;
  /** What has been met, by its number in a table of Lua that holds what was made of it; made at the second object. */
  #numbers: Map<object, number> | null = null;
  #table = 0;
  readonly #open: object[] = [];

  constructor(isolate: Isolate, L: State) {
    this.#isolate = isolate;
    this.#L = L;
  }

  root(value: object): void {
    const { vm } = this.#isolate;
    const L = this.#L;
    const at = vm.top(L) + 1;
    this.#make(value);
    this.#fill(value, value, at);
    if (this.#numbers === null) return;
    for (let object = this.#open.pop(); object !== undefined; object = this.#open.pop()) {
      vm.getAt(L, this.#table, this.#numbers.get(object) as number);
      this.#fill(object, value, at);
      vm.pop(L, 1);
    }
    // Takes the table of what was met from below the result.
    vm.api.lua_rotate(L, this.#table, -1);
    vm.pop(L, 1);
  }

  /** Pushes what will stand for the object, still empty. */
  #make(value: object): void {
    const { vm } = this.#isolate;
    vm.charge(OBJECT_COST);
    if (Array.isArray(value)) vm.api.lua_createtable(this.#L, value.length, 0);
    else if (value instanceof ProcessError) this.#isolate.pushErrorHead(this.#L, value);
    else vm.api.lua_createtable(this.#L, 0, 0);
  }

  /** Fills what stands for the object, which is on top. */
  #fill(value: object, root: object, at: number): void {
    if (Array.isArray(value)) this.#fillList(value, root, at);
    else if (value instanceof ProcessError) this.#fillError(value, root, at);
    else this.#fillMap(value as Record<string, unknown>, root, at);
  }

  #fillList(list: readonly unknown[], root: object, at: number): void {
    const { vm } = this.#isolate;
    const floats = formOf(list)?.floats;
    vm.charge(list.length * VALUE_COST);
    for (let i = 0; i < list.length; i++) {
      const part = list[i];
      if (part === null || part === undefined) continue;
      this.#part(part, floats?.has(String(i + 1)) === true, root, at);
      vm.setAt(this.#L, -2, i + 1);
    }
  }

  #fillMap(map: Record<string, unknown>, root: object, at: number): void {
    const { vm } = this.#isolate;
    const form: Form | undefined = formOf(map);
    const keys = Object.keys(map);
    vm.charge(keys.length * (KEY_VALUES + 1) * VALUE_COST);
    for (const key of keys) {
      const part = map[key];
      if (part === null || part === undefined) continue;
      if (form?.integerKeys?.has(key)) vm.pushDecimal(this.#L, key);
      else vm.pushString(this.#L, key);
      this.#part(part, form?.floats?.has(key) === true, root, at);
      vm.api.lua_rawset(this.#L, -3);
    }
  }

  #fillError(error: ProcessError, root: object, at: number): void {
    const { vm } = this.#isolate;
    if (error.details === undefined || error.details === null) return;
    vm.api.lua_getiuservalue(this.#L, -1, 1);
    vm.pushString(this.#L, "details");
    this.#part(error.details, formOf(error)?.floats?.has("details") === true, root, at);
    vm.api.lua_rawset(this.#L, -3);
    vm.pop(this.#L, 1);
  }

  #part(part: unknown, isFloat: boolean, root: object, at: number): void {
    const { vm } = this.#isolate;
    if (isFloat && typeof part === "number") vm.pushFloat(this.#L, part);
    else if (typeof part !== "object" || part === null || part instanceof Uint8Array) {
      pushValue(this.#isolate, this.#L, part);
    } else this.#object(part, root, at);
  }

  #object(part: object, root: object, at: number): void {
    const { vm } = this.#isolate;
    const L = this.#L;
    const numbers = this.#numbers ?? this.#begin(root, at);
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
  #begin(root: object, at: number): Map<object, number> {
    const { vm } = this.#isolate;
    const L = this.#L;
    this.#numbers = new Map([[root, 1]]);
    this.#table = at;
    vm.api.lua_createtable(L, 8, 0);
    vm.api.lua_rotate(L, at, 1);
    vm.api.lua_pushvalue(L, at + 1);
    vm.setAt(L, at, 1);
    return this.#numbers;
  }
}
