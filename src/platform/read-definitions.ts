/**
 * Reads the entries of an application from a folder (S13.1–S13.14).
 *
 *     source-root        which files
 *         ▼
 *     positioned-yaml    text ─▶ data with places        a file without namespace: passed over
 *         ▼
 *     environment-references, file://                    in string values only, in this order
 *         ▼
 *     catalog: reader of entries ─▶ definitions ─▶ checkDefinitions
 *
 * All mistakes of all files are collected and thrown together as one error; then nothing is started (S13.9).
 */
import { readFileSync } from "node:fs";
import { basename, resolve } from "node:path";
import {
  checkDefinitions,
  compareProblems,
  type Definition,
  type FieldPath,
  ID_PART_RULE,
  isIdPart,
  isModuleField,
  type LuaChunk,
  loadEntryReader,
  loadError,
  type Place,
  type PolicyDefinition,
  type PolicyExprDefinition,
  type Problem,
  type RawEntry,
  type ReadEntry,
} from "../catalog/index.ts";
import { errors as kinds, ProcessError } from "../kernel/index.ts";
import { replaceEnvironmentReferences } from "./environment-references.ts";
import { loadYamlParser, type PositionedYaml } from "./positioned-yaml.ts";
import { shownPath } from "./shown-path.ts";
import { SourceRoot, UnreachableFile } from "./source-root.ts";

/** How to read; everything may be left out. */
export interface ReadDefinitionsOptions {
  /** What `${env:NAME}` refers to. Default: the environment of this operating-system process. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Looks for mistakes in the policies among the entries: the catalog does not know what their fields mean. */
  readonly checkPolicy?: (policy: PolicyDefinition | PolicyExprDefinition) => Promise<readonly FieldMistake[]>;
  /** Definitions of the embedding program. Entries may refer to them and must not have their ids. */
  readonly known?: readonly Definition[];
  /** Reads this file of the folder only, and has to be able to. */
  readonly only?: string;
}

/** What is wrong within a field of an entry. */
export interface FieldMistake {
  readonly field: FieldPath;
  /** Where in the text of the field, in characters from 0; `null` for the field as a whole. */
  readonly offset: number | null;
  readonly text: string;
}

/** What was read. */
export interface ReadDefinitions {
  /** In the order of files (sorted by path) and of entries within them; those of the embedding program not included. */
  readonly definitions: readonly Definition[];
  /** Unknown fields, files passed over, dependencies that do not exist. Nothing of this keeps the rest from running. */
  readonly warnings: readonly Problem[];
}

/**
 * Reads all entries below a folder.
 *
 * @param root the source root
 * @throws ProcessError INVALID, from `loadError`: one line `file:line:column: text` for each mistake, the same as data
 * in `details.problems`. Also INVALID when there is no such folder, without details.
 */
export async function readDefinitions(root: string, options: ReadDefinitionsOptions = {}): Promise<ReadDefinitions> {
  const sources = openRoot(root);
  const parse = await loadYamlParser();
  const readEntry = await loadEntryReader();
  const environment = options.environment ?? process.env;
  const known = options.known ?? [];
  const definitions: Definition[] = [];
  const broken = new Set<string>();
  const errors: Problem[] = [];
  const warnings: Problem[] = [];

  const take = (entry: ReadEntry) => {
    if (entry.definition !== null) definitions.push(entry.definition);
    else if (entry.id !== null) broken.add(entry.id);
    errors.push(...entry.errors.filter((problem) => !errors.some((known) => isSamePlace(problem.place, known.place))));
    warnings.push(...entry.warnings);
  };

  const { only } = options;
  for (const path of only === undefined ? sources.entryFiles() : [resolve(only)]) {
    const text = readText(path, errors);
    // Most JSON files of a folder are no entries, and some are large. This look is cheaper than parsing them.
    if (text === null || (isJson(path) && !isIndex(path) && !text.includes('"namespace"'))) continue;
    const file = parse(text, shownPath(path));
    if (file.error !== null) {
      const { place, text } = file.error;
      const found = { place, entry: null, field: null };
      if (isIndex(path) || only !== undefined) errors.push({ ...found, text: `this file cannot be read: ${text}` });
      else warnings.push({ ...found, text: `this file cannot be read and is passed over: ${text}` });
      continue;
    }
    if (!isMapping(file.data) || file.data.namespace == null) continue;
    for (const { place, text } of file.warnings) warnings.push({ place, entry: null, field: null, text });
    const source = new SourceFile(path, file, sources, environment, errors, warnings);
    for (const raw of source.entries()) {
      const entry = readEntry(raw);
      take(entry);
      const { definition } = entry;
      if (definition?.kind !== "security.policy" && definition?.kind !== "security.policy.expr") continue;
      for (const mistake of (await options.checkPolicy?.(definition)) ?? []) {
        errors.push(source.problemOf(raw, definition.id, mistake));
      }
    }
  }

  const checked = checkDefinitions([...known, ...definitions], broken);
  errors.push(...checked.errors);
  warnings.push(...checked.warnings);
  if (errors.length > 0) throw loadError(errors);
  return { definitions, warnings: warnings.sort(compareProblems) };
}

/** One mistake a place: a value that could not be substituted is not complained about again for its form. */
function isSamePlace(a: Place | null, b: Place | null): boolean {
  if (a === null || b === null || a.file !== b.file || a.line !== b.line) return false;
  return a.column === undefined || a.column === b.column;
}

function openRoot(root: string): SourceRoot {
  try {
    const sources = new SourceRoot(root);
    sources.entryFiles();
    return sources;
  } catch (cause) {
    const why =
      (cause as NodeJS.ErrnoException).code === "ENOENT" ? "there is no such folder" : (cause as Error).message;
    throw new ProcessError({ kind: kinds.INVALID, message: `cannot read the application in ${root}: ${why}` });
  }
}

function readText(path: string, errors: Problem[]): string | null {
  try {
    return readFileSync(path, "utf8");
  } catch (cause) {
    const place = { file: shownPath(path), line: 1, column: 1 };
    errors.push({ place, entry: null, field: null, text: `this file cannot be read: ${(cause as Error).message}` });
    return null;
  }
}

function isJson(path: string): boolean {
  return path.toLowerCase().endsWith(".json");
}

/** Whether the name says that the file is meant for us (S13.3). */
function isIndex(path: string): boolean {
  return basename(path).startsWith("_index.");
}

function isMapping(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

const TOP_LEVEL = ["version", "namespace", "meta", "entries"];

/** A file that has a namespace, on its way to entries. */
class SourceFile {
  readonly #path: string;
  readonly #file: PositionedYaml;
  readonly #sources: SourceRoot;
  readonly #environment: Readonly<Record<string, string | undefined>>;
  readonly #errors: Problem[];
  readonly #warnings: Problem[];
  /** The file whose contents a value is, by the value's path as JSON. */
  readonly #contents = new Map<string, string>();

  constructor(
    path: string,
    file: PositionedYaml,
    sources: SourceRoot,
    environment: Readonly<Record<string, string | undefined>>,
    errors: Problem[],
    warnings: Problem[],
  ) {
    this.#path = path;
    this.#file = file;
    this.#sources = sources;
    this.#environment = environment;
    this.#errors = errors;
    this.#warnings = warnings;
  }

  /** The entries, substituted. Mistakes of the file itself go to `errors`; if its head is wrong there are no entries. */
  *entries() {
    const top = this.#file.data as Record<string, unknown>;
    const mistakes = this.#errors.length;
    const namespace = this.#substitute(top.namespace, ["namespace"]);
    if (typeof namespace !== "string" || !isIdPart(namespace)) {
      this.#fail(["namespace"], `field "namespace" must be ${ID_PART_RULE}`);
    }
    this.#checkVersion(top.version);
    const fileMeta = top.entries === undefined ? {} : this.#resolve(top.meta ?? {}, ["meta"], null);
    if (!isMapping(fileMeta)) this.#fail(["meta"], `field "meta" must be a mapping`);

    const single = top.entries === undefined && (top.name != null || top.kind != null);
    if (!single && !Array.isArray(top.entries)) {
      const hint = "a list of entries, or the file must have name and kind of a single entry";
      this.#fail(["entries"], `field "entries" ${top.entries == null ? "is missing; it " : ""}must be ${hint}`);
    }
    if (!single) {
      for (const key of Object.keys(top)) {
        if (TOP_LEVEL.includes(key)) continue;
        const text = `unknown field "${key}" has no effect; known here: ${TOP_LEVEL.join(", ")}`;
        this.#warnings.push({ place: this.#file.where([key], "key"), entry: null, field: key, text });
      }
    }
    if (this.#errors.length > mistakes) return;

    const head = { namespace: namespace as string, fileMeta: fileMeta as Record<string, unknown> };
    if (single) {
      const { version: _version, namespace: _namespace, ...content } = top;
      yield { ...head, content: this.#resolveEntry(content, []), ...this.#placesBelow([]) };
      return;
    }
    for (const [at, entry] of (top.entries as unknown[]).entries()) {
      const path = ["entries", at];
      if (!isMapping(entry)) {
        this.#fail(path, "an entry must be a mapping with name and kind");
        continue;
      }
      yield { ...head, content: this.#resolveEntry(entry, path), ...this.#placesBelow(path) };
    }
  }

  /** A mistake within a field as a problem with its place. */
  problemOf(raw: RawEntry & { readonly path: FieldPath }, id: string, { field, offset, text }: FieldMistake): Problem {
    const { content, where } = raw;
    const inData = isMapping(content.data) && Object.hasOwn(content.data, field[0] as string);
    const path = inData ? ["data", ...field] : field;
    const shown = field
      .map((part, at) => (typeof part === "number" ? `[${part}]` : at === 0 ? part : `.${part}`))
      .join("");
    const problem = { entry: id, field: shown, text: `entry ${id}: field "${shown}": ${text}` };
    if (offset === null) return { ...problem, place: where(path) };
    let value: unknown = content;
    for (const part of path) value = (value as Record<string | number, unknown>)[part];
    return { ...problem, place: this.#placeWithin([...raw.path, ...path], String(value), offset) };
  }

  #placeWithin(path: FieldPath, value: string, offset: number): Place {
    const read = this.#contents.get(JSON.stringify(path));
    if (read === undefined) return this.#file.placeWithin(path, value, offset);
    const before = value.slice(0, offset).split("\n");
    return { file: shownPath(read), line: before.length, column: (before.at(-1) as string).length + 1 };
  }

  /** Tells an entry's reader where its fields stand. `path` is that of the entry. */
  #placesBelow(path: FieldPath): Pick<RawEntry, "where" | "chunkOf"> & { readonly path: FieldPath } {
    return {
      path,
      where: (field, part) => this.#file.where([...path, ...field], part),
      chunkOf: (field) => this.#chunkOf([...path, ...field]),
    };
  }

  #chunkOf(path: FieldPath): LuaChunk {
    const read = this.#contents.get(JSON.stringify(path));
    if (read !== undefined) return { name: shownPath(read), firstLine: 1 };
    return { name: shownPath(this.#path), firstLine: this.#file.firstLineOf(path) };
  }

  #checkVersion(version: unknown): void {
    const text =
      typeof version === "number" ? this.#file.sourceOf(["version"]) : this.#substitute(version, ["version"]);
    if (text === "1.0") return;
    this.#fail(["version"], `field "version" ${version == null ? "is missing; it " : ""}must be "1.0"`);
  }

  #fail(path: FieldPath, text: string): void {
    this.#errors.push({ place: this.#file.where(path), entry: null, field: null, text });
  }

  /** All string values of an entry with their references replaced. `name` and `kind` are never files. */
  #resolveEntry(entry: Record<string, unknown>, path: FieldPath): Record<string, unknown> {
    const kind = this.#substitute(entry.kind, [...path, "kind"]);
    const resolved: Record<string, unknown> = {};
    for (const [key, value] of Object.entries(entry)) {
      const at = [...path, key];
      if (key === "kind") resolved[key] = kind;
      else if (key === "name") resolved[key] = this.#substitute(value, at);
      else resolved[key] = this.#resolve(value, at, (field) => isModuleField(kind, field.slice(path.length)));
    }
    return resolved;
  }

  /** A value with the references in all its strings replaced: environment first, then `file://` (S13.14). */
  #resolve(value: unknown, path: FieldPath, isModule: ((path: FieldPath) => boolean) | null): unknown {
    if (Array.isArray(value)) return value.map((item, at) => this.#resolve(item, [...path, at], isModule));
    if (isMapping(value)) {
      const entries = Object.entries(value).map(([key, item]) => [key, this.#resolve(item, [...path, key], isModule)]);
      return Object.fromEntries(entries);
    }
    const replaced = this.#substitute(value, path);
    if (typeof replaced !== "string" || !replaced.startsWith("file://")) return replaced;
    return this.#follow(replaced, path, isModule?.(path) === true);
  }

  #substitute(value: unknown, path: FieldPath): unknown {
    if (typeof value !== "string") return value;
    const { text, unset } = replaceEnvironmentReferences(value, this.#environment);
    for (const name of unset) {
      const hint = `set it, or write \${env:${name}|text} to say what holds without it`;
      this.#fail(path, `environment variable ${name === "" ? "without a name" : name} is not set; ${hint}`);
    }
    return text;
  }

  #follow(reference: string, path: FieldPath, isModule: boolean): unknown {
    try {
      const found = this.#sources.locate(reference.slice("file://".length), this.#path);
      if (isModule) return { module: found };
      this.#contents.set(JSON.stringify(path), found);
      return readFileSync(found, "utf8");
    } catch (cause) {
      const why = cause instanceof UnreachableFile ? cause.message : `cannot be read: ${(cause as Error).message}`;
      const root = shownPath(this.#sources.path);
      const hint = `paths are relative to this file, with a third slash to the source root ${root}`;
      this.#fail(path, `${reference} ${why}; ${hint}`);
      return reference;
    }
  }
}
