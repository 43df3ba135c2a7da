// Tests of conditions: every operator, field paths, missing fields, and what is refused at load.
import { describe, expect, it } from "vitest";
import { createActor } from "../kernel/index.ts";
import { type ConditionSource, compileCondition, Incomparable } from "./conditions.ts";
import { requestOf } from "./request.ts";

const meta = JSON.parse(`{
  "pid": "{x|1}", "n": 10, "text": "10", "name": "worker-7", "list": ["a", 7, true], "none": null, "a.b": "dotted",
  "map": {"inner": {"deep": 1}}, "__proto__": {"polluted": "yes"}, "constructor": "c", "big": "90071992547409930",
  "no": false, "1e2": "x"
}`) as Record<string, unknown>;
const actor = createActor("alice", { team: "red", level: 3 });
const request = requestOf(actor, "process.send", "app:worker", meta);

function holds(source: ConditionSource): boolean | "cannot be compared" {
  const compiled = compileCondition(source, []);
  if (Array.isArray(compiled)) throw new Error(compiled[0]?.text);
  try {
    return compiled.holds(request);
  } catch (cause) {
    if (cause instanceof Incomparable) return "cannot be compared";
    throw cause;
  }
}

const row = (field: string, operator: string, value: unknown, expected: boolean | "cannot be compared") =>
  [field, operator, value, expected] as const;

describe("an operator", () => {
  it.each([
    row("meta.n", "eq", 10, true),
    row("meta.n", "eq", "10", true),
    row("meta.text", "eq", 10, true),
    row("meta.text", "eq", "10.0", true),
    row("meta.text", "eq", "1e1", true),
    row("meta.text", "eq", "+10", true),
    row("meta.text", "eq", " 10", false),
    row("meta.text", "eq", "0xa", false),
    row("meta.n", "ne", 10, false),
    row("meta.n", "ne", 11, true),
    row("meta.name", "eq", "worker-7", true),
    row("meta.name", "ne", "worker-7", false),
    row("meta.no", "eq", false, true),
    row("meta.no", "eq", "false", true),
    row("meta.no", "eq", 0, false),
    row("meta.big", "eq", "90071992547409931", false),
    row("meta.big", "lt", "90071992547409931", true),
  ])(
    "compares as numbers where both sides are such, else as texts: %s %s %j is %j [S10.39]",
    (field, operator, value, expected) => {
      expect(holds({ field, operator, value })).toBe(expected);
    },
  );

  it.each([
    row("meta.n", "lt", 11, true),
    row("meta.n", "lt", 10, false),
    row("meta.text", "lt", "9", false),
    row("meta.name", "lt", "z", true),
    row("meta.n", "gt", 9.5, true),
    row("meta.n", "gt", 10, false),
    row("meta.n", "lte", 10, true),
    row("meta.n", "lte", 9, false),
    row("meta.n", "gte", 10, true),
    row("meta.n", "gte", "11", false),
    row("meta.name", "gt", 1, true),
  ])("orders likewise: %s %s %j is %j [S10.39]", (field, operator, value, expected) => {
    expect(holds({ field, operator, value })).toBe(expected);
  });

  it.each([
    row("meta.n", "in", [1, "10"], true),
    row("meta.n", "in", [1, 2], false),
    row("meta.n", "nin", [1, 2], true),
    row("meta.n", "nin", [10], false),
    row("meta.n", "in", 10, true),
    row("meta.n", "nin", 10, false),
    row("meta.n", "in", [], false),
  ])("looks for membership: %s %s %j is %j [S10.39]", (field, operator, value, expected) => {
    expect(holds({ field, operator, value })).toBe(expected);
  });

  it.each([
    row("meta.name", "contains", "ker", true),
    row("meta.name", "contains", "x", false),
    row("meta.name", "ncontains", "x", true),
    row("meta.list", "contains", "a", true),
    row("meta.list", "contains", "7", true),
    row("meta.list", "contains", "b", false),
    row("meta.list", "ncontains", "b", true),
    row("meta.n", "contains", 1, true),
    row("meta.name", "matches", "^worker-[0-9]$", true),
    row("meta.name", "matches", "ORKER", false),
    row("meta.name", "matches", "(?i)ORKER", true),
    row("meta.name", "nmatches", "^x", true),
    row("meta.n", "matches", "^10$", true),
  ])("looks into texts and lists: %s %s %j is %j [S10.40]", (field, operator, value, expected) => {
    expect(holds({ field, operator, value })).toBe(expected);
  });

  it.each(["eq", "ne", "lt", "gt", "lte", "gte", "in", "nin", "contains", "ncontains", "matches", "nmatches"])(
    "%s is false for a missing field, and only exists and nexists tell [S10.38]",
    (operator) => {
      for (const field of ["meta.nowhere", "meta.map.nowhere.deep", "actor.meta.nowhere", "meta.none", "unknown"]) {
        expect(holds({ field, operator, value: "x" })).toBe(false);
        expect(holds({ field, operator: "exists" })).toBe(false);
        expect(holds({ field, operator: "nexists" })).toBe(true);
      }
    },
  );

  it("is false when the field of value_from is missing [S10.38]", () => {
    expect(holds({ field: "meta.n", operator: "ne", valueFrom: "meta.nowhere" })).toBe(false);
  });

  it.each([
    row("meta.map", "eq", "x", "cannot be compared"),
    row("meta.list", "ne", "x", "cannot be compared"),
    row("meta.map", "matches", "x", "cannot be compared"),
    row("meta.map", "contains", "inner", "cannot be compared"),
    row("meta.list", "in", ["a"], "cannot be compared"),
  ])("fails where there is nothing to compare: %s %s %j", (field, operator, value, expected) => {
    expect(holds({ field, operator, value })).toBe(expected);
  });
});

describe("a field path", () => {
  it.each([
    ["actor.id", "alice"],
    ["actor.meta.team", "red"],
    ["action", "process.send"],
    ["resource", "app:worker"],
    ["meta.map.inner.deep", 1],
    ["name", "worker-7"],
    ["a.b", "dotted"],
    ["meta.__proto__.polluted", "yes"],
    ["meta.constructor", "c"],
  ])("%s leads to %j [S10.37]", (field, value) => {
    expect(holds({ field, operator: "eq", value })).toBe(true);
  });

  it.each([
    "meta.map.__proto__",
    "meta.map.constructor",
    "meta.map.hasOwnProperty",
    "actor.meta.__proto__.x",
    "actor.meta.constructor.name",
    "meta.list.length",
    "meta.name.length",
    "toString",
    "actor.team",
    "meta",
  ])("%s leads nowhere: only own data counts [S10.37]", (field) => {
    expect(holds({ field, operator: "exists" })).toBe(false);
  });

  it("can be what is compared with [S10.36]", () => {
    expect(holds({ field: "meta.text", operator: "eq", valueFrom: "meta.n" })).toBe(true);
    expect(holds({ field: "actor.meta.level", operator: "lt", valueFrom: "meta.n" })).toBe(true);
    expect(holds({ field: "meta.n", operator: "in", valueFrom: "meta.list" })).toBe(false);
  });
});

describe("a load error is", () => {
  const mistakes = (source: object) => {
    const compiled = compileCondition(source as ConditionSource, ["c"]);
    return Array.isArray(compiled) ? compiled.map(({ field, text }) => `${field.join(".")}: ${text}`) : [];
  };

  it.each([
    [
      { field: "meta.x", operator: "like", value: 1 },
      /^c\.operator: there is no operator "like"; the operators are eq, /,
    ],
    [{ field: "meta.x", operator: "toString", value: 1 }, /^c\.operator: there is no operator "toString"/],
    [{ field: "meta..x", operator: "exists" }, /^c\.field: "meta\.\.x" is no path of a field/],
    [{ field: "meta.", operator: "exists" }, /^c\.field/],
    [{ field: "actor.meta.", operator: "exists" }, /^c\.field/],
    [{ field: "x", operator: "eq", valueFrom: "meta." }, /^c\.value_from/],
    [{ field: "x", operator: "eq" }, /^c\.operator: operator eq has exactly one of value and value_from/],
    [{ field: "x", operator: "eq", value: 1, valueFrom: "y" }, /^c\.operator/],
    [{ field: "x", operator: "exists", value: 1 }, /^c\.operator: operator exists has neither/],
    [{ field: "x", operator: "eq", value: [1] }, /^c\.value: operator eq takes a text, a number or a boolean$/],
    [{ field: "x", operator: "in", value: [[1]] }, /^c\.value: operator in takes .*, or a list of them$/],
    [{ field: "x", operator: "lt", value: { a: 1 } }, /^c\.value/],
    [{ field: 1, operator: "eq", value: 1 }, /^c: a condition needs a field and an operator/],
  ])("%j [S10.36]", (source, text) => {
    expect(mistakes(source)).toEqual([expect.stringMatching(text)]);
  });

  it.each([
    [{ field: "x", operator: "matches", value: "(a" }, /^c\.value: "\(a" is no regular expression in RE2 syntax/],
    [{ field: "x", operator: "matches", value: "(a)\\1" }, /^c\.value/],
    [{ field: "x", operator: "nmatches", value: "(?=a)" }, /^c\.value/],
    [{ field: "x", operator: "matches", valueFrom: "y" }, /^c\.value_from: operator matches takes a value/],
    [{ field: "x", operator: "matches", value: 7 }, /^c\.value: operator matches takes a value that is a regular/],
    [{ field: "x", operator: "matches", value: "((a{100}){100}){100}" }, /^c\.value/],
    [{ field: "x", operator: "matches", value: "(a{1000}){30}" }, /^c\.value/],
    [{ field: "x", operator: "matches", value: "a".repeat(1001) }, /^c\.value/],
  ])("%j [S10.40]", (source, text) => {
    expect(mistakes(source)).toEqual([expect.stringMatching(text)]);
  });
});
