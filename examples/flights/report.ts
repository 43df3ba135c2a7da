/**
 * The result as text: delays by hour and distance, delays by airport, where the records are that were set aside, and
 * the balance.
 */
import { relative } from "node:path";
import { cwd } from "node:process";
import type { Summary } from "./aggregator.ts";
import { type Statistics, type Tally, totalOf } from "./statistics.ts";

/** How many airports have a line of their own. */
const AIRPORTS = 15;

/** The tables. */
export function report(statistics: Statistics, { setAside, setAsidePath }: Summary): string {
  const parts = [hourTable(statistics), airportTable(statistics)];
  if (setAside > 0) parts.push(`${setAside} records are set aside in ${shortPath(setAsidePath)}\n`);
  return `\n${parts.join("\n")}`;
}

/** The last line of a run. */
export function balanceLine(balance: Summary & { aggregated: number; lost: number }): string {
  const { read, aggregated, setAside, replaced, lost } = balance;
  return `flights: ${read} read, ${aggregated} aggregated, ${setAside} set aside, ${replaced} workers replaced, ${lost} lost`;
}

function hourTable({ cells }: Statistics): string {
  const hours = Array.from({ length: 24 }, (_, hour) => hour);
  const bands = bandsOf(cells);
  const row = (name: string, bandTallies: Tally[]) => {
    const all = totalOf(bandTallies);
    return [name, ...[...bandTallies, all].flatMap((tally) => [count(tally), mean(tally)]), lateShare(all)];
  };
  const rows = hours.map((hour) => {
    const name = `${String(hour).padStart(2, "0")}:00`;
    return row(
      name,
      bands.map((band) => totalOf([cells[`${hour}/${band}`]])),
    );
  });
  const total = row(
    "all day",
    bands.map((band) => totalOf(hours.map((hour) => cells[`${hour}/${band}`]))),
  );
  const head = ["hour", ...[...bands, "all"].flatMap((band) => [band, "min"]), "late"];
  return `Flights, their mean delay in minutes, by hour and miles; late: by 15 minutes or more\n${table(head, rows, total)}`;
}

/** The bands that the rule knows, from the shortest on: their names begin with the number of miles. */
function bandsOf(cells: Statistics["cells"]): string[] {
  const bands = new Set(Object.keys(cells).map((cell) => cell.slice(cell.indexOf("/") + 1)));
  return [...bands].sort((a, b) => Number.parseInt(a, 10) - Number.parseInt(b, 10));
}

function airportTable({ airports }: Statistics): string {
  const byFlights = Object.entries(airports).sort(([a, x], [b, y]) => y.flights - x.flights || (a < b ? -1 : 1));
  const row = (name: string, tally: Tally) => [
    name,
    count(tally),
    mean(tally),
    lateShare(tally),
    String(tally.longest),
  ];
  const rows = byFlights.slice(0, AIRPORTS).map(([airport, tally]) => row(airport, tally));
  const others = byFlights.slice(AIRPORTS).map(([, tally]) => tally);
  if (others.length > 0) rows.push(row(`${others.length} others`, totalOf(others)));
  const total = row(`all ${byFlights.length}`, totalOf(Object.values(airports)));
  const head = ["from", "flights", "min", "late", "longest"];
  return `The same by airport of origin, for the flights that name one\n${table(head, rows, total)}`;
}

const wholeNumber = new Intl.NumberFormat("en-US");

function count({ flights }: Tally): string {
  return wholeNumber.format(flights);
}

function mean({ delay, flights }: Tally): string {
  return flights === 0 ? "-" : (delay / flights).toFixed(1);
}

function lateShare({ late, flights }: Tally): string {
  return flights === 0 ? "-" : `${((100 * late) / flights).toFixed(1)}%`;
}

/** A path as seen from where the program runs, if it lies there. */
function shortPath(path: string): string {
  const short = relative(cwd(), path);
  return short.startsWith("..") ? path : short;
}

/** Rows below a head and above a total; the first column stands on the left, numbers on the right. */
function table(head: string[], rows: string[][], total: string[]): string {
  const widths = head.map((_, column) => Math.max(...[head, ...rows, total].map((row) => (row[column] ?? "").length)));
  const line = (row: string[]) =>
    row.map((text, i) => (i === 0 ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0))).join("  ");
  const rule = "─".repeat(line(total).length);
  return `${[line(head), rule, ...rows.map(line), rule, line(total)].join("\n")}\n`;
}
