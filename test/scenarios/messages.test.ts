/** Sending and receiving: sections 1 and 2 of the spec, seen from a process. */
import { errors, type Process, type ProcessError } from "beamish";
import { simulate } from "beamish/testing";
import { describe, expect, it } from "vitest";

/** Waits for ever. */
const idle = async (process: Process) => {
  await process.inbox().receive();
  await process.channel().receive();
};
const HOST = "sim:processes";
const DEAD = `{${HOST}|0x7ffff}`;

/** Runs one process to its end and returns its value. */
async function run<R>(main: (process: Process) => Promise<R>, seed = 1): Promise<R> {
  let result: R | undefined;
  await simulate(seed, async (sim) => {
    sim.define("sim:idle", idle);
    result = await sim.exec<any>(main as any);
  });
  return result as R;
}

function failure(error: ProcessError | null): [string, string] | null {
  return error === null ? null : [error.kind, error.message];
}

describe("identity", () => {
  it("writes a pid as host, bar and at least five hexadecimal digits in braces [S1.2, S1.5]", async () => {
    const pid = await run(async (process) => process.pid());
    expect(pid).toMatch(/^\{sim:processes\|0x[0-9a-f]{5,}\}$/);
    expect(typeof pid).toBe("string");
  });

  it("never deals a pid twice, and a dead one stays dead [S1.4]", async () => {
    await simulate(3, async (sim) => {
      sim.define("sim:short", async (process: Process) => process.pid());
      const seen = new Set<string>();
      for (let i = 0; i < 3_000; i++) seen.add(await sim.exec("sim:short"));
      expect(seen.size).toBe(3_000);
      for (const pid of seen) expect(sim.isAlive(pid)).toBe(false);
    });
  });

  it("takes anything in braces with a bar as a pid, whatever it names [S1.6, S2.6]", async () => {
    const answers = await run(async (process) => [
      failure(process.send("{no such host|0x00001}", "t")),
      failure(process.send("{node@sim:processes|0x00001}", "t")),
      failure(process.send("{sim:processes|rubbish}", "t")),
      failure(process.send("{nobar}", "t")),
    ]);
    expect(answers).toEqual([
      [errors.NOT_FOUND, "host not found"],
      [errors.NOT_FOUND, "node not found"],
      [errors.NOT_FOUND, "process not found"],
      [errors.NOT_FOUND, "could not resolve '{nobar}' as PID or registered name"],
    ]);
  });

  it("gives nobody the empty pid [S1.7]", async () => {
    expect(await run(async (process) => failure(process.send("{|}", "t")))).toEqual([
      errors.NOT_FOUND,
      "host not found",
    ]);
  });

  it("keeps its pid, the same text at every call [S1.8, S1.13]", async () => {
    const pids = await run(async (process) => [process.pid(), process.pid()]);
    expect(pids[0]).toBe(pids[1]);
  });

  it("names the call chain: a new one per spawn, the caller's in exec [S1.9, S1.10, S1.11]", async () => {
    await simulate(1, async (sim) => {
      sim.define("sim:id", async (process: Process) => process.id());
      sim.define("sim:chain", async (process: Process, depth: number): Promise<string[]> => {
        if (depth === 0) return [process.id()];
        return [process.id(), ...(await process.exec("sim:chain", HOST, depth - 1))];
      });
      const chain: string[] = await sim.exec("sim:chain", 2);
      expect(new Set(chain).size).toBe(1);
      expect(chain[0]).toMatch(/^sim:chain#[0-9a-f]+$/);
      const [a, b]: string[] = [await sim.exec("sim:id"), await sim.exec("sim:id")];
      expect(a).not.toBe(b);
      expect(a?.split("#")[0]).toBe("sim:id");
      expect(b?.split("#")[0]).toBe("sim:id");
    });
  });

  it("resolves a name once, at the call [S1.14, S1.15, S1.17]", async () => {
    await simulate(1, async (sim) => {
      const first = await sim.probe();
      const second = await sim.probe();
      const odd = "Ünïcode name with | and {braces";
      await first.process.registry.register(odd);
      first.process.send(odd, "one");
      await first.process.registry.unregister(odd);
      await second.process.registry.register(odd);
      first.process.send(odd, "two");
      await sim.settle();
      expect(first.messages.map((message) => message.topic)).toEqual(["one"]);
      expect(second.messages.map((message) => message.topic)).toEqual(["two"]);
    });
  });

  it("says NOT_FOUND for an unknown name, with the text as given [S1.16, S12.17]", async () => {
    const error = await run(async (process) => failure(process.send("nobody", "t")));
    expect(error).toEqual([errors.NOT_FOUND, "could not resolve 'nobody' as PID or registered name"]);
  });

  it("checks permission after resolution, on the pid and never the name [S1.18, S2.4, S12.18]", async () => {
    const asked: string[] = [];
    const guard = {
      check(_subject: unknown, action: string, resource: string) {
        if (action !== "process.send") return null;
        asked.push(resource);
        return { action, resource };
      },
    };
    await simulate(
      1,
      async (sim) => {
        const probe = await sim.probe();
        await probe.process.registry.register("me");
        expect(failure(probe.process.send("me", "t"))).toEqual([errors.PERMISSION_DENIED, "not allowed to send: me"]);
        expect(failure(probe.process.send(DEAD, "t"))?.[0]).toBe(errors.PERMISSION_DENIED);
        expect(failure(probe.process.send("nobody", "t"))?.[0]).toBe(errors.NOT_FOUND);
        expect(asked).toEqual([probe.pid, DEAD]);
      },
      { guard },
    );
  });
});

describe("send", () => {
  it("answers null and never waits; sending to oneself works [S2.1]", async () => {
    const got = await run(async (process) => {
      const answer = process.send(process.pid(), "self", 1);
      return [answer, (await process.inbox().receive())?.payload];
    });
    expect(got).toEqual([null, 1]);
  });

  it("wants two arguments [S2.2, S12.14, S12.10]", async () => {
    const error = await run(async (process) => failure((process.send as (...a: unknown[]) => never)("x")));
    expect(error).toEqual([errors.INVALID, "send requires at least destination and topic arguments"]);
  });

  it("refuses a reserved topic, before it looks for the destination [S2.3, S2.8, S12.15]", async () => {
    const error = await run(async (process) => failure(process.send("nobody", "@inbox")));
    expect(error).toEqual([errors.INVALID, "cannot send to @ topics"]);
  });

  it("says NOT_FOUND for a process that has ended or never was [S2.5, S12.20]", async () => {
    const answers = await run(async (process) => {
      const child = await process.spawnMonitored("sim:idle", HOST);
      await process.terminate(child);
      await process.events().receive();
      return [failure(process.send(child, "t")), failure(process.send(DEAD, "t"))];
    });
    expect(answers).toEqual([
      [errors.NOT_FOUND, "process not found"],
      [errors.NOT_FOUND, "process not found"],
    ]);
  });

  it("says UNAVAILABLE for a dead process of a host that is stopping [S2.6, S12.21]", async () => {
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      sim.addHost("sim:other", {});
      sim.setHost("sim:other", "stopping");
      const answer = probe.process.send("{sim:other|0x00001}", "t");
      expect(failure(answer)).toEqual([errors.UNAVAILABLE, "host is shutting down"]);
      expect(sim.deadLetters.count("host_stopping")).toBe(1);
    });
  });

  it("checks permission before it copies the payload [S2.8]", async () => {
    const guard = {
      check: (_: unknown, action: string) => (action === "process.send" ? { action, resource: "" } : null),
    };
    await simulate(
      1,
      async (sim) => {
        const probe = await sim.probe();
        const answer = probe.process.send(probe.pid, "t", () => {});
        expect(answer?.kind).toBe(errors.PERMISSION_DENIED);
      },
      { guard },
    );
  });

  it("answers NOT_FOUND and RATE_LIMITED exactly [S2.7, S2.9, S2.48, S2.49, S12.22]", async () => {
    await simulate(1, async (sim) => {
      sim.define("sim:full", idle, { mailbox: { limit: 2, overflow: "reject" } });
      const probe = await sim.probe();
      const pid = await sim.spawn("sim:full");
      const answers = [1, 2, 3].map((n) => probe.process.send(pid, "t", n));
      expect(answers.slice(0, 2)).toEqual([null, null]);
      expect(failure(answers[2] ?? null)).toEqual([errors.RATE_LIMITED, "mailbox is full"]);
      expect(answers[2]?.retryable).toBe(true);
      expect(sim.deadLetters.count("mailbox_full")).toBe(1);
    });
  });

  it("gives NOT_FOUND to whoever has seen the EXIT or LINK_DOWN [S2.10, S4.18]", async () => {
    await simulate(1, async (sim) => {
      const answers: unknown[] = [];
      sim.define("sim:dies", async () => {
        throw new Error("boom");
      });
      await sim.exec(async (process: Process) => {
        process.setOptions({ trapLinks: true });
        const child = await process.spawnLinkedMonitored("sim:dies", HOST);
        for (let i = 0; i < 2; i++) {
          const seen = await process.events().receive();
          answers.push([seen?.kind, failure(process.send(child, "t"))?.[0]]);
        }
      });
      expect(answers).toEqual([
        ["pid.exit", errors.NOT_FOUND],
        ["pid.link.down", errors.NOT_FOUND],
      ]);
    });
  });
});

describe("order", () => {
  it("keeps one sender's messages in order, whatever their topics [S2.11]", async () => {
    for (let seed = 1; seed <= 50; seed++) {
      await simulate(seed, async (sim) => {
        const probe = await sim.probe();
        sim.define("sim:sender", async (process: Process, to: string) => {
          for (let i = 0; i < 30; i++) {
            process.send(to, `t${i % 3}`, i);
            if (i % 7 === 0) await process.sleep(1);
          }
        });
        const senders = [await sim.spawn("sim:sender", probe.pid), await sim.spawn("sim:sender", probe.pid)];
        await sim.untilIdle();
        for (const sender of senders) {
          const got = probe.messages.filter((message) => message.from === sender).map((message) => message.payload);
          expect(got).toEqual(Array.from({ length: 30 }, (_, i) => i));
        }
      });
    }
  });

  it("puts what a process sent before its EXIT, a thousand times [S2.12]", async () => {
    await simulate(5, async (sim) => {
      sim.define("sim:last-words", async (process: Process, to: string, n: number) => {
        process.send(to, "last", n);
        return n;
      });
      const wrong = await sim.exec(async (process: Process) => {
        let missing = 0;
        for (let i = 0; i < 1_000; i++) {
          await process.spawnMonitored("sim:last-words", HOST, process.pid(), i);
          await process.events().receive();
          const chosen = await process.select([process.inbox().caseReceive()], { default: true });
          const message = chosen.value as { payload: unknown } | undefined;
          if (message?.payload !== i) missing++;
        }
        return missing;
      });
      expect(wrong).toBe(0);
    });
  });

  it("holds back no subscription because another is not read [S2.13, S2.25]", async () => {
    const got = await run(async (process) => {
      const unread = process.listen("unread");
      const read = process.listen("read");
      const self = process.pid();
      for (let i = 0; i < 100; i++) process.send(self, i % 2 === 0 ? "unread" : "read", i);
      const values: unknown[] = [];
      for (let i = 0; i < 50; i++) values.push(await read.receive());
      return [values[0], values[49], await unread.receive()];
    });
    expect(got).toEqual([1, 99, 0]);
  });

  it("gives each message to exactly one receiver [S2.14]", async () => {
    const counts = await run(async (process) => {
      const inbox = process.inbox();
      const seen = new Map<unknown, number>();
      const done = process.channel<boolean>(4);
      for (let worker = 0; worker < 4; worker++) {
        process.go(async () => {
          for (let i = 0; i < 50; i++) {
            const message = await inbox.receive();
            seen.set(message?.payload, (seen.get(message?.payload) ?? 0) + 1);
          }
          await done.send(true);
        });
      }
      for (let i = 0; i < 200; i++) process.send(process.pid(), "n", i);
      for (let worker = 0; worker < 4; worker++) await done.receive();
      return [seen.size, Math.max(...seen.values())];
    });
    expect(counts).toEqual([200, 1]);
  });
});

describe("subscriptions", () => {
  it("shows no payload as null, one as itself, more as a list [S2.15, S2.16, S16.6]", async () => {
    const got = await run(async (process) => {
      const self = process.pid();
      process.send(self, "a");
      process.send(self, "a", { one: 1 });
      process.send(self, "a", 1, undefined, "three");
      process.send(self, "a", undefined);
      const values: unknown[] = [];
      for (let i = 0; i < 4; i++) values.push((await process.inbox().receive())?.payload);
      const raw = process.listen("raw");
      process.send(self, "raw");
      const chosen = await process.select([raw.caseReceive()]);
      return [values, chosen.value, chosen.ok];
    });
    expect(got).toEqual([[null, { one: 1 }, [1, null, "three"], null], null, true]);
  });

  it("yields messages from the inbox, payloads from a topic, messages on request [S2.17, S2.19, S2.22, S2.35]", async () => {
    const got = await run(async (process) => {
      const self = process.pid();
      const raw = process.listen("raw");
      const full = process.listen("full", { message: true });
      process.send(self, "raw", 1);
      process.send(self, "full", 2);
      process.send(self, "other", 3);
      const message = await full.receive();
      const other = await process.inbox().receive();
      return [
        await raw.receive(),
        message?.topic,
        message?.payload,
        message?.from === self,
        other?.topic,
        other?.payload,
      ];
    });
    expect(got).toEqual([1, "full", 2, true, "other", 3]);
  });

  it("yields event tables from events(), never messages [S2.18, S2.30]", async () => {
    const got = await run(async (process) => {
      await process.spawnMonitored("sim:idle", HOST).then((child) => process.terminate(child));
      process.send(process.pid(), "events", "mine");
      const event = await process.events().receive();
      const message = await process.inbox().receive();
      return [event?.kind, message?.payload];
    });
    expect(got).toEqual(["pid.exit", "mine"]);
  });

  it("refuses reserved and empty topics [S2.20, S2.21]", async () => {
    const got = await run(async (process) => {
      const attempt = (topic: string) => {
        try {
          process.listen(topic);
          return null;
        } catch (error) {
          return failure(error as ProcessError);
        }
      };
      const answer = process.send(process.pid(), "", "empty");
      return [attempt("@inbox"), attempt(""), answer, (await process.inbox().receive())?.topic];
    });
    expect(got).toEqual([
      [errors.INVALID, "cannot listen to @ topics"],
      [errors.INVALID, "topic cannot be empty"],
      null,
      "",
    ]);
  });

  it("is one channel object as long as it is open, also in a select [S2.23, S2.24]", async () => {
    const got = await run(async (process) => {
      const channel = process.listen("t");
      const again = process.listen("t", { message: true }) as unknown;
      process.send(process.pid(), "t", 5);
      const chosen = await process.select([channel.caseReceive()]);
      const value = chosen.value as { payload?: unknown };
      return [
        channel === again,
        chosen.channel === channel,
        Object.is(process.inbox(), process.inbox()),
        Object.is(process.events(), process.events()),
        value.payload,
      ];
    });
    expect(got).toEqual([true, true, true, true, 5]);
  });

  it("keeps the presentation when listen leaves it out, and changes it for later receives [S2.23]", async () => {
    const got = await run(async (process) => {
      const self = process.pid();
      const channel = process.listen("t", { message: true }) as { receive(): Promise<unknown> };
      process.listen("t");
      process.send(self, "t", 1);
      const first = (await channel.receive()) as { payload: unknown };
      process.listen("t", { message: false });
      process.send(self, "t", 2);
      return [first.payload, await channel.receive()];
    });
    expect(got).toEqual([1, 2]);
  });

  it("matches topics exactly and gives the rest to the inbox [S2.26]", async () => {
    const got = await run(async (process) => {
      process.listen("Topic");
      process.send(process.pid(), "topic", 1);
      process.send(process.pid(), "Topic*", 2);
      return [(await process.inbox().receive())?.payload, (await process.inbox().receive())?.payload];
    });
    expect(got).toEqual([1, 2]);
  });

  it("keeps messages until somebody opens, without a limit of time [S2.27, S2.29]", async () => {
    await simulate(1, async (sim) => {
      sim.define("sim:late", async (process: Process) => {
        await process.sleep("2h");
        const late = process.listen("late");
        const now = await process.select([late.caseReceive()], { default: true });
        return now.value;
      });
      const done = await sim.exec(async (process: Process) => {
        const builder = process.withContext({}).withMessage("late", "patience");
        return builder.exec("sim:late", HOST);
      });
      expect(done).toBe("patience");
    });
  });

  it("decides who gets a message when it is taken, not when it arrives [S2.28]", async () => {
    const got = await run(async (process) => {
      const inbox = process.inbox();
      process.send(process.pid(), "a", 1);
      process.send(process.pid(), "b", 2);
      const a = process.listen("a");
      return [(await inbox.receive())?.payload, await a.receive()];
    });
    expect(got).toEqual([2, 1]);
  });

  it("gives unread messages back when a listener closes, in order [S2.31, S2.32, S2.33]", async () => {
    const got = await run(async (process) => {
      const self = process.pid();
      const a = process.listen("a");
      process.send(self, "a", 1);
      process.send(self, "b", 2);
      process.send(self, "a", 3);
      const waiting = process.listen("silent");
      const order: unknown[] = [];
      process.go(async () => {
        order.push((await process.select([waiting.caseReceive()])).ok);
      });
      await process.sleep(1);
      process.unlisten(a);
      waiting.close();
      await process.sleep(1);
      for (let i = 0; i < 3; i++) order.push((await process.inbox().receive())?.payload);
      return [order, process.listen("a") === a, await a.receive()];
    });
    expect(got).toEqual([[false, 1, 2, 3], false, null]);
  });

  it("reopens inbox and events after unlisten, losing nothing [S2.31, S2.33]", async () => {
    const got = await run(async (process) => {
      const first = process.inbox();
      process.send(process.pid(), "a", 1);
      process.unlisten(first);
      const events = process.events();
      process.unlisten(events);
      await process.cancel(process.pid());
      return [(await process.inbox().receive())?.payload, (await process.events().receive())?.kind];
    });
    expect(got).toEqual([1, "pid.cancel"]);
  });

  it("refuses to close what is no open subscription [S2.34, S12.11]", async () => {
    const got = await run(async (process) => {
      const attempt = (channel: unknown) => {
        try {
          process.unlisten(channel as never);
          return null;
        } catch (error) {
          return failure(error as ProcessError);
        }
      };
      const closed = process.listen("a");
      process.unlisten(closed);
      return [attempt(closed), attempt(process.channel()), attempt({})];
    });
    expect(got[0]).toEqual([errors.INVALID, "channel is not an open subscription"]);
    expect(got[1]).toEqual([errors.INVALID, "channel is not an open subscription"]);
    expect(got[2]?.[1]).toMatch(/^bad argument #1 to 'unlisten'/);
  });

  it("knows no sender for what a builder or the runtime sent [S2.36]", async () => {
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      sim.send(probe.pid, "tool", 1);
      await sim.settle();
      expect(probe.messages[0]?.from).toBeNull();
    });
  });
});

describe("limits", () => {
  it("raises the alarm again when the message that was on its way has brought it below [S2.47]", async () => {
    await simulate(1, async (sim) => {
      let alarms = 0;
      sim.watchNotices((notice) => {
        if (notice.kind === "mailbox-alarm") alarms++;
      });
      sim.define("sim:once", async (process: Process) => {
        await process.inbox().receive();
        await process.events().receive();
      });
      const pid = await sim.spawn("sim:once");
      await sim.settle();
      const probe = await sim.probe();
      for (let i = 0; i < 10_000; i++) probe.process.send(pid, "t", i);
      expect(alarms).toBe(1);
      await sim.settle();
      probe.process.send(pid, "t", 0);
      expect(alarms).toBe(2);
    });
  });

  it("has none by default, and raises an alarm at 10,000 and each doubling, once until it has drained [S2.47]", async () => {
    await simulate(1, async (sim) => {
      const alarms: number[] = [];
      sim.watchNotices((notice) => {
        if (notice.kind === "mailbox-alarm") alarms.push(notice.waiting);
      });
      sim.define("sim:slow", async (process: Process) => {
        const go = process.listen("go");
        for (;;) {
          await go.receive();
          const inbox = process.inbox();
          for (let i = 0; i < 35_000; i++) await inbox.receive();
          process.unlisten(inbox);
        }
      });
      const pid = await sim.spawn("sim:slow");
      const probe = await sim.probe();
      for (let round = 0; round < 2; round++) {
        for (let i = 0; i < 35_000; i++) expect(probe.process.send(pid, "t", i)).toBeNull();
        probe.process.send(pid, "go");
        await sim.settle();
      }
      expect(alarms).toEqual([10_000, 20_000, 10_000, 20_000]);
    });
  });

  it("lets the entry's limit replace the host's [S2.48]", async () => {
    await simulate(1, async (sim) => {
      sim.addHost("sim:tight", { mailbox: { limit: 1, overflow: "reject" } });
      sim.define("sim:own", idle, { mailbox: { limit: 3, overflow: "reject" } });
      sim.define("sim:none", idle);
      const probe = await sim.probe();
      const counts: number[] = [];
      for (const id of ["sim:own", "sim:none"]) {
        const pid = await sim.spawnWith({ host: "sim:tight" }, id);
        counts.push([1, 2, 3, 4, 5].filter((n) => probe.process.send(pid, "t", n) === null).length);
      }
      expect(counts).toEqual([3, 1]);
    });
  });

  it("drops the newest or the oldest where the entry says so, of any topic [S2.50, S2.54]", async () => {
    await simulate(1, async (sim) => {
      const reader = async (process: Process) => {
        await process.events().receive();
        const got: unknown[] = [];
        for (;;) {
          const next = await process.select([process.inbox().caseReceive()], { default: true });
          if (next.default) return got;
          got.push((next.value as { payload: unknown }).payload);
        }
      };
      sim.define("sim:newest", reader, { mailbox: { limit: 2, overflow: "drop_newest" } });
      sim.define("sim:oldest", reader, { mailbox: { limit: 2, overflow: "drop_oldest" } });
      const probe = await sim.probe();
      for (const id of ["sim:newest", "sim:oldest"]) {
        const pid = await sim.spawn(id);
        await probe.process.monitor(pid);
        for (const n of [1, 2, 3]) expect(probe.process.send(pid, `t${n}`, n)).toBeNull();
        sim.cancel(pid);
        await sim.settle();
      }
      const results = probe.events.map((event) => ("result" in event ? event.result : null));
      expect(results).toEqual([{ value: [1, 2] }, { value: [2, 3] }]);
      expect(sim.deadLetters.count("mailbox_full")).toBe(2);
    });
  });

  it("never counts nor refuses events and termination [S2.51]", async () => {
    await simulate(1, async (sim) => {
      sim.define(
        "sim:full",
        async (process: Process) => {
          const events: string[] = [];
          await process.monitor("other");
          for (let i = 0; i < 2; i++) events.push((await process.events().receive())?.kind ?? "");
          return events;
        },
        { mailbox: { limit: 1, overflow: "reject" } },
      );
      const probe = await sim.probe();
      const other = await sim.spawnWith({ name: "other" }, idle);
      const pid = await sim.spawn("sim:full");
      await probe.process.monitor(pid);
      await sim.settle();
      expect(probe.process.send(pid, "t", 1)).toBeNull();
      sim.cancel(pid);
      sim.terminate(other);
      await sim.settle();
      expect(probe.events).toMatchObject([{ result: { value: ["pid.cancel", "pid.exit"] } }]);
    });
  });

  it("always accepts what a builder queued, and counts it for later senders [S2.52]", async () => {
    await simulate(1, async (sim) => {
      sim.define("sim:tight", idle, { mailbox: { limit: 1, overflow: "reject" } });
      const probe = await sim.probe();
      const builder = probe.process.withContext({}).withMessage("a", 1).withMessage("a", 2).withMessage("a", 3);
      let pid = "";
      builder.spawn("sim:tight", HOST).then((given) => {
        pid = given;
      });
      await Promise.resolve();
      await Promise.resolve();
      expect(probe.process.send(pid, "t")?.kind).toBe(errors.RATE_LIMITED);
    });
  });
});

describe("dead letters", () => {
  it("makes exactly one of each message refused or never received, with the reason [S2.53, S2.54, S2.55, S16.53]", async () => {
    await simulate(1, async (sim) => {
      const letters: unknown[] = [];
      sim.deadLetters.watch(({ from, to, topic, reason }) => letters.push({ from, to, topic, reason }));
      const probe = await sim.probe();
      const pid = await sim.spawn(async (process: Process) => {
        await process.events().receive();
      });
      probe.process.send("nobody", "a");
      probe.process.send(DEAD, "b");
      probe.process.send(pid, "c", 1);
      sim.send(pid, "d");
      sim.cancel(pid);
      await sim.settle();
      const from = probe.pid;
      expect(letters).toEqual([
        { from, to: "nobody", topic: "a", reason: "not_found" },
        { from, to: DEAD, topic: "b", reason: "not_found" },
        { from, to: pid, topic: "c", reason: "exited_unread" },
        { from: null, to: pid, topic: "d", reason: "exited_unread" },
      ]);
      expect(sim.deadLetters.count()).toBe(4);
      expect(sim.deadLetters.count("not_found")).toBe(2);
    });
  });

  it("goes on when a listener throws, and stops telling one that was taken away [S2.55]", async () => {
    await simulate(1, async (sim) => {
      let told = 0;
      sim.deadLetters.watch(() => {
        throw new Error("bad listener");
      });
      const stop = sim.deadLetters.watch(() => {
        told++;
      });
      const probe = await sim.probe();
      probe.process.send("nobody", "a");
      stop();
      probe.process.send("nobody", "a");
      expect(told).toBe(1);
      expect(sim.faults).toHaveLength(2);
    });
  });
});
