/** `process.serve` (S11.38) and the parsers of `defineProcess` (S16.52) where they meet limits, errors and each other. */
import { type DeadLetter, defineProcess, errors, type Process, ProcessError } from "beamish";
import { SeededRandom, simulate } from "beamish/testing";
import { describe, expect, it } from "vitest";
import { ofTopics, sendByTopics } from "../support/sent-by-topics.ts";
import { rejectionOf } from "./refusal.ts";

const HOST = "sim:processes";

async function run<R>(main: (process: Process) => Promise<R>): Promise<R> {
  let result: R | undefined;
  await simulate(1, async (sim) => {
    result = await sim.exec<any>(main);
  });
  return result as R;
}

describe("serve", () => {
  it("waits for a handler that waits; nothing else is taken meanwhile [S11.38]", async () => {
    const got = await run(async (process) => {
      const log: string[] = [];
      for (const topic of ["slow", "quick", "slow", "end"]) process.send(process.pid(), topic);
      await process.serve({
        slow: async () => {
          log.push("slow begins");
          await process.sleep(10);
          log.push("slow ends");
        },
        quick: () => void log.push("quick"),
        end: async () => process.done(null),
      });
      return log;
    });
    expect(got).toEqual(["slow begins", "slow ends", "quick", "slow begins", "slow ends"]);
  });

  it("gives handlers the payload and the Message; of many payloads the list, of none null [S11.38, S2.15, S2.16]", async () => {
    const got = await run(async (process) => {
      const log: unknown[] = [];
      const self = process.pid();
      process.send(self, "t");
      process.send(self, "t", 1);
      process.send(self, "t", 1, null, 3);
      process.send(self, "end");
      await process.serve({
        t: (payload: unknown, message: { topic: string; from: unknown; payload: unknown }) =>
          void log.push([payload, message.payload, message.topic, message.from === self]),
        end: () => process.done(0),
      });
      return log;
    });
    expect(got).toEqual([
      [null, null, "t", true],
      [1, 1, "t", true],
      [[1, null, 3], [1, null, 3], "t", true],
    ]);
  });

  it("ignores results that merely look like the end [S11.38]", async () => {
    const got = await run(async (process) => {
      for (const n of [1, 2, 3]) process.send(process.pid(), "t", n);
      return process.serve({ t: (n: number) => (n === 3 ? process.done(n) : { value: n, done: true }) });
    });
    expect(got).toBe(3);
  });

  it("ends with any value, undefined too, and leaves what follows in the mailbox [S11.38]", async () => {
    const got = await run(async (process) => {
      const self = process.pid();
      for (const topic of ["end", "later", "end"]) process.send(self, topic);
      const first = await process.serve({ end: () => process.done(undefined), later: () => {} });
      // Served again: "later", which nobody had taken, then the second "end".
      const log: string[] = [];
      await process.serve({ later: () => void log.push("later"), end: () => process.done(1) });
      return [first ?? "nothing", log];
    });
    expect(got).toEqual(["nothing", ["later"]]);
  });

  it("can be nested: a handler may receive what its topic does not name [S11.38]", async () => {
    const got = await run(async (process) => {
      const self = process.pid();
      for (const topic of ["ask", "answer", "end"]) process.send(self, topic, topic);
      const log: unknown[] = [];
      await process.serve({
        ask: async () => void log.push(await process.listen("answer").receive()),
        end: () => process.done(null),
      });
      return log;
    });
    expect(got).toEqual(["answer"]);
  });

  it("refuses what is no table of handlers, a reserved topic, and an empty one [S11.38, S2.20, S2.21, S12.11]", async () => {
    const got = await run(async (process) => {
      const wrong: unknown[] = [undefined, null, 5, "t", { t: null }, { "@other": () => {} }, { "": () => {} }];
      const refusals = [];
      for (const handlers of wrong) refusals.push((await rejectionOf(process.serve(handlers as never))).kind);
      return refusals;
    });
    expect(got).toEqual(new Array(7).fill(errors.INVALID));
  });

  it("ends the process when a handler throws or rejects, as main would [S11.38, S4.16]", async () => {
    await simulate(1, async (sim) => {
      const refusal = { kind: errors.CONFLICT, message: "no", retryable: true };
      const failing = [
        () => {
          throw new ProcessError({ message: "no", kind: errors.CONFLICT, retryable: true });
        },
        async () => Promise.reject(new ProcessError({ message: "no", kind: errors.CONFLICT, retryable: true })),
      ];
      for (const [n, t] of failing.entries()) {
        sim.define(`sim:failing${n}`, async (process: Process) => process.serve({ t }));
        const got = await sim.exec(async (process: Process) =>
          rejectionOf(process.withContext({}).withMessage("t").exec(`sim:failing${n}`, HOST)),
        );
        expect(got).toEqual(refusal);
      }
    });
  });
});

describe("a serve by topics beside another coroutine", () => {
  it("takes all that is sent, in its order, and keeps nothing from the other, however turns fall [S2.28, S11.38, S15.6]", async () => {
    for (let seed = 1; seed <= 40; seed++) {
      const random = new SeededRandom(seed);
      const served: string[] = [];
      const heard: string[] = [];
      const left: string[] = [];
      let cancels = 0;
      let sent: string[] = [];
      await simulate(
        seed,
        async (sim) => {
          const pid = await sim.spawn(async (process: Process) => {
            process.go(async () => {
              for await (const payload of process.listen("c")) heard.push(`c${payload}`);
            });
            await process.serve({
              a: (n: number) => void served.push(`a${n}`),
              b: async (n: number) => {
                if (n % 3 === 0) await process.sleep(1);
                served.push(`b${n}`);
              },
              "@events": () => void cancels++,
              end: () => process.done(null),
            });
            for await (const message of process.inbox()) {
              if (message.topic === "stop") return;
              left.push(`${message.topic}${message.payload}`);
            }
          });
          sent = await sendByTopics(sim, pid, random);
          sim.send(pid, "end");
          await sim.advance(100);
          sim.send(pid, "stop");
          await sim.settle();
        },
        { goOn: seed % 2 === 0 },
      );
      expect(served, `seed ${seed}`).toEqual(ofTopics(sent, "ab"));
      expect(heard, `seed ${seed}`).toEqual(ofTopics(sent, "c"));
      expect(left, `seed ${seed}`).toEqual(ofTopics(sent, "d"));
      expect(cancels, `seed ${seed}`).toBeGreaterThan(0);
    }
  });

  it("takes an event before the message that came with it [S11.38]", async () => {
    const log: string[] = [];
    await simulate(1, async (sim) => {
      const pid = await sim.spawn(async (process: Process) => {
        await process.serve({
          a: () => void log.push("a"),
          "@events": () => void log.push("event"),
        });
      });
      await sim.settle();
      sim.send(pid, "a");
      sim.cancel(pid);
      sim.send(pid, "a");
      await sim.settle();
      sim.terminate(pid);
      await sim.settle();
    });
    expect(log).toEqual(["event", "a", "a"]);
  });

  it("gives what is on its way to a topic to whoever listens when it is closed [S2.31, S2.32]", async () => {
    const log: string[] = [];
    await simulate(1, async (sim) => {
      const pid = await sim.spawn(async (process: Process) => {
        const topic = process.listen("a", { message: true });
        const door = process.channel<null>();
        process.go(async () => {
          log.push(`topic ${(await topic.receive())?.topic}`);
        });
        process.go(async () => {
          await process.sleep(5);
          await process.unlisten(topic);
          await door.receive();
        });
        for await (const message of process.inbox()) log.push(`inbox ${message.topic}`);
      });
      await sim.settle();
      await sim.advance(4);
      sim.send(pid, "b");
      await sim.advance(1);
      sim.send(pid, "a");
      await sim.settle();
      sim.terminate(pid);
      await sim.settle();
    });
    expect(log).toEqual(["inbox b", "topic undefined", "inbox a"]);
  });
});

describe("parsers", () => {
  const number = (payload: unknown): number => {
    if (typeof payload !== "number") throw new Error("no number");
    return payload;
  };

  it("see each message once, however often its channel changes hands [S16.52, S2.32]", async () => {
    const seen: unknown[] = [];
    const changes = defineProcess({
      accepts: {
        n: (payload) => {
          seen.push(payload);
          return [payload];
        },
      },
      async run(process) {
        for (let i = 0; i < 3; i++) {
          const listened = process.listen("n");
          // Looked at and not taken: the channel is closed as soon as it has been considered.
          const chosen = await process.select({
            first: process.channel<null>(1).caseSend(null),
            n: listened.caseReceive(),
          });
          expect(chosen.case).toBe("first");
          process.unlisten(listened);
        }
        const messages = [await process.inbox().receive(), await process.inbox().receive()];
        return messages.map((message) => message?.payload);
      },
    });
    await simulate(1, async (sim) => {
      sim.define("sim:changes", changes);
      const got = await sim.exec(async (process: Process) =>
        process.withContext({}).withMessage("n", 1).withMessage("n", 2).exec("sim:changes", HOST),
      );
      expect(got).toEqual([[1], [2]]);
      expect(seen).toEqual([1, 2]);
    });
  });

  it("pass over what they refuse, at once, and the next that fits wakes the reader [S16.52, S2.29]", async () => {
    await simulate(1, async (sim) => {
      const letters: DeadLetter[] = [];
      sim.deadLetters.watch((letter) => letters.push(letter));
      const probe = await sim.probe();
      sim.define(
        "sim:strict",
        defineProcess({
          accepts: { n: number },
          async run(process) {
            const got: number[] = [];
            for await (const message of process.inbox()) {
              got.push(message.payload);
              if (got.length === 2) return got;
            }
            return got;
          },
        }),
      );
      const pid = await probe.process.spawnMonitored("sim:strict", HOST);
      await sim.settle();
      for (const payload of ["bad", "worse"]) expect(probe.process.send(pid, "n", payload)).toBeNull();
      await sim.settle();
      expect(letters).toEqual(
        [0, 1].map(() => ({
          at: expect.any(Number),
          from: probe.pid,
          to: pid,
          topic: "n",
          reason: "not_accepted",
        })),
      );
      for (const payload of [1, "bad again", 2]) probe.process.send(pid, "n", payload);
      await sim.settle();
      expect(probe.events).toMatchObject([{ result: { value: [1, 2] } }]);
      expect(sim.deadLetters.count("not_accepted")).toBe(3);
      expect(sim.deadLetters.count()).toBe(3);
    });
  });

  it("count as waiting until they are considered, so a limit holds; then there is room again [S16.52, S2.49]", async () => {
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      const strict = defineProcess({
        accepts: { n: number },
        async run(process) {
          await process.sleep(10);
          return (await process.inbox().receive())?.payload;
        },
      });
      sim.define("sim:strict", strict, { mailbox: { limit: 2, overflow: "reject" } });
      const pid = await probe.process.spawnMonitored("sim:strict", HOST);
      const answers = ["bad", "bad", 1].map((payload) => probe.process.send(pid, "n", payload)?.kind ?? null);
      expect(answers).toEqual([null, null, errors.RATE_LIMITED]);
      await sim.advance(20);
      expect(probe.process.send(pid, "n", 5)).toBeNull();
      await sim.settle();
      expect(probe.events).toMatchObject([{ result: { value: 5 } }]);
    });
  });

  it("that never looked leave the message unread at the end, not refused [S16.52, S2.53]", async () => {
    await simulate(1, async (sim) => {
      sim.define("sim:strict", defineProcess({ accepts: { n: number }, run: async () => {} }));
      await sim.exec(async (process: Process) => {
        await process.withContext({}).withMessage("n", "bad").exec("sim:strict", HOST);
      });
      expect([sim.deadLetters.count("exited_unread"), sim.deadLetters.count("not_accepted")]).toEqual([1, 0]);
    });
  });

  it("work on raw channels, Messages and serve alike, and never on events [S16.52, S11.38, S2.30]", async () => {
    await simulate(1, async (sim) => {
      const twice = { n: (payload: unknown) => number(payload) * 2 };
      sim.define(
        "sim:strict",
        defineProcess({
          accepts: twice,
          async run(process) {
            const raw = await process.listen("n").receive();
            const message = await process.listen("n", { message: true }).receive();
            await process.cancel(process.pid(), { reason: "n" });
            const log: unknown[] = [raw, message?.payload, message?.topic];
            const last = await process.serve<number>({
              n: (payload) => process.done(payload),
              "@events": (one) => void log.push(one.kind),
            });
            return [...log, last];
          },
        }),
      );
      const got = await sim.exec(async (process: Process) => {
        const builder = process.withContext({}).withMessage("n", 1).withMessage("n", "bad").withMessage("n", 2);
        return builder.withMessage("n", 3).exec("sim:strict", HOST);
      });
      expect(got).toEqual([2, 4, "n", "pid.cancel", 6]);
    });
  });

  it("look only at topics of their own: one named like a method of objects has none [S16.52, S16.51]", async () => {
    await simulate(1, async (sim) => {
      sim.define(
        "sim:strict",
        defineProcess({
          accepts: { n: number },
          run: async (process) => [
            (await process.inbox().receive())?.topic as string,
            (await process.inbox().receive())?.payload,
          ],
        }),
      );
      const got = await sim.exec(async (process: Process) =>
        process.withContext({}).withMessage("toString", "a").withMessage("constructor", "b").exec("sim:strict", HOST),
      );
      expect(got).toEqual(["toString", "b"]);
    });
  });
});

describe("dead letters of an embedding program", () => {
  it("are counted by reason and in all, and watched until one stops [S16.53, S2.55]", async () => {
    await simulate(1, async (sim) => {
      const { process } = await sim.probe();
      const letters: DeadLetter[] = [];
      sim.deadLetters.watch(() => {
        throw new Error("a listener of the test");
      });
      const stop = sim.deadLetters.watch((letter) => letters.push(letter));
      process.send("nobody", "a");
      process.send("{sim:processes|0x7ffff}", "b");
      stop();
      stop();
      process.send("nobody", "c");
      expect(letters).toEqual([
        { at: 1_767_225_600, from: process.pid(), to: "nobody", topic: "a", reason: "not_found" },
        { at: 1_767_225_600, from: process.pid(), to: "{sim:processes|0x7ffff}", topic: "b", reason: "not_found" },
      ]);
      expect([sim.deadLetters.count(), sim.deadLetters.count("not_found"), sim.deadLetters.count("x")]).toEqual([
        3, 3, 0,
      ]);
      expect(sim.faults).toHaveLength(3);
    });
  });
});
