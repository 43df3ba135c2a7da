/**
 * timers: 10,000 timers of one minute are started and all stopped again, `rounds` times.
 */
import { measure, rate } from "./measure.mjs";

const LIVE = 10_000;

async function main(process, rounds) {
  const startedAt = performance.now();
  for (let round = 0; round < rounds; round++) {
    const timers = [];
    for (let i = 0; i < LIVE; i++) timers.push(process.timer(60_000));
    for (const timer of timers) {
      if (!timer.stop()) throw new Error("the timer had stopped already");
    }
  }
  return performance.now() - startedAt;
}

await measure({
  count: 30,
  processes: { main },
  lines: (elapsedMs, rounds) => [rate("timers", LIVE * rounds, "timer/s", elapsedMs)],
});
