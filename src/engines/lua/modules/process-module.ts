/** The host functions behind `process` and `ctx`: thin dressings of the syscalls (sections 1 to 9). */
import {
  type ExitResult,
  errorOf,
  errors,
  formOf,
  invalid,
  isFailure,
  type Pid,
  ProcessError,
  type SpawnOperation,
  type SpawnSettings,
  Subscription,
} from "../../../kernel/index.ts";
import type { Host } from "../host.ts";
import { Raised } from "../host.ts";
import { CHANNEL } from "../objects.ts";
import { pushValue, readValue, StackValue, StackValues } from "../payloads.ts";
import {
  ANSWERS_TRUE,
  BOOLEAN,
  FALSE_TAG,
  type HostFunction,
  INTEGER_TAG,
  LONG_TEXT_BYTES,
  NIL,
  NOT_QUICK,
  NUMBER,
  type QuickFunction,
  SHORT_STRING_TAG,
  STRING,
  type State,
  TABLE,
  TRUE_TAG,
} from "../vm.ts";
import { closeSubscription, pushSubscription } from "./channel-module.ts";
import { durationArgument, durationText } from "./durations.ts";

/** What a spawn costs besides the call, in instructions' worth. */
const SPAWN_COST = 1_000;

/** What a coroutine that the scheduler drives costs besides the call, in instructions' worth. */
const COROUTINE_COST = 1_500;

/** What a subscription costs besides the call, in instructions' worth. */
const LISTEN_COST = 1_000;

/** How many keys a table of a script may have (S11.33); what we make is not refused for that. */
const MAX_KEYS = 65_536;

/** The payloads of a message from a position on: none, one, or a list of more (S2.15, S2.16). */
export function payloadFrom(host: Host, L: State, position: number): unknown {
  const { vm } = host;
  const top = vm.top(L);
  if (top < position) return undefined;
  if (top > position) return new StackValues(host.isolate, L, position, top, "payload");
  if (vm.isInteger(L, position)) return vm.number(L, position);
  switch (vm.type(L, position)) {
    case NUMBER:
      if (!vm.isIntegralFloat(L, position)) return vm.number(L, position);
      break;
    case STRING:
      if (vm.textBytesAt(vm.slotOf(L, position)) < LONG_TEXT_BYTES) return vm.string(L, position);
  }
  return new StackValue(host.isolate, L, position, "payload");
}

/** Spawns by one of the four operations; the arguments begin at `first`. */
export function spawnBy(
  host: Host,
  L: State,
  operation: Exclude<SpawnOperation, "exec">,
  first: number,
  settings: SpawnSettings | null,
): number {
  const { run, vm } = host;
  const { id, hostId, args } = target(host, L, operation, first);
  vm.charge(SPAWN_COST);
  return host.whenRead(L, args, (caller) => {
    const answer = run.spawn(operation, id, hostId, args, settings);
    if (typeof answer === "string") return host.give(caller, answer);
    return host.answer(caller, answer, (to, late) => {
      if (late instanceof ProcessError) return pushFailure(host, to, late);
      pushValue(host.isolate, to, late as Pid);
      return 1;
    });
  });
}

/** Executes: the value, or `nil` and the error the child ended with. */
export function execBy(host: Host, L: State, first: number, settings: SpawnSettings | null): number {
  const { run, vm } = host;
  const { id, hostId, args } = target(host, L, "exec", first);
  vm.charge(SPAWN_COST);
  return host.whenRead(L, args, (caller) =>
    host.answer(caller, run.exec(id, hostId, args, settings), (to, answer) => {
      const result = answer as ExitResult;
      if (isFailure(result)) return pushFailure(host, to, errorOf(result));
      if (typeof result.value === "number" && formOf(result) !== undefined) vm.pushFloat(to, result.value);
      else pushValue(host.isolate, to, result.value);
      return 1;
    }),
  );
}

function target(host: Host, L: State, operation: SpawnOperation, first: number) {
  const top = host.vm.top(L);
  if (top < first + 1) {
    throw invalid(`${operation} requires ${operation === "exec" ? "" : "at least "}id and host arguments`);
  }
  const id = host.text(L, first, operation, 1);
  const hostId = host.text(L, first + 1, operation, 2);
  const args = top < first + 2 ? [] : new StackValues(host.isolate, L, first + 2, top, "argument");
  return { id, hostId, args };
}

/** Pushes `nil` and an error. */
export function pushFailure(host: Host, L: State, error: ProcessError): number {
  host.vm.pushNil(L);
  host.isolate.pushError(L, error);
  return 2;
}

/** Pushes `false` and an error. */
export function pushFalse(host: Host, L: State, error: ProcessError): number {
  host.vm.pushBoolean(L, false);
  host.isolate.pushError(L, error);
  return 2;
}

export function processFunctions(host: Host): Record<string, HostFunction> {
  const { vm } = host;
  const { api } = vm;

  const done = (L: State): number => {
    vm.pushBoolean(L, true);
    return 1;
  };

  /** An operation on a destination, which answers `true`. */
  const onDestination =
    (operation: string, perform: (destination: string, L: State) => void): HostFunction =>
    (L) => {
      void host.run;
      perform(host.required(L, 1, operation, "destination"), L);
      return done(L);
    };

  const spawner =
    (operation: Exclude<SpawnOperation, "exec">): HostFunction =>
    (L) =>
      spawnBy(host, L, operation, 1, null);

  return {
    id(L) {
      if (host.strand === null) throw invalid("frame context not found");
      return host.give(L, host.run.id());
    },
    pid: (L) => host.give(L, host.run.pid()),

    send(L) {
      const { run } = host;
      if (vm.top(L) < 2) throw invalid("send requires at least destination and topic arguments");
      const destination = host.text(L, 1, "send");
      const topic = host.text(L, 2, "send");
      const payload = payloadFrom(host, L, 3);
      return host.whenRead(L, payload, (to) => {
        const error = run.send(destination, topic, payload);
        return error === null ? done(to) : pushFailure(host, to, error);
      });
    },

    spawn: spawner("spawn"),
    spawn_monitored: spawner("spawn_monitored"),
    spawn_linked: spawner("spawn_linked"),
    spawn_linked_monitored: spawner("spawn_linked_monitored"),
    exec: (L) => execBy(host, L, 1, null),

    terminate: onDestination("terminate", (destination) => host.run.terminate(destination)),
    cancel: onDestination("cancel", (destination, L) => host.run.cancel(destination, deadlineArgument(host, L))),
    monitor: onDestination("monitor", (destination) => host.run.monitor(destination)),
    unmonitor: onDestination("unmonitor", (destination) => host.run.unmonitor(destination)),
    link: onDestination("link", (destination) => host.run.link(destination)),
    unlink: onDestination("unlink", (destination) => host.run.unlink(destination)),

    get_options: (L) => host.give(L, { trap_links: host.run.getOptions().trapLinks }),
    set_options(L) {
      const { run } = host;
      try {
        run.setOptions(optionsArgument(host, L), "trap_links");
      } catch (cause) {
        if (cause instanceof ProcessError) return pushFalse(host, L, cause);
        throw cause;
      }
      return done(L);
    },

    inbox: (L) => pushSubscription(host, L, host.run.inbox()),
    events: (L) => pushSubscription(host, L, host.run.events()),
    listen(L) {
      const { run } = host;
      const topic = host.required(L, 1, "listen", "topic");
      vm.charge(LISTEN_COST);
      return pushSubscription(host, L, run.listen(topic, asMessages(host, L)));
    },
    unlisten(L) {
      const { isolate } = host;
      void host.run;
      if (vm.top(L) === 0) return pushFalse(host, L, invalid("unlisten requires a channel argument"));
      const channel = isolate.objects.get(L, 1, CHANNEL);
      if (channel === null) throw host.wrongArgument(L, 1, "unlisten", "channel");
      if (!(channel instanceof Subscription)) {
        return pushFalse(host, L, invalid("channel is not an open subscription"));
      }
      try {
        closeSubscription(host, L, channel);
      } catch (cause) {
        if (cause instanceof ProcessError) return pushFalse(host, L, cause);
        throw cause;
      }
      return done(L);
    },

    upgrade(L) {
      const { run } = host;
      const top = vm.top(L);
      const id = vm.type(L, 1) <= NIL ? null : host.text(L, 1, "upgrade");
      run.upgrade(id, top < 2 ? [] : new StackValues(host.isolate, L, 2, top, "state"));
      return 0;
    },

    register(L) {
      const { run } = host;
      const name = host.required(L, 1, "register", "name");
      run.register(name, vm.type(L, 2) <= NIL ? undefined : host.text(L, 2, "register"));
      return done(L);
    },
    lookup: (L) => host.give(L, host.run.lookup(host.required(L, 1, "lookup", "name"))),
    unregister: (L) => host.give(L, host.run.unregister(host.required(L, 1, "unregister", "name"))),

    ctx_get: (L) => host.giveShared(L, host.run.sharedContextValue(host.required(L, 1, "get", "key"))),
    ctx_all(L) {
      const values = host.run.sharedContextValues();
      if (values.size > MAX_KEYS) throw invalid("context has too many values for a table (limit 65,536)");
      return host.giveShared(L, values);
    },

    spawn_coroutine(L) {
      const { run } = host;
      const co = api.lua_tothread(L, 1);
      api.lua_settop(L, 1);
      vm.charge(COROUTINE_COST);
      run.spawnStrand(L, co);
      vm.pushBoolean(L, true);
      return 1;
    },

    print(L) {
      const position = vm.type(L, 2) === STRING ? vm.shownString(L, 2) : null;
      host.strand?.run.print(vm.shownString(L, 1), position);
      return 0;
    },
  };
}

/** Those functions that have a quick way, by which nothing is read that has been read before. */
export function quickFunctions(host: Host): Record<string, QuickFunction> {
  return {
    send(L, first, second, tag, value) {
      const { strand, isolate } = host;
      const destination = isolate.nameAt(first);
      const topic = isolate.nameAt(second);
      if (strand === null || destination === null || topic === null) return NOT_QUICK;
      let payload: unknown;
      switch (tag) {
        case INTEGER_TAG:
          payload = value;
          break;
        case NIL:
          break;
        case SHORT_STRING_TAG:
          payload = isolate.nameAt(value);
          if (payload === null) return NOT_QUICK;
          break;
        case TRUE_TAG:
        case FALSE_TAG:
          payload = tag === TRUE_TAG;
          break;
        default:
          return NOT_QUICK;
      }
      const error = strand.run.send(destination, topic, payload);
      return error === null ? ANSWERS_TRUE : pushFailure(host, L, error);
    },
  };
}

/** The option `message` of a listen: whether messages or payloads are wanted, or nothing is said (S2.22, S2.23). */
function asMessages(host: Host, L: State): boolean | undefined {
  const { vm } = host;
  if (vm.type(L, 2) !== TABLE) return undefined;
  const given = vm.getField(L, 2, "message") === BOOLEAN ? vm.boolean(L, -1) : undefined;
  vm.pop(L, 1);
  return given;
}

/** The deadline of a cancel as the kernel reads it: `undefined` when there is none, `null` for an explicit nil. */
function deadlineArgument(host: Host, L: State): unknown {
  if (host.vm.top(L) < 2) return undefined;
  const plain = deadlineAt(host, L, 2);
  if (plain !== undefined) return plain;
  const given: { deadline?: unknown; reason?: unknown } = {};
  if (host.vm.getField(L, 2, "deadline") !== NIL) given.deadline = deadlineAt(host, L, -1) ?? null;
  host.vm.pop(L, 1);
  if (host.vm.getField(L, 2, "reason") !== NIL) given.reason = readValue(host.isolate, L, -1, "reason");
  host.vm.pop(L, 1);
  return given;
}

/** A deadline that is no table of deadline and reason; `undefined` when it is one. */
function deadlineAt(host: Host, L: State, index: number): unknown {
  const duration = durationArgument(host, L, index);
  if (duration !== null) return duration / 1_000_000;
  switch (host.vm.type(L, index)) {
    case STRING:
      return durationText(host, L, index);
    case NUMBER:
      return host.vm.api.lua_tonumberx(L, index, 0);
    case TABLE:
      return undefined;
    default:
      return null;
  }
}

/** How many keys a table of options may have: it is read in one go (S11.33). */
const MAX_OPTIONS = 1_024;

/** The options as the kernel reads them; keys that are no strings are left out (S4.38). */
function optionsArgument(host: Host, L: State): unknown {
  const { vm } = host;
  if (vm.type(L, 1) !== TABLE) return null;
  const options: Record<string, unknown> = {};
  let count = 0;
  vm.pushNil(L);
  while (vm.api.lua_next(L, 1) !== 0) {
    if (++count > MAX_OPTIONS) throw invalid("too many options (limit 1,024)");
    if (vm.type(L, -2) === STRING) {
      const isBoolean = vm.type(L, -1) === BOOLEAN;
      const value = isBoolean ? vm.boolean(L, -1) : null;
      Object.defineProperty(options, vm.shownString(L, -2), { value, enumerable: true, configurable: true });
    }
    vm.pop(L, 1);
  }
  return options;
}

/** An error that is raised. */
export function raised(message: string): Raised {
  return new Raised(new ProcessError({ kind: errors.INVALID, message }));
}
