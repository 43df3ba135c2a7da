/** ring: 1,000 processes in a circle hand a token on; it counts down and whoever sees 0 tells the head. */
import type { Pid, Process } from "beamish";

const MEMBERS = 1_000;

type Messages = { token: [hopsLeft: number]; finished: []; stop: [] };

export async function member(process: Process<Messages>, next: Pid<Messages>, head: Pid<Messages>) {
  const inbox = process.inbox();
  for (;;) {
    const msg = (await inbox.receive())!;
    if (msg.topic === "stop") {
      process.send(next, "stop");
      return;
    }
    if (msg.topic !== "token") throw new Error(`unexpected ${msg.topic}`);
    if (msg.payload === 0) process.send(head, "finished");
    else process.send(next, "token", msg.payload - 1);
  }
}

export async function main(process: Process<Messages>, hops: number) {
  const inbox = process.inbox();
  const startedAt = performance.now();
  const self = process.pid();
  let next = self;
  for (let i = 1; i < MEMBERS; i++) {
    next = await process.spawn<typeof member>("bench:ring.member", "bench:processes", next, self);
  }
  process.send(next, "token", hops - 1);
  for (;;) {
    const msg = (await inbox.receive())!;
    if (msg.topic !== "token" || msg.payload === 0) break;
    process.send(next, "token", msg.payload - 1);
  }
  process.send(next, "stop");
  const last = (await inbox.receive())!;
  if (last.topic !== "stop") throw new Error(`expected stop, got ${last.topic}`);
  return performance.now() - startedAt;
}
