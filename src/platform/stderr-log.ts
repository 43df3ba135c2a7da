/** Log lines for people, on stderr: time, level, who, text. */

/** How grave a log line is. */
export type LogLevel = "info" | "warn" | "error";

/** One log line. */
export interface LogRecord {
  /** When, in unix milliseconds. */
  readonly atMs: number;
  readonly level: LogLevel;
  /** The pid, entry, service or part of the runtime it is about. */
  readonly about: string;
  readonly text: string;
}

const COLOURS: Readonly<Record<LogLevel, string>> = { info: "36", warn: "33", error: "31" };

/** Writes a record to stderr, coloured on a terminal. */
export function writeToStderr(record: LogRecord): void {
  const time = new Date(record.atMs).toISOString().slice(11, 23);
  const level = record.level.padEnd(5);
  const shown = process.stderr.isTTY ? `\u001b[${COLOURS[record.level]}m${level}\u001b[0m` : level;
  process.stderr.write(`${time} ${shown} ${record.about}: ${record.text}\n`);
}
