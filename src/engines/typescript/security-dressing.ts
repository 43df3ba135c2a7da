/** `process.security` (S16.40-S16.42): checks the types of arguments, and hands out scopes bound to the process. */
import { type Actor, badArgument, invalid, Policy, type Scope, SEAL, type Syscalls } from "../../kernel/index.ts";
import { HeldScope } from "./held-scope.ts";
import type { Security } from "./process-api.ts";
import { open } from "./stopped.ts";

/** The `security` of one run. */
export function securityOf(syscalls: Syscalls): Security {
  const held = (scope: Scope): Scope => new HeldScope(SEAL, syscalls, scope);
  return {
    actor: (): Actor | null => open(syscalls).actor(),
    scope: (): Scope | null => {
      const scope = open(syscalls).scope();
      return scope === null ? null : held(scope);
    },
    can: (action: string, resource: string, meta?: object): boolean => {
      if (typeof action !== "string") throw badArgument(1, "can", "string", action);
      if (typeof resource !== "string") throw badArgument(2, "can", "string", resource);
      return open(syscalls).can(action, resource, meta);
    },
    policy: (id: string): Policy => {
      if (typeof id !== "string") throw badArgument(1, "policy", "string", id);
      return open(syscalls).policy(id);
    },
    namedScope: (id: string): Scope => {
      if (typeof id !== "string") throw badArgument(1, "namedScope", "string", id);
      return held(open(syscalls).namedScope(id));
    },
    newScope: (policies: readonly Policy[] = []): Scope => {
      if (!Array.isArray(policies)) throw badArgument(1, "newScope", "array", policies);
      if (!policies.every((policy) => Policy.is(policy))) throw invalid("newScope takes a list of policies");
      return held(open(syscalls).newScope(policies));
    },
    newActor: (id: string, meta?: object): Actor => {
      if (typeof id !== "string") throw badArgument(1, "newActor", "string", id);
      return open(syscalls).newActor(id, meta);
    },
  };
}
