/** What a runtime is made with, and its defaults, each with its unit and reason. */

import { BYTE_COUNT_RULE, parseByteCount } from "../catalog/index.ts";
import type { AnyProcess } from "../engines/typescript/index.ts";
import { invalid, type MailboxLimit } from "../kernel/index.ts";
import type { LogRecord } from "../platform/index.ts";

/** A host of an embedding program. It runs from the start, in this thread. */
export interface HostConfig {
  /** How many live processes it may have; 0, the default, means no limit. */
  readonly maxProcesses?: number;
  /** The limit of its processes' mailboxes where their entry sets none; none by default. */
  readonly mailbox?: MailboxLimit;
}

/** A process of an embedding program with settings of its own. */
export interface ProcessConfig {
  /** A function `(process, ...args)`, or what `defineProcess` makes. It runs as it is, never lowered (S16.54). */
  readonly run: AnyProcess;
  /** The limit of its processes' mailboxes; that of the host by default. */
  readonly mailbox?: MailboxLimit;
}

/** What `createRuntime` takes; everything may be left out. */
export interface RuntimeConfig {
  /** Hosts by id (`namespace:name`), beside those that the application's entries define. */
  readonly hosts?: Readonly<Record<string, HostConfig>>;
  /** Processes by id (`namespace:name`), beside those that the application's entries define. */
  readonly processes?: Readonly<Record<string, AnyProcess | ProcessConfig>>;
  /** The folder of an application: its entries are read, and what is marked `auto_start` is started. */
  readonly app?: string;
  /**
   * What becomes of unhandled rejections and uncaught exceptions: `"handle"` logs them, ends the process they belong to
   * when that can be told, and keeps the program alive; `"leave"`, the default, leaves them to the embedding program.
   */
  readonly processErrors?: "handle" | "leave";
  /** Where log lines go: what processes print, services, dead letters, alarms. Stderr by default. */
  readonly log?: (record: LogRecord) => void;
  /** How long `stop` may take before what remains is terminated, in milliseconds; 30,000 by default (S15.13). */
  readonly shutdownTimeoutMs?: number;
  /** Settings of permissions. */
  readonly security?: {
    /** Whether a process without an actor or without a scope may do nothing (S10.3); it may do everything by default. */
    readonly strict?: boolean;
  };
  /** Settings of the Lua engine. */
  readonly lua?: {
    /**
     * How large a heap that Lua processes share may grow: bytes, or text such as `"64MiB"`, which is the default
     * (S11.35). An entry with `limits.memory` gives each of its processes a heap of its own with that limit.
     */
    readonly heapLimit?: number | string;
  };
}

/** See {@link RuntimeConfig.shutdownTimeoutMs}. */
export const SHUTDOWN_TIMEOUT_MS = 30_000;

/** 64 MiB; see {@link RuntimeConfig.lua}. */
const HEAP_LIMIT_BYTES = 64 * 2 ** 20;

/** The limit of Lua heaps in bytes. Throws INVALID when what the configuration says is no number of bytes. */
export function heapLimitBytes({ lua }: RuntimeConfig): number {
  if (lua?.heapLimit === undefined) return HEAP_LIMIT_BYTES;
  const bytes = parseByteCount(lua.heapLimit);
  if (bytes !== null) return bytes;
  const found = typeof lua.heapLimit === "string" ? JSON.stringify(lua.heapLimit) : String(lua.heapLimit);
  throw invalid(`lua.heapLimit must be ${BYTE_COUNT_RULE}; it is ${found}`);
}
