/** What upper floors, and the embedding program, may use of the runtime. */
export { ProcessError } from "../kernel/index.ts";
export { entriesAsYaml, type LogLevel, type LogRecord } from "../platform/index.ts";
export type { HostConfig, ProcessConfig, RuntimeConfig } from "./config.ts";
export type { PolicyConfig, RuntimePolicies } from "./policies.ts";
export { type ChosenScope, type Judgement, openPolicyBook, type PolicyBook, type Question } from "./policy-book.ts";
export { createRuntime, Runtime, type RuntimeSpawnOptions } from "./runtime.ts";
export type { UnitView } from "./services.ts";
