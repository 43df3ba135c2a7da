/**
 * Delay statistics: counted by a worker for one batch, added up by the aggregator for all. Plain data, so that they can
 * be sent; whole numbers only, so that the sums do not depend on the order in which batches arrive.
 */
import { type Flight, hourOf } from "./flight.ts";

/** What is known about the delays of some flights. */
export interface Tally {
  flights: number;
  /** The sum of their delays, in minutes. */
  delay: number;
  /** How many counted as late. */
  late: number;
  /** The longest delay, in minutes. */
  longest: number;
}

export interface Statistics {
  /** By hour of the day and distance band, `<hour>/<band>`: every flight stands in exactly one of them. */
  readonly cells: Record<string, Tally>;
  /** By airport of origin: the flights that name one. */
  readonly airports: Record<string, Tally>;
}

export function emptyStatistics(): Statistics {
  return { cells: {}, airports: {} };
}

/** What the rule in scoring.lua says of some flights: of each its distance band, and whether it was late. */
export interface Scores {
  readonly bands: readonly string[];
  readonly late: readonly boolean[];
}

/** The statistics of some flights. */
export function statisticsOf(flights: readonly Flight[], scores: Scores): Statistics {
  const statistics = emptyStatistics();
  for (const [i, flight] of flights.entries()) {
    const { delay } = flight;
    const tally = { flights: 1, delay, late: scores.late[i] ? 1 : 0, longest: delay };
    add(statistics.cells, `${hourOf(flight)}/${scores.bands[i]}`, tally);
    if ("origin" in flight) add(statistics.airports, flight.origin, tally);
  }
  return statistics;
}

/** Adds a part to a whole. */
export function addStatistics(whole: Statistics, part: Statistics): void {
  for (const [cell, tally] of Object.entries(part.cells)) add(whole.cells, cell, tally);
  for (const [airport, tally] of Object.entries(part.airports)) add(whole.airports, airport, tally);
}

/** All of these tallies in one. */
export function totalOf(tallies: Iterable<Tally | undefined>): Tally {
  const total = emptyTally();
  for (const tally of tallies) if (tally !== undefined) addTally(total, tally);
  return total;
}

function add(table: Record<string, Tally>, key: string, tally: Tally): void {
  table[key] ??= emptyTally();
  addTally(table[key], tally);
}

function addTally(sum: Tally, tally: Tally): void {
  sum.flights += tally.flights;
  sum.delay += tally.delay;
  sum.late += tally.late;
  sum.longest = Math.max(sum.longest, tally.longest);
}

function emptyTally(): Tally {
  return { flights: 0, delay: 0, late: 0, longest: Number.NEGATIVE_INFINITY };
}
