/**
 * How much data a sender has under way: sent, and taken by nobody yet, or given to children as their context; and what
 * has come for it that it has not taken. A limit of a mailbox counts messages, however large, and of one mailbox; this
 * counts bytes in all of them, for code that is not trusted with the memory of others.
 */
import { errors, ProcessError } from "./errors.ts";
import { Message } from "./message.ts";
import { textBytes } from "./payload.ts";
import type { Pid } from "./pid.ts";

/** What an event takes besides its data, about. */
export const EVENT_BYTES = 300;
/** What a name counts besides its characters: more than it takes, since all of a process are freed in one step. */
const NAME_BYTES = 4096;

/**
 * What a message counts besides its topic and data: with its place among those of its topic. Less than 2^18 of different
 * topics fit into 64 MiB, so that a map of them is never made for more.
 */
const MESSAGE_BYTES = 256;

/** What a message takes, about. */
export function messageBytes(topic: string, dataBytes: number): number {
  return MESSAGE_BYTES + textBytes(topic) + dataBytes;
}

/** What a registered name takes, about. */
export function nameBytes(name: string): number {
  return NAME_BYTES + textBytes(name);
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

  /** Whether there is room for so much more. */
  hasRoomFor(bytes: number): boolean {
    return bytes === 0 || this.bytes + bytes <= this.limitBytes;
  }

  /** The error of so much more; `null` when there is room for it. */
  refusal(bytes: number): ProcessError | null {
    if (this.hasRoomFor(bytes)) return null;
    const message = "too much data is under way";
    return new ProcessError({ kind: errors.RATE_LIMITED, message, retryable: true });
  }
}

/** Something that counts from when it was put somewhere until it is taken from there. */
export class Counted<T> {
  readonly #value: T;
  readonly #of: Outstanding;
  #bytes: number;

  constructor(value: T, of: Outstanding, bytes: number) {
    this.#value = value;
    this.#of = of;
    this.#bytes = bytes;
    of.bytes += bytes;
  }

  /** It counts no more. */
  release(): T {
    this.#of.bytes -= this.#bytes;
    this.#bytes = 0;
    return this.#value;
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

  /** A message has come to stand in a mailbox; whether it is one that counts. */
  static stands(message: Message): boolean {
    if (!isCounted(message)) return false;
    message.#of.bytes += message.#bytes;
    return true;
  }

  /** It stands there no more. */
  static leaves(message: Message): void {
    if (isCounted(message)) message.#of.bytes -= message.#bytes;
  }
}

/** Asked of every message that waits, which no code has seen yet: to look for a private part or a prototype is slow. */
function isCounted(message: Message): message is CountedMessage {
  return message.constructor === CountedMessage;
}
