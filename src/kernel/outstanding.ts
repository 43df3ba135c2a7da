/**
 * How much large data a sender has under way: sent, and taken by nobody yet, or given to children as their context. A
 * limit of a mailbox counts messages, however large; this counts bytes, for code that is not trusted with the memory of
 * others.
 */
import { errors, ProcessError } from "./errors.ts";
import type { Message } from "./message.ts";

/** From so many bytes on a message counts. Smaller ones are what limits of mailboxes are for. */
export const LARGE_BYTES = 4_096;

/** What one sender, or several together, have under way. */
export class Outstanding {
  /** How much it is now. */
  bytes = 0;
  /** How much it may be. */
  readonly limitBytes: number;

  constructor(limitBytes: number) {
    this.limitBytes = limitBytes;
  }

  /** The error of so much more; `null` when there is room for it. */
  refusal(bytes: number): ProcessError | null {
    if (this.bytes + bytes <= this.limitBytes) return null;
    const message = "too much large data waits to be received";
    return new ProcessError({ kind: errors.RATE_LIMITED, message, retryable: true });
  }
}

/** A context that scripts have made: it counts once, as long as any process has it. */
export class HeldContext {
  readonly of: Outstanding;
  readonly bytes: number;
  #holders = 0;

  constructor(of: Outstanding, bytes: number) {
    this.of = of;
    this.bytes = bytes;
  }

  /** What one more holder adds. */
  get addsBytes(): number {
    return this.#holders === 0 ? this.bytes : 0;
  }

  hold(): void {
    if (this.#holders++ === 0) this.of.bytes += this.bytes;
  }

  release(): void {
    if (--this.#holders === 0) this.of.bytes -= this.bytes;
  }
}

/** The large messages that wait in one mailbox, and on whose account. */
export class LargeMessages {
  readonly #known = new Map<Message, { readonly of: Outstanding; readonly bytes: number }>();

  add(message: Message, of: Outstanding, bytes: number): void {
    this.#known.set(message, { of, bytes });
    of.bytes += bytes;
  }

  /** A message was taken or dropped. */
  remove(message: Message): void {
    const known = this.#known.get(message);
    if (known === undefined) return;
    known.of.bytes -= known.bytes;
    this.#known.delete(message);
  }

  /** None of them waits any more. */
  clear(): void {
    for (const { of, bytes } of this.#known.values()) of.bytes -= bytes;
    this.#known.clear();
  }
}
