/**
 * Objects that have the same keys in the same order have one shape. What processes send has few of them, again and again,
 * so for a shape that keeps coming a function is made that copies it property by property and by name. V8 then knows where
 * each property lies, which no loop over keys can tell it; docs/adr/0010 has the figures.
 *
 *     value ─▶ the shape met here last time? ─▶ another with its first key? ─▶ none: the caller copies by a loop
 *
 * Both tables are bounded, and a function is made only after its shape has come several times, so that sending ever new
 * shapes drives up neither the memory nor the time that this takes. How a function is made of text comes from outside.
 */

/** How many times a shape comes before a function is made for it. */
const MADE_AT = 16;
/** The most keys a shape has, and the most characters they have together; other objects are copied by a loop. */
const MOST_KEYS = 32;
const MOST_CHARACTERS = 512;
/** How many shapes are remembered with one first key. */
const MOST_ALIKE = 8;
/** How many first keys of shapes are remembered that have a function, and as many of those that have none yet. */
const MOST_FIRST_KEYS = 256;

/** What the function of a shape asks of the pass that copies. */
export interface Parts {
  /** Notes the copy of an object, before its parts are copied. */
  remember(original: object, copy: object): void;
  /** The copy of a part that is an object. */
  part(into: Record<string, unknown>, key: string, value: object, depth: number): unknown;
  /** Throws if a part that is neither an object nor undefined cannot be sent. */
  check(part: unknown): void;
  /** What becomes of a copy with properties that are undefined. */
  close(copy: Record<string, unknown>, isRemembered: boolean): Record<string, unknown>;
}

/**
 * Copies an object whose keys are those of one shape; `depth` is 0 for the root. `null`, with nothing read, if it is no plain
 * object, or if some of the keys are a prototype's.
 */
export type ShapeCopy = (value: Record<string, unknown>, parts: Parts, depth: number) => Record<string, unknown> | null;

/** The keys of an object in their order, and how such an object is copied. */
export class Shape {
  readonly #keys: readonly string[];
  readonly #first: string;
  /** Another shape with the same first key. */
  next: Shape | null = null;
  /** How many times it has come. */
  uses = 1;
  /** Made once it has come often enough. */
  copy: ShapeCopy | null = null;

  constructor(keys: readonly string[]) {
    this.#keys = keys;
    this.#first = keys[0] as string;
  }

  /** Whether these are the keys of the object, with those that a prototype adds; its function has the last word. */
  matches(value: object): boolean {
    // What may be no plain object, and has a key for each of many things, is not asked for all of them.
    if (!(this.#first in value)) return false;
    const keys = this.#keys;
    let at = 0;
    for (const key in value) {
      if (at === keys.length || keys[at] !== key) return false;
      at++;
    }
    return at === keys.length;
  }

  /** Has the function made. */
  make(functionOf: FunctionOf): void {
    this.copy = functionOf(sourceOf(this.#keys)) as ShapeCopy | null;
  }
}

/** The value of a text that is the body of a function; `null` where no code may be made of text. */
export type FunctionOf = (body: string) => unknown;

const made = new Map<string, Shape>();
const candidates = new Map<string, Shape>();
let functionOf: FunctionOf | null = null;

/** From now on functions are made for shapes, in this way; until then, and with `null`, all copying is done by loops. */
export function makeShapesWith(make: FunctionOf | null): void {
  if (functionOf === make) return;
  functionOf = make;
  made.clear();
  candidates.clear();
}

/** The shape of this object if there is a function for it, else `null`: now, or for ever. */
export function shapeOf(value: object): Shape | null {
  if (functionOf === null) return null;
  const first = firstKeyOf(value);
  if (first === null) return null;
  const shape = among(made.get(first), value);
  if (shape !== null) return shape;
  const candidate = among(candidates.get(first), value);
  if (candidate === null) {
    note(first, value);
    return null;
  }
  // A proxy may have sent in turn while its keys were asked for, and so have brought the function about.
  if (candidate.copy !== null) return candidate;
  if (++candidate.uses < MADE_AT) return null;
  candidate.make(functionOf);
  if (candidate.copy === null) {
    makeShapesWith(null);
    return null;
  }
  remove(first, candidate);
  add(made, first, candidate);
  return candidate;
}

function firstKeyOf(value: object): string | null {
  for (const key in value) return key;
  return null;
}

function among(first: Shape | undefined, value: object): Shape | null {
  for (let shape = first ?? null; shape !== null; shape = shape.next) if (shape.matches(value)) return shape;
  return null;
}

function note(first: string, value: object): void {
  const keys = Object.keys(value);
  if (keys.length > MOST_KEYS || keys[0] !== first) return;
  let characters = 0;
  for (const key of keys) {
    characters += key.length;
    // What a prototype has, too, would be read from there if a getter removed it; and `__proto__` in a literal is no key.
    if (characters > MOST_CHARACTERS || key in Object.prototype || !key.isWellFormed()) return;
  }
  add(candidates, first, new Shape(keys));
}

function add(table: Map<string, Shape>, first: string, shape: Shape): void {
  const others = table.get(first) ?? null;
  let alike = 0;
  for (let at = others; at !== null; at = at.next) alike++;
  shape.next = alike < MOST_ALIKE ? others : null;
  if (others === null && table.size >= MOST_FIRST_KEYS) table.clear();
  table.set(first, shape);
}

function remove(first: string, shape: Shape): void {
  let others: Shape | null = null;
  for (let at = candidates.get(first) ?? null; at !== null; ) {
    const { next } = at;
    if (at !== shape) {
      at.next = others;
      others = at;
    }
    at = next;
  }
  if (others === null) candidates.delete(first);
  else candidates.set(first, others);
}

/**
 * The text of the function: it reads every property first, as the language does when it clones an object. Before that it
 * makes sure of what `matches` has left open. Asked in this order V8 knows the answers from where the object's properties
 * lie, of which it makes sure anyway. Keys of a prototype come last.
 */
function sourceOf(keys: readonly string[]): string {
  const names = keys.map((key) => JSON.stringify(key));
  const parts = names.map((name, i) => {
    return `if (typeof p${i} !== "string" && typeof p${i} !== "number" && typeof p${i} !== "boolean" && p${i} !== null) {
    if (typeof p${i} === "object") {
      if (!isRemembered) { isRemembered = true; parts.remember(value, copy); }
      copy[${name}] = parts.part(copy, ${name}, p${i}, depth);
    } else if (p${i} === undefined) hasUndefined = true;
    else parts.check(p${i});
  }`;
  });
  return `"use strict";
const { getPrototypeOf, prototype: ofObjects } = Object;
return function copyShape(value, parts, depth) {
  if (!(${names[0]} in value)) return null;
  const prototype = getPrototypeOf(value);
  if (prototype !== ofObjects && prototype !== null || ${names.at(-1)} in ofObjects) return null;
  ${names.map((name, i) => `const p${i} = value[${name}];`).join("\n  ")}
  const copy = { ${names.map((name, i) => `${name}: p${i}`).join(", ")} };
  let hasUndefined = false;
  // A root that holds no object is never met again, so it is remembered only when it turns out to hold one.
  let isRemembered = depth > 0;
  if (isRemembered) parts.remember(value, copy);
  ${parts.join("\n  ")}
  return hasUndefined ? parts.close(copy, isRemembered) : copy;
};`;
}
