/** `beamish run <dir>`: starts an application, prints what is up, and stops it in order. */
import { createRuntime, ProcessError, type Runtime } from "../../runtime/index.ts";
import { onInterrupt, signalCode } from "../interrupts.ts";
import { AuditFile, Recording } from "../recording.ts";
import { unitTable } from "../unit-table.ts";

/** Keeps Node alive while processes wait for each other; any interval does. */
const KEEP_ALIVE_MS = 2 ** 30;

/** How to run; everything may be left out. */
export interface RunOptions {
  /** Refuses everything to processes without actor or scope. */
  readonly strict?: boolean;
  /** Where to write the least policies that would do; permissions are watched and not enforced then. */
  readonly recordPolicy?: string;
  /** Where to write the requests; the same. */
  readonly recordLog?: string;
  /** Where to add the denials, as lines of JSON. */
  readonly audit?: string;
}

/**
 * Runs until its services have ended (0, or 1 when one has failed for good) or a signal comes (128 + its number). An
 * application without services runs until a signal comes.
 *
 * @returns the exit code.
 */
export async function run(dir: string, options: RunOptions = {}): Promise<number> {
  const keepAlive = setInterval(() => {}, KEEP_ALIVE_MS);
  let runtime: Runtime | null = null;
  let audit: AuditFile | null = null;
  let interrupted: NodeJS.Signals | null = null;
  const interrupt = new Promise<NodeJS.Signals>((resolve) => {
    onInterrupt((signal) => {
      interrupted = signal;
      say(`${signal}: stopping; once more ends at once`);
      resolve(signal);
    });
  });
  try {
    const { strict = false, recordPolicy, recordLog } = options;
    const isRecorded = recordPolicy !== undefined || recordLog !== undefined;
    const recording = isRecorded ? new Recording(recordPolicy, recordLog) : null;
    audit = options.audit === undefined ? null : new AuditFile(options.audit);
    runtime = await createRuntime(
      { app: dir, processErrors: "handle", security: { strict } },
      { recorder: recording?.recorder ?? null, onAudit: audit === null ? null : (event) => audit?.add(event) },
    );
    if (recording !== null) say("permissions are recorded, and none is enforced");
    process.stderr.write(unitTable(runtime.units()));
    const outcome = await Promise.race([interrupt, lastService(runtime)]);
    await runtime.stop();
    await recording?.write();
    if (typeof outcome !== "string") return outcome;
    say("stopped");
    return signalCode(outcome);
  } catch (cause) {
    if (!(cause instanceof ProcessError)) throw cause;
    process.stderr.write(`${cause.message}\n`);
    return interrupted === null ? 1 : signalCode(interrupted);
  } finally {
    clearInterval(keepAlive);
    audit?.close();
  }
}

/** The exit code, once no service is left to run; never for an application without services. */
async function lastService(runtime: Runtime): Promise<number> {
  const { services, failed } = await runtime.servicesEnded();
  if (services === 0) return new Promise<number>(() => {});
  return failed === 0 ? 0 : 1;
}

function say(text: string): void {
  process.stderr.write(`beamish: ${text}\n`);
}
