/**
 * The one way to wait. A select looks at its cases; a ready one is carried out at once and nothing waits. Otherwise the
 * strand waits for whichever comes first, and at the turn of its process the question is asked again: of the ready
 * cases the first in the list is carried out, and only that one (S11.7). `serve` of a language asks for the message
 * that has waited longest instead.
 *
 * Receiving from one source, a sleep, a send to a channel and the answer to a request are selects with one case.
 */
import { ChannelCore } from "./channel.ts";
import { Subscription } from "./subscription.ts";
import type { Case, Preference, Strand } from "./wait.ts";

/**
 * The index of the case to carry out, or -1 when none is ready. Looks only.
 *
 * @param inTurn whether what others wait for already does not count: it is theirs first (S11.6).
 */
export function readyCase(cases: readonly Case[], preference: Preference, inTurn: boolean): number {
  return preferred(cases, preference, (one) => {
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
 * Resumes a waiting strand with a case that is ready.
 *
 * Only sources that are taken from at the turn count: a channel settles the strands that wait at it in the moment of
 * the send, receive or close, so a case on one is never newly ready here. (Asking it would be wrong, too: a strand that
 * offers and takes on one channel would meet itself.)
 *
 * @returns whether it was resumed; if not, it goes on waiting.
 */
export function serve(strand: Strand): boolean {
  const cases = strand.cases;
  if (cases === null) return false;
  const index = preferred(
    cases,
    strand.preference,
    (one) => one.kind === "receive" && !(one.source instanceof ChannelCore) && one.source.isReady(),
  );
  if (index < 0) return false;
  const one = cases[index] as Case;
  strand.leave();
  strand.resume(carryOut(one), index);
  return true;
}

function preferred(cases: readonly Case[], preference: Preference, isReady: (one: Case) => boolean): number {
  let chosen = -1;
  let least = Infinity;
  for (let i = 0; i < cases.length; i++) {
    const one = cases[i] as Case;
    if (!isReady(one)) continue;
    if (preference === "listed") return i;
    const age = one.kind === "receive" && one.source instanceof Subscription ? one.source.age() : -1;
    if (chosen >= 0 && age >= least) continue;
    chosen = i;
    least = age;
  }
  return chosen;
}
