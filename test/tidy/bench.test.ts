/**
 * The benchmark's table of rows, its programs and its entries say the same; and its figures are computed as its page
 * says.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { lossesAgainst } from "../../bench/check.mjs";
import { choosePrograms, PROGRAMS } from "../../bench/rows.mjs";
import { geometricMean, median } from "../../bench/statistics.mjs";
import { geometricMeanOf, summary } from "../../bench/summary.mjs";
import { exportsOf, read, root, sourceFiles } from "./source-tree.ts";

describe("the programs of the benchmark", () => {
  const measuredInside = PROGRAMS.filter((each) => !each.isStart && each.language === "TypeScript");
  const modules = sourceFiles("bench/beamish").filter(({ path }) => path.endsWith(".ts"));
  const rowOf = (path: string) => /([\w-]+)\.ts$/.exec(path)?.[1] ?? "";

  it("are a module each on our side, a clause of row/2 on Erlang's unless they are alone, and a line of the page", () => {
    expect(modules.map(({ path }) => rowOf(path)).sort()).toEqual(measuredInside.map((each) => each.program).sort());
    const clauses = [...read("bench/erlang/bench.erl").matchAll(/^row\('?([\w-]+)'?,/gm)].map(([, name]) => name);
    const withTwin = measuredInside.filter((each) => !each.isAlone);
    expect(clauses.toSorted()).toEqual(withTwin.map((each) => each.program).sort());
    const named = [...read("bench/README.md").matchAll(/^\| `([\w-]+)` +\|/gm)].map(([, name]) => name);
    expect(named).toEqual(PROGRAMS.flatMap((each) => each.rows.map(({ row }) => row)));
  });

  it("have an entry for each function, by the names that --native gives them", () => {
    const functions = modules.flatMap((file) =>
      exportsOf(file).map(({ name }) => [name === "main" ? rowOf(file.path) : `${rowOf(file.path)}.${name}`, name]),
    );
    const entries: { name: string; kind: string; method?: string }[] = parse(read("bench/beamish/_index.yaml")).entries;
    const processes = entries.filter(({ kind }) => kind === "process.ts").map(({ name, method }) => [name, method]);
    expect(processes.toSorted()).toEqual(functions.toSorted());
  });

  it("in Lua are a file each, with an entry for each function", () => {
    const programs = PROGRAMS.filter((each) => !each.isStart && each.language === "Lua").map(({ program }) => program);
    const files = readdirSync(join(root, "bench/lua")).filter((name) => name.endsWith(".lua"));
    expect(files.map((name) => `lua-${name.replace(".lua", "")}`).sort()).toEqual(programs.toSorted());
    const functions = files.flatMap((name) =>
      [...read(`bench/lua/${name}`).matchAll(/^function M\.(\w+)/gm)].map(([, method]) => [
        method === "main" ? `lua-${name.replace(".lua", "")}` : `lua-${name.replace(".lua", "")}.${method}`,
        `file://${name}`,
        method,
      ]),
    );
    const { entries } = parse(read("bench/lua/_index.yaml")) as { entries: Record<string, string>[] };
    const processes = entries
      .filter(({ kind }) => kind === "process.lua")
      .map(({ name, source, method }) => [name, source, method ?? "main"]);
    expect(processes.toSorted()).toEqual(functions.toSorted());
  });

  it("are chosen by row, by program or by language", () => {
    const chosen = (...names: string[]) => choosePrograms(names).map(({ program }) => program);
    expect(chosen("lua").every((name) => name.startsWith("lua-"))).toBe(true);
    expect(chosen("lua-idle-rss", "flood")).toEqual(["flood", "lua-idle"]);
    expect(chosen()).toEqual(PROGRAMS.map(({ program }) => program));
    expect(() => chosen("luna")).toThrow("no row named luna");
  });

  it("of the peers are there, in exact versions", () => {
    const { dependencies } = JSON.parse(read("bench/peers/package.json"));
    const peers = new Set(PROGRAMS.flatMap((each) => Object.keys(each.peers)));
    expect(Object.keys(dependencies).sort()).toEqual([...peers].sort());
    for (const version of Object.values(dependencies)) expect(version).toMatch(/^\d+\.\d+\.\d+$/);
  });
});

describe("the figures of the benchmark", () => {
  const rounds = (row: string, ...values: (number | null)[]) =>
    values.map((value) => (value === null ? undefined : new Map([[row, value]])));
  const sides = (row: string, ours: (number | null)[], theirs: (number | null)[]) => [
    { name: "beamish", rounds: rounds(row, ...ours) },
    { name: "erlang", rounds: rounds(row, ...theirs) },
  ];
  const each = (program: string) => PROGRAMS.find((one) => one.program === program)!;

  it("are medians, and geometric means of ratios", () => {
    expect([median([3, 1, 2]), median([4, 1, 2, 3]), median([])]).toEqual([2, 2.5, Number.NaN]);
    expect(geometricMean([2, 0.5])).toBeCloseTo(1);
  });

  it("are the ratio of the medians, and the ratios within the rounds that both sides finished", () => {
    const row = summary(
      each("flood"),
      { row: "flood", must: { ratio: 1 } },
      sides("flood", [10, 30, null], [5, 10, 9]),
    );
    expect(row.ratio).toEqual({ ofMedians: 20 / 9, median: 2.5, least: 2, greatest: 3 });
    expect(row.holds).toBe(true);
    const none = summary(each("flood"), { row: "flood", must: { ratio: 1 } }, sides("flood", [10], []));
    expect([none.ratio, none.holds]).toEqual([null, null]);
  });

  it("are turned where less is better, and a bound on a value is one", () => {
    const must = { atMost: 1000 };
    const row = summary(each("idle"), { row: "idle-heap", must }, sides("idle-heap", [2000], [3000]));
    expect([row.ratio?.ofMedians, row.holds]).toEqual([1.5, false]);
  });

  it("need no twin where the bound is a rate of our own", () => {
    const which = { row: "lua-serve", must: { atLeast: 1000 } };
    const holds = (...ours: number[]) => summary(each("lua-serve"), which, sides("lua-serve", ours, [])).holds;
    expect([holds(900, 1000, 5000), holds(999), holds()]).toEqual([true, false, null]);
  });

  it("name the best peer, and judge only when all peers are known", () => {
    const peers = (...values: (number | null)[]) =>
      Object.keys(each("ping-pong").peers).map((name, i) => ({ name, rounds: rounds("ping-pong", values[i] ?? null) }));
    const over = (...values: (number | null)[]) =>
      summary(each("ping-pong"), { row: "ping-pong" }, [...sides("ping-pong", [12], [3]), ...peers(...values)])
        .overBestPeer;
    expect(over(1, 2, 3, 2)).toMatchObject({ ratio: 4, must: 4, holds: true });
    expect(over(1, 2, 4, 2)).toMatchObject({ ratio: 3, holds: false });
    expect(over(1, null, 2, 2)).toMatchObject({ ratio: 6, holds: null });
    expect(over(null, null, null, null)).toBeNull();
  });

  it("have one mean, judged only when all its rows are there", () => {
    const all = PROGRAMS.flatMap((one) =>
      one.rows.map((row) =>
        summary(one, row, sides(row.row, [one.lowerIsBetter ? 1 : 4], [one.lowerIsBetter ? 4 : 1])),
      ),
    );
    expect(geometricMeanOf(all)).toMatchObject({ rows: 9, must: 3, holds: true });
    expect(geometricMeanOf(all.slice(0, 2))).toMatchObject({ rows: 2, holds: null });
    expect(geometricMeanOf([])).toBeNull();
  });
});

describe("--check", () => {
  const run = (ratios: Record<string, number | null>, overBest: number | null = null) =>
    Object.entries(ratios).map(([row, ofMedians]) => ({
      row,
      ratio: ofMedians === null ? null : { ofMedians, median: ofMedians, least: ofMedians, greatest: ofMedians },
      overBestPeer: overBest === null ? null : { name: "xstate", ratio: overBest, must: null, holds: null },
    })) as unknown as Parameters<typeof lossesAgainst>[0];

  it("finds ratios that lost more than a fifth, and no others", () => {
    const recorded = run({ ring: 2, big: 1, flood: 1.5 }, 3);
    expect(lossesAgainst(recorded, run({ ring: 1.61, big: 0.81 }, 2.41))).toEqual({ compared: 4, losses: [] });
    expect(lossesAgainst(recorded, run({ ring: 1.59, big: 5 }, 2.3))).toEqual({
      compared: 4,
      losses: [
        "ring to Erlang: x 1.59, was x 2.00",
        "ring to the best other library: x 2.30, was x 3.00",
        "big to the best other library: x 2.30, was x 3.00",
      ],
    });
  });

  it("compares only what both runs have", () => {
    expect(lossesAgainst(run({ ring: 2 }), run({ ring: null, spawn: 0.1 }))).toEqual({ compared: 0, losses: [] });
  });
});
