/** Upgrade of Lua processes: from every place, to TypeScript and back, and what fails (section 9). */
import { errors, event, type Process } from "beamish";
import { type Simulation, simulate } from "beamish/testing";
import { describe, expect, it } from "vitest";
import { defineLua } from "../support/lua.ts";
import { PLACES } from "../support/places.ts";

const HOST = "sim:processes";

describe("an upgrade of a Lua process", () => {
  it.each(Object.entries(PLACES))(
    "from %s never returns; nothing of the old code goes on [S9.1, S9.6]",
    async (_, place) => {
      await simulate(1, async (sim) => {
        const probe = await sim.probe();
        defineLua(
          sim,
          "app:old",
          `return function(watcher)
          local function after() process.send(watcher, "after") end
          local function act() process.upgrade("app:new", watcher) after() end
          ${place}
          after()
          channel.new():receive()
        end`,
        );
        defineLua(sim, "app:new", `return function(watcher) process.send(watcher, "new") end`);
        const pid = await probe.process.spawnMonitored("app:old", HOST, probe.pid);
        await sim.advance("1s");
        expect(probe.messages.map(({ topic, from }) => [topic, from])).toEqual([["new", pid]]);
        expect(probe.events).toMatchObject([{ from: pid, result: {} }]);
        expect(probe.events[0]).not.toHaveProperty("result.error");
      });
    },
  );

  it("goes to TypeScript and back, with its pid, its state and its messages, again and again [S9.3, S9.4, S9.5, S9.9]", async () => {
    await simulate(1, async (sim) => {
      defineLua(
        sim,
        "app:lua",
        `return function(state)
          state.pids[#state.pids + 1] = process.pid()
          state.got[#state.got + 1] = process.listen("word"):receive()
          if #state.got == 4 then return state end
          process.upgrade("app:typescript", state)
        end`,
      );
      sim.define("app:typescript", async (process: Process, state: { pids: string[]; got: unknown[] }) => {
        state.pids.push(process.pid());
        state.got.push(await process.listen("word").receive());
        await process.upgrade("app:lua", state);
      });
      const probe = await sim.probe();
      const pid = await probe.process.spawnMonitored("app:lua", HOST, {
        pids: ["first"],
        got: ["start"],
      });
      for (const word of ["one", "two", "three"]) probe.process.send(pid, "word", word);
      await sim.settle();
      expect(probe.events).toMatchObject([
        {
          kind: event.EXIT,
          result: {
            value: { pids: ["first", pid, pid, pid], got: ["start", "one", "two", "three"] },
          },
        },
      ]);
    });
  });

  it("hands over a copy of its state; the new code has globals of its own [S9.6, S9.2]", async () => {
    await simulate(1, async (sim) => {
      defineLua(
        sim,
        "app:self",
        `kept = (kept or 0) + 1
        return function(state)
          kept = kept + 1
          if state then return { kept, state.shared == state.again, state.n } end
          local shared = {}
          local given = { shared = shared, again = shared, n = 1 }
          setmetatable(given, { __index = function() error("no metamethod runs") end })
          process.upgrade(nil, given)
        end`,
      );
      expect(await sim.exec("app:self")).toEqual([2, true, 1]);
    });
  });

  it("without an id, and with nil, takes the newest source of the entry [S9.2]", async () => {
    await simulate(1, async (sim) => {
      const version = (n: number) => `return function(state, more)
        if state == "again" then return { ${n}, more or "nothing" } end
        process.inbox():receive()
        ${n === 1 ? `process.upgrade(nil, "again", "state")` : ""}
        process.upgrade()
      end`;
      defineLua(sim, "app:self", version(1));
      const probe = await sim.probe();
      const pid = await probe.process.spawnMonitored("app:self", HOST);
      await sim.settle();
      defineLua(sim, "app:self", version(2));
      probe.process.send(pid, "go");
      await sim.settle();
      expect(probe.events).toMatchObject([{ result: { value: [2, "state"] } }]);
      const other = await probe.process.spawn("app:self", HOST);
      await probe.process.monitor(other);
      probe.process.send(other, "go");
      await sim.settle();
      defineLua(sim, "app:self", `return function(...) return { 3, select("#", ...) } end`);
      probe.process.send(other, "go");
      await sim.settle();
      expect(probe.events[1]).toMatchObject({ from: other, result: { value: [3, 0] } });
    });
  });

  it("drops the timers and coroutines of the old code, and its subscriptions [S9.6]", async () => {
    await simulate(1, async (sim) => {
      defineLua(
        sim,
        "app:old",
        `return function()
          local self = process.pid()
          process.listen("tick")
          coroutine.spawn(function() while true do require("time").sleep("10ms") process.send(self, "old") end end)
          require("time").ticker("5ms")
          process.send(self, "tick", 1)
          process.upgrade("app:new")
        end`,
      );
      defineLua(
        sim,
        "app:new",
        `return function()
          require("time").sleep("1s")
          local got = {}
          while true do
            local one = channel.select({ process.inbox():case_receive() }, true)
            if one.default then return got end
            got[#got + 1] = one.value:topic()
          end
        end`,
      );
      expect(await sim.exec("app:old")).toEqual(["tick"]);
    });
  });

  it("shows the new entry, whose mailbox limit counts for later messages; waiting ones stay [S9.10]", async () => {
    await simulate(1, async (sim) => {
      defineLua(sim, "app:old", `return function() process.listen("go"):receive() process.upgrade("app:new") end`);
      defineLua(
        sim,
        "app:new",
        `return function()
          process.listen("count"):receive()
          local inbox, count = process.inbox(), 0
          while true do
            local one = channel.select({ inbox:case_receive() }, true)
            if one.default then return count end
            count = count + 1
          end
        end`,
        { mailbox: { limit: 4, overflow: "reject" } },
      );
      const probe = await sim.probe();
      const pid = await probe.process.spawnMonitored("app:old", HOST);
      for (let i = 0; i < 5; i++) expect(probe.process.send(pid, "waiting", i)).toBeNull();
      probe.process.send(pid, "go");
      await sim.settle();
      expect(sim.trace.some((line) => line.endsWith(`upgraded ${pid} app:new`))).toBe(true);
      expect(probe.process.send(pid, "later")).toMatchObject({
        kind: errors.RATE_LIMITED,
        message: "mailbox is full",
      });
      sim.terminate(pid);
      await sim.settle();
      expect(sim.deadLetters.count("exited_unread")).toBe(5);
    });
  });
});

describe("an upgrade that fails", () => {
  const define = (sim: Simulation) => {
    defineLua(sim, "app:broken", `this is no Lua`);
    defineLua(sim, "app:raises", `error("at the top")`);
    defineLua(sim, "app:slow", `for i = 1, 3e6 do end process.inbox():receive()`);
    defineLua(sim, "app:waits", `process.inbox():receive()`);
    defineLua(sim, "app:empty", `return {}`);
    defineLua(sim, "app:fine", `return function() return "fine" end`);
  };

  it.each([
    ["an unknown entry", `"app:none"`, "upgrade: process entry not found: app:none", errors.NOT_FOUND],
    ["no namespace", `"none"`, "upgrade: invalid process ID format (namespace:name required)", errors.INVALID],
    ["no method", `"app:empty"`, `upgrade: method "main" not found in module`, errors.NOT_FOUND],
    ["state that is a function", `"app:fine", print`, "upgrade: state[1]: function cannot be sent", errors.INVALID],
    [
      "state that holds a channel",
      `"app:fine", 1, { ch = { channel.new() } }`,
      "upgrade: state[2].ch[1]: channel cannot be sent",
      errors.INVALID,
    ],
  ])("for %s ends the process, and no pcall notices [S9.8, S9.3]", async (_, args, message, kind) => {
    await simulate(1, async (sim) => {
      define(sim);
      const probe = await sim.probe();
      defineLua(
        sim,
        "app:old",
        `return function(watcher)
          pcall(process.upgrade, ${args})
          process.send(watcher, "went on")
        end`,
      );
      const pid = await probe.process.spawnMonitored("app:old", HOST, probe.pid);
      await sim.settle();
      expect(probe.events).toMatchObject([{ from: pid, result: { error: message, kind } }]);
      expect(probe.events[0]).not.toHaveProperty("result.retryable", expect.any(Boolean));
      expect(probe.messages).toEqual([]);
    });
  });

  it.each(["app:broken", "app:raises", "app:waits", "app:slow"])(
    "because %s does not load ends the process [S9.8]",
    async (id) => {
      await simulate(1, async (sim) => {
        define(sim);
        const probe = await sim.probe();
        defineLua(sim, "app:old", `return function(id) pcall(process.upgrade, id) return "went on" end`);
        await probe.process.spawnMonitored("app:old", HOST, id);
        await sim.settle();
        // What does not fit into the slice of the old code goes on in one of its own, at the next alarm.
        await sim.advance(1);
        expect(probe.events).toMatchObject([
          { result: { error: expect.stringMatching(/^upgrade: failed to load module: /), kind: errors.INTERNAL } },
        ]);
      });
    },
  );

  it("for an id that is no text raises, and the old code goes on [S9.1]", async () => {
    await simulate(1, async (sim) => {
      defineLua(
        sim,
        "app:old",
        `return function()
          local ok, err = pcall(process.upgrade, {})
          return { ok, err:kind(), err:message() }
        end`,
      );
      expect(await sim.exec("app:old")).toEqual([
        false,
        errors.INVALID,
        "bad argument #1 to 'upgrade' (string expected, got table)",
      ]);
    });
  });
});
