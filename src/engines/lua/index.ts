/** What upper floors may use of the Lua engine. */
export type { Isolates, LuaParts } from "./isolates.ts";
export { LuaEngine } from "./lua-engine.ts";
export type { LuaChunk, LuaLibrary, LuaSource } from "./lua-program.ts";
export type { SandboxSources } from "./modules/error-module.ts";
export { prepareZones } from "./zones.ts";
