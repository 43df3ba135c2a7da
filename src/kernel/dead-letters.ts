/**
 * Messages that reached nobody, each exactly once: counted by reason, and watchable as a stream (S2.53–S2.55). A letter
 * is only made when somebody watches.
 */
import type { Watchers } from "./events.ts";

/** Why a message reached nobody (S2.54). */
export type DeadLetterReason =
  | "not_found"
  | "host_stopping"
  | "mailbox_full"
  | "exited_unread"
  | "node_lost"
  | "not_accepted";

/** A message that reached nobody. */
export interface DeadLetter {
  /** When, in unix seconds, possibly with a fraction. */
  readonly at: number;
  /** The sender; `null` when there was none. */
  readonly from: string | null;
  /** The pid it was for, or the destination as given when it resolved to none. */
  readonly to: string;
  readonly topic: string;
  readonly reason: DeadLetterReason;
}

/** The dead letters of one island. */
export class DeadLetters {
  readonly #counts = new Map<DeadLetterReason, number>();
  readonly #watchers: Watchers<DeadLetter>;
  readonly #unixMs: () => number;

  constructor(watchers: Watchers<DeadLetter>, unixMs: () => number) {
    this.#watchers = watchers;
    this.#unixMs = unixMs;
  }

  /** How many there were, of one reason or of all. */
  count(reason?: string): number {
    if (reason !== undefined) return this.#counts.get(reason as DeadLetterReason) ?? 0;
    let total = 0;
    for (const count of this.#counts.values()) total += count;
    return total;
  }

  /** Calls the listener for each one from now on; the answer stops it. What a listener throws is reported, not passed on. */
  watch(listener: (letter: DeadLetter) => void): () => void {
    return this.#watchers.add(listener);
  }

  /** @internal */
  add(from: string | null, to: string, topic: string, reason: DeadLetterReason): void {
    this.#counts.set(reason, (this.#counts.get(reason) ?? 0) + 1);
    if (this.#watchers.any) this.#watchers.tell({ at: this.#unixMs() / 1000, from, to, topic, reason });
  }
}
