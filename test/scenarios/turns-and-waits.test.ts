/**
 * Order among those who wait, when a turn is used up in the middle of things. A process may take 64 values in a turn;
 * the next wait then goes on at its next turn, and nothing may slip in between (sections 2 and 11 of the spec).
 */
import type { Channel, Message, Process } from "beamish";
import { simulate } from "beamish/testing";
import { describe, expect, it } from "vitest";

/** As many of them as a turn may take, and some more or fewer. */
const USED_UP = [60, 61, 62, 63, 64, 65, 66];

async function run<R>(main: (process: Process) => Promise<R>, seed = 1): Promise<R> {
  let result: R | undefined;
  await simulate(seed, async (sim) => {
    result = await sim.exec<any>(main);
  });
  return result as R;
}

/** Takes and gives so often that the turn is used up. */
async function busy(process: Process, times: number): Promise<void> {
  const channel = process.channel<number>(1_000);
  for (let i = 0; i < times; i++) await channel.send(i);
}

describe("a channel", () => {
  it("keeps its order over many turns, whoever is faster [S11.2, S11.4, S11.6]", async () => {
    for (const room of [0, 1, 5, 1_000]) {
      const got = await run(async (process) => {
        const channel = process.channel<number>(room);
        process.go(async () => {
          for (let i = 0; i < 500; i++) await channel.send(i);
          channel.close();
        });
        const values: number[] = [];
        for await (const value of channel) values.push(value);
        return values;
      });
      expect(got).toEqual(Array.from({ length: 500 }, (_, i) => i));
    }
  });

  it.each(USED_UP)("lets no later value overtake one that waits, after %d steps [S11.4, S11.6]", async (times) => {
    const got = await run(async (process) => {
      const channel = process.channel<number>(10);
      await channel.send(1);
      await channel.send(2);
      await busy(process, times);
      const first = channel.receive();
      const sent = channel.send(3);
      const values = [await first, await channel.receive(), await channel.receive()];
      await sent;
      return values;
    });
    expect(got).toEqual([1, 2, 3]);
  });

  it.each(USED_UP)("gives out what is buffered though it is closed, after %d steps [S11.5]", async (times) => {
    const got = await run(async (process) => {
      const channel = process.channel<number>(10);
      await channel.send(1);
      await channel.send(2);
      await busy(process, times);
      const first = channel.receive();
      channel.close();
      return [await first, await channel.receive(), (await channel.receive()) ?? "closed"];
    });
    expect(got).toEqual([1, 2, "closed"]);
  });

  it.each(USED_UP)("wakes a sender when its value is taken, after %d steps [S11.2]", async (times) => {
    const got = await run(async (process) => {
      const channel = process.channel<string>();
      let sent = false;
      process.go(async () => {
        await channel.send("met");
        sent = true;
      });
      await process.sleep(1);
      await busy(process, times);
      const value = await channel.receive();
      await process.sleep(1);
      return [value, sent];
    });
    expect(got).toEqual(["met", true]);
  });

  it("hands undefined and null over like any value [S11.2, S16.33]", async () => {
    const got = await run(async (process) => {
      const channel = process.channel<unknown>(3);
      for (const value of [undefined, null, undefined]) await channel.send(value);
      channel.close();
      let count = 0;
      for await (const _ of channel) count++;
      return count;
    });
    expect(got).toBe(3);
  });

  it("stays empty for ever when a timer's channel is closed before the timer is due [S11.4, S11.17]", async () => {
    const got = await run(async (process) => {
      const channel = process.after("1s");
      channel.close();
      await process.sleep("5s");
      return [await channel.receive(), await channel.receive()].map((value) => value ?? "closed");
    });
    expect(got).toEqual(["closed", "closed"]);
  });
});

describe("a select", () => {
  it("does not take what somebody else waits for longer [S11.6, S2.13]", async () => {
    const got = await run(async (process) => {
      const log: unknown[] = [];
      const done = process.channel<null>();
      process.go(async () => {
        log.push(["first", (await process.inbox().receive())?.payload]);
        await done.send(null);
      });
      await process.sleep(1);
      for (const n of [1, 2]) process.send(process.pid(), "t", n);
      const { value } = await process.select([process.inbox().caseReceive()]);
      log.push(["second", value?.payload]);
      await done.receive();
      return log.sort();
    });
    expect(got).toEqual([
      ["first", 1],
      ["second", 2],
    ]);
  });

  it.each(USED_UP)(
    "takes the other case when the first is spoken for, after %d steps [S11.6, S11.7]",
    async (times) => {
      const got = await run(async (process) => {
        let taken: unknown = null;
        process.go(async () => {
          taken = (await process.inbox().receive())?.payload;
        });
        await process.sleep(1);
        const ready = process.channel<string>(1);
        await ready.send("ready");
        await busy(process, times);
        process.send(process.pid(), "t", "for the first");
        const { value } = await process.select([process.inbox().caseReceive(), ready.caseReceive()]);
        await process.sleep(1);
        return [taken, value];
      });
      expect(got).toEqual(["for the first", "ready"]);
    },
  );

  it("sees a waiting message as ready in a select with a default, in a turn used up, too [S2.29, S11.7]", async () => {
    const got = await run(async (process) => {
      for (let i = 0; i < 300; i++) process.send(process.pid(), "t", i);
      let count = 0;
      for (;;) {
        const { default: isEmpty } = await process.select([process.inbox().caseReceive()], { default: true });
        if (isEmpty === true) return count;
        count++;
      }
    });
    expect(got).toBe(300);
  });

  it("goes on with its other cases when the channel of a send case closes [S11.10, S11.3]", async () => {
    const got = await run(async (process) => {
      const [a, b] = [process.channel<number>(), process.channel<number>()];
      process.go(async () => {
        await process.sleep(1);
        a.close();
        await process.sleep(1);
        await b.send(7);
      });
      const chosen = await process.select({ a: a.caseSend(1), b: b.caseReceive() });
      return [chosen.case, chosen.value, chosen.channel === b];
    });
    expect(got).toEqual(["b", 7, true]);
  });

  it("meets a select that offers what it takes, but never itself [S11.7, S11.8]", async () => {
    const got = await run(async (process) => {
      const channel = process.channel<string>();
      const both = (mine: string) => process.select({ give: channel.caseSend(mine), take: channel.caseReceive() });
      const alone = both("from a");
      await process.sleep(1);
      const other = await both("from b");
      return [(await alone).case, (await alone).value ?? null, other.case, other.value ?? null];
    });
    // The first in list order of the second select is the offer, which the first select takes.
    expect(got).toEqual(["take", "from b", "give", null]);
  });

  it("reports the index in the list as it was given, what is no case counted [S11.8, S11.9, S16.34]", async () => {
    const got = await run(async (process) => {
      const channel = process.channel<number>(1);
      await channel.send(9);
      const chosen = await process.select([null as never, 5 as never, channel.caseReceive()]);
      return [chosen.case, chosen.value, chosen.ok, chosen.channel === channel];
    });
    expect(got).toEqual([2, 9, true, true]);
  });
});

describe("many messages", () => {
  it("reach one reader in order over many turns, and other processes have theirs meanwhile [S2.11, S2.13]", async () => {
    await simulate(3, async (sim) => {
      const probe = await sim.probe();
      sim.define("sim:reader", async (process: Process) => {
        const got: number[] = [];
        for await (const message of process.inbox()) {
          got.push(message.payload);
          if (got.length === 1_000) return got;
        }
        return null;
      });
      const pid = await probe.process.spawnMonitored("sim:reader", "sim:processes");
      for (let i = 0; i < 1_000; i++) probe.process.send(pid, "t", i);
      await sim.settle();
      expect(probe.events).toMatchObject([{ result: { value: Array.from({ length: 1_000 }, (_, i) => i) } }]);
    });
  });
});

describe("messages behind one that is on its way to a waiting coroutine", () => {
  it("reach a coroutine that has come to wait meanwhile [S2.25, S15.6]", async () => {
    await simulate(1, async (sim) => {
      const got: string[] = [];
      let open = () => {};
      const gate = new Promise<void>((resolve) => {
        open = resolve;
      });
      const pid = await sim.spawn(async (process: Process) => {
        const inbox = process.inbox();
        process.go(async () => {
          await gate;
          got.push(`late ${(await inbox.receive())?.topic}`);
        });
        got.push(`early ${(await inbox.receive())?.topic}`);
        await process.sleep(1_000);
      });
      await sim.settle();
      sim.send(pid, "one");
      sim.send(pid, "two");
      // The process has not had its turn; what it awaited of the world outside is there first.
      open();
      for (let i = 0; i < 5; i++) await gate;
      await sim.settle();
      expect(got).toEqual(["early one", "late two"]);
    });
  });
});

describe("coroutines that hand values to each other for ever", () => {
  it("keep no other of their process from a message or an event [S15.6, S2.25]", async () => {
    await simulate(1, async (sim) => {
      const got: string[] = [];
      const pid = await sim.spawn(async (process: Process) => {
        const there = process.channel<number>();
        const back = process.channel<number>();
        process.go(async () => {
          for (;;) {
            await there.send(1);
            await back.receive();
          }
        });
        process.go(async () => {
          for (;;) {
            await there.receive();
            await back.send(1);
          }
        });
        process.go(async () => {
          for await (const event of process.events()) got.push(event.kind);
        });
        for await (const message of process.inbox()) got.push(message.topic);
      });
      for (let i = 0; i < 5; i++) await sim.step();
      sim.send(pid, "one");
      sim.cancel(pid);
      sim.send(pid, "two");
      for (let i = 0; i < 20; i++) await sim.step();
      sim.terminate(pid);
      await sim.settle();
      expect([...got].sort()).toEqual(["one", "pid.cancel", "two"]);
      expect(got.indexOf("one")).toBeLessThan(got.indexOf("two"));
    });
  });

  it.each<[string, (inbox: Channel<any>) => Promise<any>]>([
    ["awaits it", (inbox) => inbox.receive()],
    [
      "holds the answer and awaits it then",
      async (inbox) => {
        const answer = inbox.receive();
        return await answer;
      },
    ],
    ["goes on in a callback", (inbox) => inbox.receive().then((message) => message)],
  ])("lose no message to an upgrade by one of them, for one who %s [S9.5, S2.14]", async (_, receive) => {
    for (let at = 1; at < 200; at += 1) {
      await simulate(1, async (sim) => {
        const got: string[] = [];
        let hops = 0;
        const main = async (process: Process, isNew?: boolean): Promise<void> => {
          const inbox = process.inbox();
          if (isNew === true) for (;;) got.push(((await inbox.receive()) as Message).topic);
          const there = process.channel<number>();
          const back = process.channel<number>();
          const hop = () => {
            if (++hops === at) void process.upgrade(null, true);
          };
          process.go(async () => {
            for (;;) {
              await there.send(1);
              hop();
              await back.receive();
              hop();
            }
          });
          process.go(async () => {
            for (;;) {
              await there.receive();
              hop();
              await back.send(1);
              hop();
            }
          });
          for (;;) got.push((await receive(inbox)).topic);
        };
        const pid = await sim.spawn(main);
        for (let i = 0; i < 12; i++) {
          await sim.step();
          if (i === 1 || i === 4) sim.send(pid, `${i}`);
        }
        sim.send(pid, "last");
        for (let i = 0; i < 12; i++) await sim.step();
        expect(got, `upgraded at hop ${at}`).toEqual(["1", "4", "last"]);
        sim.terminate(pid);
        await sim.settle();
      });
    }
  });
});
