/** In what order messages arrive, and that none is lost or doubled (S2.11–S2.14). */
import { event, type Process } from "beamish";
import { simulate } from "beamish/testing";
import { describe, expect, it } from "vitest";

describe("the messages of one sender to one receiver", () => {
  it("enter the mailbox in the order of the sends, whatever their topics [S2.11]", async () => {
    for (let seed = 1; seed <= 20; seed++) {
      await simulate(seed, async (sim) => {
        const receiver = await sim.probe();
        const topics = ["a", "b", "", "c"];
        for (const name of ["one", "two", "three"]) {
          await sim.spawn(async (process: Process) => {
            for (let i = 0; i < 200; i++) {
              process.send(receiver.pid, sim.random.pick(topics), name, i);
              if (sim.random.once(5)) await process.sleep(sim.random.below(3));
            }
          });
        }
        await sim.untilIdle();
        const payloads = receiver.messages.map((message) => message.payload as [string, number]);
        for (const name of ["one", "two", "three"]) {
          const numbers = payloads.filter(([from]) => from === name).map(([, i]) => i);
          expect(numbers).toEqual(Array.from({ length: 200 }, (_, i) => i));
        }
      });
    }
  });

  it("enter it before the sender's EXIT, and before its LINK_DOWN, in 1,000 runs [S2.12]", async () => {
    let failures = 0;
    for (let seed = 1; seed <= 1_000; seed++) {
      const normal = seed % 2 === 0;
      await simulate(seed, async (sim) => {
        sim.define("app:child", async (process: Process, to: string) => {
          for (let i = 0; i < 3; i++) {
            if (sim.random.once(2)) await process.sleep(0);
            process.send(to, "last", i);
          }
          if (!normal) throw new Error("over");
        });
        await sim.exec(async (process: Process) => {
          process.setOptions({ trapLinks: true });
          await process.spawnLinkedMonitored("app:child", sim.host, process.pid());
          const ends = normal ? [event.EXIT] : [event.EXIT, event.LINK_DOWN];
          for (const kind of ends) {
            if ((await process.events().receive())?.kind !== kind) failures++;
          }
          // All three are there now, or never.
          for (let i = 0; i < 3; i++) {
            const got = await process.select({ message: process.inbox().caseReceive() }, { default: true });
            if (got.value?.payload !== i) failures++;
          }
        });
      });
    }
    expect(failures).toBe(0);
  });
});

describe("a subscription", () => {
  it("yields its messages in mailbox order, and one that nobody reads holds back no other [S2.13]", async () => {
    await simulate(1, async (sim) => {
      const seen = await sim.exec(async (process: Process) => {
        const [unread, read, inbox] = [process.listen("unread"), process.listen("read"), process.inbox()];
        for (let i = 0; i < 300; i++) process.send(process.pid(), ["unread", "read", "other"][i % 3] as string, i);
        const got: unknown[] = [];
        for (let i = 0; i < 100; i++) got.push(await read.receive());
        for (let i = 0; i < 100; i++) got.push((await inbox.receive())?.payload);
        for (let i = 0; i < 100; i++) got.push(await unread.receive());
        return got;
      });
      const each = (rest: number) => Array.from({ length: 100 }, (_, i) => 3 * i + rest);
      expect(seen).toEqual([...each(1), ...each(2), ...each(0)]);
    });
  });
});

describe("a message", () => {
  it("is received exactly once while its target lives, in a storm of senders and readers [S2.14]", async () => {
    for (let seed = 1; seed <= 30; seed++) {
      await simulate(seed, async (sim) => {
        const received: number[] = [];
        const total = 400;
        const receiver = await sim.spawn(async (process: Process) => {
          const read = async (topic: string) => {
            for (;;) {
              const source = topic === "inbox" ? process.inbox() : process.listen(topic, { message: true });
              let message = await source.receive();
              for (let more = sim.random.below(4); message !== undefined; more--) {
                received.push(message.payload as number);
                if (more === 0) break;
                message = await source.receive();
              }
              // Undefined: the other reader of this topic has closed it.
              if (message !== undefined && sim.random.once(3)) source.close();
              if (sim.random.once(3)) await process.sleep(1);
            }
          };
          for (const topic of ["inbox", "a", "b", "a", "inbox"]) process.go(() => read(topic));
          // Whatever a closed listener left behind is picked up in the end.
          await process.channel().receive();
        });
        for (let s = 0; s < 4; s++) {
          await sim.spawn(async (process: Process) => {
            for (let i = 0; i < total / 4; i++) {
              process.send(receiver, sim.random.pick(["a", "b", "c"]), s * 1_000 + i);
              if (sim.random.once(4)) await process.sleep(1);
            }
          });
        }
        await sim.untilIdle();
        expect(received).toHaveLength(total);
        expect(new Set(received).size).toBe(total);
        expect(sim.deadLetters.count()).toBe(0);
      });
    }
  });

  it("taken selectively from behind 500,000 others costs what it costs from an empty mailbox [S2.13, S2.14]", async () => {
    await simulate(3, async (sim) => {
      const seen = await sim.exec(async (process: Process) => {
        const backlog = 500_000;
        for (let i = 0; i < backlog; i++) process.send(process.pid(), "backlog", i);
        const wanted = process.listen("wanted");
        // A walk over the backlog per message would be 10^10 steps: the test would not come to its end.
        let sum = 0;
        for (let i = 0; i < 20_000; i++) {
          process.send(process.pid(), "wanted", i);
          sum += (await wanted.receive()) as number;
        }
        const inbox = process.inbox();
        let inOrder = 0;
        for (let i = 0; i < backlog; i++) if ((await inbox.receive())?.payload === i) inOrder++;
        return [sum, inOrder];
      });
      expect(seen).toEqual([(20_000 * 19_999) / 2, 500_000]);
    });
  });
});
