/**
 * `npm run spec`: which statements of docs/semantics.md have a test, per section and language, and which have none.
 *
 *   docs/semantics.md ──▶ statements S2.1 …          ┐
 *   test titles "… [S2.1]", "[lua S2.1]", src, test  ├──▶ table, exceptions with reasons, uncovered statements
 *   test/spec-exceptions.json ──▶ not expected yet   ┘
 *
 * A test cites what it proves in brackets, in its title: `[S2.3]`, `[S2.3, S2.4]`, `[S4.3-S4.7]`. A citation counts for
 * TypeScript; written `[lua S2.3]`, or in a file whose path contains /lua/, it counts for Lua; written `[both S2.3]`, for
 * a table of cases that drives both languages, it counts for both. Titles below `.skip` and `.todo` do not count.
 * Compile-time tests (test/types) cite in comments.
 *
 * test/spec-exceptions.json is a list of `{ "statements": "S16.54-S16.56", "reason": "…" }` for TypeScript, and with
 * `"language": "lua"` for Lua. An exception whose statement has a test after all, or does not exist, is an error (exit
 * code 1). With `--check` an uncovered statement is one too, in the sections named in `CHECKED_SECTIONS` (TypeScript) and
 * `CHECKED_LUA_SECTIONS`.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { codeOnly, lex, lineOf } from "./source-text.mjs";

/** @typedef {{ id: string, section: number }} Statement */
/** @typedef {"typescript" | "lua"} Language */
/** @typedef {{ languages: Language[], ids: string[], text: string, path: string, line: number }} Citation */
/** @typedef {{ statements: string, reason: string, language?: Language }} Exception without a language: TypeScript */
/** @typedef {{ covered: Set<string>, exceptions: Map<string, string> }} Coverage exceptions: statement to reason */

const root = fileURLToPath(new URL("..", import.meta.url));

/** The sections whose statements `--check` wants tested in TypeScript. */
const CHECKED_SECTIONS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 16];

/** The sections whose statements `--check` wants tested in Lua; some of `LUA_SECTIONS`. @type {number[]} */
const CHECKED_LUA_SECTIONS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

/** The sections that say what a Lua process sees; in the others nothing is expected of Lua. */
const LUA_SECTIONS = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12];

const NAMES = { typescript: "TypeScript", lua: "Lua" };

/** The section of what is not promised, which no test may assert. */
const NOT_PROMISED = 17;

/** Something in brackets that means to be a citation, well formed or not. */
const BRACKETS = /\[(lua |both )?\s*(S\d+\.\d+[^\]\n]*)\]/g;
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
        languages: languagesOf(found[1]?.trim(), path),
        ids: expand(found[2] ?? "", known) ?? [],
        text: found[0],
        path,
        line: lineOf(source, start + found.index),
      });
    }
  }
  return citations;
}

/** @param {string | undefined} prefix @param {string} path @returns {Language[]} */
function languagesOf(prefix, path) {
  if (prefix === "both") return ["typescript", "lua"];
  return prefix === "lua" || path.includes("/lua/") ? ["lua"] : ["typescript"];
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
  const { typescript, lua, wrong: wrongExceptions } = coverageOf(citations, listed, known);
  return { statements, sections, citations, typescript, lua, wrong: [...wrong, ...wrongExceptions] };
}

/**
 * What has a test and what is excepted from having one, by language, and what is wrong with the exceptions.
 * @param {Pick<Citation, "languages" | "ids">[]} citations
 * @param {Exception[]} listed
 * @param {Set<string>} known
 */
export function coverageOf(citations, listed, known) {
  /** @param {Language} language @returns {Coverage} */
  const citedFor = (language) => ({
    covered: new Set(citations.filter(({ languages }) => languages.includes(language)).flatMap(({ ids }) => ids)),
    exceptions: new Map(),
  });
  const coverage = { typescript: citedFor("typescript"), lua: citedFor("lua") };
  /** @type {string[]} */
  const wrong = [];
  /** @param {string} text */
  const refuse = (text) => wrong.push(`test/spec-exceptions.json: ${text}`);
  for (const { statements: text, reason, language = "typescript" } of listed) {
    const ids = expand(text, known);
    if (ids === null || !reason) refuse(`"${text}" is no list of statements with a reason`);
    if (!Object.hasOwn(coverage, language)) {
      refuse(`"${language}" is no language; write "lua", or leave it out for TypeScript`);
      continue;
    }
    const { covered, exceptions } = coverage[language];
    for (const id of ids ?? []) {
      if (!known.has(id)) refuse(`${id} does not exist`);
      if (covered.has(id)) refuse(`${id} has a test for ${NAMES[language]} now; take it off the list`);
      if (exceptions.has(id)) refuse(`${id} is listed twice for ${NAMES[language]}`);
      exceptions.set(id, reason);
    }
  }
  return { ...coverage, wrong };
}

/**
 * The statements of some sections that are neither covered nor excepted.
 * @param {Statement[]} statements
 * @param {Coverage} coverage
 * @param {number[]} sections
 */
function uncovered(statements, { covered, exceptions }, sections) {
  return statements
    .filter(({ id, section }) => sections.includes(section) && !covered.has(id) && !exceptions.has(id))
    .map(({ id }) => id);
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
  const { statements, sections, typescript, lua, wrong } = readSpec();
  const languages = [
    { name: NAMES.typescript, coverage: typescript, expected: [...sections.keys()], checked: CHECKED_SECTIONS },
    { name: NAMES.lua, coverage: lua, expected: LUA_SECTIONS, checked: CHECKED_LUA_SECTIONS },
  ];

  /** @param {string[]} cells */
  const row = (cells) => console.log(cells.map((cell, i) => (i === 0 ? cell.padEnd(46) : cell.padStart(12))).join(""));
  row(["section", ...languages.flatMap(({ name }) => [name, "excepted", "uncovered"])]);
  for (const [number, title] of sections) {
    const cells = languages.flatMap(({ coverage, expected }) => counts(statements, coverage, [number], expected));
    row([`${number} ${title}`, ...cells]);
  }
  const all = [...sections.keys()];
  row(["all", ...languages.flatMap(({ coverage, expected }) => counts(statements, coverage, all, expected))]);

  for (const { name, coverage, expected } of languages) {
    printExceptions(name, coverage.exceptions);
    printUncovered(name, uncovered(statements, coverage, expected));
  }

  for (const text of wrong) console.error(`error: ${text}`);
  if (wrong.length > 0) process.exitCode = 1;
  if (!process.argv.includes("--check")) return;
  for (const { name, coverage, checked } of languages) {
    const insisted = uncovered(statements, coverage, checked);
    if (insisted.length === 0) continue;
    console.error(`error: uncovered for ${name}: ${shorten(insisted)}`);
    process.exitCode = 1;
  }
}

/**
 * The cells of one row for one language: how many statements have a test, are excepted, and lack one. A dash stands where
 * nothing is expected of the language.
 * @param {Statement[]} statements
 * @param {Coverage} coverage
 * @param {number[]} sections those of the row
 * @param {number[]} expected those in which something is expected of the language
 */
function counts(statements, coverage, sections, expected) {
  const all = statements.filter(({ section }) => sections.includes(section));
  /** @param {Set<string> | Map<string, string>} ids */
  const among = (ids) => all.filter(({ id }) => ids.has(id)).length;
  const isExpected = sections.some((section) => expected.includes(section));
  return [
    `${among(coverage.covered)}/${all.length}`,
    String(among(coverage.exceptions)),
    isExpected ? String(uncovered(all, coverage, expected).length) : "-",
  ];
}

/** @param {string} language @param {Map<string, string>} exceptions */
function printExceptions(language, exceptions) {
  console.log(`\nExcepted for ${language}, for now:`);
  for (const [reason, entries] of groupByReason(exceptions))
    console.log(`  ${shorten(entries.map(([id]) => id))}: ${reason}`);
  if (exceptions.size === 0) console.log("  none");
}

/** A line per section. @param {string} language @param {string[]} ids */
function printUncovered(language, ids) {
  console.log(`\nUncovered for ${language}:`);
  for (const section of new Set(ids.map((id) => numbersOf(id)[0])))
    console.log(`  ${shorten(ids.filter((id) => numbersOf(id)[0] === section))}`);
  if (ids.length === 0) console.log("  none");
}

/** @param {Map<string, string>} exceptions */
function groupByReason(exceptions) {
  /** @type {Map<string, [string, string][]>} */
  const groups = new Map();
  for (const entry of exceptions) groups.set(entry[1], [...(groups.get(entry[1]) ?? []), entry]);
  return groups;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) main();
