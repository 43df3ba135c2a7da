/**
 * `process.serve`: a receive loop as a table of handlers (S11.38). The messages of all topics it names, and of the inbox
 * if it names that, are taken in the order they came; events go before messages.
 */
import { badArgument, CLOSED, Message, Served, type Syscalls } from "../../kernel/index.ts";
import { awaitFrom, awaitServed } from "./answers.ts";
import { type Activation, start, WAIT } from "./task.ts";

/** The value by which a handler ends its `serve`. */
export class DoneValue<R> {
  readonly value: R;

  constructor(value: R) {
    this.value = value;
  }
}

type Handler = (first: unknown, second?: unknown) => unknown;

/** Serves until a handler returns a DoneValue; returns its value, or `null` when its channels were closed. */
export function serve(syscalls: Syscalls, handlers: unknown): Promise<unknown> {
  return start(
    typeof handlers === "function" ? serveInbox(syscalls, handlers as Handler) : serveTopics(syscalls, handlers),
  ) as Promise<unknown>;
}

function* serveTopics(syscalls: Syscalls, handlers: unknown): Activation {
  if (typeof handlers !== "object" || handlers === null) throw badArgument(1, "serve", "function or table", handlers);
  const topics = Object.keys(handlers);
  for (const topic of topics) {
    const handler = (handlers as Record<string, unknown>)[topic];
    if (typeof handler !== "function") throw badArgument(1, "serve", `function for "${topic}"`, handler);
  }
  const sources = topics.map((topic) => {
    if (topic === "@events") return syscalls.events();
    return topic === "@inbox" ? syscalls.inbox() : syscalls.listen(topic, true);
  });
  const served = new Served(sources);
  for (;;) {
    let value = awaitServed(syscalls, served);
    if (value === WAIT) value = yield WAIT;
    if (value === CLOSED) return null;
    const topic = topics[served.index] as string;
    const handler = (handlers as Record<string, Handler>)[topic] as Handler;
    const result = yield call(handler, topic, value);
    if (result instanceof DoneValue) return result.value;
  }
}

function call(handler: Handler, topic: string, value: unknown): unknown {
  // An event, or a payload alone: by a later listen the topic yields those.
  if (!(value instanceof Message) || topic.startsWith("@")) return handler(value);
  return handler(value.payload, value);
}

function* serveInbox(syscalls: Syscalls, handler: Handler): Activation {
  const inbox = syscalls.inbox();
  for (;;) {
    let message = awaitFrom(syscalls, inbox, true);
    if (message === WAIT) message = yield WAIT;
    if (message === CLOSED) return null;
    const result = yield handler(message);
    if (result instanceof DoneValue) return result.value;
  }
}
