/** Durations as Lua gives them: Duration objects. */
import type { Host } from "../host.ts";
import { NUMBER, type State, TABLE } from "../vm.ts";

/** No duration that means anything is longer; reading one is nothing that can be preempted (S11.33). */
const LONGEST_TEXT = 1_024;

/** The duration at an index as a text; of one that is too long to be one as much as shows that. */
export function durationText(host: Host, L: State, index: number): string {
  const text = host.vm.shownString(L, index);
  return text.length <= LONGEST_TEXT ? text : `${text.slice(0, LONGEST_TEXT)}…`;
}

/** The nanoseconds of the Duration object at an index; `null` for anything else. */
export function durationArgument(host: Host, L: State, index: number): number | null {
  const { vm, isolate } = host;
  if (isolate.times === null || vm.type(L, index) !== TABLE) return null;
  if (vm.api.lua_getmetatable(L, index) === 0) return null;
  const isDuration = vm.isReference(L, isolate.times.duration);
  vm.pop(L, 1);
  if (!isDuration) return null;
  const nanoseconds = vm.getAt(L, index, 1) === NUMBER ? vm.api.lua_tonumberx(L, -1, 0) : null;
  vm.pop(L, 1);
  return nanoseconds;
}
