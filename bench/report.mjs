/** The report of a run as text: the table of rows, the table of peers, the geometric mean. */
import { shortNumber } from "./statistics.mjs";

/** `report` is what run.mjs also writes as JSON. */
export function textReport({ machine, versions, rows, geometricMean, failures }) {
  const parts = [
    machine,
    "Median (least–greatest) over the rounds; a ratio above 1 is good for Beamish, also where less is better.\n",
    rowTable(rows),
  ];
  if (geometricMean !== null) {
    const { value, rows: count, of, must, holds } = geometricMean;
    const verdict = holds === null ? "" : `; must be ≥ ${must}: ${holds ? "ok" : "below"}`;
    parts.push(`\nGeometric mean of the ratios with a must (${count} of ${of}): × ${value.toFixed(2)}${verdict}`);
  }
  const withPeers = rows.filter(({ peers }) => peers.length > 0);
  if (withPeers.length > 0) parts.push("\nBeside other libraries for Node:\n", peerTable(withPeers, versions));
  parts.push(...failures.map((failure) => `FAILED ${failure}`));
  return parts.join("\n");
}

function rowTable(rows) {
  const head = ["row", "Beamish", "Erlang", "ratio", "pair by pair", "must", "unit"];
  const body = rows.map(({ row, unit, must, holds, beamish, erlang, ratio }) => [
    row,
    figureText(beamish),
    figureText(erlang),
    ratio === null ? "-" : `× ${ratio.ofMedians.toFixed(2)}`,
    ratio === null ? "-" : `× ${ratio.least.toFixed(2)}–${ratio.greatest.toFixed(2)}`,
    mustText(must, holds),
    unit,
  ]);
  return table([head, ...body]);
}

function peerTable(rows, versions) {
  const names = [...new Set(rows.flatMap(({ peers }) => peers.map(({ name }) => name)))];
  const head = ["row", "Beamish", ...names.map((name) => `${name} ${versions[name]}`), "to the best", "must", "unit"];
  const body = rows.map(({ row, unit, beamish, peers, overBestPeer }) => [
    row,
    figureText(beamish),
    ...names.map((name) => figureText(peers.find((peer) => peer.name === name)?.figure ?? null)),
    overBestPeer === null ? "-" : `× ${overBestPeer.ratio.toFixed(2)} ${overBestPeer.name}`,
    overBestPeer === null || overBestPeer.must === null
      ? ""
      : mustText({ ratio: overBestPeer.must }, overBestPeer.holds),
    unit,
  ]);
  return table([head, ...body]);
}

function figureText(figure) {
  if (figure === null) return "-";
  return `${shortNumber(figure.median)} (${shortNumber(figure.least)}–${shortNumber(figure.greatest)})`;
}

function mustText(must, holds) {
  if (must === null) return "";
  const [bound, missed] =
    must.atMost !== undefined
      ? [`≤ ${must.atMost}`, "above"]
      : [`≥ ${must.ratio ?? shortNumber(must.atLeast)}`, "below"];
  return holds === null ? bound : `${bound} ${holds ? "ok" : missed}`;
}

/** Rows of cells as aligned text: the first column to the left, the others to the right. */
function table(rows) {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const line = (row) =>
    row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]) : cell.padStart(widths[column]))).join("  ");
  const rule = widths.map((width) => "-".repeat(width)).join("  ");
  return [line(rows[0]), rule, ...rows.slice(1).map(line)].map((text) => text.trimEnd()).join("\n");
}
