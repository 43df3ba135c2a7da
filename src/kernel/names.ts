/** name → pid: one holder each, let go at its end (section 8). */
import { errors, ProcessError } from "./errors.ts";
import type { Process } from "./process.ts";
import { added, members, removed } from "./string-set.ts";

/** The names of one runtime. */
export class Names {
  readonly #holders = new Map<string, Process>();

  /** The process that holds a name. */
  holder(name: string): Process | undefined {
    return this.#holders.get(name);
  }

  /** Binds a name; ALREADY_EXISTS when another live process holds it (S8.3). */
  register(name: string, process: Process): ProcessError | null {
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
    this.#holders.set(name, process);
    process.names = added(process.names, name);
    return null;
  }

  /** Frees a name; whether it was held. */
  unregister(name: string): boolean {
    const holder = this.#holders.get(name);
    if (holder === undefined) return false;
    this.#holders.delete(name);
    holder.names = removed(holder.names, name);
    return true;
  }

  /** Frees all names of a process. */
  release(process: Process): void {
    for (const name of members(process.names)) this.#holders.delete(name);
    process.names = null;
  }
}
