// Tests of the catalog: changes all at once or not at all, references, duplicates, cycles.
import { describe, expect, it } from "vitest";
import { errors, ProcessError } from "../kernel/index.ts";
import { Catalog } from "./catalog.ts";
import { type Definition, defineHost, defineNativeProcess, type ServiceDefinition } from "./definition.ts";
import { defaultLifecycle } from "./lifecycle.ts";
import type { Problem } from "./problem.ts";
import { checkDefinitions } from "./references.ts";

function service(id: string, requires: string[] = [], fields: Partial<ServiceDefinition> = {}): ServiceDefinition {
  return {
    kind: "process.service",
    id,
    meta: {},
    place: { file: "a.yaml", line: Number(id.match(/\d+/)?.[0] ?? 1), column: 5 },
    referencePlaces: {
      process: { file: "a.yaml", line: 90, column: 1 },
      host: { file: "a.yaml", line: 91, column: 1 },
    },
    processId: "app:worker",
    hostId: "app:main",
    input: [],
    lifecycle: { ...defaultLifecycle, requires },
    ...fields,
  };
}

const main = defineHost("app:main");
const worker = defineNativeProcess("app:worker", () => {});

function errorOf(act: () => unknown): ProcessError {
  try {
    act();
  } catch (error) {
    if (error instanceof ProcessError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

function texts(problems: readonly Problem[]): string[] {
  return problems.map((problem) => problem.text);
}

describe("Catalog", () => {
  it("finds definitions by id and lists them by kind, sorted by id [S14.23]", () => {
    const catalog = new Catalog();
    catalog.change({ set: [worker, service("app:b"), service("app:a"), main] });
    expect(catalog.get("app:main")).toBe(main);
    expect(catalog.get("app:none")).toBeUndefined();
    expect(catalog.list("process.service").map((definition) => definition.id)).toEqual(["app:a", "app:b"]);
    expect(catalog.list().map((definition) => definition.id)).toEqual(["app:a", "app:b", "app:main", "app:worker"]);
    expect(catalog.version).toBe(1);
  });

  it("replaces and removes in one change", () => {
    const catalog = new Catalog();
    catalog.change({ set: [main, worker] });
    const other = defineHost("app:main", { maxProcesses: 5 });
    catalog.change({ set: [other], remove: ["app:worker", "app:unknown"] });
    expect(catalog.list()).toEqual([other]);
    expect(catalog.version).toBe(2);
  });

  it("keeps everything as it was when a change has a mistake [S13.9]", () => {
    const catalog = new Catalog();
    catalog.change({ set: [main, worker, service("app:a")] });
    const error = errorOf(() => catalog.change({ remove: ["app:worker"], set: [defineHost("app:new")] }));
    expect(error.kind).toBe(errors.INVALID);
    expect(error.message).toBe("a.yaml:90:1: entry app:a: there is no entry app:worker to run; name a process entry");
    expect(error.details).toEqual({
      problems: [
        {
          file: "a.yaml",
          line: 90,
          column: 1,
          entry: "app:a",
          field: "process",
          text: "entry app:a: there is no entry app:worker to run; name a process entry",
        },
      ],
    });
    expect(catalog.version).toBe(1);
    expect(catalog.get("app:worker")).toBe(worker);
    expect(catalog.get("app:new")).toBeUndefined();
  });
});

describe("checkDefinitions", () => {
  it("names both places of an id that occurs twice [S13.6]", () => {
    const twice = [
      main,
      worker,
      service("app:s1"),
      service("app:s1", [], { place: { file: "b.yaml", line: 7, column: 3 } }),
    ];
    const { errors } = checkDefinitions(twice);
    expect(errors).toHaveLength(1);
    expect(errors[0]?.place).toEqual({ file: "b.yaml", line: 7, column: 3 });
    expect(errors[0]?.text).toBe("entry app:s1 exists already, at a.yaml:1:5; give one of the two another name");
    const native: Definition[] = [main, defineHost("app:main")];
    expect(texts(checkDefinitions(native).errors)[0]).toMatch(/exists already, in the program that embeds the runtime/);
  });

  it("refuses a process or host of the wrong kind [S13.8] [S13.19]", () => {
    const wrong = service("app:s1", [], { processId: "app:main", hostId: "app:worker" });
    expect(texts(checkDefinitions([main, worker, wrong]).errors)).toEqual([
      "entry app:s1: app:main is of kind process.host, which is no process; name a process entry",
      "entry app:s1: app:worker is of kind process.native; name an entry of kind process.host",
    ]);
  });

  it("only warns of a dependency that does not exist, the host included [S14.23] [S14.24]", () => {
    const { errors, warnings } = checkDefinitions([worker, service("app:s1", ["app:nowhere"])]);
    expect(errors).toEqual([]);
    expect(warnings.map((warning) => warning.field)).toEqual(["host", "lifecycle.requires[0]"]);
  });

  it("does not complain about entries that could not be read themselves [S13.9]", () => {
    const { errors, warnings } = checkDefinitions(
      [service("app:s1", ["app:db"])],
      new Set(["app:main", "app:worker", "app:db"]),
    );
    expect([...errors, ...warnings]).toEqual([]);
  });

  it("spells out a cycle of requirements [S14.24]", () => {
    const cycle = [
      main,
      worker,
      service("app:s3", ["app:s1"]),
      service("app:s1", ["app:s2"]),
      service("app:s2", ["app:s3"]),
    ];
    const { errors } = checkDefinitions([...cycle, service("app:s4", ["app:s1"])]);
    expect(texts(errors)).toEqual([
      "dependency cycle: app:s1 needs app:s2 needs app:s3 needs app:s1; let one of them start without the other",
    ]);
    expect(errors[0]?.place).toEqual({ file: "a.yaml", line: 1, column: 5 });
  });

  it("counts the host of a service as something it needs [S14.23] [S14.24]", () => {
    const host = defineHost("app:main", { lifecycle: { ...defaultLifecycle, requires: ["app:s1"] } });
    expect(texts(checkDefinitions([host, worker, service("app:s1")]).errors)).toEqual([
      "dependency cycle: app:main needs app:s1 needs app:main; let one of them start without the other",
    ]);
    expect(texts(checkDefinitions([main, worker, service("app:s1", ["app:s1"])]).errors)[0]).toMatch(
      /^dependency cycle: app:s1 needs app:s1;/,
    );
  });

  it("takes a chain of 20,000 services, which no recursion would survive [S14.24]", () => {
    const chain = Array.from({ length: 20_000 }, (_, at) => service(`app:s${at}`, at === 0 ? [] : [`app:s${at - 1}`]));
    expect(checkDefinitions([main, worker, ...chain]).errors).toEqual([]);
    const ring = [...chain.slice(1), service("app:s0", ["app:s19999"])];
    expect(checkDefinitions([main, worker, ...ring]).errors).toHaveLength(1);
  });

  it("refuses unknown libraries, import cycles, groups and policies [S13.22] [S10.42]", () => {
    const library = (name: string, imported: string): Definition => ({
      kind: "library.lua",
      id: `app:${name}`,
      meta: {},
      place: null,
      referencePlaces: {},
      source: "",
      chunk: { name: "a.lua", firstLine: 1 },
      modules: [],
      imports: { it: `app:${imported}` },
    });
    expect(texts(checkDefinitions([library("a", "b"), library("b", "a")]).errors)).toEqual([
      "import cycle: app:a imports app:b imports app:a; move what both need into a third library",
    ]);
    expect(texts(checkDefinitions([library("a", "none")]).errors)[0]).toMatch(/there is no library app:none/);
    const security = { actor: null, groups: ["app:g"], policies: ["app:p"] };
    const guarded = service("app:s1", [], { lifecycle: { ...defaultLifecycle, security } });
    expect(texts(checkDefinitions([main, worker, guarded]).errors)).toEqual([
      "entry app:s1: no policy is in a group app:g; check the group's id",
      "entry app:s1: there is no policy app:p; name a policy entry",
    ]);
  });
});
