/** INTERFACES: the outside world a kernel is handed. Bodies: platform/node-clock.ts and testing/virtual-clock.ts. */

/** Time as a kernel sees it. */
export interface Clock {
  /** A time that never goes back, in milliseconds, possibly with a fraction. */
  nowMs(): number;
  /** The time of day, in milliseconds since 1970 in UTC. */
  unixMs(): number;
  /**
   * Asks for one call of `alarm` when `nowMs()` has reached `atMs` or later, never earlier; replaces what was asked
   * before. Infinity asks for none.
   */
  wakeAt(atMs: number, alarm: () => void): void;
}

/** Who decides when a kernel has its turn. */
export interface Turns {
  /**
   * Asks for one call of `turn`, soon, not from within this call.
   *
   * @param afterOthers whether the world outside (timers, I/O) is to have its due before that.
   */
  request(turn: () => void, afterOthers: boolean): void;
  /**
   * Whether a process that was woken while nobody else is ready may go on in the same breath, without a turn being
   * requested. Asked once per wake, so that a body can give way to the world outside after a while.
   */
  mayGoOn(): boolean;
  /** Besides what was asked for: there have been so many steps, or what took as long as so many. */
  spend(steps: number): void;
}
