/** Ordering a process to end, at once and without its consent (S4.20–S4.23). */
import { errors, event, type Process } from "beamish";
import { simulate } from "beamish/testing";
import { describe, expect, it } from "vitest";
import { isLowered } from "../support/is-lowered.ts";
import { RefusingGuard, rejectionOf } from "./refusal.ts";

const waitForever = async (process: Process) => {
  await process.channel().receive();
};

describe("terminate", () => {
  it("resolves once the order is accepted; the target runs nothing more: no handler, no coroutine, and cleanup only of lowered code [S4.20, S4.21]", async () => {
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      const ran: string[] = [];
      const pid = await sim.spawn(async (process: Process) => {
        process.go(async () => {
          try {
            for await (const one of process.events()) ran.push(one.kind);
          } finally {
            ran.push("finally of events");
          }
        });
        process.go(async () => {
          await process.sleep(10).finally(() => ran.push("finally of sleep"));
          ran.push("slept");
        });
        try {
          for await (const message of process.inbox()) ran.push(message.topic);
        } catch {
          ran.push("catch");
        } finally {
          ran.push("finally");
        }
        ran.push("after");
      });
      await sim.settle();
      expect(await probe.process.terminate(pid)).toBeUndefined();
      probe.process.send(pid, "late");
      await probe.process.cancel(pid).catch(() => {});
      await sim.advance("1h");
      expect(sim.isAlive(pid)).toBe(false);
      expect(ran).toEqual(isLowered ? ["finally of events", "finally"] : []);
    });
  });

  it("strikes a process that has not begun, which then never does [S4.20]", async () => {
    for (let seed = 1; seed <= 20; seed++) {
      await simulate(seed, async (sim) => {
        const ran: string[] = [];
        sim.define("app:child", async () => {
          ran.push("main");
        });
        const probe = await sim.probe();
        const pid = await probe.process.spawnMonitored("app:child", sim.host);
        await probe.process.terminate(pid);
        await sim.untilIdle();
        expect(ran).toEqual([]);
        expect(probe.events).toMatchObject([{ kind: event.EXIT, from: pid, result: { error: "process terminated" } }]);
      });
    }
  });

  it("strikes a running step when that waits, not before; its later calls have no effect [S4.21]", async () => {
    await simulate(2, async (sim) => {
      const probe = await sim.probe();
      const ran: string[] = [];
      sim.define("app:killer", async (process: Process, victim: string) => {
        await process.terminate(victim);
      });
      const pid = await sim.spawn(async (process: Process) => {
        await process.inbox().receive();
        // The order comes from within this very step, by way of another process's turn being over already.
        sim.terminate(process.pid());
        ran.push("goes on to its next wait");
        process.send(probe.pid, "before the wait");
        await process.sleep(0).then(() => process.sleep(1));
        ran.push("never");
        process.send(probe.pid, "after the wait");
      });
      await sim.settle();
      sim.send(pid, "go");
      await sim.untilIdle();
      expect(ran).toEqual(["goes on to its next wait"]);
      expect(probe.messages.map((message) => message.topic)).toEqual(["before the wait"]);
    });
  });

  it("of a process that has ended its wait at the same time leaves one end and one EXIT [S4.20, S5.1]", async () => {
    for (let seed = 1; seed <= 100; seed++) {
      await simulate(seed, async (sim) => {
        const probe = await sim.probe();
        sim.define("app:child", async (process: Process) => {
          await process.inbox().receive();
          return "own end";
        });
        const pid = await probe.process.spawnMonitored("app:child", sim.host);
        await sim.settle();
        await sim.spawn(async (process: Process) => {
          process.send(pid, "end");
        });
        await sim.spawn(async (process: Process) => {
          await process.terminate(pid).catch(() => {});
          await process.terminate(pid).catch(() => {});
        });
        await sim.untilIdle();
        expect(probe.events).toHaveLength(1);
      });
    }
  });

  it("keeps the first reason: a second order or a failing link changes nothing [S4.9, S4.10]", async () => {
    await simulate(3, async (sim) => {
      const probe = await sim.probe();
      sim.define("app:child", waitForever);
      const pid = await probe.process.spawnMonitored("app:child", sim.host);
      await sim.settle();
      sim.terminate(pid);
      sim.cancel(pid, 0);
      sim.terminate(pid);
      await sim.untilIdle();
      expect(probe.events).toMatchObject([
        { kind: event.EXIT, result: { error: "process terminated", kind: errors.INTERNAL } },
      ]);
      expect(probe.events).toHaveLength(1);
    });
  });

  it("decided before a linked failure arrives stays the reason, in whatever order the two have their turns [S4.9, S4.11]", async () => {
    for (let seed = 1; seed <= 30; seed++) {
      await simulate(seed, async (sim) => {
        const probe = await sim.probe();
        sim.define("app:child", waitForever);
        const [pid, peer] = [
          await probe.process.spawnMonitored("app:child", sim.host),
          await sim.spawn(async (process: Process) => {
            await process.link((await process.inbox().receive())?.payload as string);
            await process.channel().receive();
          }),
        ];
        sim.send(peer, "link", pid);
        await sim.settle();
        sim.terminate(pid);
        sim.terminate(peer);
        await sim.untilIdle();
        expect(probe.events).toMatchObject([{ from: pid, result: { error: "process terminated" } }]);
      });
    }
  });

  it("of oneself never returns, cannot be caught, and cleans up only if it is lowered code [S4.22]", async () => {
    await simulate(4, async (sim) => {
      for (const by of ["pid", "name"]) {
        const ran: string[] = [];
        const probe = await sim.probe();
        sim.define("app:suicide", async (process: Process) => {
          await process.registry.register("me");
          try {
            await process.terminate(by === "pid" ? process.pid() : "me");
            ran.push("returned");
          } catch {
            ran.push("caught");
          } finally {
            ran.push("finally");
          }
        });
        const pid = await probe.process.spawnMonitored("app:suicide", sim.host);
        await sim.untilIdle();
        expect(ran).toEqual(isLowered ? ["finally"] : []);
        expect(probe.events).toMatchObject([
          { from: pid, result: { error: "process terminated", kind: errors.INTERNAL } },
        ]);
      }
    });
  });

  it("of an unknown name or a dead pid is NOT_FOUND, without an argument INVALID [S4.23]", async () => {
    await simulate(5, async (sim) => {
      const { process } = await sim.probe();
      const dead = await sim.spawn(async () => null);
      await sim.settle();
      expect(await rejectionOf(process.terminate(dead))).toEqual({
        kind: errors.NOT_FOUND,
        message: "process not found",
      });
      expect(await rejectionOf(process.terminate("nobody"))).toEqual({
        kind: errors.NOT_FOUND,
        message: "could not resolve 'nobody' as PID or registered name",
      });
      const missing = await rejectionOf((process.terminate as () => Promise<void>)());
      expect(missing.kind).toBe(errors.INVALID);
      const wrong = await rejectionOf((process.terminate as (to: unknown) => Promise<void>)(null));
      expect(wrong.kind).toBe(errors.INVALID);
      expect(wrong.message).toMatch(/^bad argument #1 to 'terminate'/);
    });
  });

  it("refused is PERMISSION_DENIED and ends nobody, after resolution and before liveness [S4.23, S1.18]", async () => {
    const guard = new RefusingGuard("process.terminate");
    await simulate(
      6,
      async (sim) => {
        const { process } = await sim.probe();
        const target = await sim.spawnWith({ name: "target" }, waitForever);
        const dead = `{${sim.host}|0x7ffff}`;
        for (const destination of [target, "target", dead, process.pid()]) {
          expect(await rejectionOf(process.terminate(destination))).toEqual({
            kind: errors.PERMISSION_DENIED,
            message: `not allowed to terminate: ${destination}`,
          });
        }
        expect(await rejectionOf(process.terminate("nobody"))).toMatchObject({ kind: errors.NOT_FOUND });
        await sim.settle();
        expect(sim.isAlive(target)).toBe(true);
      },
      { guard },
    );
  });
});
