/** Durations as people write them, and all the texts that are none. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseDuration } from "./duration.ts";

describe("a duration", () => {
  it.each([
    ["300ms", 300],
    ["5s", 5_000],
    ["1m30s", 90_000],
    ["1h30m", 5_400_000],
    ["1.5s", 1_500],
    [".5s", 500],
    ["1.s", 1_000],
    ["0", 0],
    ["-0", -0],
    ["+5s", 5_000],
    ["-1m30s", -90_000],
    ["2us", 0.002],
    ["2µs", 0.002],
    ["100ns", 0.0001],
    ["30s1h", 3_630_000],
    ["1s1s", 2_000],
    ["1000h", 3_600_000_000],
  ])("%s is %d ms [S4.27, S11.15]", (text, ms) => {
    expect(parseDuration(text)).toBeCloseTo(ms, 9);
  });

  it.each([
    "",
    " ",
    "5",
    "s",
    "5 s",
    " 5s",
    "5s ",
    "5S",
    "5d",
    "1,5s",
    "1e3s",
    "0x5s",
    "--5s",
    "-",
    "+",
    "5s-3s",
    ".s",
    ".",
    "1..5s",
    "5sx",
    "x5s",
    "Infinitys",
    "NaN",
    "00",
    "1m30",
    "٣s",
    "5s\n",
    `${"9".repeat(400)}h`,
  ])("%j is none [S4.29, S12.16]", (text) => {
    expect(parseDuration(text)).toBe(null);
  });

  it("as a number is milliseconds, whole or not, and never NaN or infinite [S4.27, S4.29, S16.2]", () => {
    expect([0, -5, 2.5, 2 ** 40].map(parseDuration)).toEqual([0, -5, 2.5, 2 ** 40]);
    expect([Number.NaN, Infinity, -Infinity].map(parseDuration)).toEqual([null, null, null]);
  });

  it("is the sum of its parts", () => {
    const unit = fc.constantFrom(["ms", 1], ["s", 1_000], ["m", 60_000], ["h", 3_600_000] as const);
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(10_000), unit), { minLength: 1, maxLength: 5 }), (parts) => {
        const text = parts.map(([count, [name]]) => `${count}${name}`).join("");
        const ms = parts.reduce((sum, [count, [, each]]) => sum + count * Number(each), 0);
        expect(parseDuration(text)).toBe(ms);
        expect(parseDuration(`-${text}`)).toBe(-ms);
      }),
    );
  });

  it("or null is what any text gives, without an error", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const ms = parseDuration(text);
        expect(ms === null || Number.isFinite(ms)).toBe(true);
      }),
    );
  });
});
