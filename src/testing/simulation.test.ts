/** What `simulate` promises to those who test with it. */
import { describe, expect, it } from "vitest";
import type { Process } from "../engines/typescript/index.ts";
import { errors, ProcessError } from "../kernel/index.ts";
import { type Simulation, simulate } from "./index.ts";

/** The message of the error that a promise rejects with. */
async function failure(promise: Promise<unknown>): Promise<string> {
  try {
    await promise;
  } catch (cause) {
    return (cause as Error).message;
  }
  throw new Error("nothing failed");
}

/** A promise that something outside settles, when asked. */
function foreign(): { promise: Promise<void>; settle: () => void } {
  let settle = () => {};
  const promise = new Promise<void>((resolve) => {
    settle = resolve;
  });
  return { promise, settle };
}

describe("virtual time", () => {
  it("lets days pass at once, each deadline at its own time", async () => {
    const seen: [string, number][] = [];
    const report = await simulate(1, async (sim) => {
      const sleeper = (name: string, duration: string) => async (process: Process) => {
        await process.sleep(duration);
        seen.push([name, sim.nowMs]);
      };
      await sim.spawn(sleeper("days", "72h"));
      await sim.spawn(sleeper("moment", "1ms"));
      await sim.spawn(sleeper("minute", "1m30s"));
    });
    const days = 72 * 3_600_000;
    expect(seen).toEqual([
      ["moment", 1],
      ["minute", 90_000],
      ["days", days],
    ]);
    expect(report.nowMs).toBe(days);
  });

  it("passes only as far as it is told, deadlines at its end included", async () => {
    await simulate(1, async (sim) => {
      const woken: number[] = [];
      for (const ms of [10, 20, 21]) {
        await sim.spawn(async (process: Process) => {
          await process.sleep(ms);
          woken.push(ms);
        });
      }
      await sim.settle();
      expect([sim.nowMs, woken]).toEqual([0, []]);
      await sim.advance(20);
      expect([sim.nowMs, woken]).toEqual([20, [10, 20]]);
      await sim.advance("1s");
      expect([sim.nowMs, woken]).toEqual([1_020, [10, 20, 21]]);
      await expect(sim.advance("soon")).rejects.toMatchObject({ kind: errors.INVALID });
    });
  });

  it("shows processes the same clock, which begins with 2026", async () => {
    await simulate(1, async (sim) => {
      const date = await sim.exec(async (process: Process) => process.after("1h").receive());
      expect((date as Date).toISOString()).toBe("2026-01-01T01:00:00.000Z");
    });
  });
});

describe("a failure", () => {
  it("names the seed, whether the test or the simulation fails", async () => {
    const failing = simulate(77, () => {
      throw new Error("as expected");
    });
    expect(await failure(failing)).toBe("as expected [seed 77]");
    const rejected = simulate(78, (sim) =>
      sim.exec(async () => {
        throw new ProcessError({ kind: errors.CONFLICT, message: "inside" });
      }),
    );
    expect(await failure(rejected)).toBe("inside [seed 78]");
    const assertion = simulate(79, () => expect(1).toBe(2));
    expect(await failure(assertion)).toContain("[seed 79]");
  });

  it("names the process that awaits something foreign, by pid and entry", async () => {
    const { promise } = foreign();
    const program = async (sim: Simulation) => {
      sim.define("app:downloader", async () => promise);
      await sim.spawn("app:downloader");
    };
    const text = await failure(simulate(5, program));
    expect(text).toContain("{sim:processes|0x00001} (app:downloader) awaits something that is not a syscall");
    expect(text).toContain("[seed 5]");
  });

  it("names it also when it had waited for syscalls before", async () => {
    const { promise } = foreign();
    const text = await failure(
      simulate(6, (sim) =>
        sim.exec(async function fetcher(process: Process) {
          await process.sleep(10);
          process.inbox();
          await promise;
        }),
      ),
    );
    expect(text).toContain("fetcher");
  });

  it("comes of a program that never comes to rest, instead of a test that hangs", async () => {
    const restless = async (process: Process) => {
      process.send(process.pid(), "again");
      for await (const message of process.inbox()) process.send(process.pid(), message.topic);
    };
    const text = await failure(simulate(9, (sim) => sim.spawn(restless), { maxTurns: 500 }));
    expect(text).toBe("still busy after 500 turns [seed 9]");
  });
});

describe("what is not foreign", () => {
  it("is a long way through async functions without a syscall", async () => {
    await simulate(1, async (sim) => {
      const deep = async (levels: number): Promise<number> => (levels === 0 ? 0 : 1 + (await deep(levels - 1)));
      expect(await sim.exec(async () => deep(300))).toBe(300);
    });
  });

  it("is much that is done in one turn", async () => {
    await simulate(1, async (sim) => {
      const read = await sim.exec(async (process: Process) => {
        for (let i = 0; i < 3_000; i++) process.send(process.pid(), "a", i);
        let count = 0;
        const cases = [process.inbox().caseReceive()];
        while ((await process.select(cases, { default: true })).default !== true) count++;
        return count;
      });
      expect(read).toBe(3_000);
    });
  });

  it("is a coroutine on its way while another waits: the turn is not over before it is", async () => {
    await simulate(1, async (sim) => {
      const steps: string[] = [];
      await sim.spawn(async (process: Process) => {
        process.go(async () => {
          for (let i = 0; i < 40; i++) await null;
          await process.registry.register("done");
          steps.push("registered");
        });
        await process.inbox().receive();
      });
      await sim.settle();
      expect(steps).toEqual(["registered"]);
      expect(sim.lookup("done")).not.toBe(null);
    });
  });

  it("is a process that waits for ever for a message", async () => {
    await simulate(1, async (sim) => {
      const pid = await sim.spawn(async (process: Process) => process.inbox().receive());
      await sim.untilIdle();
      expect(sim.isAlive(pid)).toBe(true);
    });
  });
});

/** Six processes write their number where all can see it; the order is that of their turns. */
async function race(sim: Simulation, order: number[]): Promise<void> {
  for (let i = 0; i < 6; i++) {
    await sim.spawn(async (process: Process) => {
      order.push(i);
      await process.inbox().receive();
    });
  }
}

describe("the seed", () => {
  it("decides the order of turns: the same again, another for others", async () => {
    const orders = new Set<string>();
    for (let seed = 1; seed <= 60; seed++) {
      const [first, second]: [number[], number[]] = [[], []];
      const one = await simulate(seed, (sim) => race(sim, first));
      const two = await simulate(seed, (sim) => race(sim, second));
      expect(second, `seed ${seed}`).toEqual(first);
      expect(two, `seed ${seed}`).toEqual(one);
      expect([...first].sort(), `seed ${seed}`).toEqual([0, 1, 2, 3, 4, 5]);
      orders.add(first.join());
    }
    expect(orders.size).toBeGreaterThan(40);
  });

  it("gives each of two ready processes the first turn some time", async () => {
    const firsts = new Set<number>();
    for (let seed = 1; seed <= 20; seed++) {
      const order: number[] = [];
      await simulate(seed, (sim) => race(sim, order));
      firsts.add(order[0] as number);
    }
    expect([...firsts].sort()).toEqual([0, 1, 2, 3, 4, 5]);
  });

  it("is the source of chance for the test, too", async () => {
    const take = (seed: number) => {
      let taken: number[] = [];
      const run = simulate(seed, (sim) => {
        taken = Array.from({ length: 5 }, () => sim.random.below(1_000));
      });
      return run.then(() => taken);
    };
    expect(await take(3)).toEqual(await take(3));
    expect(await take(3)).not.toEqual(await take(4));
  });

  it("stands in the report, with the turns, the time and what happened", async () => {
    const report = await simulate(12, async (sim) => {
      sim.define("app:worker", async (process: Process) => {
        await process.sleep(5);
        return process.upgrade("app:failing");
      });
      sim.define("app:failing", async () => {
        throw new Error("over");
      });
      await sim.spawn("app:worker");
    });
    const pid = "{sim:processes|0x00001}";
    expect(report.seed).toBe(12);
    expect(report.nowMs).toBe(5);
    expect(report.turns).toBe(report.trace.filter((line) => line.includes(" turn ")).length);
    expect(report.trace.filter((line) => !line.includes(" turn "))).toEqual([
      `0 spawned ${pid} app:worker`,
      `5 upgraded ${pid} app:failing`,
      `5 exited ${pid} over`,
    ]);
  });
});

describe("what a test can do from outside", () => {
  it("defines entries that take time to load, or fail to", async () => {
    await simulate(1, async (sim) => {
      sim.define("app:slow", async () => "loaded", { loadMs: 250 });
      sim.define("app:broken", null, { loadError: new ProcessError({ kind: errors.INTERNAL, message: "no" }) });
      expect(await sim.exec("app:slow")).toBe("loaded");
      expect(sim.nowMs).toBe(250);
      await expect(sim.spawn("app:broken")).rejects.toMatchObject({ kind: errors.INTERNAL, message: "no" });
      await expect(sim.spawn("app:none")).rejects.toMatchObject({ kind: errors.NOT_FOUND });
    });
  });

  it("replaces an entry: who upgrades gets the new version [S9.2]", async () => {
    await simulate(1, async (sim) => {
      const versions: number[] = [];
      const version = (number: number) => async (process: Process) => {
        versions.push(number);
        await process.inbox().receive();
        return process.upgrade(null);
      };
      sim.define("app:entry", version(1));
      const pid = await sim.spawn("app:entry");
      sim.define("app:entry", version(2));
      await sim.settle();
      expect(versions).toEqual([1]);
      sim.send(pid, "go");
      await sim.settle();
      expect(versions).toEqual([1, 2]);
    });
  });

  it("sets the status and the limits of hosts", async () => {
    await simulate(1, async (sim) => {
      sim.addHost("app:small", { maxProcesses: 1, mailbox: { limit: 1, overflow: "reject" } });
      sim.addHost("app:off", { status: "stopped" });
      const idle = async (process: Process) => process.events().receive();
      const pid = await sim.spawnWith({ host: "app:small", name: "one" }, idle);
      expect(sim.lookup("one")).toBe(pid);
      expect(sim.send(pid, "a")).toBe(null);
      expect(sim.send(pid, "a")).toMatchObject({ kind: errors.RATE_LIMITED });
      await expect(sim.spawnWith({ host: "app:small" }, idle)).rejects.toMatchObject({ kind: errors.UNAVAILABLE });
      await expect(sim.spawnWith({ host: "app:off" }, idle)).rejects.toMatchObject({ message: "host is not running" });
      sim.setHost("app:small", "stopping");
      await expect(sim.spawnWith({ host: "app:small" }, idle)).rejects.toMatchObject({
        message: "host is shutting down",
      });
      expect(() => sim.setHost("app:none", "running")).toThrow("host not found");
    });
  });

  it("cancels, terminates, counts the living and the dead letters", async () => {
    await simulate(1, async (sim) => {
      const pid = await sim.spawn(async (process: Process) => {
        const event = await process.events().receive();
        expect(event).toMatchObject({ kind: "pid.cancel", from: "{|}" });
        await process.sleep("1h");
      });
      await sim.settle();
      expect(sim.alive).toBe(1);
      sim.cancel(pid);
      await sim.settle();
      sim.send(pid, "unread");
      sim.terminate(pid);
      expect(sim.isAlive(pid)).toBe(true);
      await sim.settle();
      expect([sim.alive, sim.isAlive(pid)]).toEqual([0, false]);
      expect(sim.deadLetters.count("exited_unread")).toBe(1);
      expect(() => sim.terminate(pid)).toThrow("process not found");
      expect(() => sim.cancel("nobody")).toThrow("could not resolve 'nobody'");
    });
  });

  it("gives single turns, so that a test can act between them", async () => {
    await simulate(1, async (sim) => {
      const seen: unknown[] = [];
      const pid = await sim.spawn(async (process: Process) => {
        for await (const message of process.inbox()) seen.push(message.payload);
      });
      expect(await sim.step()).toBe(true);
      expect(await sim.step()).toBe(false);
      sim.send(pid, "a", 1);
      expect(seen).toEqual([]);
      expect(await sim.step()).toBe(true);
      expect(seen).toEqual([1]);
    });
  });

  it("watches what happens, and keeps what a watcher throws", async () => {
    await simulate(1, async (sim) => {
      const kinds: string[] = [];
      const fault = new Error("watcher");
      const stop = sim.watch((event) => {
        kinds.push(event.kind);
        throw fault;
      });
      await sim.exec(async () => 1);
      stop();
      await sim.exec(async () => 2);
      expect(kinds).toEqual(["spawned", "exited"]);
      expect(sim.faults).toEqual([fault, fault]);
    });
  });
});
