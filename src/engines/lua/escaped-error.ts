/**
 * An error that has left a coroutine of Lua for good: what it says, and the stack it came from, also through the coroutines
 * that handed it on and are not there any more.
 */
import { errors, ProcessError } from "../../kernel/index.ts";
import type { Host } from "./host.ts";
import { ERROR } from "./objects.ts";
import { readError, readFrames } from "./payloads.ts";
import { STRING, type State } from "./vm.ts";

/** The last text that a coroutine has handed on, and the stack it came from. */
export interface NotedTrace {
  readonly text: string;
  readonly trace: string;
}

/** What is known of an error that has left the code. */
export interface EscapedError {
  readonly error: ProcessError;
  /** What its details take, about. */
  readonly bytes: number;
  /** Where it came from, line by line, the innermost first; "" when there is nothing to say. */
  readonly trace: string;
}

/**
 * A text was raised in a coroutine that is handing it on and will not be there any more when somebody asks where it came
 * from. Who hands it on may put a position in front of it.
 */
export function noteTrace(host: Host, text: string, co: State): void {
  host.bag.noted = { text, trace: withNoted(host, text, host.readableTrace(co)) };
}

/** The error on top of the stack of a coroutine that it has left, in the isolate that runs. */
export function escapedError(host: Host, co: State): EscapedError {
  const { isolate, vm } = host;
  const trace = host.readableTrace(co);
  if (isolate.objects.kind(co, -1) === ERROR) {
    return { ...readError(isolate, co, -1), trace: joinedTraces(readFrames(isolate, co, -1), trace) };
  }
  const isText = vm.type(co, -1) === STRING;
  const message = host.describe(co, -1);
  const error = new ProcessError({ kind: errors.INTERNAL, message });
  return { error, bytes: 0, trace: isText ? withNoted(host, message, trace) : trace };
}

function withNoted(host: Host, text: string, trace: string): string {
  const { noted } = host.bag;
  return noted !== null && text.endsWith(noted.text) ? `${noted.trace}\n${trace}` : trace;
}

/** Where an error was made and where it left the code, which lacks the coroutines and calls it was handed on by. */
function joinedTraces(made: string, left: string): string {
  const seen = new Set(made.split("\n"));
  if (made === "" || left.split("\n").every((line) => seen.has(line))) return made || left;
  return `${made}\nraised again:\n${left}`;
}
