/**
 * Delay statistics: counted by a worker for one batch, added up by the aggregator for all. Plain data, so that they can
 * be sent; whole numbers only, so that the sums do not depend on the order in which batches arrive.
 */
import { bandOf, type Flight, hourOf } from "./flight.ts";

/** What is known about the delays of some flights. */
export interface Tally {
  flights: number;
  /** The sum of their delays, in minutes. */
  delay: number;
  /** How many were 15 minutes late or more. */
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

/** The statistics of some flights. Throws RangeError for a flight that makes no sense. */
export function statisticsOf(flights: readonly Flight[]): Statistics {
  const statistics = emptyStatistics();
  for (const flight of flights) {
    const { delay } = flight;
    const tally = { flights: 1, delay, late: delay >= 15 ? 1 : 0, longest: delay };
    add(statistics.cells, `${hourOf(flight)}/${bandOf(flight)}`, tally);
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
