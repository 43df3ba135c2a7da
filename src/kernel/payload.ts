/**
 * What may be sent from one process to another, and the private copy of it (S2.37–S2.46, S2.56, S2.57).
 *
 * Everything that leaves a process is copied here: payloads, arguments, results, context values, upgrade state. The
 * copy shares nothing with the original, keeps cycles and shared parts, and is written for the common case, a small
 * tree of plain data: one pass, no table until a second object is met, a linear look-up for the first few.
 *
 * Depth: the pass recurses to MAX_DEPTH levels and puts what lies deeper on a list that is worked off afterwards, so no
 * nesting ends the runtime. Place: the pass does not keep track of where it is; when it fails, `locate` walks the data
 * again to name the place.
 */
import { errors, invalid, ProcessError } from "./errors.ts";
import { textOf } from "./exit-result.ts";
import { copyForm, formOf, setForm } from "./form.ts";
import { type Parts, type Shape, type ShapeCopy, shapeOf } from "./shapes.ts";

const MAX_DEPTH = 200;
const LINEAR = 8;
/** How many keys of the last message are remembered, a power of two. */
const KNOWN_KEYS = 64;
/** For how many objects of a message the shape that was met there last time is remembered, a power of two. */
const EXPECTED_SHAPES = 16;
const MIN_INT64 = -(2n ** 63n);
const MAX_INT64 = 2n ** 63n - 1n;

const { slice } = Array.prototype;

/** Data that still lies in the memory of another language: to copy it is to read it. */
export abstract class Foreign {
  /** Whether it is one number, and a float though it could be an integer: that cannot be noted of a number itself. */
  get isFloat(): boolean {
    return false;
  }

  /** What the copy takes, about, once it has been read. */
  get bytes(): number {
    return 0;
  }

  // A mark that even a proxy cannot make a question about it fail on.
  readonly #isForeign = true;

  static is(value: object): value is Foreign {
    return #isForeign in value;
  }

  /** The private copy. Throws a ProcessError INVALID that names the place of what cannot be sent. */
  abstract read(): unknown;
}

/** Data of another language that was read a part at a time, and is so much that it should be made anew in parts, too. */
const largeData = new WeakSet<object>();

/** Whether data was marked as large. */
export function isLarge(data: unknown): data is object {
  return typeof data === "object" && data !== null && largeData.has(data);
}

/** Marks data as so large that it should be made anew a part at a time. */
export function markLarge(data: unknown): void {
  if (typeof data === "object" && data !== null) largeData.add(data);
}

/** A text that is not short is looked at closely. */
const LONG_TEXT = 256;
const WIDE = /[^\0-\xff]/;

/** What a text takes, about: two bytes a character as soon as one is beyond Latin-1. */
export function textBytes(text: string): number {
  return text.length >= LONG_TEXT && WIDE.test(text) ? 2 * text.length : text.length;
}

/** Whether it is a number of another language, not read yet, and a float though it could be an integer. */
export function isForeignFloat(payload: unknown): boolean {
  return typeof payload === "object" && payload !== null && Foreign.is(payload) && payload.isFloat;
}

/** What a text or data of another language takes, about, once it has been read; 0 for what is not counted. */
export function bytesOf(payload: unknown): number {
  if (typeof payload === "string") return textBytes(payload);
  if (payload instanceof Uint8Array) return payload.length;
  return typeof payload === "object" && payload !== null && Foreign.is(payload) ? payload.bytes : 0;
}

/** Thrown by the copying pass to itself; never leaves this file. */
const NOT_SENDABLE = { what: "" };

/** A part that lies too deep to recurse into; it is copied when the pass above it is done. */
interface Deferred {
  into: Record<string, unknown> | unknown[];
  key: string | number;
  from: object;
}

/** An object that has been met, and its copy; linked, since a new one is written to more cheaply than an old table. */
class Met {
  readonly original: object;
  readonly copy: object;
  readonly before: Met | null;

  constructor(original: object, copy: object, before: Met | null) {
    this.original = original;
    this.copy = copy;
    this.before = before;
  }
}

/** One copying pass: the objects it has met, and what it has put off. Re-used, one after the other. */
class CopyPass implements Parts {
  #count = 0;
  /** What it has met last, as long as that is little; then the table has it all. */
  #last: Met | null = null;
  #table: Map<object, object> | null = null;
  #deferred: Deferred[] | null = null;
  #keepsForms = false;
  /** How many keys it has met, and those it has met last time at each place. */
  #keys = 0;
  readonly #known: string[] = new Array(KNOWN_KEYS).fill("");
  /** How many maps it has met, and the shape of the one met last time at each place. */
  #maps = 0;
  readonly #expected: (Shape | null)[] = new Array(EXPECTED_SHAPES).fill(null);

  root(value: object, keepsForms: boolean): unknown {
    this.#keepsForms = keepsForms;
    const copy = this.object(value, 0);
    while (this.#deferred !== null) {
      const batch: Deferred[] = this.#deferred;
      this.#deferred = null;
      // Depth 1: unlike the root, such a part may be met again even if it holds no object.
      for (const part of batch) define(part.into, part.key, this.#met(part.from) ?? this.object(part.from, 1));
    }
    return copy;
  }

  clear(): void {
    this.#last = null;
    this.#count = 0;
    this.#keys = 0;
    this.#maps = 0;
    this.#table = null;
    this.#deferred = null;
  }

  /** The copy of an object this pass has met already. */
  #met(original: object): object | undefined {
    if (this.#table !== null) return this.#table.get(original);
    for (let met = this.#last; met !== null; met = met.before) if (met.original === original) return met.copy;
    return undefined;
  }

  remember(original: object, copy: object): void {
    if (this.#table !== null) this.#table.set(original, copy);
    else if (this.#count++ < LINEAR) this.#last = new Met(original, copy, this.#last);
    else {
      this.#table = new Map([[original, copy]]);
      for (let met = this.#last; met !== null; met = met.before) this.#table.set(met.original, met.copy);
      this.#last = null;
    }
  }

  object(value: object, depth: number): unknown {
    // First what takes no call to find out.
    if (Array.isArray(value)) return this.#list(value, depth);
    const shape = this.#expected[this.#maps & (EXPECTED_SHAPES - 1)] as Shape | null;
    // To be asked for its keys an array of bytes would first make them all.
    if (shape !== null && !ArrayBuffer.isView(value) && shape.matches(value)) {
      // Its parts have the places behind its own.
      const place = this.#maps++;
      const copy = (shape.copy as ShapeCopy)(value as Record<string, unknown>, this, depth);
      if (copy !== null) {
        if (this.#keepsForms) copyForm(value, copy);
        return copy;
      }
      this.#maps = place;
    }
    if (Object.getPrototypeOf(value) === Object.prototype) return this.#map(value as Record<string, unknown>, depth);
    return this.#other(value, depth);
  }

  /** A part of `into` that is an object: met before, put off, or copied now. */
  part(into: Record<string, unknown> | unknown[], key: string | number, value: object, depth: number): unknown {
    const met = this.#met(value);
    if (met !== undefined) return met;
    if (depth < MAX_DEPTH) return this.object(value, depth + 1);
    this.#deferred ??= [];
    this.#deferred.push({ into, key, from: value });
    return null;
  }

  check(part: unknown): void {
    if (!isSendablePrimitive(part)) throw NOT_SENDABLE;
  }

  close(copy: Record<string, unknown>, isRemembered: boolean): Record<string, unknown> {
    return withoutUndefined(copy, isRemembered);
  }

  #map(value: Record<string, unknown>, depth: number): Record<string, unknown> {
    const place = this.#maps++ & (EXPECTED_SHAPES - 1);
    const shape = shapeOf(value);
    const copy = shape === null ? null : (shape.copy as ShapeCopy)(value, this, depth);
    if (copy === null) return this.#anyMap(value, depth);
    this.#expected[place] = shape;
    if (this.#keepsForms) copyForm(value, copy);
    return copy;
  }

  /**
   * The whole object is cloned at once, which is faster than key by key; then the values are looked at, and those that
   * are objects are replaced by copies of their own.
   */
  #anyMap(value: Record<string, unknown>, depth: number): Record<string, unknown> {
    const copy = Object.getOwnPropertySymbols(value).length === 0 ? { ...value } : this.#withoutSymbols(value);
    // A root that holds no object is never met again, so it is remembered only when it turns out to hold one.
    let remembered = depth > 0;
    if (remembered) this.remember(value, copy);
    let hasUndefined = false;
    for (const key in copy) {
      this.#checkKey(key);
      const part = copy[key];
      if (typeof part === "string" || typeof part === "number" || typeof part === "boolean") continue;
      if (typeof part === "object") {
        // A key of a prototype that somebody has added to is none of this object's.
        if (part === null || !Object.hasOwn(copy, key)) continue;
        if (!remembered) {
          this.remember(value, copy);
          remembered = true;
        }
        const own = this.part(copy, key, part, depth);
        if (key === "__proto__") define(copy, key, own);
        else copy[key] = own;
      } else if (part === undefined) hasUndefined = true;
      else if (!isSendablePrimitive(part) && Object.hasOwn(copy, key)) throw NOT_SENDABLE;
    }
    return hasUndefined ? withoutUndefined(copy, remembered) : copy;
  }

  #withoutSymbols(value: Record<string, unknown>): Record<string, unknown> {
    const copy = withoutSymbols(value);
    if (this.#keepsForms) copyForm(value, copy);
    return copy;
  }

  /** Refuses a key that is not UTF-8. Messages of one kind have the same keys at the same places: they are known. */
  #checkKey(key: string): void {
    const place = this.#keys++ & (KNOWN_KEYS - 1);
    if (this.#known[place] === key) return;
    if (!key.isWellFormed()) throw NOT_SENDABLE;
    this.#known[place] = key;
  }

  #list(value: unknown[], depth: number): unknown[] {
    const copy: unknown[] = value.constructor === Array ? slice.call(value) : elementsOf(value);
    if (this.#keepsForms) copyForm(value, copy);
    this.remember(value, copy);
    for (let i = 0; i < copy.length; i++) {
      const part = copy[i];
      if (typeof part === "string" || typeof part === "number") continue;
      if (typeof part === "object" && part !== null) copy[i] = this.part(copy, i, part, depth);
      else if (part === undefined) copy[i] = null;
      else if (!isSendablePrimitive(part)) throw NOT_SENDABLE;
    }
    return copy;
  }

  #other(value: object, depth: number): unknown {
    if (Foreign.is(value)) return value.read();
    if (Object.getPrototypeOf(value) === null || isForeignPlain(value)) {
      return this.#map(value as Record<string, unknown>, depth);
    }
    let copy: object;
    if (value instanceof Map) return this.#entries(value, depth);
    else if (value instanceof Date) copy = new Date(value.getTime());
    else if (value instanceof Uint8Array) copy = new Uint8Array(value);
    else if (value instanceof Error) return this.#error(value, depth);
    else throw NOT_SENDABLE;
    this.remember(value, copy);
    return copy;
  }

  #entries(value: Map<unknown, unknown>, depth: number): Record<string, unknown> {
    const copy: Record<string, unknown> = {};
    this.remember(value, copy);
    for (const [given, part] of value) {
      const key = mapKey(given);
      if (key === null || Object.hasOwn(copy, key)) throw NOT_SENDABLE;
      if (part === undefined) continue;
      if (typeof part === "object" && part !== null) define(copy, key, this.part(copy, key, part, depth));
      else if (isSendablePrimitive(part)) define(copy, key, part);
      else throw NOT_SENDABLE;
    }
    return copy;
  }

  #error(value: Error, depth: number): ProcessError {
    const known = value instanceof ProcessError ? value : null;
    const { message } = value;
    const kind = known === null ? errors.INTERNAL : known.kind;
    const copy = new ProcessError({ message, kind, retryable: known?.retryable });
    this.remember(value, copy);
    const details = known?.details;
    if (details === undefined || details === null) return copy;
    // As any other part, so that it may be shared, lead back to the error, and lie deep.
    const into = copy as unknown as Record<string, unknown>;
    if (typeof details === "object") define(into, "details", this.part(into, "details", details, depth));
    else if (isSendablePrimitive(details)) {
      define(into, "details", details);
      const form = formOf(value);
      if (form !== undefined) setForm(copy, form);
    } else throw NOT_SENDABLE;
    return copy;
  }
}

/** A clone without the properties that have symbols for keys; their getters are not asked. */
function withoutSymbols(value: Record<string, unknown>): Record<string, unknown> {
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(value)) define(copy, key, value[key]);
  return copy;
}

/** The elements of an array that may say itself what its `slice` makes, or how it is iterated over. */
function elementsOf(value: unknown[]): unknown[] {
  const elements: unknown[] = [];
  for (let i = 0; i < value.length; i++) elements.push(value[i]);
  return elements;
}

/** Takes out the keys whose value is undefined; in place if others know the object already. */
function withoutUndefined(copy: Record<string, unknown>, isKnown: boolean): Record<string, unknown> {
  if (isKnown) {
    for (const key of Object.keys(copy)) if (copy[key] === undefined) delete copy[key];
    return copy;
  }
  const rest: Record<string, unknown> = {};
  for (const key of Object.keys(copy)) {
    if (copy[key] === undefined) continue;
    if (key === "__proto__") define(rest, key, copy[key]);
    else rest[key] = copy[key];
  }
  return rest;
}

let idle: CopyPass | null = null;

/**
 * The private copy of `value`, as its receiver will see it: `undefined` becomes `null`, a `Map` a plain object, a
 * `Buffer` a `Uint8Array`, an Error a ProcessError.
 *
 * @param root what the value is to its sender, the start of the path in an error: `payload`, `result`, …; a list of
 * arguments is copied as one value with the root `argument`, so that parts they share stay shared.
 * @param keepsForms whether what {@link Form} notes is kept: for a copy that is made on the way, of what nobody can have
 * changed since it was noted.
 * @throws ProcessError INVALID naming the place and what was found, e.g. `payload.callback[2]: function cannot be sent`.
 */
export function copyPayload(value: unknown, root: string, keepsForms = false): unknown {
  if (typeof value !== "object") {
    if (value === undefined) return null;
    if (isSendablePrimitive(value)) return value;
    throw refusal(value, root);
  }
  if (value === null) return null;
  // Getters of the data may send in turn, so a pass in use is not at hand and a second one is made.
  const pass = idle ?? new CopyPass();
  idle = null;
  try {
    return pass.root(value, keepsForms);
  } catch (cause) {
    throw refusal(value, root, cause);
  } finally {
    pass.clear();
    idle = pass;
  }
}

function isSendablePrimitive(value: unknown): boolean {
  switch (typeof value) {
    case "string":
    case "number":
    case "boolean":
      return true;
    case "bigint":
      return value >= MIN_INT64 && value <= MAX_INT64;
    default:
      return value === null;
  }
}

/** A plain object of another realm, such as one made in a `node:vm` context. */
function isForeignPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, "isPrototypeOf");
}

/** The text of a key of a Map; `null` for one that cannot be sent. */
function mapKey(key: unknown): string | null {
  if (typeof key === "string") return key.isWellFormed() ? key : null;
  if (typeof key === "number") return Number.isSafeInteger(key) ? String(key) : null;
  if (typeof key === "bigint") return isSendablePrimitive(key) ? String(key) : null;
  return null;
}

/** Sets an own property whatever its name: `__proto__` is plain data. */
function define(into: object, key: string | number, value: unknown): void {
  Object.defineProperty(into, key, { value, enumerable: true, configurable: true, writable: true });
}

// ---------------------------------------------------------------------------------------------------------------------
// Naming the place, after a failure

/** A step on the way from the root to a part. */
interface Trail {
  value: unknown;
  step: string;
  up: Trail | null;
}

function refusal(value: unknown, root: string, cause?: unknown): ProcessError {
  if (cause instanceof ProcessError && typeof value === "object" && value !== null && Foreign.is(value)) return cause;
  const start: Trail = { value, step: root, up: null };
  const found = locate(start);
  if (found !== null) return invalid(`${pathOf(found.at)}: ${found.what}`);
  // The data changed between the two walks, as a getter can; the cause is all that is known.
  const text = cause instanceof Error ? textOf(cause) : "value cannot be sent";
  return invalid(`${start.step}: ${text}`);
}

function pathOf(at: Trail): string {
  const steps: string[] = [];
  for (let trail: Trail | null = at; trail !== null; trail = trail.up) steps.push(trail.step);
  return steps.reverse().join("");
}

/** The first part in depth-first order that cannot be sent. */
function locate(start: Trail): { at: Trail; what: string } | null {
  const met = new Set<unknown>();
  const open: Trail[] = [start];
  while (open.length > 0) {
    const at = open.pop() as Trail;
    const parts: Trail[] = [];
    try {
      const what = unsendable(at.value);
      if (what !== null) return { at, what };
      if (typeof at.value !== "object" || at.value === null || met.has(at.value)) continue;
      met.add(at.value);
      const problem = partsOf(at, parts);
      if (problem !== null) return problem;
    } catch (cause) {
      // A proxy can refuse any look at it.
      return { at, what: `reading it failed: ${textOf(cause)}` };
    }
    for (let i = parts.length - 1; i >= 0; i--) open.push(parts[i] as Trail);
  }
  return null;
}

function partsOf(at: Trail, parts: Trail[]): { at: Trail; what: string } | null {
  const value = at.value as object;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const problem = partOf(at, i, `[${i}]`, parts);
      if (problem !== null) return problem;
    }
  } else if (value instanceof Map) {
    const keys = new Set<string>();
    for (const [given, part] of value) {
      const key = mapKey(given);
      if (key === null) return { at, what: `map key ${describe(given)} cannot be sent` };
      if (keys.has(key)) return { at, what: `map key ${key} stands twice, as a number and as a string` };
      keys.add(key);
      parts.push({ value: part, step: step(key), up: at });
    }
  } else if (value instanceof Error) {
    if (value instanceof ProcessError) parts.push({ value: value.details, step: ".details", up: at });
  } else if (!(value instanceof Date) && !(value instanceof Uint8Array)) {
    for (const key of Object.keys(value)) {
      if (!key.isWellFormed()) return { at, what: "a key that is not UTF-8 cannot be sent" };
      const problem = partOf(at, key, step(key), parts);
      if (problem !== null) return problem;
    }
  }
  return null;
}

function partOf(at: Trail, key: string | number, step: string, parts: Trail[]): { at: Trail; what: string } | null {
  try {
    parts.push({ value: (at.value as Record<string | number, unknown>)[key], step, up: at });
  } catch (cause) {
    return { at: { value: null, step, up: at }, what: `getter failed: ${textOf(cause)}` };
  }
  return null;
}

function step(key: string): string {
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}

/** Why this very value cannot be sent, its parts left aside; `null` when it can. */
function unsendable(value: unknown): string | null {
  if (value === null || value === undefined) return null;
  if (typeof value === "bigint") {
    return isSendablePrimitive(value) ? null : "bigint beyond 64 bits cannot be sent";
  }
  if (typeof value !== "object") return isSendablePrimitive(value) ? null : `${typeof value} cannot be sent`;
  const prototype = Object.getPrototypeOf(value);
  const plain = prototype === null || prototype === Object.prototype || isForeignPlain(value);
  if (plain || Array.isArray(value)) return null;
  if (value instanceof Map || value instanceof Date || value instanceof Uint8Array || value instanceof Error)
    return null;
  return `${describe(value)} cannot be sent`;
}

function describe(value: unknown): string {
  if (typeof value !== "object" || value === null) return typeof value === "number" ? String(value) : typeof value;
  const name: unknown = value.constructor?.name;
  if (typeof name !== "string" || name === "") return "object";
  return name === "Promise" ? "promise" : `instance of ${name}`;
}
