/** Monitors, links, events and names: sections 5, 6 and 8 of the spec. */
import { errors, event, type Process, ProcessError } from "beamish";
import { simulate } from "beamish/testing";
import { describe, expect, it } from "vitest";

const HOST = "sim:processes";

async function rejection(promise: Promise<unknown>): Promise<[string, string] | null> {
  try {
    await promise;
    return null;
  } catch (error) {
    return error instanceof ProcessError ? [error.kind, error.message] : ["?", String(error)];
  }
}

/** Ends as its cancel says: normally, or with an error when the reason is "fail". */
const obedient = async (process: Process) => {
  const cancel = await process.events().receive();
  if (cancel?.kind === event.CANCEL && cancel.reason === "fail") throw new Error("as told");
  return "as told";
};
const fail = { reason: "fail" };

describe("monitors", () => {
  it("gives exactly one EXIT, however often one monitors [S5.1, S5.3, S6.2, S6.4, S6.8]", async () => {
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      sim.define("sim:target", obedient);
      const pid = await probe.process.spawnMonitored("sim:target", HOST);
      await probe.process.monitor(pid);
      await probe.process.monitor(pid);
      await sim.settle();
      sim.cancel(pid);
      await sim.untilIdle();
      expect(probe.events).toEqual([{ kind: "pid.exit", from: pid, at: 1767225600, result: { value: "as told" } }]);
    });
  });

  it("is one-way: the watcher's end does the target no harm [S5.2, S5.5]", async () => {
    await simulate(1, async (sim) => {
      const target = await sim.spawn(obedient);
      const watcher = await sim.spawn(async (process: Process) => {
        await process.monitor(target);
        throw new Error("watcher fails");
      });
      await sim.settle();
      expect([sim.isAlive(watcher), sim.isAlive(target)]).toEqual([false, true]);
    });
  });

  it("makes up no EXIT for a dead pid, and refuses oneself [S5.4, S12.23]", async () => {
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      const dead = await sim.spawn(async () => {});
      await sim.settle();
      expect(await rejection(probe.process.monitor(dead))).toEqual([errors.NOT_FOUND, "process not found"]);
      expect((await rejection(probe.process.monitor(probe.pid)))?.[0]).toBe(errors.INVALID);
      expect((await rejection(probe.process.link(probe.pid)))?.[0]).toBe(errors.INVALID);
      await sim.settle();
      expect(probe.events).toEqual([]);
    });
  });

  it("gives no EXIT after unmonitor, keeps one already there, and can begin anew [S5.6, S5.7]", async () => {
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      const [a, b, c] = [await sim.spawn(obedient), await sim.spawn(obedient), await sim.spawn(obedient)];
      const seen = await sim.exec(async (process: Process) => {
        await process.monitor(a);
        await process.unmonitor(a);
        await process.unmonitor(probe.pid);
        await process.monitor(b);
        await process.unmonitor(b);
        await process.monitor(b);
        await process.monitor(c);
        await process.sleep(1);
        for (const pid of [a, b, c]) await process.cancel(pid);
        await process.sleep(1);
        await process.unmonitor(c);
        const events: string[] = [];
        for (;;) {
          const next = await process.select([process.events().caseReceive()], { default: true });
          if (next.default) return [events.length, events.includes(b), events.includes(c)];
          events.push(next.value?.from ?? "");
        }
      });
      expect(seen).toEqual([2, true, true]);
    });
  });

  it("true means it stood before the end, in every interleaving of a target that is dying [S5.1, S5.19]", async () => {
    let refused = 0;
    for (let seed = 0; seed < 300; seed++) {
      await simulate(seed, async (sim) => {
        sim.define("sim:brief", async (process: Process) => process.sleep(seed % 3));
        const outcome = await sim.exec(async (process: Process) => {
          const child = await process.spawn("sim:brief", HOST);
          await process.sleep(seed % 2);
          const refusal = await rejection(process.monitor(child));
          await process.sleep(10);
          const event = await process.select([process.events().caseReceive()], { default: true });
          return [refusal === null, event.default !== true];
        });
        expect(outcome[0], `seed ${seed}`).toBe(outcome[1]);
        if (!outcome[0]) refused++;
      });
    }
    expect(refused).toBeGreaterThan(0);
    expect(refused).toBeLessThan(300);
  });
});

describe("links", () => {
  it("hold in both directions, once [S5.8, S5.11, S5.13]", async () => {
    for (const [from, to] of [
      [0, 1],
      [1, 0],
    ] as const) {
      await simulate(1, async (sim) => {
        const probes = [await sim.probe(), await sim.probe()];
        const [a, b] = [probes[from], probes[to]];
        await a?.process.link(b?.pid ?? "");
        await b?.process.link(a?.pid ?? "");
        sim.terminate(a?.pid ?? "");
        await sim.settle();
        expect(b?.events).toMatchObject([
          { kind: event.LINK_DOWN, from: a?.pid, result: { error: "process terminated" } },
        ]);
      });
    }
  });

  it("disappear without a word at a normal end [S5.10]", async () => {
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      const target = await sim.spawn(obedient);
      await probe.process.link(target);
      sim.cancel(target);
      await sim.settle();
      expect(probe.events).toEqual([]);
    });
  });

  it("take down who does not trap, whether or not it opened its events [S4.11, S5.12]", async () => {
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      const target = await sim.spawn(obedient);
      const linked = await sim.spawn(async (process: Process) => {
        await process.link(target);
        await process.channel().receive();
      });
      await sim.settle();
      await probe.process.monitor(linked);
      sim.cancel(target, fail);
      await sim.settle();
      expect(probe.events).toMatchObject([
        { from: linked, result: { error: "linked process failed", kind: "Internal" } },
      ]);
    });
  });

  it("go by trapLinks at the arrival of the signal, not later [S5.11, S5.14]", async () => {
    await simulate(1, async (sim) => {
      const target = await sim.spawn(obedient);
      const seen: unknown[] = [];
      const trapping = await sim.spawn(async (process: Process) => {
        process.setOptions({ trapLinks: true });
        await process.link(target);
        await process.sleep(10);
        process.setOptions({ trapLinks: false });
        await process.sleep(10);
        seen.push((await process.events().receive())?.kind);
      });
      await sim.advance(5);
      sim.cancel(target, fail);
      await sim.advance(100);
      expect(seen).toEqual([event.LINK_DOWN]);
      expect(sim.isAlive(trapping)).toBe(false);
    });
  });

  it("do nothing after unlink, from either side [S5.9]", async () => {
    await simulate(1, async (sim) => {
      const [a, b] = [await sim.probe(), await sim.probe()];
      await a.process.link(b.pid);
      await b.process.unlink(a.pid);
      await a.process.unlink("{sim:processes|0x7ffff}");
      sim.terminate(a.pid);
      await sim.settle();
      expect(b.events).toEqual([]);
    });
  });

  it.each([1, 2, 9, 10, 1_000])("fall link by link along a chain of %i [S5.12, S5.15]", async (length) => {
    await simulate(length, async (sim) => {
      sim.define("sim:chain", async (process: Process, left: number) => {
        if (left > 0) await process.spawnLinked("sim:chain", HOST, left - 1);
        const order = await process.events().receive();
        if (order?.kind === event.CANCEL) throw new Error("cut");
      });
      const head = await sim.spawn("sim:chain", length);
      await sim.settle();
      expect(sim.alive).toBe(length + 1);
      sim.cancel(head);
      await sim.settle();
      expect(sim.alive).toBe(0);
    });
  });

  it("take down ten children with their parent [S5.15]", async () => {
    await simulate(2, async (sim) => {
      sim.define("sim:child", async (process: Process) => process.channel().receive());
      const parent = await sim.spawn(async (process: Process) => {
        for (let i = 0; i < 10; i++) await process.spawnLinked("sim:child", HOST);
        await process.events().receive();
        throw new Error("parent fails");
      });
      await sim.settle();
      sim.cancel(parent);
      await sim.settle();
      expect(sim.alive).toBe(0);
    });
  });

  it("end 100,000 processes linked into one failure, all EXITs delivered [S4.17, S5.15]", async () => {
    await simulate(
      1,
      async (sim) => {
        sim.define("sim:child", async (process: Process) => {
          await process.inbox().receive();
        });
        const COUNT = 100_000;
        let exits = 0;
        const hub = await sim.spawn(async (process: Process) => {
          for (let i = 0; i < COUNT; i++) await process.spawnLinked("sim:child", HOST);
          await process.events().receive();
          throw new Error("all of you");
        });
        await sim.settle();
        sim.watch((one) => {
          if (one.kind === "exited") exits++;
        });
        expect(sim.alive).toBe(COUNT + 1);
        sim.cancel(hub);
        await sim.settle();
        expect([sim.alive, exits]).toEqual([0, COUNT + 1]);
      },
      { maxTurns: 10_000_000 },
    );
  }, 60_000);

  it("survive simultaneous links from both ends, and an unlink that races with the end [S5.8, S5.9]", async () => {
    for (let seed = 0; seed < 200; seed++) {
      await simulate(seed, async (sim) => {
        const [a, b] = [await sim.probe(), await sim.probe()];
        const both = [a.process.link(b.pid), b.process.link(a.pid)];
        if (seed % 2 === 0) both.push(a.process.unlink(b.pid));
        sim.terminate(b.pid);
        await sim.settle();
        await Promise.allSettled(both);
        const downs = a.events.filter((one) => one.kind === event.LINK_DOWN).length;
        expect(downs, `seed ${seed}`).toBe(seed % 2 === 0 ? 0 : 1);
      });
    }
  });
});

describe("events", () => {
  it("have their constants [S6.1, S6.2, S6.3, S16.19]", async () => {
    const seen: unknown[] = [];
    await simulate(1, async (sim) => {
      await sim.exec(async (process: Process) => seen.push(process.event));
    });
    expect(event).toEqual({ CANCEL: "pid.cancel", EXIT: "pid.exit", LINK_DOWN: "pid.link.down" });
    expect(seen).toEqual([event]);
  });

  it("belong to their receiver: one watcher's changes are not seen by another [S6.4, S2.37]", async () => {
    await simulate(1, async (sim) => {
      const [a, b] = [await sim.probe(), await sim.probe()];
      const target = await sim.spawn(async (process: Process) => {
        await process.events().receive();
        return { list: [1] };
      });
      await a.process.monitor(target);
      await b.process.monitor(target);
      sim.cancel(target);
      await sim.settle();
      const [first, second] = [a.events[0], b.events[0]] as { result: { value: { list: number[] } } }[];
      first?.result.value.list.push(2);
      expect(second?.result.value.list).toEqual([1]);
    });
  });

  it("say the kind, and value or error, of a result [S6.8, S6.11]", async () => {
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      const ends = [
        async () => {},
        async () => {
          throw new ProcessError({ message: "m", kind: errors.TIMEOUT, retryable: false, details: { a: 1 } });
        },
      ];
      for (const [n, main] of ends.entries()) {
        sim.define(`sim:end${n}`, main);
        await probe.process.spawnMonitored(`sim:end${n}`, HOST);
      }
      await sim.settle();
      const results = probe.events.map((one) => (one.kind === event.EXIT ? one.result : null));
      expect(results).toContainEqual({ value: null });
      expect(results).toContainEqual({ error: "m", kind: "Timeout", retryable: false, details: { a: 1 } });
    });
  });
});

describe("names", () => {
  it("bind to the caller by default, several to one, again without harm [S8.1, S8.2]", async () => {
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      const { registry } = probe.process;
      await registry.register("a");
      await registry.register("a");
      await registry.register("b", probe.pid);
      expect([await registry.lookup("a"), await registry.lookup("b")]).toEqual([probe.pid, probe.pid]);
    });
  });

  it("are held by one process at a time [S8.3, S12.19]", async () => {
    for (let seed = 0; seed < 50; seed++) {
      await simulate(seed, async (sim) => {
        sim.define("sim:claim", async (process: Process) => {
          await process.sleep(1);
          const refusal = await rejection(process.registry.register("one"));
          await process.sleep(1);
          return refusal;
        });
        const outcomes = await sim.exec(async (process: Process) =>
          Promise.all([1, 2, 3].map(() => process.exec("sim:claim", HOST))),
        );
        expect(outcomes.filter((one: unknown) => one === null)).toHaveLength(1);
        expect(outcomes).toContainEqual([errors.ALREADY_EXISTS, "name already registered"]);
      });
    }
  });

  it("refuse what is empty, a pid, or no pid as the second argument [S8.4, S12.23]", async () => {
    await simulate(1, async (sim) => {
      const { registry, pid } = (await sim.probe()).process;
      expect((await rejection(registry.register("")))?.[0]).toBe(errors.INVALID);
      expect((await rejection(registry.register(pid())))?.[0]).toBe(errors.INVALID);
      expect(await rejection(registry.register("a", "x|y"))).toEqual([
        errors.INVALID,
        "invalid pid format: missing braces",
      ]);
      expect(await rejection(registry.register("a", "{xy}"))).toEqual([
        errors.INVALID,
        "invalid pid format: missing pipe",
      ]);
      expect((await rejection((registry.register as () => Promise<void>)()))?.[0]).toBe(errors.INVALID);
    });
  });

  it("refuse a dead process, and say NOT_FOUND for an unknown name [S8.5, S8.6, S16.29, S16.30]", async () => {
    await simulate(1, async (sim) => {
      const { registry } = (await sim.probe()).process;
      expect((await rejection(registry.register("a", "{sim:processes|0x7ffff}")))?.[0]).toBe(errors.NOT_FOUND);
      expect(await rejection(registry.lookup("a"))).toEqual([errors.NOT_FOUND, "name not registered"]);
    });
  });

  it("are freed by anybody, who learns whether they were held [S8.7, S16.31]", async () => {
    await simulate(1, async (sim) => {
      const [a, b] = [await sim.probe(), await sim.probe()];
      await a.process.registry.register("x");
      expect([await b.process.registry.unregister("x"), await b.process.registry.unregister("x")]).toEqual([
        true,
        false,
      ]);
      expect(sim.lookup("x")).toBeNull();
    });
  });

  it("ask permission on the name, before liveness and holder [S8.8, S12.18]", async () => {
    const guard = {
      check: (_: unknown, action: string, resource: string) =>
        action.startsWith("process.registry") ? { action, resource } : null,
    };
    await simulate(
      1,
      async (sim) => {
        const { registry } = (await sim.probe()).process;
        const refused = (text: string) => [errors.PERMISSION_DENIED, text];
        expect(await rejection(registry.register("n", "{sim:processes|0x7ffff}"))).toEqual(
          refused("not allowed to register name: n"),
        );
        expect(await rejection(registry.unregister("n"))).toEqual(refused("not allowed to unregister name: n"));
        expect((await rejection(registry.lookup("n")))?.[0]).toBe(errors.NOT_FOUND);
      },
      { guard },
    );
  });

  it("are known on every host [S8.10]", async () => {
    await simulate(1, async (sim) => {
      sim.addHost("sim:other");
      const probe = await sim.probe();
      const pid = await sim.spawnWith({ host: "sim:other", name: "far" }, async (process: Process) => {
        await process.inbox().receive();
      });
      expect(await probe.process.registry.lookup("far")).toBe(pid);
    });
  });
});
