/**
 * `--young-mb`: how large V8 makes the space for new objects. It cannot be changed in a program that runs, so Node is
 * started once more with the size, and this one only passes on signals and the exit code (docs/adr/0007).
 */
import { spawn } from "node:child_process";
import { InvalidArgumentError } from "commander";
import { signalCode } from "./interrupts.ts";

/** Set for the second start, which is not to start a third. */
const MARK = "BEAMISH_YOUNG_MB";

/** Reads the option: whole megabytes, 1 to 1024. */
export function youngMegabytes(text: string): number {
  const megabytes = Number(text);
  if (Number.isInteger(megabytes) && megabytes >= 1 && megabytes <= 1024) return megabytes;
  throw new InvalidArgumentError("It takes whole megabytes from 1 to 1024.");
}

/**
 * Runs this very command line again with a young generation of that size.
 *
 * @returns its exit code; `null` when this is that second start already, or no size was asked for.
 */
export async function inYoungGeneration(megabytes: number | undefined): Promise<number | null> {
  if (megabytes === undefined || process.env[MARK] === String(megabytes)) return null;
  const flags = [`--min-semi-space-size=${megabytes}`, `--max-semi-space-size=${megabytes}`];
  const child = spawn(process.execPath, [...process.execArgv, ...flags, ...process.argv.slice(1)], {
    stdio: "inherit",
    env: { ...process.env, [MARK]: String(megabytes) },
  });
  // Ctrl-C reaches the child by itself, from the terminal; this program only has to outlive it.
  const outlive = () => {};
  const passOn = () => child.kill("SIGTERM");
  process.on("SIGINT", outlive);
  process.on("SIGTERM", passOn);
  try {
    return await new Promise<number>((resolve, reject) => {
      child.on("error", reject);
      child.on("exit", (code, signal) => resolve(signal === null ? (code ?? 1) : signalCode(signal)));
    });
  } finally {
    process.off("SIGINT", outlive);
    process.off("SIGTERM", passOn);
  }
}
