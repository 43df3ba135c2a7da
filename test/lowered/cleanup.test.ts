/** What is ended from outside returns first: `finally` and `await using` run, `catch` does not (S16.55). */
import type { Process } from "beamish";
import { simulate } from "beamish/testing";
import { describe, expect, it } from "vitest";

/** Ends a process, one way each. */
const ENDS: Record<string, (process: Process, pid: string) => Promise<unknown>> = {
  terminate: (process, pid) => process.terminate(pid),
  "a passed deadline": (process, pid) => process.cancel(pid, 0),
  "a link": async (process, pid) => {
    await process.spawnLinked("sim:bomb", "sim:processes", pid);
  },
};

/** A promise that the test settles. */
function later(): { promise: Promise<void>; settle: () => void } {
  let settle = () => {};
  const promise = new Promise<void>((resolve) => {
    settle = resolve;
  });
  return { promise, settle };
}

describe("cleaning up", () => {
  it("calls back nobody who waited for what returns, and loses nobody who cleans up meanwhile [S16.55]", async () => {
    await simulate(1, async (sim) => {
      const log: string[] = [];
      const pid = await sim.spawn(async (process: Process) => {
        const inner = async () => {
          await process.sleep(10);
          return "slept";
        };
        try {
          await inner()
            .then(async (value) => {
              log.push(`then ${value}`);
              await null;
            })
            .catch(() => log.push("caught"));
        } finally {
          log.push("finally");
          await null;
          log.push("end");
        }
      });
      await sim.settle();
      sim.terminate(pid);
      await sim.settle();
      expect(log).toEqual(["finally", "end"]);
    });
  });

  it("is over for a function called before its caller goes on, also by way of then [S16.55]", async () => {
    await simulate(1, async (sim) => {
      const log: string[] = [];
      const pid = await sim.spawn(async (process: Process) => {
        const inner = async () => {
          try {
            await process.sleep(10);
          } finally {
            await null;
            log.push("inner");
          }
        };
        try {
          await inner().then(() => log.push("then"));
        } finally {
          log.push("outer");
        }
      });
      await sim.settle();
      sim.terminate(pid);
      await sim.settle();
      expect(log).toEqual(["inner", "outer"]);
    });
  });

  it.each(Object.keys(ENDS))(
    "goes from the innermost function outwards, and no catch sees it, at %s [S16.55]",
    async (how) => {
      await simulate(1, async (sim) => {
        const log: string[] = [];
        sim.define("sim:bomb", async (process: Process, target: string) => {
          await process.link(target);
          throw new Error("boom");
        });
        const inner = async (process: Process) => {
          try {
            await process.inbox().receive();
            log.push("received");
          } catch {
            log.push("caught");
          } finally {
            log.push("inner");
          }
          log.push("after");
        };
        const pid = await sim.spawn(async (process: Process) => {
          try {
            await (async () => {
              try {
                await inner(process);
              } finally {
                log.push("middle");
              }
            })();
          } finally {
            log.push("outer");
          }
        });
        const probe = await sim.probe();
        probe.process.setOptions({ trapLinks: true });
        await probe.process.monitor(pid);
        await ENDS[how]?.(probe.process, pid);
        await sim.advance(10);
        expect(log).toEqual(["inner", "middle", "outer"]);
        expect(probe.events.filter((event) => event.from === pid)).toHaveLength(1);
      });
    },
  );

  it("runs at an upgrade before the new main starts, and messages wait for that [S16.55, S9.5]", async () => {
    await simulate(2, async (sim) => {
      const log: string[] = [];
      const gate = later();
      sim.define("sim:next", async (process: Process) => {
        log.push("new main");
        return (await process.inbox().receive())?.payload;
      });
      sim.define("sim:old", async (process: Process) => {
        try {
          await process.upgrade("sim:next");
        } finally {
          await gate.promise;
          log.push("cleaned up");
        }
      });
      const probe = await sim.probe();
      const pid = await probe.process.spawnMonitored("sim:old", "sim:processes");
      await sim.settle();
      expect(sim.isAlive(pid)).toBe(true);
      expect(sim.send(pid, "kept", 7)).toBe(null);
      expect(log).toEqual([]);
      gate.settle();
      await sim.settle();
      expect(log).toEqual(["cleaned up", "new main"]);
      expect(probe.events).toMatchObject([{ from: pid, result: { value: 7 } }]);
    });
  });

  it("may send, and every other call throws CANCELED [S16.55]", async () => {
    await simulate(3, async (sim) => {
      const kinds: unknown[] = [];
      const probe = await sim.probe();
      const tries: Record<string, (process: Process) => unknown> = {
        sleep: (process) => process.sleep(1),
        spawn: (process) => process.spawn("sim:none", "sim:processes"),
        exec: (process) => process.exec("sim:none", "sim:processes"),
        receive: (process) => process.inbox().receive(),
        listen: (process) => process.listen("t"),
        monitor: (process) => process.monitor(probe.pid),
        select: (process) => process.select([]),
        pid: (process) => process.pid(),
        upgrade: (process) => process.upgrade(null),
        registry: (process) => process.registry.register("x"),
      };
      const pid = await sim.spawn(async (process: Process) => {
        try {
          await process.inbox().receive();
        } finally {
          for (const [name, call] of Object.entries(tries)) {
            try {
              await call(process);
              kinds.push(`${name} went through`);
            } catch (cause) {
              kinds.push((cause as { kind?: string }).kind);
            }
          }
          kinds.push(process.send(probe.pid, "last words"));
        }
      });
      await sim.settle();
      sim.terminate(pid);
      await sim.settle();
      expect(kinds).toEqual([...Object.keys(tries).map(() => "Canceled"), null]);
      expect(probe.messages).toMatchObject([{ topic: "last words", from: pid }]);
    });
  });

  it("has a second in all, with its pid dead and its name and place taken until then [S16.55]", async () => {
    await simulate(4, async (sim) => {
      const log: string[] = [];
      sim.addHost("sim:small", { maxProcesses: 1 });
      const pid = await sim.spawnWith({ host: "sim:small", name: "slow" }, async (process: Process) => {
        try {
          await process.inbox().receive();
        } finally {
          await new Promise(() => {});
          log.push("never");
        }
      });
      const probe = await sim.probe();
      await probe.process.monitor(pid);
      sim.terminate(pid);
      await sim.advance(999);
      expect(sim.isAlive(pid)).toBe(false);
      expect(sim.send(pid, "t")?.kind).toBe("NotFound");
      expect(sim.lookup("slow")).toBe(pid);
      expect(probe.events).toEqual([]);
      await expect(sim.spawnWith({ host: "sim:small" }, async () => {})).rejects.toMatchObject({ kind: "Unavailable" });
      await sim.advance(1);
      expect(sim.lookup("slow")).toBe(null);
      expect(probe.events).toMatchObject([{ from: pid, result: { error: "process terminated" } }]);
      await sim.spawnWith({ host: "sim:small" }, async () => {});
      expect(log).toEqual([]);
    });
  });

  it("waits for what it awaits of others, one after the other [S16.55]", async () => {
    await simulate(5, async (sim) => {
      const log: string[] = [];
      const gates = [later(), later()] as const;
      const pid = await sim.spawn(async (process: Process) => {
        const child = async () => {
          try {
            await process.sleep("1h");
          } finally {
            await gates[0].promise;
            log.push("child");
          }
        };
        try {
          await child();
        } finally {
          await gates[1].promise;
          log.push("main");
        }
      });
      const probe = await sim.probe();
      await probe.process.monitor(pid);
      sim.terminate(pid);
      await sim.settle();
      gates[1].settle();
      await sim.settle();
      expect(log).toEqual([]);
      gates[0].settle();
      await sim.settle();
      expect(log).toEqual(["child", "main"]);
      expect(probe.events).toHaveLength(1);
    });
  });

  it("comes after those that Promise.all waits for [S16.55]", async () => {
    await simulate(6, async (sim) => {
      const log: string[] = [];
      const pid = await sim.spawn(async (process: Process) => {
        const part = async (name: string) => {
          try {
            await process.sleep("1h");
          } finally {
            await null;
            log.push(name);
          }
        };
        try {
          await Promise.all([part("a"), part("b")]);
        } finally {
          log.push("main");
        }
      });
      await sim.settle();
      sim.terminate(pid);
      await sim.settle();
      expect([...log].sort()).toEqual(["a", "b", "main"]);
      expect(log.at(-1)).toBe("main");
    });
  });

  it("disposes of what is used, also where that takes time [S16.55]", async () => {
    await simulate(7, async (sim) => {
      const log: string[] = [];
      const pid = await sim.spawn(async (process: Process) => {
        await using _first = {
          async [Symbol.asyncDispose]() {
            await null;
            log.push("first");
          },
        };
        using _second = { [Symbol.dispose]: () => log.push("second") };
        await process.sleep("1h");
      });
      await sim.settle();
      sim.terminate(pid);
      await sim.settle();
      expect(log).toEqual(["second", "first"]);
    });
  });

  it("closes the async generators that are being iterated over [S16.55]", async () => {
    await simulate(8, async (sim) => {
      const log: string[] = [];
      const pid = await sim.spawn(async (process: Process) => {
        async function* ticks() {
          try {
            for (let n = 0; ; n++) {
              yield n;
              await process.sleep(10);
            }
          } finally {
            log.push("generator");
          }
        }
        try {
          for await (const n of ticks()) log.push(String(n));
        } finally {
          log.push("loop");
        }
      });
      await sim.advance(15);
      sim.terminate(pid);
      await sim.settle();
      expect(log).toEqual(["0", "1", "generator", "loop"]);
    });
  });

  it("an error of it changes nothing of the result [S16.55]", async () => {
    await simulate(9, async (sim) => {
      const probe = await sim.probe();
      const pid = await sim.spawn(async (process: Process) => {
        try {
          await process.sleep("1h");
        } finally {
          // biome-ignore lint/correctness/noUnsafeFinally: that is what it is about.
          throw new Error("in finally");
        }
      });
      await probe.process.monitor(pid);
      sim.terminate(pid);
      await sim.settle();
      expect(probe.events).toMatchObject([{ result: { error: "process terminated" } }]);
    });
  });

  it("is not needed where main has come to its end by itself: tasks left over are dropped [S16.55, S4.1]", async () => {
    await simulate(10, async (sim) => {
      const log: string[] = [];
      await sim.exec(async (process: Process) => {
        process.go(async () => {
          try {
            await process.sleep("1h");
          } finally {
            log.push("task");
          }
        });
        await process.sleep(1);
      });
      expect(log).toEqual([]);
    });
  });

  it("of many processes chained by links is not recursive [S16.55, S5.15]", async () => {
    await simulate(11, async (sim) => {
      let cleaned = 0;
      sim.define("sim:link", async (process: Process, left: number) => {
        if (left > 0) await process.spawnLinked("sim:link", "sim:processes", left - 1);
        try {
          await process.inbox().receive();
        } finally {
          cleaned++;
        }
      });
      const head = await sim.spawn("sim:link", 3_000);
      await sim.settle();
      sim.terminate(head);
      await sim.settle();
      expect(cleaned).toBe(3_001);
      expect(sim.alive).toBe(0);
    });
  });
});
