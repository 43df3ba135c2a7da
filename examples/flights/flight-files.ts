/**
 * The two files of the npm package vega-datasets, as streams of batches. A file is one long JSON array on one line; it
 * is read piece by piece, and no more of it is in memory than a piece and a batch.
 */
import { createReadStream } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import type { Batch, Flight } from "./flight.ts";

/** The files, in the order of reading. */
export const FLIGHT_FILES = ["flights-200k.json", "flights-20k.json"] as const;

/** The batches of a file, each of `size` records but the last. */
export async function* batchesOf(file: string, size: number): AsyncGenerator<Batch> {
  let first = 1;
  let flights: Flight[] = [];
  for await (const records of recordsOf<Flight>(pathOf(file))) {
    flights.push(...records);
    while (flights.length >= size) {
      yield { file, first, flights: flights.slice(0, size) };
      flights = flights.slice(size);
      first += size;
    }
  }
  if (flights.length > 0) yield { file, first, flights };
}

/**
 * The records of a JSON array, as many at a time as a piece of the file holds. The records are flat and no text in them
 * contains a brace, so a record ends where a `}` stands: all up to the last one in a piece can be parsed.
 */
async function* recordsOf<T>(path: string): AsyncGenerator<T[]> {
  let rest = "";
  for await (const piece of createReadStream(path, "utf8")) {
    rest += piece;
    const end = rest.lastIndexOf("}") + 1;
    if (end === 0) continue;
    yield JSON.parse(`[${rest.slice(1, end)}]`); // the first character is the `[` of the array, or the `,` of a record
    rest = rest.slice(end);
  }
  if (rest.trim() !== "]") throw new Error(`${path} ends in the middle of a record`);
}

function pathOf(file: string): string {
  const { resolve } = createRequire(import.meta.url);
  return join(dirname(resolve("vega-datasets")), "..", "data", file);
}
