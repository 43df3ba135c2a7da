/**
 * What other floors may use of the platform, the first floor that knows Node: reading an application's entries from
 * files, and loading its modules.
 */

export { createModuleLoader, type ModuleLoader, type ModuleLoaderOptions } from "./module-loader.ts";
export { NodeClock, NodeTurns } from "./node-clock.ts";
export { handleProcessErrors } from "./process-errors.ts";
export { type ReadDefinitions, type ReadDefinitionsOptions, readDefinitions } from "./read-definitions.ts";
export { shownPath } from "./shown-path.ts";
export { type LogLevel, type LogRecord, writeToStderr } from "./stderr-log.ts";
