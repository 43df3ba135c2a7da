/** What a turn of lowered code counts: how long its loops may go on, and where it is. Written by the code itself. */

/** What the loops of lowered code count down, and where they are. */
export const turn = {
  /** How many times round loops may still go before a look at the clock. */
  left: 0,
  /** How many looks there have been since the task was resumed. */
  looks: 0,
  /** Which await of which module was reached last; see author-stack.ts. */
  site: 0,
};

/** How many times round a loop before the first look at the clock. */
const FIRST_LOOK = 64;

/** Code has its turn: what its loops may do is counted from here. */
export function beginTurn(): void {
  turn.left = FIRST_LOOK;
  turn.looks = 0;
}
