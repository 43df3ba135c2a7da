/** How a process ends, what its watchers are told, and in what order (S4.1–S4.19). */
import { errors, event, type Process, ProcessError, type ProcessEvent } from "beamish";
import { type Simulation, simulate } from "beamish/testing";
import { describe, expect, it } from "vitest";
import { refusalOf } from "./refusal.ts";

type Main = (process: Process, ...args: any[]) => unknown;

const waitForever = async (process: Process) => {
  await process.channel().receive();
};

/** The events of somebody linked to and monitoring this code. */
async function watched(main: Main, meanwhile?: (sim: Simulation, pid: string) => unknown): Promise<ProcessEvent[]> {
  let events: ProcessEvent[] = [];
  await simulate(1, async (sim) => {
    const probe = await sim.probe();
    sim.define("app:watched", main);
    const pid = await probe.process.spawnLinkedMonitored("app:watched", sim.host);
    await sim.settle();
    await meanwhile?.(sim, pid);
    await sim.untilIdle();
    expect(probe.events.every((one) => one.from === pid)).toBe(true);
    events = probe.events;
  });
  return events;
}

/** How this code ends, as EXIT says; and LINK_DOWN comes if and only if that has an error. */
async function resultOf(main: Main, meanwhile?: (sim: Simulation, pid: string) => unknown): Promise<any> {
  const events = await watched(main, meanwhile);
  const [exit, down] = events as { kind: string; result: { error?: string } }[];
  expect(exit?.kind).toBe(event.EXIT);
  if (exit?.result.error === undefined) expect(down).toBeUndefined();
  else expect(down).toMatchObject({ kind: event.LINK_DOWN, result: exit.result });
  expect(events.length).toBe(exit?.result.error === undefined ? 1 : 2);
  return exit?.result;
}

describe("a process", () => {
  it("ends when main returns, and its other coroutines are dropped with it [S4.1]", async () => {
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      const pid = await sim.spawn(async (process: Process) => {
        process.go(async () => {
          process.send(probe.pid, "started");
          await process.sleep(10);
          process.send(probe.pid, "dropped");
        });
        await process.sleep(5);
      });
      await sim.untilIdle();
      expect(sim.isAlive(pid)).toBe(false);
      expect(probe.messages.map((message) => message.topic)).toEqual(["started"]);
    });
  });

  it.each<[string, Main]>([
    ["main, at once", () => Promise.reject(new Error("failed"))],
    [
      "main, synchronously",
      () => {
        throw new Error("failed");
      },
    ],
    [
      "main, after a wait",
      async (process) => {
        await process.sleep(1);
        throw new Error("failed");
      },
    ],
    [
      "another coroutine",
      async (process) => {
        process.go(async () => {
          await process.sleep(1);
          throw new Error("failed");
        });
        await process.channel().receive();
      },
    ],
    [
      "a coroutine of a coroutine",
      async (process) => {
        process.go(async () => {
          process.go(async () => {
            throw new Error("failed");
          });
          await process.channel().receive();
        });
        await process.channel().receive();
      },
    ],
  ])("ends when an error escapes %s [S4.1, S4.8, S4.16]", async (_where, main) => {
    expect(await resultOf(main)).toEqual({ error: "failed", kind: errors.INTERNAL });
  });

  it("whose coroutines all wait is idle, for however long [S4.1]", async () => {
    await simulate(2, async (sim) => {
      const pids = [
        await sim.spawn(waitForever),
        await sim.spawn(async (process: Process) => {
          await process.inbox().receive();
        }),
        await sim.spawn(async (process: Process) => {
          await process.select([]);
        }),
        await sim.spawn(async (process: Process) => {
          for await (const _ of process.events());
        }),
      ];
      await sim.advance("100000h");
      for (const pid of pids) expect(sim.isAlive(pid)).toBe(true);
    });
  });

  it("that was cancelled ends normally or not by what it does [S4.2]", async () => {
    const cancel = (sim: Simulation, pid: string) => sim.cancel(pid, "1h");
    const obeys = async (process: Process) => {
      await process.events().receive();
      return "obeyed";
    };
    const fails = async (process: Process) => {
      await process.events().receive();
      throw new Error("failed");
    };
    expect(await resultOf(obeys, cancel)).toEqual({ value: "obeyed" });
    expect(await resultOf(fails, cancel)).toEqual({ error: "failed", kind: errors.INTERNAL });
  });
});

describe("the result", () => {
  it("of a value is that value, copied [S4.2, S4.3, S4.16]", async () => {
    const list = [1];
    const result = await resultOf(async () => ({ list, text: "" }));
    expect(result).toStrictEqual({ value: { list: [1], text: "" } });
    list.push(2);
    expect(result.value.list).toEqual([1]);
    // An error that is returned, not thrown, is a value like any other.
    const error = await resultOf(async () => ({ error: "text" }));
    expect(error).toStrictEqual({ value: { error: "text" } });
    const returned = await resultOf(async () => new ProcessError("text"));
    expect(returned.error).toBeUndefined();
    expect(returned.value).toBeInstanceOf(ProcessError);
  });

  it.each<[string, Main]>([
    ["return", async () => {}],
    ["return undefined", async () => undefined],
    ["return null", async () => null],
    ["a plain function", () => {}],
  ])("of nothing (%s) is normal and has no value [S4.4, S4.16]", async (_how, main) => {
    const result = await resultOf(main);
    expect(result.value ?? null).toBeNull();
    expect(result.error).toBeUndefined();
  });

  it.each<[string, Main, object]>([
    [
      "an Error",
      async () => {
        throw new RangeError("out of range");
      },
      { error: "out of range", kind: "Internal" },
    ],
    [
      "an Error without text",
      async () => {
        throw new Error();
      },
      { error: "", kind: "Internal" },
    ],
    [
      "a text",
      async () => {
        throw "text";
      },
      { error: "text", kind: "Internal" },
    ],
    [
      "a number",
      async () => {
        throw 42;
      },
      { error: "42", kind: "Internal" },
    ],
    [
      "undefined",
      async () => {
        throw undefined;
      },
      { error: "undefined", kind: "Internal" },
    ],
    [
      "null",
      async () => {
        throw null;
      },
      { error: "null", kind: "Internal" },
    ],
    [
      "an object",
      async () => {
        throw { toString: () => "told" };
      },
      { error: "told", kind: "Internal" },
    ],
    [
      "a symbol",
      async () => {
        throw Symbol("s");
      },
      { error: "Symbol(s)", kind: "Internal" },
    ],
    [
      "a ProcessError",
      async () => {
        throw new ProcessError({ message: "no", kind: errors.CONFLICT, retryable: false, details: { a: [1] } });
      },
      { error: "no", kind: "Conflict", retryable: false, details: { a: [1] } },
    ],
    [
      "a ProcessError of no kind",
      async () => {
        throw new ProcessError("no");
      },
      { error: "no", kind: "" },
    ],
  ])("of throwing %s is its text, kind, retryable and details [S4.8, S4.16]", async (_what, main, expected) => {
    expect(await resultOf(main)).toEqual(expected);
    // And the same from a coroutine.
    const spawned = async (process: Process) => {
      process.go(() => main(process) as Promise<unknown>);
      await process.channel().receive();
    };
    expect(await resultOf(spawned)).toEqual(expected);
  });

  it("of something thrown that has no text is still an end [S4.16]", async () => {
    const result = await resultOf(async () => {
      throw Object.create(null);
    });
    expect(typeof result.error).toBe("string");
    expect(result.kind).toBe(errors.INTERNAL);
  });

  it("of a termination is fixed [S4.9]", async () => {
    const result = await resultOf(waitForever, (sim, pid) => sim.terminate(pid));
    expect(result).toEqual({ error: "process terminated", kind: errors.INTERNAL });
  });

  it("of a passed cancel deadline is fixed [S4.10]", async () => {
    const result = await resultOf(waitForever, (sim, pid) => sim.cancel(pid, "1s"));
    expect(result).toEqual({ error: "cancel deadline exceeded", kind: errors.TIMEOUT });
  });

  it("of a linked failure is fixed, and says nothing of the peer's own error [S4.11]", async () => {
    const result = await resultOf(
      async (process) => {
        await process.link((await process.inbox().receive())?.payload as string);
        process.send("peer", "fail");
        await process.channel().receive();
      },
      async (sim, pid) => {
        const peer = await sim.spawnWith({ name: "peer" }, async (process: Process) => {
          await process.inbox().receive();
          throw new ProcessError({ message: "secret", kind: errors.CONFLICT, details: { secret: 1 } });
        });
        sim.send(pid, "peer", peer);
      },
    );
    expect(result).toEqual({ error: "linked process failed", kind: errors.INTERNAL });
  });

  it.each<[string, Main, object]>([
    [
      "an unknown entry",
      async (process) => process.upgrade("no:entry"),
      { error: "upgrade: process entry not found: no:entry", kind: "NotFound" },
    ],
    [
      "an id without a namespace",
      async (process) => process.upgrade("entry"),
      { error: "upgrade: invalid process ID format (namespace:name required)", kind: "Invalid" },
    ],
    [
      "state that cannot be sent",
      async (process) => process.upgrade(null, 1, [() => 1]),
      { error: "upgrade: state[1][0]: function cannot be sent", kind: "Invalid" },
    ],
  ])("of an upgrade that fails for %s is the cause with its kind [S4.12]", async (_cause, main, expected) => {
    expect(await resultOf(main)).toEqual(expected);
  });

  it("of an upgrade keeps the kind of the cause but no retryable [S4.12]", async () => {
    let result: unknown;
    await simulate(1, async (sim) => {
      const loadError = new ProcessError({ message: "later", kind: errors.UNAVAILABLE, retryable: true });
      sim.define("app:broken", waitForever, { loadError });
      const probe = await sim.probe();
      sim.define("app:upgrading", async (process: Process) => process.upgrade("app:broken"));
      await probe.process.spawnMonitored("app:upgrading", sim.host);
      await sim.untilIdle();
      result = (probe.events[0] as { result: unknown }).result;
    });
    expect(result).toEqual({ error: "upgrade: later", kind: errors.UNAVAILABLE });
  });

  it.each<[unknown, string]>([
    [() => 1, "result: function cannot be sent"],
    [{ rows: [1, { cb: () => 1 }] }, "result.rows[1].cb: function cannot be sent"],
    [[Promise.resolve()], "result[0]: promise cannot be sent"],
    [2n ** 64n, "result: bigint beyond 64 bits cannot be sent"],
  ])("that cannot be copied is INVALID at its place [S4.13]", async (value, error) => {
    expect(await resultOf(async () => value)).toEqual({ error, kind: errors.INVALID });
  });

  it("that cannot be copied takes links down also when nobody monitors [S4.13]", async () => {
    await simulate(1, async (sim) => {
      const ends: unknown[] = [];
      sim.watch((one) => {
        if (one.kind === "exited") ends.push(one.result);
      });
      const peer = await sim.spawn(waitForever);
      await sim.spawn(async (process: Process) => {
        await process.link(peer);
        return () => 1;
      });
      await sim.untilIdle();
      expect(sim.isAlive(peer)).toBe(false);
      expect(ends).toEqual([
        { error: "result: function cannot be sent", kind: errors.INVALID },
        { error: "linked process failed", kind: errors.INTERNAL },
      ]);
    });
  });

  it("may be large [S4.3]", async () => {
    const rows = Array.from({ length: 50_000 }, (_, i) => ({ i, text: `row ${i}` }));
    expect((await resultOf(async () => rows)).value).toEqual(rows);
  });
});

describe("the order of death", () => {
  it("is: no valid target, names free, EXIT, LINK_DOWN, dead letters and cancelled exec children [S4.17]", async () => {
    for (let seed = 1; seed <= 50; seed++) {
      await simulate(seed, async (sim) => {
        const order: string[] = [];
        const reports = await sim.probe();
        const watcher = await sim.probe();
        sim.deadLetters.watch((letter) => {
          order.push(`dead letter ${letter.topic}`);
          // What is sent to it now finds nobody, and its name is free.
          expect(sim.isAlive(letter.to)).toBe(false);
          expect(sim.lookup("dying")).toBeNull();
        });
        sim.watch((one) => {
          if (one.kind !== "exited" || one.entry !== "app:dying") return;
          expect(sim.isAlive(one.pid)).toBe(false);
          expect(sim.lookup("dying")).toBeNull();
        });
        sim.define("app:child", async (process: Process) => {
          const cancel = await process.events().receive();
          process.send(reports.pid, "cancelled", cancel?.from);
        });
        sim.define("app:dying", async (process: Process) => {
          await process.registry.register("dying");
          process.go(async () => {
            await process.exec("app:child", sim.host);
          });
          await process.listen("end").receive();
          throw new Error("over");
        });
        const pid = await watcher.process.spawnLinkedMonitored("app:dying", sim.host);
        await sim.settle();
        sim.send(pid, "unread");
        sim.send(pid, "end");
        await sim.settle();
        expect(watcher.events.map((one) => one.kind)).toEqual([event.EXIT, event.LINK_DOWN]);
        expect(order).toEqual(["dead letter unread"]);
        expect(reports.payloads("cancelled")).toEqual([pid]);
      });
    }
  });

  it("lets whoever handles EXIT of P find P gone and take its names at once [S4.18]", async () => {
    for (let seed = 1; seed <= 100; seed++) {
      await simulate(seed, async (sim) => {
        sim.define("app:p", async (process: Process) => {
          await process.registry.register("one");
          await process.registry.register("two");
          await process.inbox().receive();
        });
        const takers = [1, 2, 3].map(() => async (process: Process) => {
          const pid = await process.registry.lookup("one");
          await process.monitor(pid);
          const exit = await process.events().receive();
          const late = process.send(exit?.from as string, "late");
          const got: string[] = [];
          for (const name of ["one", "two"]) {
            await process.registry.register(name).then(
              () => got.push(name),
              (error: ProcessError) => expect(error.kind).toBe(errors.ALREADY_EXISTS),
            );
          }
          process.send("reports", "got", [refusalOf(late).kind, ...got]);
          await process.channel().receive();
        });
        const reports = await sim.probe();
        await reports.process.registry.register("reports");
        const pid = await sim.spawn("app:p");
        await sim.settle();
        for (const taker of takers) await sim.spawn(taker);
        await sim.settle();
        sim.send(pid, "end");
        await sim.settle();
        const got = reports.payloads("got") as string[][];
        expect(got.map(([kind]) => kind)).toEqual(Array(3).fill(errors.NOT_FOUND));
        expect(got.flatMap((one) => one.slice(1)).sort()).toEqual(["one", "two"]);
      });
    }
  });

  it("gives EXIT before LINK_DOWN to one who has both, however it came to them [S4.19]", async () => {
    for (let seed = 1; seed <= 50; seed++) {
      await simulate(seed, async (sim) => {
        const probe = await sim.probe();
        const pid = await sim.spawn(waitForever);
        if (seed % 2 === 0) await probe.process.link(pid);
        await probe.process.monitor(pid);
        if (seed % 2 === 1) await probe.process.link(pid);
        await sim.settle();
        sim.terminate(pid);
        await sim.settle();
        expect(probe.events.map((one) => one.kind)).toEqual([event.EXIT, event.LINK_DOWN]);
      });
    }
  });

  it("tells every watcher, each once, when 100,000 processes end at once [S4.17, S5.1, S5.15]", async () => {
    await simulate(
      1,
      async (sim) => {
        const count = 100_000;
        sim.define("app:member", waitForever);
        const exits = new Set<string>();
        let surplus = 0;
        await sim.spawn(async (process: Process) => {
          await process.registry.register("watcher");
          for (let i = 0; i < count; i++) await process.spawnMonitored("app:member", sim.host);
          for await (const one of process.events()) {
            if (exits.has(one.from)) surplus++;
            exits.add(one.from);
          }
        });
        await sim.settle();
        const pids: string[] = [];
        for (const line of sim.trace)
          if (line.includes("spawned") && line.includes("app:member")) pids.push(line.split(" ")[2] as string);
        expect(pids).toHaveLength(count);
        const hub = await sim.spawn(async (process: Process) => {
          for (const pid of pids) await process.link(pid);
          await process.inbox().receive();
          throw new Error("failed");
        });
        await sim.settle();
        sim.send(hub, "fail");
        await sim.settle();
        expect(exits.size).toBe(count);
        expect(surplus).toBe(0);
        expect(sim.alive).toBe(1);
      },
      { maxTurns: 1_000_000 },
    );
  }, 60_000);
});

describe("a process with thousands of bonds", () => {
  it("tells all of its end, each watcher before it is told by its link, and all of the same moment [S4.17, S4.19]", async () => {
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      sim.define("app:watched", async (process: Process) => {
        await process.inbox().receive();
        throw new Error("over");
      });
      const seen: unknown[][] = [];
      sim.define("app:bound", async (process: Process, target: string) => {
        process.setOptions({ trapLinks: true });
        await process.link(target);
        await process.monitor(target);
        const events = process.events();
        const [exit, down] = [await events.receive(), await events.receive()];
        seen.push([exit?.kind, down?.kind, exit?.from, exit?.at === down?.at, exit?.at]);
      });
      const target = await sim.spawn("app:watched");
      for (let i = 0; i < 1_500; i++) await sim.spawn("app:bound", target);
      await sim.settle();
      probe.process.send(target, "end");
      await sim.settle();
      expect(seen).toHaveLength(1_500);
      const [first] = seen;
      expect(first?.slice(0, 4)).toEqual([event.EXIT, event.LINK_DOWN, target, true]);
      for (const one of seen) expect(one).toEqual(first);
    });
  });
});
