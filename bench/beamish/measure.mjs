/**
 * How a row is measured on our side: one function, used by every program of this folder.
 *
 *   node <row>.mjs <warm-ups> <repetitions> <divisor>
 *
 * A program hands over its process functions; one of them, `main`, is measured. That process runs
 * (warm-ups + repetitions) times, each time afresh; it reads the clock itself, around the same steps as its Erlang
 * twin in ../erlang/bench.erl, and returns the milliseconds. Each repetition prints one line of JSON on stdout:
 * {"row": ..., "value": ..., "unit": ...}. The divisor shrinks the problem (1 is the full size).
 *
 * The programs are what a user would write: plain async functions that await their inbox, PIDs as the strings they
 * are, payloads copied, the permission door in its place. Nothing is switched off.
 */
import { createRuntime } from "beamish";

const HOST = "bench:processes";

/** Operations per second. */
export function rate(row, operations, unit, elapsedMs) {
  return { row, value: (operations * 1000) / elapsedMs, unit };
}

/**
 * Measures one row.
 *
 * - `count`: the full size; the process `main` gets it, divided, as its argument.
 * - `processes`: name to process function; spawned as `bench:<name>` on the host `bench:processes`.
 * - `lines(result, count)`: makes the lines to print, a list of `{ row, value, unit }`, out of what `main` returned.
 */
export async function measure({ count, processes, lines }) {
  const [warmups = 1, repetitions = 3, divisor = 1] = process.argv.slice(2).map(Number);
  const size = Math.max(1, Math.floor(count / divisor));
  const runtime = await createRuntime({
    hosts: { [HOST]: {} },
    processes: Object.fromEntries(Object.entries(processes).map(([name, run]) => [`bench:${name}`, run])),
    // The alarm about a long mailbox is what the row `flood` is about; only errors are of interest here.
    log: (record) => {
      if (record.level === "error") console.error(JSON.stringify(record));
    },
  });
  for (let i = 0; i < warmups + repetitions; i++) {
    const result = await runtime.exec("bench:main", HOST, size);
    if (i < warmups) continue;
    for (const line of lines(result, size)) console.log(JSON.stringify(line));
  }
  await runtime.stop();
}
