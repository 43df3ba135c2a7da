/** SIGINT and SIGTERM: the first asks for an orderly stop, the second ends at once. */
import { constants } from "node:os";

/** The exit code of a program that a signal has ended. */
export function signalCode(signal: NodeJS.Signals): number {
  return 128 + (constants.signals[signal] ?? 0);
}

/**
 * Calls `onFirst` at the first SIGINT or SIGTERM; at the second the operating-system process ends, without ceremony.
 *
 * @returns what takes the handlers away.
 */
export function onInterrupt(onFirst: (signal: NodeJS.Signals) => void): () => void {
  let count = 0;
  const handler = (signal: NodeJS.Signals) => {
    count++;
    if (count === 1) onFirst(signal);
    else process.exit(signalCode(signal));
  };
  process.on("SIGINT", handler);
  process.on("SIGTERM", handler);
  return () => {
    process.off("SIGINT", handler);
    process.off("SIGTERM", handler);
  };
}
