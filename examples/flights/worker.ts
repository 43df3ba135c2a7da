/**
 * A worker: has a batch scored by the rule in scoring.lua, counts it and answers with its statistics. The answer is also
 * the acknowledgement, so a worker that dies halfway through a batch has counted none of it. It expects sound records and
 * protects itself against nothing: when the rule refuses one, the error of the rule is its own end.
 */
import { defineProcess, type Pid, type Process, protocol } from "beamish";
import type { Batch } from "./flight.ts";
import type { PoolMessages } from "./pool.ts";
import { type Scores, statisticsOf } from "./statistics.ts";

/** The rule in scoring.lua, which takes the columns of a batch. */
type Rule = (process: Process, miles: number[], delays: number[]) => Promise<Scores>;

export interface WorkerMessages {
  work: [batch: Batch];
}

export default defineProcess({
  accepts: protocol<WorkerMessages>(),

  async run(process, pool: Pid<PoolMessages>) {
    await process.monitor(pool);
    await process.serve({
      work: async ({ flights }) => {
        const scores = await process.exec<Rule>(
          "flights:scoring",
          "flights:processes",
          flights.map(({ distance }) => distance),
          flights.map(({ delay }) => delay),
        );
        process.send(pool, "done", statisticsOf(flights, scores));
      },
      // The pool has ended, or this process is asked to: nothing left to do either way.
      "@events": () => process.done(null),
    });
  },
});
