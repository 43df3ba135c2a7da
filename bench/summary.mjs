/** From the figures of all rounds to what is known about a row. Ratios above 1 are good for Beamish, whatever is measured. */
import { MUST_GEOMETRIC_MEAN, PROGRAMS } from "./rows.mjs";
import { geometricMean, spread } from "./statistics.mjs";

/**
 * One row. `sides` are `{ name, rounds }`, where `rounds[i]` maps rows to values, with a hole where the program of that
 * round failed; a side without any figure is `null` in the answer.
 */
export function summary(each, { row, must = null }, sides) {
  const { unit, lowerIsBetter, mustOverBestPeer = null } = each;
  const ratioOf = (ours, theirs) => (lowerIsBetter ? theirs / ours : ours / theirs);
  const valuesOf = (side) => Array.from(side?.rounds ?? [], (figures) => figures?.get(row) ?? Number.NaN);
  const figure = (side) => {
    const values = valuesOf(side).filter(Number.isFinite);
    return values.length > 0 ? { ...spread(values), values } : null;
  };
  const named = (name) => sides.find((side) => side.name === name);
  const beamish = figure(named("beamish"));
  const erlang = figure(named("erlang"));

  const theirs = valuesOf(named("erlang"));
  const pairs = valuesOf(named("beamish"))
    .map((ours, round) => ratioOf(ours, theirs[round]))
    .filter(Number.isFinite);
  const ratio = pairs.length > 0 ? { ofMedians: ratioOf(beamish.median, erlang.median), ...spread(pairs) } : null;

  const peers = sides
    .filter(({ name }) => Object.hasOwn(each.peers, name))
    .map((side) => ({ name: side.name, figure: figure(side) }));
  return {
    row,
    unit,
    lowerIsBetter,
    must,
    holds: holds(must, beamish, ratio),
    beamish,
    erlang,
    ratio,
    peers,
    overBestPeer: overBestPeer(beamish, peers, mustOverBestPeer),
  };
}

/** Whether what must be is so; `null` when nothing must be or nothing is known. */
function holds(must, beamish, ratio) {
  if (must?.ratio !== undefined) return ratio === null ? null : ratio.ofMedians >= must.ratio;
  if (must?.atMost !== undefined) return beamish === null ? null : beamish.median <= must.atMost;
  return null;
}

function overBestPeer(beamish, peers, must) {
  const known = peers.filter(({ figure }) => figure !== null);
  if (beamish === null || known.length === 0) return null;
  const best = known.reduce((a, b) => (b.figure.median > a.figure.median ? b : a));
  const ratio = beamish.median / best.figure.median;
  // Only all of them say which is the best.
  return { name: best.name, ratio, must, holds: must === null || known.length < peers.length ? null : ratio >= must };
}

/** Over the rows that must reach a ratio. `holds` is `null` unless all of them were measured. */
export function geometricMeanOf(rows) {
  const counted = rows.filter(({ must, ratio }) => must?.ratio !== undefined && ratio !== null);
  if (counted.length === 0) return null;
  const value = geometricMean(counted.map(({ ratio }) => ratio.ofMedians));
  const wanted = PROGRAMS.flatMap((each) => each.rows).filter(({ must }) => must?.ratio !== undefined);
  const isWhole = counted.length === wanted.length;
  return {
    value,
    rows: counted.length,
    must: MUST_GEOMETRIC_MEAN,
    holds: isWhole ? value >= MUST_GEOMETRIC_MEAN : null,
  };
}
