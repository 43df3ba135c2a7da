/** What the collector takes from tables with weak parts: the VM keeps weak keys, because Lua settles them all in one go. */
import { expect, it } from "vitest";
import { runLua } from "../support/running-lua.ts";

/** How many of 100 entries are left when the collector has been round, by what makes entry `i` and its table. */
function left(table: string, entry: string): Promise<unknown> {
  return runLua(`return function()
    local t = ${table}
    for i = 1, 100 do ${entry} end
    for _ = 1, 300000 do local _ = {} end
    local count = 0
    for _ in pairs(t) do count = count + 1 end
    return count
  end`);
}

const LATE = "(function(mt) local t = setmetatable({}, mt) mt.__mode = 'k' return t end)({})";

it("keeps weak keys, so that no chain of them holds the thread [S11.33]", async () => {
  expect(await left("setmetatable({}, { __mode = 'k' })", "t[{}] = i")).toBe(100);
  expect(await left(LATE, "t[{}] = i")).toBe(100);
});

it("collects weak values, and weak keys whose values are weak, too [S11.33]", async () => {
  expect(await left("setmetatable({}, { __mode = 'v' })", "t[i] = {}")).toBe(0);
  expect(await left("setmetatable({}, { __mode = 'kv' })", "t[{}] = i")).toBe(0);
});
