/**
 * Orders, made up by a generator with a seed, so that each run has the same.
 */

/** What a customer wants to buy. */
export interface Order {
  /** Unique in a run; the answer names it. */
  readonly number: number;
  readonly customer: string;
  /** The hour of the day, 0 to 23. */
  readonly hour: number;
  readonly lines: readonly Line[];
}

export interface Line {
  readonly article: string;
  readonly cents: number;
  readonly count: number;
}

/** A whole number from 0 to below `limit`. */
export type Chance = (limit: number) => number;

/** Mulberry32: small, and good enough for orders. */
export function chanceOf(seed: number): Chance {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

const ARTICLES = ["apples", "bread", "coffee", "eggs", "flour", "honey", "milk", "rice"] as const;

/** An order of one to four lines. A tenant has few customers, so that they come again. */
export function anyOrder(number: number, chance: Chance): Order {
  const lines = Array.from({ length: 1 + chance(4) }, () => ({
    article: ARTICLES[chance(ARTICLES.length)] as string,
    cents: 50 + chance(2_000),
    count: 1 + chance(6),
  }));
  return { number, customer: `c${chance(3)}`, hour: chance(24), lines };
}

/** What an order comes to before any discount, in cents; also what is charged when its tenant has no price to tell. */
export function listPrice({ lines }: Order): number {
  return lines.reduce((sum, { cents, count }) => sum + cents * count, 0);
}
