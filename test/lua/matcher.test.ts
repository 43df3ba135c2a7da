/**
 * The matcher in Lua against the string library of C, on random patterns: matcher-agreement.lua, put into the prelude where
 * both can be reached, and called by a process.
 */
import { readFileSync } from "node:fs";
import { expect, it } from "vitest";
import { readLuaFiles } from "../../src/platform/index.ts";
import { runProgram } from "./programs.ts";

const agreement = readFileSync(new URL("matcher-agreement.lua", import.meta.url), "utf8");
const seed = Number(process.env.BEAMISH_MATCHER_SEED ?? Math.floor(Math.random() * 2 ** 31));

/** The sandbox, with the comparison as one more global. */
const prelude = {
  sandbox: `local host, parts = ...
    local compare = function(...) ${agreement} end
    local sandbox = (function(...) ${readLuaFiles().prelude.sandbox} end)(host, parts)
    function sandbox.base.compare(seed, rounds) return compare(parts, seed, rounds) end
    return sandbox`,
};

it(`matches as C does, with the same complaints [S11.25] (BEAMISH_MATCHER_SEED=${seed})`, async () => {
  expect(await runProgram(`print(compare(${seed}, 2500))`, prelude)).toEqual({ lines: ["10000"], error: null });
});
