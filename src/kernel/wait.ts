/**
 * Who waits for what: sources, the strands that wait at them, and the queues they stand in.
 *
 * A *source* is anything a value can be received from: a subscription to the mailbox, a channel, a timer, the answer
 * to a request. A *strand* is one coroutine of a process; the engine makes it, extends it with what "go on" means in
 * its language, and the kernel resumes it. A strand that waits for one source stands in that source's queue itself; one
 * that waits for several has a place in each.
 *
 *     source   ▶ strand ▶ place of strand B, case 0 ▶ …
 *     other                ▶ place of strand B, case 1
 */
import type { Process } from "./process.ts";
import type { Syscalls } from "./syscalls.ts";

/**
 * A mark among values: it stands for none of them, and no code of a process ever sees it. It is an object because
 * messages are: V8 compares two objects in place, but an object and a symbol by a call.
 */
export type Mark = Readonly<{ mark: string }>;

/** Makes a mark. Nobody can add to it, nor to what it inherits from. */
export function markOf(mark: string): Mark {
  return Object.freeze(Object.assign(Object.create(null), { mark }));
}

/** What a source answers when it is closed and empty: the coroutine gets "no value", for ever. */
export const CLOSED = markOf("closed");
/** What a look at a source answers when the strand has to wait. */
export const NOT_READY = markOf("not ready");

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
  declare private readonly wait: SeveralCases;
  declare private readonly at: number;

  constructor(wait: SeveralCases, index: number) {
    super();
    this.wait = wait;
    this.at = index;
  }

  override get strand(): Strand {
    return this.wait.strand as Strand;
  }

  override get index(): number {
    return this.at;
  }
}

/** A first-come-first-served queue of places; leaving from the middle costs nothing extra. */
export class WaitQueue {
  /** The place that has waited longest. */
  declare first: Place | null;
  /** @internal */ declare last: Place | null;

  constructor() {
    this.first = null;
    this.last = null;
  }

  add(place: Place): void {
    const { last } = this;
    place.queue = this;
    if (last === null) this.first = place;
    else {
      place.previous = last;
      last.next = place;
    }
    this.last = place;
  }

  remove(place: Place): void {
    const { previous, next } = place;
    if (previous === null) this.first = next;
    else {
      previous.next = next;
      place.previous = null;
    }
    if (next === null) this.last = previous;
    else {
      next.previous = previous;
      place.next = null;
    }
    place.queue = null;
  }

  /** Takes over those who stand in another queue, in their order, behind its own. */
  takeAll(other: WaitQueue): void {
    for (let place = other.first; place !== null; place = other.first) {
      other.remove(place);
      this.add(place);
    }
  }
}

/** Anything a value can be received from: the queue of the strands that wait to receive. */
export abstract class Source extends WaitQueue {
  // One that is not written down costs a look for it each time.
  // biome-ignore lint/complexity/noUselessConstructor: see above.
  constructor() {
    super();
  }

  /** Whether `take` would yield something, CLOSED included. Looks only. */
  abstract isReady(): boolean;
  /** The next value, or CLOSED. Only when ready. */
  abstract take(): unknown;
  /** `take` if it is ready, else NOT_READY: both questions at the price of one. */
  abstract takeIfReady(): unknown;
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

/** One thing a select may do. */
export type Case = ReceiveCase | SendCase;

/**
 * One coroutine of a process. An engine extends it; the kernel calls `resume` when what it waits for is there, at the
 * turn of its process, once per wait.
 */
export abstract class Strand extends Place {
  /** The code it belongs to. */
  declare readonly run: Syscalls;
  /** @internal What it waits for, if for several cases; or how a wait ended, noted until it goes on. */
  declare waiting: SeveralCases | Outcome | null;

  constructor(run: Syscalls) {
    super();
    this.run = run;
    this.waiting = null;
  }

  /** The process it belongs to. */
  get process(): Process {
    return this.run.process;
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
    this.run.process.waits++;
    source.add(this);
  }

  /** Waits for whichever case comes first; for ever when there is none. */
  waitForAny(several: SeveralCases): void {
    this.run.process.waits++;
    this.waiting = several;
    several.enter(this);
  }

  /** The value this strand hands over at a place where it waits to send. */
  valueAt(index: number): unknown {
    const one = this.cases?.[index];
    return one?.kind === "send" ? one.value : undefined;
  }

  /** The cases this strand waits for; `null` when it waits at one source, or not at all. */
  get cases(): readonly Case[] | null {
    return this.waiting instanceof SeveralCases ? this.waiting.cases : null;
  }

  /** Leaves every queue. */
  leave(): void {
    this.run.process.waits--;
    if (this.queue !== null) this.queue.remove(this);
    if (this.waiting === null) return;
    if (this.waiting instanceof SeveralCases) this.waiting.leave();
    this.waiting = null;
  }

  /** Ends the wait with this outcome; the strand goes on as soon as its process has its turn. */
  settle(value: unknown, index: number): void {
    this.leave();
    this.waiting = new Outcome(value, index);
    this.run.process.settled(this);
  }

  /** Goes on with the outcome that `settle` has noted. */
  resumeSettled(): void {
    const { value, index } = this.waiting as Outcome;
    this.waiting = null;
    this.resume(value, index);
  }
}

/** How a wait ended, noted until the strand goes on. */
class Outcome {
  readonly value: unknown;
  readonly index: number;

  constructor(value: unknown, index: number) {
    this.value = value;
    this.index = index;
  }
}

/** Several things to wait for at once. May be waited for again and again, by one strand at a time. */
export class SeveralCases {
  declare readonly cases: readonly Case[];
  /** @internal The strand that waits for them. */
  declare strand: Strand | null;
  declare private readonly places: readonly CasePlace[];

  constructor(cases: readonly Case[]) {
    this.cases = cases;
    this.strand = null;
    this.places = cases.map((_, index) => new CasePlace(this, index));
  }

  /** @internal The strand stands in every queue now. */
  enter(strand: Strand): void {
    const { cases, places } = this;
    this.strand = strand;
    for (let i = 0; i < cases.length; i++) {
      const one = cases[i] as Case;
      (one.kind === "receive" ? one.source : one.sink.senders).add(places[i] as CasePlace);
    }
  }

  /** @internal It stands in none any more. */
  leave(): void {
    const { places } = this;
    this.strand = null;
    for (let i = 0; i < places.length; i++) {
      const place = places[i] as CasePlace;
      if (place.queue !== null) place.queue.remove(place);
    }
  }
}
