/** What is said of a Lua module that does not load: the file, the line, the line itself, and a mark below it (S12.24). */
import type { ProcessError } from "beamish";
import { expect, it } from "vitest";
import { simulate } from "../../src/testing/index.ts";
import { defineLua, luaEngine, luaSource } from "../support/lua.ts";

/** The error of an attempt to spawn a program whose text begins in line 10 of `main.lua`. */
async function failure(source: string, libraries: Record<string, string> = {}): Promise<ProcessError> {
  let error: unknown;
  await simulate(1, async (sim) => {
    const imports = Object.fromEntries(Object.keys(libraries).map((id) => [id.split(":")[1], id]));
    const plain = luaSource("test:main", source, { imports, libraries });
    try {
      const program = luaEngine(sim).load({ ...plain, chunk: { ...plain.chunk, firstLine: 10 } });
      sim.defineProgram("test:main", program);
      await sim.spawn("test:main");
    } catch (cause) {
      error = cause;
    }
  });
  return error as ProcessError;
}

const SHOWN: readonly (readonly [string, string, readonly string[]])[] = [
  [
    "a symbol that stands twice in its line",
    "local x = 1\n\tlocal y = = 2",
    ["main.lua:11: unexpected symbol near '='", "11 | \tlocal y = = 2", "   | \t          ^"],
  ],
  [
    "an end too many",
    "return function() return 1 end end",
    [
      "main.lua:10: <eof> expected near 'end'",
      "10 | return function() return 1 end end",
      "   |                                ^",
    ],
  ],
  [
    "an end too few",
    "if x then\n  y()",
    [
      "main.lua:11: 'end' expected (to close 'if' at line 10) near <eof>",
      "10 | if x then",
      "   | ^",
      "11 |   y()",
      "   |      ^",
    ],
  ],
  [
    "an end too few, with types and empty lines behind",
    "local function f(a: number)\n  while a do\n  end\n  local b: {number}\n\n\n",
    [
      "main.lua:13: 'end' expected (to close 'function' at line 10) near <eof>",
      "10 | local function f(a: number)",
      "   |       ^",
      "13 |   local b: {number}",
      "   |                    ^",
    ],
  ],
  [
    "an end too few, opened in the last line with code",
    "if x then y() -- z\n\n",
    [
      "main.lua:10: 'end' expected (to close 'if' at line 10) near <eof>",
      "10 | if x then y() -- z",
      "   | ^            ^",
    ],
  ],
  [
    "a bracket that something else closes, lines of 1 and 2 digits",
    `f(g(),\n  h{1, 2\n}, function()${"\n".repeat(90)}end, {\n  a = 1\n]`,
    [
      "main.lua:104: '}' expected (to close '{' at line 102) near ']'",
      "102 | end, {",
      "    |      ^",
      "104 | ]",
      "    | ^",
    ],
  ],
  [
    "a string without end",
    "x()\nlocal s = 'abc\n",
    ["main.lua:11: unfinished string near ''abc'", "11 | local s = 'abc", "   |           ^"],
  ],
  [
    "a jump to nowhere",
    "goto nowhere",
    ["main.lua:10: no visible label 'nowhere' for <goto> at line 10", "10 | goto nowhere", "   | ^"],
  ],
  [
    "a jump to nowhere in a block of a function that goes on",
    "return function()\n  for i = 1, 3 do\n    x() goto nxt\n  end\n  y()\nend\n",
    ["main.lua:12: no visible label 'nxt' for <goto> at line 12", "12 |     x() goto nxt", "   |         ^"],
  ],
  [
    "a jump into the scope of a variable",
    "goto x\nlocal y\n::x::\nz()",
    ["main.lua:10: <goto x> at line 10 jumps into the scope of local 'y'", "10 | goto x", "   | ^"],
  ],
  [
    "a break outside of a loop",
    "while x do break end break\ny()",
    ["main.lua:10: break outside loop at line 10", "10 | while x do break end break", "   |                      ^"],
  ],
  [
    "a label that is there already",
    "::a::\nx()\n::a::\n\ny()",
    ["main.lua:12: label 'a' already defined on line 10", "12 | ::a::", "   |   ^"],
  ],
  [
    "an assignment to a constant",
    "local limit <const> = 3\n\tx, limit\n= 4, limit",
    ["main.lua:11: attempt to assign to const variable 'limit'", "11 | \tx, limit", "   | \t   ^"],
  ],
  [
    "a function for a constant",
    "local f <const> = 3\nfunction f()\n  return f\nend\n\nx()",
    ["main.lua:11: attempt to assign to const variable 'f'", "11 | function f()", "   |          ^"],
  ],
  [
    "a name that is not ASCII",
    "local x = 'ü' local ü = 1",
    ["main.lua:10: <name> expected near '<\\195>'", "10 | local x = 'ü' local ü = 1", "   |                     ^"],
  ],
  [
    "a symbol of two characters",
    "return 1 // // 2",
    ["main.lua:10: unexpected symbol near '//'", "10 | return 1 // // 2", "   |             ^"],
  ],
  [
    "a malformed number that stands twice in its line",
    "x = 3y + 3y",
    ["main.lua:10: malformed number near '3y'", "10 | x = 3y + 3y", "   |     ^"],
  ],
  [
    "a comment without end",
    "x()\n--[[ y\n\n",
    ["main.lua:11: unfinished long comment (starting at line 11) near <eof>", "11 | --[[ y", "   | ^"],
  ],
  [
    "a symbol behind a thousand like it",
    `${"x=1 ".repeat(1000)}y = = 2`,
    ["main.lua:10: unexpected symbol near '='", `10 | ${"x=1 ".repeat(1000)}y = = 2`, `   | ${" ".repeat(4004)}^`],
  ],
  [
    "a variable without its type",
    "\n\nlocal x: = 5",
    ["main.lua:12:10: type expected near '='", "12 | local x: = 5", "   |          ^"],
  ],
  [
    "a type without end",
    "local function f(a: number, b: {string)\nend",
    [
      "main.lua:10:39: '}' expected near ')'",
      "10 | local function f(a: number, b: {string)",
      "   |                                       ^",
    ],
  ],
];

it.each(SHOWN)("shows the line of a mistake, with a mark: %s [S12.24]", async (_, source, shown) => {
  const error = await failure(source);
  expect(error.kind).toBe("Internal");
  expect(error.message).toBe(`failed to load module: ${shown.join("\n")}`);
});

it("takes a file as Lua does: with a byte order mark, and a first line for the system behind it [S12.24]", async () => {
  const bom = "\uFEFF";
  for (const head of [bom, `${bom}#!/usr/bin/lua\n`, "#!/usr/bin/lua\n", `${bom}#`]) {
    expect(await failure(`${head}\nreturn function(a: number) end`)).toBeUndefined();
  }
  expect((await failure(`${bom}local x = = 1`)).message).toBe(
    "failed to load module: main.lua:10: unexpected symbol near '='\n10 | local x = = 1\n   |           ^",
  );
  expect((await failure(`${bom}local x: = 1`)).message).toBe(
    "failed to load module: main.lua:10:10: type expected near '='\n10 | local x: = 1\n   |          ^",
  );
  expect((await failure(`${bom}#!/usr/bin/lua\nlocal x = = 1`)).message).toBe(
    "failed to load module: main.lua:11: unexpected symbol near '='\n11 | local x = = 1\n   |           ^",
  );
  // One mark, at the very beginning.
  expect((await failure(`${bom}${bom}x()`)).message).toContain("unexpected symbol near '<\\239>'");
  expect((await failure(` ${bom}x()`)).message).toContain("unexpected symbol near '<\\239>'");
});

it("looks for the place of a mistake no longer than is bearable: there is no mark [S12.24]", async () => {
  const line = `${"x=1 ".repeat(150_000)}y = = 2`;
  const { message } = await failure(line);
  expect(message === `failed to load module: main.lua:10: unexpected symbol near '='\n10 | ${line}`).toBe(true);
});

it("shows the line of a library's file, also where a type is malformed [S12.24]", async () => {
  const main = "return function() end";
  expect((await failure(main, { "x:lib": "local M = {}\nM.x = = 1\nreturn M" })).message).toBe(
    "failed to load module: lib.lua:2: unexpected symbol near '='\n2 | M.x = = 1\n  |       ^",
  );
  expect((await failure(main, { "x:lib": "return function(a: ) end" })).message).toBe(
    "failed to load module: lib.lua:1:20: type expected near ')'\n1 | return function(a: ) end\n  |                    ^",
  );
});

it("names the line of an error that top-level code raises, in the module or in a library [S12.24]", async () => {
  expect((await failure("\nlocal t\nt.x = 1")).message).toBe(
    "failed to load module: main.lua:12: attempt to index a nil value (local 't')",
  );
  expect((await failure("lib()", { "x:lib": "\nerror('not today')" })).message).toBe(
    "failed to load module: lib.lua:2: not today",
  );
  expect((await failure("error(errors.new('as an object'))")).message).toBe("failed to load module: as an object");
});

/** What is told of the stack of an error in top-level code; the rest of each line but its place is left out. */
async function told(source: string, library = ""): Promise<string[]> {
  const lines: string[] = [];
  await simulate(1, async (sim) => {
    sim.watchNotices((notice) => {
      if (notice.kind !== "load-failed") return;
      lines.push(`${notice.entry}: ${notice.text}`, ...notice.trace.split("\n").map((line) => line.trim()));
    });
    defineLua(sim, "test:main", source, { imports: { lib: "x:lib" }, libraries: { "x:lib": library } });
    await sim.exec("test:main").catch(() => {});
  });
  return lines.map((line) => line.replace(/ in .*/, ""));
}

it.each([
  [
    "raised by Lua",
    "local function connect(s)\n  return s.host.name\nend\nlocal x = connect({})\nreturn x",
    "",
    ["main.lua:2: attempt to index a nil value (field 'host')", "main.lua:2:", "main.lua:4:"],
  ],
  [
    "of a library",
    "return lib",
    "local function f()\n  error('no')\nend\nf()",
    ["lib.lua:2: no", "lib.lua:2:", "lib.lua:4:"],
  ],
  [
    "that is an object",
    "local function f()\n  local e = errors.new('x')\n  return e\nend\nlocal e = f()\nerror(e)",
    "",
    ["x", "main.lua:2:", "main.lua:5:", "raised again:", "main.lua:6:"],
  ],
  [
    "handed on by a coroutine",
    "local co = coroutine.wrap(function()\n  error('no', 0)\nend)\nco()",
    "",
    ["main.lua:4: no", "main.lua:2:", "main.lua:4:"],
  ],
])(
  "tells the stack of an error in top-level code: one %s [S3.25, S12.24]",
  async (_, source, library, [text, ...stack]) => {
    expect(await told(source, library)).toEqual([`test:main: failed to load module: ${text}`, ...stack]);
  },
);

it("says of any other value what its tostring says [S12.24]", async () => {
  const value = `setmetatable({}, {__tostring = function() return "mine" end})`;
  expect((await failure(`error(${value})`)).message).toBe("failed to load module: mine");
});

it.each(["time.sleep('1s')", "time.sleep(1)", "channel.new():receive()", "channel.new():send(1)"])(
  "refuses to wait while it loads: %s [S3.26, S12.24]",
  async (call) => {
    const error = await failure(call);
    expect([error.kind, error.message]).toEqual(["Internal", "failed to load module: top-level code cannot wait"]);
  },
);
