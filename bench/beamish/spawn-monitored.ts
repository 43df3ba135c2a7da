/**
 * spawn-monitored: start a monitored process that ends at once, and take its EXIT. A hundred are started, then their
 * hundred EXITs are taken: with all of them at once the figure would be that of a long mailbox.
 */
import type { Process } from "beamish";

const BATCH = 100;

export async function nothing() {}

export async function main(process: Process, count: number) {
  const events = process.events();
  const startedAt = performance.now();
  for (let done = 0; done < count; done += BATCH) {
    for (let i = 0; i < BATCH; i++) await process.spawnMonitored("bench:spawn-monitored.nothing", "bench:processes");
    for (let i = 0; i < BATCH; i++) {
      const event = (await events.receive())!;
      if (event.kind !== process.event.EXIT) throw new Error(`expected EXIT, got ${event.kind}`);
    }
  }
  return performance.now() - startedAt;
}
