/** What upper floors may use of the kernel. */
export { ChannelCore } from "./channel.ts";
export type { Clock, Turns } from "./clock.ts";
export type { Context } from "./context.ts";
export type { DeadLetter, DeadLetterReason, DeadLetters } from "./dead-letters.ts";
export { parseDuration } from "./duration.ts";
export { type Engine, type Measure, type PreparedAnswer, type Program, type Programs, Run } from "./engine.ts";
export {
  badArgument,
  type ErrorKind,
  errors,
  invalid,
  notFound,
  ProcessError,
  type ProcessErrorInit,
} from "./errors.ts";
export { type IslandEvent, type IslandNotice, Watchers } from "./events.ts";
export { type ExitFailure, type ExitResult, errorOf, failureOf, isFailure, textOf } from "./exit-result.ts";
export { Fifo } from "./fifo.ts";
export { Float, type Form, formOf, setForm } from "./form.ts";
export {
  Actor,
  actorMeta,
  attributes,
  createActor,
  type Denial,
  type Guard,
  openGuard,
  type Policies,
  Policy,
  Scope,
  SEAL,
  type Subject,
  type Verdict,
} from "./guard.ts";
export type { Host, Hosts } from "./hosts.ts";
export { Kernel, type KernelParts } from "./kernel.ts";
export { type CancelEvent, type ExitEvent, event, type LinkDownEvent, type ProcessEvent } from "./lifecycle-event.ts";
export type { MailboxLimit } from "./mailbox-limit.ts";
export { Message } from "./message.ts";
export { OneShot } from "./one-shot.ts";
export type { Outside, OutsideSpawn, ProcessView } from "./outside.ts";
export { HeldContext, messageBytes, Outstanding } from "./outstanding.ts";
export { bytesOf, copyPayload, Foreign, isForeignFloat, isLarge, markLarge, textBytes } from "./payload.ts";
export { EMPTY_PID, isPid, type Pid } from "./pid.ts";
export type { Heritage, Process } from "./process.ts";
export { Served } from "./select.ts";
export { type FunctionOf, makeShapesWith } from "./shapes.ts";
export {
  contextOf,
  type SpawnSettings,
  withMessage,
  withName,
} from "./spawn-settings.ts";
export { isEntryId } from "./spawning.ts";
export { Subscription } from "./subscription.ts";
export { requiredDurationMs, type SpawnOperation, type Syscalls } from "./syscalls.ts";
export type { Timer } from "./timers.ts";
export {
  type Case,
  CLOSED,
  type Mark,
  markOf,
  NOT_READY,
  type ReceiveCase,
  type SendCase,
  Source,
  Strand,
} from "./wait.ts";
