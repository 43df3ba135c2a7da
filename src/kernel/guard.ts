/**
 * INTERFACE: who decides what a process may do. The kernel asks at one door (syscalls.ts) and nowhere else; the rules
 * are the guard's business. Actors and scopes are opaque here: values a process carries and its children inherit.
 */
import { invalid } from "./errors.ts";
import { copyPayload } from "./payload.ts";
import type { Pid } from "./pid.ts";

/** What a scope or a policy says to a request (S10.4). Only `allow` allows. */
export type Verdict = "allow" | "deny" | "undefined";

/** Who acts: an id and plain data about it. Made by {@link createActor} only, so that none can be forged from data. */
export class Actor {
  readonly #id: string;
  readonly #meta: Record<string, unknown>;

  /** @internal Use {@link createActor}. */
  constructor(key: typeof MAKE, id: string, meta: Record<string, unknown>) {
    if (key !== MAKE) throw invalid("actors are made by createActor");
    this.#id = id;
    this.#meta = meta;
  }

  /** The id it was made with. */
  id(): string {
    return this.#id;
  }

  /** A fresh copy of the data it was made with. */
  meta(): Record<string, unknown> {
    return copyPayload(this.#meta, "meta") as Record<string, unknown>;
  }
}

const MAKE: unique symbol = Symbol("make");

/**
 * Makes an actor, the security principal of processes (`spawner.withActor`).
 *
 * @param id a non-empty text.
 * @param meta plain data about it, copied; `{}` when left out.
 * @throws ProcessError INVALID for another id, or when meta is no plain object or cannot be sent.
 */
export function createActor(id: string, meta: object = {}): Actor {
  if (typeof id !== "string" || id === "") throw invalid("an actor needs an id that is a non-empty string");
  if (typeof meta !== "object" || meta === null || Array.isArray(meta)) {
    throw invalid("the meta of an actor must be an object");
  }
  return new Actor(MAKE, id, copyPayload(meta, "meta") as Record<string, unknown>);
}

/** Which policies apply to a process. The security floor has the body. */
export abstract class Scope {
  /** What this scope says to a request. */
  abstract evaluate(actor: Actor, action: string, resource: string, meta?: object): Verdict;
}

/** What a guard may know of a process: who asks, or who is asked for. */
export interface Subject {
  readonly pid: Pid;
  readonly actor: Actor | null;
  readonly scope: Scope | null;
  /** The entry it runs, `namespace:name`. */
  readonly entry: string;
  /** The id of its host. */
  readonly hostId: string;
}

/** Why a request was refused; kept as `details` of the error. */
export interface Denial {
  readonly action: string;
  readonly resource: string;
}

/** The rules. */
export interface Guard {
  /**
   * Asked before every operation.
   *
   * @param subject who asks.
   * @param action the permission, e.g. `process.send`.
   * @param resource what it is about: a pid, a process id, a host id, a name or a fixed word.
   * @param target the process behind a pid, where it is known here.
   * @param name the name the destination was given as, if it was.
   * @returns `null` when it is allowed.
   */
  check(subject: Subject, action: string, resource: string, target: Subject | null, name: string | null): Denial | null;
}

/** The guard of a runtime without policies: everything is allowed. */
export const openGuard: Guard = {
  check() {
    return null;
  },
};
