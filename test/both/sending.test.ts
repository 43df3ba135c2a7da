/** What `send` answers and in which order messages arrive, told in both languages (S2.1–S2.16, S2.35, S2.36). */
import { describe, expect } from "vitest";
import { facts, type Told } from "../support/facts.ts";
import { LUA_REFUSAL, refusal, valueIn } from "../support/told.ts";

/** Lives until it is told to end. */
const waits: Told = {
  lua: "return function() process.listen('end'):receive() end",
  typescript: async (process) => process.listen("end").receive(),
};

/** Ends at once. */
const brief: Told = { lua: "return function() end", typescript: async () => null };

/** Fails at once. */
const failing: Told = {
  lua: "return function() error('failed') end",
  typescript: async () => {
    throw new Error("failed");
  },
};

describe("send", () => {
  facts([
    {
      title: "succeeds at once, before the receiver has done anything, also for what nobody reads [both S2.1, S2.9]",
      given: {
        "app:lazy": {
          lua: `return function()
            local message = process.inbox():receive()
            return { message:topic(), message:payload() }
          end`,
          typescript: async (process) => {
            const message = await process.inbox().receive();
            return [message.topic, message.payload];
          },
        },
      },
      when: {
        lua: `return function()
          local pid = process.spawn_monitored("app:lazy", "sim:processes")
          local answers = { process.send(pid, "topic", "value"), process.send(pid, "unread"), process.send(process.pid(), "unread") }
          return { answers, process.events():receive().result.value }
        end`,
        typescript: async (process) => {
          const pid = await process.spawnMonitored("app:lazy", "sim:processes");
          const answers = [
            process.send(pid, "topic", "value"),
            process.send(pid, "unread"),
            process.send(process.pid(), "unread"),
          ];
          return [answers.map((answer) => answer === null), (await process.events().receive()).result.value];
        },
      },
      then: [
        [true, true, true],
        ["topic", "value"],
      ],
    },
    {
      title: "to oneself goes through the mailbox, by pid and by name [both S2.1, S2.36]",
      when: {
        lua: `return function()
          local me, inbox = process.pid(), process.inbox()
          process.registry.register("me")
          process.send(me, "note", 1)
          process.send("me", "note", 2)
          local one, two = inbox:receive(), inbox:receive()
          return { one:payload(), one:from() == me, two:payload(), two:from() == me }
        end`,
        typescript: async (process) => {
          const [me, inbox] = [process.pid(), process.inbox()];
          await process.registry.register("me");
          process.send(me, "note", 1);
          process.send("me", "note", 2);
          const [one, two] = [await inbox.receive(), await inbox.receive()];
          return [one.payload, one.from === me, two.payload, two.from === me];
        },
      },
      then: [1, true, 2, true],
    },
    {
      title: "with fewer than two arguments is INVALID, whatever they are [both S2.2, S2.8, S12.10, S12.14]",
      when: {
        lua: `${LUA_REFUSAL}
        return function()
          return { refusal(process.send()), refusal(process.send(process.pid())), refusal(process.send({})) }
        end`,
        typescript: async (process) => [
          refusal(process.send()),
          refusal(process.send(process.pid())),
          refusal(process.send({})),
        ],
      },
      then: Array(3).fill(["Invalid", "send requires at least destination and topic arguments"]),
    },
    {
      title: "refuses reserved topics and delivers nothing [both S2.3, S12.15]",
      args: [["@", "@inbox", "@events", "@mine", "@ "]],
      when: {
        lua: `${LUA_REFUSAL}
        return function(topics)
          local told = {}
          for i, topic in ipairs(topics) do told[i] = refusal(process.send(process.pid(), topic, 1)) end
          local cases = { process.inbox():case_receive(), process.events():case_receive(), default = true }
          told[#told + 1] = channel.select(cases).default
          return told
        end`,
        typescript: async (process, topics) => {
          const told = topics.map((topic: string) => refusal(process.send(process.pid(), topic, 1)));
          const cases = [process.inbox().caseReceive(), process.events().caseReceive()];
          return [...told, (await process.select(cases, { default: true })).default];
        },
      },
      then: (outcome, sim) => {
        expect(valueIn(outcome)).toEqual([...Array(5).fill(["Invalid", "cannot send to @ topics"]), true]);
        expect(sim.deadLetters.count()).toBe(0);
      },
    },
    {
      title: "carries any other topic as it is, the empty one too [both S2.3, S2.21, S2.35]",
      args: [["", " @inbox", "a@b", "\u{ff20}inbox", "x".repeat(10_000), "toString", "null\u0000"]],
      when: {
        lua: `return function(topics)
          local inbox, seen = process.inbox(), {}
          for _, topic in ipairs(topics) do process.send(process.pid(), topic) end
          for i, topic in ipairs(topics) do seen[i] = inbox:receive():topic() == topic end
          return seen
        end`,
        typescript: async (process, topics) => {
          const inbox = process.inbox();
          for (const topic of topics) process.send(process.pid(), topic);
          const seen: boolean[] = [];
          for (const topic of topics) seen.push((await inbox.receive()).topic === topic);
          return seen;
        },
      },
      then: Array(7).fill(true),
    },
    {
      title:
        "refused by the guard is PERMISSION_DENIED, names the destination as given, and delivers nothing [both S2.4, S12.18]",
      refuse: ["process.send"],
      when: {
        lua: `${LUA_REFUSAL}
        return function()
          local me = process.pid()
          process.registry.register("me")
          local told = { me, refusal(process.send(me, "topic")), refusal(process.send("me", "topic")) }
          told[4] = channel.select({ process.inbox():case_receive(), default = true }).default
          return told
        end`,
        typescript: async (process) => {
          await process.registry.register("me");
          return [
            process.pid(),
            refusal(process.send(process.pid(), "topic")),
            refusal(process.send("me", "topic")),
            (await process.select([process.inbox().caseReceive()], { default: true })).default,
          ];
        },
      },
      then: (outcome, sim, asked) => {
        const [pid, ...told] = valueIn(outcome) as unknown[];
        const text = "not allowed to send:";
        expect(told).toEqual([["PermissionDenied", `${text} ${pid}`], ["PermissionDenied", `${text} me`], true]);
        expect(asked.filter((line) => line.startsWith("process.send"))).toEqual(Array(2).fill(`process.send ${pid}`));
        expect(sim.deadLetters.count()).toBe(0);
      },
    },
    {
      title: "to a process that ended, however it ended, or never was is NOT_FOUND [both S2.5, S2.9, S12.20]",
      given: { "app:brief": brief, "app:failing": failing, "app:waits": waits },
      when: {
        lua: `${LUA_REFUSAL}
        return function()
          local events, pids = process.events(), {}
          for i, id in ipairs({ "app:brief", "app:failing", "app:waits" }) do
            pids[i] = process.spawn_monitored(id, "sim:processes")
          end
          process.terminate(pids[3])
          for _ = 1, 3 do events:receive() end
          pids[4] = "{sim:processes|0x7ffff}"
          local told = {}
          for i, pid in ipairs(pids) do told[i] = refusal(process.send(pid, "topic")) end
          return told
        end`,
        typescript: async (process) => {
          const [events, pids] = [process.events(), [] as string[]];
          for (const id of ["app:brief", "app:failing", "app:waits"]) {
            pids.push(await process.spawnMonitored(id, "sim:processes"));
          }
          await process.terminate(pids[2]);
          for (let i = 0; i < 3; i++) await events.receive();
          return [...pids, "{sim:processes|0x7ffff}"].map((pid) => refusal(process.send(pid, "topic")));
        },
      },
      then: Array(4).fill(["NotFound", "process not found"]),
    },
    {
      title: "tells unknown hosts, unknown nodes and dead processes of a stopping host apart [both S2.6, S12.21]",
      given: { "app:brief": brief, "app:waits": waits },
      prepare: (sim) => {
        sim.addHost("sim:stopping");
        sim.define("test:stop", async () => sim.setHost("sim:stopping", "stopping"));
      },
      when: {
        lua: `${LUA_REFUSAL}
        return function()
          local ended = process.spawn_monitored("app:brief", "sim:stopping")
          local alive = process.spawn("app:waits", "sim:stopping")
          process.events():receive()
          process.exec("test:stop", "sim:processes")
          return { refusal(process.send("{no:host|0x00001}", "topic")),
            refusal(process.send("{node@sim:processes|0x00001}", "topic")),
            refusal(process.send(ended, "topic")), process.send(alive, "end") }
        end`,
        typescript: async (process) => {
          const ended = await process.spawnMonitored("app:brief", "sim:stopping");
          const alive = await process.spawn("app:waits", "sim:stopping");
          await process.events().receive();
          await process.exec("test:stop", "sim:processes");
          return [
            refusal(process.send("{no:host|0x00001}", "topic")),
            refusal(process.send("{node@sim:processes|0x00001}", "topic")),
            refusal(process.send(ended, "topic")),
            process.send(alive, "end") === null,
          ];
        },
      },
      then: [
        ["NotFound", "host not found"],
        ["NotFound", "node not found"],
        ["Unavailable", "host is shutting down"],
        true,
      ],
    },
    {
      title: "to a mailbox that rejects is RATE_LIMITED and retryable [both S2.7, S2.9, S2.49, S12.22]",
      given: { "app:full": { ...waits, mailbox: { limit: 1, overflow: "reject" } } },
      when: {
        lua: `return function()
          local pid = process.spawn("app:full", "sim:processes")
          local first = process.send(pid, "topic")
          local second, err = process.send(pid, "topic")
          return { first, second == nil, err:kind(), err:message(), err:retryable() }
        end`,
        typescript: async (process) => {
          const pid = await process.spawn("app:full", "sim:processes");
          const first = process.send(pid, "topic");
          const error = process.send(pid, "topic");
          return [first === null, error !== null, error.kind, error.message, error.retryable];
        },
      },
      then: [true, true, "RateLimited", "mailbox is full", true],
    },
    {
      title:
        "checks count, types, topic, resolution and permission, in this order, before the payload [both S2.8, S12.11]",
      refuse: ["process.send"],
      when: {
        lua: `${LUA_REFUSAL}
        local function raised(...)
          local ok, err = pcall(...)
          return refusal(nil, not ok and err)
        end
        return function()
          local bad, dead = { bad = print }, "{sim:processes|0x7ffff}"
          return { refusal(process.send({})), raised(process.send, {}, "@inbox"), raised(process.send, "nobody", nil, 1),
            refusal(process.send("nobody", "@inbox", bad)), refusal(process.send("nobody", "topic", bad)),
            refusal(process.send(dead, "topic", bad)) }
        end`,
        typescript: async (process) => {
          const bad = { bad: () => 1 };
          const raised = (...args: unknown[]) => {
            try {
              return process.send(...args);
            } catch (cause) {
              return refusal(cause);
            }
          };
          return [
            refusal(process.send({})),
            raised({}, "@inbox"),
            raised("nobody", null, 1),
            refusal(process.send("nobody", "@inbox", bad)),
            refusal(process.send("nobody", "topic", bad)),
            refusal(process.send("{sim:processes|0x7ffff}", "topic", bad)),
          ];
        },
      },
      then: (outcome) => {
        const told = valueIn(outcome) as [string, string][];
        expect(told.map(([kind, text]) => `${kind} ${text}`)).toEqual([
          "Invalid send requires at least destination and topic arguments",
          expect.stringMatching(/^Invalid bad argument #1 to 'send'/),
          expect.stringMatching(/^Invalid bad argument #2 to 'send'/),
          "Invalid cannot send to @ topics",
          "NotFound could not resolve 'nobody' as PID or registered name",
          "PermissionDenied not allowed to send: {sim:processes|0x7ffff}",
        ]);
      },
    },
    {
      title: "copies the payload before it looks for the process or its mailbox [both S2.8]",
      given: { "app:full": { ...waits, mailbox: { limit: 1, overflow: "reject" } } },
      when: {
        lua: `${LUA_REFUSAL}
        return function()
          local full, told = process.spawn("app:full", "sim:processes"), {}
          process.send(full, "topic")
          for i, to in ipairs({ full, "{sim:processes|0x7ffff}", "{no:host|0x00001}" }) do
            told[i] = { refusal(process.send(to, "topic", { bad = print })), refusal(process.send(to, "topic", 1))[1] }
          end
          return told
        end`,
        typescript: async (process) => {
          const full = await process.spawn("app:full", "sim:processes");
          process.send(full, "topic");
          return [full, "{sim:processes|0x7ffff}", "{no:host|0x00001}"].map((to) => [
            refusal(process.send(to, "topic", { bad: () => 1 })),
            refusal(process.send(to, "topic", 1))[0],
          ]);
        },
      },
      then: ["RateLimited", "NotFound", "NotFound"].map((kind) => [
        ["Invalid", "payload.bad: function cannot be sent"],
        kind,
      ]),
    },
    {
      title: "to P is NOT_FOUND for whoever has received P's EXIT or LINK_DOWN [both S2.10]",
      given: { "app:failing": failing },
      when: {
        lua: `${LUA_REFUSAL}
        return function()
          process.set_options({ trap_links = true })
          local events, told = process.events(), {}
          for _ = 1, 4 do process.spawn_linked_monitored("app:failing", "sim:processes") end
          for i = 1, 8 do told[i] = refusal(process.send(events:receive().from, "late"))[2] end
          return told
        end`,
        typescript: async (process) => {
          process.setOptions({ trapLinks: true });
          const [events, told] = [process.events(), [] as string[]];
          for (let i = 0; i < 4; i++) await process.spawnLinkedMonitored("app:failing", "sim:processes");
          for (let i = 0; i < 8; i++) told.push(refusal(process.send((await events.receive()).from, "late"))[1]);
          return told;
        },
      },
      then: Array(8).fill("process not found"),
    },
  ]);
});

describe("the order of messages", () => {
  facts([
    {
      title:
        "of one sender to one receiver is that of its sends, whatever their topics and whoever else sends [both S2.11]",
      given: {
        "app:sender": {
          lua: `return function(to, name)
            for i = 1, 100 do
              process.send(to, ({ "a", "b", "", "c" })[i % 4 + 1], name, i)
              if i % 7 == 0 then require("time").sleep("1ms") end
            end
          end`,
          typescript: async (process, to, name) => {
            for (let i = 1; i <= 100; i++) {
              process.send(to, ["a", "b", "", "c"][i % 4], name, i);
              if (i % 7 === 0) await process.sleep(1);
            }
          },
        },
      },
      when: {
        lua: `return function()
          local inbox, due, inOrder = process.inbox(), { one = 1, two = 1, three = 1 }, 0
          for name in pairs(due) do process.spawn("app:sender", "sim:processes", process.pid(), name) end
          for _ = 1, 300 do
            local name, i = table.unpack(inbox:receive():payload())
            if due[name] == i then inOrder = inOrder + 1 end
            due[name] = i + 1
          end
          return inOrder
        end`,
        typescript: async (process) => {
          const inbox = process.inbox();
          const due: Record<string, number> = { one: 1, two: 1, three: 1 };
          for (const name of Object.keys(due)) await process.spawn("app:sender", "sim:processes", process.pid(), name);
          let inOrder = 0;
          for (let n = 0; n < 300; n++) {
            const [name, i] = (await inbox.receive()).payload;
            if (due[name] === i) inOrder++;
            due[name] = i + 1;
          }
          return inOrder;
        },
      },
      then: 300,
    },
    {
      title: "puts what a process has sent before its EXIT and its LINK_DOWN [both S2.12]",
      given: {
        "app:child": {
          lua: `return function(to)
            for i = 1, 3 do process.send(to, "last", i) end
            error("over")
          end`,
          typescript: async (process, to) => {
            for (let i = 1; i <= 3; i++) process.send(to, "last", i);
            throw new Error("over");
          },
        },
      },
      when: {
        lua: `return function()
          process.set_options({ trap_links = true })
          local inbox, events, seen = process.inbox(), process.events(), {}
          for _ = 1, 20 do
            process.spawn_linked_monitored("app:child", "sim:processes", process.pid())
            events:receive()
            for _ = 1, 3 do
              local got = channel.select({ inbox:case_receive(), default = true })
              seen[#seen + 1] = got.default and "late" or got.value:payload()
            end
            events:receive()
          end
          return seen
        end`,
        typescript: async (process) => {
          process.setOptions({ trapLinks: true });
          const [inbox, events, seen] = [process.inbox(), process.events(), [] as unknown[]];
          for (let run = 0; run < 20; run++) {
            await process.spawnLinkedMonitored("app:child", "sim:processes", process.pid());
            await events.receive();
            for (let i = 0; i < 3; i++) {
              const got = await process.select([inbox.caseReceive()], { default: true });
              seen.push(got.default ? "late" : got.value.payload);
            }
            await events.receive();
          }
          return seen;
        },
      },
      then: Array(20).fill([1, 2, 3]).flat(),
    },
    {
      title: "holds within each subscription, and one that nobody reads holds back no other [both S2.13, S2.14]",
      when: {
        lua: `return function()
          local unread, read, inbox, got = process.listen("unread"), process.listen("read"), process.inbox(), {}
          for i = 0, 299 do process.send(process.pid(), ({ "unread", "read", "other" })[i % 3 + 1], i) end
          for _ = 1, 100 do got[#got + 1] = read:receive() end
          for _ = 1, 100 do got[#got + 1] = inbox:receive():payload() end
          for _ = 1, 100 do got[#got + 1] = unread:receive() end
          return got
        end`,
        typescript: async (process) => {
          const [unread, read, inbox] = [process.listen("unread"), process.listen("read"), process.inbox()];
          for (let i = 0; i < 300; i++) process.send(process.pid(), ["unread", "read", "other"][i % 3], i);
          const got: unknown[] = [];
          for (let i = 0; i < 100; i++) got.push(await read.receive());
          for (let i = 0; i < 100; i++) got.push((await inbox.receive()).payload);
          for (let i = 0; i < 100; i++) got.push(await unread.receive());
          return got;
        },
      },
      then: [1, 2, 0].flatMap((rest) => Array.from({ length: 100 }, (_, i) => 3 * i + rest)),
    },
    {
      title:
        "or their number is not changed by many senders and readers that open and close: each comes exactly once [both S2.14]",
      given: {
        "app:sender": {
          lua: `return function(to, first)
            for i = first, first + 99 do
              process.send(to, ({ "a", "b", "c" })[i % 3 + 1], i)
              if i % 5 == 0 then require("time").sleep("1ms") end
            end
          end`,
          typescript: async (process, to, first) => {
            for (let i = first; i < first + 100; i++) {
              process.send(to, ["a", "b", "c"][i % 3], i);
              if (i % 5 === 0) await process.sleep(1);
            }
          },
        },
      },
      when: {
        lua: `return function()
          local seen, doubled = {}, 0
          local function note(i)
            if seen[i] then doubled = doubled + 1 end
            seen[i] = true
          end
          for _, topic in ipairs({ "a", "b", "a" }) do
            coroutine.spawn(function()
              while true do
                local source = process.listen(topic)
                for _ = 1, 4 do
                  local i, ok = source:receive()
                  if not ok then break end
                  note(i)
                end
                source:close()
              end
            end)
          end
          for first = 1, 301, 100 do process.spawn("app:sender", "sim:processes", process.pid(), first) end
          local inbox, over = process.inbox(), require("time").after("10s")
          while true do
            local got = channel.select({ inbox:case_receive(), over:case_receive() })
            if got.channel == over then break end
            note(got.value:payload())
          end
          local count = 0
          for _ in pairs(seen) do count = count + 1 end
          return { count, doubled }
        end`,
        typescript: async (process) => {
          const seen = new Set<number>();
          let doubled = 0;
          const note = (i: number) => {
            if (seen.has(i)) doubled++;
            seen.add(i);
          };
          for (const topic of ["a", "b", "a"]) {
            process.go(async () => {
              for (;;) {
                const source = process.listen(topic);
                for (let n = 0; n < 4; n++) {
                  const got = await process.select([source.caseReceive()]);
                  if (!got.ok) break;
                  note(got.value);
                }
                source.close();
              }
            });
          }
          for (let first = 1; first <= 301; first += 100) {
            await process.spawn("app:sender", "sim:processes", process.pid(), first);
          }
          const [inbox, over] = [process.inbox(), process.after("10s")];
          for (;;) {
            const got = await process.select([inbox.caseReceive(), over.caseReceive()]);
            if (got.channel === over) break;
            note(got.value.payload);
          }
          return [seen.size, doubled];
        },
      },
      then: [400, 0],
    },
  ]);
});

describe("a payload", () => {
  facts([
    {
      title: "of none or one is itself, of more one list, by message and raw [both S2.15, S2.16, S2.35]",
      when: {
        lua: `return function()
          local raw, inbox, me, got = process.listen("raw"), process.inbox(), process.pid(), {}
          for _, topic in ipairs({ "raw", "message" }) do
            process.send(me, topic, 7)
            process.send(me, topic, false)
            process.send(me, topic, "")
            process.send(me, topic, { 1, 2 })
            process.send(me, topic, 1, 2)
            process.send(me, topic, { 1 }, "b")
            for _ = 1, 6 do
              if topic == "raw" then got[#got + 1] = raw:receive() else got[#got + 1] = inbox:receive():payload() end
            end
          end
          return got
        end`,
        typescript: async (process) => {
          const [raw, inbox, me, got] = [process.listen("raw"), process.inbox(), process.pid(), [] as unknown[]];
          for (const topic of ["raw", "message"]) {
            process.send(me, topic, 7);
            process.send(me, topic, false);
            process.send(me, topic, "");
            process.send(me, topic, [1, 2]);
            process.send(me, topic, 1, 2);
            process.send(me, topic, [1], "b");
            for (let i = 0; i < 6; i++)
              got.push(topic === "raw" ? await raw.receive() : (await inbox.receive()).payload);
          }
          return got;
        },
      },
      then: Array(2)
        .fill([7, false, "", [1, 2], [1, 2], [[1], "b"]])
        .flat(),
    },
    {
      title: "of nothing is nil, with ok true on a raw channel, apart from a closed one [both S2.15]",
      when: {
        lua: `return function()
          local raw, me = process.listen("raw"), process.pid()
          process.send(me, "raw")
          local value, ok = raw:receive()
          process.send(me, "raw", nil)
          local again, stillOk = raw:receive()
          process.send(me, "message")
          local payload = process.inbox():receive():payload()
          process.unlisten(raw)
          local closed, closedOk = raw:receive()
          return { value == nil, ok, again == nil, stillOk, payload == nil, closed == nil, closedOk }
        end`,
        typescript: async (process) => {
          const [raw, me] = [process.listen("raw"), process.pid()];
          process.send(me, "raw");
          const open = await process.select([raw.caseReceive()]);
          process.send(me, "raw", null);
          const again = await process.select([raw.caseReceive()]);
          process.send(me, "message");
          const { payload } = await process.inbox().receive();
          process.unlisten(raw);
          const closed = await process.select([raw.caseReceive()]);
          return [
            open.value === null,
            open.ok,
            again.value === null,
            again.ok,
            payload === null,
            closed.value === undefined,
            closed.ok,
          ];
        },
      },
      then: [true, true, true, true, true, true, false],
    },
  ]);
});

describe("a message", () => {
  facts([
    {
      title: "has the sender's topic and pid and gives the same payload at every look [both S2.35, S2.36]",
      given: {
        "app:sender": {
          lua: "return function(to) process.send(to, 'Topic ☃', { a = { 1 } }) return process.pid() end",
          typescript: async (process, to) => {
            process.send(to, "Topic ☃", { a: [1] });
            return process.pid();
          },
        },
      },
      when: {
        lua: `return function()
          local sender = process.exec("app:sender", "sim:processes", process.pid())
          local message = process.inbox():receive()
          return { message:topic(), message:from() == sender, rawequal(message:payload(), message:payload()),
            message:payload().a }
        end`,
        typescript: async (process) => {
          const sender = await process.exec("app:sender", "sim:processes", process.pid());
          const message = await process.inbox().receive();
          const first = message.payload;
          return [message.topic, message.from === sender, message.payload === first, first.a];
        },
      },
      then: ["Topic ☃", true, true, [1]],
    },
    {
      title: "has no sender when a builder queued it or it comes from outside [both S2.36]",
      given: {
        "app:child": {
          lua: `return function()
            local inbox = process.inbox()
            return { inbox:receive():from() == nil, inbox:receive():from() == nil }
          end`,
          typescript: async (process) => {
            const inbox = process.inbox();
            return [(await inbox.receive()).from === null, (await inbox.receive()).from === null];
          },
        },
      },
      prepare: (sim) => sim.define("test:outside", async () => sim.send("child", "outside") === null),
      when: {
        lua: `return function()
          local builder = process.with_context({}):with_message("queued", 1):with_name("child")
          builder:spawn_monitored("app:child", "sim:processes")
          local sent = process.exec("test:outside", "sim:processes")
          return { sent, process.events():receive().result.value }
        end`,
        typescript: async (process) => {
          const builder = process.withContext({}).withMessage("queued", 1).withName("child");
          await builder.spawnMonitored("app:child", "sim:processes");
          const sent = await process.exec("test:outside", "sim:processes");
          return [sent, (await process.events().receive()).result.value];
        },
      },
      then: [true, [true, true]],
    },
  ]);
});
