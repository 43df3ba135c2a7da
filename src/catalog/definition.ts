/**
 * What can be run: one definition per entry of an application, as a closed union over its kind (S13.15–S13.21).
 *
 *     YAML file ──▶ entry-reader.ts ──▶ Definition ──▶ catalog.ts ──▶ runtime (hosts, programs, services)
 *                                           ▲
 *     embedding program ── defineHost, defineNativeProcess
 *
 * Everything here is plain data with nothing left to fill in: defaults are applied, ids are complete, durations are
 * milliseconds. Names of fields are the camelCase of the YAML ones, with the unit last. `process.native` is the one
 * kind that no file can contain: a function that the embedding program hands over.
 */
import type { MailboxLimit } from "../kernel/index.ts";
import { defaultLifecycle, type Lifecycle } from "./lifecycle.ts";
import type { Place } from "./problem.ts";

/** What all kinds have. */
interface DefinitionOf<Kind extends string> {
  readonly kind: Kind;
  /** `namespace:name`. */
  readonly id: string;
  /** The entry's meta over that of its file. */
  readonly meta: Readonly<Record<string, unknown>>;
  /** Where the entry begins; `null` when it comes from the embedding program. */
  readonly place: Place | null;
  /** Where the entry refers to others, by field path as in YAML (`process`, `lifecycle.requires[0]`). */
  readonly referencePlaces: Readonly<Record<string, Place>>;
}

/** A process written in TypeScript or JavaScript: a module and the name of its export. */
export interface ProcessTsDefinition extends DefinitionOf<"process.ts"> {
  /** Absolute path of the module. It existed when the entry was read. */
  readonly path: string;
  /** Name of the export. Default `default`. */
  readonly method: string;
  /** `null`: that of the host counts. */
  readonly mailbox: MailboxLimit | null;
  /** Whether loops of lowered code give their turn back (S16.56). Default true. */
  readonly preempt: boolean;
}

/** A process whose function the embedding program hands over. It stays native (S16.54). */
export interface ProcessNativeDefinition extends DefinitionOf<"process.native"> {
  /** A function `(process, ...args)` or a value of `defineProcess`; the catalog does not look at it. */
  readonly run: unknown;
  /** `null`: that of the host counts. */
  readonly mailbox: MailboxLimit | null;
}

/** Where the text of a Lua program stands: its line n is line `firstLine + n - 1` of the file `name`. */
export interface LuaChunk {
  /** The path as people shall see it: of the file behind `file://`, else of the file of the entry. */
  readonly name: string;
  /** The line of that file on which the text begins, from 1. */
  readonly firstLine: number;
}

/** A process written in Lua. */
export interface ProcessLuaDefinition extends DefinitionOf<"process.lua"> {
  /** The program text itself. */
  readonly source: string;
  /** Where the program text stands. */
  readonly chunk: LuaChunk;
  /** Name of the function. Default `main`. */
  readonly method: string;
  readonly modules: readonly string[];
  /** Alias to complete library id. */
  readonly imports: Readonly<Record<string, string>>;
  /** `null`: that of the host counts. */
  readonly mailbox: MailboxLimit | null;
  /** Bytes per process (S11.36); `null`: the process may share a heap. */
  readonly memoryLimitBytes: number | null;
}

/** A library that Lua processes import. */
export interface LibraryLuaDefinition extends DefinitionOf<"library.lua"> {
  /** The program text itself. */
  readonly source: string;
  /** Where the program text stands. */
  readonly chunk: LuaChunk;
  readonly modules: readonly string[];
  /** Alias to complete library id. */
  readonly imports: Readonly<Record<string, string>>;
}

/** Where processes run (section 15). */
export interface HostDefinition extends DefinitionOf<"process.host"> {
  /** This thread, worker threads, or operating-system processes. Default `inline`. */
  readonly placement: "inline" | "worker" | "child";
  /** Number of threads or children, 1 or more; `null` means as many as there are CPUs. No effect with `inline`. */
  readonly workers: number | null;
  /** Live processes at most; 0 means without limit. Default 0. */
  readonly maxProcesses: number;
  /** For processes whose entry has none. */
  readonly mailbox: MailboxLimit | null;
  /** A thread or child silent for so many milliseconds is ended; 0 means never. Default 10000. */
  readonly watchdogMs: number;
  readonly lifecycle: Lifecycle;
}

/** A process that the runtime keeps running (section 14). */
export interface ServiceDefinition extends DefinitionOf<"process.service"> {
  readonly processId: string;
  readonly hostId: string;
  /** Arguments of main, plain data. Default none. */
  readonly input: readonly unknown[];
  readonly lifecycle: Lifecycle;
}

/** One condition of a policy (S10.36). Operators and field paths are checked by security/, not here. */
export interface PolicyCondition {
  readonly field: string;
  readonly operator: string;
  readonly value?: unknown;
  readonly valueFrom?: string;
}

/** A policy made of patterns and conditions (S10.33). */
export interface PolicyDefinition extends DefinitionOf<"security.policy"> {
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly effect: "allow" | "deny";
  readonly conditions: readonly PolicyCondition[];
  /** Complete ids of the groups the policy belongs to. */
  readonly groups: readonly string[];
}

/** A policy made of an expression (S10.41). The expression is checked by security/, not here. */
export interface PolicyExprDefinition extends DefinitionOf<"security.policy.expr"> {
  readonly expression: string;
  readonly actions: readonly string[];
  readonly resources: readonly string[];
  readonly effect: "allow" | "deny";
  /** Complete ids of the groups the policy belongs to. */
  readonly groups: readonly string[];
}

/** Any definition. */
export type Definition =
  | ProcessTsDefinition
  | ProcessNativeDefinition
  | ProcessLuaDefinition
  | LibraryLuaDefinition
  | HostDefinition
  | ServiceDefinition
  | PolicyDefinition
  | PolicyExprDefinition;

/** The definitions that `spawn` and `exec` accept. */
export type ProcessDefinition = ProcessTsDefinition | ProcessNativeDefinition | ProcessLuaDefinition;

/** A kind that a file may contain. */
export type EntryKind = Exclude<Definition["kind"], "process.native">;

/** The kinds that a file may contain, in the order in which messages list them. */
export const entryKinds: readonly EntryKind[] = [
  "process.ts",
  "process.lua",
  "process.host",
  "process.service",
  "library.lua",
  "security.policy",
  "security.policy.expr",
];

/** Whether a definition is one that `spawn` and `exec` accept. */
export function isProcessDefinition(definition: Definition): definition is ProcessDefinition {
  return definition.kind === "process.ts" || definition.kind === "process.native" || definition.kind === "process.lua";
}

/**
 * Whether a `file://` value of this field stays a path because the file is imported as a module and not read as text
 * (S13.13). `field` is the path within the entry.
 */
export function isModuleField(kind: unknown, field: readonly (string | number)[]): boolean {
  const inner = field[0] === "data" ? field.slice(1) : field;
  return kind === "process.ts" && inner.length === 1 && inner[0] === "source";
}

/** How long a thread or child may be silent (S15.14), when the entry does not say. */
export const DEFAULT_WATCHDOG_MS = 10_000;

/** A host of the embedding program; what is left out has the default of a YAML entry. */
export function defineHost(
  id: string,
  fields: Partial<Omit<HostDefinition, "kind" | "id" | "place" | "referencePlaces">> = {},
): HostDefinition {
  return {
    kind: "process.host",
    id,
    meta: fields.meta ?? {},
    place: null,
    referencePlaces: {},
    placement: fields.placement ?? "inline",
    workers: fields.workers ?? null,
    maxProcesses: fields.maxProcesses ?? 0,
    mailbox: fields.mailbox ?? null,
    watchdogMs: fields.watchdogMs ?? DEFAULT_WATCHDOG_MS,
    lifecycle: fields.lifecycle ?? defaultLifecycle,
  };
}

/** A process of the embedding program. `run` is not looked at. */
export function defineNativeProcess(
  id: string,
  run: unknown,
  fields: Partial<Pick<ProcessNativeDefinition, "meta" | "mailbox">> = {},
): ProcessNativeDefinition {
  const { meta = {}, mailbox = null } = fields;
  return { kind: "process.native", id, meta, place: null, referencePlaces: {}, run, mailbox };
}
