/**
 * idle: bytes per process with `count` of them alive. Each has sent one message and now awaits its inbox.
 *
 * Needs --expose-gc. Memory is read after full collections, so the figure is what the processes hold, not what they
 * have left lying about: `idle-heap` counts the JavaScript heap and memory outside it, `idle-rss` what the operating
 * system has given. We have no hibernation: the row `idle-hibernated` sets our plain figure against Erlang's best.
 */
import { memoryUsage } from "node:process";
import type { Pid, Process } from "beamish";

/** Processes that live and end before the measured ones, so that code and tables are in place. */
const WARM_UP = 1_000;

type MainMessages = { up: [] };

export async function sleeper(process: Process<{ stop: [] }>, mainPid: Pid<MainMessages>) {
  const inbox = process.inbox();
  process.send(mainPid, "up");
  await inbox.receive();
}

export async function main(process: Process<MainMessages>, count: number) {
  const inbox = process.inbox();
  const start = () => process.spawn<typeof sleeper>("bench:idle.sleeper", "bench:processes", process.pid());
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
  const heap = (after.heap - before.heap) / count;
  return { "idle-heap": heap, "idle-rss": (after.rss - before.rss) / count, "idle-hibernated": heap };
}

function settledMemory() {
  if (globalThis.gc === undefined) throw new Error("this row needs node --expose-gc");
  for (let i = 0; i < 4; i++) globalThis.gc();
  const { heapUsed, external, rss } = memoryUsage();
  return { heap: heapUsed + external, rss };
}
