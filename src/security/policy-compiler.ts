/**
 * A policy as it is written becomes a rule, or a list of mistakes. Import it through `loadPolicyCompiler` of index.ts: it
 * brings the packages for CEL and RE2 along, some 100 ms of loading, which a program without policies does not pay.
 */
import { type Condition, type ConditionSource, compileCondition, Incomparable } from "./conditions.ts";
import { compileExpression } from "./expression.ts";
import type { PolicyMistake } from "./mistake.ts";
import { anyOf } from "./patterns.ts";
import type { Rule } from "./policy.ts";
import type { Request } from "./request.ts";

/** A policy as it is written; the definitions of the catalog have this shape. */
export type PolicySource = {
  readonly id: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly effect: "allow" | "deny";
  /** Ids of the groups it belongs to. */
  readonly groups: readonly string[];
} & (
  | { readonly kind: "security.policy"; readonly conditions: readonly ConditionSource[] }
  | { readonly kind: "security.policy.expr"; readonly expression: string }
);

/** A policy that can be put into a set. */
export interface CompiledPolicy {
  readonly id: string;
  readonly groups: readonly string[];
  readonly rule: Rule;
}

/** Makes a rule of a policy, or lists everything that is wrong with it. */
export function compilePolicy(source: PolicySource): CompiledPolicy | PolicyMistake[] {
  const told = source.kind === "security.policy" ? conditionsOf(source.conditions) : expressionOf(source.expression);
  if (Array.isArray(told)) return told;
  const actions = anyOf(source.actions);
  const resources = anyOf(source.resources);
  const silence = (request: Request): string | null => {
    if (!actions(request.action)) return "the action does not match";
    if (!resources(request.resource)) return "the resource does not match";
    return told(request);
  };
  return { id: source.id, groups: source.groups, rule: { effect: source.effect, silence } };
}

type Silence = Rule["silence"];

function expressionOf(text: string): Silence | PolicyMistake[] {
  const compiled = compileExpression(text);
  if (typeof compiled === "function") {
    return (request) => (compiled(request) ? null : "the expression is not true");
  }
  return [{ field: ["policy", "expression"], ...compiled }];
}

function conditionsOf(sources: readonly ConditionSource[]): Silence | PolicyMistake[] {
  const conditions: Condition[] = [];
  const mistakes: PolicyMistake[] = [];
  for (const [at, source] of sources.entries()) {
    const compiled = compileCondition(source, ["policy", "conditions", at]);
    if (Array.isArray(compiled)) mistakes.push(...compiled);
    else conditions.push(compiled);
  }
  if (mistakes.length > 0) return mistakes;
  return (request) => {
    for (const [at, condition] of conditions.entries()) {
      const doubt = doubtOf(condition, request);
      if (doubt !== null) return `condition ${at + 1} (${condition.text}) ${doubt}`;
    }
    return null;
  };
}

/** Why a condition does not count; `null` when it holds. */
function doubtOf(condition: Condition, request: Request): string | null {
  try {
    return condition.holds(request) ? null : "does not hold";
  } catch (cause) {
    return cause instanceof Incomparable ? "cannot be compared" : "failed";
  }
}
