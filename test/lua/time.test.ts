/**
 * Lua's module `time` by itself, in a plain Lua 5.4 (`lua5.4` on the path; without it nothing runs here), with the
 * runtime's part played by time-host.lua.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { timeCases } from "./time-suite.ts";

const path = (relative: string) => fileURLToPath(new URL(relative, import.meta.url));

const hasLua = spawnSync("lua5.4", ["-v"]).status === 0;

/** Everything the program prints. */
function runLua(source: string): string {
  const run = spawnSync("lua5.4", [path("time-host.lua"), path("../../src/engines/lua/prelude/time.lua")], {
    input: source,
    encoding: "utf8",
    timeout: 10_000,
  });
  return run.stdout + run.stderr;
}

describe.skipIf(!hasLua).each(Object.entries(timeCases))("Lua's time: %s", (_, cases) => {
  it.each(cases)("$name", ({ source, prints }) => {
    expect(runLua(source).trimEnd()).toBe(prints.join("\n"));
  });
});
