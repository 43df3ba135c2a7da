/** Who shares a heap, what becomes of one that is full, and of a VM that has outgrown its room or has failed. */
import { describe, expect, it } from "vitest";
import { createActor, type ProcessError } from "../../src/index.ts";
import { type Simulation, simulate } from "../../src/testing/index.ts";
import { endsOf } from "../support/ends.ts";
import { defineLua, luaEngine } from "../support/lua.ts";

const MiB = 2 ** 20;
const WAITS = "return function() process.inbox():receive() end";
/** Holds so many MiB of strings, then waits. */
const HOARDS = `return function(mib)
  local hoard = {}
  for i = 1, mib do hoard[i] = ("x"):rep(1048575) .. i % 10 end
  process.inbox():receive()
  return #hoard
end`;
/** Takes small pieces of memory: without end, or some for each message. */
const SHARES = `return function(how)
  local kept = {}
  while how == "greedy" do kept[#kept + 1] = {#kept} end
  process.serve(function() for i = 1, 1000 do kept[i] = {i} end end)
end`;

const keys = (sim: Simulation) =>
  luaEngine(sim)
    .isolates.all.map(({ key, processes }) => `${key}: ${processes}`)
    .sort();

describe("heaps", () => {
  it("are shared by the processes of one actor id, whatever their entries, and never across actors [S11.35]", async () => {
    await simulate(1, async (sim) => {
      defineLua(sim, "app:one", WAITS);
      defineLua(sim, "app:other", WAITS);
      for (const id of ["ann", "ben"]) {
        await sim.spawnWith({ actor: createActor(id) }, "app:one");
        await sim.spawnWith({ actor: createActor(id) }, "app:other");
      }
      expect(keys(sim)).toEqual(["actor ann: 2", "actor ben: 2"]);
    });
  });

  it("are shared by the processes of one entry where there is no actor [S11.35]", async () => {
    await simulate(1, async (sim) => {
      defineLua(sim, "app:one", WAITS);
      defineLua(sim, "app:other", WAITS);
      for (const entry of ["app:one", "app:one", "app:other"]) await sim.spawn(entry);
      expect(keys(sim)).toEqual(["entry app:one: 2", "entry app:other: 1"]);
    });
  });

  it("belong to one process each where the entry has a limit of memory [S11.36]", async () => {
    await simulate(1, async (sim) => {
      defineLua(sim, "app:own", HOARDS, { memoryLimitBytes: 4 * MiB });
      const modest = await sim.spawn("app:own", 1);
      await expect(sim.exec("app:own", 8)).rejects.toMatchObject({
        kind: "RateLimited",
        message: "memory limit exceeded",
      });
      expect(sim.isAlive(modest)).toBe(true);
      expect(keys(sim)).toEqual(["null: 1"]);
    });
  });

  it("end the process that would pass the limit and leave other heaps alone [S11.35, S11.37]", async () => {
    await simulate(1, async (sim) => {
      luaEngine(sim, { heapLimitBytes: 8 * MiB });
      defineLua(sim, "app:hoards", HOARDS);
      const neighbour = await sim.spawnWith({ actor: createActor("ben") }, "app:hoards", 2);
      const greedy = await sim.spawnWith({ actor: createActor("ann") }, "app:hoards", 20);
      const ends = endsOf(sim);
      await sim.settle();
      expect(ends.get(greedy)).toMatchObject({ error: "memory limit exceeded", kind: "RateLimited" });
      expect(sim.isAlive(neighbour)).toBe(true);
    });
  });

  it("are collected when a process has used them up, so that those beside it live [S11.35, S11.37]", async () => {
    await simulate(1, async (sim) => {
      luaEngine(sim, { heapLimitBytes: 4 * MiB });
      defineLua(sim, "app:shared", SHARES);
      const modest = await Promise.all(Array.from({ length: 20 }, () => sim.spawn("app:shared")));
      const greedy = await sim.spawn("app:shared", "greedy");
      const ends = endsOf(sim);
      await sim.settle();
      for (const pid of modest) sim.send(pid, "work");
      await sim.settle();
      expect(ends.get(greedy)).toMatchObject({ error: "memory limit exceeded" });
      expect(modest.filter((pid) => sim.isAlive(pid))).toEqual(modest);
    });
  });

  it("are not kept for the next when what is in them has used them up [S11.35]", async () => {
    await simulate(1, async (sim) => {
      luaEngine(sim, { heapLimitBytes: 4 * MiB });
      defineLua(sim, "app:shared", SHARES);
      await expect(sim.exec("app:shared", "greedy")).rejects.toThrow("memory limit exceeded");
      const next = await sim.spawn("app:shared");
      sim.send(next, "work");
      await sim.settle();
      expect(sim.isAlive(next)).toBe(true);
    });
  });

  it("are given back when nobody needs them any more, but for a few kept for the next", async () => {
    await simulate(1, async (sim) => {
      defineLua(sim, "app:brief", "return function() end");
      for (let n = 0; n < 100; n++) await sim.spawnWith({ actor: createActor(`actor ${n}`) }, "app:brief");
      await sim.settle();
      expect(luaEngine(sim).isolates.all.length).toBeLessThanOrEqual(32);
    });
  });
});

describe("a VM that has outgrown its room", () => {
  it("gives up the heap that holds most of it, not the one that asked for more [S11.37]", async () => {
    await simulate(1, async (sim) => {
      luaEngine(sim, { fullVmBytes: 34 * MiB });
      defineLua(sim, "app:hoards", HOARDS);
      const largest = await sim.spawnWith({ actor: createActor("ann") }, "app:hoards", 12);
      await sim.settle();
      const ends = endsOf(sim);
      const asking = await sim.spawnWith({ actor: createActor("ben") }, "app:hoards", 11);
      await sim.settle();
      expect(ends.get(largest)).toMatchObject({ error: "memory limit exceeded", kind: "RateLimited" });
      expect(sim.isAlive(asking)).toBe(true);
      // The next heap is opened in a further VM.
      await sim.spawnWith({ actor: createActor("eve") }, "app:hoards", 1);
      expect(luaEngine(sim).isolates.footprint.instances).toBe(2);
    });
  });
});

describe("a VM that has failed", () => {
  it("ends its processes as lost, and the runtime and new processes go on", async () => {
    await simulate(1, async (sim) => {
      defineLua(sim, "app:waits", WAITS);
      const pid = await sim.spawn("app:waits");
      const other = await sim.spawnWith({ actor: createActor("ann") }, "app:waits");
      await sim.settle();
      const ends = endsOf(sim);
      breakVm(sim);
      sim.send(pid, "wake");
      await sim.settle();
      const lost = { kind: "Unavailable", retryable: true };
      expect(ends.get(pid)).toMatchObject(lost);
      expect(ends.get(other)).toMatchObject(lost);
      const next = await sim.spawn("app:waits");
      await sim.settle();
      expect(sim.isAlive(next)).toBe(true);
      expect(keys(sim)).toEqual(["entry app:waits: 1"]);
    });
  });
});

describe("a VM that fails while a module is loaded", () => {
  it("refuses the spawn, ends its processes as lost, and those that had not begun as well", async () => {
    await simulate(1, async (sim) => {
      defineLua(sim, "app:waits", WAITS);
      const pid = await sim.spawn("app:waits");
      await sim.settle();
      const ends = endsOf(sim);
      const begun = sim.spawn("app:waits");
      breakVm(sim);
      await expect(sim.spawnWith({ actor: createActor("ann") }, "app:waits")).rejects.toMatchObject({
        kind: "Unavailable",
        retryable: true,
      });
      const unbegun = await begun;
      await sim.settle();
      expect(ends.get(pid)).toMatchObject({ kind: "Unavailable" });
      expect(ends.get(unbegun)).toMatchObject({ kind: "Unavailable" });
      const next = await sim.spawn("app:waits");
      await sim.settle();
      expect(sim.isAlive(next)).toBe(true);
    });
  });
});

describe("a heap in which one process after the other runs out of memory", () => {
  it("spares the others [S11.37]", async () => {
    await simulate(1, async (sim) => {
      luaEngine(sim, { heapLimitBytes: 4 * MiB });
      defineLua(sim, "app:waits", WAITS);
      defineLua(sim, "app:hoards", HOARDS);
      const actor = createActor("ann");
      const modest = [];
      for (let n = 0; n < 20; n++) modest.push(await sim.spawnWith({ actor }, "app:waits"));
      await sim.settle();
      for (let n = 0; n < 3; n++) await sim.spawnWith({ actor }, "app:hoards", 20);
      await sim.settle();
      for (const pid of modest) sim.send(pid, "wake");
      const ends = endsOf(sim);
      await sim.settle();
      expect([...ends.values()]).toEqual(modest.map(() => ({ value: null })));
    });
  });
});

/** Has the VM trap the next time it runs. */
function breakVm(sim: Simulation): void {
  for (const { vm } of luaEngine(sim).isolates.all) {
    const fails = () => {
      vm.isBroken = true;
      throw new Error("unreachable") as ProcessError;
    };
    vm.resume = fails;
    vm.run = fails;
  }
}
