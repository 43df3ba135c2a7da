/**
 * From the figures of all rounds to what is known about a row. Ratios above 1 are good for Beamish, whatever is measured.
 *
 * @typedef {import("./rows.mjs").Must} Must
 * @typedef {{ name: string, rounds: (Map<string, number> | undefined)[] }} Side the figures of each round by row, with
 *   a hole where the program of that round failed
 * @typedef {{ median: number, least: number, greatest: number, values: number[] }} Figure
 * @typedef {{ ofMedians: number, median: number, least: number, greatest: number }} Ratio
 * @typedef {{ name: string, figure: Figure | null }} Peer
 */
import { MUST_GEOMETRIC_MEAN, PROGRAMS } from "./rows.mjs";
import { geometricMean, median, spread } from "./statistics.mjs";

/**
 * One row; a side without any figure is `null` in the answer.
 * @param {import("./rows.mjs").Program} each
 * @param {import("./rows.mjs").Row} which
 * @param {Side[]} sides
 */
export function summary(each, { row, must }, sides) {
  const ours = sides.find(({ name }) => name === "beamish");
  const theirs = sides.find(({ name }) => name === "erlang");
  const beamish = figureOf(ours, row);
  const ratio = ratioOf(valuesOf(ours, row), valuesOf(theirs, row), each.lowerIsBetter);
  const peers = sides
    .filter(({ name }) => Object.hasOwn(each.peers, name))
    .map((side) => ({ name: side.name, figure: figureOf(side, row) }));
  return {
    row,
    language: each.language,
    unit: each.unit,
    lowerIsBetter: each.lowerIsBetter,
    must: must ?? null,
    holds: holds(must, beamish, ratio),
    beamish,
    erlang: figureOf(theirs, row),
    ratio,
    peers,
    overBestPeer: overBestPeer(beamish, peers, each.mustOverBestPeer ?? null),
  };
}

/**
 * The value of each round, NaN where there is none.
 * @param {Side | undefined} side
 * @param {string} row
 */
function valuesOf(side, row) {
  return Array.from(side?.rounds ?? [], (figures) => figures?.get(row) ?? Number.NaN);
}

/**
 * @param {Side | undefined} side
 * @param {string} row
 * @returns {Figure | null}
 */
function figureOf(side, row) {
  const values = valuesOf(side, row).filter(Number.isFinite);
  return values.length > 0 ? { ...spread(values), values } : null;
}

/**
 * The ratio of the two medians, and the spread of the ratios within one round; `null` when no round has both.
 * @param {number[]} ours
 * @param {number[]} theirs
 * @param {boolean} lowerIsBetter
 * @returns {Ratio | null}
 */
function ratioOf(ours, theirs, lowerIsBetter) {
  /** @param {number} a @param {number} b */
  const divide = (a, b) => (lowerIsBetter ? b / a : a / b);
  const pairs = ours.map((value, round) => divide(value, theirs[round] ?? Number.NaN)).filter(Number.isFinite);
  if (pairs.length === 0) return null;
  /** @param {number[]} values */
  const middle = (values) => median(values.filter(Number.isFinite));
  return { ofMedians: divide(middle(ours), middle(theirs)), ...spread(pairs) };
}

/**
 * Whether what must be is so; `null` when nothing must be or nothing is known.
 * @param {Must | undefined} must
 * @param {Figure | null} beamish
 * @param {Ratio | null} ratio
 */
function holds(must, beamish, ratio) {
  if (must?.ratio !== undefined) return ratio === null ? null : ratio.ofMedians >= must.ratio;
  if (must?.atLeast !== undefined) return beamish === null ? null : beamish.median >= must.atLeast;
  if (must?.atMost !== undefined) return beamish === null ? null : beamish.median <= must.atMost;
  return null;
}

/**
 * @param {Figure | null} beamish
 * @param {Peer[]} peers
 * @param {number | null} must
 */
function overBestPeer(beamish, peers, must) {
  let best = null;
  for (const { name, figure } of peers) {
    if (figure !== null && figure.median > (best?.value ?? 0)) best = { name, value: figure.median };
  }
  if (beamish === null || best === null) return null;
  const ratio = beamish.median / best.value;
  // Only all of them together say which is the best.
  const isJudged = must !== null && peers.every(({ figure }) => figure !== null);
  return { name: best.name, ratio, must, holds: isJudged ? ratio >= must : null };
}

/**
 * Over the rows that must reach a ratio. `holds` is `null` unless all of them were measured.
 * @param {ReturnType<typeof summary>[]} rows
 */
export function geometricMeanOf(rows) {
  const ratios = rows.flatMap(({ must, ratio }) =>
    must?.ratio === undefined || ratio === null ? [] : ratio.ofMedians,
  );
  if (ratios.length === 0) return null;
  const wanted = PROGRAMS.flatMap((each) => each.rows).filter(({ must }) => must?.ratio !== undefined);
  const value = geometricMean(ratios);
  const isWhole = ratios.length === wanted.length;
  return {
    value,
    rows: ratios.length,
    of: wanted.length,
    must: MUST_GEOMETRIC_MEAN,
    holds: isWhole ? value >= MUST_GEOMETRIC_MEAN : null,
  };
}
