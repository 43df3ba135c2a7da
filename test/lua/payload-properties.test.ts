/** Random data comes out as it went in, from Lua to Lua, through Lua, and through TypeScript. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Simulation, simulate } from "../../src/testing/index.ts";
import { defineLua } from "../support/lua.ts";
import { difference, LUA_DIFFERENCE, luaText, type Plan, plans, typescriptValue } from "./payload-graphs.ts";

const RUNS = Number(process.env.BEAMISH_PAYLOAD_RUNS ?? 300);

/** Checks a property of plans in one simulation; what fails is shown with the seed that repeats it. */
async function check(
  origin: "lua" | "typescript",
  holds: (sim: Simulation, plan: Plan) => Promise<void>,
): Promise<void> {
  await simulate(1, async (sim) => {
    defineLua(sim, "app:echo", `return function(...) return ... end`);
    defineLua(
      sim,
      "app:echo_by_message",
      `return function()
        local msg = process.inbox():receive()
        process.send(msg:from(), "echo", msg:payload())
      end`,
    );
    sim.define("app:typescript_echo", (_process: unknown, value: unknown) => value);
    await fc.assert(
      fc.asyncProperty(plans(origin), (plan) => holds(sim, plan)),
      { numRuns: RUNS, endOnFailure: true },
    );
  });
}

/** What a Lua program finds that makes the data of a plan, has it echoed, and compares. */
async function foundInLua(sim: Simulation, plan: Plan, echo: string, relaxed: boolean): Promise<unknown> {
  defineLua(
    sim,
    "app:origin",
    `${LUA_DIFFERENCE}
    return function()
      ${luaText(plan)}
      local arrived, err
      ${echo}
      if err then return "refused: " .. err end
      return difference(data, arrived, ${relaxed})
    end`,
  );
  return sim.exec("app:origin");
}

const BY_EXEC = (id: string) => `arrived, err = process.exec("${id}", "sim:processes", data)`;
const BY_MESSAGE = `
  local echoed = process.listen("echo")
  process.send(process.spawn("app:echo_by_message", "sim:processes"), "data", data)
  arrived = echoed:receive()`;

describe("random data", () => {
  it("is the same after it went from Lua to Lua and back, as argument and result [S2.37-S2.43]", async () => {
    await check("lua", async (sim, plan) => {
      expect(await foundInLua(sim, plan, BY_EXEC("app:echo"), false)).toBe(null);
    });
  });

  it("is the same after it went from Lua to Lua and back, as messages [S2.37-S2.43]", async () => {
    await check("lua", async (sim, plan) => {
      expect(await foundInLua(sim, plan, BY_MESSAGE, false)).toBe(null);
    });
  });

  it("is the same after it went from TypeScript to Lua and back [S2.38-S2.43, S2.57]", async () => {
    await check("typescript", async (sim, plan) => {
      const value = typescriptValue(plan);
      expect(difference(value, await sim.exec("app:echo", value))).toBe(null);
    });
  });

  it("is the same after it went from Lua to TypeScript and back [S2.38-S2.43, S2.57]", async () => {
    await check("lua", async (sim, plan) => {
      expect(await foundInLua(sim, plan, BY_EXEC("app:typescript_echo"), true)).toBe(null);
    });
  });

  it("keeps floats and integers apart also as arguments and upgrade state, from Lua to Lua [S2.39]", async () => {
    await simulate(1, async (sim) => {
      defineLua(
        sim,
        "app:child",
        `return function(again, ...)
          if again then process.upgrade(nil, false, ...) end
          local types = {}
          for i = 1, select("#", ...) do types[i] = math.type((select(i, ...))) end
          return table.concat(types, " ")
        end`,
      );
      defineLua(
        sim,
        "app:parent",
        `return function(again) return process.exec("app:child", "sim:processes", again, 3, 3.0, -0.0, 2^53, 1 << 62) end`,
      );
      expect(await sim.exec("app:parent", false)).toBe("integer float float float integer");
      expect(await sim.exec("app:parent", true)).toBe("integer float float float integer");
    });
  });

  it("loses nothing of a table with holes whose keys are as many as its length [S2.41]", async () => {
    await simulate(1, async (sim) => {
      defineLua(sim, "app:echo", `return function(...) return ... end`);
      defineLua(
        sim,
        "app:parent",
        `return function()
          local lost = {}
          for _, holed in ipairs({ { nil, 2, 3, 4, x = 5 }, { nil, 2, 3, 4, [9] = 5 }, { 1, nil, 3, ["2"] = 5 }, { nil, 2, x = 1 } }) do
            local echoed = process.exec("app:echo", "sim:processes", holed)
            for key, value in pairs(holed) do
              if echoed[key] ~= value then lost[#lost + 1] = key end
            end
          end
          return #lost
        end`,
      );
      expect(await sim.exec("app:parent")).toBe(0);
    });
  });
});
