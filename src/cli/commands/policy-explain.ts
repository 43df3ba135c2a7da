/** `beamish policy explain`: the smallest policy that would allow what was refused. */
import { entriesAsYaml, openPolicyBook, type PolicyBook } from "../../runtime/index.ts";
import { isAboutPid, smallestPolicy, type WrittenEntry } from "../../security/index.ts";
import { jsonLine } from "../json-line.ts";
import { type DenialRecord, readDenial } from "../request-lines.ts";

/** How to explain. */
export interface ExplainOptions {
  /** The folder of an application, to look for the group that the policy belongs into. */
  readonly app: string | undefined;
  /** What is known of the process concerned, where the record does not say. */
  readonly targetEntry: string | undefined;
  readonly targetActor: string | undefined;
  readonly json: boolean;
}

/** Prints the policy. Gives the exit code: 0, or 1 when no further policy can allow it. Throws INVALID. */
export async function policyExplain(path: string, options: ExplainOptions): Promise<number> {
  const record = withTarget(readDenial(path), options);
  const book = options.app === undefined ? null : await openPolicyBook(options.app);
  const { request, deniedBy, isTargetTold } = record;
  if (deniedBy !== null) {
    const place = book?.placeOf(deniedBy);
    const where = place == null ? "" : ` (${place})`;
    const text = `policy ${deniedBy}${where} denies it, which no policy that allows can outdo; change or remove that one`;
    if (options.json) process.stdout.write(`${jsonLine({ entry: null, deniedBy, notes: [text] })}\n`);
    else process.stderr.write(`${text}\n`);
    return 1;
  }
  const groups = book === null ? [] : groupsOf(book, record);
  const entry: WrittenEntry = {
    name: nameOf(request.actor, request.action),
    kind: "security.policy",
    ...(groups.length > 0 && { groups }),
    policy: smallestPolicy(request, isTargetTold),
  };
  const notes = notesOf(record);
  if (options.json) process.stdout.write(`${jsonLine({ entry, deniedBy: null, notes })}\n`);
  else process.stdout.write(await entriesAsYaml(null, notes, [entry]));
  return 0;
}

function withTarget(record: DenialRecord, { targetEntry, targetActor }: ExplainOptions): DenialRecord {
  if (targetEntry === undefined && targetActor === undefined) return record;
  const told = {
    ...(targetEntry !== undefined && { target_entry: targetEntry }),
    ...(targetActor !== undefined && { target_actor: targetActor }),
  };
  const { request } = record;
  return { ...record, isTargetTold: true, request: { ...request, meta: { ...request.meta, ...told } } };
}

/** The groups to put the policy into: those of the services with this actor, else one whose policies were asked. */
function groupsOf(book: PolicyBook, { request, asked }: DenialRecord): string[] {
  const services = book.services.filter(({ security }) => security.actor?.id === request.actor);
  const own = services.flatMap(({ security }) => security.groups.slice(0, 1));
  if (own.length > 0) return [...new Set(own)];
  return book
    .groups()
    .filter((group) => book.membersOf(group).every((id) => asked.includes(id)))
    .slice(0, 1);
}

function notesOf({ request, isTargetTold, reason }: DenialRecord): string[] {
  const notes: string[] = [];
  if (isAboutPid(request.action) && !isTargetTold) {
    notes.push(
      "The record does not say what the process is, so this allows all processes of its host. The audit says it",
      "(beamish run --audit); or give --target-entry and --target-actor.",
    );
  }
  if (reason?.endsWith("security is strict") === true) {
    notes.push(`${reason[0]?.toUpperCase()}${reason.slice(1)}: it needs an actor and a scope with this policy.`);
  }
  return notes;
}

function nameOf(actor: string | null, action: string): string {
  return `${actor === null ? "" : `${actor}.`}${action}`.replace(/[^\p{L}\p{N}_.-]+/gu, "-");
}
