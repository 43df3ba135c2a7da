/**
 * Deadlines in a binary heap, the next one first; those due at the same time fire in the order they were set. One alarm
 * at the clock stands for all of them.
 */
import type { Clock } from "./clock.ts";
import { Fifo } from "./fifo.ts";

/** How many fire, or are taken away one by one, in one go. */
const MOST_AT_ONCE = 1_024;
/** How many of one owner fire in one go; of those that are due beyond that so many fire every two milliseconds. */
const MOST_OF_ONE = 256;
const PUT_OFF_MS = 2;
/** The place of one that is due and was put off. */
const PUT_OFF = -1;
/** To put off four takes as long as to fire one, at least: each comes out of a heap of as many as there are. */
const PUT_OFF_BITS = 2;
/** From so many on those that are cancelled together are left in the heap for a while. */
const MANY = 64;

/** A deadline that has been set. */
export interface Timer {
  /** When it is due, by `clock.nowMs()`. */
  readonly atMs: number;
  /** @internal */ readonly order: number;
  /** @internal Its place in the heap, as long as it stands there, or PUT_OFF. */
  place: number;
  /** @internal Whether it has fired or was cancelled. */
  isOver: boolean;
  readonly fire: () => void;
  /** @internal Who is not to keep others from theirs by how many there are; `null` for nobody. */
  readonly owner: object | null;
}

/** The deadlines of one island. */
export class Timers {
  readonly #clock: Clock;
  readonly #heap: Timer[] = [];
  /** How many of those in the heap were cancelled. The first one never was. */
  #cancelled = 0;
  #order = 0;
  /** What was put off, by owner: in the order in which it was due, and what is due later comes behind it. */
  readonly #putOff = new Map<object, Fifo<Timer>>();
  #alarmAt = Infinity;
  /** Whether several come or go now, after which the alarm is set once. */
  #holdsAlarm = false;
  readonly #alarm = () => {
    this.#alarmAt = Infinity;
    this.#fireDue();
  };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /**
   * Calls `fire` once, `delayMs` from now or later, never earlier.
   *
   * @param owner who is not to keep others from their deadlines by how many are due: beyond some they are put off.
   */
  set(delayMs: number, fire: () => void, owner: object | null = null): Timer {
    const timer: Timer = {
      atMs: this.#clock.nowMs() + Math.max(0, delayMs),
      order: this.#order++,
      place: this.#heap.length,
      isOver: false,
      fire,
      owner,
    };
    this.#heap.push(timer);
    this.#rise(timer);
    this.#arm();
    return timer;
  }

  /** Cancels a deadline; `false` when it has fired or was cancelled already. */
  cancel(timer: Timer): boolean {
    if (timer.isOver) return false;
    timer.isOver = true;
    if (timer.place === PUT_OFF) return true;
    this.#remove(timer);
    this.#dropCancelled();
    this.#arm();
    return true;
  }

  /** Cancels many deadlines, for the price of one alarm: each may have been the next. */
  cancelAll(timers: ReadonlySet<Timer>): void {
    const staysInHeap = timers.size >= MANY;
    for (const timer of timers) {
      if (timer.isOver) continue;
      timer.isOver = true;
      if (timer.place === PUT_OFF) continue;
      if (staysInHeap) this.#cancelled++;
      else this.#remove(timer);
    }
    if (this.#cancelled * 4 > this.#heap.length * 3) this.#removeCancelled();
    else this.#dropCancelled();
    this.#arm();
  }

  /** When the next deadline is due, by `clock.nowMs()`; Infinity when none is set. */
  get nextAtMs(): number {
    return this.#heap[0]?.atMs ?? Infinity;
  }

  #fireDue(): void {
    this.#holdsAlarm = true;
    // A clock may ring early by its resolution; what is not due yet waits for the next alarm.
    const nowMs = this.#clock.nowMs();
    // What is set meanwhile waits for the next alarm too: a chain of deadlines of no delay must not keep turns waiting.
    const end = this.#order;
    let left = MOST_AT_ONCE << PUT_OFF_BITS;
    const due = new Map<object, number>();
    try {
      for (let timer = this.#heap[0]; timer !== undefined && timer.atMs <= nowMs; timer = this.#heap[0]) {
        if (timer.order >= end || left <= 0) break;
        this.#remove(timer);
        this.#dropCancelled();
        if (timer.owner !== null && this.#isPutOff(timer, timer.owner, due)) {
          left--;
          continue;
        }
        left -= 1 << PUT_OFF_BITS;
        timer.isOver = true;
        timer.fire();
      }
    } finally {
      this.#holdsAlarm = false;
      this.#arm();
    }
  }

  /** Puts a deadline off if too many of its owner are due before it. */
  #isPutOff(timer: Timer, owner: object, due: Map<object, number>): boolean {
    let others = this.#putOff.get(owner);
    if (others === undefined) {
      const count = due.get(owner) ?? 0;
      due.set(owner, count + 1);
      if (count < MOST_OF_ONE) return false;
      others = new Fifo();
      this.#putOff.set(owner, others);
      this.#firePutOffLater(owner);
    }
    timer.place = PUT_OFF;
    others.push(timer);
    return true;
  }

  #firePutOffLater(owner: object): void {
    this.set(PUT_OFF_MS, () => this.#firePutOff(owner));
  }

  #firePutOff(owner: object): void {
    const others = this.#putOff.get(owner) as Fifo<Timer>;
    try {
      for (let left = MOST_OF_ONE; left > 0 && others.length > 0; ) {
        const timer = others.shift();
        if (timer.isOver) continue;
        left--;
        timer.isOver = true;
        timer.fire();
      }
    } finally {
      if (others.length > 0) this.#firePutOffLater(owner);
      else this.#putOff.delete(owner);
    }
  }

  #arm(): void {
    if (this.#holdsAlarm || this.nextAtMs === this.#alarmAt) return;
    this.#alarmAt = this.nextAtMs;
    this.#clock.wakeAt(this.#alarmAt, this.#alarm);
  }

  #remove(timer: Timer): void {
    const last = this.#heap.pop() as Timer;
    if (last !== timer) {
      this.#heap[timer.place] = last;
      last.place = timer.place;
      this.#rise(last);
      this.#sink(last);
    }
  }

  /** Takes away those that were cancelled as long as one of them comes first; all of them, where those are many. */
  #dropCancelled(): void {
    if (this.#cancelled === 0) return;
    let left = MOST_AT_ONCE;
    for (let first = this.#heap[0]; first?.isOver === true; first = this.#heap[0]) {
      if (--left < 0) {
        this.#removeCancelled();
        return;
      }
      this.#cancelled--;
      this.#remove(first);
    }
  }

  /** Takes all away that were cancelled, and puts those that are left in order anew. */
  #removeCancelled(): void {
    const heap = this.#heap;
    this.#cancelled = 0;
    let kept = 0;
    for (const timer of heap) {
      if (timer.isOver) continue;
      timer.place = kept;
      heap[kept++] = timer;
    }
    heap.length = kept;
    for (let place = (kept >> 1) - 1; place >= 0; place--) this.#sink(heap[place] as Timer);
  }

  #rise(timer: Timer): void {
    while (timer.place > 0) {
      const parent = this.#heap[(timer.place - 1) >> 1] as Timer;
      if (!isBefore(timer, parent)) return;
      this.#swap(timer, parent);
    }
  }

  #sink(timer: Timer): void {
    for (;;) {
      const left = this.#heap[timer.place * 2 + 1];
      if (left === undefined) return;
      const right = this.#heap[timer.place * 2 + 2];
      const least = right !== undefined && isBefore(right, left) ? right : left;
      if (!isBefore(least, timer)) return;
      this.#swap(timer, least);
    }
  }

  #swap(a: Timer, b: Timer): void {
    const place = a.place;
    a.place = b.place;
    b.place = place;
    this.#heap[a.place] = a;
    this.#heap[b.place] = b;
  }
}

function isBefore(a: Timer, b: Timer): boolean {
  return a.atMs < b.atMs || (a.atMs === b.atMs && a.order < b.order);
}
