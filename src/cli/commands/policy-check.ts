/** `beamish policy check`: what the policies of an application say to a request, and why, without starting anything. */
import {
  type ChosenScope,
  type Judgement,
  openPolicyBook,
  type PolicyBook,
  type Question,
} from "../../runtime/index.ts";
import { jsonLine } from "../json-line.ts";

/** What to ask. */
export interface CheckOptions {
  readonly app: string;
  readonly actor: string;
  readonly actorMeta: Readonly<Record<string, unknown>>;
  readonly meta: Readonly<Record<string, unknown>>;
  readonly groups: readonly string[];
  readonly policies: readonly string[];
  readonly json: boolean;
}

/** Prints the verdict and the reasons. Gives the exit code: 0 allowed, 1 refused. Throws INVALID for what makes no sense. */
export async function policyCheck(action: string, resource: string, options: CheckOptions): Promise<number> {
  const book = await openPolicyBook(options.app);
  const { scope, from, actorMeta } = scopeOf(book, options);
  const actor = { id: options.actor, meta: { ...actorMeta, ...options.actorMeta } };
  const question = { actor, action, resource, meta: options.meta };
  const judgement = book.judge(question, scope);
  const show = options.json ? asJson : asText;
  process.stdout.write(show(question, judgement, from, book));
  return judgement.verdict === "allow" ? 0 : 1;
}

/** Whose word counts: what the options name, else that of the services which have this actor, else everybody's. */
function scopeOf(
  book: PolicyBook,
  { actor, groups, policies }: CheckOptions,
): { scope: ChosenScope | null; from: string; actorMeta: Readonly<Record<string, unknown>> } {
  const services = book.services.filter(({ security }) => security.actor?.id === actor);
  const actorMeta = services[0]?.security.actor?.meta ?? {};
  if (groups.length + policies.length > 0) {
    return { scope: { groups, policies }, from: [...groups, ...policies].join(", "), actorMeta };
  }
  if (services.length > 0) {
    const scope = {
      groups: [...new Set(services.flatMap(({ security }) => security.groups))],
      policies: [...new Set(services.flatMap(({ security }) => security.policies))],
    };
    return { scope, from: `the scope of ${services.map(({ id }) => id).join(", ")}`, actorMeta };
  }
  return { scope: null, from: "all policies of the application", actorMeta };
}

function reasonOf({ verdict, decidedBy, policies }: Judgement): string {
  if (verdict === "deny") return `${decidedBy.join(", ")} denies it`;
  if (verdict === "allow") return `${decidedBy.join(", ")} allows it, and none denies it`;
  return policies.length === 0 ? "the scope has no policies" : "no policy allows it";
}

function asText({ actor, action, resource }: Question, judgement: Judgement, from: string, book: PolicyBook): string {
  const { verdict, decidedBy, policies } = judgement;
  const width = Math.max(0, ...policies.map(({ id }) => id.length));
  const lines = policies.map(({ id, says, why }) => {
    const mark = decidedBy.includes(id) ? "*" : " ";
    return `  ${mark} ${id.padEnd(width)}  ${says.padEnd(9)}  ${why}  (${book.placeOf(id) ?? "?"})`;
  });
  return [
    `${verdict === "allow" ? "allowed" : "refused"}: ${actor.id} ${action} ${resource}`,
    `  ${reasonOf(judgement)}`,
    `asked: ${from}${policies.length === 0 ? "; there are none" : "; * decides"}`,
    ...lines,
    "",
  ].join("\n");
}

function asJson({ actor, action, resource, meta }: Question, judgement: Judgement, from: string, book: PolicyBook) {
  const { verdict, decidedBy } = judgement;
  return `${jsonLine({
    allowed: verdict === "allow",
    verdict,
    reason: reasonOf(judgement),
    decidedBy,
    actor,
    action,
    resource,
    meta,
    asked: from,
    policies: judgement.policies.map((said) => ({ ...said, place: book.placeOf(said.id) })),
  })}\n`;
}
