/** What calls of process functions count for in a slice: a loop of them gives its turn back as any other loop does. */
import { expect, it } from "vitest";
import { type Simulation, simulate } from "../../src/testing/index.ts";
import { defineLua } from "../support/lua.ts";

/** The most that one step of the island has added to a count, by default of dead letters, while a program runs alone. */
async function mostPerStep(sim: Simulation, source: string, count = () => sim.deadLetters.count()): Promise<number> {
  defineLua(sim, "sim:busy", source);
  const pid = await sim.spawn("sim:busy");
  let most = 0;
  for (let steps = 0; steps < 20; steps++) {
    const before = count();
    await sim.step();
    most = Math.max(most, count() - before);
  }
  sim.terminate(pid);
  await sim.settle();
  return most;
}

it("gives the turn back among sends that fail [S11.32]", async () => {
  await simulate(1, async (sim) => {
    const most = await mostPerStep(sim, `return function() while true do process.send("nobody", "x") end end`);
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThan(100); // each costs as much as a thousand and more instructions
  });
});

it("gives the turn back among sends of large data [S11.32]", async () => {
  await simulate(1, async (sim) => {
    const most = await mostPerStep(
      sim,
      `return function()
        local large = {}
        for i = 1, 2000 do large[i] = {i, "text"} end
        while true do process.send(process.pid(), "x", large); process.send("nobody", "x") end
      end`,
    );
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThan(5);
  });
});

it("gives the turn back among coroutines that are spawned and end at once [S11.32, S15.6]", async () => {
  await simulate(1, async (sim) => {
    const source = `return function()
      local function f() print("here") coroutine.spawn(f) coroutine.spawn(f) end
      f()
      process.inbox():receive()
    end`;
    let printed = 0;
    sim.watchNotices((notice) => {
      if (notice.kind === "printed") printed++;
    });
    const most = await mostPerStep(sim, source, () => printed);
    expect(most).toBeGreaterThan(10);
    expect(most).toBeLessThan(100); // what each costs the kernel is worth a thousand instructions and more
  });
});

it("gives the turn back among subscriptions [S11.32]", async () => {
  await simulate(1, async (sim) => {
    const most = await mostPerStep(
      sim,
      `return function()
        local n = 0
        while true do
          n = n + 1
          for i = 1, 10 do process.listen("t" .. n .. "." .. i) end
          process.send("nobody", "x")
        end
      end`,
    );
    expect(most).toBeGreaterThan(0);
    expect(most).toBeLessThan(12); // ten subscriptions to a send, each worth a thousand instructions
  });
});

it("gives the turn back after each heap that it has opened for a process [S11.32, S11.36]", async () => {
  await simulate(1, async (sim) => {
    let born = 0;
    sim.watch((event) => {
      if (event.kind === "spawned" && event.entry === "sim:apart") born++;
    });
    defineLua(sim, "sim:apart", "return function() process.inbox():receive() end", { memoryLimitBytes: 2 ** 20 });
    const source = "return function() while true do process.spawn('sim:apart', 'sim:processes') end end";
    const most = await mostPerStep(sim, source, () => born);
    expect(born).toBeGreaterThan(2);
    expect(most).toBe(1);
  });
});
