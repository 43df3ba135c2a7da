/** Durations as Lua gives them: Duration objects. */
import type { Host } from "../host.ts";
import { NUMBER, type State, TABLE } from "../vm.ts";

/** The nanoseconds of the Duration object at an index; `null` for anything else. */
export function durationArgument(host: Host, L: State, index: number): number | null {
  const { vm, isolate } = host;
  if (isolate.times === null || vm.api.lua_type(L, index) !== TABLE) return null;
  if (vm.api.lua_getmetatable(L, index) === 0) return null;
  vm.getReference(L, isolate.times.duration);
  const isDuration = vm.api.lua_rawequal(L, -1, -2) !== 0;
  vm.pop(L, 2);
  if (!isDuration) return null;
  const nanoseconds = vm.getAt(L, index, 1) === NUMBER ? vm.api.lua_tonumberx(L, -1, 0) : null;
  vm.pop(L, 1);
  return nanoseconds;
}
