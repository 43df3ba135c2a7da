/** What a process is called: pids, call chains, names and destinations (section 1). */
import { errors, type Process } from "beamish";
import { simulate } from "beamish/testing";
import { describe, expect, it } from "vitest";
import { RefusingGuard, refusalOf, rejectionOf } from "./refusal.ts";

const ids = async (process: Process) => ({ id: process.id(), pid: process.pid() as string });

describe("a pid", () => {
  it("is the host, a bar, and 0x with at least five lowercase hexadecimal digits, without a node [S1.2, S1.5]", async () => {
    await simulate(1, async (sim) => {
      sim.addHost("app.web:pool-1");
      const here = await sim.exec(async (process: Process) => process.pid());
      expect(typeof here).toBe("string");
      expect(here).toMatch(/^\{sim:processes\|0x[0-9a-f]{5,}\}$/);
      const there = await sim.spawnWith({ host: "app.web:pool-1" }, async () => null);
      expect(there).toMatch(/^\{app\.web:pool-1\|0x[0-9a-f]{5,}\}$/);
    });
  });

  it("is one text for the process itself, its spawner, its receivers and its watchers [S1.5, S1.8]", async () => {
    await simulate(2, async (sim) => {
      const probe = await sim.probe();
      sim.define("app:child", async (process: Process, to: string) => {
        process.send(to, "me", process.pid());
        await process.sleep(10);
        process.send(to, "me", process.pid());
      });
      const pid = await probe.process.spawnMonitored("app:child", sim.host, probe.pid);
      await sim.untilIdle();
      expect(probe.payloads("me")).toEqual([pid, pid]);
      expect(probe.messages.map((message) => message.from)).toEqual([pid, pid]);
      expect(probe.events.map((event) => event.from)).toEqual([pid]);
    });
  });

  it("is never given to a second process in 100,000 spawns and ends, and the dead ones stay dead [S1.4, S2.5]", async () => {
    await simulate(3, async (sim) => {
      sim.define("app:brief", async () => null);
      const seen = new Set<string>();
      // Waves, so that many slots are free at once and each is used again and again.
      let first = "";
      for (let wave = 0; wave < 100; wave++) {
        await sim.exec(async (process: Process) => {
          for (let i = 0; i < 1_000; i++) seen.add(await process.spawn("app:brief", sim.host));
        });
        await sim.settle();
        if (wave === 0) first = [...seen][0] as string;
        expect(sim.isAlive(first)).toBe(false);
      }
      expect(seen.size).toBe(100_000);
      expect(refusalOf(sim.send(first, "topic"))).toMatchObject({
        kind: errors.NOT_FOUND,
        message: "process not found",
      });
    });
  });

  it.each([
    ["{|}", "host not found"],
    ["{nowhere|0x00001}", "host not found"],
    ["{a@b|c@d|e}", "node not found"],
    ["{a|b@c}", "host not found"],
    ["{sim:processes|}", "process not found"],
    ["{sim:processes|0xfffff}", "process not found"],
    ["{sim:processes|0x00001|0x00001}", "process not found"],
    ["{sim:processes|not hexadecimal}", "process not found"],
    ["{sim:processes|0x0001}", "process not found"],
    ["{sim:processes|0x000001}", "process not found"],
    ["{sim:processes|1}", "process not found"],
  ])("%s is well formed and nobody's [S1.6, S1.7, S1.15, S2.5, S2.6]", async (pid, text) => {
    await simulate(4, (sim) =>
      // The process that asks is 0x00001: none of the texts above may be taken for it.
      sim.exec(async (process: Process) => {
        expect(process.pid()).toBe("{sim:processes|0x00001}");
        expect(refusalOf(process.send(pid, "topic"))).toEqual({ kind: errors.NOT_FOUND, message: text });
        expect(await rejectionOf(process.monitor(pid))).toEqual({ kind: errors.NOT_FOUND, message: text });
      }),
    );
  });

  it("of the right number on another known host is nobody's [S1.5, S2.5]", async () => {
    await simulate(5, async (sim) => {
      sim.addHost("sim:other");
      const probe = await sim.probe();
      const twin = probe.pid.replace("sim:processes", "sim:other");
      expect(refusalOf(sim.send(twin, "topic"))).toMatchObject({
        kind: errors.NOT_FOUND,
        message: "process not found",
      });
      expect(probe.messages).toEqual([]);
    });
  });
});

describe("id()", () => {
  it("is the entry of the chain and lowercase hexadecimal digits [S1.9]", async () => {
    await simulate(1, async (sim) => {
      sim.define("app.jobs:importer", ids);
      for (let i = 0; i < 40; i++) {
        const { id } = (await sim.exec("app.jobs:importer")) as { id: string };
        expect(id).toMatch(/^app\.jobs:importer#[0-9a-f]+$/);
      }
    });
  });

  it("names a new chain for every spawn variant and for a start from outside [S1.10]", async () => {
    await simulate(2, async (sim) => {
      const probe = await sim.probe();
      sim.define("app:child", async (process: Process, to: string) => {
        process.send(to, "id", process.id());
      });
      const { process } = probe;
      const builder = process.withContext({});
      for (const by of [process, builder]) {
        await by.spawn("app:child", sim.host, probe.pid);
        await by.spawnMonitored("app:child", sim.host, probe.pid);
        await by.spawnLinked("app:child", sim.host, probe.pid);
        await by.spawnLinkedMonitored("app:child", sim.host, probe.pid);
      }
      await sim.spawn("app:child", probe.pid);
      await sim.spawn("app:child", probe.pid);
      await sim.untilIdle();
      const seen = probe.payloads("id") as string[];
      expect(seen).toHaveLength(10);
      expect(new Set([...seen, process.id()]).size).toBe(11);
      for (const id of seen) expect(id.split("#")[0]).toBe("app:child");
    });
  });

  it("is one text along a chain of execs, also when several run at once [S1.11]", async () => {
    await simulate(3, async (sim) => {
      sim.define("app:leaf", ids);
      sim.define("app:middle", async (process: Process) => [
        process.id(),
        ((await process.exec("app:leaf", sim.host)) as { id: string }).id,
      ]);
      sim.define("app:top", async (process: Process) => {
        const three = await Promise.all([1, 2, 3].map(() => process.exec("app:middle", sim.host)));
        const built = await process.withContext({ a: 1 }).exec("app:middle", sim.host);
        return [process.id(), ...three.flat(), ...(built as string[])];
      });
      const seen = (await sim.exec("app:top")) as string[];
      expect(seen).toHaveLength(9);
      expect(new Set(seen).size).toBe(1);
      expect(seen[0]).toMatch(/^app:top#/);
    });
  });

  it("begins anew for what a process inside an exec spawns [S1.10, S1.11]", async () => {
    await simulate(4, async (sim) => {
      const probe = await sim.probe();
      sim.define("app:child", async (process: Process) => {
        process.send(probe.pid, "id", process.id());
      });
      sim.define("app:caller", async (process: Process) => {
        await process.spawn("app:child", sim.host);
        return process.id();
      });
      const caller = await sim.exec("app:caller");
      await sim.untilIdle();
      expect(probe.payloads("id")[0]).toMatch(/^app:child#/);
      expect(probe.payloads("id")[0]).not.toBe(caller);
    });
  });

  it("stays through an upgrade to another entry, as pid() does, while watchers see the new entry [S1.8, S1.12]", async () => {
    await simulate(5, async (sim) => {
      const entries: string[] = [];
      sim.watch((event) => entries.push(`${event.kind} ${event.entry}`));
      sim.define("app:new", async (process: Process, old: unknown) => [old, await ids(process)]);
      sim.define("app:old", async (process: Process) => process.upgrade("app:new", await ids(process)));
      const [old, now] = (await sim.exec("app:old")) as { id: string; pid: string }[];
      expect(now).toEqual(old);
      expect(now?.id).toMatch(/^app:old#/);
      expect(entries).toEqual(["spawned app:old", "upgraded app:new", "exited app:new"]);
    });
  });

  it("needs no permission and never waits, like pid() [S1.13]", async () => {
    const guard = new RefusingGuard("*");
    const report = await simulate(
      6,
      async (sim) => {
        const turn = await sim.exec(async (process: Process) => {
          const before = sim.trace.length;
          const seen = [process.id(), process.pid()];
          return [...seen, sim.trace.length - before];
        });
        expect(turn).toEqual([expect.stringContaining("#"), expect.stringContaining("|"), 0]);
      },
      { guard },
    );
    expect(guard.asked).toEqual([]);
    expect(report.turns).toBe(1);
  });
});

describe("a name", () => {
  it.each([
    "a",
    " ",
    "@inbox",
    "with space",
    "naïve ☃ 名前",
    "{half",
    "half}",
    "{no bar}",
    "bar|bar",
    "{a|b",
    "a|b}",
    "{}",
    "|",
    "app:entry",
    "\u0000",
    "constructor",
    "__proto__",
  ])("may be %j, and is a destination [S1.6, S1.14, S1.15]", async (name) => {
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      await probe.process.registry.register(name);
      expect(sim.send(name, "hello", 1)).toBeNull();
      await sim.untilIdle();
      expect(probe.payloads("hello")).toEqual([1]);
    });
  });

  it("may be very long [S1.14]", async () => {
    await simulate(1, async (sim) => {
      const name = "x".repeat(100_000);
      const probe = await sim.probe();
      await probe.process.registry.register(name);
      expect(sim.lookup(name)).toBe(probe.pid);
      expect(sim.lookup(`${name}x`)).toBeNull();
    });
  });

  it("is compared character by character [S1.14]", async () => {
    await simulate(2, async (sim) => {
      const probe = await sim.probe();
      await probe.process.registry.register("Größe");
      for (const other of ["größe", "Größe ", "Gro\u0308ße", "Gr\u00f6sse"]) {
        expect(refusalOf(sim.send(other, "hello"))).toMatchObject({
          kind: errors.NOT_FOUND,
          message: `could not resolve '${other}' as PID or registered name`,
        });
      }
      expect(sim.send("Gr\u00f6ße", "hello")).toBeNull();
    });
  });

  it("of two processes is told apart by case and form [S1.14]", async () => {
    await simulate(3, async (sim) => {
      const [one, two] = [await sim.probe(), await sim.probe()];
      await one.process.registry.register("Worker");
      await two.process.registry.register("worker");
      expect(sim.lookup("Worker")).toBe(one.pid);
      expect(sim.lookup("worker")).toBe(two.pid);
    });
  });
});

describe("a destination", () => {
  const operations = ["terminate", "cancel", "monitor", "unmonitor", "link", "unlink"] as const;

  it.each(operations)("of %s may be a name or a pid [S1.15]", async (operation) => {
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      const [byName, byPid] = [await sim.probe(), await sim.probe()];
      await byName.process.registry.register("target");
      await probe.process[operation]("target");
      await probe.process[operation](byPid.pid);
      await sim.untilIdle();
      expect(sim.isAlive(byName.pid)).toBe(operation !== "terminate");
      expect(sim.isAlive(byPid.pid)).toBe(operation !== "terminate");
      expect(byName.events.length).toBe(operation === "cancel" ? 1 : 0);
      expect(byPid.events.length).toBe(operation === "cancel" ? 1 : 0);
    });
  });

  it.each(["", "nobody", "{not a pid}", "@inbox"])(
    "%j that is neither is NOT_FOUND for every operation [S1.16]",
    async (text) => {
      await simulate(2, async (sim) => {
        const { process } = await sim.probe();
        const expected = { kind: errors.NOT_FOUND, message: `could not resolve '${text}' as PID or registered name` };
        expect(refusalOf(process.send(text, "topic"))).toEqual(expected);
        for (const operation of operations) expect(await rejectionOf(process[operation](text))).toEqual(expected);
      });
    },
  );

  it("given as a name is resolved at the call: messages and monitors stay with the old holder [S1.17]", async () => {
    await simulate(3, async (sim) => {
      const [asker, first, second] = [await sim.probe(), await sim.probe(), await sim.probe()];
      await first.process.registry.register("target");
      await asker.process.monitor("target");
      await asker.process.link("target");
      asker.process.send("target", "before");
      await second.process.registry.unregister("target");
      await second.process.registry.register("target");
      asker.process.send("target", "after");
      await sim.settle();
      expect(first.messages.map((message) => message.topic)).toEqual(["before"]);
      expect(second.messages.map((message) => message.topic)).toEqual(["after"]);
      sim.terminate(second.pid);
      await sim.settle();
      expect(asker.events).toEqual([]);
      sim.terminate(first.pid);
      await sim.settle();
      expect(asker.events.map((event) => [event.kind, event.from])).toEqual([
        [asker.process.event.EXIT, first.pid],
        [asker.process.event.LINK_DOWN, first.pid],
      ]);
    });
  });

  it("given as a name of a process that ended meanwhile is not kept for the next holder [S1.17]", async () => {
    await simulate(4, async (sim) => {
      const [asker, first, second] = [await sim.probe(), await sim.probe(), await sim.probe()];
      await first.process.registry.register("target");
      expect(asker.process.send("target", "one")).toBeNull();
      sim.terminate(first.pid);
      await sim.settle();
      expect(refusalOf(asker.process.send("target", "two")).kind).toBe(errors.NOT_FOUND);
      await second.process.registry.register("target");
      expect(asker.process.send("target", "three")).toBeNull();
      await sim.settle();
      expect(second.messages.map((message) => message.topic)).toEqual(["three"]);
    });
  });

  it("is resolved before the permission is asked, on the pid found [S1.18]", async () => {
    const guard = new RefusingGuard("process.send", "process.monitor");
    await simulate(
      5,
      async (sim) => {
        const [asker, target] = [await sim.probe(), await sim.probe()];
        await target.process.registry.register("target");
        guard.asked.length = 0;
        expect(refusalOf(asker.process.send("unknown", "topic")).kind).toBe(errors.NOT_FOUND);
        expect(await rejectionOf(asker.process.monitor("unknown"))).toMatchObject({ kind: errors.NOT_FOUND });
        expect(guard.asked).toEqual([]);
        expect(refusalOf(asker.process.send("target", "topic")).message).toBe("not allowed to send: target");
        expect(guard.asked).toEqual([`process.send ${target.pid}`]);
        sim.terminate(target.pid);
        await sim.settle();
        expect(refusalOf(asker.process.send(target.pid, "topic")).kind).toBe(errors.PERMISSION_DENIED);
        expect(await rejectionOf(asker.process.monitor(target.pid))).toMatchObject({ kind: errors.PERMISSION_DENIED });
        expect(refusalOf(asker.process.send("{nowhere|0x1}", "topic")).kind).toBe(errors.PERMISSION_DENIED);
      },
      { guard },
    );
  });
});

describe("a process id", () => {
  it("is split at the first colon, as a host id is [S1.19]", async () => {
    await simulate(1, async (sim) => {
      sim.addHost("a:b:c");
      sim.define("x:y:z", async (process: Process) => process.id());
      sim.define("x.y:z.w", async (process: Process) => process.id());
      const { process } = await sim.probe();
      const entries: string[] = [];
      sim.watch((event) => entries.push(event.entry));
      expect(await process.spawn("x:y:z", "a:b:c")).toMatch(/^\{a:b:c\|/);
      expect(await process.spawn("x.y:z.w", "a:b:c")).toMatch(/^\{a:b:c\|/);
      expect(entries).toEqual(["x:y:z", "x.y:z.w"]);
    });
  });
});
