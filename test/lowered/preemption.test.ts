/** Loops of lowered code give their turn back (S16.56), counted in turns: time stands still in a simulation. */
import { createRuntime, type Process } from "beamish";
import { type Simulation, simulate } from "beamish/testing";
import { describe, expect, it } from "vitest";

/** So many turns, whoever has them. */
async function turns(sim: Simulation, count: number): Promise<void> {
  for (let i = 0; i < count; i++) await sim.step();
}

const SPINNERS: Record<string, (counts: { rounds: number }) => Promise<unknown>> = {
  "for without a body": async () => {
    for (;;) {}
  },
  "for with a body": async (counts) => {
    for (;;) counts.rounds++;
  },
  while: async (counts) => {
    while (true) {
      counts.rounds++;
    }
  },
  "do while": async (counts) => {
    do counts.rounds++;
    while (counts.rounds > 0);
  },
  "a loop within a loop": async (counts) => {
    for (;;) for (const n of [1, 2, 3]) counts.rounds += n;
  },
  "for of, over an endless iterator": async (counts) => {
    function* endless() {
      for (;;) yield 1;
    }
    for (const n of endless()) counts.rounds += n;
  },
  "a loop of awaits of what is there": async (counts) => {
    for (;;) {
      await null;
      counts.rounds++;
    }
  },
  "a loop of calls that need not wait": async (counts) => {
    const step = async () => counts.rounds++;
    for (;;) await step();
  },
  "a loop that continues": async (counts) => {
    outer: for (;;) {
      for (;;) {
        counts.rounds++;
        continue outer;
      }
    }
  },
  "a loop that catches": async (counts) => {
    for (;;) {
      try {
        throw counts.rounds++;
      } catch {}
    }
  },
};

describe("a loop that goes on for ever", () => {
  it.each(Object.entries(SPINNERS))(
    "%s: the others go on, terminate ends it, its finally runs [S16.56, S16.55, S4.21, S15.6]",
    async (_name, spin) => {
      await simulate(1, async (sim) => {
        let cleanedUp = false;
        let beats = 0;
        const counts = { rounds: 0 };
        const probe = await sim.probe();
        await sim.spawn(async (process: Process) => {
          for (;;) {
            process.send(process.pid(), "beat");
            await process.inbox().receive();
            if (++beats === 1_000) return;
          }
        });
        const pid = await sim.spawn(async () => {
          try {
            await spin(counts);
          } finally {
            cleanedUp = true;
          }
        });
        await probe.process.monitor(pid);
        await turns(sim, 100);
        // Two of them are ready at each moment, and the seed picks: each has had its share.
        expect(beats).toBeGreaterThan(500);
        expect(cleanedUp).toBe(false);
        sim.terminate(pid);
        await sim.settle();
        expect(cleanedUp).toBe(true);
        expect(beats).toBe(1_000);
        expect(probe.events).toMatchObject([{ from: pid, result: { error: "process terminated" } }]);
      });
    },
  );

  it("is ended by a link, too [S16.56, S5.12]", async () => {
    await simulate(2, async (sim) => {
      const probe = await sim.probe();
      const spinner = await sim.spawn(async () => {
        for (;;) {}
      });
      await probe.process.monitor(spinner);
      const bomb = await sim.spawn(async (process: Process) => {
        await process.link(spinner);
        await process.inbox().receive();
        throw new Error("boom");
      });
      await turns(sim, 30);
      sim.send(bomb, "now");
      await sim.settle();
      expect(probe.events).toMatchObject([{ from: spinner, result: { error: "linked process failed" } }]);
    });
  });

  it("is ended by its cancel deadline, on Node's own clock [S16.56, S4.26]", async () => {
    let cleanedUp = false;
    const runtime = await createRuntime({
      hosts: { "app:main": {} },
      processes: {
        "app:spinner": async () => {
          try {
            for (let on = true; on; ) {}
          } finally {
            cleanedUp = true;
          }
        },
      },
      log: () => {},
    });
    const ended = new Promise<unknown>((resolve) => {
      runtime.watch((event) => event.kind === "exited" && resolve(event.result));
    });
    runtime.cancel(await runtime.spawn("app:spinner", "app:main"), 1);
    expect(await ended).toMatchObject({ error: "cancel deadline exceeded" });
    expect(cleanedUp).toBe(true);
    await runtime.stop();
  });

  it("does not give its turn back where the entry switches that off [S16.56, S13.16]", async () => {
    await simulate(3, async (sim) => {
      sim.define(
        "sim:stubborn",
        async () => {
          let rounds = 0;
          for (let i = 0; i < 100_000; i++) rounds++;
          return rounds;
        },
        { preempt: false },
      );
      const before = sim.trace.length;
      expect(await sim.exec("sim:stubborn")).toBe(100_000);
      expect(sim.trace.slice(before).filter((line) => line.includes(" turn "))).toHaveLength(1);
      sim.define("sim:polite", async () => {
        for (let i = 0; i < 100_000; i++);
      });
      const between = sim.trace.length;
      await sim.exec("sim:polite");
      expect(sim.trace.slice(between).filter((line) => line.includes(" turn ")).length).toBeGreaterThan(3);
    });
  });

  it("gives its turn back in a callback, too, whoever had the turn before [S16.56, S15.6]", async () => {
    await simulate(5, async (sim) => {
      sim.define(
        "sim:stubborn",
        async (process: Process) => {
          await process.inbox().receive();
          for (let i = 0; i < 1_000; i++);
          await process.inbox().receive();
        },
        { preempt: false },
      );
      const stubborn = await sim.spawn("sim:stubborn");
      const polite = await sim.spawn(async (process: Process) => {
        const first = process.inbox().receive();
        await first.then(async () => {
          for (let i = 0; i < 100_000; i++);
        });
      });
      await sim.settle();
      const before = sim.trace.length;
      sim.send(stubborn, "go");
      await sim.settle();
      sim.send(polite, "go");
      await sim.settle();
      const turnsOfPolite = sim.trace.slice(before).filter((line) => line.includes(` turn ${polite}`));
      expect(turnsOfPolite.length).toBeGreaterThan(3);
    });
  });

  it("that only sends gives way as often as one that receives, so that a mailbox does not grow without end [S15.6]", async () => {
    await simulate(4, async (sim) => {
      let most = 0;
      const counter = await sim.spawn(async (process: Process) => {
        let total = 0;
        for await (const _ of process.inbox()) if (++total === 10_000) return total;
        return total;
      });
      await sim.exec(async (process: Process) => {
        for (let i = 0; i < 10_000; i++) {
          process.send(counter, "add");
          if (i % 100 === 0) most = Math.max(most, i);
        }
      });
      const turnsOfCounter = sim.trace.filter((line) => line.includes(` turn ${counter}`)).length;
      expect(most).toBe(9_900);
      expect(turnsOfCounter).toBeGreaterThan(50);
    });
  });
});

describe("a message for a process, one of whose coroutines could go on for ever", () => {
  const busy: Record<string, (process: Process) => Promise<unknown>> = {
    ...Object.fromEntries(Object.entries(SPINNERS).map(([name, spin]) => [name, () => spin({ rounds: 1 })])),
    "sends in a loop": async (process) => {
      for (;;) process.send("nobody", "x");
    },
    "awaits the same answer again and again": async (process) => {
      const closed = process.channel();
      closed.close();
      const answer = closed.receive();
      for (;;) await answer;
    },
  };

  it.each(Object.entries(busy))("is served though it %s [S15.6, S16.56]", async (_, spin) => {
    await simulate(1, async (sim) => {
      const got: string[] = [];
      const pid = await sim.spawn(async (process: Process) => {
        process.go(() => spin(process));
        for await (const message of process.inbox()) got.push(message.topic);
      });
      await turns(sim, 5);
      sim.send(pid, "one");
      sim.send(pid, "two");
      await turns(sim, 20);
      sim.terminate(pid);
      await sim.settle();
      expect(got).toEqual(["one", "two"]);
    });
  });
});
