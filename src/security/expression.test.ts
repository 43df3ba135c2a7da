// Tests of CEL expressions: what they see, what is refused at load and where, and that none takes long.
import { describe, expect, it } from "vitest";
import { createActor } from "../kernel/index.ts";
import { compileExpression } from "./expression.ts";
import { requestOf } from "./request.ts";

const actor = createActor("alice", { team: "red", level: 3, ratio: 1.5, tags: ["a", "b"], constructor: "mine" });
const meta = JSON.parse('{"n": 7, "pid": "{x|1}", "list": [1, 2, 3], "map": {"a": 1}, "__proto__": {"a": 1}}');
const request = requestOf(actor, "process.send", "app:worker", meta);

function isTrue(text: string, of = request): boolean {
  const compiled = compileExpression(text);
  if (typeof compiled !== "function") throw new Error(`${compiled.offset}: ${compiled.text}`);
  return compiled(of);
}

describe("an expression", () => {
  it.each([
    'actor.id == "alice" && action == "process.send" && resource == "app:worker"',
    'actor.meta.team == "red" && meta.pid == "{x|1}"',
    "actor.meta.level + 1 == 4 && actor.meta.level / 2 == 1",
    "actor.meta.ratio * 2.0 == 3.0 && actor.meta.ratio > 1",
    "type(meta.n) == int && type(actor.meta.ratio) == double",
    'has(meta.n) && !has(meta.m) && "a" in actor.meta.tags',
    "meta.list.exists(x, x == 2) && meta.list.all(x, x > 0) && meta.list.exists_one(x, x == 3)",
    "meta.list.map(x, x * 2).filter(x, x > 2) == [4, 6]",
    'resource.matches("^app:") && resource.startsWith("app") && size(resource) == 10',
    'meta["__proto__"].a == 1 && actor.meta.constructor == "mine"',
    'timestamp("2020-01-01T00:00:00Z").getFullYear() == 2020',
    "true || meta.nowhere == 1",
  ])("may say: %s [S10.41]", (text) => {
    expect(isTrue(text)).toBe(true);
  });

  it.each([
    "meta.nowhere == 1",
    "!meta.nowhere",
    "meta.n",
    "meta.n == 1 / 0",
    "9223372036854775807 + meta.n > 0",
    "meta.map.constructor != 1",
    "actor.meta.nowhere.deeper == 1",
    "meta.list[10] == 1",
    "int(meta.pid) == 1",
  ])("is not true when it fails or gives anything else: %s [S10.41]", (text) => {
    expect(isTrue(text)).toBe(false);
  });

  it("sees nothing of prototypes", () => {
    expect(isTrue("has(meta.map.toString)")).toBe(false);
    expect(isTrue("has(actor.meta.hasOwnProperty)")).toBe(false);
    expect(isTrue('"__proto__" in meta.map')).toBe(false);
  });
});

describe("refused at load, with the place in the text, is", () => {
  it.each([
    ["a syntax error", 'action == "x" &&', 16, /unexpected token/],
    ["an unfinished text", 'action == "x', 10, /unterminated/],
    ["an unknown variable", 'action == "x" && user.id == 1', 17, /unknown variable: user/],
    ["a variable of JavaScript", "globalThis == 1", 0, /unknown variable: globalThis/],
    ["a constant of the package", "google.protobuf.Duration == 1", 0, /unknown variable: google/],
    ["an unknown field of the actor", 'actor.team == "red"', 6, /no such key: team/],
    ["a type error", '1 + "a" == 2', 0, /no such overload: int \+ string/],
    ["a number for a condition", "size(action)", 0, /must be true or false; it is of type int/],
    ["an unknown function", "fetch(action)", 0, /there is no function fetch/],
    ["a function that could grow a text without end", "cel.bind(a, action, a == a)", 0, /bind|cel/],
    ["an invalid regular expression", 'action.matches("(a")', 15, /RE2/],
    ["a backreference", 'action.matches(r"(a)\\1")', 15, /RE2/],
    ["a regular expression from data", "action.matches(meta.pattern)", 15, /must be written as a text/],
  ])("%s [S10.41]", (_what, text, offset, message) => {
    expect(compileExpression(text)).toEqual({ offset, text: expect.stringMatching(message) });
  });

  it("one that is too long, too deep or too large", () => {
    expect(compileExpression(`"${"x".repeat(4096)}" == action`)).toMatchObject({
      text: expect.stringMatching(/longer than 4096/),
    });
    expect(compileExpression(`${"(".repeat(200)}true${")".repeat(200)}`)).toHaveProperty("offset");
    expect(compileExpression(`${"true && ".repeat(600)}true`)).toHaveProperty("text");
  });
});

describe("whatever it tries, it ends soon and is not true", () => {
  const much = requestOf(actor, "a", "b", {
    list: Array.from({ length: 1000 }, (_, at) => at),
    text: "x".repeat(60_000),
  });
  const doubled = `[meta.text]${".map(a, a + a)".repeat(25)}[0].size() > 0`;

  it.each([
    "meta.list.all(x, meta.list.all(y, meta.list.all(z, x + y + z >= 0)))",
    "meta.list.exists(x, meta.list.exists(y, meta.list.exists(z, x + y + z < 0))) || true == false",
    "meta.list.map(x, meta.list.map(y, meta.list)).size() > 0",
    "meta.list.all(x, meta == meta && meta.list == meta.list)",
    "meta.list.all(x, meta.text.contains(string(x) + meta.text))",
    doubled,
  ])("%s [S10.41]", (text) => {
    // Counted, not timed: a loop of a thousand million steps would not come back within this test.
    expect(isTrue(text, much)).toBe(false);
  });

  it("a regular expression that would backtrack for ever", () => {
    expect(isTrue('meta.text.matches("(x+x+)+y")', much)).toBe(false);
  });

  it("data that is deep, or is part of itself", () => {
    const cycle: Record<string, unknown> = {};
    cycle.self = cycle;
    expect(isTrue("has(meta.self)", requestOf(actor, "a", "b", cycle))).toBe(false);
  });

  it("and an evaluation that failed for its cost does not spoil the next", () => {
    const compiled = compileExpression("meta.list.all(x, meta.list.all(y, y >= 0))");
    if (typeof compiled !== "function") throw new Error(compiled.text);
    expect(compiled(much)).toBe(false);
    expect(compiled(request)).toBe(true);
  });
});
