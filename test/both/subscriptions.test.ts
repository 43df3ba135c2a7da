/** Inbox, events and listeners, told in both languages: which message goes where (S2.17–S2.34). */
import { describe } from "vitest";
import { type Fact, facts } from "../support/facts.ts";
import { LUA_REFUSAL, refusal } from "../support/told.ts";

/** In Lua: what a channel has at this moment, without a wait; a message as `topic=payload`. */
const AT_ONCE = `local function at_once(source)
  local got = channel.select({ source:case_receive(), default = true })
  if got.default then return "nothing" end
  if not got.ok then return "closed" end
  local ok, topic = pcall(function() return got.value:topic() end)
  if ok then return topic .. "=" .. tostring(got.value:payload()) end
  return got.value
end`;

/** The same in TypeScript. */
async function atOnce(process: any, source: any): Promise<any> {
  const got = await process.select([source.caseReceive()], { default: true });
  if (got.default === true) return "nothing";
  if (!got.ok) return "closed";
  const { topic, payload } = got.value ?? {};
  return topic === undefined ? got.value : `${topic}=${payload}`;
}

describe("the channels", () => {
  facts([
    {
      title: "inbox yields messages, events yields events, a listener payloads [both S2.17, S2.18, S2.19, S2.22]",
      when: {
        lua: `return function()
          local inbox, events, raw, me = process.inbox(), process.events(), process.listen("raw"), process.pid()
          process.send(me, "any", 1)
          process.send(me, "raw", 2)
          process.cancel(me)
          local message, event = inbox:receive(), events:receive()
          return { message:topic(), message:payload(), message:from() == me, event.kind == process.event.CANCEL,
            event.topic == nil, (raw:receive()) }
        end`,
        typescript: async (process) => {
          const [inbox, events, raw, me] = [process.inbox(), process.events(), process.listen("raw"), process.pid()];
          process.send(me, "any", 1);
          process.send(me, "raw", 2);
          await process.cancel(me);
          const [message, event] = [await inbox.receive(), await events.receive()];
          return [
            message.topic,
            message.payload,
            message.from === me,
            event.kind === process.event.CANCEL,
            event.topic === undefined,
            await raw.receive(),
          ];
        },
      },
      then: ["any", 1, true, true, true, 2],
    },
    {
      title: "need no permission, nor does unlisten [both S2.19]",
      refuse: ["*"],
      when: {
        lua: `return function()
          local answers = {}
          for i, ch in ipairs({ process.inbox(), process.events(), process.listen("a") }) do answers[i] = process.unlisten(ch) end
          return answers
        end`,
        typescript: async (process) =>
          [process.inbox(), process.events(), process.listen("a")].map((ch) => process.unlisten(ch) === undefined),
      },
      then: [true, true, true],
    },
    {
      title: "of reserved topics and of the empty one are refused by listen [both S2.20, S2.21, S12.15]",
      when: {
        lua: `${LUA_REFUSAL}
        return function()
          local told = {}
          for i, topic in ipairs({ "@", "@inbox", "@events", "@a", "" }) do
            told[i] = refusal(process.listen(topic, { message = true }))
          end
          return told
        end`,
        typescript: async (process) =>
          ["@", "@inbox", "@events", "@a", ""].map((topic) => {
            try {
              return process.listen(topic, { message: true });
            } catch (cause) {
              return refusal(cause);
            }
          }),
      },
      then: [...Array(4).fill(["Invalid", "cannot listen to @ topics"]), ["Invalid", "topic cannot be empty"]],
    },
    {
      title: "yield messages if the option message is true, payloads for anything else [both S2.22]",
      when: {
        lua: `${AT_ONCE}
        return function()
          local seen = {}
          for i, options in ipairs({ { message = true }, { message = false }, {}, { message = 1 }, { message = "true" },
            true, "message", 7 }) do
            local ch = process.listen("a", options)
            process.send(process.pid(), "a", 5)
            seen[i] = at_once(ch)
            ch:close()
          end
          return seen
        end`,
        typescript: async (process) => {
          const options = [{ message: true }, { message: false }, {}, { message: 1 }, { message: "true" }];
          const seen: unknown[] = [];
          for (const option of [...options, true, "message", 7]) {
            const channel = process.listen("a", option);
            process.send(process.pid(), "a", 5);
            seen.push(await atOnce(process, channel));
            channel.close();
          }
          return seen;
        },
      },
      then: ["a=5", ...Array(7).fill(5)],
    },
    {
      title: "stay one object; a later listen changes how messages are shown only if it says so [both S2.23, S2.24]",
      when: {
        lua: `${AT_ONCE}
        return function()
          local ch, seen = process.listen("a"), {}
          for i = 0, 5 do process.send(process.pid(), "a", i) end
          for i, options in ipairs({ false, { message = true }, 0, {}, { message = false }, 0 }) do
            local again = options and process.listen("a", options ~= 0 and options or nil) or ch
            seen[i] = again == ch and at_once(ch)
          end
          return seen
        end`,
        typescript: async (process) => {
          const channel = process.listen("a");
          for (let i = 0; i < 6; i++) process.send(process.pid(), "a", i);
          const seen: unknown[] = [await atOnce(process, channel)];
          for (const options of [{ message: true }, undefined, {}, { message: false }, undefined]) {
            const again = process.listen("a", options);
            seen.push(again === channel && (await atOnce(process, channel)));
          }
          return seen;
        },
      },
      then: [0, "a=1", "a=2", "a=3", 4, 5],
    },
    {
      title: "shown differently while a receive waits show its message as decided last [both S2.23]",
      when: {
        lua: `return function()
          local ch, got = process.listen("a"), nil
          coroutine.spawn(function() got = ch:receive() end)
          require("time").sleep("1ms")
          process.listen("a", { message = true })
          process.send(process.pid(), "a", 7)
          require("time").sleep("1ms")
          return { got:topic(), got:payload() }
        end`,
        typescript: async (process) => {
          const channel = process.listen("a");
          let got: any;
          process.go(async () => {
            got = await channel.receive();
          });
          await process.sleep(1);
          process.listen("a", { message: true });
          process.send(process.pid(), "a", 7);
          await process.sleep(1);
          return [got.topic, got.payload];
        },
      },
      then: ["a", 7],
    },
    {
      title: "are the identical object at every call and in the result of a select [both S2.24]",
      when: {
        lua: `return function()
          local me, inbox, events, a = process.pid(), process.inbox(), process.events(), process.listen("a")
          local seen = { process.inbox() == inbox, process.events() == events, process.listen("a") == a,
            process.listen("b") ~= a }
          process.send(me, "other")
          seen[5] = channel.select({ a:case_receive(), inbox:case_receive() }).channel == inbox
          process.send(me, "a")
          seen[6] = channel.select({ inbox:case_receive(), a:case_receive() }).channel == a
          process.cancel(me)
          seen[7] = channel.select({ events:case_receive() }).channel == events
          seen[8] = rawequal(process.events(), events) and ({ [inbox] = true })[process.inbox()]
          return seen
        end`,
        typescript: async (process) => {
          const [me, inbox, events, a] = [process.pid(), process.inbox(), process.events(), process.listen("a")];
          const seen = [process.inbox() === inbox, process.events() === events, process.listen("a") === a];
          seen.push(process.listen("b") !== a);
          process.send(me, "other");
          seen.push((await process.select([a.caseReceive(), inbox.caseReceive()])).channel === inbox);
          process.send(me, "a");
          seen.push((await process.select([inbox.caseReceive(), a.caseReceive()])).channel === a);
          await process.cancel(me);
          seen.push((await process.select([events.caseReceive()])).channel === events);
          seen.push(new Map([[inbox, true]]).get(process.inbox()) === true);
          return seen;
        },
      },
      then: Array(8).fill(true),
    },
  ]);
});

describe("matching", () => {
  /** Topics that are nearly, but not exactly, listened to. */
  const near = ["Topic", "topic ", " topic", "topic.a", "t", "topi\u0441", "topic\u0000"];

  facts([
    {
      title: "gives a listened topic to its listener and never to the inbox [both S2.25, S2.26]",
      when: {
        lua: `${AT_ONCE}
        return function()
          local inbox, a = process.inbox(), process.listen("a")
          for i, topic in ipairs({ "a", "b", "a" }) do process.send(process.pid(), topic, i) end
          return { at_once(inbox), at_once(inbox), at_once(a), at_once(a), at_once(a) }
        end`,
        typescript: async (process) => {
          const [inbox, a] = [process.inbox(), process.listen("a")];
          for (const [i, topic] of ["a", "b", "a"].entries()) process.send(process.pid(), topic, i + 1);
          const seen: unknown[] = [];
          for (const source of [inbox, inbox, a, a, a]) seen.push(await atOnce(process, source));
          return seen;
        },
      },
      then: ["b=2", "nothing", 1, 3, "nothing"],
    },
    {
      title: "is on the exact topic: no case folding, no patterns, no prefixes [both S2.26]",
      args: [near],
      when: {
        lua: `${AT_ONCE}
        return function(near)
          local listeners, seen = {}, {}
          for i, topic in ipairs({ "topic", "*", "topic.*", "to" }) do listeners[i] = process.listen(topic) end
          for _, topic in ipairs(near) do process.send(process.pid(), topic, topic) end
          for i, listener in ipairs(listeners) do seen[i] = at_once(listener) end
          for _ in ipairs(near) do seen[#seen + 1] = at_once(process.inbox()) end
          return seen
        end`,
        typescript: async (process, topics) => {
          const listeners = ["topic", "*", "topic.*", "to"].map((topic) => process.listen(topic));
          for (const topic of topics) process.send(process.pid(), topic, topic);
          const seen: unknown[] = [];
          for (const listener of listeners) seen.push(await atOnce(process, listener));
          for (const _ of topics) seen.push(await atOnce(process, process.inbox()));
          return seen;
        },
      },
      then: [...Array(4).fill("nothing"), ...near.map((topic) => `${topic}=${topic}`)],
    },
    {
      title: "waits without limit for whichever opens first: what came before listen is not lost [both S2.27, S2.29]",
      given: {
        "app:late": {
          lua: `return function()
            require("time").sleep("10000h")
            local a = process.listen("a")
            return { a:receive(), (a:receive()), process.inbox():receive():payload() }
          end`,
          typescript: async (process) => {
            await process.sleep("10000h");
            const a = process.listen("a");
            return [await a.receive(), await a.receive(), (await process.inbox().receive()).payload];
          },
        },
      },
      when: {
        lua: `return function()
          local pid = process.spawn_monitored("app:late", "sim:processes")
          process.send(pid, "a", 1)
          process.send(pid, "b", 2)
          require("time").sleep("9999h")
          process.send(pid, "a", 3)
          return process.events():receive().result.value
        end`,
        typescript: async (process) => {
          const pid = await process.spawnMonitored("app:late", "sim:processes");
          process.send(pid, "a", 1);
          process.send(pid, "b", 2);
          await process.sleep("9999h");
          process.send(pid, "a", 3);
          return (await process.events().receive()).result.value;
        },
      },
      then: [1, 3, 2],
    },
    {
      title:
        "falls when the message is taken, and sees what waits at once, in a select with a default too [both S2.28, S2.29]",
      when: {
        lua: `${AT_ONCE}
        return function()
          local inbox = process.inbox()
          process.send(process.pid(), "a", 1)
          process.send(process.pid(), "b", 2)
          local a = process.listen("a")
          return { at_once(a), at_once(inbox), at_once(inbox) }
        end`,
        typescript: async (process) => {
          const inbox = process.inbox();
          process.send(process.pid(), "a", 1);
          process.send(process.pid(), "b", 2);
          const a = process.listen("a");
          return [await atOnce(process, a), await atOnce(process, inbox), await atOnce(process, inbox)];
        },
      },
      then: [1, "b=2", "nothing"],
    },
    {
      title: "never mixes events and messages, in whatever order they come and open [both S2.18, S2.30]",
      when: {
        lua: `${AT_ONCE}
        return function()
          local me = process.pid()
          process.cancel(me, { reason = "one" })
          process.send(me, "pid.cancel", 1)
          process.send(me, "events", 2)
          local seen, events = { at_once(process.inbox()) }, process.events()
          seen[2] = at_once(events).reason
          seen[3], seen[4], seen[5] = at_once(events), at_once(process.inbox()), at_once(process.inbox())
          return seen
        end`,
        typescript: async (process) => {
          const me = process.pid();
          await process.cancel(me, { reason: "one" });
          process.send(me, "pid.cancel", 1);
          process.send(me, "events", 2);
          const seen = [await atOnce(process, process.inbox())];
          const events = process.events();
          seen.push((await atOnce(process, events)).reason, await atOnce(process, events));
          for (let i = 0; i < 2; i++) seen.push(await atOnce(process, process.inbox()));
          return seen;
        },
      },
      then: ["pid.cancel=1", "one", "nothing", "events=2", "nothing"],
    },
    {
      title: "keeps unread events until events() is opened, and again after it was closed [both S2.30, S2.32, S2.33]",
      when: {
        lua: `${AT_ONCE}
        return function()
          local me = process.pid()
          for _, reason in ipairs({ "one", "two", "three" }) do process.cancel(me, { reason = reason }) end
          require("time").sleep("1h")
          local first = process.events()
          local seen = { at_once(first).reason }
          process.unlisten(first)
          process.cancel(me, { reason = "four" })
          local second = process.events()
          for i = 2, 4 do seen[i] = at_once(second).reason end
          seen[5] = first ~= second
          return seen
        end`,
        typescript: async (process) => {
          const me = process.pid();
          for (const reason of ["one", "two", "three"]) await process.cancel(me, { reason });
          await process.sleep("1h");
          const first = process.events();
          const seen: unknown[] = [(await atOnce(process, first)).reason];
          process.unlisten(first);
          await process.cancel(me, { reason: "four" });
          const second = process.events();
          for (let i = 0; i < 3; i++) seen.push((await atOnce(process, second)).reason);
          return [...seen, first !== second];
        },
      },
      then: ["one", "two", "three", "four", true],
    },
  ]);
});

describe("unlisten", () => {
  /** Closed by unlisten, or by the channel's own close. */
  const closing = (lua: string, typescript: (process: any, channel: any) => void): Fact => ({
    title: `closes the channel, by ${lua}: those who wait and those who come get nothing and ok false [both S2.31, S2.33]`,
    when: {
      lua: `${AT_ONCE}
      return function()
        local seen = {}
        for _, ch in ipairs({ process.inbox(), process.events(), process.listen("a") }) do
          coroutine.spawn(function()
            local value, ok = ch:receive()
            seen[#seen + 1] = value == nil and ok
          end)
          coroutine.spawn(function()
            local got = channel.select({ ch:case_receive() })
            seen[#seen + 1] = got.value == nil and got.ok
          end)
          require("time").sleep("1ms")
          seen[#seen + 1] = #seen % 4
          ${lua}
          require("time").sleep("1ms")
          seen[#seen + 1] = at_once(ch)
        end
        return seen
      end`,
      typescript: async (process) => {
        const seen: unknown[] = [];
        for (const channel of [process.inbox(), process.events(), process.listen("a")]) {
          for (let i = 0; i < 2; i++) {
            process.go(async () => {
              const { value, ok } = await process.select([channel.caseReceive()]);
              seen.push(value === undefined && ok);
            });
          }
          await process.sleep(1);
          seen.push(seen.length % 4);
          typescript(process, channel);
          await process.sleep(1);
          seen.push(await atOnce(process, channel));
        }
        return seen;
      },
    },
    then: Array(3).fill([0, false, false, "closed"]).flat(),
  });

  facts([
    closing("process.unlisten(ch)", (process, channel) => process.unlisten(channel)),
    closing("ch:close()", (_process, channel) => channel.close()),
    {
      title: "leaves unread messages in the mailbox, in order, for the inbox or a later listener [both S2.32, S2.33]",
      when: {
        lua: `${AT_ONCE}
        return function()
          local a = process.listen("a")
          for i = 0, 5 do process.send(process.pid(), i % 2 == 0 and "a" or "b", i) end
          local seen = { at_once(a) }
          process.unlisten(a)
          local inbox = process.inbox()
          seen[2], seen[3] = at_once(inbox), at_once(inbox)
          seen[4], seen[5] = at_once(process.listen("a")), at_once(inbox)
          process.unlisten(inbox)
          seen[6] = at_once(process.listen("b"))
          return seen
        end`,
        typescript: async (process) => {
          const a = process.listen("a");
          for (let i = 0; i < 6; i++) process.send(process.pid(), i % 2 === 0 ? "a" : "b", i);
          const seen = [await atOnce(process, a)];
          process.unlisten(a);
          const inbox = process.inbox();
          seen.push(await atOnce(process, inbox), await atOnce(process, inbox));
          seen.push(await atOnce(process, process.listen("a")), await atOnce(process, inbox));
          process.unlisten(inbox);
          seen.push(await atOnce(process, process.listen("b")));
          return seen;
        },
      },
      then: [0, "b=1", "a=2", 4, "b=3", 5],
    },
    {
      title:
        "gives what it frees to an inbox that waits already, and a new channel starts as raw again [both S2.32, S2.33]",
      when: {
        lua: `${AT_ONCE}
        return function()
          local a, got = process.listen("a", { message = true }), nil
          process.send(process.pid(), "a", 1)
          coroutine.spawn(function() got = process.inbox():receive():payload() end)
          require("time").sleep("1ms")
          local before = got == nil
          process.unlisten(a)
          require("time").sleep("1ms")
          local again = process.listen("a")
          process.send(process.pid(), "a", 2)
          return { before, got, again ~= a, at_once(again), at_once(a) }
        end`,
        typescript: async (process) => {
          const a = process.listen("a", { message: true });
          let got: unknown;
          process.send(process.pid(), "a", 1);
          process.go(async () => {
            got = (await process.inbox().receive()).payload;
          });
          await process.sleep(1);
          const before = got === undefined;
          process.unlisten(a);
          await process.sleep(1);
          const again = process.listen("a");
          process.send(process.pid(), "a", 2);
          return [before, got, again !== a, await atOnce(process, again), await atOnce(process, a)];
        },
      },
      then: [true, 1, true, 2, "closed"],
    },
    {
      title:
        "of what is no open subscription is INVALID, of what is no channel a wrong argument [both S2.34, S12.9, S12.11]",
      when: {
        lua: `return function()
          local a, told = process.listen("a"), {}
          process.unlisten(a)
          for i, ch in ipairs({ a, channel.new() }) do
            local ok, err = process.unlisten(ch)
            told[i] = { ok, err:kind() }
          end
          for _, wrong in ipairs({ {}, "a", 7, process }) do
            local ok, err = pcall(process.unlisten, wrong)
            told[#told + 1] = { ok, err:kind(), err:message():sub(1, 30) }
          end
          return told
        end`,
        typescript: async (process) => {
          const a = process.listen("a");
          process.unlisten(a);
          return [a, process.channel(), {}, "a", 7, process].map((channel, i) => {
            try {
              return process.unlisten(channel);
            } catch (cause) {
              const [kind, text] = refusal(cause);
              return i < 2 ? [false, kind] : [false, kind, text.slice(0, 30)];
            }
          });
        },
      },
      then: [
        [false, "Invalid"],
        [false, "Invalid"],
        ...Array(4).fill([false, "Invalid", "bad argument #1 to 'unlisten'".padEnd(30)]),
      ],
    },
  ]);
});
