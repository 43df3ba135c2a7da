/**
 * The run queue: ready processes take turns, first ready first run (S15.6). One turn goes on until nobody is ready or
 * the slice of time is used up, and then gives way, so that the world outside goes on. The order may be given from
 * outside, which is how a simulation explores interleavings.
 */
import type { Turns } from "./clock.ts";
import type { Process } from "./process.ts";

/** How many processes are stepped before it is asked whether to go on. */
const MOST_PER_BATCH = 32;

/** The ready processes of one island. A ring whose length is a power of two. */
export class Scheduler {
  readonly #turns: Turns;
  #ring: (Process | undefined)[] = new Array(64).fill(undefined);
  #mask = 63;
  #first = 0;
  #ready = 0;
  #requested = false;
  #steps = 0;
  /** As how many steps more those of the present batch count. */
  #extra = 0;
  #givesWay = false;
  readonly #turn = () => {
    this.#givesWay = false;
    try {
      this.#stepAll();
    } finally {
      // Whatever a step may have thrown, the others go on.
      this.#requested = false;
      if (this.#ready > 0) this.#request();
    }
  };

  constructor(turns: Turns) {
    this.#turns = turns;
  }

  /** How many processes are ready. */
  get ready(): number {
    return this.#ready;
  }

  /** How many steps there have been. */
  get steps(): number {
    return this.#steps;
  }

  /** Puts a process at the end of the queue, unless it stands there already. */
  enqueue(process: Process): void {
    if (process.queued) return;
    process.queued = true;
    if (this.#ready > this.#mask) this.#grow();
    this.#ring[(this.#first + this.#ready++) & this.#mask] = process;
    if (!this.#requested) this.#request();
  }

  /** Whether a woken process may go on now: nobody stands before it, and the world outside has had its due. */
  mayGoOn(): boolean {
    return this.#ready === 0 && this.#turns.mayGoOn();
  }

  /** Steps the ready process at this place of the queue, 0 being the first; for whoever gives the order from outside. */
  stepAt(place: number): Process {
    const at = (this.#first + place) & this.#mask;
    const chosen = this.#ring[at] as Process;
    this.#ring[at] = this.#ring[this.#first];
    this.#ring[this.#first] = chosen;
    this.#shift().step();
    return chosen;
  }

  #stepAll(): void {
    let batch = Math.min(this.#ready, MOST_PER_BATCH);
    let left = batch;
    this.#extra = 0;
    let resumesLater = false;
    while (this.#ready > 0) {
      if (this.#shift().step()) resumesLater = true;
      if (this.#givesWay) return;
      if (--left > this.#extra) continue;
      if (batch > 1) this.#turns.spend(batch - 1);
      // What a turn has resumed of native code runs when the turn is over.
      if (resumesLater || this.#ready === 0 || !this.#turns.mayGoOn()) return;
      batch = Math.min(this.#ready, MOST_PER_BATCH);
      left = batch;
      this.#extra = 0;
    }
  }

  /**
   * What runs takes longer than a step usually does, as long as so many. Many of that kind in a row are not to keep the
   * world outside waiting until somebody looks at the clock.
   */
  spend(steps: number): void {
    this.#extra += steps;
    this.#turns.spend(steps);
  }

  /** A process has used up a slice of time by itself: this turn ends with it, and the world outside has its due first. */
  giveWay(): void {
    this.#givesWay = true;
  }

  #request(): void {
    this.#requested = true;
    this.#turns.request(this.#turn, this.#givesWay);
  }

  #shift(): Process {
    const process = this.#ring[this.#first] as Process;
    this.#ring[this.#first] = undefined;
    this.#first = (this.#first + 1) & this.#mask;
    this.#ready--;
    this.#steps++;
    return process;
  }

  #grow(): void {
    const old = this.#ring;
    const ring: (Process | undefined)[] = new Array(old.length * 2).fill(undefined);
    for (let i = 0; i < old.length; i++) ring[i] = old[(this.#first + i) & this.#mask];
    this.#ring = ring;
    this.#mask = ring.length - 1;
    this.#first = 0;
  }
}
