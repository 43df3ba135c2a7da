/**
 * A channel onto the mailbox: the inbox, the events, or one topic (S2.17–S2.34). It holds nothing itself; what it
 * yields is taken from the process's mailbox (or its list of events) in the moment it is received, so closing it loses
 * nothing.
 */
import { Float, formOf } from "./form.ts";
import type { ProcessEvent } from "./lifecycle-event.ts";
import type { TopicQueue } from "./mailbox.ts";
import { Message } from "./message.ts";
import type { Process } from "./process.ts";
import { CLOSED, NOT_READY, Source } from "./wait.ts";

/** The topic of the inbox. */
export const INBOX = "@inbox";
/** The topic of the lifecycle events. */
export const EVENTS = "@events";

// What a subscription is of. Small numbers of this file alone, since every receive asks.
const OF_INBOX = 0;
const OF_EVENTS = 1;
const OF_TOPIC = 2;
const CLOSED_ONE = 3;

/** An open or closed subscription of one process. */
export class Subscription extends Source {
  declare readonly process: Process;
  declare readonly topic: string;
  /** Whether it yields messages or only their payloads (S2.22, S2.23). */
  declare asMessages: boolean;
  /** @internal What the language shows for it, kept here so that it is one object as long as it is open. */
  declare dressing: object | null;
  /** @internal What waits of its topic; `null` for the inbox and the events. */
  declare readonly queue: TopicQueue | null;
  declare private of: typeof OF_INBOX | typeof OF_EVENTS | typeof OF_TOPIC | typeof CLOSED_ONE;

  /** @internal Made by the process only. */
  constructor(process: Process, topic: string, asMessages: boolean, queue: TopicQueue | null) {
    super();
    this.process = process;
    this.topic = topic;
    this.asMessages = asMessages;
    this.dressing = null;
    this.queue = queue;
    this.of = topic === INBOX ? OF_INBOX : topic === EVENTS ? OF_EVENTS : OF_TOPIC;
  }

  get isClosed(): boolean {
    return this.of === CLOSED_ONE;
  }

  isReady(): boolean {
    if (this.of === CLOSED_ONE) return true;
    return this.of === OF_EVENTS ? this.process.hasEvent() : this.peek() !== null;
  }

  /**
   * How long what it would yield has waited: its number in order of arrival, or `Infinity` when there is nothing. Events
   * come before all messages, and so does that there will be nothing any more.
   */
  age(): number {
    if (this.of === CLOSED_ONE) return -1;
    if (this.of === OF_EVENTS) return this.process.hasEvent() ? -1 : Infinity;
    const message = this.peek();
    return message === null ? Infinity : Message.arrival(message);
  }

  take(): unknown {
    if (this.of === CLOSED_ONE) return CLOSED;
    if (this.of === OF_EVENTS) return this.process.takeEvent() as ProcessEvent;
    return this.shown(this.process.takeMessage(this.peek() as Message));
  }

  takeIfReady(): unknown {
    if (this.of === CLOSED_ONE || this.of === OF_EVENTS) return this.isReady() ? this.take() : NOT_READY;
    const found = this.peek();
    if (found === null) return NOT_READY;
    return this.shown(this.process.takeMessage(found));
  }

  /** @internal What it yields of a message. */
  shown(message: Message): unknown {
    if (this.asMessages) return message;
    const { payload } = message;
    if (typeof payload !== "number" || formOf(message) === undefined) return payload;
    return this.process.run?.tellsFloats === true ? new Float(payload) : payload;
  }

  /** @internal Marks it closed and lets the waiting go; the process has already released the topic. */
  close(): void {
    this.of = CLOSED_ONE;
    for (let at = this.first; at !== null; at = this.first) at.strand.settle(CLOSED, at.index);
  }

  private peek(): Message | null {
    return this.queue === null ? this.process.peekInbox() : this.process.peekTopic(this.queue);
  }
}
