/** Results and errors as one line of JSON, and arguments read from one. */
import type { ProcessError } from "../runtime/index.ts";

/**
 * A value as one line of JSON. What JSON has not: bigint as decimal text, bytes as base64 text, dates as RFC 3339, NaN
 * and the infinities as null, an error as an object of kind and message. A value that contains itself is an error of JSON.
 */
export function jsonLine(value: unknown): string {
  // A replacer gets dates as text already; `this[key]` is what was there.
  return JSON.stringify(value, function replace(this: Record<string, unknown>, key, given: unknown) {
    const raw = this[key];
    if (raw instanceof Date) return Number.isNaN(raw.getTime()) ? null : raw.toISOString();
    if (raw instanceof Uint8Array) return Buffer.from(raw).toString("base64");
    if (typeof raw === "bigint") return raw.toString();
    if (raw instanceof Error) return errorFields(raw as ProcessError);
    return given;
  });
}

/** An error as one line of JSON: its kind and message, and what else it carries. */
export function errorLine(error: ProcessError): string {
  return jsonLine(errorFields(error));
}

/** An argument of the command line: JSON where it parses, else the text itself. */
export function argumentOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

function errorFields(error: ProcessError): Record<string, unknown> {
  const { kind, message, retryable, details } = error;
  return {
    kind,
    message,
    ...(retryable !== undefined && { retryable }),
    ...(details !== undefined && { details }),
  };
}
