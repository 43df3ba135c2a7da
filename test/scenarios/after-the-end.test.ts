/**
 * Native code whose process has ended or goes on with other code: nothing of it has an effect any more (S16.7 of the
 * spec). Every call of the API is tried, after each way to end.
 */
import { errors, type Process, ProcessError, type SpawnBuilder, type Ticker, type Timer } from "beamish";
import { type Simulation, simulate } from "beamish/testing";
import { describe, expect, it } from "vitest";
import { isLowered } from "../support/is-lowered.ts";

const HOST = "sim:processes";

/** What old code may still hold. */
interface Left {
  readonly process: Process;
  readonly builder: SpawnBuilder;
  readonly timer: Timer;
  readonly ticker: Ticker;
}

const ENDS: Record<string, (sim: Simulation, pid: string) => void> = {
  terminate: (sim, pid) => sim.terminate(pid),
  "a passed deadline": (sim, pid) => sim.cancel(pid, 0),
  "the return of main": (sim, pid) => {
    sim.send(pid, "return");
  },
  "an upgrade": (sim, pid) => {
    sim.send(pid, "upgrade");
  },
};

/** How many of the ten waits of lowered code clean up: none where main has returned. */
const CLEANUPS: Record<string, number> = { "the return of main": 0, "a passed deadline": 9 };

/** Runs `check` with what is left of a process that has ended in the given way. */
async function afterEnd(
  how: string,
  check: (left: Left, sim: Simulation, pid: string) => Promise<void>,
): Promise<void> {
  await simulate(1, async (sim) => {
    let left: Left | undefined;
    sim.define("sim:idle", async (process: Process) => process.inbox().receive());
    sim.define("sim:next", async (process: Process) => process.channel().receive());
    sim.define("sim:old", async (process: Process) => {
      left = {
        process,
        builder: process.withContext({}),
        timer: process.timer("1h"),
        ticker: process.ticker("1h"),
      };
      const message = await process.inbox().receive();
      if (message?.topic === "upgrade") await process.upgrade("sim:next");
    });
    const pid = await sim.spawn("sim:old");
    await sim.settle();
    await ENDS[how]?.(sim, pid);
    await sim.advance(1);
    expect(sim.isAlive(pid)).toBe(how === "an upgrade");
    await check(left as Left, sim, pid);
  });
}

describe.each(Object.keys(ENDS))("after %s", (how) => {
  it("every synchronous call throws and has no effect [S16.7, S16.5]", async () => {
    await afterEnd(how, async ({ process, builder, timer, ticker }, sim) => {
      const probe = await sim.probe();
      const calls: Record<string, () => unknown> = {
        id: () => process.id(),
        pid: () => process.pid(),
        send: () => process.send(probe.pid, "t", 1),
        getOptions: () => process.getOptions(),
        setOptions: () => process.setOptions({ trapLinks: true }),
        inbox: () => process.inbox(),
        events: () => process.events(),
        listen: () => process.listen("t"),
        withContext: () => process.withContext({}),
        channel: () => process.channel(),
        go: () => process.go(async () => process.send(probe.pid, "t", 2)),
        after: () => process.after(1),
        timer: () => process.timer(1),
        ticker: () => process.ticker(1),
        "ctx.get": () => process.ctx.get("k"),
        "ctx.all": () => process.ctx.all(),
        "security.actor": () => process.security.actor(),
        "security.can": () => process.security.can("a", "b"),
        print: () => process.print("x"),
        "builder.withName": () => builder.withName("n"),
        "builder.withContext": () => builder.withContext({ a: 1 }),
        "timer.stop": () => timer.stop(),
        "timer.reset": () => timer.reset(1),
        "ticker.stop": () => ticker.stop(),
      };
      for (const [name, call] of Object.entries(calls)) {
        let thrown: unknown = "nothing";
        try {
          call();
        } catch (cause) {
          thrown = cause;
        }
        expect(thrown, name).toBeInstanceOf(ProcessError);
        expect((thrown as ProcessError).kind, name).toBe(errors.CANCELED);
      }
      await sim.advance("2h");
      expect(probe.messages).toEqual([]);
    });
  });

  it("no later promise settles, and nothing is done [S16.7]", async () => {
    await afterEnd(how, async ({ process, builder }, sim) => {
      const [probe, alive] = [await sim.probe(), sim.alive];
      await probe.process.registry.register("taken");
      const calls: Record<string, () => Promise<unknown>> = {
        spawn: () => process.spawn("sim:idle", HOST),
        spawnLinkedMonitored: () => process.spawnLinkedMonitored("sim:idle", HOST),
        exec: () => process.exec("sim:idle", HOST),
        "a spawn that would fail": () => process.spawn("", ""),
        "builder.spawn": () => builder.spawn("sim:idle", HOST),
        "builder.exec": () => builder.exec("sim:idle", HOST),
        terminate: () => process.terminate(probe.pid),
        cancel: () => process.cancel(probe.pid, 1),
        monitor: () => process.monitor(probe.pid),
        unmonitor: () => process.unmonitor(probe.pid),
        link: () => process.link(probe.pid),
        "a link that would fail": () => process.link("nobody"),
        unlink: () => process.unlink(probe.pid),
        upgrade: () => process.upgrade(null),
        register: () => process.registry.register("fresh"),
        lookup: () => process.registry.lookup("taken"),
        unregister: () => process.registry.unregister("taken"),
        sleep: () => process.sleep(1),
        "sleep of zero": () => process.sleep(0),
        select: () => process.select([], { default: true }),
        serve: () => process.serve({}),
      };
      const settled: string[] = [];
      for (const [name, call] of Object.entries(calls)) {
        const note = () => settled.push(name);
        call().then(note, note);
      }
      await sim.advance("1h");
      expect(settled).toEqual([]);
      expect(sim.alive).toBe(alive);
      expect([sim.lookup("fresh"), sim.lookup("taken")]).toEqual([null, probe.pid]);
      expect(probe.events).toEqual([]);
    });
  });
});

describe("waits that were open", () => {
  it.each(Object.keys(ENDS))(
    "never go on after %s, of whatever kind; native code is not unwound [S16.7, S16.55, S4.1]",
    async (how) => {
      await simulate(1, async (sim) => {
        const log: string[] = [];
        const wait = (process: Process, name: string, call: () => Promise<unknown>) =>
          process.go(async () => {
            try {
              await call();
              log.push(`${name} went on`);
            } catch {
              log.push(`${name} caught`);
            } finally {
              log.push(`${name} cleaned up`);
            }
          });
        sim.define("sim:idle", async (process: Process) => process.inbox().receive());
        sim.define("sim:slow", async () => {}, { loadMs: 50 });
        sim.define("sim:next", async (process: Process) => process.sleep("1h"));
        sim.define("sim:old", async (process: Process) => {
          const [channel, full] = [process.channel<number>(), process.channel<number>()];
          wait(process, "sleep", () => process.sleep(10));
          wait(process, "listen", () => process.listen("t").receive());
          // A cancel is an event before its deadline is the end.
          if (how !== "a passed deadline") wait(process, "events", () => process.events().receive());
          wait(process, "receive", () => channel.receive());
          wait(process, "send", () => full.send(1));
          wait(process, "select", () => process.select([channel.caseReceive(), process.after(10).caseReceive()]));
          wait(process, "exec", () => process.exec("sim:idle", HOST));
          wait(process, "slow spawn", () => process.spawn("sim:slow", HOST));
          wait(process, "serve", () => process.serve({ served: () => process.done(1) }));
          wait(process, "tick", () => process.ticker(10).channel().receive());
          const message = await process.inbox().receive();
          if (message?.topic === "upgrade") await process.upgrade("sim:next");
          return null;
        });
        const pid = await sim.spawn("sim:old");
        await sim.settle();
        await ENDS[how]?.(sim, pid);
        await sim.advance(1);
        for (const topic of ["t", "served"]) sim.send(pid, topic);
        await sim.advance("30m");
        // Lowered code that is stopped cleans up, each of the ten once, and none of them goes on.
        const cleanups = log.filter((line) => line.endsWith("cleaned up"));
        expect(log).toEqual(cleanups);
        expect(new Set(cleanups).size).toBe(isLowered ? (CLEANUPS[how] ?? 10) : 0);
      });
    },
  );

  it("are not woken by what old code does in the step that upgrades [S16.7, S9.1]", async () => {
    await simulate(1, async (sim) => {
      const log: string[] = [];
      sim.define("sim:next", async (process: Process) => {
        await process.sleep(50);
        return "new";
      });
      sim.define("sim:old", async (process: Process) => {
        const ticker = process.ticker(10);
        const channel = process.channel<number>();
        process.go(async () => {
          await ticker.channel().receive();
          log.push("tick");
        });
        process.go(async () => {
          await channel.receive();
          log.push("value");
        });
        await process.sleep(1);
        void process.upgrade("sim:next");
        for (const attempt of [() => ticker.stop(), () => channel.close(), () => process.inbox()]) {
          try {
            attempt();
            log.push("allowed");
          } catch {}
        }
        void channel.send(1);
      });
      expect(await sim.exec("sim:old")).toBe("new");
      expect(log).toEqual([]);
    });
  });

  it("leave the runtime in peace: an old rejection or a thrown error is nobody's end [S16.7, S9.1]", async () => {
    await simulate(1, async (sim) => {
      sim.define("sim:next", async (process: Process) => {
        await process.sleep(1);
        return "new";
      });
      sim.define("sim:old", async (process: Process) => {
        void process.upgrade("sim:next");
        throw new Error("from the old code");
      });
      expect(await sim.exec("sim:old")).toBe("new");
    });
  });
});

describe("terminating oneself", () => {
  it("never settles, cannot be caught, and runs nothing further [S4.22, S16.14]", async () => {
    await simulate(1, async (sim) => {
      const log: string[] = [];
      const probe = await sim.probe();
      sim.define("sim:self", async (process: Process) => {
        process.go(async () => {
          log.push("task");
          process.send(probe.pid, "late");
        });
        try {
          await process.terminate(process.pid());
          log.push("returned");
        } catch {
          log.push("caught");
        } finally {
          log.push("cleaned up");
        }
      });
      await probe.process.spawnMonitored("sim:self", HOST);
      await sim.settle();
      expect(log).toEqual(isLowered ? ["cleaned up"] : []);
      expect(probe.messages).toEqual([]);
      expect(probe.events).toMatchObject([{ result: { error: "process terminated", kind: errors.INTERNAL } }]);
    });
  });
});
