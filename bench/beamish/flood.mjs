/**
 * flood: one process sends to another as fast as it can, then asks for the total.
 *
 * The sender never waits, so all messages stand in the mailbox before the receiver takes the first one.
 */
import { measure, rate } from "./measure.mjs";

async function counter(process) {
  const inbox = process.inbox();
  let sum = 0;
  for (;;) {
    const msg = await inbox.receive();
    if (msg.topic === "add") {
      sum += msg.payload;
    } else {
      process.send(msg.payload, "total", sum);
      return;
    }
  }
}

async function flooder(process, counterPid, replyTo, count) {
  for (let i = 0; i < count; i++) process.send(counterPid, "add", 1);
  process.send(counterPid, "total", replyTo);
}

async function main(process, count) {
  const inbox = process.inbox();
  const startedAt = performance.now();
  const counterPid = await process.spawn("bench:counter", "bench:processes");
  await process.spawn("bench:flooder", "bench:processes", counterPid, process.pid(), count);
  const msg = await inbox.receive();
  if (msg.payload !== count) throw new Error(`expected ${count}, got ${msg.payload}`);
  return performance.now() - startedAt;
}

await measure({
  count: 1_000_000,
  processes: { main, counter, flooder },
  lines: (elapsedMs, count) => [rate("flood", count, "msg/s", elapsedMs)],
});
