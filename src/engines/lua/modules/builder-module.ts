/** The host functions behind SpawnBuilder (section 7): immutable, each method gives a new one. */
import {
  Actor,
  bytesOf,
  type Context,
  contextOf,
  copyPayload,
  formOf,
  HeldContext,
  invalid,
  isForeignFloat,
  messageBytes,
  parseDuration,
  Scope,
  type SpawnOperation,
  type SpawnSettings,
  withMessage,
  withName,
} from "../../../kernel/index.ts";
import { type Host, raising } from "../host.ts";
import { ACTOR, BUILDER, SCOPE } from "../objects.ts";
import { StackValue } from "../payloads.ts";
import { type HostFunction, NIL, NUMBER, STRING, type State, TABLE } from "../vm.ts";
import { durationArgument, durationText } from "./durations.ts";
import { execBy, payloadFrom, spawnBy } from "./process-module.ts";

/** What it costs to put a context value into a further map, in instructions' worth, and what it takes there, about. */
const KEY_COST = 30;
const KEY_BYTES = 16;

/** How many values the context of a builder may have, inherited ones too: they are put into a further map in one go (S11.33). */
const MAX_CONTEXT_VALUES = 16_384;

/** What a builder's userdata stands for. */
class Builder {
  readonly settings: SpawnSettings;
  /** What it holds besides what its process has inherited, about. */
  readonly bytes: number;

  constructor(settings: SpawnSettings, bytes: number) {
    this.settings = settings;
    this.bytes = bytes;
  }
}

/** How many values count for a context that scripts have made; those of any other are as many as it has. */
const contextKeys = new WeakMap<SpawnSettings["context"], number>();

export function builderFunctions(host: Host): Record<string, HostFunction> {
  const builderAt = (L: State, operation: string): Builder => {
    const builder = host.isolate.objects.get(L, 1, BUILDER);
    if (builder instanceof Builder) return builder;
    throw host.wrongArgument(L, 1, operation, "spawn builder");
  };

  const settingsOf = (L: State, operation: string): SpawnSettings => builderAt(L, operation).settings;

  /** What a builder holds is on our side, out of the script's heap, and counts there all the same. */
  const push = (L: State, settings: SpawnSettings, bytes: number): number => {
    const { objects, metatables } = host.isolate;
    const dataBytes = bytes + (settings.name?.length ?? 0);
    objects.push(L, BUILDER, new Builder(settings, bytes), metatables.builder, dataBytes);
    return 1;
  };

  /** A method that gives a new builder; whatever is wrong is raised (S7.12, S12.10). */
  const method =
    (operation: string, change: (settings: SpawnSettings, L: State) => SpawnSettings): HostFunction =>
    (L) => {
      void host.run;
      const { settings, bytes } = builderAt(L, operation);
      const changed = raising(() => change(settings, L));
      return push(L, changed, bytes);
    };

  /** What fails is returned here, and raised by the prelude: reading much takes several turns. */
  const pushWithContext = (L: State, settings: SpawnSettings, bytes: number, position: number): number => {
    if (host.vm.type(L, position) !== TABLE) throw host.wrongArgument(L, position, "with_context", "table", 1);
    const data = new StackValue(host.isolate, L, position, "context");
    return host.whenRead(L, data, (to) => {
      const { run } = host;
      const values = withStringKeys(contextOf(data, true));
      const changed = run.withContext(settings, withRoom(settings, values));
      // Nothing is copied and nothing held where nothing is put to it.
      if (changed.context === settings.context) return push(to, changed, bytes);
      // Keys that are in both count twice: whoever gives the same ones over and over has no more than a limit of them.
      const keys = (contextKeys.get(settings.context) ?? settings.context.size) + values.size;
      contextKeys.set(changed.context, keys);
      host.vm.charge(keys * KEY_COST);
      const addedBytes = data.bytes + keys * KEY_BYTES;
      const held = new HeldContext(run.outstanding, addedBytes, settings.held);
      return push(to, { ...changed, held }, bytes + addedBytes);
    });
  };

  const spawner =
    (operation: Exclude<SpawnOperation, "exec">): HostFunction =>
    (L) => {
      void host.run;
      return spawnBy(host, L, operation, 2, settingsOf(L, operation));
    };

  return {
    with_context(L) {
      const { run } = host;
      return pushWithContext(L, run.inherited(), 0, 1);
    },
    builder_with_context(L) {
      void host.run;
      const { settings, bytes } = builderAt(L, "with_context");
      return pushWithContext(L, settings, bytes, 2);
    },
    builder_with_actor: method("with_actor", (settings, L) => {
      const actor = host.isolate.objects.get(L, 2, ACTOR);
      if (!Actor.is(actor)) throw host.wrongArgument(L, 2, "with_actor", "actor", 1);
      return host.run.withActor(settings, actor);
    }),
    builder_with_scope: method("with_scope", (settings, L) => {
      const scope = host.isolate.objects.get(L, 2, SCOPE);
      if (!Scope.is(scope)) throw host.wrongArgument(L, 2, "with_scope", "scope", 1);
      return host.run.withScope(settings, scope);
    }),
    builder_with_name: method("with_name", (settings, L) => withName(settings, host.text(L, 2, "with_name", 1))),
    builder_with_message(L) {
      void host.run;
      const { settings, bytes } = builderAt(L, "with_message");
      const topic = host.text(L, 2, "with_message", 1);
      const payload = payloadFrom(host, L, 3);
      return host.whenRead(L, payload, (to) => {
        const copy = copyPayload(payload, "payload");
        const dataBytes = bytesOf(payload);
        const changed = withMessage(settings, topic, copy, dataBytes, isForeignFloat(payload));
        return push(to, changed, bytes + messageBytes(topic, dataBytes));
      });
    },
    builder_with_options: method("with_options", (settings, L) => withOptions(host, L, settings)),
    builder_spawn: spawner("spawn"),
    builder_spawn_monitored: spawner("spawn_monitored"),
    builder_spawn_linked: spawner("spawn_linked"),
    builder_spawn_linked_monitored: spawner("spawn_linked_monitored"),
    builder_exec(L) {
      void host.run;
      return execBy(host, L, 2, settingsOf(L, "exec"));
    },
  };
}

/** Refuses values with which a context would have too many, before it is copied for them. */
function withRoom({ context }: SpawnSettings, values: Context): Context {
  let { size } = context;
  if (size === 0) size = values.size;
  else for (const key of values.sharedAll.keys()) if (!context.has(key)) size++;
  if (size > MAX_CONTEXT_VALUES) throw invalid("too many context values (limit 16,384)");
  return values;
}

/** Context values have strings for keys: integers among the keys will not do (S7.2). */
function withStringKeys(values: Context): Context {
  if (formOf(values.sharedAll)?.integerKeys) {
    throw invalid("context values must be a table with string keys");
  }
  return values;
}

function withOptions(host: Host, L: State, settings: SpawnSettings): SpawnSettings {
  const { vm } = host;
  if (vm.type(L, 2) !== TABLE) throw host.wrongArgument(L, 2, "with_options", "table", 1);
  const duration = vm.getField(L, 2, "timeout") === NIL ? undefined : durationArgument(host, L, -1);
  let timeoutMs = settings.timeoutMs;
  if (duration !== undefined) timeoutMs = duration === null ? timeoutAt(host, L, -1) : duration / 1_000_000;
  vm.pop(L, 1);
  vm.pushNil(L);
  while (vm.api.lua_next(L, 2) !== 0) {
    const key = vm.type(L, -2) === STRING ? vm.shownString(L, -2) : "";
    if (key !== "timeout") throw invalid(`option ${key} is not supported`);
    vm.pop(L, 1);
  }
  return { ...settings, timeoutMs };
}

/** A timeout as a text, or as milliseconds (S7.10). */
function timeoutAt(host: Host, L: State, index: number): number {
  const { vm } = host;
  const type = vm.type(L, index);
  if (type !== STRING && type !== NUMBER) throw host.wrongArgument(L, index, "with_options", "duration", 1);
  const given = type === STRING ? durationText(host, L, index) : vm.api.lua_tonumberx(L, index, 0);
  const ms = parseDuration(given);
  if (ms === null) throw invalid(`invalid duration format: ${given}`);
  return ms;
}
