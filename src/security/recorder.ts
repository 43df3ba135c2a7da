/**
 * A guard that watches and refuses nothing: it writes down what processes ask for, so that the policies they need can be
 * made of it (least-policies.ts). Requests of one sort are one record with a count: pids differ from run to run and are
 * kept as an example only, so a record of a long run stays as small as what the program does.
 */
import { attributes, type Guard, type Subject } from "../kernel/index.ts";
import { actions } from "./actions.ts";
import { attributesOf } from "./request.ts";

/** Requests of one sort. */
export interface RecordedRequest {
  /** The entry of the process that asked. */
  readonly entry: string;
  /** The id of its actor; `null` when it has none. */
  readonly actor: string | null;
  readonly actorMeta: Readonly<Record<string, unknown>>;
  readonly action: string;
  /** Where this is a pid, that of the first of these requests. */
  readonly resource: string;
  /** What policies are told beside that (S10.7), of the first of these requests. */
  readonly meta: Readonly<Record<string, unknown>>;
  /** How many there were. */
  readonly count: number;
}

/** See the head of this file. */
export class Recorder implements Guard {
  readonly #known = new Map<string, { -readonly [K in keyof RecordedRequest]: RecordedRequest[K] }>();

  /** What was asked for, in the order of the first times. */
  get requests(): readonly RecordedRequest[] {
    return [...this.#known.values()];
  }

  check(subject: Subject, action: string, resource: string, target: Subject | null, name: string | null): null {
    const about = isAboutPid(action)
      ? [target === null ? placeOf(resource) : target.entry, target?.actor?.id(), target?.hostId]
      : [resource];
    this.#note(subject, action, resource, [...about, name], () => attributesOf(subject, target, name));
    return null;
  }

  /** What a program asks about actions of its own is recorded too, and answered with yes. */
  can(subject: Subject, action: string, resource: string, meta: object | undefined): boolean {
    const known = meta === undefined ? {} : attributes(meta, "the attributes must be an object");
    this.#note(subject, action, resource, [resource, attributeKey(known)], () => known);
    return true;
  }

  #note(
    subject: Subject,
    action: string,
    resource: string,
    about: readonly unknown[],
    meta: () => Readonly<Record<string, unknown>>,
  ): void {
    const actor = subject.actor?.id() ?? null;
    const key = JSON.stringify([actor, subject.entry, action, ...about]);
    const known = this.#known.get(key);
    if (known !== undefined) known.count++;
    else {
      const actorMeta = subject.actor?.meta() ?? {};
      this.#known.set(key, { entry: subject.entry, actor, actorMeta, action, resource, meta: meta(), count: 1 });
    }
  }
}

/** Whether the resource of an action is a process. */
export function isAboutPid(action: string): boolean {
  return Object.hasOwn(actions, action) && actions[action as keyof typeof actions] === "pid";
}

/** A pid without its number: what is left to tell of a process that nobody knows any more. */
export function placeOf(pid: string): string {
  const bar = pid.lastIndexOf("|");
  return bar < 0 ? pid : pid.slice(0, bar + 1);
}

/** Attributes that a program gives may hold anything that can be sent. */
function attributeKey(meta: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(meta, (_key, value: unknown) => (typeof value === "bigint" ? `${value}n` : value));
}
