/** Context and SpawnBuilder (section 7), in both languages. */
import { describe } from "vitest";
import { RefusingGuard } from "../scenarios/refusal.ts";
import { facts, type Told } from "../support/facts.ts";
import { answer, ending, HOST, luaMain, peers, raised } from "../support/peers.ts";

/** Ends with all of its context values. */
const CONTEXT: Told = {
  lua: `return function() return require("ctx").all() end`,
  typescript: async (process) => process.ctx.all(),
};

/** Ends with the topics and payloads of so many messages of its inbox, and who sent them. */
const READER: Told = {
  lua: `return function(count)
    local got = {}
    for i = 1, count do
      local msg = process.inbox():receive()
      got[i] = { msg:topic(), msg:payload(), msg:from() == nil }
    end
    return got
  end`,
  typescript: async (process, count) => {
    const got: unknown[] = [];
    for (let i = 0; i < count; i++) {
      const message = await process.inbox().receive();
      got.push([message.topic, message.payload, message.from === null]);
    }
    return got;
  },
};

describe("a builder", () => {
  facts([
    {
      title:
        "overlays the caller's values, later ones winning, to any depth; the caller's own stay [both S7.1, S7.4, S7.15]",
      given: {
        "app:context": CONTEXT,
        "app:middle": {
          lua: luaMain(`
            local own = require("ctx").all()
            local child = process.with_context{b = "middle", c = 3}:with_context{c = 4}:exec("app:context", HOST)
            local plain = process.exec("app:context", HOST)
            return { own, child, plain, require("ctx").get("a") }`),
          typescript: async (process) => {
            const own = process.ctx.all();
            const builder = process.withContext({ b: "middle", c: 3 }).withContext({ c: 4 });
            const child = await builder.exec("app:context", HOST);
            const plain = await process.exec("app:context", HOST);
            return [own, child, plain, process.ctx.get("a")];
          },
        },
      },
      when: {
        lua: luaMain(`return process.with_context{a = {1, 2}, b = "top"}:exec("app:middle", HOST)`),
        typescript: (process) => process.withContext({ a: [1, 2], b: "top" }).exec("app:middle", HOST),
      },
      then: [{ a: [1, 2], b: "top" }, { a: [1, 2], b: "middle", c: 4 }, { a: [1, 2], b: "top" }, [1, 2]],
    },
    {
      title: "is immutable and spawns any number of times [both S7.3]",
      given: { "app:context": CONTEXT, ...peers("app:idle") },
      when: {
        lua: luaMain(`
          local first = process.with_context{a = 1}
          local named = first:with_name("only one")
          local more = first:with_context{a = 2}
          local ends = { first:exec("app:context", HOST).a, more:exec("app:context", HOST).a,
            first:exec("app:context", HOST).a }
          local one, two = first:spawn("app:idle", HOST), first:spawn("app:idle", HOST)
          return { ends, one ~= two, answer(process.registry.lookup("only one")) }`),
        typescript: async (process) => {
          const first = process.withContext({ a: 1 });
          first.withName("only one");
          const more = first.withContext({ a: 2 });
          const ends: unknown[] = [];
          for (const builder of [first, more, first]) ends.push((await builder.exec("app:context", HOST)).a);
          const [one, two] = [await first.spawn("app:idle", HOST), await first.spawn("app:idle", HOST)];
          return [ends, one !== two, await answer(process.registry.lookup("only one"))];
        },
      },
      then: [[1, 2, 1], true, ["NotFound", "name not registered"]],
    },
    {
      title:
        "registers a name in the start step, which frees itself; a name in use starts nothing and tells nobody [both S7.6, S7.7]",
      guard: () => new RefusingGuard("process.registry.register"),
      given: peers("app:obedient"),
      when: {
        lua: luaMain(`
          local builder = process.with_context{}:with_name("worker")
          local pid = builder:spawn_monitored("app:obedient", HOST)
          local held = process.registry.lookup("worker") == pid
          local second = answer(builder:with_message("fail"):spawn("app:obedient", HOST))
          time.sleep("1s")
          process.send("worker", "return", "by name")
          local ended = ending(process.events():receive())
          local free = answer(process.registry.lookup("worker"))
          return { held, second, ended, free, type(builder:spawn("app:obedient", HOST)) }`),
        typescript: async (process) => {
          const builder = process.withContext({}).withName("worker");
          const pid = await builder.spawnMonitored("app:obedient", HOST);
          const held = (await process.registry.lookup("worker")) === pid;
          const second = await answer(builder.withMessage("fail").spawn("app:obedient", HOST));
          await process.sleep("1s");
          process.send("worker", "return", "by name");
          const ended = ending(await process.events().receive());
          const free = await answer(process.registry.lookup("worker"));
          return [held, second, ended, free, typeof (await builder.spawn("app:obedient", HOST))];
        },
      },
      then: [
        true,
        ["AlreadyExists", "name already registered"],
        "by name",
        ["NotFound", "name not registered"],
        "string",
      ],
    },
    {
      title:
        "queues messages in the order of the calls, for each process it starts, before those of others [both S7.8]",
      given: { "app:reader": READER },
      when: {
        lua: luaMain(`
          local builder = process.with_context{}:with_message("one", 1):with_message("two"):with_message("three", 1, 2)
          local pid = builder:spawn_monitored("app:reader", HOST, 4)
          process.send(pid, "four", "sent")
          local got = ending(process.events():receive())
          return { got[1], got[2][1], got[2][3], got[3], got[4], builder:exec("app:reader", HOST, 1) }`),
        typescript: async (process) => {
          const builder = process.withContext({}).withMessage("one", 1).withMessage("two").withMessage("three", 1, 2);
          const pid = await builder.spawnMonitored("app:reader", HOST, 4);
          process.send(pid, "four", "sent");
          const got = ending(await process.events().receive()) as any[];
          const [, two] = got;
          // No payload leaves a hole in Lua.
          const [topic, isFromNobody] = [two[0] ?? two["1"], two[2] ?? two["3"]];
          return [got[0], topic, isFromNobody, got[2], got[3], await builder.exec("app:reader", HOST, 1)];
        },
      },
      then: [["one", 1, true], "two", true, ["three", [1, 2], true], ["four", "sent", false], [["one", 1, true]]],
    },
    {
      title: "limits exec by a timeout read like a deadline of cancel; spawns ignore it [both S7.10, S7.14]",
      given: peers("app:idle", "app:returns"),
      when: {
        lua: luaMain(`
          local base = process.with_context{}
          local got = {
            answer(base:with_options{timeout = "1s"}:exec("app:idle", HOST)),
            answer(base:with_options{timeout = 250}:exec("app:idle", HOST)),
            base:with_options{timeout = "1s"}:exec("app:returns", HOST, "in time"),
            base:with_options{}:exec("app:returns", HOST, "without"),
          }
          local pid = base:with_options{timeout = "1s"}:spawn("app:idle", HOST)
          time.sleep("1h")
          got[5] = process.send(pid, "alive")
          return got`),
        typescript: async (process) => {
          const base = process.withContext({});
          const got: unknown[] = [
            await answer(base.withOptions({ timeout: "1s" }).exec("app:idle", HOST)),
            await answer(base.withOptions({ timeout: 250 }).exec("app:idle", HOST)),
            await base.withOptions({ timeout: "1s" }).exec("app:returns", HOST, "in time"),
            await base.withOptions({}).exec("app:returns", HOST, "without"),
          ];
          const pid = await base.withOptions({ timeout: "1s" }).spawn("app:idle", HOST);
          await process.sleep("1h");
          return [...got, process.send(pid, "alive") === null];
        },
      },
      then: [["Timeout", "exec timeout"], ["Timeout", "exec timeout"], "in time", "without", true],
    },
    {
      title: "refuses wrong names, topics, data and options at once [both S7.2, S7.6, S7.9, S7.10, S7.12]",
      when: {
        lua: luaMain(`
          local b = process.with_context{}
          return {
            raised(b.with_name, b, ""), raised(b.with_name, b, "{a|b}"),
            raised(b.with_message, b, "@inbox"), raised(b.with_message, b, "topic", print),
            raised(b.with_options, b, {timeout = "soon"}), raised(b.with_options, b, {color = "red"}),
            raised(process.with_context, {f = print}), raised(b.with_context, b, {f = print}),
          }`),
        typescript: async (process) => {
          const b = process.withContext({});
          return [
            raised(() => b.withName("")),
            raised(() => b.withName("{a|b}")),
            raised(() => b.withMessage("@inbox")),
            raised(() => b.withMessage("topic", () => {})),
            raised(() => b.withOptions({ timeout: "soon" })),
            raised(() => b.withOptions({ color: "red" })),
            raised(() => process.withContext({ f() {} })),
            raised(() => b.withContext({ f() {} })),
          ];
        },
      },
      then: [
        ["Invalid", "name cannot be empty"],
        ["Invalid", "name cannot have the form of a PID"],
        ["Invalid", "cannot send to @ topics"],
        ["Invalid", "payload: function cannot be sent"],
        ["Invalid", "invalid duration format: soon"],
        ["Invalid", "option color is not supported"],
        ["Invalid", "context.f: function cannot be sent"],
        ["Invalid", "context.f: function cannot be sent"],
      ],
    },
    {
      title:
        "remembers a refused permission: its calls succeed, every spawn and exec of it and its heirs fails [both S7.4, S7.11]",
      guard: () => new RefusingGuard("process.context"),
      given: peers("app:returns"),
      when: {
        lua: luaMain(`
          local b = process.with_context{a = 1}
          local heir = b:with_name("heir"):with_message("m"):with_options{timeout = "1s"}
          return {
            answer(b:spawn("app:returns", HOST)), answer(b:exec("app:returns", HOST)),
            answer(heir:spawn_monitored("app:returns", HOST)), answer(heir:spawn_linked("app:returns", HOST)),
            answer(heir:spawn_linked_monitored("app:returns", HOST)), answer(process.registry.lookup("heir")),
          }`),
        typescript: async (process) => {
          const b = process.withContext({ a: 1 });
          const heir = b.withName("heir").withMessage("m").withOptions({ timeout: "1s" });
          return [
            await answer(b.spawn("app:returns", HOST)),
            await answer(b.exec("app:returns", HOST)),
            await answer(heir.spawnMonitored("app:returns", HOST)),
            await answer(heir.spawnLinked("app:returns", HOST)),
            await answer(heir.spawnLinkedMonitored("app:returns", HOST)),
            await answer(process.registry.lookup("heir")),
          ];
        },
      },
      then: [
        ...Array.from({ length: 5 }, () => ["PermissionDenied", "not allowed to spawn processes with custom context"]),
        ["NotFound", "name not registered"],
      ],
    },
    {
      title: "spawns, checks and fails as the module functions do [both S7.13, S7.14]",
      guard: () => new RefusingGuard("process.spawn.monitored", "process.spawn.linked"),
      given: peers("app:returns"),
      when: {
        lua: luaMain(`
          local b = process.with_context{}
          return {
            type(b:spawn("app:returns", HOST)), answer(b:spawn("app:returns", "app:nowhere")),
            answer(b:spawn("app:none", HOST)), answer(b:spawn("none", HOST)), answer(b:spawn("app:returns")),
            answer(b:spawn_monitored("app:returns")), answer(b:exec("app:returns")),
            answer(b:spawn_monitored("app:returns", HOST)), answer(b:spawn_linked("app:returns", HOST)),
            answer(b:spawn_linked_monitored("app:returns", HOST)), answer(b:exec("app:none", HOST)),
          }`),
        typescript: async (process) => {
          const b = process.withContext({});
          return [
            typeof (await b.spawn("app:returns", HOST)),
            await answer(b.spawn("app:returns", "app:nowhere")),
            await answer(b.spawn("app:none", HOST)),
            await answer(b.spawn("none", HOST)),
            await answer(b.spawn("app:returns")),
            await answer(b.spawnMonitored("app:returns")),
            await answer(b.exec("app:returns")),
            await answer(b.spawnMonitored("app:returns", HOST)),
            await answer(b.spawnLinked("app:returns", HOST)),
            await answer(b.spawnLinkedMonitored("app:returns", HOST)),
            await answer(b.exec("app:none", HOST)),
          ];
        },
      },
      then: [
        "string",
        ["NotFound", "host not found"],
        ["NotFound", "process entry not found: app:none"],
        ["Invalid", "invalid process ID format (namespace:name required)"],
        ["Invalid", "spawn requires at least id and host arguments"],
        ["Invalid", "spawn_monitored requires at least id and host arguments"],
        ["Invalid", "exec requires id and host arguments"],
        ["PermissionDenied", "not allowed to spawn monitored process: app:returns"],
        ["PermissionDenied", "not allowed to spawn linked process: app:returns"],
        ["PermissionDenied", "not allowed to spawn monitored process: app:returns"],
        ["NotFound", "process entry not found: app:none"],
      ],
    },
    {
      title:
        "monitors and links as the module functions do, and gives exec its context, name and messages [both S7.13, S7.14]",
      given: {
        ...peers("app:obedient"),
        "app:named": {
          lua: luaMain(`
            local name = ...
            return { process.registry.lookup(name) == process.pid(), process.inbox():receive():payload(),
              require("ctx").get("a") }`),
          typescript: async (process, name) => [
            (await process.registry.lookup(name)) === process.pid(),
            (await process.inbox().receive()).payload,
            process.ctx.get("a"),
          ],
        },
      },
      when: {
        lua: luaMain(`
          process.set_options{trap_links = true}
          local b = process.with_context{a = 1}:with_message("fail")
          local got, events = {}, process.events()
          for i, name in ipairs{ "spawn_monitored", "spawn_linked", "spawn_linked_monitored" } do
            b[name](b, "app:obedient", HOST)
            got[i] = events:receive().kind
          end
          got[4] = events:receive().kind
          local named = process.with_context{a = 1}:with_message("m", "queued"):with_name("n")
          got[5] = named:exec("app:named", HOST, "n")
          return got`),
        typescript: async (process) => {
          process.setOptions({ trapLinks: true });
          const b = process.withContext({ a: 1 }).withMessage("fail");
          const got: unknown[] = [];
          for (const name of ["spawnMonitored", "spawnLinked", "spawnLinkedMonitored"]) {
            await b[name]("app:obedient", HOST);
            got.push((await process.events().receive()).kind);
          }
          got.push((await process.events().receive()).kind);
          const named = process.withContext({ a: 1 }).withMessage("m", "queued").withName("n");
          return [...got, await named.exec("app:named", HOST, "n")];
        },
      },
      then: ["pid.exit", "pid.link.down", "pid.exit", "pid.link.down", [true, "queued", 1]],
    },
  ]);
});
