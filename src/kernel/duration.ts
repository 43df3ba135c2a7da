/**
 * Durations as people write them: "300ms", "1m30s", "1.5h" (S11.15). Our own parser, because both languages must read
 * the same texts to the same value and refuse the same garbage.
 */

const UNIT_MS: Readonly<Record<string, number>> = {
  ns: 1e-6,
  us: 1e-3,
  // The micro sign, and the Greek letter that keyboards and normalized texts have in its place.
  "\u00b5s": 1e-3,
  "\u03bcs": 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
};

const PART = /(\d+(?:\.\d*)?|\.\d+)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/y;

/**
 * Reads a duration. A string is an optional sign and numbers with units, fractions allowed; `"0"` needs no unit. A
 * number is milliseconds.
 *
 * @returns milliseconds, possibly a fraction or negative; `null` when the text is no duration or the number is NaN or
 * infinite.
 */
export function parseDuration(duration: string | number): number | null {
  if (typeof duration === "number") return Number.isFinite(duration) ? duration : null;
  const negative = duration.startsWith("-");
  const text = negative || duration.startsWith("+") ? duration.slice(1) : duration;
  if (text === "0") return 0;
  if (text === "") return null;
  let totalMs = 0;
  PART.lastIndex = 0;
  while (PART.lastIndex < text.length) {
    const part = PART.exec(text);
    if (part === null) return null;
    totalMs += Number(part[1]) * (UNIT_MS[part[2] as string] as number);
  }
  if (!Number.isFinite(totalMs)) return null;
  return negative ? -totalMs : totalMs;
}
