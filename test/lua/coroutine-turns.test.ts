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

/** Runs main of this source with messages by name, so many before each of so many steps: what it has printed. */
async function printedWith(source: string, sliceInstructions: number, rounds: readonly (readonly string[])[]) {
  const printed: string[] = [];
  await simulate(1, async (sim) => {
    luaEngine(sim, { slicing: { sliceInstructions } });
    sim.watchNotices((notice) => {
      if (notice.kind === "printed") printed.push(notice.text);
    });
    defineLua(sim, "test:one", source);
    const pid = await sim.spawn("test:one");
    for (let i = 0; i < 5; i++) await sim.step();
    for (const topics of rounds) {
      for (const topic of topics) sim.send(pid, topic);
      await sim.step();
    }
    sim.terminate(pid);
    await sim.settle();
  });
  return printed;
}

it("one that is interrupted when it goes before those that never rest is run on before any other [S11.11, S11.32, S15.6]", async () => {
  const rounds = Array.from({ length: 300 }, (_, i) => (i % 100 === 0 ? ["plain"] : []));
  const printed = await printedWith(
    `return function()
      local there, back, tap = channel.new(), channel.new(), channel.new()
      local counted = 0
      coroutine.spawn(function() while true do there:send(1) back:receive() end end)
      coroutine.spawn(function() while true do there:receive() back:send(1) end end)
      coroutine.spawn(function() while true do tap:receive() print("seen " .. counted) end end)
      local inbox = process.inbox()
      while true do
        inbox:receive()
        counted = 0
        tap:send(1)
        for i = 1, 100000 do counted = counted + 1 end
        print("done " .. counted)
      end
    end`,
    20_000,
    rounds,
  );
  expect(printed).toEqual(["done 100000", "seen 100000", "done 100000", "seen 100000", "done 100000", "seen 100000"]);
});

describe("an inbox that never gets empty keeps no other coroutine from what there is for it [S15.6]:", () => {
  const jobs = (count: number) => Array.from({ length: count }, () => "job");

  it("one that a handler gives work to", async () => {
    const printed = await printedWith(
      `return function()
        local done, served = 0, 0
        local work = channel.new(100000)
        coroutine.spawn(function() while true do work:receive() done = done + 1 end end)
        process.serve(function(msg)
          served = served + 1
          work:send(1)
          if served == 4000 then print(done > 3500 and "nearly all done" or done .. " of " .. served) end
        end)
      end`,
      WITHOUT_END,
      Array.from({ length: 200 }, () => jobs(64)),
    );
    expect(printed).toEqual(["nearly all done"]);
  });

  it("those that are begun for each message", async () => {
    const printed = await printedWith(
      `return function()
        local read, handled = 0, 0
        local inbox = process.inbox()
        while true do
          inbox:receive()
          read = read + 1
          coroutine.spawn(function() handled = handled + 1 end)
          if read == 2000 then print(handled > 1500 and "nearly all handled" or handled .. " of " .. read) end
        end
      end`,
      WITHOUT_END,
      Array.from({ length: 100 }, () => jobs(64)),
    );
    expect(printed).toEqual(["nearly all handled"]);
  });

  it("a listener, where each message takes more than a slice", async () => {
    const printed = await printedWith(
      `return function()
        coroutine.spawn(function() local taps = process.listen("tap") while true do taps:receive() print("tap") end end)
        local inbox = process.inbox()
        local read = 0
        while true do
          inbox:receive()
          read = read + 1
          for i = 1, 20000 do end
          print("" .. read)
        end
      end`,
      20_000,
      [["job", "job", "job", "tap", ...jobs(197)], ...Array.from({ length: 2_000 }, () => [])],
    );
    expect(printed).toHaveLength(201);
    expect(printed.indexOf("tap")).toBeLessThan(70);
  });
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
