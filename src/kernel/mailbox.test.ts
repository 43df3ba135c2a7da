/** The mailbox against a list that is searched from its front each time, and the work it does for a long one. */
import { afterEach, describe, expect, it } from "vitest";
import { SeededRandom } from "../testing/index.ts";
import { Mailbox, type TopicQueue } from "./mailbox.ts";
import { Message } from "./message.ts";
import { CountedMessage, Outstanding } from "./outstanding.ts";

const TOPICS = ["a", "b", "c", "d"];

/** What a mailbox does, in the plainest words. */
class NaiveMailbox {
  readonly waiting: Message[] = [];
  /** What the real one gave for each topic claimed. */
  readonly claimed = new Map<string, TopicQueue>();

  peekUnclaimed(): Message | null {
    return this.waiting.find(({ topic }) => !this.claimed.has(topic)) ?? null;
  }

  peekTopic(topic: string): Message | null {
    return this.waiting.find((message) => message.topic === topic) ?? null;
  }

  take(message: Message): void {
    this.waiting.splice(this.waiting.indexOf(message), 1);
  }
}

/**
 * One random program; every peek of every topic is compared after each step.
 *
 * @param isAnchored whether a message that nobody takes stays in front, so that all others are taken from behind it.
 */
function run(seed: number, steps: number, most: number, isAnchored = false): void {
  const random = new SeededRandom(seed);
  const real = new Mailbox();
  const naive = new NaiveMailbox();
  const gone: Message[] = [];
  const say = `seed ${seed}`;
  const takeBoth = (message: Message | null) => {
    if (message === null) return;
    real.take(message);
    naive.take(message);
    gone.push(message);
  };
  if (isAnchored) {
    const anchor = new Message("anchor", null, 0);
    naive.claimed.set("anchor", real.claim("anchor"));
    real.put(anchor);
    naive.waiting.push(anchor);
  }
  for (let step = 0; step < steps; step++) {
    const topic = random.pick(TOPICS);
    switch (random.below(10)) {
      case 0:
        if (naive.claimed.delete(topic)) real.release(topic);
        else naive.claimed.set(topic, real.claim(topic));
        break;
      case 1:
        if (!isAnchored && random.once(8)) {
          real.releaseAll();
          naive.claimed.clear();
        } else if (!isAnchored && random.once(2)) {
          const handed = new Message(topic, null, step);
          real.putBack(handed);
          naive.waiting.unshift(handed);
        }
        break;
      case 2:
      case 3:
        for (let left = random.below(3); left >= 0; left--) takeBoth(naive.peekUnclaimed());
        break;
      case 4:
      case 5:
        if (naive.claimed.has(topic))
          for (let left = random.below(6); left > 0; left--) takeBoth(naive.peekTopic(topic));
        break;
      case 6:
        if (!isAnchored && naive.waiting.length > 0 && random.once(2)) {
          const oldest = naive.waiting.shift() as Message;
          expect(real.takeOldest(), say).toBe(oldest);
          gone.push(oldest);
        }
        break;
      default:
        for (let left = random.below(naive.waiting.length < most ? 12 : 2); left > 0; left--) {
          const message = new Message(random.pick(TOPICS), null, step);
          real.put(message);
          naive.waiting.push(message);
        }
    }
    expect(real.waiting, say).toBe(naive.waiting.length);
    expect(real.peekUnclaimed(), say).toBe(naive.peekUnclaimed());
    for (const [claimed, queue] of naive.claimed) expect(queue.first, say).toBe(naive.peekTopic(claimed));
  }
  expect([...real.messages()], say).toEqual(naive.waiting);
  const ages = naive.waiting.map((message) => Message.arrival(message));
  expect(ages, say).toEqual([...ages].sort((a, b) => a - b));
  // What was taken holds on to nothing: a chain of garbage lives long.
  for (const message of gone) expect(Message.isTaken(message), say).toBe(true);
}

describe("a mailbox", () => {
  it("that scripts have made long gives everybody the same messages, one that was put back among them [S2.13, S2.28]", () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = new SeededRandom(seed);
      const of = new Outstanding(Infinity);
      const mailbox = new Mailbox();
      let left: Message[] = [];
      const put = () => {
        const message = new CountedMessage(random.pick(TOPICS), null, left.length, of, 1);
        mailbox.put(message);
        left.push(message);
      };
      const take = (message: Message | null) => {
        expect(message, `seed ${seed}`).toBe(left[0] ?? null);
        mailbox.take(message as Message);
        left.shift();
      };
      const handed = new CountedMessage(random.pick(TOPICS), null, "handed", of, 1);
      for (let i = 4_000 + random.below(200); i > 0; i--) put();
      mailbox.putBack(handed);
      left.unshift(handed);
      for (let i = random.below(300); i > 0; i--) put();
      for (let i = random.below(3); i > 0; i--) take(mailbox.peekUnclaimed());
      const topic = random.pick(TOPICS);
      const queue = mailbox.claim(topic);
      for (const message of left.filter((one) => one.topic === topic)) {
        expect(queue.first, `seed ${seed}`).toBe(message);
        mailbox.take(message);
      }
      expect(queue.first).toBe(null);
      left = left.filter((one) => one.topic !== topic);
      expect([...mailbox.messages()]).toEqual(left);
      for (let i = 0; i < 100; i++) take(mailbox.peekUnclaimed());
      mailbox.release(topic);
      while (left.length > 0) take(mailbox.peekUnclaimed());
      expect(of.bytes, `seed ${seed}: what is gone counts`).toBe(0);
    }
  });

  it("gives everybody the same message as a list that is searched each time, in random programs [S2.13, S2.25, S2.26, S2.28, S2.32]", () => {
    for (let seed = 1; seed <= 300; seed++) run(seed, 80, 10);
    for (let seed = 1_001; seed <= 1_030; seed++) run(seed, 400, 300);
    for (let seed = 2_001; seed <= 2_100; seed++) run(seed, 300, 15, true);
  });

  it("yields to a new listener what has waited for the inbox [S2.28]", () => {
    const mailbox = new Mailbox();
    const first = new Message("a", null, 1);
    const second = new Message("b", null, 2);
    mailbox.put(first);
    mailbox.put(second);
    expect(mailbox.peekUnclaimed()).toBe(first);
    const queue = mailbox.claim("a");
    expect(mailbox.peekUnclaimed()).toBe(second);
    expect(queue.first).toBe(first);
    mailbox.release("a");
    expect(mailbox.peekUnclaimed()).toBe(first);
  });

  it("takes nothing when it is only looked at [S2.28]", () => {
    const mailbox = new Mailbox();
    mailbox.put(new Message("a", null, 1));
    for (let i = 0; i < 3; i++) expect(mailbox.peekUnclaimed()?.payload).toBe(1);
    expect(mailbox.waiting).toBe(1);
  });
});

describe("messages taken out of the middle", () => {
  it("do not pile up behind one that nobody takes", () => {
    const mailbox = new Mailbox();
    const front = new Message("front", null, 0);
    const queue = mailbox.claim("b");
    mailbox.put(front);
    let longest = 0;
    for (let i = 0; i < 1_000; i++) {
      mailbox.put(new Message("b", null, i));
      mailbox.take(queue.first as Message);
      let length = 0;
      for (let at: Message | null = front; at !== null; at = Message.next(at)) length++;
      longest = Math.max(longest, length);
    }
    expect(longest).toBeLessThan(200);
    expect(mailbox.peekUnclaimed()).toBe(front);
  });
});

describe("a mailbox with 500,000 messages waiting", () => {
  const counted = ["next", "isTaken", "linkNext"] as const;
  const originals = Object.fromEntries(counted.map((name) => [name, Message[name]]));
  let steps = 0;

  afterEach(() => {
    for (const name of counted) Object.assign(Message, { [name]: originals[name] });
  });

  /** Counts every step along a chain from here on. */
  function count(): void {
    steps = 0;
    for (const name of counted) {
      const original = originals[name] as (...given: unknown[]) => unknown;
      Object.assign(Message, {
        [name]: (...given: unknown[]) => {
          steps++;
          return original(...given);
        },
      });
    }
  }

  const BACKLOG = 500_000;

  function filled(topicOf: (i: number) => string): Mailbox {
    const mailbox = new Mailbox();
    for (let i = 0; i < BACKLOG; i++) mailbox.put(new Message(topicOf(i), null, i));
    return mailbox;
  }

  it("gives a listener its message from behind all others in a few steps [S2.13]", () => {
    const mailbox = filled(() => "flood");
    const replies = mailbox.claim("reply");
    count();
    for (let i = 0; i < 1_000; i++) {
      mailbox.put(new Message("reply", null, i));
      const reply = replies.first as Message;
      expect(reply.payload).toBe(i);
      mailbox.take(reply);
    }
    expect(steps).toBeLessThan(1_000 * 20);
    expect(mailbox.waiting).toBe(BACKLOG);
    expect(mailbox.peekUnclaimed()?.payload).toBe(0);
  });

  it("gives the inbox its messages from behind all that are listened to in a few steps each", () => {
    const mailbox = filled(() => "flood");
    mailbox.claim("flood");
    expect(mailbox.peekUnclaimed()).toBe(null);
    count();
    for (let i = 0; i < 1_000; i++) {
      mailbox.put(new Message("other", null, i));
      mailbox.take(mailbox.peekUnclaimed() as Message);
      expect(mailbox.peekUnclaimed()).toBe(null);
    }
    expect(steps).toBeLessThan(1_000 * 20);
  });

  it.each([
    ["the inbox alone", () => "flood", [] as string[]],
    ["two listeners in turn", (i: number) => (i % 2 === 0 ? "a" : "b"), ["a", "b"]],
    ["one listener, and then the inbox", (i: number) => (i % 2 === 0 ? "a" : "b"), ["a"]],
  ])("is emptied by %s with work in proportion", (_title, topicOf, claimed) => {
    const mailbox = filled(topicOf);
    count();
    const queues = claimed.map((topic) => mailbox.claim(topic));
    let taken = 0;
    for (const queue of queues) {
      for (let next = queue.first; next !== null; next = queue.first) {
        mailbox.take(next);
        taken++;
      }
    }
    for (let next = mailbox.peekUnclaimed(); next !== null; next = mailbox.peekUnclaimed()) {
      mailbox.take(next);
      taken++;
    }
    expect(taken).toBe(BACKLOG);
    expect(mailbox.waiting).toBe(0);
    expect(steps).toBeLessThan(BACKLOG * 20);
  });

  it("makes room by dropping the oldest in a few steps each [S2.50]", () => {
    const mailbox = filled((i) => (i % 3 === 0 ? "a" : "b"));
    mailbox.claim("a");
    count();
    for (let i = 0; i < 1_000; i++) {
      expect(mailbox.takeOldest().payload).toBe(i);
      mailbox.put(new Message("a", null, BACKLOG + i));
    }
    expect(steps).toBeLessThan(1_000 * 20);
  });
});
