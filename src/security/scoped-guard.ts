/**
 * The kernel's Guard: asks the scope of the caller (S10.2-S10.5) and remembers what it said.
 *
 *     check ─▶ no actor or scope? ─▶ strict decides
 *           ─▶ the decision made last for this caller? ─▶ one of the few before? ─▶ else ask every policy
 *
 * A decision is remembered with the caller and holds while the policies stay as they are (`epoch`) and everything they
 * can see is the same: the caller's pid, actor and scope are fixed; action, resource and name are compared, and so is
 * the entry of the target, which an upgrade changes. Its actor and host follow from its pid.
 */
import type { Denial, Guard, Subject, Verdict } from "../kernel/index.ts";
import type { Audit } from "./audit.ts";
import { epoch } from "./policy.ts";
import { attributesOf, type Request, requestOf } from "./request.ts";
import { consult, isPolicyScope, verdictOf } from "./scope.ts";

/** How many decisions are remembered for one process. */
const REMEMBERED = 64;
/** How many policies an explanation lists. */
const LISTED = 50;

/** What was decided for one caller, and everything that it hung on. */
interface Decision {
  readonly action: string;
  readonly resource: string;
  readonly name: string | null;
  /** The entry of the target; `null` where it is not known. */
  readonly entry: string | null;
  /** `null`: allowed. */
  readonly denial: Denial | null;
}

/** The decisions remembered for one caller. */
interface Memory {
  epoch: number;
  last: Decision;
  /** The others, the oldest first, once there are any. */
  known: Map<string, Decision> | null;
}

/** The guard of a runtime with policies. */
export class ScopedGuard implements Guard {
  // Plain fields: this is asked for every message.
  private readonly strict: boolean;
  private readonly audit: Audit;

  /** @param strict whether a process without actor or scope may do nothing (S10.3). */
  constructor(strict: boolean, audit: Audit) {
    this.strict = strict;
    this.audit = audit;
  }

  check(
    subject: Subject,
    action: string,
    resource: string,
    target: Subject | null,
    name: string | null,
  ): Denial | null {
    let denial: Denial | null = null;
    if (subject.scope === null || subject.actor === null) {
      if (this.strict) denial = unscoped(subject, action, resource);
    } else {
      const memory = subject.remembered as Memory | null;
      const last = memory?.last;
      denial =
        last !== undefined &&
        (memory as Memory).epoch === epoch &&
        last.resource === resource &&
        last.action === action &&
        last.name === name &&
        last.entry === (target === null ? null : target.entry)
          ? last.denial
          : recall(subject, action, resource, target, name);
    }
    if (denial !== null) this.audit.denied(subject, denial, target, name);
    else if (this.audit.wantsAllowed) this.audit.allowed(subject, action, resource, target, name);
    return denial;
  }
}

/** A decision that is not the last one of its caller: found among the others, or made. */
function recall(
  subject: Subject,
  action: string,
  resource: string,
  target: Subject | null,
  name: string | null,
): Denial | null {
  const entry = target === null ? null : target.entry;
  // Two questions may have one key; whether it is the right one is looked at below.
  const key = `${action} ${resource}`;
  let memory = subject.remembered as Memory | null;
  if (memory !== null && memory.epoch !== epoch) memory = null;
  const found = memory?.known?.get(key);
  if (memory !== null && found !== undefined && isAbout(found, action, resource, entry, name)) {
    memory.last = found;
    return found.denial;
  }
  const denial = decide(subject, action, resource, target, name);
  const decision: Decision = { action, resource, name, entry, denial };
  if (memory === null) subject.remembered = { epoch, last: decision, known: null } satisfies Memory;
  else {
    memory.known ??= new Map([[`${memory.last.action} ${memory.last.resource}`, memory.last]]);
    if (memory.known.size >= REMEMBERED) memory.known.delete(memory.known.keys().next().value as string);
    memory.known.set(key, decision);
    memory.last = decision;
  }
  return denial;
}

function isAbout(
  decision: Decision,
  action: string,
  resource: string,
  entry: string | null,
  name: string | null,
): boolean {
  return (
    decision.action === action && decision.resource === resource && decision.entry === entry && decision.name === name
  );
}

function decide(
  subject: Subject,
  action: string,
  resource: string,
  target: Subject | null,
  name: string | null,
): Denial | null {
  const { actor, scope } = subject;
  if (actor === null || scope === null) return null; // not asked then
  const request = requestOf(actor, action, resource, attributesOf(subject, target, name));
  return verdictBy(scope, request) === "allow" ? null : explained(scope, request);
}

/** What a scope says; one that is not of this floor allows nothing. */
function verdictBy(scope: NonNullable<Subject["scope"]>, request: Request): Verdict {
  return isPolicyScope(scope) ? verdictOf(scope, request) : "undefined";
}

/** Says why a request was refused: the policies that deny first, as a long list is cut off, and the silent ones last. */
function explained(scope: NonNullable<Subject["scope"]>, request: Request): Denial {
  const all = isPolicyScope(scope) ? consult(scope, request) : [];
  const deciding = all.find(({ says }) => says === "deny") ?? null;
  const order: readonly Verdict[] = ["deny", "allow", "undefined"];
  const policies = order.flatMap((verdict) => all.filter(({ says }) => says === verdict));
  const omitted = policies.length - LISTED;
  return {
    action: request.action,
    resource: request.resource,
    actor: request.actorId,
    reason: reasonOf(deciding?.id ?? null, all.length),
    decidedBy: deciding?.id ?? null,
    policies: policies.slice(0, LISTED).map(({ id, says, why }) => ({ id, says, why })),
    ...(omitted > 0 && { omitted }),
  };
}

function reasonOf(decidedBy: string | null, count: number): string {
  if (decidedBy !== null) return `policy ${decidedBy} denies it`;
  return count === 0 ? "the scope has no policies" : "no policy of the scope allows it";
}

function unscoped(subject: Subject, action: string, resource: string): Denial {
  const lacks = subject.actor === null ? (subject.scope === null ? "actor and scope" : "actor") : "scope";
  return {
    action,
    resource,
    actor: subject.actor?.id() ?? null,
    reason: `the process has no ${lacks}, and security is strict`,
    decidedBy: null,
    policies: [],
  };
}
