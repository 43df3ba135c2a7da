/** How Lua processes share a thread and its memory (S11.32, S11.35-S11.37, S15.5, S15.6): the plain facts. */
import { createActor, type Process } from "beamish";
import { describe, expect, it } from "vitest";
import { simulate } from "../../src/testing/index.ts";
import { defineLua } from "../support/lua.ts";

const HOST = "sim:processes";

/** Works for some slices without a wait; each round it calls `step`. */
const WORK = "local function work(step) for i = 1, 20 do for _ = 1, 50000 do end if step then step(i) end end end";

describe("turns", () => {
  it("go to every ready process while one works without a wait, of either language [S11.32, S15.5, S15.6]", async () => {
    await simulate(1, async (sim) => {
      const order: string[] = [];
      sim.define("test:typescript", async (process: Process) => {
        for await (const msg of process.inbox()) {
          order.push(`ts ${msg.payload}`);
          if (msg.payload === 3) return;
          process.send(process.pid(), "n", (msg.payload as number) + 1);
        }
      });
      sim.watchNotices((notice) => {
        if (notice.kind === "printed") order.push(notice.text);
      });
      defineLua(
        sim,
        "test:counting",
        `return function() process.serve(function(msg)
          local n = msg:payload()
          print("lua " .. n)
          if n == 3 then return process.done() end
          process.send(process.pid(), "n", n + 1)
        end) end`,
      );
      defineLua(sim, "test:busy", `${WORK} return function() work() print("busy") end`);
      await sim.spawn("test:busy");
      for (const entry of ["test:typescript", "test:counting"]) sim.send(await sim.spawn(entry), "n", 1);
      await sim.untilIdle();
      expect(order).toHaveLength(7);
      expect(order.at(-1)).toBe("busy");
    });
  });

  it("are given to processes, never to coroutines of one that works [S15.6, S11.11]", async () => {
    await simulate(1, async (sim) => {
      defineLua(
        sim,
        "test:main",
        `${WORK}
        return function()
          local log = {}
          for _, name in ipairs{"a", "b"} do
            coroutine.spawn(function()
              work(function(i) log[#log + 1] = name end)
            end)
          end
          time.sleep("1ms")
          return table.concat(log)
        end`,
      );
      defineLua(sim, "test:other", `${WORK} return function() work() end`);
      await sim.spawn("test:other");
      expect(await sim.exec("test:main")).toBe("a".repeat(20) + "b".repeat(20));
    });
  });

  it("end a process that never waits when it is terminated, its deadline passes or a link fails [S11.32, S4.21]", async () => {
    await simulate(1, async (sim) => {
      const loops = [
        "while true do end",
        "while true do pcall(function() end) end",
        "coroutine.wrap(function() while true do end end)()",
      ];
      for (const [at, loop] of loops.entries()) defineLua(sim, `test:loop${at}`, `return function() ${loop} end`);
      sim.define("test:main", async (process: Process) => {
        const ends: string[] = [];
        for (const at of loops.keys()) {
          const pid = await process.spawnMonitored(`test:loop${at}`, HOST);
          process.terminate(pid);
          const event = await process.events().receive();
          ends.push(event?.kind === "pid.exit" ? (event.result.error ?? "normal") : "?");
        }
        return ends;
      });
      expect(await sim.exec("test:main")).toEqual(new Array(3).fill("process terminated"));
    });
  });
});

/** Fills the heap with what it keeps. */
const FILL = `local kept = {} for i = 1, 1 << 30 do kept[i] = ("x"):rep(10000) .. i end`;

describe("memory", () => {
  it("that is used up ends the process, and no pcall catches it [S11.37, S11.36, S12.22]", async () => {
    await simulate(1, async (sim) => {
      const memoryLimitBytes = 2 * 2 ** 20;
      defineLua(sim, "test:greedy", `return function() pcall(function() ${FILL} end) return "caught" end`, {
        memoryLimitBytes,
      });
      defineLua(sim, "test:modest", `return function() time.sleep("1s") return "well" end`, { memoryLimitBytes });
      defineLua(
        sim,
        "test:main",
        `return function()
          local ch = channel.new()
          coroutine.spawn(function() ch:send(process.exec("test:modest", "${HOST}")) end)
          local value, err = process.exec("test:greedy", "${HOST}")
          return {value == nil, err:kind(), err:message(), (ch:receive())}
        end`,
      );
      expect(await sim.exec("test:main")).toEqual([true, "RateLimited", "memory limit exceeded", "well"]);
    });
  });

  it("is never shared by different actors: what one uses up the other still has [S11.35, S11.37]", async () => {
    await simulate(1, async (sim) => {
      defineLua(sim, "test:greedy", `return function() ${FILL} end`);
      defineLua(
        sim,
        "test:keeps",
        `local kept = {}
        return function()
          for i = 1, 2000 do kept[i] = ("x"):rep(10000) .. i end
          process.inbox():receive()
          return #kept
        end`,
      );
      const exits: unknown[] = [];
      sim.watch((event) => {
        if (event.kind === "exited") exits.push([event.entry, event.result.error ?? event.result.value]);
      });
      const other = await sim.spawnWith({ actor: createActor("ann") }, "test:keeps");
      await sim.spawnWith({ actor: createActor("bob") }, "test:greedy");
      await sim.settle();
      expect(exits).toEqual([["test:greedy", "memory limit exceeded"]]);
      sim.send(other, "end");
      await sim.settle();
      expect(exits.at(-1)).toEqual(["test:keeps", 2000]);
    });
  });
});
