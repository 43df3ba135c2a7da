/**
 * The fault that this example brings about on purpose: in every ten thousand records two neighbours get a distance that
 * no flight can have. A worker that meets one falls over, as code does over data it did not expect.
 */
import type { Batch } from "./flight.ts";

/** The batch with the records spoiled whose turn it is. */
export function poison(batch: Batch): Batch {
  const flights = batch.flights.map((flight, i) =>
    isPoisoned(batch.first + i) ? { ...flight, distance: -1 } : flight,
  );
  return { ...batch, flights };
}

function isPoisoned(number: number): boolean {
  const place = number % 10_000;
  return place === 2_222 || place === 2_223;
}
