/**
 * Time and turns on Node: bodies of the kernel's Clock and Turns.
 *
 * Turns. Within a slice of 2 ms a kernel's turn runs as a microtask, and a process woken while nobody else is ready
 * goes on without one, so that a message from one process to the next costs no trip through the event loop. Then the
 * next turn waits for a macrotask, so that timers and I/O are never starved. Reading the clock costs as much as a send,
 * so it is read every few steps only; the count adapts to how long they take.
 */
import type { Clock, Turns } from "../kernel/index.ts";

/** The longest delay `setTimeout` takes, in milliseconds; later deadlines are reached in several legs (S4.34). */
const LONGEST_LEG_MS = 2 ** 31 - 1;
/** How long turns follow each other without a macrotask. */
const SLICE_MS = 2;
/** How many steps, or what takes as long, may pass between two looks at the clock. */
const MOST_PER_LOOK = 64;

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
  /** How many more steps there may be before the next look at the clock. */
  #unwatched = 0;
  #perLook = 1;

  mayGoOn(): boolean {
    return --this.#unwatched > 0 || this.#isWithinSlice();
  }

  spend(steps: number): void {
    this.#unwatched -= steps;
  }

  request(turn: () => void, afterOthers: boolean): void {
    if (!afterOthers && (--this.#unwatched > 0 || this.#isWithinSlice())) {
      this.#ready.then(turn);
      return;
    }
    // A turn that was a microtask of a timer or of I/O is followed by the next immediates of the same round: only in the
    // round after it have all others had their due.
    if (afterOthers) setImmediate(() => this.#requestInRound(turn));
    else this.#requestInRound(turn);
  }

  #requestInRound(turn: () => void): void {
    setImmediate(() => {
      this.#sliceEndMs = performance.now() + SLICE_MS;
      this.#unwatched = this.#perLook;
      // As a microtask here, too: an exception costs a third less there, as V8 makes no report of it to begin with.
      this.#ready.then(turn);
    });
  }

  /** Looks at the clock. A slice overrun by its own length means that looks are too rare; in time, too many. */
  #isWithinSlice(): boolean {
    const overrunMs = performance.now() - this.#sliceEndMs;
    if (overrunMs > SLICE_MS) this.#perLook = Math.max(1, this.#perLook >> 1);
    else this.#perLook = Math.min(this.#perLook + 1, MOST_PER_LOOK);
    this.#unwatched = overrunMs < 0 ? this.#perLook : 0;
    return overrunMs < 0;
  }
}
