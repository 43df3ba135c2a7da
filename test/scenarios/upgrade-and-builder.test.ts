/** The context spawner and hot upgrade: sections 7 and 9 of the spec. */
import { createActor, errors, event, type Process, ProcessError } from "beamish";
import { simulate } from "beamish/testing";
import { describe, expect, it } from "vitest";
import { isLowered } from "../support/is-lowered.ts";

const HOST = "sim:processes";

function thrown(act: () => unknown): [string, string] | null {
  try {
    act();
    return null;
  } catch (error) {
    return error instanceof ProcessError ? [error.kind, error.message] : ["?", String(error)];
  }
}

describe("the builder", () => {
  it("overlays the caller's context values, later keys winning [S7.1, S7.4, S7.15, S11.23, S11.24]", async () => {
    await simulate(1, async (sim) => {
      sim.define("sim:child", async (process: Process) => {
        const all = process.ctx.all();
        all.a = "changed";
        return [process.ctx.all(), process.ctx.get("a"), process.ctx.get("nested")];
      });
      let got: unknown;
      sim.define("sim:top", async (process: Process) => {
        const builder = process.withContext({ a: 1, b: 1 }).withContext({ b: 2, nested: { x: [1] } });
        got = await builder.exec("sim:child", HOST);
      });
      await sim.spawnWith({ context: { a: 0, inherited: true } }, "sim:top");
      await sim.untilIdle();
      expect(got).toEqual([{ a: 1, b: 2, inherited: true, nested: { x: [1] } }, 1, { x: [1] }]);
    });
  });

  it("refuses what is no table of data, at once [S7.2, S7.12]", async () => {
    await simulate(1, async (sim) => {
      const { process } = await sim.probe();
      const wrong = [null, 5, "x", [1], new Date(), new Uint8Array()];
      for (const values of wrong) expect(thrown(() => process.withContext(values as never))?.[0]).toBe(errors.INVALID);
      expect(thrown(() => process.withContext({ a: { f: () => {} } }))).toEqual([
        errors.INVALID,
        "context.a.f: function cannot be sent",
      ]);
    });
  });

  it("is immutable and spawns any number of times [S7.3]", async () => {
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      sim.define("sim:child", async (process: Process) => {
        await process.events().receive();
      });
      const plain = probe.process.withContext({});
      const named = plain.withName("x");
      expect(named).not.toBe(plain);
      await plain.spawn("sim:child", HOST);
      expect(sim.lookup("x")).toBeNull();
      const first = await named.spawn("sim:child", HOST);
      expect(sim.lookup("x")).toBe(first);
      sim.cancel(first);
      await sim.settle();
      expect(await named.spawn("sim:child", HOST)).toBe(sim.lookup("x"));
    });
  });

  it("sets the actor and keeps the rest; forged ones are refused [S7.5, S16.26, S16.40]", async () => {
    await simulate(1, async (sim) => {
      sim.define("sim:child", async (process: Process) => {
        const actor = process.security.actor();
        return [actor?.id(), actor?.meta(), process.ctx.all(), process.security.can("a", "b")];
      });
      let got: unknown;
      sim.define("sim:top", async (process: Process) => {
        const { process: mine } = { process };
        expect(mine.security.actor()?.id()).toBe("parent");
        expect(mine.security.scope()).toBeNull();
        const builder = mine.withContext({ k: 1 });
        expect(thrown(() => builder.withActor({ id: () => "x", meta: () => ({}) } as never))?.[0]).toBe(errors.INVALID);
        expect(thrown(() => builder.withScope({} as never))?.[0]).toBe(errors.INVALID);
        got = await builder.withActor(createActor("tenant", { plan: "pro" })).exec("sim:child", HOST);
      });
      await sim.spawnWith({ actor: createActor("parent") }, "sim:top");
      await sim.untilIdle();
      expect(got).toEqual(["tenant", { plan: "pro" }, { k: 1 }, false]);
    });
  });

  it("registers the name in the start step and frees it at the end [S7.6]", async () => {
    await simulate(1, async (sim) => {
      sim.define("sim:child", async (process: Process) => [await process.registry.lookup("n"), process.pid()]);
      const [seen, pid] = await sim.exec(async (process: Process) =>
        process.withContext({}).withName("n").exec("sim:child", HOST),
      );
      expect(seen).toBe(pid);
      expect(sim.lookup("n")).toBeNull();
      const { process } = await sim.probe();
      for (const name of ["", "{a|b}"])
        expect(thrown(() => process.withContext({}).withName(name))?.[0]).toBe(errors.INVALID);
    });
  });

  it("queues messages in the order of the calls, a copy for each process [S7.8, S7.9]", async () => {
    await simulate(1, async (sim) => {
      sim.define("sim:child", async (process: Process) => {
        const got: unknown[] = [];
        for (let i = 0; i < 3; i++) got.push((await process.inbox().receive())?.payload);
        (got[0] as number[]).push(99);
        return got;
      });
      const { process } = await sim.probe();
      const builder = process.withContext({}).withMessage("a", [1]).withMessage("b").withMessage("a", 2, 3);
      expect(thrown(() => builder.withMessage("@inbox"))).toEqual([errors.INVALID, "cannot send to @ topics"]);
      expect(thrown(() => builder.withMessage("a", { s: Symbol("s") }))).toEqual([
        errors.INVALID,
        "payload.s: symbol cannot be sent",
      ]);
      const both = Promise.all([builder.exec("sim:child", HOST), builder.exec("sim:child", HOST)]);
      await sim.untilIdle();
      expect(await both).toEqual([
        [[1, 99], null, [2, 3]],
        [[1, 99], null, [2, 3]],
      ]);
    });
  });

  it("reads its timeout like a cancel deadline, ignores it in spawns, refuses other keys [S7.10, S16.27]", async () => {
    await simulate(1, async (sim) => {
      const { process } = await sim.probe();
      const builder = process.withContext({});
      expect(thrown(() => builder.withOptions({ timeout: "soon" }))?.[0]).toBe(errors.INVALID);
      expect(thrown(() => builder.withOptions({ retries: 3 } as never))).toEqual([
        errors.INVALID,
        "option retries is not supported",
      ]);
      sim.define("sim:child", async (child: Process) => {
        await child.sleep("1h");
        return "slept";
      });
      const pid = builder.withOptions({ timeout: 10 }).spawn("sim:child", HOST);
      await sim.advance("30m");
      expect(sim.isAlive(await pid)).toBe(true);
    });
  });

  it("spawns as the module functions do [S7.13, S7.14, S16.28]", async () => {
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      sim.define("sim:dies", async () => {
        throw new Error("x");
      });
      const builder = probe.process.withContext({});
      await builder.spawn("sim:dies", HOST);
      const monitored = await builder.spawnMonitored("sim:dies", HOST);
      const linked = await builder.spawnLinked("sim:dies", HOST);
      const both = await builder.spawnLinkedMonitored("sim:dies", HOST);
      await sim.settle();
      const seen = (pid: string) => probe.events.filter((one) => one.from === pid).map((one) => one.kind);
      expect([seen(monitored), seen(linked), seen(both)]).toEqual([
        [event.EXIT],
        [event.LINK_DOWN],
        [event.EXIT, event.LINK_DOWN],
      ]);
    });
  });
});

describe("upgrade", () => {
  it("goes on as another entry with a copy of the state, and never returns [S9.1, S9.3, S16.24]", async () => {
    await simulate(1, async (sim) => {
      const state = { n: 1, list: [1, 2] };
      let cleanedUp = false;
      sim.define("sim:v2", async (process: Process, given: typeof state, more: string) => [
        given,
        more,
        given === state,
        process.pid(),
      ]);
      sim.define("sim:v1", async (process: Process) => {
        try {
          await process.upgrade("sim:v2", state, "more");
        } finally {
          cleanedUp = true;
        }
      });
      const got = await sim.exec("sim:v1");
      expect(got.slice(0, 3)).toEqual([state, "more", false]);
      expect(cleanedUp).toBe(isLowered);
    });
  });

  it("starts the current entry again for null, in its newest version [S9.2, S9.9]", async () => {
    await simulate(1, async (sim) => {
      const version = (n: number) => async (process: Process, round: number) => {
        if (round === 3) return [n, process.pid(), process.id()];
        sim.define("sim:self", version(n + 1));
        await process.upgrade(null, round + 1);
      };
      sim.define("sim:self", version(1));
      const before = await sim.spawnWith({ name: "keeper" }, "sim:self", 3);
      expect(before).toMatch(/^\{/);
      const [n] = await sim.exec("sim:self", 0);
      expect(n).toBe(4);
    });
  });

  it("keeps pid, frame, names, bonds, actor, context and a running deadline [S1.8, S1.12, S9.4, S9.7]", async () => {
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      const seen: unknown[] = [];
      const facts = async (process: Process) => [
        process.pid(),
        process.id(),
        await process.registry.lookup("kept"),
        process.security.actor()?.id(),
        process.ctx.all(),
      ];
      sim.define("sim:v1", async (process: Process) => {
        await process.link(probe.pid);
        seen.push(await facts(process));
        await process.cancel(process.pid(), "10s");
        await process.upgrade("sim:v2");
      });
      sim.define("sim:v2", async (process: Process) => {
        seen.push(await facts(process));
        await process.channel().receive();
      });
      const options = { name: "kept", actor: createActor("ada"), context: { c: 1 } };
      const pid = await sim.spawnWith(options, "sim:v1");
      await probe.process.monitor(pid);
      await sim.advance("5s");
      expect(seen[1]).toEqual(seen[0]);
      expect(probe.events).toEqual([]);
      await sim.advance("5s");
      expect(probe.events).toMatchObject([
        { kind: event.EXIT, result: { error: "cancel deadline exceeded" } },
        { kind: event.LINK_DOWN },
      ]);
    });
  });

  it("keeps every unread message and event, whatever channel it waited for [S9.5, S2.32]", async () => {
    await simulate(1, async (sim) => {
      sim.define("sim:v1", async (process: Process) => {
        process.inbox();
        process.listen("t");
        process.events();
        const self = process.pid();
        for (const [topic, n] of [
          ["t", 1],
          ["u", 2],
          ["t", 3],
          ["v", 4],
        ] as const)
          process.send(self, topic, n);
        await process.cancel(self);
        await process.upgrade("sim:v2");
      });
      sim.define("sim:v2", async (process: Process) => {
        const u = process.listen("u");
        const got: unknown[] = [];
        for (let i = 0; i < 3; i++) got.push((await process.inbox().receive())?.payload);
        return [got, await u.receive(), (await process.events().receive())?.kind];
      });
      expect(await sim.exec("sim:v1")).toEqual([[1, 3, 4], 2, event.CANCEL]);
    });
  });

  it("resets trapLinks, subscriptions, tasks and timers of the old code [S9.6, S4.35, S11.22, S16.7]", async () => {
    await simulate(1, async (sim) => {
      const late: string[] = [];
      sim.define("sim:v1", async (process: Process) => {
        process.setOptions({ trapLinks: true });
        process.go(async () => {
          await process.sleep(10);
          late.push("old sleep");
        });
        process.go(async () => {
          for await (const _ of process.ticker(1).channel()) late.push("old tick");
        });
        process.go(async () => {
          await process.inbox().receive();
          late.push("old receive");
        });
        await process.upgrade("sim:v2");
      });
      sim.define("sim:v2", async (process: Process) => {
        await process.sleep(100);
        const now = await process.select([process.inbox().caseReceive()], { default: true });
        return [process.getOptions().trapLinks, now.default ?? now.value];
      });
      const pid = sim.exec("sim:v1");
      const got = await pid;
      expect(got).toEqual([false, true]);
      expect(late).toEqual([]);
    });
  });

  it("gives an exec that waits the final result [S9.4]", async () => {
    await simulate(1, async (sim) => {
      sim.define("sim:v1", async (process: Process) => process.upgrade("sim:v2", 20));
      sim.define("sim:v2", async (_: Process, n: number) => n + 1);
      expect(await sim.exec(async (process: Process) => process.exec("sim:v1", HOST))).toBe(21);
    });
  });

  it.each([
    ["an unknown entry", "sim:none", [], "upgrade: process entry not found: sim:none", errors.NOT_FOUND],
    ["a wrong id", "none", [], "upgrade: invalid process ID format (namespace:name required)", errors.INVALID],
    ["a missing method", "sim:empty", [], 'upgrade: method "default" not found in module', errors.NOT_FOUND],
    ["a load failure", "sim:broken", [], "upgrade: failed to load module: broken", errors.INTERNAL],
    [
      "state that cannot be sent",
      "sim:v2",
      [{ f() {} }],
      "upgrade: state[0].f: function cannot be sent",
      errors.INVALID,
    ],
  ] as const)("ends the process on %s [S4.12, S9.8]", async (_what, id, state, text, kind) => {
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      sim.define("sim:empty", 5);
      sim.define("sim:v2", async () => {});
      sim.define("sim:broken", null, {
        loadError: new ProcessError({ message: "failed to load module: broken", kind: errors.INTERNAL }),
      });
      let resumed = false;
      sim.define("sim:v1", async (process: Process) => {
        await process.upgrade(id, ...state).catch(() => {});
        resumed = true;
      });
      await probe.process.spawnMonitored("sim:v1", HOST);
      await sim.settle();
      expect(probe.events).toMatchObject([{ kind: event.EXIT, result: { error: text, kind } }]);
      expect(resumed).toBe(false);
    });
  });

  it("loses nothing that arrives while the new code loads, and can be ended meanwhile [S9.5]", async () => {
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      sim.define("sim:slow", async (process: Process) => (await process.inbox().receive())?.payload, { loadMs: 1_000 });
      sim.define("sim:v1", async (process: Process) => process.upgrade("sim:slow"));
      const [a, b] = [
        await probe.process.spawnMonitored("sim:v1", HOST),
        await probe.process.spawnMonitored("sim:v1", HOST),
      ];
      await sim.advance(500);
      probe.process.send(a, "t", "kept");
      await probe.process.terminate(b);
      await sim.advance(1_000);
      const results = Object.fromEntries(probe.events.map((one) => [one.from, "result" in one ? one.result : null]));
      expect(results).toEqual({ [a]: { value: "kept" }, [b]: { error: "process terminated", kind: "Internal" } });
    });
  });

  it("uses the new entry's mailbox limit for later messages and drops no waiting one [S9.10]", async () => {
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      const entries: string[] = [];
      sim.watch((one) => {
        if (one.kind === "upgraded") entries.push(one.entry);
      });
      sim.define(
        "sim:v2",
        async (process: Process) => {
          await process.sleep(10);
          const got: unknown[] = [];
          for (let i = 0; i < 3; i++) got.push((await process.inbox().receive())?.payload);
          return got;
        },
        { mailbox: { limit: 2, overflow: "reject" } },
      );
      sim.define("sim:v1", async (process: Process) => {
        await process.sleep(5);
        await process.upgrade("sim:v2");
      });
      const pid = await probe.process.spawnMonitored("sim:v1", HOST);
      for (const n of [1, 2, 3]) probe.process.send(pid, "t", n);
      await sim.advance(6);
      expect(probe.process.send(pid, "t", 4)?.kind).toBe(errors.RATE_LIMITED);
      await sim.advance(20);
      expect(entries).toEqual(["sim:v2"]);
      expect(probe.events).toMatchObject([{ result: { value: [1, 2, 3] } }]);
    });
  });
});
