/** The host functions behind SpawnBuilder (section 7): immutable, each method gives a new one. */
import {
  Actor,
  badArgument,
  contextValues,
  copyPayload,
  formOf,
  invalid,
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

/** What a builder's userdata stands for. */
class Builder {
  readonly settings: SpawnSettings;

  constructor(settings: SpawnSettings) {
    this.settings = settings;
  }
}

export function builderFunctions(host: Host): Record<string, HostFunction> {
  const settingsOf = (L: State, operation: string): SpawnSettings => {
    const builder = host.isolate.objects.get(L, 1, BUILDER);
    if (builder instanceof Builder) return builder.settings;
    throw host.wrongArgument(L, 1, operation, "spawn builder");
  };

  const push = (L: State, settings: SpawnSettings): number => {
    host.isolate.objects.push(L, BUILDER, new Builder(settings), host.isolate.metatables.builder);
    return 1;
  };

  /** A method that gives a new builder; whatever is wrong is raised (S7.12, S12.10). */
  const method =
    (operation: string, change: (settings: SpawnSettings, L: State) => SpawnSettings): HostFunction =>
    (L) => {
      void host.run;
      const settings = settingsOf(L, operation);
      return push(
        L,
        raising(() => change(settings, L)),
      );
    };

  const contextArgument = (L: State, position: number): Record<string, unknown> => {
    if (host.vm.type(L, position) !== TABLE) throw host.wrongArgument(L, position, "with_context", "table", 1);
    return withStringKeys(contextValues(new StackValue(host.isolate, L, position, "context"), true));
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
      return push(
        L,
        raising(() => run.withContext(run.inherited(), contextArgument(L, 1))),
      );
    },
    builder_with_context: method("with_context", (settings, L) =>
      host.run.withContext(settings, contextArgument(L, 2)),
    ),
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
    builder_with_message: method("with_message", (settings, L) =>
      withMessage(settings, host.text(L, 2, "with_message", 1), copyPayload(payloadFrom(host, L, 3), "payload")),
    ),
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

/** Context values have strings for keys: integers among the keys will not do (S7.2). */
function withStringKeys(values: Record<string, unknown>): Record<string, unknown> {
  if (formOf(values)?.integerKeys) {
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
  if (type !== STRING && type !== NUMBER) throw badArgument(1, "with_options", "duration", null);
  const given = type === STRING ? durationText(host, L, index) : vm.api.lua_tonumberx(L, index, 0);
  const ms = parseDuration(given);
  if (ms === null) throw invalid(`invalid duration format: ${given}`);
  return ms;
}
