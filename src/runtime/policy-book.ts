/**
 * Policies to ask questions about while nothing runs: those of an application or of one file of entries, read and checked
 * as for a start.
 */
import {
  type Definition,
  formatPlace,
  type LifecycleSecurity,
  type PolicyDefinition,
  type PolicyExprDefinition,
} from "../catalog/index.ts";
import { createActor, invalid, type Verdict } from "../kernel/index.ts";
import { readDefinitions } from "../platform/index.ts";
import { consult, PolicySet, requestOf, type Statement } from "../security/index.ts";
import { checkPolicy, compileAll } from "./policies.ts";

/** A service, as far as permissions go. */
export interface SecuredService {
  readonly id: string;
  readonly security: LifecycleSecurity;
}

/** Whose word counts: the policies of some groups, and further ones. */
export interface ChosenScope {
  readonly groups: readonly string[];
  readonly policies: readonly string[];
}

/** What to judge. */
export interface Question {
  readonly actor: { readonly id: string; readonly meta: Readonly<Record<string, unknown>> };
  readonly action: string;
  readonly resource: string;
  readonly meta: Readonly<Record<string, unknown>>;
}

/** What policies say to a request, and which of them decide. */
export interface Judgement {
  readonly verdict: Verdict;
  /** The policies whose word it is; none when nobody says anything. */
  readonly decidedBy: readonly string[];
  readonly policies: readonly (Statement & { readonly id: string })[];
}

/** See the head of this file. */
export class PolicyBook {
  readonly services: readonly SecuredService[];
  readonly #set: PolicySet;
  readonly #places: ReadonlyMap<string, string>;
  readonly #groups: ReadonlyMap<string, readonly string[]>;

  /** @internal Use {@link openPolicyBook}. */
  constructor(definitions: readonly Definition[], set: PolicySet) {
    this.#set = set;
    const groups = new Map<string, string[]>();
    const places = new Map<string, string>();
    for (const definition of definitions) {
      if (definition.place !== null) places.set(definition.id, formatPlace(definition.place));
      if (!isPolicy(definition)) continue;
      for (const group of definition.groups) groups.set(group, [...(groups.get(group) ?? []), definition.id]);
    }
    this.#groups = groups;
    this.#places = places;
    this.services = definitions.flatMap((definition) => {
      const security = definition.kind === "process.service" ? definition.lifecycle.security : null;
      return security === null ? [] : [{ id: definition.id, security }];
    });
  }

  /** The ids of all policies, sorted. */
  ids(): string[] {
    return this.#set.ids();
  }

  /** The ids of all groups, sorted. */
  groups(): string[] {
    return [...this.#groups.keys()].sort();
  }

  /** The policies of a group. */
  membersOf(group: string): readonly string[] {
    return this.#groups.get(group) ?? [];
  }

  /** Where an entry stands, `file:line:column`. */
  placeOf(id: string): string | null {
    return this.#places.get(id) ?? null;
  }

  /** What these policies say; all there are when no scope is given. Throws INVALID for a group or policy that is none. */
  judge({ actor, action, resource, meta }: Question, scope: ChosenScope | null): Judgement {
    const { groups, policies } = scope ?? { groups: [], policies: this.ids() };
    const known = (what: string, id: string, list: readonly string[]) => {
      if (list.includes(id)) return;
      throw invalid(`there is no ${what} ${id}; there ${list.length === 0 ? "is none" : `are ${list.join(", ")}`}`);
    };
    for (const id of groups) known("group", id, this.groups());
    for (const id of policies) known("policy", id, this.ids());
    const asked = this.#set.scopeOf(
      groups,
      policies.map((id) => this.#set.policy(id) as NonNullable<ReturnType<PolicySet["policy"]>>),
    );
    const said = consult(asked, requestOf(createActor(actor.id, actor.meta), action, resource, meta));
    const verdict = ["deny" as const, "allow" as const].find((one) => said.some(({ says }) => says === one));
    const decidedBy = said.filter(({ says }) => says === verdict).map(({ id }) => id);
    return { verdict: verdict ?? "undefined", decidedBy, policies: said };
  }
}

/**
 * Reads the policies of an application, or those of one file.
 *
 * @param root the folder of the application, or that of the file.
 * @param only the file, when it is one.
 * @throws ProcessError INVALID, one line for each mistake of the entries.
 */
export async function openPolicyBook(root: string, only?: string): Promise<PolicyBook> {
  const { definitions } = await readDefinitions(root, { checkPolicy, ...(only !== undefined && { only }) });
  const policies = definitions.filter(isPolicy);
  if (only !== undefined && policies.length === 0) throw invalid(`${only}: there is no policy in this file`);
  const set = new PolicySet();
  set.change({ set: await compileAll(policies) });
  return new PolicyBook(definitions, set);
}

function isPolicy(definition: Definition): definition is PolicyDefinition | PolicyExprDefinition {
  return definition.kind === "security.policy" || definition.kind === "security.policy.expr";
}
