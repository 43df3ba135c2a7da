// Tests of patterns: the four forms, and what looks like one of them.
import { expect, it } from "vitest";
import { anyOf, matcherOf } from "./patterns.ts";

const matching = (pattern: string, texts: string[]) => texts.filter(matcherOf(pattern));

it.each([
  ["*", ["", "a", "a.b"], []],
  ["process.send", ["process.send"], ["process.sen", "process.send.x", "PROCESS.SEND", ""]],
  ["app:*", ["app:", "app:worker"], ["app", "ap:worker", "xapp:worker"]],
  ["process.*", ["process", "process.send", "process.spawn.linked", "process."], ["processes", "proces", "process-x"]],
  ["a*b", ["a*b"], ["ab", "axb"]],
  ["*x", ["*x"], ["x", "ax"]],
  ["a*b*", ["a*b", "a*bc"], ["axb", "ab"]],
  [".*", ["", ".", ".x"], ["x", "a.x"]],
  ["a**", ["a*", "a*b"], ["a", "ab"]],
])("pattern %j matches %j and not %j [S10.35]", (pattern, matches, others) => {
  expect(matching(pattern, [...matches, ...others])).toEqual(matches);
});

it("one pattern of a list is enough", () => {
  const matches = anyOf(["a", "b*"]);
  expect(["a", "b", "bc", "c", "ab"].filter(matches)).toEqual(["a", "b", "bc"]);
});
