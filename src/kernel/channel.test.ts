/** Channels between coroutines, against queues that are written down by hand. */
import { describe, expect, it } from "vitest";
import { SeededRandom } from "../testing/index.ts";
import { ChannelCore } from "./channel.ts";
import type { Syscalls } from "./syscalls.ts";
import { CLOSED, SeveralCases, Strand } from "./wait.ts";

/** As much of a run as a strand needs: it goes on at once, so that the order of outcomes can be seen. */
function runOf(): Syscalls {
  const process = { waits: 0, settled: (strand: Strand) => strand.resumeSettled() };
  return { process } as unknown as Syscalls;
}

class NotingStrand extends Strand {
  readonly #note: (value: unknown) => void;

  constructor(run: Syscalls, note: (value: unknown) => void) {
    super(run);
    this.#note = note;
  }

  override resume(value: unknown): void {
    this.#note(value);
  }
}

/** A channel, what is done with it, and what each coroutine got, line by line. */
class User {
  readonly channel: ChannelCore;
  readonly run = runOf();
  readonly log: string[] = [];

  constructor(size: number) {
    this.channel = new ChannelCore(size);
  }

  receive(who: number): void {
    if (this.channel.isReady()) this.#note(`${who} got`, this.channel.take());
    else new NotingStrand(this.run, (value) => this.#note(`${who} got`, value)).waitAt(this.channel);
  }

  send(who: number, value: unknown): void {
    if (this.channel.canGive()) {
      this.channel.give(value);
      this.log.push(`${who} sent true`);
      return;
    }
    const strand = new NotingStrand(this.run, (outcome) => this.#note(`${who} sent`, outcome));
    strand.waitForAny(new SeveralCases([{ kind: "send", sink: this.channel, value, endsOnClose: true }]));
  }

  #note(what: string, value: unknown): void {
    this.log.push(`${what} ${value === CLOSED ? "closed" : String(value)}`);
  }
}

/** The same, by hand. */
class NaiveUser {
  readonly log: string[] = [];
  readonly #room: number;
  readonly #buffer: number[] = [];
  readonly #senders: { who: number; value: number }[] = [];
  readonly #receivers: number[] = [];
  closed = false;

  constructor(size: number) {
    this.#room = Math.max(0, size);
  }

  receive(who: number): void {
    const value = this.#buffer.shift();
    const sender = this.#senders.shift();
    if (value !== undefined) {
      if (sender !== undefined) {
        this.#buffer.push(sender.value);
        this.log.push(`${sender.who} sent true`);
      }
      this.log.push(`${who} got ${value}`);
    } else if (sender !== undefined) {
      this.log.push(`${sender.who} sent true`, `${who} got ${sender.value}`);
    } else if (this.closed) this.log.push(`${who} got closed`);
    else this.#receivers.push(who);
  }

  send(who: number, value: number): void {
    const receiver = this.#receivers.shift();
    if (receiver !== undefined) this.log.push(`${receiver} got ${value}`, `${who} sent true`);
    else if (this.#buffer.length < this.#room) {
      this.#buffer.push(value);
      this.log.push(`${who} sent true`);
    } else this.#senders.push({ who, value });
  }

  close(): void {
    this.closed = true;
    for (const who of this.#receivers.splice(0)) this.log.push(`${who} got closed`);
    for (const { who } of this.#senders.splice(0)) this.log.push(`${who} sent closed`);
  }
}

describe("a channel", () => {
  it("serves senders and receivers first come, first served, in random programs [S11.1, S11.2, S11.3, S11.4, S11.5, S11.6]", () => {
    for (let seed = 1; seed <= 500; seed++) {
      const random = new SeededRandom(seed);
      const size = random.pick([-1, 0, 0, 1, 2, 5]);
      const real = new User(size);
      const naive = new NaiveUser(size);
      for (let step = 0; step < 40; step++) {
        const chance = random.below(20);
        if (chance === 0) {
          real.channel.close();
          naive.close();
        } else if (chance < 10) {
          real.receive(step);
          naive.receive(step);
        } else if (!naive.closed) {
          real.send(step, step);
          naive.send(step, step);
        }
        expect(real.log, `seed ${seed}`).toEqual(naive.log);
        expect(real.channel.isClosed, `seed ${seed}`).toBe(naive.closed);
      }
    }
  });

  it("hands over any value, undefined too, as it is [S11.2]", () => {
    const channel = new ChannelCore(3);
    const values = [undefined, { a: 1 }, () => 1];
    for (const value of values) channel.give(value);
    expect(values.map(() => channel.take())).toEqual(values);
  });

  it("takes no fraction of a value for room [S11.1]", () => {
    const channel = new ChannelCore(1.9);
    channel.give(1);
    expect(channel.canGive()).toBe(false);
    expect(new ChannelCore(0.5).canGive()).toBe(false);
    expect(new ChannelCore(-3).canGive()).toBe(false);
  });

  it("yields what is buffered after it was closed, and then nothing for ever [S11.4, S11.5]", () => {
    const channel = new ChannelCore(2);
    channel.give(1);
    channel.give(2);
    channel.close();
    channel.close();
    expect(channel.canGive()).toBe(false);
    expect([1, 2, 3, 4].map(() => channel.take())).toEqual([1, 2, CLOSED, CLOSED]);
  });

  it("leaves a send of a select waiting when it closes [S11.10]", () => {
    const user = new User(0);
    const other = new ChannelCore(0);
    const strand = new NotingStrand(user.run, (value) => user.log.push(String(value)));
    strand.waitForAny(
      new SeveralCases([
        { kind: "send", sink: user.channel, value: 1, endsOnClose: false },
        { kind: "receive", source: other },
      ]),
    );
    user.channel.close();
    expect(user.log).toEqual([]);
    other.give("other");
    expect(user.log).toEqual(["other"]);
    expect(user.run.process.waits).toBe(0);
  });
});
