/** `print` of Lua processes: one line of the log, with pid and place (S11.28). */
import { expect, it } from "vitest";
import type { IslandNotice } from "../../src/kernel/index.ts";
import { simulate } from "../../src/testing/index.ts";
import { defineLua, type LuaEntry } from "../support/lua.ts";

type Printed = Extract<IslandNotice, { kind: "printed" }>;

/** What a program prints; also its pid. */
async function printed(source: string, entry: LuaEntry = {}): Promise<{ pid: string; lines: Printed[] }> {
  const lines: Printed[] = [];
  let pid = "";
  await simulate(1, async (sim) => {
    sim.watchNotices((notice) => {
      if (notice.kind === "printed") lines.push(notice);
    });
    defineLua(sim, "test:main", source, entry);
    pid = await sim.spawn("test:main");
  });
  return { pid, lines };
}

it("joins its arguments by one blank, and says who printed them, and where [S11.28]", async () => {
  const { pid, lines } = await printed(`return function()
    print("a", 1, 2.5, nil, true)
    print()
    print(errors.new("an error"), setmetatable({}, {__tostring = function() return "mine" end}))
  end`);
  expect(lines.map(({ text, position }) => [text, position])).toEqual([
    ["a 1 2.5 nil true", "main.lua:2"],
    ["", "main.lua:3"],
    ["an error mine", "main.lua:4"],
  ]);
  for (const line of lines) expect([line.pid, line.entry]).toEqual([pid, "test:main"]);
});

it("knows the place in libraries, coroutines, handlers and called by pcall's caller [S11.28]", async () => {
  const { lines } = await printed(
    `return function()
      lib("in a library")
      coroutine.wrap(function() print("in a coroutine") end)()
      coroutine.spawn(function() print("in a spawned one") end)
      process.send(process.pid(), "t")
      process.serve(function()
        print("in a handler")
        return process.done()
      end)
    end`,
    { imports: { lib: "x:lib" }, libraries: { "x:lib": "return function(text)\n  print(text)\nend" } },
  );
  expect(lines.map(({ text, position }) => [text, position])).toEqual([
    ["in a library", "lib.lua:2"],
    ["in a coroutine", "main.lua:3"],
    ["in a spawned one", "main.lua:4"],
    ["in a handler", "main.lua:7"],
  ]);
});

it("has no place when it was no line of the script that called it [S11.28]", async () => {
  const { lines } = await printed(`return function() pcall(print, "by pcall") end`);
  expect(lines.map(({ text, position }) => [text, position])).toEqual([["by pcall", null]]);
});

it("prints what is not UTF-8 as well as it can, and refuses what is too long [S11.28]", async () => {
  const { lines } = await printed(`return function()
    print("ü \\xff", "\\0end")
    local ok, text = pcall(function() print(("x"):rep(1 << 19), ("x"):rep(1 << 19)) end)
    print(ok, text)
  end`);
  expect(lines.map(({ text }) => text)).toEqual([
    "ü � \0end",
    "false main.lua:3: line too long to print (limit 1 MiB)",
  ]);
});

it("may be passed on as a function, and waits nowhere [S11.28]", async () => {
  const { lines } = await printed(`return function()
    for _, value in ipairs{1, 2} do
      local say = print
      say(value)
    end
    local ok = pcall(table.sort, {2, 1}, function(a, b) print("comparing") return a < b end)
    print(ok)
  end`);
  expect(lines.map(({ text }) => text)).toEqual(["1", "2", "comparing", "true"]);
});
