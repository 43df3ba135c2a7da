/** What a process is called, told in both languages: pids, call chains, names and destinations (section 1). */
import { describe, expect } from "vitest";
import { facts, type Told } from "../support/facts.ts";
import { LUA_REFUSAL, refusal, valueIn } from "../support/told.ts";

/** Answers its own id and pid. */
const ids: Told = {
  lua: "return function() return { process.id(), process.pid() } end",
  typescript: async (process) => [process.id(), process.pid()],
};

/** Lives until it is told to end. */
const waits: Told = {
  lua: "return function() process.listen('end'):receive() end",
  typescript: async (process) => process.listen("end").receive(),
};

/** Well-formed pids that are nobody's, and what is said of them. */
const NOBODIES = [
  ["{|}", "host not found"],
  ["{nowhere|0x00001}", "host not found"],
  ["{a@b|c@d|e}", "node not found"],
  ["{a|b@c}", "host not found"],
  ["{sim:processes|}", "process not found"],
  ["{sim:processes|0xfffff}", "process not found"],
  ["{sim:processes|0x00001|0x00001}", "process not found"],
  ["{sim:processes|not hexadecimal}", "process not found"],
  ["{sim:processes|0x0001}", "process not found"],
  ["{sim:processes|0x000001}", "process not found"],
  ["{sim:processes|1}", "process not found"],
] as const;

/** Texts that are names, since they are not well-formed pids. */
const NAMES = [
  ..."a, ,@inbox,naïve ☃ 名前,{half,half},{no bar},bar|bar,{a|b,a|b},{},|,app:entry,\u0000,__proto__,constructor".split(
    ",",
  ),
  "x".repeat(10_000),
];

/** Texts that are neither a pid nor a registered name. */
const UNRESOLVED = ["", "nobody", "{not a pid}", "@inbox"];

describe("a pid", () => {
  facts([
    {
      title: "is a plain text: the host, a bar, 0x and at least five lowercase hexadecimal digits [both S1.2, S1.5]",
      given: { "app:ids": ids },
      prepare: (sim) => sim.addHost("app.web:pool-1"),
      when: {
        lua: `return function()
          local pid = process.spawn("app:ids", "app.web:pool-1")
          return { type(pid), pid, process.pid() }
        end`,
        typescript: async (process) => {
          const pid = await process.spawn("app:ids", "app.web:pool-1");
          return [typeof pid, pid, process.pid()];
        },
      },
      then: (outcome) => {
        const [type, there, here] = valueIn(outcome) as string[];
        expect(type).toBe("string");
        expect(there).toMatch(/^\{app\.web:pool-1\|0x[0-9a-f]{5,}\}$/);
        expect(here).toMatch(/^\{sim:processes\|0x[0-9a-f]{5,}\}$/);
      },
    },
    {
      title: "is one text for the process, its spawner, its receivers and its watchers [both S1.5, S1.8]",
      given: {
        "app:child": {
          lua: `return function(to)
            process.send(to, "me", process.pid())
            require("time").sleep("10ms")
            process.send(to, "me", process.pid())
          end`,
          typescript: async (process, to) => {
            process.send(to, "me", process.pid());
            await process.sleep(10);
            process.send(to, "me", process.pid());
          },
        },
      },
      when: {
        lua: `return function()
          local inbox, events = process.inbox(), process.events()
          local pid = process.spawn_monitored("app:child", "sim:processes", process.pid())
          local one, two, exit = inbox:receive(), inbox:receive(), events:receive()
          return { one:payload() == pid, two:payload() == pid, one:from() == pid, two:from() == pid, exit.from == pid }
        end`,
        typescript: async (process) => {
          const [inbox, events] = [process.inbox(), process.events()];
          const pid = await process.spawnMonitored("app:child", "sim:processes", process.pid());
          const [one, two] = [await inbox.receive(), await inbox.receive()];
          const exit = await events.receive();
          return [one.payload, two.payload, one.from, two.from, exit.from].map((text) => text === pid);
        },
      },
      then: [true, true, true, true, true],
    },
    {
      title: "is never given twice in 2,000 starts and ends, and a dead one stays dead [both S1.4, S2.5]",
      given: { "app:brief": { lua: "return function() end", typescript: async () => null } },
      when: {
        lua: `${LUA_REFUSAL}
        return function()
          local seen, count, first = {}, 0, nil
          for wave = 1, 20 do
            for i = 1, 100 do
              local pid = process.spawn("app:brief", "sim:processes")
              first = first or pid
              if not seen[pid] then seen[pid], count = true, count + 1 end
            end
            require("time").sleep("1ms")
          end
          return { count, refusal(process.send(first, "topic")) }
        end`,
        typescript: async (process) => {
          const seen = new Set<string>();
          for (let wave = 0; wave < 20; wave++) {
            for (let i = 0; i < 100; i++) seen.add(await process.spawn("app:brief", "sim:processes"));
            await process.sleep(1);
          }
          return [seen.size, refusal(process.send([...seen][0], "topic"))];
        },
      },
      then: [2_000, ["NotFound", "process not found"]],
    },
  ]);

  facts([
    {
      title:
        "is any text in braces with a bar; of one that names nobody the host, or the node, is the first thing missed [both S1.6, S1.7, S1.15, S2.5, S2.6]",
      args: [NOBODIES.map(([pid]) => pid)],
      when: {
        lua: `${LUA_REFUSAL}
        return function(pids)
          local seen = { process.pid() }
          for _, pid in ipairs(pids) do
            seen[#seen + 1] = refusal(process.send(pid, "topic"))
            seen[#seen + 1] = refusal(process.monitor(pid))
          end
          return seen
        end`,
        typescript: async (process, pids) => {
          const seen = [process.pid()];
          for (const pid of pids) {
            seen.push(refusal(process.send(pid, "topic")), await process.monitor(pid).catch(refusal));
          }
          return seen;
        },
      },
      // The first is the one that asks: none of the texts may be taken for it.
      then: [
        "{sim:processes|0x00001}",
        ...NOBODIES.flatMap(([, text]) => [
          ["NotFound", text],
          ["NotFound", text],
        ]),
      ],
    },
  ]);
});

describe("id()", () => {
  facts([
    {
      title: "is the entry of the chain and lowercase hexadecimal digits [both S1.9]",
      given: { "app.jobs:importer": ids },
      when: {
        lua: `return function()
          local seen = {}
          for i = 1, 20 do
            process.spawn("app.jobs:importer", "sim:processes")
            seen[i] = process.exec("app.jobs:importer", "sim:processes")[1]
          end
          return seen
        end`,
        typescript: async (process) => {
          const seen: string[] = [];
          for (let i = 0; i < 20; i++) {
            await process.spawn("app.jobs:importer", "sim:processes");
            seen.push((await process.exec("app.jobs:importer", "sim:processes"))[0]);
          }
          return seen;
        },
      },
      then: (outcome) => {
        for (const id of valueIn(outcome) as string[]) expect(id).toMatch(/^test:acting#[0-9a-f]+$/);
      },
    },
    {
      title: "names a new chain for every spawn variant of the module and of builders [both S1.10]",
      given: {
        "app:child": {
          lua: "return function(to) process.send(to, 'id', process.id()) end",
          typescript: async (process, to) => process.send(to, "id", process.id()),
        },
      },
      when: {
        lua: `return function()
          local inbox, seen, me = process.inbox(), { process.id() }, process.pid()
          process.spawn("app:child", "sim:processes", me)
          process.spawn_monitored("app:child", "sim:processes", me)
          process.spawn_linked("app:child", "sim:processes", me)
          process.spawn_linked_monitored("app:child", "sim:processes", me)
          local builder = process.with_context({})
          builder:spawn("app:child", "sim:processes", me)
          builder:spawn_monitored("app:child", "sim:processes", me)
          builder:spawn_linked("app:child", "sim:processes", me)
          builder:spawn_linked_monitored("app:child", "sim:processes", me)
          for i = 1, 8 do seen[i + 1] = inbox:receive():payload() end
          return seen
        end`,
        typescript: async (process) => {
          const [inbox, seen] = [process.inbox(), [process.id()]];
          for (const by of [process, process.withContext({})]) {
            await by.spawn("app:child", "sim:processes", process.pid());
            await by.spawnMonitored("app:child", "sim:processes", process.pid());
            await by.spawnLinked("app:child", "sim:processes", process.pid());
            await by.spawnLinkedMonitored("app:child", "sim:processes", process.pid());
          }
          for (let i = 0; i < 8; i++) seen.push((await inbox.receive()).payload);
          return seen;
        },
      },
      then: (outcome) => {
        const [own, ...others] = valueIn(outcome) as string[];
        expect(new Set([own, ...others]).size).toBe(9);
        for (const id of others) expect(id).toMatch(/^app:child#[0-9a-f]+$/);
      },
    },
    {
      title: "is one text along a chain of execs, also when several run at once [both S1.11]",
      given: {
        "app:leaf": ids,
        "app:middle": {
          lua: `return function()
            return { process.id(), process.exec("app:leaf", "sim:processes")[1] }
          end`,
          typescript: async (process) => [process.id(), (await process.exec("app:leaf", "sim:processes"))[0]],
        },
      },
      when: {
        lua: `return function()
          local seen, results = { process.id() }, channel.new(3)
          for i = 1, 3 do
            coroutine.spawn(function() results:send(process.exec("app:middle", "sim:processes")) end)
          end
          for i = 1, 3 do
            for _, id in ipairs(results:receive()) do seen[#seen + 1] = id end
          end
          for _, id in ipairs(process.with_context({ a = 1 }):exec("app:middle", "sim:processes")) do
            seen[#seen + 1] = id
          end
          return seen
        end`,
        typescript: async (process) => {
          const three = await Promise.all([1, 2, 3].map(() => process.exec("app:middle", "sim:processes")));
          const built = await process.withContext({ a: 1 }).exec("app:middle", "sim:processes");
          return [process.id(), ...three.flat(), ...built];
        },
      },
      then: (outcome) => {
        const seen = valueIn(outcome) as string[];
        expect(seen).toHaveLength(9);
        expect(new Set(seen).size).toBe(1);
      },
    },
    {
      title:
        "stays through an upgrade to another entry, as pid() does, while watchers see the new entry [both S1.8, S1.12]",
      given: {
        "app:old": {
          lua: "return function() process.upgrade('app:new', { process.id(), process.pid() }) end",
          typescript: async (process) => process.upgrade("app:new", [process.id(), process.pid()]),
        },
        "app:new": {
          lua: "return function(old) return { old, { process.id(), process.pid() } } end",
          typescript: async (process, old) => [old, [process.id(), process.pid()]],
        },
      },
      when: {
        lua: "return function() return process.exec('app:old', 'sim:processes') end",
        typescript: async (process) => process.exec("app:old", "sim:processes"),
      },
      then: (outcome, sim) => {
        const [old, now] = valueIn(outcome) as string[][];
        expect(now).toEqual(old);
        const entries = sim.trace.filter((line) => line.includes(String(now?.[1])) && !line.includes(" turn "));
        expect(entries.map((line) => line.split(" ").slice(1).join(" "))).toEqual([
          `spawned ${now?.[1]} app:old`,
          `upgraded ${now?.[1]} app:new`,
          `exited ${now?.[1]} normal`,
        ]);
      },
    },
    {
      title: "needs no permission and never waits, like pid() [both S1.13]",
      refuse: ["*"],
      when: ids,
      then: (outcome, sim, asked) => {
        expect(valueIn(outcome)).toHaveLength(2);
        expect(asked).toEqual([]);
        expect(sim.trace.filter((line) => line.includes(" turn "))).toHaveLength(1);
      },
    },
  ]);
});

describe("a name", () => {
  facts([
    {
      title: "may be any text that is no pid, and is a destination [both S1.6, S1.14, S1.15]",
      args: [NAMES],
      when: {
        lua: `return function(names)
          local inbox, seen = process.inbox(), {}
          for i, name in ipairs(names) do
            process.registry.register(name)
            process.send(name, "hello", i)
            seen[i] = process.registry.lookup(name) == process.pid() and inbox:receive():payload()
          end
          return seen
        end`,
        typescript: async (process, names) => {
          const inbox = process.inbox();
          const seen: unknown[] = [];
          for (const [i, name] of names.entries()) {
            await process.registry.register(name);
            process.send(name, "hello", i + 1);
            const found = (await process.registry.lookup(name)) === process.pid();
            seen.push(found && (await inbox.receive()).payload);
          }
          return seen;
        },
      },
      then: NAMES.map((_, i) => i + 1),
    },
  ]);

  facts([
    {
      title: "is compared byte by byte [both S1.14, S1.16]",
      when: {
        lua: `${LUA_REFUSAL}
        return function()
          process.registry.register("Größe")
          local answers = { process.send("Gr\\u{f6}ße", "hello") }
          for i, other in ipairs({ "größe", "Größe ", "Gro\\u{308}ße" }) do
            answers[i + 1] = refusal(process.send(other, "hello"))[2]
          end
          return answers
        end`,
        typescript: async (process) => {
          await process.registry.register("Größe");
          return [
            process.send("Gr\u00f6ße", "hello") === null,
            ...["größe", "Größe ", "Gro\u0308ße"].map((other) => refusal(process.send(other, "hello"))[1]),
          ];
        },
      },
      then: [
        true,
        ...["größe", "Größe ", "Gro\u0308ße"].map((name) => `could not resolve '${name}' as PID or registered name`),
      ],
    },
  ]);
});

describe("a destination", () => {
  facts([
    {
      title: "that is neither pid nor name is NOT_FOUND for every operation [both S1.15, S1.16]",
      args: [UNRESOLVED],
      when: {
        lua: `${LUA_REFUSAL}
        return function(texts)
          local seen = {}
          for _, text in ipairs(texts) do
            seen[#seen + 1] = refusal(process.send(text, "topic"))
            for _, operation in ipairs({ "terminate", "cancel", "monitor", "unmonitor", "link", "unlink" }) do
              seen[#seen + 1] = refusal(process[operation](text))
            end
          end
          return seen
        end`,
        typescript: async (process, texts) => {
          const seen: unknown[] = [];
          for (const text of texts) {
            seen.push(refusal(process.send(text, "topic")));
            for (const operation of ["terminate", "cancel", "monitor", "unmonitor", "link", "unlink"]) {
              seen.push(await process[operation](text).catch(refusal));
            }
          }
          return seen;
        },
      },
      then: UNRESOLVED.flatMap((text) =>
        Array(7).fill(["NotFound", `could not resolve '${text}' as PID or registered name`]),
      ),
    },
  ]);

  facts([
    {
      title: "given as a name or a pid serves every operation [both S1.15]",
      given: { "app:waits": waits },
      when: {
        lua: `return function()
          local byName = process.with_context({}):with_name("target"):spawn("app:waits", "sim:processes")
          local byPid = process.spawn("app:waits", "sim:processes")
          local answers = {}
          for _, target in ipairs({ "target", byPid }) do
            for _, operation in ipairs({ "monitor", "unmonitor", "link", "unlink", "cancel", "terminate" }) do
              answers[#answers + 1] = process[operation](target)
            end
          end
          require("time").sleep("1ms")
          return answers
        end`,
        typescript: async (process) => {
          await process.withContext({}).withName("target").spawn("app:waits", "sim:processes");
          const byPid = await process.spawn("app:waits", "sim:processes");
          const answers: boolean[] = [];
          for (const target of ["target", byPid]) {
            for (const operation of ["monitor", "unmonitor", "link", "unlink", "cancel", "terminate"]) {
              answers.push((await process[operation](target)) === undefined);
            }
          }
          await process.sleep(1);
          return answers;
        },
      },
      then: (outcome, sim) => {
        expect(valueIn(outcome)).toEqual(Array(12).fill(true));
        expect(sim.alive).toBe(0);
      },
    },
    {
      title: "given as a name is resolved at the call: messages and monitors stay with the old holder [both S1.17]",
      given: {
        "app:reports": {
          lua: `return function(to, label)
            for _ = 1, 2 do
              local message = process.inbox():receive()
              if message:topic() == "end" then return label end
              process.send(to, label, message:topic())
            end
          end`,
          typescript: async (process, to, label) => {
            for (let i = 0; i < 2; i++) {
              const message = await process.inbox().receive();
              if (message.topic === "end") return label;
              process.send(to, label, message.topic);
            }
          },
        },
      },
      when: {
        lua: `return function()
          local inbox, events = process.inbox(), process.events()
          local first = process.spawn("app:reports", "sim:processes", process.pid(), "first")
          local second = process.spawn("app:reports", "sim:processes", process.pid(), "second")
          process.registry.register("target", first)
          process.monitor("target")
          process.send("target", "before")
          process.registry.unregister("target")
          process.registry.register("target", second)
          process.send("target", "after")
          local seen = {}
          for _ = 1, 2 do
            local message = inbox:receive()
            seen[message:topic()] = message:payload()
          end
          process.send(second, "end")
          require("time").sleep("1ms")
          local early = channel.select({ events:case_receive(), default = true }).default
          process.send(first, "end")
          local exit = events:receive()
          return { seen, early, exit.from == first, exit.result.value }
        end`,
        typescript: async (process) => {
          const [inbox, events] = [process.inbox(), process.events()];
          const first = await process.spawn("app:reports", "sim:processes", process.pid(), "first");
          const second = await process.spawn("app:reports", "sim:processes", process.pid(), "second");
          await process.registry.register("target", first);
          await process.monitor("target");
          process.send("target", "before");
          await process.registry.unregister("target");
          await process.registry.register("target", second);
          process.send("target", "after");
          const seen: Record<string, unknown> = {};
          for (let i = 0; i < 2; i++) {
            const message = await inbox.receive();
            seen[message.topic] = message.payload;
          }
          process.send(second, "end");
          await process.sleep(1);
          const early = (await process.select([events.caseReceive()], { default: true })).default;
          process.send(first, "end");
          const exit = await events.receive();
          return [seen, early, exit.from === first, exit.result.value];
        },
      },
      then: [{ first: "before", second: "after" }, true, true, "first"],
    },
    {
      title:
        "is resolved before the permission is asked, whose resource is the pid found, and a dead pid is refused first [both S1.18, S2.4]",
      given: { "app:brief": { lua: "return function() end", typescript: async () => null } },
      refuse: ["process.send", "process.monitor"],
      when: {
        lua: `${LUA_REFUSAL}
        return function()
          process.registry.register("target")
          local dead = process.spawn("app:brief", "sim:processes")
          require("time").sleep("1ms")
          return { dead, refusal(process.send("nobody", "topic")), refusal(process.send("target", "topic")),
            refusal(process.send(dead, "topic")), refusal(process.monitor(dead))[1], refusal(process.send("{nowhere|0x1}", "topic"))[1] }
        end`,
        typescript: async (process) => {
          await process.registry.register("target");
          const dead = await process.spawn("app:brief", "sim:processes");
          await process.sleep(1);
          return [
            dead,
            refusal(process.send("nobody", "topic")),
            refusal(process.send("target", "topic")),
            refusal(process.send(dead, "topic")),
            (await process.monitor(dead).catch(refusal))[0],
            refusal(process.send("{nowhere|0x1}", "topic"))[0],
          ];
        },
      },
      then: (outcome, _sim, asked) => {
        const [dead, ...answers] = valueIn(outcome) as [string, ...unknown[]];
        expect(answers).toEqual([
          ["NotFound", "could not resolve 'nobody' as PID or registered name"],
          ["PermissionDenied", "not allowed to send: target"],
          ["PermissionDenied", `not allowed to send: ${dead}`],
          "PermissionDenied",
          "PermissionDenied",
        ]);
        expect(asked.filter((line) => line.startsWith("process.send"))).toEqual([
          "process.send {sim:processes|0x00001}",
          `process.send ${dead}`,
          "process.send {nowhere|0x1}",
        ]);
      },
    },
  ]);
});

describe("a process id", () => {
  facts([
    {
      title: "is split at the first colon, as a host id is [both S1.19]",
      given: { "x:y:z": ids, "x.y:z.w": ids },
      prepare: (sim) => sim.addHost("a:b:c"),
      when: {
        lua: `return function()
          return { process.spawn("x:y:z", "a:b:c"), process.spawn("x.y:z.w", "a:b:c") }
        end`,
        typescript: async (process) => [await process.spawn("x:y:z", "a:b:c"), await process.spawn("x.y:z.w", "a:b:c")],
      },
      then: (outcome) => {
        for (const pid of valueIn(outcome) as string[]) expect(pid).toMatch(/^\{a:b:c\|0x[0-9a-f]{5,}\}$/);
      },
    },
  ]);
});
