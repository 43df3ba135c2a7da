/** What `send` accepts and answers, in which order it checks, and what a message looks like (S2.1–S2.10, S2.15, S2.16, S2.35, S2.36). */
import { defineProcess, errors, type Message, type Process, type ProcessError, protocol } from "beamish";
import { simulate } from "beamish/testing";
import { describe, expect, it } from "vitest";
import { RefusingGuard, refusalOf, thrownBy } from "./refusal.ts";

/** Arguments that the types forbid. */
type AnySend = (...args: unknown[]) => ProcessError | null;

const waitForever = async (process: Process) => {
  await process.channel().receive();
};

describe("send", () => {
  it("answers null once the message stands in the mailbox, before the receiver has done anything [S2.1, S2.9]", async () => {
    await simulate(1, async (sim) => {
      sim.define("app:lazy", async (process: Process) => {
        const message = await process.inbox().receive();
        return [message?.topic, message?.payload];
      });
      const probe = await sim.probe();
      const pid = await probe.process.spawnMonitored("app:lazy", sim.host);
      // The child has not had its first turn.
      const turns = sim.trace.length;
      expect(probe.process.send(pid, "topic", "value")).toBeNull();
      expect(sim.trace.length).toBe(turns);
      await sim.untilIdle();
      expect(probe.events.map((event) => "result" in event && event.result)).toEqual([{ value: ["topic", "value"] }]);
    });
  });

  it("answers null for a message that nobody will ever read [S2.1]", async () => {
    await simulate(2, async (sim) => {
      const pid = await sim.spawn(waitForever);
      for (let i = 0; i < 100; i++) expect(sim.send(pid, "unread")).toBeNull();
      await sim.untilIdle();
      expect(sim.deadLetters.count()).toBe(0);
    });
  });

  it("to oneself goes through the mailbox [S2.1]", async () => {
    await simulate(3, async (sim) => {
      const seen = await sim.exec(async (process: Process) => {
        expect(process.send(process.pid(), "note", 1)).toBeNull();
        await process.registry.register("me");
        expect(process.send("me", "note", 2)).toBeNull();
        const inbox = process.inbox();
        const [one, two] = [await inbox.receive(), await inbox.receive()];
        return [one?.payload, one?.from, two?.payload, two?.from, process.pid()];
      });
      const pid = (seen as unknown[])[4];
      expect(seen).toEqual([1, pid, 2, pid, pid]);
    });
  });

  it.each([[[]], [["{sim:processes|0x00001}"]], [[undefined]], [[42]]])(
    "with %j is INVALID for want of arguments, whatever they are [S2.2, S2.8]",
    async (given) => {
      await simulate(4, async (sim) => {
        const { process } = await sim.probe();
        expect(refusalOf((process.send as AnySend)(...given))).toEqual({
          kind: errors.INVALID,
          message: "send requires at least destination and topic arguments",
        });
      });
    },
  );

  it.each(["@", "@inbox", "@events", "@mine", "@ "])(
    "refuses the reserved topic %j and delivers nothing [S2.3]",
    async (topic) => {
      await simulate(5, async (sim) => {
        const [sender, receiver] = [await sim.probe(), await sim.probe()];
        const expected = { kind: errors.INVALID, message: "cannot send to @ topics" };
        expect(refusalOf(sender.process.send(receiver.pid, topic, 1))).toEqual(expected);
        expect(refusalOf(sim.send(receiver.pid, topic, 1))).toEqual(expected);
        await sim.untilIdle();
        expect(receiver.messages).toEqual([]);
        expect(receiver.events).toEqual([]);
        expect(sim.deadLetters.count()).toBe(0);
      });
    },
  );

  it.each(["", " @inbox", "a@b", "\u{ff20}inbox", "x".repeat(10_000), "toString"])(
    "carries the topic %j as it is [S2.3, S2.21, S2.35]",
    async (topic) => {
      await simulate(6, async (sim) => {
        const [sender, receiver] = [await sim.probe(), await sim.probe()];
        expect(sender.process.send(receiver.pid, topic, 1)).toBeNull();
        await sim.untilIdle();
        expect(receiver.messages.map((message) => message.topic)).toEqual([topic]);
      });
    },
  );

  it("refused by the guard is PERMISSION_DENIED and names the destination as given [S2.4]", async () => {
    const guard = new RefusingGuard("process.send");
    await simulate(
      7,
      async (sim) => {
        const [sender, receiver] = [await sim.probe(), await sim.probe()];
        await receiver.process.registry.register("receiver");
        guard.asked.length = 0;
        for (const destination of [receiver.pid, "receiver"]) {
          expect(refusalOf(sender.process.send(destination, "topic"))).toEqual({
            kind: errors.PERMISSION_DENIED,
            message: `not allowed to send: ${destination}`,
          });
        }
        expect(guard.asked).toEqual([`process.send ${receiver.pid}`, `process.send ${receiver.pid}`]);
        await sim.untilIdle();
        expect(receiver.messages).toEqual([]);
        expect(sim.deadLetters.count()).toBe(0);
      },
      { guard },
    );
  });

  it("to a process that ended, however it ended, or never was is NOT_FOUND [S2.5, S2.9]", async () => {
    await simulate(8, async (sim) => {
      const probe = await sim.probe();
      const expected = { kind: errors.NOT_FOUND, message: "process not found" };
      const pids = [
        await sim.spawn(async () => null),
        await sim.spawn(async () => {
          throw new Error("failed");
        }),
        await sim.spawn(waitForever),
        `{${sim.host}|0x7ffff}`,
      ];
      await sim.settle();
      sim.terminate(pids[2] as string);
      await sim.settle();
      for (const pid of pids) expect(refusalOf(probe.process.send(pid, "topic"))).toEqual(expected);
      await sim.untilIdle();
    });
  });

  it("has only the two answers around a process's end: null before, NOT_FOUND after [S2.5, S2.9]", async () => {
    await simulate(9, async (sim) => {
      const probe = await sim.probe();
      const pid = await sim.spawn(waitForever);
      await sim.settle();
      sim.terminate(pid);
      const answers: unknown[] = [];
      for (let i = 0; i < 5; i++) {
        const error = probe.process.send(pid, "topic");
        answers.push(error === null ? null : refusalOf(error).message);
        await sim.step();
      }
      expect(answers.filter((answer) => answer !== null && answer !== "process not found")).toEqual([]);
      expect(answers.at(-1)).toBe("process not found");
      expect(answers).toEqual([...answers].sort((a, b) => Number(a !== null) - Number(b !== null)));
    });
  });

  it("tells an unknown host, an unknown node and a stopping host apart [S2.6]", async () => {
    await simulate(10, async (sim) => {
      const probe = await sim.probe();
      sim.addHost("sim:stopping");
      sim.addHost("sim:stopped", { status: "stopped" });
      const alive = await sim.spawnWith({ host: "sim:stopping" }, waitForever);
      const ended = await sim.spawnWith({ host: "sim:stopping" }, async () => null);
      await sim.settle();
      sim.setHost("sim:stopping", "stopping");
      const answer = (pid: string) => {
        const error = probe.process.send(pid, "topic");
        return error === null ? null : refusalOf(error);
      };
      expect(answer("{no:host|0x00001}")).toEqual({ kind: errors.NOT_FOUND, message: "host not found" });
      expect(answer("{node@sim:processes|0x00001}")).toEqual({ kind: errors.NOT_FOUND, message: "node not found" });
      expect(answer(ended)).toEqual({ kind: errors.UNAVAILABLE, message: "host is shutting down" });
      expect(answer("{sim:stopped|0x00001}")).toEqual({ kind: errors.NOT_FOUND, message: "process not found" });
      // What still lives on a stopping host gets its messages.
      expect(answer(alive)).toBeNull();
    });
  });

  it("to a mailbox that rejects is RATE_LIMITED and retryable [S2.7, S2.9]", async () => {
    await simulate(11, async (sim) => {
      sim.define("app:full", waitForever, { mailbox: { limit: 1, overflow: "reject" } });
      const pid = await sim.spawn("app:full");
      const probe = await sim.probe();
      expect(probe.process.send(pid, "topic")).toBeNull();
      expect(refusalOf(probe.process.send(pid, "topic"))).toEqual({
        kind: errors.RATE_LIMITED,
        message: "mailbox is full",
        retryable: true,
      });
    });
  });

  it("checks count, types, topic, resolution, permission, payload and delivery, in this order [S2.8]", async () => {
    const guard = new RefusingGuard("process.send");
    const bad = { bad: () => 1 };
    await simulate(
      12,
      async (sim) => {
        const { process } = await sim.probe();
        const send = process.send as AnySend;
        const dead = `{${sim.host}|0x7ffff}`;
        expect(refusalOf(send(42)).message).toMatch(/^send requires/);
        expect(thrownBy(() => send(42, "@inbox")).message).toMatch(/^bad argument #1 to 'send'/);
        expect(thrownBy(() => send("nobody", null)).message).toMatch(/^bad argument #2 to 'send'/);
        expect(refusalOf(send("nobody", "@inbox", bad)).message).toBe("cannot send to @ topics");
        expect(refusalOf(send("nobody", "topic", bad)).message).toMatch(/^could not resolve/);
        expect(refusalOf(send(dead, "topic", bad)).message).toBe(`not allowed to send: ${dead}`);
      },
      { guard },
    );
    await simulate(13, async (sim) => {
      const { process } = await sim.probe();
      sim.define("app:full", waitForever, { mailbox: { limit: 1, overflow: "reject" } });
      const full = await sim.spawn("app:full");
      sim.send(full, "topic");
      for (const destination of [`{${sim.host}|0x7ffff}`, "{no:host|0x00001}", full]) {
        expect(refusalOf(process.send(destination, "topic", bad))).toEqual({
          kind: errors.INVALID,
          message: "payload.bad: function cannot be sent",
        });
        expect(refusalOf(process.send(destination, "topic", 1)).kind).not.toBe(errors.INVALID);
      }
    });
  });

  it("to P is NOT_FOUND for whoever has received P's EXIT or LINK_DOWN, at every later send [S2.10, S4.18]", async () => {
    for (let seed = 1; seed <= 50; seed++) {
      await simulate(seed, async (sim) => {
        sim.define("app:short", async (process: Process) => {
          await process.inbox().receive();
          throw new Error("over");
        });
        const seen = await sim.exec(async (process: Process) => {
          process.setOptions({ trapLinks: true });
          const pids = [];
          for (let i = 0; i < 4; i++) pids.push(await process.spawnLinkedMonitored("app:short", sim.host));
          for (const pid of pids) process.send(pid, "end");
          const kinds: unknown[] = [];
          for (let i = 0; i < 8; i++) {
            const event = await process.events().receive();
            kinds.push(process.send(event?.from as string, "late")?.kind);
          }
          return kinds;
        });
        expect(seen).toEqual(Array(8).fill(errors.NOT_FOUND));
      });
    }
  });

  it("answers an error and never throws for what becomes of the message, so the sender lives on [S2.1, S2.8]", async () => {
    await simulate(14, async (sim) => {
      const alive = await sim.exec(async (process: Process) => {
        process.send("nobody", "topic");
        process.send("{|}", "topic");
        process.send(process.pid(), "@events");
        process.send(process.pid(), "topic", Symbol("no"));
        await process.sleep(1);
        return "alive";
      });
      expect(alive).toBe("alive");
    });
  });
});

describe("a payload", () => {
  it.each([
    ["none", [], null],
    ["undefined", [undefined], null],
    ["null", [null], null],
    ["one", [7], 7],
    ["false", [false], false],
    ["the empty text", [""], ""],
    ["one list", [[1, 2]], [1, 2]],
    ["one empty list", [[]], []],
    ["two", [1, 2], [1, 2]],
    ["two of which the first is undefined", [undefined, 2], [null, 2]],
    ["three that end in null", [1, null, undefined], [1, null, null]],
    ["two undefined", [undefined, undefined], [null, null]],
  ])("of %s arrives without a wrapper, by message and raw [S2.15, S2.16, S2.35]", async (_what, given, expected) => {
    await simulate(1, async (sim) => {
      const pid = await sim.spawn(async (process: Process) => {
        const raw = process.listen("raw");
        const got = [await raw.receive(), (await process.inbox().receive())?.payload];
        process.send("probe", "got", ...[got]);
      });
      const probe = await sim.probe();
      await probe.process.registry.register("probe");
      (probe.process.send as AnySend)(pid, "raw", ...given);
      (probe.process.send as AnySend)(pid, "message", ...given);
      await sim.untilIdle();
      expect(probe.payloads("got")).toEqual([[expected, expected]]);
    });
  });

  it("of nothing on a raw channel is null with ok true, apart from a closed channel [S2.15]", async () => {
    await simulate(2, async (sim) => {
      const seen = await sim.exec(async (process: Process) => {
        const raw = process.listen("raw");
        process.send(process.pid(), "raw");
        const open = await process.select([raw.caseReceive()]);
        process.unlisten(raw);
        const closed = await process.select([raw.caseReceive()]);
        return [open.value === null, open.ok, closed.value === undefined, closed.ok];
      });
      expect(seen).toEqual([true, true, true, false]);
    });
  });
});

describe("a message", () => {
  it("has the sender's topic and pid, and gives the same payload at every look [S2.35, S2.36]", async () => {
    await simulate(1, async (sim) => {
      const [sender, receiver] = [await sim.probe(), await sim.probe()];
      sender.process.send(receiver.pid, "Topic ☃", { a: [1] });
      await sim.untilIdle();
      const [message] = receiver.messages as unknown as [Message];
      expect(message.topic).toBe("Topic ☃");
      expect(message.from).toBe(sender.pid);
      expect(message.payload).toEqual({ a: [1] });
      expect(message.payload).toBe(message.payload);
    });
  });

  it("has no sender when it comes from withMessage or from outside [S2.36]", async () => {
    await simulate(2, async (sim) => {
      const probe = await sim.probe();
      sim.define(
        "app:child",
        defineProcess({
          accepts: protocol<{ queued: [number]; outside: [] }>(),
          async run(process, to: string) {
            const froms = [(await process.inbox().receive())?.from, (await process.inbox().receive())?.from];
            process.send(to, "froms", froms);
          },
        }),
      );
      const pid = await probe.process.withContext({}).withMessage("queued", 1).spawn("app:child", sim.host, probe.pid);
      sim.send(pid, "outside");
      await sim.untilIdle();
      expect(probe.payloads("froms")).toEqual([[null, null]]);
    });
  });
});
