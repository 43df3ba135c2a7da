/**
 * pid → process. A slot of the table per live process, found from the pid by arithmetic; no hashing. Only as many digits
 * of a pid are read as tell the slots apart.
 */
import { lowBitsOf, PidDealer } from "./pid.ts";
import type { Process } from "./process.ts";

/** The live processes of one island. */
export class ProcessTable {
  readonly #dealer: PidDealer;
  /** How many bits name any slot there is. */
  #bits = 8;
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
    const slot = this.#dealer.slot(serial);
    while (slot >= this.#slots.length) this.#slots.push(undefined);
    while (slot >>> this.#bits > 0) this.#bits++;
    this.#slots[slot] = process;
    process.slot = slot;
    this.#live++;
  }

  remove(process: Process): void {
    const { slot } = process;
    this.#slots[slot] = undefined;
    this.#dealer.release(slot);
    this.#live--;
  }

  /** The live process of that pid. */
  find(pid: string): Process | undefined {
    const slot = lowBitsOf(pid, this.#bits);
    const process = slot < this.#slots.length ? this.#slots[slot] : undefined;
    return process !== undefined && process.pid === pid ? process : undefined;
  }

  *all(): Generator<Process, void, undefined> {
    for (const process of this.#slots) if (process !== undefined) yield process;
  }
}
