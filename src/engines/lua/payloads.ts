/**
 * Values of Lua as payloads and back (S2.37–S2.46, S2.56, S2.57).
 *
 * Reading makes the private copy in one pass; no metamethod runs. Pushing works off a list instead of recursing, since
 * what TypeScript sends may be nested to any depth.
 */
import { type ErrorKind, Foreign, type Form, formOf, invalid, ProcessError, setForm } from "../../kernel/index.ts";
import type { Isolate } from "./isolate.ts";
import { ERROR, KIND_NAMES } from "./objects.ts";
import { BOOLEAN, FUNCTION, NIL, NUMBER, STRING, type State, TABLE, THREAD, USERDATA } from "./vm.ts";

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
/** What copying a value costs, in instructions' worth; texts are charged where they are decoded. */
const VALUE_COST = 10;
/** How many steps of the way to what cannot be sent an error shows. */
const SHOWN_STEPS = 40;
/** Stack slots that a level of nesting needs. */
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

/** One reading of one value, or of several that may share parts. */
class ReadingPass {
  readonly #isolate: Isolate;
  readonly #L: State;
  /** Tables by their address, and what became of them. */
  #met: Map<number, object> | null = null;
  #firstAddress = 0;
  #first: object | null = null;
  #values = 0;
  #textBytes = 0;

  constructor(isolate: Isolate, L: State) {
    this.#isolate = isolate;
    this.#L = L;
  }

  read(index: number, root: string): unknown {
    const valuesBefore = this.#values;
    try {
      const value = this.#value(index, 0);
      this.#charge(valuesBefore);
      return value;
    } catch (cause) {
      this.#charge(valuesBefore);
      if (!(cause instanceof Unsendable)) throw cause;
      throw invalid(`${root}${shownPath(cause.steps.reverse())}: ${cause.what}`);
    }
  }

  #charge(values: number): void {
    this.#isolate.vm.charge((this.#values - values) * VALUE_COST);
  }

  /** The string at an index, when there is room for it. */
  #text(index: number): unknown {
    const text = this.#isolate.vm.string(this.#L, index);
    this.#textBytes += text.length;
    if (this.#textBytes > MAX_TEXT_BYTES) throw new Unsendable("data of more than 4 MiB of text cannot be sent");
    return text;
  }

  isIntegralFloat(index: number): boolean {
    return this.#isolate.vm.isIntegralFloat(this.#L, index);
  }

  #value(index: number, depth: number): unknown {
    const { vm } = this.#isolate;
    const L = this.#L;
    if (++this.#values > MAX_VALUES) throw new Unsendable("data of more than 65,536 values cannot be sent");
    switch (vm.type(L, index)) {
      case STRING:
        return this.#text(index);
      case NUMBER:
        return vm.number(L, index);
      case BOOLEAN:
        return vm.boolean(L, index);
      case TABLE:
        return this.#table(index, depth);
      case USERDATA:
        return this.#userdata(index, depth);
      case FUNCTION:
        throw new Unsendable("function cannot be sent");
      case THREAD:
        throw new Unsendable("coroutine cannot be sent");
      default:
        // nil and none
        return null;
    }
  }

  #table(index: number, depth: number): unknown {
    const { vm } = this.#isolate;
    const L = this.#L;
    const address = vm.api.lua_topointer(L, index);
    const met = this.#find(address);
    if (met !== undefined) return met;
    if (depth >= MAX_DEPTH) throw new Unsendable(`data nested deeper than ${MAX_DEPTH} levels cannot be sent`);
    if (vm.api.lua_checkstack(L, SLOTS) === 0) throw new Unsendable("data nested too deeply cannot be sent");
    const at = vm.absolute(L, index);
    if (vm.api.lua_getmetatable(L, at) !== 0 && this.#isTime()) return this.#date(at, address);
    const length = Number(vm.api.lua_rawlen(L, at));
    return length > 0 && this.#countsUpTo(at, length)
      ? this.#list(at, length, address, depth)
      : this.#map(at, address, depth);
  }

  /** Takes a metatable off the top; whether it is that of a Time. One of another table of ours ends the pass. */
  #isTime(): boolean {
    const { vm, times, metatables } = this.#isolate;
    const L = this.#L;
    const isTime = times !== null && vm.isReference(L, times.time);
    vm.getReference(L, metatables.hostKinds);
    vm.api.lua_rotate(L, -2, 1);
    vm.api.lua_rawget(L, -2);
    const kind = vm.type(L, -1) === STRING ? vm.shownString(L, -1) : null;
    vm.pop(L, 2);
    if (kind !== null) throw new Unsendable(`${kind} cannot be sent`);
    return isTime;
  }

  /** Whether the keys of a table are exactly 1 to `length`. That it ends there says nothing: it may have holes. */
  #countsUpTo(at: number, length: number): boolean {
    const { vm } = this.#isolate;
    const L = this.#L;
    let count = 0;
    vm.pushNil(L);
    while (vm.api.lua_next(L, at) !== 0) {
      vm.pop(L, 1);
      const key = !vm.isInteger(L, -1) ? 0 : vm.api.lua_tonumberx(L, -1, 0);
      if (key < 1 || key > length) {
        vm.pop(L, 1);
        return false;
      }
      count++;
    }
    return count === length;
  }

  #list(at: number, length: number, address: number, depth: number): unknown[] {
    const { vm } = this.#isolate;
    const L = this.#L;
    const list: unknown[] = [];
    let floats: Set<string> | null = null;
    this.#remember(address, list);
    for (let n = 1; n <= length; n++) {
      vm.getAt(L, at, n);
      try {
        list.push(this.#value(-1, depth + 1));
      } catch (cause) {
        throw located(cause, `[${n}]`);
      }
      if (this.isIntegralFloat(-1)) floats = added(floats, String(n));
      vm.pop(L, 1);
    }
    if (floats !== null) setForm(list, { integerKeys: null, floats });
    return list;
  }

  #map(at: number, address: number, depth: number): Record<string, unknown> {
    const { vm } = this.#isolate;
    const L = this.#L;
    const map: Record<string, unknown> = {};
    let integerKeys: Set<string> | null = null;
    let floats: Set<string> | null = null;
    this.#remember(address, map);
    vm.pushNil(L);
    while (vm.api.lua_next(L, at) !== 0) {
      this.#values += KEY_VALUES;
      const isInteger = vm.type(L, -2) === NUMBER;
      const key = this.#key(isInteger);
      if (Object.hasOwn(map, key)) throw new Unsendable(`map key ${key} stands twice, as a number and as a string`);
      let value: unknown;
      try {
        value = this.#value(-1, depth + 1);
      } catch (cause) {
        throw located(cause, isInteger ? `[${key}]` : step(key));
      }
      if (key === "__proto__") define(map, key, value);
      else map[key] = value;
      if (isInteger) integerKeys = added(integerKeys, key);
      if (this.isIntegralFloat(-1)) floats = added(floats, key);
      vm.pop(L, 1);
    }
    if (integerKeys !== null || floats !== null) setForm(map, { integerKeys, floats });
    return map;
  }

  /** The text of the key below the top. */
  #key(isNumber: boolean): string {
    const { vm } = this.#isolate;
    const L = this.#L;
    if (isNumber) {
      if (!vm.isInteger(L, -2)) throw new Unsendable(`map key ${vm.number(L, -2)} cannot be sent`);
      return String(vm.number(L, -2));
    }
    const type = vm.type(L, -2);
    if (type !== STRING) throw new Unsendable(`map key ${TYPE_NAMES[type]} cannot be sent`);
    const key = vm.string(L, -2);
    if (typeof key !== "string") throw new Unsendable("a key that is not UTF-8 cannot be sent");
    return key;
  }

  #date(index: number, address: number): Date {
    const { vm } = this.#isolate;
    const L = this.#L;
    vm.getAt(L, index, 1);
    const seconds = vm.api.lua_tonumberx(L, -1, 0);
    vm.pop(L, 1);
    vm.getAt(L, index, 2);
    const nanoseconds = vm.api.lua_tonumberx(L, -1, 0);
    vm.pop(L, 1);
    const ms = seconds * 1_000 + Math.floor(nanoseconds / 1_000_000);
    if (!(Math.abs(ms) <= LAST_DATE_MS)) throw new Unsendable("a time beyond the range of dates cannot be sent");
    const date = new Date(ms);
    this.#remember(address, date);
    return date;
  }

  #userdata(index: number, depth: number): unknown {
    const { vm, objects } = this.#isolate;
    const L = this.#L;
    const kind = objects.kind(L, index);
    if (kind !== ERROR) throw new Unsendable(`${KIND_NAMES[kind] ?? "userdata"} cannot be sent`);
    const address = vm.api.lua_topointer(L, index);
    const met = this.#find(address);
    if (met !== undefined) return met;
    if (depth >= MAX_DEPTH || vm.api.lua_checkstack(L, SLOTS) === 0) {
      throw new Unsendable("data nested too deeply cannot be sent");
    }
    const error = readErrorHead(this.#isolate, L, index);
    this.#remember(address, error);
    vm.api.lua_getiuservalue(L, index, 1);
    if (vm.getField(L, -1, "details") !== NIL) {
      try {
        define(error, "details", this.#value(-1, depth + 1));
      } catch (cause) {
        throw located(cause, ".details");
      }
      if (this.isIntegralFloat(-1)) setForm(error, { integerKeys: null, floats: new Set(["details"]) });
    }
    vm.pop(L, 2);
    return error;
  }

  #find(address: number): object | undefined {
    if (address === this.#firstAddress && this.#first !== null) return this.#first;
    return this.#met?.get(address);
  }

  #remember(address: number, object: object): void {
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
    vm.charge(keys.length * VALUE_COST);
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
