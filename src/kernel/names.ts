/** name → pid: one holder each, let go at its end (section 8). */
import { errors, ProcessError } from "./errors.ts";
import type { Process } from "./process.ts";
import { addedNew, members, removed, sizeOf } from "./string-set.ts";

/** How many names a process may hold, and how many characters they may have together. */
export interface NamesLimit {
  readonly names: number;
  readonly characters: number;
}

/** The names of one runtime. */
export class Names {
  readonly #holders = new Map<string, Process>();

  /** The process that holds a name. */
  holder(name: string): Process | undefined {
    return this.#holders.get(name);
  }

  /**
   * Binds a name. Errors: ALREADY_EXISTS when another live process holds it (S8.3), RATE_LIMITED when it is one
   * too many for this one.
   */
  register(name: string, process: Process, limit: NamesLimit | null = null): ProcessError | null {
    const holder = this.#holders.get(name);
    if (holder !== undefined) {
      return holder === process
        ? null
        : new ProcessError({
            kind: errors.ALREADY_EXISTS,
            message: "name already registered",
            details: { name, holder: holder.pid },
          });
    }
    const length = process.namesLength + name.length;
    if (limit !== null && (sizeOf(process.names) >= limit.names || length > limit.characters)) {
      return new ProcessError({ kind: errors.RATE_LIMITED, message: "too many names", details: { ...limit } });
    }
    this.#holders.set(name, process);
    process.names = addedNew(process.names, name);
    process.namesLength = length;
    return null;
  }

  /** Frees a name; whether it was held. */
  unregister(name: string): boolean {
    const holder = this.#holders.get(name);
    if (holder === undefined) return false;
    this.#holders.delete(name);
    holder.names = removed(holder.names, name);
    holder.namesLength -= name.length;
    return true;
  }

  /** Frees all names of a process. */
  release(process: Process): void {
    for (const name of members(process.names)) this.#holders.delete(name);
    process.names = null;
  }
}
