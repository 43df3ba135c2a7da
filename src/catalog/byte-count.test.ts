// Tests of numbers of bytes as people write them.
import { expect, it } from "vitest";
import { parseByteCount } from "./byte-count.ts";

it.each([
  [1, 1],
  ["512", 512],
  ["512B", 512],
  ["1KiB", 1_024],
  [" 64 MiB ", 67_108_864],
  ["2GiB", 2_147_483_648],
])("reads %j as %d bytes", (value, bytes) => {
  expect(parseByteCount(value)).toBe(bytes);
});

it.each([0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, "", "0", "MiB", "2MB", "1.5MiB", "9".repeat(20), [5], true])(
  "refuses %j",
  (value) => {
    expect(parseByteCount(value)).toBeNull();
  },
);
