/** Inbox, events and listeners: which message goes where, and what becomes of it when a channel closes (S2.17–S2.34). */
import { type Channel, errors, event, type Message, type Process } from "beamish";
import { simulate } from "beamish/testing";
import { describe, expect, it } from "vitest";
import { type Refusal, RefusingGuard, thrownBy } from "./refusal.ts";

const invalid = (message: string): Refusal => ({ kind: errors.INVALID, message, retryable: undefined });

/** What a source has at this moment, without waiting; `"nothing"` when it has nothing. */
async function atOnce(process: Process, source: Channel<unknown>): Promise<unknown> {
  const got = await process.select({ source: source.caseReceive() }, { default: true });
  return got.default === true ? "nothing" : got.ok ? got.value : "closed";
}

/** Topic and payload of a message that is there at this moment. */
async function messageAtOnce(process: Process, source: Channel<Message>): Promise<unknown> {
  const got = (await atOnce(process, source)) as Message | string;
  return typeof got === "string" ? got : `${got.topic}=${got.payload}`;
}

/** Runs one process that may send to itself, and gives its value back uncopied. */
async function within<R>(main: (process: Process) => Promise<R>): Promise<R> {
  const results: R[] = [];
  await simulate(1, (sim) =>
    sim.exec(async (process: Process) => {
      results.push(await main(process));
    }),
  );
  return results[0] as R;
}

describe("the channels", () => {
  it("inbox yields messages, events yields events, a listener payloads [S2.17, S2.18, S2.19, S2.22]", () =>
    within(async (process) => {
      const [inbox, events, raw] = [process.inbox(), process.events(), process.listen("raw")];
      process.send(process.pid(), "any", 1);
      process.send(process.pid(), "raw", 2);
      await process.cancel(process.pid());
      const message = await inbox.receive();
      expect([message?.topic, message?.payload, message?.from]).toEqual(["any", 1, process.pid()]);
      const happened = await events.receive();
      expect(happened?.kind).toBe(event.CANCEL);
      expect(happened).not.toHaveProperty("topic");
      expect(happened).not.toHaveProperty("payload");
      expect(await raw.receive()).toBe(2);
    }));

  it("need no permission [S2.19]", async () => {
    const guard = new RefusingGuard("*");
    await simulate(
      1,
      async (sim) => {
        await sim.exec(async (process: Process) => {
          for (const channel of [process.inbox(), process.events(), process.listen("a")]) process.unlisten(channel);
        });
      },
      { guard },
    );
    expect(guard.asked).toEqual([]);
  });

  it.each(["@", "@inbox", "@events", "@a"])("of the reserved topic %j are refused by listen [S2.20]", (topic) =>
    within(async (process) => {
      expect(thrownBy(() => process.listen(topic))).toEqual(invalid("cannot listen to @ topics"));
      expect(thrownBy(() => process.listen(topic, { message: true }))).toEqual(invalid("cannot listen to @ topics"));
    }),
  );

  it("of the empty topic are refused by listen; such a message is read through the inbox [S2.21]", () =>
    within(async (process) => {
      expect(thrownBy(() => process.listen(""))).toEqual(invalid("topic cannot be empty"));
      expect(process.send(process.pid(), "", 1)).toBeNull();
      expect(await messageAtOnce(process, process.inbox())).toBe("=1");
    }));

  it.each<[unknown, "message" | "raw"]>([
    [{ message: true }, "message"],
    [{ message: false }, "raw"],
    [{}, "raw"],
    [undefined, "raw"],
    [null, "raw"],
    [{ message: 1 }, "raw"],
    [{ message: "true" }, "raw"],
    [true, "raw"],
    ["message", "raw"],
    [7, "raw"],
  ])("with options %j yield what they ask for [S2.22]", (options, expected) =>
    within(async (process) => {
      const listen = process.listen as (topic: string, options: unknown) => Channel<unknown>;
      const channel = listen("a", options);
      process.send(process.pid(), "a", 5);
      const got = await channel.receive();
      if (expected === "raw") expect(got).toBe(5);
      else expect(got).toMatchObject({ topic: "a", payload: 5, from: process.pid() });
    }),
  );

  it("stay one object; a later listen changes how the waiting and coming are shown only if it says so [S2.23, S2.24]", () =>
    within(async (process) => {
      const channel = process.listen("a");
      for (let i = 0; i < 6; i++) process.send(process.pid(), "a", i);
      expect(await channel.receive()).toBe(0);
      expect(process.listen("a", { message: true })).toBe(channel);
      expect(await channel.receive()).toMatchObject({ payload: 1 });
      expect(process.listen("a")).toBe(channel);
      expect(await channel.receive()).toMatchObject({ payload: 2 });
      process.listen("a", {} as { message?: false });
      expect(await channel.receive()).toMatchObject({ payload: 3 });
      expect(process.listen("a", { message: false })).toBe(channel);
      expect(await channel.receive()).toBe(4);
      process.listen("a");
      expect(await channel.receive()).toBe(5);
    }));

  it("shown differently while a receive waits show its message as decided last [S2.23]", () =>
    within(async (process) => {
      const got: unknown[] = [];
      const channel = process.listen("a");
      process.go(async () => {
        got.push(await channel.receive());
      });
      await process.sleep(1);
      process.listen("a", { message: true });
      process.send(process.pid(), "a", 7);
      await process.sleep(1);
      expect(got).toMatchObject([{ topic: "a", payload: 7 }]);
    }));

  it("are the identical object at every call and in the result of a select [S2.24]", () =>
    within(async (process) => {
      const [inbox, events, listener] = [process.inbox(), process.events(), process.listen("a")];
      expect(process.inbox()).toBe(inbox);
      expect(process.events()).toBe(events);
      expect(process.listen("a")).toBe(listener);
      expect(process.listen("b")).not.toBe(listener);
      process.send(process.pid(), "other");
      const one = await process.select([listener.caseReceive(), inbox.caseReceive(), events.caseReceive()]);
      expect(one.channel).toBe(inbox);
      process.send(process.pid(), "a");
      const two = await process.select([inbox.caseReceive(), listener.caseReceive()]);
      expect(two.channel).toBe(listener);
      await process.cancel(process.pid());
      expect((await process.select([events.caseReceive()])).channel).toBe(events);
    }));
});

describe("matching", () => {
  it("gives a listened topic to its listener and never to the inbox, also when only the inbox is read [S2.25]", () =>
    within(async (process) => {
      const inbox = process.inbox();
      const listener = process.listen("a");
      process.send(process.pid(), "a", 1);
      process.send(process.pid(), "b", 2);
      process.send(process.pid(), "a", 3);
      expect(await messageAtOnce(process, inbox)).toBe("b=2");
      expect(await messageAtOnce(process, inbox)).toBe("nothing");
      expect([await atOnce(process, listener), await atOnce(process, listener)]).toEqual([1, 3]);
    }));

  it("is on the exact topic: no case folding, no patterns, no prefixes [S2.26]", () =>
    within(async (process) => {
      const listeners = ["topic", "*", "topic.*", "to"].map((topic) => process.listen(topic));
      const near = ["Topic", "topic ", " topic", "topic.a", "t", "topi\u0441", "topic\u0000"];
      for (const topic of near) process.send(process.pid(), topic, topic);
      for (const listener of listeners) expect(await atOnce(process, listener)).toBe("nothing");
      const inbox = process.inbox();
      for (const topic of near) expect(await messageAtOnce(process, inbox)).toBe(`${topic}=${topic}`);
    }));

  it("waits without limit for whichever opens first, so that what came before listen is not lost [S2.27]", async () => {
    await simulate(1, async (sim) => {
      sim.define("app:late", async (process: Process) => {
        await process.sleep("10000h");
        const listener = process.listen("a");
        const got = [await listener.receive(), await listener.receive()];
        return [...got, (await process.inbox().receive())?.payload];
      });
      const probe = await sim.probe();
      const pid = await probe.process.spawnMonitored("app:late", sim.host);
      // Before its first turn, after it, and much later.
      probe.process.send(pid, "a", 1);
      await sim.settle();
      probe.process.send(pid, "b", 2);
      await sim.advance("9999h");
      probe.process.send(pid, "a", 3);
      await sim.untilIdle();
      expect(probe.events).toMatchObject([{ result: { value: [1, 3, 2] } }]);
    });
  });

  it("falls when the message is taken: a listener opened later gets what waits for the unread inbox [S2.28]", () =>
    within(async (process) => {
      const inbox = process.inbox();
      process.send(process.pid(), "a", 1);
      process.send(process.pid(), "b", 2);
      const listener = process.listen("a");
      expect(await atOnce(process, listener)).toBe(1);
      expect(await messageAtOnce(process, inbox)).toBe("b=2");
      expect(await messageAtOnce(process, inbox)).toBe("nothing");
    }));

  it("sees a waiting message at once, by receive and by a select with a default [S2.29]", () =>
    within(async (process) => {
      for (let i = 0; i < 4; i++) process.send(process.pid(), "a", i);
      expect(await messageAtOnce(process, process.inbox())).toBe("a=0");
      expect(await atOnce(process, process.listen("a"))).toBe(1);
      process.listen("a").close();
      expect(await messageAtOnce(process, process.inbox())).toBe("a=2");
      expect((await process.inbox().receive())?.payload).toBe(3);
      expect(await messageAtOnce(process, process.inbox())).toBe("nothing");
    }));

  it("never mixes events and messages, in whatever order they come and open [S2.30]", () =>
    within(async (process) => {
      await process.cancel(process.pid(), { reason: "one" });
      process.send(process.pid(), "pid.cancel", { kind: event.CANCEL, from: "{|}" });
      process.send(process.pid(), "events", 2);
      expect(await messageAtOnce(process, process.inbox())).toMatch(/^pid\.cancel=/);
      const events = process.events();
      expect(await atOnce(process, events)).toMatchObject({ kind: event.CANCEL, reason: "one" });
      expect(await atOnce(process, events)).toBe("nothing");
      expect(await messageAtOnce(process, process.inbox())).toBe("events=2");
    }));

  it("keeps unread events until events() is opened, and again after it was closed [S2.30, S2.32]", () =>
    within(async (process) => {
      for (const reason of ["one", "two", "three"]) await process.cancel(process.pid(), { reason });
      await process.sleep("1h");
      const first = process.events();
      expect(await atOnce(process, first)).toMatchObject({ reason: "one" });
      process.unlisten(first);
      await process.cancel(process.pid(), { reason: "four" });
      const second = process.events();
      expect(second).not.toBe(first);
      for (const reason of ["two", "three", "four"]) expect(await atOnce(process, second)).toMatchObject({ reason });
    }));
});

describe("unlisten", () => {
  it("closes the channel: those who wait get undefined and ok false, those who come as well [S2.31]", () =>
    within(async (process) => {
      const channels: Channel<unknown>[] = [process.inbox(), process.events(), process.listen("a")];
      for (const channel of channels) {
        const got: unknown[] = [];
        process.go(async () => {
          got.push(await channel.receive());
        });
        process.go(async () => {
          const { ok, value } = await process.select([channel.caseReceive()]);
          got.push([ok, value]);
        });
        process.go(async () => {
          for await (const value of channel) got.push(value);
          got.push("iteration over");
        });
        await process.sleep(1);
        expect(got).toEqual([]);
        expect(process.unlisten(channel)).toBeUndefined();
        await process.sleep(1);
        expect(got).toHaveLength(3);
        expect(got).toContain(undefined);
        expect(got).toContain("iteration over");
        expect(got).toContainEqual([false, undefined]);
        expect(await channel.receive()).toBeUndefined();
        expect(await atOnce(process, channel)).toBe("closed");
      }
    }));

  it("leaves unread messages in the mailbox, in their order, for the inbox or a later listener [S2.32]", () =>
    within(async (process) => {
      const listener = process.listen("a");
      for (let i = 0; i < 6; i++) process.send(process.pid(), i % 2 === 0 ? "a" : "b", i);
      expect(await atOnce(process, listener)).toBe(0);
      process.unlisten(listener);
      const inbox = process.inbox();
      expect(await messageAtOnce(process, inbox)).toBe("b=1");
      expect(await messageAtOnce(process, inbox)).toBe("a=2");
      const again = process.listen("a");
      expect(await atOnce(process, again)).toBe(4);
      expect(await messageAtOnce(process, inbox)).toBe("b=3");
      process.unlisten(inbox);
      expect(await atOnce(process, process.listen("b"))).toBe(5);
    }));

  it("gives what it frees to an inbox that waits for a message already [S2.31, S2.32]", () =>
    within(async (process) => {
      const listener = process.listen("a");
      process.send(process.pid(), "a", 1);
      const got: unknown[] = [];
      process.go(async () => {
        got.push((await process.inbox().receive())?.payload);
      });
      await process.sleep(1);
      expect(got).toEqual([]);
      process.unlisten(listener);
      await process.sleep(1);
      expect(got).toEqual([1]);
    }));

  it("is followed by a new channel, which starts as raw again [S2.33]", () =>
    within(async (process) => {
      const old = [process.inbox(), process.events(), process.listen("a", { message: true })];
      for (const channel of old) process.unlisten(channel);
      const fresh: Channel<unknown>[] = [process.inbox(), process.events(), process.listen("a")];
      fresh.forEach((channel, i) => {
        expect(channel).not.toBe(old[i]);
      });
      process.send(process.pid(), "a", 1);
      process.send(process.pid(), "b", 2);
      expect(await atOnce(process, fresh[2] as Channel<unknown>)).toBe(1);
      expect(await messageAtOnce(process, fresh[0] as Channel<Message>)).toBe("b=2");
      expect(await old[2]?.receive()).toBeUndefined();
    }));

  it("is what close() of a subscription does; closing again does nothing [S2.33]", () =>
    within(async (process) => {
      const listener = process.listen("a");
      process.send(process.pid(), "a", 1);
      listener.close();
      listener.close();
      expect(await listener.receive()).toBeUndefined();
      expect(await messageAtOnce(process, process.inbox())).toBe("a=1");
      const inbox = process.inbox();
      inbox.close();
      expect(process.inbox()).not.toBe(inbox);
    }));

  it("of what is no open subscription of the caller is INVALID and closes nothing [S2.34]", async () => {
    await simulate(1, async (sim) => {
      const other = await sim.probe();
      const foreign = other.process.listen("a");
      await sim.exec(async (process: Process) => {
        const closed = process.listen("a");
        process.unlisten(closed);
        const reopened = process.listen("a");
        const own = process.channel<number>(1);
        for (const channel of [closed, own, process.after("1s"), foreign, other.process.inbox()]) {
          expect(thrownBy(() => process.unlisten(channel)).kind).toBe(errors.INVALID);
        }
        await own.send(1);
        expect(await own.receive()).toBe(1);
        process.send(process.pid(), "a", 2);
        expect(await reopened.receive()).toBe(2);
      });
      sim.send(other.pid, "a", 3);
      sim.send(other.pid, "b", 4);
      await sim.untilIdle();
      expect(other.payloads("b")).toEqual([4]);
    });
  });

  it.each([[undefined], [null], [1], ["@inbox"], [{}], [Promise.resolve()]])("of %j raises [S2.34]", (value) =>
    within(async (process) => {
      const refusal = thrownBy(() => process.unlisten(value as Channel<unknown>));
      expect(refusal.kind).toBe(errors.INVALID);
      expect(refusal.message).toMatch(/^bad argument #1 to 'unlisten'/);
    }),
  );
});
