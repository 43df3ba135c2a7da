/** pid → process. A slot of the table per live process, found from the pid by arithmetic; no hashing. */
import { PidDealer, slotOf } from "./pid.ts";
import type { Process } from "./process.ts";

/** The live processes of one island. */
export class ProcessTable {
  readonly #dealer: PidDealer;
  readonly #slots: (Process | undefined)[] = [];
  #live = 0;

  constructor(dealer = new PidDealer()) {
    this.#dealer = dealer;
  }

  /** How many processes are alive. */
  get live(): number {
    return this.#live;
  }

  /** A serial that was never dealt before; -1 when there are too many processes. */
  deal(): number {
    return this.#dealer.deal();
  }

  add(process: Process, serial: number): void {
    this.#slots[this.#dealer.slot(serial)] = process;
    this.#live++;
  }

  remove(process: Process): void {
    const slot = slotOf(process.pid);
    this.#slots[slot] = undefined;
    this.#dealer.release(slot);
    this.#live--;
  }

  /** The live process of that pid. */
  find(pid: string): Process | undefined {
    const slot = slotOf(pid);
    if (slot < 0) return undefined;
    const process = this.#slots[slot];
    return process !== undefined && process.pid === pid ? process : undefined;
  }

  *all(): Generator<Process, void, undefined> {
    for (const process of this.#slots) if (process !== undefined) yield process;
  }
}
