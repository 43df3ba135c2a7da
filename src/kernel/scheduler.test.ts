/** The run queue: turns in order, each process at most once in it, and never more than a bound at a time. */
import { describe, expect, it } from "vitest";
import { SeededRandom } from "../testing/index.ts";
import type { Process } from "./process.ts";
import { Scheduler } from "./scheduler.ts";

/** A scheduler whose turns are run by hand, and processes that only note that they had theirs. */
function make() {
  const requests: (() => void)[] = [];
  let spent = 0;
  const spend = (count: number) => {
    spent += count;
  };
  const scheduler = new Scheduler({ request: (turn) => void requests.push(turn), mayGoOn: () => false, spend });
  const steps: string[] = [];
  const process = (name: string, step: () => void = () => {}): Process => {
    const one = {
      queued: false,
      step() {
        one.queued = false;
        steps.push(name);
        step();
        return false;
      },
    };
    return one as unknown as Process;
  };
  const turn = () => (requests.shift() as () => void)();
  return { scheduler, requests, steps, process, turn, spent: () => spent };
}

describe("the run queue", () => {
  it("gives turns in the order in which processes became ready [S15.6]", () => {
    const { scheduler, steps, process, turn } = make();
    for (const name of ["a", "b", "c"]) scheduler.enqueue(process(name));
    turn();
    expect(steps).toEqual(["a", "b", "c"]);
    expect(scheduler.ready).toBe(0);
    expect(scheduler.steps).toBe(3);
  });

  it("holds a process once, however often it is made ready", () => {
    const { scheduler, steps, process, turn } = make();
    const a = process("a");
    for (let i = 0; i < 5; i++) scheduler.enqueue(a);
    turn();
    expect(steps).toEqual(["a"]);
    scheduler.enqueue(a);
    turn();
    expect(steps).toEqual(["a", "a"]);
  });

  it("asks for a turn once while one is coming, and again only when somebody is ready", () => {
    const { scheduler, requests, process, turn } = make();
    scheduler.enqueue(process("a"));
    scheduler.enqueue(process("b"));
    expect(requests.length).toBe(1);
    turn();
    expect(requests.length).toBe(0);
    scheduler.enqueue(process("c"));
    expect(requests.length).toBe(1);
  });

  it("leaves those who become ready in a turn to the next one, so that nobody is passed over [S15.6]", () => {
    const { scheduler, steps, process, turn } = make();
    const greedy: Process = process("greedy", () => scheduler.enqueue(greedy));
    scheduler.enqueue(greedy);
    scheduler.enqueue(process("modest"));
    turn();
    expect(steps).toEqual(["greedy", "modest"]);
    turn();
    expect(steps).toEqual(["greedy", "modest", "greedy"]);
  });

  it("gives way after a bound, however many are ready", () => {
    const { scheduler, requests, steps, process, turn } = make();
    for (let i = 0; i < 1_000; i++) scheduler.enqueue(process(String(i)));
    turn();
    expect(steps.length).toBeLessThan(1_000);
    expect(requests.length).toBe(1);
    while (requests.length > 0) turn();
    expect(steps).toEqual(Array.from({ length: 1_000 }, (_, i) => String(i)));
  });

  it("gives way the sooner the longer steps take, and tells how much there was", () => {
    const { scheduler, steps, process, turn, spent } = make();
    for (let i = 0; i < 100; i++) scheduler.enqueue(process(String(i), () => scheduler.spend(7)));
    turn();
    expect(steps.length).toBe(4);
    expect(spent()).toBeGreaterThanOrEqual(4 * 7);
  });

  it("keeps everybody in random programs that choose the order from outside", () => {
    for (let seed = 1; seed <= 100; seed++) {
      const random = new SeededRandom(seed);
      const { scheduler, steps, process } = make();
      const waiting = new Set<string>();
      let names = 0;
      for (let i = 0; i < 300; i++) {
        if (random.below(5) < (i < 200 ? 3 : 1)) {
          const name = String(names++);
          waiting.add(name);
          scheduler.enqueue(process(name));
        } else if (scheduler.ready > 0) {
          scheduler.stepAt(random.below(scheduler.ready));
          expect(waiting.delete(steps.at(-1) as string), `seed ${seed}`).toBe(true);
        }
        expect(scheduler.ready, `seed ${seed}`).toBe(waiting.size);
      }
    }
  });
});
