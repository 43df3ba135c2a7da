/**
 * Time and turns on Node: bodies of the kernel's Clock and Turns.
 *
 * Turns. A kernel's turn runs as a microtask as long as its slice of 2 ms lasts, so that a message from one process to
 * the next costs no trip through the event loop; then it waits for a macrotask, so that timers and I/O are never
 * starved. Reading the clock costs as much as a send, so it is read every few turns only; the count adapts to how long
 * the turns take.
 */
import type { Clock, Turns } from "../kernel/index.ts";

/** The longest delay `setTimeout` takes, in milliseconds; later deadlines are reached in several legs (S4.34). */
const LONGEST_LEG_MS = 2 ** 31 - 1;
/** How long turns follow each other without a macrotask. */
const SLICE_MS = 2;
/** How many turns may pass between two looks at the clock. */
const MOST_TURNS_UNWATCHED = 16;

/** The clock of this operating-system process. */
export class NodeClock implements Clock {
  #timer: NodeJS.Timeout | null = null;

  nowMs(): number {
    return performance.now();
  }

  unixMs(): number {
    return Date.now();
  }

  wakeAt(atMs: number, alarm: () => void): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    if (atMs === Infinity) return;
    // setTimeout may fire up to a millisecond early by its own rounding; what is not due yet is asked for again.
    const leftMs = Math.min(Math.max(0, Math.ceil(atMs - this.nowMs())), LONGEST_LEG_MS);
    this.#timer = setTimeout(() => {
      this.#timer = null;
      if (this.nowMs() >= atMs) alarm();
      else this.wakeAt(atMs, alarm);
    }, leftMs);
  }
}

/** Turns as microtasks within a slice, then as macrotasks. */
export class NodeTurns implements Turns {
  readonly #ready = Promise.resolve();
  #sliceEndMs = 0;
  #unwatched = 0;
  #turnsPerLook = 1;

  request(turn: () => void): void {
    if (++this.#unwatched < this.#turnsPerLook) {
      this.#ready.then(turn);
      return;
    }
    this.#unwatched = 0;
    const nowMs = performance.now();
    if (nowMs < this.#sliceEndMs) {
      this.#turnsPerLook = Math.min(this.#turnsPerLook * 2, MOST_TURNS_UNWATCHED);
      this.#ready.then(turn);
      return;
    }
    // Late by more than a slice means that few turns take long: look at the clock each time until they are quick again.
    if (nowMs > this.#sliceEndMs + SLICE_MS) this.#turnsPerLook = 1;
    setImmediate(() => {
      this.#sliceEndMs = performance.now() + SLICE_MS;
      this.#unwatched = 0;
      turn();
    });
  }
}
