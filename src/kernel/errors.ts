/**
 * ProcessError and the one list of error kinds.
 *
 * Every failure that Beamish reports, in whatever language, is one of these kinds (semantics, section 12).
 * A program decides by `kind`, never by the text: texts are for people. docs/errors.md explains each kind, and a
 * test keeps that page and this list equal.
 */

/** The constants behind {@link errors}; their string values are fixed for exchange with other programs. */
const KINDS = {
  /** No such process, name, host, entry or method. */
  NOT_FOUND: "NotFound",
  /** The name is held by another live process. */
  ALREADY_EXISTS: "AlreadyExists",
  /** The request itself is wrong: a missing argument, a wrong type, data that cannot be sent. */
  INVALID: "Invalid",
  /** The caller's actor and scope do not allow the operation. */
  PERMISSION_DENIED: "PermissionDenied",
  /** A host is stopping, not started or at its limit; or the place a process ran on was lost. */
  UNAVAILABLE: "Unavailable",
  /** The user's code failed, or a module did not load. */
  INTERNAL: "Internal",
  /** A waiting operation was called off. */
  CANCELED: "Canceled",
  /** Two changes contradict each other. */
  CONFLICT: "Conflict",
  /** A time limit passed. */
  TIMEOUT: "Timeout",
  /** A mailbox is full, or a memory limit was passed. */
  RATE_LIMITED: "RateLimited",
  /** Nothing is known about the kind. */
  UNKNOWN: "",
} as const;

/** The value of an error kind, one of the constants of {@link errors}. */
export type ErrorKind = (typeof KINDS)[keyof typeof KINDS];

const KNOWN_KINDS: ReadonlySet<string> = new Set(Object.values(KINDS));

/** What a {@link ProcessError} is made of. Only `message` is required; `kind` defaults to `errors.UNKNOWN`. */
export interface ProcessErrorInit {
  message: string;
  kind?: ErrorKind | undefined;
  /** Whether trying again may help; `undefined` means unknown. */
  retryable?: boolean | undefined;
  /** Plain data about the failure: the object concerned, the policies that were asked. */
  details?: unknown;
}

/**
 * The error of every Beamish operation. It keeps kind, message, retryable and details when it crosses from one
 * process to another; `stack` does not travel.
 *
 * `new ProcessError("text")` has kind UNKNOWN. Throws a ProcessError of kind INVALID when the message is no string or
 * the kind is not in the list.
 */
export class ProcessError extends Error {
  /** One of the constants of {@link errors}. */
  readonly kind: ErrorKind;
  /** Whether trying again may help; `undefined` means unknown. */
  readonly retryable: boolean | undefined;
  /** Plain data about the failure, or `undefined`. */
  readonly details: unknown;

  constructor(init: string | ProcessErrorInit) {
    const given: ProcessErrorInit = typeof init === "string" ? { message: init } : init;
    if (typeof given !== "object" || given === null || typeof given.message !== "string") {
      throw new ProcessError({ kind: errors.INVALID, message: "an error needs a message that is a string" });
    }
    super(given.message);
    const kind = given.kind ?? errors.UNKNOWN;
    if (!KNOWN_KINDS.has(kind)) {
      throw new ProcessError({ kind: errors.INVALID, message: `unknown error kind "${String(kind)}"` });
    }
    this.kind = kind;
    this.retryable = given.retryable ?? undefined;
    this.details = given.details ?? undefined;
  }

  /**
   * An error that keeps kind, message, retryable and details of `err` and whose `stack` begins with `text`.
   * Anything that is no ProcessError counts as kind INTERNAL if it is an Error, as UNKNOWN otherwise.
   */
  static wrap(err: unknown, text: string): ProcessError {
    const wrapped =
      err instanceof ProcessError
        ? new ProcessError({ message: err.message, kind: err.kind, retryable: err.retryable, details: err.details })
        : err instanceof Error
          ? new ProcessError({ message: err.message, kind: errors.INTERNAL })
          : new ProcessError({ message: String(err) });
    const inner = err instanceof Error && err.stack !== undefined ? err.stack : wrapped.message;
    Object.defineProperty(wrapped, "stack", { value: `${text}: ${inner}`, configurable: true, writable: true });
    return wrapped;
  }
}

Object.defineProperty(ProcessError.prototype, "name", { value: "ProcessError", configurable: true, writable: true });

/**
 * The error kinds by name (`errors.NOT_FOUND`, …) and `errors.is(err, kind)`, which is false for anything that is no
 * ProcessError.
 */
export const errors = {
  ...KINDS,
  is(err: unknown, kind: ErrorKind): boolean {
    return err instanceof ProcessError && err.kind === kind;
  },
} as const;

/** An INVALID error with that text. */
export function invalid(message: string): ProcessError {
  return new ProcessError({ kind: errors.INVALID, message });
}

/** A NOT_FOUND error with that text. */
export function notFound(message: string): ProcessError {
  return new ProcessError({ kind: errors.NOT_FOUND, message });
}

/** The error for the argument at `position` (from 1) of `operation`, whose type is wrong (S12.11). */
export function badArgument(position: number, operation: string, expected: string, got: unknown): ProcessError {
  const found = got === null ? "null" : Array.isArray(got) ? "array" : typeof got;
  return invalid(`bad argument #${position} to '${operation}' (${expected} expected, got ${found})`);
}
