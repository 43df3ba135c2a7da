/** A first-in-first-out queue in a ring: no cost per element in the length of the queue, and nothing made when it runs empty. */

/** A queue of values. */
export class Fifo<T> {
  #ring: (T | undefined)[] = [];
  #first = 0;
  #length = 0;

  get length(): number {
    return this.#length;
  }

  /** The first, left where it is; `null` when there is none. */
  peek(): T | null {
    return this.#length === 0 ? null : (this.#ring[this.#first] as T);
  }

  push(item: T): void {
    if (this.#length === this.#ring.length) this.#grow();
    this.#ring[(this.#first + this.#length++) & (this.#ring.length - 1)] = item;
  }

  /** The first, taken out. Only when there is one. */
  shift(): T {
    const item = this.#ring[this.#first] as T;
    this.#ring[this.#first] = undefined;
    this.#first = (this.#first + 1) & (this.#ring.length - 1);
    if (--this.#length === 0 && this.#ring.length > 1024) {
      this.#ring = [];
      this.#first = 0;
    }
    return item;
  }

  /** The length of the ring is a power of two. */
  #grow(): void {
    const old = this.#ring;
    const ring: (T | undefined)[] = new Array(Math.max(4, old.length * 2)).fill(undefined);
    for (let i = 0; i < old.length; i++) ring[i] = old[(this.#first + i) & (old.length - 1)];
    this.#ring = ring;
    this.#first = 0;
  }
}
