/**
 * One entry of a file, as plain data, becomes a definition or a list of problems (S13.4–S13.8, S13.11).
 *
 *     name, kind, meta ─ checked here ─┐
 *     fields (or data:) ─ zod schema ──┴─▶ references made complete ─▶ Definition
 *                             └─ unknown keys ─▶ warnings, read again without them
 *
 * The reader knows nothing of YAML: a `where` function tells it the place of any field. Import it through
 * `loadEntryReader` of the catalog's index, so that zod is loaded only by programs that read entries from files.
 */
import type { z } from "zod";
import { type Definition, type EntryKind, entryKinds, type LuaChunk } from "./definition.ts";
import { ID_PART_RULE, isIdPart, resolveReference } from "./entry-id.ts";
import { entrySchemas } from "./entry-schemas.ts";
import type { Lifecycle } from "./lifecycle.ts";
import type { Place, Problem } from "./problem.ts";

/** The path of a value within an entry. */
export type FieldPath = readonly (string | number)[];

/** An entry as it stands in a file, after substitution. */
export interface RawEntry {
  /** The namespace of the file. */
  readonly namespace: string;
  /** The whole mapping: name, kind, meta and the fields. A module (`isModuleField`) is `{ module: absolutePath }`. */
  readonly content: Readonly<Record<string, unknown>>;
  /** The meta of the file; the entry's own keys win. */
  readonly fileMeta: Readonly<Record<string, unknown>>;
  /** The place of a value, or of its key; for a path that does not exist, of the nearest thing around it. */
  readonly where: (path: FieldPath, part?: "key" | "value") => Place;
  /** Where the text of a string value stands: in the file behind its `file://`, else in that of the entry. */
  readonly chunkOf: (path: FieldPath) => LuaChunk;
}

/** What reading one entry gave. `definition` is null when there are errors. */
export interface ReadEntry {
  /** `namespace:name`, also when something else is wrong; null when the name is. */
  readonly id: string | null;
  readonly definition: Definition | null;
  readonly errors: readonly Problem[];
  readonly warnings: readonly Problem[];
}

/** Reads one entry. Never throws; every mistake is a problem with its place. */
export function readEntry(raw: RawEntry): ReadEntry {
  const errors: Problem[] = [];
  const warnings: Problem[] = [];
  const { content, where } = raw;

  const name = content.name;
  const id = typeof name === "string" && isIdPart(name) ? `${raw.namespace}:${name}` : null;
  const label = id === null ? "entry" : `entry ${id}`;
  const done = (definition: Definition | null): ReadEntry => ({ id, definition, errors, warnings });
  const fail = (path: FieldPath, what: string, value: unknown, at = path) => {
    errors.push({
      place: where(at),
      entry: id,
      field: formatPath(path),
      text: `${label}: ${wrongField(path, what, value)}`,
    });
  };

  if (id === null) fail(["name"], ID_PART_RULE, name);
  const kind = content.kind;
  if (typeof kind !== "string" || kind === "") {
    fail(["kind"], `one of ${entryKinds.join(", ")}`, kind);
    return done(null);
  }
  if (!isEntryKind(kind)) {
    const { file, line } = where(["kind"]);
    const text = `unknown kind "${kind}" in entry ${id ?? `${raw.namespace}:?`}; the known kinds are ${entryKinds.join(", ")}`;
    errors.push({ place: { file, line }, entry: id, field: "kind", text });
    return done(null);
  }

  const meta = content.meta ?? {};
  if (!isMapping(meta)) fail(["meta"], "a mapping", meta);

  const { fields, pathOf } = fieldsOf(content, (path, what, value) => fail(path, what, value));
  const schema: z.ZodType = entrySchemas[kind];
  let parsed = schema.safeParse(fields);
  let given = fields;
  const unknown = parsed.error?.issues.filter((issue) => issue.code === "unrecognized_keys") ?? [];
  for (const issue of unknown) {
    const known = knownKeys(schema, issue.path);
    for (const key of issue.keys) {
      const path = [...(issue.path as FieldPath), key];
      const text = `${label}: unknown field "${formatPath(path)}" has no effect; known here: ${known.join(", ")}`;
      warnings.push({ place: where(pathOf(path), "key"), entry: id, field: formatPath(path), text });
    }
  }
  if (unknown.length > 0) {
    given = withoutKeys(fields, unknown) as typeof fields;
    parsed = schema.safeParse(given);
  }
  for (const issue of parsed.error?.issues ?? []) {
    const path = issue.path as FieldPath;
    fail(path, issue.message, valueAt(given, path), pathOf(path));
  }
  if (id === null || !parsed.success || errors.length > 0) return done(null);

  const base = {
    id,
    meta: { ...raw.fileMeta, ...(meta as Record<string, unknown>) },
    place: where([]),
    referencePlaces: {} as Record<string, Place>,
  };
  const refer = (path: FieldPath, reference: string): string => {
    base.referencePlaces[formatPath(path)] = where(pathOf(path));
    return resolveReference(reference, raw.namespace);
  };
  const chunkOf = (path: FieldPath) => raw.chunkOf(pathOf(path));
  return done(makeDefinition(kind, parsed.data, { base, given, refer, chunkOf }));
}

type Fields<Kind extends EntryKind> = z.output<(typeof entrySchemas)[Kind]>;
type Base = Pick<Definition, "id" | "meta" | "place" | "referencePlaces">;

/** What `makeDefinition` knows of the entry beside what the schema gave. */
interface Surroundings {
  readonly base: Base;
  /** The fields as they were written. */
  readonly given: unknown;
  /** Makes a reference complete and notes its place. */
  readonly refer: (path: FieldPath, reference: string) => string;
  readonly chunkOf: (path: FieldPath) => LuaChunk;
}

/** From what a schema gave to the definition: references are made complete and blocks are flattened. */
function makeDefinition(kind: EntryKind, data: unknown, { base, given, refer, chunkOf }: Surroundings): Definition {
  const all = (path: FieldPath, list: readonly string[]) => list.map((one, index) => refer([...path, index], one));
  const imports = (given: Readonly<Record<string, string>>) =>
    Object.fromEntries(Object.entries(given).map(([alias, library]) => [alias, refer(["imports", alias], library)]));
  const lifecycle = (block: Lifecycle): Lifecycle => ({
    ...block,
    requires: all(["lifecycle", nameOfRequires(given)], block.requires),
    security: block.security && {
      actor: block.security.actor,
      groups: all(["lifecycle", "security", "groups"], block.security.groups),
      policies: all(["lifecycle", "security", "policies"], block.security.policies),
    },
  });
  switch (kind) {
    case "process.ts": {
      const { source, method, mailbox, preempt } = data as Fields<"process.ts">;
      return { ...base, kind, path: source.module, method, mailbox, preempt };
    }
    case "process.lua": {
      const { limits, ...fields } = data as Fields<"process.lua">;
      const lua = { chunk: chunkOf(["source"]), imports: imports(fields.imports) };
      return { ...base, kind, ...fields, ...lua, memoryLimitBytes: limits.memory };
    }
    case "library.lua": {
      const fields = data as Fields<"library.lua">;
      return { ...base, kind, ...fields, chunk: chunkOf(["source"]), imports: imports(fields.imports) };
    }
    case "process.host": {
      const { host, ...fields } = data as Fields<"process.host">;
      const { placement, workers, mailbox } = host;
      const limits = { maxProcesses: host.max_processes, watchdogMs: host.watchdog };
      return { ...base, kind, placement, workers, mailbox, ...limits, lifecycle: lifecycle(fields.lifecycle) };
    }
    case "process.service": {
      const fields = data as Fields<"process.service">;
      const processId = refer(["process"], fields.process);
      const hostId = refer(["host"], fields.host);
      return { ...base, kind, processId, hostId, input: fields.input, lifecycle: lifecycle(fields.lifecycle) };
    }
    case "security.policy": {
      const { policy, groups } = data as Fields<"security.policy">;
      return { ...base, kind, ...policy, groups: all(["groups"], groups) };
    }
    case "security.policy.expr": {
      const { policy, groups } = data as Fields<"security.policy.expr">;
      return { ...base, kind, ...policy, groups: all(["groups"], groups) };
    }
  }
}

/** Whether the entry wrote `requires` or its alias. */
function nameOfRequires(given: unknown): string {
  return valueAt(given, ["lifecycle", "depends_on"]) == null ? "requires" : "depends_on";
}

/**
 * The fields of an entry: all keys besides name, kind and meta, and those under `data:` (S13.5). `pathOf` leads from a
 * field back to where it stands in the file.
 */
function fieldsOf(
  content: Readonly<Record<string, unknown>>,
  fail: (path: FieldPath, what: string, value: unknown) => void,
): { fields: Record<string, unknown>; pathOf: (path: FieldPath) => FieldPath } {
  const { name: _name, kind: _kind, meta: _meta, data, ...fields } = content;
  const inData = isMapping(data) ? data : {};
  if (data != null && !isMapping(data)) fail(["data"], "a mapping of fields", data);
  for (const key of Object.keys(inData)) {
    if (Object.hasOwn(fields, key)) fail(["data", key], `written once: here or beside data`, inData[key]);
  }
  return {
    fields: { ...fields, ...inData },
    pathOf: (path) => (path.length > 0 && Object.hasOwn(inData, path[0] as string) ? ["data", ...path] : path),
  };
}

/** The words for a field that is missing or wrong. `what` continues "must be". */
function wrongField(path: FieldPath, what: string, value: unknown): string {
  const field = path.length === 0 ? "the entry" : `field "${formatPath(path)}"`;
  if (value == null) return `${field} is missing; it must be ${what}`;
  return `${field} must be ${what}; it is ${describe(value)}`;
}

/** A value in a few words, for a message. */
function describe(value: unknown): string {
  if (Array.isArray(value)) return value.length === 0 ? "an empty list" : "a list";
  if (typeof value === "object") return "a mapping";
  const text = typeof value === "string" ? JSON.stringify(value) : String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}

/** `host.mailbox.limit`, `lifecycle.requires[0]`. */
function formatPath(path: FieldPath): string {
  return path.map((part, at) => (typeof part === "number" ? `[${part}]` : at === 0 ? part : `.${part}`)).join("");
}

function isEntryKind(kind: string): kind is EntryKind {
  return (entryKinds as readonly string[]).includes(kind);
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function valueAt(value: unknown, path: FieldPath): unknown {
  let at = value;
  for (const part of path) at = (at as Record<string | number, unknown> | null | undefined)?.[part];
  return at;
}

/** A copy of the fields in which the unknown keys are missing. Only what is on the way to them is copied. */
function withoutKeys(
  fields: Record<string, unknown>,
  issues: readonly { readonly path: readonly PropertyKey[]; readonly keys: readonly string[] }[],
): Record<string, unknown> {
  const root: Record<string, unknown> = { ...fields };
  for (const { path, keys } of issues) {
    let at = root;
    for (const part of path as FieldPath) {
      const inner = at[part];
      const copy = Array.isArray(inner) ? [...inner] : { ...(inner as Record<string, unknown>) };
      at[part] = copy;
      at = copy as Record<string, unknown>;
    }
    for (const key of keys) delete at[key];
  }
  return root;
}

/** The keys that the object schema at `path` knows, seen through defaults and transforms. */
function knownKeys(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  let at = unwrap(schema);
  for (const part of path) {
    at = unwrap(
      typeof part === "number"
        ? (at.element as Schema)
        : ((at.shape as Record<string, Schema>)[part as string] as Schema),
    );
  }
  return Object.keys(at.shape ?? {});
}

/** The few parts of a zod schema that `knownKeys` looks at. */
interface Schema {
  readonly shape?: unknown;
  readonly element?: unknown;
  readonly def?: { readonly in?: unknown; readonly innerType?: unknown };
}

function unwrap(schema: unknown): Schema {
  let at = schema as Schema;
  for (;;) {
    const inner = at.def?.in ?? at.def?.innerType;
    if (inner === undefined) return at;
    at = inner as Schema;
  }
}
