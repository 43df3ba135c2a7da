/**
 * What the loader writes into lowered modules, under the name `beamish:lowered-code`. Nothing here is for use by hand;
 * docs/adr/0005 says what a lowered function looks like.
 */
import { RECEIVE } from "./channel-dressing.ts";
import { current } from "./current.ts";
import { REJECTED, Reaction } from "./deferred.ts";
import { createIteration, type Later } from "./lowered-iteration.ts";
import { type Activation, arrange, start as startActivation } from "./task.ts";
import { turn } from "./turn.ts";

export { sites } from "./author-stack.ts";
export { superOf } from "./lowered-super.ts";
export { awaited, PAUSE, run, start, WAIT } from "./task.ts";
export { turn } from "./turn.ts";

/** Notes which await it is that is being reached; hands the awaited value on. */
export function at(site: number, awaited: unknown): unknown {
  turn.site = site;
  return awaited;
}

/** `await awaited.receive()`: the value, or WAIT, which must be yielded at once. */
export function receive(awaited: { receive(): unknown; [RECEIVE]?(): unknown }): unknown {
  return awaited?.[RECEIVE] === undefined ? arrange(awaited.receive()) : awaited[RECEIVE]();
}

/** A deferred of the run whose code calls this, or a promise where no process is around, and how to settle it. */
function later<T>(): Later<T> {
  if (current !== null) {
    // No Answer: who awaits it gives way to what is ready, as with any promise.
    const result = new Reaction(current.run, null, null);
    return {
      promise: result as unknown as PromiseLike<T>,
      resolve: (value) => result.fulfil(value),
      reject: (cause) => result.settleAs(REJECTED, cause),
    };
  }
  let resolve: (value: T) => void = () => {};
  let reject: (cause: unknown) => void = () => {};
  const promise = new Promise<T>((whenKept, whenBroken) => {
    resolve = whenKept;
    reject = whenBroken;
  });
  return { promise, resolve, reject };
}

/** `for await`, and what async generators are made of. */
export const { loop, asyncGenerator, produce, delegate } = createIteration({
  start: (code) => startActivation(code as Activation) as PromiseLike<any>,
  receive,
  at,
  later,
});
