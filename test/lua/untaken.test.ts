/** What has come for a script and was not taken counts: ends of others, answers, requests to cancel, messages. */
import type { Process } from "beamish";
import { expect, it } from "vitest";
import type { Simulation } from "../../src/testing/index.ts";
import { defineLua, luaEngine } from "../support/lua.ts";
import { runLua } from "../support/running-lua.ts";

const TEXT = `local function text(i) return ("x"):rep(1000000) .. i end`;

/** Children: one that returns as much as a message may have, one that fails with it, one that waits. */
function prepare(sim: Simulation): void {
  defineLua(sim, "test:large", `return function(i) ${TEXT} return text(i) end`);
  defineLua(
    sim,
    "test:failing",
    `return function(i) ${TEXT} error(errors.new { message = "x", details = text(i) }) end`,
  );
  defineLua(sim, "test:two", `return function(i) ${TEXT} return { text(i), text(-i) } end`);
  sim.define("test:idle", async (process: Process) => {
    await process.inbox().receive();
  });
}

const modules = ["time"];

it.each([
  ["EXIT", "spawn_monitored", "test:large", "value"],
  ["EXIT of failed ones", "spawn_monitored", "test:failing", "details"],
  ["LINK_DOWN", "spawn_linked", "test:failing", "details"],
])(
  "tells every %s, without data for which there is no room [S2.51, S2.59, S5.1]",
  async (_what, spawn, entry, data) => {
    const got = await runLua(
      `return function()
      process.set_options({ trap_links = true })
      local events, list = process.events(), {}
      for round = 1, 2 do
        for i = 1, 100 do process.${spawn}("${entry}", "sim:processes", i) end
        time.sleep("1m")
        local whole, cut = 0, {}
        for i = 1, 100 do
          local result = events:receive().result
          if result.${data} then whole = whole + 1 else cut[result.kind .. ": " .. result.error] = true end
        end
        list[round] = whole .. " " .. next(cut)
      end
      return list
    end`,
      { modules, prepare },
    );
    const expected = expect.stringMatching(/^6[67] RateLimited: too much data is under way for this result$/);
    expect(got).toEqual([expected, expected]);
  },
);

it("gives answers of exec that are not taken no more room than a heap has [S2.59, S3.34]", async () => {
  const got = await runLua(
    `return function()
      local whole, texts = 0, {}
      local all_begun, done = channel.new(1), channel.new(60)
      for i = 1, 60 do
        coroutine.spawn(function()
          if i == 60 then all_begun:send(true) end
          local value, err = process.exec("test:two", "sim:processes", i)
          if value then whole = whole + 1 else texts[err:message()] = true end
          done:send(true)
        end)
      end
      all_begun:receive()
      -- The children have their turns meanwhile; the coroutines have none.
      for _ = 1, 10000000 do end
      for _ = 1, 60 do done:receive() end
      -- Some of the children had no room themselves for what they would have answered.
      local told = {}
      for text in pairs(texts) do told[#told + 1] = text end
      table.sort(told)
      return { whole, told }
    end`,
    { prepare },
  );
  expect(got).toEqual([33, ["memory limit exceeded", "too much data is under way for this result"]]);
});

it("refuses to cancel, monitor and link where there is no room for an event [S2.59, S4.24]", async () => {
  const got = await runLua(
    `return function()
      ${TEXT}
      local function shown(ok, err) return ok and "done" or err:kind() .. ": " .. err:message() end
      local self, list = process.pid(), {}
      local other = process.spawn("test:idle", "sim:processes")
      for i = 1, 100 do
        local ok, err = process.cancel(self, { reason = text(i) })
        if not ok then list[1] = i .. " " .. shown(ok, err) break end
      end
      while process.cancel(self) do end
      list[2] = shown(process.cancel(self))
      list[3] = shown(process.monitor(other))
      list[4] = shown(process.link(other))
      list[5] = shown(process.spawn_monitored("test:idle", "sim:processes"))
      list[6] = shown(process.terminate(other))
      local events = process.events()
      for i = 1, 3 do events:receive() end
      list[7] = shown(process.cancel(self, { reason = text(1) }))
      return list
    end`,
    { prepare },
  );
  const full = "RateLimited: too much data is under way";
  expect(got).toEqual([`68 ${full}`, full, full, full, full, "done", "done"]);
});

it("counts the names that children are given, and wide characters twice [S2.59, S7.9]", async () => {
  const got = await runLua(
    `return function()
      ${TEXT}
      for i = 1, 1000 do
        local pid, err = process.with_context({}):with_name(text(i)):spawn("test:idle", "sim:processes")
        if not pid then return i .. " " .. err:message() end
      end
    end`,
    { prepare },
  );
  expect(got).toBe("67 too much data is under way");
  const wide = await runLua(
    `return function()
      for i = 1, 1000 do
        local ok, err = process.send(process.pid(), "t", ("x"):rep(1000000) .. "\\u{20AC}" .. i)
        if not ok then return i .. " " .. err:message() end
      end
    end`,
  );
  expect(wide).toBe("34 too much data is under way");
});

it.each([
  ["has been looping for a while", `process.send(parent, "begun")`],
  ["begins to loop", `process.send(parent, "begun") time.timer("1s"):channel():receive()`],
])("counts a message that has come for a coroutine while another one %s [S2.59, S11.32]", async (_what, begins) => {
  const got = await runLua(
    `return function()
      ${TEXT}
      local children = {}
      for i = 1, 100 do children[i] = process.spawn("test:looping", "sim:processes", process.pid()) end
      -- Due at the same moment as what the children wait for, and before it.
      local timer = time.timer("1s")
      for i = 1, 100 do process.inbox():receive() end
      if ${begins.includes("timer")} then timer:channel():receive() end
      for i = 1, 100 do
        local ok, err = process.send(children[i], "t", text(i))
        if not ok then
          for _, child in ipairs(children) do process.terminate(child) end
          return i .. " " .. err:message()
        end
      end
    end`,
    {
      modules,
      prepare: (sim) => {
        const looping = `return function(parent)
          coroutine.spawn(function() process.inbox():receive() end)
          ${begins}
          while true do end
        end`;
        defineLua(sim, "test:looping", looping, { modules });
      },
    },
  );
  expect(got).toBe("68 too much data is under way");
});

it.each([
  ["events", `for i = 1, 60 do process.cancel(process.pid(), { reason = text(i) }) end`],
  [
    "answers",
    `local all_begun = channel.new(1)
      for i = 1, 60 do
        coroutine.spawn(function()
          if i == 60 then all_begun:send(true) end
          process.exec("test:large", "sim:processes", i)
        end)
      end
      all_begun:receive()
      for _ = 1, 10000000 do end`,
  ],
])("counts %s no longer than the process lives that has not taken them [S2.59]", async (_what, collects) => {
  const got = await runLua(
    `return function(is_child)
      ${TEXT}
      if is_child then
        ${collects}
        return
      end
      process.exec("test:alone", "sim:processes", true)
      for i = 1, 100 do
        local ok, err = process.send(process.pid(), "t", text(i))
        if not ok then return i .. " " .. err:message() end
      end
    end`,
    { prepare },
  );
  expect(got).toBe("68 too much data is under way");
});

it("counts what comes for a process while it goes on with other code, and the state it takes along [S2.59, S9.1]", async () => {
  const got = await runLua(
    `return function(kind)
      ${TEXT}
      if kind == "upgrades" then
        for i = 1, 100 do process.spawn_monitored("test:large", "sim:processes", i) end
        process.upgrade("test:slow", text(1))
      end
      return process.exec("test:alone", "sim:processes", "upgrades")
    end`,
    {
      prepare: (sim) => {
        prepare(sim);
        defineLua(
          sim,
          "test:slow",
          `for _ = 1, 2000000 do end
          return function(state)
            local whole, cut = 0, 0
            local events = process.events()
            for i = 1, 100 do
              if events:receive().result.value then whole = whole + 1 else cut = cut + 1 end
            end
            return whole .. " whole, " .. cut .. " cut, " .. #state
          end`,
        );
      },
    },
  );
  expect(got).toMatch(/^6[5-7] whole, 3[3-5] cut, 1000001$/);
});

it("counts the arguments of those whose module is being loaded [S2.59, S3.4]", async () => {
  const got = await runLua(
    `return function()
      ${TEXT}
      local refused, done, large = {}, channel.new(100), text(1)
      for i = 1, 100 do
        coroutine.spawn(function()
          local pid, err = process.spawn("test:never", "sim:processes", large)
          if err and err:kind() == errors.RATE_LIMITED then refused[#refused + 1] = err:message() end
          done:send(true)
        end)
      end
      for i = 1, 33 do done:receive() end
      return { #refused, refused[1] }
    end`,
    {
      prepare: (sim) => {
        luaEngine(sim, { slicing: { sliceInstructions: 1_000 } });
        defineLua(sim, "test:never", "while true do end");
      },
    },
  );
  expect(got).toEqual([33, "too much data is under way"]);
});

it("keeps small results whole where there is no room, and cuts the errors of failed upgrades [S2.51, S2.59]", async () => {
  const got = await runLua(
    `return function()
      ${TEXT}
      local self, list, events = process.pid(), {}, process.events()
      local idle = process.spawn_monitored("test:idle", "sim:processes")
      local child = process.spawn_monitored("test:true", "sim:processes")
      local holds = process.spawn("test:idle", "sim:processes")
      while process.cancel(holds, { reason = text(1) }) do end
      while process.cancel(holds) do end
      process.terminate(idle)
      time.sleep("2s")
      for i = 1, 2 do
        local result = events:receive().result
        list[i] = result.error or result.value
      end
      process.terminate(holds)
      time.sleep("1s")
      for i = 1, 100 do process.spawn_monitored("test:upgrades", "sim:processes", i) end
      time.sleep("1m")
      local whole = 0
      for i = 1, 100 do if #events:receive().result.error > 1000 then whole = whole + 1 end end
      list[3] = whole
      table.sort(list, function(a, b) return tostring(a) < tostring(b) end)
      return list
    end`,
    {
      modules,
      prepare: (sim) => {
        prepare(sim);
        sim.define("test:true", async (process: Process) => {
          await process.sleep(1_000);
          return true;
        });
        defineLua(
          sim,
          "test:upgrades",
          `return function(i) ${TEXT} process.upgrade(nil, { [text(i)] = function() end }) end`,
        );
      },
    },
  );
  expect(got).toEqual([67, "process terminated", true]);
});
