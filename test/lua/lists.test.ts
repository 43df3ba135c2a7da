/** Tables as they leave a Lua process: what is a list and what is a map. */
import { expect, it } from "vitest";
import { simulate } from "../../src/testing/index.ts";
import { defineLua } from "../support/lua.ts";

it("sends tables with exactly the keys 1..n as lists, at every depth, and all others as maps [S2.41]", async () => {
  await simulate(1, async (sim) => {
    const probe = await sim.probe();
    defineLua(
      sim,
      "sim:lists",
      `return function(to)
        process.send(to, "flat", {1, "two", true})
        process.send(to, "nested", {{1, 2}, {names = {"a"}}})
        process.send(to, "maps", {{}, {[2] = "b"}, {1, n = 1}})
      end`,
    );
    await sim.spawn("sim:lists", probe.pid);
    await sim.settle();
    expect(probe.messages.map(({ payload }) => payload)).toEqual([
      [1, "two", true],
      [[1, 2], { names: ["a"] }],
      [{}, { "2": "b" }, { "1": 1, n: 1 }],
    ]);
  });
});
