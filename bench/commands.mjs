/**
 * The command lines of the measured programs: which executable, which flags, which arguments. A command is
 * `{ file, args }`.
 */
import { fileURLToPath } from "node:url";

/**
 * The size of Node's young generation (one semi-space) in megabytes for our programs and the peers'; 0 leaves it to
 * the program: ours does what the command line of Beamish does unless it is told otherwise (docs/adr/0007).
 */
export const DEFAULT_YOUNG_MB = 0;

/** One Erlang scheduler of each sort: one thread runs all processes, as on our side. */
const ERLANG_FLAGS = ["+S", "1:1", "+SDcpu", "1:1", "+SDio", "1", "-noshell"];

const here = (path) => fileURLToPath(new URL(path, import.meta.url));

/** Node's flags for a young generation of that size; none for 0, which leaves it to Node. */
export function youngFlags(megabytes) {
  if (megabytes === 0) return [];
  return [`--min-semi-space-size=${megabytes}`, `--max-semi-space-size=${megabytes}`];
}

/** Our program. `native` is explained in beamish/launch.mjs; `extraFlags` go to Node. */
export function beamishCommand(each, { size, youngMb, native = false, extraFlags = [] }) {
  const flags = [...youngFlags(youngMb), ...each.nodeFlags, ...extraFlags];
  const isLua = each.language === "Lua";
  const program = each.isStart
    ? [here("cold-start/start.mjs"), here(isLua ? "cold-start-lua" : "cold-start")]
    : [here("beamish/launch.mjs"), ...runs(each, size), ...(isLua ? ["--lua"] : native ? ["--native"] : [])];
  return { file: process.execPath, args: [...flags, ...program] };
}

/** Its Erlang twin; `directory` is where the compiled bench.erl is. */
export function erlangCommand(each, { size, directory }) {
  const program = each.isStart ? ["-s", "bench", "cold_start"] : ["-s", "bench", "main", "-extra", ...runs(each, size)];
  return { file: "erl", args: [...ERLANG_FLAGS, "-pa", directory, ...program] };
}

/** The same row with a JavaScript library. It gets the young generation that our programs get. */
export function peerCommand(peer, each, { size, youngMb }) {
  const args = [...youngFlags(youngMb), here("peers/launch.mjs"), peer, ...runs(each, size)];
  return { file: process.execPath, args };
}

function runs(each, size) {
  return [each.program, each.warmups, each.repetitions, size].map(String);
}
