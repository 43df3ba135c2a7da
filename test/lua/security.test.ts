// Section 10 as Lua sees it: actors, scopes and policies as objects, who is asked, and what a refusal tells.
import { describe, expect, it } from "vitest";
import { type Actor, createActor, type ExitResult, type Scope } from "../../src/index.ts";
import { type Simulation, simulate } from "../../src/testing/index.ts";
import { defineLua } from "../support/lua.ts";
import { Policed, type Written } from "../support/policies.ts";
import { LUA_REFUSAL } from "../support/told.ts";

const alice = createActor("alice", { team: "red", level: 3, tags: ["a", "b"] });
const bob = createActor("bob");
const all: Written = { id: "test:all", groups: ["test:everything"] };
const noSend: Written = { id: "test:no-send", effect: "deny", actions: "process.send", groups: ["test:everything"] };

/** Who runs a Lua process, and under what. */
interface Setting {
  readonly policies?: readonly Written[];
  /** The ids of its scope; all there are when left out, `null` for no scope. */
  readonly scope?: readonly string[] | null;
  /** `null` for none. */
  readonly actor?: Actor | null;
  readonly strict?: boolean;
  /** Further entries, each the body of a module. */
  readonly entries?: Readonly<Record<string, string>>;
  readonly prepare?: (sim: Simulation, scope: (...ids: string[]) => Scope) => Promise<unknown> | void;
}

const preamble = `local security = require("security")
${LUA_REFUSAL}
local HOST = "sim:processes"
`;

/** What `main` with this body returns, run as alice. */
async function asAlice(
  body: string,
  { policies = [all], scope, actor = alice, strict = false, entries = {}, prepare }: Setting = {},
): Promise<any> {
  const policed = new Policed({ strict, policies });
  let told: ExitResult | null = null;
  await simulate(
    1,
    async (sim) => {
      const define = (id: string, text: string) =>
        defineLua(sim, id, `${preamble}return { main = function(...) ${text} end }`, { modules: ["security"] });
      define("test:acting", body);
      for (const [id, text] of Object.entries(entries)) define(id, text);
      await prepare?.(sim, (...ids) => policed.scope(...ids));
      sim.watch((event) => {
        if (event.kind === "exited" && event.entry === "test:acting") told = event.result;
      });
      const ids = scope === undefined ? policies.map(({ id }) => id) : scope;
      const options = { ...(actor && { actor }), ...(ids && { scope: policed.scope(...ids) }) };
      await sim.spawnWith(options, "test:acting");
      await sim.settle();
    },
    policed.options,
  );
  const result = told as ExitResult | null;
  if (result === null) throw new Error("it has not ended");
  if (result.error !== undefined) throw new Error(result.error);
  return result.value;
}

const denied = (text: string | RegExp) => [
  "PermissionDenied",
  typeof text === "string" ? text : expect.stringMatching(text),
];

describe("its own actor and scope", () => {
  const OWN = `local actor, scope = security.actor(), security.scope()
    local ids = {}
    for at, policy in ipairs(scope and scope:policies() or {}) do ids[at] = policy:id() end
    return { actor and actor:id() or "none", actor and actor:meta() or "none", scope and table.concat(ids, " ") or "none" }`;

  it.each([
    ["both", {}, ["alice", { team: "red", level: 3, tags: ["a", "b"] }, "test:all test:no-send"]],
    ["no scope", { scope: null }, ["alice", { team: "red", level: 3, tags: ["a", "b"] }, "none"]],
    ["no actor", { actor: null }, ["none", "none", "test:all test:no-send"]],
    ["neither", { actor: null, scope: null }, ["none", "none", "none"]],
  ])("are there or nil: %s [S10.1, S10.43]", async (_what, setting, expected) => {
    expect(await asAlice(OWN, { policies: [all, noSend], ...setting })).toEqual(expected);
  });

  it("pass to children as they are, and a builder changes those of the child only [S10.1, S7.5]", async () => {
    const child = `local actor, scope = security.actor(), security.scope()
      return { actor:id(), #scope:policies(), security.can("process.send", "x") }`;
    const got = await asAlice(
      `local group = assert(security.named_scope("test:everything"))
      local bob = assert(security.new_actor("bob", { team = "blue" }))
      local builder = process.with_context({})
      return {
        assert(process.exec("test:child", HOST)),
        assert(builder:with_actor(bob):exec("test:child", HOST)),
        assert(builder:with_scope(group):exec("test:child", HOST)),
        assert(builder:with_actor(bob):with_scope(group):exec("test:child", HOST)),
        { security.actor():id(), #security.scope():policies() },
      }`,
      { policies: [all, noSend], scope: ["test:all"], entries: { "test:child": child } },
    );
    expect(got).toEqual([
      ["alice", 1, true],
      ["bob", 1, true],
      ["alice", 2, false],
      ["bob", 2, false],
      ["alice", 1],
    ]);
  });

  it("give no way to change them: what they give is a copy [S10.1, S10.43]", async () => {
    const got = await asAlice(`local actor, scope = security.actor(), security.scope()
      actor:meta().team = "blue"
      scope:policies()[1] = nil
      return { actor:meta().team, #scope:policies() }`);
    expect(got).toEqual(["red", 1]);
  });
});

describe("an actor, a scope, a policy", () => {
  it.each([
    ["actor", "security.actor()"],
    ["scope", "security.scope()"],
    ["policy", "security.scope():policies()[1]"],
  ])("cannot be forged or changed: %s [S10.1]", async (kind, had) => {
    const got = await asAlice(`local had = ${had}
      local function tries(f, ...) return (pcall(f, ...)) end
      return {
        type(had), getmetatable(had),
        tries(function() had.id = function() return "root" end end),
        tries(setmetatable, had, {}), tries(rawset, had, "id", 1), tries(rawget, had, "id"),
        tries(function() return had.id({}) end), tries(function() return had.contains and had.contains("x") or had.id("alice") end),
        had == ${had}, rawequal(had, nil), tostring(had):find("^${kind}") ~= nil,
      }`);
    expect(got).toEqual(["userdata", false, false, false, false, false, false, false, true, false, true]);
  });

  it("made of a table, or of a thing of another sort, is none: it is raised, and nothing runs [S10.1, S7.5]", async () => {
    const got = await asAlice(
      `local builder = process.with_context({})
      local table_ = setmetatable({ id = function() return "root" end }, { __name = "actor" })
      local scope, actor, policy = security.scope(), security.actor(), security.scope():policies()[1]
      local function raised(f, ...)
        local ok, err = pcall(f, ...)
        if ok then return "passed" end
        return { err:kind(), (err:message():gsub(" %(.*", "")) }
      end
      return {
        raised(builder.with_actor, builder, table_), raised(builder.with_actor, builder, "alice"),
        raised(builder.with_actor, builder, scope), raised(builder.with_actor, builder, nil),
        raised(builder.with_scope, builder, table_), raised(builder.with_scope, builder, actor),
        raised(builder.with_scope, builder, policy), raised(security.new_scope, { table_ }),
        raised(security.new_scope, { actor }), raised(scope.with, scope, actor), raised(scope.with, actor, policy),
        raised(scope.evaluate, scope, table_, "a", "b"), raised(policy.evaluate, policy, scope, "a", "b"),
        raised(actor.meta, table_), raised(policy.evaluate, scope, actor, "a", "b"),
      }`,
      { entries: { "test:child": "return 'ran'" } },
    );
    for (const raised of got)
      expect(raised).toEqual(["Invalid", expect.stringMatching(/bad argument|list of policies/)]);
  });

  it("cannot be sent, returned or stored in a context, so none passes to those who may not have it [S10.1]", async () => {
    const got = await asAlice(`local mine = {}
      for at, thing in ipairs({ security.actor(), security.scope(), security.scope():policies()[1] }) do
        mine[at] = { refusal(process.send(process.pid(), "topic", thing)), (pcall(process.with_context, { thing = thing })) }
      end
      return mine`);
    for (const [sent, kept] of got) expect([sent, kept]).toEqual([["Invalid", expect.any(String)], false]);
  });

  it("made by new_actor has a copy of the data it was made with [S10.43, S10.46]", async () => {
    const got = await asAlice(`local meta = { team = "blue", list = { 1, 2.5, true } }
      local bob = assert(security.new_actor("bob", meta))
      meta.team = "red"
      local plain = assert(security.new_actor("plain"))
      return { bob:id(), bob:meta(), plain:id(), next(plain:meta()) == nil, bob == bob, bob == plain }`);
    expect(got).toEqual(["bob", { team: "blue", list: [1, 2.5, true] }, "plain", true, true, false]);
  });

  it("made by new_actor has integers and floats as they were, and who changes what it gives changes nothing [S2.39, S10.43]", async () => {
    const got =
      await asAlice(`local bob = assert(security.new_actor("bob", { f = 1.0, list = { 1.0, 1 }, at = { [7] = 1 } }))
      bob:meta().list[1] = "other"
      local meta = bob:meta()
      return { math.type(meta.f), math.type(meta.list[1]), math.type(meta.list[2]), meta.at[7] }`);
    expect(got).toEqual(["float", "float", "integer", 1]);
  });
});

describe("who is asked", () => {
  it("is the scope of the caller, with both there; without one of them strict decides [S10.2, S10.3]", async () => {
    const body = `return refusal(process.send(process.pid(), "topic")) `;
    for (const [setting, expected] of [
      [{ policies: [all] }, ["succeeded", "true"]],
      [{ policies: [all], strict: true }, ["succeeded", "true"]],
      [{ policies: [all, noSend] }, denied(/^not allowed to send: /)],
      [{ policies: [noSend], scope: null }, ["succeeded", "true"]],
      [{ policies: [noSend], actor: null }, ["succeeded", "true"]],
      [{ policies: [all], scope: null, strict: true }, denied(/^not allowed to send: /)],
      [{ policies: [all], actor: null, strict: true }, denied(/^not allowed to send: /)],
    ] as const) {
      expect(await asAlice(body, setting)).toEqual(expected);
    }
  });

  it("is never the scope of the target, nor that in a builder [S10.5]", async () => {
    const got = await asAlice(
      `local weak = assert(security.new_scope({}))
      local builder = process.with_context({}):with_scope(weak)
      return {
        refusal(process.send("forbidden", "topic")),
        refusal(builder:exec("test:child", HOST)),
        refusal(process.send("free", "topic")),
      }`,
      {
        policies: [all, { id: "test:none", effect: "deny" }],
        scope: ["test:all"],
        entries: { "test:child": "return 'ran'", "test:idle": "channel.new():receive()" },
        prepare: async (sim, scope) => {
          await sim.spawnWith({ actor: bob, scope: scope("test:none"), name: "forbidden" }, "test:idle");
          await sim.spawnWith({ name: "free" }, "test:idle");
        },
      },
    );
    expect(got).toEqual([
      ["succeeded", "true"],
      ["succeeded", "ran"],
      ["succeeded", "true"],
    ]);
  });

  it("is no process that does what needs no permission, even when strict [S10.9]", async () => {
    const got = await asAlice(
      `process.set_options({ trap_links = true })
      local inbox, events = process.inbox(), process.events()
      process.unlisten(process.listen("topic"))
      local found, err = process.registry.lookup("nobody")
      local room = channel.new(1)
      room:send(1)
      return { process.id() ~= "", process.pid() ~= "", process.get_options().trap_links, err:kind(), room:receive(),
        security.actor() == nil, security.scope() == nil }`,
      { policies: [], scope: null, actor: null, strict: true },
    );
    expect(got).toEqual([true, true, true, "NotFound", 1, true, true]);
  });

  it("is not passed by an upgrade, which keeps actor and scope [S10.1, S10.9]", async () => {
    const policed = new Policed({ strict: true, policies: [{ id: "test:name", actions: "process.registry.*" }] });
    let value: unknown;
    await simulate(
      1,
      async (sim) => {
        const modules = { modules: ["security"] };
        defineLua(sim, "test:first", `return { main = function() process.upgrade("test:second") end }`, modules);
        const after = `local security = require("security") ${LUA_REFUSAL}
          return { main = function()
            return { security.actor():id(), refusal(process.send(process.pid(), "t")), refusal(process.registry.register("n")) }
          end }`;
        defineLua(sim, "test:second", after, modules);
        sim.watch((event) => {
          if (event.kind === "exited" && event.entry === "test:second")
            value = event.result.error ?? (event.result as { value: unknown }).value;
        });
        await sim.spawnWith({ actor: alice, scope: policed.scope("test:name") }, "test:first");
        await sim.settle();
      },
      policed.options,
    );
    expect(value).toEqual(["alice", denied(/^not allowed to send/), ["succeeded", "true"]]);
  });
});

describe("a policy sees of what Lua does", () => {
  const sees = (field: string, value: unknown): Written => ({
    id: "test:if",
    actions: "process.send",
    conditions: [{ field, operator: "eq", value }],
  });

  it.each([
    ["actor.id", "alice"],
    ["actor.meta.team", "red"],
    ["actor.meta.level", 3],
    ["action", "process.send"],
    ["meta.target_actor", "bob"],
    ["meta.target_entry", "test:idle"],
    ["meta.target_host", "sim:processes"],
    ["meta.name", "the-target"],
  ])("%s [S10.6, S10.7, S10.37]", async (field, value) => {
    const setting: Setting = {
      entries: { "test:idle": "channel.new():receive()" },
      prepare: (sim) => sim.spawnWith({ actor: bob, name: "the-target" }, "test:idle"),
    };
    const body = `return (process.send("the-target", "topic")) == true`;
    expect(await asAlice(body, { ...setting, policies: [sees(field, value)] })).toBe(true);
    expect(await asAlice(body, { ...setting, policies: [sees(field, "another")] })).toBe(false);
  });

  it("the caller's pid, and the target's pid as the resource [S10.6, S10.7]", async () => {
    const self: Written = {
      id: "test:self",
      conditions: [{ field: "meta.pid", operator: "eq", valueFrom: "resource" }],
    };
    const got = await asAlice(
      `return { (process.send(process.pid(), "t")) == true, (process.send("other", "t")) == true }`,
      {
        policies: [self],
        entries: { "test:idle": "channel.new():receive()" },
        prepare: (sim) => sim.spawnWith({ name: "other" }, "test:idle"),
      },
    );
    expect(got).toEqual([true, false]);
  });
});

describe("can", () => {
  const owner: Written = {
    id: "test:owner",
    actions: "doc.*",
    conditions: [{ field: "actor.id", operator: "eq", valueFrom: "meta.owner" }],
  };

  it("tells whether the verdict is allow, with attributes from a table; strict or not [S10.44]", async () => {
    const body = `return {
      security.can("doc.read", "d", { owner = "alice" }), security.can("doc.read", "d", { owner = "bob" }),
      security.can("doc.read", "d"), security.can("other", "d", { owner = "alice" }), security.can("doc", "d", { owner = "alice" }),
    }`;
    for (const strict of [false, true]) {
      expect(await asAlice(body, { policies: [owner], strict })).toEqual([true, false, false, false, true]);
      for (const lacking of [{ actor: null }, { scope: null }]) {
        expect(await asAlice(body, { policies: [all], strict, ...lacking })).toEqual(Array(5).fill(false));
      }
    }
  });

  it("raises for arguments of the wrong type, and refuses too few [S10.44]", async () => {
    const got =
      await asAlice(`local function raised(...) local ok, err = pcall(security.can, ...) return { ok, ok or err:kind() } end
      return { raised({}, "b"), raised("a", {}), raised("a", "b", "c"), raised("a", "b", { f = print }), refusal(security.can("a")) }`);
    expect(got).toEqual([...Array(4).fill([false, "Invalid"]), ["Invalid", expect.stringMatching(/resource/)]]);
  });
});

describe("policies and scopes", () => {
  it("are had by id, say their verdict, and are NOT_FOUND when there are none [S10.43, S10.45]", async () => {
    const got = await asAlice(
      `local policy = assert(security.policy("test:no-send"))
      local group, ids = assert(security.named_scope("test:everything")), {}
      for at, one in ipairs(group:policies()) do ids[at] = one:id() end
      return { policy:id(), policy:evaluate(security.actor(), "process.send", "x"), policy:evaluate(security.actor(), "other", "x"),
        table.concat(ids, " "), refusal(security.policy("test:none")), refusal(security.named_scope("test:none")) }`,
      { policies: [all, noSend], scope: ["test:all"] },
    );
    expect(got).toEqual([
      "test:no-send",
      "deny",
      "undefined",
      "test:all test:no-send",
      ["NotFound", "policy not found: test:none"],
      ["NotFound", "policy group not found: test:none"],
    ]);
  });

  it("with and without a policy are new ones; the old ones stay [S10.46, S10.47]", async () => {
    const got = await asAlice(
      `local everything, refusing = assert(security.policy("test:all")), assert(security.policy("test:no-send"))
      local one = assert(security.new_scope({ everything }))
      local two = assert(one:with(refusing))
      local three = assert(two:without("test:all"))
      local none = assert(security.new_scope())
      local less = assert(security.named_scope("test:everything"):without("test:no-send"))
      local told = {}
      for at, scope in ipairs({ one, two, three, none, less }) do
        told[at] = { scope:contains("test:all"), scope:contains("test:no-send"), #scope:policies() }
      end
      return told`,
      { policies: [all, noSend], scope: ["test:all"] },
    );
    expect(got).toEqual([
      [true, false, 1],
      [true, true, 2],
      [false, true, 1],
      [false, false, 0],
      [true, false, 1],
    ]);
  });

  it("evaluate: deny before allow before undefined, whatever the order; nothing in it is undefined [S10.4, S10.47]", async () => {
    const got = await asAlice(
      `local a, d = assert(security.policy("test:all")), assert(security.policy("test:no-send"))
      local told = {}
      for at, list in ipairs({ {}, { a }, { d }, { a, d }, { d, a } }) do
        local scope = assert(security.new_scope(list))
        told[at] = { scope:evaluate(security.actor(), "process.send", "x"), scope:evaluate(security.actor(), "process.spawn", "x") }
      end
      return told`,
      { policies: [all, noSend], scope: ["test:all"] },
    );
    expect(got).toEqual([
      ["undefined", "undefined"],
      ["allow", "allow"],
      ["deny", "undefined"],
      ["deny", "allow"],
      ["deny", "allow"],
    ]);
  });

  it("are refused as nil and an error that tells what was asked for [S10.45, S10.46, S10.47]", async () => {
    const got = await asAlice(
      `local actor, scope = security.actor(), security.scope()
      return { refusal(security.policy("test:all")), refusal(security.policy("test:none")),
        refusal(security.named_scope("test:everything")), refusal(security.new_scope({})), refusal(security.new_actor("root")),
        refusal(scope:with(scope:policies()[1])), refusal(scope:without("test:send")) }`,
      { policies: [{ id: "test:send", actions: "process.send" }] },
    );
    expect(got).toEqual([
      denied("not allowed to get policy: test:all"),
      denied("not allowed to get policy: test:none"),
      denied("not allowed to get policy group: test:everything"),
      denied("not allowed to create scope: custom"),
      denied("not allowed to create actor: root"),
      denied("not allowed to create scope: with"),
      denied("not allowed to create scope: without"),
    ]);
  });

  it.each([
    ["an integer", "equals a number", { operator: "eq", value: 7 }, "7", "8"],
    ["a float", "equals the integer it is", { operator: "eq", value: 7 }, "7.0", "7.5"],
    ["a numeric string", "equals the number", { operator: "eq", value: 7 }, "'7.0'", "'x'"],
    [
      "a large integer",
      "keeps its digits",
      { operator: "eq", value: "9007199254740993" },
      "9007199254740993",
      "9007199254740992",
    ],
    ["a number", "is compared", { operator: "lt", value: 10 }, "9", "11"],
    ["a boolean", "equals its text", { operator: "eq", value: true }, "true", "false"],
    ["a list", "contains its members", { operator: "contains", value: "b" }, "{ 'a', 'b' }", "{ 'a' }"],
    ["a text", "contains a part", { operator: "contains", value: "b" }, "'abc'", "'ac'"],
    ["a text", "is in a list", { operator: "in", value: ["a", "b"] }, "'b'", "'c'"],
    ["a text", "matches a pattern", { operator: "matches", value: "^a+$" }, "'aa'", "'ab'"],
    ["anything", "exists", { operator: "exists" }, "false", "nil"],
    ["nil", "does not exist", { operator: "nexists" }, "nil", "0"],
    ["something missing", "is not equal, nor unequal", { operator: "ne", value: 1 }, "2", "nil"],
  ])(
    "compare what Lua gives: %s %s [S10.34, S10.36, S10.38, S10.39, S10.40]",
    async (_what, _how, condition, yes, no) => {
      const policy: Written = { id: "test:if", actions: "doc", conditions: [{ field: "meta.a.b", ...condition }] };
      const got = await asAlice(
        `local policy = assert(security.policy("test:if"))
      local function says(value) return policy:evaluate(security.actor(), "doc", "x", { a = { b = value } }) end
      return { says(${yes}), says(${no}) }`,
        { policies: [all, policy], scope: ["test:all"] },
      );
      expect(got).toEqual(["allow", "undefined"]);
    },
  );

  it("read expressions over the attributes from Lua [S10.35, S10.41]", async () => {
    const policy: Written = {
      id: "test:if",
      actions: ["doc.*", "page*"],
      expression: 'actor.meta.team == "red" && meta.size > 10 && "b" in meta.tags && resource.startsWith("doc")',
    };
    const got = await asAlice(
      `local policy = assert(security.policy("test:if"))
      local function says(action, resource, meta) return policy:evaluate(security.actor(), action, resource, meta) end
      return { says("doc", "doc-1", { size = 11, tags = { "b" } }), says("doc.read", "doc-1", { size = 11.5, tags = { "b" } }),
        says("pages", "doc-1", { size = 11, tags = { "b" } }), says("docs", "doc-1", { size = 11, tags = { "b" } }),
        says("doc", "doc-1", { size = 10, tags = { "b" } }), says("doc", "doc-1"), says("doc", "x", { size = 11, tags = { "b" } }) }`,
      { policies: [all, policy], scope: ["test:all"] },
    );
    expect(got).toEqual(["allow", "allow", "allow", "undefined", "undefined", "undefined", "undefined"]);
  });
});

describe("a child", () => {
  it("cannot gain what its parent lacks: a scope is handed out by permission only, whatever the child is [S10.5, S10.23]", async () => {
    const limited: Written = {
      id: "test:limited",
      actions: ["process.spawn", "process.host", "process.exec", "process.context", "security.*"],
    };
    const got = await asAlice(
      `local strong = assert(security.new_scope({ assert(security.policy("test:all")) }))
      local root = assert(security.new_actor("root"))
      local builder = process.with_context({})
      return {
        refusal(builder:with_scope(strong):exec("test:child", HOST)),
        refusal(builder:with_actor(root):exec("test:child", HOST)),
        assert(builder:exec("test:child", HOST)),
        assert(process.exec("test:child", HOST)),
      }`,
      {
        policies: [limited, all],
        scope: ["test:limited"],
        entries: {
          "test:child": `return { security.actor():id(), security.can("process.send", "x"), refusal(process.send(process.pid(), "t")) }`,
        },
      },
    );
    const refused = denied("not allowed to spawn processes with custom security context");
    const same = ["alice", false, denied(/^not allowed to send/)];
    expect(got).toEqual([refused, refused, same, same]);
  });

  it("of a builder that was refused is never started, nor of one made from it; others are [S7.11, S10.8, S10.22, S10.23]", async () => {
    const some: Written = {
      id: "test:some",
      actions: ["process.spawn*", "process.host", "process.exec", "security.*"],
    };
    const got = await asAlice(
      `local refused = process.with_context({ key = 1 })
      local further = refused:with_message("topic", 1)
      local builder = process.with_context({})
      return { type(refused), refusal(refused:spawn("test:child", HOST)), refusal(further:exec("test:child", HOST)),
        refusal(refused:with_scope(security.scope()):spawn_monitored("test:child", HOST)), refusal(builder:spawn("test:child", HOST)),
        refusal(process.exec("test:child", HOST)) }`,
      { policies: [some], entries: { "test:child": "return 'ran'" } },
    );
    const refused = denied("not allowed to spawn processes with custom context");
    expect(got).toEqual(["userdata", refused, refused, refused, refused, ["succeeded", "ran"]]);
  });
});

describe("the details of a refusal", () => {
  it("say who asked for what, which policies were asked, what each said and why [S10.2, S10.4, S12.4]", async () => {
    const got = await asAlice(
      `local ok, err = process.registry.register("my-name")
      return { err:kind(), err:details(), err:retryable() == nil }`,
      { policies: [all, { id: "test:no-names", effect: "deny", actions: "process.registry.*" }] },
    );
    expect(got).toEqual([
      "PermissionDenied",
      {
        action: "process.registry.register",
        resource: "my-name",
        actor: "alice",
        reason: "policy test:no-names denies it",
        decidedBy: "test:no-names",
        policies: [
          { id: "test:no-names", says: "deny", why: "action, resource and all conditions match" },
          { id: "test:all", says: "allow", why: "action, resource and all conditions match" },
        ],
      },
      true,
    ]);
  });

  it.each([
    ["no policy allows it", { policies: [{ id: "test:x", actions: "x" }] }, "no policy of the scope allows it"],
    ["the scope is empty", { policies: [], scope: [] }, "the scope has no policies"],
    [
      "it has no scope, and security is strict",
      { scope: null, strict: true },
      "the process has no scope, and security is strict",
    ],
  ])("say so when %s [S10.3, S10.4]", async (_what, setting, reason) => {
    const got = await asAlice(`local ok, err = process.send(process.pid(), "t") return err:details().reason`, setting);
    expect(got).toBe(reason);
  });

  it("come with the refusal of a builder, and of security itself [S7.11, S10.46]", async () => {
    const got = await asAlice(
      `local _, one = process.with_context({}):spawn("test:child", HOST)
      local _, two = security.new_actor("root")
      return { one:details().action, one:details().resource, two:details().action, two:details().resource }`,
      { policies: [{ id: "test:some", actions: ["process.spawn", "process.host"] }], entries: { "test:child": "" } },
    );
    expect(got).toEqual(["process.context", "context", "security.actor.create", "root"]);
  });
});

describe("what a slice counts", () => {
  it.each([
    ["can", `security.can("a", "b")`],
    ["evaluate", `scope:evaluate(actor, "a", "b")`],
    ["contains", `scope:contains("test:none")`],
    ["policies", "scope:policies()"],
    ["without", `scope:without("test:none")`],
    ["new_scope", "security.new_scope(list)"],
  ])("is each policy that a call looks at: %s [S11.32, S11.33]", async (_what, call) => {
    const policies: Written[] = Array.from({ length: 300 }, (_, i) => ({ id: `test:p${i}`, actions: "doc.*" }));
    policies.push(all);
    const policed = new Policed({ policies });
    await simulate(
      1,
      async (sim) => {
        const source = `${preamble} return function()
          local scope, actor = security.scope(), security.actor()
          local list = scope:policies()
          while true do ${call} print("called") end
        end`;
        defineLua(sim, "test:acting", source, { modules: ["security"] });
        let calls = 0;
        sim.watchNotices((notice) => {
          if (notice.kind === "printed") calls++;
        });
        const scope = policed.scope(...policies.map(({ id }) => id));
        const pid = await sim.spawnWith({ actor: alice, scope }, "test:acting");
        let most = 0;
        for (let steps = 0, before = 0; steps < 20; steps++, before = calls) {
          await sim.step();
          most = Math.max(most, calls - before);
        }
        sim.terminate(pid);
        await sim.settle();
        expect(most).toBeGreaterThan(0);
        expect(most).toBeLessThan(15); // three hundred policies are worth nine thousand instructions
      },
      policed.options,
    );
  });

  it("is bounded for new_scope by the number of policies [S11.33]", async () => {
    const got = await asAlice(`local policy, list = security.scope():policies()[1], {}
      for i = 1, 4096 do list[i] = policy end
      local fine = #assert(security.new_scope(list)):policies()
      list[4097] = policy
      local ok, err = pcall(security.new_scope, list)
      return { fine, ok, err:kind(), err:message() }`);
    expect(got).toEqual([1, false, "Invalid", "too many policies (limit 4,096)"]);
  });
});
