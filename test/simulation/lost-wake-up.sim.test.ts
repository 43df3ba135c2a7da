/**
 * The hunt for lost wake-ups: whatever a process waits for arrives at every possible point of going to sleep. Each small
 * program is run once for every order of its coroutines, its turns, the clock and the world outside; in the end
 * everything was received, the process has finished, and the island is idle.
 *
 *     receiver    hop ─▶ hop ─▶ look: nothing there ─▶ wait ─▶ … ─▶ turn ─▶ go on
 *     sender         ▲      ▲                        ▲       ▲         ▲      ▲
 *
 * Programs that would have too many orders, and those of the TypeScript engine, are run once for every place at which
 * two senders can act.
 */
import { describe, expect, it } from "vitest";
import type { Process as TypescriptProcess } from "../../src/index.ts";
import { ChannelCore, CLOSED, type Message, type OneShot, type Pid, type Source } from "../../src/kernel/index.ts";
import { type Simulation, simulate } from "../../src/testing/index.ts";
import { type Choose, type Code, type Coroutine, explore, HOP, HOST, SteppedIsland } from "./stepped-island.ts";

/** A program, what is done to it from outside, and what it must have got, in any order. */
interface Hunt {
  readonly title: string;
  readonly main: (code: Code, got: unknown[]) => Coroutine;
  readonly actions: (island: SteppedIsland, pid: Pid) => (() => void)[];
  readonly got: readonly unknown[];
}

const inbox = ({ syscalls }: Code): Source => syscalls.inbox();
const topic = ({ syscalls }: Code, name: string): Source => syscalls.listen(name, true);
const payload = (message: unknown) => (message as Message).payload;
const receiveFrom = (source: Source) => ({ kind: "receive", source }) as const;

function sends(...list: [topic: string, value: unknown][]): Hunt["actions"] {
  return (island, pid) =>
    list.map(
      ([name, value]) =>
        () =>
          void island.kernel.outside.send(pid, name, value),
    );
}

/** The turn is used up, as after 64 messages: whatever is waited for next is left to the next turn. */
function useUp({ syscalls }: Code): void {
  syscalls.process.budget = 0;
}

const both =
  (first: Hunt["actions"], second: Hunt["actions"]): Hunt["actions"] =>
  (island, pid) => [...first(island, pid), ...second(island, pid)];

const cancels: Hunt["actions"] = (island, pid) => [() => island.kernel.outside.cancel(pid)];

const HUNTS: Hunt[] = [
  ...[0, 1, 2, 3].map(
    (hops): Hunt => ({
      title: `an inbox read after ${hops} hops each time`,
      *main(code, got) {
        while (got.length < 3) {
          for (let i = 0; i < hops; i++) yield HOP;
          got.push(payload(yield { receive: inbox(code) }));
        }
      },
      actions: sends(["a", 1], ["b", 2], ["a", 3]),
      got: [1, 2, 3],
    }),
  ),
  {
    title: "a topic and the inbox, one after the other",
    *main(code, got) {
      got.push(payload(yield { receive: topic(code, "a") }));
      yield HOP;
      got.push(payload(yield { receive: inbox(code) }));
      got.push(payload(yield { receive: topic(code, "a") }));
    },
    actions: sends(["a", 1], ["b", 2], ["a", 3]),
    got: [1, 2, 3],
  },
  ...[1, 2, 3].map(
    (count): Hunt => ({
      title: `a select with ${count} cases`,
      *main(code, got) {
        while (got.length < 3) {
          const sources = [inbox(code)];
          if (count > 1) sources.push(code.syscalls.events());
          if (count > 2) sources.push(topic(code, "a"));
          const { value } = yield { select: sources.map(receiveFrom) };
          got.push((value as { kind?: string }).kind === "pid.cancel" ? "cancel" : payload(value));
          yield HOP;
        }
      },
      actions: count === 1 ? sends(["b", 1], ["a", 2], ["b", 3]) : both(sends(["b", 1], ["a", 2]), cancels),
      got: count === 1 ? [1, 2, 3] : [1, 2, "cancel"],
    }),
  ),
  {
    title: "two coroutines at one inbox",
    *main(code, got) {
      const done = new ChannelCore(1);
      const reader = function* (): Coroutine {
        while (got.length < 3) {
          got.push(payload(yield { receive: inbox(code) }));
          yield HOP;
        }
        done.close();
        return null;
      };
      code.go(reader());
      code.go(reader());
      yield { receive: done };
    },
    actions: sends(["a", 1], ["a", 2], ["a", 3]),
    got: [1, 2, 3],
  },
  {
    title: "a coroutine at a topic and one at the inbox",
    *main(code, got) {
      const listened = topic(code, "a");
      const done = new ChannelCore(1);
      code.go(
        (function* () {
          got.push(payload(yield { receive: listened }));
          yield HOP;
          got.push(payload(yield { receive: listened }));
          done.close();
        })(),
      );
      got.push(payload(yield { receive: inbox(code) }));
      yield { receive: done };
    },
    actions: sends(["a", 1], ["b", 2], ["a", 3]),
    got: [1, 2, 3],
  },
  {
    title: "a look that does not wait, until something is there",
    *main(code, got) {
      for (let looks = 0; looks < 2; looks++) {
        const { index, value } = yield { select: [receiveFrom(inbox(code))], default: true };
        if (index >= 0) got.push(payload(value));
      }
      while (got.length < 2) got.push(payload(yield { receive: inbox(code) }));
    },
    actions: sends(["a", 1], ["a", 2]),
    got: [1, 2],
  },
  {
    title: "a turn that is used up before each wait",
    *main(code, got) {
      while (got.length < 3) {
        useUp(code);
        got.push(payload(yield { receive: inbox(code) }));
      }
    },
    actions: sends(["a", 1], ["a", 2], ["a", 3]),
    got: [1, 2, 3],
  },
  {
    title: "a turn that is used up before each select of a topic, the events and the inbox",
    *main(code, got) {
      while (got.length < 3) {
        useUp(code);
        const { value } = yield {
          select: [topic(code, "a"), code.syscalls.events(), inbox(code)].map(receiveFrom),
        };
        got.push((value as { kind?: string }).kind === "pid.cancel" ? "cancel" : payload(value));
      }
    },
    actions: both(sends(["b", 1], ["a", 2]), cancels),
    got: [1, 2, "cancel"],
  },
  {
    title: "a topic that is let go while its messages come",
    *main(code, got) {
      const { syscalls } = code;
      const listened = syscalls.listen("a", true);
      const done = new ChannelCore(1);
      const reader = function* (source: Source): Coroutine {
        for (;;) {
          const message = yield { receive: source };
          if (message === CLOSED) return;
          got.push(payload(message));
          if (got.length === 3) done.close();
        }
      };
      code.go(reader(listened));
      code.go(reader(inbox(code)));
      yield HOP;
      yield HOP;
      syscalls.unlisten(listened);
      yield { receive: done };
    },
    actions: sends(["a", 1], ["a", 2], ["a", 3]),
    got: [1, 2, 3],
  },
  {
    title: "a sleep or a message, whichever comes first",
    *main(code, got) {
      const sleep: OneShot = code.syscalls.sleep(10);
      let slept = false;
      while (!slept || got.length < 2) {
        const sources = slept ? [inbox(code)] : [sleep, inbox(code)];
        const { index, value } = yield { select: sources.map(receiveFrom) };
        if (!slept && index === 0) slept = true;
        else got.push(payload(value));
      }
    },
    actions: sends(["a", 1], ["a", 2]),
    got: [1, 2],
  },
  ...[0, 1].map(
    (room): Hunt => ({
      title: `a channel with room for ${room}, filled from the inbox by another coroutine`,
      *main(code, got) {
        const channel = new ChannelCore(room);
        code.go(
          (function* () {
            for (let i = 0; i < 2; i++) {
              const value = payload(yield { receive: inbox(code) });
              if (i === 0) useUp(code);
              yield { select: [{ kind: "send", sink: channel, value, endsOnClose: true }] };
            }
          })(),
        );
        yield HOP;
        got.push(yield { receive: channel });
        useUp(code);
        got.push(yield { receive: channel });
      },
      actions: sends(["a", 1], ["a", 2]),
      got: [1, 2],
    }),
  ),
  {
    title: "a select of a channel and the inbox",
    *main(code, got) {
      const channel = new ChannelCore(0);
      code.go(
        (function* () {
          yield HOP;
          yield { select: [{ kind: "send", sink: channel, value: "inner", endsOnClose: true }] };
        })(),
      );
      while (got.length < 3) {
        const { index, value } = yield { select: [receiveFrom(channel), receiveFrom(inbox(code))] };
        got.push(index === 0 ? value : payload(value));
        useUp(code);
      }
    },
    actions: sends(["a", 1], ["a", 2]),
    got: [1, 2, "inner"],
  },
  {
    title: "the answer of an exec, and a message",
    *main(code, got) {
      const reply = code.syscalls.exec("test:child", HOST, [], null);
      const done = new ChannelCore(1);
      code.go(
        (function* () {
          yield HOP;
          got.push(payload(yield { receive: inbox(code) }));
          done.close();
        })(),
      );
      useUp(code);
      got.push(((yield { receive: reply }) as { value: unknown }).value);
      yield { receive: done };
    },
    actions: sends(["a", 1]),
    got: [1, "answer"],
  },
  {
    title: "an upgrade while messages come",
    *main(code, got) {
      got.push(payload(yield { receive: inbox(code) }));
      yield HOP;
      code.syscalls.upgrade("test:next", []);
      yield HOP;
    },
    actions: sends(["a", 1], ["a", 2], ["b", 3]),
    got: [1, 2, 3],
  },
];

function prepare({ main, actions }: Hunt, choose: Choose): { island: SteppedIsland; got: unknown[]; pid: Pid } {
  const island = new SteppedIsland(choose);
  const got: unknown[] = [];
  island.define("test:main", (code) => main(code, got));
  island.define("test:child", function* () {
    yield HOP;
    return "answer";
  });
  island.define("test:next", function* (code) {
    while (got.length < 3) {
      const { value } = yield { select: [topic(code, "b"), inbox(code)].map(receiveFrom) };
      got.push(payload(value));
    }
  });
  const pid = island.spawn("test:main");
  island.actions.push(...actions(island, pid));
  return { island, got, pid };
}

describe("what a process waits for arrives at every point of its going to sleep", () => {
  it.each(HUNTS.map((hunt) => [hunt.title, hunt] as const))("in %s [S2.14, S2.29]", (_title, hunt) => {
    const orders = explore((choose) => {
      const { island, got, pid } = prepare(hunt, choose);
      const atEnd = () => {
        expect([...got].sort()).toEqual([...hunt.got].sort());
        expect(island.kernel.outside.isAlive(pid)).toBe(false);
        expect(island.kernel.table.live).toBe(0);
        expect(island.kernel.timers.nextAtMs).toBe(Infinity);
      };
      return { island, atEnd };
    });
    expect(orders).toBeGreaterThan(1);
  });

  it("finds a wake-up that is lost", () => {
    const hunt: Hunt = {
      title: "a receiver that looks, and then waits for something else",
      *main(code, got) {
        const source = inbox(code);
        const { index, value } = yield { select: [receiveFrom(source)], default: true };
        if (index < 0) yield { receive: new ChannelCore() };
        else got.push(payload(value));
      },
      actions: sends(["a", 1]),
      got: [1],
    };
    const attempt = () =>
      explore((choose) => {
        const { island, got } = prepare(hunt, choose);
        return { island, atEnd: () => expect(got).toEqual([1]) };
      });
    expect(attempt).toThrow(/\[order \d+]/);
  });
});

describe("more than 64 messages are taken in several turns", () => {
  /** Turns and microtasks in their plain order, and one more message at a given place. */
  function run(place: number): { got: unknown[]; places: number; live: number } {
    const island = new SteppedIsland(() => 0);
    const got: unknown[] = [];
    island.define("test:main", function* (code) {
      while (got.length < 131) got.push(payload(yield { receive: inbox(code) }));
    });
    const pid = island.spawn("test:main");
    for (let i = 0; i < 130; i++) island.kernel.outside.send(pid, "a", i);
    let at = 0;
    for (let choices = island.choices(); choices.length > 0 || at <= place; choices = island.choices()) {
      if (at++ === place) island.kernel.outside.send(pid, "a", 130);
      else choices[0]?.();
    }
    return { got, places: at, live: island.kernel.table.live };
  }

  it("and one that comes at any point among them is the last [S2.13, S15.6]", () => {
    const { places } = run(0);
    expect(places).toBeGreaterThan(130);
    for (let place = 0; place < places; place++) {
      const { got, live } = run(place);
      expect(got, `place ${place}`).toEqual(Array.from({ length: 131 }, (_, i) => i));
      expect(live).toBe(0);
    }
  });
});

describe("a turn that serves many coroutines", () => {
  /** So many coroutines wait at the inbox, and one each at a topic and the events; all of them get something at once. */
  function run(count: number): { perTurn: number[]; got: unknown[]; live: number } {
    // Going on without a turn is allowed throughout: even so a turn has its bound.
    const island = new SteppedIsland(() => 1);
    const got: unknown[] = [];
    island.define("test:main", function* (code) {
      const done = new ChannelCore(1);
      const reader = function* (source: Source): Coroutine {
        got.push(yield { receive: source });
        if (got.length === count + 2) done.close();
        return null;
      };
      const sources = [topic(code, "b"), code.syscalls.events(), ...Array.from({ length: count }, () => inbox(code))];
      for (const source of sources) code.go(reader(source));
      yield { receive: done };
    });
    // Another one that is ready first: what is sent meanwhile waits for the turn of the receiver.
    island.define("test:other", function* () {
      yield HOP;
    });
    const pid = island.spawn("test:main");
    for (let next = island.choices()[0]; next !== undefined; next = island.choices()[0]) next();
    island.spawn("test:other");
    for (let i = 0; i < count; i++) island.kernel.outside.send(pid, "a", i);
    island.kernel.outside.send(pid, "b", "topic");
    island.kernel.outside.cancel(pid);
    const { scheduler } = island.kernel;
    const perTurn: number[] = [];
    while (scheduler.ready > 0) {
      const before = got.length;
      const turn = scheduler.stepAt(0);
      while (island.resumeOne());
      if (turn.pid === pid) perTurn.push(got.length - before);
    }
    return { perTurn, got, live: island.kernel.table.live };
  }

  it.each([1, 61, 62, 63, 64, 65, 66, 127, 128, 129, 200])("serves %i and two more, 64 a turn [S15.6]", (count) => {
    const { perTurn, got, live } = run(count);
    expect(got.length).toBe(count + 2);
    expect(Math.max(...perTurn)).toBeLessThanOrEqual(64);
    expect(live).toBe(0);
  });
});

/** TypeScript programs; each returns what it got, which must be 1 and 2. */
const FUNCTIONS: Record<string, (process: TypescriptProcess) => Promise<unknown[]>> = {
  "receive twice": async (process) => [
    (await process.inbox().receive())?.payload,
    (await process.inbox().receive())?.payload,
  ],
  "for await": async (process) => {
    const got: unknown[] = [];
    for await (const message of process.inbox()) if (got.push(message.payload) === 2) break;
    return got;
  },
  "select of two": async (process) => {
    const got: unknown[] = [];
    while (got.length < 2) {
      const { value } = await process.select([process.listen("b").caseReceive(), process.listen("a").caseReceive()]);
      got.push(value);
      await null;
    }
    return got;
  },
  "select of two with a sleep in between": async (process) => {
    const got: unknown[] = [];
    while (got.length < 2) {
      const after = process.after(5);
      const { case: chosen, value } = await process.select({
        after: after.caseReceive(),
        inbox: process.inbox().caseReceive(),
      });
      if (chosen === "inbox") got.push((value as Message).payload);
    }
    return got;
  },
  serve: async (process) => {
    const got: unknown[] = [];
    const take = (value: unknown) => (got.push(value) === 2 ? process.done(got) : null);
    return process.serve({ a: take, "@inbox": (message) => take(message.payload) });
  },
  "a channel behind the inbox": async (process) => {
    const channel = process.channel<unknown>();
    process.go(async () => {
      for await (const message of process.inbox()) await channel.send(message.payload);
    });
    return [await channel.receive(), await channel.receive()];
  },
  "two coroutines": async (process) => {
    const channel = process.channel<unknown>(2);
    for (const topicName of ["a", "b"]) {
      process.go(async () => {
        await null;
        await channel.send(await process.listen(topicName).receive());
      });
    }
    return [await channel.receive(), await channel.receive()];
  },
  "an answer of an exec first": async (process) => {
    await process.exec("sim:child", "sim:processes");
    return [(await process.inbox().receive())?.payload, (await process.inbox().receive())?.payload];
  },
};

describe("messages come at every microtask of a TypeScript process", () => {
  const TURNS = 3;
  const HOPS = 12;

  /** Sends at a hop of a turn; microtasks of the process and of this function take turns. */
  async function at(sim: Simulation, pid: Pid, turn: number, hop: number, send: () => void): Promise<void> {
    if (turn !== 0) return;
    for (let i = 0; i < hop; i++) await null;
    if (sim.isAlive(pid)) send();
  }

  it.each(Object.entries(FUNCTIONS))("and %s gets both [S2.14, S16.18]", async (_title, main) => {
    const places = Array.from({ length: TURNS * HOPS }, (_, i) => ({ turn: Math.floor(i / HOPS), hop: i % HOPS }));
    for (const [index, first] of places.entries()) {
      for (const second of places.slice(index)) {
        let result: unknown[] | null = null;
        await simulate(index, async (sim) => {
          sim.define("sim:child", async () => "answer");
          sim.define("sim:main", async (process: TypescriptProcess) => {
            result = await main(process);
          });
          const pid = await sim.spawn("sim:main");
          for (let turn = 0; turn < TURNS; turn++) {
            const stepped = sim.step();
            await Promise.all([
              at(sim, pid, turn - first.turn, first.hop, () => sim.send(pid, "a", 1)),
              at(sim, pid, turn - second.turn, second.hop, () => sim.send(pid, "b", 2)),
              stepped,
            ]);
          }
          await sim.advance("1s");
          expect(sim.isAlive(pid), `${JSON.stringify([first, second])}`).toBe(false);
        });
        expect((result as unknown as unknown[]).toSorted()).toEqual([1, 2]);
      }
    }
  });
});
