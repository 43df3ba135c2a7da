/**
 * Where every signal goes through: here → the process; nobody → a dead letter, and the sender is told why. To follow
 * any signal, put one breakpoint in `route`.
 */
import type { DeadLetterReason, DeadLetters } from "./dead-letters.ts";
import { errors, notFound, ProcessError } from "./errors.ts";
import { type Hosts, unavailable } from "./hosts.ts";
import type { Message } from "./message.ts";
import { type Pid, pidParts } from "./pid.ts";
import type { Process } from "./process.ts";
import type { ProcessTable } from "./process-table.ts";
import type { Signal } from "./signal.ts";

/** Finds the receiver of a signal. */
export class Router {
  readonly #table: ProcessTable;
  readonly #hosts: Hosts;
  readonly #deadLetters: DeadLetters;

  constructor(table: ProcessTable, hosts: Hosts, deadLetters: DeadLetters) {
    this.#table = table;
    this.#hosts = hosts;
    this.#deadLetters = deadLetters;
  }

  /** Hands a signal to a process; whether there was one. A message goes through `deliver`. */
  route(to: Pid, signal: Exclude<Signal, Message>): boolean {
    const process = this.#table.find(to);
    if (process === undefined) return false;
    process.receive(signal);
    return true;
  }

  /**
   * Hands a message to its receiver, if it lives: `null` when it was accepted, otherwise the error of S2.5–S2.7, and
   * the message is a dead letter.
   */
  deliver(to: string, process: Process | undefined, message: Message): ProcessError | null {
    if (process?.hand(message) === true) return null;
    if (process === undefined || process.isEnded) {
      const absence = this.absence(to);
      this.refuse(to, message.topic, message.from, absence);
      return absence;
    }
    if (process.accepts()) {
      process.keep(message);
      return null;
    }
    return this.#overflow(process, message);
  }

  /** Why there is no process of that well-formed pid (S2.5, S2.6). */
  absence(pid: string): ProcessError {
    const { node, host } = pidParts(pid);
    if (node !== null) return notFound("node not found");
    const known = this.#hosts.get(host);
    if (known === undefined) return notFound("host not found");
    return known.status === "stopping" ? unavailable("host is shutting down") : notFound("process not found");
  }

  /** Makes a dead letter of a message that was refused with this error. */
  refuse(to: string, topic: string, from: Pid | null, error: ProcessError): void {
    const reason: DeadLetterReason =
      error.kind === errors.NOT_FOUND
        ? "not_found"
        : error.kind === errors.UNAVAILABLE
          ? "host_stopping"
          : "mailbox_full";
    this.#deadLetters.add(from, to, topic, reason);
  }

  #overflow(process: Process, message: Message): ProcessError | null {
    const overflow = process.limit?.overflow;
    if (overflow === "drop_oldest") {
      const dropped = process.dropOldest();
      this.#deadLetters.add(dropped.from, process.pid, dropped.topic, "mailbox_full");
      process.receive(message);
      return null;
    }
    this.#deadLetters.add(message.from, process.pid, message.topic, "mailbox_full");
    if (overflow === "drop_newest") return null;
    return new ProcessError({ kind: errors.RATE_LIMITED, message: "mailbox is full", retryable: true });
  }
}

/** The error of a destination that is neither a pid nor a registered name (S1.16). */
export function unresolved(destination: string): ProcessError {
  return notFound(`could not resolve '${destination}' as PID or registered name`);
}
