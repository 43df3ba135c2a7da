/**
 * The policies of a runtime as the embedding program sees them, and what keeps catalog and policy set alike: a policy is
 * a definition in the one and a rule in the other.
 */
import {
  type Catalog,
  isCompleteId,
  loadError,
  type PolicyCondition,
  type PolicyDefinition,
  type PolicyExprDefinition,
} from "../catalog/index.ts";
import { copyPayload, invalid, type Policy, type Scope } from "../kernel/index.ts";
import type { FieldMistake } from "../platform/index.ts";
import { type CompiledPolicy, loadPolicyCompiler, type PolicySet } from "../security/index.ts";

/** A policy of an embedding program: the fields of a policy entry, flat. Ids are complete, `namespace:name`. */
export interface PolicyConfig {
  readonly id: string;
  readonly effect: "allow" | "deny";
  /** Patterns; `*` by default. */
  readonly actions?: string | readonly string[];
  /** Patterns; `*` by default. */
  readonly resources?: string | readonly string[];
  /** All of them have to hold. */
  readonly conditions?: readonly PolicyCondition[];
  /** A CEL expression that has to be true; instead of conditions. */
  readonly expression?: string;
  /** Ids of groups the policy belongs to. */
  readonly groups?: readonly string[];
}

/** The policies of a runtime. */
export class RuntimePolicies {
  readonly #catalog: Catalog;
  readonly #set: PolicySet;
  #last: Promise<void> = Promise.resolve();

  /** @internal */
  constructor(catalog: Catalog, set: PolicySet) {
    this.#catalog = catalog;
    this.#set = set;
  }

  /** The ids of all policies, sorted. */
  ids(): string[] {
    return this.#set.ids();
  }

  /** A policy, or `null`. */
  get(id: string): Policy | null {
    return this.#set.policy(id);
  }

  /** A scope of all policies of some groups, and of further policies by id. Throws INVALID for what does not exist. */
  scope({
    groups = [],
    policies = [],
  }: {
    readonly groups?: readonly string[];
    readonly policies?: readonly string[];
  }): Scope {
    const named = policies.map((id) => {
      const policy = this.#set.policy(id);
      if (policy === null) throw invalid(`there is no policy ${id}`);
      return policy;
    });
    return this.#set.scopeOf(groups, named);
  }

  /**
   * Adds, replaces and removes policies while everybody goes on; all or nothing. Processes feel it at their next
   * request, also those that were started before. Rejects with one INVALID error that lists every mistake.
   */
  change(change: { readonly set?: readonly PolicyConfig[]; readonly remove?: readonly string[] }): Promise<void> {
    // One after the other: compiling may have to load, and a later change must not be overtaken.
    const made = this.#last.then(() => this.#change(change.set ?? [], change.remove ?? []));
    this.#last = made.catch(() => {});
    return made;
  }

  async #change(set: readonly PolicyConfig[], remove: readonly string[]): Promise<void> {
    for (const id of remove) {
      if (this.#catalog.get(id) !== undefined && this.#set.policy(id) === null) throw invalid(`${id} is no policy`);
    }
    for (const { id } of set) {
      const known = this.#catalog.get(id);
      if (known !== undefined && !isPolicy(known)) throw invalid(`${id} exists and is of kind ${known.kind}`);
    }
    const definitions = set.map(definitionOf);
    const compiled = await compileAll(definitions);
    this.#catalog.change({ set: definitions, remove });
    this.#set.change({ set: compiled, remove });
  }

  /** @internal Takes over the policies that the catalog has. */
  async adopt(): Promise<void> {
    const definitions = [...this.#catalog.list("security.policy"), ...this.#catalog.list("security.policy.expr")];
    if (definitions.length > 0) this.#set.change({ set: await compileAll(definitions) });
  }
}

type Definition = PolicyDefinition | PolicyExprDefinition;

/** What is wrong with a policy of an application. */
export async function checkPolicy(definition: Definition): Promise<readonly FieldMistake[]> {
  const compiled = (await loadPolicyCompiler())(definition);
  return Array.isArray(compiled) ? compiled : [];
}

/** Makes rules of definitions; one INVALID error for everything that is wrong with them. */
export async function compileAll(definitions: readonly Definition[]): Promise<CompiledPolicy[]> {
  if (definitions.length === 0) return [];
  const compile = await loadPolicyCompiler();
  const compiled: CompiledPolicy[] = [];
  const problems: Parameters<typeof loadError>[0][number][] = [];
  for (const definition of definitions) {
    const made = compile(definition);
    if (!Array.isArray(made)) compiled.push(made);
    else {
      for (const { field, offset, text } of made) {
        // An embedding program writes the fields flat.
        const shown = field
          .slice(1)
          .map((part) => (typeof part === "number" ? `[${part}]` : part))
          .join(".")
          .replaceAll(".[", "[");
        const where = offset === null ? "" : ` at character ${offset + 1}`;
        problems.push({
          place: null,
          entry: definition.id,
          field: shown,
          text: `policy ${definition.id}: ${shown}${where}: ${text}`,
        });
      }
    }
  }
  if (problems.length > 0) throw loadError(problems);
  return compiled;
}

function isPolicy(definition: { readonly kind: string }): boolean {
  return definition.kind === "security.policy" || definition.kind === "security.policy.expr";
}

function definitionOf(config: PolicyConfig): Definition {
  const { id, effect, groups = [], conditions, expression } = config;
  if (typeof id !== "string" || !isCompleteId(id)) throw invalid(`"${id}" is no id of the form namespace:name`);
  if (effect !== "allow" && effect !== "deny") throw invalid(`policy ${id}: effect must be "allow" or "deny"`);
  if (conditions !== undefined && expression !== undefined) {
    throw invalid(`policy ${id}: it has conditions or an expression, not both`);
  }
  const strings = (field: string, given: string | readonly string[]): string[] => {
    const list = typeof given === "string" ? [given] : [...given];
    if (list.some((one) => typeof one !== "string" || one === ""))
      throw invalid(`policy ${id}: ${field} are non-empty texts`);
    return list;
  };
  const patterns = (field: string, given: string | readonly string[] = "*"): string[] => {
    const list = strings(field, given);
    if (list.length === 0) throw invalid(`policy ${id}: ${field} must not be empty`);
    return list;
  };
  const base = {
    id,
    effect,
    meta: {},
    place: null,
    referencePlaces: {},
    groups: strings("groups", groups),
    actions: patterns("actions", config.actions),
    resources: patterns("resources", config.resources),
  };
  if (expression === undefined)
    return {
      ...base,
      kind: "security.policy",
      conditions: copyPayload(conditions ?? [], "conditions") as PolicyCondition[],
    };
  if (typeof expression !== "string") throw invalid(`policy ${id}: the expression must be a text`);
  return { ...base, kind: "security.policy.expr", expression };
}
