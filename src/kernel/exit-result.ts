/** How a process ended: with a value, or with an error and its kind (S4.2–S4.16). */
import { type ErrorKind, errors, ProcessError } from "./errors.ts";
import { copyForm } from "./form.ts";

/** The result of a process that ended abnormally. */
export interface ExitFailure {
  /** What went wrong, for people. */
  readonly error: string;
  /** One of the constants of `errors`; INTERNAL unless the error said otherwise. */
  readonly kind: ErrorKind;
  /** Whether trying again may help; absent when unknown. */
  readonly retryable?: boolean | undefined;
  /** Plain data about the failure, or absent. */
  readonly details?: unknown;
}

/** How a process ended. It ended abnormally if and only if there is an `error`. */
export type ExitResult = { readonly value: unknown; readonly error?: undefined } | ExitFailure;

/** Whether this is the result of an abnormal end (S4.2). */
export function isFailure(result: ExitResult): result is ExitFailure {
  return typeof result.error === "string";
}

/** The result of a process that was terminated (S4.9). */
export const TERMINATED: ExitFailure = { error: "process terminated", kind: errors.INTERNAL };
/** The result of a process whose cancel deadline passed (S4.10). */
export const DEADLINE_EXCEEDED: ExitFailure = { error: "cancel deadline exceeded", kind: errors.TIMEOUT };
/** The result of a process taken down by a link (S4.11). */
export const LINK_FAILED: ExitFailure = { error: "linked process failed", kind: errors.INTERNAL };

/** What is told instead of a result for whose data there is no room. */
export const TOO_MUCH_RESULT: ExitFailure = {
  error: "too much data is under way for this result",
  kind: errors.RATE_LIMITED,
  retryable: false,
};

/** The result of a process whose code failed with `cause` (S4.16): what was thrown, or what a promise rejected with. */
export function failureOf(cause: unknown): ExitFailure {
  try {
    if (cause instanceof ProcessError) {
      const { message: error, kind, retryable, details } = cause;
      const failure = { error, kind, retryable, details };
      copyForm(cause, failure);
      return failure;
    }
  } catch {
    // Something that resists even the question what it is, such as a proxy with traps that throw.
  }
  return { error: textOf(cause), kind: errors.INTERNAL };
}

/** The error that a failed result becomes for whoever waits for it (S3.34). */
export function errorOf(failure: ExitFailure): ProcessError {
  const { error: message, kind, retryable, details } = failure;
  const error = new ProcessError({ message, kind, retryable, details });
  copyForm(failure, error);
  return error;
}

/** The message of an Error, or else its text; never throws, whatever was thrown. */
export function textOf(cause: unknown): string {
  try {
    return cause instanceof Error ? String(cause.message) : String(cause);
  } catch {
    return "unprintable value thrown";
  }
}
