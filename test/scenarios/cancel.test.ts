/** Asking a process to end in its own way, with and without a deadline (S4.24–S4.34). */
import { type CancelEvent, errors, event, type Process } from "beamish";
import { type Probe, simulate } from "beamish/testing";
import { describe, expect, it } from "vitest";
import { RefusingGuard, rejectionOf } from "./refusal.ts";

type AnyCancel = (...args: unknown[]) => Promise<void>;

const waitForever = async (process: Process) => {
  await process.channel().receive();
};

/** The time of day at so many milliseconds of virtual time. */
const at = (ms: number) => new Date(Date.UTC(2026, 0, 1) + ms).toISOString();

const cancels = (probe: Probe) => probe.events as CancelEvent[];

describe("cancel", () => {
  it("puts one CANCEL event before the target and resolves at once; the target decides [S4.24]", async () => {
    await simulate(1, async (sim) => {
      const [asker, target] = [await sim.probe(), await sim.probe()];
      const turns = sim.trace.length;
      expect(await asker.process.cancel(target.pid)).toBeUndefined();
      expect(sim.trace.length).toBe(turns);
      await sim.advance("1h");
      expect(target.events).toEqual([{ kind: event.CANCEL, from: asker.pid, at: Date.UTC(2026, 0, 1) / 1000 }]);
      expect(sim.isAlive(target.pid)).toBe(true);
    });
  });

  it("of oneself is an event like any other [S4.24]", async () => {
    await simulate(2, async (sim) => {
      const got = await sim.exec(async (process: Process) => {
        await process.cancel(process.pid(), { reason: "mine" });
        const one = await process.events().receive();
        return [one?.kind, one?.from === process.pid(), (one as CancelEvent).reason];
      });
      expect(got).toEqual([event.CANCEL, true, "mine"]);
    });
  });

  it("without a deadline has no further effect, however long the target lives [S4.25]", async () => {
    await simulate(3, async (sim) => {
      const { process } = await sim.probe();
      for (const given of [[], [undefined], [{}], [{ reason: "r" }], [{ deadline: undefined, reason: undefined }]]) {
        const pid = await sim.spawn(waitForever);
        await (process.cancel as AnyCancel)(pid, ...given);
        await sim.advance("100000h");
        expect(sim.isAlive(pid)).toBe(true);
      }
    });
  });

  it.each<[unknown, number]>([
    ["300ms", 300],
    ["5s", 5_000],
    ["1m30s", 90_000],
    ["1h", 3_600_000],
    ["1.5s", 1_500],
    [".5s", 500],
    ["+2s", 2_000],
    ["1500000us", 1_500],
    ["2000000000ns", 2_000],
    ["1s1ms", 1_001],
    [250, 250],
    [0.5, 0.5],
    [1_000_000, 1_000_000],
    [{ deadline: "2s" }, 2_000],
    [{ deadline: 40, reason: "r" }, 40],
  ])("with the deadline %j terminates the target then and never earlier [S4.26, S4.27, S4.28]", async (given, ms) => {
    await simulate(4, async (sim) => {
      const probe = await sim.probe();
      await sim.advance(1_000);
      sim.define("app:target", waitForever);
      const pid = await probe.process.spawnMonitored("app:target", sim.host);
      await (probe.process.cancel as AnyCancel)(pid, given);
      await sim.advance(ms - 0.125);
      expect(sim.isAlive(pid)).toBe(true);
      await sim.advance(0.125);
      expect(sim.isAlive(pid)).toBe(false);
      expect(probe.events).toMatchObject([{ result: { error: "cancel deadline exceeded", kind: errors.TIMEOUT } }]);
    });
  });

  it.each([0, -1, -0.5, "0", "0s", "-5s", "-1h", Number.MIN_SAFE_INTEGER, { deadline: 0 }])(
    "with %j has a deadline that is past already [S4.27]",
    async (given) => {
      await simulate(5, async (sim) => {
        const probe = await sim.probe();
        sim.define("app:target", waitForever);
        const pid = await probe.process.spawnMonitored("app:target", sim.host);
        await sim.settle();
        await (probe.process.cancel as AnyCancel)(pid, given);
        await sim.advance(0);
        expect(sim.isAlive(pid)).toBe(false);
        expect(probe.events).toMatchObject([{ result: { error: "cancel deadline exceeded" } }]);
      });
    },
  );

  it("carries reason and deadline, and leaves out what was not given [S4.28]", async () => {
    await simulate(6, async (sim) => {
      const [asker, target] = [await sim.probe(), await sim.probe()];
      const { process } = asker;
      await process.cancel(target.pid, { deadline: "2s", reason: "text" });
      await process.cancel(target.pid, { reason: "" });
      await process.cancel(target.pid, "1s");
      await sim.settle();
      const common = { kind: event.CANCEL, from: asker.pid, at: Date.UTC(2026, 0, 1) / 1000 };
      expect(target.events).toStrictEqual([
        { ...common, deadline: at(2_000), reason: "text" },
        { ...common, reason: "" },
        { ...common, deadline: at(1_000) },
      ]);
    });
  });

  it.each(["", "soon", "5", "5 s", "5x", "s", "1s ", " 1s", "1,5s", "--1s", "1e3s", "0x5s", "∞", "1s-1s", "1d"])(
    "with the text %j is INVALID and sends no event [S4.29]",
    async (given) => {
      await simulate(7, async (sim) => {
        const [asker, target] = [await sim.probe(), await sim.probe()];
        for (const deadline of [given, { deadline: given, reason: "r" }]) {
          expect(await rejectionOf(asker.process.cancel(target.pid, deadline))).toEqual({
            kind: errors.INVALID,
            message: `invalid duration format: ${given}`,
          });
        }
        await sim.untilIdle();
        expect(target.events).toEqual([]);
        expect(sim.isAlive(target.pid)).toBe(true);
      });
    },
  );

  it.each<[string, unknown]>([
    ["null", null],
    ["a boolean", true],
    ["NaN", Number.NaN],
    ["infinity", Number.POSITIVE_INFINITY],
    ["minus infinity", Number.NEGATIVE_INFINITY],
    ["a bigint", 5n],
    ["a function", () => 5],
    ["a list", [5]],
    ["a Date", new Date(5)],
    ["a Map", new Map([["deadline", 5]])],
    ["a table with null", { deadline: null }],
    ["a table with NaN", { deadline: Number.NaN }],
    ["a table with a table", { deadline: { deadline: 5 } }],
    ["a table with a boolean", { deadline: false }],
  ])("with %s is INVALID and sends no event [S4.29]", async (_what, given) => {
    await simulate(8, async (sim) => {
      const [asker, target] = [await sim.probe(), await sim.probe()];
      expect(await rejectionOf((asker.process.cancel as AnyCancel)(target.pid, given))).toEqual({
        kind: errors.INVALID,
        message: "deadline must be a duration string, a number of milliseconds or a table",
      });
      await sim.untilIdle();
      expect(target.events).toEqual([]);
      expect(sim.isAlive(target.pid)).toBe(true);
    });
  });

  it("may bring the deadline forward and never push it back; each event carries the one in force [S4.30]", async () => {
    await simulate(9, async (sim) => {
      const [asker, target] = [await sim.probe(), await sim.probe()];
      const { process } = asker;
      await process.monitor(target.pid);
      await process.cancel(target.pid, "10s");
      await sim.advance("2s");
      await process.cancel(target.pid, "20s");
      await process.cancel(target.pid);
      await sim.advance("1s");
      await process.cancel(target.pid, "4s");
      await process.cancel(target.pid, "100h");
      await sim.settle();
      expect(cancels(target).map((one) => one.deadline)).toEqual([
        at(10_000),
        at(10_000),
        undefined,
        at(7_000),
        at(7_000),
      ]);
      await sim.advance("3999ms");
      expect(sim.isAlive(target.pid)).toBe(true);
      await sim.advance("1ms");
      expect(sim.isAlive(target.pid)).toBe(false);
      await sim.untilIdle();
      expect(asker.events).toHaveLength(1);
    });
  });

  it("sent before events() is open waits for it, and the deadline runs all the same [S4.31]", async () => {
    await simulate(10, async (sim) => {
      const asker = await sim.probe();
      sim.define("app:late", async (process: Process, openAfter: string) => {
        await process.sleep(openAfter);
        return (await process.events().receive())?.kind;
      });
      const inTime = await asker.process.spawnMonitored("app:late", sim.host, "1s");
      const tooLate = await asker.process.spawnMonitored("app:late", sim.host, "3s");
      for (const pid of [inTime, tooLate]) await asker.process.cancel(pid, "2s");
      await sim.untilIdle();
      expect(asker.events).toMatchObject([
        { from: inTime, result: { value: event.CANCEL } },
        { from: tooLate, result: { error: "cancel deadline exceeded" } },
      ]);
    });
  });

  it("has no effect on a target that returns or fails in time [S4.32]", async () => {
    await simulate(11, async (sim) => {
      const asker = await sim.probe();
      sim.define("app:obeys", async (process: Process, fails: boolean) => {
        await process.events().receive();
        await process.sleep("1999ms");
        if (fails) throw new Error("own failure");
        return "own value";
      });
      const [one, two] = [
        await asker.process.spawnMonitored("app:obeys", sim.host, false),
        await asker.process.spawnMonitored("app:obeys", sim.host, true),
      ];
      for (const pid of [one, two]) await asker.process.cancel(pid, "2s");
      await sim.advance("1h");
      const ends = asker.events.map((exit) => "result" in exit && [exit.from, exit.result.error ?? exit.result.value]);
      expect(ends).toContainEqual([one, "own value"]);
      expect(ends).toContainEqual([two, "own failure"]);
      // The deadline of a dead process is gone: it strikes no later one.
      expect(asker.events).toHaveLength(2);
      expect(sim.isAlive(asker.pid)).toBe(true);
    });
  });

  it("leaves nothing to wait for when the target has ended: the clock need not move to its deadline [S4.32]", () =>
    simulate(15, async (sim) => {
      const pid = await sim.spawn(async (process: Process) => {
        await process.events().receive();
      });
      sim.cancel(pid, "1h");
      await sim.untilIdle();
      expect(sim.isAlive(pid)).toBe(false);
      expect(sim.nowMs).toBe(0);
    }));

  it("of an unknown name or a dead pid is NOT_FOUND, without an argument INVALID [S4.33]", async () => {
    await simulate(12, async (sim) => {
      const { process } = await sim.probe();
      const dead = await sim.spawn(async () => null);
      await sim.settle();
      expect(await rejectionOf(process.cancel(dead))).toEqual({ kind: errors.NOT_FOUND, message: "process not found" });
      expect(await rejectionOf(process.cancel("nobody", "1s"))).toEqual({
        kind: errors.NOT_FOUND,
        message: "could not resolve 'nobody' as PID or registered name",
      });
      expect((await rejectionOf((process.cancel as AnyCancel)())).kind).toBe(errors.INVALID);
      const wrong = await rejectionOf((process.cancel as AnyCancel)(42));
      expect(wrong.kind).toBe(errors.INVALID);
      expect(wrong.message).toMatch(/^bad argument #1 to 'cancel'/);
    });
  });

  it("looks at resolution and permission before the deadline [S4.33]", async () => {
    const guard = new RefusingGuard("process.cancel");
    await simulate(
      13,
      async (sim) => {
        const [asker, target] = [await sim.probe(), await sim.probe()];
        await target.process.registry.register("target");
        expect(await rejectionOf(asker.process.cancel("nobody", "soon"))).toMatchObject({ kind: errors.NOT_FOUND });
        for (const destination of [target.pid, "target", `{${sim.host}|0x7ffff}`]) {
          expect(await rejectionOf(asker.process.cancel(destination, "soon"))).toEqual({
            kind: errors.PERMISSION_DENIED,
            message: `not allowed to cancel: ${destination}`,
          });
        }
        await sim.settle();
        expect(target.events).toEqual([]);
      },
      { guard },
    );
  });

  it("honours deadlines, sleeps and timers beyond 2^31 ms as given [S4.34]", async () => {
    await simulate(14, async (sim) => {
      const probe = await sim.probe();
      const long = 2 ** 31 + 5;
      sim.define("app:cancelled", waitForever);
      sim.define("app:sleeper", async (process: Process) => {
        await process.sleep(long);
        return "slept";
      });
      sim.define("app:timer", async (process: Process) => {
        await process.after(`${2 ** 33}ms`).receive();
        return "timed";
      });
      const cancelled = await probe.process.spawnMonitored("app:cancelled", sim.host);
      await probe.process.spawnMonitored("app:sleeper", sim.host);
      await probe.process.spawnMonitored("app:timer", sim.host);
      await probe.process.cancel(cancelled, long);
      await sim.advance(long - 1);
      expect(probe.events).toEqual([]);
      await sim.advance(1);
      expect(probe.events.map((one) => "result" in one && (one.result.error ?? one.result.value)).sort()).toEqual([
        "cancel deadline exceeded",
        "slept",
      ]);
      await sim.advance(2 ** 33 - long - 1);
      expect(probe.events).toHaveLength(2);
      await sim.advance(1);
      expect(probe.events[2]).toMatchObject({ result: { value: "timed" } });
      // A thousand years: the event still names a date.
      await probe.process.cancel(probe.pid, "8766000h");
      await sim.settle();
      expect(cancels(probe)[3]?.deadline).toMatch(/^3026-/);
    });
  });
});
