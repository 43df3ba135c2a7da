/**
 * All policies and groups of a runtime. They change all at once, while everybody goes on: the objects that scripts hold
 * stay the same, and every decision remembered elsewhere is void from then on (`epoch`).
 */
import { invalid, type Policies, type Policy, SEAL } from "../kernel/index.ts";
import { PolicyBody, policiesChanged, replaceRule } from "./policy.ts";
import type { CompiledPolicy } from "./policy-compiler.ts";
import { bodyOf, type Group, PolicyScope } from "./scope.ts";

/** A change: removing comes first, so an id in both is replaced. */
export interface PolicyChange {
  readonly set?: readonly CompiledPolicy[];
  readonly remove?: readonly string[];
}

interface MutableGroup extends Group {
  members: readonly PolicyBody[];
}

/** The policies of one runtime. */
export class PolicySet implements Policies {
  #version = 0;
  readonly #sources = new Map<string, CompiledPolicy>();
  /** Every policy there ever was: who holds a removed one shall have it again when it comes back. */
  readonly #bodies = new Map<string, PolicyBody>();
  readonly #groups = new Map<string, MutableGroup>();
  readonly #groupScopes = new Map<string, PolicyScope>();

  /** How many changes there were. */
  get version(): number {
    return this.#version;
  }

  /** The ids of all policies, sorted. */
  ids(): string[] {
    return [...this.#sources.keys()].sort();
  }

  policy(id: string): PolicyBody | null {
    return this.#sources.has(id) ? (this.#bodies.get(id) as PolicyBody) : null;
  }

  group(id: string): PolicyScope | null {
    const group = this.#groups.get(id);
    if (group === undefined || group.members.length === 0) return null;
    let scope = this.#groupScopes.get(id);
    if (scope === undefined) {
      scope = new PolicyScope(SEAL, { groups: [group], without: new Set(), own: [] });
      this.#groupScopes.set(id, scope);
    }
    return scope;
  }

  scope(policies: readonly Policy[]): PolicyScope {
    return this.scopeOf([], policies.map(bodyOf));
  }

  /** A scope of all policies of some groups and of further ones. Throws INVALID for a group that does not exist. */
  scopeOf(groups: readonly string[], policies: readonly Policy[]): PolicyScope {
    const known = groups.map((id) => {
      const group = this.#groups.get(id);
      if (group === undefined || group.members.length === 0) throw invalid(`no policy is in a group ${id}`);
      return group;
    });
    const own = new Map(policies.map((policy) => [policy.id(), bodyOf(policy)]));
    return new PolicyScope(SEAL, { groups: known, without: new Set(), own: [...own.values()] });
  }

  /** Makes a change. */
  change({ set = [], remove = [] }: PolicyChange): void {
    for (const id of remove) this.#remove(id);
    for (const policy of set) {
      this.#sources.set(policy.id, policy);
      const body = this.#bodies.get(policy.id) ?? new PolicyBody(SEAL, policy.id);
      this.#bodies.set(policy.id, body);
      replaceRule(body, policy.rule);
    }
    this.#regroup();
    this.#version++;
    policiesChanged();
  }

  #remove(id: string): void {
    if (!this.#sources.delete(id)) return;
    replaceRule(this.#bodies.get(id) as PolicyBody, null);
  }

  #regroup(): void {
    const members = new Map<string, PolicyBody[]>();
    for (const { id, groups } of this.#sources.values()) {
      for (const group of new Set(groups)) {
        const list = members.get(group) ?? [];
        list.push(this.#bodies.get(id) as PolicyBody);
        members.set(group, list);
      }
    }
    for (const id of members.keys()) if (!this.#groups.has(id)) this.#groups.set(id, { id, members: [] });
    for (const group of this.#groups.values()) group.members = members.get(group.id) ?? [];
  }
}
