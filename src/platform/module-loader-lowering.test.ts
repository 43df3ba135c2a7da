// Tests of the module loader with lowering: which modules are lowered, and what their stack traces show.
import { mkdirSync, mkdtempSync, readdirSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { createModuleLoader } from "./module-loader.ts";

const folder = realpathSync(mkdtempSync(join(tmpdir(), "module-loader-lowering-")));
const cacheFolder = join(folder, "cache");
const loader = createModuleLoader({ loweredCode: "../../test/support/native-driver", cacheFolder });

afterAll(() => rmSync(folder, { recursive: true }));
beforeAll(() =>
  write({
    "package.json": '{ "type": "module" }',
    "node_modules/pack/package.json": '{ "name": "pack", "type": "module", "exports": "./pack.js" }',
    "node_modules/pack/pack.js": "export const inPackage = async () => 1;",
    "common/package.json": "{}",
    "common/detected.js": "export const detected = async () => 1;",
    "common/common.cjs": "exports.common = async () => 1;",
    "common/common.js": "exports.commonJs = async () => 1;",
  }),
);

function write(files: Record<string, string>) {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

async function load(name: string): Promise<Record<string, any>> {
  return loader.load(join(folder, name));
}

/** Whether a function is still one of the language's own async functions. */
function isNative(f: unknown): boolean {
  return Object.prototype.toString.call(f) === "[object AsyncFunction]";
}

it("lowers the modules of the application, TypeScript and JavaScript, and nothing else", async () => {
  write({
    "main.ts": `
      export { inPackage } from "pack";
      export { a } from "./a.js"; export { b } from "./b.mjs"; import { c } from "./c.mts"; export { c }; export { detected } from "./common/detected.js";
      import common from "./common/common.cjs"; import commonJs from "./common/common.js";
      export const { common: d } = common as any; export const { commonJs: e } = commonJs as any;
      export const own = async (x: number): Promise<number> => x + await c();`,
    "a.js": "export const a = async () => 1",
    "b.mjs": "export const b = async () => { await using x = null; return 2 }",
    "c.mts": "export const c = async (): Promise<number> => 3;",
  });
  const { inPackage, a, b, c, d, e, detected, own } = await load("main.ts");
  expect([own, a, b, c, detected].map(isNative)).toEqual([false, false, false, false, false]);
  expect([inPackage, d, e].map(isNative)).toEqual([true, true, true]);
  expect(await Promise.all([own(1), a(), b(), c(), detected(), inPackage(), d(), e()])).toEqual([
    4, 1, 2, 3, 1, 1, 1, 1,
  ]);
});

it("shows the author's lines and columns behind an await", async () => {
  write({
    "deep.ts":
      "interface A {\n  a: 1;\n}\n\nexport const f = async (ä: A) => {\n  await 1;\n  if (ä) throw new Error('😀');\n};\n",
    "deep.js": "\nexport async function f() {\n  await 1\n  throw new Error('x')\n}\n",
  });
  // The test runner has a stack formatter of its own in place; Node's is the one that counts.
  const formatted: { prepareStackTrace?: unknown } = Error;
  const formatter = formatted.prepareStackTrace;
  formatted.prepareStackTrace = undefined;
  try {
    const errors = [];
    for (const name of ["deep.ts", "deep.js"])
      errors.push(await (await load(name)).f({}).catch((cause: Error) => cause));
    expect(errors[0].stack).toContain(`${join(folder, "deep.ts")}:7:16`);
    expect(errors[1].stack).toContain(`${join(folder, "deep.js")}:4:9`);
  } finally {
    formatted.prepareStackTrace = formatter;
  }
});

it("keeps the places of syntax errors [S3.21]", async () => {
  write({
    "bad.ts": "const ä = async () => 1;\nlet = await (;\n",
    "bad.js": "export const a = async () => {\n  let 1;\n};\n",
  });
  await expect(load("bad.ts")).rejects.toThrow(`${join(folder, "bad.ts")}:2:`);
  await expect(load("bad.js")).rejects.toThrow(`${join(folder, "bad.js")}:2:6: `);
});

it("keeps what it has compiled", () => {
  expect(readdirSync(cacheFolder).length).toBeGreaterThan(4);
});

it("lowers functions that are called before their module is evaluated", async () => {
  write({
    "one.ts":
      "import { two } from './two.ts';\nexport async function one() { await 1; return 1; }\nexport const done = two;",
    "two.ts": "import { one } from './one.ts';\nexport const two = await one();",
  });
  expect((await load("one.ts")).done).toBe(1);
});
