/** How much of a Lua process with many coroutines goes on in one turn (S11.11, S15.6). */
import { describe, expect, it } from "vitest";
import { simulate } from "../../src/testing/index.ts";
import { BareIsland } from "../support/bare-island.ts";
import { defineLua, luaEngine } from "../support/lua.ts";

/** What they call may take long and yet cost little of a slice. */
const WITHOUT_END = 10 ** 8;

/** Runs main of this source step by step: the topics of what it sends to nobody, and the most of them in one step. */
async function sentInSteps(source: string, sliceInstructions?: number): Promise<{ topics: string[]; most: number }> {
  const topics: string[] = [];
  let most = 0;
  await simulate(1, async (sim) => {
    sim.deadLetters.watch((letter) => topics.push(letter.topic));
    luaEngine(sim, { slicing: { sliceInstructions } });
    defineLua(sim, "test:apart", "return function() end", { memoryLimitBytes: 2 ** 20 });
    defineLua(sim, "test:many", source);
    await sim.spawn("test:many");
    for (let before = 0; await sim.step(); before = topics.length) most = Math.max(most, topics.length - before);
  });
  return { topics, most };
}

const NUMBERS = Array.from({ length: 2_000 }, (_, i) => `${i + 1}`);

describe("thousands of coroutines", () => {
  it("begin over many turns, in their order [S11.11, S15.6]", async () => {
    const { topics, most } = await sentInSteps(
      `return function()
      for i = 1, 2000 do coroutine.spawn(function() process.send("nobody", tostring(i)) end) end
      process.inbox():receive()
    end`,
      WITHOUT_END,
    );
    expect(topics).toEqual(NUMBERS);
    expect(most).toBeLessThanOrEqual(70);
  });

  it("go on over many turns when a channel that they all wait for is closed [S11.4, S15.6]", async () => {
    const { topics, most } = await sentInSteps(
      `return function()
      local closed = channel.new()
      for i = 1, 2000 do coroutine.spawn(function() closed:receive() process.send("nobody", tostring(i)) end) end
      coroutine.spawn(function() closed:close() end)
      process.inbox():receive()
    end`,
      WITHOUT_END,
    );
    expect(topics).toEqual(NUMBERS);
    expect(most).toBeLessThanOrEqual(70);
  });

  it("have one slice together, also for what host functions take [S11.32, S15.6]", async () => {
    const { topics, most } = await sentInSteps(`return function()
      for i = 1, 20 do
        coroutine.spawn(function()
          process.send("nobody", tostring(i))
          process.exec("test:apart", "sim:processes")
        end)
      end
      process.inbox():receive()
    end`);
    expect(topics).toEqual(NUMBERS.slice(0, 20));
    expect(most).toBe(1);
  });
});

it("two that hand values to each other for ever keep no third from its message or its listener [S15.6, S2.25]", async () => {
  const told: string[] = [];
  await simulate(1, async (sim) => {
    sim.deadLetters.watch((letter) => told.push(letter.topic));
    luaEngine(sim, { slicing: { sliceInstructions: WITHOUT_END } });
    defineLua(
      sim,
      "test:passing",
      `return function()
      local there, back, heard = channel.new(), channel.new(), channel.new()
      coroutine.spawn(function() while true do there:send(1) back:receive() end end)
      coroutine.spawn(function() while true do there:receive() back:send(1) end end)
      coroutine.spawn(function() heard:send(process.listen("heard"):receive()) end)
      local message = process.inbox():receive()
      process.send("nobody", message:topic() .. " " .. heard:receive())
    end`,
    );
    const pid = await sim.spawn("test:passing");
    for (let i = 0; i < 5; i++) await sim.step();
    sim.send(pid, "plain");
    sim.send(pid, "heard", "text");
    for (let i = 0; i < 20; i++) await sim.step();
  });
  expect(told).toEqual(["plain text"]);
});

it("counts what was done of a call in a later turn in the slice of that turn [S11.32]", async () => {
  const { topics, most } = await sentInSteps(
    `return function()
      local large, list = {}, {}
      for i = 1, 12000 do large[i] = i end
      for i = 1, 4000 do list[i] = i end
      for i = 1, 20 do
        process.send("nobody", tostring(2 * i - 1), large)
        process.send("nobody", tostring(2 * i), list)
      end
    end`,
    30_000,
  );
  expect(topics).toEqual(NUMBERS.slice(0, 40));
  expect(most).toBe(1);
});

it("counts for more the longer it takes, for whoever looks at the clock, and to begin and end does, too [S15.7]", () => {
  const island = new BareIsland();
  const spentBy = (source: string) => {
    island.define("app:one", `return function() ${source} end`);
    const before = island.spent;
    island.exec("app:one");
    return island.spent - before;
  };
  const nothing = spentBy("");
  expect(nothing).toBeGreaterThanOrEqual(8);
  expect(nothing).toBeLessThan(20);
  expect(spentBy("for _ = 1, 40000 do end")).toBeGreaterThan(nothing + 70);
});
