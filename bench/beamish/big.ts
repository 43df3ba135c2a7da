/**
 * big: 100 processes, each asks `count` times a peer picked at random and answers whoever asks it meanwhile.
 *
 * The generator is small on purpose: its values are small integers in both languages.
 */
import type { Pid, Process } from "beamish";

const WIDTH = 100;

type MainMessages = { done: [] };
type WorkerMessages = { peers: [pids: Pid<WorkerMessages>[], count: number]; ping: []; pong: []; stop: [] };

export async function worker(process: Process<WorkerMessages>, index: number, mainPid: Pid<MainMessages>) {
  // A peer that has begun may ask before main has come to this one, so the start is picked out of what waits.
  const started = process.listen("peers");
  const [peers, count] = (await started.receive())!;
  process.unlisten(started);
  const inbox = process.inbox();
  let seed = index;
  for (let i = 0; i < count; i++) {
    seed = (seed * 25173 + 13849) & 65535;
    process.send(peers[seed % peers.length]!, "ping");
    for (;;) {
      const msg = (await inbox.receive())!;
      if (msg.topic === "pong") break;
      process.send(msg.from!, "pong");
    }
  }
  process.send(mainPid, "done");
  for (;;) {
    const msg = (await inbox.receive())!;
    if (msg.topic === "stop") return;
    process.send(msg.from!, "pong");
  }
}

export async function main(process: Process<MainMessages>, count: number) {
  const inbox = process.inbox();
  const startedAt = performance.now();
  const pids: Pid<WorkerMessages>[] = [];
  for (let i = 0; i < WIDTH; i++) {
    pids.push(await process.spawn<typeof worker>("bench:big.worker", "bench:processes", i, process.pid()));
  }
  for (const pid of pids) process.send(pid, "peers", pids, count);
  for (let i = 0; i < WIDTH; i++) await inbox.receive();
  for (const pid of pids) process.send(pid, "stop");
  return performance.now() - startedAt;
}
