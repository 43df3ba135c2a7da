/**
 * `process.serve`: a receive loop as a table of handlers (S11.38). The messages of all topics it names, and of the inbox
 * if it names that, are taken in the order they came; events go before messages.
 */
import { badArgument, CLOSED, type Case as KernelCase, type Message, type Syscalls } from "../../kernel/index.ts";
import { receiveFrom, selectOne } from "./channel-dressing.ts";

/** The value by which a handler ends its `serve`. */
export class DoneValue<R> {
  readonly value: R;

  constructor(value: R) {
    this.value = value;
  }
}

type Handler = (first: unknown, second?: unknown) => unknown;

/** Serves until a handler returns a DoneValue; returns its value, or `null` when its channels were closed. */
export async function serve(syscalls: Syscalls, handlers: unknown): Promise<unknown> {
  if (typeof handlers === "function") return serveInbox(syscalls, handlers as Handler);
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
  const cases: KernelCase[] = sources.map((source) => ({ kind: "receive", source }));
  for (;;) {
    const { index, value } = await selectOne(syscalls, cases, false, "oldest");
    if (value === CLOSED) return null;
    const topic = topics[index] as string;
    const handler = (handlers as Record<string, Handler>)[topic] as Handler;
    const result = await (topic.startsWith("@") ? handler(value) : handler((value as Message).payload, value));
    if (result instanceof DoneValue) return result.value;
  }
}

async function serveInbox(syscalls: Syscalls, handler: Handler): Promise<unknown> {
  const inbox = syscalls.inbox();
  for (;;) {
    const message = await receiveFrom<Message>(syscalls, inbox);
    if (message === undefined) return null;
    const result = await handler(message);
    if (result instanceof DoneValue) return result.value;
  }
}
