/**
 * The few figures of the table: median, least, greatest, and their text.
 */

/**
 * The middle value; of an even number of values the mean of the two in the middle. NaN of none.
 * @param {number[]} values
 */
export function median(values) {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  const upper = sorted[middle] ?? Number.NaN;
  const lower = sorted[middle - 1] ?? Number.NaN;
  return sorted.length % 2 === 1 ? upper : (lower + upper) / 2;
}

/**
 * Of at least one value.
 * @param {number[]} values
 */
export function spread(values) {
  return { median: median(values), least: Math.min(...values), greatest: Math.max(...values) };
}

/**
 * The mean of ratios: twice as fast in one row and half as fast in another is 1. NaN of none.
 * @param {number[]} values
 */
export function geometricMean(values) {
  return Math.exp(values.reduce((sum, value) => sum + Math.log(value), 0) / values.length);
}

/**
 * Three digits that count, with M for millions and k for thousands: 3.31M, 824, 12.5k.
 * @param {number} value
 */
export function shortNumber(value) {
  if (Math.abs(value) >= 1e6) return `${threeDigits(value / 1e6)}M`;
  if (Math.abs(value) >= 1e4) return `${threeDigits(value / 1e3)}k`;
  return threeDigits(value);
}

/** @param {number} value */
function threeDigits(value) {
  const size = Math.abs(value);
  return value.toFixed(size >= 100 ? 0 : size >= 10 ? 1 : 2);
}
