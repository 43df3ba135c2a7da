/** What tests see of the ends of processes: the result of each. */
import type { Simulation } from "../../src/testing/index.ts";

/** The result of each process that ends from now on, by its pid. */
export function endsOf(sim: Simulation): Map<string, unknown> {
  const ends = new Map<string, unknown>();
  sim.watch((event) => {
    if (event.kind === "exited") ends.set(event.pid, event.result);
  });
  return ends;
}
