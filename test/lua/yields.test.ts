/**
 * How a coroutine leaves the VM when it waits: by returning where nothing but functions of Lua has called the one that
 * waits, and by an exception where functions of C have (vm-changes.ts). What the program sees must be the same.
 */
import { describe, expect, it } from "vitest";
import { BareIsland } from "../support/bare-island.ts";

const WAITS = 20;
const SUM = (WAITS * (WAITS + 1)) / 2;

/** Programs that receive the numbers from 1 to `count` and return their sum: `get` receives one. */
const DIRECT: Readonly<Record<string, string>> = {
  "in a loop": "for _ = 1, count do sum = sum + get() end",
  "in a tail call": "local function tail() return get() end for _ = 1, count do sum = sum + tail() end",
  "deep in functions of Lua":
    "local function deep(n) if n == 0 then return get() end return (deep(n - 1)) end for _ = 1, count do sum = sum + deep(50) end",
  "with variable arguments":
    "local function sums(...) return ... + get(), ... end for _ = 1, count do sum = sums(sum, 1) end",
  "by __call": "local t = setmetatable({}, { __call = get }) for _ = 1, count do sum = sum + t() end",
  "in an inner call": "for _ = 1, count do sum = math.max(sum + get(), 0) end",
  "after an error was caught": "for _ = 1, count do pcall(error) sum = sum + get() end",
  "with a variable to close":
    "for _ = 1, count do local c <close> = setmetatable({}, { __close = function() sum = sum + 1 end }) sum = sum + get() - 1 end",
};
const THROUGH_C: Readonly<Record<string, string>> = {
  "inside pcall": "for _ = 1, count do sum = sum + select(2, pcall(get)) end",
  "in a function inside pcall":
    "for _ = 1, count do sum = sum + select(2, pcall(function() local n = get() return n end)) end",
  "inside pcall after an error was caught":
    "for _ = 1, count do pcall(error) sum = sum + select(2, pcall(function() local n = get() return n end)) end",
  "in a coroutine": "for _ = 1, count do sum = sum + coroutine.wrap(function() local n = get() return n end)() end",
  "in an iterator": "for n in function(_, last) if last ~= count then return get() end end do sum = sum + n end",
  "in a metamethod":
    "local t = setmetatable({}, { __index = function() local n = get() return n end }) for _ = 1, count do sum = sum + t.x end",
  "in __close":
    "for _ = 1, count do local c <close> = setmetatable({}, { __close = function() sum = sum + get() end }) end",
};

/** The sum, and how many exceptions each wait cost, less those of the errors that the program catches. */
function run(body: string): { sum: unknown; perWait: number } {
  const island = new BareIsland();
  island.define(
    "app:main",
    `return function(count)
      local inbox, sum = process.inbox(), 0
      local function get() return (inbox:receive():payload()) end
      process.spawn("app:sender", "bare:processes", process.pid(), count)
      ${body}
      return sum
    end`,
  );
  island.define(
    "app:sender",
    `local time = require("time")
    return function(to, count) for i = 1, count do time.sleep(1) process.send(to, "n", i) end end`,
  );
  // What is loaded once is loaded.
  island.exec("app:main", 1);
  const before = longjmpsOf(island);
  const sum = island.exec("app:main", WAITS);
  const caught = body.includes("pcall(error)") ? 1 : 0;
  return { sum, perWait: (longjmpsOf(island) - before) / WAITS - caught };
}

function longjmpsOf(island: BareIsland): number {
  return [...new Set(island.engine.isolates.all.map(({ vm }) => vm))].reduce((sum, vm) => sum + vm.longjmps, 0);
}

describe("a wait", () => {
  it.each(Object.keys(DIRECT))("%s leaves the VM by returning [S11.11]", (name) => {
    const { sum, perWait } = run(DIRECT[name] as string);
    expect(sum).toBe(SUM);
    expect(perWait).toBe(0);
  });

  it.each(Object.keys(THROUGH_C))("%s leaves the VM by an exception [S11.13]", (name) => {
    const { sum, perWait } = run(THROUGH_C[name] as string);
    expect(sum).toBe(SUM);
    expect(perWait).toBeGreaterThanOrEqual(1);
  });

  it("is not ended by a finalizer, which runs on the stack of the coroutine that waits [S11.11]", () => {
    const island = new BareIsland();
    island.define(
      "app:litters",
      `return function(count)
        local inbox, sum = process.inbox(), 0
        process.spawn("app:sender", "bare:processes", process.pid(), count)
        for _ = 1, count do
          for _ = 1, 20 do channel.new() end
          sum = sum + #inbox:receive():payload()
        end
        return sum
      end`,
    );
    island.define(
      "app:sender",
      `local time, large = require("time"), {}
      for i = 1, 500 do large[i] = { i } end
      return function(to, count) for _ = 1, count do time.sleep(1) process.send(to, "n", large) end end`,
    );
    expect(island.exec("app:litters", 100)).toBe(50_000);
  });
});
