/**
 * copied-object: ping-pong with an object of 104 bytes of JSON, copied on the way there and on the way back.
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
  const order = {
    id: 123456,
    kind: "order.created",
    user: "u-9f8e7d6c",
    ok: true,
    amount: 1299,
    tags: ["a", "bc", "def"],
  };
  const inbox = process.inbox();
  const startedAt = performance.now();
  const peer = await process.spawn("bench:ponger", "bench:processes", count);
  for (let i = 0; i < count; i++) {
    process.send(peer, "ping", order);
    const msg = await inbox.receive();
    if (msg.payload.id !== 123456) throw new Error("the object came back changed");
  }
  return performance.now() - startedAt;
}

await measure({
  count: 250_000,
  processes: { main, ponger },
  lines: (elapsedMs, count) => [rate("copied-object", 2 * count, "msg/s", elapsedMs)],
});
