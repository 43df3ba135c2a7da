/**
 * idle: bytes per Lua process with `count` of them alive, each of which awaits its inbox.
 *
 * Needs --expose-gc. `lua-idle` counts the heap of JavaScript and memory outside it, that of the VM among them as large
 * as it has grown, whether Lua has put something there or not; `lua-idle-rss` is what the operating system has given.
 */
import { memoryUsage } from "node:process";
import type { Process } from "beamish";

/** Processes that live and end before the measured ones, so that code and tables are in place. */
const WARM_UP = 1_000;

type MainMessages = { up: [] };

export async function main(process: Process<MainMessages>, count: number) {
  const inbox = process.inbox();
  const start = () => process.spawn("bench:lua-idle.sleeper", "bench:processes", process.pid());
  for (let i = 0; i < WARM_UP; i++) {
    const pid = await start();
    await inbox.receive();
    process.send(pid, "stop");
  }
  // One turn for the last of them to end in.
  await process.sleep(1);
  const before = settledMemory();
  for (let i = 0; i < count; i++) await start();
  for (let i = 0; i < count; i++) await inbox.receive();
  // Each of them goes to sleep right after its message: one turn more sees the last one there.
  await process.sleep(1);
  const after = settledMemory();
  return { "lua-idle": (after.heap - before.heap) / count, "lua-idle-rss": (after.rss - before.rss) / count };
}

function settledMemory() {
  if (globalThis.gc === undefined) throw new Error("this row needs node --expose-gc");
  for (let i = 0; i < 4; i++) globalThis.gc();
  const { heapUsed, external, rss } = memoryUsage();
  return { heap: heapUsed + external, rss };
}
