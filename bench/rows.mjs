/**
 * The rows of the benchmark: which program measures which rows, at which size, and what must hold.
 *
 * - `program`: beamish/<program>.ts on our side, the clause row('<program>') of erlang/bench.erl on the other; of Lua's
 *   rows, which have no twin, lua/<program without lua->.lua.
 * - `language`: of our program.
 * - `size`: what the program gets as its argument; a quick run gets a tenth.
 * - `operations(size)`: how many operations that is. A program with it prints the milliseconds they took, and the figure
 *   is operations per second; a program without it prints the figure itself.
 * - `rows`: the names in the printed lines, in the order of the table. `must` is what this version promises: `ratio`, at
 *   least so many times Erlang, or `atLeast` or `atMost`, a value of our own. A row without it is reported only.
 * - `warmups`, `repetitions`: runs inside one operating-system process, before and while measuring.
 * - `lowerIsBetter`: the ratio is always turned so that more than 1 is good for Beamish.
 * - `isAlone`: there is no Erlang twin, because Erlang has nothing of the kind.
 * - `isStart`: what is measured is the start of the operating-system process, `size` times; see measure.mjs.
 * - `peers`: the JavaScript libraries that have this row, each with a size that takes it about as long as us ours; a row
 *   measures a rate, so the sizes need not be equal.
 * - `mustOverBestPeer`: how many times the best of them we must be.
 *
 * @typedef {{ ratio?: number, atLeast?: number, atMost?: number }} Must
 * @typedef {{ row: string, must?: Must }} Row
 * @typedef {object} Program
 * @property {string} program
 * @property {"TypeScript" | "Lua"} language
 * @property {number} size
 * @property {(size: number) => number} [operations]
 * @property {string} unit
 * @property {Row[]} rows
 * @property {number} warmups
 * @property {number} repetitions
 * @property {string[]} nodeFlags
 * @property {boolean} lowerIsBetter
 * @property {boolean} isAlone
 * @property {boolean} isStart
 * @property {Record<string, number>} peers
 * @property {number} [mustOverBestPeer]
 */

/** What most programs have in common. */
const USUAL = {
  language: /** @type {const} */ ("TypeScript"),
  warmups: 2,
  repetitions: 5,
  nodeFlags: [],
  lowerIsBetter: false,
  isAlone: false,
  isStart: false,
  peers: {},
};
const LUA = { ...USUAL, language: /** @type {const} */ ("Lua") };

/** @type {Program[]} */
export const PROGRAMS = [
  {
    ...USUAL,
    program: "ping-pong",
    size: 500_000,
    operations: (count) => 2 * count,
    unit: "msg/s",
    rows: [{ row: "ping-pong", must: { ratio: 3 } }],
    peers: { xstate: 500_000, effect: 50_000, nact: 50_000, comedy: 250_000 },
    mustOverBestPeer: 4,
  },
  {
    ...USUAL,
    program: "copied-object",
    size: 250_000,
    operations: (count) => 2 * count,
    unit: "msg/s",
    rows: [{ row: "copied-object", must: { ratio: 1.5 } }],
  },
  {
    ...USUAL,
    program: "flood",
    size: 1_000_000,
    operations: (count) => count,
    unit: "msg/s",
    rows: [{ row: "flood", must: { ratio: 1 } }],
    peers: { xstate: 1_000_000, effect: 500_000, nact: 100_000, comedy: 200_000 },
  },
  {
    ...USUAL,
    program: "ring",
    size: 1_000_000,
    operations: (hops) => hops,
    unit: "hop/s",
    rows: [{ row: "ring", must: { ratio: 3 } }],
  },
  {
    ...USUAL,
    program: "spawn",
    size: 100_000,
    operations: (count) => count,
    unit: "process/s",
    rows: [{ row: "spawn", must: { ratio: 1 } }],
    peers: { xstate: 100_000, effect: 50_000, nact: 20_000, comedy: 10_000 },
  },
  {
    ...USUAL,
    program: "spawn-monitored",
    size: 100_000,
    operations: (count) => count,
    unit: "process/s",
    rows: [{ row: "spawn-monitored", must: { ratio: 1 } }],
  },
  {
    ...USUAL,
    program: "link-chain",
    size: 100_000,
    operations: (count) => count,
    unit: "exit/s",
    rows: [{ row: "link-chain", must: { ratio: 4 } }],
  },
  {
    ...USUAL,
    program: "chameneos",
    size: 200_000,
    operations: (meetings) => meetings,
    unit: "meeting/s",
    rows: [{ row: "chameneos", must: { ratio: 1.5 } }],
  },
  {
    ...USUAL,
    program: "big",
    size: 5_000,
    operations: (count) => 2 * 100 * count,
    unit: "msg/s",
    rows: [{ row: "big", must: { ratio: 1.5 } }],
  },
  {
    ...USUAL,
    program: "guarded-send",
    size: 1_000_000,
    unit: "x unguarded",
    rows: [{ row: "guarded-send", must: { atMost: 1.3 } }],
    warmups: 1,
    lowerIsBetter: true,
    isAlone: true,
  },
  {
    ...USUAL,
    program: "timers",
    size: 30,
    operations: (rounds) => 10_000 * rounds,
    unit: "timer/s",
    rows: [{ row: "timers" }],
  },
  {
    ...USUAL,
    program: "timer-lag",
    size: 300,
    unit: "ms, p99",
    rows: [{ row: "timer-lag" }],
    warmups: 1,
    repetitions: 3,
    lowerIsBetter: true,
  },
  {
    ...USUAL,
    program: "fairness",
    size: 1_000,
    unit: "least/mean",
    rows: [{ row: "fairness" }],
    warmups: 1,
    repetitions: 3,
  },
  {
    ...USUAL,
    program: "cold-start",
    size: 10,
    unit: "ms",
    rows: [{ row: "cold-start" }],
    lowerIsBetter: true,
    isStart: true,
  },
  {
    ...USUAL,
    program: "idle",
    size: 100_000,
    unit: "byte/process",
    rows: [{ row: "idle-heap", must: { atMost: 1_000 } }, { row: "idle-rss" }, { row: "idle-hibernated" }],
    warmups: 0,
    repetitions: 1,
    nodeFlags: ["--expose-gc"],
    lowerIsBetter: true,
  },
  {
    ...LUA,
    program: "lua-ping-pong",
    size: 100_000,
    operations: (count) => 2 * count,
    unit: "msg/s",
    rows: [{ row: "lua-ping-pong", must: { atLeast: 250_000 } }],
  },
  {
    ...LUA,
    program: "lua-serve",
    size: 250_000,
    operations: (count) => 2 * count,
    unit: "msg/s",
    rows: [{ row: "lua-serve", must: { atLeast: 1_000_000 } }],
  },
  {
    ...LUA,
    program: "lua-table",
    size: 50_000,
    operations: (count) => 2 * count,
    unit: "msg/s",
    rows: [{ row: "lua-table" }],
  },
  {
    ...LUA,
    program: "lua-nested-table",
    size: 25_000,
    operations: (count) => 2 * count,
    unit: "msg/s",
    rows: [{ row: "lua-nested-table" }],
  },
  {
    ...LUA,
    program: "lua-flood",
    size: 250_000,
    operations: (count) => count,
    unit: "msg/s",
    rows: [{ row: "lua-flood" }],
  },
  {
    ...LUA,
    program: "lua-ring",
    size: 250_000,
    operations: (hops) => hops,
    unit: "hop/s",
    rows: [{ row: "lua-ring" }],
  },
  {
    ...LUA,
    program: "lua-spawn",
    size: 50_000,
    operations: (count) => count,
    unit: "process/s",
    rows: [{ row: "lua-spawn", must: { atLeast: 100_000 } }],
  },
  {
    ...LUA,
    program: "lua-loop",
    size: 30_000_000,
    operations: (count) => 2 * count,
    unit: "instruction/s",
    rows: [{ row: "lua-loop" }],
  },
  {
    ...LUA,
    program: "lua-cold-start",
    size: 10,
    unit: "ms",
    rows: [{ row: "lua-cold-start" }],
    lowerIsBetter: true,
    isStart: true,
  },
  {
    ...LUA,
    program: "lua-idle",
    size: 100_000,
    unit: "byte/process",
    rows: [{ row: "lua-idle", must: { atMost: 4_000 } }, { row: "lua-idle-rss" }],
    warmups: 0,
    repetitions: 1,
    nodeFlags: ["--expose-gc"],
    lowerIsBetter: true,
  },
];

/** The geometric mean that the ratios of all rows with a `must.ratio` have to reach. */
export const MUST_GEOMETRIC_MEAN = 3;

/**
 * The programs that `names` ask for, by program, by row or by language (`lua`); all of them for no names. Throws on an unknown name.
 * @param {string[]} names
 */
export function choosePrograms(names) {
  /** @param {Program} each @param {string} name */
  const isMeant = (each, name) =>
    each.program === name || each.rows.some(({ row }) => row === name) || each.language.toLowerCase() === name;
  for (const name of names) {
    if (PROGRAMS.some((each) => isMeant(each, name))) continue;
    throw new Error(
      `no row named ${name}; there are: ${PROGRAMS.flatMap((each) => each.rows.map(({ row }) => row)).join(" ")}`,
    );
  }
  if (names.length === 0) return PROGRAMS;
  return PROGRAMS.filter((each) => names.some((name) => isMeant(each, name)));
}
