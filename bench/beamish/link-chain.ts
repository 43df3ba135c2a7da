/**
 * link-chain: processes in a row, each linked to the next; the last one fails and the failure runs up the row.
 *
 *   main --monitors--> 1 ==link== 2 ==link== 3 ... ==link== count     <- fails
 *
 * The row is built before the clock starts. It stops with the EXIT of the first.
 */
import type { Pid, Process } from "beamish";

type MainMessages = { last: [] };

export async function chain(process: Process<{ die: [] }>, left: number, mainPid: Pid<MainMessages>) {
  const inbox = process.inbox();
  if (left === 1) {
    process.send(mainPid, "last");
    await inbox.receive();
    throw new Error("boom");
  }
  await process.spawnLinked<typeof chain>("bench:link-chain.chain", "bench:processes", left - 1, mainPid);
  await inbox.receive();
}

export async function main(process: Process<MainMessages>, count: number) {
  const inbox = process.inbox();
  const events = process.events();
  const self = process.pid();
  const head = await process.spawnMonitored<typeof chain>("bench:link-chain.chain", "bench:processes", count, self);
  const last = (await inbox.receive())!;
  const startedAt = performance.now();
  process.send(last.from!, "die");
  const event = (await events.receive())!;
  const elapsedMs = performance.now() - startedAt;
  if (event.kind !== process.event.EXIT || event.from !== head) throw new Error("expected the EXIT of the first one");
  return elapsedMs;
}
