// Tests of the packed form of source maps.
import { describe, expect, it } from "vitest";
import { decodeMappings, encodeMappings } from "./mappings.ts";

describe("mappings", () => {
  it("are read as the format says", () => {
    expect(decodeMappings(";AAAA,IAEgB;C,4BADhBA")).toEqual([
      [],
      [
        { column: 0, source: { line: 0, column: 0 }, name: null },
        { column: 4, source: { line: 2, column: 16 }, name: null },
      ],
      [
        { column: 1, source: null, name: null },
        { column: 29, source: { line: 1, column: 0 }, name: 0 },
      ],
    ]);
  });

  it("are written so that reading gives them back, large and negative steps too", () => {
    const lines = [
      [],
      [
        { column: 0, source: { line: 70_000, column: 16 }, name: null },
        { column: 31, source: { line: 3, column: 0 }, name: 2 },
        { column: 32, source: null, name: null },
        { column: 5_000, source: { line: 3, column: 1_000_000 }, name: 0 },
      ],
      [{ column: 15, source: { line: 0, column: 5 }, name: null }],
    ];
    expect(decodeMappings(encodeMappings(lines))).toEqual(lines);
  });
});
