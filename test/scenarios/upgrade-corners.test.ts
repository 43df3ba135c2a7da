/**
 * Upgrade, where it meets everything else: slow loading, exec, deadlines, links, timers, names, parsers, permissions
 * (section 9 of the spec).
 */
import { createActor, defineProcess, errors, event, type Process, ProcessError } from "beamish";
import { type Simulation, simulate } from "beamish/testing";
import { describe, expect, it } from "vitest";
import { RefusingGuard, rejectionOf } from "./refusal.ts";

const HOST = "sim:processes";

/** An entry `sim:old` that goes on as `sim:new` when told, with the state it is told. */
function defineOld(sim: Simulation): void {
  sim.define("sim:old", async (process: Process) => {
    const message = await process.listen("upgrade").receive();
    await process.upgrade("sim:new", message);
  });
}

describe("while the new code loads", () => {
  it("the deadline of a cancel runs on and ends the process, and the new main never runs [S9.4, S4.26]", async () => {
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      let ran = false;
      defineOld(sim);
      sim.define(
        "sim:new",
        async () => {
          ran = true;
        },
        { loadMs: 1_000 },
      );
      const pid = await probe.process.spawnMonitored("sim:old", HOST);
      await sim.settle();
      sim.cancel(pid, "400ms");
      sim.send(pid, "upgrade");
      await sim.advance("399ms");
      expect(probe.events).toEqual([]);
      await sim.advance("1ms");
      expect(probe.events).toMatchObject([
        { kind: event.EXIT, result: { error: "cancel deadline exceeded", kind: errors.TIMEOUT } },
      ]);
      await sim.advance("2s");
      expect([ran, sim.isAlive(pid)]).toEqual([false, false]);
    });
  });

  it("a deadline beyond the load strikes the new code, earlier ones still bring it forward [S9.4, S4.30]", async () => {
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      defineOld(sim);
      const seen: unknown[] = [];
      sim.define(
        "sim:new",
        async (process: Process) => {
          for await (const one of process.events()) seen.push("deadline" in one ? one.deadline : null);
        },
        { loadMs: 1_000 },
      );
      const pid = await probe.process.spawnMonitored("sim:old", HOST);
      await sim.settle();
      sim.cancel(pid, "5s");
      sim.send(pid, "upgrade");
      await sim.advance("500ms");
      sim.cancel(pid, "2s");
      await sim.advance("1999ms");
      expect(probe.events).toEqual([]);
      await sim.advance("1ms");
      expect(probe.events).toMatchObject([{ result: { error: "cancel deadline exceeded" } }]);
      expect(seen).toEqual(["2026-01-01T00:00:05.000Z", "2026-01-01T00:00:02.500Z"]);
    });
  });

  it("the pid stays a destination, names resolve, and everything that comes is kept in order [S9.4, S9.5]", async () => {
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      defineOld(sim);
      sim.define(
        "sim:new",
        async (process: Process) => {
          const got: unknown[] = [];
          for (let i = 0; i < 3; i++) got.push((await process.inbox().receive())?.payload);
          return [got, (await process.events().receive())?.kind];
        },
        { loadMs: 1_000 },
      );
      const pid = await sim.spawnWith({ name: "svc" }, "sim:old");
      await probe.process.monitor(pid);
      expect(probe.process.send("svc", "before", 1)).toBeNull();
      sim.send(pid, "upgrade");
      await sim.advance("500ms");
      expect(await probe.process.registry.lookup("svc")).toBe(pid);
      expect(probe.process.send("svc", "during", 2)).toBeNull();
      expect(probe.process.send(pid, "during", 3)).toBeNull();
      await probe.process.cancel("svc");
      await sim.advance("1s");
      expect(probe.events).toMatchObject([{ from: pid, result: { value: [[1, 2, 3], event.CANCEL] } }]);
      expect(sim.deadLetters.count()).toBe(0);
    });
  });

  it("an exec that waits is answered by the last code, be it a value or an error [S9.4]", async () => {
    await simulate(1, async (sim) => {
      sim.define("sim:first", async (process: Process, end: string) => process.upgrade("sim:second", end), {
        loadMs: 10,
      });
      sim.define("sim:second", async (process: Process, end: string) => process.upgrade("sim:third", end), {
        loadMs: 100,
      });
      sim.define(
        "sim:third",
        async (process: Process, end: string) => {
          await process.sleep(10);
          if (end === "fail") throw new ProcessError({ message: "third", kind: errors.CONFLICT, retryable: true });
          return end;
        },
        { loadMs: 1_000 },
      );
      const got = await sim.exec(async (process: Process) => [
        await process.exec("sim:first", HOST, "done"),
        await rejectionOf(process.exec("sim:first", HOST, "fail")),
      ]);
      expect(got).toEqual(["done", { kind: errors.CONFLICT, message: "third", retryable: true }]);
    });
  });

  it("an exec that waits learns of a failed upgrade [S9.4, S9.8]", async () => {
    await simulate(1, async (sim) => {
      sim.define("sim:first", async (process: Process) => process.upgrade("sim:none"));
      const refusal = await sim.exec(async (process: Process) => rejectionOf(process.exec("sim:first", HOST)));
      expect(refusal).toEqual({
        kind: errors.NOT_FOUND,
        message: "upgrade: process entry not found: sim:none",
        retryable: undefined,
      });
    });
  });

  it("a link that breaks is settled by the options of the code that was there [S9.4, S5.14]", async () => {
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      sim.define("sim:victim", async (process: Process) => process.inbox().receive());
      sim.define("sim:new", async (process: Process) => (await process.events().receive())?.kind, { loadMs: 1_000 });
      sim.define("sim:linked", async (process: Process, peer: string, trapLinks: boolean) => {
        await process.link(peer);
        process.setOptions({ trapLinks });
        await process.upgrade("sim:new");
      });
      const peers = [await sim.spawn("sim:victim"), await sim.spawn("sim:victim")] as const;
      const trapping = await probe.process.spawnMonitored("sim:linked", HOST, peers[0], true);
      const falling = await probe.process.spawnMonitored("sim:linked", HOST, peers[1], false);
      await sim.advance("500ms");
      for (const peer of peers) sim.terminate(peer);
      await sim.advance("1s");
      const results = new Map(probe.events.map((one) => [one.from, "result" in one ? one.result : null]));
      expect(results.get(trapping)).toEqual({ value: event.LINK_DOWN });
      expect(results.get(falling)).toMatchObject({ error: "linked process failed" });
    });
  });

  it("the version that was loaded last counts, and a load that fails ends it [S9.2, S9.8]", async () => {
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      sim.define("sim:self", async (process: Process) => {
        await process.sleep(10);
        await process.upgrade(null, "state");
      });
      const pid = await probe.process.spawnMonitored("sim:self", HOST);
      await sim.settle();
      const loadError = new ProcessError({ message: "failed to load module: oops", kind: errors.INTERNAL });
      sim.define("sim:self", null, { loadMs: 100, loadError });
      await sim.advance("1s");
      expect(probe.events).toMatchObject([
        { from: pid, result: { error: "upgrade: failed to load module: oops", kind: errors.INTERNAL } },
      ]);
    });
  });
});

describe("what the old code began", () => {
  it("the children it waits for are told to end; a late answer reaches nobody [S9.6, S3.39, S6.12]", async () => {
    await simulate(1, async (sim) => {
      const told: unknown[] = [];
      sim.define("sim:child", async (process: Process) => {
        const one = await process.events().receive();
        told.push(one);
        return "late";
      });
      sim.define("sim:new", async (process: Process) => {
        await process.sleep("1s");
        const nothing = await process.select([process.events().caseReceive(), process.inbox().caseReceive()], {
          default: true,
        });
        return [process.pid(), nothing.default];
      });
      sim.define("sim:old", async (process: Process) => {
        process.go(() => process.exec("sim:child", HOST));
        await process.sleep(1);
        await process.upgrade("sim:new");
      });
      const [pid, nothing] = await sim.exec("sim:old");
      expect(nothing).toBe(true);
      expect(told).toMatchObject([{ kind: event.CANCEL, from: pid, reason: "caller exited" }]);
      expect((told[0] as { deadline: string }).deadline).toBe("2026-01-01T00:00:05.001Z");
    });
  });

  it("a spawn whose code still loads starts nothing for the new code [S9.6, S16.7]", async () => {
    await simulate(1, async (sim) => {
      let started = 0;
      sim.define(
        "sim:slow",
        async () => {
          started++;
        },
        { loadMs: 100 },
      );
      sim.define("sim:new", async (process: Process) => {
        await process.sleep("1s");
        return (await process.select([process.events().caseReceive()], { default: true })).default;
      });
      sim.define("sim:old", async (process: Process) => {
        void process.spawnLinkedMonitored("sim:slow", HOST);
        await process.upgrade("sim:new");
      });
      expect(await sim.exec("sim:old")).toBe(true);
      expect(started).toBe(0);
    });
  });

  it("its timers do not fire into the new code, those of the new code do [S9.6, S11.22]", async () => {
    await simulate(1, async (sim) => {
      sim.define("sim:new", async (process: Process) => {
        const from = sim.nowMs;
        const ticks: number[] = [];
        const ticker = process.ticker(30);
        const over = process.after(100);
        for (;;) {
          const chosen = await process.select({ tick: ticker.channel().caseReceive(), over: over.caseReceive() });
          if (chosen.case === "over") return ticks;
          ticks.push(sim.nowMs - from);
        }
      });
      sim.define("sim:old", async (process: Process) => {
        process.ticker(7);
        process.after(11);
        process.timer(13);
        process.go(() => process.sleep(17));
        await process.sleep(5);
        await process.upgrade("sim:new");
      });
      expect(await sim.exec("sim:old")).toEqual([30, 60, 90]);
      expect(sim.nowMs).toBe(105);
    });
  });

  it("its state is a copy; the new code changes nothing of what it gave [S9.6, S2.37]", async () => {
    await simulate(1, async (sim) => {
      const state = { list: [1], self: null as unknown };
      state.self = state;
      sim.define("sim:new", async (_: Process, given: typeof state) => {
        given.list.push(2);
        return [given.list, given.self === given, given === state];
      });
      sim.define("sim:old", async (process: Process) => {
        const upgrading = process.upgrade("sim:new", state);
        state.list.push(99);
        await upgrading;
      });
      expect(await sim.exec("sim:old")).toEqual([[1, 2], true, false]);
      expect(state.list).toEqual([1, 99]);
    });
  });
});

describe("upgrades", () => {
  it("follow one another without limit, in the first step or later; pid, id and send work after each [S9.9, S1.8, S1.12]", async () => {
    await simulate(1, async (sim) => {
      const main = async (process: Process, round: number, pid: string, id: string): Promise<unknown> => {
        if (process.pid() !== pid || process.id() !== id) return "changed";
        if (process.send(process.pid(), "round", round) !== null) return "unsent";
        if (round === 500) return (await process.listen("round").receive()) ?? null;
        if (round % 2 === 0) await process.sleep(1);
        return process.upgrade(round % 3 === 0 ? "sim:b" : null, round + 1, pid, id);
      };
      sim.define("sim:a", async (process: Process) => process.upgrade("sim:b", 0, process.pid(), process.id()));
      sim.define("sim:b", main);
      expect(await sim.exec("sim:a")).toBe(0);
    });
  });

  it("take place once: of two in one step the first counts [S9.1]", async () => {
    await simulate(1, async (sim) => {
      sim.define("sim:b", async () => "b");
      sim.define("sim:a", (process: Process) => {
        void process.upgrade("sim:b");
        void process.upgrade("sim:none");
        return "a";
      });
      expect(await sim.exec("sim:a")).toBe("b");
    });
  });

  it("by any task replace all of them, main included [S9.1, S9.6]", async () => {
    await simulate(1, async (sim) => {
      const log: string[] = [];
      sim.define("sim:b", async (process: Process) => (await process.inbox().receive())?.payload);
      sim.define("sim:a", async (process: Process) => {
        process.go(async () => {
          await process.sleep(1);
          await process.upgrade("sim:b");
        });
        log.push(String((await process.inbox().receive())?.payload));
        return "a";
      });
      const pid = await sim.spawn("sim:a");
      const probe = await sim.probe();
      await probe.process.monitor(pid);
      await sim.advance(5);
      sim.send(pid, "t", "for b");
      await sim.settle();
      expect(log).toEqual([]);
      expect(probe.events).toMatchObject([{ result: { value: "for b" } }]);
    });
  });

  it("ask no permission, and nobody who watches hears of them [S9.7]", async () => {
    const guard = new RefusingGuard("*");
    await simulate(
      1,
      async (sim) => {
        sim.define("sim:b", async () => "b");
        sim.define("sim:a", async (process: Process) => process.upgrade("sim:b"));
        const ends: unknown[] = [];
        sim.watch((one) => ends.push(one.kind));
        expect(await sim.exec("sim:a")).toBe("b");
        expect(ends).toEqual(["spawned", "upgraded", "exited"]);
        expect(guard.asked).toEqual([]);
      },
      { guard },
    );
  });

  it("keep monitors and links in both directions [S9.4, S9.7]", async () => {
    await simulate(1, async (sim) => {
      const [watcher, watched] = [await sim.probe(), await sim.probe()];
      sim.define("sim:b", async (process: Process) => {
        process.setOptions({ trapLinks: true });
        const got: string[] = [];
        for (let i = 0; i < 2; i++) got.push((await process.events().receive())?.kind ?? "");
        return got;
      });
      sim.define("sim:a", async (process: Process) => {
        await process.monitor(watched.pid);
        await process.link(watched.pid);
        await process.sleep(1);
        await process.upgrade("sim:b");
      });
      const pid = await sim.spawn("sim:a");
      await sim.settle();
      await watcher.process.monitor(pid);
      await watcher.process.link(pid);
      await sim.advance(2);
      expect([watcher.events, watched.events]).toEqual([[], []]);
      sim.terminate(watched.pid);
      await sim.settle();
      expect(watcher.events).toMatchObject([
        { kind: event.EXIT, from: pid, result: { value: [event.EXIT, event.LINK_DOWN] } },
      ]);
    });
  });

  it("keep a monitor that the old code took back taken back [S9.4, S5.7]", async () => {
    await simulate(1, async (sim) => {
      const watched = await sim.probe();
      sim.define("sim:b", async (process: Process) => {
        await process.sleep(10);
        return (await process.select([process.events().caseReceive()], { default: true })).default;
      });
      sim.define("sim:a", async (process: Process) => {
        await process.monitor(watched.pid);
        await process.unmonitor(watched.pid);
        await process.upgrade("sim:b");
      });
      const result = sim.spawn(async (process: Process) => process.exec("sim:a", HOST));
      await result;
      await sim.settle();
      sim.terminate(watched.pid);
      const probe = await sim.probe();
      await probe.process.monitor(await result);
      await sim.advance(20);
      expect(probe.events).toMatchObject([{ result: { value: true } }]);
    });
  });

  it("keep messages of every channel, those a slow reader left included, in one order [S9.5, S2.28]", async () => {
    await simulate(1, async (sim) => {
      sim.define("sim:b", async (process: Process) => {
        const listened = process.listen("x", { message: true });
        const got: unknown[] = [];
        for (;;) {
          const cases = { x: listened.caseReceive(), inbox: process.inbox().caseReceive() };
          const chosen = await process.select(cases, { default: true });
          if (chosen.default === true) return got;
          got.push([chosen.case, chosen.value?.topic, chosen.value?.payload]);
        }
      });
      sim.define("sim:a", async (process: Process) => {
        const [a, b] = [process.listen("a"), process.listen("b", { message: true })];
        process.inbox();
        for (const [n, topic] of ["a", "b", "x", "a", "", "b", "a"].entries()) process.send(process.pid(), topic, n);
        await a.receive();
        await b.receive();
        process.unlisten(b);
        await process.upgrade("sim:b");
      });
      expect(await sim.exec("sim:a")).toEqual([
        ["x", "x", 2],
        ["inbox", "a", 3],
        ["inbox", "", 4],
        ["inbox", "b", 5],
        ["inbox", "a", 6],
      ]);
    });
  });

  it("run the parsers of the new code over what waits, as it was sent [S9.5, S16.52]", async () => {
    await simulate(1, async (sim) => {
      const reader = (accepts: Record<string, (payload: unknown) => unknown>) =>
        defineProcess({
          accepts,
          async run(process, next?: string) {
            const looked = await process.select([process.channel().caseReceive(), process.inbox().caseReceive()], {
              default: true,
            });
            if (next === undefined) return [(looked.value as { payload: unknown }).payload];
            return process.upgrade(next);
          },
        });
      sim.define("sim:a", reader({ n: (payload) => `a${payload}` }));
      sim.define("sim:b", reader({ n: (payload) => `b${payload}` }));
      const got = await sim.exec(async (process: Process) =>
        process.withContext({}).withMessage("n", 1).withMessage("n", 2).exec("sim:a", HOST, "sim:b"),
      );
      expect(got).toEqual(["b2"]);
    });
  });

  it("keep actor and context, which the children of the new code inherit [S9.4, S3.31]", async () => {
    await simulate(1, async (sim) => {
      const facts = async (process: Process) => [process.security.actor()?.id(), process.ctx.all()];
      sim.define("sim:child", facts);
      sim.define("sim:b", async (process: Process) => [await facts(process), await process.exec("sim:child", HOST)]);
      sim.define("sim:a", async (process: Process) => process.upgrade("sim:b"));
      const probe = await sim.probe();
      const pid = await sim.spawnWith({ actor: createActor("ada"), context: { k: [1] } }, async (process: Process) => {
        await process.sleep(1);
        await process.upgrade("sim:b");
      });
      await probe.process.monitor(pid);
      await sim.advance(5);
      const both = ["ada", { k: [1] }];
      expect(probe.events).toMatchObject([{ result: { value: [both, both] } }]);
    });
  });

  it.each(["", "a", ":", "a:", ":a"])("end the process for the malformed id %j [S9.3, S9.8]", async (id) => {
    await simulate(1, async (sim) => {
      sim.define("sim:a", async (process: Process) => process.upgrade(id));
      const refusal = await sim.exec(async (process: Process) => rejectionOf(process.exec("sim:a", HOST)));
      expect(refusal.kind).toBe(errors.INVALID);
      expect(refusal.message).toMatch(/^upgrade: /);
    });
  });

  it("that fail free names, tell watchers, break links and leave dead letters, as every end [S9.8, S4.17]", async () => {
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      sim.define("sim:a", async (process: Process) => {
        await process.registry.register("svc");
        await process.sleep(1);
        await process.upgrade("sim:none");
      });
      const pid = await probe.process.spawnLinkedMonitored("sim:a", HOST);
      await sim.settle();
      sim.send(pid, "unread");
      await sim.advance(2);
      expect(sim.lookup("svc")).toBeNull();
      expect(probe.events.map((one) => one.kind)).toEqual([event.EXIT, event.LINK_DOWN]);
      expect(sim.deadLetters.count("exited_unread")).toBe(1);
      expect(probe.process.send(pid, "t")?.kind).toBe(errors.NOT_FOUND);
    });
  });
});
