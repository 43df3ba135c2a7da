/**
 * A worker: counts a batch and answers with its statistics. The answer is also the acknowledgement, so a worker that
 * dies halfway through a batch has counted none of it. It expects sound records and protects itself against nothing.
 */
import { defineProcess, type Pid, protocol } from "beamish";
import type { Batch } from "./flight.ts";
import type { PoolMessages } from "./pool.ts";
import { statisticsOf } from "./statistics.ts";

export interface WorkerMessages {
  work: [batch: Batch];
}

export default defineProcess({
  accepts: protocol<WorkerMessages>(),

  async run(process, pool: Pid<PoolMessages>) {
    await process.monitor(pool);
    await process.serve({
      work: (batch) => {
        process.send(pool, "done", statisticsOf(batch.flights));
      },
      // The pool has ended, or this process is asked to: nothing left to do either way.
      "@events": () => process.done(null),
    });
  },
});
