/**
 * ring: 1,000 processes in a circle hand a token on; it counts down and whoever sees 0 tells the head.
 */
import { measure, rate } from "./measure.mjs";

const MEMBERS = 1_000;

async function member(process, next, head) {
  const inbox = process.inbox();
  for (;;) {
    const msg = await inbox.receive();
    if (msg.topic === "stop") {
      process.send(next, "stop");
      return;
    }
    if (msg.payload === 0) process.send(head, "finished");
    else process.send(next, "token", msg.payload - 1);
  }
}

async function main(process, hops) {
  const inbox = process.inbox();
  const startedAt = performance.now();
  const self = process.pid();
  let next = self;
  for (let i = 1; i < MEMBERS; i++) {
    next = await process.spawn("bench:member", "bench:processes", next, self);
  }
  process.send(next, "token", hops - 1);
  for (;;) {
    const msg = await inbox.receive();
    if (msg.topic === "finished" || msg.payload === 0) break;
    process.send(next, "token", msg.payload - 1);
  }
  process.send(next, "stop");
  const last = await inbox.receive();
  if (last.topic !== "stop") throw new Error(`expected stop, got ${last.topic}`);
  return performance.now() - startedAt;
}

await measure({
  count: 1_000_000,
  processes: { main, member },
  lines: (elapsedMs, hops) => [rate("ring", hops, "hop/s", elapsedMs)],
});
