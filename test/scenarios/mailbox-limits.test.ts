/** How many messages may wait: alarms, limits and what overflows (S2.47–S2.52). */
import { errors, event, type MailboxLimit, type Process } from "beamish";
import { type Simulation, simulate } from "beamish/testing";
import { describe, expect, it } from "vitest";
import { refusalOf } from "./refusal.ts";

/** Answers `read` by reading so many messages of its inbox and reporting their payloads to `to`. */
async function reader(process: Process): Promise<void> {
  const orders = process.events();
  const inbox = process.inbox();
  for (;;) {
    const order = await orders.receive();
    const count = Number((order as { reason?: string }).reason);
    const got: unknown[] = [];
    for (let i = 0; i < count; i++) got.push((await inbox.receive())?.payload);
    process.send("reports", "read", got);
  }
}

/** Tells a reader to read; by an event, so that no message of the test counts toward the limit. */
async function read(sim: Simulation, by: Process, pid: string, count: number): Promise<void> {
  await by.cancel(pid, { reason: String(count) });
  await sim.settle();
}

async function withReader(
  mailbox: MailboxLimit,
  program: (sim: Simulation, pid: string, probe: Awaited<ReturnType<Simulation["probe"]>>) => Promise<void>,
): Promise<void> {
  await simulate(1, async (sim) => {
    const probe = await sim.probe();
    await probe.process.registry.register("reports");
    sim.define("app:reader", reader, { mailbox });
    const pid = await sim.spawn("app:reader");
    await sim.settle();
    await program(sim, pid, probe);
  });
}

describe("a mailbox without a limit", () => {
  it("raises an alarm at 10,000 and each doubling, once until it has drained below 10,000 [S2.47]", async () => {
    await simulate(1, async (sim) => {
      const alarms: unknown[] = [];
      sim.watchNotices((one) => {
        if (one.kind === "mailbox-alarm") alarms.push([one.pid, one.entry, one.waiting]);
      });
      const probe = await sim.probe();
      await probe.process.registry.register("reports");
      sim.define("app:reader", reader);
      const pid = await sim.spawn("app:reader");
      const fill = (count: number) => {
        for (let i = 0; i < count; i++) expect(sim.send(pid, "topic", i)).toBeNull();
      };
      fill(9_999);
      expect(alarms).toEqual([]);
      fill(1);
      const first = [pid, "app:reader", 10_000];
      expect(alarms).toEqual([first]);
      fill(9_999);
      expect(alarms).toEqual([first]);
      fill(1);
      expect(alarms).toEqual([first, [pid, "app:reader", 20_000]]);
      fill(20_000);
      expect(alarms.slice(2)).toEqual([[pid, "app:reader", 40_000]]);
      // Down to 10,000 exactly is not below it: nothing is raised on the way up again.
      await read(sim, probe.process, pid, 30_000);
      fill(29_999);
      expect(alarms).toHaveLength(3);
      fill(1);
      expect(alarms).toHaveLength(3);
      await read(sim, probe.process, pid, 30_001);
      fill(1);
      expect(alarms.slice(3)).toEqual([first]);
      expect(sim.deadLetters.count()).toBe(0);
    });
  });
});

describe("overflow", () => {
  it("reject: the send after N is RATE_LIMITED and changes nothing, until one is read [S2.48, S2.49]", () =>
    withReader({ limit: 3, overflow: "reject" }, async (sim, pid, probe) => {
      for (let i = 0; i < 3; i++) expect(sim.send(pid, `topic-${i}`, i)).toBeNull();
      for (let i = 0; i < 2; i++) {
        expect(refusalOf(probe.process.send(pid, "topic-9", 9))).toEqual({
          kind: errors.RATE_LIMITED,
          message: "mailbox is full",
          retryable: true,
        });
      }
      await read(sim, probe.process, pid, 1);
      expect(sim.send(pid, "topic", 3)).toBeNull();
      expect(sim.send(pid, "topic", 4)?.kind).toBe(errors.RATE_LIMITED);
      await read(sim, probe.process, pid, 3);
      expect(probe.payloads("read")).toEqual([[0], [1, 2, 3]]);
    }));

  it("drop_newest: the send after N is accepted and dropped [S2.50]", () =>
    withReader({ limit: 2, overflow: "drop_newest" }, async (sim, pid, probe) => {
      for (let i = 0; i < 5; i++) expect(sim.send(pid, "topic", i)).toBeNull();
      await read(sim, probe.process, pid, 2);
      expect(sim.send(pid, "topic", 5)).toBeNull();
      await read(sim, probe.process, pid, 1);
      expect(probe.payloads("read")).toEqual([[0, 1], [5]]);
      expect(sim.deadLetters.count("mailbox_full")).toBe(3);
    }));

  it("drop_oldest: the send after N is kept, and the longest-waiting of any topic is dropped [S2.50]", () =>
    withReader({ limit: 3, overflow: "drop_oldest" }, async (sim, pid, probe) => {
      const dropped: string[] = [];
      sim.deadLetters.watch((letter) => dropped.push(letter.topic));
      for (const topic of ["a", "b", "c", "b", "d", "a"]) expect(sim.send(pid, topic, topic)).toBeNull();
      expect(dropped).toEqual(["a", "b", "c"]);
      await read(sim, probe.process, pid, 3);
      expect(probe.payloads("read")).toEqual([["b", "d", "a"]]);
    }));

  it("drop_oldest drops from behind an open listener too [S2.50]", async () => {
    await simulate(1, async (sim) => {
      sim.define(
        "app:listening",
        async (process: Process) => {
          const [kept, other] = [process.listen("kept"), process.listen("other")];
          await process.sleep(1);
          return [await kept.receive(), await other.receive(), await kept.receive()];
        },
        { mailbox: { limit: 3, overflow: "drop_oldest" } },
      );
      const probe = await sim.probe();
      const pid = await probe.process.spawnMonitored("app:listening", sim.host);
      await sim.settle();
      for (const [topic, payload] of [
        ["other", 0],
        ["kept", 1],
        ["other", 2],
        ["kept", 3],
      ] as const) {
        expect(sim.send(pid, topic, payload)).toBeNull();
      }
      await sim.untilIdle();
      expect(probe.events).toMatchObject([{ result: { value: [1, 2, 3] } }]);
    });
  });

  it("never happens at a limit that is not reached, whatever waits longest [S2.48, S2.49]", () =>
    withReader({ limit: 1_000, overflow: "reject" }, async (sim, pid, probe) => {
      for (let i = 0; i < 1_000; i++) expect(sim.send(pid, "topic", i)).toBeNull();
      expect(sim.send(pid, "topic", 1_000)?.kind).toBe(errors.RATE_LIMITED);
      await read(sim, probe.process, pid, 1_000);
      expect((probe.payloads("read")[0] as number[]).length).toBe(1_000);
    }));
});

describe("a limit", () => {
  it("of the entry replaces the host's as a whole; without one the host's holds [S2.48]", async () => {
    await simulate(1, async (sim) => {
      sim.addHost("sim:limited", { mailbox: { limit: 1, overflow: "drop_newest" } });
      const main = async (process: Process) => {
        await process.channel().receive();
      };
      sim.define("app:own", main, { mailbox: { limit: 2, overflow: "reject" } });
      sim.define("app:none", main);
      const own = await sim.spawnWith({ host: "sim:limited" }, "app:own");
      const none = await sim.spawnWith({ host: "sim:limited" }, "app:none");
      const unlimited = await sim.spawn("app:none");
      const answers = (pid: string) => [1, 2, 3].map(() => sim.send(pid, "topic")?.kind ?? "accepted");
      expect(answers(own)).toEqual(["accepted", "accepted", errors.RATE_LIMITED]);
      expect(sim.deadLetters.count("mailbox_full")).toBe(1);
      expect(answers(none)).toEqual(["accepted", "accepted", "accepted"]);
      expect(sim.deadLetters.count("mailbox_full")).toBe(3);
      answers(unlimited);
      expect(sim.deadLetters.count()).toBe(3);
    });
  });

  it("does not count, drop or refuse CANCEL, EXIT, LINK_DOWN and termination [S2.51]", async () => {
    for (const overflow of ["reject", "drop_newest", "drop_oldest"] as const) {
      await simulate(1, async (sim) => {
        const probe = await sim.probe();
        sim.define("app:child", async () => {
          throw new Error("failed");
        });
        sim.define(
          "app:full",
          async (process: Process) => {
            process.setOptions({ trapLinks: true });
            process.send(process.pid(), "fills", 1);
            await process.spawnLinkedMonitored("app:child", sim.host);
            await process.cancel(process.pid());
            await process.sleep(1);
            const kinds: unknown[] = [];
            for (let i = 0; i < 3; i++) kinds.push((await process.events().receive())?.kind);
            // The events did not count: the one place is taken by the message alone.
            kinds.push((await process.inbox().receive())?.payload);
            process.send(probe.pid, "kinds", kinds);
            process.send(process.pid(), "fills", 2);
            await process.channel().receive();
          },
          { mailbox: { limit: 1, overflow } },
        );
        const pid = await sim.spawn("app:full");
        await sim.untilIdle();
        const [kinds] = probe.payloads("kinds") as [unknown[]];
        expect(kinds.slice(0, 3).sort()).toEqual([event.CANCEL, event.EXIT, event.LINK_DOWN].sort());
        expect(kinds[3]).toBe(1);
        expect(sim.deadLetters.count("mailbox_full")).toBe(0);
        sim.terminate(pid);
        await sim.settle();
        expect(sim.isAlive(pid)).toBe(false);
      });
    }
  });

  it("accepts whatever withMessage queues, which counts for later senders [S2.52]", async () => {
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      sim.define(
        "app:full",
        async (process: Process) => {
          const got: unknown[] = [];
          for (let i = 0; i < 3; i++) got.push((await process.inbox().receive())?.payload);
          await process.sleep(1);
          got.push((await process.inbox().receive())?.payload);
          return got;
        },
        { mailbox: { limit: 2, overflow: "reject" } },
      );
      const builder = probe.process.withContext({}).withMessage("m", 1).withMessage("m", 2).withMessage("m", 3);
      const pid = await builder.spawnMonitored("app:full", sim.host);
      expect(probe.process.send(pid, "m", 4)?.kind).toBe(errors.RATE_LIMITED);
      await sim.settle();
      expect(probe.process.send(pid, "m", 5)).toBeNull();
      await sim.untilIdle();
      expect(probe.events).toMatchObject([{ result: { value: [1, 2, 3, 5] } }]);
    });
  });
});
