/** `process.serve` in Lua, where it differs from TypeScript or where its coroutines could be noticed (S11.38). */
import { describe, expect, it } from "vitest";
import { SeededRandom, simulate } from "../../src/testing/index.ts";
import { endsOf } from "../support/ends.ts";
import { defineLua, luaEngine } from "../support/lua.ts";
import { runLua } from "../support/running-lua.ts";
import { ofTopics, sendByTopics } from "../support/sent-by-topics.ts";

describe("serve", () => {
  it("refuses what is no handler, naming its place [S11.38, S12.11]", async () => {
    const got = await runLua(`return function()
      local list = {}
      for i, wrong in ipairs{5, "t", {t = 5}, {[1] = function() end}, {["@other"] = function() end}, {[""] = function() end}} do
        local ok, value, err = pcall(process.serve, wrong)
        list[i] = ok and {value == nil, err:kind()} or {false, value:kind(), value:message():sub(1, 26)}
      end
      return list
    end`);
    const raised = [false, "Invalid", "bad argument #1 to 'serve'"];
    expect(got).toEqual([raised, raised, raised, raised, [true, "Invalid"], [true, "Invalid"]]);
  });

  // What is sent for the second time goes a quicker way than what has not been seen yet, and plain payloads another than others.
  it("hands on what was sent, of whatever kind and however often, to both sorts of handlers [S11.38, S2.57]", async () => {
    const got = await runLua(`return function()
      local self, wrong = process.pid(), {}
      local values = {
        0, 1, -1, 2147483647, -2147483648, 2147483648, -2147483649, math.maxinteger, math.mininteger, 0.0, -0.0, 1.5, 2.0,
        true, false, "", "t", "other", ("long"):rep(50), self, "\\0\\255", {5},
      }
      local function same(a, b)
        if type(a) == "table" then return type(b) == "table" and a[1] == b[1] end
        return math.type(a) == math.type(b) and a == b and (a ~= 0 or 1 / a == 1 / b)
      end
      local n, round = 0, 0
      local function take(payload, msg)
        n = n + 1
        local expected = values[(n - 1) % (#values + 2) + 1]
        if not same(payload, expected) or msg:topic() ~= "t" or msg:from() ~= self or not same(msg:payload(), payload) then
          wrong[#wrong + 1] = tostring(expected)
        end
        if n == 3 * (#values + 2) then return process.done() end
      end
      local function send()
        for _ = 1, 3 do
          for _, v in ipairs(values) do assert(process.send(self, "t", v)) end
          assert(process.send(self, "t"))
          assert(process.send(self, "t", nil))
        end
      end
      send()
      process.serve{t = take}
      local by_topic = n
      n = 0
      process.unlisten(process.listen("t"))
      send()
      process.serve(function(msg) return take(msg:payload(), msg) end)
      return {by_topic, n, #values, wrong}
    end`);
    expect(got).toEqual([72, 72, 22, {}]);
  });

  it("tells the numbers of TypeScript apart, and values that have no place in the heap [S11.38, S2.57]", async () => {
    await simulate(1, async (sim) => {
      defineLua(
        sim,
        "app:serves",
        `return function()
          local log = {}
          return process.serve(function(msg)
            if msg:topic() == "end" then return process.done(table.concat(log, " ")) end
            local v = msg:payload()
            log[#log + 1] = tostring(v) .. (msg:from() == nil and "" or "!")
          end)
        end`,
      );
      const ends = endsOf(sim);
      const pid = await sim.spawn("app:serves");
      for (const value of [0, -0, 7, -7, 2 ** 31, 0.5, true, false, null]) sim.send(pid, "t", value);
      sim.send(pid, "end");
      await sim.settle();
      expect(ends.get(pid)).toEqual({ value: "0 -0.0 7 -7 2147483648 0.5 true false nil" });
    });
  });

  it("tells a topic of few characters and many bytes as it was sent, again and again [S2.35]", async () => {
    const got = await runLua(`return function()
      local self, topic, n = process.pid(), ("中"):rep(14), 0
      for _ = 1, 3 do process.send(self, topic, topic) end
      return process.serve(function(msg)
        n = n + 1
        if n == 3 then return process.done({#msg:topic(), msg:topic() == topic, msg:payload() == topic, ({[topic] = 1})[msg:topic()]}) end
      end)
    end`);
    expect(got).toEqual([42, true, true, 1]);
  });

  it("tells the topic of a message though it was forgotten, freed and overwritten since the last one [S2.35]", async () => {
    const got = await runLua(`return function()
      local self, log, kept = process.pid(), {}, {}
      process.send(self, "same " .. "topic")
      process.serve(function(msg)
        log[#log + 1] = msg:topic():sub(3) -- the topic itself would live on in the list
        if #log == 5 then return process.done() end
        msg = nil
        for i = 1, 3000 do process.send("nobody", "other " .. i) end
        for i = 1, 30000 do kept[#kept + 1] = "kept " .. #kept end
        process.send(self, "same " .. "topic")
      end)
      return log
    end`);
    expect(got).toEqual(Array(5).fill("me topic"));
  });

  it("catches an error of a handler by a pcall around it, with its place and its value [S11.38]", async () => {
    const got = await runLua(`return function()
      local self = process.pid()
      local function served(handler)
        process.send(self, "t")
        return {pcall(process.serve, handler)}
      end
      local value = {}
      local ok, same = table.unpack(served(function() error(value) end))
      return {
        served(function() local t = nil; return t.x end),
        served(function() time.sleep("1ms") error("late") end),
        served(function() error() end),
        {ok, same == value},
      }
    end`);
    expect(got).toEqual([
      [false, "alone.lua:10: attempt to index a nil value (local 't')"],
      [false, "alone.lua:11: late"],
      [false],
      [false, true],
    ]);
  });

  it("closes the pending variables of a handler that fails before anybody learns of it [S11.38, S11.25]", async () => {
    const got = await runLua(`return function()
      local log = {}
      local function closing(name)
        return setmetatable({}, {__close = function(_, err) log[#log + 1] = name .. ": " .. err end})
      end
      process.send(process.pid(), "t")
      local _, err = pcall(process.serve, function()
        local outer <close> = closing("outer")
        local inner <close> = closing("inner")
        time.sleep("1ms")
        error("bad", 0)
      end)
      log[#log + 1] = "caught: " .. err
      return log
    end`);
    expect(got).toEqual(["inner: bad", "outer: bad", "caught: bad"]);
  });

  it("goes on after errors that a handler catches itself [S11.38]", async () => {
    const got = await runLua(`return function()
      for i = 1, 3 do process.send(process.pid(), "t", i) end
      local count = 0
      return process.serve{t = function(n)
        pcall(function() time.sleep("1ms") error("caught") end)
        count = count + 1
        if n == 3 then return process.done(count) end
      end}
    end`);
    expect(got).toBe(3);
  });

  it("may be called inside user coroutines, pcall and metamethods, and hands over any value [S11.38, S11.13]", async () => {
    const got = await runLua(`return function()
      local thing = {f = print}
      local function serve()
        process.send(process.pid(), "t")
        return process.serve(function() return process.done(thing) end)
      end
      local _, caught = pcall(serve)
      return {
        coroutine.wrap(serve)() == thing,
        caught == thing,
        setmetatable({}, {__index = serve}).x == thing,
        setmetatable({}, {__call = function() return coroutine.wrap(serve)() end})() == thing,
      }
    end`);
    expect(got).toEqual([true, true, true, true]);
  });

  it("lets two coroutines serve different topics at the same time [S11.38, S11.11]", async () => {
    const got = await runLua(`return function()
      local ch, log = channel.new(), {}
      for _, topic in ipairs{"a", "b"} do
        coroutine.spawn(function()
          ch:send(process.serve{[topic] = function(n)
            time.sleep("1ms")
            log[#log + 1] = topic .. n
            if n == 2 then return process.done(topic) end
          end})
        end)
      end
      time.sleep("1ms")
      for i = 1, 2 do process.send(process.pid(), "a", i) process.send(process.pid(), "b", i) end
      local ended = {(ch:receive()), (ch:receive())}
      table.sort(ended) table.sort(log)
      return {ended, log}
    end`);
    expect(got).toEqual([
      ["a", "b"],
      ["a1", "a2", "b1", "b2"],
    ]);
  });

  it("ends when somebody closes what it serves [S11.38, S2.31]", async () => {
    const got = await runLua(`return function()
      coroutine.spawn(function() time.sleep("1ms") process.unlisten(process.inbox()) end)
      return {process.serve(function() end) == nil, "on"}
    end`);
    expect(got).toEqual([true, "on"]);
  });

  it("serves thousands of messages without a wait, and others have their turns [S11.38, S11.32]", async () => {
    const got = await runLua(`return function()
      local sum = 0
      for i = 1, 5000 do process.send(process.pid(), "n", i) end
      process.send(process.pid(), "end")
      return process.serve{n = function(n) sum = sum + n end, ["end"] = function() return process.done(sum) end}
    end`);
    expect(got).toBe(12_502_500);
  });

  it("does not change when the table it was given changes [S11.38]", async () => {
    const got = await runLua(`return function()
      local handlers = {}
      function handlers.t(n)
        handlers.t = function() error("not me") end
        if n == 2 then return process.done("the first") end
      end
      process.send(process.pid(), "t", 1) process.send(process.pid(), "t", 2)
      return process.serve(handlers)
    end`);
    expect(got).toBe("the first");
  });

  it("is over when a handler upgrades; what waits is for the new code [S11.38, S9.1]", async () => {
    const got = await runLua(`return function(again)
      if again then return {again, (process.listen("next"):receive())} end
      process.send(process.pid(), "go") process.send(process.pid(), "next", "kept")
      process.serve{go = function() process.upgrade(nil, "again") end}
    end`);
    expect(got).toEqual(["again", "kept"]);
  });
});

it("takes all that is sent by topics in its order, and keeps nothing from other coroutines [S2.28, S11.38, S15.6]", async () => {
  for (let seed = 1; seed <= 30; seed++) {
    const random = new SeededRandom(seed);
    let sent: string[] = [];
    const printed: string[] = [];
    await simulate(seed, async (sim) => {
      luaEngine(sim, { slicing: { sliceInstructions: seed % 3 === 0 ? 300 : 100_000 } });
      sim.watchNotices((notice) => {
        if (notice.kind === "printed") printed.push(notice.text);
      });
      defineLua(
        sim,
        "test:serving",
        `return function()
          coroutine.spawn(function()
            local heard = process.listen("c")
            while true do print("heard c" .. heard:receive()) end
          end)
          process.serve {
            a = function(n) print("served a" .. n) end,
            b = function(n) if n % 3 == 0 then time.sleep("1ms") end print("served b" .. n) end,
            ["@events"] = function() end,
            ["end"] = function() return process.done() end,
          }
          local inbox = process.inbox()
          while true do
            local message = inbox:receive()
            print("left " .. message:topic() .. message:payload())
          end
        end`,
        { modules: ["time"] },
      );
      const pid = await sim.spawn("test:serving");
      sent = await sendByTopics(sim, pid, random);
      sim.send(pid, "end");
      await sim.advance(100);
      sim.terminate(pid);
      await sim.settle();
    });
    const by = (how: string) => printed.filter((text) => text.startsWith(how)).map((text) => text.slice(how.length));
    expect(by("served "), `seed ${seed}`).toEqual(ofTopics(sent, "ab"));
    expect(by("heard "), `seed ${seed}`).toEqual(ofTopics(sent, "c"));
    expect(by("left "), `seed ${seed}`).toEqual(ofTopics(sent, "d"));
  }
});
