/** What upper floors may use of the TypeScript engine. */
export { Case, Channel, type Selected } from "./channel-dressing.ts";
export { defineProcess, isProcessDefinition } from "./define-process.ts";
export type {
  Context,
  Done,
  Duration,
  Exec,
  Handlers,
  Process,
  Registry,
  Security,
  Spawn,
  Ticker,
  Timer,
} from "./process-api.ts";
export { SpawnBuilder } from "./spawn-builder.ts";
export { chargeRejection } from "./stopped.ts";
export {
  type AnyProcess,
  type ArgsOf,
  type Message,
  type MessageOf,
  type MessagesOf,
  type ParsedMessages,
  type Parsers,
  type PayloadOf,
  type ProcessDefinition,
  type Protocol,
  protocol,
  type Received,
  type ResultOf,
  type TopicOf,
} from "./typed-messages.ts";
export { type TypescriptSource, typescriptEngine } from "./typescript-engine.ts";
