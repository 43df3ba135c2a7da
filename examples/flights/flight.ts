/**
 * A flight, in the two forms that the data has: 200,000 records with a time of day, and 20,000 with a date and two
 * airports. They stay two types; `hourOf` is the one question that both can answer.
 */

/** A record of flights-200k.json. */
export interface TimedFlight {
  /** Hours since midnight with a fraction: 13.5 is 13:30. */
  readonly time: number;
  /** Minutes late; negative is early. */
  readonly delay: number;
  /** Miles. */
  readonly distance: number;
}

/** A record of flights-20k.json. */
export interface DatedFlight {
  /** Such as `2001/01/31 13:30`. */
  readonly date: string;
  /** Minutes late; negative is early. */
  readonly delay: number;
  /** Miles. */
  readonly distance: number;
  /** The airport it left, such as `DFW`. */
  readonly origin: string;
  /** The airport it went to. */
  readonly destination: string;
}

export type Flight = TimedFlight | DatedFlight;

/** Neighbouring records of one file. */
export interface Batch {
  readonly file: string;
  /** The number of the first record within its file; the first of all is number 1. */
  readonly first: number;
  readonly flights: readonly Flight[];
}

/** The hour of the day, 0 to 23. */
export function hourOf(flight: Flight): number {
  return "time" in flight ? Math.floor(flight.time) : Number(flight.date.slice("2001/01/31 ".length, -":30".length));
}
