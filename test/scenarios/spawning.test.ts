/** Starting processes: the four variants, the start sequence, what a child gets and what it does not inherit (S3.1–S3.5, S3.25–S3.32). */
import { createActor, errors, event, type Process, ProcessError } from "beamish";
import { simulate } from "beamish/testing";
import { describe, expect, it } from "vitest";
import { type Denial, type Guard, Scope, SEAL, type Subject, type Verdict } from "../../src/kernel/index.ts";
import { refusalOf, rejectionOf } from "./refusal.ts";

const VARIANTS = ["spawn", "spawnMonitored", "spawnLinked", "spawnLinkedMonitored"] as const;
const isMonitored = (variant: string) => variant.includes("Monitored");
const isLinked = (variant: string) => variant.includes("Linked");

describe.each(VARIANTS)("%s", (variant) => {
  it("starts the entry on the host named and resolves with its pid [S3.1, S3.5]", async () => {
    await simulate(1, async (sim) => {
      sim.addHost("sim:other");
      const probe = await sim.probe();
      sim.define("app:child", async (process: Process, to: string, n: number) => {
        process.send(to, "here", process.pid(), n);
        await process.sleep("1h");
        process.send(to, "here", process.pid(), n);
      });
      const one = await probe.process[variant]("app:child", sim.host, probe.pid, 1);
      const two = await probe.process[variant]("app:child", "sim:other", probe.pid, 2);
      await sim.untilIdle();
      expect(one).toMatch(/^\{sim:processes\|/);
      expect(two).toMatch(/^\{sim:other\|/);
      // An hour later it is still where it was.
      expect(probe.payloads("here").sort()).toEqual(
        [
          [one, 1],
          [one, 1],
          [two, 2],
          [two, 2],
        ].sort(),
      );
    });
  });

  it("gives what it says at the end of a child that ends in its first step: EXIT, LINK_DOWN, both or none [S3.2, S3.3]", async () => {
    for (let seed = 1; seed <= 20; seed++) {
      await simulate(seed, async (sim) => {
        const probe = await sim.probe();
        sim.define("app:failing", () => {
          throw new Error("at once");
        });
        sim.define("app:brief", async () => "done");
        const [failing, brief] = [
          await probe.process[variant]("app:failing", sim.host),
          await probe.process[variant]("app:brief", sim.host),
        ];
        await sim.untilIdle();
        const of = (pid: string) => probe.events.filter((one) => one.from === pid).map((one) => one.kind);
        const exit = isMonitored(variant) ? [event.EXIT] : [];
        expect(of(failing)).toEqual([...exit, ...(isLinked(variant) ? [event.LINK_DOWN] : [])]);
        expect(of(brief)).toEqual(exit);
      });
    }
  });

  it("links in both directions if it links, so a failing parent takes its child along [S3.2]", async () => {
    await simulate(2, async (sim) => {
      const children: string[] = [];
      sim.define("app:child", async (process: Process) => {
        await process.channel().receive();
      });
      await sim.spawn(async (process: Process) => {
        children.push(await process[variant]("app:child", sim.host));
        await process.sleep(1);
        throw new Error("failed");
      });
      await sim.untilIdle();
      expect(sim.isAlive(children[0] as string)).toBe(!isLinked(variant));
    });
  });

  it("stops only the coroutine that calls it while the module loads [S3.4]", async () => {
    await simulate(3, async (sim) => {
      sim.define("app:slow", async () => null, { loadMs: 100 });
      const trace = await sim.exec(async (process: Process) => {
        const seen: string[] = [];
        process.go(async () => {
          for (let i = 0; i < 3; i++) {
            await process.sleep(20);
            seen.push("other");
          }
        });
        await process[variant]("app:slow", sim.host);
        seen.push("spawned");
        return seen;
      });
      expect(trace).toEqual(["other", "other", "other", "spawned"]);
    });
  });
});

describe("the spawner", () => {
  it("has the pid no later than any of its coroutines gets a message or event from the child [S3.4]", async () => {
    for (let seed = 1; seed <= 300; seed++) {
      await simulate(seed, async (sim) => {
        sim.define(
          "app:eager",
          async (process: Process, to: string) => {
            process.send(to, "child", 1);
            process.send(to, "child", 2);
          },
          { loadMs: 10 },
        );
        const pesterer = async (process: Process, to: string) => {
          // Something waits for the parent already when the module has loaded.
          for (let i = 0; i < 3; i++) {
            await process.sleep(5);
            process.send(to, "other", i);
          }
        };
        sim.define("app:pesterer", pesterer);
        const order = await sim.exec(async (process: Process) => {
          const seen: string[] = [];
          for (let i = 0; i < 2; i++) await process.spawn("app:pesterer", sim.host, process.pid());
          for (let i = 0; i < 3; i++) {
            process.go(async () => {
              for await (const message of process.inbox()) seen.push(message.topic);
            });
          }
          process.go(async () => {
            for await (const one of process.events()) seen.push(one.kind);
          });
          await process.sleep(0);
          await process.spawnMonitored("app:eager", sim.host, process.pid());
          seen.push("spawned");
          await process.sleep(100);
          return seen;
        });
        const seen = (order as string[]).filter((one) => one !== "other");
        expect(seen[0]).toBe("spawned");
        expect([...seen.slice(1)].sort()).toEqual(["child", "child", event.EXIT]);
      });
    }
  });
});

describe("the spawner, at the moment its own timer is due as well", () => {
  it("still has the pid before a coroutine that goes on with the child's message or event [S3.4]", async () => {
    for (let seed = 1; seed <= 50; seed++) {
      await simulate(seed, async (sim) => {
        sim.define(
          "app:eager",
          async (process: Process, to: string) => {
            process.send(to, "child");
          },
          { loadMs: 10 },
        );
        const order = await sim.exec(async (process: Process) => {
          const seen: string[] = [];
          const [inbox, events, listener] = [process.inbox(), process.events(), process.listen("listened")];
          process.go(async () => {
            await process.sleep(10);
            seen.push((await inbox.receive())?.topic as string);
          });
          process.go(async () => {
            await process.sleep(10);
            seen.push((await events.receive())?.kind as string);
          });
          process.go(async () => {
            await process.sleep(10);
            await process.select([listener.caseReceive(), inbox.caseReceive(), events.caseReceive()]);
          });
          // The timers above are set first, so they are due first at the same time.
          await process.channel(1).send(0);
          await process.spawnMonitored("app:eager", sim.host, process.pid());
          seen.push("spawned");
          process.send(process.pid(), "listened");
          await process.sleep(100);
          return seen;
        });
        expect((order as string[])[0]).toBe("spawned");
      });
    }
  });
});

describe("the start", () => {
  it("loads the module inside the call: its failure is the spawner's error and never an EXIT [S3.25]", async () => {
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      const loadError = new ProcessError({ kind: errors.INTERNAL, message: "failed to load module: boom" });
      sim.define("app:broken", async () => null, { loadError, loadMs: 10 });
      let refusal: unknown;
      rejectionOf(probe.process.spawnLinkedMonitored("app:broken", sim.host)).then((given) => {
        refusal = given;
      });
      await sim.settle();
      expect(refusal).toBeUndefined();
      await sim.untilIdle();
      expect(refusal).toEqual({ kind: errors.INTERNAL, message: "failed to load module: boom" });
      expect(probe.events).toEqual([]);
      expect(sim.alive).toBe(1);
    });
  });

  it("answers before main runs: main's failure is an EXIT and never the spawner's error [S3.25]", async () => {
    await simulate(2, async (sim) => {
      const probe = await sim.probe();
      sim.define("app:failing", () => {
        throw new ProcessError({ kind: errors.INTERNAL, message: "failed to load module: not really" });
      });
      const pid = await probe.process.spawnMonitored("app:failing", sim.host);
      expect(sim.isAlive(pid)).toBe(true);
      await sim.untilIdle();
      expect(probe.events).toMatchObject([{ kind: event.EXIT, from: pid }]);
    });
  });

  it("makes no process when the spawner has ended while the module loaded [S3.25]", async () => {
    await simulate(3, async (sim) => {
      sim.define("app:slow", async () => null, { loadMs: 100 });
      const spawner = await sim.spawn(async (process: Process) => process.spawn("app:slow", sim.host));
      await sim.settle();
      sim.terminate(spawner);
      await sim.untilIdle();
      expect(sim.trace.filter((line) => line.includes("app:slow"))).toEqual([]);
      expect(sim.alive).toBe(0);
    });
  });

  it("is one step: name, pid, monitor, link and queued messages are there before main, in this order of messages [S3.27]", async () => {
    for (let seed = 1; seed <= 30; seed++) {
      await simulate(seed, async (sim) => {
        const watcher = await sim.probe();
        // Whoever learns the pid or the name first cannot overtake what the builder queued.
        sim.watch((one) => {
          if (one.kind === "spawned" && one.entry === "app:child") {
            expect(sim.lookup("child")).toBe(one.pid);
            sim.send(one.pid, "m", "by pid");
            sim.send("child", "m", "by name");
          }
        });
        sim.define("app:child", async (process: Process) => {
          expect(await process.registry.lookup("child")).toBe(process.pid());
          const got: unknown[] = [];
          for (let i = 0; i < 5; i++) got.push((await process.inbox().receive())?.payload);
          throw new Error(got.join(", "));
        });
        const { process } = watcher;
        const builder = process.withContext({}).withName("child").withMessage("m", 1).withMessage("m", 2);
        const pid = await builder.spawnLinkedMonitored("app:child", sim.host);
        process.send(pid, "m", "parent");
        await sim.untilIdle();
        const result = { error: "1, 2, by pid, by name, parent" };
        expect(watcher.events).toMatchObject([
          { kind: event.EXIT, result },
          { kind: event.LINK_DOWN, result },
        ]);
        expect(sim.faults).toEqual([]);
      });
    }
  });

  it("hands the arguments over in order, as private copies, trailing nothings counted [S3.28]", async () => {
    await simulate(4, async (sim) => {
      sim.define("app:count", async (_process: Process, ...args: unknown[]) => ({ args, count: args.length }));
      sim.define("app:change", async (_process: Process, list: number[], same: number[]) => {
        list.push(3);
        return [list, same, list === same];
      });
      const seen = await sim.exec(async (process: Process) => {
        const list = [1];
        const changed = await process.exec("app:change", sim.host, list, list);
        return [
          await process.exec("app:count", sim.host),
          await process.exec("app:count", sim.host, 1, "two", { three: 3 }, null, undefined),
          await process.exec("app:count", sim.host, undefined, undefined),
          changed,
          list,
        ];
      });
      expect(seen).toEqual([
        { args: [], count: 0 },
        { args: [1, "two", { three: 3 }, null, null], count: 5 },
        { args: [null, null], count: 2 },
        [[1, 3], [1, 3], true],
        [1],
      ]);
    });
  });
});

class NamedScope extends Scope {
  readonly name: string;

  constructor(name: string) {
    super(SEAL);
    this.name = name;
  }

  override with(): Scope {
    return this;
  }

  override without(): Scope {
    return this;
  }

  override contains(): boolean {
    return false;
  }

  override policies(): [] {
    return [];
  }

  override evaluate(): Verdict {
    return "allow";
  }
}

/** Allows everything and writes down who asked, by entry. */
class WitnessGuard implements Guard {
  readonly seen: string[] = [];

  check(subject: Subject, action: string): Denial | null {
    const scope = subject.scope as NamedScope | null;
    this.seen.push(`${subject.entry} ${action} ${subject.actor?.id() ?? "-"} ${scope?.name ?? "-"}`);
    return null;
  }
}

describe("a child", () => {
  it("inherits context values, actor and scope, to any depth, by spawn and exec [S3.31]", async () => {
    const guard = new WitnessGuard();
    await simulate(
      1,
      async (sim) => {
        sim.define("app:deep", async (process: Process, left: number): Promise<unknown> => {
          const mine = [process.ctx.get("key"), process.security.actor()?.id(), process.security.scope() !== null];
          if (left === 0) return [mine];
          if (left % 2 === 0) return [mine, ...((await process.exec("app:deep", sim.host, left - 1)) as unknown[])];
          await process.spawnMonitored("app:deep", sim.host, left - 1);
          const end = await process.events().receive();
          return [mine, ...((end as { result: { value: unknown[] } }).result.value ?? [])];
        });
        const probe = await sim.probe();
        const pid = await sim.spawnWith(
          { context: { key: { a: 1 } }, actor: createActor("alice", { team: "x" }), scope: new NamedScope("all") },
          async (process: Process) => {
            const got = await process.exec("app:deep", sim.host, 20);
            process.send(probe.pid, "got", got);
          },
        );
        await sim.untilIdle();
        expect(sim.isAlive(pid)).toBe(false);
        expect(probe.payloads("got")).toEqual([Array(21).fill([{ a: 1 }, "alice", true])]);
        const askers = new Set(
          guard.seen.filter((line) => line.startsWith("app:deep")).map((line) => line.split(" ").slice(2).join(" ")),
        );
        expect([...askers]).toEqual(["alice all"]);
      },
      { guard },
    );
  });

  it("inherits no names, monitors, links, subscriptions, trap_links, messages or deadlines [S3.32]", async () => {
    await simulate(2, async (sim) => {
      sim.define("app:target", async (process: Process) => {
        await process.inbox().receive();
        throw new Error("failed");
      });
      sim.define("app:child", async (process: Process, order: string) => {
        if (order === "die") {
          await process.inbox().receive();
          return null;
        }
        const names = await process.registry.lookup("parent");
        const trap = process.getOptions().trapLinks;
        const waiting = await process.select(
          { inbox: process.inbox().caseReceive(), listened: process.listen("listened").caseReceive() },
          { default: true },
        );
        await process.sleep("1h");
        const happened = await process.select({ events: process.events().caseReceive() }, { default: true });
        return { isParent: names === process.pid(), trap, waiting: waiting.default, happened: happened.default };
      });
      const observer = await sim.probe();
      await observer.process.registry.register("observer");
      const parent = await sim.spawn(async (process: Process) => {
        await process.registry.register("parent");
        process.setOptions({ trapLinks: true });
        const target = await process.spawnLinkedMonitored("app:target", sim.host);
        process.listen("listened");
        process.send(process.pid(), "listened", 1);
        process.send(process.pid(), "inbox", 2);
        await process.cancel(process.pid(), "1m");
        const child = await process.spawn("app:child", sim.host, "look");
        process.send("observer", "child", child);
        await process.sleep(1);
        process.send(target, "fail");
        await process.channel().receive();
      });
      await sim.settle();
      const [child] = observer.payloads("child") as string[];
      await observer.process.monitor(child as string);
      await sim.advance("2h");
      // The parent's deadline passed; the child ended by itself an hour later.
      expect(sim.isAlive(parent)).toBe(false);
      const value = { isParent: false, trap: false, waiting: true, happened: true };
      expect(observer.events).toMatchObject([{ from: child, result: { value } }]);
      expect(refusalOf(sim.send("parent", "x")).kind).toBe(errors.NOT_FOUND);
    });
  });
});
