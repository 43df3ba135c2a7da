/**
 * What other floors may use of the catalog: the definitions, the set of them, the problems, and the reader of entries.
 * The reader brings zod along, some 60 ms of loading, so it is fetched only when entries are really read.
 */

export { BYTE_COUNT_RULE, parseByteCount } from "./byte-count.ts";
export { Catalog, type CatalogChange } from "./catalog.ts";
export {
  type Definition,
  defineHost,
  defineNativeProcess,
  type EntryKind,
  entryKinds,
  type HostDefinition,
  isModuleField,
  isProcessDefinition,
  type LibraryLuaDefinition,
  type LuaChunk,
  type PolicyCondition,
  type PolicyDefinition,
  type PolicyExprDefinition,
  type ProcessDefinition,
  type ProcessLuaDefinition,
  type ProcessNativeDefinition,
  type ProcessTsDefinition,
  type ServiceDefinition,
} from "./definition.ts";
export { ID_PART_RULE, isCompleteId, isIdPart, isReference, resolveReference } from "./entry-id.ts";
export type { FieldPath, RawEntry, ReadEntry } from "./entry-reader.ts";
export { defaultLifecycle, type Lifecycle, type LifecycleSecurity, type RestartPolicy } from "./lifecycle.ts";
export {
  type DefinitionLookup,
  isLuaDefinition,
  type LuaDefinition,
  librariesOf,
  luaGlobals,
  luaModules,
} from "./lua-imports.ts";
export { compareProblems, formatPlace, formatProblem, loadError, type Place, type Problem } from "./problem.ts";
export { type CheckResult, checkDefinitions, dependencies } from "./references.ts";

import type { RawEntry, ReadEntry } from "./entry-reader.ts";

/** Loads the function that reads one entry; see `RawEntry` and `ReadEntry`. The function itself never throws. */
export async function loadEntryReader(): Promise<(raw: RawEntry) => ReadEntry> {
  return (await import("./entry-reader.ts")).readEntry;
}
