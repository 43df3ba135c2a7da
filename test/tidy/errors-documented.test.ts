/** The error kinds of src/kernel/errors.ts, of docs/errors.md and of the specification (S12.5) are the same list. */
import { describe, expect, it } from "vitest";
import { errors } from "../../src/kernel/errors.ts";
import { read } from "./source-tree.ts";

const inCode = Object.entries(errors).flatMap(([name, value]) => (typeof value === "string" ? [[name, value]] : []));

describe("error kinds", () => {
  it("are the constants of the specification, with its values", () => {
    const statement = /^- \*\*S12\.5\*\* .*$/m.exec(read("docs/semantics.md"))?.[0] ?? "";
    const inSpec = [...statement.matchAll(/`(?:errors\.)?([A-Z_]+)` `"(\w*)"`/g)].map(([, name, value]) => [
      name,
      value,
    ]);
    expect(inSpec.length).toBeGreaterThan(5);
    expect(inCode.toSorted()).toEqual(inSpec.toSorted());
  });

  it("each have a section in docs/errors.md, with their value, when they come and what to do", () => {
    const sections = read("docs/errors.md").split(/^## /m).slice(1);
    const documented = sections.map((section) => {
      const [, name, value] = /^([A-Z_]+) `"(\w*)"`$/m.exec(section) ?? [];
      expect(section, name).toMatch(/^\*\*When\.\*\* \S.{20,}/m);
      expect(section, name).toMatch(/^\*\*What to do\.\*\* \S.{20,}/m);
      return [name, value];
    });
    expect(documented.toSorted()).toEqual(inCode.toSorted());
  });
});
