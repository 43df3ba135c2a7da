/** One Lua process on an island of its own: for what is to be told about Lua alone. */
import { type Simulation, simulate } from "../../src/testing/index.ts";
import { defineLua, type LuaEntry } from "./lua.ts";

/** How the island of a single process differs from the plain one. */
export interface Alone extends LuaEntry {
  readonly args?: readonly unknown[];
  /** Changes the island before the process runs. */
  readonly prepare?: (sim: Simulation) => void;
}

/** What the module's main returns. */
export async function runLua(source: string, { args = [], prepare, ...entry }: Alone = {}): Promise<any> {
  let value: unknown;
  await simulate(1, async (sim) => {
    defineLua(sim, "test:alone", source, entry);
    prepare?.(sim);
    value = await sim.exec("test:alone", ...args);
  });
  return value;
}
