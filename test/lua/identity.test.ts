/** The global `process` of Lua, and what it says where there is no process (section 1). */
import { describe, expect, it } from "vitest";
import { runLua } from "../support/running-lua.ts";
import { LUA_REFUSAL } from "../support/told.ts";

describe("the global process", () => {
  it("is there without require and without a listing [S1.1]", async () => {
    const source = "return function() return { type(process.pid()), require('process') == process } end";
    expect(await runLua(source, { modules: [] })).toEqual(["string", true]);
  });

  it.each([
    ["process", "send"],
    ["process", "new_field"],
    ["process.event", "EXIT"],
    ["process.registry", "lookup"],
  ])("raises when a field of %s is assigned, %s, and is what it was [S1.1]", async (table, field) => {
    const source = `return function()
      local before = ${table}.${field}
      local ok, err = pcall(function() ${table}.${field} = function() end end)
      return { ok, tostring(err), ${table}.${field} == before, (pcall(rawset, ${table}, "${field}", 1)) }
    end`;
    expect(await runLua(source)).toEqual([
      false,
      `alone.lua:3: attempt to modify read-only table '${table}'`,
      true,
      false,
    ]);
  });

  it("says context not found outside a process, and id() frame context not found [S1.13, S3.26, S12.12, S12.13]", async () => {
    const source = `${LUA_REFUSAL}
    local seen = { refusal(process.pid()), refusal(process.id()), refusal(process.send("a", "b")),
      refusal(process.spawn("a:b", "c")), refusal(process.listen("a")),
      refusal(time.after("1ms")), refusal(time.timer("1ms")), refusal(time.ticker("1ms")) }
    return function() return seen end`;
    expect(await runLua(source)).toEqual([
      ["Invalid", "context not found"],
      ["Invalid", "frame context not found"],
      ...Array(6).fill(["Invalid", "context not found"]),
    ]);
  });
});

it("tells two thousand names apart, whoever is met again and again [S2.35]", async () => {
  const found = await runLua(
    `return function()
      local wrong, me = 0, process.pid()
      for round = 1, 3 do
        for i = 1, 2000 do
          local topic = "topic " .. i
          process.send(me, topic, i)
          local message = process.inbox():receive()
          if message:topic() ~= topic or message:from() ~= me or message:payload() ~= i then wrong = wrong + 1 end
          if process.registry.register("name " .. i) ~= true then wrong = wrong + 1 end
          if process.registry.lookup("name " .. i) ~= me then wrong = wrong + 1 end
        end
      end
      return wrong
    end`,
  );
  expect(found).toBe(0);
});
