/** Lua as a language of processes: sandboxed, preempted, bounded. */
import type { Engine } from "../../kernel/index.ts";
import { Isolates, type LuaParts } from "./isolates.ts";
import { LuaProgram, type LuaSource } from "./lua-program.ts";

/** What a Lua engine is made of, and who continues what takes more than one slice. */
export interface LuaEngineParts extends LuaParts {
  /** Calls `go` once, soon, not from within this call. */
  readonly later: (go: () => void) => void;
}

/** The engine of `process.lua` entries on one thread. The VM is instantiated when the first program is loaded. */
export class LuaEngine implements Engine<LuaSource> {
  readonly kind = "process.lua";
  /** The heaps, for tools and tests. */
  readonly isolates: Isolates;
  readonly #later: (go: () => void) => void;

  constructor(parts: LuaEngineParts) {
    this.isolates = new Isolates(parts);
    const waiting: (() => void)[] = [];
    const goOn = () => {
      const go = waiting.shift();
      if (waiting.length > 0) parts.later(goOn);
      go?.();
    };
    // One at a time, so that between the slices of many modules that load the processes have their turns.
    this.#later = (go) => {
      if (waiting.push(go) === 1) parts.later(goOn);
    };
  }

  /** Compiles a program and the libraries it needs; throws INTERNAL, with file, line and the line shown. */
  load(source: LuaSource): LuaProgram {
    return new LuaProgram(source, this.isolates, this.#later);
  }
}
