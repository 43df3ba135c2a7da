/** timers: 10,000 timers of one minute are started and all stopped again, `rounds` times. */
import type { Process, Timer } from "beamish";

const LIVE = 10_000;

export async function main(process: Process, rounds: number) {
  const startedAt = performance.now();
  for (let round = 0; round < rounds; round++) {
    const timers: Timer[] = [];
    for (let i = 0; i < LIVE; i++) timers.push(process.timer(60_000));
    for (const timer of timers) {
      if (!timer.stop()) throw new Error("the timer had stopped already");
    }
  }
  return performance.now() - startedAt;
}
