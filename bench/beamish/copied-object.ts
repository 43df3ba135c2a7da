/** copied-object: ping-pong with an object of 104 bytes of JSON, copied on the way there and on the way back. */
import type { Process } from "beamish";

interface Order {
  id: number;
  kind: string;
  user: string;
  ok: boolean;
  amount: number;
  tags: string[];
}

export async function ponger(process: Process<{ ping: [order: Order] }>, count: number) {
  const inbox = process.inbox();
  for (let i = 0; i < count; i++) {
    const msg = (await inbox.receive())!;
    process.send(msg.from!, "pong", msg.payload);
  }
}

export async function main(process: Process<{ pong: [order: Order] }>, count: number) {
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
  const peer = await process.spawn<typeof ponger>("bench:copied-object.ponger", "bench:processes", count);
  for (let i = 0; i < count; i++) {
    process.send(peer, "ping", order);
    const msg = (await inbox.receive())!;
    if (msg.payload.id !== 123456) throw new Error("the object came back changed");
  }
  return performance.now() - startedAt;
}
