/**
 * `--check`: whether a run has lost against the recorded one. Absolute figures differ from machine to machine and from
 * minute to minute, so only ratios within one run are compared: to Erlang, and to the best other library for Node.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** How much of a ratio may be lost; two runs of one build differ by less in most rows. */
const MOST_LOST = 0.2;

/** Where the figures of the run that README shows are; `--json` writes them. */
export const RECORDED_PATH = "bench/figures.json";

/** The rows of the recorded run. */
export function readRecorded() {
  return JSON.parse(readFileSync(fileURLToPath(new URL("figures.json", import.meta.url)), "utf8")).rows;
}

/**
 * Compares the ratios that both runs have.
 * @param {ReturnType<typeof import("./summary.mjs").summary>[]} recorded
 * @param {ReturnType<typeof import("./summary.mjs").summary>[]} rows
 * @returns {{ compared: number, losses: string[] }} how many ratios, and those that lost too much, in words.
 */
export function lossesAgainst(recorded, rows) {
  const before = new Map(recorded.flatMap(ratiosOf));
  const known = rows.flatMap(ratiosOf).filter(([name]) => before.has(name));
  const losses = known.filter(([name, now]) => now < (before.get(name) ?? 0) * (1 - MOST_LOST));
  return {
    compared: known.length,
    losses: losses.map(([name, now]) => `${name}: x ${now.toFixed(2)}, was x ${before.get(name)?.toFixed(2)}`),
  };
}

/**
 * @param {ReturnType<typeof import("./summary.mjs").summary>} row
 * @returns {[string, number][]}
 */
function ratiosOf({ row, ratio, overBestPeer }) {
  /** @type {[string, number][]} */
  const found = [];
  if (ratio !== null) found.push([`${row} to Erlang`, ratio.ofMedians]);
  if (overBestPeer !== null) found.push([`${row} to the best other library`, overBestPeer.ratio]);
  return found;
}
