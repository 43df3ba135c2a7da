/**
 * The hosts of one island: where processes run, by name, with their limits (S15.1, S15.9). Inline hosts of one thread
 * share the island of that thread (ADR 0002), so this is a record and not a place.
 */
import { errors, notFound, ProcessError } from "./errors.ts";
import type { MailboxLimit } from "./mailbox-limit.ts";
import { pidPrefix } from "./pid.ts";

/** A host as an island knows it. */
export interface Host {
  readonly id: string;
  /** How the pids of its processes begin. */
  readonly pidPrefix: string;
  /** How many live processes it may have; 0 means no limit. */
  readonly maxProcesses: number;
  /** The limit of its processes' mailboxes where the entry sets none. */
  readonly mailbox: MailboxLimit | null;
  status: "stopped" | "running" | "stopping";
  /** Whether only the runtime may start processes on it; to a process it does not exist. */
  readonly isPrivate: boolean;
  /** How many live processes it has. */
  live: number;
  /** How many have ended and still tell others of it, or of messages that they have not read. */
  telling: number;
  /** Called when there is none of those any more. */
  whenTold: (() => void) | null;
}

/** The hosts of one island. */
export class Hosts {
  readonly #hosts = new Map<string, Host>();
  #last: Host | undefined;
  /** The text asked for last: comparing it with itself is cheaper than with another of the same characters. */
  #lastId: string | null = null;

  add(host: { id: string; maxProcesses?: number; mailbox?: MailboxLimit | null; isPrivate?: boolean }): Host {
    const added: Host = {
      id: host.id,
      pidPrefix: pidPrefix(host.id),
      maxProcesses: host.maxProcesses ?? 0,
      mailbox: host.mailbox ?? null,
      isPrivate: host.isPrivate ?? false,
      status: "stopped",
      live: 0,
      telling: 0,
      whenTold: null,
    };
    this.#hosts.set(host.id, added);
    this.#lastId = null;
    return added;
  }

  get(id: string): Host | undefined {
    if (id !== this.#lastId) {
      this.#last = this.#hosts.get(id);
      this.#lastId = id;
    }
    return this.#last;
  }

  all(): Iterable<Host> {
    return this.#hosts.values();
  }

  /** Whether a new process may start on a host: the host, or the error that says why not (S3.16–S3.19). */
  admit(id: string, byRuntime: boolean): Host | ProcessError {
    const host = this.get(id);
    if (host === undefined || (host.isPrivate && !byRuntime)) return notFound("host not found");
    if (host.status === "stopped") return unavailable("host is not running");
    if (host.status === "stopping") return unavailable("host is shutting down");
    if (host.maxProcesses > 0 && host.live >= host.maxProcesses) return unavailable("process limit reached", true);
    return host;
  }
}

/** An UNAVAILABLE error with that text. */
export function unavailable(message: string, retryable?: boolean): ProcessError {
  return new ProcessError({ kind: errors.UNAVAILABLE, message, retryable });
}
