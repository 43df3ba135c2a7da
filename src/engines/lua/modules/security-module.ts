/** The host functions behind the module `security` and the objects it gives (S10.43-S10.47). */
import { Actor, actorMeta, invalid, Policy, ProcessError, Scope, type Verdict } from "../../../kernel/index.ts";
import { type Host, Raised } from "../host.ts";
import type { Continuation } from "../lua-run.ts";
import { ACTOR, POLICY, SCOPE } from "../objects.ts";
import { StackValue } from "../payloads.ts";
import { type HostFunction, NIL, type State, TABLE } from "../vm.ts";
import { pushFailure, pushFalse, raised } from "./process-module.ts";

/** How many policies `new_scope` takes: they are looked at in one go (S11.33). */
const MAX_POLICIES = 4_096;
/** What it costs to ask a policy, or to put it into a scope, in instructions' worth. */
const POLICY_COST = 30;

export function securityFunctions(host: Host): Record<string, HostFunction> {
  const { vm } = host;
  const { api } = vm;

  const push = (L: State, kind: number, metatable: number, thing: object | null, dataBytes = 0): number => {
    if (thing === null) vm.pushNil(L);
    else host.isolate.objects.push(L, kind, thing, metatable, dataBytes);
    return 1;
  };
  const pushActor = (L: State, actor: Actor | null, dataBytes = 0) =>
    push(L, ACTOR, host.isolate.needSecurity().actor, actor, dataBytes);
  const pushScope = (L: State, scope: Scope | null) => push(L, SCOPE, host.isolate.needSecurity().scope, scope);
  const pushPolicy = (L: State, policy: Policy) => push(L, POLICY, host.isolate.needSecurity().policy, policy);

  const actorAt = (L: State, position: number, operation: string): Actor => {
    const actor = host.isolate.objects.get(L, position, ACTOR);
    if (Actor.is(actor)) return actor;
    throw host.wrongArgument(L, position, operation, "actor");
  };
  /** Whatever is asked of a scope, each of its policies may be looked at. */
  const chargeFor = (scope: Scope | null): void => {
    if (scope !== null) vm.charge(scope.policies().length * POLICY_COST);
  };
  const scopeAt = (L: State, position: number, operation: string): Scope => {
    const scope = host.isolate.objects.get(L, position, SCOPE);
    if (!Scope.is(scope)) throw host.wrongArgument(L, position, operation, "scope");
    chargeFor(scope);
    return scope;
  };
  const policyAt = (L: State, position: number, operation: string): Policy => {
    const policy = host.isolate.objects.get(L, position, POLICY);
    if (Policy.is(policy)) return policy;
    throw host.wrongArgument(L, position, operation, "policy");
  };

  /** The attributes at a position: a table with strings for keys, or none. */
  const metaAt = (L: State, position: number, operation: string): StackValue | undefined => {
    const type = vm.type(L, position);
    if (type <= NIL) return undefined;
    if (type !== TABLE) throw host.wrongArgument(L, position, operation, "table");
    return new StackValue(host.isolate, L, position, "meta");
  };

  /**
   * Gives what becomes of attributes, which are read before, a part at a time if they are many. What fails is given as
   * `false` and the error, and raised by the prelude: what goes on in a later turn has nothing to raise it in.
   */
  const whenKnown = (L: State, meta: StackValue | undefined, act: Continuation): number =>
    host.whenRead(L, meta, (to) => {
      try {
        meta?.read();
        return act(to);
      } catch (cause) {
        if (cause instanceof ProcessError) return pushFalse(host, to, cause);
        throw cause;
      }
    });

  /** What a policy or a scope says to a request: `evaluate(actor, action, resource, meta)`. */
  const evaluate = (L: State, says: (actor: Actor, action: string, resource: string, meta?: object) => Verdict) => {
    const actor = actorAt(L, 2, "evaluate");
    const action = host.text(L, 3, "evaluate");
    const resource = host.text(L, 4, "evaluate");
    const meta = metaAt(L, 5, "evaluate");
    return whenKnown(L, meta, (to) => host.give(to, says(actor, action, resource, meta)));
  };

  return {
    security_actor: (L) => pushActor(L, host.run.actor()),
    security_scope: (L) => pushScope(L, host.run.scope()),

    security_can(L) {
      const { run } = host;
      const action = host.required(L, 1, "can", "action");
      const resource = host.required(L, 2, "can", "resource");
      const meta = metaAt(L, 3, "can");
      chargeFor(run.scope());
      return whenKnown(L, meta, (to) => host.give(to, run.can(action, resource, meta)));
    },

    security_policy: (L) => pushPolicy(L, host.run.policy(host.required(L, 1, "policy", "policy id"))),
    security_named_scope: (L) => pushScope(L, host.run.namedScope(host.required(L, 1, "named_scope", "group id"))),

    security_new_scope(L) {
      const { run } = host;
      const type = vm.type(L, 1);
      if (type > NIL && type !== TABLE) throw host.wrongArgument(L, 1, "new_scope", "table");
      const policies: Policy[] = [];
      const count = type === TABLE ? Number(api.lua_rawlen(L, 1)) : 0;
      if (count > MAX_POLICIES) throw raised("too many policies (limit 4,096)");
      vm.charge(count * POLICY_COST);
      for (let n = 1; n <= count; n++) {
        vm.getAt(L, 1, n);
        const policy = host.isolate.objects.get(L, -1, POLICY);
        if (!Policy.is(policy)) throw new Raised(invalid("new_scope takes a list of policies"));
        policies.push(policy);
        vm.pop(L, 1);
      }
      return pushScope(L, run.newScope(policies));
    },

    security_new_actor(L) {
      const { run } = host;
      const id = host.required(L, 1, "new_actor", "actor id");
      const meta = metaAt(L, 2, "new_actor");
      return whenKnown(L, meta, (to) => {
        // What cannot be sent has been raised; what else is wrong, and a refusal, is returned.
        let actor: Actor;
        try {
          actor = run.newActor(id, meta);
        } catch (cause) {
          if (cause instanceof ProcessError) return pushFailure(host, to, cause);
          throw cause;
        }
        return pushActor(to, actor, id.length + (meta === undefined ? 0 : meta.bytes));
      });
    },

    actor_id: (L) => host.give(L, actorAt(L, 1, "id").id()),
    actor_meta: (L) => host.giveShared(L, actorMeta(actorAt(L, 1, "meta"))),

    policy_id: (L) => host.give(L, policyAt(L, 1, "id").id()),
    policy_evaluate(L) {
      const policy = policyAt(L, 1, "evaluate");
      return evaluate(L, (...request) => policy.evaluate(...request));
    },

    scope_with: (L) => pushScope(L, host.run.scopeWith(scopeAt(L, 1, "with"), policyAt(L, 2, "with"))),
    scope_without: (L) => pushScope(L, host.run.scopeWithout(scopeAt(L, 1, "without"), host.text(L, 2, "without"))),
    scope_contains: (L) => host.give(L, scopeAt(L, 1, "contains").contains(host.text(L, 2, "contains"))),
    scope_policies(L) {
      const policies = scopeAt(L, 1, "policies").policies();
      api.lua_createtable(L, policies.length, 0);
      for (const [at, policy] of policies.entries()) {
        pushPolicy(L, policy);
        vm.setAt(L, -2, at + 1);
      }
      return 1;
    },
    scope_evaluate(L) {
      const scope = scopeAt(L, 1, "evaluate");
      return evaluate(L, (...request) => scope.evaluate(...request));
    },

    /** Whether two userdata stand for the same thing. */
    same(L) {
      const kind = host.isolate.objects.kind(L, 1);
      const one = host.isolate.objects.get(L, 1, kind);
      vm.pushBoolean(L, one !== null && one === host.isolate.objects.get(L, 2, kind));
      return 1;
    },
  };
}
