/**
 * idle: bytes per process with `count` of them alive. Each has sent one message and now awaits its inbox.
 *
 * Needs --expose-gc. Memory is read after full collections, so the figure is what the processes hold, not what they
 * have left lying about: `idle-heap` counts the JavaScript heap and memory outside it, `idle-rss` what the operating
 * system has given. We have no hibernation: the row `idle-hibernated` sets our plain figure against Erlang's best.
 */
import { memoryUsage } from "node:process";
import { measure } from "./measure.mjs";

/** Processes that live and end before the measured ones, so that code and tables are in place. */
const WARM_UP = 1_000;

async function idle(process, mainPid) {
  const inbox = process.inbox();
  process.send(mainPid, "up");
  await inbox.receive();
}

function settledMemory() {
  for (let i = 0; i < 4; i++) globalThis.gc();
  const { heapUsed, external, rss } = memoryUsage();
  return { heap: heapUsed + external, rss };
}

async function main(process, count) {
  const inbox = process.inbox();
  for (let i = 0; i < WARM_UP; i++) {
    const pid = await process.spawn("bench:idle", "bench:processes", process.pid());
    await inbox.receive();
    process.send(pid, "stop");
  }
  // One turn for the last of them to end in.
  await process.sleep(1);
  const before = settledMemory();
  for (let i = 0; i < count; i++) await process.spawn("bench:idle", "bench:processes", process.pid());
  for (let i = 0; i < count; i++) await inbox.receive();
  // Each of them goes to sleep right after its message: one turn more sees the last one there.
  await process.sleep(1);
  const after = settledMemory();
  return { heap: (after.heap - before.heap) / count, rss: (after.rss - before.rss) / count };
}

await measure({
  count: 100_000,
  processes: { main, idle },
  lines: ({ heap, rss }) => [
    { row: "idle-heap", value: heap, unit: "byte/process" },
    { row: "idle-rss", value: rss, unit: "byte/process" },
    { row: "idle-hibernated", value: heap, unit: "byte/process" },
  ],
});
