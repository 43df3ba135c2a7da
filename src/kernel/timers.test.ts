/** Deadlines: never early, those of one time in the order they were set, each at most once. */
import { describe, expect, it } from "vitest";
import { SeededRandom, VirtualClock } from "../testing/index.ts";
import type { Clock } from "./clock.ts";
import { type Timer, Timers } from "./timers.ts";

describe("timers", () => {
  it("of an owner whose short ones come again and again keep none of its longer ones for ever [S11.16]", () => {
    const clock = new VirtualClock();
    const timers = new Timers(clock);
    const owner = {};
    for (let i = 0; i < 300; i++) {
      const again = () => void timers.set(0.5, again, owner);
      again();
    }
    let firedMs = -1;
    timers.set(50, () => (firedMs = clock.nowMs()), owner);
    for (let ms = 1; ms < 200 && firedMs < 0; ms++) clock.moveTo(ms);
    expect(firedMs).toBeGreaterThanOrEqual(50);
    expect(firedMs).toBeLessThan(80);
  });

  it("of an owner that has many due keep nobody else waiting, and none of them is lost or early [S11.22]", () => {
    const clock = new VirtualClock();
    const timers = new Timers(clock);
    const owner = {};
    let fired = 0;
    const set = (delayMs: number) => {
      const dueMs = clock.nowMs() + delayMs;
      return timers.set(
        delayMs,
        () => {
          expect(clock.nowMs()).toBeGreaterThanOrEqual(dueMs);
          fired++;
        },
        owner,
      );
    };
    const all = Array.from({ length: 16_384 }, (_, i) => set(i % 3));
    let before = 0;
    timers.set(2, () => (before = fired));
    clock.moveTo(2);
    expect(before).toBeLessThan(1_000);
    for (const timer of all.slice(-100)) expect(timers.cancel(timer)).toBe(true);
    clock.moveTo(30);
    expect(fired).toBeGreaterThan(2_000);
    clock.moveTo(1_000);
    expect(fired).toBe(16_284);
    expect(timers.nextAtMs).toBe(Infinity);
  });

  it("fire at their time, in the order of their times, in random programs with cancels [S11.22]", () => {
    for (let seed = 1; seed <= 200; seed++) {
      const random = new SeededRandom(seed);
      const clock = new VirtualClock();
      const timers = new Timers(clock);
      const fired: number[] = [];
      const expected = new Map<number, { atMs: number; timer: Timer }>();
      let numbers = 0;
      const set = () => {
        const number = numbers++;
        const delayMs = random.below(12);
        const atMs = clock.nowMs() + delayMs;
        const timer = timers.set(delayMs, () => {
          expect(clock.nowMs(), `seed ${seed}: early or late`).toBe(atMs);
          fired.push(number);
          if (random.once(6)) set();
        });
        expected.set(number, { atMs, timer });
      };
      const order: number[] = [];
      for (let step = 0; step < 90; step++) {
        if (random.below(3) > 0) set();
        else if (random.once(2) && expected.size > 0) {
          const [number, { timer }] = random.pick([...expected]);
          const wasRunning = !fired.includes(number);
          expect(timers.cancel(timer), `seed ${seed}`).toBe(wasRunning);
          expect(timers.cancel(timer), `seed ${seed}: cancelled twice`).toBe(false);
          expected.delete(number);
          if (!wasRunning) order.push(number);
        } else if (random.once(4)) {
          // Most of them, or a few of many.
          const share = random.once(2) ? 2 : 30;
          const some = [...expected].filter(() => random.once(share));
          timers.cancelAll(new Set(some.map(([, { timer }]) => timer)));
          for (const [number, { timer }] of some) {
            expect(timers.cancel(timer), `seed ${seed}: cancelled together`).toBe(false);
            expected.delete(number);
            if (fired.includes(number)) order.push(number);
          }
        } else clock.moveTo(clock.nowMs() + random.below(8));
      }
      while (timers.nextAtMs < Infinity) clock.moveTo(timers.nextAtMs);
      const still = [...expected].map(([number, { atMs }]) => ({ number, atMs }));
      still.sort((a, b) => a.atMs - b.atMs || a.number - b.number);
      const live = fired.filter((number) => expected.has(number));
      expect(live, `seed ${seed}`).toEqual(still.map(({ number }) => number));
      expect(fired.length, `seed ${seed}: fired twice`).toBe(new Set(fired).size);
      expect(fired.length, `seed ${seed}: a cancelled one fired`).toBe(live.length + order.length);
    }
  });

  it("are cancelled together for the price of one alarm", () => {
    const clock = new VirtualClock();
    const alarms: number[] = [];
    const counting: Clock = {
      nowMs: () => clock.nowMs(),
      unixMs: () => clock.unixMs(),
      wakeAt: (atMs) => void alarms.push(atMs),
    };
    const timers = new Timers(counting);
    const some = Array.from({ length: 100 }, (_, i) => timers.set(i, () => {}));
    timers.set(200, () => {});
    alarms.length = 0;
    timers.cancelAll(new Set(some));
    expect(alarms).toEqual([200]);
    expect(some.map((timer) => timers.cancel(timer))).not.toContain(true);
  });

  it("fire some at a time where many are due, in their order, without those that were cancelled meanwhile", () => {
    let now = 0;
    let ring = () => {};
    const clock: Clock = {
      nowMs: () => now,
      unixMs: () => now,
      wakeAt(_atMs, alarm) {
        ring = alarm;
      },
    };
    const timers = new Timers(clock);
    const fired: number[] = [];
    const all: Timer[] = [];
    for (let i = 0; i < 5_000; i++) {
      const fire = () => {
        fired.push(i);
        if (i === 1_500) timers.cancelAll(new Set(all.slice(1_501, 4_000)));
      };
      all.push(timers.set(5, fire));
    }
    now = 5;
    for (let before = 0; timers.nextAtMs < Infinity; before = fired.length) {
      ring();
      expect(fired.length - before).toBeGreaterThan(0);
      expect(fired.length - before).toBeLessThanOrEqual(1_024);
    }
    expect(fired).toEqual(Array.from({ length: 5_000 }, (_, i) => i).filter((i) => i <= 1_500 || i >= 4_000));
  });

  it("fire in the order they were set when their time is the same", () => {
    const clock = new VirtualClock();
    const timers = new Timers(clock);
    const fired: number[] = [];
    for (let i = 0; i < 100; i++) timers.set(5, () => fired.push(i));
    clock.moveTo(4.999);
    expect(fired).toEqual([]);
    clock.moveTo(5);
    expect(fired).toEqual(Array.from({ length: 100 }, (_, i) => i));
  });

  it("keep delays beyond 2^31 ms and with fractions as they are [S4.34]", () => {
    const clock = new VirtualClock();
    const timers = new Timers(clock);
    const fired: number[] = [];
    const longMs = 2 ** 31 + 0.5;
    timers.set(longMs, () => fired.push(clock.nowMs()));
    timers.set(2 ** 45, () => fired.push(clock.nowMs()));
    clock.moveTo(2 ** 31);
    expect(fired).toEqual([]);
    clock.moveTo(2 ** 46);
    expect(fired).toEqual([longMs, 2 ** 45]);
  });

  it("are due at once for zero and less, and not in the call that sets them", () => {
    const clock = new VirtualClock();
    const timers = new Timers(clock);
    let fired = 0;
    timers.set(0, () => fired++);
    timers.set(-7, () => fired++);
    expect(fired).toBe(0);
    clock.moveTo(0);
    expect(fired).toBe(2);
  });

  it("wait for the next alarm when the clock rings early", () => {
    let rings: (() => void) | null = null;
    let now = 0;
    const asked: number[] = [];
    const clock: Clock = {
      nowMs: () => now,
      unixMs: () => now,
      wakeAt: (atMs, alarm) => {
        asked.push(atMs);
        rings = alarm;
      },
    };
    const timers = new Timers(clock);
    let fired = 0;
    timers.set(10, () => fired++);
    now = 9.7;
    (rings as unknown as () => void)();
    expect(fired).toBe(0);
    expect(asked).toEqual([10, 10]);
    now = 10;
    (rings as unknown as () => void)();
    expect(fired).toBe(1);
  });

  it("ask the clock for the earliest only, and for none when there is none", () => {
    const asked: number[] = [];
    const clock: Clock = { nowMs: () => 0, unixMs: () => 0, wakeAt: (atMs) => void asked.push(atMs) };
    const timers = new Timers(clock);
    const late = timers.set(20, () => {});
    timers.set(30, () => {});
    const early = timers.set(10, () => {});
    expect(asked).toEqual([20, 10]);
    timers.cancel(early);
    expect(timers.nextAtMs).toBe(20);
    timers.cancel(late);
    expect(asked).toEqual([20, 10, 20, 30]);
  });

  it("go on when one of them throws", () => {
    const clock = new VirtualClock();
    const timers = new Timers(clock);
    let fired = 0;
    timers.set(1, () => {
      throw new Error("one");
    });
    timers.set(1, () => fired++);
    expect(() => clock.moveTo(1)).toThrow("one");
    clock.moveTo(1);
    expect(fired).toBe(1);
  });
});
