/**
 * Runs one measured program in an operating-system process of its own and returns its figures: row → one value, the
 * median of what the program printed.
 */
import { spawn } from "node:child_process";
import { median } from "./statistics.mjs";

/** A program that takes longer has hung; it is ended and counts as failed. */
const PROGRAM_LIMIT_MS = 180_000;

/** Starts of `cold-start` before those that count: they bring the files into the memory of the operating system. */
const WARM_UP_STARTS = 2;

/** Rejects when the program fails, hangs or leaves a row out, with the end of what it said as the cause. */
export async function measure(each, command, size) {
  const lines = each.isStart ? await measureStarts(each, command, size) : await printedLines(command);
  return new Map(
    each.rows.map(({ row }) => {
      const values = lines.filter((line) => line.row === row).map((line) => line.value);
      if (values.length === 0) throw new Error(`it printed no figure for ${row}`);
      const value = median(values);
      return [row, each.operations === undefined ? value : (each.operations(size) * 1000) / value];
    }),
  );
}

async function printedLines(command) {
  const { stdout } = await run(command);
  const lines = stdout.split("\n").filter((line) => line.startsWith("{"));
  return lines.map((line) => JSON.parse(line));
}

/** How long it takes from starting the operating-system process to its first word, which has to be `answered`. */
async function measureStarts(each, command, count) {
  const lines = [];
  for (let i = 0; i < WARM_UP_STARTS + count; i++) {
    const { stdout, firstWordMs } = await run(command);
    if (stdout.trim() !== "answered") throw new Error(`it said ${stdout.trim()}, not answered`);
    if (i >= WARM_UP_STARTS) lines.push({ row: each.program, value: firstWordMs });
  }
  return lines;
}

/** Runs a command to its end: what it printed, and how many milliseconds after the start it began to. */
function run({ file, args }) {
  return new Promise((resolve, reject) => {
    const startedAt = performance.now();
    const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"] });
    let firstWordMs = Number.NaN;
    let stdout = "";
    let stderr = "";
    let hung = false;
    child.stdout.setEncoding("utf8").on("data", (text) => {
      if (stdout === "") firstWordMs = performance.now() - startedAt;
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
    child.on("error", (error) => {
      clearTimeout(limit);
      reject(error);
    });
    child.on("close", (code, signal) => {
      clearTimeout(limit);
      if (hung) reject(failure(`no end after ${PROGRAM_LIMIT_MS / 1000} s`));
      else if (code !== 0) reject(failure(`exit code ${code ?? signal}`));
      else resolve({ stdout, firstWordMs });
    });
  });
}
