/** Events to the last field, and the errors of every call that is made wrongly (sections 6 and 12 of the spec). */
import { type ExitEvent, errors, event, type Process, ProcessError, type ProcessEvent } from "beamish";
import { simulate } from "beamish/testing";
import { describe, expect, it } from "vitest";
import { RefusingGuard, refusalOf, rejectionOf, thrownBy } from "./refusal.ts";

const HOST = "sim:processes";
const DEAD = "{sim:processes|0x7ffff}";

describe("events", () => {
  it("belong to their receiver, failures too: what one watcher writes no other sees, nor the next end [S6.4, S2.37]", async () => {
    await simulate(1, async (sim) => {
      const [a, b] = [await sim.probe(), await sim.probe()];
      sim.define("sim:idle", async (process: Process) => process.inbox().receive());
      sim.define("sim:falls", async (process: Process, peer: string) => {
        await process.link(peer);
        await process.inbox().receive();
      });
      const ends = async () => {
        const victim = await sim.spawn("sim:idle");
        const falling = await sim.spawn("sim:falls", victim);
        await sim.settle();
        for (const probe of [a, b]) {
          await probe.process.monitor(victim);
          await probe.process.monitor(falling);
          await probe.process.link(victim);
        }
        sim.terminate(victim);
        await sim.settle();
      };
      const texts = (events: ProcessEvent[]) => events.map((one) => (one as ExitEvent).result.error).sort();
      const expected = ["linked process failed", "process terminated", "process terminated"];
      for (let round = 0; round < 2; round++) {
        await ends();
        expect(texts(a.events)).toEqual(expected);
        for (const one of a.events.splice(0)) {
          Object.assign(one, { from: "changed" });
          Object.assign((one as ExitEvent).result, { error: "changed", kind: "changed", details: "changed" });
        }
        expect(texts(b.events.splice(0))).toEqual(expected);
      }
    });
  });

  it("have the fields of their kind and no others, and no methods [S6.4, S6.5, S6.6, S6.7, S6.8, S6.9, S6.10]", async () => {
    await simulate(1, async (sim) => {
      const [probe, asker] = [await sim.probe(), await sim.probe()];
      sim.define("sim:fails", async (process: Process) => {
        await process.sleep(250);
        throw new Error("x");
      });
      await sim.advance(1_000);
      await asker.process.cancel(probe.pid);
      await asker.process.cancel(probe.pid, { reason: "why" });
      sim.cancel(probe.pid, { deadline: "1h", reason: "late" });
      const child = await probe.process.spawnLinkedMonitored("sim:fails", HOST);
      await sim.advance(250);
      const fields = probe.events.map((one) =>
        Object.fromEntries(Object.entries(one).filter(([, value]) => value !== undefined)),
      );
      const start = 1_767_225_600;
      expect(fields).toEqual([
        { kind: "pid.cancel", from: asker.pid, at: start + 1 },
        { kind: "pid.cancel", from: asker.pid, at: start + 1, reason: "why" },
        { kind: "pid.cancel", from: "{|}", at: start + 1, deadline: "2026-01-01T01:00:01.000Z", reason: "late" },
        { kind: "pid.exit", from: child, at: start + 1.25, result: { error: "x", kind: "Internal" } },
        { kind: "pid.link.down", from: child, at: start + 1.25, result: { error: "x", kind: "Internal" } },
      ]);
      for (const one of probe.events) {
        expect(Object.getPrototypeOf(one)).toBe(Object.prototype);
        expect((one as { error?: unknown }).error).toBeUndefined();
      }
    });
  });

  it.each([
    ["1500us", "2026-01-01T00:00:00.001Z"],
    [-5, "2026-01-01T00:00:00.000Z"],
    ["25h", "2026-01-02T01:00:00.000Z"],
  ])("write a deadline of %j in UTC with milliseconds [S6.9, S4.27]", async (deadline, text) => {
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      const told: unknown[] = [];
      const pid = await sim.spawn(async (process: Process) => {
        for await (const one of process.events()) told.push("deadline" in one ? one.deadline : null);
      });
      await sim.settle();
      await probe.process.cancel(pid, deadline);
      await sim.settle();
      expect(told).toEqual([text]);
    });
  });

  it("of a normal end without a value have neither value nor error [S6.8, S6.11, S4.4]", async () => {
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      sim.define("sim:nothing", async () => {});
      await probe.process.spawnMonitored("sim:nothing", HOST);
      await sim.settle();
      const [one] = probe.events as ExitEvent[];
      expect([one?.result.error, (one?.result as { value?: unknown } | undefined)?.value ?? null]).toEqual([
        undefined,
        null,
      ]);
    });
  });

  it("carry retryable and details of an error, a copy of them [S6.11, S12.3]", async () => {
    await simulate(1, async (sim) => {
      const [a, b] = [await sim.probe(), await sim.probe()];
      const details = { path: ["x"] };
      sim.define("sim:fails", async (process: Process) => {
        await process.sleep(1);
        throw new ProcessError({ message: "m", kind: errors.RATE_LIMITED, retryable: false, details });
      });
      const pid = await sim.spawn("sim:fails");
      for (const probe of [a, b]) await probe.process.monitor(pid);
      await sim.advance(2);
      const result = { error: "m", kind: "RateLimited", retryable: false, details: { path: ["x"] } };
      expect(a.events).toMatchObject([{ result }]);
      ((a.events[0] as ExitEvent).result as { details: typeof details }).details.path.push("changed");
      details.path.push("changed");
      expect(b.events).toMatchObject([{ result }]);
    });
  });
});

describe("a call", () => {
  it("without a required argument is INVALID, in every function [S12.10, S12.14, S16.3]", async () => {
    await simulate(1, async (sim) => {
      const { process } = await sim.probe();
      const asynchronous: Record<string, (...given: never[]) => Promise<unknown>> = {
        spawn: process.spawn,
        spawn_monitored: process.spawnMonitored,
        spawn_linked: process.spawnLinked,
        spawn_linked_monitored: process.spawnLinkedMonitored,
      };
      for (const [name, call] of Object.entries(asynchronous)) {
        for (const given of [[], ["sim:a"]]) {
          expect(await rejectionOf(call(...(given as never[])))).toEqual({
            kind: errors.INVALID,
            message: `${name} requires at least id and host arguments`,
            retryable: undefined,
          });
        }
      }
      expect((await rejectionOf((process.exec as () => Promise<unknown>)())).message).toBe(
        "exec requires id and host arguments",
      );
      const { registry } = process;
      const others = [
        process.terminate,
        process.cancel,
        process.monitor,
        process.unmonitor,
        process.link,
        process.unlink,
        registry.register,
        registry.lookup,
        registry.unregister,
        process.sleep,
      ];
      for (const call of others) {
        expect((await rejectionOf((call as () => Promise<unknown>)())).kind, call.name).toBe(errors.INVALID);
      }
      const synchronous = [
        process.listen,
        process.unlisten,
        process.setOptions,
        process.withContext,
        process.after,
        process.timer,
        process.ticker,
        process.go,
        process.ctx.get,
      ];
      for (const call of synchronous) expect(thrownBy(call as () => unknown).kind, call.name).toBe(errors.INVALID);
      for (const given of [[], [process.pid()]]) {
        const answer = (process.send as (...all: unknown[]) => unknown)(...given);
        expect(refusalOf(answer).message).toBe("send requires at least destination and topic arguments");
      }
    });
  });

  it("with an argument of a wrong type names its place, null included [S12.11, S16.3, S16.4]", async () => {
    await simulate(1, async (sim) => {
      const { process } = await sim.probe();
      const any = process as unknown as Record<string, (...given: unknown[]) => unknown>;
      const registry = process.registry as unknown as Record<string, (...given: unknown[]) => Promise<unknown>>;
      const text = process.pid();
      const rejecting: [number, () => Promise<unknown>][] = [
        [1, () => any.spawn?.(null, HOST) as Promise<unknown>],
        [2, () => any.spawnMonitored?.("sim:a", 5) as Promise<unknown>],
        [2, () => any.exec?.("sim:a", null) as Promise<unknown>],
        ...["terminate", "cancel", "monitor", "unmonitor", "link", "unlink"].map(
          (name): [number, () => Promise<unknown>] => [1, () => any[name]?.(null) as Promise<unknown>],
        ),
        [1, () => registry.register?.(null) as Promise<unknown>],
        [2, () => registry.register?.("n", null) as Promise<unknown>],
        [1, () => registry.lookup?.(5) as Promise<unknown>],
        [1, () => registry.unregister?.({}) as Promise<unknown>],
        [1, () => any.sleep?.({}) as Promise<unknown>],
      ];
      for (const [place, call] of rejecting) {
        const refusal = await rejectionOf(call());
        expect(refusal.kind).toBe(errors.INVALID);
        expect(refusal.message, String(call)).toMatch(new RegExp(`^bad argument #${place} to '`));
      }
      const throwing: [number, () => unknown][] = [
        [1, () => any.send?.(5, "t")],
        [1, () => any.send?.(null, "t")],
        [2, () => any.send?.(text, null)],
        [2, () => any.send?.(text, 5, "payload")],
        [1, () => any.listen?.(5)],
        [1, () => any.unlisten?.("t")],
        [1, () => any.unlisten?.(null)],
        [1, () => any.channel?.("3")],
        [1, () => any.go?.(Promise.resolve())],
        [1, () => any.after?.(null)],
        [1, () => process.ctx.get(5 as never)],
      ];
      for (const [place, call] of throwing) {
        const refusal = thrownBy(call);
        expect(refusal.kind).toBe(errors.INVALID);
        expect(refusal.message, String(call)).toMatch(new RegExp(`^bad argument #${place} to '`));
      }
    });
  });

  it("that fails says the same kinds and texts wherever it fails [S12.17, S12.20, S12.23, S16.2, S16.3]", async () => {
    await simulate(1, async (sim) => {
      sim.addHost("sim:stopping", { status: "running" });
      const { process } = await sim.probe();
      const onDestination = ["terminate", "cancel", "monitor", "unmonitor", "link", "unlink"] as const;
      for (const name of onDestination) {
        expect(await rejectionOf(process[name]("nobody"))).toEqual({
          kind: errors.NOT_FOUND,
          message: "could not resolve 'nobody' as PID or registered name",
          retryable: undefined,
        });
      }
      const dead = { kind: errors.NOT_FOUND, message: "process not found", retryable: undefined };
      for (const name of ["terminate", "cancel", "monitor", "link"] as const) {
        expect(await rejectionOf(process[name](DEAD))).toEqual(dead);
        expect((await rejectionOf(process[name]("{sim:none|0x00001}"))).message).toBe("host not found");
        expect((await rejectionOf(process[name]("{far@sim:processes|0x00001}"))).message).toBe("node not found");
      }
      for (const name of ["unmonitor", "unlink"] as const) expect(await process[name](DEAD)).toBeUndefined();
      expect(await rejectionOf(process.registry.register("n", DEAD))).toEqual(dead);
      for (const name of ["monitor", "link"] as const) {
        expect((await rejectionOf(process[name](process.pid()))).kind).toBe(errors.INVALID);
      }
    });
  });

  it("that is refused keeps what was refused as details, and is not to be tried again by itself [S12.18, S12.4, S5.18]", async () => {
    await simulate(
      1,
      async (sim) => {
        const { process } = await sim.probe();
        for (const verb of ["terminate", "cancel", "monitor", "unmonitor", "link", "unlink"] as const) {
          const refused = await process[verb](DEAD).catch((cause: ProcessError) => cause);
          expect(refusalOf(refused)).toEqual({
            kind: errors.PERMISSION_DENIED,
            message: `not allowed to ${verb}: ${DEAD}`,
            retryable: undefined,
          });
          expect((refused as ProcessError).details).toEqual({ action: `process.${verb}`, resource: DEAD });
        }
        // Whatever the deadline is: permission comes before it is read.
        expect((await rejectionOf(process.cancel(DEAD, "never"))).kind).toBe(errors.PERMISSION_DENIED);
      },
      { guard: new RefusingGuard("*") },
    );
  });

  it.each([null, {}, [], true, Number.NaN, Number.POSITIVE_INFINITY, { deadline: null }, { deadline: Number.NaN }])(
    "to cancel with %j as its deadline is INVALID where it is none, and sends no event [S16.15, S4.29]",
    async (deadline) => {
      await simulate(1, async (sim) => {
        const [probe, target] = [await sim.probe(), await sim.probe()];
        const call = probe.process.cancel(target.pid, deadline as never);
        // An empty table is a cancel without a deadline.
        const isFine = typeof deadline === "object" && deadline !== null && Object.keys(deadline).length === 0;
        if (isFine && !Array.isArray(deadline)) await call;
        else {
          expect(await rejectionOf(call)).toEqual({
            kind: errors.INVALID,
            message: "deadline must be a duration string, a number of milliseconds or a table",
            retryable: undefined,
          });
        }
        await sim.settle();
        expect(target.events).toHaveLength(isFine && !Array.isArray(deadline) ? 1 : 0);
      });
    },
  );

  it.each(["", " ", "5", "5 s", "s", "1h30", "1e3ms", "--1s", "1,5s", "5S", "ten", "Infinity", "NaNs"])(
    "with %j for a duration is INVALID, with its text, everywhere [S12.16, S11.20, S4.29]",
    async (text) => {
      await simulate(1, async (sim) => {
        const { process } = await sim.probe();
        const refusal = { kind: errors.INVALID, message: `invalid duration format: ${text}`, retryable: undefined };
        expect(await rejectionOf(process.cancel(process.pid(), text))).toEqual(refusal);
        expect(await rejectionOf(process.sleep(text))).toEqual(refusal);
        for (const call of [process.after, process.timer, process.ticker]) {
          expect(thrownBy(() => call(text))).toEqual(refusal);
        }
        const timer = process.timer("1h");
        expect(thrownBy(() => timer.reset(text))).toEqual(refusal);
        expect(timer.stop()).toBe(true);
        expect(thrownBy(() => process.withContext({}).withOptions({ timeout: text }))).toEqual(refusal);
      });
    },
  );

  it.each([0, -1, "0", "-5s", "0ms"])(
    "for a timer of %j is INVALID, for a sleep of it over at once [S11.16, S11.18, S11.20]",
    async (d) => {
      await simulate(1, async (sim) => {
        const { process } = await sim.probe();
        for (const call of [process.after, process.timer, process.ticker]) {
          expect(thrownBy(() => call(d)).kind).toBe(errors.INVALID);
        }
        const timer = process.timer(5);
        expect(thrownBy(() => timer.reset(d)).kind).toBe(errors.INVALID);
        await sim.advance(10);
        // A refused reset leaves the timer as it was.
        expect(await timer.channel().receive()).toBeInstanceOf(Date);
        let isOver = false;
        void process.sleep(d).then(() => {
          isOver = true;
        });
        await sim.settle();
        expect([isOver, sim.nowMs]).toEqual([true, 10]);
      });
    },
  );
});

describe("printing", () => {
  it("takes whatever it is given, and Node's console is left alone [S16.45]", async () => {
    await simulate(1, async (sim) => {
      const lines: string[] = [];
      sim.watchNotices((notice) => {
        if (notice.kind === "printed") lines.push(notice.text);
      });
      const { log } = console;
      const { process } = await sim.probe();
      process.print();
      process.print("a", 1, null, undefined, 5n, Symbol("s"), ["x", "y"]);
      process.print(Object.create(null), {
        toString() {
          throw new Error("never mind");
        },
      });
      expect(lines).toHaveLength(3);
      expect(lines[1]).toBe("a 1 null undefined 5 Symbol(s) x,y");
      expect(console.log).toBe(log);
      expect(process.event).toBe(event);
    });
  });
});
