/**
 * The benchmark: `npm run bench [-- rows...] [--rounds N] [--quick] [--json file] [--no-erlang] [--no-prepare]
 * [--young-mb N]`.
 *
 * For each row our program and its Erlang twin run alternately, each time in a fresh operating-system process:
 *
 *   round 1: Beamish, Erlang   round 2: Erlang, Beamish   round 3: Beamish, Erlang ...
 *
 * Inside one such process the program warms up and then measures several repetitions; the value of the process is
 * their median. The table shows the median over the rounds with the least and the greatest, the ratio of the two
 * medians, and the least and greatest ratio of the two processes of one round. Figures of one table may be compared,
 * figures of different machines or days may not.
 *
 * Progress goes to stderr, the table to stdout. A program that fails is named and its row left without a figure; the
 * rest runs on. Exit code: 0, or 1 when a program failed, or 2 for a wrong command line.
 */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { availableParallelism, cpus, totalmem } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { prepare } from "../scripts/prepare.mjs";
import { ERLANG_FLAGS, prepareErlang } from "./erlang.mjs";
import { choosePrograms } from "./rows.mjs";
import { median, shortNumber, spread, table } from "./statistics.mjs";

/** A program that takes longer has hung; it is ended and counts as failed. */
const PROGRAM_LIMIT_MS = 180_000;

const say = (text) => console.error(`bench: ${text}`);

const options = readCommandLine();
if (options.prepare && !prepare()) process.exit(1);
const erlang = options.erlang ? prepareErlang(say) : null;
try {
  process.exitCode = await compare();
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
        quick: { type: "boolean", default: false },
        "no-erlang": { type: "boolean", default: false },
        "no-prepare": { type: "boolean", default: false },
        "young-mb": { type: "string" },
      },
    });
    return {
      programs: choosePrograms(positionals),
      rounds: wholeNumber("rounds", values.rounds ?? (values.quick ? "2" : "5")),
      divisor: values.quick ? 10 : 1,
      json: values.json,
      erlang: !values["no-erlang"],
      prepare: !values["no-prepare"],
      youngFlags: values["young-mb"] === undefined ? [] : youngFlags(wholeNumber("young-mb", values["young-mb"])),
    };
  } catch (error) {
    say(error.message);
    process.exit(2);
  }
}

function wholeNumber(name, text) {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} takes a whole number from 1, not ${text}`);
  return value;
}

/** Node's flags for a young generation of that size. Without them Node's default of 16 MB holds. */
function youngFlags(megabytes) {
  return [`--min-semi-space-size=${megabytes}`, `--max-semi-space-size=${megabytes}`];
}

async function compare() {
  const measured = [];
  const failures = [];
  for (const each of options.programs) {
    const sides = { beamish: new Map(), erlang: new Map() };
    for (let round = 0; round < options.rounds; round++) {
      const order = round % 2 === 0 ? ["beamish", "erlang"] : ["erlang", "beamish"];
      for (const side of order) {
        if (side === "erlang" && erlang === null) continue;
        say(`${each.program}, round ${round + 1} of ${options.rounds}: ${side}`);
        try {
          const lines = await runProgram(...(side === "beamish" ? beamishCommand(each) : erlangCommand(each)));
          keepMedians(sides[side], lines, round, each.rows);
        } catch (error) {
          failures.push(`${each.program}, ${side}, round ${round + 1}: ${error.message}`);
          say(`FAILED ${failures.at(-1)}${error.cause === undefined ? "" : `; it said:\n${error.cause}`}`);
        }
      }
    }
    for (const row of each.rows) {
      measured.push(summary(row, each, sides.beamish.get(row), sides.erlang.get(row)));
    }
  }
  report(measured, failures);
  return failures.length === 0 ? 0 : 1;
}

function beamishCommand(each) {
  const file = fileURLToPath(new URL(`./beamish/${each.program}.mjs`, import.meta.url));
  const size = [each.warmups, each.repetitions, options.divisor].map(String);
  return [process.execPath, [...options.youngFlags, ...each.nodeFlags, file, ...size]];
}

function erlangCommand(each) {
  const size = [each.warmups, each.repetitions, options.divisor].map(String);
  return ["erl", [...ERLANG_FLAGS, "-pa", erlang.directory, "-s", "bench", "main", "-extra", each.program, ...size]];
}

/**
 * Runs a program to its end and returns the lines it printed. Rejects when it fails, hangs or prints none, with the
 * end of what it said as the cause.
 */
function runProgram(command, args) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ["ignore", "pipe", "pipe"] });
    let stdout = "";
    let stderr = "";
    let hung = false;
    child.stdout.setEncoding("utf8").on("data", (text) => {
      stdout += text;
    });
    child.stderr.setEncoding("utf8").on("data", (text) => {
      stderr += text;
    });
    const limit = setTimeout(() => {
      hung = true;
      child.kill("SIGKILL");
    }, PROGRAM_LIMIT_MS);
    const failure = (text) => new Error(text, { cause: `${stdout}${stderr}`.trim().slice(-2000) });
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(limit);
      if (hung) return reject(failure(`no end after ${PROGRAM_LIMIT_MS / 1000} s`));
      if (code !== 0) return reject(failure(`exit code ${code ?? signal}`));
      try {
        const lines = stdout.split("\n").filter((line) => line.startsWith("{"));
        if (lines.length === 0) throw failure("it printed no figure");
        resolve(lines.map((line) => JSON.parse(line)));
      } catch (error) {
        reject(error);
      }
    });
  });
}

/** One value per row and round: the median of the repetitions of that operating-system process. */
function keepMedians(side, lines, round, rows) {
  for (const row of rows) {
    const own = lines.filter((line) => line.row === row);
    if (own.length === 0) throw new Error(`it printed no figure for ${row}`);
    if (!side.has(row)) side.set(row, { unit: own[0].unit, values: [] });
    side.get(row).values[round] = median(own.map((line) => line.value));
  }
}

/** What is known about one row; `null` where a side has no figure. A side is what `keepMedians` has gathered. */
function summary(row, { lowerIsBetter, bar }, beamish, other) {
  const ratioOf = (ours, theirs) => (lowerIsBetter ? theirs / ours : ours / theirs);
  // By round; a hole stands where the program of that round failed.
  const beamishValues = beamish?.values ?? [];
  const erlangValues = other?.values ?? [];
  const pairs = beamishValues.map((ours, round) => ratioOf(ours, erlangValues[round])).filter(Number.isFinite);
  const ours = beamishValues.filter(Number.isFinite);
  const theirs = erlangValues.filter(Number.isFinite);
  const both = pairs.length > 0;
  return {
    row,
    unit: beamish?.unit ?? other?.unit ?? "",
    lowerIsBetter,
    bar: bar ?? null,
    beamish: ours.length > 0 ? { ...spread(ours), values: ours } : null,
    erlang: theirs.length > 0 ? { ...spread(theirs), values: theirs } : null,
    ratio: both ? { ofMedians: ratioOf(median(ours), median(theirs)), ...spread(pairs) } : null,
  };
}

function report(measured, failures) {
  const machine = [
    `Node ${process.version} (V8 ${process.versions.v8})`,
    ...(options.youngFlags.length > 0 ? [options.youngFlags.join(" ")] : []),
    erlang === null ? "without Erlang" : `Erlang/${erlang.version}, one scheduler`,
    `${availableParallelism()} cores (${cpus()[0]?.model ?? "unknown"}), ${Math.round(totalmem() / 2 ** 30)} GiB`,
    `${options.rounds} rounds${options.divisor === 1 ? "" : `, a tenth of the size: quick figures are rough`}`,
  ].join("; ");
  const figure = (side) =>
    side === null ? "-" : `${shortNumber(side.median)} (${shortNumber(side.least)}–${shortNumber(side.greatest)})`;
  const rows = measured.map(({ row, unit, bar, beamish, erlang: other, ratio }) => [
    row,
    figure(beamish),
    figure(other),
    ratio === null ? "-" : `× ${ratio.ofMedians.toFixed(2)}`,
    ratio === null ? "-" : `× ${ratio.least.toFixed(2)}–${ratio.greatest.toFixed(2)}`,
    bar === null ? "" : `≥ ${bar}${ratio !== null && ratio.ofMedians < bar ? " below" : ""}`,
    unit,
  ]);
  const head = ["row", "Beamish", "Erlang", "ratio", "pair by pair", "bar", "unit"];
  console.log(machine);
  console.log("Median (least–greatest) over the rounds; a ratio above 1 is good for Beamish, for bytes too.\n");
  console.log(table([head, ...rows]));
  for (const failure of failures) console.log(`FAILED ${failure}`);
  if (options.json !== undefined) {
    writeFileSync(options.json, `${JSON.stringify({ machine, rows: measured, failures }, null, 2)}\n`);
    say(`wrote ${options.json}`);
  }
}
