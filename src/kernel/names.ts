/** name → pid: one holder each, let go at its end (section 8). */
import { errors, ProcessError } from "./errors.ts";
import { nameBytes, type Outstanding } from "./outstanding.ts";
import type { Process } from "./process.ts";
import { addedNew, members, removed } from "./string-set.ts";

/** The names of one runtime. */
export class Names {
  readonly #holders = new Map<string, Process>();
  /** On whose account names are that untrusted code has registered. */
  readonly #counted = new Map<string, Outstanding>();

  /** The process that holds a name. */
  holder(name: string): Process | undefined {
    return this.#holders.get(name);
  }

  /**
   * Binds a name. Errors: ALREADY_EXISTS when another live process holds it (S8.3), RATE_LIMITED when there is no room
   * for it on the account it counts on.
   */
  register(name: string, process: Process, of: Outstanding | null = null): ProcessError | null {
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
    if (of !== null) {
      const bytes = nameBytes(name);
      const refusal = of.refusal(bytes);
      if (refusal !== null) return refusal;
      of.bytes += bytes;
      this.#counted.set(name, of);
    }
    this.#holders.set(name, process);
    process.names = addedNew(process.names, name);
    return null;
  }

  /** Frees a name; whether it was held. */
  unregister(name: string): boolean {
    const holder = this.#holders.get(name);
    if (holder === undefined) return false;
    this.#free(name);
    holder.names = removed(holder.names, name);
    return true;
  }

  #free(name: string): void {
    this.#holders.delete(name);
    const of = this.#counted.get(name);
    if (of === undefined) return;
    of.bytes -= nameBytes(name);
    this.#counted.delete(name);
  }

  /** Frees all names of a process. */
  release(process: Process): void {
    for (const name of members(process.names)) this.#free(name);
    process.names = null;
  }
}
