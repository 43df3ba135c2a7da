/** What the build makes of imports and exported constants (docs/adr/0013): quicker modules that do the same. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { pathToFileURL } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { bindConstants } from "../../scripts/bind-imports.mjs";

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "beamish-constants-"));
});

afterEach(() => {
  rmSync(folder, { recursive: true });
});

function write(files: Record<string, string>): void {
  for (const [name, text] of Object.entries(files)) {
    const file = join(folder, name);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }
}

const text = (name: string) => readFileSync(join(folder, name), "utf8");
const load = (name: string) => import(/* @vite-ignore */ pathToFileURL(join(folder, name)).href);

it("binds what is imported and what is exported to constants, and all does what it did", async () => {
  write({
    "package.json": '{ "type": "module" }',
    "a/limit.js":
      "export const LIMIT = 3;\nexport function below(n) {\n    return n < LIMIT;\n}\n//# sourceMappingURL=data:application/json,{}",
    "index.js": 'export { LIMIT, below } from "./a/limit.js";\nexport { count, next } from "./count.js";\n',
    "count.js": "export let count = 0;\nexport function next() {\n    return ++count;\n}\n",
    "main.js":
      'import { LIMIT as MOST, below, next, count, } from "./index.js";\nimport { join } from "node:path";\n' +
      "export const all = () => [MOST, below(2), below(3), next(), next(), count, join('a', 'b')];\n",
  });
  expect(bindConstants(folder)).toBe(2);
  expect(text("main.js").split("\n").slice(0, 3)).toEqual([
    'import { LIMIT as MOST$i, below as below$i, next as next$i, count } from "./index.js";',
    'import { join } from "node:path"; const MOST = MOST$i, below = below$i, next = next$i;',
    "const        all = () => [MOST, below(2), below(3), next(), next(), count, join('a', 'b')];",
  ]);
  expect(text("a/limit.js")).toMatch(
    /^const {8}LIMIT = 3;\n[\s\S]*\nexport \{ LIMIT\$e as LIMIT \};\n\/\/# sourceMappingURL/,
  );
  expect(bindConstants(folder)).toBe(0);
  const { all } = await load("main.js");
  expect(all()).toEqual([3, true, false, 1, 2, 2, join("a", "b")]);
});

it("changes nothing a second time, and nothing where modules import each other in a circle", async () => {
  write({
    "package.json": '{ "type": "module" }',
    "one.js":
      'import { two } from "./two.js";\nexport function one(n) {\n    return n === 0 ? "one" : two(n - 1);\n}\nexport const early = two(1);\n',
    "two.js":
      'import { one } from "./one.js";\nexport function two(n) {\n    return n === 0 ? "two" : one(n - 1);\n}\n',
    "main.js": 'import { early, one } from "./one.js";\nexport const all = [early, one(1)];\n',
  });
  const before = text("one.js");
  expect(bindConstants(folder)).toBe(1);
  expect(bindConstants(folder)).toBe(0);
  expect(text("one.js")).toBe(before);
  expect((await load("main.js")).all).toEqual(["one", "two"]);
});

it("knows a module that it has done by any name that it has bound", () => {
  write({
    "count.js": "export let count = 0;\nexport function next() {\n    return ++count;\n}\n",
    "step.js": "export let step = 1;\n",
    "twice.js":
      'import { next, count } from "./count.js";\nimport { step } from "./step.js";\n' +
      "export function twice() {\n    next();\n    return next() === count * step;\n}\n",
  });
  expect([bindConstants(folder), bindConstants(folder)]).toEqual([1, 0]);
});
