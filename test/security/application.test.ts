// Policies in the entries of an application and in a running program: load errors with their place, services' actors and
// scopes, changes while everything runs.
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  type AuditEvent,
  createActor,
  createRuntime,
  errors,
  type PolicyConfig,
  type Process,
  ProcessError,
  type Runtime,
} from "beamish";
import { afterEach, describe, expect, it } from "vitest";

const folders: string[] = [];
let runtime: Runtime | null = null;

afterEach(async () => {
  runtime?.terminateAll();
  await runtime?.stop();
  runtime = null;
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

/** A folder with these files; the first is `_index.yaml`. */
function app(yaml: string, files: Record<string, string> = {}): string {
  const folder = mkdtempSync(join(tmpdir(), "beamish-security-"));
  folders.push(folder);
  writeFileSync(join(folder, "_index.yaml"), yaml);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

const head = 'version: "1.0"\nnamespace: app\nentries:\n';

async function start(config: Parameters<typeof createRuntime>[0]): Promise<Runtime> {
  runtime = await createRuntime({ log: () => {}, ...config });
  return runtime;
}

/** The load errors of entries, `line:column: text` each. */
async function loadErrors(entries: string, files: Record<string, string> = {}): Promise<string[]> {
  const folder = app(head + entries, files);
  const error = await createRuntime({ app: folder, log: () => {} }).catch((cause: unknown) => cause);
  if (!(error instanceof ProcessError) || error.kind !== errors.INVALID) throw new Error("it was loaded");
  return error.message.split("\n").map((line) => line.slice(line.indexOf(".yaml:") + 6));
}

describe("a load error with its place is", () => {
  const policy = (conditions: string) => `  - name: p
    kind: security.policy
    policy:
      actions: "*"
      resources: "*"
      effect: allow
      conditions:
        - ${conditions}
`;

  it.each([
    [
      "{field: actor.id, operator: like, value: x}",
      /^11:39: entry app:p: field "policy\.conditions\[0\]\.operator": there is no operator "like"/,
    ],
    [
      '{field: actor.id, operator: matches, value: "(a"}',
      /^11:55: entry app:p: field "policy\.conditions\[0\]\.value": .*RE2/,
    ],
    ["{field: actor.id, operator: matches, value_from: meta.x}", /^11:60: .*compiled at load/],
    ["{field: meta..x, operator: exists}", /^11:19: .*"meta\.\.x" is no path of a field/],
  ])("a condition: %s [S10.33, S10.36, S10.40]", async (condition, expected) => {
    expect(await loadErrors(policy(condition))).toEqual([expect.stringMatching(expected)]);
  });

  const expression = (written: string) => `  - name: p
    kind: security.policy.expr
    policy:
      effect: allow
      expression: ${written}
`;

  it.each([
    ["a plain text", "actor.id == user.id", /^8:31: entry app:p: field "policy\.expression": unknown variable: user/],
    ["a quoted one", `'actor.id == "x" && user.id == 1'`, /^8:39: .*unknown variable: user/],
    ["a block", '|\n        actor.id == "x" &&\n          user.id == 1', /^10:11: .*unknown variable: user/],
    ["a folded block", '>-\n        actor.id == "x" &&\n        user.id == 1', /^10:9: .*unknown variable: user/],
    ["a text over two lines", "actor.id == action &&\n        user.id == 1", /^9:9: .*unknown variable: user/],
    [
      "one with escapes, the value as a whole",
      '"actor.id == \\"x\\" && user.id == 1"',
      /^8:19: .*unknown variable: user/,
    ],
    ["a syntax error", "'action =='", /^8:29: .*unexpected token/],
    ["a type error", "'1 + \"a\" == 2'", /^8:20: .*no such overload/],
    ["a type that is none of a condition", "'size(action)'", /^8:20: .*true or false/],
  ])("an expression in %s [S10.41]", async (_what, written, expected) => {
    expect(await loadErrors(expression(written))).toEqual([expect.stringMatching(expected)]);
  });

  it("an expression in a file of its own, and below data [S10.41]", async () => {
    const folder = app(
      `${head}  - name: p
    kind: security.policy.expr
    data:
      policy: {effect: allow, expression: "file://rule.cel"}
`,
      { "rule.cel": 'actor.id == "x"\n  && user.id == 1\n' },
    );
    const error = await createRuntime({ app: folder, log: () => {} }).catch((cause: ProcessError) => cause);
    expect((error as ProcessError).message).toMatch(/rule\.cel:2:6: entry app:p: .*unknown variable: user/);
  });

  it("reported together with all others, and nothing starts [S10.33, S13.9]", async () => {
    const found = await loadErrors(`${policy("{field: actor.id, operator: like, value: x}")}  - name: q
    kind: security.policy.expr
    policy: {effect: maybe, expression: "true"}
  - name: r
    kind: security.policy.expr
    policy: {effect: deny, expression: "nobody"}
`);
    expect(found).toEqual([
      expect.stringMatching(/there is no operator/),
      expect.stringMatching(/one of allow, deny/),
      expect.stringMatching(/unknown variable: nobody/),
    ]);
  });
});

describe("a service", () => {
  const entries = `${head}  - name: processes
    kind: process.host
    lifecycle: {auto_start: true}
  - name: may_send
    kind: security.policy
    groups: [workers]
    policy:
      actions: ["process.send"]
      resources: "*"
      effect: allow
      conditions:
        - {field: actor.meta.team, operator: eq, value_from: meta.team}
        - {field: meta.absent, operator: nexists}
  - name: same_team
    kind: security.policy.expr
    groups: [workers, "other:group"]
    policy: {effect: allow, expression: 'actor.meta.team == "red" && action.startsWith("process.registry")'}
  - name: alone
    kind: security.policy
    policy: {actions: security.*, resources: "*", effect: allow}
  - name: told
    kind: process.ts
    source: file://told.ts
`;
  const service = (security: string) => `  - name: service
    kind: process.service
    process: told
    host: processes
    lifecycle: {auto_start: true${security}}
`;
  const told = `export default async function (process) {
  const scope = process.security.scope();
  await process.registry.register("told").catch(() => {});
  globalThis.beamishTold = [
    process.security.actor()?.id() ?? null,
    process.security.actor()?.meta() ?? null,
    scope === null ? null : scope.policies().map((policy) => policy.id()).sort(),
    await process.registry.lookup("told").then(() => true, () => false),
    process.send(process.pid(), "topic")?.kind ?? null,
  ];
  await process.inbox().receive();
}
`;
  const run = async (security: string) => {
    const world = globalThis as { beamishTold?: unknown };
    delete world.beamishTold;
    await start({ app: app(entries + service(security), { "told.ts": told }) });
    while (world.beamishTold === undefined) await new Promise((resolve) => setImmediate(resolve));
    return world.beamishTold;
  };

  it.each([
    [
      ", security: {actor: {id: bot, meta: {team: red}}, groups: [workers]}",
      ["bot", { team: "red" }, ["app:may_send", "app:same_team"], true, errors.PERMISSION_DENIED],
    ],
    [
      ", security: {actor: {id: bot, meta: {team: red}}, groups: ['other:group'], policies: [alone]}",
      ["bot", { team: "red" }, ["app:alone", "app:same_team"], true, errors.PERMISSION_DENIED],
    ],
    [
      ", security: {actor: {id: bot}, policies: [may_send]}",
      ["bot", {}, ["app:may_send"], false, errors.PERMISSION_DENIED],
    ],
    [", security: {actor: {id: bot}}", ["bot", {}, null, true, null]],
    ["", [null, null, null, true, null]],
  ])(
    "has the actor and the scope of its lifecycle: {auto_start: true%s} [S10.42, S14.6, S14.12, S10.33, S13.20, S13.21]",
    async (security, expected) => {
      expect(await run(security)).toEqual(expected);
    },
  );

  it("in Lua has the actor and the scope of its lifecycle, too, and what it does is judged by them [lua S10.33, S10.42]", async () => {
    const lines: string[] = [];
    const lua = `local security = require("security")
return { main = function()
  local ids = {}
  for at, policy in ipairs(security.scope():policies()) do ids[at] = policy:id() end
  table.sort(ids)
  local named = process.registry.register("told")
  local sent, err = process.send(process.pid(), "topic")
  print(security.actor():id(), security.actor():meta().team, table.concat(ids, " "), named, sent, err:kind())
end }
`;
    const security = ", security: {actor: {id: bot, meta: {team: red}}, groups: [workers], policies: [alone]}";
    const yaml = (entries + service(security)).replace(
      "kind: process.ts\n    source: file://told.ts",
      "kind: process.lua\n    source: file://told.lua\n    modules: [security]",
    );
    const started = await start({ app: app(yaml, { "told.lua": lua }), log: ({ text }) => lines.push(text) });
    await started.servicesEnded();
    const said = "bot red app:alone app:may_send app:same_team true nil PermissionDenied";
    expect(lines).toContainEqual(expect.stringContaining(said));
  });

  it("is not loaded with a group or a policy that does not exist [S10.42, S13.22]", async () => {
    const found = await loadErrors(
      entries.slice(head.length) + service(", security: {groups: [nobody], policies: [nothing]}"),
      { "told.ts": told },
    );
    expect(found).toEqual([
      expect.stringMatching(/no policy is in a group app:nobody/),
      expect.stringMatching(/there is no policy app:nothing/),
    ]);
  });
});

describe("a runtime", () => {
  const HOST = "app:processes";
  const asking = async (process: Process) => {
    for await (const to of process.listen("ask")) {
      const error = process.send(process.pid(), "self");
      process.send(to as string, "told", error?.kind ?? null);
    }
  };
  const base: PolicyConfig[] = [
    {
      id: "app:answers",
      effect: "allow",
      actions: "process.send",
      conditions: [{ field: "target_entry", operator: "eq", value: "app:collector" }],
    },
    {
      id: "app:self",
      effect: "allow",
      actions: "process.send",
      expression: "meta.pid == resource",
      groups: ["app:group"],
    },
  ];

  it("changes policies while it runs: processes feel it at once, those that live already too [S10.4]", async () => {
    const told: unknown[] = [];
    const collector = async (process: Process) => {
      for await (const kind of process.listen("told")) told.push(kind);
    };
    const { policies, spawn, spawnWith, send } = bound(
      await start({ hosts: { [HOST]: {} }, processes: { "app:asking": asking, "app:collector": collector } }),
    );
    await policies.change({ set: base });
    expect(policies.ids()).toEqual(["app:answers", "app:self"]);
    const to = await spawn("app:collector", HOST);
    const scope = policies.scope({ groups: ["app:group"], policies: ["app:answers"] });
    const pid = await spawnWith({ actor: createActor("alice"), scope }, "app:asking", HOST);
    const ask = async () => {
      send(pid, "ask", to);
      while (told.length === 0) await new Promise((resolve) => setImmediate(resolve));
      return told.splice(0);
    };
    expect(await ask()).toEqual([null]);
    await policies.change({
      set: [{ id: "app:no", effect: "deny", expression: "meta.pid == resource", groups: ["app:group"] }],
    });
    expect(await ask()).toEqual([errors.PERMISSION_DENIED]);
    await policies.change({ remove: ["app:no"] });
    expect(await ask()).toEqual([null]);
    await policies.change({ remove: ["app:self"] });
    expect(await ask()).toEqual([errors.PERMISSION_DENIED]);
    expect(policies.get("app:self")).toBeNull();
  });

  it("changes all or nothing, and says everything that is wrong [S10.33]", async () => {
    const { policies } = await start({ hosts: { [HOST]: {} } });
    await policies.change({ set: base });
    const wrong: PolicyConfig[] = [
      { id: "app:self", effect: "deny" },
      { id: "app:a", effect: "allow", conditions: [{ field: "x", operator: "like", value: 1 }] },
      { id: "app:b", effect: "allow", expression: "nobody == 1" },
    ];
    const error = await policies.change({ set: wrong, remove: ["app:answers"] }).catch((cause: ProcessError) => cause);
    expect(error).toMatchObject({
      kind: errors.INVALID,
      message: [
        'policy app:a: conditions[0].operator: there is no operator "like"; the operators are eq, ne, lt, gt, lte, gte, in, nin, contains, ncontains, matches, nmatches, exists, nexists',
        "policy app:b: expression at character 1: unknown variable: nobody",
      ].join("\n"),
    });
    expect(policies.ids()).toEqual(["app:answers", "app:self"]);
    expect(policies.get("app:self")?.evaluate(createActor("a"), "process.send", "x", { pid: "x" })).toBe("allow");
  });

  it.each([
    [{ set: [{ id: "nowhere", effect: "allow" }] }, /no id of the form/],
    [{ set: [{ id: "app:x", effect: "maybe" }] }, /effect must be/],
    [{ set: [{ id: "app:x", effect: "allow", actions: [] }] }, /actions must not be empty/],
    [{ set: [{ id: "app:x", effect: "allow", actions: [1] }] }, /non-empty texts/],
    [{ set: [{ id: "app:x", effect: "allow", expression: "true", conditions: [] }] }, /not both/],
    [{ set: [{ id: "app:processes", effect: "allow" }] }, /exists and is of kind process\.host/],
    [{ remove: ["app:processes"] }, /is no policy/],
  ])("refuses the change %j", async (change, text) => {
    const { policies } = await start({ hosts: { [HOST]: {} } });
    await expect(policies.change(change as never)).rejects.toMatchObject({ kind: errors.INVALID, message: text });
    expect(policies.ids()).toEqual([]);
    expect(() => policies.scope({ policies: ["app:x"] })).toThrow(/there is no policy/);
    expect(() => policies.scope({ groups: ["app:x"] })).toThrow(/no policy is in a group/);
  });

  it("is strict when told to: who has no actor and no scope may do nothing [S10.3]", async () => {
    for (const [security, expected] of [
      [undefined, null],
      [{}, null],
      [{ strict: false }, null],
      [{ strict: true }, errors.PERMISSION_DENIED],
    ] as const) {
      const events: AuditEvent[] = [];
      const kind = (process: Process) => process.send(process.pid(), "topic")?.kind ?? null;
      const started = await start({
        hosts: { [HOST]: {} },
        processes: { "app:kind": kind },
        ...(security !== undefined && { security }),
      });
      const unwatch = started.audit.watch((event) => events.push(event));
      expect(await started.exec("app:kind", HOST)).toBe(expected);
      unwatch();
      expect(await started.exec("app:kind", HOST)).toBe(expected);
      expect(events.map((event) => event.kind)).toEqual(expected === null ? [] : ["denied"]);
      expect(started.audit.deniedCount).toBe(expected === null ? 0 : 2);
      await started.stop();
    }
  });
});

/** The methods of a runtime that can be called by themselves. */
function bound(of: Runtime) {
  return {
    policies: of.policies,
    spawn: of.spawn.bind(of),
    spawnWith: of.spawnWith.bind(of),
    send: of.send.bind(of),
  };
}
