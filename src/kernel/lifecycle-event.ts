/** What a process finds in its events: somebody asked it to cancel, a process it watches ended, a linked one failed. */
import type { ExitFailure, ExitResult } from "./exit-result.ts";
import type { Pid } from "./pid.ts";

/** The kinds of events (S6.1–S6.3). Compare with these constants, not with their values. */
export const event = {
  /** A cancellation was requested. */
  CANCEL: "pid.cancel",
  /** A monitored process has ended, normally or not. */
  EXIT: "pid.exit",
  /** A linked process has ended abnormally. */
  LINK_DOWN: "pid.link.down",
} as const;

/** Somebody asked this process to end in its own way. */
export interface CancelEvent {
  readonly kind: typeof event.CANCEL;
  /** Who asked; `{|}` when the runtime or a tool did. */
  readonly from: Pid;
  /** When, in unix seconds, possibly with a fraction. */
  readonly at: number;
  /** When the process will be terminated, RFC 3339 in UTC with milliseconds; absent when the cancel named none. */
  readonly deadline?: string;
  /** Why; absent when no reason was given. */
  readonly reason?: string;
}

/** A monitored process has ended. */
export interface ExitEvent {
  readonly kind: typeof event.EXIT;
  /** The process that ended. */
  readonly from: Pid;
  /** When, in unix seconds, possibly with a fraction. */
  readonly at: number;
  /** How; the receiver's own copy. */
  readonly result: ExitResult;
}

/** A linked process has ended abnormally, and this process traps links. */
export interface LinkDownEvent {
  readonly kind: typeof event.LINK_DOWN;
  /** The process that ended. */
  readonly from: Pid;
  /** When, in unix seconds, possibly with a fraction. */
  readonly at: number;
  /** How; the receiver's own copy. */
  readonly result: ExitFailure;
}

/** An event, told apart by `kind`. */
export type ProcessEvent = CancelEvent | ExitEvent | LinkDownEvent;
