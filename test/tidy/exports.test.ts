/**
 * The public doors. Every name of `beamish` and `beamish/testing` is written out here: a name that appears or vanishes
 * is a decision, so it has to be made twice. And each of them has a doc comment where it is declared.
 */
import { describe, expect, it } from "vitest";
import { lex } from "../../scripts/source-text.mjs";
import { exists, exportsOf, isTest, read, type SourceFile, sourceFiles } from "./source-tree.ts";

/** What `import … from "beamish"` offers, in the order of the alphabet. */
const PUBLIC_NAMES: readonly string[] = [
  "Actor",
  "AnyProcess",
  "AuditCount",
  "AuditEvent",
  "CancelEvent",
  "Case",
  "Channel",
  "Context",
  "DeadLetter",
  "DeadLetterReason",
  "Done",
  "Duration",
  "ErrorKind",
  "ExitEvent",
  "ExitResult",
  "Handlers",
  "HostConfig",
  "IslandEvent",
  "LinkDownEvent",
  "LogRecord",
  "MailboxLimit",
  "Message",
  "MessageOf",
  "Pid",
  "Policy",
  "PolicyCondition",
  "PolicyConfig",
  "Process",
  "ProcessConfig",
  "ProcessDefinition",
  "ProcessError",
  "ProcessErrorInit",
  "ProcessEvent",
  "ProcessView",
  "Registry",
  "Runtime",
  "RuntimeConfig",
  "RuntimePolicies",
  "RuntimeSpawnOptions",
  "Scope",
  "Security",
  "Selected",
  "SpawnBuilder",
  "Ticker",
  "Timer",
  "UnitView",
  "Verdict",
  "createActor",
  "createRuntime",
  "defineProcess",
  "errors",
  "event",
  "protocol",
];

/** What `import … from "beamish/testing"` offers, in the order of the alphabet. */
const TESTING_NAMES: readonly string[] = [
  "DefineOptions",
  "Probe",
  "SeededRandom",
  "SimulatedSpawn",
  "Simulation",
  "SimulationOptions",
  "SimulationReport",
  "VirtualClock",
  "simulate",
];

const DOORS: readonly [string, readonly string[]][] = [
  ["src/index.ts", PUBLIC_NAMES],
  ["src/testing/index.ts", TESTING_NAMES],
];

/** Finds where `name`, exported by the file at `path`, is declared; null when it is lost on the way. */
function declarationOf(
  name: string,
  path: string,
  fileAt: (path: string) => string,
): { path: string; at: number } | null {
  const names = exportsOf({ path, text: fileAt(path) });
  const found = names.find((one) => one.name === name && one.from === null) ?? names.find((one) => one.name === name);
  if (found === undefined) return null;
  if (found.from !== null) return found.from.startsWith("src/") ? declarationOf(found.inner, found.from, fileAt) : null;
  return { path, at: declarationStart(fileAt(path), found.inner, found.at) };
}

/** For `export { x }` without `from`, the place of `const x`; else the place of the export itself. */
function declarationStart(text: string, name: string, exportAt: number): number {
  if (!/^export\s+(?:type\s+)?\{/.test(text.slice(exportAt))) return exportAt;
  return (
    new RegExp(`^(?:declare |abstract |async )*(?:function\\*?|class|const|let|type|interface) ${name}\\b`, "m").exec(
      text,
    )?.index ?? 0
  );
}

/** Whether a doc comment ends right before `at`. */
function hasDocComment(text: string, at: number): boolean {
  return lex(text).some(
    ({ kind, start, end }) =>
      kind === "comment" && text.startsWith("/**", start) && end <= at && text.slice(end, at).trim() === "",
  );
}

/** The names of a door that have no doc comment where they are declared. */
function undocumented(path: string, fileAt: (path: string) => string): string[] {
  return exportsOf({ path, text: fileAt(path) }).flatMap(({ name }) => {
    const place = declarationOf(name, path, fileAt);
    if (place === null) return [`${path}: where is ${name} declared?`];
    return hasDocComment(fileAt(place.path), place.at) ? [] : [`${place.path}: ${name} has no doc comment`];
  });
}

/** Files that export everything of another without naming it. */
function unnamed(files: SourceFile[]): string[] {
  return files
    .filter((file) => exportsOf(file).some(({ inner }) => inner === "*"))
    .map(({ path }) => `${path}: export *`);
}

describe("public doors", () => {
  it("and all files of src/ export by name, never with *", () => {
    expect(unnamed(sourceFiles("src").filter(({ path }) => !isTest(path)))).toEqual([]);
  });

  it.each(DOORS)("%s offers exactly the names written out in this test", (path, names) => {
    if (!exists(path)) return expect(names).toEqual([]);
    const offered = exportsOf({ path, text: read(path) }).map(({ name }) => name);
    expect(offered.toSorted()).toEqual(names);
  });

  it.each(DOORS)("each name of %s has a doc comment where it is declared", (path) => {
    if (exists(path)) expect(undocumented(path, read)).toEqual([]);
  });

  it("and package.json agree", () => {
    const { exports } = JSON.parse(read("package.json"));
    const doors = Object.values<{ default?: string } | string | null>(exports).flatMap((entry) =>
      entry !== null && typeof entry === "object" ? [entry.default] : [],
    );
    expect(doors).toEqual(DOORS.map(([path]) => path.replace("src/", "./dist/").replace(/\.ts$/, ".js")));
  });
});

describe("the export check", () => {
  it("follows a name to its declaration and looks for the doc comment there", () => {
    const files: Record<string, string> = {
      "src/index.ts": 'export { a, b as c, type D, e, F } from "./kernel/index.ts";',
      "src/kernel/index.ts": 'export { a, b, type D } from "./x.ts";\nexport { e, F } from "./y.ts";',
      "src/kernel/x.ts":
        "/** Header. */\n\n/** Documented. */\nexport function a() {}\nexport const b = 1;\n/** D. */\nexport interface D {}",
      "src/kernel/y.ts": "/** Documented. */\nconst e = 1;\n// no doc\nclass F {}\nexport { e, F };",
    };
    expect(undocumented("src/index.ts", (path) => files[path] ?? "")).toEqual([
      "src/kernel/x.ts: c has no doc comment",
      "src/kernel/y.ts: F has no doc comment",
    ]);
  });

  it("finds a name that is lost on the way, and export *", () => {
    const door = { path: "src/index.ts", text: 'export { gone } from "./kernel/index.ts";' };
    expect(undocumented(door.path, (path) => (path === door.path ? door.text : ""))).toHaveLength(1);
    expect(unnamed([{ path: "src/a.ts", text: 'export * from "./b.ts";' }, door])).toEqual(["src/a.ts: export *"]);
  });
});
