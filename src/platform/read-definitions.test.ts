// Tests of reading an application's folder: which files, what is replaced in them, and what is said about mistakes.
// biome-ignore-all lint/suspicious/noTemplateCurlyInString: "${env:NAME}" is what these tests are about.
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { type Definition, defineHost, defineNativeProcess, formatProblem } from "../catalog/index.ts";
import { errors, ProcessError } from "../kernel/index.ts";
import { type ReadDefinitionsOptions, readDefinitions } from "./read-definitions.ts";

let folder: string;
let root: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "read-definitions-"));
  root = join(folder, "app");
});
afterEach(() => rmSync(folder, { recursive: true }));

function write(files: Record<string, string>) {
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(root, name)), { recursive: true });
    writeFileSync(join(root, name), text);
  }
}

/** Messages have the root as `<app>`. */
function shorten(text: string): string {
  return text.replaceAll(root, "<app>");
}

async function read(options: ReadDefinitionsOptions = {}) {
  const { definitions, warnings } = await readDefinitions(root, { environment: {}, ...options });
  return { definitions, warnings: warnings.map((warning) => shorten(formatProblem(warning))) };
}

async function ids(options?: ReadDefinitionsOptions): Promise<string[]> {
  return (await read(options)).definitions.map((definition) => definition.id);
}

async function failure(options: ReadDefinitionsOptions = {}): Promise<ProcessError> {
  const outcome = await readDefinitions(root, { environment: {}, ...options }).catch((error: unknown) => error);
  if (!(outcome instanceof ProcessError)) throw new Error(`expected a load error, got ${String(outcome)}`);
  expect(outcome.kind).toBe(errors.INVALID);
  return outcome;
}

/** The lines of the load error. */
async function mistakes(options?: ReadDefinitionsOptions): Promise<string[]> {
  return shorten((await failure(options)).message).split("\n");
}

/** A file of namespace app with one host. */
function host(name: string, more = ""): string {
  return `version: "1.0"\nnamespace: app\nentries:\n  - name: ${name}\n    kind: process.host\n${more}`;
}

/** A file of namespace app with one service; its fields begin at line 8. */
function service(fields: string): string {
  const head = 'version: "1.0"\nnamespace: app\nentries:\n  - name: s\n    kind: process.service\n';
  return `${head}    process: worker\n    host: main\n${fields}`;
}

const known: readonly Definition[] = [defineHost("app:main"), defineNativeProcess("app:worker", () => {})];

async function inputOf(text: string, options: ReadDefinitionsOptions = {}): Promise<unknown> {
  write({ "_index.yaml": service(`    input:\n      - ${text}\n`) });
  const [definition] = (await read({ known, ...options })).definitions;
  return definition?.kind === "process.service" ? definition.input[0] : undefined;
}

describe("files", () => {
  it("are read in any depth, with all three endings, but not from node_modules [S13.1]", async () => {
    write({
      "_index.yaml": host("a"),
      "deep/er/b.yml": host("b"),
      "c.json":
        '{\n\t"version": "1.0",\n\t"namespace": "app",\n\t"entries": [{ "name": "c", "kind": "process.host" }]\n}',
      "d.txt": host("d"),
      "node_modules/p/_index.yaml": host("e"),
      "deep/node_modules/_index.yaml": host("f"),
      ".git/_index.yaml": host("g"),
    });
    expect((await ids()).sort()).toEqual(["app:a", "app:b", "app:c"]);
  });

  it("need version 1.0, quoted or not [S13.2]", async () => {
    write({ "_index.yaml": host("a").replace('"1.0"', "1.0") });
    expect(await ids()).toEqual(["app:a"]);
    for (const version of ['"2.0"', "1", "2.0", '"1.0.0"']) {
      write({ "_index.yaml": host("a").replace('"1.0"', version) });
      expect(await mistakes()).toEqual(['<app>/_index.yaml:1:10: field "version" must be "1.0"']);
    }
    write({ "_index.yaml": "namespace: app\nentries: []\n" });
    expect(await mistakes()).toEqual(['<app>/_index.yaml:1:1: field "version" is missing; it must be "1.0"']);
  });

  it("hold a single entry when name and kind stand at the top [S13.2]", async () => {
    write({
      "one.yaml": 'version: "1.0"\nnamespace: app\nname: a\nkind: process.host\nmeta: {x: 1}\nhost: {workers: 2}\n',
    });
    const { definitions, warnings } = await read();
    expect(definitions).toMatchObject([{ id: "app:a", meta: { x: 1 }, workers: 2 }]);
    expect(warnings).toEqual([]);
  });

  it("need entries, and unknown keys at the top are warnings [S13.2] [S13.8]", async () => {
    write({ "_index.yaml": 'version: "1.0"\nnamespace: app\n' });
    expect((await mistakes())[0]).toMatch(/^<app>\/_index.yaml:1:1: field "entries" is missing; it must be a list/);
    write({ "_index.yaml": 'version: "1.0"\nnamespace: app\nentries:\n  - just text\n' });
    expect(await mistakes()).toEqual(["<app>/_index.yaml:4:5: an entry must be a mapping with name and kind"]);
    write({ "_index.yaml": `${host("a")}extra: 1\n` });
    expect((await read()).warnings[0]).toMatch(/^<app>\/_index.yaml:6:1: unknown field "extra" has no effect/);
  });

  it("without a namespace are passed over in silence [S13.3]", async () => {
    write({
      "_index.yaml": host("a"),
      "package.json": '{ "name": "x", "version": "0.0.1" }',
      "tsconfig.json": '{\n  // a comment\n  "compilerOptions": {},\n}',
      "compose.yaml": "services: {}\n",
      "list.yaml": "- 1\n- 2\n",
      "empty.yaml": "",
    });
    const { definitions, warnings } = await read();
    expect(definitions.map((definition) => definition.id)).toEqual(["app:a"]);
    expect(warnings).toEqual([]);
  });

  it("that do not parse are errors when named _index, else warnings, with file, line and column [S13.3]", async () => {
    write({ "_index.yaml": host("a"), "other.yaml": "namespace: app\nentries: [1, 2\nmore: 3\n" });
    const { definitions, warnings } = await read();
    expect(definitions).toHaveLength(1);
    expect(warnings[0]).toMatch(/^<app>\/other.yaml:3:1: this file cannot be read and is passed over: Flow sequence/);
    write({ "deep/_index.yml": 'a: "unclosed', "broken/_index.json": "{" });
    expect(await mistakes()).toEqual([
      expect.stringMatching(/^<app>\/broken\/_index.json:1:2: this file cannot be read: /),
      expect.stringMatching(/^<app>\/deep\/_index.yml:1:13: this file cannot be read: Missing closing "quote/),
    ]);
  });

  it("may share a namespace, and give their meta to their own entries only [S13.4]", async () => {
    write({
      "a.yaml": host("a", "    meta: {tier: 1}\nmeta: {team: red, tier: 0}\n"),
      "b.yaml": host("b"),
    });
    const { definitions } = await read();
    expect(definitions.map(({ id, meta }) => ({ id, meta }))).toEqual([
      { id: "app:a", meta: { team: "red", tier: 1 } },
      { id: "app:b", meta: {} },
    ]);
  });

  it("may use anchors, aliases and merge keys; an alias to nothing is an error with its place", async () => {
    write({
      "_index.yaml": `${host("a", "    lifecycle: &life {auto_start: true}\n")}  - name: b\n    kind: process.host\n    lifecycle:\n      <<: *life\n      stop_timeout: 1s\n`,
    });
    expect((await read()).definitions[1]).toMatchObject({ lifecycle: { autoStart: true, stopTimeoutMs: 1_000 } });
    write({ "_index.yaml": host("a", "    lifecycle: *nothing\n") });
    expect((await mistakes())[0]).toMatch(/^<app>\/_index.yaml:6:16: this file cannot be read: Unresolved alias/);
  });
});

describe("mistakes", () => {
  it("in entries have file, line, column and field [S13.8]", async () => {
    write({ "_index.yaml": host("a", "    host:\n      workers: none\n      color: red\n") });
    expect(await mistakes()).toEqual([
      '<app>/_index.yaml:7:16: entry app:a: field "host.workers" must be a whole number of 1 or more, such as 4; it is "none"',
    ]);
    write({ "_index.yaml": host("a", "    host:\n      color: red\n") });
    expect((await read()).warnings).toEqual([
      '<app>/_index.yaml:7:7: entry app:a: unknown field "host.color" has no effect; known here: placement, workers, max_processes, mailbox, watchdog',
    ]);
  });

  it("of kind are told by file and line [S13.7]", async () => {
    write({ "_index.yaml": host("a").replace("process.host", "process.go") });
    expect((await mistakes())[0]).toMatch(
      /^<app>\/_index.yaml:5: unknown kind "process.go" in entry app:a; the known kinds are process.ts, /,
    );
  });

  it("of one id in two places name both [S13.6]", async () => {
    write({ "a.yaml": host("a"), "b.yaml": host("a") });
    expect(await mistakes()).toEqual([
      "<app>/b.yaml:4:5: entry app:a exists already, at <app>/a.yaml:4:5; give one of the two another name",
    ]);
    write({ "a.yaml": host("main"), "b.yaml": "" });
    expect((await mistakes({ known }))[0]).toMatch(/app:main exists already, in the program that embeds the runtime/);
  });

  it("of all files are collected into one error, with the same as data [S13.9]", async () => {
    write({
      "_index.yaml": "a: [",
      "b.yaml": host("b", "    host: 5\n"),
      "c.yaml": service("    lifecycle: {requires: [s]}\n"),
    });
    const error = await failure({ known });
    const lines = shorten(error.message).split("\n");
    expect(lines.map((line) => line.split(":")[0])).toEqual(["<app>/_index.yaml", "<app>/b.yaml", "<app>/c.yaml"]);
    expect(lines[2]).toBe(
      "<app>/c.yaml:8:28: dependency cycle: app:s needs app:s; let one of them start without the other",
    );
    const { problems } = error.details as { problems: Record<string, unknown>[] };
    expect(problems[1]).toMatchObject({
      file: join(root, "b.yaml"),
      line: 6,
      column: 11,
      entry: "app:b",
      field: "host",
    });
  });

  it("of reference are told where the reference stands [S13.8] [S13.19]", async () => {
    write({ "_index.yaml": service("    input: []\n") });
    expect(await mistakes({ known: [known[0] as Definition] })).toEqual([
      "<app>/_index.yaml:6:14: entry app:s: there is no entry app:worker to run; name a process entry",
    ]);
    expect((await read({ known: [known[1] as Definition] })).warnings).toEqual([
      expect.stringMatching(
        /^<app>\/_index.yaml:7:11: entry app:s: there is no host app:main; the service stays inactive/,
      ),
    ]);
  });

  it("of modules and imports are told where they stand [S13.22]", async () => {
    write({
      "_index.yaml":
        'version: "1.0"\nnamespace: app\nentries:\n' +
        "  - {name: a, kind: library.lua, source: x, modules: [time],\n" +
        "     imports: {time: b, string: b, none: c, host: h}}\n" +
        "  - {name: b, kind: library.lua, source: x, imports: {back: a}}\n" +
        "  - {name: h, kind: process.host}\n" +
        "  - {name: m, kind: library.lua, source: x, modules: [io]}\n",
    });
    expect(await mistakes()).toEqual([
      "<app>/_index.yaml:5:22: entry app:a: the alias time is also listed under modules; choose another alias",
      "<app>/_index.yaml:5:22: import cycle: app:a imports app:b imports app:a; move what both need into a third library",
      "<app>/_index.yaml:5:33: entry app:a: the alias string is the name of a global that every Lua process has; choose another alias",
      "<app>/_index.yaml:5:42: entry app:a: there is no library app:c; import entries of kind library.lua",
      "<app>/_index.yaml:5:51: entry app:a: app:h is of kind process.host; import entries of kind library.lua",
      '<app>/_index.yaml:8:55: entry app:m: field "modules[0]" must be one of time, ctx, security, or the name of a global that is always there; it is "io"',
    ]);
  });

  it("include a folder that does not exist", async () => {
    expect((await failure()).message).toBe(`cannot read the application in ${root}: there is no such folder`);
  });
});

describe("environment references", () => {
  it("give the variable's value, a default, or a literal brace [S13.10]", async () => {
    const environment = { WHO: "world", EMPTY: "" };
    expect(await inputOf('"hello ${env:WHO}, ${env:NOBODY|no one}"', { environment })).toBe("hello world, no one");
    expect(await inputOf('"[${env:EMPTY|unset}]"', { environment })).toBe("[]");
    expect(await inputOf('"[${env:NOBODY|}]"', { environment })).toBe("[]");
    expect(await inputOf('"$${env:WHO} ${other} $5"', { environment })).toBe("${env:WHO} ${other} $5");
  });

  it("are not looked at again, so a value may look like a reference [S13.10]", async () => {
    expect(await inputOf('"${env:A}"', { environment: { A: "${env:B}" } })).toBe("${env:B}");
  });

  it("are a load error with name and place when the variable is unset, once [S13.10]", async () => {
    write({ "_index.yaml": host("a", "    host:\n      workers: ${env:WORKERS}\n") });
    expect(await mistakes()).toEqual([
      "<app>/_index.yaml:7:16: environment variable WORKERS is not set; set it, or write ${env:WORKERS|text} to say what holds without it",
    ]);
  });

  it("give text that a field of numbers or booleans accepts [S13.11]", async () => {
    write({
      "_index.yaml": host(
        "a",
        "    host:\n      max_processes: ${env:MAX}\n    lifecycle:\n      auto_start: ${env:START|true}\n      stop_timeout: ${env:STOP}\n",
      ),
    });
    const { definitions } = await read({ environment: { MAX: "7", STOP: "250" } });
    expect(definitions[0]).toMatchObject({ maxProcesses: 7, lifecycle: { autoStart: true, stopTimeoutMs: 250 } });
  });

  it("may make namespace, name and kind [S13.10]", async () => {
    write({ "_index.yaml": host("${env:N}").replace("app", "${env:NS}").replace("process.host", "${env:K}") });
    expect(await ids({ environment: { N: "x", NS: "y", K: "process.host" } })).toEqual(["y:x"]);
  });
});

describe("file references", () => {
  it("give the contents of the file, relative to the YAML file or to the source root [S13.12]", async () => {
    write({ "deep/a.txt": "near", "a.txt": "top" });
    const text = service("    input: ['file://a.txt', 'file:///a.txt', 'file://../a.txt', {b: ['file://./a.txt']}]\n");
    write({ "deep/_index.yaml": text });
    const [definition] = (await read({ known })).definitions;
    expect(definition).toMatchObject({ input: ["near", "top", "top", { b: ["near"] }] });
  });

  it("must not leave the source root, not even by a link, and must lead to a file [S13.12]", async () => {
    write({ "a.txt": "" });
    writeFileSync(join(folder, "secret.txt"), "secret");
    symlinkSync(join(folder, "secret.txt"), join(root, "link.txt"));
    symlinkSync(folder, join(root, "linked"));
    mkdirSync(join(root, "sub"));
    const targets = ["../secret.txt", "/../secret.txt", "link.txt", "linked/secret.txt", "none.txt", "sub", ""];
    write({ "_index.yaml": service(`    input:\n${targets.map((target) => `      - file://${target}\n`).join("")}`) });
    expect((await mistakes({ known })).map((line) => line.split(";")[0])).toEqual([
      "<app>/_index.yaml:9:9: file://../secret.txt leaves the source root",
      "<app>/_index.yaml:10:9: file:///../secret.txt leaves the source root",
      "<app>/_index.yaml:11:9: file://link.txt is a link that leaves the source root",
      "<app>/_index.yaml:12:9: file://linked/secret.txt is a link that leaves the source root",
      "<app>/_index.yaml:13:9: file://none.txt does not exist",
      "<app>/_index.yaml:14:9: file://sub is no file",
      "<app>/_index.yaml:15:9: file:// is no file",
    ]);
  });

  it("may go through links within the root [S13.12]", async () => {
    write({ "real/a.txt": "linked" });
    symlinkSync(join(root, "real"), join(root, "link"));
    expect(await inputOf("file://link/a.txt")).toBe("linked");
  });

  it("stay a path for the source of a process.ts, also under data [S13.13]", async () => {
    write({
      "worker.ts": "not looked at",
      "_index.yaml":
        'version: "1.0"\nnamespace: app\nentries:\n  - {name: a, kind: process.ts, source: "file://worker.ts"}\n' +
        '  - {name: b, kind: process.ts, data: {source: "file:///worker.ts"}}\n',
    });
    expect((await read()).definitions).toMatchObject([
      { path: join(root, "worker.ts") },
      { path: join(root, "worker.ts") },
    ]);
  });

  it("of a process.ts to nothing are one error with its place [S13.12]", async () => {
    write({ "_index.yaml": 'version: "1.0"\nnamespace: app\nname: a\nkind: process.ts\nsource: file://none.ts\n' });
    expect((await mistakes()).map((line) => line.split(";")[0])).toEqual([
      "<app>/_index.yaml:5:9: file://none.ts does not exist",
    ]);
  });

  it("of a process.lua are read as text [S13.12] [S13.15]", async () => {
    write({
      "m.lua": "return function() end",
      "a.yaml": 'version: "1.0"\nnamespace: app\nname: a\nkind: process.lua\nsource: file://m.lua\n',
    });
    expect((await read()).definitions).toMatchObject([{ source: "return function() end" }]);
  });

  it("and texts of Lua say in which file and on which line they begin [S13.12]", async () => {
    const inside = [
      "  - {name: file, kind: process.lua, source: 'file://m.lua', imports: {l: data}}", // line 4
      "  - name: block",
      "    kind: process.lua",
      "    source: | # line 7",
      "      local x = 1", // line 8
      "      error(x)",
      "  - name: data",
      "    kind: library.lua",
      "    data:",
      "      source:",
      "        &text >-",
      "        return 1", // line 15
      "  - name: quoted",
      "    kind: library.lua",
      "    source:",
      '      "return 2"', // line 19
      "  - {name: alias, kind: library.lua, source: *text}",
      "  - {name: variable, kind: library.lua, source: '${env:REF|file://m.lua}'}",
    ];
    write({
      "m.lua": "return function() end",
      "_index.yaml": `version: "1.0"\nnamespace: app\nentries:\n${inside.join("\n")}\n`,
      "single.yaml": 'version: "1.0"\nnamespace: app\nname: single\nkind: process.lua\nsource: |\n\n  x()\n',
    });
    const { definitions } = await read();
    const chunks = definitions.map((one) => ("chunk" in one ? [one.id, one.chunk.name, one.chunk.firstLine] : []));
    expect(chunks.map(([id, name, line]) => `${id} ${shorten(String(name))}:${line}`)).toEqual([
      "app:file <app>/m.lua:1",
      "app:block <app>/_index.yaml:8",
      "app:data <app>/_index.yaml:15",
      "app:quoted <app>/_index.yaml:19",
      "app:alias <app>/_index.yaml:15",
      "app:variable <app>/m.lua:1",
      "app:single <app>/single.yaml:6",
    ]);
    expect(definitions.at(-1)).toMatchObject({ source: "\nx()\n" });
  });

  it("come after environment references, which are never replaced inside the file [S13.14]", async () => {
    write({ "a.txt": "${env:WHO}" });
    expect(await inputOf('"file://${env:NAME}.txt"', { environment: { NAME: "a", WHO: "x" } })).toBe("${env:WHO}");
    expect(await inputOf('"${env:REF}"', { environment: { REF: "file://a.txt" } })).toBe("${env:WHO}");
  });
});
