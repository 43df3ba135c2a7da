/** One Lua process on an island of its own: for what is to be told about Lua alone. */
import { type Simulation, simulate } from "../../src/testing/index.ts";
import { defineLua, type LuaEntry } from "./lua.ts";

/** How the island of a single process differs from the plain one. */
export interface Alone extends LuaEntry {
  readonly args?: readonly unknown[];
  /** Changes the island before anything is defined in it: the engine, for one, is made with the first entry. */
  readonly prepare?: (sim: Simulation) => void;
}

/** What the module's main returns; throws the error it ended with, its text as it is. */
export async function runLua(source: string, { args = [], prepare, ...entry }: Alone = {}): Promise<any> {
  let outcome: { value: unknown } | { error: unknown } | null = null;
  await simulate(1, async (sim) => {
    prepare?.(sim);
    defineLua(sim, "test:alone", source, entry);
    outcome = await sim.exec("test:alone", ...args).then(
      (value: unknown) => ({ value }),
      (error: unknown) => ({ error }),
    );
  });
  const ended = outcome as unknown as { value: unknown } | { error: unknown };
  if ("error" in ended) throw ended.error;
  return ended.value;
}
