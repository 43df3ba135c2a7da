/**
 * How much data a sender has under way: sent, and taken by nobody yet, or given to children as their context. A limit of
 * a mailbox counts messages, however large, and of one mailbox; this counts bytes in all of them, for code that is not
 * trusted with the memory of others.
 */
import { errors, ProcessError } from "./errors.ts";
import { Message } from "./message.ts";
import type { Pid } from "./pid.ts";

/** What a message takes, about. */
export function messageBytes(topic: string, dataBytes: number): number {
  return 100 + topic.length + dataBytes;
}

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
    if (bytes === 0 || this.bytes + bytes <= this.limitBytes) return null;
    const message = "too much data is under way";
    return new ProcessError({ kind: errors.RATE_LIMITED, message, retryable: true });
  }
}

/** A context that scripts have made: it counts once, as long as any process has it, or another that was put over it. */
export class HeldContext {
  readonly #of: Outstanding;
  readonly #bytes: number;
  readonly #below: HeldContext | null;
  #holders = 0;

  /** @param below the context whose values it shares. */
  constructor(of: Outstanding, bytes: number, below: HeldContext | null) {
    this.#of = of;
    this.#bytes = bytes;
    this.#below = below;
  }

  /** What one more holder adds. */
  get addsBytes(): number {
    let bytes = 0;
    for (let at: HeldContext | null = this; at !== null && at.#holders === 0; at = at.#below) bytes += at.#bytes;
    return bytes;
  }

  hold(): void {
    for (let at: HeldContext | null = this; at !== null && at.#holders++ === 0; at = at.#below) {
      at.#of.bytes += at.#bytes;
    }
  }

  release(): void {
    for (let at: HeldContext | null = this; at !== null && --at.#holders === 0; at = at.#below) {
      at.#of.bytes -= at.#bytes;
    }
  }
}

/** A message that counts as long as it stands in a mailbox. */
export class CountedMessage extends Message {
  readonly #of: Outstanding;
  readonly #bytes: number;

  constructor(topic: string, from: Pid | null, payload: unknown, of: Outstanding, dataBytes: number) {
    super(topic, from, payload);
    this.#of = of;
    this.#bytes = messageBytes(topic, dataBytes);
  }

  /** Whether there is no room for it: the error, or `null`. */
  static refusal(message: CountedMessage): ProcessError | null {
    return message.#of.refusal(message.#bytes);
  }

  /** A message has come to stand in a mailbox. */
  static stands(message: Message): void {
    if (#of in message) message.#of.bytes += message.#bytes;
  }

  /** It stands there no more. */
  static leaves(message: Message): void {
    if (#of in message) message.#of.bytes -= message.#bytes;
  }
}
