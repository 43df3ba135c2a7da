/** What others are told of how a process has ended: the same result, and each their own. */
import { type ExitResult, isFailure } from "./exit-result.ts";
import { copyPayload, isLarge, markLarge } from "./payload.ts";

/** A copy of data that stays marked as large. */
export function copyOfData(data: unknown, root: string): unknown {
  const copy = copyPayload(data, root, true);
  if (isLarge(data)) markLarge(copy);
  return copy;
}

function copyOf(result: ExitResult): ExitResult {
  if (!isFailure(result)) return { value: copyOfData(result.value, "result") };
  const { error, kind, retryable, details } = result;
  return { error, kind, retryable, details: details === undefined ? undefined : copyOfData(details, "details") };
}

/** How a process has ended, for those who are to know. */
export class Ending {
  readonly #result: ExitResult;
  #shared: ExitResult | null = null;
  /** What the result takes, about, if that is known. */
  readonly bytes: number;

  constructor(result: ExitResult, bytes: number) {
    this.#result = result;
    this.bytes = bytes;
  }

  /** The result, for one who may change it. */
  own(): ExitResult {
    return copyOf(this.#result);
  }

  /** The result, for all who make something of their own of it: however many they are, it is copied once. */
  shared(): ExitResult {
    this.#shared ??= copyOf(this.#result);
    return this.#shared;
  }
}
