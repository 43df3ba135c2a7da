/** Being told of the end of another process (S5.1–S5.7, S5.18, S5.19). */
import { errors, event, type Process } from "beamish";
import { simulate } from "beamish/testing";
import { describe, expect, it } from "vitest";
import { RefusingGuard, refusalOf, rejectionOf } from "./refusal.ts";

type Operation = "monitor" | "unmonitor" | "link" | "unlink";
type AnyOperation = (...args: unknown[]) => Promise<void>;

const untilTold = async (process: Process) => {
  await process.inbox().receive();
  return "told";
};

describe("monitor", () => {
  it("gives exactly one EXIT at the target's end, normal or not, also the moment after [S5.1]", async () => {
    for (let seed = 1; seed <= 50; seed++) {
      await simulate(seed, async (sim) => {
        const probe = await sim.probe();
        const [normal, failing] = [
          await sim.spawn(async () => "value"),
          await sim.spawn(async () => {
            throw new Error("failed");
          }),
        ];
        // They are alive until their first turn, which comes at once.
        for (const pid of [normal, failing]) {
          if (sim.isAlive(pid)) expect(await probe.process.monitor(pid)).toBeUndefined();
        }
        await sim.untilIdle();
        await sim.advance("1h");
        expect(probe.events).toHaveLength(2);
        expect(probe.events).toContainEqual(
          expect.objectContaining({ kind: event.EXIT, from: normal, result: { value: "value" } }),
        );
        expect(probe.events).toContainEqual(
          expect.objectContaining({
            kind: event.EXIT,
            from: failing,
            result: expect.objectContaining({ error: "failed" }),
          }),
        );
      });
    }
  });

  it("racing with the target's end answers NOT_FOUND or gives one EXIT with the true result, never both or neither [S5.1, S5.4, S5.19]", async () => {
    const outcomes = new Set<string>();
    for (let seed = 1; seed <= 300; seed++) {
      await simulate(seed, async (sim) => {
        const target = await sim.spawn(untilTold);
        await sim.settle();
        const watcher = await sim.probe();
        const result: string[] = [];
        await sim.spawn(async (process: Process) => {
          await process.monitor(target).then(
            () => result.push("true"),
            (error) => result.push(refusalOf(error).kind),
          );
          const got = await process.select({
            events: process.events().caseReceive(),
            limit: process.after("1h").caseReceive(),
          });
          if (got.case === "events") {
            const exit = got.value as { from: string; result: { value?: unknown } };
            result.push(`${exit.from === target} ${exit.result.value}`);
          }
        });
        watcher.process.send(target, "end");
        await sim.untilIdle();
        outcomes.add(result.join(", "));
      });
    }
    expect([...outcomes].sort()).toEqual([errors.NOT_FOUND, "true, true told"]);
  });

  it("of a process whose termination is ordered already gives the EXIT of that end [S5.1, S5.19]", async () => {
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      const pid = await sim.spawn(untilTold);
      await sim.settle();
      sim.terminate(pid);
      // It is dying, and has not yet had the turn for it.
      await probe.process.monitor(pid);
      await sim.untilIdle();
      expect(probe.events).toMatchObject([{ kind: event.EXIT, from: pid, result: { error: "process terminated" } }]);
    });
  });

  it("is one-way: the target learns nothing, and the watcher's end does it no harm [S5.2, S5.5]", async () => {
    await simulate(2, async (sim) => {
      const target = await sim.probe();
      const watcher = await sim.spawn(async (process: Process) => {
        await process.monitor(target.pid);
        await process.sleep(1);
        throw new Error("failed");
      });
      target.process.setOptions({ trapLinks: false });
      await sim.untilIdle();
      expect(sim.isAlive(watcher)).toBe(false);
      expect(sim.isAlive(target.pid)).toBe(true);
      expect([target.events, target.messages]).toEqual([[], []]);
      // And the dead watcher's monitor leaves nothing behind.
      sim.terminate(target.pid);
      await sim.untilIdle();
      expect(sim.deadLetters.count()).toBe(0);
    });
  });

  it("twice, or after a monitored spawn, still gives one EXIT [S5.3]", async () => {
    await simulate(3, async (sim) => {
      const probe = await sim.probe();
      sim.define("app:target", untilTold);
      const pid = await probe.process.spawnMonitored("app:target", sim.host);
      await probe.process.registry.register("target", pid);
      for (const destination of [pid, pid, "target"]) expect(await probe.process.monitor(destination)).toBeUndefined();
      sim.send(pid, "end");
      await sim.untilIdle();
      expect(probe.events).toHaveLength(1);
    });
  });

  it("by several watchers gives each its EXIT [S5.1, S5.5]", async () => {
    await simulate(4, async (sim) => {
      const watchers = [await sim.probe(), await sim.probe(), await sim.probe()];
      const pid = await sim.spawn(untilTold);
      for (const watcher of watchers) await watcher.process.monitor(pid);
      await watchers[1]?.process.unmonitor(pid);
      sim.terminate(watchers[2]?.pid as string);
      await sim.settle();
      sim.send(pid, "end");
      await sim.untilIdle();
      expect(watchers.map((watcher) => watcher.events.length)).toEqual([1, 0, 0]);
    });
  });

  it("of a dead or unknown pid is NOT_FOUND and makes no EXIT up; of oneself INVALID [S5.4, S5.19]", async () => {
    await simulate(5, async (sim) => {
      const probe = await sim.probe();
      const { process } = probe;
      const dead = await sim.spawn(async () => null);
      await sim.settle();
      await process.registry.register("me");
      expect(await rejectionOf(process.monitor(dead))).toEqual({
        kind: errors.NOT_FOUND,
        message: "process not found",
      });
      expect(await rejectionOf(process.monitor("{no:host|0x00001}"))).toEqual({
        kind: errors.NOT_FOUND,
        message: "host not found",
      });
      expect(await rejectionOf(process.monitor("{|}"))).toMatchObject({ kind: errors.NOT_FOUND });
      for (const self of [probe.pid, "me"])
        expect(await rejectionOf(process.monitor(self))).toMatchObject({ kind: errors.INVALID });
      await sim.untilIdle();
      expect(probe.events).toEqual([]);
    });
  });

  it("is used up by its EXIT: the next process in that place gives none [S5.5]", async () => {
    await simulate(6, async (sim) => {
      const probe = await sim.probe();
      const first = await sim.spawn(untilTold);
      await probe.process.monitor(first);
      sim.send(first, "end");
      await sim.untilIdle();
      for (let i = 0; i < 20; i++) {
        const next = await sim.spawn(untilTold);
        sim.send(next, "end");
        await sim.untilIdle();
      }
      expect(probe.events).toHaveLength(1);
      expect(await rejectionOf(probe.process.monitor(first))).toMatchObject({ kind: errors.NOT_FOUND });
    });
  });
});

describe("unmonitor", () => {
  it("resolves for any well-formed pid, monitored or not, alive or not [S5.6]", async () => {
    await simulate(1, async (sim) => {
      const { process, pid } = await sim.probe();
      const other = await sim.probe();
      const dead = await sim.spawn(async () => null);
      await sim.settle();
      for (const to of [other.pid, dead, pid, "{|}", "{no:host|0x1}", "{n@h|0x1}", "{||}"]) {
        expect(await process.unmonitor(to)).toBeUndefined();
      }
      expect(await rejectionOf(process.unmonitor("nobody"))).toEqual({
        kind: errors.NOT_FOUND,
        message: "could not resolve 'nobody' as PID or registered name",
      });
    });
  });

  it("stops EXITs to come, does not withdraw one that has, and leaves other watchers alone [S5.7]", async () => {
    await simulate(2, async (sim) => {
      const other = await sim.probe();
      const [early, late] = [await sim.spawn(untilTold), await sim.spawn(untilTold)];
      for (const pid of [early, late]) await other.process.monitor(pid);
      const got = await sim.exec(async (process: Process) => {
        await process.monitor(early);
        await process.monitor(late);
        process.send(early, "end");
        // The EXIT of the first stands in the mailbox when the monitor is taken back.
        await process.sleep(1);
        await process.unmonitor(early);
        await process.unmonitor(late);
        process.send(late, "end");
        await process.sleep(1);
        const froms: unknown[] = [];
        for (;;) {
          const one = await process.select([process.events().caseReceive()], { default: true });
          if (one.default) return froms;
          froms.push(one.value?.from);
        }
      });
      expect(got).toEqual([early]);
      expect(other.events.map((one) => one.from)).toEqual([early, late]);
    });
  });

  it("followed by monitor is a new monitor, which gives one EXIT [S5.7]", async () => {
    await simulate(3, async (sim) => {
      const probe = await sim.probe();
      const pid = await sim.spawn(untilTold);
      for (let i = 0; i < 3; i++) {
        await probe.process.monitor(pid);
        await probe.process.unmonitor(pid);
      }
      await probe.process.monitor(pid);
      sim.send(pid, "end");
      await sim.untilIdle();
      expect(probe.events).toHaveLength(1);
    });
  });
});

describe("each of monitor, unmonitor, link and unlink", () => {
  const operations: Operation[] = ["monitor", "unmonitor", "link", "unlink"];

  it.each(operations)("%s without an argument, or with none that is text, is INVALID [S5.18]", async (operation) => {
    await simulate(1, async (sim) => {
      const { process } = await sim.probe();
      expect((await rejectionOf((process[operation] as AnyOperation)())).kind).toBe(errors.INVALID);
      const wrong = await rejectionOf((process[operation] as AnyOperation)({}));
      expect(wrong.kind).toBe(errors.INVALID);
      expect(wrong.message.startsWith(`bad argument #1 to '${operation}'`)).toBe(true);
    });
  });

  it.each(operations)(
    "%s asks for its own permission on the pid, and is refused by name as given [S5.18, S1.18]",
    async (operation) => {
      const guard = new RefusingGuard(`process.${operation}`);
      await simulate(
        2,
        async (sim) => {
          const [asker, target] = [await sim.probe(), await sim.probe()];
          const dead = `{${sim.host}|0x7ffff}`;
          await target.process.registry.register("target");
          guard.asked.length = 0;
          for (const destination of [target.pid, "target", dead, asker.pid]) {
            expect(await rejectionOf(asker.process[operation](destination))).toEqual({
              kind: errors.PERMISSION_DENIED,
              message: `not allowed to ${operation}: ${destination}`,
            });
          }
          expect(guard.asked).toEqual(
            [target.pid, target.pid, dead, asker.pid].map((pid) => `process.${operation} ${pid}`),
          );
          expect(await rejectionOf(asker.process[operation]("nobody"))).toMatchObject({ kind: errors.NOT_FOUND });
          sim.terminate(target.pid);
          await sim.untilIdle();
          expect(asker.events).toEqual([]);
        },
        { guard },
      );
    },
  );

  it.each(["monitor", "link"] as const)("%s looks at oneself before liveness [S5.18]", async (operation) => {
    await simulate(3, async (sim) => {
      await sim.exec(async (process: Process) => {
        expect(await rejectionOf(process[operation](process.pid()))).toMatchObject({ kind: errors.INVALID });
      });
    });
  });

  it("that is refused leaves the others be: unlink takes no unmonitor permission, and so on [S5.18]", async () => {
    for (const refused of operations) {
      const guard = new RefusingGuard(`process.${refused}`);
      await simulate(
        4,
        async (sim) => {
          const [asker, target] = [await sim.probe(), await sim.probe()];
          for (const operation of operations.filter((one) => one !== refused))
            await asker.process[operation](target.pid);
        },
        { guard },
      );
    }
  });
});
