/** Citations of the specification: each is well formed and names statements that exist; exceptions are not stale. */
import { describe, expect, it } from "vitest";
import { citationsOf, coverageOf, expand, readSpec, readStatements } from "../../scripts/spec.mjs";

describe("spec numbers", () => {
  const spec = readSpec();

  it("cited in tests, and listed as exceptions, exist and are not stale", () => {
    expect(spec.wrong).toEqual([]);
  });

  it("of docs/semantics.md are there once, in every section", () => {
    const ids = spec.statements.map(({ id }) => id);
    expect(ids.length).toBeGreaterThan(400);
    expect(ids.filter((id, i) => ids.indexOf(id) !== i)).toEqual([]);
    expect([...spec.sections.keys()]).toEqual(Array.from({ length: 16 }, (_, i) => i + 1));
    for (const section of spec.sections.keys())
      expect(spec.statements.some((one) => one.section === section)).toBe(true);
  });
});

describe("reading the specification and the tests", () => {
  const known = new Set(["S2.1", "S2.2", "S2.3", "S2.5"]);
  const cited = (source: string, path = "src/kernel/a.test.ts") =>
    citationsOf(path, source, known).map(({ languages, ids }) => [...languages, ...ids]);

  it("finds statements in bullets and tables, not those merely mentioned", () => {
    const text = "## 2 Messages\n- **S2.1** As S2.2 says.\n\n| # | What |\n|---|---|\n| S2.3 | x |\n| item | S2.5 |";
    expect(readStatements(text).statements.map(({ id }) => id)).toEqual(["S2.1", "S2.3"]);
  });

  it("understands lists and ranges, and refuses the rest", () => {
    expect(expand("S2.1", known)).toEqual(["S2.1"]);
    expect(expand("S2.1, S2.3", known)).toEqual(["S2.1", "S2.3"]);
    expect(expand("S2.1-S2.5", known)).toEqual(["S2.1", "S2.2", "S2.3", "S2.5"]);
    expect(expand("S2.2-S2.9", known)).toEqual(["S2.2", "S2.3", "S2.5", "S2.9"]);
    expect(expand("S2.1 and S2.3", known)).toBeNull();
    expect(expand("S2.3-S2.1", known)).toBeNull();
    expect(expand("S2.1-S3.1", known)).toBeNull();
  });

  it("reads citations in titles, not in code or comments, and tells the languages apart", () => {
    expect(cited('it("a [S2.1]", f); // [S2.2]\nit(`b [S2.3, S2.5]`, f);')).toEqual([
      ["typescript", "S2.1"],
      ["typescript", "S2.3", "S2.5"],
    ]);
    expect(cited('it("a [lua S2.1]", f)')).toEqual([["lua", "S2.1"]]);
    expect(cited('it("a [S2.1]", f)', "src/engines/lua/a.test.ts")).toEqual([["lua", "S2.1"]]);
    expect(cited('it("a [both S2.1-S2.3]", f)')).toEqual([["typescript", "lua", "S2.1", "S2.2", "S2.3"]]);
    expect(cited('it("a [both S2.1]", f)', "test/lua/a.test.ts")).toEqual([["typescript", "lua", "S2.1"]]);
    expect(cited("// wrong topic [S2.1]\nsend(pid, 1);", "test/types/send.ts")).toEqual([["typescript", "S2.1"]]);
  });

  it("keeps exceptions and tests of the languages apart", () => {
    const of = (...exceptions: Parameters<typeof coverageOf>[1]) =>
      coverageOf([{ languages: ["lua"], ids: ["S2.1"] }], exceptions, known);
    const { typescript, lua, wrong } = of(
      { statements: "S2.1", reason: "a" },
      { statements: "S2.2", reason: "b", language: "lua" },
    );
    expect([[...typescript.covered], [...typescript.exceptions]]).toEqual([[], [["S2.1", "a"]]]);
    expect([[...lua.covered], [...lua.exceptions]]).toEqual([["S2.1"], [["S2.2", "b"]]]);
    expect(wrong).toEqual([]);
    expect(of({ statements: "S2.1", reason: "a", language: "lua" }).wrong).toEqual([
      "test/spec-exceptions.json: S2.1 has a test for Lua now; take it off the list",
    ]);
    expect(of({ statements: "S2.2", reason: "a", language: "go" as "lua" }).wrong[0]).toMatch(/"go" is no language/);
  });

  it("does not count what is skipped", () => {
    expect(cited('it.skip("a [S2.1]", () => { f(")"); }); it("b [S2.2]", f);')).toEqual([["typescript", "S2.2"]]);
    expect(cited('describe.skip("x", () => { it("a [S2.1]", f); }); it.todo("c [S2.3]");')).toEqual([]);
  });
});
