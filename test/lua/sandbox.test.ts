/** The environment of scripts, in a process: the cases of sandbox-suite.ts. */
import { describe, expect, it } from "vitest";
import { runProgram } from "./programs.ts";
import { SANDBOX_CASES } from "./sandbox-suite.ts";

describe("the environment of a Lua process", () => {
  it.each(SANDBOX_CASES)("$name", async ({ source, output, error }) => {
    const run = await runProgram(source);
    if (error === undefined) expect(run.error).toBeNull();
    else expect(run.error).toContain(error);
    if (output !== undefined) expect(run.lines.join("\n")).toBe(output);
  });
});
