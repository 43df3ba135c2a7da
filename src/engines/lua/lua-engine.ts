/** Lua as a language of processes: sandboxed, preempted, bounded. */
import type { Engine } from "../../kernel/index.ts";
import { Isolates, type LuaParts } from "./isolates.ts";
import { LuaProgram, type LuaSource } from "./lua-program.ts";

/** The engine of `process.lua` entries on one thread. The VM is instantiated when the first program is loaded. */
export class LuaEngine implements Engine<LuaSource> {
  readonly kind = "process.lua";
  /** The heaps, for tools and tests. */
  readonly isolates: Isolates;
  readonly #later: (go: () => void) => void;

  constructor(parts: LuaParts) {
    this.isolates = new Isolates(parts);
    this.#later = parts.later;
  }

  /** Compiles a program and the libraries it needs; throws INTERNAL, with file, line and the line shown. */
  load(source: LuaSource): LuaProgram {
    return new LuaProgram(source, this.isolates, this.#later);
  }
}
