/** What users and their code do at the worst moment: each story here once went wrong. */
import { createRuntime, defineProcess, errors, type Process, ProcessError } from "beamish";
import { simulate } from "beamish/testing";
import { describe, expect, it } from "vitest";

const HOST = "app:processes";

/** A real runtime, where woken processes go on without a turn. */
async function onNode<R>(
  processes: Record<string, any>,
  act: (runtime: Awaited<ReturnType<typeof createRuntime>>) => Promise<R>,
) {
  const runtime = await createRuntime({ hosts: { [HOST]: {} }, processes, log: () => {} });
  try {
    return await act(runtime);
  } finally {
    await runtime.stop();
  }
}

describe("a turn that is used up", () => {
  it("neither reorders nor loses what a channel holds [S11.4, S11.5, S11.6, S15.6]", async () => {
    await simulate(1, async (sim) => {
      sim.define("sim:idle", async (process: Process) => process.channel().receive());
      const got = await sim.exec(async (process: Process) => {
        const channel = process.channel<number | string>(200);
        for (let i = 0; i < 100; i++) await channel.send(i);
        await process.sleep(5);
        const values: Promise<unknown>[] = [];
        for (let i = 0; i < 70; i++) {
          void process.spawn("sim:idle", "sim:processes");
          values.push(channel.receive());
        }
        await channel.send("late");
        channel.close();
        const first = await Promise.all(values);
        const rest: unknown[] = [];
        for await (const value of channel) rest.push(value);
        return [...first, ...rest];
      });
      expect(got).toEqual([...Array.from({ length: 100 }, (_, i) => i), "late"]);
    });
  });

  it.each([
    [
      "looking up a name",
      (process: Process) =>
        process.registry.lookup("awaited").then(
          () => true,
          () => false,
        ),
    ],
    [
      "selecting with a default",
      async (process: Process) => {
        await process.select([process.channel().caseReceive()], { default: true });
        return process.registry.lookup("awaited").then(
          () => true,
          () => false,
        );
      },
    ],
    [
      "sleeping zero",
      async (process: Process) => {
        await process.sleep(0);
        return (
          process.security.can("a", "b") ||
          process.ctx.all().x === 1 ||
          (await process.registry.lookup("awaited").then(
            () => true,
            () => false,
          ))
        );
      },
    ],
  ])("gives way in a loop of %s [S15.6]", async (_what, poll) => {
    const rounds = await onNode(
      {
        "app:poller": async (process: Process) => {
          let count = 0;
          while (!(await poll(process))) count++;
          return count;
        },
        "app:late": async (process: Process) => {
          await process.sleep(5);
          await process.registry.register("awaited");
          await process.sleep(50);
        },
      },
      async (runtime) => {
        await runtime.spawn("app:late", HOST);
        return runtime.exec("app:poller", HOST);
      },
    );
    expect(rounds).toBeGreaterThan(0);
  });
});

describe("a parser", () => {
  it("may send to its own full mailbox: nothing is lost or counted twice [S2.14, S2.50, S2.53, S16.52]", async () => {
    await simulate(1, async (sim) => {
      let self: Process | undefined;
      const main = defineProcess({
        accepts: {
          n: (payload: unknown) => {
            if (payload === 0) self?.send(self.pid(), "n", 99);
            return payload;
          },
        },
        async run(process) {
          self = process;
          await process.sleep(1);
          const got: unknown[] = [];
          for (let i = 0; i < 4; i++) got.push((await process.inbox().receive())?.payload);
          return got;
        },
      });
      const probe = await sim.probe();
      sim.define("sim:full", main, { mailbox: { limit: 4, overflow: "drop_oldest" } });
      const pid = await probe.process.spawnMonitored("sim:full", "sim:processes");
      for (const n of [0, 1, 2, 3]) probe.process.send(pid, "n", n);
      await sim.advance(10);
      expect(probe.events).toMatchObject([{ result: { value: [1, 2, 3, 99] } }]);
      expect([sim.deadLetters.count("mailbox_full"), sim.deadLetters.count()]).toEqual([1, 1]);
    });
  });

  it("may receive in turn", async () => {
    await simulate(1, async (sim) => {
      let self: Process | undefined;
      const stolen: unknown[] = [];
      const main = defineProcess({
        accepts: {
          n: (payload: unknown) => {
            if (payload === 1)
              self
                ?.inbox()
                .receive()
                .then((message) => stolen.push(message?.payload));
            return payload;
          },
        },
        async run(process) {
          self = process;
          await process.sleep(1);
          return (await process.inbox().receive())?.payload;
        },
      });
      const probe = await sim.probe();
      sim.define("sim:thief", main);
      const pid = await probe.process.spawnMonitored("sim:thief", "sim:processes");
      for (const n of [1, 2]) probe.process.send(pid, "n", n);
      await sim.advance(10);
      expect(stolen).toEqual([1]);
      expect(probe.events).toMatchObject([{ result: { value: 2 } }]);
    });
  });
});

describe("starting", () => {
  it("resumes the spawner with the pid before the child is heard, also when the program was loaded first [S3.4]", async () => {
    for (let seed = 0; seed < 50; seed++) {
      await simulate(seed, async (sim) => {
        sim.define("sim:eager", async (process: Process, to: string) => process.send(to, "hello"), { loadMs: 1 });
        const order = await sim.exec(async (process: Process) => {
          const seen: string[] = [];
          const both = process.channel<void>(1);
          process.go(async () => {
            await process.inbox().receive();
            seen.push("message");
            await both.send();
          });
          await process.sleep(1);
          await process.spawn("sim:eager", "sim:processes", process.pid());
          seen.push("pid");
          await both.receive();
          return seen;
        });
        expect(order).toEqual(["pid", "message"]);
      });
    }
  });

  it("keeps the new code when main upgrades before its first wait [S9.1]", async () => {
    await simulate(1, async (sim) => {
      sim.define("sim:v2", async (process: Process) => (await process.inbox().receive())?.payload);
      sim.define("sim:v1", (process: Process) => process.upgrade("sim:v2"));
      const probe = await sim.probe();
      const pid = await probe.process.spawnMonitored("sim:v1", "sim:processes");
      await sim.settle();
      probe.process.send(pid, "t", "after");
      await sim.settle();
      expect(probe.events).toMatchObject([{ result: { value: "after" } }]);
    });
  });

  it("keeps the runtime's own host out of reach [S3.16]", async () => {
    await onNode({ "app:i": async () => {} }, async (runtime) => {
      await expect(runtime.spawn("app:i", "beamish:system")).rejects.toMatchObject({ message: "host not found" });
    });
  });
});

describe("ending", () => {
  it("ends a process that throws what resists every question [S4.16]", async () => {
    const hostile = new Proxy(
      {},
      {
        getPrototypeOf() {
          throw new Error("no");
        },
        get() {
          throw new Error("no");
        },
      },
    );
    await onNode({ "app:hostile": () => Promise.reject(hostile) }, async (runtime) => {
      await expect(runtime.exec("app:hostile", HOST)).rejects.toMatchObject({ kind: errors.INTERNAL });
    });
  });

  it("takes down 100,000 linked processes on a real clock without a stack overflow [S5.15]", async () => {
    const COUNT = 100_000;
    await onNode(
      {
        "app:link": async (process: Process) => process.inbox().receive(),
        "app:hub": async (process: Process) => {
          for (let i = 0; i < COUNT; i++) await process.spawnLinked("app:link", HOST);
          throw new ProcessError("all of you");
        },
      },
      async (runtime) => {
        let left = COUNT + 1;
        const gone = new Promise<void>((resolve) => {
          runtime.watch((one) => {
            if (one.kind === "exited" && --left === 0) resolve();
          });
        });
        await runtime.spawn("app:hub", HOST);
        await gone;
        expect(runtime.processes()).toEqual([]);
      },
    );
  }, 60_000);
});

describe("messages that go past the queue", () => {
  it("arrive complete and in order from many senders, with selects, listeners and sleeps between [S2.11, S2.14]", async () => {
    const SENDERS = 20;
    const EACH = 500;
    const got = await onNode(
      {
        "app:sender": async (process: Process, to: string, me: number) => {
          for (let i = 0; i < EACH; i++) {
            process.send(to, i % 3 === 0 ? "listened" : "plain", [me, i]);
            if (i % 50 === me) await process.sleep(1);
            else if (i % 7 === 0) await process.registry.lookup("reader");
          }
        },
        "app:reader": async (process: Process) => {
          const listened = process.listen("listened");
          const cases = { inbox: process.inbox().caseReceive(), listened: listened.caseReceive() };
          for (let me = 0; me < SENDERS; me++) await process.spawn("app:sender", HOST, process.pid(), me);
          const next: Record<string, number[]> = { inbox: [], listened: [] };
          let wrong = 0;
          for (let n = 0; n < SENDERS * EACH; n++) {
            const chosen: any = n % 5 === 0 ? await process.select(cases) : await process.select(cases);
            const [me, i] = chosen.case === "inbox" ? chosen.value.payload : chosen.value;
            const last = next[chosen.case]?.[me] ?? -1;
            if (i <= last) wrong++;
            (next[chosen.case] as number[])[me] = i;
          }
          const more = await process.select(cases, { default: true });
          return [wrong, more.default];
        },
      },
      async (runtime) => {
        const pid = runtime.spawnWith({ name: "reader" }, "app:reader", HOST);
        const ended = new Promise<unknown>((resolve) => {
          runtime.watch((one) => {
            if (one.kind === "exited" && one.entry === "app:reader") resolve((one.result as { value?: unknown }).value);
          });
        });
        await pid;
        return ended;
      },
    );
    expect(got).toEqual([0, true]);
  });
});
