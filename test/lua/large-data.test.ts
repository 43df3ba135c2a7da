/** Data as large as may be sent is read where it lies, and refused before it is read when there is too much of it. */
import { expect, it } from "vitest";
import type { Process } from "../../src/index.ts";
import { SeededRandom, type Simulation, simulate } from "../../src/testing/index.ts";
import { defineLua, luaEngine } from "../support/lua.ts";
import { runLua } from "../support/running-lua.ts";

const ECHO = `local function echo(value)
  local ok, err = process.send(process.pid(), "t", value)
  if not ok then return err:message() end
  return process.inbox():receive():payload()
end
`;

it("arrives whole, whichever part of a table its elements lie in [S2.37, S2.39]", async () => {
  const source = `${ECHO} return function()
    local results = {}
    local function check(is_right) results[#results + 1] = is_right end
    local backwards = {}
    for i = 60000, 1, -1 do backwards[i] = i end
    local got = echo(backwards)
    local is_same = #got == 60000
    for i = 1, 60000 do is_same = is_same and got[i] == i end
    check(is_same)
    got = echo { 1, 2, nil, 4, [10] = 10, [1 << 40] = "far", x = 1.0, [-1] = math.mininteger }
    check(got[1] == 1 and got[2] == 2 and got[3] == nil and got[4] == 4 and got[10] == 10 and got[1 << 40] == "far")
    check(math.type(got.x) == "float" and got[-1] == math.mininteger)
    local shrunk = {}
    for i = 1, 100 do shrunk[i] = i end
    for i = 100, 8, -1 do shrunk[i] = nil end
    check(#shrunk == 7 and #echo(shrunk) == 7 and echo(shrunk)[8] == nil)
    local emptied = {}
    for i = 1, 100 do emptied["k" .. i] = i end
    for i = 1, 100 do emptied["k" .. i] = nil end
    check(next(echo(emptied)) == nil)
    local keys = {}
    for i = 1, 16000 do keys["key" .. i] = i / 2 end
    got, is_same = echo(keys), true
    for i = 1, 16000 do is_same = is_same and got["key" .. i] == i / 2 and math.type(got["key" .. i]) == "float" end
    check(is_same)
    local deep = {}
    for _ = 1, 1400 do deep = { x = deep } end
    deep = echo(deep)
    for _ = 1, 1400 do deep = deep.x end
    check(next(deep) == nil)
    return results
  end`;
  expect(await runLua(source)).toEqual(new Array(7).fill(true));
});

it("arrives whole, however wide its characters are and wherever the wide ones stand [S2.39]", async () => {
  const texts = ["a", "\u00e9", "\u2603", "\u{1d4b3}"].flatMap((wide) =>
    ["", "x", "xy".repeat(3_000)].flatMap((narrow) => [
      narrow + wide.repeat(6_000),
      wide.repeat(6_000) + narrow,
      narrow + wide + narrow + wide + narrow.repeat(3),
    ]),
  );
  const source = "return function(text) return { #text, utf8.len(text), text } end";
  for (const text of texts) {
    expect(await runLua(source, { args: [text] })).toEqual([Buffer.byteLength(text), [...text].length, text]);
  }
});

it("is text or bytes as other decoders say, whatever stands where in a long string [S2.40]", async () => {
  const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  for (let seed = 1; seed <= 8; seed++) {
    const random = new SeededRandom(seed);
    const given = Array.from({ length: 12 }, () => {
      const characters = Array.from({ length: 9_000 + random.below(12_000) }, () =>
        random.pick(["a", "\u{7f}", "\u{80}", "\u{7ff}", "\u{800}", "\u{fffd}", "\u{feff}", "\u{10000}", "\u{10ffff}"]),
      );
      const bytes = new TextEncoder().encode(characters.join(""));
      if (!random.once(4)) bytes[random.below(bytes.length)] = random.below(256);
      return bytes;
    });
    // What UTF-8 leaves out: too long, a half of a pair, beyond the last code, cut off.
    const long = "x".repeat(16_384);
    for (const odd of [
      [0xc0, 0x80],
      [0xe0, 0x9f, 0xbf],
      [0xf0, 0x8f, 0xbf, 0xbf],
      [0xed, 0xa0, 0x80],
      [0xf4, 0x90, 0x80, 0x80],
      [0xf5],
      [0xe2, 0x98],
      [0xc3],
      [0xc3, 0x41],
      [0xc3, 0xc3],
    ]) {
      given.push(new Uint8Array([...new TextEncoder().encode(long), ...odd]));
    }
    const got = (await runLua("return function(list) return list end", { args: [given] })) as (string | Uint8Array)[];
    given.forEach((bytes, n) => {
      let expected: string | Uint8Array = bytes;
      try {
        expected = decoder.decode(bytes);
      } catch {}
      expect(got[n], `seed ${seed}, ${n}`).toEqual(expected);
    });
  }
});

it("may have half as much long text where it is beyond ASCII, of which an error is cut [S2.58]", async () => {
  const wide = `local wide = ("\u00e9"):rep(1 << 19) wide = wide .. wide`;
  const source = `${ECHO} return function()
    ${wide}
    local results = { #echo(wide), echo(wide .. "e"), echo { ("\u00e9"):rep(8192), wide } }
    local _, err = pcall(process.send, process.pid(), wide .. wide, 1)
    results[4] = err:message()
    return results
  end`;
  expect(await runLua(source)).toEqual([
    2 ** 21,
    "payload: data of more than 4 MiB of text cannot be sent",
    "payload[2]: data of more than 4 MiB of text cannot be sent",
    "bad argument #2 to 'send' (more than 4 MiB of text)",
  ]);
  await expect(runLua(`return function() ${wide} error(wide, 0) end`)).rejects.toMatchObject({
    message: `${"\u00e9".repeat(2 ** 19)}\u2026 (1048576 bytes more)`,
  });
});

it("is refused by how many keys and elements there are, before one is looked at [S2.45, S2.58, S11.33]", async () => {
  const source = `${ECHO} return function()
    local list, map = {}, {}
    for i = 1, 70000 do list[i] = print end
    for i = 1, 17000 do map["k" .. i] = print end
    return { echo(list), echo { a = map }, echo { b = print } }
  end`;
  expect(await runLua(source)).toEqual([
    "payload: data of more than 65,536 values cannot be sent",
    "payload.a: data of more than 65,536 values cannot be sent",
    "payload.b: function cannot be sent",
  ]);
});

it("raises what cannot be sent in a later part of what a builder is given [S7.2, S7.9, S7.12]", async () => {
  const source = `return function()
    local list = {}
    for i = 1, 60000 do list[i] = i end
    list[60000] = print
    local function told(ok, err) return ok and "fine" or err:kind() .. ": " .. err:message() end
    local b = process.with_context({})
    local good = {}
    for i = 1, 16000 do good["k" .. i] = i end
    return {
      told(pcall(process.with_context, { a = list })),
      told(pcall(b.with_context, b, { a = list })),
      told(pcall(b.with_message, b, "t", 1, list)),
      told(pcall(b.with_message, b, "@t", 1)),
      told(pcall(b.with_context, b, good)),
      b:with_context(good):exec("test:child", "sim:processes"),
    }
  end`;
  const got = await runLua(source, {
    prepare: (sim) => {
      defineLua(sim, "test:child", `local ctx = require("ctx") return function() return ctx.get("k16000") end`, {
        modules: ["ctx"],
      });
    },
  });
  expect(got).toEqual([
    "Invalid: context.a[60000]: function cannot be sent",
    "Invalid: context.a[60000]: function cannot be sent",
    "Invalid: payload[2][60000]: function cannot be sent",
    "Invalid: cannot send to @ topics",
    "fine",
    16000,
  ]);
});

it("raises what cannot be sent in a later part of attributes, and returns what else is wrong [S10.44, S10.46]", async () => {
  const source = `return function()
    local list = {}
    for i = 1, 60000 do list[i] = i end
    local function told(...)
      local _, ok, err = ...
      if select(1, ...) then return ok == nil and "returned " .. err:message() or tostring(ok) end
      return "raised " .. ok:kind() .. ": " .. ok:message()
    end
    local fine = { told(pcall(security.can, "a", "r", { list = list })) }
    fine[2] = told(pcall(security.new_actor, "", { list = list }))
    fine[3] = #security.new_actor("bob", { list = list }):meta().list
    list[60000] = print
    return {
      fine,
      told(pcall(security.can, "a", "r", { list = list })),
      told(pcall(security.new_actor, "bob", { list = list })),
      told(pcall(security.new_actor, "", { list = list })),
      told(pcall(security.can, "a", "r", { print })),
    }
  end`;
  const got = await runLua(source, { modules: ["security"] });
  expect(got).toEqual([
    ["false", "returned an actor needs an id that is a non-empty string", 60_000],
    "raised Invalid: meta.list[60000]: function cannot be sent",
    "raised Invalid: meta.list[60000]: function cannot be sent",
    "raised Invalid: meta.list[60000]: function cannot be sent",
    "raised Invalid: meta[1]: function cannot be sent",
  ]);
});

it("comes to its receiver as the string of bytes it was [S2.40, S2.58]", async () => {
  const source = `return function()
    local bytes = ("\\xff\\xfe"):rep(1 << 19)
    bytes = bytes .. bytes
    process.send(process.pid(), "t", bytes)
    local received = process.inbox():receive():payload()
    local answer = process.exec("test:echo", "sim:processes", bytes)
    return { type(received), received == bytes, answer == bytes }
  end`;
  const got = await runLua(source, {
    prepare: (sim) => defineLua(sim, "test:echo", "return function(v) return v end"),
  });
  expect(got).toEqual(["string", true, true]);
});

it("is a context of so many values at most, and no table of more that TypeScript has given [S7.2, S11.24, S11.33]", async () => {
  const source = `return function()
    local builder = process.with_context({})
    local function told(ok, err) return ok and "fine" or err:kind() .. ": " .. err:message() end
    for part = 1, 2 do
      local values = {}
      for i = 1, 8191 do values[part .. "." .. i] = i end
      builder = builder:with_context(values)
    end
    local most = builder:with_context({ last = 1.0, another = 1 })
    return {
      most:exec("test:child", "sim:processes"),
      told(pcall(most.with_context, most, { last = 2, ["2.7"] = 2 })),
      told(pcall(most.with_context, most, { more = 1 })),
    }
  end`;
  const child = `return function()
    local all, err = ctx.all()
    if all == nil then return err:kind() .. ": " .. err:message() .. ", but " .. ctx.get("k7") end
    local n = 0
    for _ in pairs(all) do n = n + 1 end
    return n .. " " .. math.type(all.last) .. " " .. math.type(all["2.7"])
  end`;
  const define = (sim: Simulation) => defineLua(sim, "test:child", child, { modules: ["ctx"] });
  expect(await runLua(source, { prepare: define })).toEqual([
    "16384 float integer",
    "fine",
    "Invalid: too many context values (limit 16,384)",
  ]);
  await simulate(1, async (sim) => {
    define(sim);
    const values = Object.fromEntries(Array.from({ length: 65_537 }, (_, i) => [`k${i}`, i]));
    const given = await sim.exec((process: Process) => process.withContext(values).exec("test:child", "sim:processes"));
    expect(given).toBe("Invalid: context has too many values for a table (limit 65,536), but 7");
  });
});

/** Makes of `kind` what takes as many values as may be sent, or nearly. */
const LARGE = `
local function large(kind)
  local t = {}
  if kind == "numbers" then for i = 1, 65000 do t[i] = i end
  elseif kind == "texts" then for i = 1, 60000 do t[i] = "text" .. i end
  elseif kind == "keys" then for i = 1, 16000 do t["key" .. i] = i end
  elseif kind == "tables" then for i = 1, 13000 do t[i] = { x = i } end
  elseif kind == "empty tables" then for i = 1, 32000 do t[i] = {} end end
  return t
end
local function size(t) local n = 0 for _ in pairs(t) do n = n + 1 end return n end
`;
const SIZES: Record<string, number> = {
  numbers: 65_000,
  texts: 60_000,
  keys: 16_000,
  tables: 13_000,
  "empty tables": 32_000,
};
/** Ways for a value to leave a process and to come to one. */
const WAYS: Record<string, string> = {
  "a message to a receive": `process.send(process.pid(), "t", value) return size(process.inbox():receive():payload())`,
  "a message to one that waits": `
    local done = channel.new(1)
    coroutine.spawn(function() done:send(size(process.inbox():receive():payload())) end)
    process.exec("sim:echo", "sim:processes")
    process.send(process.pid(), "t", value)
    return (done:receive())`,
  "a message to a select": `
    process.send(process.pid(), "t", value)
    return size(channel.select({ process.inbox():case_receive() }).value:payload())`,
  "a message to a handler": `
    process.send(process.pid(), "t", value)
    return process.serve(function(msg) return process.done(size(msg:payload())) end)`,
  "an argument and a result": `return size(process.exec("sim:echo", "sim:processes", value))`,
  "a result in an event": `
    process.spawn_monitored("sim:makes", "sim:processes", kind)
    return size(process.events():receive().result.value)`,
  "a message of a builder": `process.with_context({}):with_message("t", value) return size(value)`,
  "context values": `process.with_context({}):with_context({ value = value }) return size(value)`,
  "one context value": `
    return process.with_context({ value = value }):exec("sim:context", "sim:processes", "get")`,
  "all context values": `
    return process.with_context({ value = value }):exec("sim:context", "sim:processes", "all")`,
  "many context values": `
    local many = kind == "keys" and value or { value = value }
    return process.with_context(many):exec("sim:context", "sim:processes", "many") or size(value)`,
  "the data of an actor": `
    return size(security.new_actor("bob", { value = value }):meta().value)`,
  "attributes of a request": `
    assert(security.can("action", "resource", { value = value }) == false)
    return size(value)`,
  "a message from a coroutine of one's own": `
    coroutine.wrap(function() process.send(process.pid(), "t", value) end)()
    return coroutine.wrap(function() return size(process.inbox():receive():payload()) end)()`,
};
const CASES = Object.keys(SIZES).flatMap((kind) => Object.keys(WAYS).map((way) => [kind, way] as const));

it.each(CASES)("%s go a part at a time: %s [S11.32, S11.33]", async (kind, way) => {
  await simulate(1, async (sim) => {
    const engine = luaEngine(sim);
    defineLua(sim, "sim:echo", "return function(value) return value end");
    defineLua(sim, "sim:makes", `${LARGE} return large`);
    const source = `${LARGE} return function() local kind = "${kind}" local value = large(kind) ${WAYS[way]} end`;
    const modules = { modules: ["time", "ctx", "security"] };
    defineLua(
      sim,
      "sim:context",
      `${LARGE} return function(how)
        if how == "get" then return size(ctx.get("value")) end
        if how == "all" then return size(ctx.all().value) end
        return how == "many" and ctx.get("key1") and size(ctx.all())
      end`,
      modules,
    );
    defineLua(sim, "sim:large", source, modules);
    // The heaps that the others need are made beforehand.
    for (const entry of ["sim:makes", "sim:echo", "sim:context"]) await sim.exec(entry, "nothing");
    let result: unknown;
    const ended = sim.exec("sim:large").then((value: unknown) => {
      result = value;
    });
    const done = () => engine.isolates.all.reduce((sum, { usage }) => sum + usage.instructions, 0);
    let most = 0;
    for (let before = done(), idle = 0; result === undefined && idle < 100; before = done()) {
      if (!(await sim.step())) {
        await sim.advance(1);
        idle++;
      }
      most = Math.max(most, done() - before);
    }
    await ended;
    expect(result).toBe(SIZES[kind]);
    // A slice and a part; all at once it is 650,000 and more. The map of a context is made in one go.
    expect(most).toBeLessThan(kind === "keys" && way === "many context values" ? 600_000 : 300_000);
  });
});

it("is read a part at a time where tables have room for much and hold next to nothing [S11.32, S11.33]", async () => {
  await simulate(1, async (sim) => {
    const engine = luaEngine(sim);
    const source = `return function(sends)
      if sends == nil then process.inbox():receive() end
      local tables = {}
      for n = 1, 20 do
        local t = {}
        for i = 1, 60000 do t[i] = i end
        for i = 1, 60000 - n % 2 do t[i] = nil end
        tables[n] = t
      end
      local got = { {}, {} }
      for _ = 1, sends do
        process.send(process.pid(), "t", tables)
        got = process.inbox():receive():payload()
      end
      return { #got, next(got[1]) or "nothing", next(got[2]) == nil }
    end`;
    defineLua(sim, "sim:sparse", source);
    const preemptions = () => engine.isolates.all.reduce((sum, { usage }) => sum + usage.preemptions, 0);
    // As long as one waits the heap is not given back, of which it counts.
    const waiting = await sim.spawn("sim:sparse");
    expect(await sim.exec("sim:sparse", 0)).toEqual([2, "nothing", true]);
    const beside = preemptions();
    expect(await sim.exec("sim:sparse", 5)).toEqual([20, 60_000, true]);
    expect(preemptions() - 2 * beside).toBeGreaterThan(5 * 18); // about one for each table
    sim.terminate(waiting);
    await sim.settle();
  });
});

it("counts the values of a context that TypeScript has given when they are copied, and only then [S7.4, S11.36]", async () => {
  await simulate(1, async (sim) => {
    const source = (added: string) => `return function()
      local builders = {}
      for i = 1, 3000 do builders[i] = process.with_context(${added}) end
      return #builders
    end`;
    defineLua(sim, "sim:adds", source("{ a = 1 }"));
    defineLua(sim, "sim:adds-nothing", source("{}"));
    const values = Object.fromEntries(Array.from({ length: 2_000 }, (_, i) => [`k${i}`, i]));
    const given = (entry: string) =>
      sim.exec((process: Process) => process.withContext(values).exec(entry, "sim:processes"));
    await expect(given("sim:adds")).rejects.toThrow("memory limit exceeded");
    expect(await given("sim:adds-nothing")).toBe(3_000);
  });
});

it.each([
  ["an answer", `return #process.exec("sim:makes", "sim:processes", "numbers")`],
  [
    "an event",
    `process.spawn_monitored("sim:makes", "sim:processes", "numbers")
     return #process.events():receive().result.value`,
  ],
])("comes as %s a part at a time, though it was copied on the way [S11.32, S11.33]", async (_what, body) => {
  await simulate(1, async (sim) => {
    const engine = luaEngine(sim);
    defineLua(sim, "sim:makes", `${LARGE} return large`);
    defineLua(sim, "sim:takes", `return function() ${body} end`);
    expect(await sim.exec("sim:takes")).toBe(65_000);
    const taker = engine.isolates.all.find(({ key }) => key === "entry sim:takes");
    // It has nothing else to do that takes more than a slice.
    expect(taker?.usage.preemptions).toBeGreaterThan(1);
  });
});

it("is copied as it is at the call, whatever other coroutines do [S15.6, S11.11]", async () => {
  const source = `${LARGE} return function()
    local t = large("tables")
    coroutine.spawn(function() for i = 1, 13000 do t[i].x = 0 end end)
    process.send(process.pid(), "t", t)
    time.sleep("1ms")
    local got = process.inbox():receive():payload()
    local is_same = true
    for i = 1, 13000 do is_same = is_same and got[i].x == i end
    return { is_same, t[1].x }
  end`;
  expect(await runLua(source)).toEqual([true, 0]);
});

it("is copied at once where nothing can yield, and refused with its place a part at a time, too [S2.45]", async () => {
  const source = `${LARGE} return function()
    local t, ok = large("numbers"), nil
    table.sort({ 2, 1 }, function(a, b) ok = ok or process.send(process.pid(), "t", t) return a < b end)
    t[64000] = { at = { print } }
    local sent, err = process.send(process.pid(), "t", t)
    return { ok, #process.inbox():receive():payload(), sent == nil, err:message(), err:kind() }
  end`;
  const error = "payload[64000].at[1]: function cannot be sent";
  expect(await runLua(source)).toEqual([true, 65_000, true, error, "Invalid"]);
});

it("may be terminated in the middle of it, and leaves nothing behind", async () => {
  await simulate(1, async (sim) => {
    defineLua(
      sim,
      "sim:large",
      `${LARGE} return function() local t = large("tables")
      while true do process.send(process.pid(), "t", t) process.inbox():receive() end end`,
    );
    for (let steps = 60; steps < 120; steps += 3) {
      const pid = await sim.spawn("sim:large");
      for (let i = 0; i < steps; i++) await sim.step();
      sim.terminate(pid);
      await sim.settle();
      expect(sim.isAlive(pid)).toBe(false);
    }
    expect(sim.faults).toEqual([]);
  });
});
