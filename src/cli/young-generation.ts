/**
 * How large V8 makes the space for new objects (docs/adr/0007). It begins with a megabyte and doubles that as more is kept
 * alive; how far, is capped here. `--young-mb` sets a size from the start: that cannot be done in a program that runs,
 * so Node is started once more, and this one only passes on signals and the exit code.
 */
import { spawn } from "node:child_process";
import { PerformanceObserver } from "node:perf_hooks";
import { getHeapSpaceStatistics, setFlagsFromString } from "node:v8";
import { InvalidArgumentError } from "commander";
import { signalCode } from "./interrupts.ts";

/** Set for the second start, which is not to start a third. */
const MARK = "BEAMISH_YOUNG_MB";

/** To collect it takes the longer the more of it is alive: a millisecond a megabyte, and twice that at times. */
const MOST_BYTES = 8 * 2 ** 20;
/** V8 has some of it for itself. */
const NEARLY = 7 / 8;

/** Has V8 grow the young generation no further than to 8 MB, unless Node was started with a size for it. */
export function capYoungGeneration(): void {
  const given = [...process.execArgv, process.env.NODE_OPTIONS ?? ""];
  if (given.some((flags) => flags.replaceAll("_", "-").includes("semi-space"))) return;
  const check = () => {
    const factor = youngBytes() < MOST_BYTES * NEARLY ? 2 : 1;
    setFlagsFromString(`--semi-space-growth-factor=${factor}`);
  };
  check();
  // It grows after collections and shrinks in quiet times, and each thread that is started sets the factor back to 2.
  new PerformanceObserver(check).observe({ entryTypes: ["gc"] });
}

/** How much fits into the young generation now. */
function youngBytes(): number {
  const space = getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space");
  return space === undefined ? 0 : space.space_used_size + space.space_available_size;
}

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
