/**
 * How a process has ended, and how others are told (S4.17): of the same result, and each with data of its own; some of
 * them in each turn, since there may be as many as there are processes.
 */
import type { Clock } from "./clock.ts";
import { type ExitFailure, type ExitResult, isFailure } from "./exit-result.ts";
import { copyForm } from "./form.ts";
import { copyPayload, isLarge, markLarge } from "./payload.ts";
import type { Pid } from "./pid.ts";
import type { Router } from "./router.ts";
import { members, type StringSet } from "./string-set.ts";

/** How many are told in one turn. */
const TOLD_PER_TURN = 1_024;

/** A copy of data that stays marked as large. */
export function copyOfData(data: unknown, root: string): unknown {
  const copy = copyPayload(data, root, true);
  if (isLarge(data)) markLarge(copy);
  return copy;
}

function copyOf(result: ExitResult): ExitResult {
  const copy = isFailure(result) ? copyOfFailure(result) : { value: copyOfData(result.value, "result") };
  copyForm(result, copy);
  return copy;
}

function copyOfFailure({ error, kind, retryable, details }: ExitFailure): ExitFailure {
  return { error, kind, retryable, details: details === undefined ? undefined : copyOfData(details, "details") };
}

/** How a process has ended, for those who are to know. One is made for every process: its fields are plain. */
export class Ending {
  /** The result itself: not to be handed to code. */
  declare readonly result: ExitResult;
  /** What the result takes, about, if that is known. */
  declare readonly bytes: number;
  declare private copy: ExitResult | null;
  declare private seconds: number;

  constructor(result: ExitResult, bytes: number) {
    this.result = result;
    this.bytes = bytes;
    this.copy = null;
    this.seconds = -1;
  }

  /** When that was, in seconds since 1970: the time of the first who asks, who does so in the moment of the end. */
  at(clock: Clock): number {
    if (this.seconds < 0) this.seconds = clock.unixMs() / 1000;
    return this.seconds;
  }

  /** The result, for one who may change it. */
  own(): ExitResult {
    return copyOf(this.result);
  }

  /** The result, for all who make something of their own of it: however many they are, it is copied once. */
  shared(): ExitResult {
    this.copy ??= copyOf(this.result);
    return this.copy;
  }
}

/**
 * What a process that has ended sends: to those who watched it, to those it was linked to, and to those it watched, in
 * this order. Nobody joins or leaves these lists any more; who has gone meanwhile is not found, and who wants to know
 * nothing of it any more passes it over.
 */
export class ExitSignals {
  declare private readonly from: Pid;
  declare private readonly ending: Ending;
  declare private readonly watchers: readonly string[];
  declare private readonly linked: readonly string[];
  declare private readonly watched: readonly string[];
  /** How many of all have been told. */
  declare private told: number;

  constructor(from: Pid, ending: Ending, watchers: StringSet, linked: StringSet, watched: StringSet) {
    this.from = from;
    this.ending = ending;
    this.watchers = members(watchers);
    this.linked = members(linked);
    this.watched = members(watched);
    this.told = 0;
  }

  /** Tells as many as one turn may; whether those were all. */
  send(router: Router, clock: Clock): boolean {
    const { from, ending, watchers, linked, watched } = this;
    const afterWatchers = watchers.length;
    const afterLinked = afterWatchers + linked.length;
    const all = afterLinked + watched.length;
    const end = Math.min(all, this.told + TOLD_PER_TURN);
    // Who is told later is told the same time.
    if (end < all) ending.at(clock);
    let at = this.told;
    this.told = end;
    for (; at < end && at < afterWatchers; at++) {
      router.route(watchers[at] as Pid, { kind: "exited", from, ending });
    }
    for (; at < end && at < afterLinked; at++) {
      const peer = linked[at - afterWatchers] as Pid;
      router.route(peer, isFailure(ending.result) ? { kind: "link-down", from, ending } : { kind: "unlink", from });
    }
    for (; at < end; at++) router.route(watched[at - afterLinked] as Pid, { kind: "demonitor", from });
    return end === all;
  }
}
