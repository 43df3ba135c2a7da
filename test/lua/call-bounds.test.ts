/** Calls of the engine are bounded: in what they look at in one go, which is not preempted, and in what they keep. */
import type { Process } from "beamish";
import { expect, it } from "vitest";
import type { Simulation } from "../../src/testing/index.ts";
import { defineLua } from "../support/lua.ts";
import { runLua } from "../support/running-lua.ts";

/** There is an entry for processes that live until they are asked to end, and read no messages. */
function withIdle(sim: Simulation): void {
  sim.define("test:idle", async (process: Process) => {
    await process.events().receive();
  });
}

it("refuses a select, a serve, options and durations of more than a call may look at [S11.33]", async () => {
  const got = await runLua(`return function()
    local case, cases, topics, options = channel.new():case_receive(), {}, {}, {}
    for i = 1, 4097 do cases[i] = case end
    for i = 1, 1025 do topics["t" .. i], options[i] = print, true end
    local list = {}
    local function note(ok, value, err)
      err = err or value
      list[#list + 1] = err:kind() .. ": " .. err:message():sub(1, 40)
    end
    note(pcall(channel.select, cases))
    note(pcall(process.serve, topics))
    note(process.set_options(options))
    note(process.cancel(process.pid(), ("1h"):rep(100000)))
    note(pcall(process.with_context({}).with_options, process.with_context({}), {timeout = ("1h"):rep(100000)}))
    cases[4097], topics.t1025 = nil, nil
    list[#list + 1] = channel.select(cases, true).default
    return list
  end`);
  expect(got).toEqual([
    "Invalid: too many cases (limit 4,096)",
    "Invalid: too many topics (limit 1,024)",
    "Invalid: too many options (limit 1,024)",
    `Invalid: invalid duration format: ${"1h".repeat(7)}1`,
    `Invalid: invalid duration format: ${"1h".repeat(7)}1`,
    true,
  ]);
});

it("counts the names that a script registers, for whomever, until they are free [S2.59, S8.1, S8.7, S8.9, S1.14]", async () => {
  const got = await runLua(
    `return function()
      local list = {}
      local function text(i) return ("x"):rep(1000000) .. i end
      local function fill(pid)
        for i = 1, 1000 do
          local ok, err = process.registry.register(text(i), pid)
          if not ok then return i .. " " .. err:kind() .. ": " .. err:message() end
        end
      end
      list[1] = fill()
      list[2] = process.registry.register(text(1))
      process.registry.unregister(text(1))
      list[3] = process.registry.register(text(1))
      for i = 1, 66 do process.registry.unregister(text(i)) end
      local child = process.spawn("test:idle", "sim:processes")
      list[4] = fill(child)
      process.terminate(child)
      time.sleep("1s")
      list[5] = fill()
      return list
    end`,
    { modules: ["time"], prepare: withIdle },
  );
  const full = "67 RateLimited: too much data is under way";
  expect(got).toEqual([full, true, true, full, full]);
});

it("lets a script have 16,384 listeners, and as many names [S2.19, S2.59, S8.1]", async () => {
  const got = await runLua(`return function()
    local function most(claim)
      for i = 1, 20000 do
        local ok, err = claim("t" .. i)
        if not ok then return i .. " " .. err:kind() .. ": " .. err:message() end
      end
    end
    local list = { most(process.listen) }
    list[2] = process.listen("t1") ~= nil
    process.unlisten(process.listen("t2"))
    list[3] = process.listen("t2") ~= nil
    list[4] = most(process.registry.register)
    return list
  end`);
  expect(got).toEqual([
    "16385 RateLimited: too many listeners (limit 16,384)",
    true,
    true,
    expect.stringMatching(/^163\d\d RateLimited: too much data is under way$/),
  ]);
});

it("counts what a builder holds in the heap of its script, inherited context values too [S11.37]", async () => {
  const most = (give: string) => `
    local b = process.with_context({})
    for i = 1, 100 do
      local text = ("x"):rep(900000) .. i
      ${give}
    end
    return "all"`;
  const ends = { error: "memory limit exceeded", kind: "RateLimited" };
  await expect(runLua(`return function() ${most("b = b:with_message('t', text)")} end`)).rejects.toMatchObject({
    message: ends.error,
    kind: ends.kind,
  });
  await expect(runLua(`return function() ${most("b = b:with_context({['k' .. i] = text})")} end`)).rejects.toThrow(
    ends.error,
  );
  // Here each process adds one text, and its child the next.
  const generations = `return function(n)
    if n == 100 then return "all" end
    local text = ("x"):rep(900000) .. (n or 0)
    local value, err = process.with_context({["k" .. (n or 0)] = text}):exec("test:alone", "sim:processes", (n or 0) + 1)
    if err then error(err) end
    return value
  end`;
  await expect(runLua(generations)).rejects.toThrow(ends.error);
});

it("counts the messages that wait on the account of their senders, and no longer than they wait [S2.7, S2.53]", async () => {
  const got = await runLua(
    `return function()
      local self, list = process.pid(), {}
      local function fill()
        for i = 1, 1000 do
          local ok, err = process.send(self, "t", ("x"):rep(1000000) .. i)
          if not ok then return i .. " " .. err:kind() .. ": " .. err:message() .. " " .. tostring(err:retryable()) end
        end
      end
      list[1] = fill()
      list[2] = process.send(self, "small", 1)
      list[3] = process.send(self, "small", ("x"):rep(4000))
      list[4] = select(2, process.send(self, "t", { ("x"):rep(1000000) })):kind()
      local ch = process.listen("t")
      for i = 1, 67 do ch:receive() end
      list[5] = fill()
      local other = process.spawn("test:idle", "sim:processes")
      for i = 1, 67 do ch:receive() end
      for i = 1, 67 do assert(process.send(other, "t", ("x"):rep(1000000) .. i)) end
      list[6] = select(2, process.send(other, "t", ("x"):rep(1000000))):kind()
      process.terminate(other)
      time.sleep("1s")
      list[7] = process.send(self, "t", ("x"):rep(1000000))
      process.unlisten(ch)
      for i = 1, 3 do process.inbox():receive() end
      local sent = 0
      while process.send(self, "t", 1) do sent = sent + 1 end
      list[8] = sent > 200000 and sent < 262144
      return list
    end`,
    { modules: ["time"], prepare: withIdle },
  );
  const full = "68 RateLimited: too much data is under way true";
  expect(got).toEqual([full, true, true, "RateLimited", full, "RateLimited", true, true]);
});

it("counts what children have in their mailboxes and contexts on the account of who gave it [S2.59, S3.31]", async () => {
  const got = await runLua(
    `return function()
      local list, children = {}, {}
      local function most(builderOf)
        for i = 1, 1000 do
          local pid, err = builderOf(i):spawn("test:idle", "sim:processes")
          if not pid then return i .. " " .. err:kind() .. ": " .. err:message() end
          children[#children + 1] = pid
        end
      end
      local function finish()
        for _, pid in ipairs(children) do process.terminate(pid) end
        children = {}
        time.sleep("1s")
      end
      local function text(i) return ("x"):rep(1000000) .. i end
      local none = process.with_context({})
      list[1] = most(function(i) return none:with_message("t", text(i)) end)
      finish()
      list[2] = most(function(i) return none:with_context({ k = text(i) }) end)
      finish()
      local shared = none:with_context({ k = text("") })
      for i = 1, 200 do children[i] = assert(shared:spawn("test:idle", "sim:processes")) end
      finish()
      list[3] = most(function(i) return none:with_message("t", text(i)) end)
      return list
    end`,
    { modules: ["time"], prepare: withIdle },
  );
  const full = (at: number) => `${at} RateLimited: too much data is under way`;
  expect(got).toEqual([full(68), full(68), full(68)]);
});

it.each([
  ["keys of maps", `process.send(process.pid(), "t", { [text(i)] = 1 })`],
  ["messages of errors", `process.send(process.pid(), "t", errors.new { message = text(i) })`],
  ["bytes", `process.send(process.pid(), "t", text(i) .. "\\xff")`],
  ["topics", `process.send(process.pid(), text(i), 1)`],
])("counts %s of messages that wait [S2.58, S2.59]", async (_what, sends) => {
  const got = await runLua(`return function()
    local function text(i) return ("x"):rep(1000000) .. i end
    for i = 1, 100 do
      local ok, err = ${sends}
      if not ok then return { i, err:message() } end
    end
  end`);
  expect(got).toEqual([68, "too much data is under way"]);
});

it("counts what a builder has for topics, and an actor for its id and data [S7.8, S11.37]", async () => {
  const spent = (body: string) =>
    expect(
      runLua(
        `local security = require("security") return function()
          local kept, b = {}, process.with_context({})
          for i = 1, 100 do
            local text = ("x"):rep(900000) .. i
            ${body}
          end
        end`,
        { modules: ["security"] },
      ),
    ).rejects.toThrow("memory limit exceeded");
  await spent(`b = b:with_message(text, 1)`);
  await spent(`kept[i] = security.new_actor(text)`);
  await spent(`kept[i] = security.new_actor("a", { text = text })`);
});

it("takes a context of as many others put over each other as a heap has room for [S7.4]", async () => {
  const got = await runLua(
    `return function()
      local b = process.with_context({})
      for i = 1, 45000 do b = b:with_context({}) end
      return { (b:exec("test:child", "sim:processes")), (b:exec("test:child", "sim:processes")) }
    end`,
    { prepare: (sim) => defineLua(sim, "test:child", "return function() return 1 end") },
  );
  expect(got).toEqual([1, 1]);
});

it("counts an inherited context once, however many put values over it [S7.1, S7.4]", async () => {
  const got = await runLua(
    `return function()
      local parent = process.with_context({ doc = ("x"):rep(1000000) })
      return parent:exec("test:child", "sim:processes")
    end`,
    {
      prepare: (sim) => {
        withIdle(sim);
        defineLua(
          sim,
          "test:child",
          `return function()
            for i = 1, 100 do
              local pid, err = process.with_context({ id = i }):spawn("test:idle", "sim:processes")
              if not pid then return i .. " " .. err:message() end
            end
            return "all"
          end`,
        );
      },
    },
  );
  expect(got).toBe("all");
});
