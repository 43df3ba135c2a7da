/**
 * link-chain: processes in a row, each linked to the next; the last one fails and the failure runs up the row.
 *
 *   main --monitors--> 1 ==link== 2 ==link== 3 ... ==link== count     <- fails
 *
 * The row is built before the clock starts. It stops with the EXIT of the first.
 */
import { measure, rate } from "./measure.mjs";

async function chain(process, left, mainPid) {
  const inbox = process.inbox();
  if (left === 1) {
    process.send(mainPid, "last");
    await inbox.receive();
    throw new Error("boom");
  }
  await process.spawnLinked("bench:chain", "bench:processes", left - 1, mainPid);
  await inbox.receive();
}

async function main(process, count) {
  const inbox = process.inbox();
  const events = process.events();
  const head = await process.spawnMonitored("bench:chain", "bench:processes", count, process.pid());
  const last = await inbox.receive();
  const startedAt = performance.now();
  process.send(last.from, "die");
  const event = await events.receive();
  const elapsedMs = performance.now() - startedAt;
  if (event.kind !== process.event.EXIT || event.from !== head) throw new Error("expected the EXIT of the first one");
  return elapsedMs;
}

await measure({
  count: 100_000,
  processes: { main, chain },
  lines: (elapsedMs, count) => [rate("link-chain", count, "exit/s", elapsedMs)],
});
