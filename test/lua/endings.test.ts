/** How Lua processes end: what main returns or raises, and what ends them from outside (S4.3–S4.22). */
import { errors, type Process, ProcessError } from "beamish";
import { type Simulation, simulate } from "beamish/testing";
import { describe, expect, it } from "vitest";
import { defineLua } from "../support/lua.ts";
import { PLACES } from "../support/places.ts";

const HOST = "sim:processes";

/** How a Lua process ends, as a process in Lua that monitors it finds in its EXIT. */
async function endOf(source: string, prepare: (sim: Simulation) => void = () => {}): Promise<unknown> {
  let result: unknown;
  await simulate(1, async (sim) => {
    prepare(sim);
    defineLua(sim, "app:ends", source);
    defineLua(
      sim,
      "app:watches",
      `return function()
        process.spawn_monitored("app:ends", "${HOST}")
        return process.events():receive().result
      end`,
    );
    result = await sim.exec("app:watches");
  });
  return result;
}

const text = (error: string, kind: string = errors.INTERNAL) => ({ error, kind });

describe("the result of a main that returns", () => {
  it.each([
    ["a value", `return 5`, { value: 5 }],
    ["a table, copied", `return { a = { 1, 2 } }`, { value: { a: [1, 2] } }],
    ["false", `return false`, { value: false }],
    ["a text alone", `return "text"`, { value: "text" }],
    ["an error object alone, which is a value", `return (errors.new("first")) ~= nil`, { value: true }],
  ])("%s is that value [S4.3]", async (_, body, result) => {
    expect(await endOf(`return function() ${body} end`)).toEqual(result);
  });

  it.each([["return"], [""], ["return nil"], ["return nil, nil"]])(
    "nothing, as in '%s', is no value and no error [S4.4, S4.2]",
    async (body) => {
      expect(await endOf(`return function() ${body} end`)).toEqual({});
    },
  );

  it.each([
    ["nil", `return 5, nil`],
    ["a boolean", `return 5, true`],
    ["a number", `return 5, 42`],
    ["a table", `return 5, { message = "not an error" }`],
    ["a table and more", `return 5, {}, "text", errors.new("late")`],
    ["nil and an error further on", `return 5, nil, errors.new("late")`],
  ])("a value and %s is that value [S4.5]", async (_, body) => {
    expect(await endOf(`return function() ${body} end`)).toEqual({ value: 5 });
  });

  it.each([
    ["nil", `return nil, "failed"`],
    ["a value", `return 5, "failed"`],
    ["what cannot be sent", `return print, "failed", 3`],
  ])("%s and a text is a failure with that text [S4.6]", async (_, body) => {
    expect(await endOf(`return function() ${body} end`)).toEqual(text("failed"));
  });

  it("a text that is a number's is a text, and one that is empty too [S4.6]", async () => {
    expect(await endOf(`return function() return nil, "42" end`)).toEqual(text("42"));
    expect(await endOf(`return function() return 1, "" end`)).toEqual(text(""));
  });

  it.each([["nil"], ["5"]])(
    "%s and an error object is that error: kind, retryable and details [S4.7]",
    async (value) => {
      const source = `return function()
      return ${value}, errors.new{message = "busy", kind = errors.UNAVAILABLE, retryable = true, details = {n = 1}}
    end`;
      expect(await endOf(source)).toEqual({ error: "busy", kind: "Unavailable", retryable: true, details: { n: 1 } });
    },
  );

  it("the nil and error of a failed call is that error [S4.7]", async () => {
    expect(await endOf(`return function() return process.send("nobody", "topic") end`)).toMatchObject(
      text("could not resolve 'nobody' as PID or registered name", errors.NOT_FOUND),
    );
  });

  it.each([
    ["a function", `return print`, "result: function cannot be sent"],
    ["a function within", `return { list = { 1, { print } } }`, "result.list[2][1]: function cannot be sent"],
    ["a channel", `return { ch = channel.new() }`, "result.ch: channel cannot be sent"],
    ["a coroutine", `return coroutine.create(print)`, "result: coroutine cannot be sent"],
    ["a key that is a table", `return { [{}] = 1 }`, "result: map key table cannot be sent"],
  ])("%s that cannot be copied is a failure [S4.13]", async (_, body, message) => {
    expect(await endOf(`return function() ${body} end`)).toEqual(text(message, errors.INVALID));
  });
});

describe("the result of an error nobody catches", () => {
  it.each([
    ["a text, with the position Lua adds", `error("broken")`, "ends.lua:1: broken"],
    ["a text without a position", `error("broken", 0)`, "broken"],
    ["an error of Lua itself", `local t = nil; t.x = 1`, "ends.lua:1: attempt to index a nil value (local 't')"],
    ["a number", `error(42)`, "42"],
    ["nil", `error(nil)`, "nil"],
    ["a boolean", `error(false)`, "false"],
    ["a table with __tostring", `error(setmetatable({}, {__tostring = function() return "shown" end}))`, "shown"],
  ])("%s [S4.8]", async (_, body, message) => {
    expect(await endOf(`return function() ${body} end`)).toEqual(text(message));
    const spawned = `return function() coroutine.spawn(function() ${body} end) channel.new():receive() end`;
    expect(await endOf(spawned)).toEqual(text(message));
  });

  it("a table is its tostring [S4.8]", async () => {
    expect(await endOf(`return function() error({}) end`)).toMatchObject({
      error: expect.stringMatching(/^table: 0x/),
    });
  });

  it("an error object is that error, also from a coroutine [S4.8, S4.7]", async () => {
    const raise = `error(errors.new{message = "gone", kind = errors.CONFLICT, retryable = false, details = {n = 1}})`;
    const result = { error: "gone", kind: "Conflict", retryable: false, details: { n: 1 } };
    expect(await endOf(`return function() ${raise} end`)).toEqual(result);
    expect(
      await endOf(`return function() coroutine.spawn(function() ${raise} end) channel.new():receive() end`),
    ).toEqual(result);
    expect(await endOf(`return function() coroutine.wrap(function() ${raise} end)() end`)).toEqual(result);
  });

  it.each([
    ["fails", `error("within")`],
    ["never ends", `while true do end`],
    ["waits", `process.inbox():receive()`],
    ["answers no text", `return 5`],
    ["terminates", `process.terminate(process.pid())`],
  ])("a value whose __tostring %s is an end like any other [S4.8, S4.1]", async (_, body) => {
    const source = `return function() error(setmetatable({}, {__tostring = function() ${body} end})) end`;
    expect(await endOf(source)).toMatchObject({ error: expect.any(String), kind: errors.INTERNAL });
  });
});

describe("ends of processes in TypeScript, seen from Lua", () => {
  it.each([
    ["a value", async () => ({ a: 1 }), { value: { a: 1 } }],
    ["nothing", async () => {}, {}],
    ["an Error", async () => Promise.reject(new TypeError("wrong")), text("wrong")],
    ["another value", async () => Promise.reject(42), text("42")],
    [
      "a ProcessError",
      async () => Promise.reject(new ProcessError({ message: "busy", kind: errors.UNAVAILABLE, retryable: true })),
      { error: "busy", kind: "Unavailable", retryable: true },
    ],
  ])("%s [S4.16]", async (_, main: (process: Process) => Promise<unknown>, result) => {
    await simulate(1, async (sim) => {
      sim.define("app:ends", main);
      defineLua(
        sim,
        "app:watches",
        `return function()
          process.spawn_monitored("app:ends", "${HOST}")
          return process.events():receive().result
        end`,
      );
      expect(await sim.exec("app:watches")).toEqual(result);
    });
  });
});

describe("terminate of oneself", () => {
  it.each(Object.entries(PLACES))(
    "from %s never returns, and nothing runs after it [S4.22, S4.20]",
    async (_, place) => {
      await simulate(1, async (sim) => {
        const probe = await sim.probe();
        defineLua(
          sim,
          "app:suicide",
          `return function(watcher)
          local function after() process.send(watcher, "after") end
          local function act() process.terminate(process.pid()) after() end
          ${place}
          after()
          channel.new():receive()
        end`,
        );
        const pid = await probe.process.spawnMonitored("app:suicide", HOST, probe.pid);
        await sim.advance("1s");
        expect(probe.events).toMatchObject([{ from: pid, result: text("process terminated") }]);
        expect(probe.messages).toEqual([]);
      });
    },
  );
});

/** More turns than any of these takes: one that goes on for ever fails instead of hanging. */
const TURNS = { maxTurns: 5_000 };

/** Programs that never wait. */
const BUSY: Record<string, string> = {
  "an empty loop": `while true do end`,
  "a loop of pcall": `while true do pcall(error, "x") end`,
  "a pcall around a loop, for ever": `while true do pcall(function() while true do end end) end`,
  "a coroutine": `coroutine.wrap(function() while true do end end)()`,
  "a spawned coroutine": `coroutine.spawn(function() while true do end end) channel.new():receive()`,
  "a metamethod": `local t = setmetatable({}, {__index = function() while true do end end}) local _ = t.x`,
  "recursion without bounds, caught": `while true do pcall(function() local function f() return 1 + f() end f() end) end`,
  "tail calls": `local function f() return f() end f()`,
  goto: `::again:: goto again`,
  "sending to itself": `while true do process.send("nobody", "t") end`,
  "an endless comparator, caught": `while true do pcall(table.sort, {3, 2, 1}, function() while true do end end) end`,
  "a handler of an endless error": `while true do xpcall(error, function() while true do end end) end`,
  "what is closed": `while true do
    pcall(function() local c <close> = setmetatable({}, {__close = function() while true do end end}) end)
  end`,
};

describe("a Lua process that never waits", () => {
  it.each(Object.entries(BUSY))(
    "in %s is ended by terminate, and others have their turns [S4.21, S4.20]",
    async (_, body) => {
      await simulate(1, async (sim) => {
        defineLua(sim, "app:busy", `return function(parent) process.send(parent, "running") ${body} end`);
        defineLua(sim, "app:other", `return function() return "had its turn" end`);
        defineLua(
          sim,
          "app:parent",
          `return function()
          local pid = process.spawn_monitored("app:busy", "${HOST}", process.pid())
          local running = process.inbox():receive():topic()
          local other = process.exec("app:other", "${HOST}")
          local ordered = process.terminate(pid)
          return { running, other, ordered, process.events():receive().result.error }
        end`,
        );
        expect(await sim.exec("app:parent")).toEqual(["running", "had its turn", true, "process terminated"]);
      });
    },
  );

  it("falls with a process it is linked to [S4.11, S4.21]", async () => {
    await simulate(
      1,
      async (sim) => {
        defineLua(
          sim,
          "app:busy",
          `return function(peer, parent)
          process.link(peer)
          process.send(parent, "running")
          while true do pcall(error) end
        end`,
        );
        defineLua(
          sim,
          "app:parent",
          `return function()
          local peer = process.spawn("app:idle", "${HOST}")
          process.spawn_monitored("app:busy", "${HOST}", peer, process.pid())
          process.inbox():receive()
          process.terminate(peer)
          return process.events():receive().result.error
        end`,
        );
        defineLua(sim, "app:idle", `return function() process.inbox():receive() end`);
        expect(await sim.exec("app:parent")).toBe("linked process failed");
      },
      TURNS,
    );
  });
});
