/**
 * Keeps one process running: a process itself, driven by messages (S14.12–S14.22).
 *
 *                       ┌────────── restart after a delay ◀─────────┐
 *     start ─▶ Starting ─▶ Running ─▶ abnormal end ─▶ Failed ───────┤
 *                             │                                      └ none left, or not retryable: stays Failed
 *                             ├─▶ normal end ─▶ Exited
 *                             └─▶ "stop" ─▶ Stopping ─▶ Stopped (in time) or Failed ("stop timeout")
 *
 * What it does to the world goes through hands it is given; what happens there reaches it as messages, so it can be
 * tested under virtual time.
 */
import { defineProcess, type Process, protocol } from "../engines/typescript/index.ts";
import { type ErrorKind, errors } from "../kernel/index.ts";
import { type RestartShape, restartDelayMs } from "./restart-delay.ts";

/** Where a service is in its life (S14.13). */
export type ServiceStatus = "Inactive" | "Starting" | "Running" | "Stopping" | "Stopped" | "Exited" | "Failed";

/** How a service is kept running, in milliseconds. */
export interface ServicePolicy {
  readonly startTimeoutMs: number;
  readonly stopTimeoutMs: number;
  /** A run of this length or longer makes the next failure the first again. */
  readonly stableThresholdMs: number;
  /** `maxAttempts` restarts in a row; 0 means no limit. */
  readonly restart: RestartShape & { readonly maxAttempts: number };
}

/** A failure, as plain data. */
export interface ServiceFailure {
  readonly error: string;
  readonly kind: ErrorKind;
  readonly retryable?: boolean | undefined;
}

/** What the world tells the service; `attempt` says which start it is about. */
export interface ServiceMessages {
  /** It runs, under this pid. */
  started: [attempt: number, pid: string];
  /** It did not start. */
  refused: [attempt: number, failure: ServiceFailure];
  /** It has ended; `null` for a normal end. */
  ended: [attempt: number, failure: ServiceFailure | null];
  /** It is to be stopped. */
  stop: [];
}

/** What the service does to the world. */
export interface ServiceHands {
  /** Starts the process; `started` or `refused` follows, then `ended`, each as a message to `supervisor`. */
  start(supervisor: string, attempt: number): void;
  /** Asks the process to end within so many milliseconds, reason "service stopping". */
  cancel(pid: string, deadlineMs: number): void;
  /** Ends the process. */
  terminate(pid: string): void;
  /** Milliseconds that never go back. */
  nowMs(): number;
  /** A random number from -1 to 1. */
  random(): number;
  /** Told of every change. */
  report(change: ServiceChange): void;
}

/** A change of a service's status. */
export interface ServiceChange {
  readonly status: ServiceStatus;
  /** The process, while there is one. */
  readonly pid: string | null;
  /** Why it is Failed. */
  readonly failure: ServiceFailure | null;
  /** When Failed: how long until the next start; `null` when there will be none. */
  readonly restartInMs: number | null;
}

/** Kinds after which a start is not tried again (S14.15). */
const HOPELESS: ReadonlySet<string> = new Set([errors.INVALID, errors.NOT_FOUND, errors.PERMISSION_DENIED]);

type Outcome =
  | { readonly stopped: true }
  | {
      readonly stopped: false;
      readonly failure: ServiceFailure | null;
      readonly mayRestart: boolean;
      /** How long it ran; 0 when it did not start. */
      readonly ranMs: number;
    };

/** A service: runs until it is stopped, exits normally, or has failed for good. Resolves with its last status. */
export function service(policy: ServicePolicy, hands: ServiceHands) {
  return defineProcess({
    accepts: protocol<ServiceMessages>(),
    async run(process): Promise<ServiceStatus> {
      let failures = 0;
      for (let attempt = 1; ; attempt++) {
        const outcome = await runOnce(process, policy, hands, attempt);
        if (outcome.stopped) return "Stopped";
        const { failure } = outcome;
        if (failure === null) {
          hands.report({ status: "Exited", pid: null, failure: null, restartInMs: null });
          return "Exited";
        }
        if (outcome.ranMs >= policy.stableThresholdMs) failures = 0;
        failures++;
        const { maxAttempts } = policy.restart;
        if (!outcome.mayRestart || (maxAttempts > 0 && failures > maxAttempts)) {
          hands.report({ status: "Failed", pid: null, failure, restartInMs: null });
          return "Failed";
        }
        const restartInMs = restartDelayMs(policy.restart, failures, hands.random());
        hands.report({ status: "Failed", pid: null, failure, restartInMs });
        if (await isStoppedWithin(process, hands, restartInMs)) {
          hands.report({ status: "Stopped", pid: null, failure: null, restartInMs: null });
          return "Stopped";
        }
      }
    },
  });
}

type Supervisor = Process<ServiceMessages>;

/** One start and the run that follows. */
async function runOnce(
  process: Supervisor,
  policy: ServicePolicy,
  hands: ServiceHands,
  attempt: number,
): Promise<Outcome> {
  let pid: string | null = null;
  let stopping = false;
  let startedAtMs = Infinity;
  let overrunAtMs = Infinity;
  const cancel = (running: string) => {
    overrunAtMs = hands.nowMs() + policy.stopTimeoutMs;
    hands.cancel(running, policy.stopTimeoutMs);
  };
  const ended = (failure: ServiceFailure | null, mayRestart: boolean): Outcome => {
    timeout.stop();
    if (!stopping) return { stopped: false, failure, mayRestart, ranMs: Math.max(0, hands.nowMs() - startedAtMs) };
    const isOverrun = failure?.kind === errors.TIMEOUT && hands.nowMs() >= overrunAtMs;
    const cause = isOverrun ? { error: "stop timeout", kind: errors.TIMEOUT } : null;
    hands.report({ status: cause === null ? "Stopped" : "Failed", pid: null, failure: cause, restartInMs: null });
    return { stopped: true };
  };

  hands.report({ status: "Starting", pid: null, failure: null, restartInMs: null });
  hands.start(process.pid(), attempt);
  const timeout = process.timer(policy.startTimeoutMs);
  const cases = { message: process.inbox().caseReceive(), timeout: timeout.channel().caseReceive() };
  for (;;) {
    const chosen = await process.select(cases);
    if (chosen.case === "timeout") return ended({ error: "start timeout", kind: errors.TIMEOUT }, true);
    const message = chosen.value;
    if (message === undefined) continue;
    if (message.topic === "stop") {
      if (stopping) continue;
      stopping = true;
      hands.report({ status: "Stopping", pid, failure: null, restartInMs: null });
      if (pid !== null) cancel(pid);
    } else if (message.payload[0] !== attempt) {
      // A start that was given up has come about after all.
      if (message.topic === "started") hands.terminate(message.payload[1]);
    } else if (message.topic === "started") {
      pid = message.payload[1];
      startedAtMs = hands.nowMs();
      timeout.stop();
      if (stopping) cancel(pid);
      else hands.report({ status: "Running", pid, failure: null, restartInMs: null });
    } else {
      const failure = message.payload[1];
      const isHopeless = failure === null || (message.topic === "refused" && HOPELESS.has(failure.kind));
      return ended(failure, !isHopeless && failure.retryable !== false);
    }
  }
}

/** Waits for the next start; true when a stop comes first. */
async function isStoppedWithin(process: Supervisor, hands: ServiceHands, delayMs: number): Promise<boolean> {
  if (delayMs <= 0) return false;
  const due = process.after(delayMs);
  for (;;) {
    const chosen = await process.select({ message: process.inbox().caseReceive(), due: due.caseReceive() });
    if (chosen.case === "due") return false;
    const message = chosen.value;
    if (message?.topic === "stop") return true;
    // A start that was given up has come about after all.
    if (message?.topic === "started") hands.terminate(message.payload[1]);
  }
}
