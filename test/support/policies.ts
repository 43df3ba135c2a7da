/** A set of policies with the guard and the audit that belong to it, for simulated islands. */
import type { PolicyCondition } from "beamish";
import type { Scope } from "../../src/kernel/index.ts";
import { Audit, type AuditEvent, PolicySet, ScopedGuard } from "../../src/security/index.ts";
import { compilePolicy } from "../../src/security/policy-compiler.ts";

/** A policy as a test writes it; what is left out is `allow`, everything, no conditions, no groups. */
export interface Written {
  readonly id: string;
  readonly effect?: "allow" | "deny";
  readonly actions?: string | readonly string[];
  readonly resources?: string | readonly string[];
  readonly conditions?: readonly PolicyCondition[];
  readonly expression?: string;
  readonly groups?: readonly string[];
}

/** Policies and who goes by them. */
export class Policed {
  readonly set = new PolicySet();
  readonly events: AuditEvent[] = [];
  readonly audit = new Audit({
    unixMs: () => 0,
    after: () => {},
    onFault: (fault) => {
      throw fault;
    },
  });
  readonly guard: ScopedGuard;

  constructor({ strict = false, policies = [] }: { strict?: boolean; policies?: readonly Written[] } = {}) {
    this.guard = new ScopedGuard(strict, this.audit);
    this.audit.watch((event) => this.events.push(event));
    this.change(policies);
  }

  /** Adds or replaces policies, and removes some. */
  change(set: readonly Written[], remove: readonly string[] = []): void {
    this.set.change({ set: set.map(compiled), remove });
  }

  /** A scope of these policies. */
  scope(...ids: string[]): Scope {
    return this.set.scopeOf(
      [],
      ids.map((id) => this.set.policy(id) ?? fail(`no policy ${id}`)),
    );
  }

  /** What a simulation takes. */
  get options() {
    return { guard: this.guard, policies: this.set };
  }
}

function compiled({ id, effect = "allow", actions = "*", resources = "*", groups = [], ...rest }: Written) {
  const list = (given: string | readonly string[]) => (typeof given === "string" ? [given] : given);
  const base = { id, effect, actions: list(actions), resources: list(resources), groups };
  const made =
    rest.expression === undefined
      ? compilePolicy({ ...base, kind: "security.policy", conditions: rest.conditions ?? [] })
      : compilePolicy({ ...base, kind: "security.policy.expr", expression: rest.expression });
  return Array.isArray(made) ? fail(made.map(({ text }) => text).join("\n")) : made;
}

function fail(text: string): never {
  throw new Error(text);
}
