/**
 * The pool: deals batches out to its workers, one at a time to each, and sees every batch through.
 *
 *                     ┌─ worker answers ───────▶ statistics to the aggregator ─┐
 *     batch ─▶ worker ┤                                                        ├─▶ through
 *                     └─ worker dies ─▶ a new worker takes its name;           │
 *                          1st time: the batch again, record by record         │
 *                          2nd time: the record is set aside ──────────────────┘
 *
 * It reaches the workers by name, so a replacement gets the next batch as if nothing had happened.
 */
import { defineProcess, type ExitEvent, type Pid, protocol } from "beamish";
import type { AggregatorMessages } from "./aggregator.ts";
import { awaitName } from "./await-name.ts";
import type { Batch } from "./flight.ts";
import type { ReaderMessages } from "./reader.ts";
import { SetAsideFile } from "./set-aside-file.ts";
import type { Statistics } from "./statistics.ts";
import type worker from "./worker.ts";
import type { WorkerMessages } from "./worker.ts";

export interface PoolMessages {
  /** From the reader: count this. */
  batch: [batch: Batch];
  /** From a worker: counted, and this is the result. */
  done: [statistics: Statistics];
  /** From the reader, once everything is acknowledged: how many records there were. */
  finish: [read: number];
}

export interface PoolOptions {
  workers: number;
  /** The path of the dead-letter file. */
  setAside: string;
}

/** A batch of the reader, until it is through. */
interface Delivery {
  readonly reader: Pid<ReaderMessages>;
  /** How many tasks it still consists of. */
  tasks: number;
}

/** What a worker gets at a time: a batch or, at the second try, one record of it. */
interface Task {
  readonly batch: Batch;
  readonly delivery: Delivery;
  readonly isSecondTry: boolean;
}

interface Worker {
  readonly name: string;
  task: Task | null;
}

export default defineProcess({
  accepts: protocol<PoolMessages>(),

  async run(process, options: PoolOptions) {
    const aggregator = await awaitName<AggregatorMessages>(process, "flights.aggregator");
    await process.link(aggregator);

    const setAside = new SetAsideFile(options.setAside);
    const workers = new Map<Pid, Worker>();
    const waiting: Task[] = [];
    let replaced = 0;

    const hire = async (name: string) => {
      const named = process.withContext({}).withName(name);
      const pid = await named.spawnMonitored<typeof worker>("flights:worker", "flights:processes", process.pid());
      workers.set(pid, { name, task: null });
    };

    /** Gives every idle worker a task, while there are any. */
    const deal = () => {
      for (const worker of workers.values()) {
        if (worker.task !== null) continue;
        worker.task = waiting.shift() ?? null;
        if (worker.task === null) return;
        const work: WorkerMessages["work"] = [worker.task.batch];
        process.send(worker.name, "work", ...work);
      }
    };

    const settle = ({ delivery }: Task) => {
      delivery.tasks--;
      if (delivery.tasks === 0) process.send(aggregator, "through", delivery.reader);
    };

    const replace = async (exit: ExitEvent) => {
      const dead = workers.get(exit.from);
      if (dead === undefined) return;
      workers.delete(exit.from);
      await hire(dead.name);
      replaced++;

      const { task } = dead;
      if (task?.isSecondTry) {
        setAside.add(task.batch, exit.result.error ?? "the worker returned");
        settle(task);
      } else if (task) {
        const again = recordByRecord(task);
        task.delivery.tasks += again.length - 1;
        waiting.unshift(...again);
      }
      deal();
    };

    for (let n = 1; n <= options.workers; n++) await hire(`flights.worker.${n}`);
    await process.registry.register("flights.pool"); // not before it can take batches

    await process.serve({
      batch: (batch, { from }) => {
        waiting.push({ batch, delivery: { reader: from as Pid<ReaderMessages>, tasks: 1 }, isSecondTry: false });
        deal();
      },
      // An answer of a worker whose death is already dealt with is not in `workers` any more and counts for nothing.
      done: (statistics, { from }) => {
        const worker = workers.get(from as Pid);
        if (!worker?.task) return;
        process.send(aggregator, "statistics", statistics);
        settle(worker.task);
        worker.task = null;
        deal();
      },
      finish: (read) => {
        process.send(aggregator, "finish", { read, setAside: setAside.count, replaced, setAsidePath: setAside.path });
        return process.done(null); // the workers monitor the pool and follow it
      },
      "@events": (event) => (event.kind === process.event.EXIT ? replace(event) : process.done(null)),
    });
  },
});

function recordByRecord({ batch, delivery }: Task): Task[] {
  const { file, first, flights } = batch;
  return flights.map((flight, i) => ({
    batch: { file, first: first + i, flights: [flight] },
    delivery,
    isSecondTry: true,
  }));
}
