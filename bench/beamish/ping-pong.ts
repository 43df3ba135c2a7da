/** ping-pong: two processes, one message under way. What travels: a topic, its sender, one integer. */
import type { Process } from "beamish";

export async function ponger(process: Process<{ ping: [n: number] }>, count: number) {
  const inbox = process.inbox();
  for (let i = 0; i < count; i++) {
    const msg = (await inbox.receive())!;
    process.send(msg.from!, "pong", msg.payload);
  }
}

export async function main(process: Process<{ pong: [n: number] }>, count: number) {
  const inbox = process.inbox();
  const startedAt = performance.now();
  const peer = await process.spawn<typeof ponger>("bench:ping-pong.ponger", "bench:processes", count);
  for (let i = count; i > 0; i--) {
    process.send(peer, "ping", i);
    const msg = (await inbox.receive())!;
    if (msg.payload !== i) throw new Error(`expected ${i}, got ${msg.payload}`);
  }
  return performance.now() - startedAt;
}
