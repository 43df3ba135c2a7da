/** Zones as Lua's module `time` asks for them: known moments, changes of clocks, and names nobody should trust. */
import fc from "fast-check";
import { describe, expect, it, vi } from "vitest";
import { localOffset, zoneOffset, zoneOffsetAtWall } from "./zones.ts";

const free = () => {};
const at = (text: string) => Date.parse(`${text}Z`) / 1000;

describe("the offset of a zone", () => {
  it.each([
    ["UTC", "2024-07-01T00:00:00", 0, "UTC"],
    ["Europe/Berlin", "2024-07-01T00:00:00", 7200, "CEST"],
    ["Europe/Berlin", "2024-01-01T00:00:00", 3600, "CET"],
    ["Europe/London", "2024-07-01T00:00:00", 3600, "BST"],
    ["Europe/London", "2024-01-01T00:00:00", 0, "GMT"],
    ["America/New_York", "2024-07-01T00:00:00", -14_400, "EDT"],
    ["Australia/Sydney", "2024-01-01T00:00:00", 39_600, "AEDT"],
    ["Asia/Kolkata", "2024-01-01T00:00:00", 19_800, "IST"],
    ["Asia/Kathmandu", "2024-01-01T00:00:00", 20_700, "+0545"],
    ["America/Sao_Paulo", "2024-01-01T00:00:00", -10_800, "-03"],
    ["Europe/Berlin", "1850-01-01T00:00:00", 3208, "+0053"],
    ["Europe/Berlin", "0050-01-01T00:00:00", 3208, "+0053"],
    ["Europe/Berlin", "-000050-01-01T00:00:00", 3208, "+0053"],
  ])("%s at %s is %d, %s", (name, moment, offsetSeconds, abbreviation) => {
    expect(zoneOffset(name, at(moment), free)).toEqual({ offsetSeconds, abbreviation });
  });

  it("changes at the very second", () => {
    const change = at("2024-03-31T01:00:00");
    expect([-1, 0].map((second) => zoneOffset("Europe/Berlin", change + second, free)?.abbreviation)).toEqual([
      "CET",
      "CEST",
    ]);
  });

  it("is there for the local zone", () => {
    const moment = at("2024-07-01T12:00:00");
    const minutes = new Date(moment * 1000).getTimezoneOffset();
    expect(zoneOffset("local", moment, free)?.offsetSeconds).toBe(minutes === 0 ? 0 : -60 * minutes);
  });

  it("is that of the nearest moment when there is no such moment", () => {
    for (const far of [1e15, -1e15, Infinity, -Infinity, 8.64e12, -8.64e12]) {
      expect(zoneOffset("Asia/Tokyo", far, free)?.offsetSeconds).toBe(far > 0 ? 32_400 : 33_539);
    }
    expect(zoneOffset("Asia/Tokyo", Number.NaN, free)).toBe(null);
  });
});

describe("the offset at a reading of the clock", () => {
  it.each([
    ["Europe/Berlin", "2024-07-01T00:00:00", 7200],
    ["Europe/Berlin", "2024-03-31T02:30:00", 3600],
    ["Europe/Berlin", "2024-10-27T02:30:00", 3600],
    ["America/New_York", "2024-03-10T02:30:00", -14_400],
    ["America/New_York", "2024-11-03T01:30:00", -14_400],
    ["UTC", "2024-03-31T02:30:00", 0],
  ])("%s, %s is %d, as in Go", (name, reading, offset) => {
    expect(zoneOffsetAtWall(name, at(reading), free)).toBe(offset);
  });

  it("leads back to the reading wherever there is one such moment", () => {
    const zone = fc.constantFrom("Europe/Berlin", "America/New_York", "Asia/Kathmandu", "Australia/Lord_Howe", "local");
    const noon = fc.integer({ min: -20_000, max: 30_000 }).map((day) => day * 86_400 + 43_200);
    fc.assert(
      fc.property(zone, noon, (name, wall) => {
        const offset = zoneOffsetAtWall(name, wall, free) as number;
        expect(zoneOffset(name, wall - offset, free)?.offsetSeconds).toBe(offset);
      }),
    );
  });
});

describe("the local zone", () => {
  it("is known without Intl, which takes long when it is first asked, as Intl knows it", () => {
    const moment = fc.integer({ min: -8_000_000_000, max: 8_000_000_000 });
    const far = fc.constantFrom(8.64e12, -8.64e12, 1e300, -62_000_000_000);
    fc.assert(
      fc.property(fc.oneof(moment, far), (seconds) => {
        expect(localOffset(seconds, free)).toBe(zoneOffset("local", seconds, free)?.offsetSeconds);
      }),
    );
    const asked = vi.spyOn(Intl, "DateTimeFormat");
    localOffset(1_720_000_000, free);
    expect(asked).not.toHaveBeenCalled();
    asked.mockRestore();
  });
});

describe("what a zone costs", () => {
  const cost = (ask: (charge: (instructions: number) => void) => unknown): number => {
    let sum = 0;
    ask((instructions) => {
      sum += instructions;
    });
    return sum;
  };

  it("is more the first time, when a formatter has to be made, and for each name that is none [S11.32]", () => {
    const dublin = () => cost((charge) => zoneOffset("Europe/Dublin", 0, charge));
    expect(dublin()).toBeGreaterThan(100_000); // its summer has no name in the first locale
    expect(dublin()).toBe(10_000);
    for (let i = 0; i < 3; i++) {
      expect(cost((charge) => zoneOffset(`Europe/Nowhere${i}`, 0, charge))).toBeGreaterThan(50_000);
    }
    expect(cost((charge) => zoneOffsetAtWall("Europe/Dublin", 0, charge))).toBe(20_000);
  });
});

describe("the name of a zone", () => {
  it.each([
    "",
    "Europe/Nowhere",
    "+02:00",
    "Europe/Berlin ",
    " UTC",
    "../etc/passwd",
    "constructor",
    "x\0y",
    "a".repeat(1_000_000),
  ])("%# is none", (name) => {
    expect(zoneOffset(name, 0, free)).toBe(null);
    expect(zoneOffsetAtWall(name, 0, free)).toBe(null);
  });

  it("may be any, without an error", () => {
    fc.assert(
      fc.property(fc.string(), (name) => {
        zoneOffset(name, 0, free);
      }),
    );
  });

  it("may be one of many, and answers are the same whatever was forgotten in between", () => {
    const names = Intl.supportedValuesOf("timeZone").slice(0, 100);
    const first = names.map((name) => zoneOffset(name, 1_720_000_000, free));
    expect(names.map((name) => zoneOffset(name, 1_720_000_000, free))).toEqual(first);
    expect(first).not.toContain(null);
  });
});
