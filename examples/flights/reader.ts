/**
 * The reader: streams both files to the pool, batch by batch. It has a credit of a few batches; when so many are sent
 * and not yet counted it waits. So no mailbox grows, however large the files and however slow the others.
 */
import { defineProcess, protocol } from "beamish";
import { awaitName } from "./await-name.ts";
import { batchesOf, FLIGHT_FILES } from "./flight-files.ts";
import { poison } from "./poison.ts";
import type { PoolMessages } from "./pool.ts";
import { Progress } from "./progress.ts";

export interface ReaderMessages {
  /** A batch is through: each of its records was counted or set aside. */
  acknowledged: [];
}

export interface ReaderOptions {
  batchSize: number;
  credit: number;
  poison: "on" | "off";
}

export default defineProcess({
  accepts: protocol<ReaderMessages>(),

  async run(process, options: ReaderOptions) {
    // If one of the services fails, all fail, by their links, and begin again together: there is no half a count.
    const pool = await awaitName<PoolMessages>(process, "flights.pool");
    await process.link(pool);

    const acknowledged = process.listen("acknowledged").caseReceive();
    const canceled = process.events().caseReceive();
    const progress = new Progress();
    let read = 0;
    let underWay = 0;

    /** Waits until at most so many batches are under way; false when this process is asked to stop. */
    const waitForCredit = async (most: number): Promise<boolean> => {
      while (underWay > most) {
        const { case: what } = await process.select({ canceled, acknowledged });
        if (what === "canceled") return false;
        underWay--;
      }
      return true;
    };

    for (const file of FLIGHT_FILES) {
      for await (const batch of batchesOf(file, options.batchSize)) {
        if (!(await waitForCredit(options.credit - 1))) return;
        process.send(pool, "batch", options.poison === "on" ? poison(batch) : batch);
        read += batch.flights.length;
        underWay++;
        progress.show(file, read, underWay);
      }
    }
    if (!(await waitForCredit(0))) return;
    progress.end();
    process.send(pool, "finish", read);
  },
});
