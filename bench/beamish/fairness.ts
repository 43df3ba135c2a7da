/**
 * fairness: 100 processes, each sends itself a message as often as it gets one, for a fixed time; none of them ever
 * runs out of work. The figure is what the worst of them got done, as a share of the mean: 1 is perfectly fair.
 */
import type { Pid, Process } from "beamish";

const COUNTERS = 100;

type MainMessages = { count: [n: number] };
type CounterMessages = { again: []; stop: [] };

export async function counter(process: Process<CounterMessages>, mainPid: Pid<MainMessages>) {
  const inbox = process.inbox();
  const self = process.pid();
  for (let count = 0; ; count++) {
    const msg = (await inbox.receive())!;
    if (msg.topic === "stop") {
      process.send(mainPid, "count", count);
      return;
    }
    process.send(self, "again");
  }
}

export async function main(process: Process<MainMessages>, durationMs: number) {
  const inbox = process.inbox();
  const pids: Pid<CounterMessages>[] = [];
  for (let i = 0; i < COUNTERS; i++) {
    pids.push(await process.spawn<typeof counter>("bench:fairness.counter", "bench:processes", process.pid()));
  }
  for (const pid of pids) process.send(pid, "again");
  await process.sleep(durationMs);
  for (const pid of pids) process.send(pid, "stop");

  let least = Number.POSITIVE_INFINITY;
  let sum = 0;
  for (let i = 0; i < COUNTERS; i++) {
    const { payload: count } = (await inbox.receive())!;
    least = Math.min(least, count);
    sum += count;
  }
  return { fairness: least / (sum / COUNTERS) };
}
