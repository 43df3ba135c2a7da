/**
 * What a SpawnBuilder has gathered: immutable, so that a builder can be shared and spawn any number of times (S7.3).
 * The dressing of a language turns its builder's methods into these functions; the permissions are asked in syscalls.ts.
 */
import { Context } from "./context.ts";
import { invalid, type ProcessError } from "./errors.ts";
import { noteFloat } from "./form.ts";
import type { Actor, Denial, Scope } from "./guard.ts";
import type { HeldContext } from "./outstanding.ts";
import { copyPayload } from "./payload.ts";
import { isPid } from "./pid.ts";
import type { QueuedMessage } from "./spawning.ts";

/** Messages in the order in which they were queued, from the end: builders that grow from each other share the beginning. */
export interface QueuedMessages {
  readonly last: QueuedMessage;
  readonly before: QueuedMessages | null;
}

/** The messages as a list, the first first. */
export function listOf(messages: QueuedMessages | null): QueuedMessage[] {
  const list: QueuedMessage[] = [];
  for (let at = messages; at !== null; at = at.before) list.push(at.last);
  return list.reverse();
}

/** How a builder's processes differ from those that their parent spawns directly. */
export interface SpawnSettings {
  readonly context: Context;
  /** On whose account the context is; `null` for nobody's. */
  readonly held: HeldContext | null;
  readonly actor: Actor | null;
  readonly scope: Scope | null;
  readonly name: string | null;
  /** The message queued last, and those before it. */
  readonly messages: QueuedMessages | null;
  /** How long an exec may take; `null` means no limit. */
  readonly timeoutMs: number | null;
  /** A refusal of `process.context`, remembered until something is spawned (S7.11). */
  readonly contextDenial: Denial | null;
  /** A refusal of `process.security`, likewise. */
  readonly securityDenial: Denial | null;
}

/** Values for `with_context`: a map that can be sent; INVALID otherwise (S7.2). `keepsForms` as in copyPayload. */
export function contextOf(values: unknown, keepsForms = false): Context {
  if (typeof values !== "object" || values === null || Array.isArray(values)) {
    throw invalid("context values must be a table with string keys");
  }
  const copy = copyPayload(values, "context", keepsForms);
  // What arrives as anything but a map, such as bytes or a date, has no keys.
  if (Object.getPrototypeOf(copy) !== Object.prototype)
    throw invalid("context values must be a table with string keys");
  return Context.of(copy as Record<string, unknown>);
}

/** The settings with further context values; keys given later win (S7.4). */
export function withContext(settings: SpawnSettings, values: Context, denial: Denial | null): SpawnSettings {
  return { ...settings, context: settings.context.with(values), contextDenial: settings.contextDenial ?? denial };
}

/** The settings with a name for the process (S7.6). */
export function withName(settings: SpawnSettings, name: string): SpawnSettings {
  const problem = badName(name);
  if (problem !== null) throw problem;
  return { ...settings, name };
}

/**
 * The settings with one more message; the payload is copied now and again for each process (S7.8, S7.9).
 *
 * @param bytes what the payload takes, about, if that is to be counted.
 * @param isFloat whether it is one number, and a float though it could be an integer.
 */
export function withMessage(
  settings: SpawnSettings,
  topic: string,
  payload: unknown,
  bytes = 0,
  isFloat = false,
): SpawnSettings {
  if (topic.startsWith("@")) throw invalid("cannot send to @ topics");
  const last = { topic, payload, bytes };
  if (isFloat) noteFloat(last, "payload");
  return { ...settings, messages: { last, before: settings.messages } };
}

/** The error of a name that cannot be registered (S8.4); `null` for one that can. */
export function badName(name: string): ProcessError | null {
  if (name === "") return invalid("name cannot be empty");
  if (isPid(name)) return invalid("name cannot have the form of a PID");
  return null;
}
