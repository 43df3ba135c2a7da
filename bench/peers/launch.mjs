/**
 * Runs one row of one peer.
 *
 *   node launch.mjs <peer> <row> <warm-ups> <repetitions> <size>
 *
 * Each peer's file beside this one exports `rows`: row → function that runs it once at the given size and resolves with
 * the milliseconds, the clock read around the same steps as in ../beamish. Each repetition prints one line of JSON:
 * {"row": ..., "value": ...}.
 *
 * The peers are written in the fastest form that we have found for each and that its documentation knows. They pass
 * references to objects, copy nothing, and ask no permission; what travels is the same: name, sender, data. V8 may
 * inline for them as much as for us.
 */
import { setTimeout } from "node:timers/promises";
import { allowInlining } from "../../dist/cli/inlining.js";

const [peer, row, ...numbers] = process.argv.slice(2);
const [warmups, repetitions, size] = numbers.map(Number);

allowInlining();
const { rows } = await import(`./${peer}.mjs`);
for (let i = 0; i < warmups + repetitions; i++) {
  const elapsedMs = await rows[row](size);
  if (i >= warmups) console.log(JSON.stringify({ row, value: elapsedMs }));
}
// What went wrong inside an actor is thrown a moment later by some of them, and must fail this program. Others keep
// timers or sockets open for as long as they live, so it does not end by itself.
await setTimeout(50);
process.exit(0);
