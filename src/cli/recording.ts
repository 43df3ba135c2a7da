/** What `beamish run` leaves of permissions in files: the policies that would do, the requests, the denials. */
import { closeSync, openSync, writeSync } from "node:fs";
import { entriesAsYaml, ProcessError } from "../runtime/index.ts";
import { type AuditEvent, leastPolicies, Recorder } from "../security/index.ts";
import { jsonLine } from "./json-line.ts";
import { requestLines } from "./request-lines.ts";
import { checkWritable, writeWhole } from "./whole-file.ts";

/** The namespace of what is written. */
const NAMESPACE = "recorded";

const COMMENT = [
  "The least policies that allow what a run was seen to do, in groups by actor.",
  `A service goes by them with, say, lifecycle: {security: {actor: {id: x}, groups: ["${NAMESPACE}:x"]}}.`,
];

/** A recording of requests, to be written when the run is over. */
export class Recording {
  readonly recorder = new Recorder();
  readonly #policyPath: string | undefined;
  readonly #logPath: string | undefined;

  /** Throws INVALID when a file could not be written. */
  constructor(policyPath: string | undefined, logPath: string | undefined) {
    this.#policyPath = policyPath;
    this.#logPath = logPath;
    for (const path of [policyPath, logPath]) if (path !== undefined) checkWritable(path);
  }

  /** Writes the files. Throws INVALID. */
  async write(): Promise<void> {
    const { requests } = this.recorder;
    if (this.#policyPath !== undefined) {
      writeWhole(this.#policyPath, await entriesAsYaml(NAMESPACE, COMMENT, leastPolicies(requests)));
    }
    if (this.#logPath !== undefined) writeWhole(this.#logPath, requestLines(requests));
  }
}

/** Adds a line of JSON to a file for each event, as it happens. */
export class AuditFile {
  #file: number | null;

  /** Throws INVALID when the file cannot be written. */
  constructor(path: string) {
    try {
      this.#file = openSync(path, "a");
    } catch (cause) {
      throw new ProcessError({ kind: "Invalid", message: `cannot write ${path}: ${(cause as Error).message}` });
    }
  }

  add(event: AuditEvent): void {
    if (this.#file !== null) writeSync(this.#file, `${jsonLine(event)}\n`);
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file);
    this.#file = null; // the sum of a last second may come still
  }
}
