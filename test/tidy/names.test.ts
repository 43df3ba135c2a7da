/**
 * Names of files and their headers: a file is called by the noun it owns, is found by its name alone, and begins by
 * saying what it owns.
 */
import { basename } from "node:path";
import { describe, expect, it } from "vitest";
import { lex } from "../../scripts/source-text.mjs";
import { type SourceFile, sourceFiles } from "./source-tree.ts";

/** Names that say nothing about what is inside. */
const EMPTY_NAMES =
  /^(?:utils?|utilities|helpers?|common|misc|shared|lib|stuff|tools?|types?|interfaces?|constants?|core|base)$/;

/** A shorter comment than this says nothing. */
const SHORTEST_HEADER = 30;

/** Words of the path that say nothing, except the folder test/types with its compile-time tests. */
function emptyNames({ path }: SourceFile): string[] {
  return path
    .split("/")
    .filter((part, i) => !(part === "types" && i === 1 && path.startsWith("test/")))
    .filter((part) =>
      part
        .split(/[.-]/)
        .some((word, i) => EMPTY_NAMES.test(word) && (i === 0 || /^(?:utils?|helpers?|common|misc)$/.test(word))),
    )
    .map((part) => `${path}: "${part}" does not say what is inside`);
}

/** File names that are there twice, index.ts apart. */
function repeatedNames(files: SourceFile[]): string[] {
  const paths = new Map<string, string>();
  return files.flatMap(({ path }) => {
    const name = basename(path);
    const other = paths.get(name);
    paths.set(name, path);
    return other === undefined || name === "index.ts" ? [] : [`${path}: ${other} has the same name`];
  });
}

/** A file that does not begin with a comment of some words. */
function withoutHeader({ path, text }: SourceFile): string[] {
  const pieces = lex(text).filter(({ kind, start, end }) => !(kind === "code" && text.slice(start, end).trim() === ""));
  const first = text.startsWith("#!") ? 1 : 0;
  let words = "";
  for (const { kind, start, end } of pieces.slice(first)) {
    if (kind !== "comment") break;
    words += text.slice(start, end);
  }
  return words.replace(/[^\p{L}\p{N}]/gu, "").length >= SHORTEST_HEADER
    ? []
    : [`${path}: no header comment that says what the file owns`];
}

describe("files", () => {
  const files = sourceFiles("src", "test", "bench", "scripts", "examples");

  it("have names that say what is inside", () => {
    expect(files.length).toBeGreaterThan(0);
    expect(files.flatMap(emptyNames)).toEqual([]);
    expect(
      files
        .map(({ path }) => basename(path))
        .filter((name) => !/^[a-z0-9]+(?:-[a-z0-9]+)*(?:\.[a-z]+)*\.(?:ts|mts|js|mjs)$/.test(name)),
    ).toEqual([]);
  });

  it("of src/ have names that are there once", () => {
    expect(repeatedNames(sourceFiles("src"))).toEqual([]);
  });

  it("begin with a comment that says what they own", () => {
    expect(files.flatMap(withoutHeader)).toEqual([]);
  });
});

describe("the name check", () => {
  it("refuses empty names and lets others pass", () => {
    const check = (path: string) => emptyNames({ path, text: "" }).length;
    expect(check("src/kernel/utils.ts")).toBe(1);
    expect(check("src/helpers/pid.ts")).toBe(1);
    expect(check("src/kernel/pid-helpers.ts")).toBe(1);
    expect(check("test/misc.test.ts")).toBe(1);
    expect(check("src/kernel/types.ts")).toBe(1);
    expect(check("src/kernel/pid.ts")).toBe(0);
    expect(check("test/types/messages.ts")).toBe(0);
    expect(check("src/platform/read-definitions.ts")).toBe(0);
  });

  it("finds a name that is there twice", () => {
    const named = (...paths: string[]) => repeatedNames(paths.map((path) => ({ path, text: "" })));
    expect(named("src/kernel/engine.ts", "src/engines/lua/engine.ts")).toHaveLength(1);
    expect(named("src/kernel/index.ts", "src/catalog/index.ts", "src/kernel/pid.ts")).toEqual([]);
  });

  it("finds a file without a header", () => {
    const check = (text: string) => withoutHeader({ path: "src/a.ts", text }).length;
    expect(check("export const a = 1;")).toBe(1);
    expect(check("// a\nexport const a = 1;")).toBe(1);
    expect(check("export const a = 1; /** What this file owns, how it does that, and why so. */")).toBe(1);
    expect(check("/** What this file owns, how it does that, and why so. */\nexport const a = 1;")).toBe(0);
    expect(check("#!/usr/bin/env node\n// What this file owns, how it\n// does that, and why so.\nfoo();")).toBe(0);
  });
});
