/**
 * The lifecycle block of services and hosts: when they start, how long that may take, and what follows a failure
 * (S14.1–S14.11). Here is the shape and the one list of defaults; what they do is in supervision/.
 */

/** Delays before restarts, see S14.17 for the formula. */
export interface RestartPolicy {
  /** Milliseconds before the first restart. Default 1000. */
  readonly initialDelayMs: number;
  /** Upper bound of the delay in milliseconds, before jitter. Default 90000. */
  readonly maxDelayMs: number;
  /** The delay grows by this factor per failure in a row. Default 2. */
  readonly backoffFactor: number;
  /** Random part as a fraction of the delay, 0 to 1. Default 0.1. */
  readonly jitter: number;
  /** Restarts in a row; 0 means without limit. Default 0. */
  readonly maxAttempts: number;
}

/** Who a service's process acts as (S10.42). Ids of groups and policies are complete. */
export interface LifecycleSecurity {
  /** `null` when the block names no actor. */
  readonly actor: { readonly id: string; readonly meta: Readonly<Record<string, unknown>> } | null;
  readonly groups: readonly string[];
  readonly policies: readonly string[];
}

/** The lifecycle of a service or host, complete with defaults. */
export interface Lifecycle {
  /** Start with the runtime. Default false. */
  readonly autoStart: boolean;
  /** Longest permitted start in milliseconds. Default 10000. */
  readonly startTimeoutMs: number;
  /** Milliseconds granted for an orderly stop. Default 10000. */
  readonly stopTimeoutMs: number;
  /** Running this many milliseconds resets the failure count. Default 5000. */
  readonly stableThresholdMs: number;
  /** Complete ids of what must run first. Default none. */
  readonly requires: readonly string[];
  /** `null` when the block has none: no actor and no scope. */
  readonly security: LifecycleSecurity | null;
  readonly restart: RestartPolicy;
}

/** What a lifecycle is when the entry says nothing. */
export const defaultLifecycle: Lifecycle = {
  autoStart: false,
  startTimeoutMs: 10_000,
  stopTimeoutMs: 10_000,
  stableThresholdMs: 5_000,
  requires: [],
  security: null,
  restart: { initialDelayMs: 1_000, maxDelayMs: 90_000, backoffFactor: 2, jitter: 0.1, maxAttempts: 0 },
};
