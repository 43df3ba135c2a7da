/**
 * The example with the hostile tenants: its rules one by one in the simulation, and the whole application, smaller than
 * its user runs it, once with the attacks that end by themselves and once with those that would never end.
 */
import { spawn } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { simulate } from "beamish/testing";
import { beforeAll, describe, expect, it } from "vitest";
import type { Order } from "../../examples/tenants/orders.ts";
import { expectationOf } from "../../examples/tenants/tenants.ts";
import { defineLua } from "../support/lua.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
const textOf = (file: string) => readFileSync(join(root, "examples", "tenants", file), "utf8");

/** An order of so many pieces at so many cents. */
function order(number: number, cents: number, count: number, hour = 12, customer = "c1"): Order {
  return { number, customer, hour, lines: [{ article: "eggs", cents, count }] };
}

/** What rules say to one order after the other, worked out by hand. */
const RULES = [
  { entry: "rule.flat", settings: { percent: 10 }, said: [[order(1, 1_005, 1), 905]] },
  {
    entry: "rule.tiered",
    settings: {
      tiers: [
        { from: 2_000, percent: 5 },
        { from: 8_000, percent: 10 },
      ],
    },
    said: [
      [order(1, 1_999, 1), 1_999],
      [order(2, 1_000, 2), 1_900],
      [order(3, 1_000, 9), 8_100],
    ],
  },
  {
    entry: "rule.hours",
    settings: { from: 22, to: 3, percent: 50 },
    said: [
      [order(1, 1_000, 1, 21), 1_000],
      [order(2, 1_000, 1, 22), 500],
      [order(3, 1_000, 1, 2), 500],
      [order(4, 1_000, 1, 3), 1_000],
    ],
  },
  {
    entry: "rule.bundle",
    settings: { size: 3 },
    said: [
      [order(1, 100, 2), 200],
      [order(2, 100, 3), 200],
      [order(3, 100, 7), 500],
    ],
  },
  {
    entry: "rule.loyalty",
    settings: { points: 10, percent: 20 },
    said: [
      [order(1, 1_050, 1), 1_050],
      [order(2, 1_000, 1), 800],
      [order(3, 1_000, 1), 1_000],
      [order(4, 1_000, 1, 12, "c2"), 1_000],
      [order(5, 1_000, 1), 800],
    ],
  },
] as const;

describe("a rule of the tenants example", () => {
  for (const { entry, settings, said } of RULES) {
    it(`${entry} says to its door what it has to, and nothing to others`, async () => {
      await simulate(1, async (sim) => {
        defineLua(sim, "tenants:rule", textOf(`rules/${entry.slice("rule.".length)}.lua`), {
          imports: { desk: "tenants:desk" },
          libraries: { "tenants:desk": textOf("rules/desk.lua") },
        });
        const door = await sim.probe();
        const stranger = await sim.probe();
        const pid = await sim.spawn("tenants:rule", door.pid, settings);
        for (const [given] of said) {
          stranger.process.send(pid, "order", { ...given, number: -given.number });
          door.process.send(pid, "order", given);
          stranger.process.send(pid, "spam", "of any kind");
        }
        await sim.settle();
        expect(door.messages.map(({ payload }) => payload)).toEqual(said.map(([{ number }, price]) => [number, price]));
        expect(stranger.messages).toEqual([]);
      });
    });

    it(`${entry} has a counterpart in TypeScript that says the same`, () => {
      const expected = expectationOf({ number: 1, entry, isHostile: false, settings });
      expect(said.map(([given]) => expected(given))).toEqual(said.map(([, price]) => price));
    });
  }
});

interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
}

async function run(env: Record<string, string>): Promise<Ended> {
  const child = spawn(process.execPath, [join("bin", "beamish"), "run", join("examples", "tenants")], {
    cwd: root,
    env: { ...process.env, ...env },
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
  return { code, stdout, stderr };
}

/** The rows of the table whose head begins so, by the names of its columns. */
function rowsOf(stdout: string, first: string): Record<string, string>[] {
  const lines = stdout.split("\n");
  const at = lines.findIndex((line) => line.startsWith(first));
  expect(at).not.toBe(-1);
  const columns = (lines[at] as string).split(/ {2,}/);
  const rows = lines.slice(at + 2, lines.indexOf("", at));
  return rows.map((line) => {
    const cells = line.split(/ {2,}/);
    return Object.fromEntries(columns.map((column, i) => [column, cells[i] ?? ""]));
  });
}

const LAST_LINE =
  /^tenants: (\d+) \((\d+) honest, (\d+) hostile\), (\d+) answers, (\d+) wrong, (\d+) lost, p99 [\d.]+ ms alone, [\d.]+ ms among hostile\n$/;

/** The numbers of the last line, which nothing may follow. */
function balance(stdout: string): number[] {
  const line = stdout.slice(stdout.lastIndexOf("\n", stdout.length - 2) + 1);
  expect(line).toMatch(LAST_LINE);
  return (LAST_LINE.exec(line) ?? []).slice(1).map(Number);
}

/** What must hold whatever the attacks: it adds up, and no honest tenant was hurt. */
function expectNoHarm({ code, stdout, stderr }: Ended, orders: number): void {
  expect(code, stderr).toBe(0);
  expect(stderr).toContain("tenants:shop.service: exited");
  const [tenants = 0, honest = 0, hostile = 0, answers = 0, wrong, lost] = balance(stdout);
  expect(tenants).toBe(honest + hostile);
  expect([answers, wrong, lost]).toEqual([2 * orders, 0, 0]);
  const kinds = [
    ...rowsOf(stdout, "honest tenants"),
    ...rowsOf(stdout, "attack").filter(({ attack }) => attack !== ""),
  ];
  const sum = (column: string) => kinds.reduce((total, row) => total + Number(row[column]), 0);
  expect(sum("orders")).toBe(answers);
  expect(sum("priced") + sum("no price")).toBe(answers);
  for (const row of rowsOf(stdout, "honest tenants")) expect(row).toMatchObject({ "no price": "0", wrong: "0" });
}

describe("the tenants example with attacks that end by themselves", () => {
  let ended: Ended;
  beforeAll(async () => {
    ended = await run({
      TENANTS: "80",
      TENANTS_HOSTILE: "12",
      TENANTS_ATTACKS: "memory,text,pattern,coroutines,error,snoop",
      TENANTS_ORDERS: "800",
      TENANTS_PATIENCE: "60s",
      TENANTS_RESTARTS: "1",
    });
  }, 120_000);

  it("adds up, and hurts no honest tenant", () => {
    expectNoHarm(ended, 800);
  });

  it("ends each attacker with its reason, each time that it is started [lua S11.33, S11.37]", () => {
    const rows = rowsOf(ended.stdout, "attack");
    const memory = "RateLimited: memory limit exceeded";
    const file = (name: string) => `Internal: examples/tenants/attacks/${name}.lua`;
    expect(rows.map(({ attack, ended, with: how }) => [attack, ended, how])).toEqual([
      ["coroutines", "4", memory],
      ["error", "4", `${file("error")}:6: attempt to index a nil value (local 'rates')`],
      ["memory", "4", memory],
      ["pattern", "4", expect.stringMatching(`^${file("pattern")}:6: pattern too expensive`)],
      ["snoop", "4", expect.stringMatching(`^${file("snoop")}:\\d+: there is nothing left to try`)],
      ["text", "4", memory],
    ]);
  });

  it("starts an attacker again as often as it says, and then no more", () => {
    // Two tenants of each kind with two lives each. One attacks at its first order, the other at the second of each life.
    for (const row of rowsOf(ended.stdout, "attack")) {
      expect(row).toMatchObject({ tenants: "2", orders: "20", priced: "2", "no price": "18", wrong: "0" });
    }
  });

  it("keeps a tenant from all that is not its own, and says why [lua S10.2, S10.4, S10.7, S12.18]", () => {
    const rows = rowsOf(ended.stdout, "tried to");
    expect(rows).toHaveLength(10);
    for (const row of rows) expect(row).toMatchObject({ times: "4", refused: "4" });
    const because = Object.fromEntries(rows.map((row) => [row["tried to"], row.because]));
    const [silent, own] = [
      "no policy of the scope allows it",
      "condition 1 (meta.target_actor eq actor.id) does not hold",
    ];
    expect(because["order from a neighbour"]).toBe(
      `${silent}; tenants:own_processes: ${own}; tenants:shared_statistics: condition 1 (meta.target_entry eq) does not hold`,
    );
    expect(because["watch a neighbour"]).toBe(`${silent}; tenants:own_processes: ${own}`);
    for (const what of ["start a helper", "end a neighbour", "make itself a scope"]) expect(because[what]).toBe(silent);
  });

  it("lets all of them reach what they share", () => {
    const prices = /were told of (\d+) prices/.exec(ended.stdout)?.[1];
    const priced = [...rowsOf(ended.stdout, "honest tenants"), ...rowsOf(ended.stdout, "attack")];
    expect(Number(prices)).toBe(priced.reduce((total, row) => total + Number(row.priced), 0));
  });
});

describe("the tenants example with attacks that never end", () => {
  let ended: Ended;
  beforeAll(async () => {
    ended = await run({
      TENANTS: "60",
      TENANTS_HOSTILE: "6",
      TENANTS_ATTACKS: "loop,caught-loop,flood",
      TENANTS_ORDERS: "600",
      TENANTS_PATIENCE: "3s",
      TENANTS_RESTARTS: "1",
    });
  }, 120_000);

  it("adds up, and hurts no honest tenant", () => {
    expectNoHarm(ended, 600);
  });

  it("ends each attacker when patience is over [lua S11.32, S4.26]", () => {
    const rows = rowsOf(ended.stdout, "attack");
    const canceled = "Timeout: cancel deadline exceeded";
    expect(rows.map(({ attack, with: how }) => [attack, how])).toEqual([
      ["caught-loop", canceled],
      ["flood", canceled],
      ["loop", canceled],
    ]);
    for (const { attack, ended } of rows) if (attack !== "flood") expect(ended).toBe("4");
  });

  it("keeps what a flood sends in the mailboxes of those who limit them", () => {
    expect(ended.stderr).toContain("mailbox_full");
    expect(ended.stderr).not.toContain("messages wait in the mailbox");
  });
});
