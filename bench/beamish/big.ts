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
  const inbox = process.inbox();
  const start = (await inbox.receive())!;
  if (start.topic !== "peers") throw new Error(`expected peers, got ${start.topic}`);
  const [peers, count] = start.payload;
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
