/** `beamish exec`: starts an application, runs one process, and prints its result as one line of JSON. */
import { createRuntime, ProcessError, type Runtime } from "../../runtime/index.ts";
import { onInterrupt, signalCode } from "../interrupts.ts";
import { argumentOf, errorLine, jsonLine } from "../json-line.ts";

/**
 * Runs one process of an application. Its value goes to stdout; an error goes to stderr as one line of JSON with `kind`
 * and `message`.
 *
 * @param host `null` for the application's only host.
 * @returns the exit code: 0, 1 for an error, 128 and the signal's number when interrupted.
 */
export async function exec(app: string, host: string | null, id: string, args: readonly string[]): Promise<number> {
  let runtime: Runtime | null = null;
  const interrupt = new Promise<NodeJS.Signals>((resolve) => onInterrupt(resolve));
  const keepAlive = setInterval(() => {}, 2 ** 30);
  try {
    runtime = await createRuntime({ app, processErrors: "handle" });
    const hostId = host ?? onlyHost(runtime);
    await runtime.startHost(hostId);
    const outcome = await Promise.race([
      interrupt.then((signal) => ({ signal })),
      runtime.exec(id, hostId, ...args.map(argumentOf)).then((value) => ({ value })),
    ]);
    if ("signal" in outcome) return signalCode(outcome.signal);
    process.stdout.write(`${resultLine(outcome.value)}\n`);
    return 0;
  } catch (cause) {
    const error = cause instanceof ProcessError ? cause : ProcessError.wrap(cause, "beamish exec");
    process.stderr.write(`${errorLine(error)}\n`);
    return 1;
  } finally {
    await runtime?.stop();
    clearInterval(keepAlive);
  }
}

function onlyHost(runtime: Runtime): string {
  const hosts = runtime.units().filter((unit) => unit.kind === "host");
  const [first] = hosts;
  if (hosts.length === 1 && first !== undefined) return first.id;
  const list = hosts.map((unit) => unit.id).join(", ");
  throw new ProcessError({
    kind: "Invalid",
    message:
      hosts.length === 0
        ? "the application has no process.host; define one"
        : `the application has several hosts; choose one with --host: ${list}`,
  });
}

function resultLine(value: unknown): string {
  try {
    return jsonLine(value);
  } catch (cause) {
    const text = cause instanceof Error ? cause.message.split("\n")[0] : String(cause);
    throw new ProcessError({ kind: "Invalid", message: `the result cannot be written as JSON: ${text}` });
  }
}
