/** The commands about permissions, as a user runs them: real operating-system processes, real files. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

const COMMAND = fileURLToPath(new URL("../../bin/beamish", import.meta.url));
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function folderOf(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), "beamish-policy-"));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

function beamish(args: string[], input = ""): Promise<{ code: number | null; out: string; err: string }> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [COMMAND, ...args], { stdio: ["pipe", "pipe", "pipe"] });
    let [out, err] = ["", ""];
    child.stdout.on("data", (chunk) => {
      out += chunk;
    });
    child.stderr.on("data", (chunk) => {
      err += chunk;
    });
    child.stdin.end(input);
    child.on("close", (code) => resolve({ code, out, err }));
  });
}

/** An application with two actors, whose names would be read as something else if they were written carelessly. */
const index = (groups: (actor: string) => string) => `version: "1.0"
namespace: app
entries:
  - {name: processes, kind: process.host}
  - {name: boss, kind: process.ts, source: "file://boss.ts"}
  - {name: guest, kind: process.ts, source: "file://guest.ts"}
  - {name: worker, kind: process.lua, source: "file://worker.lua"}
  - name: boss.service
    kind: process.service
    process: boss
    host: processes
    lifecycle: {auto_start: true, security: {actor: {id: boss, meta: {team: red}}${groups("boss")}}}
  - name: guest.service
    kind: process.service
    process: guest
    host: processes
    lifecycle: {auto_start: true, requires: [boss.service], security: {actor: {id: guest}${groups("guest")}}}
`;
const code = {
  "boss.ts": `export default async (process: any) => {
  for (const name of ["boss", "file://x", "\${env:HOME}", "10", "n*"]) await process.registry.register(name);
  const worker = await process.spawnMonitored("app:worker", "app:processes", process.pid());
  const said = await process.listen("hello").receive();
  const guest = await process.listen("guest").receive();
  process.send(worker, "bye");
  process.send(guest, "bye");
  const exit = await process.events().receive();
  console.log(said, exit.result.value, process.security.can("doc.read", "doc-1", { owner: "boss" }));
};
`,
  "guest.ts": `export default async (process: any) => {
  const bye = process.listen("bye");
  console.log("sent", process.send("boss", "guest", process.pid())?.message ?? "well");
  await bye.receive();
};
`,
  "worker.lua": `return { main = function(boss)
  local ok, err = process.send(boss, "hello", "hello")
  if not ok then return tostring(err) end
  process.listen("bye"):receive()
  return "done"
end }
`,
};
const SAID = ["hello done true", "sent well"];
const linesOf = (text: string) => text.trim().split("\n").sort();

const rule = (name: string, policy: string) =>
  `  - {name: ${name}, kind: security.policy, groups: [workers], policy: ${policy}}\n`;
const head = 'version: "1.0"\nnamespace: app\nentries:\n';
const SPAWN = "{actions: process.spawn, resources: 'app:*', effect: allow}";
const NO_SECRET = "{actions: '*', resources: 'app:secret', effect: deny}";

describe("beamish run --record-policy", () => {
  let recorded = "";
  let log = "";
  let out = "";
  beforeAll(async () => {
    const app = folderOf({ "_index.yaml": index(() => ""), ...code });
    const files = [join(app, "policies.yaml"), join(app, "requests.jsonl")] as const;
    const ended = await beamish(["run", "--record-policy", files[0], "--record-log", files[1], app]);
    expect(ended, ended.err).toMatchObject({ code: 0 });
    out = ended.out;
    [recorded, log] = [readFileSync(files[0], "utf8"), readFileSync(files[1], "utf8")];
    expect(readdirSync(app).filter((name) => name.includes("tmp"))).toEqual([]);
  }, 60_000);

  const strictApp = (policies: string) =>
    folderOf({
      "_index.yaml": index((actor) => `, groups: ["recorded:${actor}"]`),
      "policies.yaml": policies,
      ...code,
    });

  it("enforces nothing, and writes policies by actor that name no pid", () => {
    expect(linesOf(out)).toEqual(SAID);
    expect(recorded).not.toMatch(/0x/);
    expect(recorded).toMatch(/name: boss\.1/);
    expect(recorded).toMatch(/name: guest\.1/);
  });

  it("writes policies under which the same run goes on when strict, and nothing is refused", async () => {
    const app = strictApp(recorded);
    const audit = join(app, "audit.jsonl");
    const ended = await beamish(["run", "--strict", "--audit", audit, app]);
    expect([ended.code, linesOf(ended.out), readFileSync(audit, "utf8")], ended.err).toEqual([0, SAID, ""]);
  });

  it("writes policies that allow nothing of another kind", async () => {
    const app = strictApp(recorded);
    const check = async (...args: string[]) => (await beamish(["policy", "check", "--app", app, ...args])).code;
    const target = (entry: string, actor: string) => [
      "--meta",
      `target_entry=${entry}`,
      "--meta",
      `target_actor=${actor}`,
    ];
    expect(await check("--actor", "guest", ...target("app:boss", "boss"), "process.send", "{x|1}")).toBe(0);
    expect(await check("--actor", "guest", ...target("app:worker", "boss"), "process.send", "{x|1}")).toBe(1);
    expect(await check("--actor", "guest", ...target("app:boss", "guest"), "process.send", "{x|1}")).toBe(1);
    expect(await check("--actor", "guest", "process.spawn", "app:worker")).toBe(1);
    expect(await check("--actor", "boss", "process.registry.register", "n*")).toBe(0);
    expect(await check("--actor", "boss", "process.registry.register", "nn")).toBe(1);
    expect(await check("--actor", "boss", "process.registry.register", "10.0")).toBe(1);
  }, 60_000);

  it("writes what was seen when the run is interrupted", async () => {
    const app = folderOf({
      "_index.yaml": `${head}  - {name: processes, kind: process.host}
  - {name: waits, kind: process.ts, source: "file://waits.ts"}
  - {name: waits.service, kind: process.service, process: waits, host: processes, lifecycle: {auto_start: true}}
`,
      "waits.ts": `export default async (process: any) => {
  await process.registry.register("waits");
  console.log("up");
  await process.events().receive();
};
`,
    });
    const file = join(app, "recorded.yaml");
    const child = spawn(process.execPath, [COMMAND, "run", "--record-policy", file, app], { stdio: "pipe" });
    child.stdout.once("data", () => child.kill("SIGTERM"));
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect([code, readFileSync(file, "utf8")]).toEqual([
      143,
      expect.stringMatching(/without-actor[\s\S]*resources: waits/),
    ]);
  });

  it("leaves no trace when the entries are wrong, and says so at once when the file cannot be written", async () => {
    const broken = folderOf({ "_index.yaml": `${head}  - {name: x, kind: proces.host}\n` });
    const file = join(broken, "policies.yaml");
    expect(await beamish(["run", "--record-policy", file, broken])).toMatchObject({ code: 1 });
    expect(existsSync(file)).toBe(false);
    const unwritable = await beamish(["run", "--record-policy", "/no/such/folder/p.yaml", broken]);
    expect([unwritable.code, unwritable.err]).toEqual([
      1,
      "cannot write /no/such/folder/p.yaml: there is no such folder\n",
    ]);
  });

  it("makes a log on which policy diff compares what two sets allow", async () => {
    const folder = folderOf({
      "log.jsonl": log,
      "a.yaml": recorded,
      "wrong.jsonl": `${log}{"action": 7,\n`,
      "wrong-fields.jsonl": '{"action": 7}\n',
      "none.yaml": head.replace("entries:\n", "entries: []\n"),
      "broken.yaml": `${head}${rule("p", "{actions: x, resources: y, effect: maybe}")}`,
    });
    const diff = (a: string, b: string, ...rest: string[]) =>
      beamish([
        "policy",
        "diff",
        join(folder, a),
        join(folder, b),
        "--log",
        join(folder, rest[0] ?? "log.jsonl"),
        ...rest.slice(1),
      ]);
    const count = log.trim().split("\n").length;
    expect(await diff("a.yaml", "a.yaml")).toMatchObject({
      code: 0,
      out: `0 of ${count} kinds of requests are answered differently\n`,
    });
    const only = recorded.replace("process.spawn.monitored", "process.spawn.linked");
    writeFileSync(join(folder, "c.yaml"), only);
    const found = await diff("a.yaml", "c.yaml");
    expect(found.code).toBe(1);
    expect(found.out).toMatch(
      /^- boss {2}process\.spawn\.monitored {2}app:worker {2}\(1×\)\n {4}a: allowed by recorded:boss\.\d+; b: refused, no policy allows it\n1 of/,
    );
    const back = await diff("c.yaml", "a.yaml", "log.jsonl", "--json");
    expect(JSON.parse(back.out)).toMatchObject({
      actor: "boss",
      action: "process.spawn.monitored",
      a: { verdict: "undefined", decidedBy: [] },
      b: { verdict: "allow", decidedBy: [expect.stringMatching(/^recorded:boss/)] },
    });
    for (const [a, b, file, text] of [
      ["a.yaml", "a.yaml", "wrong.jsonl", new RegExp(`wrong\\.jsonl:${count + 1}:14: this line is no JSON`)],
      ["a.yaml", "a.yaml", "wrong-fields.jsonl", /wrong-fields\.jsonl:1:1: "action" must be a text/],
      ["a.yaml", "a.yaml", "nothing.jsonl", /nothing\.jsonl: there is no such file/],
      ["a.yaml", "none.yaml", "log.jsonl", /none\.yaml: there is no policy in this file/],
      ["a.yaml", "nowhere.yaml", "log.jsonl", /there is no file or folder .*nowhere\.yaml/],
      ["broken.yaml", "a.yaml", "log.jsonl", /broken\.yaml:4:\d+: .*one of allow, deny/],
    ] as const) {
      const { code, out, err } = await diff(a, b, file);
      expect([code, out, err]).toEqual([2, "", expect.stringMatching(text)]);
    }
  }, 60_000);
});

describe("beamish policy check", () => {
  const app = folderOf({ "_index.yaml": head + rule("spawns", SPAWN) + rule("no_secret", NO_SECRET) });
  const check = (...args: string[]) => beamish(["policy", "check", "--app", app, "--actor", "alice", ...args]);

  it("says what is allowed, by whom, and what the others said; code 0", async () => {
    const { code, out } = await check("process.spawn", "app:worker");
    expect(code).toBe(0);
    expect(out).toMatch(/^allowed: alice process\.spawn app:worker\n {2}app:spawns allows it, and none denies it\n/);
    expect(out).toMatch(
      / {2}\* app:spawns +allow +action, resource and all conditions match {2}\(.*_index\.yaml:4:5\)/,
    );
    expect(out).toMatch(/ {4}app:no_secret +undefined +the resource does not match/);
  });

  it("says what is refused and why; code 1", async () => {
    const { code, out } = await check("--json", "process.spawn", "app:secret");
    expect(code).toBe(1);
    expect(JSON.parse(out)).toMatchObject({
      allowed: false,
      verdict: "deny",
      reason: "app:no_secret denies it",
      decidedBy: ["app:no_secret"],
      actor: { id: "alice", meta: {} },
      policies: [
        { id: "app:no_secret", says: "deny", place: expect.stringMatching(/:5:5$/) },
        { id: "app:spawns", says: "allow" },
      ],
    });
    expect((await check("--policy", "app:spawns", "process.spawn", "app:secret")).code).toBe(0);
    expect((await check("--group", "app:workers", "process.spawn", "app:secret")).code).toBe(1);
    expect((await check("process.send", "x")).out).toContain("no policy allows it");
  }, 30_000);

  it.each([
    [["process.spawn"], /missing required argument 'resource'/],
    [["--meta", "x", "process.spawn", "x"], /key=value/],
    [["--group", "app:none", "process.spawn", "x"], /there is no group app:none; there are app:workers/],
    [
      ["--policy", "app:none", "process.spawn", "x"],
      /there is no policy app:none; there are app:no_secret, app:spawns/,
    ],
    [["--app", "/no/such", "process.spawn", "x"], /\/no\/such: there is no such folder/],
  ])("complains about wrong usage with code 2: %j", async (args, text) => {
    const { code, out, err } = await check(...args);
    expect([code, out, err]).toEqual([2, "", expect.stringMatching(text)]);
  });

  it.each(["check", "explain", "diff"])("and policy %s explains itself", async (name) => {
    const { code, out } = await beamish(["policy", name, "--help"]);
    expect([code, out]).toEqual([0, expect.stringMatching(/--json[\s\S]*Exit code/)]);
  });
});

describe("beamish policy explain", () => {
  const denial = (action: string, resource: string, rest: object = {}) => ({
    action,
    resource,
    actor: "guest",
    reason: "no policy of the scope allows it",
    decidedBy: null,
    policies: [],
    ...rest,
  });
  const event = {
    kind: "denied",
    at: 1,
    pid: "{app:h|0x2}",
    entry: "app:a",
    actor: "guest",
    denial: denial("process.send", "{app:h|0x7}"),
    meta: { pid: "{app:h|0x2}", target_entry: "app:door", target_actor: "boss" },
  };
  const explain = (record: unknown, ...args: string[]) =>
    beamish(["policy", "explain", ...args, "-"], typeof record === "string" ? record : `${JSON.stringify(record)}\n`);

  it("takes what policy check prints as JSON", async () => {
    const told = {
      action: "process.spawn",
      resource: "app:x",
      actor: { id: "guest", meta: { team: "red" } },
      meta: {},
    };
    expect((await explain(told)).out).toContain("value: guest");
  });

  it("prints the smallest policy entry that would allow it, by entry and actor in place of a pid", async () => {
    expect((await explain(event)).out).toBe(`- name: guest.process.send
  kind: security.policy
  policy:
    actions: process.send
    resources: "*"
    effect: allow
    conditions:
      - field: actor.id
        operator: eq
        value: guest
      - field: meta.target_entry
        operator: eq
        value: app:door
      - field: meta.target_actor
        operator: eq
        value: boss
`);
  });

  it("prints an entry which, added to the application, does allow it, in the group of its service", async () => {
    const app = folderOf({
      "_index.yaml":
        index((actor) => `, groups: ["app:${actor}s"]`) + rule("x", SPAWN).replace("[workers]", "[guests, bosss]"),
      ...code,
    });
    const ask = ["policy", "check", "--app", app, "--actor", "guest", "process.registry.register", "my"];
    expect((await beamish(ask)).code).toBe(1);
    const { code: explained, out } = await explain(denial("process.registry.register", "my"), "--app", app);
    expect(explained).toBe(0);
    writeFileSync(join(app, "more.yaml"), `${head}${out.replace(/^/gm, "  ")}\n`);
    const { code: allowed, out: said } = await beamish(ask);
    expect([allowed, said]).toEqual([0, expect.stringContaining("app:guest.process.registry.register")]);
  }, 30_000);

  it("takes the details of an error, and says what they do not tell", async () => {
    const { code, out } = await explain({ kind: "PermissionDenied", message: "no", details: event.denial }, "--json");
    expect(code).toBe(0);
    expect(JSON.parse(out)).toMatchObject({
      entry: { policy: { actions: "process.send", resources: "{app:h|*" } },
      notes: [expect.stringMatching(/does not say what the process is/), expect.anything()],
    });
    const told = await explain(event.denial, "--json", "--target-entry", "app:door", "--target-actor", "guest");
    expect(JSON.parse(told.out).entry.policy.conditions).toEqual([
      { field: "actor.id", operator: "eq", value: "guest" },
      { field: "meta.target_entry", operator: "eq", value: "app:door" },
      { field: "meta.target_actor", operator: "eq", value_from: "actor.id" },
    ]);
  });

  it("says that no policy helps against one that denies; code 1", async () => {
    const { code, out, err } = await explain(denial("process.spawn", "app:x", { decidedBy: "app:no" }));
    expect([code, out, err]).toEqual([1, "", expect.stringMatching(/^policy app:no denies it/)]);
  });

  it.each([
    ["", /^<stdin>:1:1: there is no record/],
    ['{"action": "process.send",}', /^<stdin>:1:27: this line is no JSON/],
    ["[1]", /^<stdin>:1:1: a record is an object/],
    ['{"action": "process.send"}', /^<stdin>:1:1: "resource" must be a text/],
    ['{"kind": "summary", "at": 1, "counts": []}', /^<stdin>:1:1: this is not about a denial but summary/],
    ['{"action": "a", "resource": "b"}\n{}\n', /^<stdin>:2:1: there is a second record/],
  ])("complains about the record %j with its place and code 2", async (record, text) => {
    const { code, out, err } = await explain(record);
    expect([code, out, err]).toEqual([2, "", expect.stringMatching(text)]);
  });
});
