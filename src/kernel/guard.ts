/**
 * INTERFACE: who decides what a process may do. The kernel asks at one door (syscalls.ts) and nowhere else; the rules
 * are the guard's business. Actors, policies and scopes are opaque here: values a process carries or holds. Each is
 * sealed: an instance has a private part that only its makers can give it, so none can be forged from data.
 */
import { invalid, notFound, type ProcessError } from "./errors.ts";
import { copyPayload } from "./payload.ts";
import type { Pid } from "./pid.ts";

/** What a scope or a policy says to a request (S10.4). Only `allow` allows. */
export type Verdict = "allow" | "deny" | "undefined";

/** The key to the constructors of this file. The public door does not hand it out. */
export const SEAL: unique symbol = Symbol("seal");

/** The data of an actor, in place: to read only. Not a method, so that scripts cannot reach it. */
export let actorMeta: (actor: Actor) => Readonly<Record<string, unknown>>;

/** Who acts: an id and plain data about it. Made by {@link createActor} only, so that none can be forged from data. */
export class Actor {
  readonly #id: string;
  readonly #meta: Readonly<Record<string, unknown>>;

  static {
    actorMeta = (actor) => actor.#meta;
  }

  /** @internal Use {@link createActor}. */
  constructor(seal: typeof SEAL, id: string, meta: Readonly<Record<string, unknown>>) {
    if (seal !== SEAL) throw invalid("actors are made by createActor");
    this.#id = id;
    this.#meta = meta;
    Object.freeze(this); // a method put over another would be a forgery
  }

  /** @internal Whether a value is an actor, and not only of its shape. */
  static is(value: unknown): value is Actor {
    return typeof value === "object" && value !== null && #id in value;
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

/**
 * Makes an actor, the security principal of processes (`spawner.withActor`).
 *
 * @param id a non-empty text.
 * @param meta plain data about it, copied; `{}` when left out.
 * @throws ProcessError INVALID for another id, or when meta is no plain object or cannot be sent.
 */
export function createActor(id: string, meta: object = {}): Actor {
  if (typeof id !== "string" || id === "") throw invalid("an actor needs an id that is a non-empty string");
  return new Actor(SEAL, id, attributes(meta, "the meta of an actor must be an object"));
}

/** A private copy of plain data with keys; INVALID with this text when it is none. */
export function attributes(given: unknown, text: string): Record<string, unknown> {
  if (typeof given !== "object" || given === null || Array.isArray(given)) throw invalid(text);
  const copy = copyPayload(given, "meta");
  // What arrives as anything but a map, such as bytes or a date, has no keys.
  if (Object.getPrototypeOf(copy) !== Object.prototype) throw invalid(text);
  return copy as Record<string, unknown>;
}

/** One rule: says `allow`, `deny` or `undefined` to a request. The security floor has the body. */
export abstract class Policy {
  readonly #sealed: true;

  /** @internal */
  constructor(seal: typeof SEAL) {
    if (seal !== SEAL) throw invalid("policies are made by the runtime");
    this.#sealed = true;
  }

  /** @internal Whether a value is a policy, and not only of its shape. */
  static is(value: unknown): value is Policy {
    return typeof value === "object" && value !== null && #sealed in value && value.#sealed;
  }

  /** Its entry, `namespace:name`. */
  abstract id(): string;

  /** What this policy says to a request. Throws INVALID for arguments of the wrong type. */
  abstract evaluate(actor: Actor, action: string, resource: string, meta?: object): Verdict;
}

/** Which policies apply to a process; immutable. The security floor has the body. */
export abstract class Scope {
  readonly #sealed: true;

  /** @internal */
  constructor(seal: typeof SEAL) {
    if (seal !== SEAL) throw invalid("scopes are made by process.security or by the runtime");
    this.#sealed = true;
  }

  /** @internal Whether a value is a scope, and not only of its shape. */
  static is(value: unknown): value is Scope {
    return typeof value === "object" && value !== null && #sealed in value && value.#sealed;
  }

  /** A scope that has this policy as well. Throws: PERMISSION_DENIED (`security.scope.create`), INVALID. */
  abstract with(policy: Policy): Scope;

  /** A scope without the policy of that id. Throws: PERMISSION_DENIED (`security.scope.create`), INVALID. */
  abstract without(id: string): Scope;

  /** Whether the policy of that id is in it. */
  abstract contains(id: string): boolean;

  /** Its policies. */
  abstract policies(): Policy[];

  /** What this scope says to a request. Throws INVALID for arguments of the wrong type. */
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
  /** What the guard remembers of it; nobody else's business. `null` at first. */
  remembered: unknown;
}

/** Why a request was refused, as plain data; the `details` of the error. A guard may say more than it has to. */
export interface Denial {
  readonly action: string;
  readonly resource: string;
  /** The id of the actor that asked; `null` when it has none. */
  readonly actor?: string | null;
  /** In one sentence. */
  readonly reason?: string;
  /** The policy that refused; `null` when none allowed. */
  readonly decidedBy?: string | null;
  /** What each policy of the scope said, and why. */
  readonly policies?: readonly { readonly id: string; readonly says: Verdict; readonly why: string }[];
  /** How many policies are left out of the list, when it is long. */
  readonly omitted?: number;
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

  /**
   * Answers `can` (S10.44) in place of the scope of the process; left out by a guard that leaves it to the scope.
   *
   * @param meta what the process gave with it.
   */
  can?(subject: Subject, action: string, resource: string, meta: object | undefined): boolean;
}

/** The guard of a runtime without policies: everything is allowed. */
export const openGuard: Guard = {
  check() {
    return null;
  },
};

/** Where the kernel finds the policies of a runtime. */
export interface Policies {
  /** The policy of that id, or `null`. */
  policy(id: string): Policy | null;
  /** A scope of all policies of a group, or `null` when there is no such group. */
  group(id: string): Scope | null;
  /** A scope of these policies. Throws INVALID for policies that are not its own. */
  scope(policies: readonly Policy[]): Scope;
}

/** The policies of an island that has none. */
export const noPolicies: Policies = {
  policy: () => null,
  group: () => null,
  scope: () => {
    throw noSuchPolicy("any");
  },
};

/** The error of a policy that does not exist. */
export function noSuchPolicy(id: string): ProcessError {
  return notFound(`policy not found: ${id}`);
}

for (const sealed of [Actor, Policy, Scope]) Object.freeze(sealed.prototype);
