/**
 * The aggregator: adds up what the workers counted, and acknowledges each batch once its last record has been counted.
 * At the end it prints the tables and the balance: what was read must have been aggregated or set aside, and what is
 * missing is lost, which is a failure.
 */
import { defineProcess, type Pid, ProcessError, protocol } from "beamish";
import type { ReaderMessages } from "./reader.ts";
import { balanceLine, report } from "./report.ts";
import { addStatistics, emptyStatistics, type Statistics, totalOf } from "./statistics.ts";

export interface AggregatorMessages {
  statistics: [part: Statistics];
  /** All statistics of a batch of this reader were sent before: tell it. */
  through: [reader: Pid<ReaderMessages>];
  /** The last message. */
  finish: [summary: Summary];
}

/** What the others know of the run. */
export interface Summary {
  /** Records read. */
  read: number;
  /** Records set aside, and the file they are in. */
  setAside: number;
  setAsidePath: string;
  /** Workers replaced. */
  replaced: number;
}

export default defineProcess({
  accepts: protocol<AggregatorMessages>(),

  async run(process) {
    const whole = emptyStatistics();
    await process.registry.register("flights.aggregator");

    const summary = await process.serve<Summary | null>({
      statistics: (part) => addStatistics(whole, part),
      through: (reader) => {
        process.send(reader, "acknowledged");
      },
      finish: (summary) => process.done(summary),
      "@events": () => process.done(null), // asked to stop
    });
    if (summary === null) return;

    const aggregated = totalOf(Object.values(whole.cells)).flights;
    const lost = summary.read - aggregated - summary.setAside;
    console.log(report(whole, summary));
    console.log(balanceLine({ ...summary, aggregated, lost }));
    if (lost !== 0) throw new ProcessError({ message: `${lost} records are lost`, retryable: false });
  },
});
