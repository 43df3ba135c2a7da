/**
 * The benchmark: `npm run bench [-- rows...] [--rounds N] [--quick] [--json file] [--svg file] [--no-erlang]
 * [--no-peers] [--no-prepare] [--young-mb N] [--native] [--check]`.
 *
 * For each row our program, its Erlang twin and, where there are any, the same with other JavaScript libraries run
 * alternately, each time in a fresh operating-system process:
 *
 *   round 1: Beamish, Erlang, peers   round 2: peers, Erlang, Beamish   round 3: Beamish, Erlang, peers ...
 *
 * Inside one such process the program warms up and then measures several repetitions; the value of the process is
 * their median. The table shows the median over the rounds with the least and the greatest, the ratio of the two
 * medians, and the least and greatest ratio of the two processes of one round. Figures of one table may be compared,
 * figures of different machines or days may not.
 *
 * Progress goes to stderr, the table to stdout. A program that fails is named and its row left without a figure; the
 * rest runs on. Exit code: 0, or 1 when a program failed, or 2 for a wrong command line. A row below what it must reach
 * is no failure: the table says so. With --check a loss against the recorded figures is one; see check.mjs.
 */
import { writeFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { prepare } from "../scripts/prepare.mjs";
import { lossesAgainst, RECORDED_PATH, readRecorded } from "./check.mjs";
import { beamishCommand, DEFAULT_YOUNG_MB, erlangCommand, peerCommand } from "./commands.mjs";
import { prepareErlang } from "./erlang.mjs";
import { measure } from "./measure.mjs";
import { preparePeers } from "./peers.mjs";
import { plot } from "./plot.mjs";
import { textReport } from "./report.mjs";
import { choosePrograms } from "./rows.mjs";
import { geometricMeanOf, summary } from "./summary.mjs";

const say = (text) => console.error(`bench: ${text}`);

const options = readCommandLine();
if (options.prepare && !prepare()) process.exit(1);
const recorded = options.check ? readRecorded() : null;
const peers = options.peers ? preparePeers() : {};
const erlang = options.erlang ? prepareErlang(say) : null;
try {
  const { rows, failures } = await compare();
  const report = { machine: machine(), versions: peers, rows, geometricMean: geometricMeanOf(rows), failures };
  console.log(textReport(report));
  if (options.json !== undefined) write(options.json, `${JSON.stringify(report, sixDigits, 2)}\n`);
  if (options.svg !== undefined) write(options.svg, plot(report));
  process.exitCode = failures.length === 0 ? 0 : 1;
  if (recorded !== null) check(rows);
} finally {
  erlang?.remove();
}

function readCommandLine() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        rounds: { type: "string" },
        json: { type: "string" },
        svg: { type: "string" },
        quick: { type: "boolean", default: false },
        "no-erlang": { type: "boolean", default: false },
        "no-peers": { type: "boolean", default: false },
        "no-prepare": { type: "boolean", default: false },
        "young-mb": { type: "string", default: String(DEFAULT_YOUNG_MB) },
        native: { type: "boolean", default: false },
        check: { type: "boolean", default: false },
      },
    });
    const programs = choosePrograms(positionals);
    return {
      programs,
      rounds: wholeNumber("rounds", values.rounds ?? (values.quick ? "2" : "5"), 1),
      divisor: values.quick ? 10 : 1,
      json: values.json,
      svg: values.svg,
      erlang: !values["no-erlang"] && programs.some((each) => each.language !== "Lua"),
      peers: !values["no-peers"] && programs.some((each) => Object.keys(each.peers).length > 0),
      prepare: !values["no-prepare"],
      youngMb: wholeNumber("young-mb", values["young-mb"], 0),
      native: values.native,
      check: values.check,
    };
  } catch (error) {
    say(error.message);
    process.exit(2);
  }
}

function wholeNumber(name, text, least) {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least) return value;
  throw new Error(`--${name} takes a whole number from ${least}, not ${text}`);
}

async function compare() {
  const rows = [];
  const failures = [];
  for (const each of options.programs) {
    const sides = sidesOf(each);
    for (let round = 0; round < options.rounds; round++) {
      for (const side of round % 2 === 0 ? sides : sides.toReversed()) {
        say(`${each.program}, round ${round + 1} of ${options.rounds}: ${side.name}`);
        try {
          side.rounds[round] = await measure(each, side.command, side.size);
        } catch (error) {
          failures.push(`${each.program}, ${side.name}, round ${round + 1}: ${error.message}`);
          say(`FAILED ${failures.at(-1)}${error.cause === undefined ? "" : `; it said:\n${error.cause}`}`);
        }
      }
    }
    for (const row of each.rows) rows.push(summary(each, row, sides));
  }
  return { rows, failures };
}

/** Who takes part in a row, with an empty place for the figures of each round. */
function sidesOf(each) {
  const { youngMb, native } = options;
  const divided = (size) => Math.max(1, Math.floor(size / options.divisor));
  const size = divided(each.size);
  const sides = [{ name: "beamish", size, command: beamishCommand(each, { size, youngMb, native }), rounds: [] }];
  if (erlang !== null && each.language !== "Lua" && !each.isAlone) {
    const command = erlangCommand(each, { size, directory: erlang.directory });
    sides.push({ name: "erlang", size, command, rounds: [] });
  }
  for (const [peer, full] of Object.entries(options.peers ? each.peers : {})) {
    const size = divided(full);
    sides.push({ name: peer, size, command: peerCommand(peer, each, { size, youngMb }), rounds: [] });
  }
  return sides;
}

/** Says what has been lost against the recorded ratios. */
function check(rows) {
  const { compared, losses } = lossesAgainst(recorded, rows);
  for (const loss of losses) console.log(`LOST ${loss}`);
  if (compared === 0) console.log(`CHECK nothing to compare: no ratio of this run is among those of ${RECORDED_PATH}`);
  else console.log(`CHECK ${compared} ratios compared with ${RECORDED_PATH}, ${losses.length} lost`);
  if (losses.length > 0 || compared === 0) process.exitCode = 1;
}

/** What the figures depend on, in one line. */
function machine() {
  const youngGeneration = options.youngMb === 0 ? "growing to 8 MB" : `of ${options.youngMb} MB`;
  return [
    `Node ${process.version} (V8 ${process.versions.v8}), young generation ${youngGeneration}`,
    ...(options.native ? ["our functions native"] : []),
    erlang === null ? "without Erlang" : `Erlang/${erlang.version}, one scheduler`,
    `${availableParallelism()} cores (${cpus()[0]?.model ?? "unknown"}), ${Math.round(totalmem() / 2 ** 30)} GiB`,
    `${options.rounds} rounds${options.divisor === 1 ? "" : ", a tenth of the size: quick figures are rough"}`,
  ].join("; ");
}

function write(file, text) {
  writeFileSync(file, text);
  say(`wrote ${file}`);
}

/** More digits than six are noise. */
function sixDigits(_key, value) {
  return typeof value === "number" ? Number(value.toPrecision(6)) : value;
}
