/**
 * A scope as a process holds it: what makes another scope of it asks for the permission of the process that holds it
 * (S10.47). The kernel carries bare scopes only.
 */
import { type Actor, badArgument, Policy, Scope, SEAL, type Syscalls, type Verdict } from "../../kernel/index.ts";
import { open } from "./stopped.ts";

/** The scope without its holder. */
export let bareScope: (scope: Scope) => Scope;

/** See the head of this file. */
export class HeldScope extends Scope {
  readonly #syscalls: Syscalls;
  readonly #scope: Scope;

  static {
    bareScope = (scope) => (#scope in scope ? scope.#scope : scope);
  }

  /** @internal Made by `process.security` only. */
  constructor(seal: typeof SEAL, syscalls: Syscalls, scope: Scope) {
    super(seal);
    this.#syscalls = syscalls;
    this.#scope = scope;
    Object.freeze(this);
  }

  override with(policy: Policy): Scope {
    if (!Policy.is(policy)) throw badArgument(1, "with", "policy", policy);
    return this.#held(open(this.#syscalls).scopeWith(this.#scope, policy));
  }

  override without(id: string): Scope {
    if (typeof id !== "string") throw badArgument(1, "without", "string", id);
    return this.#held(open(this.#syscalls).scopeWithout(this.#scope, id));
  }

  override contains(id: string): boolean {
    if (typeof id !== "string") throw badArgument(1, "contains", "string", id);
    return this.#scope.contains(id);
  }

  override policies(): Policy[] {
    return this.#scope.policies();
  }

  override evaluate(actor: Actor, action: string, resource: string, meta?: object): Verdict {
    return this.#scope.evaluate(actor, action, resource, meta);
  }

  #held(scope: Scope): Scope {
    return scope === this.#scope ? this : new HeldScope(SEAL, this.#syscalls, scope);
  }
}

Object.freeze(HeldScope.prototype);
