/** Starting processes, told in both languages: the variants, the start sequence, what a child gets (S3.1–S3.5, S3.21–S3.32). */
import { describe, expect } from "vitest";
import { ProcessError } from "../../src/index.ts";
import { type Fact, facts, type Told } from "../support/facts.ts";
import { defineLua } from "../support/lua.ts";
import { LUA_REFUSAL, refusal, valueIn } from "../support/told.ts";

const VARIANTS = ["spawn", "spawn_monitored", "spawn_linked", "spawn_linked_monitored"];
const camel = (name: string) => name.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());

const brief: Told = { lua: "return function() return 'done' end", typescript: async () => "done" };
const failing: Told = {
  lua: "return function() error('at once') end",
  typescript: () => {
    throw new Error("at once");
  },
};
const waits: Told = {
  lua: "return function() channel.new():receive() end",
  typescript: async (process) => process.channel().receive(),
};

describe("the four variants of spawn", () => {
  facts([
    {
      title: "start the entry on the host named, where it stays, and answer its pid [both S3.1, S3.2, S3.5]",
      given: {
        "app:child": {
          lua: `return function(to, n)
            process.send(to, "here", process.pid(), n)
            require("time").sleep("1h")
            process.send(to, "here", process.pid(), n)
          end`,
          typescript: async (process, to, n) => {
            process.send(to, "here", process.pid(), n);
            await process.sleep("1h");
            process.send(to, "here", process.pid(), n);
          },
        },
      },
      prepare: (sim) => sim.addHost("sim:other"),
      args: [VARIANTS],
      when: {
        lua: `return function(variants)
          local pids, counts, here = {}, {}, process.listen("here")
          for i, variant in ipairs(variants) do
            pids[i] = process[variant]("app:child", i % 2 == 0 and "sim:other" or "sim:processes", process.pid(), i)
          end
          for _ = 1, 8 do
            local pid, n = table.unpack((here:receive()))
            if pid == pids[n] then counts[n] = (counts[n] or 0) + 1 end
          end
          return { pids, counts }
        end`,
        typescript: async (process, variants) => {
          const [pids, here] = [[] as string[], process.listen("here")];
          for (const [i, variant] of variants.entries()) {
            const host = i % 2 === 0 ? "sim:processes" : "sim:other";
            pids.push(await process[camel(variant)]("app:child", host, process.pid(), i + 1));
          }
          const counts = pids.map(() => 0);
          for (let i = 0; i < 8; i++) {
            const [pid, n] = await here.receive();
            if (pid === pids[n - 1]) counts[n - 1] = (counts[n - 1] as number) + 1;
          }
          return [pids, counts];
        },
      },
      then: (outcome) => {
        const [pids, counts] = valueIn(outcome) as [string[], number[]];
        expect(pids.map((pid) => pid.split("|")[0])).toEqual([
          "{sim:processes",
          "{sim:other",
          "{sim:processes",
          "{sim:other",
        ]);
        expect(counts).toEqual([2, 2, 2, 2]);
      },
    },
    {
      title:
        "give of a child that ends in its first step what they promise: EXIT, LINK_DOWN, both or none [both S3.2, S3.3]",
      given: { "app:failing": failing, "app:brief": brief },
      args: [VARIANTS],
      when: {
        lua: `return function(variants)
          process.set_options({ trap_links = true })
          local events, told = process.events(), {}
          for _, variant in ipairs(variants) do
            for _, id in ipairs({ "app:failing", "app:brief" }) do
              local pid, kinds = process[variant](id, "sim:processes"), {}
              require("time").sleep("1ms")
              while true do
                local got = channel.select({ events:case_receive(), default = true })
                if got.default then break end
                kinds[#kinds + 1] = got.value.from == pid and got.value.kind
              end
              told[#told + 1] = table.concat(kinds, " ")
            end
          end
          return told
        end`,
        typescript: async (process, variants) => {
          process.setOptions({ trapLinks: true });
          const [events, told] = [process.events(), [] as string[]];
          for (const variant of variants) {
            for (const id of ["app:failing", "app:brief"]) {
              const pid = await process[camel(variant)](id, "sim:processes");
              const kinds: string[] = [];
              await process.sleep(1);
              for (;;) {
                const got = await process.select([events.caseReceive()], { default: true });
                if (got.default) break;
                kinds.push(got.value.from === pid && got.value.kind);
              }
              told.push(kinds.join(" "));
            }
          }
          return told;
        },
      },
      then: ["", "", "pid.exit", "pid.exit", "pid.link.down", "", "pid.exit pid.link.down", "pid.exit"],
    },
    {
      title: "link in both directions if they link, so a failing parent takes its child along [both S3.2]",
      given: { "app:waits": waits },
      args: [VARIANTS],
      when: {
        lua: `return function(variants)
          for _, variant in ipairs(variants) do process[variant]("app:waits", "sim:processes") end
          require("time").sleep("1ms")
          process.send("observer", "before")
          error("failed")
        end`,
        typescript: async (process, variants) => {
          for (const variant of variants) await process[camel(variant)]("app:waits", "sim:processes");
          await process.sleep(1);
          throw new Error("failed");
        },
      },
      then: (outcome, sim) => {
        expect("error" in outcome).toBe(true);
        const ends = sim.trace.filter((line) => line.includes("exited") && line.includes("linked process failed"));
        expect(ends.length + sim.alive).toBe(4);
        expect(sim.isAlive("{sim:processes|0x00002}")).toBe(true);
        expect(sim.isAlive("{sim:processes|0x00003}")).toBe(true);
      },
    },
    {
      title: "stop only the coroutine that calls them while the module loads [both S3.4]",
      prepare: (sim) => sim.define("app:slow", async () => null, { loadMs: 100 }),
      args: [VARIANTS],
      when: {
        lua: `return function(variants)
          local told = {}
          for _, variant in ipairs(variants) do
            local seen = {}
            coroutine.spawn(function()
              for _ = 1, 3 do
                require("time").sleep("20ms")
                seen[#seen + 1] = "other"
              end
            end)
            process[variant]("app:slow", "sim:processes")
            seen[#seen + 1] = "spawned"
            told[#told + 1] = table.concat(seen, " ")
          end
          return told
        end`,
        typescript: async (process, variants) => {
          const told: string[] = [];
          for (const variant of variants) {
            const seen: string[] = [];
            process.go(async () => {
              for (let i = 0; i < 3; i++) {
                await process.sleep(20);
                seen.push("other");
              }
            });
            await process[camel(variant)]("app:slow", "sim:processes");
            seen.push("spawned");
            told.push(seen.join(" "));
          }
          return told;
        },
      },
      then: Array(4).fill("other other other spawned"),
    },
    {
      title: "answer the pid no later than any coroutine gets a message or event from the child [both S3.4]",
      prepare: (sim) => {
        const eager = async (process: any, to: string) => process.send(to, "child");
        sim.define("app:eager", eager, { loadMs: 10 });
        defineLua(sim, "app:eager-lua", "for _ = 1, 1e6 do end return function(to) process.send(to, 'child') end");
      },
      when: {
        lua: `return function()
          local firsts = {}
          for _, id in ipairs({ "app:eager", "app:eager-lua" }) do
            local seen = {}
            for _ = 1, 2 do
              coroutine.spawn(function() process.inbox():receive() seen[#seen + 1] = "message" end)
            end
            coroutine.spawn(function() process.events():receive() seen[#seen + 1] = "event" end)
            require("time").sleep("0s")
            process.spawn_monitored(id, "sim:processes", process.pid())
            seen[#seen + 1] = "spawned"
            require("time").sleep("100ms")
            firsts[#firsts + 1] = { seen[1], #seen }
            process.send(process.pid(), "to the other")
            require("time").sleep("1ms")
          end
          return firsts
        end`,
        typescript: async (process) => {
          const firsts: unknown[] = [];
          for (const id of ["app:eager", "app:eager-lua"]) {
            const seen: string[] = [];
            for (let i = 0; i < 2; i++) {
              process.go(async () => {
                await process.inbox().receive();
                seen.push("message");
              });
            }
            process.go(async () => {
              await process.events().receive();
              seen.push("event");
            });
            await process.sleep(0);
            await process.spawnMonitored(id, "sim:processes", process.pid());
            seen.push("spawned");
            await process.sleep(100);
            firsts.push([seen[0], seen.length]);
            process.send(process.pid(), "to the other");
            await process.sleep(1);
          }
          return firsts;
        },
      },
      then: [
        ["spawned", 3],
        ["spawned", 3],
      ],
    },
  ]);
});

describe("a module that does not load", () => {
  /** Entries, and what spawning them answers. */
  const failures: [id: string, kind: string, text: string][] = [
    ["app:broken", "Internal", "failed to load module: boom"],
    ["app:nothing", "NotFound", 'method "default" not found in module'],
    ["lua:fails", "Internal", "failed to load module: fails.lua:2: boom"],
    ["lua:fails-with-object", "Internal", "failed to load module: no seat"],
    ["lua:waits", "Internal", "failed to load module: top-level code cannot wait"],
    ["lua:waits-in-pcall", "Internal", "failed to load module: top-level code cannot wait"],
    ["lua:no-method", "NotFound", 'method "main" not found in module'],
    ["lua:no-function", "NotFound", 'method "main" not found in module'],
    ["lua:no-result", "NotFound", 'method "main" not found in module'],
    ["lua:text-result", "NotFound", 'method "main" not found in module'],
  ];

  facts([
    {
      title:
        "is the spawner's error and never an EXIT or LINK_DOWN, and exec's as well [both S3.21, S3.22, S3.25, S3.26, S3.35, S12.24]",
      prepare: (sim) => {
        const loadError = new ProcessError({ kind: "Internal", message: "failed to load module: boom" });
        sim.define("app:broken", async () => null, { loadError, loadMs: 10 });
        sim.define("app:nothing", undefined);
        defineLua(sim, "lua:fails", "local x = 1\nerror('boom') return function() end");
        defineLua(sim, "lua:fails-with-object", "error(errors.new(errors.CONFLICT, 'no seat'))");
        defineLua(sim, "lua:waits", "channel.new():receive() return function() end");
        defineLua(sim, "lua:waits-in-pcall", "pcall(function() channel.new():receive() end) return function() end");
        defineLua(sim, "lua:no-method", "return { other = function() end }");
        defineLua(sim, "lua:no-function", "return { main = 1 }");
        defineLua(sim, "lua:no-result", "local x = 1");
        defineLua(sim, "lua:text-result", "return 'main'");
      },
      args: [failures.map(([id]) => id)],
      when: {
        lua: `${LUA_REFUSAL}
        return function(ids)
          process.set_options({ trap_links = true })
          local told = {}
          for _, id in ipairs(ids) do
            told[#told + 1] = refusal(process.spawn_linked_monitored(id, "sim:processes"))
            told[#told + 1] = refusal(process.exec(id, "sim:processes"))
          end
          require("time").sleep("1h")
          told[#told + 1] = channel.select({ process.events():case_receive(), default = true }).default
          return told
        end`,
        typescript: async (process, ids) => {
          process.setOptions({ trapLinks: true });
          const told: unknown[] = [];
          for (const id of ids) {
            told.push(await process.spawnLinkedMonitored(id, "sim:processes").catch(refusal));
            told.push(await process.exec(id, "sim:processes").catch(refusal));
          }
          await process.sleep("1h");
          const got = await process.select([process.events().caseReceive()], { default: true });
          return [...told, got.default];
        },
      },
      then: (outcome, sim) => {
        const expected = failures.flatMap(([, kind, text]) => [
          [kind, text],
          [kind, text],
        ]);
        expect(valueIn(outcome)).toEqual([...expected, true]);
        expect(sim.trace.filter((line) => line.includes("spawned"))).toHaveLength(1);
      },
    },
    {
      title: "does not compile: the answer names file and line and shows it [both S3.21]",
      prepare: (sim) => defineLua(sim, "lua:typo", "local x = 1\nlocal y = = 2\nreturn function() end"),
      when: {
        lua: `${LUA_REFUSAL}
        return function() return refusal(process.spawn("lua:typo", "sim:processes")) end`,
        typescript: async (process) => process.spawn("lua:typo", "sim:processes").catch(refusal),
      },
      then: (outcome) => {
        const [kind, text] = valueIn(outcome) as string[];
        expect(kind).toBe("Internal");
        expect(text).toMatch(/^failed to load module: typo\.lua:2: unexpected symbol near '='\n2 \| local y = = 2/);
      },
    },
    {
      title: "is not what a failure of main is: that is an EXIT and never the spawner's error [both S3.25]",
      given: { "app:failing": failing },
      when: {
        lua: `return function()
          local pid, err = process.spawn_monitored("app:failing", "sim:processes")
          local exit = process.events():receive()
          return { type(pid), err == nil, exit.kind, exit.from == pid, exit.result.error:match("at once$") }
        end`,
        typescript: async (process) => {
          const pid = await process.spawnMonitored("app:failing", "sim:processes");
          const exit = await process.events().receive();
          return [typeof pid, true, exit.kind, exit.from === pid, /at once$/.exec(exit.result.error)?.[0]];
        },
      },
      then: ["string", true, "pid.exit", true, "at once"],
    },
  ]);
});

describe("the start", () => {
  facts([
    {
      title:
        "is one step: name, pid and queued messages are there before main and before anyone who learns of it [both S3.27]",
      given: {
        "app:child": {
          lua: `return function()
            local inbox, got = process.inbox(), { process.registry.lookup("child") == process.pid() }
            for i = 1, 5 do got[i + 1] = inbox:receive():payload() end
            return got
          end`,
          typescript: async (process) => {
            const inbox = process.inbox();
            const got: unknown[] = [(await process.registry.lookup("child")) === process.pid()];
            for (let i = 0; i < 5; i++) got.push((await inbox.receive()).payload);
            return got;
          },
        },
      },
      prepare: (sim) =>
        sim.watch((one) => {
          if (one.kind !== "spawned" || one.entry !== "app:child") return;
          sim.send(one.pid, "m", "by pid");
          sim.send("child", "m", "by name");
        }),
      when: {
        lua: `return function()
          local builder = process.with_context({}):with_name("child"):with_message("m", 1):with_message("m", 2)
          local pid = builder:spawn_linked_monitored("app:child", "sim:processes")
          process.send(pid, "m", "parent")
          return process.events():receive().result.value
        end`,
        typescript: async (process) => {
          const builder = process.withContext({}).withName("child").withMessage("m", 1).withMessage("m", 2);
          const pid = await builder.spawnLinkedMonitored("app:child", "sim:processes");
          process.send(pid, "m", "parent");
          return (await process.events().receive()).result.value;
        },
      },
      then: [true, 1, 2, "by pid", "by name", "parent"],
    },
    {
      title: "hands the arguments over in order, as private copies, trailing nils counted [both S3.28, S2.37]",
      given: {
        "app:count": {
          lua: "return function(...) return { select('#', ...), (select(2, ...)) } end",
          typescript: async (_process, ...args) => [args.length, args[1]],
        },
        "app:change": {
          lua: "return function(list, same) list[#list + 1] = 3 return { list, same } end",
          typescript: async (_process, list, same) => {
            list.push(3);
            return [list, same];
          },
        },
      },
      when: {
        lua: `return function()
          local list = { 1 }
          return { process.exec("app:count", "sim:processes", 1, "two", { 3 }, nil, nil),
            process.exec("app:count", "sim:processes", nil, "two", nil),
            process.exec("app:change", "sim:processes", list, list), list }
        end`,
        typescript: async (process) => {
          const list = [1];
          return [
            await process.exec("app:count", "sim:processes", 1, "two", [3], null, null),
            await process.exec("app:count", "sim:processes", null, "two", null),
            await process.exec("app:change", "sim:processes", list, list),
            list,
          ];
        },
      },
      then: [
        [5, "two"],
        [3, "two"],
        [
          [1, 3],
          [1, 3],
        ],
        [1],
      ],
    },
  ]);
});

describe("a child", () => {
  facts([
    {
      title: "inherits context values to any depth, by spawn and by exec [both S3.31]",
      given: {
        "app:deep": {
          lua: `return function(left)
            local ctx = require("ctx")
            if left == 0 then return { ctx.get("key") } end
            local rest
            if left % 2 == 0 then rest = process.exec("app:deep", "sim:processes", left - 1)
            else
              process.spawn_monitored("app:deep", "sim:processes", left - 1)
              rest = process.events():receive().result.value
            end
            rest[#rest + 1] = ctx.get("key")
            return rest
          end`,
          typescript: async (process, left) => {
            if (left === 0) return [process.ctx.get("key")];
            const below = ["app:deep", "sim:processes", left - 1];
            if (left % 2 === 0) return [...(await process.exec(...below)), process.ctx.get("key")];
            await process.spawnMonitored(...below);
            return [...(await process.events().receive()).result.value, process.ctx.get("key")];
          },
        },
      },
      when: {
        lua: `return function()
          return process.with_context({ key = { a = 1 } }):exec("app:deep", "sim:processes", 6)
        end`,
        typescript: async (process) => process.withContext({ key: { a: 1 } }).exec("app:deep", "sim:processes", 6),
      },
      then: Array(7).fill({ a: 1 }),
    },
    {
      title: "inherits no names, monitors, links, subscriptions, trap_links, messages or deadlines [both S3.32]",
      given: {
        "app:failing-later": {
          lua: "return function() require('time').sleep('1s') error('failed') end",
          typescript: async (process) => {
            await process.sleep("1s");
            throw new Error("failed");
          },
        },
        "app:child": {
          lua: `return function()
            local function empty(ch) return channel.select({ ch:case_receive(), default = true }).default end
            local told = { process.registry.lookup("parent") ~= process.pid(), process.get_options().trap_links,
              empty(process.inbox()), empty(process.listen("listened")) }
            require("time").sleep("1h")
            told[5] = empty(process.events())
            process.send("observer", "told", told)
          end`,
          typescript: async (process) => {
            const empty = async (channel: any) =>
              (await process.select([channel.caseReceive()], { default: true })).default === true;
            const told = [
              (await process.registry.lookup("parent")) !== process.pid(),
              process.getOptions().trapLinks,
              await empty(process.inbox()),
              await empty(process.listen("listened")),
            ];
            await process.sleep("1h");
            told.push(await empty(process.events()));
            process.send("observer", "told", told);
          },
        },
        "app:parent": {
          lua: `return function()
            process.registry.register("parent")
            process.set_options({ trap_links = true })
            process.spawn_linked_monitored("app:failing-later", "sim:processes")
            process.listen("listened")
            process.send(process.pid(), "listened", 1)
            process.send(process.pid(), "inbox", 2)
            process.cancel(process.pid(), "1m")
            process.spawn("app:child", "sim:processes")
            channel.new():receive()
          end`,
          typescript: async (process) => {
            await process.registry.register("parent");
            process.setOptions({ trapLinks: true });
            await process.spawnLinkedMonitored("app:failing-later", "sim:processes");
            process.listen("listened");
            process.send(process.pid(), "listened", 1);
            process.send(process.pid(), "inbox", 2);
            await process.cancel(process.pid(), "1m");
            await process.spawn("app:child", "sim:processes");
            await process.channel().receive();
          },
        },
      },
      when: {
        lua: `return function()
          process.registry.register("observer")
          process.spawn_monitored("app:parent", "sim:processes")
          return { process.inbox():receive():payload(), process.events():receive().result.error }
        end`,
        typescript: async (process) => {
          await process.registry.register("observer");
          await process.spawnMonitored("app:parent", "sim:processes");
          const told = (await process.inbox().receive()).payload;
          return [told, (await process.events().receive()).result.error];
        },
      },
      then: [[true, false, true, true, true], "cancel deadline exceeded"],
    },
  ] satisfies Fact[]);
});
