/**
 * The rows of the benchmark: which program measures which rows, and how.
 *
 * - `program`: beamish/<program>.mjs on our side, the clause row('<program>') of erlang/bench.erl on the other.
 * - `rows`: the names that appear in the printed lines, in the order of the table.
 * - `warmups`, `repetitions`: runs inside one operating-system process, before and while measuring.
 * - `lowerIsBetter`: for bytes. The ratio is always turned so that more than 1 is good for Beamish.
 * - `bar`: the least ratio to Erlang that this version promises; a row without one is reported only.
 */
export const PROGRAMS = [
  { program: "ping-pong", rows: ["ping-pong"], bar: 1 },
  { program: "copied-object", rows: ["copied-object"] },
  { program: "flood", rows: ["flood"] },
  { program: "ring", rows: ["ring"], bar: 1 },
  { program: "spawn", rows: ["spawn"] },
  { program: "spawn-monitored", rows: ["spawn-monitored"] },
  { program: "link-chain", rows: ["link-chain"], bar: 1 },
  { program: "chameneos", rows: ["chameneos"], bar: 1 },
  { program: "big", rows: ["big"], bar: 1 },
  { program: "timers", rows: ["timers"] },
  {
    program: "idle",
    rows: ["idle-heap", "idle-rss", "idle-hibernated"],
    warmups: 0,
    repetitions: 1,
    nodeFlags: ["--expose-gc"],
    lowerIsBetter: true,
  },
].map((program) => ({ warmups: 2, repetitions: 5, nodeFlags: [], lowerIsBetter: false, ...program }));

/** The programs that `names` ask for, by program or by row; all of them for no names. Throws on an unknown name. */
export function choosePrograms(names) {
  for (const name of names) {
    if (PROGRAMS.some((each) => each.program === name || each.rows.includes(name))) continue;
    throw new Error(`no row named ${name}; there are: ${PROGRAMS.flatMap((each) => each.rows).join(" ")}`);
  }
  if (names.length === 0) return PROGRAMS;
  return PROGRAMS.filter((each) => names.some((name) => each.program === name || each.rows.includes(name)));
}
