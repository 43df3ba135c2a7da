/** Lua's module `time`, in a process under virtual time: the cases of time-suite.ts. */
import { describe, expect, it } from "vitest";
import { runProgram } from "./programs.ts";
import { timeCases } from "./time-suite.ts";

describe.each(Object.entries(timeCases))("Lua's time: %s", (_, cases) => {
  it.each(cases)("$name", async ({ source, prints }) => {
    const run = await runProgram(source);
    expect(run.error).toBeNull();
    expect(run.lines.join("\n")).toBe(prints.join("\n"));
  });
});
