/** `beamish policy diff`: what two sets of policies say differently to recorded requests. */
import { statSync } from "node:fs";
import { dirname } from "node:path";
import {
  type ChosenScope,
  type Judgement,
  openPolicyBook,
  type PolicyBook,
  ProcessError,
} from "../../runtime/index.ts";
import type { RecordedRequest } from "../../security/index.ts";
import { jsonLine } from "../json-line.ts";
import { readRequests } from "../request-lines.ts";

/** The actor that a request without one is judged by: no policy can name it by chance. */
const NOBODY = "(without actor)";

/** What to compare on. */
export interface DiffOptions {
  readonly log: string;
  /** The groups whose policies count; all policies when there are none. */
  readonly groups: readonly string[];
  readonly json: boolean;
}

interface Difference {
  readonly request: RecordedRequest;
  readonly a: Judgement;
  readonly b: Judgement;
}

/** Prints the differences. Gives the exit code: 0 when there is none, 1 when there are. Throws INVALID. */
export async function policyDiff(pathA: string, pathB: string, options: DiffOptions): Promise<number> {
  const [a, b] = [await open(pathA), await open(pathB)];
  const requests = readRequests(options.log);
  const differences = requests.flatMap((request): Difference[] => {
    const found = { request, a: judge(a, request, options.groups), b: judge(b, request, options.groups) };
    return isAllowed(found.a) === isAllowed(found.b) ? [] : [found];
  });
  if (options.json) {
    for (const { request, a, b } of differences) {
      process.stdout.write(`${jsonLine({ ...request, a: brief(a), b: brief(b) })}\n`);
    }
  } else process.stdout.write(asText(differences, requests.length));
  return differences.length === 0 ? 0 : 1;
}

function open(path: string): Promise<PolicyBook> {
  const found = statSync(path, { throwIfNoEntry: false });
  if (found === undefined) throw new ProcessError({ kind: "Invalid", message: `there is no file or folder ${path}` });
  return found.isDirectory() ? openPolicyBook(path) : openPolicyBook(dirname(path), path);
}

/** A group may be in one of the sets only; for the other it says nothing. */
function judge(book: PolicyBook, request: RecordedRequest, groups: readonly string[]): Judgement {
  const { action, resource, meta } = request;
  const actor = { id: request.actor ?? NOBODY, meta: request.actorMeta };
  const known = groups.filter((group) => book.groups().includes(group));
  const scope: ChosenScope | null = groups.length === 0 ? null : { groups: known, policies: [] };
  return book.judge({ actor, action, resource, meta }, scope);
}

function isAllowed({ verdict }: Judgement): boolean {
  return verdict === "allow";
}

function brief({ verdict, decidedBy }: Judgement) {
  return { verdict, decidedBy };
}

function asText(differences: readonly Difference[], total: number): string {
  const lines = differences.map(({ request, a, b }) => {
    const { actor, action, count } = request;
    const sign = isAllowed(b) ? "+" : "-";
    const first = `${sign} ${actor ?? NOBODY}  ${action}  ${aboutOf(request)}  (${count}×)`;
    return `${first}\n    a: ${inWords(a)}; b: ${inWords(b)}\n`;
  });
  const count = differences.length;
  return `${lines.join("")}${count} of ${total} kinds of requests are answered differently\n`;
}

function inWords({ verdict, decidedBy }: Judgement): string {
  if (verdict === "undefined") return "refused, no policy allows it";
  return `${verdict === "allow" ? "allowed" : "denied"} by ${decidedBy.join(", ")}`;
}

function aboutOf({ resource, meta }: RecordedRequest): string {
  const { target_entry: entry, target_actor: actor } = meta;
  if (typeof entry !== "string") return resource;
  return typeof actor === "string" ? `${entry} of ${actor}` : entry;
}
