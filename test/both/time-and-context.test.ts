/** Time and context values, in both languages (S11.15-S11.24). */
import { describe, expect } from "vitest";
import { type Fact, facts } from "../support/facts.ts";

const kindOf = (cause: any) => cause?.kind ?? "?";

const time: readonly Fact[] = [
  {
    title: "a sleep stops only the coroutine that sleeps, and is never too short [both S11.15, S11.16, S11.22]",
    when: {
      lua: `
        return function()
          local log = {}
          coroutine.spawn(function() time.sleep("1m30s") log[#log + 1] = "long" end)
          coroutine.spawn(function() time.sleep("300ms") log[#log + 1] = "short" end)
          log[#log + 1] = "none"
          time.sleep(0) time.sleep(-5) time.sleep("-1h")
          log[#log + 1] = "zero"
          time.sleep("2m")
          return log
        end`,
      typescript: async (process) => {
        const log: string[] = [];
        process.go(async () => {
          await process.sleep("1m30s");
          log.push("long");
        });
        process.go(async () => {
          await process.sleep("300ms");
          log.push("short");
        });
        log.push("none");
        for (const none of [0, -5, "-1h"]) await process.sleep(none);
        log.push("zero");
        await process.sleep("2m");
        return log;
      },
    },
    then: (outcome, sim) => {
      expect(outcome).toEqual({ value: ["none", "zero", "short", "long"] });
      expect(sim.nowMs).toBe(120_000);
    },
  },
  {
    title: "after gives one moment, and then its channel is closed [both S11.17]",
    when: {
      lua: `
        return function()
          local ch = time.after("5s")
          local early = channel.select({ch:case_receive()}, true)
          local moment, ok = ch:receive()
          local nothing, still = ch:receive()
          return {early.default, moment, ok, nothing == nil, still}
        end`,
      typescript: async (process) => {
        const ch = process.after("5s");
        const early = await process.select([ch.caseReceive()], { default: true });
        const moment = await ch.receive();
        return [early.default, moment, true, (await ch.receive()) === undefined, false];
      },
    },
    then: (outcome, sim) => {
      expect(outcome).toEqual({ value: [true, new Date(sim.unixMs), true, true, false] });
      expect(sim.nowMs).toBe(5_000);
    },
  },
  {
    title: "a timer can be stopped and started anew, and tells whether it ran [both S11.18]",
    when: {
      lua: `
        return function()
          local timer = time.timer("5s")
          time.sleep("4s")
          local log = {timer:reset("5s"), timer:stop(), timer:stop(), timer:reset("3s")}
          local moment, ok = timer:channel():receive()
          log[#log + 1] = ok
          log[#log + 1] = moment
          log[#log + 1] = timer:stop()
          log[#log + 1] = timer:reset("1s")
          moment, ok = timer:channel():receive()
          log[#log + 1] = ok
          return log
        end`,
      typescript: async (process) => {
        const timer = process.timer("5s");
        await process.sleep("4s");
        const log: unknown[] = [timer.reset("5s"), timer.stop(), timer.stop(), timer.reset("3s")];
        const moment = await timer.channel().receive();
        log.push(moment !== undefined, moment, timer.stop(), timer.reset("1s"));
        log.push((await timer.channel().receive()) !== undefined);
        return log;
      },
    },
    then: (outcome, sim) => {
      const rung = new Date(sim.unixMs - 1_000);
      expect(outcome).toEqual({ value: [true, true, false, false, true, rung, false, false, true] });
      expect(sim.nowMs).toBe(8_000);
    },
  },
  {
    title: "a bad duration in reset is refused, and the timer runs on [both S11.18]",
    when: {
      lua: `
        return function()
          local timer, kinds = time.timer("5s"), {}
          for i, d in ipairs{"soon", 0, -1} do kinds[i] = select(2, pcall(timer.reset, timer, d)):kind() end
          return {kinds, timer:stop()}
        end`,
      typescript: async (process) => {
        const timer = process.timer("5s");
        const kinds = ["soon", 0, -1].map((d) => {
          try {
            return timer.reset(d);
          } catch (cause) {
            return kindOf(cause);
          }
        });
        return [kinds, timer.stop()];
      },
    },
    then: [["Invalid", "Invalid", "Invalid"], true],
  },
  {
    title: "a ticker keeps 16 moments for a slow reader, and closes when it is stopped [both S11.19]",
    when: {
      lua: `
        return function()
          local ticker = time.ticker("1s")
          time.sleep("1m500ms")
          local kept = 0
          while not channel.select({ticker:channel():case_receive()}, true).default do kept = kept + 1 end
          local _, ok = ticker:channel():receive()
          local stopped = ticker:stop()
          local nothing, closed = ticker:channel():receive()
          return {kept, ok, stopped, nothing == nil, closed}
        end`,
      typescript: async (process) => {
        const ticker = process.ticker("1s");
        await process.sleep("1m500ms");
        let kept = 0;
        while (!(await process.select([ticker.channel().caseReceive()], { default: true })).default) kept++;
        const ok = (await ticker.channel().receive()) !== undefined;
        const stopped = ticker.stop();
        return [kept, ok, stopped, (await ticker.channel().receive()) === undefined, false];
      },
    },
    then: (outcome, sim) => {
      expect(outcome).toEqual({ value: [16, true, true, true, false] });
      expect(sim.nowMs).toBe(61_000);
    },
  },
  {
    title: "durations that cannot be read are INVALID, and so is nothing to wait for [both S11.20, S12.16]",
    when: {
      lua: `
        return function()
          local kinds = {}
          local function refused(fn, d)
            local result, err = time[fn](d)
            assert(result == nil)
            kinds[#kinds + 1] = err:kind()
          end
          for _, fn in ipairs{"after", "timer", "ticker"} do
            for _, d in ipairs{0, -5, "-5s", "soon"} do refused(fn, d) end
          end
          for _, d in ipairs{"soon", "", "5", "1,5s"} do refused("sleep", d) end
          return kinds
        end`,
      typescript: async (process) => {
        const kinds: string[] = [];
        for (const fn of ["after", "timer", "ticker"]) {
          for (const d of [0, -5, "-5s", "soon"]) {
            try {
              process[fn](d);
            } catch (cause) {
              kinds.push(kindOf(cause));
            }
          }
        }
        for (const d of ["soon", "", "5", "1,5s"])
          await process.sleep(d).catch((cause: any) => kinds.push(kindOf(cause)));
        return kinds;
      },
    },
    then: new Array(16).fill("Invalid"),
  },
  {
    title: "timers die with their process, and on an upgrade [both S11.22]",
    given: {
      "test:upgrading": {
        lua: `
          return function(again)
            if again then time.sleep("1s") return "upgraded" end
            coroutine.spawn(function() time.sleep("1m") process.send("watcher", "rang") end)
            time.ticker("1ms") time.after("1h") time.timer("1h")
            process.upgrade(nil, true)
          end`,
        typescript: async (process, again) => {
          if (again) {
            await process.sleep("1s");
            return "upgraded";
          }
          process.go(async () => {
            await process.sleep("1m");
            process.send("watcher", "rang");
          });
          process.ticker("1ms");
          process.after("1h");
          process.timer("1h");
          return process.upgrade(null, true);
        },
      },
    },
    when: {
      lua: `
        return function()
          process.registry.register("watcher")
          local value = process.exec("test:upgrading", "sim:processes")
          time.sleep("2h")
          return {value, channel.select({process.inbox():case_receive()}, true).default}
        end`,
      typescript: async (process) => {
        await process.registry.register("watcher");
        const value = await process.exec("test:upgrading", "sim:processes");
        await process.sleep("2h");
        return [value, (await process.select([process.inbox().caseReceive()], { default: true })).default];
      },
    },
    then: ["upgraded", true],
  },
];

const READER = {
  lua: `
    return function()
      local none, err = ctx.get("other")
      local empty, bad = ctx.get("")
      local all = ctx.all()
      all.user = "changed"
      all.more = true
      return {ctx.get("user"), none == nil, err:kind(), err:message(), empty == nil, bad:kind(), bad:message(), ctx.all()}
    end`,
  typescript: async ({ ctx }: any) => {
    const refusals = ["other", ""].map((key) => {
      try {
        return ctx.get(key);
      } catch (cause: any) {
        return [true, cause.kind, cause.message];
      }
    });
    const all = ctx.all();
    Object.assign(all, { user: "changed", more: true });
    return [ctx.get("user"), ...refusals.flat(), ctx.all()];
  },
};

const contexts: readonly Fact[] = [
  {
    title: "context values are read by key; unknown and empty keys are refused [both S11.23, S11.24]",
    given: { "test:reader": READER },
    when: {
      lua: `
        return function()
          return process.with_context{user = "ann", n = 5}:exec("test:reader", "sim:processes")
        end`,
      typescript: (process) => process.withContext({ user: "ann", n: 5 }).exec("test:reader", "sim:processes"),
    },
    then: [
      "ann",
      ...[true, "NotFound", "key not found: other"],
      ...[true, "Invalid", "empty key"],
      { user: "ann", n: 5 },
    ],
  },
  {
    title: "a process without context values has none [both S11.24]",
    when: {
      lua: `return function() return next(ctx.all()) == nil end`,
      typescript: ({ ctx }) => Object.keys(ctx.all()).length === 0,
    },
    then: true,
  },
];

describe("time", () => facts(time));
describe("context values", () => facts(contexts));
