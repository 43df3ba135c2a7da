/** Large tables are sorted a part at a time: C, which sorts, cannot be interrupted. */
import { expect, it } from "vitest";
import { simulate } from "../../src/testing/index.ts";
import { defineLua, luaEngine } from "../support/lua.ts";
import { runLua } from "../support/running-lua.ts";

const MADE = `
local function shuffled(count, make)
  local t = {}
  for i = 1, count do t[i] = make((i * 7919) % 65537) end
  return t
end
local function is_sorted(t) for i = 2, #t do if t[i] < t[i - 1] then return false end end return true end
local function number(n) return n end
local function text(n) return ("%05d"):format(n) end
`;

it("sorts as many numbers and texts as a call may, each where it belongs", async () => {
  const source = `${MADE} return function()
    local results = {}
    for _, count in ipairs { 4096, 4097, 6144, 65535, 65536 } do
      for _, make in ipairs { number, text } do
        local t = shuffled(count, make)
        local sum = {}
        for i = 1, count do sum[t[i]] = (sum[t[i]] or 0) + 1 end
        table.sort(t)
        for i = 1, count do sum[t[i]] = sum[t[i]] - 1 end
        local is_same = #t == count
        for _, left in pairs(sum) do if left ~= 0 then is_same = false end end
        results[#results + 1] = is_same and is_sorted(t)
      end
    end
    local floats = shuffled(5000, function(n) return n / 2 end)
    table.sort(floats)
    results[#results + 1] = is_sorted(floats)
    return results
  end`;
  expect(await runLua(source)).toEqual(new Array(11).fill(true));
});

it("complains as C does, whatever the size", async () => {
  const source = `${MADE} return function()
    local complaints = {}
    for _, count in ipairs { 100, 5000 } do
      for _, odd in ipairs { "x", {}, setmetatable({}, { __lt = function() error("mine", 0) end }) } do
        local t = shuffled(count, number)
        t[count // 2] = odd
        complaints[#complaints + 1] = select(2, pcall(table.sort, t))
      end
    end
    return complaints
  end`;
  const complaints: string[] = await runLua(source);
  expect(complaints.slice(3).map((text) => text.replace(/\\w+ with \\w+/, "two"))).toEqual(
    complaints.slice(0, 3).map((text) => text.replace(/\\w+ with \\w+/, "two")),
  );
  expect(complaints[0]).toMatch(/^attempt to compare /);
});

it("sorts objects by __lt, and by a function of C, as before", async () => {
  const source = `${MADE} return function()
    local mt = { __lt = function(a, b) return a[1] < b[1] end }
    local t = shuffled(1000, function(n) return setmetatable({ n }, mt) end)
    table.sort(t)
    local u = shuffled(3000, number)
    table.sort(u, math.ult)
    return { is_sorted(t), is_sorted(u) }
  end`;
  expect(await runLua(source)).toEqual([true, true]);
});

it.each([
  ["numbers", "number"],
  ["texts", "text"],
])("gives the turn back while it sorts %s [S11.32, S11.33]", async (_, make) => {
  await simulate(1, async (sim) => {
    const engine = luaEngine(sim);
    const source = `${MADE} return function() table.sort(shuffled(65536, ${make})) process.inbox():receive() end`;
    defineLua(sim, "sim:sorts", source);
    const pid = await sim.spawn("sim:sorts");
    let most = 0;
    const done = () => engine.isolates.all.reduce((sum, { usage }) => sum + usage.instructions, 0);
    for (let before = done(); await sim.step(); before = done()) most = Math.max(most, done() - before);
    expect(most).toBeLessThan(320_000); // a slice, and what was charged at its end
    sim.terminate(pid);
    await sim.settle();
  });
});

it.each([
  ["a function of C", "number", "rawequal"],
  ["an __lt that is a function of C", "function(n) return setmetatable({ n }, { __lt = rawequal }) end", "nil"],
])(
  "counts comparisons by %s, of which there would be a million without one look at the time [S11.33]",
  async (_, make, before) => {
    const source = `${MADE} return function() return select(2, pcall(table.sort, shuffled(65536, ${make}), ${before})) end`;
    expect(await runLua(source)).toBe("time slice exceeded in a non-yieldable call");
  },
);
