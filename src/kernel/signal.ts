/**
 * Everything that goes from one process to another, as one closed union. An envelope is a destination and a signal;
 * `process.receive(signal)` is the one switch over them. To add a signal, add it here and let the compiler show the
 * place in process.ts.
 */
import type { Ending } from "./ending.ts";
import type { Message } from "./message.ts";
import type { OneShot } from "./one-shot.ts";
import type { Outstanding } from "./outstanding.ts";
import type { Pid } from "./pid.ts";

/** A request to end in one's own way, perhaps until a deadline. */
export interface CancelSignal {
  readonly kind: "cancel";
  readonly from: Pid;
  /** How long until termination; `null` for no deadline. */
  readonly deadlineMs: number | null;
  readonly reason: string | null;
  /** On whose account it is until it is taken; `null` for nobody's. */
  readonly on: Outstanding | null;
}

/** An order to end. */
export interface TerminateSignal {
  readonly kind: "terminate";
  readonly from: Pid;
}

/** The sender is linked to the receiver from now on. */
export interface LinkSignal {
  readonly kind: "link";
  readonly from: Pid;
}

/** The sender is not linked to the receiver any more. */
export interface UnlinkSignal {
  readonly kind: "unlink";
  readonly from: Pid;
}

/** A linked process has ended abnormally. */
export interface LinkDownSignal {
  readonly kind: "link-down";
  readonly from: Pid;
  readonly ending: Ending;
}

/** The sender wants to be told of the receiver's end. */
export interface MonitorSignal {
  readonly kind: "monitor";
  readonly from: Pid;
}

/** The sender does not want to be told any more. */
export interface DemonitorSignal {
  readonly kind: "demonitor";
  readonly from: Pid;
}

/** A monitored process has ended. */
export interface ExitedSignal {
  readonly kind: "exited";
  readonly from: Pid;
  readonly ending: Ending;
}

/** The child of an exec has ended: the answer to the strand that waits for it. */
export interface ReplySignal {
  readonly kind: "reply";
  readonly from: Pid;
  readonly to: OneShot;
  readonly ending: Ending;
}

/** What can be sent to a process. */
export type Signal =
  | Message
  | CancelSignal
  | TerminateSignal
  | LinkSignal
  | UnlinkSignal
  | LinkDownSignal
  | MonitorSignal
  | DemonitorSignal
  | ExitedSignal
  | ReplySignal;
