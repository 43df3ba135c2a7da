/** What authors write: `defineProcess`, which ties the types of the messages to the code. */
import { invalid } from "../../kernel/index.ts";
import type { Process } from "./process-api.ts";
import type { Main } from "./task-run.ts";
import type { ParsedMessages, Parsers, ProcessDefinition, Protocol } from "./typed-messages.ts";

/** What `defineProcess` is given: parsers or a protocol, and main. */
interface Init {
  accepts?: Parsers | Protocol<unknown>;
  run: unknown;
}

type AnyDefinition = ProcessDefinition<any, any[], any>;

/** What `defineProcess` has made, which is how a module's export is told from any other object, and its main. */
const made = new WeakMap<object, Main>();

/**
 * Defines a process. `accepts` declares its messages: `protocol<M>()` for types alone, or a parser per topic, which
 * runs once over each payload; what it throws makes the message a dead letter (`not_accepted`). `run` is main.
 *
 * @throws ProcessError INVALID when `run` is no function or a parser is none.
 */
export function defineProcess<M, A extends unknown[], R>(definition: {
  accepts: Protocol<M>;
  run(process: Process<M>, ...args: A): PromiseLike<R> | R;
}): ProcessDefinition<M, A, Awaited<R>>;
/**
 * The form with parsers: the types of the messages follow from their results. Write the parameter as
 * `(payload: unknown) => …`: where its type is left out, the compiler looks at `run` too early to know the results.
 */
export function defineProcess<T extends Record<string, unknown>, A extends unknown[], R>(definition: {
  accepts: { readonly [K in keyof T]: (payload: unknown) => T[K] };
  run(process: Process<ParsedMessages<T>>, ...args: A): PromiseLike<R> | R;
}): ProcessDefinition<ParsedMessages<T>, A, Awaited<R>>;
/** The form without a declaration: every message is taken as it comes. */
export function defineProcess<A extends unknown[], R>(definition: {
  run(process: Process, ...args: A): PromiseLike<R> | R;
}): ProcessDefinition<any, A, Awaited<R>>;
export function defineProcess(definition: Init): any {
  const { run, accepts } = definition;
  if (typeof run !== "function") throw invalid("defineProcess requires a function `run`");
  const parsers = Object.entries(accepts ?? {});
  for (const [topic, parser] of parsers) {
    if (typeof parser !== "function") throw invalid(`the parser of topic "${topic}" must be a function`);
  }
  const defined = Object.freeze({
    accepts: parsers.length === 0 ? null : (Object.freeze(Object.fromEntries(parsers)) as Parsers),
    run: (process: Process, ...args: unknown[]) => (run as (...all: unknown[]) => unknown)(process, ...args),
  });
  made.set(defined, run as Main);
  return defined;
}

/** Whether a value was made by `defineProcess`. */
export function isProcessDefinition(value: unknown): value is AnyDefinition {
  return typeof value === "object" && value !== null && made.has(value);
}

/** The main of a definition, as the author wrote it. */
export function mainOf(definition: AnyDefinition): Main {
  return made.get(definition) as Main;
}
