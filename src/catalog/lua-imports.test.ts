// Tests of what Lua entries import: which aliases are free, and in which order libraries are loaded.
import { describe, expect, it } from "vitest";
import type { Definition, LibraryLuaDefinition } from "./definition.ts";
import { importMistakes, type LuaDefinition, librariesOf } from "./lua-imports.ts";

function library(id: string, imports: Record<string, string> = {}, modules: string[] = []): LibraryLuaDefinition {
  const origin = { meta: {}, place: null, referencePlaces: {}, source: "", chunk: { name: "a.lua", firstLine: 1 } };
  return { kind: "library.lua", id, ...origin, modules, imports };
}

function process(imports: Record<string, string>, modules: string[] = []): LuaDefinition {
  const limits = { method: "main", mailbox: null, memoryLimitBytes: null };
  return { ...library("app:main", imports, modules), kind: "process.lua", ...limits };
}

function lookup(...definitions: Definition[]): Map<string, Definition> {
  return new Map(definitions.map((definition) => [definition.id, definition]));
}

function idsOf(of: LuaDefinition, ...libraries: LibraryLuaDefinition[]): string[] {
  return librariesOf(lookup(of, ...libraries), of).map(({ id }) => id);
}

describe("libraries", () => {
  it("come behind all that they import, each once, and without the one that asks [S13.22]", () => {
    const shared = library("shared");
    const left = library("left", { s: "shared" });
    const right = library("right", { l: "left", s: "shared" });
    expect(idsOf(process({ r: "right", l: "left", again: "left" }), right, left, shared)).toEqual([
      "shared",
      "left",
      "right",
    ]);
    expect(idsOf(right, right, left, shared)).toEqual(["shared", "left"]);
    expect(idsOf(process({}))).toEqual([]);
  });

  it("that do not need each other come as they are written", () => {
    expect(idsOf(process({ b: "b", a: "a", c: "c" }), library("a"), library("b"), library("c"))).toEqual([
      "b",
      "a",
      "c",
    ]);
  });

  it("may form a chain of 20,000, which no recursion would survive", () => {
    const chain = Array.from({ length: 20_000 }, (_, at) => library(`l${at}`, at === 0 ? {} : { it: `l${at - 1}` }));
    const ids = idsOf(process({ it: "l19999" }), ...chain);
    expect(ids).toEqual(chain.map(({ id }) => id));
  });
});

describe("aliases", () => {
  const mistakes = (of: LuaDefinition) =>
    [...importMistakes(of, lookup(library("app:l")), (id) => id === "app:broken")].map(({ text }) => text);

  it("must not be names of globals that are always there [S13.22]", () => {
    for (const alias of ["process", "string", "require", "assert", "_G", "unpack", "integer"]) {
      expect(mistakes(process({ [alias]: "app:l" }))).toEqual([
        `the alias ${alias} is the name of a global that every Lua process has; choose another alias`,
      ]);
    }
  });

  it("must not be modules that the entry lists; others are free [S13.22]", () => {
    expect(mistakes(process({ time: "app:l" }, ["ctx", "time"]))).toEqual([
      "the alias time is also listed under modules; choose another alias",
    ]);
    expect(mistakes(process({ time: "app:l", io: "app:l", "my-lib": "app:broken" }, ["ctx"]))).toEqual([]);
  });
});
