/**
 * What the scenario tests say about refusals: the kind and the text of an error, and a guard that refuses chosen
 * permissions and writes down what it was asked.
 */
import { type ErrorKind, ProcessError } from "beamish";
import type { Denial, Guard, Subject } from "../../src/kernel/index.ts";

/** An error as the specification states it. */
export interface Refusal {
  readonly kind: ErrorKind;
  readonly message: string;
  readonly retryable: boolean | undefined;
}

/** The kind, text and retryable of an error, and nothing else; fails the test for anything that is no ProcessError. */
export function refusalOf(error: unknown): Refusal {
  if (!(error instanceof ProcessError)) throw new Error(`no ProcessError but ${String(error)}`);
  return { kind: error.kind, message: error.message, retryable: error.retryable };
}

/** What a promise rejects with; fails the test when it resolves. */
export async function rejectionOf(promise: Promise<unknown>): Promise<Refusal> {
  let value: unknown;
  try {
    value = await promise;
  } catch (cause) {
    return refusalOf(cause);
  }
  throw new Error(`resolved with ${String(value)}`);
}

/** What a call throws; fails the test when it returns. */
export function thrownBy(call: () => unknown): Refusal {
  let value: unknown;
  try {
    value = call();
  } catch (cause) {
    return refusalOf(cause);
  }
  throw new Error(`returned ${String(value)}`);
}

/** Refuses the permissions it is told to, and keeps every question as `<action> <resource>`. */
export class RefusingGuard implements Guard {
  readonly asked: string[] = [];
  readonly #refused: ReadonlySet<string>;

  /** @param refused the actions to refuse; `*` refuses all. */
  constructor(...refused: string[]) {
    this.#refused = new Set(refused);
  }

  check(_subject: Subject, action: string, resource: string): Denial | null {
    this.asked.push(`${action} ${resource}`);
    return this.#refused.has(action) || this.#refused.has("*") ? { action, resource } : null;
  }
}
