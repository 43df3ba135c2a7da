/** The host functions behind error objects, and what the sandbox asks of its host. */
import { ChannelCore } from "../../../kernel/index.ts";
import { noteTrace } from "../escaped-error.ts";
import type { Host } from "../host.ts";
import { LuaReference } from "../isolate.ts";
import { ERROR } from "../objects.ts";
import type { HostFunction, State } from "../vm.ts";
import { NIL } from "../vm.ts";
import { localOffset } from "../zones.ts";

/** What writing down a stack costs, in instructions' worth. */
const TRACE_COST = 2_000;

/** Where the sandbox gets what Lua's own libraries took from the operating system. */
export interface SandboxSources {
  /** A number of 32 bits, by chance. */
  random32(): number;
  /** The time of day, in milliseconds since 1970 in UTC. */
  unixMs(): number;
}

export function errorFunctions(host: Host, sources: SandboxSources): Record<string, HostFunction> {
  const { vm } = host;
  const { api } = vm;

  const pushBoolean = (L: State, value: boolean): number => {
    vm.pushBoolean(L, value);
    return 1;
  };

  const isError = (L: State): boolean => host.isolate.objects.kind(L, 1) === ERROR;

  return {
    is_error: (L) => pushBoolean(L, isError(L)),

    /** Makes an error object of a table of its fields. */
    new_error(L) {
      api.lua_settop(L, 1);
      host.isolate.objects.push(L, ERROR, null, host.isolate.metatables.error);
      api.lua_pushvalue(L, 1);
      api.lua_setiuservalue(L, -2, 1);
      return 1;
    },

    /** The message of an error object, or nil. */
    error_text(L) {
      if (!isError(L)) return 0;
      api.lua_getiuservalue(L, 1, 1);
      vm.getField(L, -1, "message");
      return 1;
    },

    /** Remembers where a text came from that a coroutine hands on: `note_trace(co, text)`. */
    note_trace(L) {
      vm.charge(TRACE_COST);
      noteTrace(host, vm.shownString(L, 2), api.lua_tothread(L, 1));
      return 0;
    },

    kind_name(L) {
      if (vm.type(L, 1) <= NIL) return 0;
      return host.give(L, host.kindName(L, 1));
    },

    /** A userdata of ours has been collected. */
    released(L) {
      const thing = host.objects.release(L, 1);
      if (!(thing instanceof ChannelCore)) return 0;
      for (const value of thing.drain()) if (value instanceof LuaReference) value.forget(L);
      return 0;
    },

    /** `numeric(native, other)`: a function of numbers, which C has where that is quick. */
    numeric(L) {
      vm.makeNumeric(L);
      return 1;
    },

    private(L) {
      host.bag.pushPrivate(L);
      return 1;
    },

    seed(L) {
      vm.pushNumber(L, sources.random32() * 2 ** 20 + (sources.random32() >>> 12));
      vm.pushNumber(L, sources.random32() * 2 ** 20 + (sources.random32() >>> 12));
      return 2;
    },

    clock(L) {
      vm.pushFloat(L, (host.strand?.run.usage.cpuMs ?? 0) / 1_000);
      return 1;
    },

    time: (L) => host.give(L, Math.floor(sources.unixMs() / 1_000)),

    zone_offset(L) {
      const charge = (instructions: number) => vm.charge(instructions);
      return host.give(L, localOffset(host.numberAt(L, 1, "date"), charge));
    },
  };
}
