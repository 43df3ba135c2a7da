/** How many messages may wait in a mailbox, and what becomes of one too many (S2.48–S2.50). */

/** A limit set by the user. System events neither count toward it nor are they ever dropped. */
export interface MailboxLimit {
  /** At least 1. */
  readonly limit: number;
  /**
   * `reject`: the sender gets RATE_LIMITED. `drop_newest`: the new message is dropped. `drop_oldest`: the one that has
   * waited longest is dropped. What is dropped becomes a dead letter.
   */
  readonly overflow: "reject" | "drop_newest" | "drop_oldest";
}

/** How many waiting messages raise the first alarm; each doubling raises a further one (S2.47). */
export const ALARM_AT = 10_000;
