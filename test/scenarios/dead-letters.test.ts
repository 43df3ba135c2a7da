/** Messages that reached nobody: each exactly one dead letter, with its reason (S2.53–S2.55). */
import { type DeadLetter, defineProcess, errors, type Process } from "beamish";
import { type Simulation, simulate } from "beamish/testing";
import { describe, expect, it } from "vitest";

const waitForever = async (process: Process) => {
  await process.channel().receive();
};

/** The letters of a run as they come. */
function collect(sim: Simulation): DeadLetter[] {
  const letters: DeadLetter[] = [];
  sim.deadLetters.watch((letter) => letters.push(letter));
  return letters;
}

describe("a dead letter", () => {
  it("is made of each message refused as NOT_FOUND, with the destination as given if it resolved to none [S2.53, S2.54]", async () => {
    await simulate(1, async (sim) => {
      const letters = collect(sim);
      const probe = await sim.probe();
      const dead = await sim.spawn(async () => null);
      await sim.settle();
      const destinations = [dead, "nobody", "{|}", "{no:host|0x00001}", "{node@h|0x00001}"];
      for (const to of destinations) expect(probe.process.send(to, "topic", 1)?.kind).toBe(errors.NOT_FOUND);
      const at = 1_767_225_600;
      expect(letters).toEqual(
        destinations.map((to) => ({ at, from: probe.pid, to, topic: "topic", reason: "not_found" })),
      );
      expect(sim.deadLetters.count("not_found")).toBe(destinations.length);
      expect(sim.deadLetters.count()).toBe(destinations.length);
    });
  });

  it("names the pid when the destination was a name [S2.53]", async () => {
    await simulate(2, async (sim) => {
      const letters = collect(sim);
      sim.define("app:full", waitForever, { mailbox: { limit: 1, overflow: "reject" } });
      const pid = await sim.spawnWith({ name: "full" }, "app:full");
      sim.send("full", "one");
      sim.send("full", "two");
      expect(letters).toMatchObject([{ to: pid, topic: "two", from: null, reason: "mailbox_full" }]);
    });
  });

  it("is made of a message refused because the host stops [S2.53, S2.54]", async () => {
    await simulate(3, async (sim) => {
      const letters = collect(sim);
      const ended = await sim.spawn(async () => null);
      await sim.settle();
      sim.setHost(sim.host, "stopping");
      expect(sim.send(ended, "topic")?.kind).toBe(errors.UNAVAILABLE);
      expect(letters).toMatchObject([{ to: ended, topic: "topic", reason: "host_stopping" }]);
    });
  });

  it.each([
    ["reject", ["b", "c"]],
    ["drop_newest", ["b", "c"]],
    ["drop_oldest", ["a", "b"]],
  ] as const)(
    "is made of each message that a full mailbox rejects or drops: %s [S2.50, S2.53, S2.54]",
    async (overflow, topics) => {
      await simulate(4, async (sim) => {
        const letters = collect(sim);
        sim.define("app:full", waitForever, { mailbox: { limit: 1, overflow } });
        const pid = await sim.spawn("app:full");
        const probe = await sim.probe();
        for (const topic of ["a", "b", "c"]) probe.process.send(pid, topic);
        expect(letters).toMatchObject(
          topics.map((topic) => ({ from: probe.pid, to: pid, topic, reason: "mailbox_full" })),
        );
        expect(letters).toHaveLength(2);
      });
    },
  );

  it.each(["return", "failure", "terminate", "link"])(
    "is made of each message still unread when its target ended by %s [S2.53, S2.54, S4.17]",
    async (way) => {
      await simulate(5, async (sim) => {
        const letters = collect(sim);
        const probe = await sim.probe();
        sim.define("app:partner", async (process: Process) => {
          await process.sleep(5);
          throw new Error("failed");
        });
        const pid = await sim.spawn(async (process: Process) => {
          const listener = process.listen("listened");
          process.inbox();
          await listener.receive();
          if (way === "link") await process.spawnLinked("app:partner", sim.host);
          if (way === "terminate" || way === "link") await process.channel().receive();
          if (way === "failure") throw new Error("failed");
        });
        for (const topic of ["listened", "other", "listened", ""]) probe.process.send(pid, topic);
        await sim.settle();
        if (way === "terminate") sim.terminate(pid);
        await sim.untilIdle();
        const expected = ["other", "listened", ""].map((topic) => ({
          from: probe.pid,
          to: pid,
          topic,
          reason: "exited_unread",
        }));
        expect(letters).toMatchObject(expected);
        expect(letters).toHaveLength(3);
      });
    },
  );

  it("is made of each message of a long mailbox, and nobody waits for all of that [S2.53, S4.17, S15.6]", async () => {
    await simulate(7, async (sim) => {
      const letters = collect(sim);
      let isTold = false;
      const probe = await sim.probe();
      sim.define("app:busy", async (process: Process) => {
        await process.listen("end").receive();
        return "over";
      });
      const pid = await sim.spawn("app:busy");
      await sim.settle();
      const told = sim.exec(async (process: Process) => {
        await process.monitor(pid);
        await process.events().receive();
        isTold = true;
      });
      await sim.settle();
      for (let i = 0; i < 1_000; i++) probe.process.send(pid, i % 3 === 0 ? "end" : "t", i);
      probe.process.send(pid, "last");
      let most = 0;
      for (let before = letters.length; await sim.step(); before = letters.length) {
        most = Math.max(most, letters.length - before);
        // The end itself is told before that (S4.17), and nobody who is ready waits for it.
        if (letters.length > 500) expect(isTold).toBe(true);
      }
      await told;
      expect(most).toBeGreaterThan(0);
      expect(most).toBeLessThan(200);
      expect(letters).toHaveLength(1_000);
      expect(letters.at(-1)).toMatchObject({ from: probe.pid, to: pid, topic: "last", reason: "exited_unread" });
    });
  });

  it("is made of a message that its target's parser refuses [S2.54]", async () => {
    await simulate(6, async (sim) => {
      const letters = collect(sim);
      const pid = await sim.spawn(
        defineProcess({
          accepts: {
            number(payload: unknown) {
              if (typeof payload !== "number") throw new Error("no number");
              return payload;
            },
          },
          async run(process) {
            return (await process.inbox().receive())?.payload;
          },
        }),
      );
      sim.send(pid, "number", "text");
      sim.send(pid, "number", 1);
      await sim.untilIdle();
      expect(letters).toMatchObject([{ from: null, to: pid, topic: "number", reason: "not_accepted" }]);
      expect(letters).toHaveLength(1);
    });
  });

  it("is not made of INVALID sends, of what was received, or of lifecycle events [S2.53, S2.55]", async () => {
    await simulate(7, async (sim) => {
      const letters = collect(sim);
      const probe = await sim.probe();
      probe.process.send(probe.pid, "@no");
      probe.process.send(probe.pid, "topic", () => 1);
      probe.process.send(probe.pid, "topic", 1);
      const watcher = await sim.spawn(async (process: Process) => {
        await process.sleep(5);
      });
      const watched = await sim.spawn(waitForever);
      sim.cancel(watcher);
      sim.cancel(watched, "1ms");
      await sim.untilIdle();
      expect(sim.isAlive(watcher)).toBe(false);
      expect(letters).toEqual([]);
      expect(sim.deadLetters.count()).toBe(0);
    });
  });

  it("is made exactly once per message in a storm: sent = received + dead [S2.14, S2.53, S2.55]", async () => {
    for (let seed = 1; seed <= 40; seed++) {
      await simulate(seed, async (sim) => {
        const letters = collect(sim);
        let [sent, received] = [0, 0];
        const targets: string[] = ["nobody"];
        for (let i = 0; i < 8; i++) {
          const overflow = sim.random.pick(["reject", "drop_newest", "drop_oldest"] as const);
          sim.define(
            `app:reader-${i}`,
            async (process: Process) => {
              const source = sim.random.once(2) ? process.inbox() : process.listen("a");
              for (let left = sim.random.below(20); left > 0; left--) {
                await source.receive();
                received++;
              }
              if (sim.random.once(2)) throw new Error("failed");
            },
            sim.random.once(2) ? {} : { mailbox: { limit: 3, overflow } },
          );
          targets.push(await sim.spawn(`app:reader-${i}`));
        }
        for (let s = 0; s < 3; s++) {
          await sim.spawn(async (process: Process) => {
            for (let i = 0; i < 100; i++) {
              process.send(sim.random.pick(targets), sim.random.pick(["a", "b"]), i);
              sent++;
              if (sim.random.once(6)) await process.sleep(1);
            }
          });
        }
        await sim.untilIdle();
        for (const pid of targets) if (sim.isAlive(pid)) sim.terminate(pid);
        await sim.untilIdle();
        expect(sent).toBe(300);
        expect(received + letters.length).toBe(sent);
        expect(sim.deadLetters.count()).toBe(letters.length);
      });
    }
  });
});

describe("the stream of dead letters", () => {
  it("counts by reason, and goes on without its faulty listeners [S2.55]", async () => {
    await simulate(1, async (sim) => {
      const seen: string[] = [];
      sim.deadLetters.watch(() => {
        throw new Error("listener failed");
      });
      const stop = sim.deadLetters.watch((letter) => seen.push(letter.reason));
      for (let i = 0; i < 1_000; i++) sim.send("nobody", "topic");
      stop();
      sim.send("nobody", "topic");
      expect(seen).toHaveLength(1_000);
      expect(sim.deadLetters.count("not_found")).toBe(1_001);
      expect(sim.deadLetters.count("mailbox_full")).toBe(0);
      expect(sim.deadLetters.count("no such reason")).toBe(0);
      expect(sim.deadLetters.count()).toBe(1_001);
    });
  });
});
