/** The reader the other tidy tests stand on: it must see code, and not be fooled by comments and strings. */
import { describe, expect, it } from "vitest";
import { blank, codeOnly, lex } from "../../scripts/source-text.mjs";
import { exportsOf, importsOf, sourceFiles } from "./source-tree.ts";

describe("source text", () => {
  it("blanks comments, strings, templates and regular expressions, and keeps every position", () => {
    const source = [
      "const a = 1; // Math.random()",
      "/* await */ const b = \"Date.now()\" + 'it\\'s';",
      "const c = `await $" + "{ d + `x$" + "{ {e: 1}.e }` } Promise`;",
      'const f = /await[/]"/g.test(a) ? a / b / c : 2;',
    ].join("\n");
    const code = codeOnly(source);
    expect(code).toHaveLength(source.length);
    expect(code).not.toMatch(/Math|await|Date|Promise|it|"|`/);
    expect(code.replace(/\s+/g, " ")).toBe(
      "const a = 1; const b = + ; const c = d + {e: 1}.e ; const f = .test(a) ? a / b / c : 2;",
    );
  });

  it("covers the source without a gap", () => {
    for (const { path, text } of sourceFiles("src", "test", "scripts")) {
      let at = 0;
      for (const piece of lex(text)) {
        expect(piece.start, path).toBe(at);
        at = piece.end;
      }
      expect(at, path).toBe(text.length);
    }
  });

  it("takes a slash behind a value for a division and behind an operator for a regular expression", () => {
    expect(lex("x = a / b / c").map(({ kind }) => kind)).toEqual(["code"]);
    expect(lex("f(a) / 2; x[1] / 2").map(({ kind }) => kind)).toEqual(["code"]);
    expect(lex("return /a\\/b/u;").map(({ kind }) => kind)).toEqual(["code", "regex", "code"]);
    expect(lex("(/[/]/)").map(({ kind }) => kind)).toEqual(["code", "regex", "code"]);
  });

  it("blanks only the kinds asked for", () => {
    expect(blank('a("x"); // y', ["comment"])).toBe('a("x");     ');
  });
});

describe("imports and exports", () => {
  it("finds every form of import, and says which vanish at run time", () => {
    const text = [
      'import { a, type B } from "./a.ts";',
      'import type { C } from "../kernel/index.ts";',
      'import { type D } from "zod";',
      'import "./side-effect.ts";',
      "export {\n  e,\n} from './e.ts';",
      'const f = await import("node:fs");',
      "const g = await import(name);",
      'let h: import("./h.ts").H;',
      '// import "./comment.ts"',
      "const s = 'import x from \"./string.ts\"';",
      "const u = import.meta.url;",
      'export const from = "x";',
    ].join("\n");
    const found = importsOf({ path: "src/catalog/x.ts", text });
    expect(found.map(({ specifier, typeOnly }) => [specifier, typeOnly])).toEqual([
      ["./a.ts", false],
      ["../kernel/index.ts", true],
      ["zod", true],
      ["./side-effect.ts", false],
      ["./e.ts", false],
      ["node:fs", false],
      [null, false],
      ["./h.ts", false],
    ]);
    expect(found.map(({ target }) => target)).toContain("src/kernel/index.ts");
  });

  it("finds every form of export", () => {
    const text = [
      "export function f() {}",
      "export const c = 1;",
      "export default async function main() {}",
      "export interface I {}",
      'export { a, type B, c as d } from "./a.ts";',
      'export * from "./all.ts";',
      'const s = "export const no = 1";',
    ].join("\n");
    expect(exportsOf({ path: "src/x.ts", text }).map(({ name, from }) => [name, from])).toEqual([
      ["f", null],
      ["c", null],
      ["main", null],
      ["I", null],
      ["a", "src/a.ts"],
      ["B", "src/a.ts"],
      ["d", "src/a.ts"],
      ["*", "src/all.ts"],
    ]);
  });
});
