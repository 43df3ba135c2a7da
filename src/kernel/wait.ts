/**
 * Who waits for what: sources, the strands that wait at them, and the queues they stand in.
 *
 * A *source* is anything a value can be received from: a subscription to the mailbox, a channel, a timer, the answer
 * to a request. A *strand* is one coroutine of a process; the engine makes it, extends it with what "go on" means in
 * its language, and the kernel resumes it. A strand that waits for one source stands in that source's queue itself; one
 * that waits for several has a place in each.
 *
 *     source.receivers   ▶ strand ▶ place of strand B, case 0 ▶ …
 *     other.receivers                ▶ place of strand B, case 1
 */
import type { Process } from "./process.ts";

/** What a source answers when it is closed and empty: the coroutine gets "no value", for ever. */
export const CLOSED: unique symbol = Symbol("closed");
/** What a look at a source answers when the strand has to wait. */
export const NOT_READY: unique symbol = Symbol("not ready");

/**
 * Standing in one queue. Links are null while it stands in none.
 *
 * One is made for every wait, so the fields of this family are plain and set in the constructors: initializers and
 * private names would triple the cost of making one.
 */
export class Place {
  /** @internal */ declare queue: WaitQueue | null;
  /** @internal */ declare previous: Place | null;
  /** @internal */ declare next: Place | null;

  constructor() {
    this.queue = null;
    this.previous = null;
    this.next = null;
  }

  /** The strand that waits here. */
  get strand(): Strand {
    throw new Error("a place belongs to a strand");
  }
  /** Which of the strand's cases this place stands for. */
  get index(): number {
    return 0;
  }
}

/** The place of one case among several. */
class CasePlace extends Place {
  readonly #strand: Strand;
  readonly #index: number;

  constructor(strand: Strand, index: number) {
    super();
    this.#strand = strand;
    this.#index = index;
  }

  override get strand(): Strand {
    return this.#strand;
  }

  override get index(): number {
    return this.#index;
  }
}

/** A first-come-first-served queue of places; leaving from the middle costs nothing extra. */
export class WaitQueue {
  #first: Place | null = null;
  #last: Place | null = null;

  /** The place that has waited longest. */
  get first(): Place | null {
    return this.#first;
  }

  add(place: Place): void {
    place.queue = this;
    place.previous = this.#last;
    if (this.#last === null) this.#first = place;
    else this.#last.next = place;
    this.#last = place;
  }

  remove(place: Place): void {
    if (place.previous === null) this.#first = place.next;
    else place.previous.next = place.next;
    if (place.next === null) this.#last = place.previous;
    else place.next.previous = place.previous;
    place.queue = null;
    place.previous = null;
    place.next = null;
  }
}

/** Anything a value can be received from. */
export interface Source {
  /** The strands that wait to receive. */
  readonly receivers: WaitQueue;
  /** Whether `take` would yield something, CLOSED included. Looks only. */
  isReady(): boolean;
  /** The next value, or CLOSED. Only when ready. */
  take(): unknown;
  /** `take` if it is ready, else NOT_READY: both questions at the price of one. */
  takeIfReady(): unknown;
}

/** A case of a select that takes a value. */
export interface ReceiveCase {
  readonly kind: "receive";
  readonly source: Source;
}

/** Anything a value can be handed to: a channel. */
export interface Sink {
  /** The strands that wait to hand a value over. */
  readonly senders: WaitQueue;
  /** Whether `give` would succeed now. Looks only. */
  canGive(): boolean;
  /** Hands the value over. Only when it can. */
  give(value: unknown): void;
}

/** A case of a select that hands a value over. */
export interface SendCase {
  readonly kind: "send";
  readonly sink: Sink;
  readonly value: unknown;
  /** Whether closing the channel ends the wait, as it does for a plain send; a case of a select goes on waiting. */
  readonly endsOnClose: boolean;
}

/** Which of several ready cases is carried out: the first in the list, or the message that has waited longest. */
export type Preference = "listed" | "oldest";

/** One thing a select may do. */
export type Case = ReceiveCase | SendCase;

/**
 * One coroutine of a process. An engine extends it; the kernel calls `resume` when what it waits for is there, at the
 * turn of its process, once per wait.
 */
export abstract class Strand extends Place {
  /** The process it belongs to. */
  declare readonly process: Process;
  /** @internal */ declare several: SeveralCases | null;
  /** @internal */ declare outcome: Outcome | null;

  constructor(process: Process) {
    super();
    this.process = process;
    this.several = null;
    this.outcome = null;
  }

  override get strand(): Strand {
    return this;
  }

  /**
   * Goes on with the outcome of the wait.
   *
   * @param value what was received; `CLOSED` from a closed source; `true` after a send, CLOSED when the channel closed.
   * @param index which case of a select it was, 0 otherwise.
   */
  abstract resume(value: unknown, index: number): void;

  /** Waits at one source. */
  waitAt(source: Source): void {
    this.process.waits++;
    source.receivers.add(this);
  }

  /** Waits for whichever case comes first; for ever when there is none. */
  waitForAny(cases: readonly Case[], preference: Preference): void {
    this.process.waits++;
    const places = cases.map((one, index) => {
      const place = new CasePlace(this, index);
      (one.kind === "receive" ? one.source.receivers : one.sink.senders).add(place);
      return place;
    });
    this.several = { cases, preference, places };
  }

  /** The value this strand hands over at a place where it waits to send. */
  valueAt(index: number): unknown {
    const one = this.several?.cases[index];
    return one?.kind === "send" ? one.value : undefined;
  }

  /** The cases this strand waits for; `null` when it waits at one source, or not at all. */
  get cases(): readonly Case[] | null {
    return this.several?.cases ?? null;
  }

  /** Which of several ready cases it prefers. */
  get preference(): Preference {
    return this.several?.preference ?? "listed";
  }

  /** Leaves every queue. */
  leave(): void {
    this.process.waits--;
    if (this.queue !== null) this.queue.remove(this);
    if (this.several === null) return;
    for (const place of this.several.places) place.queue?.remove(place);
    this.several = null;
  }

  /** Ends the wait with this outcome; the strand goes on at the next turn of its process. */
  settle(value: unknown, index: number): void {
    this.leave();
    this.outcome = { value, index };
    this.process.settled(this);
  }

  /** Goes on with the outcome that `settle` has noted. */
  resumeSettled(): void {
    const outcome = this.outcome as Outcome;
    this.outcome = null;
    this.resume(outcome.value, outcome.index);
  }
}

/** How a wait ended, noted until the next turn. */
interface Outcome {
  readonly value: unknown;
  readonly index: number;
}

/** What a strand that waits for several cases remembers. */
interface SeveralCases {
  readonly cases: readonly Case[];
  readonly preference: Preference;
  readonly places: readonly Place[];
}
