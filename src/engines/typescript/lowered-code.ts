/**
 * What the loader writes into lowered modules, under the name `beamish:lowered-code`. Nothing here is for use by hand;
 * docs/adr/0005 says what a lowered function looks like.
 */
import { Channel } from "./channel-dressing.ts";
import { arrange, turn } from "./task.ts";

export { sites } from "./author-stack.ts";
export { PAUSE, run, start, turn, WAIT } from "./task.ts";

/** Notes which await it is that is being reached; hands the awaited value on. */
export function at(site: number, awaited: unknown): unknown {
  turn.site = site;
  return awaited;
}

/** `await awaited.receive()`: the value, or WAIT, which must be yielded at once. */
export function receive(awaited: { receive(): unknown }): unknown {
  return awaited instanceof Channel ? awaited.awaitReceive() : arrange(awaited.receive());
}
