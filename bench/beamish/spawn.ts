/** spawn: start a process, send it one message, on which it tells a collector and ends; as often as `count` says. */
import type { Pid, Process } from "beamish";

type Done = { done: [] };

export async function worker(process: Process<{ go: [collector: Pid<Done>] }>) {
  const msg = (await process.inbox().receive())!;
  process.send(msg.payload, "done");
}

export async function collector(process: Process<Done>, replyTo: Pid<Done>, count: number) {
  const inbox = process.inbox();
  for (let i = 0; i < count; i++) await inbox.receive();
  process.send(replyTo, "done");
}

export async function main(process: Process<Done>, count: number) {
  const inbox = process.inbox();
  const startedAt = performance.now();
  const collectorPid = await process.spawn<typeof collector>(
    "bench:spawn.collector",
    "bench:processes",
    process.pid(),
    count,
  );
  for (let i = 0; i < count; i++) {
    const pid = await process.spawn<typeof worker>("bench:spawn.worker", "bench:processes");
    process.send(pid, "go", collectorPid);
  }
  await inbox.receive();
  return performance.now() - startedAt;
}
