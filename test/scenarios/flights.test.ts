/**
 * The example application: run as its user runs it, with every number it prints compared to a plain loop over the data;
 * and its pool alone, in the simulation, with workers killed at random.
 */
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import type { Process } from "beamish";
import { simulate } from "beamish/testing";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import aggregator from "../../examples/flights/aggregator.ts";
import type { Batch, DatedFlight, Flight, TimedFlight } from "../../examples/flights/flight.ts";
import pool from "../../examples/flights/pool.ts";
import { type Statistics, statisticsOf } from "../../examples/flights/statistics.ts";
import worker from "../../examples/flights/worker.ts";
import { defineLua } from "../support/lua.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const data = join(dirname(createRequire(import.meta.url).resolve("vega-datasets")), "..", "data");
const timed: TimedFlight[] = JSON.parse(readFileSync(join(data, "flights-200k.json"), "utf8"));
const dated: DatedFlight[] = JSON.parse(readFileSync(join(data, "flights-20k.json"), "utf8"));

const scoring = readFileSync(join(root, "examples", "flights", "scoring.lua"), "utf8");

const folder = mkdtempSync(join(tmpdir(), "flights-"));
afterAll(() => rmSync(folder, { recursive: true }));

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
  setAside: { file: string; number: number; flight: object; error: string }[];
}

/** Runs the application to its end. */
async function run(name: string, env: Record<string, string>): Promise<Ended> {
  const setAsidePath = join(folder, `${name}.jsonl`);
  const child = spawn(process.execPath, [join("bin", "beamish"), "run", join("examples", "flights")], {
    cwd: root,
    env: { ...process.env, FLIGHTS_SET_ASIDE: setAsidePath, ...env },
  });
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text) => {
    stdout += text;
  });
  child.stderr.setEncoding("utf8").on("data", (text) => {
    stderr += text;
  });
  const code = await new Promise<number | null>((resolve, reject) => child.on("error", reject).on("close", resolve));
  const lines = readFileSync(setAsidePath, "utf8").split("\n").slice(0, -1);
  return { code, stdout, stderr, setAside: lines.map((line) => JSON.parse(line)) };
}

/** The records that the application spoils, as its documentation says: two neighbours in ten thousand. */
function isPoisoned(index: number): boolean {
  return (index + 1) % 10_000 === 2_222 || (index + 1) % 10_000 === 2_223;
}

const bandOf = (miles: number) => (miles < 500 ? 0 : miles < 1000 ? 1 : miles < 1500 ? 2 : 3);

/** The statistics of some flights, without the rule in Lua. */
function plainStatisticsOf(flights: readonly Flight[]): Statistics {
  return statisticsOf(flights, {
    bands: flights.map(({ distance }) => ["0-499", "500-999", "1000-1499", "1500+"][bandOf(distance)] as string),
    late: flights.map(({ delay }) => delay >= 15),
  });
}

/** Delays by the texts of row and column, from a plain loop. */
type Delays = Map<string, number[]>;

function note(delays: Delays, key: string, delay: number): void {
  const known = delays.get(key);
  if (known === undefined) delays.set(key, [delay]);
  else known.push(delay);
}

function flightsText(delays: number[]): string {
  return delays.length.toLocaleString("en-US");
}

function meanText(delays: number[]): string {
  return delays.length === 0 ? "-" : (delays.reduce((sum, delay) => sum + delay, 0) / delays.length).toFixed(1);
}

function lateText(delays: number[]): string {
  return delays.length === 0
    ? "-"
    : `${((100 * delays.filter((delay) => delay >= 15).length) / delays.length).toFixed(1)}%`;
}

/** The cells of both tables, row by row, without heads: a plain loop over the data, sharing nothing with the example. */
function expectedRows(skip: (index: number) => boolean): string[][] {
  const cells: Delays = new Map();
  const airports: Delays = new Map();
  const count = (hour: number, { distance, delay }: { distance: number; delay: number }) => {
    const band = bandOf(distance);
    for (const key of [`${hour} ${band}`, `${hour} all`, `all ${band}`, "all all"]) note(cells, key, delay);
  };
  for (const [i, flight] of timed.entries()) if (!skip(i)) count(Math.floor(flight.time), flight);
  for (const [i, flight] of dated.entries()) {
    if (skip(i)) continue;
    count(new Date(`${flight.date.replace(" ", "T").replaceAll("/", "-")}Z`).getUTCHours(), flight);
    note(airports, flight.origin, flight.delay);
  }
  const hourRow = (name: string, hour: number | "all") => [
    ...name.split(" "),
    ...[0, 1, 2, 3, "all"].flatMap((band) => {
      const delays = cells.get(`${hour} ${band}`) ?? [];
      return [flightsText(delays), meanText(delays)];
    }),
    lateText(cells.get(`${hour} all`) ?? []),
  ];
  const airportRow = (name: string, delays: number[]) => [
    ...name.split(" "),
    flightsText(delays),
    meanText(delays),
    lateText(delays),
    String(delays.reduce((longest, delay) => Math.max(longest, delay))),
  ];
  const sorted = [...airports].sort(([a, x], [b, y]) => y.length - x.length || a.localeCompare(b));
  const rest = sorted.slice(15);
  return [
    ...Array.from({ length: 24 }, (_, hour) => hourRow(`${hour < 10 ? "0" : ""}${hour}:00`, hour)),
    hourRow("all day", "all"),
    ...sorted.slice(0, 15).map(([airport, delays]) => airportRow(airport, delays)),
    airportRow(
      `${rest.length} others`,
      rest.flatMap(([, delays]) => delays),
    ),
    airportRow(
      `all ${sorted.length}`,
      sorted.flatMap(([, delays]) => delays),
    ),
  ];
}

/** The same cells as they were printed: what stands below the two heads, without rules. */
function printedRows(stdout: string): string[][] {
  const lines = stdout.split("\n");
  const head = (first: string) => lines.findIndex((line) => line.startsWith(`${first} `));
  const below = (from: number) => {
    const rows = lines.slice(from + 1);
    return rows.slice(0, rows.indexOf(""));
  };
  expect([head("hour"), head("from")]).not.toContain(-1);
  return [...below(head("hour")), ...below(head("from"))]
    .filter((line) => !/^─+$/.test(line))
    .map((line) => line.split(/ +/));
}

const LAST_LINE = /^flights: (\d+) read, (\d+) aggregated, (\d+) set aside, (\d+) workers replaced, (\d+) lost\n$/;

/** The numbers of the last line, which nothing may follow. */
function balance(stdout: string): number[] {
  const line = stdout.slice(stdout.lastIndexOf("\n", stdout.length - 2) + 1);
  expect(line).toMatch(LAST_LINE);
  return (LAST_LINE.exec(line) ?? []).slice(1).map(Number);
}

describe("the flights example with poisoned records", () => {
  let ended: Ended;
  beforeAll(async () => {
    ended = await run("poison-on", {});
  }, 60_000);

  it("ends with exit code 0 and a balance that adds up", () => {
    expect(ended.code, ended.stderr).toBe(0);
    const [read = 0, aggregated = 0, setAside = 0, replaced, lost = 0] = balance(ended.stdout);
    expect(read).toBe(timed.length + dated.length);
    expect(read).toBe(aggregated + setAside + lost);
    expect(setAside).toBe(44);
    expect(lost).toBe(0);
    // Two poisoned records stand in one batch: a worker for the batch, and one for each of them.
    expect(replaced).toBe(22 + 44);
  });

  it("prints the numbers that a plain loop over the other records finds", () => {
    expect(printedRows(ended.stdout)).toEqual(expectedRows(isPoisoned));
  });

  it("sets aside exactly the poisoned records", () => {
    const poisoned = (file: string, flights: object[]) =>
      flights.flatMap((flight, i) =>
        isPoisoned(i)
          ? [{ file, number: i + 1, flight: { ...flight, distance: -1 }, error: "a flight of -1 miles" }]
          : [],
      );
    const place = ({ file, number }: { file: string; number: number }) => `${file} ${String(number).padStart(6, "0")}`;
    const sorted = [...ended.setAside].sort((a, b) => place(a).localeCompare(place(b)));
    expect(sorted).toEqual([...poisoned("flights-200k.json", timed), ...poisoned("flights-20k.json", dated)]);
  });

  it("shows progress on stderr and none on stdout", () => {
    expect(ended.stderr).toMatch(/^flights: 20000 read/m);
    expect(ended.stderr).toMatch(/^flights: 220000 read/m);
    expect(ended.stdout).not.toContain("under way");
  });
});

describe("the flights example without poison", () => {
  let ended: Ended;
  beforeAll(async () => {
    ended = await run("poison-off", { FLIGHTS_POISON: "off" });
  }, 60_000);

  it("sets nothing aside and replaces no worker", () => {
    expect(ended.code, ended.stderr).toBe(0);
    const all = timed.length + dated.length;
    expect(balance(ended.stdout)).toEqual([all, all, 0, 0, 0]);
    expect(ended.setAside).toEqual([]);
  });

  it("prints the numbers that a plain loop over all records finds", () => {
    expect(printedRows(ended.stdout)).toEqual(expectedRows(() => false));
  });
});

describe("the pool of the flights example", () => {
  it("counts no record twice and loses none, whenever workers are killed [S2.12] [S4.18] [S7.6]", async () => {
    const log = vi.spyOn(console, "log").mockImplementation(() => {});
    const flights = timed.slice(0, 60);
    const setAsidePath = join(folder, "simulated.jsonl");
    let killedInAll = 0;
    for (let seed = 1; seed <= 100; seed++) {
      await simulate(seed, async (sim) => {
        sim.addHost("flights:processes");
        sim.define("flights:worker", worker);
        defineLua(sim, "flights:scoring", scoring);
        const parts: Statistics[] = [];
        let summary: { read: number; setAside: number; replaced: number } | undefined;
        let acknowledged = 0;

        // In place of the aggregator one that writes down what it gets, and in place of the reader the test.
        const counting = await sim.spawnWith({ name: "flights.aggregator" }, async (process: Process) => {
          await process.serve({
            statistics: (part: Statistics) => {
              parts.push(part);
            },
            through: () => {
              acknowledged++;
            },
            finish: (given: typeof summary) => {
              summary = given;
              return process.done(null);
            },
          });
        });
        await sim.spawn(pool, { workers: 3, setAside: setAsidePath });
        while (sim.lookup("flights.pool") === null) await sim.advance("5ms");
        for (let first = 1; first <= flights.length; first += 10) {
          const batch: Batch = { file: "some", first, flights: flights.slice(first - 1, first + 9) };
          expect(sim.send("flights.pool", "batch", batch)).toBeNull();
        }
        const killed = new Set<string>();
        while (await sim.step()) {
          const pid = sim.lookup(`flights.worker.${1 + sim.random.below(3)}`);
          if (sim.random.below(12) > 0 || pid === null) continue;
          sim.terminate(pid);
          killed.add(pid);
        }
        sim.send("flights.pool", "finish", flights.length);
        await sim.untilIdle();

        const places = readFileSync(setAsidePath, "utf8").split("\n").slice(0, -1);
        const numbers = places.map((line) => (JSON.parse(line) as { number: number }).number);
        const counted = plainStatisticsOf(flights.filter((_, i) => !numbers.includes(i + 1)));
        const sum = (of: Statistics[]) => {
          const total = new Map<string, number[]>();
          for (const { cells } of of) {
            for (const [cell, { flights, delay }] of Object.entries(cells)) {
              const [known = 0, minutes = 0] = total.get(cell) ?? [];
              total.set(cell, [known + flights, minutes + delay]);
            }
          }
          return Object.fromEntries(total);
        };
        expect(sum(parts)).toEqual(sum([counted]));
        expect(acknowledged).toBe(flights.length / 10);
        expect(summary).toMatchObject({ read: flights.length, setAside: numbers.length, replaced: killed.size });
        expect(sim.isAlive(counting)).toBe(false);
        expect(sim.alive).toBe(0);
        killedInAll += killed.size;
      });
    }
    expect(killedInAll).toBeGreaterThan(100);
    log.mockRestore();
  });

  it("has a failure that is not tried again when a record is lost [S14.15]", async () => {
    const log = vi.spyOn(console, "log").mockImplementation(() => {});
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      const pid = await sim.spawn(aggregator);
      const monitored = probe.process.monitor(pid);
      await sim.settle();
      await monitored;
      sim.send(pid, "statistics", plainStatisticsOf(timed.slice(0, 8)));
      sim.send(pid, "finish", { read: 10, setAside: 1, setAsidePath: "set-aside.jsonl", replaced: 2 });
      await sim.settle();
      expect(probe.events).toMatchObject([{ result: { error: "1 records are lost", retryable: false } }]);
    });
    expect(log).toHaveBeenLastCalledWith("flights: 10 read, 8 aggregated, 1 set aside, 2 workers replaced, 1 lost");
    log.mockRestore();
  });
});
