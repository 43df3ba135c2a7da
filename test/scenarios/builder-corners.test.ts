/**
 * The spawn builder where it is refused, shared, or asked for odd things (section 7 of the spec), and who owns what it
 * is given.
 */
import { createActor, errors, event, type Process, type SpawnBuilder } from "beamish";
import { type Simulation, simulate } from "beamish/testing";
import { describe, expect, it } from "vitest";
import { RefusingGuard, rejectionOf, thrownBy } from "./refusal.ts";

const HOST = "sim:processes";
const FOUR = ["spawn", "spawnMonitored", "spawnLinked", "spawnLinkedMonitored"] as const;

async function withProcess(
  refused: string[],
  test: (process: Process, guard: RefusingGuard, sim: Simulation) => Promise<void>,
): Promise<void> {
  const guard = new RefusingGuard(...refused);
  await simulate(
    1,
    async (sim) => {
      sim.define("sim:idle", async (process: Process) => process.inbox().receive());
      await test((await sim.probe()).process, guard, sim);
    },
    { guard },
  );
}

describe("a refused permission", () => {
  it.each([
    [
      "process.context",
      "not allowed to spawn processes with custom context",
      (process: Process) => process.withContext({ a: 1 }),
    ],
    [
      "process.security",
      "not allowed to spawn processes with custom security context",
      (process: Process) => process.withContext({}).withActor(createActor("a")),
    ],
  ] as const)(
    "of %s is remembered by the builder and those made from it [S7.11, S7.4, S3.13, S3.14]",
    async (refused, text, make) => {
      await withProcess([refused], async (process, _guard, sim) => {
        const alive = sim.alive;
        const builder = make(process);
        const later: SpawnBuilder[] = [
          builder,
          builder,
          builder.withName("n").withMessage("t", 1).withOptions({ timeout: 5 }),
          builder.withContext({ b: 2 }),
        ];
        const refusal = { kind: errors.PERMISSION_DENIED, message: text, retryable: undefined };
        for (const one of later) {
          for (const spawn of FOUR) expect(await rejectionOf(one[spawn]("sim:idle", HOST))).toEqual(refusal);
          expect(await rejectionOf(one.exec("sim:idle", HOST))).toEqual(refusal);
        }
        expect([sim.alive, sim.lookup("n")]).toEqual([alive, null]);
      });
    },
  );

  it("is that of the call, not of the spawn: only the builders made after it know of it [S7.11, S7.3]", async () => {
    await withProcess(["process.security"], async (process, _guard, sim) => {
      const before = process.withContext({ a: 1 });
      const after = before.withActor(createActor("a"));
      expect(sim.isAlive(await before.spawn("sim:idle", HOST))).toBe(true);
      expect((await rejectionOf(after.spawn("sim:idle", HOST))).kind).toBe(errors.PERMISSION_DENIED);
    });
  });

  it("comes after those of the operation itself, context before security [S7.11, S7.13, S7.14]", async () => {
    const all = ["process.context", "process.security"];
    const text = async (refused: string[], call: (builder: SpawnBuilder) => Promise<unknown>) => {
      let message = "";
      await withProcess(refused, async (process) => {
        message = (await rejectionOf(call(process.withContext({}).withActor(createActor("a"))))).message;
      });
      return message;
    };
    const linked = (builder: SpawnBuilder) => builder.spawnLinkedMonitored("sim:idle", HOST);
    const exec = (builder: SpawnBuilder) => builder.exec("sim:idle", HOST);
    const from = (first: string) => {
      const order = ["process.spawn", "process.host", "process.spawn.monitored", "process.spawn.linked", ...all];
      return order.slice(order.indexOf(first));
    };
    expect(await text(from("process.spawn"), linked)).toBe("not allowed to spawn process: sim:idle");
    expect(await text(from("process.host"), linked)).toBe(`not allowed to spawn on host: ${HOST}`);
    expect(await text(from("process.spawn.monitored"), linked)).toBe(
      "not allowed to spawn monitored process: sim:idle",
    );
    expect(await text(from("process.spawn.linked"), linked)).toBe("not allowed to spawn linked process: sim:idle");
    expect(await text(all, linked)).toBe("not allowed to spawn processes with custom context");
    expect(await text(["process.security"], linked)).toBe(
      "not allowed to spawn processes with custom security context",
    );
    expect(await text(["process.exec", ...from("process.host")], exec)).toBe("not allowed to exec process: sim:idle");
    expect(await text(from("process.host"), exec)).toBe(`not allowed to exec on host: ${HOST}`);
    // exec needs none of the spawn permissions.
    expect(await text(from("process.spawn.monitored"), exec)).toBe(
      "not allowed to spawn processes with custom context",
    );
  });
});

describe("what the builder asks", () => {
  it("is process.context on context, process.security on security, and nothing for the rest [S7.4, S7.7, S7.11]", async () => {
    await withProcess([], async (process, guard) => {
      guard.asked.length = 0;
      const builder = process.withContext({}).withContext({ a: 1 });
      expect(guard.asked).toEqual(["process.context context", "process.context context"]);
      guard.asked.length = 0;
      const acting = builder.withActor(createActor("a"));
      expect(guard.asked).toEqual(["process.security security"]);
      guard.asked.length = 0;
      const named = acting.withName("n").withMessage("t").withOptions({ timeout: 1 });
      expect(guard.asked).toEqual([]);
      await named.spawn("sim:idle", HOST);
      expect(guard.asked).toEqual(["process.spawn sim:idle", `process.host ${HOST}`]);
    });
  });

  it("comes after a look at the types of the arguments [S7.12, S7.2, S7.5, S7.9, S12.10, S12.11]", async () => {
    await withProcess(["process.context", "process.security"], async (process, guard) => {
      const builder = process.withContext({});
      guard.asked.length = 0;
      const wrong: (() => unknown)[] = [
        () => process.withContext(null as never),
        () => process.withContext("x" as never),
        () => process.withContext([1] as never),
        () => process.withContext(new Date() as never),
        () => process.withContext({ f: () => {} }),
        () => (process.withContext as () => unknown)(),
        () => builder.withContext(5 as never),
        () => builder.withActor("ada" as never),
        () => builder.withActor(null as never),
        () => builder.withActor(undefined as never),
        () => builder.withScope({ evaluate: () => "allow" } as never),
        () => builder.withScope(null as never),
        () => builder.withName(5 as never),
        () => builder.withName(""),
        () => builder.withName(process.pid()),
        () => (builder.withMessage as () => unknown)(),
        () => builder.withMessage(5 as never),
        () => builder.withMessage("@events", 1),
        () => builder.withMessage("t", () => {}),
        () => builder.withOptions(null as never),
        () => builder.withOptions({ timeout: null } as never),
        () => builder.withOptions({ timeout: "5 s" }),
        () => builder.withOptions({ timeout: Number.NaN }),
        () => builder.withOptions({ Timeout: 5 } as never),
      ];
      for (const call of wrong) expect(thrownBy(call).kind).toBe(errors.INVALID);
      expect(guard.asked).toEqual([]);
      expect(thrownBy(() => process.withContext({ f: () => {} })).message).toBe("context.f: function cannot be sent");
      expect(thrownBy(() => builder.withMessage("t", 1, [Symbol("s")])).message).toBe(
        "payload[1][0]: symbol cannot be sent",
      );
    });
  });
});

describe("a builder", () => {
  it("keeps copies: later changes to what it was given are not seen by its processes [S7.3, S7.8, S2.37]", async () => {
    await withProcess([], async (process, _guard, sim) => {
      sim.define("sim:shows", async (child: Process, argument: unknown) => [
        child.ctx.all(),
        (await child.inbox().receive())?.payload,
        argument,
      ]);
      const [values, payload, argument] = [{ list: [1] }, { list: [2] }, { list: [3] }];
      const builder = process.withContext(values).withMessage("t", payload);
      for (const one of [values, payload]) one.list.push(99);
      const running = builder.exec("sim:shows", HOST, argument);
      argument.list.push(99);
      await sim.untilIdle();
      expect(await running).toEqual([{ list: [1] }, { list: [2] }, { list: [3] }]);
    });
  });

  it("carries keys that look like machinery as plain data [S7.1, S2.43, S11.23]", async () => {
    await withProcess([], async (process, _guard, sim) => {
      sim.define("sim:shows", async (child: Process) => [
        child.ctx.get("__proto__"),
        Object.keys(child.ctx.all()),
        child.ctx.get("constructor"),
        ({} as { polluted?: unknown }).polluted ?? null,
      ]);
      const builder = process.withContext(JSON.parse('{"__proto__": {"polluted": 1}, "constructor": 2}'));
      const running = builder.withContext({ b: 1 }).exec("sim:shows", HOST);
      await sim.untilIdle();
      expect(await running).toEqual([{ polluted: 1 }, ["__proto__", "constructor", "b"], 2, null]);
    });
  });

  it("takes the caller's values, actor and scope and hands them on to any depth [S7.1, S7.5, S7.15, S3.31]", async () => {
    await simulate(1, async (sim) => {
      const facts = (process: Process) => [process.security.actor()?.id() ?? null, process.ctx.all()];
      sim.define("sim:leaf", async (process: Process) => facts(process));
      sim.define("sim:middle", async (process: Process) => [
        facts(process),
        await process.withContext({ deep: 2 }).exec("sim:leaf", HOST),
        await process.exec("sim:leaf", HOST),
      ]);
      sim.define("sim:top", async (process: Process) =>
        process.withContext({ own: 1, given: 1 }).withActor(createActor("b")).exec("sim:middle", HOST),
      );
      const probe = await sim.probe();
      const pid = await sim.spawnWith(
        { actor: createActor("a"), context: { given: 0, kept: 0 } },
        async (process: Process) => {
          await process.sleep(1);
          return [await process.exec("sim:top", HOST), process.ctx.all(), process.security.actor()?.id()];
        },
      );
      await probe.process.monitor(pid);
      await sim.advance(5);
      const context = { given: 1, kept: 0, own: 1 };
      const [result] = probe.events;
      expect(result?.kind === event.EXIT && result.result).toEqual({
        value: [
          [
            ["b", context],
            ["b", { ...context, deep: 2 }],
            ["b", context],
          ],
          { given: 0, kept: 0 },
          "a",
        ],
      });
    });
  });

  it("copies what ctx gives: writing to it changes nothing [S11.24, S11.23, S7.15]", async () => {
    await withProcess([], async (process, _guard, sim) => {
      sim.define("sim:writes", async (child: Process) => {
        const all = child.ctx.all() as Record<string, { n: number }>;
        all.new = { n: 1 };
        (all.k as { n: number }).n = 2;
        child.ctx.get<{ n: number }>("k").n = 3;
        return child.ctx.all();
      });
      const running = process.withContext({ k: { n: 0 } }).exec("sim:writes", HOST);
      await sim.untilIdle();
      expect(await running).toEqual({ k: { n: 0 } });
    });
  });

  it("starts one named process at a time; the second is refused and its messages reach nobody [S7.6, S7.7, S7.8]", async () => {
    await withProcess([], async (process, _guard, sim) => {
      const holder = await sim.probe();
      await holder.process.registry.register("n");
      const builder = process.withContext({}).withName("n").withMessage("t", 1);
      const alive = sim.alive;
      const refusal = { kind: errors.ALREADY_EXISTS, message: "name already registered", retryable: undefined };
      for (const spawn of FOUR) expect(await rejectionOf(builder[spawn]("sim:idle", HOST))).toEqual(refusal);
      expect(await rejectionOf(builder.exec("sim:idle", HOST))).toEqual(refusal);
      await sim.settle();
      expect([holder.messages, sim.alive, sim.deadLetters.count()]).toEqual([[], alive, 0]);
      await holder.process.registry.unregister("n");
      expect(sim.lookup("n")).toBe(null);
      expect(await builder.spawn("sim:idle", HOST)).toMatch(/^\{/);
    });
  });

  it("of two that load at once for one name starts one [S7.6, S7.7, S8.3]", async () => {
    await withProcess([], async (process, _guard, sim) => {
      sim.define("sim:slow", async (child: Process) => child.inbox().receive(), { loadMs: 100 });
      const builder = process.withContext({}).withName("n");
      const settled = Promise.allSettled([builder.spawn("sim:slow", HOST), builder.spawn("sim:slow", HOST)]);
      await sim.advance(200);
      const outcomes = await settled;
      expect(outcomes.map((one) => one.status).sort()).toEqual(["fulfilled", "rejected"]);
      const refused = outcomes.find((one) => one.status === "rejected");
      expect(refused?.reason.kind).toBe(errors.ALREADY_EXISTS);
    });
  });

  it.each([
    [0, 0],
    [-5, 0],
    ["-1s", 0],
    [1.5, 1.5],
    ["20ms", 20],
  ])(
    "with a timeout of %j calls an exec off after %d ms, while it loads, too [S7.10, S7.14, S3.38]",
    async (timeout, ms) => {
      for (const loadMs of [0, 500]) {
        await withProcess([], async (process, _guard, sim) => {
          const told: unknown[] = [];
          sim.define(
            "sim:long",
            async (child: Process) => {
              for await (const one of child.events()) told.push([one.kind, "reason" in one ? one.reason : null]);
            },
            { loadMs },
          );
          const refusal = rejectionOf(process.withContext({}).withOptions({ timeout }).exec("sim:long", HOST));
          let atMs = -1;
          void refusal.then(() => {
            atMs = sim.nowMs;
          });
          await sim.advance("1s");
          expect(await refusal).toEqual({ kind: errors.TIMEOUT, message: "exec timeout", retryable: undefined });
          expect(atMs).toBe(ms);
          // It is told once it runs, and has 5 s.
          expect(told).toEqual([[event.CANCEL, "exec timeout"]]);
          await sim.advance("10s");
          expect(sim.alive).toBe(1);
        });
      }
    },
  );

  it("whose exec ends in time hears nothing of the timeout [S7.10]", async () => {
    await withProcess([], async (process, _guard, sim) => {
      sim.define("sim:quick", async () => "quick");
      const running = process.withContext({}).withOptions({ timeout: 5 }).exec("sim:quick", HOST);
      await sim.settle();
      expect(await running).toBe("quick");
      await sim.advance("1s");
    });
  });
});
