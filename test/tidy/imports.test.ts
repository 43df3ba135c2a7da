/**
 * Who may import whom: the arrow table of docs/ARCHITECTURE.md as a program. Arrows go down only; other floors import
 * a folder's index.ts, not its insides; each package has one place; Node itself is known on few floors.
 */
import { describe, expect, it } from "vitest";
import { lex } from "../../scripts/source-text.mjs";
import { importsOf, isTest, read, type SourceFile, sourceFiles } from "./source-tree.ts";

/** Floor → the floors it may import. The compiler holds the pure ones too (tsconfig.*.json). */
const ARROWS: Record<string, readonly string[]> = {
  kernel: [],
  security: ["kernel"],
  catalog: ["kernel"],
  inspect: ["kernel"],
  "engines/typescript": ["kernel"],
  "engines/lua": ["kernel"],
  testing: ["kernel", "security", "catalog", "engines/typescript"],
  supervision: ["kernel", "engines/typescript"],
  platform: ["kernel", "catalog"],
  runtime: [
    "kernel",
    "security",
    "catalog",
    "inspect",
    "engines/typescript",
    "engines/lua",
    "supervision",
    "platform",
    "testing",
  ],
  cluster: ["kernel", "runtime"],
  admin: ["inspect", "runtime"],
  cli: ["admin", "runtime", "cluster", "catalog", "security"],
  dashboard: ["inspect"],
  // src/index.ts, the public door
  "": ["kernel", "security", "catalog", "engines/typescript", "supervision", "inspect", "runtime"],
};

/** The floors that may import `node:` modules. */
const NODE_FLOORS = ["platform", "cli", "admin", "cluster"];

/**
 * Package → the one floor, or file, that may import it. Every package of `dependencies` has a line here or in
 * `READ_PACKAGES`.
 */
const PACKAGES: Record<string, string> = {
  zod: "src/catalog/",
  "@marcbachmann/cel-js": "src/security/expression.ts",
  re2js: "src/security/regular-expression.ts",
  yaml: "src/platform/",
  "oxc-parser": "src/platform/",
  "oxc-transform": "src/platform/",
  commander: "src/cli/",
};

/** Package that is never imported → the one file that reads files of it. */
const READ_PACKAGES: Record<string, string> = {
  wasmoon: "src/platform/lua-files.ts",
};

/** What tests beside the sources may import besides what their floor may. */
const TEST_PACKAGES = ["vitest", "fast-check", "beamish", "beamish/testing"];

function floorOf(path: string): string {
  const inside = path.replace(/^src\//, "");
  return Object.keys(ARROWS).find((floor) => floor !== "" && inside.startsWith(`${floor}/`)) ?? "";
}

/** What is wrong with the imports of one file of src/. */
function wrongImports(file: SourceFile): string[] {
  const floor = floorOf(file.path);
  const test = isTest(file.path);
  const wrong: string[] = [];
  for (const { specifier, target, typeOnly, line } of importsOf(file)) {
    const refuse = (why: string) =>
      wrong.push(`${file.path}:${line}: imports ${specifier ?? "a computed name"}: ${why}`);
    if (floor === "" && file.path.split("/").length > 2) {
      refuse("this folder has no line in the arrow table");
    } else if (specifier === null) {
      if (floor !== "platform") refuse("only src/platform loads modules by a computed name");
    } else if (target !== null) {
      const other = floorOf(target);
      if (!target.startsWith("src/")) {
        if (!test) refuse("src/ imports nothing outside src/");
      } else if (other === floor) {
        if (isTest(target)) refuse("nobody imports a test");
      } else if (!(ARROWS[floor]?.includes(other) || (test && other === "testing"))) {
        refuse(`${floor || "src"} may not import ${other || "src/index.ts"}`);
      } else if (target !== `src/${other}/index.ts`) {
        refuse(`other floors import src/${other}/index.ts, not its insides`);
      } else if (floor === "dashboard" && !typeOnly) {
        refuse("the dashboard takes types only");
      }
    } else if (specifier.startsWith("node:")) {
      if (!NODE_FLOORS.includes(floor) && !test) refuse(`Node is not known on the floor ${floor || "src"}`);
    } else if (!(test && TEST_PACKAGES.includes(specifier))) {
      const name = packageOf(specifier);
      const place = PACKAGES[name];
      if (READ_PACKAGES[name] !== undefined) refuse("of this package files are read; its modules are never loaded");
      else if (place === undefined) refuse("this package has no place in the table PACKAGES");
      else if (!file.path.startsWith(place)) refuse(`${name} is imported in ${place} only`);
    }
  }
  return wrong;
}

/** The packages of `READ_PACKAGES` whose files are named, as in `"wasmoon/dist/glue.wasm"`, outside their one place. */
function wrongReads({ path, text }: SourceFile): string[] {
  return packagesRead(text)
    .filter((name) => READ_PACKAGES[name] !== path && !isTest(path))
    .map((name) => `${path}: files of ${name} are read in ${READ_PACKAGES[name]} only`);
}

/** The packages of `READ_PACKAGES` of which a string of this text names a file. */
function packagesRead(text: string): string[] {
  const strings = lex(text).filter(({ kind }) => kind === "string");
  const names = strings.map(({ start, end }) => packageOf(text.slice(start + 1, end - 1)));
  return Object.keys(READ_PACKAGES).filter((name) => names.includes(name));
}

function packageOf(specifier: string): string {
  return specifier.split("/", specifier.startsWith("@") ? 2 : 1).join("/");
}

/** An example is a user's program: it sees the package, Node, data packages and its own files. */
function wrongExampleImports(file: SourceFile): string[] {
  const home = file.path.split("/").slice(0, 2).join("/");
  return importsOf(file)
    .filter(({ specifier, target }) => {
      if (target !== null) return !target.startsWith(`${home}/`);
      return !(
        specifier?.startsWith("node:") ||
        ["beamish", "beamish/testing", "vega-datasets"].includes(packageOf(specifier ?? "")) ||
        specifier === "beamish/testing"
      );
    })
    .map(({ specifier, line }) => `${file.path}:${line}: imports ${specifier}: an example is a user's program`);
}

describe("imports", () => {
  const files = sourceFiles("src");

  it("follow the arrow table in every file of src/", () => {
    expect(files.length).toBeGreaterThan(0);
    expect(files.flatMap(wrongImports)).toEqual([]);
  });

  it("of the examples are those of a user's program", () => {
    expect(
      sourceFiles("examples")
        .filter(({ path }) => !isTest(path))
        .flatMap(wrongExampleImports),
    ).toEqual([]);
  });

  it("leave no dependency of package.json without a place, and no place without a dependency", () => {
    const placed = Object.keys({ ...PACKAGES, ...READ_PACKAGES });
    expect(placed.sort()).toEqual(Object.keys(JSON.parse(read("package.json")).dependencies).sort());
  });

  it("use every dependency of package.json", () => {
    if (!files.some(({ path }) => path === "src/cli/main.ts")) return;
    const used = new Set(files.flatMap((file) => importsOf(file).map(({ specifier }) => packageOf(specifier ?? ""))));
    expect(Object.keys(PACKAGES).filter((name) => !used.has(name))).toEqual([]);
    expect(Object.entries(READ_PACKAGES).filter(([name, path]) => !packagesRead(read(path)).includes(name))).toEqual(
      [],
    );
  });

  it("leave packages of which files are read to the one place that reads them", () => {
    expect(files.flatMap(wrongReads)).toEqual([]);
  });

  it("each dependency has its row, with its version, in docs/dependencies.md", () => {
    const page = read("docs/dependencies.md");
    const { dependencies, devDependencies } = JSON.parse(read("package.json"));
    const missing = Object.entries({ ...dependencies, ...devDependencies }).filter(
      ([name, version]) => !page.includes(`| ${name} | ${version} |`),
    );
    expect(missing).toEqual([]);
  });
});

describe("the import check", () => {
  const check = (path: string, text: string) => wrongImports({ path, text }).length;

  it("refuses what must not be", () => {
    expect(check("src/kernel/a.ts", 'import { z } from "zod";')).toBe(1);
    expect(check("src/kernel/a.ts", 'import type { D } from "../catalog/index.ts";')).toBe(1);
    expect(check("src/kernel/a.ts", 'import { readFileSync } from "node:fs";')).toBe(1);
    expect(check("src/runtime/a.ts", 'import { readFileSync } from "node:fs";')).toBe(1);
    expect(check("src/catalog/a.ts", 'import { Mailbox } from "../kernel/mailbox.ts";')).toBe(1);
    expect(check("src/catalog/a.ts", 'import { x } from "../security/index.ts";')).toBe(1);
    expect(check("src/cli/commands/run.ts", 'import { x } from "../../platform/index.ts";')).toBe(1);
    expect(check("src/cli/main.ts", "await import(name);")).toBe(1);
    expect(check("src/novelty/a.ts", 'import { x } from "../kernel/index.ts";')).toBe(1);
    expect(check("src/kernel/a.ts", 'import { x } from "./b.test.ts";')).toBe(1);
    expect(check("src/kernel/a.ts", 'import { x } from "../index.ts";')).toBe(1);
    expect(check("src/kernel/a.ts", 'import { x } from "../../bench/x.ts";')).toBe(1);
    expect(check("src/cli/main.ts", 'import leftPad from "left-pad";')).toBe(1);
    expect(check("src/platform/lua-files.ts", 'import { LuaFactory } from "wasmoon";')).toBe(1);
  });

  it("lets pass what may be", () => {
    expect(check("src/kernel/a.ts", 'import { x } from "./b.ts";')).toBe(0);
    expect(
      check("src/kernel/a.test.ts", 'import { it } from "vitest"; import { simulate } from "../testing/index.ts";'),
    ).toBe(0);
    expect(check("src/catalog/a.ts", 'import { z } from "zod"; import { x } from "../kernel/index.ts";')).toBe(0);
    expect(check("src/engines/typescript/a.ts", 'import { x } from "../../kernel/index.ts";')).toBe(0);
    expect(check("src/platform/module-loader.ts", 'import fs from "node:fs"; await import(url);')).toBe(0);
    expect(check("src/index.ts", 'export { x } from "./runtime/index.ts";')).toBe(0);
  });

  it("knows the one place where files of a package are read", () => {
    const reads = (path: string, text: string) => wrongReads({ path, text }).length;
    expect(reads("src/platform/lua-files.ts", 'const GLUE = "wasmoon/dist/glue.wasm";')).toBe(0);
    expect(reads("src/platform/other-files.ts", 'const GLUE = "wasmoon/dist/glue.wasm";')).toBe(1);
    expect(reads("src/platform/other-files.ts", 'const words = "wasmoons are many"; // "wasmoon/dist"')).toBe(0);
  });

  it("keeps an example from reaching into the sources", () => {
    const example = (text: string) => wrongExampleImports({ path: "examples/flights/reader.ts", text }).length;
    expect(example('import { x } from "../../src/index.ts";')).toBe(1);
    expect(example('import { x } from "zod";')).toBe(1);
    expect(example('import { x } from "beamish"; import fs from "node:fs"; import { y } from "./table.ts";')).toBe(0);
  });
});
