/**
 * What the pure floors must not touch: the clock, chance, the outside world; and in the kernel nothing asynchronous.
 * The compiler already refuses what is not in its `lib`; this finds the rest: what is in the language itself, and the
 * ways round the compiler.
 */
import { describe, expect, it } from "vitest";
import { blank, codeOnly, lineOf } from "../../scripts/source-text.mjs";
import { isTest, type SourceFile, sourceFiles } from "./source-tree.ts";

const PURE_FLOORS = [
  "src/kernel",
  "src/catalog",
  "src/security",
  "src/supervision",
  "src/inspect",
  "src/engines/typescript",
  "src/engines/lua",
  "src/testing",
];

/** A name that stands alone: not a property, not a part of a longer word, not a key of an object or a method. */
const word = (names: string) => new RegExp(`(?<![.\\w$#])(?:${names})(?![\\w$])(?!\\s*\\??:)`, "g");

/** On the pure floors. A word, and why it is refused. */
const FORBIDDEN: readonly [RegExp, string][] = [
  [/(?<![.\w$])Date\s*\.\s*now\b/g, "reads the clock; the time comes from kernel/clock.ts"],
  [/\bnew\s+Date\s*(?:\(\s*\)|(?!\s*\())/g, "reads the clock; the time comes from kernel/clock.ts"],
  [/(?<!\bnew\s+)(?<![.\w$])Date\s*\(/g, "reads the clock; the time comes from kernel/clock.ts"],
  [/\bMath\s*\.\s*random\b/g, "is chance; it comes from outside, as a number or a seed"],
  [
    word("setTimeout|setInterval|setImmediate|queueMicrotask|structuredClone|performance|requestAnimationFrame"),
    "belongs to the outside world",
  ],
  [word("globalThis|console|Buffer|require|eval|Atomics|SharedArrayBuffer"), "belongs to the outside world"],
  [/\bnew\s+Function\b/g, "makes code out of text"],
  [/\bdeclare\s+(?:global|module|function|let|var|class)\b/g, "promises the compiler something it cannot check"],
  [/\bdeclare\s+const\s+[\w$]+\s*:(?!\s*unique\s+symbol\b)/g, "promises the compiler something it cannot check"],
  [/\bimport\s*\.\s*meta\b/g, "belongs to the outside world"],
];

/** In the kernel, in addition. */
const ASYNCHRONOUS: readonly [RegExp, string][] = [
  [/(?<![.\w$])(?:async|await)(?![\w$])(?!\s*:)/g, "is asynchronous; kernel functions run to their end"],
  [
    /(?<![.\w$])(?:Promise|PromiseLike|AsyncIterable|AsyncGenerator|WeakRef|FinalizationRegistry)\b/g,
    "is asynchronous; kernel functions run to their end",
  ],
  [/\bSymbol\s*\.\s*async\w+/g, "is asynchronous; kernel functions run to their end"],
];

/** In comments of the pure floors: the ways to silence the compiler. */
const SILENCING = /@ts-(?:ignore|nocheck|expect-error)|\/\/\/\s*<reference/g;

/** What is impure in one file. */
function impure({ path, text }: SourceFile): string[] {
  const code = codeOnly(text);
  const comments = blank(text, ["code", "string", "template", "regex"]);
  const rules = path.startsWith("src/kernel/") ? [...FORBIDDEN, ...ASYNCHRONOUS] : FORBIDDEN;
  const found = rules.flatMap(([pattern, why]) =>
    [...code.matchAll(pattern)].map((match) => `${path}:${lineOf(text, match.index)}: ${match[0].trim()} ${why}`),
  );
  for (const match of comments.matchAll(SILENCING)) {
    found.push(`${path}:${lineOf(text, match.index)}: ${match[0]} silences the compiler`);
  }
  return found;
}

describe("the pure floors", () => {
  // ambient.d.ts is the one place that tells the compiler of WebAssembly and the text codecs, for the Lua engine alone.
  const files = sourceFiles(...PURE_FLOORS).filter(({ path }) => !isTest(path) && !path.endsWith("/ambient.d.ts"));

  it("touch no clock, no chance and nothing outside, and the kernel nothing asynchronous", () => {
    expect(files.length).toBeGreaterThan(0);
    expect(files.flatMap(impure)).toEqual([]);
  });
});

describe("the purity check", () => {
  const check = (text: string, path = "src/catalog/a.ts") => impure({ path, text }).length;

  it.each([
    "const t = Date.now();",
    "const t = new Date();",
    "const t = new Date;",
    "const t = Date();",
    "const r = Math.random();",
    "setTimeout(() => {}, 1);",
    "const later = globalThis as unknown as { setTimeout: unknown };",
    "declare const process: { exit(): void };",
    "declare global { var x: number }",
    "const { now } = performance;",
    "const f = new Function('return 1');",
    "const here = import.meta.url;",
    "// @ts-ignore\nfoo();",
    "/// <reference types='node' />",
    "const x = `$" + "{Date.now()}`;",
  ])("refuses %j", (text) => {
    expect(check(text)).toBeGreaterThan(0);
  });

  it.each([
    "async function f() {}",
    "const x = await y;",
    "function f(): Promise<void> {}",
    "for await (const x of y) {}",
  ])("refuses %j in the kernel, not above it", (text) => {
    expect(check(text, "src/kernel/a.ts")).toBeGreaterThan(0);
    expect(check(text)).toBe(0);
  });

  it.each([
    "const t = new Date(at);",
    "const isDate = x instanceof Date;",
    "const d: Date = at;",
    "clock.setTimeout(1);",
    "// Date.now() and await are named in a comment",
    'const text = "await Math.random()";',
    "const options = { performance: 1 };",
    "declare const brand: unique symbol;",
    "const awaited = 1;",
  ])("lets %j pass", (text) => {
    expect(check(text, "src/kernel/a.ts")).toBe(0);
  });
});
