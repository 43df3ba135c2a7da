/**
 * The messages waiting for one process: in order, by topic, and who may take which.
 *
 * Who gets a message is decided when it is taken, not when it arrives (S2.28), so a message stays where it is and only
 * the question "is somebody listening for this topic?" changes. As long as nobody ever listened, a mailbox is one
 * chain and nothing else. The first `claim` builds an index of topics; from then on
 *
 *     order     a1 ─▶ b1 ─▶ a2 ─▶ c1 ─▶ b2         all that wait, taken ones passed over
 *     topics    a: a1 ─▶ a2   b: b1 ─▶ b2   c: c1   who listens for "b" takes b1 in one step
 *     cursor               ▲                        everything before it is claimed or taken: the inbox starts here
 *
 * so taking one message from behind 500,000 others costs what it costs from an empty mailbox. Messages that were taken
 * out of the middle are swept from the chain when they outnumber the waiting ones.
 */
import { Message } from "./message.ts";

/** The messages of one topic. */
interface TopicChain {
  head: Message | null;
  tail: Message | null;
  /** Whether a subscription is open for the topic. */
  claimed: boolean;
}

const SWEEP_AT = 64;

/** The messages waiting for one process. Looking (`peek…`) never takes. */
export class Mailbox {
  #head: Message | null = null;
  #tail: Message | null = null;
  #waiting = 0;
  #arrivals = 0;
  #topics: Map<string, TopicChain> | null = null;
  #claims = 0;
  #cursor: Message | null = null;
  /** How many taken messages still hang in the chain. */
  #taken = 0;

  /** How many messages wait. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Adds a message behind all others. */
  put(message: Message): void {
    if (this.#tail === null) this.#head = message;
    else Message.linkNext(this.#tail, message);
    this.#tail = message;
    this.#waiting++;
    Message.setArrival(message, this.#arrivals++);
    if (this.#topics !== null) this.#index(this.#topics, message);
  }

  /** The oldest message nobody listens for, which is what the inbox yields; `null` when there is none. */
  peekUnclaimed(): Message | null {
    if (this.#topics === null) return this.#head;
    let at = this.#cursor;
    while (at !== null && (Message.isTaken(at) || this.#topics.get(at.topic)?.claimed === true)) at = Message.next(at);
    this.#cursor = at;
    return at;
  }

  /** The oldest message of a topic; `null` when there is none. Only for a claimed topic. */
  peekTopic(topic: string): Message | null {
    return this.#topics?.get(topic)?.head ?? null;
  }

  /** Whether a message of this topic would go to a listener. */
  isClaimed(topic: string): boolean {
    return this.#topics?.get(topic)?.claimed === true;
  }

  /** Takes a message that a peek has shown. */
  take(message: Message): void {
    this.#waiting--;
    Message.markTaken(message);
    if (this.#topics === null) {
      this.#head = Message.next(message);
      if (this.#head === null) this.#tail = null;
      else Message.linkNext(message, null);
      return;
    }
    this.#taken++;
    this.#unindex(this.#topics, message);
    this.#dropTakenHead();
    if (this.#taken > SWEEP_AT && this.#taken > this.#waiting) this.#sweep();
  }

  /** Takes the message that has waited longest, of whatever topic. Only for a mailbox that is not empty. */
  takeOldest(): Message {
    let oldest = this.#head as Message;
    while (Message.isTaken(oldest)) oldest = Message.next(oldest) as Message;
    this.take(oldest);
    return oldest;
  }

  /** From now on messages of this topic go to its listener. */
  claim(topic: string): void {
    if (this.#topics === null) {
      this.#topics = new Map();
      this.#cursor = this.#head;
      for (let at = this.#head; at !== null; at = Message.next(at)) this.#index(this.#topics, at);
    }
    const chain = this.#topics.get(topic);
    if (chain === undefined) this.#topics.set(topic, { head: null, tail: null, claimed: true });
    else chain.claimed = true;
    this.#claims++;
  }

  /** Nobody listens for this topic any more; what waits of it is for the inbox or the next listener (S2.32). */
  release(topic: string): void {
    const topics = this.#topics as Map<string, TopicChain>;
    const chain = topics.get(topic) as TopicChain;
    chain.claimed = false;
    this.#claims--;
    if (chain.head === null) topics.delete(topic);
    else this.#cursor = this.#head;
    this.#dropIndexIfIdle();
  }

  /** Lets go of every claim, as an upgrade does: what waits is matched anew. */
  releaseAll(): void {
    if (this.#topics === null) return;
    for (const [topic, chain] of this.#topics) {
      chain.claimed = false;
      if (chain.head === null) this.#topics.delete(topic);
    }
    this.#claims = 0;
    this.#cursor = this.#head;
    this.#dropIndexIfIdle();
  }

  /** The messages that wait, in order. */
  *messages(): Generator<Message, void, undefined> {
    for (let at = this.#head; at !== null; at = Message.next(at)) if (!Message.isTaken(at)) yield at;
  }

  #index(topics: Map<string, TopicChain>, message: Message): void {
    if (this.#cursor === null) this.#cursor = message;
    const chain = topics.get(message.topic);
    if (chain === undefined) {
      topics.set(message.topic, { head: message, tail: message, claimed: false });
      return;
    }
    if (chain.tail === null) chain.head = message;
    else Message.linkNextOfTopic(chain.tail, message);
    chain.tail = message;
  }

  /** A taken message is always the first of its topic: listener, inbox and takeOldest all go by age. */
  #unindex(topics: Map<string, TopicChain>, message: Message): void {
    const chain = topics.get(message.topic) as TopicChain;
    chain.head = Message.nextOfTopic(message);
    Message.linkNextOfTopic(message, null);
    if (chain.head !== null) return;
    chain.tail = null;
    if (!chain.claimed) topics.delete(message.topic);
  }

  #dropTakenHead(): void {
    let at = this.#head;
    while (at !== null && Message.isTaken(at)) {
      const next = Message.next(at);
      if (at === this.#cursor) this.#cursor = next;
      Message.linkNext(at, null);
      this.#taken--;
      at = next;
    }
    this.#head = at;
    if (at !== null) return;
    this.#tail = null;
    this.#dropIndexIfIdle();
  }

  /** Rebuilds the chain without the messages that were taken out of its middle. */
  #sweep(): void {
    let last: Message | null = null;
    let at = this.#head;
    while (at !== null) {
      const next = Message.next(at);
      if (Message.isTaken(at)) {
        if (at === this.#cursor) this.#cursor = next;
        Message.linkNext(at, null);
      } else {
        if (last === null) this.#head = at;
        else Message.linkNext(last, at);
        last = at;
      }
      at = next;
    }
    if (last !== null) Message.linkNext(last, null);
    this.#tail = last;
    this.#taken = 0;
  }

  #dropIndexIfIdle(): void {
    if (this.#claims > 0 || this.#head !== null) return;
    this.#topics = null;
    this.#cursor = null;
  }
}
