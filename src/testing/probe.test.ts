/** Probes: real processes that write down what they get. */
import { describe, expect, it } from "vitest";
import type { Process } from "../engines/typescript/index.ts";
import { simulate } from "./index.ts";

describe("a probe", () => {
  it("keeps every message in order, whatever its topic", async () => {
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      const pid = await sim.spawn(async (process: Process) => {
        process.send(probe.pid, "a", 1);
        process.send(probe.pid, "b", { two: 2 });
        process.send(probe.pid, "a");
      });
      await sim.settle();
      expect(probe.messages.map(({ topic }) => topic)).toEqual(["a", "b", "a"]);
      expect(probe.messages.every(({ from }) => from === pid)).toBe(true);
      expect(probe.payloads("a")).toEqual([1, null]);
      expect(probe.payloads("none")).toEqual([]);
    });
  });

  it("acts as a process: what it links, monitors and spawns is its own, and it survives failures", async () => {
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      sim.define("app:failing", async () => {
        throw new Error("over");
      });
      const pid = await probe.process.spawnLinkedMonitored("app:failing", sim.host);
      await sim.settle();
      expect(sim.isAlive(probe.pid)).toBe(true);
      expect(probe.events.map(({ kind, from }) => [kind, from])).toEqual([
        ["pid.exit", pid],
        ["pid.link.down", pid],
      ]);
    });
  });

  it("gets what is done asynchronously while the simulation runs", async () => {
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      sim.define("app:adder", async (process: Process, a: number, b: number) => {
        await process.sleep("1s");
        return a + b;
      });
      const sum = probe.process.exec("app:adder", sim.host, 1, 2);
      await sim.advance("1s");
      expect(await sum).toBe(3);
    });
  });

  it("is one among others", async () => {
    await simulate(1, async (sim) => {
      const [one, two] = [await sim.probe(), await sim.probe()];
      expect(one.pid).not.toBe(two.pid);
      one.process.send(two.pid, "hello", 1);
      await sim.settle();
      expect(two.payloads("hello")).toEqual([1]);
      expect(one.messages).toEqual([]);
    });
  });
});
