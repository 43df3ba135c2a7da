/**
 * What other floors may use of security: the guard, the policies it goes by, and the stream of what it refused. The
 * compiler of policies is fetched only when there is one, as it takes some 100 ms to load.
 */
export { type Action, actions, type ResourceKind } from "./actions.ts";
export { Audit, type AuditCount, type AuditEvent, type AuditParts } from "./audit.ts";
export type { ConditionSource } from "./conditions.ts";
export { leastPolicies, smallestPolicy, type WrittenEntry, type WrittenPolicy } from "./least-policies.ts";
export type { PolicyMistake } from "./mistake.ts";
export type { Statement } from "./policy.ts";
export type { CompiledPolicy, PolicySource } from "./policy-compiler.ts";
export { type PolicyChange, PolicySet } from "./policy-set.ts";
export { isAboutPid, type RecordedRequest, Recorder } from "./recorder.ts";
export { type Request, requestOf } from "./request.ts";
export { consult, type PolicyScope } from "./scope.ts";
export { ScopedGuard } from "./scoped-guard.ts";

import type { PolicyMistake } from "./mistake.ts";
import type { CompiledPolicy, PolicySource } from "./policy-compiler.ts";

/** Loads the function that makes a rule of a policy, or lists everything that is wrong with it. It never throws. */
export async function loadPolicyCompiler(): Promise<(source: PolicySource) => CompiledPolicy | PolicyMistake[]> {
  return (await import("./policy-compiler.ts")).compilePolicy;
}
