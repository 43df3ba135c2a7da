/**
 * spawn: start a process, send it one message, on which it tells a collector and ends; as often as `count` says.
 */
import { measure, rate } from "./measure.mjs";

async function worker(process) {
  const msg = await process.inbox().receive();
  process.send(msg.payload, "done");
}

async function collector(process, replyTo, count) {
  const inbox = process.inbox();
  for (let i = 0; i < count; i++) await inbox.receive();
  process.send(replyTo, "done");
}

async function main(process, count) {
  const inbox = process.inbox();
  const startedAt = performance.now();
  const collectorPid = await process.spawn("bench:collector", "bench:processes", process.pid(), count);
  for (let i = 0; i < count; i++) {
    const pid = await process.spawn("bench:worker", "bench:processes");
    process.send(pid, "go", collectorPid);
  }
  await inbox.receive();
  return performance.now() - startedAt;
}

await measure({
  count: 100_000,
  processes: { main, worker, collector },
  lines: (elapsedMs, count) => [rate("spawn", count, "process/s", elapsedMs)],
});
