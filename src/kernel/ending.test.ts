/** How many are told of an end in one turn, and in which order (S4.17, S15.6). */
import { describe, expect, it } from "vitest";
import { Ending, ExitSignals } from "./ending.ts";
import { errors } from "./errors.ts";
import type { ExitResult } from "./exit-result.ts";
import type { Pid } from "./pid.ts";
import type { Router } from "./router.ts";
import type { Signal } from "./signal.ts";
import { addedNew, type StringSet } from "./string-set.ts";

const FROM = "{h:h|0x00001}" as Pid;

function named(name: string, count: number): { list: string[]; set: StringSet } {
  const list = Array.from({ length: count }, (_, i) => `{h:h|${name}${i}}`);
  let set: StringSet = null;
  for (const one of list) set = addedNew(set, one);
  return { list, set };
}

/** Ends a process with so many bonds; who was told what in each turn. */
function told(result: ExitResult, watchers: StringSet, linked: StringSet, watched: StringSet): [string, Signal][][] {
  let now = 5_000;
  const clock = { nowMs: () => 0, unixMs: () => now, wakeAt: () => {} };
  const turns: [string, Signal][][] = [];
  const router = {
    route(to: Pid, signal: Signal) {
      turns.at(-1)?.push([to, signal]);
      if ("ending" in signal) expect(signal.ending.at(clock)).toBe(5);
      return true;
    },
  } as unknown as Router;
  const signals = new ExitSignals(FROM, new Ending(result, 0), watchers, linked, watched);
  for (let isOver = false; !isOver; now += 1_000) {
    turns.push([]);
    isOver = signals.send(router, clock);
  }
  return turns;
}

describe("those who are told of an end", () => {
  it("are told in the order watchers, links, watched, some in each turn and all with the time of the first [S4.17]", () => {
    const [watchers, linked, watched] = [named("a", 3_000), named("b", 2_000), named("c", 500)];
    const turns = told({ error: "x", kind: errors.INTERNAL }, watchers.set, linked.set, watched.set);
    expect(turns.flat().map(([to]) => to)).toEqual([...watchers.list, ...linked.list, ...watched.list]);
    const kinds = turns.flat().map(([, signal]) => signal.kind);
    expect(kinds.lastIndexOf("exited")).toBe(2_999);
    expect(kinds.indexOf("link-down")).toBe(3_000);
    expect(kinds.indexOf("demonitor")).toBe(5_000);
    expect(Math.max(...turns.map((turn) => turn.length))).toBeLessThanOrEqual(1_024);
  });

  it("are told in one turn when they are few, and links of a normal end only forget it [S4.17]", () => {
    const turns = told({ value: 1 }, named("a", 2).set, named("b", 3).set, null);
    expect(turns.map((turn) => turn.map(([, { kind }]) => kind))).toEqual([
      ["exited", "exited", "unlink", "unlink", "unlink"],
    ]);
  });
});
