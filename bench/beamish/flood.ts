/**
 * flood: one process sends to another as fast as it can, then asks for the total.
 *
 * The sender never waits, so as long as nothing interrupts it all messages stand in the mailbox before the receiver
 * takes the first one.
 */
import type { Pid, Process } from "beamish";

type MainMessages = { total: [sum: number] };
type CounterMessages = { add: [amount: number]; total: [replyTo: Pid<MainMessages>] };

export async function counter(process: Process<CounterMessages>) {
  const inbox = process.inbox();
  let sum = 0;
  for (;;) {
    const msg = (await inbox.receive())!;
    if (msg.topic === "add") {
      sum += msg.payload;
    } else {
      process.send(msg.payload, "total", sum);
      return;
    }
  }
}

export async function flooder(
  process: Process,
  counterPid: Pid<CounterMessages>,
  replyTo: Pid<MainMessages>,
  count: number,
) {
  for (let i = 0; i < count; i++) process.send(counterPid, "add", 1);
  process.send(counterPid, "total", replyTo);
}

export async function main(process: Process<MainMessages>, count: number) {
  const inbox = process.inbox();
  const startedAt = performance.now();
  const counterPid = await process.spawn<typeof counter>("bench:flood.counter", "bench:processes");
  await process.spawn<typeof flooder>("bench:flood.flooder", "bench:processes", counterPid, process.pid(), count);
  const msg = (await inbox.receive())!;
  if (msg.payload !== count) throw new Error(`expected ${count}, got ${msg.payload}`);
  return performance.now() - startedAt;
}
