/**
 * What a process is called: `{host|0x00001}`, and the arithmetic behind the number.
 *
 *     serial = generation * 2^21 + slot          53 bits at most, so it is a safe integer
 *              └ 32 bits ┘        └ 21 bits ┘
 *
 * An island deals the slots that are congruent to its index modulo the number of islands, so the island of a pid is
 * `slot % islands`: no look-up. A slot is used again with a higher generation, so no serial ever repeats (S1.4); a
 * slot whose generations are used up is retired.
 */

declare const messages: unique symbol;

/**
 * The name of a process: a plain string with a type brand. `M` maps the topics it accepts to their payloads; a
 * `Pid` without M accepts every topic at compile time. Two pids are the same process if and only if the strings are
 * equal. Nothing is promised about the inner form beyond `{host|0x…}`.
 */
export type Pid<M = any> = string & { readonly [messages]: M };

/** The empty pid: the runtime or a tool as the originator of an event (S1.7). No process ever has it. */
export const EMPTY_PID = "{|}" as Pid;

const SLOT_BITS = 21;
const SLOTS = 2 ** SLOT_BITS;
const LAST_GENERATION = 2 ** 32 - 1;

/** Whether a text has the shape of a pid: braces around it and a bar in between (S1.6). */
export function isPid(text: string): boolean {
  const last = text.length - 1;
  return (
    last >= 2 && text.charCodeAt(0) === 123 /* { */ && text.charCodeAt(last) === 125 /* } */ && text.indexOf("|") > 0
  );
}

/** The parts of a well-formed pid; `node` is `null` where none is written. */
export function pidParts(pid: string): { node: string | null; host: string; serial: string } {
  const bar = pid.indexOf("|");
  const place = pid.slice(1, bar);
  const at = place.indexOf("@");
  return {
    node: at < 0 ? null : place.slice(0, at),
    host: at < 0 ? place : place.slice(at + 1),
    serial: pid.slice(bar + 1, -1),
  };
}

/** The shortest text that `lowBitsOf` reads; every pid is longer. */
const SHORTEST = 8;
/** As many bits of a number have digits in every pid; the digits of more may be missing. */
const LEAST_BITS = 20;

/**
 * The lowest bits of the number a pid ends with, 8 to 21 of them, read without a branch for what the characters may be;
 * 21 bits are its slot. Of a text that is no pid it is any number: the caller compares the whole text with the process it
 * finds there.
 */
export function lowBitsOf(pid: string, bits: number): number {
  if (pid.length < SHORTEST) return 0;
  let at = pid.length - 3;
  let number = digitAt(pid, at + 1) | (digitAt(pid, at) << 4);
  for (let bit = 8; bit < bits && bit < LEAST_BITS; bit += 4) number |= digitAt(pid, --at) << bit;
  if (bits > LEAST_BITS && pid.charCodeAt(--at) !== 120 /* x */) number |= digitAt(pid, at) << LEAST_BITS;
  return number & ((1 << bits) - 1);
}

/** The code of the last digit of a pid: of two pids compared, most are told apart by it. Of any other text any code. */
export function lastDigitOf(pid: string): number {
  return pid.length < 2 ? 0 : pid.charCodeAt(pid.length - 2);
}

function digitAt(text: string, at: number): number {
  const code = text.charCodeAt(at);
  return (code & 15) + (code >> 6) * 9;
}

/** The digits of every number that has no more than three. */
const DIGITS = Array.from({ length: 0x1000 }, (_, number) => number.toString(16));
/** Three digits for every number that has no more, and two digits with the closing brace. */
const THREE_DIGITS = DIGITS.map((digits) => digits.padStart(3, "0"));
const LAST_DIGITS = Array.from({ length: 0x100 }, (_, number) => `${number.toString(16).padStart(2, "0")}}`);

/** How the pids of a host begin. */
export function pidPrefix(host: string): string {
  return `{${host}|0x`;
}

/** The text of a pid with that beginning. */
export function pidOf(prefix: string, serial: number): Pid {
  const high = Math.floor(serial / 0x100000);
  // The digits first: they are short, and short texts are put together at once.
  const low = (THREE_DIGITS[(serial >> 8) & 0xfff] as string) + (LAST_DIGITS[serial & 0xff] as string);
  return (prefix + (high === 0 ? low : digitsOf(high) + low)) as Pid;
}

function digitsOf(number: number): string {
  if (number < 0x1000) return DIGITS[number] as string;
  return digitsOf(Math.floor(number / 0x1000)) + (THREE_DIGITS[number & 0xfff] as string);
}

/** The text of a pid of `host`. */
export function formatPid(host: string, serial: number): Pid {
  return pidOf(pidPrefix(host), serial);
}

/**
 * Deals the serials of one island and takes slots back. It remembers the generation of each slot, so a serial is
 * dealt once in the life of a runtime.
 */
export class PidDealer {
  readonly #islands: number;
  readonly #index: number;
  readonly #generations: number[] = [];
  readonly #free: number[] = [];

  /** @param index which island this is, 0 ≤ index < islands. */
  constructor(index = 0, islands = 1) {
    this.#index = index;
    this.#islands = islands;
  }

  /** The next serial, or -1 when every slot of this island is in use (about two million processes). */
  deal(): number {
    let turn = this.#free.pop();
    if (turn === undefined) {
      turn = this.#generations.length;
      // Slot 0 is never dealt, so that the first pid is 0x00001 and none looks like the empty one.
      if (turn === 0 && this.#index === 0) {
        this.#generations.push(0);
        turn = 1;
      }
      if (turn * this.#islands + this.#index >= SLOTS) return -1;
      this.#generations.push(0);
    }
    return (this.#generations[turn] as number) * SLOTS + turn * this.#islands + this.#index;
  }

  /** Takes the slot of a serial back. */
  release(serial: number): void {
    const turn = (this.slot(serial) - this.#index) / this.#islands;
    const generation = this.#generations[turn] as number;
    if (generation === LAST_GENERATION) return;
    this.#generations[turn] = generation + 1;
    this.#free.push(turn);
  }

  /** The slot of a serial. */
  slot(serial: number): number {
    return serial & (SLOTS - 1);
  }

  /** Which island dealt this slot. */
  island(slot: number): number {
    return slot % this.#islands;
  }
}
