/** What is Lua's own of SpawnBuilder: arguments that raise, and an actor that comes along (section 7). */
import { createActor, errors, type Process } from "beamish";
import { simulate } from "beamish/testing";
import { describe, expect, it } from "vitest";
import { RefusingGuard } from "../scenarios/refusal.ts";
import { defineLua } from "../support/lua.ts";

describe("a builder in Lua", () => {
  it.each([
    ["process.with_context()", "bad argument #1 to 'with_context' (table expected, got no value)"],
    ["process.with_context(nil)", "bad argument #1 to 'with_context' (table expected, got nil)"],
    ["process.with_context('text')", "bad argument #1 to 'with_context' (table expected, got string)"],
    ["process.with_context({1, 2})", "context values must be a table with string keys"],
    ["process.with_context({[5] = 1})", "context values must be a table with string keys"],
    ["process.with_context({a = 1, [2] = 2})", "context values must be a table with string keys"],
    ["process.with_context({f = {print}})", "context.f[1]: function cannot be sent"],
    ["b:with_context(nil)", "bad argument #1 to 'with_context' (table expected, got nil)"],
    ["b:with_actor()", "bad argument #1 to 'with_actor' (actor expected, got no value)"],
    ["b:with_actor(nil)", "bad argument #1 to 'with_actor' (actor expected, got nil)"],
    ["b:with_actor('ada')", "bad argument #1 to 'with_actor' (actor expected, got string)"],
    ["b:with_actor(b)", "bad argument #1 to 'with_actor' (actor expected, got spawn builder)"],
    ["b:with_scope()", "bad argument #1 to 'with_scope' (scope expected, got no value)"],
    ["b:with_scope({})", "bad argument #1 to 'with_scope' (scope expected, got table)"],
    ["b:with_name()", "bad argument #1 to 'with_name' (string expected, got no value)"],
    ["b:with_name(nil)", "bad argument #1 to 'with_name' (string expected, got nil)"],
    ["b:with_name({})", "bad argument #1 to 'with_name' (string expected, got table)"],
    ["b:with_message()", "bad argument #1 to 'with_message' (string expected, got no value)"],
    ["b:with_message({}, 1)", "bad argument #1 to 'with_message' (string expected, got table)"],
    ["b:with_message('t', 1, print)", "payload[2]: function cannot be sent"],
    ["b:with_options()", "bad argument #1 to 'with_options' (table expected, got no value)"],
    ["b:with_options('1s')", "bad argument #1 to 'with_options' (table expected, got string)"],
    ["b:with_options({timeout = {}})", "bad argument #1 to 'with_options' (duration expected, got table)"],
    ["b:with_options({timeout = true})", "bad argument #1 to 'with_options' (duration expected, got boolean)"],
    ["b:with_options({color = 'red'})", "option color is not supported"],
    ["b:spawn({}, 'sim:processes')", "bad argument #1 to 'spawn' (string expected, got table)"],
    ["b:exec('app:x', {})", "bad argument #2 to 'exec' (string expected, got table)"],
    ["b.with_name({}, 'x')", "bad argument #1 to 'with_name' (spawn builder expected, got table)"],
  ])("raises at %s, before any permission is looked at [S7.2, S7.12]", async (call, message) => {
    const guard = new RefusingGuard("*");
    await simulate(
      1,
      async (sim) => {
        defineLua(
          sim,
          "app:acting",
          `return function()
            local b = process.with_context({})
            local ok, err = pcall(function() ${call} end)
            return { ok, err:kind(), err:message() }
          end`,
        );
        expect(await sim.exec("app:acting")).toEqual([false, errors.INVALID, message]);
      },
      { guard },
    );
    expect(guard.asked).toEqual(["process.context context"]);
  });

  it("takes a number for a name and for a topic [S7.6, S7.8]", async () => {
    await simulate(1, async (sim) => {
      sim.define("app:child", async (process: Process) => [
        (await process.registry.lookup("12")) === process.pid(),
        (await process.inbox().receive())?.topic,
      ]);
      defineLua(
        sim,
        "app:acting",
        `return function()
          return process.with_context({}):with_name(12):with_message(7):exec("app:child", "sim:processes")
        end`,
      );
      expect(await sim.exec("app:acting")).toEqual([true, "7"]);
    });
  });

  it("gives its processes the caller's actor, and theirs, to any depth [S7.1]", async () => {
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      sim.define("app:child", async (process: Process) => {
        process.send(probe.pid, "actor", process.security.actor()?.id() ?? null, process.ctx.all());
      });
      defineLua(
        sim,
        "app:middle",
        `return function() process.with_context({ b = 2 }):spawn("app:child", "sim:processes") end`,
      );
      defineLua(
        sim,
        "app:acting",
        `return function() process.with_context({ a = 1 }):spawn("app:middle", "sim:processes") end`,
      );
      await sim.spawnWith({ actor: createActor("ada") }, "app:acting");
      await sim.settle();
      expect(probe.payloads("actor")).toEqual([["ada", { a: 1, b: 2 }]]);
    });
  });

  it("reads a timeout as a Duration too [S7.10]", async () => {
    await simulate(1, async (sim) => {
      defineLua(sim, "app:idle", `return function() process.inbox():receive() end`);
      defineLua(
        sim,
        "app:acting",
        `return function()
          local time = require("time")
          local since = time.now()
          local b = process.with_context({}):with_options({ timeout = time.parse_duration("1m30s") })
          local _, err = b:exec("app:idle", "sim:processes")
          return { err:message(), time.now():sub(since):string() }
        end`,
      );
      expect(await sim.exec("app:acting")).toEqual(["exec timeout", "1m30s"]);
    });
  });
});
