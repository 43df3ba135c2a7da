/**
 * Requests as lines of JSON: the log that `beamish run --record-log` writes and `beamish policy diff` reads, and the
 * records of denials that `beamish policy explain` takes. A mistake is told with file, line and column.
 */
import { readFileSync } from "node:fs";
import { ProcessError } from "../runtime/index.ts";
import type { RecordedRequest } from "../security/index.ts";
import { jsonLine } from "./json-line.ts";

/** A denial, and what is known beside it. */
export interface DenialRecord {
  readonly request: RecordedRequest;
  /** Whether the attributes are known, as in the audit; what a process is told has none. */
  readonly isTargetTold: boolean;
  /** The policy that denies it; `null` when none allows it. */
  readonly deniedBy: string | null;
  readonly reason: string | null;
  /** The policies that were asked. */
  readonly asked: readonly string[];
}

/** A log as text. */
export function requestLines(requests: readonly RecordedRequest[]): string {
  return requests.map((request) => `${jsonLine(request)}\n`).join("");
}

/** Reads a log. Throws INVALID. */
export function readRequests(path: string): RecordedRequest[] {
  return linesOf(path).map(({ data, complain }) => requestOf(data, complain));
}

/**
 * Reads one denial: the `details` of an error, an error with them, an event of the audit, or a line of a log.
 *
 * @param path a file, or `-` for what comes in.
 * @throws ProcessError INVALID.
 */
export function readDenial(path: string): DenialRecord {
  const lines = linesOf(path);
  const [first, second] = lines;
  if (first === undefined) throw invalid(`${shown(path)}:1:1: there is no record; it is one line of JSON`);
  second?.complain("there is a second record; give them one by one");
  const { data, complain } = first;
  if (data.kind === "summary" || data.kind === "allowed") complain(`this is not about a denial but ${data.kind}`);
  const nested = data.denial ?? data.details ?? data;
  if (!isMapping(nested)) return complain("it is no denial");
  const { entry = data.entry, meta = data.meta, ...denial } = nested;
  const actor = denial.actor === undefined ? data.actor : denial.actor;
  const list = Array.isArray(denial.policies) ? denial.policies : [];
  return {
    request: requestOf({ ...denial, entry, meta, actor }, complain),
    isTargetTold: meta !== undefined,
    deniedBy: typeof denial.decidedBy === "string" ? denial.decidedBy : null,
    reason: typeof denial.reason === "string" ? denial.reason : null,
    asked: list.flatMap((one: unknown) => (isMapping(one) && typeof one.id === "string" ? [one.id] : [])),
  };
}

type Complain = (text: string) => never;
type Mapping = Record<string, unknown>;

function linesOf(path: string): { data: Mapping; complain: Complain }[] {
  let text: string;
  try {
    text = readFileSync(path === "-" ? 0 : path, "utf8");
  } catch (cause) {
    const isMissing = (cause as NodeJS.ErrnoException).code === "ENOENT";
    throw invalid(`cannot read ${path}: ${isMissing ? "there is no such file" : (cause as Error).message}`);
  }
  return text.split("\n").flatMap((line, at) => {
    if (line.trim() === "") return [];
    const fail = (column: number, why: string): never => {
      throw invalid(`${shown(path)}:${at + 1}:${column}: ${why}`);
    };
    const complain: Complain = (why) => fail(1, why);
    let data: unknown;
    try {
      data = JSON.parse(line);
    } catch (cause) {
      return fail(columnOf(cause as Error, line), "this line is no JSON");
    }
    return isMapping(data) ? [{ data, complain }] : complain("a record is an object of JSON");
  });
}

/** Where JSON went wrong, as far as the engine tells. */
function columnOf(cause: Error, line: string): number {
  const position = /position (\d+)/.exec(cause.message)?.[1];
  return position === undefined ? line.trimEnd().length + 1 : Number(position) + 1;
}

function requestOf(data: Mapping, complain: Complain): RecordedRequest {
  const { entry = "", action, resource, meta = {}, count = 1 } = data;
  // What `policy check --json` prints has the actor and its data in one.
  const { id: actor = null, meta: actorMeta = {} } = isMapping(data.actor)
    ? data.actor
    : { id: data.actor, meta: data.actorMeta };
  if (typeof action !== "string") return complain('"action" must be a text');
  if (typeof resource !== "string") return complain('"resource" must be a text');
  if (actor !== null && (typeof actor !== "string" || actor === ""))
    return complain('"actor" must be a text, null, or an object with id and meta');
  if (typeof entry !== "string") return complain('"entry" must be a text');
  if (!isMapping(actorMeta)) return complain('"actorMeta" must be an object');
  if (!isMapping(meta)) return complain('"meta" must be an object');
  if (typeof count !== "number") return complain('"count" must be a number');
  return { entry, actor, actorMeta, action, resource, meta, count };
}

function isMapping(value: unknown): value is Mapping {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function shown(path: string): string {
  return path === "-" ? "<stdin>" : path;
}

function invalid(message: string): ProcessError {
  return new ProcessError({ kind: "Invalid", message });
}
