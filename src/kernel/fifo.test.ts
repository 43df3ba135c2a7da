/** The queue in an array: first in, first out, whatever its length and history. */
import { describe, expect, it } from "vitest";
import { SeededRandom } from "../testing/index.ts";
import { Fifo } from "./fifo.ts";

describe("a queue", () => {
  it("gives back what was put in, in order, in random programs", () => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = new SeededRandom(seed);
      const queue = new Fifo<number>();
      let put = 0;
      let got = 0;
      // Long enough to pass the length at which the array is cut.
      for (let i = 0; i < 4_000; i++) {
        for (let left = random.below(4); left > 0; left--) queue.push(put++);
        for (let left = random.below(i < 2_000 ? 3 : 5); left > 0 && got < put; left--) {
          expect(queue.shift(), `seed ${seed}`).toBe(got++);
        }
        expect(queue.length, `seed ${seed}`).toBe(put - got);
      }
    }
  });

  it("keeps undefined as a value", () => {
    const queue = new Fifo<undefined>();
    queue.push(undefined);
    expect(queue.length).toBe(1);
    expect(queue.shift()).toBe(undefined);
    expect(queue.length).toBe(0);
  });
});
