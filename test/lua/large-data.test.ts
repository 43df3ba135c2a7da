/** Data as large as may be sent is read where it lies, and refused before it is read when there is too much of it. */
import { expect, it } from "vitest";
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
