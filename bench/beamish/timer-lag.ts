/**
 * timer-lag: how late a timer of 5 ms is while two processes keep the thread busy, two balls between them. Of all
 * samples the 99th percentile counts: what a user notices is the late timer, not the usual one.
 */
import type { Pid, Process } from "beamish";

const DELAY_MS = 5;

type MainMessages = { played: [balls: number] };
type PlayerMessages = { serve: [to: Pid<PlayerMessages>]; ball: []; stop: [] };

export async function player(process: Process<PlayerMessages>, mainPid: Pid<MainMessages>) {
  const inbox = process.inbox();
  for (let balls = 0; ; balls++) {
    const msg = (await inbox.receive())!;
    if (msg.topic === "stop") {
      process.send(mainPid, "played", balls);
      return;
    }
    process.send(msg.topic === "serve" ? msg.payload : msg.from!, "ball");
  }
}

export async function main(process: Process<MainMessages>, samples: number) {
  const inbox = process.inbox();
  const one = await process.spawn<typeof player>("bench:timer-lag.player", "bench:processes", process.pid());
  const other = await process.spawn<typeof player>("bench:timer-lag.player", "bench:processes", process.pid());
  process.send(one, "serve", other);
  process.send(other, "serve", one);

  const lateMs: number[] = [];
  for (let i = 0; i < samples; i++) {
    const dueAt = performance.now() + DELAY_MS;
    await process.sleep(DELAY_MS);
    lateMs.push(performance.now() - dueAt);
  }

  process.send(one, "stop");
  process.send(other, "stop");
  const balls = (await inbox.receive())!.payload + (await inbox.receive())!.payload;
  if (balls < 100 * samples) throw new Error(`the thread was not busy: only ${balls} messages`);
  lateMs.sort((a, b) => a - b);
  return { "timer-lag": lateMs[Math.ceil(0.99 * samples) - 1] };
}
