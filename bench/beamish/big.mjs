/**
 * big: 100 processes, each asks `count` times a peer picked at random and answers whoever asks it meanwhile.
 *
 * The generator is small on purpose: its values are small integers in both languages.
 */
import { measure, rate } from "./measure.mjs";

const WIDTH = 100;

async function worker(process, index, mainPid) {
  const inbox = process.inbox();
  const start = await inbox.receive();
  const [peers, count] = start.payload;
  let seed = index;
  for (let i = 0; i < count; i++) {
    seed = (seed * 25173 + 13849) & 65535;
    process.send(peers[seed % peers.length], "ping");
    for (;;) {
      const msg = await inbox.receive();
      if (msg.topic === "pong") break;
      process.send(msg.from, "pong");
    }
  }
  process.send(mainPid, "done");
  for (;;) {
    const msg = await inbox.receive();
    if (msg.topic === "stop") return;
    process.send(msg.from, "pong");
  }
}

async function main(process, count) {
  const inbox = process.inbox();
  const startedAt = performance.now();
  const pids = [];
  for (let i = 0; i < WIDTH; i++) {
    pids.push(await process.spawn("bench:worker", "bench:processes", i, process.pid()));
  }
  for (const pid of pids) process.send(pid, "peers", pids, count);
  for (let i = 0; i < WIDTH; i++) await inbox.receive();
  for (const pid of pids) process.send(pid, "stop");
  return performance.now() - startedAt;
}

await measure({
  count: 5_000,
  processes: { main, worker },
  lines: (elapsedMs, count) => [rate("big", 2 * WIDTH * count, "msg/s", elapsedMs)],
});
