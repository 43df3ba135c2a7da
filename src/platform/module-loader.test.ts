// Tests of the module loader, with real files in a temporary folder and Node's own module system.
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ProcessError } from "../kernel/index.ts";
import { createModuleLoader } from "./module-loader.ts";

let folder: string;
const loader = createModuleLoader();

beforeEach(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), "module-loader-")));
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(files: Record<string, string>) {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

async function load(name: string): Promise<Record<string, unknown>> {
  return (await loader.load(join(folder, name))) as Record<string, unknown>;
}

async function failure(name: string): Promise<Error> {
  const outcome = await load(name).catch((error: unknown) => error);
  if (!(outcome instanceof Error)) throw new Error("the module was loaded");
  return outcome;
}

/** Modules of the tests count here how often they were evaluated. */
const evaluated: Record<string, number> = {};
Object.assign(globalThis, { evaluated });
/** Source text that counts an evaluation. */
function counts(name: string): string {
  evaluated[name] = 0;
  return `(globalThis as any).evaluated[${JSON.stringify(name)}]++;\n`;
}

describe("TypeScript modules", () => {
  it("run without a build step, with all that is more than types [S13.16] [S13.23]", async () => {
    write({
      "worker.ts": `
        import type { Missing } from "./nowhere.ts";
        enum Colour { Red = 3, Blue }
        abstract class Base<T> { constructor(protected readonly value: T) {} abstract get(): T; }
        class Real extends Base<number> { #more = 1; get() { return this.value + this.#more; } }
        namespace Space { export const deep = { ...{ a: 1 } } satisfies object; }
        export const blue: number = Colour.Blue;
        export default async function main(process: Missing, ...args: unknown[]): Promise<number> {
          return new Real(args.length).get()!;
        }
        export { Space };`,
    });
    const { default: main, blue, Space } = await load("worker.ts");
    expect(await (main as (...args: unknown[]) => Promise<number>)({}, 1, 2)).toBe(3);
    expect(blue).toBe(4);
    expect(Space).toEqual({ deep: { a: 1 } });
  });

  it("may be .mts, .js and .mjs files too [S13.16]", async () => {
    write({
      "package.json": '{ "type": "module" }',
      "a.mts": "export default 1 as number;",
      "b.mjs": "export default 2;",
      "c.js": "export default 3;",
    });
    expect([await load("a.mts"), await load("b.mjs"), await load("c.js")].map((one) => one.default)).toEqual([1, 2, 3]);
  });

  it("dispose of what they hold by using and await using", async () => {
    write({
      "using.ts": `
        export async function run() {
          const log: string[] = [];
          const make = (name: string) => ({ name, [Symbol.dispose]() { log.push(name); } });
          const later = (name: string) => ({ async [Symbol.asyncDispose]() { await null; log.push(name); } });
          try {
            using a = make("a"), none = null;
            await using b = later("b");
            await using c = make("c");
            log.push("body " + a.name);
            throw new Error("body failed");
          } catch (error) { log.push((error as Error).message); }
          try {
            using x = { [Symbol.dispose]() { throw new Error("disposal failed"); } };
            throw new Error("body failed");
          } catch (error: any) { log.push(error.name, error.error.message, error.suppressed.message); }
          return log;
        }`,
    });
    const { run } = await load("using.ts");
    expect(await (run as () => Promise<string[]>)()).toEqual([
      ...["body a", "c", "b", "a", "body failed"],
      ...["SuppressedError", "disposal failed", "body failed"],
    ]);
  });

  it("show the author's lines in stack traces", async () => {
    write({
      "deep.ts": "interface A {\n  a: 1;\n}\n\n\nexport function fail(): never {\n  throw new Error('deep');\n}\n",
    });
    const { fail } = await load("deep.ts");
    // The test runner has a stack formatter of its own in place; Node's is the one that counts.
    const formatted: { prepareStackTrace?: unknown } = Error;
    const formatter = formatted.prepareStackTrace;
    formatted.prepareStackTrace = undefined;
    try {
      (fail as () => void)();
    } catch (error) {
      expect((error as Error).stack).toContain(`${join(folder, "deep.ts")}:7:9`);
    } finally {
      formatted.prepareStackTrace = formatter;
    }
    expect.assertions(1);
  });
});

describe("imports", () => {
  it("resolve from the module's place, as people write them in TypeScript [S13.13]", async () => {
    write({
      "main.ts": `
        import { a } from "./a.ts";
        import { b } from "./b.js";
        import { c } from "./c";
        import { d } from "./deep";
        import { e } from "./deep/e.mjs";
        import { f } from "pack";
        export default [a, b, c, d, e, f, (await import("./late.js")).late];`,
      "a.ts": "export const a: string = 'a';",
      "b.ts": "export const b: string = 'b';",
      "c.mts": "export const c: string = 'c';",
      "deep/index.ts": "export { d } from './d.js';",
      "deep/d.ts": "export const d: string = 'd';",
      "deep/e.mts": "export const e: string = 'e';",
      "late.ts": "export const late: string = 'late';",
      "node_modules/pack/package.json": '{ "name": "pack", "type": "module", "exports": "./pack.js" }',
      "node_modules/pack/pack.js": "export const f = 'f';",
    });
    expect((await load("main.ts")).default).toEqual(["a", "b", "c", "d", "e", "f", "late"]);
  });

  it("take a .js file that is there before a .ts file of the same name", async () => {
    write({
      "main.ts": "export { it } from './it.js';",
      "it.js": "export const it = 'js';",
      "it.ts": "export const it = 'ts';",
    });
    expect((await load("main.ts")).it).toBe("js");
  });

  it("of beamish give the running copy, without a node_modules and also when another copy is installed", async () => {
    write({ "main.ts": 'export { ProcessError } from "beamish";\nexport * as testing from "beamish/testing";' });
    expect((await load("main.ts")).ProcessError).toBe(ProcessError);
    write({
      "other/node_modules/beamish/package.json": '{ "name": "beamish", "type": "module", "exports": "./index.js" }',
      "other/node_modules/beamish/index.js": "export class ProcessError {}",
      "other/node_modules/pack/package.json": '{ "name": "pack", "type": "module", "exports": "./pack.js" }',
      "other/node_modules/pack/pack.js": 'export * from "./inner.js";',
      "other/node_modules/pack/inner.js": 'export { ProcessError as viaPackage } from "beamish";',
      "other/main.ts": 'export { ProcessError } from "beamish"; export * from "pack";',
    });
    const other = await load("other/main.ts");
    expect(other.ProcessError).toBe(ProcessError);
    expect(other.viaPackage).toBe(ProcessError);
  });
});

describe("a module", () => {
  it("is evaluated once, also when several load it at once or it is imported [S13.24]", async () => {
    write({ "one.ts": `${counts("one")}export default {};`, "two.ts": "export { default } from './one.js';" });
    const [first, second] = await Promise.all([load("one.ts"), load("one.ts")]);
    expect(second).toBe(first);
    expect(await load("one.ts")).toBe(first);
    expect((await load("two.ts")).default).toBe(first.default);
    expect((await createModuleLoader().load(join(folder, "one.ts"))).default).toBe(first.default);
    expect(evaluated.one).toBe(1);
  });

  it("whose evaluation failed is evaluated anew at the next load [S13.24]", async () => {
    const failing = `if ((globalThis as any).failing) throw new Error("not yet"); export default "up";`;
    write({ "flaky.ts": counts("flaky") + failing, "user.ts": "export { default } from './flaky.ts';" });
    Object.assign(globalThis, { failing: true });
    expect((await failure("user.ts")).message).toBe("not yet");
    expect((await failure("flaky.ts")).message).toBe("not yet");
    Object.assign(globalThis, { failing: false });
    expect((await load("user.ts")).default).toBe("up");
    expect((await load("flaky.ts")).default).toBe("up");
    expect(evaluated.flaky).toBe(3);
  });

  it("that others use keeps its instance when one of them fails [S13.24]", async () => {
    write({
      "shared.ts": `${counts("shared")}export default {};`,
      "good.ts": "export { default } from './shared.ts';",
      "bad.ts": "import './shared.ts'; throw new Error('bad');",
    });
    const good = await load("good.ts");
    await failure("bad.ts");
    await failure("bad.ts");
    write({ "bad.ts": "export { default } from './shared.ts';" });
    expect((await load("bad.ts")).default).toBe(good.default);
    expect(evaluated.shared).toBe(1);
  });

  it("that changed on disk is evaluated anew with all that import it, and nothing else [S13.24]", async () => {
    write({
      "main.ts": `${counts("main")}export { text } from "./middle.ts"; export { default } from "./aside.ts";`,
      "middle.ts": "export { text } from './leaf.js';",
      "leaf.ts": "export const text: string = 'old';",
      "aside.ts": `${counts("aside")}export default {};`,
      "unrelated.ts": `${counts("unrelated")}export default 1;`,
    });
    const before = await load("main.ts");
    await load("unrelated.ts");
    write({ "leaf.ts": "export const text: string = 'changed';" });
    const after = await load("main.ts");
    expect([before.text, after.text]).toEqual(["old", "changed"]);
    expect(after.default).toBe(before.default);
    await load("unrelated.ts");
    expect(evaluated).toMatchObject({ main: 2, aside: 1, unrelated: 1 });
    write({ "main.ts": "export const text: string = 'replaced';" });
    expect((await load("main.ts")).text).toBe("replaced");
  });

  it("that changed is noticed by a module that imports it for the first time [S13.24]", async () => {
    write({
      "a.ts": "export { v } from './leaf.ts';",
      "b.ts": "export { v } from './leaf.ts';",
      "leaf.ts": "export const v = 1;",
    });
    await load("a.ts");
    write({ "leaf.ts": "export const v = 22;" });
    expect([(await load("b.ts")).v, (await load("a.ts")).v]).toEqual([22, 22]);
  });
});

describe("a top-level await", () => {
  /** A loader whose time passes when the test says so. */
  function loaderWithTimer() {
    const timers: { ms: number; fire: () => void; isStopped: boolean }[] = [];
    let started = (): void => {};
    const nextTimer = () => new Promise<void>((resolve) => (started = resolve));
    const startTimer = (ms: number, fire: () => void) => {
      const timer = { ms, fire, isStopped: false };
      timers.push(timer);
      started();
      return () => {
        timer.isStopped = true;
      };
    };
    return { loader: createModuleLoader({ startTimer }), timers, nextTimer };
  }

  it("that does not settle within 10 s is a failure, and the module is tried anew [S3.26] [S13.24]", async () => {
    write({ "stuck.ts": "await (globalThis as any).gate; export default 'through';" });
    Object.assign(globalThis, { gate: new Promise(() => {}) });
    const { loader, timers, nextTimer } = loaderWithTimer();
    const begun = nextTimer();
    const loading = loader.load(join(folder, "stuck.ts"));
    await begun;
    expect(timers.map((timer) => timer.ms)).toEqual([10_000]);
    timers[0]?.fire();
    await expect(loading).rejects.toThrow(/^top-level await did not settle within 10s$/);
    Object.assign(globalThis, { gate: null });
    expect((await loader.load(join(folder, "stuck.ts"))).default).toBe("through");
  });

  it("that settles in time is waited for, and its timer stopped [S3.26]", async () => {
    write({ "slow.ts": "export const value: string = await new Promise((resolve) => setImmediate(resolve, 'here'));" });
    const { loader, timers } = loaderWithTimer();
    expect((await loader.load(join(folder, "slow.ts"))).value).toBe("here");
    expect(timers.map((timer) => timer.isStopped)).toEqual([true]);
  });
});

describe("a failure to load", () => {
  it("by a mistake of syntax shows file, line, column and the line itself [S3.21]", async () => {
    write({ "wrong.ts": "// ä€😀\nconst é = 1;\n\tconst x: string = ;\n", "user.ts": "import './wrong.ts';" });
    for (const name of ["wrong.ts", "user.ts"]) {
      const { message } = await failure(name);
      expect(message).toBe(
        `${join(folder, "wrong.ts")}:3:20: Unexpected token\n  3 | \tconst x: string = ;\n      \t                  ^`,
      );
    }
  });

  it("by a mistake of syntax in JavaScript shows them too [S3.21]", async () => {
    write({ "package.json": '{ "type": "module" }', "wrong.js": "const a = 1;\nconst b = ;\n" });
    const { message } = await failure("wrong.js");
    const shown = "  2 | const b = ;\n                ^";
    expect(message).toBe(`${join(folder, "wrong.js")}:2:11: Unexpected token\n${shown}`);
    write({ "user.ts": "import './user.js';", "user.js": "import './wrong.js';" });
    expect((await failure("user.ts")).message).toBe(message);
  });

  it("by an import of nothing names what is missing [S3.21]", async () => {
    write({
      "a.ts": "import './none.ts';",
      "b.ts": "interface A {\n  a: 1;\n}\nimport { here, gone } from './c.ts';\ngone(here);",
      "c.ts": "export const here = 1;",
      "d.ts": "import c from './c.ts';\nc();",
    });
    expect((await failure("a.ts")).message).toContain("none.ts");
    expect((await failure("b.ts")).message).toBe(
      `${join(folder, "b.ts")}:4:16: The requested module './c.ts' does not provide an export named 'gone'\n` +
        `  4 | import { here, gone } from './c.ts';\n${" ".repeat(21)}^`,
    );
    expect((await failure("d.ts")).message).toMatch(/d\.ts:1:1: .* does not provide an export named 'default'/);
    expect((await failure("none.ts")).message).toBe(`there is no file ${join(folder, "none.ts")}`);
  });

  it("by an error of the module passes that error on [S3.21]", async () => {
    write({ "throws.ts": "class Mine extends Error {}\nthrow new Mine('mine');", "odd.ts": "throw 'just text';" });
    const error = await failure("throws.ts");
    expect(error.message).toBe("mine");
    expect(error.constructor.name).toBe("Mine");
    const odd = await failure("odd.ts");
    expect(odd.message).toBe("just text");
    expect(odd.cause).toBe("just text");
  });
});
