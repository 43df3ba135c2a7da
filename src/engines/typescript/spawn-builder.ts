/** The context spawner (section 7): immutable, each method returns a new one. */
import {
  Actor,
  badArgument,
  contextOf,
  copyPayload,
  type ExitResult,
  errorOf,
  invalid,
  isFailure,
  type OneShot,
  type Pid,
  ProcessError,
  requiredDurationMs,
  Scope,
  type SpawnOperation,
  type SpawnSettings,
  type Syscalls,
  withMessage,
  withName,
} from "../../kernel/index.ts";
import { answered, answerFrom, never, rejected } from "./answers.ts";
import { bareScope } from "./held-scope.ts";
import type { Duration, Exec, Spawn } from "./process-api.ts";
import { open, owned } from "./stopped.ts";

/** Checks the two required arguments of a spawn or exec. */
function check(operation: SpawnOperation, given: readonly unknown[]): void {
  if (given.length < 2) {
    throw invalid(`${operation} requires ${operation === "exec" ? "" : "at least "}id and host arguments`);
  }
  if (typeof given[0] !== "string") throw badArgument(1, operation, "string", given[0]);
  if (typeof given[1] !== "string") throw badArgument(2, operation, "string", given[1]);
}

const NO_ARGUMENTS: readonly unknown[] = Object.freeze([]);

function argumentsOf(given: readonly unknown[]): readonly unknown[] {
  return given.length === 2 ? NO_ARGUMENTS : given.slice(2);
}

/** Spawns by any of the four operations. */
export function spawnBy(
  syscalls: Syscalls,
  operation: Exclude<SpawnOperation, "exec">,
  given: readonly unknown[],
  settings: SpawnSettings | null,
): Promise<Pid> {
  if (syscalls.isShut) return never(syscalls);
  let answer: Pid | OneShot;
  try {
    check(operation, given);
    answer = syscalls.spawn(operation, given[0] as string, given[1] as string, argumentsOf(given), settings);
  } catch (cause) {
    return rejected(syscalls, cause);
  }
  if (typeof answer === "string") return answered(syscalls, answer);
  return answerFrom<Pid>(syscalls, answer, (late, resolve, reject) => {
    if (late instanceof ProcessError) reject(owned(syscalls, late));
    else resolve(late as Pid);
  });
}

/** Executes: resolves with the value, rejects with the error the child ended with. */
export function execBy(
  syscalls: Syscalls,
  given: readonly unknown[],
  settings: SpawnSettings | null,
): Promise<unknown> {
  if (syscalls.isShut) return never(syscalls);
  let reply: OneShot;
  try {
    check("exec", given);
    reply = syscalls.exec(given[0] as string, given[1] as string, argumentsOf(given), settings);
  } catch (cause) {
    return rejected(syscalls, cause);
  }
  return answerFrom<unknown>(syscalls, reply, (answer, resolve, reject) => {
    const result = answer as ExitResult;
    if (isFailure(result)) reject(owned(syscalls, errorOf(result)));
    else resolve(result.value);
  });
}

/**
 * Builds spawns with context values, an actor, a scope, a name or messages. Immutable: a method leaves its receiver as
 * it was and returns a new builder, and one builder may spawn any number of times. Wrong arguments throw INVALID at
 * once; a refused permission is remembered and rejects every later spawn or exec (S7.11).
 */
export class SpawnBuilder {
  readonly #syscalls: Syscalls;
  readonly #settings: SpawnSettings;

  /** @internal Made by `process.withContext`. */
  constructor(syscalls: Syscalls, settings: SpawnSettings) {
    this.#syscalls = syscalls;
    this.#settings = settings;
  }

  /** Adds context values; those given later win. Throws INVALID. */
  withContext(values: Record<string, unknown>): SpawnBuilder {
    const added = contextOf(values);
    return this.#but((syscalls, settings) => syscalls.withContext(settings, added));
  }

  /** Replaces the actor of the future process. Throws INVALID for anything `createActor` has not made. */
  withActor(actor: Actor): SpawnBuilder {
    if (!Actor.is(actor)) throw badArgument(1, "with_actor", "actor", actor);
    return this.#but((syscalls, settings) => syscalls.withActor(settings, actor));
  }

  /** Replaces the scope of the future process. Throws INVALID for anything that is no scope. */
  withScope(scope: Scope): SpawnBuilder {
    if (!Scope.is(scope)) throw badArgument(1, "with_scope", "scope", scope);
    return this.#but((syscalls, settings) => syscalls.withScope(settings, bareScope(scope)));
  }

  /** Registers the process under a name in the moment it starts. Throws INVALID. */
  withName(name: string): SpawnBuilder {
    if (typeof name !== "string") throw badArgument(1, "with_name", "string", name);
    return this.#but((_syscalls, settings) => withName(settings, name));
  }

  /** Queues a message for each process, before anybody else's; may be repeated. Throws INVALID. */
  withMessage(topic: string, ...payload: unknown[]): SpawnBuilder {
    if (typeof topic !== "string") throw badArgument(1, "with_message", "string", topic);
    const copied = copyPayload(payload.length > 1 ? payload : payload[0], "payload");
    return this.#but((_syscalls, settings) => withMessage(settings, topic, copied));
  }

  /** `timeout` limits an exec; spawns ignore it. Throws INVALID, also for an unknown key. */
  withOptions(options: { timeout?: Duration }): SpawnBuilder {
    if (typeof options !== "object" || options === null) throw badArgument(1, "with_options", "table", options);
    for (const key of Object.keys(options)) {
      if (key !== "timeout") throw invalid(`option ${key} is not supported`);
    }
    if (options.timeout === undefined) return this.#but((_syscalls, settings) => settings);
    const timeoutMs = requiredDurationMs(options.timeout, "with_options");
    return this.#but((_syscalls, settings) => ({ ...settings, timeoutMs }));
  }

  /** As `process.spawn`, with what was built. */
  get spawn(): Spawn {
    return ((...given: unknown[]) => spawnBy(this.#syscalls, "spawn", given, this.#settings)) as Spawn;
  }

  /** As `process.spawnMonitored`, with what was built. */
  get spawnMonitored(): Spawn {
    return ((...given: unknown[]) => spawnBy(this.#syscalls, "spawn_monitored", given, this.#settings)) as Spawn;
  }

  /** As `process.spawnLinked`, with what was built. */
  get spawnLinked(): Spawn {
    return ((...given: unknown[]) => spawnBy(this.#syscalls, "spawn_linked", given, this.#settings)) as Spawn;
  }

  /** As `process.spawnLinkedMonitored`, with what was built. */
  get spawnLinkedMonitored(): Spawn {
    return ((...given: unknown[]) => spawnBy(this.#syscalls, "spawn_linked_monitored", given, this.#settings)) as Spawn;
  }

  /** As `process.exec`, with what was built and the timeout of `withOptions`. */
  get exec(): Exec {
    return ((...given: unknown[]) => execBy(this.#syscalls, given, this.#settings)) as Exec;
  }

  #but(change: (syscalls: Syscalls, settings: SpawnSettings) => SpawnSettings): SpawnBuilder {
    const syscalls = open(this.#syscalls);
    return new SpawnBuilder(syscalls, change(syscalls, this.#settings));
  }
}
