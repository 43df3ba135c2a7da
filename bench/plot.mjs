/**
 * The figures of a run as an SVG picture, without a library:
 *
 *   panel 1   the ratio to Erlang per row, on a logarithmic scale: bars grow from the line at 1, to the right where
 *             Beamish is better; a thin line spans the rounds, a mark stands where the ratio must be
 *   panel 2   ping-pong beside other libraries, messages per second
 *   panel 3   the rows in Lua that have a bound, as multiples of it: to the right where they are within
 *
 * It follows the reader's light or dark mode and brings its own background, so that it is readable on any page.
 */
import { shortNumber } from "./statistics.mjs";

const WIDTH = 820;
const MARGIN = 24;
/** Where the bars may be, between the names on the left and the figures on the right. */
const LEFT = 160;
const RIGHT = 640;
const FIGURES = 708;
const LINE = 26;
const BAR = 14;

const STYLE = `
  .ground { fill: #ffffff; stroke: #d0d7de; }
  text { fill: #1f2328; font: 13px system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; }
  .title { font-weight: 600; font-size: 15px; }
  .quiet { fill: #59636e; }
  .small { font-size: 11px; }
  .strong { font-weight: 600; }
  .end { text-anchor: end; }
  .middle { text-anchor: middle; }
  .grid { stroke: #d8dee4; }
  .one { stroke: #1f2328; stroke-width: 1.5; }
  .better { fill: #2f6fd0; }
  .worse { fill: #d4762c; }
  .other { fill: #9aa4af; }
  .span { stroke: #1f2328; stroke-opacity: 0.55; }
  .must { stroke: #1f2328; stroke-width: 2.5; }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #0d1117; stroke: #3d444d; }
    text { fill: #f0f6fc; }
    .quiet { fill: #9198a1; }
    .grid { stroke: #2a313c; }
    .one, .must { stroke: #f0f6fc; }
    .span { stroke: #f0f6fc; }
    .better { fill: #4c8dff; }
    .worse { fill: #e08a45; }
    .other { fill: #656c76; }
  }`;

/** The picture as text. `report` is what run.mjs also writes as JSON. */
export function plot(report) {
  const picture = { parts: [], y: MARGIN };
  const rated = report.rows.filter(({ ratio }) => ratio !== null);
  if (rated.length > 0) ratioPanel(picture, rated, report.geometricMean);
  const pingPong = report.rows.find(({ row, peers }) => row === "ping-pong" && peers.length > 0);
  if (pingPong !== undefined) peerPanel(picture, pingPong, report.versions);
  const bounded = report.rows.filter(({ language, must, beamish }) => language === "Lua" && must && beamish);
  if (bounded.length > 0) luaPanel(picture, bounded);
  for (const line of folded(report.machine, 125)) {
    picture.parts.push(text(MARGIN, picture.y, "quiet small", line));
    picture.y += 16;
  }
  const height = picture.y + MARGIN - 12;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-label="Beamish beside Erlang and beside other libraries for Node">`,
    `<style>${STYLE}\n</style>`,
    `<rect class="ground" x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="8"/>`,
    ...picture.parts,
    "</svg>\n",
  ].join("\n");
}

function ratioPanel(picture, rows, geometricMean) {
  const { parts } = picture;
  heading(
    picture,
    "Beamish beside Erlang on one thread",
    "bars: how many times better than Erlang, logarithmic; thin lines: all rounds; marks: what must be reached",
  );
  const edges = rows.flatMap(({ ratio, must }) => [ratio.least, ratio.greatest, must?.ratio ?? 1]);
  const scale = logScale(Math.min(0.5, ...edges), Math.max(2, ...edges));
  const top = picture.y;
  const bottom = top + rows.length * LINE;
  for (const tick of scale.ticks) {
    const x = scale.at(tick);
    parts.push(line(tick === 1 ? "one" : "grid", x, top, x, bottom));
    parts.push(text(x, bottom + 16, "quiet small middle", `× ${tick}`));
  }
  parts.push(
    text(FIGURES, top - 8, "quiet small end", "ratio"),
    text(WIDTH - MARGIN, top - 8, "quiet small end", "must"),
  );
  for (const { row, ratio, must, holds } of rows) {
    const middle = picture.y + LINE / 2;
    const from = scale.at(Math.min(1, ratio.ofMedians));
    const to = scale.at(Math.max(1, ratio.ofMedians));
    parts.push(text(LEFT - 12, middle + 4, "end", row));
    parts.push(bar(ratio.ofMedians >= 1 ? "better" : "worse", from, middle, to - from));
    parts.push(line("span", scale.at(ratio.least), middle, scale.at(ratio.greatest), middle));
    if (must?.ratio !== undefined) {
      const x = scale.at(must.ratio);
      parts.push(line("must", x, middle - BAR / 2 - 2, x, middle + BAR / 2 + 2));
      parts.push(verdict(middle, `≥ ${must.ratio}`, holds));
    } else if (must?.atMost !== undefined) {
      parts.push(verdict(middle, `≤ ${shortNumber(must.atMost)}`, holds));
    }
    parts.push(text(FIGURES, middle + 4, "strong end", `× ${ratio.ofMedians.toFixed(2)}`));
    picture.y += LINE;
  }
  picture.y += 38;
  if (geometricMean !== null) {
    const { value, rows: count, of, must, holds } = geometricMean;
    const words = `geometric mean of the ratios with a must (${count} of ${of}): × ${value.toFixed(2)}`;
    parts.push(text(LEFT, picture.y, "strong", words));
    if (holds !== null) parts.push(verdict(picture.y - 4, `≥ ${must}`, holds));
    picture.y += 14;
  }
  picture.y += 22;
}

function peerPanel(picture, { beamish, erlang, peers, overBestPeer, unit }, versions) {
  const { parts } = picture;
  heading(picture, "Ping-pong beside other libraries for Node", unit);
  const all = [
    { name: "Beamish", figure: beamish, style: "better" },
    { name: "Erlang", figure: erlang, style: "other" },
    ...peers.map(({ name, figure }) => ({ name: `${name} ${versions[name]}`, figure, style: "other" })),
  ].filter(({ figure }) => figure !== null);
  all.sort((a, b) => b.figure.median - a.figure.median);
  const greatest = Math.max(...all.map(({ figure }) => figure.greatest));
  const at = (value) => LEFT + ((RIGHT - LEFT) * value) / greatest;
  parts.push(line("one", LEFT, picture.y, LEFT, picture.y + all.length * LINE));
  for (const { name, figure, style } of all) {
    const middle = picture.y + LINE / 2;
    parts.push(text(LEFT - 12, middle + 4, "end", name));
    parts.push(bar(style, LEFT, middle, at(figure.median) - LEFT));
    parts.push(line("span", at(figure.least), middle, at(figure.greatest), middle));
    parts.push(text(FIGURES, middle + 4, "strong end", shortNumber(figure.median)));
    picture.y += LINE;
  }
  if (overBestPeer !== null) {
    const { name, ratio, must, holds } = overBestPeer;
    picture.y += 20;
    parts.push(text(LEFT, picture.y, "strong", `× ${ratio.toFixed(2)} the best of them, ${name}`));
    if (holds !== null) parts.push(verdict(picture.y - 4, `≥ ${must}`, holds));
  }
  picture.y += 36;
}

function luaPanel(picture, rows) {
  const { parts } = picture;
  heading(
    picture,
    "Processes in Lua",
    "bars: how many times better than what must be reached, logarithmic; thin lines: all rounds",
  );
  const bars = rows.map(({ row, unit, must, holds, beamish }) => {
    const over = (value) => (must.atMost === undefined ? value / must.atLeast : must.atMost / value);
    const bound = must.atMost === undefined ? `≥ ${shortNumber(must.atLeast)}` : `≤ ${shortNumber(must.atMost)}`;
    const [middle, least, greatest] = [beamish.median, beamish.least, beamish.greatest].map(over);
    return { row, middle, least, greatest, bound, holds, figure: `${shortNumber(beamish.median)} ${unit}` };
  });
  const edges = bars.flatMap(({ least, greatest }) => [least, greatest]);
  const scale = logScale(Math.min(0.5, ...edges), Math.max(2, ...edges));
  const one = scale.at(1);
  parts.push(line("one", one, picture.y, one, picture.y + rows.length * LINE));
  for (const { row, middle: value, least, greatest, bound, holds, figure } of bars) {
    const middle = picture.y + LINE / 2;
    const from = scale.at(Math.min(1, value));
    parts.push(text(LEFT - 12, middle + 4, "end", row));
    parts.push(bar(value >= 1 ? "better" : "worse", from, middle, scale.at(Math.max(1, value)) - from));
    parts.push(line("span", scale.at(least), middle, scale.at(greatest), middle));
    parts.push(text(FIGURES, middle + 4, "strong end", figure));
    parts.push(verdict(middle, bound, holds));
    picture.y += LINE;
  }
  picture.y += 22;
}

function heading(picture, title, explanation) {
  picture.y += 16;
  picture.parts.push(text(MARGIN, picture.y, "title", title));
  picture.y += 18;
  picture.parts.push(text(MARGIN, picture.y, "quiet", explanation));
  picture.y += 26;
}

/** Whole powers of ten and their 2 and 5 as ticks; the ends are ticks. */
function logScale(least, greatest) {
  const steps = [-3, -2, -1, 0, 1, 2].flatMap((power) => [1, 2, 5].map((digit) => Number(`${digit}e${power}`)));
  const first = steps.findLastIndex((step) => step <= least);
  const last = steps.findIndex((step) => step >= greatest);
  const ticks = steps.slice(Math.max(0, first), last === -1 ? undefined : last + 1);
  const low = Math.log(ticks[0]);
  const high = Math.log(ticks.at(-1));
  const at = (value) => {
    const share = (Math.log(value) - low) / (high - low);
    return LEFT + (RIGHT - LEFT) * Math.min(1, Math.max(0, share));
  };
  return { ticks, at };
}

function verdict(middle, bound, holds) {
  return text(
    WIDTH - MARGIN,
    middle + 4,
    holds === false ? "end strong" : "quiet end",
    `${bound} ${holds === null ? "" : holds ? "✓" : "✗"}`,
  );
}

function bar(style, x, middle, width) {
  return `<rect class="${style}" x="${digits(x)}" y="${digits(middle - BAR / 2)}" width="${digits(width)}" height="${BAR}" rx="2"/>`;
}

function line(style, x1, y1, x2, y2) {
  return `<line class="${style}" x1="${digits(x1)}" y1="${digits(y1)}" x2="${digits(x2)}" y2="${digits(y2)}"/>`;
}

function text(x, y, style, words) {
  const escaped = words.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  return `<text class="${style}" x="${digits(x)}" y="${digits(y)}">${escaped}</text>`;
}

function digits(value) {
  return Number(value.toFixed(1));
}

/** Words in lines of at most so many characters. */
function folded(words, length) {
  const lines = [""];
  for (const word of words.split(" ")) {
    if (lines.at(-1).length + word.length >= length) lines.push("");
    lines[lines.length - 1] += lines.at(-1) === "" ? word : ` ${word}`;
  }
  return lines;
}
