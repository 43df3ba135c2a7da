/**
 * A message, and the chain it hangs in.
 *
 * The object a sender makes is the one its receiver reads: nothing is wrapped or unwrapped on the way. The link of
 * the chain is private to this file, so a message shows its reader topic, from and payload and nothing else.
 *
 *     head ─▶ m ─▶ m ─▶ m ─▶ … ◀─ tail     every message of a mailbox, in order
 */
import type { Pid } from "./pid.ts";

/** The arrival of a message that does not wait any more. */
const TAKEN = -1;

/** A message as its receiver reads it (S2.35, S2.36). */
export class Message {
  /** The topic the sender used. */
  readonly topic: string;
  /** Who sent it; `null` when it came from a builder's `withMessage`, from the runtime or from a tool. */
  readonly from: Pid | null;
  /** The receiver's own copy of the data: `null` for none, the value for one, a list for more (S2.15, S2.16). */
  readonly payload: unknown;

  #next: Message | null = null;
  #arrival = 0;

  constructor(topic: string, from: Pid | null, payload: unknown) {
    this.topic = topic;
    this.from = from;
    this.payload = payload;
  }

  static {
    // A promise that is resolved with an object looks for `then` all the way up; here it ends at the first step.
    // biome-ignore lint/suspicious/noThenProperty: an undefined one, which makes it no thenable.
    Object.defineProperty(Message.prototype, "then", { value: undefined });
  }

  /** Which signal this is; see signal.ts. */
  get kind(): "message" {
    return "message";
  }

  /** Whether its receiver has it; it may still hang in a chain then. */
  static isTaken(message: Message): boolean {
    return message.#arrival === TAKEN;
  }

  /** Marks it as received or dropped. */
  static markTaken(message: Message): void {
    message.#arrival = TAKEN;
  }

  /** Its number in the order of arrival at its mailbox, while it waits there. */
  static arrival(message: Message): number {
    return message.#arrival;
  }

  /** Numbers it. */
  static setArrival(message: Message, arrival: number): void {
    message.#arrival = arrival;
  }

  /** The next one in order of arrival. */
  static next(message: Message): Message | null {
    return message.#next;
  }

  /** Hangs `next` behind `message` in order of arrival. Cut with `null` on removal: garbage that is linked lives long. */
  static linkNext(message: Message, next: Message | null): void {
    message.#next = next;
  }
}
