/** Where Lua keeps its short strings: to make room for more it puts all of them into new places, in one go. */
import { expect, it } from "vitest";
import { simulate } from "../../src/testing/index.ts";
import { defineLua, luaEngine } from "../support/lua.ts";

/** Where a lua_State points at the global state of its heap, and where that has the size of its table of strings. */
const GLOBAL_STATE = 16;
const STRINGS = 28;
const PLACES = 32;

it("does not grow beyond 131,072 places, and strings are still found [S11.33]", async () => {
  await simulate(1, async (sim) => {
    const source = `return function()
      local all = {}
      for part = 0, 4 do
        local some = {}
        for i = 1, 60000 do some["k" .. part * 60000 + i] = i end
        all[part] = some
      end
      for i = 1, 60000, 1000 do assert(all[3]["k" .. 180000 + i] == i) end
      all.filled = true
      local inbox = process.inbox()
      while true do inbox:receive() end
    end`;
    defineLua(sim, "sim:strings", source);
    const pid = await sim.spawn("sim:strings");
    while (await sim.step());
    const isolate = luaEngine(sim).isolates.all[0];
    if (isolate === undefined) throw new Error("there is no heap");
    const { words } = isolate.vm;
    const globals = words[(isolate.heap.L + GLOBAL_STATE) >> 2] as number;
    expect(words[(globals + STRINGS) >> 2]).toBeGreaterThan(250_000);
    expect(words[(globals + PLACES) >> 2]).toBe(131_072);
    sim.terminate(pid);
    await sim.settle();
  });
});
