/**
 * The one way to wait. A select looks at its cases; a ready one is carried out at once and nothing waits. Otherwise the
 * strand waits for whichever comes first, and at the turn of its process the question is asked again: of the ready
 * cases the first in the list is carried out, and only that one (S11.7).
 *
 * Receiving from one source, a sleep, a send to a channel and the answer to a request are selects with one case. What
 * a `serve` waits for is a select, too, but of subscriptions only: it takes what has waited longest.
 */
import { ChannelCore } from "./channel.ts";
import type { Subscription } from "./subscription.ts";
import { type Case, NOT_READY, SeveralCases, type Strand } from "./wait.ts";

/**
 * The subscriptions of a `serve`, which takes from them what has waited longest, and events before messages (S11.38).
 * It waits for the same again and again.
 */
export class Served extends SeveralCases {
  readonly sources: readonly Subscription[];
  /** Where what was taken last came from. */
  index = 0;

  constructor(sources: readonly Subscription[]) {
    super(sources.map((source) => ({ kind: "receive", source })));
    this.sources = sources;
  }

  /**
   * The index of the source to take from, or -1 when there is nothing. Looks only.
   *
   * @param inTurn whether what others wait for already does not count: it is theirs first (S11.6).
   */
  next(inTurn: boolean): number {
    const { sources } = this;
    let chosen = -1;
    let least = Infinity;
    for (let i = 0; i < sources.length; i++) {
      const source = sources[i] as Subscription;
      const age = source.age();
      if (age >= least || (inTurn && source.first !== null)) continue;
      chosen = i;
      least = age;
    }
    return chosen;
  }

  /** Takes from the source of this index, which has something; or from none at -1, when it is NOT_READY. */
  takeAt(index: number): unknown {
    if (index < 0) return NOT_READY;
    this.index = index;
    return (this.sources[index] as Subscription).take();
  }
}

/**
 * The index of the case to carry out, or -1 when none is ready. Looks only.
 *
 * @param inTurn whether what others wait for already does not count: it is theirs first (S11.6).
 */
export function readyCase(cases: readonly Case[], inTurn: boolean): number {
  return cases.findIndex((one) => {
    if (one.kind === "send") return one.sink.canGive();
    return !(inTurn && one.source.first !== null) && one.source.isReady();
  });
}

/** Carries out a case that is ready: the value received, or `true` for a send. */
export function carryOut(one: Case): unknown {
  if (one.kind === "receive") return one.source.take();
  one.sink.give(one.value);
  return true;
}

/**
 * Resumes a strand that waits for several cases with one that is ready.
 *
 * Only sources that are taken from at the turn count: a channel settles the strands that wait at it in the moment of
 * the send, receive or close, so a case on one is never newly ready here. (Asking it would be wrong, too: a strand that
 * offers and takes on one channel would meet itself.)
 *
 * @returns whether it was resumed; if not, it goes on waiting.
 */
export function serve(strand: Strand): boolean {
  const { waiting } = strand;
  if (waiting instanceof Served) {
    const index = waiting.next(false);
    if (index < 0) return false;
    strand.leave();
    strand.resume(waiting.takeAt(index), index);
    return true;
  }
  if (!(waiting instanceof SeveralCases)) return false;
  const { cases } = waiting;
  const index = cases.findIndex(
    (one) => one.kind === "receive" && !(one.source instanceof ChannelCore) && one.source.isReady(),
  );
  if (index < 0) return false;
  strand.leave();
  strand.resume(carryOut(cases[index] as Case), index);
  return true;
}
