// The stream of what was refused: each denial, what was allowed on request, and storms in one line.
import { describe, expect, it } from "vitest";
import { createActor, type Process } from "../../src/index.ts";
import { Audit, type AuditEvent, PolicySet, ScopedGuard } from "../../src/security/index.ts";
import { type Simulation, simulate } from "../../src/testing/index.ts";
import { Policed } from "../support/policies.ts";

const alice = createActor("alice");

/** An audit whose seconds end when the test says so. */
class Bench {
  readonly ends: (() => void)[] = [];
  readonly faults: unknown[] = [];
  readonly audit = new Audit({
    unixMs: () => 1_500,
    after: (_delayMs, fire) => this.ends.push(fire),
    onFault: (fault) => this.faults.push(fault),
  });
  readonly guard = new ScopedGuard(true, this.audit);

  /** Runs code as alice with a scope that allows sending and refuses names. */
  async run(code: (process: Process, sim: Simulation) => unknown): Promise<void> {
    const { set } = new Policed({ policies: [{ id: "test:send", actions: "process.send" }] });
    await simulate(
      1,
      async (sim) => {
        const scope = set.scope([set.policy("test:send") as never]);
        sim.define("test:acting", (process: Process) => code(process, sim));
        await sim.spawnWith({ actor: alice, scope }, "test:acting");
      },
      { guard: this.guard, policies: new PolicySet() },
    );
  }
}

const refusedName = (process: Process, name: string) => process.registry.register(name).catch(() => {});

describe("the audit", () => {
  it("tells of each denial who asked, for what, and why it was refused", async () => {
    const bench = new Bench();
    const events: AuditEvent[] = [];
    bench.audit.watch((event) => events.push(event));
    await bench.run(async (process) => {
      process.send(process.pid(), "topic");
      await refusedName(process, "name");
    });
    expect(events).toEqual([
      {
        kind: "denied",
        at: 1.5,
        pid: expect.stringMatching(/^\{/),
        entry: "test:acting",
        actor: "alice",
        denial: {
          action: "process.registry.register",
          resource: "name",
          actor: "alice",
          reason: "no policy of the scope allows it",
          decidedBy: null,
          policies: [{ id: "test:send", says: "undefined", why: "the action does not match" }],
        },
        meta: { pid: expect.stringMatching(/^\{/) },
      },
    ]);
  });

  it("tells what a process is that somebody was kept from, and the one who was refused does not learn it", async () => {
    const bench = new Bench();
    const events: AuditEvent[] = [];
    bench.audit.watch((event) => events.push(event));
    let details: unknown;
    await bench.run(async (process, sim) => {
      const { pid } = await sim.probe();
      details = await process.monitor(pid).catch((error) => error.details);
    });
    const meta = { target_entry: expect.stringMatching(/probe/), target_host: "sim:processes" };
    expect(events).toMatchObject([{ kind: "denied", denial: { action: "process.monitor" }, meta }]);
    expect(JSON.stringify(details)).toContain("process.monitor");
    expect(JSON.stringify(details)).not.toContain("probe");
  });

  it("tells of what was allowed to those who ask for it, remembered decisions too", async () => {
    const bench = new Bench();
    const seen: string[] = [];
    const denials: string[] = [];
    const stop = bench.audit.watch((event) => seen.push(event.kind), { allowed: true });
    bench.audit.watch((event) => denials.push(event.kind));
    await bench.run(async (process) => {
      process.send(process.pid(), "topic");
      process.send(process.pid(), "topic");
      await refusedName(process, "name");
      stop();
      process.send(process.pid(), "topic");
      await refusedName(process, "name");
    });
    expect(seen).toEqual(["allowed", "allowed", "denied"]);
    expect(denials).toEqual(["denied", "denied"]);
    expect(bench.audit.deniedCount).toBe(2);
  });

  it("counts denials when nobody watches, and keeps nothing", async () => {
    const bench = new Bench();
    await bench.run((process) => refusedName(process, "name"));
    expect([bench.audit.deniedCount, bench.ends.length]).toEqual([1, 0]);
  });

  it("sums up a storm, with every denial in the count", async () => {
    const bench = new Bench();
    const events: AuditEvent[] = [];
    bench.audit.watch((event) => events.push(event));
    await bench.run(async (process) => {
      for (let at = 0; at < 1_000; at++) await refusedName(process, `name-${at}`);
    });
    expect(events).toHaveLength(100);
    expect(bench.ends).toHaveLength(1);
    bench.ends[0]?.();
    const counts = [{ outcome: "denied", actor: "alice", action: "process.registry.register", count: 900 }];
    expect(events.slice(100)).toEqual([{ kind: "summary", at: 1.5, counts }]);
    // The next second is a new one.
    await bench.run((process) => refusedName(process, "name"));
    expect([events.length, bench.ends.length]).toEqual([102, 2]);
    bench.ends[1]?.();
    expect(events).toHaveLength(102);
  });

  it("keeps a summary short when everybody does something else", () => {
    const bench = new Bench();
    const events: AuditEvent[] = [];
    bench.audit.watch((event) => events.push(event));
    const subject = { pid: "{x|1}" as never, actor: alice, scope: null, entry: "a:b", hostId: "x", remembered: null };
    for (let at = 0; at < 1_000; at++)
      bench.audit.denied(subject, { action: `action-${at}`, resource: "r" }, null, null);
    bench.ends[0]?.();
    const summary = events.at(-1) as Extract<AuditEvent, { kind: "summary" }>;
    expect(summary.counts).toHaveLength(101);
    expect(summary.counts.at(-1)).toEqual({ outcome: "denied", actor: null, action: null, count: 800 });
    expect(summary.counts.reduce((sum, { count }) => sum + count, 0)).toBe(900);
  });

  it("is not harmed by a listener that throws", async () => {
    const bench = new Bench();
    const seen: string[] = [];
    bench.audit.watch(() => {
      throw new Error("listener");
    });
    bench.audit.watch((event) => seen.push(event.kind));
    await bench.run((process) => refusedName(process, "name"));
    expect([seen, bench.faults.length]).toEqual([["denied"], 1]);
  });
});
