/**
 * The body of the kernel's Scope: policies and whole groups, less some, as one list without order (S10.4).
 *
 * A scope never changes, though what its groups contain may: a policy put into a group later counts for those who run
 * under the group's scope, from their next request on.
 */
import { type Actor, invalid, Policy, Scope, SEAL, type Verdict } from "../kernel/index.ts";
import { checkedRequest, epoch, PolicyBody, type Statement, statementOf } from "./policy.ts";
import type { Request } from "./request.ts";

/** The policies of a group at present. */
export interface Group {
  readonly id: string;
  readonly members: readonly PolicyBody[];
}

/** What a scope is made of. */
interface Parts {
  readonly groups: readonly Group[];
  /** Ids that do not count although a group has them. */
  readonly without: ReadonlySet<string>;
  /** Policies that count whatever the groups have. */
  readonly own: readonly PolicyBody[];
}

/** The policies of a scope as they are now. */
export let policiesOf: (scope: PolicyScope) => readonly PolicyBody[];

/** Whether a scope is one of this floor, whatever its prototype says. */
export let isPolicyScope: (scope: Scope) => scope is PolicyScope;

/** The body of the kernel's Scope. */
export class PolicyScope extends Scope {
  readonly #parts: Parts;
  #policies: readonly PolicyBody[] = [];
  #epoch = -1;

  static {
    isPolicyScope = (scope): scope is PolicyScope => #parts in scope;
    policiesOf = (scope) => {
      if (scope.#epoch !== epoch) {
        scope.#policies = gather(scope.#parts);
        scope.#epoch = epoch;
      }
      return scope.#policies;
    };
  }

  /** @internal Made by policy sets, and by scopes. */
  constructor(seal: typeof SEAL, parts: Parts) {
    super(seal);
    this.#parts = parts;
    Object.freeze(this);
  }

  override with(policy: Policy): PolicyScope {
    const added = bodyOf(policy);
    const { own } = this.#parts;
    if (own.includes(added)) return this;
    return new PolicyScope(SEAL, { ...this.#parts, own: [...own.filter((one) => one.id() !== added.id()), added] });
  }

  override without(id: string): PolicyScope {
    if (typeof id !== "string") throw invalid("without needs the id of a policy");
    if (!this.contains(id) && this.#parts.groups.length === 0) return this;
    const { own, without, groups } = this.#parts;
    return new PolicyScope(SEAL, {
      groups,
      own: own.filter((one) => one.id() !== id),
      without: groups.length === 0 ? without : new Set([...without, id]),
    });
  }

  override contains(id: string): boolean {
    return policiesOf(this).some((policy) => policy.id() === id);
  }

  override policies(): Policy[] {
    return [...policiesOf(this)];
  }

  override evaluate(actor: Actor, action: string, resource: string, meta?: object): Verdict {
    return verdictOf(this, checkedRequest(actor, action, resource, meta));
  }
}

/** What a scope says to a request: deny wins, then allow (S10.4). */
export function verdictOf(scope: PolicyScope, request: Request): Verdict {
  let verdict: Verdict = "undefined";
  for (const policy of policiesOf(scope)) {
    const { says } = statementOf(policy, request);
    if (says === "deny") return "deny";
    if (says === "allow") verdict = "allow";
  }
  return verdict;
}

/** What each policy of a scope says to a request, and why. */
export function consult(scope: PolicyScope, request: Request): (Statement & { id: string })[] {
  return policiesOf(scope).map((policy) => ({ id: policy.id(), ...statementOf(policy, request) }));
}

/** Checks that a policy is one of ours. */
export function bodyOf(policy: unknown): PolicyBody {
  if (Policy.is(policy) && policy instanceof PolicyBody) return policy;
  throw invalid("a scope is made of policies");
}

function gather({ groups, without, own }: Parts): PolicyBody[] {
  const found = new Map<string, PolicyBody>();
  for (const group of groups) {
    for (const member of group.members) if (!without.has(member.id())) found.set(member.id(), member);
  }
  for (const policy of own) found.set(policy.id(), policy);
  return [...found.values()];
}

Object.freeze(PolicyScope.prototype);
