/**
 * Policies that are a CEL expression (S10.41), over exactly `actor {id, meta}`, `action`, `resource` and `meta`.
 *
 *     text ─▶ parse ─▶ functions and names on the list? ─▶ types ─▶ metered tree ─▶ evaluate(request) ─▶ true or not
 *
 * The package parses, checks and evaluates. What it leaves open is closed here:
 *
 * - Data is handed over as Maps, so a key such as `__proto__` or `constructor` is a key. Whole numbers are CEL's `int`,
 *   others `double`.
 * - Every node of the tree is metered: a step, and the size of what it gives, cost; with a budget that is used up the
 *   evaluation has failed. So neither nested loops over lists nor texts that double in size take long.
 * - `matches` is RE2 with a pattern written in the expression, compiled at load; the package would use backtracking.
 * - Only the functions listed here exist.
 */
import { type ASTNode, Environment, type ParseError } from "@marcbachmann/cel-js";
import { compilePattern } from "./regular-expression.ts";
import type { Request } from "./request.ts";

/** How long an expression may be, in characters. */
const MAX_LENGTH = 4_096;
/** How deep it may be nested, and how many parts it may have. */
const LIMITS = { maxAstNodes: 1_000, maxDepth: 50, maxListElements: 500, maxMapEntries: 500, maxCallArguments: 8 };
/** What one evaluation may cost: a few milliseconds. */
const BUDGET = 10_000;
/** How much data a request may have to be looked at by an expression, in values, and how deep it may be. */
const MAX_VALUES = 10_000;
const MAX_DEPTH = 50;

const FUNCTIONS: ReadonlySet<string> = new Set(
  `has size bool int uint double string bytes type dyn timestamp duration
   contains startsWith endsWith matches lowerAscii upperAscii trim indexOf lastIndexOf substring split join
   all exists exists_one map filter
   getFullYear getMonth getDate getDayOfMonth getDayOfWeek getDayOfYear getHours getMinutes getSeconds getMilliseconds`.split(
    /\s+/,
  ),
);

/** Functions whose further arguments are a time zone, and which would load its rules. */
const WITHOUT_ZONE = /^get[A-Z]/;

/** Constants of the package that are no variables of ours. */
const FOREIGN_NAMES: ReadonlySet<string> = new Set(["cel", "google"]);

const environment = new Environment({ limits: LIMITS, homogeneousAggregateLiterals: false })
  .registerType({ name: "Actor", schema: { id: "string", meta: "map<string, dyn>" } })
  .registerVariable("actor", "Actor")
  .registerVariable("action", "string")
  .registerVariable("resource", "string")
  .registerVariable("meta", "map<string, dyn>");

/** An expression that can be asked; true, or anything else, a failure included. */
export type Expression = (request: Request) => boolean;

/** What is wrong with an expression, and where in its text. */
export interface ExpressionMistake {
  readonly offset: number;
  readonly text: string;
}

/** Makes an expression, or says what is wrong with it. */
export function compileExpression(text: string): Expression | ExpressionMistake {
  if (text.length > MAX_LENGTH) return { offset: 0, text: `the expression is longer than ${MAX_LENGTH} characters` };
  try {
    const parsed = environment.parse(text);
    const nodes = nodesOf(parsed.ast);
    const patterns = checkCalls(nodes);
    const checked = parsed.check();
    if (!checked.valid) throw checked.error;
    if (checked.type !== "bool" && !checked.type?.startsWith("dyn")) {
      return { offset: 0, text: `the expression must be true or false; it is of type ${checked.type}` };
    }
    const meter = new Meter();
    // The check has made further nodes, for loops among others.
    for (const node of nodesOf(parsed.ast)) meter.attach(node, patterns.get(node));
    return (request) => meter.run(() => parsed(contextOf(request)));
  } catch (cause) {
    if (cause instanceof Mistake) return { offset: cause.offset, text: cause.message };
    const { summary, range, message } = cause as ParseError;
    return { offset: range?.start ?? 0, text: lowerFirst(summary ?? message) };
  }
}

class Mistake extends Error {
  readonly offset: number;

  constructor(offset: number, text: string) {
    super(text);
    this.offset = offset;
  }
}

/** The package's node as it is, beside what its types say. */
interface Node {
  readonly op: string;
  readonly args: unknown;
  readonly start: number;
  readonly meta: { readonly alternate?: unknown; readonly macro?: unknown };
  evaluate(evaluator: Evaluator, node: Node, context: unknown): unknown;
}

interface Evaluator {
  run(node: Node, context: unknown): unknown;
}

/** All nodes of a tree, those that stand for loops included, the outer ones first. */
function nodesOf(root: ASTNode): Node[] {
  const Kind = root.constructor as unknown as new () => Node;
  const found: Node[] = [];
  const seen = new Set<unknown>();
  const visit = (value: unknown): void => {
    if (typeof value !== "object" || value === null || seen.has(value)) return;
    seen.add(value);
    if (value instanceof Kind) {
      found.push(value);
      visit(value.args);
      visit(value.meta.alternate);
      visit(value.meta.macro);
    } else if (Array.isArray(value)) for (const item of value) visit(item);
    else if (Object.getPrototypeOf(value) === Object.prototype) for (const item of Object.values(value)) visit(item);
  };
  visit(root);
  return found;
}

/** Refuses what is not on the lists, and compiles the patterns of `matches`. */
function checkCalls(nodes: readonly Node[]): Map<Node, (text: string) => boolean> {
  const patterns = new Map<Node, (text: string) => boolean>();
  for (const node of nodes) {
    if (node.op === "id" && FOREIGN_NAMES.has(node.args as string)) {
      throw new Mistake(node.start, `unknown variable: ${node.args}`);
    }
    if (node.op !== "call" && node.op !== "rcall") continue;
    const parts = node.args as [name: string, ...rest: unknown[]];
    const [name] = parts;
    const given = parts.at(-1) as readonly Node[];
    if (!FUNCTIONS.has(name)) throw new Mistake(node.start, `there is no function ${name}`);
    if (WITHOUT_ZONE.test(name) && given.length > 0) throw new Mistake(node.start, `${name} takes no time zone here`);
    if (name !== "matches" || node.op !== "rcall") continue;
    const [pattern] = given;
    if (given.length !== 1 || pattern === undefined) continue; // the package says so
    if (pattern.op !== "value" || typeof pattern.args !== "string") {
      throw new Mistake(
        pattern.start,
        "the pattern of matches must be written as a text, so that it is compiled at load",
      );
    }
    const compiled = compilePattern(pattern.args);
    if (typeof compiled === "string") {
      throw new Mistake(pattern.start, `this is no regular expression in RE2 syntax: ${compiled}`);
    }
    patterns.set(node, compiled);
  }
  return patterns;
}

/** One for all: loops go on after a failed step, so it is thrown once for each element that is left. */
const TOO_COSTLY = new Error("the expression costs too much");

/** What the cost of an evaluation is counted with. */
class Meter {
  #left = 0;

  /** Whether an evaluation gives true within the budget. */
  run(evaluate: () => unknown): boolean {
    this.#left = BUDGET;
    try {
      return evaluate() === true && this.#left >= 0;
    } catch {
      return false;
    }
  }

  /** Counts what a node costs from now on; with a pattern it is a `matches`. */
  attach(node: Node, matches: ((text: string) => boolean) | undefined): void {
    // The package replaces `evaluate` of a node when it runs for the first time.
    let inner = node.evaluate;
    const weighs = WEIGHED.has(node.op);
    const metered = (evaluator: Evaluator, self: Node, context: unknown): unknown => {
      this.#spend(1);
      const value =
        matches === undefined
          ? inner.call(self, evaluator, self, context)
          : this.#match(matches, evaluator.run((node.args as [string, Node])[1], context));
      if (weighs) this.#weigh(value);
      return value;
    };
    Object.defineProperty(node, "evaluate", {
      get: () => metered,
      set: (next: Node["evaluate"]) => {
        inner = next;
      },
    });
  }

  #match(matches: (text: string) => boolean, subject: unknown): boolean {
    if (typeof subject !== "string") throw new Error("matches is for texts");
    this.#spend(subject.length / 4);
    return matches(subject);
  }

  #spend(cost: number): void {
    this.#left -= cost;
    if (this.#left < 0) throw TOO_COSTLY;
  }

  /** A value costs what it would take to go through it. */
  #weigh(value: unknown): void {
    if (typeof value === "string") this.#spend(value.length / 256);
    else if (value instanceof Uint8Array) this.#spend(value.length / 256);
    else if (Array.isArray(value)) {
      this.#spend(value.length / 8);
      for (const item of value) this.#weigh(item);
    } else if (value instanceof Map) {
      this.#spend(value.size / 8);
      for (const item of value.values()) this.#weigh(item);
    } else if (typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype) {
      for (const item of Object.values(value)) {
        this.#spend(1 / 8);
        this.#weigh(item);
      }
    }
  }
}

/** Kinds of nodes that give new or large values. Steps of a loop are not among them: they give what they build on. */
const WEIGHED: ReadonlySet<string> = new Set(["id", ".", "[]", "call", "rcall", "+", "list", "map", "comprehension"]);

/** What an expression sees of a request. */
function contextOf(request: Request): Map<string, unknown> {
  const copy = new CelData();
  return new Map<string, unknown>([
    ["actor", { id: request.actorId, meta: copy.valueOf(request.actorMeta, 0) }],
    ["action", request.action],
    ["resource", request.resource],
    ["meta", copy.valueOf(request.meta, 0)],
  ]);
}

/** Turns plain data into what the package takes for CEL's values. */
class CelData {
  #left = MAX_VALUES;

  valueOf(value: unknown, depth: number): unknown {
    if (--this.#left < 0 || depth > MAX_DEPTH) throw new Error("too much data");
    if (typeof value === "number") return Number.isSafeInteger(value) ? BigInt(value) : value;
    if (typeof value !== "object" || value === null) return value;
    if (Array.isArray(value)) return value.map((item) => this.valueOf(item, depth + 1));
    if (value instanceof Date || value instanceof Uint8Array) return value;
    return new Map(Object.entries(value).map(([key, item]) => [key, this.valueOf(item, depth + 1)]));
  }
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
