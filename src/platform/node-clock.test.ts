/** When turns of the kernel come on the event loop of Node, seen from timers and I/O. */
import { stat } from "node:fs";
import { expect, it } from "vitest";
import { NodeTurns } from "./node-clock.ts";

it("has a timer that is due before the turn after others, wherever in the event loop that is asked for [S15.6]", async () => {
  const order: string[] = [];
  await new Promise<void>((resolve) => {
    const seen = (name: string) => {
      order.push(name);
      if (order.length === 2) resolve();
    };
    // What answers I/O is followed by immediates and then by timers.
    stat(".", () => {
      setTimeout(() => seen("timer"), 1);
      const since = performance.now();
      while (performance.now() - since < 2);
      new NodeTurns().request(() => seen("turn"), true);
    });
  });
  expect(order).toEqual(["timer", "turn"]);
});
