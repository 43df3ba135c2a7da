/** Channels, select, tasks, time, context and serve: section 11 of the spec, for TypeScript. */
import { errors, type Process, ProcessError } from "beamish";
import { simulate } from "beamish/testing";
import { describe, expect, it } from "vitest";

async function run<R>(main: (process: Process) => Promise<R>): Promise<R> {
  let result: R | undefined;
  await simulate(1, async (sim) => {
    result = await sim.exec<any>(main as any);
  });
  return result as R;
}

async function failure(act: () => unknown): Promise<[string, string] | null> {
  try {
    await act();
    return null;
  } catch (error) {
    return error instanceof ProcessError ? [error.kind, error.message] : ["?", String(error)];
  }
}

describe("channels", () => {
  it.each([undefined, 0, -3])(
    "without room let sender and receiver meet (size %j) [S11.1, S11.2, S16.32]",
    async (size) => {
      const log = await run(async (process) => {
        const channel = process.channel<number>(size);
        const order: string[] = [];
        process.go(async () => {
          await channel.send(1);
          order.push("sent");
        });
        await process.sleep(1);
        order.push("before");
        order.push(`got ${await channel.receive()}`);
        await process.sleep(1);
        return order;
      });
      expect(log).toEqual(["before", "got 1", "sent"]);
    },
  );

  it("with room take so many values before a sender waits, and hand them over uncopied [S11.1, S11.2, S16.33]", async () => {
    const got = await run(async (process) => {
      const channel = process.channel<unknown>(2);
      const thing = { f: () => 1 };
      await channel.send(thing);
      await channel.send(undefined);
      let third = false;
      process.go(async () => {
        await channel.send(3);
        third = true;
      });
      await process.sleep(1);
      const before = third;
      const same = (await channel.receive()) === thing;
      await process.sleep(1);
      return [before, same, third, await channel.receive(), await channel.receive()].map((one) => one ?? null);
    });
    expect(got).toEqual([false, true, true, null, 3]);
  });

  it("refuse a send once closed, and call off a sender that waits [S11.3]", async () => {
    const got = await run(async (process) => {
      const channel = process.channel<number>();
      const waiting = failure(() => channel.send(1));
      await process.sleep(1);
      channel.close();
      channel.close();
      return [await waiting, await failure(() => channel.send(2))];
    });
    expect(got[0]?.[0]).toBe(errors.CANCELED);
    expect(got[1]).toEqual([errors.INVALID, "send on closed channel"]);
  });

  it("yield what is buffered and then nothing, for ever; a waiting receiver is let go [S11.4, S11.5]", async () => {
    const got = await run(async (process) => {
      const channel = process.channel<number>(2);
      const empty = process.channel<number>();
      const waiting = empty.receive();
      await channel.send(1);
      channel.close();
      empty.close();
      const values: unknown[] = [
        await waiting,
        await channel.receive(),
        await channel.receive(),
        await channel.receive(),
      ];
      const seen: number[] = [];
      for await (const value of channel) seen.push(value);
      return [values.map((one) => one ?? "none"), seen];
    });
    expect(got).toEqual([["none", 1, "none", "none"], []]);
  });

  it("serve receivers and senders first come, first served [S11.6]", async () => {
    const got = await run(async (process) => {
      const channel = process.channel<number>();
      const log: string[] = [];
      for (const name of ["a", "b", "c"]) process.go(async () => void log.push(`${name}${await channel.receive()}`));
      await process.sleep(1);
      for (const n of [1, 2, 3]) await channel.send(n);
      for (const n of [4, 5, 6]) process.go(async () => channel.send(n));
      await process.sleep(1);
      const rest = [await channel.receive(), await channel.receive(), await channel.receive()];
      return [log, rest];
    });
    expect(got).toEqual([
      ["a1", "b2", "c3"],
      [4, 5, 6],
    ]);
  });

  it("cannot be sent on when they are subscriptions [S16.33]", async () => {
    expect(await run(async (process) => failure(() => process.inbox().send({} as never)))).toEqual([
      errors.INVALID,
      "cannot send on a subscription",
    ]);
  });
});

describe("select", () => {
  it("carries out the first ready case in list order, and only that one [S11.7, S11.9, S16.34]", async () => {
    const got = await run(async (process) => {
      const [a, b] = [process.channel<string>(1), process.channel<string>(1)];
      await a.send("a");
      await b.send("b");
      const list = await process.select([b.caseReceive(), a.caseReceive()]);
      const record = await process.select({ second: b.caseReceive(), first: a.caseReceive() });
      return [list.case, list.channel === b, list.value, list.ok, record.case, record.value];
    });
    expect(got).toEqual([0, true, "b", true, "first", "a"]);
  });

  it("takes the default when nothing is ready, and waits without one [S11.7, S11.9]", async () => {
    const got = await run(async (process) => {
      const channel = process.channel<number>(1);
      const now = await process.select([channel.caseReceive()], { default: true });
      process.go(async () => {
        await process.sleep(5);
        await channel.send(7);
      });
      const later = await process.select([channel.caseReceive()]);
      return [now, later.value];
    });
    expect(got).toEqual([{ default: true, ok: true }, 7]);
  });

  it("re-uses cases and passes over what is none [S11.8]", async () => {
    const got = await run(async (process) => {
      const channel = process.channel<number>(2);
      const receive = channel.caseReceive();
      const send = channel.caseSend(4);
      const values: unknown[] = [];
      for (let i = 0; i < 2; i++) {
        const sent = await process.select([5, send] as never);
        values.push(sent.case, sent.value ?? "none", (await process.select([receive])).value);
      }
      return values;
    });
    expect(got).toEqual([1, "none", 4, 1, "none", 4]);
  });

  it("finds a closed channel ready to receive and never ready to send [S11.10]", async () => {
    const got = await run(async (process) => {
      const channel = process.channel<number>();
      let woken = false;
      process.go(async () => {
        await process.select([channel.caseSend(1)]);
        woken = true;
      });
      await process.sleep(1);
      channel.close();
      const receive = await process.select([channel.caseSend(1), channel.caseReceive()]);
      await process.sleep(10);
      return [receive.case, receive.ok, receive.value ?? "none", woken];
    });
    expect(got).toEqual([1, false, "none", false]);
  });

  it("leaves the cases it did not choose as they were [S11.7]", async () => {
    const got = await run(async (process) => {
      const [a, b] = [process.channel<number>(), process.channel<number>()];
      const chosen = process.select({ a: a.caseReceive(), b: b.caseReceive(), inbox: process.inbox().caseReceive() });
      await process.sleep(1);
      process.send(process.pid(), "t", "first");
      await process.sleep(1);
      const first = await chosen;
      let delivered = false;
      process.go(async () => {
        await a.send(1);
        delivered = true;
      });
      await process.sleep(1);
      return [first.case, delivered];
    });
    expect(got).toEqual(["inbox", false]);
  });

  it("waits for ever without any case [S11.7]", async () => {
    await simulate(1, async (sim) => {
      const pid = await sim.spawn(async (process: Process) => process.select([]));
      await sim.advance("24h");
      expect(sim.isAlive(pid)).toBe(true);
    });
  });
});

describe("tasks", () => {
  it("let the caller go on first, and never run at the same time [S11.11, S16.35]", async () => {
    const got = await run(async (process) => {
      const log: string[] = [];
      process.go(async () => void log.push("task"));
      log.push("caller");
      await process.sleep(1);
      return log;
    });
    expect(got).toEqual(["caller", "task"]);
  });
});

describe("time", () => {
  it.each([
    ["1h30m", 5_400_000],
    ["1.5s", 1_500],
    ["250us", 0.25],
    ["250\u00b5s", 0.25],
    ["250\u03bcs", 0.25],
    ["1000000ns", 1],
    ["+2ms", 2],
    [40, 40],
  ])("sleeps %j for that long, never shorter [S11.15, S11.16, S11.22, S16.36]", async (duration, ms) => {
    await simulate(1, async (sim) => {
      const before = sim.nowMs;
      await sim.exec(async (process: Process) => process.sleep(duration));
      expect(sim.nowMs - before).toBeCloseTo(ms, 6);
      expect(sim.nowMs - before).toBeGreaterThanOrEqual(ms);
    });
  });

  it("returns at once from a sleep of zero or less [S11.16]", async () => {
    await simulate(1, async (sim) => {
      await sim.exec(async (process: Process) => {
        await process.sleep(0);
        await process.sleep("-5s");
      });
      expect(sim.nowMs).toBe(0);
    });
  });

  it("refuses durations it cannot read, and timers of zero or less [S11.20, S12.16]", async () => {
    const got = await run(async (process) => [
      await failure(() => process.sleep("soon")),
      await failure(() => process.sleep(null as never)),
      await failure(() => process.after(0)),
      await failure(() => process.timer("-1s")),
      await failure(() => process.ticker("x")),
    ]);
    expect(got.map((one) => one?.[0])).toEqual(new Array(5).fill(errors.INVALID));
    expect(got[0]?.[1]).toBe("invalid duration format: soon");
  });

  it("gives one Date after a while and closes [S11.17]", async () => {
    const got = await run(async (process) => {
      const channel = process.after("2s");
      return [await channel.receive(), await channel.receive()].map((one) => one ?? "closed");
    });
    expect(got).toEqual([new Date("2026-01-01T00:00:02.000Z"), "closed"]);
  });

  it("stops and resets a timer, saying whether it was running [S11.18, S16.37]", async () => {
    const got = await run(async (process) => {
      const timer = process.timer("1s");
      const reset = timer.reset("3s");
      await process.sleep("2s");
      const early = await process.select([timer.channel().caseReceive()], { default: true });
      const value = await timer.channel().receive();
      const stopped = timer.stop();
      const again = timer.reset("1s");
      const second = await timer.channel().receive();
      const third = process.timer("1s");
      return [
        reset,
        early.default,
        value?.toISOString(),
        stopped,
        again,
        second?.toISOString(),
        third.stop(),
        third.stop(),
      ];
    });
    expect(got).toEqual([
      true,
      true,
      "2026-01-01T00:00:03.000Z",
      false,
      false,
      "2026-01-01T00:00:04.000Z",
      true,
      false,
    ]);
  });

  it("ticks, keeps 16 for a slow reader, and closes when stopped [S11.19]", async () => {
    const got = await run(async (process) => {
      const ticker = process.ticker("1s");
      await process.sleep("60s");
      const stopped = ticker.stop();
      const ticks: string[] = [];
      for await (const tick of ticker.channel()) ticks.push(tick.toISOString().slice(17, 19));
      return [stopped, ticks.length, ticks[0], ticks[15]];
    });
    expect(got).toEqual([true, 16, "01", "16"]);
  });
});

describe("context", () => {
  it("says NOT_FOUND for an unknown key and INVALID for an empty one [S11.23, S16.39]", async () => {
    const got = await run(async (process) => [
      await failure(() => process.ctx.get("a")),
      await failure(() => process.ctx.get("")),
      await failure(() => process.ctx.get("__proto__")),
      process.ctx.all(),
    ]);
    expect(got).toEqual([
      [errors.NOT_FOUND, "key not found: a"],
      [errors.INVALID, "empty key"],
      [errors.NOT_FOUND, "key not found: __proto__"],
      {},
    ]);
  });
});

describe("serve", () => {
  it("calls one handler per message, in the order they came, across topics [S11.38]", async () => {
    const got = await run(async (process) => {
      const self = process.pid();
      const log: unknown[] = [];
      for (const [topic, n] of [
        ["b", 1],
        ["a", 2],
        ["x", 3],
        ["b", 4],
        ["a", 5],
      ] as const)
        process.send(self, topic, n);
      process.send(self, "end", "over");
      const value = await process.serve({
        a: (payload: number, message: { topic: string }) => void log.push([message.topic, payload]),
        b: async (payload: number) => {
          await process.sleep(1);
          log.push(["b", payload]);
          return "ignored";
        },
        "@inbox": (message) => void log.push(["inbox", message.topic]),
        end: (payload: string) => process.done(payload),
      });
      return [log, value];
    });
    expect(got).toEqual([
      [
        ["b", 1],
        ["a", 2],
        ["inbox", "x"],
        ["b", 4],
        ["a", 5],
      ],
      "over",
    ]);
  });

  it("leaves messages without a handler waiting, and serves events [S11.38]", async () => {
    const got = await run(async (process) => {
      const self = process.pid();
      process.send(self, "other", 1);
      await process.cancel(self, { reason: "enough" });
      const value = await process.serve({
        a: () => {},
        "@events": (event) => process.done("reason" in event ? event.reason : null),
      });
      return [value, (await process.inbox().receive())?.payload];
    });
    expect(got).toEqual(["enough", 1]);
  });

  it("takes a function for the whole inbox [S11.38]", async () => {
    const got = await run(async (process) => {
      for (const n of [1, 2, 3]) process.send(process.pid(), "t", n);
      let sum = 0;
      return process.serve((message) => {
        sum += message.payload;
        return message.payload === 3 ? process.done(sum) : undefined;
      });
    });
    expect(got).toBe(6);
  });

  it("refuses what is no handler, and fails as its handler fails [S11.38]", async () => {
    const got = await run(async (process) => {
      process.send(process.pid(), "a", 1);
      const bad = await failure(() => process.serve({ a: 5 } as never));
      const boom = await failure(() =>
        process.serve(() => {
          throw new ProcessError({ message: "boom", kind: errors.CONFLICT });
        }),
      );
      return [bad?.[0], boom];
    });
    expect(got).toEqual([errors.INVALID, [errors.CONFLICT, "boom"]]);
  });
});
