/** Starting, ending and controlling processes: sections 3 and 4 of the spec. */
import { errors, event, type Process, ProcessError } from "beamish";
import { type Simulation, simulate } from "beamish/testing";
import { describe, expect, it } from "vitest";
import { isLowered } from "../support/is-lowered.ts";

const HOST = "sim:processes";
const DEAD = `{${HOST}|0x7ffff}`;

/** What a promise rejects with, as kind and text. */
async function rejection(promise: Promise<unknown>): Promise<[string, string] | null> {
  try {
    await promise;
    return null;
  } catch (error) {
    return error instanceof ProcessError ? [error.kind, error.message] : ["?", String(error)];
  }
}

const idle = async (process: Process) => {
  await process.channel().receive();
};

/** The result a probe sees of a process that runs this main. */
async function resultOf(main: (process: Process) => unknown): Promise<unknown> {
  let result: unknown;
  await simulate(1, async (sim) => {
    const probe = await sim.probe();
    sim.define("sim:main", main);
    sim.define("sim:idle", idle);
    await probe.process.spawnMonitored("sim:main", HOST).catch(() => null);
    await sim.untilIdle();
    const exit = probe.events[0];
    result = exit?.kind === event.EXIT ? exit.result : undefined;
  });
  return result;
}

describe("spawning", () => {
  it("starts a process on the named host and gives its pid [S3.1, S3.5, S1.19]", async () => {
    await simulate(1, async (sim) => {
      sim.addHost("sim:other");
      const pid = await sim.spawnWith({ host: "sim:other" }, idle);
      expect(pid.startsWith("{sim:other|0x")).toBe(true);
      expect(sim.isAlive(pid)).toBe(true);
    });
  });

  it("has monitor and link stand before the child's first step [S3.2, S3.3]", async () => {
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      sim.define("sim:dies", async () => {
        throw new Error("at once");
      });
      const pids = await Promise.all([
        probe.process.spawnMonitored("sim:dies", HOST),
        probe.process.spawnLinked("sim:dies", HOST),
        probe.process.spawnLinkedMonitored("sim:dies", HOST),
      ]);
      await sim.settle();
      const seen = pids.map((pid) => probe.events.filter((one) => one.from === pid).map((one) => one.kind));
      expect(seen).toEqual([[event.EXIT], [event.LINK_DOWN], [event.EXIT, event.LINK_DOWN]]);
    });
  });

  it("resumes the spawner before any coroutine of it hears from the child [S3.4]", async () => {
    for (let seed = 1; seed <= 100; seed++) {
      await simulate(seed, async (sim) => {
        sim.define("sim:eager", async (process: Process, parent: string) => {
          process.send(parent, "hello");
        });
        const order = await sim.exec(async (process: Process) => {
          const seen: string[] = [];
          const both = process.channel<void>(2);
          process.go(async () => {
            await process.inbox().receive();
            seen.push("message");
            await both.send();
          });
          await process.sleep(1);
          await process.spawn("sim:eager", HOST, process.pid());
          seen.push("pid");
          await both.receive();
          return seen;
        });
        expect(order).toEqual(["pid", "message"]);
      });
    }
  });

  it("gives private copies of the arguments, in order, trailing undefined counted [S3.28]", async () => {
    await simulate(1, async (sim) => {
      sim.define("sim:args", async (_process: Process, ...args: unknown[]) => {
        (args[0] as { n: number }).n = 99;
        return [args.length, args];
      });
      const mine = { n: 1 };
      const got = await sim.exec(async (process: Process) =>
        process.exec("sim:args", HOST, mine, 2, undefined, undefined),
      );
      expect(got).toEqual([4, [{ n: 99 }, 2, null, null]]);
      expect(mine.n).toBe(1);
    });
  });

  it("puts queued messages before those of anyone who learned the pid [S3.27, S7.8]", async () => {
    await simulate(1, async (sim) => {
      sim.define("sim:first", async (process: Process) => {
        const first = await process.inbox().receive();
        const second = await process.inbox().receive();
        return [first?.payload, first?.from, second?.payload];
      });
      const probe = await sim.probe();
      const builder = probe.process.withContext({}).withName("child").withMessage("a", "queued");
      builder.spawnMonitored("sim:first", HOST);
      await Promise.resolve();
      probe.process.send("child", "a", "learned");
      await sim.settle();
      expect(probe.events).toMatchObject([{ result: { value: ["queued", null, "learned"] } }]);
    });
  });

  it("inherits context, actor and scope, and nothing else [S3.31, S3.32]", async () => {
    await simulate(1, async (sim) => {
      sim.define("sim:leaf", async (process: Process) => [
        process.ctx.all(),
        process.security.actor()?.id() ?? null,
        process.getOptions().trapLinks,
        await rejection(process.registry.lookup("parent").then((pid) => process.link(pid))),
      ]);
      sim.define("sim:middle", async (process: Process) => process.exec("sim:leaf", HOST));
      const { createActor } = await import("beamish");
      let got: unknown;
      sim.define("sim:top", async (process: Process) => {
        process.setOptions({ trapLinks: true });
        got = await process.exec("sim:middle", HOST);
      });
      await sim.spawnWith({ context: { request: "7" }, actor: createActor("ada"), name: "parent" }, "sim:top");
      await sim.untilIdle();
      expect(got).toEqual([{ request: "7" }, "ada", false, null]);
    });
  });
});

describe("spawn failures", () => {
  const guard = (refused: string) => ({
    check: (_: unknown, action: string, resource: string) => (action === refused ? { action, resource } : null),
  });
  const attempt = async (
    act: (process: Process) => Promise<unknown>,
    prepare: (sim: Simulation) => void = () => {},
    refused = "",
  ) => {
    let answer: unknown;
    let alive = 0;
    await simulate(
      1,
      async (sim) => {
        sim.define("sim:idle", idle);
        prepare(sim);
        const before = sim.alive;
        answer = await sim.exec(async (process: Process) => rejection(act(process)));
        alive = sim.alive - before;
      },
      { guard: guard(refused) },
    );
    expect(alive).toBe(0);
    return answer;
  };
  const spawn = (process: Process, ...args: unknown[]) =>
    (process.spawn as (...a: unknown[]) => Promise<unknown>)(...args);

  it.each([
    ["spawn", "spawn requires at least id and host arguments"],
    ["spawnMonitored", "spawn_monitored requires at least id and host arguments"],
    ["spawnLinked", "spawn_linked requires at least id and host arguments"],
    ["spawnLinkedMonitored", "spawn_linked_monitored requires at least id and host arguments"],
    ["exec", "exec requires id and host arguments"],
  ] as const)("wants id and host: %s [S3.6, S3.7, S3.35]", async (method, text) => {
    const answer = await attempt((process) => (process[method] as (...a: unknown[]) => Promise<unknown>)("sim:idle"));
    expect(answer).toEqual([errors.INVALID, text]);
  });

  it.each([
    ["", HOST, "process ID required"],
    ["idle", HOST, "invalid process ID format (namespace:name required)"],
    [":idle", HOST, "invalid process ID format (namespace:name required)"],
    ["sim:", HOST, "invalid process ID format (namespace:name required)"],
    ["sim:idle", "", "host ID required"],
  ])("refuses ids of a wrong form: %j on %j [S3.8]", async (id, host, text) => {
    expect(await attempt((process) => spawn(process, id, host))).toEqual([errors.INVALID, text]);
  });

  it.each([
    ["process.spawn", "spawn", "not allowed to spawn process: sim:idle"],
    ["process.host", "spawn", `not allowed to spawn on host: ${HOST}`],
    ["process.spawn.monitored", "spawnMonitored", "not allowed to spawn monitored process: sim:idle"],
    ["process.spawn.monitored", "spawnLinkedMonitored", "not allowed to spawn monitored process: sim:idle"],
    ["process.spawn.linked", "spawnLinked", "not allowed to spawn linked process: sim:idle"],
    ["process.exec", "exec", "not allowed to exec process: sim:idle"],
    ["process.host", "exec", `not allowed to exec on host: ${HOST}`],
  ] as const)("needs %s for %s [S3.9, S3.10, S3.11, S3.12, S3.36]", async (action, method, text) => {
    const answer = await attempt((process) => process[method]("sim:idle", HOST), undefined, action);
    expect(answer).toEqual([errors.PERMISSION_DENIED, text]);
  });

  it("finds a refused context or security at the spawn, and not earlier [S3.13, S3.14, S7.11]", async () => {
    const context = await attempt(
      (process) => process.withContext({ a: 1 }).withName("x").spawn("sim:idle", HOST),
      undefined,
      "process.context",
    );
    expect(context).toEqual([errors.PERMISSION_DENIED, "not allowed to spawn processes with custom context"]);
    const { createActor } = await import("beamish");
    const security = await attempt(
      (process) => process.withContext({}).withActor(createActor("a")).exec("sim:idle", HOST),
      undefined,
      "process.security",
    );
    expect(security).toEqual([errors.PERMISSION_DENIED, "not allowed to spawn processes with custom security context"]);
  });

  it("names the argument that cannot be sent [S3.15]", async () => {
    const answer = await attempt((process) => spawn(process, "sim:idle", HOST, 1, { f: () => {} }));
    expect(answer).toEqual([errors.INVALID, "argument[1].f: function cannot be sent"]);
  });

  it("says what is wrong with the host [S3.16, S3.17, S3.18, S3.19, S15.9]", async () => {
    const on = (host: string, prepare: (sim: Simulation) => void) =>
      attempt((process) => spawn(process, "sim:idle", host), prepare);
    expect(await on("sim:none", () => {})).toEqual([errors.NOT_FOUND, "host not found"]);
    expect(await on("sim:b", (sim) => sim.addHost("sim:b", { status: "stopped" }))).toEqual([
      errors.UNAVAILABLE,
      "host is not running",
    ]);
    const stopping = (sim: Simulation) => {
      sim.addHost("sim:b");
      sim.setHost("sim:b", "stopping");
    };
    expect(await on("sim:b", stopping)).toEqual([errors.UNAVAILABLE, "host is shutting down"]);
    await simulate(1, async (sim) => {
      sim.define("sim:idle", idle);
      sim.addHost("sim:small", { maxProcesses: 1 });
      const first = await sim.spawnWith({ host: "sim:small" }, "sim:idle");
      const error = (await sim.spawnWith({ host: "sim:small" }, "sim:idle").catch((cause) => cause)) as ProcessError;
      expect([error.kind, error.message, error.retryable]).toEqual([errors.UNAVAILABLE, "process limit reached", true]);
      sim.terminate(first);
      await sim.settle();
      expect(await sim.spawnWith({ host: "sim:small" }, "sim:idle")).toMatch(/^\{sim:small/);
    });
  });

  it("frees a place before the EXIT goes out [S15.9]", async () => {
    await simulate(1, async (sim) => {
      sim.define("sim:idle", idle);
      sim.addHost("sim:one", { maxProcesses: 1 });
      const again = await sim.exec(async (process: Process) => {
        const child = await process.spawnMonitored("sim:idle", "sim:one");
        await process.terminate(child);
        await process.events().receive();
        return rejection(process.spawn("sim:idle", "sim:one"));
      });
      expect(again).toBeNull();
    });
  });

  it("says what is wrong with the entry [S3.20, S3.21, S3.22, S3.24, S12.24]", async () => {
    const broken = new ProcessError({ kind: errors.INTERNAL, message: "failed to load module: it broke" });
    expect(await attempt((process) => spawn(process, "sim:none", HOST))).toEqual([
      errors.NOT_FOUND,
      "process entry not found: sim:none",
    ]);
    const load = (sim: Simulation) => sim.define("sim:broken", idle, { loadError: broken });
    expect(await attempt((process) => spawn(process, "sim:broken", HOST), load)).toEqual([
      errors.INTERNAL,
      "failed to load module: it broke",
    ]);
    const empty = (sim: Simulation) => sim.define("sim:empty", { not: "a function" });
    expect(await attempt((process) => spawn(process, "sim:empty", HOST), empty)).toEqual([
      errors.NOT_FOUND,
      'method "default" not found in module',
    ]);
  });

  it("refuses a name in use, and sends its holder nothing [S3.23, S7.7, S12.19]", async () => {
    await simulate(1, async (sim) => {
      sim.define("sim:idle", idle);
      const probe = await sim.probe();
      await probe.process.registry.register("taken");
      const answer = rejection(
        probe.process.withContext({}).withName("taken").withMessage("m").spawn("sim:idle", HOST),
      );
      expect(await answer).toEqual([errors.ALREADY_EXISTS, "name already registered"]);
      await sim.settle();
      expect(probe.messages).toEqual([]);
      expect(sim.alive).toBe(1);
    });
  });

  it("looks at permissions before it looks whether host or entry exist [S3.24]", async () => {
    const answer = await attempt((process) => spawn(process, "sim:none", "sim:none"), undefined, "process.host");
    expect(answer).toEqual([errors.PERMISSION_DENIED, "not allowed to spawn on host: sim:none"]);
  });

  it("waits for a program that has to be loaded, and looks at host and name again then [S3.4, S3.18, S3.25]", async () => {
    await simulate(1, async (sim) => {
      sim.addHost("sim:b");
      sim.define("sim:slow", idle, { loadMs: 1_000 });
      const probe = await sim.probe();
      const outcome = rejection(probe.process.spawn("sim:slow", "sim:b"));
      await sim.advance(500);
      sim.setHost("sim:b", "stopping");
      await sim.advance(500);
      expect(await outcome).toEqual([errors.UNAVAILABLE, "host is shutting down"]);
    });
  });

  it("starts nothing for a spawner that ended while the program was loading [S3.6]", async () => {
    await simulate(1, async (sim) => {
      sim.define("sim:slow", idle, { loadMs: 1_000 });
      const spawner = await sim.spawn(async (process: Process) => {
        await process.spawnLinked("sim:slow", HOST);
      });
      await sim.advance(10);
      sim.terminate(spawner);
      await sim.advance(5_000);
      expect(sim.alive).toBe(0);
    });
  });
});

describe("exec", () => {
  const withChild = async (child: unknown, act: (process: Process) => Promise<unknown>, seed = 1) => {
    let answer: unknown;
    await simulate(seed, async (sim) => {
      sim.define("sim:child", child);
      answer = await sim.exec<any>(act as any);
    });
    return answer;
  };

  it("gives the value, and null for none [S3.33, S16.6]", async () => {
    expect(
      await withChild(
        async (_: Process, n: number) => n * 2,
        (process) => process.exec("sim:child", HOST, 21),
      ),
    ).toBe(42);
    expect(
      await withChild(
        async () => {},
        (process) => process.exec("sim:child", HOST),
      ),
    ).toBeNull();
  });

  it("gives the child's error with kind, message, retryable and details [S3.34, S12.3, S4.16]", async () => {
    const child = async () => {
      throw new ProcessError({ message: "no", kind: errors.CONFLICT, retryable: false, details: { row: 7 } });
    };
    const seen = await withChild(child, async (process) => {
      const error = (await process.exec("sim:child", HOST).catch((cause) => cause)) as ProcessError;
      return [error.kind, error.message, error.retryable, error.details];
    });
    expect(seen).toEqual([errors.CONFLICT, "no", false, { row: 7 }]);
  });

  it("neither links nor monitors, and only the caller's coroutine waits [S3.37]", async () => {
    const child = async (process: Process) => {
      await process.sleep(100);
      throw new Error("fails");
    };
    const seen = await withChild(child, async (process) => {
      let ticks = 0;
      process.go(async () => {
        for (;;) {
          await process.sleep(10);
          ticks++;
        }
      });
      await process.exec("sim:child", HOST).catch(() => null);
      const events = await process.select([process.events().caseReceive()], { default: true });
      return [ticks >= 9, events.default];
    });
    expect(seen).toEqual([true, true]);
  });

  it("times out only where a builder says so; the child gets CANCEL with five seconds [S3.38, S7.10, S12.25, S6.12]", async () => {
    await simulate(1, async (sim) => {
      const seen: unknown[] = [];
      sim.define("sim:slow", async (process: Process) => {
        const cancel = await process.events().receive();
        seen.push(cancel);
        await process.channel().receive();
      });
      let caller = "";
      const answer = await sim.exec(async (process: Process) => {
        caller = process.pid();
        return rejection(process.withContext({}).withOptions({ timeout: "2s" }).exec("sim:slow", HOST));
      });
      expect(answer).toEqual([errors.TIMEOUT, "exec timeout"]);
      await sim.settle();
      expect(seen).toMatchObject([
        { kind: event.CANCEL, from: caller, reason: "exec timeout", deadline: "2026-01-01T00:00:07.000Z" },
      ]);
      expect(sim.alive).toBe(1);
      await sim.advance("5s");
      expect(sim.alive).toBe(0);
    });
  });

  it.each(["terminate", "return", "upgrade"])(
    "cancels the child when the caller ends: %s [S3.39, S4.17]",
    async (how) => {
      await simulate(1, async (sim) => {
        const seen: unknown[] = [];
        sim.define("sim:slow", async (process: Process) => {
          seen.push(await process.events().receive());
        });
        sim.define("sim:next", idle);
        const caller = await sim.spawn(async (process: Process) => {
          process.exec("sim:slow", HOST).catch(() => null);
          await process.sleep(100);
          if (how === "terminate") await process.terminate(process.pid());
          if (how === "upgrade") await process.upgrade("sim:next");
        });
        await sim.advance(200);
        expect(seen).toMatchObject([{ from: caller, reason: "caller exited", deadline: "2026-01-01T00:00:05.100Z" }]);
      });
    },
  );
});

describe("ending", () => {
  it.each([
    ["a value", async () => ({ a: 1 }), { value: { a: 1 } }],
    ["nothing", async () => {}, { value: null }],
    ["no promise", () => 7, { value: 7 }],
    [
      "a ProcessError",
      async () => {
        throw new ProcessError({ message: "m", kind: errors.NOT_FOUND, retryable: true, details: [1] });
      },
      { error: "m", kind: "NotFound", retryable: true, details: [1] },
    ],
    [
      "another Error",
      async () => {
        throw new TypeError("bad");
      },
      { error: "bad", kind: "Internal" },
    ],
    ["a thrown text", () => Promise.reject("text"), { error: "text", kind: "Internal" }],
    [
      "a throw before the first await",
      () => {
        throw new Error("sync");
      },
      { error: "sync", kind: "Internal" },
    ],
    [
      "a value that cannot be sent",
      async () => ({ f: () => {} }),
      { error: "result.f: function cannot be sent", kind: "Invalid" },
    ],
  ])("ends with %s [S4.1, S4.2, S4.3, S4.4, S4.13, S4.16]", async (_what, main, result) => {
    expect(await resultOf(main)).toEqual(result);
  });

  it("ends when a task fails, and drops the others [S4.1, S11.12, S16.35]", async () => {
    const main = async (process: Process) => {
      process.go(async () => {
        await process.sleep(5);
        throw new Error("task failed");
      });
      await process.sleep(60_000);
      return "never";
    };
    expect(await resultOf(main)).toEqual({ error: "task failed", kind: "Internal" });
  });

  it("is idle, not ended, while all wait [S4.1]", async () => {
    await simulate(1, async (sim) => {
      const pid = await sim.spawn(idle);
      await sim.advance("240h");
      expect(sim.isAlive(pid)).toBe(true);
    });
  });

  it("ends abnormally if and only if there is an error, cancelled or not [S4.2, S4.32]", async () => {
    const main = async (process: Process) => {
      await process.cancel(process.pid(), "1s");
      await process.events().receive();
      return "orderly";
    };
    expect(await resultOf(main)).toEqual({ value: "orderly" });
  });

  it("frees pid and names before EXIT, sends EXIT before LINK_DOWN, then buries the unread [S4.17, S4.18, S4.19, S8.9]", async () => {
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      sim.define("sim:named", async (process: Process) => {
        await process.events().receive();
        throw new Error("over");
      });
      const seen: unknown[] = [];
      sim.define("sim:watcher", async (process: Process, target: string) => {
        process.setOptions({ trapLinks: true });
        await process.link(target);
        await process.monitor(target);
        for (let i = 0; i < 2; i++) {
          const one = await process.events().receive();
          const sent = process.send(target, "t")?.kind;
          seen.push([one?.kind, sent, await rejection(process.registry.register(`name${i}`))]);
        }
      });
      const target = await sim.spawnWith({ name: "name0" }, "sim:named");
      await probe.process.registry.register("name1", target);
      await sim.spawn("sim:watcher", target);
      await sim.settle();
      probe.process.send(target, "unread");
      sim.cancel(target);
      await sim.settle();
      expect(seen).toEqual([
        [event.EXIT, errors.NOT_FOUND, null],
        [event.LINK_DOWN, errors.NOT_FOUND, null],
      ]);
      expect(sim.deadLetters.count("exited_unread")).toBe(1);
    });
  });
});

describe("terminate", () => {
  it("ends the target with S4.9 and none of its code runs on, but for the cleanup of lowered code [S4.9, S4.20, S4.21]", async () => {
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      let ran = false;
      sim.define("sim:target", async (process: Process) => {
        try {
          await process.inbox().receive();
        } finally {
          ran = true;
        }
      });
      const pid = await probe.process.spawnMonitored("sim:target", HOST);
      await sim.settle();
      await probe.process.terminate(pid);
      await sim.settle();
      expect(probe.events).toMatchObject([{ result: { error: "process terminated", kind: "Internal" } }]);
      expect(ran).toBe(isLowered);
    });
  });

  it("of oneself never returns and cannot be caught [S4.22, S16.14]", async () => {
    const main = async (process: Process) => {
      try {
        await process.terminate(process.pid());
      } catch {}
      return "returned";
    };
    expect(await resultOf(main)).toEqual({ error: "process terminated", kind: "Internal" });
  });

  it.each([
    ["terminate", "process.terminate", "not allowed to terminate: x"],
    ["cancel", "process.cancel", "not allowed to cancel: x"],
    ["monitor", "process.monitor", "not allowed to monitor: x"],
    ["unmonitor", "process.unmonitor", "not allowed to unmonitor: x"],
    ["link", "process.link", "not allowed to link: x"],
    ["unlink", "process.unlink", "not allowed to unlink: x"],
  ] as const)(
    "%s: argument, resolution, permission, then liveness [S4.23, S4.33, S5.4, S5.6, S5.8, S5.9, S5.18]",
    async (method, action, text) => {
      await simulate(
        1,
        async (sim) => {
          const open = await sim.exec(async (process: Process) => {
            const act = process[method] as (...a: unknown[]) => Promise<void>;
            const answers = [await rejection(act()), await rejection(act(5)), await rejection(act("nobody"))];
            await process.registry.register("x");
            return [...answers, await rejection(act("x")), await rejection(act(DEAD))];
          });
          expect(open).toEqual([
            [errors.INVALID, `${method} requires a destination argument`],
            [errors.INVALID, `bad argument #1 to '${method}' (string expected, got number)`],
            [errors.NOT_FOUND, "could not resolve 'nobody' as PID or registered name"],
            [errors.PERMISSION_DENIED, text],
            [errors.PERMISSION_DENIED, text.replace("x", DEAD)],
          ]);
        },
        {
          guard: {
            check: (_: unknown, asked: string, resource: string) => (asked === action ? { action, resource } : null),
          },
        },
      );
    },
  );

  it("of a dead pid is NOT_FOUND [S4.23, S4.33, S5.4, S5.8, S12.20]", async () => {
    await simulate(1, async (sim) => {
      const answers = await sim.exec(async (process: Process) => [
        await rejection(process.terminate(DEAD)),
        await rejection(process.cancel(DEAD)),
        await rejection(process.monitor(DEAD)),
        await rejection(process.link(DEAD)),
        await rejection(process.unmonitor(DEAD)),
        await rejection(process.unlink(DEAD)),
      ]);
      const gone = [errors.NOT_FOUND, "process not found"];
      expect(answers).toEqual([gone, gone, gone, gone, null, null]);
    });
  });
});

describe("cancel", () => {
  it("is one event, and nothing more without a deadline [S4.24, S4.25, S6.1, S6.4, S6.5, S6.6, S6.7, S6.9, S6.10]", async () => {
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      await probe.process.cancel(probe.pid);
      await sim.advance("1000h");
      expect(probe.events).toEqual([{ kind: "pid.cancel", from: probe.pid, at: 1767225600 }]);
      sim.cancel(probe.pid, { reason: "tool" });
      await sim.settle();
      expect(probe.events[1]).toMatchObject({ from: "{|}", reason: "tool" });
      expect(probe.events[1]).not.toHaveProperty("deadline");
    });
  });

  it.each([
    ["300ms", 300],
    ["5s", 5_000],
    ["1m30s", 90_000],
    [1_500, 1_500],
    [0.5, 0.5],
    [{ deadline: "2s", reason: "why" }, 2_000],
    [2 ** 31 + 5_000, 2 ** 31 + 5_000],
  ])(
    "terminates at the deadline %j, never earlier [S4.10, S4.26, S4.27, S4.28, S4.34, S12.16]",
    async (deadline, ms) => {
      await simulate(1, async (sim) => {
        const probe = await sim.probe();
        sim.define("sim:idle", idle);
        const pid = await probe.process.spawnMonitored("sim:idle", HOST);
        await sim.settle();
        await probe.process.cancel(pid, deadline);
        await sim.advance(ms - 0.25);
        expect(sim.isAlive(pid)).toBe(true);
        await sim.advance(0.25);
        expect(probe.events).toMatchObject([{ result: { error: "cancel deadline exceeded", kind: "Timeout" } }]);
      });
    },
  );

  it.each([0, -5, "0", "-1s"])("takes %j as past already [S4.27]", async (deadline) => {
    await simulate(1, async (sim) => {
      const pid = await sim.spawn(idle);
      sim.cancel(pid, deadline);
      await sim.advance(0);
      expect(sim.isAlive(pid)).toBe(false);
    });
  });

  it.each([
    ["5 apples", "invalid duration format: 5 apples"],
    ["", "invalid duration format: "],
    ["5", "invalid duration format: 5"],
    [Number.NaN, "deadline must be a duration string, a number of milliseconds or a table"],
    [Number.POSITIVE_INFINITY, "deadline must be a duration string, a number of milliseconds or a table"],
    [null, "deadline must be a duration string, a number of milliseconds or a table"],
    [true, "deadline must be a duration string, a number of milliseconds or a table"],
    [{ deadline: null }, "deadline must be a duration string, a number of milliseconds or a table"],
  ])("refuses %j, and sends no event [S4.29, S16.15]", async (deadline, text) => {
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      expect(await rejection(probe.process.cancel(probe.pid, deadline as never))).toEqual([errors.INVALID, text]);
      await sim.settle();
      expect(probe.events).toEqual([]);
    });
  });

  it("lets the earliest deadline hold, each event carrying the one in force [S4.30]", async () => {
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      for (const deadline of ["10s", "20s", "3s", "5s"]) await probe.process.cancel(probe.pid, deadline);
      await probe.process.cancel(probe.pid);
      await sim.settle();
      const deadlines = probe.events.map((one) => ("deadline" in one ? one.deadline?.slice(17) : null) ?? null);
      expect(deadlines).toEqual(["10.000Z", "10.000Z", "03.000Z", "03.000Z", null]);
      await sim.advance(2_999);
      expect(sim.isAlive(probe.pid)).toBe(true);
      await sim.advance(1);
      expect(sim.isAlive(probe.pid)).toBe(false);
    });
  });

  it("waits for a target that has not opened its events; the deadline runs all the same [S4.31]", async () => {
    await simulate(1, async (sim) => {
      const seen: unknown[] = [];
      const pid = await sim.spawn(async (process: Process) => {
        await process.sleep("2s");
        seen.push((await process.events().receive())?.kind);
        await process.channel().receive();
      });
      sim.cancel(pid, "3s");
      await sim.advance("2s");
      expect(seen).toEqual([event.CANCEL]);
      await sim.advance("1s");
      expect(sim.isAlive(pid)).toBe(false);
    });
  });
});

describe("options", () => {
  it("has trapLinks false, keeps what is left out, and gives a fresh object [S4.35, S4.36]", async () => {
    await simulate(1, async (sim) => {
      const got = await sim.exec(async (process: Process) => {
        const first = process.getOptions();
        process.setOptions({ trapLinks: true });
        process.setOptions({});
        return [first.trapLinks, process.getOptions().trapLinks, first === process.getOptions()];
      });
      expect(got).toEqual([false, true, false]);
    });
  });

  it.each([
    [undefined, "options parameter must be a table"],
    [5, "options parameter must be a table"],
    [{ trapLinks: "yes" }, "trap_links must be a boolean"],
    [{ nope: 1 }, "option nope is not supported"],
  ])("refuses %j [S4.37, S4.38, S16.17]", async (options, text) => {
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      expect(await rejection((async () => probe.process.setOptions(options as never))())).toEqual([
        errors.INVALID,
        text,
      ]);
    });
  });

  it("applies the valid keys of a table with an unknown one [S4.38]", async () => {
    await simulate(1, async (sim) => {
      const trap = await sim.exec(async (process: Process) => {
        try {
          process.setOptions({ nope: 1, trapLinks: true } as never);
        } catch {}
        return process.getOptions().trapLinks;
      });
      expect(trap).toBe(true);
    });
  });
});
