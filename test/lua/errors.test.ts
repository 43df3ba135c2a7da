/** Error objects as Lua sees them, and what failures say (sections 11 and 12). */
import { describe, expect, it } from "vitest";
import { simulate } from "../../src/testing/index.ts";
import { defineLua, type LuaEntry } from "../support/lua.ts";
import { runLua } from "../support/running-lua.ts";

describe("an error object", () => {
  it("is userdata that reads as its message: by tostring, concatenation and the string library [S12.2]", async () => {
    const got = await runLua(`return function()
      local e = errors.new("key not found")
      return {type(e), tostring(e), "<" .. e, e .. ">", e .. e, 1 .. e, (string.find(e, "not found")), string.upper(e),
        pcall(function() return e.x end), pcall(function() e.x = 1 end)}
    end`);
    const texts = ["<key not found", "key not found>", "key not foundkey not found", "1key not found"];
    expect(got.slice(0, 9)).toEqual(["userdata", "key not found", ...texts, 5, "KEY NOT FOUND", true]);
    expect(got.at(-2)).toBe(false);
  });

  it("is made of a text, a table, or a kind and a text; anything else is refused [S12.6, S12.11]", async () => {
    const got = await runLua(`return function()
      local e = errors.new(errors.TIMEOUT, "late")
      local list = {e:kind(), e:message()}
      for _, wrong in ipairs{{}, {{}}, {{message = 5}}, {{message = "x", kind = "Odd"}}, {"Odd", "x"}, {5}, {"Timeout", {}},
          {{message = "x", retryable = "yes"}}} do
        local ok, err = pcall(errors.new, table.unpack(wrong))
        list[#list + 1] = not ok and err:kind()
      end
      return list
    end`);
    expect(got).toEqual(["Timeout", "late", ...new Array(8).fill("Invalid")]);
  });

  it("has methods for error objects only [S12.1, S12.11]", async () => {
    const got = await runLua(`return function()
      local e, kinds = errors.new("x"), {}
      for i, name in ipairs{"kind", "message", "retryable", "details", "stack"} do
        local ok, err = pcall(e[name], {})
        kinds[i] = not ok and err:kind()
      end
      return kinds
    end`);
    expect(got).toEqual(new Array(5).fill("Invalid"));
  });

  it("comes through pcall, error and coroutines as the same object [S12.2]", async () => {
    const got = await runLua(`return function()
      local e = errors.new("x")
      local _, a = pcall(error, e)
      local _, b = pcall(coroutine.wrap(function() error(e) end))
      local _, c = coroutine.resume(coroutine.create(function() time.sleep(1) error(e) end))
      return {a == e, b == e, c == e}
    end`);
    expect(got).toEqual([true, true, true]);
  });
});

const LIBRARY = `local M = {}
local function deeper()
  error(errors.new("from the library"))
end
function M.fail()
  deeper()
end
function M.index() local t = nil; return t.x end
return M`;
const ENTRY: LuaEntry = { imports: { lib: "x:lib" }, libraries: { "x:lib": LIBRARY } };

describe("the stack of an error", () => {
  it("has the frames of the entry and of its libraries, innermost first, and no others [S12.1, S12.8]", async () => {
    const frames = await runLua(
      `
      local function outer()
        lib.fail()
      end
      return function()
        local _, e = pcall(outer)
        local stack = errors.call_stack(e)
        local list = {stack.thread}
        for i, frame in ipairs(stack.frames) do list[i + 1] = {frame.level, frame.source, frame.line, frame.name} end
        return list
      end`,
      ENTRY,
    );
    expect(frames).toEqual([
      "main",
      [0, "lib.lua", 3, "deeper"],
      [1, "lib.lua", 6, "fail"],
      [2, "alone.lua", 3],
      [3, "alone.lua", 6],
    ]);
  });

  it("reads well: no frames of the runtime, none of C, in coroutines of any kind too [S12.1]", async () => {
    const stacks: string[] = await runLua(
      `return function()
        local list = {}
        local function note(run)
          local _, e = pcall(run, lib.fail)
          list[#list + 1] = e:stack()
        end
        note(function(f) f() end)
        note(function(f) coroutine.wrap(function() time.sleep(1) f() end)() end)
        note(function(f) setmetatable({}, {__index = function() f() end}).x() end)
        note(function(f) string.gsub("x", "x", function() f() end) end)
        note(function(f)
          process.send(process.pid(), "t")
          process.serve{t = function() f() end}
        end)
        return list
      end`,
      ENTRY,
    );
    expect(stacks).toHaveLength(5);
    for (const stack of stacks) {
      expect(stack).toMatch(/^from the library\nstack traceback:\n\tlib\.lua:3: in [^\n]*'deeper'\n\tlib\.lua:6: in /);
      expect(stack).toMatch(/\n\talone\.lua:\d+: in /);
      expect(stack).not.toMatch(/\[C\]|\?:|beamish|tail calls/);
    }
  });

  it("tells the context of wraps, the last first; of an error made elsewhere there are no frames [S12.7, S12.8]", async () => {
    const got = await runLua(
      `return function()
        local _, e = pcall(lib.fail)
        local wrapped = errors.wrap(errors.wrap(e, "reading"), "starting")
        local _, failure = process.send("nobody", "t")
        return {wrapped:stack(), wrapped:message(), #errors.call_stack(wrapped).frames > 1, failure:stack(),
          errors.call_stack("text") == nil, errors.call_stack(nil) == nil}
      end`,
      ENTRY,
    );
    expect(got[0]).toMatch(/^starting: reading: from the library\n/);
    expect(got.slice(1)).toEqual([
      "from the library",
      true,
      "could not resolve 'nobody' as PID or registered name",
      true,
      true,
    ]);
  });
});

describe("an error that nobody catches", () => {
  const cases: readonly (readonly [string, string, string])[] = [
    [
      "of the entry",
      "return function()\n  local t = nil\n  return t.x\nend",
      "main.lua:3: attempt to index a nil value (local 't')",
    ],
    ["of a library", "return function() lib.index() end", "lib.lua:8: attempt to index a nil value (local 't')"],
    [
      "in a coroutine",
      "return function() coroutine.wrap(function() error('x') end)() end",
      "main.lua:1: main.lua:1: x",
    ],
    [
      "in a spawned coroutine",
      "return function() coroutine.spawn(function()\nerror('x') end) time.sleep(1) end",
      "main.lua:2: x",
    ],
    [
      "of a library function",
      "return function()\n ('x'):rep({}) end",
      "main.lua:2: bad argument #1 to 'rep' (number expected, got table)",
    ],
    ["of assert", "return function() assert(nil, 'x') end", "main.lua:1: x"],
    [
      "of a closed channel",
      "return function()\n local c = channel.new() c:close() c:send(1) end",
      "main.lua:2: send on closed channel",
    ],
    ["of process", "return function()\n process.x = 1 end", "main.lua:2: attempt to modify read-only table 'process'"],
    ["of require", "return function()\n require('nope') end", "main.lua:2: module 'nope' not found"],
  ];
  it.each(cases)("names file and line: %s [S4.8, S12.1]", async (_, source, text) => {
    expect((await crash(source)).text).toBe(text);
  });

  it("is told with its stack, without frames of the runtime and of C [S12.1]", async () => {
    const calls = [
      "lib.index()",
      "table.sort({2, 1}, function() lib.index() end)",
      "process.send({}, 't')",
      "time.sleep({})",
    ];
    for (const call of calls) {
      const { trace } = await crash(`local function inner()\n  ${call}\nend\nreturn function()\n  inner()\nend`);
      expect(trace).toMatch(/main\.lua:2: in [^\n]*'inner'\n\s*main\.lua:5: in function/);
      expect(trace).not.toMatch(/\[C\]|\?:|beamish|tail calls/);
    }
  });
});

describe("an error object that nobody catches", () => {
  it.each([
    ["was made in a coroutine", "coroutine.wrap(function() lib.fail() end)()"],
    ["was made in a handler", "process.send(process.pid(), 't') process.serve(function() lib.fail() end)"],
    ["was caught and raised again", "local ok, e = pcall(lib.fail) error(e)"],
  ])("is told with the place where it %s [S12.1]", async (_, code) => {
    const { text, trace } = await crash(`return function()\n  ${code}\nend`);
    expect(text).toBe("from the library");
    expect(trace).toMatch(/^\s*lib\.lua:3: in [^\n]*'deeper'\n\s*lib\.lua:6: in /);
    expect(trace.split("\n").at(-1)).toMatch(/^\s*main\.lua:2: in function <main\.lua:1>$/);
  });

  it("is told with the place where it was raised again too [S12.1]", async () => {
    const { trace } = await crash("return function()\n  local ok, e = pcall(lib.fail)\n  error(e)\nend");
    expect(trace).toMatch(
      /lib\.lua:3: [\s\S]*main\.lua:2: [\s\S]*\nraised again:\n\s*main\.lua:3: in function <main\.lua:1>$/,
    );
  });

  it("is told with its one place when it is raised where it is made [S12.1]", async () => {
    const { trace } = await crash("return function()\n  error(errors.new('x'))\nend");
    expect(trace).toMatch(/^\s*main\.lua:2: in function <main\.lua:1>$/);
  });
});

describe("an error of a library function", () => {
  it("names the line that called it, in whichever file and coroutine, and the function as it was called [S11.25]", async () => {
    const got: string[] = await runLua(
      `return function()
        local list = {}
        local function note(f, ...) list[#list + 1] = tostring(select(2, pcall(f, ...))) end
        note(lib.bad)
        note(function()
          local text = ("x"):rep({})
        end)
        note(coroutine.wrap(function()
          time.sleep(1)
          local text = string.rep("x", {})
        end))
        note(function() string.gsub("x", "x", function()
          local text = lib.bad()
        end) end)
        note(function()
          local mine = table.concat
          local text = mine({{}})
        end)
        note(function()
          local t = setmetatable({}, {__index = function(_, k)
            local text = string.char(-1)
          end}).x
        end)
        note(string.rep, "x", {})
        process.send(process.pid(), "t")
        note(process.serve, function()
          table.insert({}, 1, 2, 3)
        end)
        return list
      end`,
      {
        imports: { lib: "x:lib" },
        libraries: { "x:lib": "return {bad = function()\n  local n = math.floor({})\nend}" },
      },
    );
    expect(got).toEqual([
      "lib.lua:2: bad argument #1 to 'floor' (number expected, got table)",
      "alone.lua:6: bad argument #1 to 'rep' (number expected, got table)",
      "alone.lua:10: bad argument #2 to 'rep' (number expected, got table)",
      "lib.lua:2: bad argument #1 to 'floor' (number expected, got table)",
      "alone.lua:17: invalid value (table) at index 1 in table for 'concat'",
      "alone.lua:21: bad argument #1 to 'char' (value out of range)",
      "bad argument #2 to 'rep' (number expected, got table)",
      "alone.lua:27: wrong number of arguments to 'insert'",
    ]);
  });
});

/** What is told of a process that ends by an error. */
async function crash(source: string): Promise<{ text: string; trace: string }> {
  const crashes: { text: string; trace: string }[] = [];
  await simulate(1, async (sim) => {
    sim.watchNotices((notice) => {
      if (notice.kind === "crashed") crashes.push(notice);
    });
    defineLua(sim, "test:main", source, ENTRY);
    await sim.exec("test:main").catch(() => {});
  });
  expect(crashes).toHaveLength(1);
  return crashes[0] as { text: string; trace: string };
}

describe("calls", () => {
  it("of builder methods raise what they lack [S12.10, S12.14]", async () => {
    const got = await runLua(`return function()
      local b, list = process.with_context{}, {}
      for i, name in ipairs{"with_context", "with_name", "with_message", "with_options", "with_actor", "with_scope"} do
        local ok, err = pcall(b[name], b)
        list[i] = {ok, err:kind()}
      end
      return list
    end`);
    expect(got).toEqual(new Array(6).fill([false, "Invalid"]));
  });

  it("take a number for a string, and raise an explicit nil [S12.11]", async () => {
    const got = await runLua(`return function()
      process.registry.register(7)
      process.send(7, 8, "x")
      local msg = process.inbox():receive()
      local ok, err = pcall(process.send, nil, "t")
      return {msg:topic(), msg:payload(), ok, err:message()}
    end`);
    expect(got).toEqual(["8", "x", false, "bad argument #1 to 'send' (string expected, got nil)"]);
  });

  it("of process functions have no process while a module is being loaded [S12.12, S12.13, S3.26, S1.13, S11.11]", async () => {
    const got = await runLua(`
      local list = {}
      local function note(value, err) list[#list + 1] = {value == nil, err:kind(), err:message()} end
      note(process.pid()) note(process.id()) note(process.send("a", "b")) note(process.inbox())
      note(process.spawn("a:b", "c:d")) note(process.registry.lookup("a")) note(process.get_options())
      note(coroutine.spawn(function() end))
      return function() return list end`);
    const context = [true, "Invalid", "context not found"];
    expect(got).toEqual([context, [true, "Invalid", "frame context not found"], ...new Array(6).fill(context)]);
  });

  it("that succeed answer no error [S12.9]", async () => {
    const got = await runLua(`return function()
      local self = process.pid()
      return {select("#", process.pid()), select("#", process.send(self, "t")), select("#", process.set_options{}),
        select("#", process.registry.register("n"))}
    end`);
    expect(got).toEqual([1, 1, 1, 1]);
  });
});

describe("the stack of a text that is handed on", () => {
  const crashOf = async (source: string, entry = {}): Promise<string[]> => {
    const lines: string[] = [];
    await simulate(1, async (sim) => {
      sim.watchNotices((notice) => {
        if (notice.kind === "crashed") lines.push(...notice.trace.split("\n").map((line) => line.trim()));
      });
      defineLua(sim, "app:main", source, entry);
      await sim.exec("app:main").catch(() => {});
    });
    return lines.map((line) => line.replace(/ in .*/, ""));
  };
  const library = {
    imports: { lib: "app:lib" },
    libraries: { "app:lib": "local M = {}\nfunction M.deep(x)\n  local y = x.y.z\n  return y\nend\nreturn M" },
  };

  it("by a wrapped coroutine begins where it was made [S12.1]", async () => {
    const source = `local function inner()
      local y = lib.deep({})
      return y
    end
    return function()
      local co = coroutine.wrap(function() local y = inner() return y end)
      local y = co()
      return y
    end`;
    expect(await crashOf(source, library)).toEqual(["lib.lua:3:", "main.lua:2:", "main.lua:6:", "main.lua:7:"]);
  });

  it("by the handler of a serve begins where it was made [S12.1, S11.38]", async () => {
    const source = `return function()
      process.send(process.pid(), "go")
      local y = process.serve {
        go = function() local y = lib.deep({}) end,
      }
      return y
    end`;
    expect(await crashOf(source, library)).toEqual(["lib.lua:3:", "main.lua:4:", "main.lua:3:"]);
  });
});
