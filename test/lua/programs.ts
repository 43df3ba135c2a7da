/** Runs a program in Lua as the main of a process, under virtual time: what it prints, and the error it ends with. */

import { LuaEngine } from "../../src/engines/lua/index.ts";
import { readLuaFiles } from "../../src/platform/index.ts";
import { type Simulation, simulate } from "../../src/testing/index.ts";
import { luaSource } from "../support/lua.ts";

/** What a program did. */
export interface Run {
  /** A line per call of `print`, which may itself contain line ends. */
  readonly lines: readonly string[];
  /** The message of the error it ended with; `null` when it ended well. */
  readonly error: string | null;
}

/** Runs a program, whose file is called `test`; `prelude` are files of the prelude that differ from the real ones. */
export async function runProgram(source: string, prelude: Readonly<Record<string, string>> = {}): Promise<Run> {
  const lines: string[] = [];
  let error: string | null = null;
  await simulate(1, async (sim) => {
    sim.watchNotices((notice) => {
      if (notice.kind === "printed") lines.push(notice.text);
    });
    const plain = luaSource("lua:program", `return function() ${source}\nend`);
    sim.defineProgram(
      "lua:program",
      engineWith(sim, prelude).load({ ...plain, chunk: { ...plain.chunk, name: "test" } }),
    );
    try {
      await sim.exec("lua:program");
    } catch (cause) {
      error = (cause as Error).message;
    }
  });
  return { lines, error };
}

function engineWith(sim: Simulation, changed: Readonly<Record<string, string>>): LuaEngine {
  const { prelude, ...rest } = readLuaFiles();
  return new LuaEngine({
    ...rest,
    prelude: { ...prelude, ...changed },
    heapLimitBytes: 64 * 2 ** 20,
    nowMs: () => sim.nowMs,
    sources: { random32: () => sim.random.below(2 ** 32), unixMs: () => sim.unixMs },
    later: (go) => sim.later(go),
  });
}
