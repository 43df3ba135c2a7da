/**
 * `npm run spec`: which statements of docs/semantics.md have a test, per section and language, and which have none.
 *
 *   docs/semantics.md ──▶ statements S2.1 …          ┐
 *   test titles "… [S2.1]", "[lua S2.1]", src, test  ├──▶ table, exceptions with reasons, uncovered statements
 *   test/spec-exceptions.json ──▶ not expected yet   ┘
 *
 * A test cites what it proves in brackets, in its title: `[S2.3]`, `[S2.3, S2.4]`, `[S4.3-S4.7]`. A citation counts for
 * TypeScript; written `[lua S2.3]`, or in a file whose path contains /lua/, it counts for Lua. Titles below `.skip` and
 * `.todo` do not count. Compile-time tests (test/types) cite in comments.
 *
 * test/spec-exceptions.json is a list of `{ "statements": "S16.54-S16.56", "reason": "…" }` for TypeScript. An exception
 * whose statement has a test after all, or does not exist, is an error (exit code 1). With `--check` an uncovered
 * statement of sections 1-9, 12 and 16 is one too.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { codeOnly, lex, lineOf } from "./source-text.mjs";

/** @typedef {{ id: string, section: number }} Statement */
/** @typedef {{ language: "typescript" | "lua", ids: string[], text: string, path: string, line: number }} Citation */
/** @typedef {{ statements: string, reason: string }} Exception */

const root = fileURLToPath(new URL("..", import.meta.url));

/** The sections `--check` insists on. */
const CHECKED_SECTIONS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 12, 16];

/** The section of what is not promised, which no test may assert. */
const NOT_PROMISED = 17;

/** Something in brackets that means to be a citation, well formed or not. */
const BRACKETS = /\[(lua )?\s*(S\d+\.\d+[^\]\n]*)\]/g;
const WELL_FORMED = /^S\d+\.\d+(?:\s*(?:,\s*|[-–]\s*)S\d+\.\d+)*$/;

/**
 * The statements and section titles of the specification, in its order.
 * @param {string} text docs/semantics.md
 */
export function readStatements(text) {
  /** @type {Statement[]} */
  const statements = [];
  /** @type {Map<number, string>} */
  const sections = new Map();
  for (const line of text.split("\n")) {
    const heading = /^## (\d+) (.+)$/.exec(line);
    if (heading && Number(heading[1]) !== NOT_PROMISED) sections.set(Number(heading[1]), heading[2] ?? "");
    const found = /^\s*(?:- \*\*|\| )(S(\d+)\.\d+)(?:\*\* | \|)/.exec(line);
    if (found) statements.push({ id: found[1] ?? "", section: Number(found[2]) });
  }
  return { statements: statements.filter(({ section }) => section !== NOT_PROMISED), sections };
}

/**
 * The ids named by "S4.3-S4.7, S5.1". A range covers the existing numbers in it. Null when it is not well formed.
 * @param {string} text
 * @param {Set<string>} known
 * @returns {string[] | null}
 */
export function expand(text, known) {
  if (!WELL_FORMED.test(text.trim())) return null;
  /** @type {string[]} */
  const ids = [];
  for (const part of text.split(",")) {
    const [first = "", last = first] = part.split(/[-–]/).map((id) => id.trim());
    const [section, from] = numbersOf(first);
    const [lastSection, to] = numbersOf(last);
    if (section !== lastSection || from > to) return null;
    for (let number = from; number <= to; number++) {
      const id = `S${section}.${number}`;
      if (number === from || number === to || known.has(id)) ids.push(id);
    }
  }
  return ids;
}

/** @param {string} id @returns {[number, number]} */
function numbersOf(id) {
  const [section = "", number = ""] = id.slice(1).split(".");
  return [Number(section), Number(number)];
}

/**
 * The citations of one test file. `ids` is empty for a malformed one.
 * @param {string} path with forward slashes, from the root
 * @param {string} source
 * @param {Set<string>} known
 */
export function citationsOf(path, source, known) {
  const skipped = skippedRanges(source);
  const kinds = path.startsWith("test/types/") ? ["string", "template", "comment"] : ["string", "template"];
  /** @type {Citation[]} */
  const citations = [];
  for (const { kind, start, end } of lex(source)) {
    if (!kinds.includes(kind) || skipped.some(([from, to]) => from <= start && end <= to)) continue;
    for (const found of source.slice(start, end).matchAll(BRACKETS)) {
      citations.push({
        language: found[1] !== undefined || path.includes("/lua/") ? "lua" : "typescript",
        ids: expand(found[2] ?? "", known) ?? [],
        text: found[0],
        path,
        line: lineOf(source, start + found.index),
      });
    }
  }
  return citations;
}

/** What stands in the parentheses of `it.skip(…)`, `describe.todo(…)` and so on. @param {string} source */
function skippedRanges(source) {
  const code = codeOnly(source);
  /** @type {[number, number][]} */
  const ranges = [];
  for (const found of code.matchAll(/\b(?:it|test|describe)(?:\.\w+)*\.(?:skip|todo)\b/g)) {
    const open = code.indexOf("(", found.index);
    let depth = 0;
    for (let at = open; at >= 0 && at < code.length; at++) {
      if (code[at] === "(") depth++;
      if (code[at] === ")" && --depth === 0) {
        ranges.push([open, at]);
        break;
      }
    }
  }
  return ranges;
}

/**
 * The files whose citations count: *.test.ts and *-suite.ts of src, test and examples, and the files of test/types.
 * The tidy tests are about the repository, not about the behaviour, so they do not count.
 * @param {string} folder the root of the checkout
 */
export function testFiles(folder) {
  return ["src", "test", "examples"]
    .map((name) => join(folder, name))
    .filter((path) => existsSync(path))
    .flatMap((path) => readdirSync(path, { recursive: true, encoding: "utf8" }).map((name) => join(path, name)))
    .map((path) => path.slice(join(folder, ".").length).split(sep).join("/").replace(/^\//, ""))
    .filter((path) => /(\.test|-suite)\.ts$/.test(path) || /^test\/types\/.*\.ts$/.test(path))
    .filter((path) => !path.startsWith("test/tidy/") && !path.includes("/node_modules/"))
    .sort();
}

/** Everything of one checkout: statements, citations, exceptions by statement, and what is wrong with them. */
export function readSpec(folder = root) {
  const { statements, sections } = readStatements(readFileSync(join(folder, "docs", "semantics.md"), "utf8"));
  const known = new Set(statements.map(({ id }) => id));
  const citations = testFiles(folder).flatMap((path) =>
    citationsOf(path, readFileSync(join(folder, path), "utf8"), known),
  );
  /** @type {Exception[]} */
  const listed = JSON.parse(readFileSync(join(folder, "test", "spec-exceptions.json"), "utf8"));

  /** @type {string[]} */
  const wrong = [];
  for (const { ids, text, path, line } of citations) {
    if (ids.length === 0)
      wrong.push(`${path}:${line}: ${text} is no citation; write [S2.3], [S2.3, S2.4] or [S4.3-S4.7]`);
    for (const id of ids) if (!known.has(id)) wrong.push(`${path}:${line}: ${text} cites ${id}, which does not exist`);
  }
  const typescript = new Set(citations.filter((one) => one.language === "typescript").flatMap((one) => one.ids));
  const lua = new Set(citations.filter((one) => one.language === "lua").flatMap((one) => one.ids));

  /** @type {Map<string, string>} */
  const exceptions = new Map();
  for (const { statements: text, reason } of listed) {
    const ids = expand(text, known);
    if (ids === null || !reason)
      wrong.push(`test/spec-exceptions.json: "${text}" is no list of statements with a reason`);
    for (const id of ids ?? []) {
      if (!known.has(id)) wrong.push(`test/spec-exceptions.json: ${id} does not exist`);
      if (typescript.has(id)) wrong.push(`test/spec-exceptions.json: ${id} has a test now; take it off the list`);
      if (exceptions.has(id)) wrong.push(`test/spec-exceptions.json: ${id} is listed twice`);
      exceptions.set(id, reason);
    }
  }
  return { statements, sections, citations, typescript, lua, exceptions, wrong };
}

/** @param {string[]} ids @returns {string} with runs written as ranges */
function shorten(ids) {
  /** @type {string[][]} */
  const runs = [];
  for (const id of ids.toSorted((a, b) => numbersOf(a)[0] - numbersOf(b)[0] || numbersOf(a)[1] - numbersOf(b)[1])) {
    const [section, number] = numbersOf(id);
    const last = runs.at(-1)?.at(-1);
    const [lastSection, lastNumber] = last === undefined ? [0, 0] : numbersOf(last);
    if (last !== undefined && section === lastSection && number === lastNumber + 1) runs.at(-1)?.push(id);
    else runs.push([id]);
  }
  return runs.map((run) => (run.length < 3 ? run.join(", ") : `${run[0]}-${run.at(-1)}`)).join(", ");
}

function main() {
  const { statements, sections, typescript, lua, exceptions, wrong } = readSpec();
  /** @param {string[]} cells */
  const row = (cells) => console.log(cells.map((cell, i) => (i === 0 ? cell.padEnd(46) : cell.padStart(12))).join(""));
  /** @param {number} n @param {Statement[]} all */
  const of = (n, all) => `${n}/${all.length}`;
  /** @type {string[]} */
  const missing = [];

  row(["section", "TypeScript", "excepted", "uncovered", "Lua"]);
  for (const [number, title] of [...sections, /** @type {const} */ ([0, "all"])]) {
    const all = statements.filter(({ section }) => number === 0 || section === number);
    const uncovered = all.filter(({ id }) => !typescript.has(id) && !exceptions.has(id));
    if (number > 0) missing.push(...uncovered.map(({ id }) => id));
    row([
      number === 0 ? title : `${number} ${title}`,
      of(all.filter(({ id }) => typescript.has(id)).length, all),
      String(all.filter(({ id }) => exceptions.has(id)).length),
      String(uncovered.length),
      of(all.filter(({ id }) => lua.has(id)).length, all),
    ]);
  }

  console.log("\nExcepted for TypeScript, for now:");
  const reasons = groupByReason(exceptions);
  for (const [reason, entries] of reasons) console.log(`  ${shorten(entries.map(([id]) => id))}: ${reason}`);
  if (exceptions.size === 0) console.log("  none");

  console.log("\nUncovered for TypeScript:");
  for (const number of sections.keys()) {
    const ids = missing.filter((id) => numbersOf(id)[0] === number);
    if (ids.length > 0) console.log(`  ${shorten(ids)}`);
  }
  if (missing.length === 0) console.log("  none");

  for (const text of wrong) console.error(`error: ${text}`);
  const insisted = missing.filter((id) => CHECKED_SECTIONS.includes(numbersOf(id)[0]));
  const checking = process.argv.includes("--check");
  if (checking && insisted.length > 0) console.error(`error: uncovered: ${shorten(insisted)}`);
  if (wrong.length > 0 || (checking && insisted.length > 0)) process.exitCode = 1;
}

/** @param {Map<string, string>} exceptions */
function groupByReason(exceptions) {
  /** @type {Map<string, [string, string][]>} */
  const groups = new Map();
  for (const entry of exceptions) groups.set(entry[1], [...(groups.get(entry[1]) ?? []), entry]);
  return groups;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
