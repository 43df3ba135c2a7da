/**
 * A queue between the coroutines of one process: with room for some values, or none, when sender and receiver meet
 * (S11.1–S11.6). Values are handed over uncopied, any value.
 */
import { Fifo } from "./fifo.ts";
import { CLOSED, NOT_READY, type Sink, Source, WaitQueue } from "./wait.ts";

/** A channel of one process. */
export class ChannelCore extends Source implements Sink {
  readonly senders = new WaitQueue();
  readonly #room: number;
  readonly #values = new Fifo<unknown>();
  /** @internal What the language shows for it. */
  dressing: object | null = null;
  #closed = false;

  /** @param size room for so many values; zero or negative means none. */
  constructor(size = 0) {
    super();
    this.#room = size > 0 ? Math.floor(size) : 0;
  }

  get isClosed(): boolean {
    return this.#closed;
  }

  isReady(): boolean {
    return this.#values.length > 0 || this.senders.first !== null || this.#closed;
  }

  take(): unknown {
    if (this.#values.length > 0) {
      const value = this.#values.shift();
      this.#admitSender();
      return value;
    }
    const sender = this.senders.first;
    if (sender === null) return CLOSED;
    const value = sender.strand.valueAt(sender.index);
    sender.strand.settle(true, sender.index);
    return value;
  }

  takeIfReady(): unknown {
    return this.isReady() ? this.take() : NOT_READY;
  }

  canGive(): boolean {
    return !this.#closed && (this.#values.length < this.#room || this.first !== null);
  }

  give(value: unknown): void {
    const receiver = this.first;
    if (receiver === null) this.#values.push(value);
    else receiver.strand.settle(value, receiver.index);
  }

  /**
   * Closes it: waiting receivers get "no value", waiting senders are called off; what is buffered can still be
   * received. Closing twice does nothing.
   */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    for (let at = this.first; at !== null; at = this.first) at.strand.settle(CLOSED, at.index);
    // A send case of a closed channel is never ready (S11.10), so a select keeps waiting; a plain send is called off.
    for (let at = this.senders.first; at !== null; at = this.senders.first) {
      const waiting = at.strand.cases?.[at.index];
      if (waiting?.kind === "send" && waiting.endsOnClose) at.strand.settle(CLOSED, at.index);
      else this.senders.remove(at);
    }
  }

  /** Takes away what is buffered; for a channel that nobody can reach any more. */
  drain(): unknown[] {
    const values: unknown[] = [];
    while (this.#values.length > 0) values.push(this.#values.shift());
    return values;
  }

  /** A value has left the buffer, so the sender that has waited longest may put its own there. */
  #admitSender(): void {
    const sender = this.senders.first;
    if (sender === null) return;
    this.#values.push(sender.strand.valueAt(sender.index));
    sender.strand.settle(true, sender.index);
  }
}
