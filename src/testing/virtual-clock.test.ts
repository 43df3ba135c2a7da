/** Tests of virtual-clock.ts: time that stands still until it is moved. */
import { describe, expect, it } from "vitest";
import { VirtualClock } from "./virtual-clock.ts";

describe("the virtual clock", () => {
  it("stands still until it is moved, and never goes back", () => {
    const clock = new VirtualClock();
    expect(clock.nowMs()).toBe(0);
    clock.moveTo(5.5);
    clock.moveTo(3);
    expect(clock.nowMs()).toBe(5.5);
  });

  it("begins with the year 2026 and keeps the time of day in step", () => {
    const clock = new VirtualClock();
    expect(new Date(clock.unixMs()).toISOString()).toBe("2026-01-01T00:00:00.000Z");
    clock.moveTo(86_400_000);
    expect(new Date(clock.unixMs()).toISOString()).toBe("2026-01-02T00:00:00.000Z");
  });

  it("rings each alarm at its own time on the way, also those that are asked for meanwhile", () => {
    const clock = new VirtualClock();
    const rung: number[] = [];
    const alarm = () => {
      rung.push(clock.nowMs());
      if (rung.length < 4) clock.wakeAt(clock.nowMs() + 10, alarm);
    };
    clock.wakeAt(10, alarm);
    expect(clock.nextAlarmMs).toBe(10);
    clock.moveTo(35);
    expect(rung).toEqual([10, 20, 30]);
    expect(clock.nowMs()).toBe(35);
    expect(clock.nextAlarmMs).toBe(40);
  });

  it("forgets the alarm that another replaces, and the one that is called off", () => {
    const clock = new VirtualClock();
    const rung: string[] = [];
    clock.wakeAt(10, () => rung.push("first"));
    clock.wakeAt(20, () => rung.push("second"));
    clock.moveTo(15);
    expect(rung).toEqual([]);
    clock.wakeAt(Infinity, () => rung.push("never"));
    clock.moveTo(1e9);
    expect(rung).toEqual([]);
  });
});
