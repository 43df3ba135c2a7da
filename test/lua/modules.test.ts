/** What a Lua process finds: globals, modules, libraries; and whose they are (S11.25, S11.29, S3.30). */
import { describe, expect, it } from "vitest";
import { simulate } from "../../src/testing/index.ts";
import { defineLua } from "../support/lua.ts";
import { runLua } from "../support/running-lua.ts";

describe("a Lua process", () => {
  it("finds the libraries and globals that are always there, by require too [S11.25, S11.29, S1.1]", async () => {
    const got = await runLua(
      `return function()
        local missing = {}
        for _, name in ipairs{"process", "channel", "errors", "coroutine", "table", "string", "math", "utf8", "os", "print",
            "require"} do
          if _G[name] == nil or require(name) ~= _G[name] then missing[#missing + 1] = name end
        end
        return {#missing, time == nil, ctx == nil, security == nil}
      end`,
      { modules: [] },
    );
    expect(got).toEqual([0, true, true, true]);
  });

  it("finds what its entry lists, also as a global, and nothing else [S11.29]", async () => {
    const got = await runLua(
      `return function()
        local function text(name) return select(2, pcall(function() local found = require(name) return found end)) end
        return {require("ctx") == ctx, require("lib") == lib, lib.name, text("time"), text("x:lib"), text("nope"), time == nil}
      end`,
      { modules: ["ctx"], imports: { lib: "x:lib" }, libraries: { "x:lib": "return {name = 'the library'}" } },
    );
    expect(got).toEqual([
      ...[true, true, "the library"],
      "alone.lua:2: module 'time' not found",
      "alone.lua:2: module 'x:lib' not found",
      "alone.lua:2: module 'nope' not found",
      true,
    ]);
  });

  it("may list what is always there, to no effect [S13.22]", async () => {
    const got = await runLua("return function() return require('string') == string end", {
      modules: ["string", "process"],
    });
    expect(got).toBe(true);
  });

  it("is refused a name that is no string [S11.29, S12.11]", async () => {
    const got = await runLua("return function() return tostring(select(2, pcall(require, {}))) end");
    expect(got).toBe("bad argument #1 to 'require' (string expected, got table)");
  });

  it("has its own globals, however many share a heap [S3.30, S11.31]", async () => {
    await simulate(1, async (sim) => {
      defineLua(
        sim,
        "test:counter",
        `count = (count or 0) + 1
        local own = 0
        return function()
          count, own = count + 1, own + 1
          time.sleep("1s")
          return {count, own}
        end`,
      );
      defineLua(
        sim,
        "test:parent",
        `return function()
          local results = {}
          for i = 1, 3 do
            coroutine.spawn(function() results[i] = process.exec("test:counter", "sim:processes") end)
          end
          time.sleep("2s")
          return results
        end`,
      );
      expect(await sim.exec("test:parent")).toEqual([
        [2, 1],
        [2, 1],
        [2, 1],
      ]);
    });
  });
});

describe("libraries", () => {
  const COUNTER =
    "loads = (loads or 0) + 1 local M = {count = 0, loads = loads} function M.add() M.count = M.count + 1 return M.count end return M";

  it("are loaded once per process, and shared by those that import them in it [S3.30, S11.29]", async () => {
    const got = await runLua(
      `local a, b = require("a"), require("b")
      return function() return {a.add(), b.add(), counter.add(), a.counter == b.counter} end`,
      {
        imports: { a: "x:a", b: "x:b", counter: "x:counter" },
        libraries: {
          "x:counter": COUNTER,
          "x:a": { source: "return {add = counter.add, counter = counter}", imports: { counter: "x:counter" } },
          "x:b": { source: "local c = require('it') return {add = c.add, counter = c}", imports: { it: "x:counter" } },
        },
      },
    );
    expect(got).toEqual([1, 2, 3, true]);
  });

  it("are never shared by processes, and are loaded anew for an upgrade [S3.30]", async () => {
    await simulate(1, async (sim) => {
      const entry = { imports: { counter: "x:counter" }, libraries: { "x:counter": COUNTER } };
      defineLua(
        sim,
        "test:user",
        `return function(again)
          counter.add()
          if not again then process.upgrade(nil, true) end
          return {counter.count, counter.loads}
        end`,
        entry,
      );
      for (let i = 0; i < 3; i++) expect(await sim.exec("test:user")).toEqual([1, 1]);
    });
  });

  it("have their own environment: globals, modules and imports of others are not theirs [S11.29, S3.30]", async () => {
    const got = await runLua(
      `mine = "of main"
      return function() return {lib(), theirs == nil, ctx ~= nil, other == nil} end`,
      {
        modules: ["ctx", "time"],
        imports: { lib: "x:lib" },
        libraries: {
          "x:other": "of_other = true return 'other'",
          "x:lib": {
            source: `theirs = "of the library"
              return function()
                return {mine == nil, theirs, ctx == nil, time ~= nil, other, pcall(require, "ctx"), _G.theirs == theirs,
                  of_other == nil}
              end`,
            modules: ["time"],
            imports: { other: "x:other" },
          },
        },
      },
    );
    expect(got).toEqual([[true, "of the library", true, true, "other", false, true, true], true, true, true]);
  });

  it("may be anything: a function, a text, nothing at all [S11.29]", async () => {
    const got = await runLua("return function() return {f(), s, n, require('n')} end", {
      imports: { f: "x:f", s: "x:s", n: "x:n" },
      libraries: { "x:f": "return function() return 'called' end", "x:s": "return 'a text'", "x:n": "local x = 1" },
    });
    expect(got).toEqual(["called", "a text", true, true]);
  });

  it("are loaded before what imports them, also in their own top-level code [S13.22]", async () => {
    const got = await runLua("local seen = last.seen return function() return seen end", {
      imports: { last: "x:last" },
      libraries: {
        "x:first": "return {'first'}",
        "x:middle": { source: "return {first[1], 'middle'}", imports: { first: "x:first" } },
        "x:last": { source: "return {seen = {middle[1], middle[2], 'last'}}", imports: { middle: "x:middle" } },
      },
    });
    expect(got).toEqual(["first", "middle", "last"]);
  });

  it("cannot be confused by an alias that sounds like something else [S11.29]", async () => {
    const got = await runLua("return function() return {require('__index'), rawget(_G, '__index'), constructor} end", {
      imports: { __index: "x:a", constructor: "x:b" },
      libraries: { "x:a": "return 'a'", "x:b": "return 'b'" },
    });
    expect(got).toEqual(["a", "a", "b"]);
  });
});
