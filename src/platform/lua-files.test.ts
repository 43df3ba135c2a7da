// Tests of reading the files of the Lua engine: the right ones are found, a changed one is refused.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { errors, ProcessError } from "../kernel/index.ts";
import { readLuaFiles } from "./lua-files.ts";

const glue = createRequire(import.meta.url).resolve("wasmoon/dist/glue.wasm");
let folder: string;
let prelude: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "lua-files-"));
  prelude = join(folder, "prelude");
  mkdirSync(prelude);
  writeFileSync(join(prelude, "second.lua"), "return 2");
  writeFileSync(join(prelude, "first.lua"), "return 1");
  writeFileSync(join(prelude, "notes.md"), "not Lua");
});
afterAll(() => rmSync(folder, { recursive: true }));

function failure(act: () => unknown): ProcessError {
  try {
    act();
  } catch (error) {
    if (error instanceof ProcessError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("the files of the Lua engine", () => {
  it("are the WebAssembly module of the package and the texts of the prelude", () => {
    const files = readLuaFiles(undefined, prelude);
    expect(String.fromCharCode(...files.glue.subarray(0, 4))).toBe("\0asm");
    expect(Object.entries(files.prelude)).toEqual([
      ["first", "return 1"],
      ["second", "return 2"],
    ]);
  });

  it("are read once", () => {
    const files = readLuaFiles(glue, prelude);
    expect(readLuaFiles(undefined, prelude)).toBe(files);
    expect(readLuaFiles(glue, folder)).not.toBe(files);
  });

  it("are refused when the module is another, with both hashes and what to do", () => {
    const tampered = join(folder, "glue.wasm");
    const bytes = readFileSync(glue);
    bytes[bytes.length - 1] = ~(bytes.at(-1) ?? 0);
    writeFileSync(tampered, bytes);
    const error = failure(() => readLuaFiles(tampered, prelude));
    expect(error.kind).toBe(errors.INTERNAL);
    expect(error.message).toMatch(/expected SHA-256 95f3f19d\w{56}, found (?!95f3)\w{64}; run npm ci/);
    writeFileSync(tampered, readFileSync(glue));
    expect(readLuaFiles(tampered, prelude).glue).toHaveLength(bytes.length);
  });

  it("are missed with an error that says what to do", () => {
    for (const places of [
      [join(folder, "none.wasm"), prelude],
      [glue, join(folder, "none")],
    ]) {
      const error = failure(() => readLuaFiles(...places));
      expect(error.kind).toBe(errors.INTERNAL);
      expect(error.message).toMatch(/^the Lua engine cannot be read, its installation is incomplete: .*; run npm ci$/);
    }
  });
});
