/**
 * The dead-letter file: the records that no worker survived, one line of JSON each, with their place in the data and
 * what the worker died of. Begun anew by each run.
 */
import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import type { Batch } from "./flight.ts";

export class SetAsideFile {
  readonly path: string;
  #count = 0;

  /** `path` is relative to this folder. */
  constructor(path: string) {
    this.path = resolve(fileURLToPath(new URL(".", import.meta.url)), path);
    mkdirSync(dirname(this.path), { recursive: true });
    writeFileSync(this.path, "");
  }

  /** How many records are in it. */
  get count(): number {
    return this.#count;
  }

  add({ file, first, flights }: Batch, error: string): void {
    for (const [i, flight] of flights.entries()) {
      appendFileSync(this.path, `${JSON.stringify({ file, number: first + i, flight, error })}\n`);
      this.#count++;
    }
  }
}
