/** What upper floors, and the embedding program, may use of the runtime. */
export { ProcessError } from "../kernel/index.ts";
export type { LogLevel, LogRecord } from "../platform/index.ts";
export type { HostConfig, ProcessConfig, RuntimeConfig } from "./config.ts";
export type { PolicyConfig, RuntimePolicies } from "./policies.ts";
export { createRuntime, Runtime, type RuntimeSpawnOptions } from "./runtime.ts";
export type { UnitView } from "./services.ts";
