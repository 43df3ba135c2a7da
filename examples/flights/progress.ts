/**
 * Progress on stderr, so that stdout has the result alone: one line written again and again on a terminal, elsewhere a
 * line for every 20,000 records.
 */
import { stderr } from "node:process";

export class Progress {
  #nextLine = 20_000;

  show(file: string, read: number, underWay: number): void {
    const text = `flights: ${read} read, now in ${file}, ${underWay} batches under way`;
    if (stderr.isTTY) {
      stderr.write(`\r${text}\x1b[K`); // and clear what is left of a longer line
    } else if (read >= this.#nextLine) {
      stderr.write(`${text}\n`);
      this.#nextLine += 20_000;
    }
  }

  end(): void {
    if (stderr.isTTY) stderr.write("\r\x1b[K");
  }
}
