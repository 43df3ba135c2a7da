/**
 * What the facts of both languages share: words in which failures and events are told alike, and the processes they deal
 * with. A failure is told as `[kind, message]`.
 */
import { errors, ProcessError } from "../../src/index.ts";
import type { Told } from "./facts.ts";

/** The host of the simulation. */
export const HOST = "sim:processes";

/** The beginning of a Lua module that tells a fact. */
export const WORDS = `
local time = require("time")
local HOST = "${HOST}"
-- What a call answered: its value, or [kind, message] of its failure.
local function answer(value, err)
  if err == nil then return value end
  return { err:kind(), err:message() }
end
-- What a call raised, as [kind, message].
local function raised(fn, ...)
  local ok, err = pcall(fn, ...)
  if ok then return "raised nothing" end
  return { err:kind(), err:message() }
end
-- How a child ended, as its EXIT says; [error, kind] for a failure.
local function ending(event)
  local result = event.result
  if result.error then return { result.error, result.kind } end
  return result.value
end
`;

/** What a call of TypeScript answered: its value (`true` when there is none), or `[kind, message]` of its failure. */
export async function answer(call: Promise<unknown>): Promise<unknown> {
  try {
    return (await call) ?? true;
  } catch (cause) {
    const { kind, message } = cause as ProcessError;
    return [kind, message];
  }
}

/** What a call of TypeScript throws, as `[kind, message]`. */
export function raised(call: () => unknown): unknown {
  try {
    call();
    return "raised nothing";
  } catch (cause) {
    const { kind, message } = cause as ProcessError;
    return [kind, message];
  }
}

/** How a child ended, as its EXIT says; `[error, kind]` for a failure. */
export function ending(event: { result: any }): unknown {
  const { result } = event;
  return typeof result.error === "string" ? [result.error, result.kind] : result.value;
}

const PEERS = {
  /** Waits for ever, and leaves its mailbox alone. */
  "app:idle": {
    lua: `return function() channel.new():receive() end`,
    typescript: (process) => process.channel().receive(),
  },
  /** Ends with its argument. */
  "app:returns": {
    lua: `return function(value) return value end`,
    typescript: async (_, value) => value,
  },
  /** Fails at once. */
  "app:fails": {
    lua: `return function()
      error(errors.new{message = "boom", kind = errors.CONFLICT, retryable = true, details = {n = 1}})
    end`,
    typescript: async () => {
      throw new ProcessError({ message: "boom", kind: errors.CONFLICT, retryable: true, details: { n: 1 } });
    },
  },
  /** Ends when told: with the payload of a message \`return\`, or by failing at a message \`fail\`. */
  "app:obedient": {
    lua: `return function()
      local msg = process.inbox():receive()
      if msg:topic() == "fail" then error(errors.new(errors.CONFLICT, "told to fail")) end
      return msg:payload()
    end`,
    typescript: async (process) => {
      const message = await process.inbox().receive();
      if (message.topic === "fail") throw new ProcessError({ message: "told to fail", kind: errors.CONFLICT });
      return message.payload;
    },
  },
  /** Ends with the next event it gets, as \`[kind, from]\`. */
  "app:event": {
    lua: `return function()
      process.set_options{trap_links = true}
      local event = process.events():receive()
      return { event.kind, event.from }
    end`,
    typescript: async (process) => {
      process.setOptions({ trapLinks: true });
      const event = await process.events().receive();
      return [event.kind, event.from];
    },
  },
} satisfies Record<string, Told>;

/** The peers of these names, for the `given` of a fact. */
export function peers(...names: (keyof typeof PEERS)[]): Record<string, Told> {
  return Object.fromEntries(names.map((name) => [name, PEERS[name]]));
}

/** A Lua module whose main has this body, after the {@link WORDS}; its arguments are `...`. */
export function luaMain(body: string): string {
  return `${WORDS}return function(...)\n${body}\nend`;
}
