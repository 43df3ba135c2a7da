/** Large tables are sorted a part at a time: C, which sorts, cannot be interrupted. */
import { expect, it } from "vitest";
import { SeededRandom, simulate } from "../../src/testing/index.ts";
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
  ["numbers", "number", "nil"],
  ["texts", "text", "nil"],
  ["by a function of C", "number", "math.ult"],
  ["by a function", "number", "function(a, b) return a > b end"],
  ["by an __lt that is a function of C", "function(n) return setmetatable({ n }, { __lt = rawequal }) end", "nil"],
  ["texts with zeros", `function(n) return ("\\0"):rep(240) .. text(n) end`, "nil"],
])("gives the turn back while it sorts %s [S11.32, S11.33]", async (_, make, before) => {
  await simulate(1, async (sim) => {
    const engine = luaEngine(sim);
    const source = `${MADE} return function()
      table.sort(shuffled(20000, ${make}), ${before})
      print("sorted")
      process.inbox():receive()
    end`;
    defineLua(sim, "sim:sorts", source);
    const printed: string[] = [];
    sim.watchNotices((notice) => {
      if (notice.kind === "printed") printed.push(notice.text);
    });
    const pid = await sim.spawn("sim:sorts");
    let most = 0;
    const done = () => engine.isolates.all.reduce((sum, { usage }) => sum + usage.instructions, 0);
    for (let before = done(); await sim.step(); before = done()) most = Math.max(most, done() - before);
    expect(printed).toEqual(["sorted"]);
    expect(most).toBeLessThan(320_000); // a slice, and what was charged at its end
    sim.terminate(pid);
    await sim.settle();
  });
});

it("orders strings by their bytes, zeros among them, in every way to compare", async () => {
  const random = new SeededRandom(7);
  const texts = Array.from({ length: 300 }, () =>
    Array.from({ length: random.below(60) }, () => random.pick(["\\0", "\\0", "a", "b", "\\255"])).join(""),
  );
  const pairs = texts.flatMap((one) => [one, one, one.slice(0, 4 * random.below(15))]);
  const source = `return function()
    local texts = { ${pairs.map((text) => `"${text.replace(/\\$|\\\d*$/, "")}"`).join(", ")} }
    local function order(a, b)
      for i = 1, math.min(#a, #b) do
        local one, other = a:byte(i), b:byte(i)
        if one ~= other then return one < other and -1 or 1 end
      end
      return #a == #b and 0 or #a < #b and -1 or 1
    end
    local wrong, differ = 0, 0
    local function lt(a, b) return a < b end
    local function le(a, b) return a <= b end
    for i = 1, #texts do
      for j = 1, 40 do
        local a, b = texts[i], texts[(i + j) % #texts + 1]
        local by = order(a, b)
        if by ~= 0 then differ = differ + 1 end
        if (a < b) ~= (by < 0) or (a <= b) ~= (by <= 0) or (a > b) ~= (by > 0) or (a >= b) ~= (by >= 0) then wrong = wrong + 1 end
        if lt(a, b) ~= (by < 0) or le(a, b) ~= (by <= 0) then wrong = wrong + 1 end
      end
    end
    local sorted = table.move(texts, 1, #texts, 1, {})
    table.sort(sorted)
    for i = 2, #sorted do if order(sorted[i - 1], sorted[i]) > 0 then wrong = wrong + 1 end end
    return { wrong, differ > 1000 }
  end`;
  expect(await runLua(source)).toEqual([0, true]);
});

it("may be interrupted and wait where it asks a function for the order or for what replaces a match [S11.32]", async () => {
  const source = `${MADE} return function()
    local function slowly() for _ = 1, 2000 do end end
    local t = shuffled(1000, number)
    table.sort(t, function(a, b) slowly() return a < b end)
    local replaced, count = ("x"):rep(1000):gsub("x", function() slowly() return "yy" end)
    local waited = { 3, 1, 2 }
    table.sort(waited, function(a, b) time.sleep("1ms") return a > b end)
    local received = ("a b"):gsub("%a", function(letter)
      process.send(process.pid(), "letter", letter)
      return process.inbox():receive():payload():upper()
    end)
    return { is_sorted(t), #replaced, count, waited, received }
  end`;
  expect(await runLua(source, { modules: ["time"] })).toEqual([true, 2000, 1000, [3, 2, 1], "A B"]);
});

it("replaces by a function or table what C replaces, and as often", async () => {
  const source = `return function()
    local out = {}
    local cases = {
      { "hello world", "o" }, { "hello", "" }, { "baac", "a*" }, { "abc", "^a" }, { "abc abc", "^%w" }, { "", "x*" }, { "", "^" },
      { "key = value", "(%w+) = (%w+)" }, { "abc", "()b()" }, { "THE (quick) fox", "%f[%a]%a+" }, { "aXbX", "X", 1 }, { "aaa", "a", 0 },
      { "x\\0y\\0", "%z" }, { "[[x]]", "%b[]" }, { "abab", "(a)(b)%1" },
    }
    for _, case in ipairs(cases) do
      local text, pattern, most = case[1], case[2], case[3]
      local expected, times = text:gsub(pattern, "<%0>", most)
      local start = 0
      local found, count = text:gsub(pattern, function(...) start = start + select("#", ...) return nil end, most)
      local is_plain = pattern:sub(1, 1) ~= "^" and not pattern:find("[()]") and pattern ~= ""
      local by_function, as_often = expected, times
      if is_plain then
        by_function, as_often = text:gsub("(" .. pattern .. ")", function(whole) return "<" .. whole .. ">" end, most)
      end
      local dashes = text:gsub(pattern, function() return "-" end, most)
      out[#out + 1] = dashes == text:gsub(pattern, "-", most) and found == text and count == times and by_function == expected and as_often == times
    end
    local by_table = ("$a $b $c"):gsub("%$(%w)", { a = "1", b = 2, c = false })
    local ok, complaint = pcall(string.gsub, "x", "x", function() return {} end)
    return { out, by_table, ok, complaint }
  end`;
  expect(await runLua(source)).toEqual([
    new Array(15).fill(true),
    "1 2 $c",
    false,
    "invalid replacement value (a table)",
  ]);
});

it("writes many floats into a text a part at a time [S11.32, S11.33]", async () => {
  await simulate(1, async (sim) => {
    const engine = luaEngine(sim);
    const source = `return function()
      local t = {}
      for i = 1, 65000 do t[i] = i % 3 == 0 and i or i / 8 end
      local text = table.concat(t, " ", 1, 40000)
      print(#text, text:sub(1, 20), #table.concat({ 1.5, "x", 2 }, ","))
      process.inbox():receive()
    end`;
    defineLua(sim, "sim:floats", source);
    const printed: string[] = [];
    sim.watchNotices((notice) => {
      if (notice.kind === "printed") printed.push(notice.text);
    });
    const pid = await sim.spawn("sim:floats");
    let steps = 0;
    for (; await sim.step(); steps++);
    expect(printed).toEqual([expect.stringMatching(/^\d+ 0\.125 0\.25 3 0\.5 0\.6 7$/)]);
    expect(steps).toBeGreaterThan(40);
    expect(engine.isolates.all).toHaveLength(1);
    sim.terminate(pid);
    await sim.settle();
  });
});

it("refuses what C refuses of objects and functions", async () => {
  const source = `return function()
    local function complaint(f, ...) return select(2, pcall(f, ...)) end
    return {
      complaint(table.move, setmetatable({}, {}), 1, 10, math.maxinteger - 3),
      complaint(string.gsub, "(a)", ")", function() return "x" end),
      complaint(string.gsub, "a", "(a", { a = "b" }),
      complaint(table.sort, setmetatable({ 2, 1 }, { __len = function() return 2.5 end })),
    }
  end`;
  expect(await runLua(source)).toEqual([
    "bad argument #4 to 'move' (destination wrap around)",
    "invalid pattern capture",
    expect.stringMatching("capture"),
    "object length is not an integer",
  ]);
});
