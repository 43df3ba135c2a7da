/** However many processes there have been and however they have ended, nothing of them is left (S11.35–S11.37). */
import { describe, expect, it } from "vitest";
import type { Isolate } from "../../src/engines/lua/isolate.ts";
import { REGISTRY } from "../../src/engines/lua/vm.ts";
import type { ProcessError } from "../../src/index.ts";
import { BareIsland } from "../support/bare-island.ts";

/** What the engine holds, when what is garbage has been collected. */
interface Holdings {
  readonly heapBytes: number;
  readonly isolates: number;
  readonly processes: number;
  readonly functions: number;
  readonly objects: number;
  readonly references: number;
  readonly memoryBytes: number;
}

function collect({ vm, heap, metatables }: Isolate): void {
  // The second time takes what finalizers have let go.
  for (let round = 0; round < 2; round++) {
    vm.use(heap);
    vm.getReference(heap.L, metatables.collect);
    vm.api.lua_callk(heap.L, 0, 0, 0, 0);
  }
}

/** How many values the registry refers to. */
function referencesIn({ vm, heap }: Isolate): number {
  let count = 0;
  vm.api.lua_pushvalue(heap.L, REGISTRY);
  vm.api.lua_pushnil(heap.L);
  while (vm.api.lua_next(heap.L, -2) !== 0) {
    // Free places refer to one another by number.
    if (vm.api.lua_type(heap.L, -1) !== 3) count++;
    vm.pop(heap.L, 1);
  }
  vm.pop(heap.L, 1);
  return count;
}

function holdings({ engine }: BareIsland): Holdings {
  const { all, footprint } = engine.isolates;
  for (const isolate of all) collect(isolate);
  const sum = (of: (isolate: Isolate) => number) => all.reduce((total, isolate) => total + of(isolate), 0);
  return {
    heapBytes: sum(({ vm, heap }) => vm.usedBytes(heap)),
    isolates: all.length,
    processes: sum(({ processes }) => processes),
    functions: footprint.functions,
    objects: all[0]?.objects.size ?? 0,
    references: sum(referencesIn),
    memoryBytes: footprint.memoryBytes,
  };
}

/** What it holds is what it held. The registry's and the names' own tables may have grown once. */
function expectNothingLeft(island: BareIsland, before: Holdings, slackBytes = 24_000): void {
  const { heapBytes, memoryBytes, ...counts } = holdings(island);
  const { heapBytes: heapBytesBefore, memoryBytes: memoryBytesBefore, ...countsBefore } = before;
  expect(counts).toEqual(countsBefore);
  expect(heapBytes).toBeLessThan(heapBytesBefore + slackBytes);
  expect(memoryBytes).toBe(memoryBytesBefore);
}

/** Does something until the memory has the size that it needs, and then so many times more. */
function again(island: BareIsland, warmUp: number, times: number, act: (n: number) => void): void {
  for (let n = 0; n < warmUp; n++) act(n);
  island.run();
  const before = holdings(island);
  for (let n = 0; n < times; n++) act(n);
  island.run();
  expectNothingLeft(island, before);
}

function failure(act: () => unknown): string {
  try {
    act();
  } catch (cause) {
    return (cause as ProcessError).message;
  }
  return "it has not failed";
}

describe("nothing is left", () => {
  it("of 100,000 processes that were spawned and ended [S11.35]", () => {
    const island = new BareIsland();
    island.define("app:child", `return function(n) return { n } end`);
    island.define(
      "app:parent",
      `return function(count)
        for n = 1, count do
          process.spawn("app:child", "bare:processes", n)
          if n % 100 == 0 then require("time").sleep("1ms") end
        end
      end`,
    );
    again(island, 2, 10, () => island.exec("app:parent", 10_000));
  }, 60_000);

  it("of processes that end with more coroutines than are let go at once [S11.11, S11.35]", () => {
    const island = new BareIsland();
    island.define(
      "app:many",
      `return function(stays)
        if stays then process.inbox():receive() end
        for _ = 1, 10000 do coroutine.spawn(function() channel.new():receive() end) end
        require("time").sleep("1ms")
      end`,
    );
    // So that the heap is not given back whole.
    island.spawn("app:many", [true]);
    again(island, 2, 4, () => island.exec("app:many", false));
  }, 60_000);

  it("of 1,000 endless loops that were terminated, or whose deadline or link ended them [S4.21, S11.32]", () => {
    const island = new BareIsland();
    island.define("app:loop", `return function() local t = {} while true do t[1] = {} end end`);
    island.define("app:failing", `return function() require("time").sleep("1ms") error("down") end`);
    island.define(
      "app:linked",
      `return function()
        process.spawn_linked("app:failing", "bare:processes")
        while true do pcall(function() while true do end end) end
      end`,
    );
    const ways = [
      () => island.kernel.outside.terminate(island.spawn("app:loop")),
      () => island.kernel.outside.cancel(island.spawn("app:loop"), 1),
      () => void island.spawn("app:linked"),
    ];
    const endOne = (n: number) => {
      (ways[n % ways.length] as () => void)();
      for (let turns = 0; island.kernel.table.live > 0; turns++) {
        expect(turns).toBeLessThan(1_000);
        island.turn();
        island.clock.moveTo(island.clock.nowMs() + 1);
      }
    };
    again(island, 60, 1_000, endOne);
  }, 60_000);

  it("of programs that were replaced by a newer version of their entry [S11.35]", () => {
    const island = new BareIsland();
    again(island, 20, 200, (n) => {
      const text = Array.from({ length: 100 }, (_, i) => `local function f${i}() return ${i + n} end`).join("\n");
      island.define("app:versions", `${text}\nreturn function() return ${n} end`);
      expect(island.exec("app:versions")).toBe(n);
    });
  });
});

/** Programs that wait for ever in some way, each with what it holds. */
const WAITING: Readonly<Record<string, string>> = {
  sleep: `require("time").sleep("1h")`,
  inbox: `process.inbox():receive()`,
  listen: `process.listen("topic"):receive()`,
  channel: `channel.new():receive()`,
  "a send": `channel.new():send({ 1, 2, 3 })`,
  select: `channel.select({ channel.new():case_receive(), channel.new():case_send({}), process.inbox():case_receive() })`,
  serve: `process.serve(function() end)`,
  "serve by topics": `process.serve({ a = function() end, b = function() end, ["@events"] = function() end })`,
  "a handler of serve": `process.send(process.pid(), "a", 1) process.serve({ a = function() require("time").sleep("1h") end })`,
  exec: `process.exec("app:sleeper", "bare:processes")`,
  "several strands": `for i = 1, 5 do coroutine.spawn(function() channel.new():receive() end) end channel.new():receive()`,
  "a nested coroutine": `coroutine.wrap(function() coroutine.wrap(function() channel.new():receive() end)() end)()`,
  "a timer": `local t, k = require("time").timer("1h"), require("time").ticker("1h") t:channel():receive()`,
  "a filled channel": `local c = channel.new(9) for i = 1, 9 do c:send({ i }) end channel.new():receive()`,
  builder: `local b = process.with_context({ a = 1 }) require("time").sleep("1h") return b`,
};

/** Programs that end by themselves, each with the error it ends with. */
const ENDING: Readonly<Record<string, readonly [body: string, error: RegExp, memoryLimitBytes?: number]>> = {
  "an error": [`error("bad")`, /bad/],
  "an error object": [`error(errors.new({ message = "bad", details = { a = {} } }))`, /bad/],
  "an error that is returned": [`return nil, errors.new("bad")`, /bad/],
  "an error of a strand": [`coroutine.spawn(function() error("bad") end) channel.new():receive()`, /bad/],
  "an error of a handler": [`process.send(process.pid(), "a") process.serve(function() error("bad") end)`, /bad/],
  "a deadlock": [`coroutine.yield()`, /^deadlock:/],
  "too much memory, of its own heap": [
    `local t = {} while true do t[#t + 1] = { #t } end`,
    /memory limit/,
    4 * 2 ** 20,
  ],
  "too much memory": [`local t = {} while true do t[#t + 1] = { #t } end`, /memory limit exceeded/],
  "terminating itself": [`process.terminate(process.pid())`, /terminated/],
};

function define(island: BareIsland, id: string, body: string, memoryLimitBytes: number | null = null): void {
  island.define(id, `return function(...) local held = { ... } ${body} end`, { memoryLimitBytes });
}

describe("nothing is left of a process", () => {
  it.each(Object.keys(WAITING))("terminated while it waits: %s [S4.21, S11.35]", (way) => {
    const island = new BareIsland();
    define(island, "app:sleeper", `require("time").sleep("1s")`);
    define(island, "app:waiting", WAITING[way] as string);
    again(island, 5, 50, () => {
      const pid = island.spawn("app:waiting", [{ some: ["data"] }]);
      island.settle();
      expect(island.kernel.outside.isAlive(pid)).toBe(true);
      island.kernel.outside.terminate(pid);
      island.settle();
      expect(island.kernel.outside.isAlive(pid)).toBe(false);
    });
  });

  it.each(Object.keys(ENDING))("that ends by %s [S11.35]", (way) => {
    const [body, error, memoryLimitBytes] = ENDING[way] as (typeof ENDING)[string];
    const island = new BareIsland({ heapLimitBytes: 6 * 2 ** 20 });
    define(island, "app:neighbour", `process.inbox():receive()`);
    define(island, "app:ending", body, memoryLimitBytes);
    again(island, 4, 12, () => expect(failure(() => island.exec("app:ending", { some: ["data"] }))).toMatch(error));
  });

  it.each([
    ["raises", `error("bad")`],
    ["returns no function", `return 1`],
    ["waits", `process.inbox():receive()`],
    ["takes too much memory", `local t = {} while true do t[#t + 1] = { #t } end`],
    ["makes things and raises", `local c = channel.new(1) c:send({}) error(c)`],
  ])("whose module %s [S3.25, S11.35]", (_way, text) => {
    const island = new BareIsland({ heapLimitBytes: 6 * 2 ** 20 });
    island.define("app:broken", text);
    again(island, 4, 12, () => expect(failure(() => island.exec("app:broken"))).not.toBe("it has not failed"));
  });

  it("that is upgraded again and again [S11.22, S11.35]", () => {
    const island = new BareIsland();
    island.define(
      "app:phoenix",
      `return function(left)
        local c, t = channel.new(3), require("time").ticker("1s")
        c:send({ left }) process.listen("topic") process.inbox()
        coroutine.spawn(function() c:receive() channel.new():receive() end)
        require("time").sleep("1ms")
        if left == 0 then return "done" end
        process.upgrade(nil, left - 1)
      end`,
    );
    again(island, 1, 3, () => expect(island.exec("app:phoenix", 100)).toBe("done"));
  });
});
