/** Where a Lua process may wait: everywhere in code written in Lua (S11.11-S11.14). */
import { describe, expect, it } from "vitest";
import { runProgram } from "./programs.ts";

/** Ways of running `f` and handing on what it returns, so that waiting happens inside of them. */
const CONSTRUCTS: Readonly<Record<string, string>> = {
  pcall: "function(f) local ok, v = pcall(f) assert(ok, v) return v end",
  xpcall: "function(f) local ok, v = xpcall(f, function(e) return e end) assert(ok, v) return v end",
  "a user's coroutine": `function(f)
    local co = coroutine.create(f)
    local ok, v = coroutine.resume(co)
    assert(ok, v)
    assert(coroutine.status(co) == "dead")
    return v
  end`,
  "a wrapped coroutine": "function(f) return coroutine.wrap(f)() end",
  "an iterator": "function(f) for v in function(_, last) if last == nil then return f() end end do return v end end",
  "an iterator that is a coroutine": `function(f)
    for v in coroutine.wrap(function() coroutine.yield(f()) end) do return v end
  end`,
  __index: "function(f) return setmetatable({}, {__index = function() return f() end}).x end",
  __newindex: `function(f)
    local got
    setmetatable({}, {__newindex = function() got = f() end}).x = 1
    return got
  end`,
  __call: "function(f) return setmetatable({}, {__call = function() return f() end})() end",
  __add: "function(f) return setmetatable({}, {__add = function() return f() end}) + 1 end",
  __concat: "function(f) return setmetatable({}, {__concat = function() return f() end}) .. 'x' end",
  __len: "function(f) return #setmetatable({}, {__len = function() return f() end}) end",
  __eq: `function(f)
    local got
    local mt = {__eq = function() got = f() return true end}
    assert(setmetatable({}, mt) == setmetatable({}, mt))
    return got
  end`,
  "math.max": `function(f)
    local got
    assert(math.max(1, setmetatable({}, {__lt = function() got = f() return true end})) ~= 1)
    return got
  end`,
  __lt: `function(f)
    local got
    assert(setmetatable({}, {__lt = function() got = f() return true end}) < {})
    return got
  end`,
};

const NAMES = Object.keys(CONSTRUCTS);
const table = `{${NAMES.map((name) => `[${JSON.stringify(name)}] = ${CONSTRUCTS[name]}`).join(",\n")}}`;

/** Ways of waiting, each of which comes to the number 7. */
const WAITS: Readonly<Record<string, string>> = {
  sleep: `time.sleep("1ms") return 7`,
  receive: `local ch = channel.new() coroutine.spawn(function() time.sleep(1) ch:send(7) end) return (ch:receive())`,
  send: `local ch, v = channel.new(), nil
    coroutine.spawn(function() time.sleep(1) v = ch:receive() end) ch:send(7) return v`,
  select: `local ch = time.after("1ms") channel.select{ch:case_receive()} return 7`,
  "a message": `process.send(process.pid(), "t", 7) return (process.listen("t"):receive())`,
  serve: `process.send(process.pid(), "n", 7)
    return process.serve{n = function(n) time.sleep(1) return process.done(n) end}`,
};

describe("a process may wait", () => {
  it.each(NAMES)("inside %s, by whatever call [S11.13]", async (name) => {
    const { lines, error } = await runProgram(`
      local run = (${table})[${JSON.stringify(name)}]
      ${Object.values(WAITS)
        .map((wait) => `print(run(function() ${wait} end))`)
        .join("\n")}`);
    expect(error).toBeNull();
    expect(lines).toEqual(Object.keys(WAITS).map(() => "7"));
  });

  it("inside two of them, in any order, and in a spawned coroutine [S11.11, S11.13]", async () => {
    const { lines, error } = await runProgram(`
      local constructs, count = ${table}, 0
      for outer, run in pairs(constructs) do
        for inner, run_inner in pairs(constructs) do
          local ch = channel.new()
          local function both()
            local got = run(function() return run_inner(function() time.sleep("1ms") return 7 end) end)
            assert(got == 7, outer .. " around " .. inner)
            count = count + 1
            return got
          end
          both()
          coroutine.spawn(function() ch:send(both()) end)
          assert(ch:receive() == 7)
        end
      end
      print(count)`);
    expect(error).toBeNull();
    expect(lines).toEqual([String(2 * NAMES.length ** 2)]);
  });

  it("at great depth, each level going on with the result [S11.13]", async () => {
    const { lines, error } = await runProgram(`
      local function wrap(n)
        if n == 0 then time.sleep("1ms") return 0 end
        return 1 + coroutine.wrap(function() return select(2, pcall(wrap, n - 1)) end)()
      end
      local function protect(n)
        if n == 0 then time.sleep("1ms") return 0 end
        return 1 + select(2, pcall(protect, n - 1))
      end
      print(wrap(40), protect(150))`);
    expect(error).toBeNull();
    expect(lines).toEqual(["40 150"]);
  });

  it("between yields of its own: both kinds find their way [S11.13]", async () => {
    const { lines, error } = await runProgram(`
      local function numbers(name)
        return coroutine.wrap(function()
          for i = 1, 3 do
            time.sleep("1ms")
            local got = coroutine.yield(name .. i)
            assert(got == nil or got == "back")
          end
          return "end"
        end)
      end
      local a, b = numbers("a"), numbers("b")
      local log = {}
      for _ = 1, 4 do
        log[#log + 1] = a("back")
        log[#log + 1] = b("back")
      end
      print(table.concat(log, " "))`);
    expect(error).toBeNull();
    expect(lines).toEqual(["a1 b1 a2 b2 a3 b3 end end"]);
  });

  it("while others of its coroutines go on; one that waits inside cannot be resumed meanwhile [S11.11, S11.13]", async () => {
    const { lines, error } = await runProgram(`
      local log = {}
      local co = coroutine.create(function() time.sleep("5ms") return "woken" end)
      coroutine.spawn(function()
        time.sleep("1ms")
        print(coroutine.status(co), coroutine.resume(co))
        print(pcall(coroutine.close, co))
      end)
      print(coroutine.resume(co))
      print(coroutine.status(co))`);
    expect(error).toBeNull();
    expect(lines).toEqual([
      "normal false cannot resume non-suspended coroutine",
      "false cannot resume non-suspended coroutine",
      "true woken",
      "dead",
    ]);
  });

  it("and an error after the wait is caught where it is expected [S11.13]", async () => {
    const { lines, error } = await runProgram(`
      print(pcall(function() time.sleep("1ms") error("one", 0) end))
      print(coroutine.resume(coroutine.create(function() time.sleep("1ms") error("two", 0) end)))
      print(pcall(coroutine.wrap(function() pcall(time.sleep, "1ms") error({}, 0) end)) == false)
      print(pcall(function()
        local x <close> = setmetatable({}, {__close = function() print("closed") end})
        time.sleep("1ms")
        error("three", 0)
      end))`);
    expect(error).toBeNull();
    expect(lines).toEqual(["false one", "false two", "true", "closed", "false three"]);
  });
});

describe("coroutine.spawn", () => {
  it("returns the coroutine, which no script can resume, and wants a function [S11.11, S12.11]", async () => {
    const { lines, error } = await runProgram(`
      local co = coroutine.spawn(function() time.sleep("1ms") print("ran") end)
      print(type(co), coroutine.resume(co))
      local ok, err = pcall(coroutine.spawn, "no function")
      print(ok, err:kind(), err:message())
      time.sleep("2ms")
      print(coroutine.status(co))`);
    expect(error).toBeNull();
    expect(lines).toEqual([
      "thread false cannot resume non-suspended coroutine",
      "false Invalid bad argument #1 to 'spawn' (function expected, got string)",
      "ran",
      "dead",
    ]);
  });

  it("works inside coroutines of the user's and inside each other [S11.11]", async () => {
    const { lines, error } = await runProgram(`
      local ch = channel.new()
      coroutine.wrap(function()
        coroutine.spawn(function()
          coroutine.spawn(function() ch:send("inner") end)
          ch:send("outer")
        end)
      end)()
      print(ch:receive()) print(ch:receive())`);
    expect(error).toBeNull();
    expect(lines).toEqual(["outer true", "inner true"]);
  });

  it("ends the process with its error, whatever main is inside of [S11.12]", async () => {
    const { lines, error } = await runProgram(`
      coroutine.spawn(function() time.sleep("1ms") error("lost") end)
      print(pcall(time.sleep, "1h"))`);
    expect([lines, error]).toEqual([[], "test:2: lost"]);
  });
});

it.each([
  ["main itself", `coroutine.yield()`],
  ["main, with a value", `coroutine.yield(1, 2)`],
  ["main inside pcall", `pcall(coroutine.yield)`],
  ["a metamethod of main", `local _ = setmetatable({}, {__index = function() coroutine.yield() end}).x`],
  ["a spawned coroutine", `coroutine.spawn(function() coroutine.yield() end) time.sleep("1h")`],
  ["a handler of serve", `process.send(process.pid(), "t") process.serve(function() coroutine.yield() end)`],
])("a yield that nobody will resume ends the process: in %s [S11.14]", async (_, source) => {
  const { error } = await runProgram(source);
  expect(error).toMatch(/^deadlock:/);
});
