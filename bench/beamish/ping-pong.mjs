/**
 * ping-pong: two processes, one message under way. What travels: a topic, its sender, one integer.
 */
import { measure, rate } from "./measure.mjs";

async function ponger(process, count) {
  const inbox = process.inbox();
  for (let i = 0; i < count; i++) {
    const msg = await inbox.receive();
    process.send(msg.from, "pong", msg.payload);
  }
}

async function main(process, count) {
  const inbox = process.inbox();
  const startedAt = performance.now();
  const peer = await process.spawn("bench:ponger", "bench:processes", count);
  for (let i = count; i > 0; i--) {
    process.send(peer, "ping", i);
    const msg = await inbox.receive();
    if (msg.payload !== i) throw new Error(`expected ${i}, got ${msg.payload}`);
  }
  return performance.now() - startedAt;
}

await measure({
  count: 500_000,
  processes: { main, ponger },
  lines: (elapsedMs, count) => [rate("ping-pong", 2 * count, "msg/s", elapsedMs)],
});
