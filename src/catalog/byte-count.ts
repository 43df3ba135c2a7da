/**
 * Numbers of bytes as people write them: `1024`, `"512KiB"`, `"64MiB"`. Units are powers of two, and every unit is
 * spelled out; `MB`, which people mean differently, is none.
 */

const UNIT_BYTES: Readonly<Record<string, number>> = { B: 1, KiB: 2 ** 10, MiB: 2 ** 20, GiB: 2 ** 30 };

/** What a number of bytes may look like, in words, for error messages. */
export const BYTE_COUNT_RULE = 'a number of bytes, or text such as "2MiB"';

/** The bytes that a number or a text means: a whole number of 1 or more, or `null` when the value means none. */
export function parseByteCount(value: unknown): number | null {
  if (typeof value !== "number" && typeof value !== "string") return null;
  const match = /^\s*(\d+)\s*(B|KiB|MiB|GiB)?\s*$/.exec(String(value));
  const bytes = Number(match?.[1]) * (UNIT_BYTES[match?.[2] ?? "B"] as number);
  return Number.isSafeInteger(bytes) && bytes > 0 ? bytes : null;
}
