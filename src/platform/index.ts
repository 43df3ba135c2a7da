/**
 * What other floors may use of the platform, the first floor that knows Node: reading an application's entries from
 * files, loading its modules, and the files that the Lua engine is made of.
 */

export { functionOf } from "./function-of.ts";
export { type LuaFiles, readLuaFiles } from "./lua-files.ts";
export { createModuleLoader, type ModuleLoader, type ModuleLoaderOptions } from "./module-loader.ts";
export { NodeClock, NodeTurns } from "./node-clock.ts";
export { handleProcessErrors } from "./process-errors.ts";
export {
  type FieldMistake,
  type ReadDefinitions,
  type ReadDefinitionsOptions,
  readDefinitions,
} from "./read-definitions.ts";
export { shownPath } from "./shown-path.ts";
export { type LogLevel, type LogRecord, writeToStderr } from "./stderr-log.ts";
export { entriesAsYaml } from "./written-yaml.ts";
