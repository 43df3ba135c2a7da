/** Lua in a simulated island: an engine over the simulation's clock, and entries from their texts. */
import { LuaEngine, type LuaLibrary, type LuaSource } from "../../src/engines/lua/index.ts";
import { readLuaFiles } from "../../src/platform/index.ts";
import type { Simulation } from "../../src/testing/index.ts";

const engines = new WeakMap<Simulation, LuaEngine>();

/** The Lua engine of a simulation; its clock and chance are the simulation's. */
export function luaEngine(
  sim: Simulation,
  options: { heapLimitBytes?: number; sliceInstructions?: number; nowMs?: () => number } = {},
): LuaEngine {
  const known = engines.get(sim);
  if (known !== undefined) return known;
  const engine = new LuaEngine({
    ...readLuaFiles(),
    heapLimitBytes: options.heapLimitBytes ?? 64 * 2 ** 20,
    ...(options.sliceInstructions !== undefined && { sliceInstructions: options.sliceInstructions }),
    nowMs: options.nowMs ?? (() => sim.nowMs),
    sources: { random32: () => sim.random.below(2 ** 32), unixMs: () => sim.unixMs },
    later: (go) => sim.later(go),
  });
  engines.set(sim, engine);
  return engine;
}

/** How an entry in Lua differs from the plain one; a library is given by its text and what it imports. */
export interface LuaEntry extends Partial<Omit<LuaSource, "entry" | "chunk" | "libraries">> {
  readonly libraries?: Readonly<
    Record<string, string | { source: string; modules?: string[]; imports?: Record<string, string> }>
  >;
}

/** What the engine is handed for an entry of this text. Its file is called as the entry, `worker.lua` for `app:worker`. */
export function luaSource(id: string, source: string, entry: LuaEntry = {}): LuaSource {
  const { libraries = {}, ...rest } = entry;
  return {
    entry: id,
    chunk: { source, name: `${id.split(":")[1]}.lua`, firstLine: 1 },
    method: "main",
    modules: ["time", "ctx"],
    imports: {},
    mailbox: null,
    memoryLimitBytes: null,
    ...rest,
    libraries: Object.entries(libraries).map(([name, given]): LuaLibrary => {
      const { source: text, modules = [], imports = {} } = typeof given === "string" ? { source: given } : given;
      return { id: name, chunk: { source: text, name: `${name.split(":")[1]}.lua`, firstLine: 1 }, modules, imports };
    }),
  };
}

/** Makes an entry in Lua that can be spawned; one that does not compile fails when it is. */
export function defineLua(sim: Simulation, id: string, source: string, entry: LuaEntry = {}): void {
  try {
    sim.defineProgram(id, luaEngine(sim).load(luaSource(id, source, entry)));
  } catch (cause) {
    sim.defineProgram(id, cause as Error as never);
  }
}
