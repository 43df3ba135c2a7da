/** How deep calls may be nested, and how large a stack may get: leaving a deep stack, or moving it, is one long step. */
import { expect, it } from "vitest";
import { runLua } from "../support/running-lua.ts";

/** How often `f` was called before the error, and that error, of a module that calls it as `body` says. */
function depthOf(body: string): Promise<unknown> {
  return runLua(`return function()
    local depth = 0
    local function f() depth = depth + 1 ${body} end
    local ok, message = pcall(f)
    return { depth = depth, message = message }
  end`);
}

it("raises a stack overflow when some 50,000 calls are nested [S11.33]", async () => {
  for (const body of ["return 1 + f()", "f()"]) {
    const { depth, message } = (await depthOf(body)) as { depth: number; message: string };
    expect(message).toBe("alone.lua:3: stack overflow");
    expect(depth).toBeGreaterThan(49_000);
    expect(depth).toBeLessThan(51_000);
  }
});

it("raises it again at the same depth, in coroutines too, and lets its handler work [S11.33]", async () => {
  const source = `return function()
    local depth, handled = 0, 0
    local function f() depth = depth + 1 return 1 + f() end
    local function handler(message) for _ = 1, 1000 do handled = handled + 1 end return message end
    local depths = {}
    for i = 1, 4 do
      depth = 0
      if i == 4 then coroutine.wrap(function() pcall(f) end)() else assert(not xpcall(f, handler)) end
      depths[i] = depth
    end
    return { depths = depths, handled = handled }
  end`;
  const { depths, handled } = await runLua(source);
  for (const depth of depths) expect(Math.abs(depth - 50_000)).toBeLessThan(1_000);
  expect(handled).toBe(3_000);
});

it("raises it in a handler that nests calls without end, too [S11.33]", async () => {
  const source = `return function()
    local function f() return 1 + f() end
    local ok = xpcall(f, function() return 1 + f() end)
    return ok
  end`;
  expect(await runLua(source)).toBe(false);
});

it("raises it earlier where calls have many variables: a stack has 262,144 slots [S11.33]", async () => {
  const names = Array.from({ length: 190 }, (_, i) => `v${i}`).join(", ");
  const { depth, message } = (await depthOf(`local ${names} = 1 f() return v0, v189`)) as any;
  expect(message).toContain("stack overflow");
  expect(depth).toBeGreaterThan(600);
  expect(depth).toBeLessThan(1_400);
});

it("has room for 65,536 values handed on twice [S11.33]", async () => {
  const source = `return function()
    local t = {}
    for i = 1, 65536 do t[i] = 65 end
    local function on(...) return string.char(...) end
    return #on(table.unpack(t)) + #table.pack(table.unpack(t))
  end`;
  expect(await runLua(source)).toBe(131_072);
});
