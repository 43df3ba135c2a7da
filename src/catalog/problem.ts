/**
 * What is wrong with an application's entries, and where: the shape of every load error and load warning.
 *
 * Problems are collected and reported together (S13.9), so they are plain data and not exceptions. Only at the very
 * end `loadError` makes one ProcessError of them.
 */
import { errors, ProcessError } from "../kernel/index.ts";

/** A place in a source file, written `file:line:column`. */
export interface Place {
  /** The path as people shall see it. */
  readonly file: string;
  /** From 1. */
  readonly line: number;
  /** From 1. Left out when the line as a whole is meant. */
  readonly column?: number;
}

/** One load error or load warning. */
export interface Problem {
  /** `null` for a definition that comes from the embedding program and not from a file. */
  readonly place: Place | null;
  /** The id of the entry concerned, `null` when the trouble is not within one entry. */
  readonly entry: string | null;
  /** The path of the field in the entry, such as `host.max_processes`; `null` when it is not about one field. */
  readonly field: string | null;
  /** What is wrong and what to do. */
  readonly text: string;
}

/** `file:line:column`, or `file:line` for a place without a column. */
export function formatPlace(place: Place): string {
  const line = `${place.file}:${place.line}`;
  return place.column === undefined ? line : `${line}:${place.column}`;
}

/** `file:line:column: text`, or the text alone for a problem without a place. */
export function formatProblem(problem: Problem): string {
  return problem.place === null ? problem.text : `${formatPlace(problem.place)}: ${problem.text}`;
}

/** By file, then line, then column; what has no place comes last. For `sort`. */
export function compareProblems(a: Problem, b: Problem): number {
  if (a.place === null || b.place === null) return Number(a.place === null) - Number(b.place === null);
  if (a.place.file !== b.place.file) return a.place.file < b.place.file ? -1 : 1;
  return a.place.line - b.place.line || (a.place.column ?? 0) - (b.place.column ?? 0);
}

/**
 * One error for all load errors (S13.9): kind INVALID, the message has one line per problem, and `details.problems`
 * has them as plain data, `{file, line, column, entry, field, text}` each, in the same order.
 */
export function loadError(problems: readonly Problem[]): ProcessError {
  const sorted = [...problems].sort(compareProblems);
  return new ProcessError({
    kind: errors.INVALID,
    message: sorted.map(formatProblem).join("\n"),
    details: {
      problems: sorted.map(({ place, entry, field, text }) => ({
        file: place?.file ?? null,
        line: place?.line ?? null,
        column: place?.column ?? null,
        entry,
        field,
        text,
      })),
    },
  });
}
