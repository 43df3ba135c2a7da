/** Time that moves when told: a body of the kernel's Clock. */
import type { Clock } from "../kernel/index.ts";

/** The time of day at virtual time 0: 2026-01-01T00:00:00Z. */
const EPOCH_MS = 1_767_225_600_000;

/** A clock for tests. It stands still until `moveTo`; nothing waits on the wall clock. */
export class VirtualClock implements Clock {
  #nowMs = 0;
  #wakeAtMs = Infinity;
  #alarm: (() => void) | null = null;

  /** Virtual milliseconds since the start. */
  nowMs(): number {
    return this.#nowMs;
  }

  /** The time of day: 2026-01-01T00:00:00Z and what has passed since. */
  unixMs(): number {
    return EPOCH_MS + this.#nowMs;
  }

  wakeAt(atMs: number, alarm: () => void): void {
    this.#wakeAtMs = atMs;
    this.#alarm = alarm;
  }

  /** When the next alarm is due; Infinity when none is asked for. */
  get nextAlarmMs(): number {
    return this.#wakeAtMs;
  }

  /** Moves time to `atMs`, never back, ringing the alarms that are due on the way, each at its time. */
  moveTo(atMs: number): void {
    while (this.#wakeAtMs <= atMs && this.#alarm !== null) {
      this.#nowMs = Math.max(this.#nowMs, this.#wakeAtMs);
      const alarm = this.#alarm;
      this.#wakeAtMs = Infinity;
      this.#alarm = null;
      alarm();
    }
    this.#nowMs = Math.max(this.#nowMs, atMs);
  }
}
