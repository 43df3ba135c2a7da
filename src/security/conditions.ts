/**
 * Conditions of a policy (S10.36-S10.40): a field, an operator, and a value or another field.
 *
 * Only data counts: a path leads through own properties of plain objects, so `meta.__proto__` is a key like any other and
 * `meta.list.length` is no field. A field that is null is missing, as it would be in Lua. Where there is nothing to
 * compare, as between a text and a map, the evaluation has failed, and the policy says `undefined`.
 */
import type { PolicyMistake } from "./mistake.ts";
import { compilePattern } from "./regular-expression.ts";
import type { Request } from "./request.ts";

/** A condition as it is written. */
export interface ConditionSource {
  readonly field: string;
  readonly operator: string;
  readonly value?: unknown;
  /** The path of a field to compare with, instead of a value. */
  readonly valueFrom?: string;
}

/** A condition that can be asked. */
export interface Condition {
  /** How it is written, in one line; without the value, which may be a secret. */
  readonly text: string;
  /** Whether it holds. What it throws is a failed evaluation. */
  readonly holds: (request: Request) => boolean;
}

/** Why an evaluation has failed: there is nothing to compare. */
export class Incomparable extends Error {}

type Comparison = (left: unknown, right: unknown) => boolean;

/** What a condition compares with: a value, or a field of the request. */
type Side = (request: Request) => unknown;

const comparisons: Readonly<Record<string, Comparison>> = {
  eq: (left, right) => compare(left, right) === 0,
  ne: (left, right) => compare(left, right) !== 0,
  lt: (left, right) => compare(left, right) < 0,
  gt: (left, right) => compare(left, right) > 0,
  lte: (left, right) => compare(left, right) <= 0,
  gte: (left, right) => compare(left, right) >= 0,
  in: (left, right) => isIn(left, right),
  nin: (left, right) => !isIn(left, right),
  contains: (left, right) => contains(left, right),
  ncontains: (left, right) => !contains(left, right),
};

const OPERATORS = [...Object.keys(comparisons), "matches", "nmatches", "exists", "nexists"];

/** Makes a condition, or says what is wrong with it. `field` is where it stands in the entry. */
export function compileCondition(
  source: ConditionSource,
  field: readonly (string | number)[],
): Condition | PolicyMistake[] {
  const mistakes: PolicyMistake[] = [];
  const wrong = (key: string, text: string) => mistakes.push({ field: [...field, key], offset: null, text });
  const side = (key: string, path: string): Side => {
    const read = fieldOf(path);
    if (read === null) wrong(key, `"${path}" is no path of a field; write names with single dots between them`);
    return read ?? (() => undefined);
  };

  const { operator, value } = source;
  if (typeof source.field !== "string" || typeof operator !== "string") {
    return [{ field, offset: null, text: "a condition needs a field and an operator, as texts" }];
  }
  const left = side("field", source.field);
  const given = Number(value !== undefined) + Number(source.valueFrom !== undefined);
  const text = `${source.field} ${operator}${source.valueFrom === undefined ? "" : ` ${source.valueFrom}`}`;
  const needs = (count: number, what: string) => {
    if (given !== count) wrong("operator", `operator ${operator} has ${what}`);
  };

  if (operator === "exists" || operator === "nexists") {
    needs(0, "neither value nor value_from");
    const wanted = operator === "exists";
    const holds = (request: Request) => isMissing(left(request)) !== wanted;
    return mistakes.length > 0 ? mistakes : { text, holds };
  }
  if (operator === "matches" || operator === "nmatches") {
    const wanted = operator === "matches";
    const matches = patternOf(source, wrong);
    const holds = (request: Request) => {
      const subject = left(request);
      return !isMissing(subject) && matches(textOf(subject)) === wanted;
    };
    return mistakes.length > 0 ? mistakes : { text, holds };
  }
  const comparison = Object.hasOwn(comparisons, operator) ? comparisons[operator] : undefined;
  if (comparison === undefined) {
    wrong("operator", `there is no operator "${operator}"; the operators are ${OPERATORS.join(", ")}`);
    return mistakes;
  }
  needs(1, "exactly one of value and value_from");
  const right = source.valueFrom === undefined ? () => value : side("value_from", source.valueFrom);
  if (source.valueFrom === undefined) checkValue(operator, value, wrong);
  const holds = (request: Request) => {
    const one = left(request);
    const other = right(request);
    return !isMissing(one) && !isMissing(other) && comparison(one, other);
  };
  return mistakes.length > 0 ? mistakes : { text, holds };
}

function patternOf(
  { operator, value, valueFrom }: ConditionSource,
  wrong: (key: string, text: string) => void,
): (text: string) => boolean {
  const never = () => false;
  if (valueFrom !== undefined) {
    wrong("value_from", `operator ${operator} takes a value: its regular expression is compiled at load`);
    return never;
  }
  if (typeof value !== "string") {
    wrong("value", `operator ${operator} takes a value that is a regular expression, as text`);
    return never;
  }
  const compiled = compilePattern(value);
  if (typeof compiled !== "string") return compiled;
  wrong("value", `${JSON.stringify(value)} is no regular expression in RE2 syntax: ${compiled}`);
  return never;
}

function checkValue(operator: string, value: unknown, wrong: (key: string, text: string) => void): void {
  if (isScalar(value)) return;
  const mayBeList = operator === "in" || operator === "nin";
  if (mayBeList && Array.isArray(value) && value.every(isScalar)) return;
  if (value === undefined) return; // complained about already
  const lists = mayBeList ? ", or a list of them" : "";
  wrong("value", `operator ${operator} takes a text, a number or a boolean${lists}`);
}

/** Reads a field of a request by its path (S10.37); `null` for a path that is none. */
function fieldOf(path: string): Side | null {
  if (typeof path !== "string") return null;
  if (path === "actor.id") return (request) => request.actorId;
  if (path === "action") return (request) => request.action;
  if (path === "resource") return (request) => request.resource;
  for (const [prefix, root] of ROOTS) {
    if (!path.startsWith(prefix)) continue;
    const keys = path.slice(prefix.length).split(".");
    return keys.includes("") ? null : (request) => valueAt(root(request), keys);
  }
  return path === "" ? null : (request) => valueAt(request.meta, [path]);
}

const ROOTS: readonly (readonly [prefix: string, root: Side])[] = [
  ["actor.meta.", (request) => request.actorMeta],
  ["meta.", (request) => request.meta],
];

function valueAt(root: unknown, keys: readonly string[]): unknown {
  let at = root;
  for (const key of keys) {
    if (!isPlain(at) || !Object.hasOwn(at, key)) return undefined;
    at = at[key];
  }
  return at;
}

function isPlain(value: unknown): value is Record<string, unknown> {
  if (typeof value !== "object" || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function isMissing(value: unknown): boolean {
  return value === undefined || value === null;
}

function isScalar(value: unknown): value is string | number | bigint | boolean {
  return ["string", "number", "bigint", "boolean"].includes(typeof value);
}

function textOf(value: unknown): string {
  if (!isScalar(value)) throw new Incomparable();
  return String(value);
}

/** Below, at or above zero, as in sorting; by number when both sides are numbers or numeric texts (S10.39). */
function compare(left: unknown, right: unknown): number {
  const a = numberOf(left);
  const b = numberOf(right);
  // Written integers are BigInts here, and JavaScript compares those with numbers exactly.
  if (a !== null && b !== null) return a < b ? -1 : a > b ? 1 : a >= b ? 0 : Number.NaN;
  const [one, other] = [textOf(left), textOf(right)];
  return one < other ? -1 : one > other ? 1 : 0;
}

const INTEGER = /^[+-]?\d{1,300}$/;
const DECIMAL = /^[+-]?(\d{1,300}\.?\d{0,300}|\.\d{1,300})([eE][+-]?\d{1,4})?$/;

/** The number that a value is or spells; long integers keep all their digits. `null` when it is none. */
function numberOf(value: unknown): number | bigint | null {
  if (typeof value === "number" || typeof value === "bigint") return value;
  if (typeof value !== "string") return null;
  if (INTEGER.test(value)) return BigInt(value.startsWith("+") ? value.slice(1) : value);
  if (!DECIMAL.test(value)) return null;
  const read = Number(value);
  return Number.isFinite(read) ? read : null;
}

function isEqual(left: unknown, right: unknown): boolean {
  return compare(left, right) === 0;
}

function isIn(one: unknown, list: unknown): boolean {
  if (!Array.isArray(list)) return isEqual(one, list);
  if (!isScalar(one)) throw new Incomparable();
  return list.some((member) => isScalar(member) && isEqual(one, member));
}

function contains(whole: unknown, part: unknown): boolean {
  if (!Array.isArray(whole)) return textOf(whole).includes(textOf(part));
  if (!isScalar(part)) throw new Incomparable();
  return whole.some((member) => isScalar(member) && isEqual(member, part));
}
