/**
 * The messages waiting for one process: in order, by topic, and who may take which.
 *
 * Who gets a message is decided when it is taken, not when it arrives (S2.28), so a message stays where it is and only
 * the question "is somebody listening for this topic?" changes. As long as nobody ever listened, a mailbox is one
 * chain and nothing else. The first `claim` builds an index of topics; from then on
 *
 *     order     a1 ─▶ b1 ─▶ a2 ─▶ c1 ─▶ b2         all that wait, taken ones passed over
 *     topics    a: a1, a2   b: b1, b2   c: c1         who listens for "b" takes b1 in one step
 *     cursor               ▲                        everything before it is claimed or taken: the inbox starts here
 *
 * so taking one message from behind 500,000 others costs what it costs from an empty mailbox. Messages that were taken
 * out of the middle are swept from the chain when they outnumber the waiting ones.
 *
 * Whoever claims first pays for the index of all that wait. Where scripts send, the index is made before there are too
 * many, so that none of them can have others wait for that.
 */
import { Fifo } from "./fifo.ts";
import { Message } from "./message.ts";
import { CountedMessage } from "./outstanding.ts";

/** The messages of one topic, in order. There may be as many topics as messages, so one alone takes no ring. */
export class TopicQueue {
  /** The oldest; `null` when there is none. */
  first: Message | null = null;
  #rest: Fifo<Message> | null = null;

  push(message: Message): void {
    if (this.first === null) this.first = message;
    else {
      this.#rest ??= new Fifo();
      this.#rest.push(message);
    }
  }

  /** Puts a message before all others. */
  putBack(message: Message): void {
    const { first } = this;
    this.first = message;
    if (first === null) return;
    const rest = new Fifo<Message>();
    rest.push(first);
    for (const old = this.#rest; old !== null && old.length > 0; ) rest.push(old.shift());
    this.#rest = rest;
  }

  /** Drops the oldest. */
  shift(): void {
    this.first = this.#rest === null || this.#rest.length === 0 ? null : this.#rest.shift();
  }
}

/** What is needed only where topics are told apart. */
class TopicIndex {
  readonly topics = new Map<string, TopicQueue>();
  /** The topic asked for last, and its queue: the next message mostly has the same. */
  lastTopic = "";
  lastQueue: TopicQueue | null = null;
  /** The topics for which a subscription is open. */
  readonly claimed = new Set<string>();
  cursor: Message | null;
  /** How many taken messages still hang in the chain. */
  taken = 0;

  constructor(cursor: Message | null) {
    this.cursor = cursor;
  }
}

const SWEEP_AT = 64;
/** With how many waiting messages a further one of a script has them indexed. */
const INDEX_AT = 4_096;
/** The number of the first arrival; there is room below for messages that are put back. */
const FIRST_ARRIVAL = 2 ** 20;

/** The messages waiting for one process. Looking (`peek…`) never takes. */
export class Mailbox {
  declare private head: Message | null;
  declare private tail: Message | null;
  /** How many messages wait. */
  declare waiting: number;
  declare private arrivals: number;
  declare private index: TopicIndex | null;

  constructor() {
    this.head = null;
    this.tail = null;
    this.waiting = 0;
    this.arrivals = FIRST_ARRIVAL;
    this.index = null;
  }

  /** Adds a message behind all others. */
  put(message: Message): void {
    const { tail } = this;
    if (tail === null) this.head = message;
    else Message.linkNext(tail, message);
    this.tail = message;
    this.waiting++;
    const isCounted = CountedMessage.stands(message);
    Message.setArrival(message, this.arrivals++);
    if (this.index !== null) note(this.index, message);
    else if (isCounted && this.waiting >= INDEX_AT) this.makeIndex();
  }

  /** Puts a message back before all others. */
  putBack(message: Message): void {
    const { head } = this;
    Message.linkNext(message, head);
    Message.setArrival(message, head === null ? this.arrivals++ : Message.arrival(head) - 1);
    this.head = message;
    if (head === null) this.tail = message;
    this.waiting++;
    CountedMessage.stands(message);
    const { index } = this;
    if (index === null) return;
    index.cursor = message;
    queueOf(index, message.topic).putBack(message);
  }

  /** The oldest message nobody listens for, which is what the inbox yields; `null` when there is none. */
  peekUnclaimed(): Message | null {
    const { index } = this;
    if (index === null || index.claimed.size === 0) return this.head;
    let at = index.cursor;
    while (at !== null && (Message.isTaken(at) || index.claimed.has(at.topic))) at = Message.next(at);
    index.cursor = at;
    return at;
  }

  /** Takes a message that a peek has shown. */
  take(message: Message): void {
    this.waiting--;
    CountedMessage.leaves(message);
    Message.markTaken(message);
    const { index } = this;
    if (index === null) {
      const next = Message.next(message);
      this.head = next;
      if (next !== null) Message.linkNext(message, null);
      else {
        this.tail = null;
        this.arrivals = FIRST_ARRIVAL;
      }
      return;
    }
    index.taken++;
    forget(index, message);
    this.dropTakenHead(index);
    if (index.taken > SWEEP_AT && index.taken > this.waiting) this.sweep(index);
  }

  /** Takes the message that has waited longest, of whatever topic. Only for a mailbox that is not empty. */
  takeOldest(): Message {
    let oldest = this.head as Message;
    while (Message.isTaken(oldest)) oldest = Message.next(oldest) as Message;
    this.take(oldest);
    return oldest;
  }

  /** From now on messages of this topic go to its listener; the queue of those that wait, good until its release. */
  claim(topic: string): TopicQueue {
    const index = this.index ?? this.makeIndex();
    index.claimed.add(topic);
    return queueOf(index, topic);
  }

  private makeIndex(): TopicIndex {
    const index = new TopicIndex(this.head);
    for (let at = this.head; at !== null; at = Message.next(at)) note(index, at);
    this.index = index;
    return index;
  }

  /** Nobody listens for this topic any more; what waits of it is for the inbox or the next listener (S2.32). */
  release(topic: string): void {
    const index = this.index as TopicIndex;
    index.claimed.delete(topic);
    if (queueOf(index, topic).first === null) dropQueue(index, topic);
    else index.cursor = this.head;
    this.dropIndexIfIdle(index);
  }

  /** Lets go of every claim, as an upgrade does: what waits is matched anew. */
  releaseAll(): void {
    if (this.index !== null) for (const topic of this.index.claimed) this.release(topic);
  }

  /** The messages that wait, in order. */
  *messages(): Generator<Message, void, undefined> {
    for (let at = this.head; at !== null; at = Message.next(at)) if (!Message.isTaken(at)) yield at;
  }

  private dropTakenHead(index: TopicIndex): void {
    let at = this.head;
    while (at !== null && Message.isTaken(at)) {
      const next = Message.next(at);
      if (at === index.cursor) index.cursor = next;
      Message.linkNext(at, null);
      index.taken--;
      at = next;
    }
    this.head = at;
    if (at !== null) return;
    this.tail = null;
    this.arrivals = FIRST_ARRIVAL;
    this.dropIndexIfIdle(index);
  }

  /** Rebuilds the chain without the messages that were taken out of its middle. */
  private sweep(index: TopicIndex): void {
    let last: Message | null = null;
    let at = this.head;
    while (at !== null) {
      const next = Message.next(at);
      if (Message.isTaken(at)) {
        if (at === index.cursor) index.cursor = next;
        Message.linkNext(at, null);
      } else {
        if (last === null) this.head = at;
        else Message.linkNext(last, at);
        last = at;
      }
      at = next;
    }
    if (last !== null) Message.linkNext(last, null);
    this.tail = last;
    index.taken = 0;
  }

  private dropIndexIfIdle(index: TopicIndex): void {
    if (index.claimed.size === 0 && this.head === null) this.index = null;
  }
}

function note(index: TopicIndex, message: Message): void {
  if (index.cursor === null) index.cursor = message;
  queueOf(index, message.topic).push(message);
}

function queueOf(index: TopicIndex, topic: string): TopicQueue {
  if (index.lastQueue !== null && topic === index.lastTopic) return index.lastQueue;
  let queue = index.topics.get(topic);
  if (queue === undefined) {
    queue = new TopicQueue();
    index.topics.set(topic, queue);
  }
  index.lastTopic = topic;
  index.lastQueue = queue;
  return queue;
}

function dropQueue(index: TopicIndex, topic: string): void {
  index.topics.delete(topic);
  index.lastQueue = null;
}

/** A taken message is always the first of its topic: listener, inbox and takeOldest all go by age. */
function forget(index: TopicIndex, message: Message): void {
  const queue = queueOf(index, message.topic);
  queue.shift();
  if (queue.first === null && !index.claimed.has(message.topic)) dropQueue(index, message.topic);
}
