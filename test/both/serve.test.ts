/** `process.serve` in all its forms, in both languages (S11.38). */
import { ProcessError } from "beamish";
import { describe, expect } from "vitest";
import { type Fact, facts, type Told } from "../support/facts.ts";

const HOST = "sim:processes";

/** Sends messages to oneself: the topic, then the payload. */
const sendAll = (process: any, ...messages: readonly (readonly unknown[])[]) => {
  for (const [topic, ...payload] of messages) process.send(process.pid(), topic, ...payload);
};

/** The same in Lua: `send{"topic", payload}{"topic", payload}`. */
const SEND = `local function send(m)
  process.send(process.pid(), table.unpack(m))
  return send
end`;

const ends: Told = { lua: "return function(v) return v end", typescript: async (_process, v) => v };

const forms: readonly Fact[] = [
  {
    title: "a function gets every message of the inbox, until it is done [both S11.38]",
    when: {
      lua: `
        ${SEND}
        return function()
          local log = {}
          send{"a", 1}{"b", 2, 3}{"end"}{"after"}
          local value = process.serve(function(msg)
            log[#log + 1] = {msg:topic(), msg:payload(), msg:from() == process.pid()}
            if msg:topic() == "end" then return process.done("value") end
            return "ignored"
          end)
          return {value, log, process.inbox():receive():topic()}
        end`,
      typescript: async (process) => {
        const log: unknown[] = [];
        sendAll(process, ["a", 1], ["b", 2, 3], ["end"], ["after"]);
        const value = await process.serve((msg: any) => {
          const head = msg.payload === null ? [msg.topic] : [msg.topic, msg.payload];
          log.push([...head, msg.from === process.pid()]);
          return msg.topic === "end" ? process.done("value") : "ignored";
        });
        return [value, log, (await process.inbox().receive()).topic];
      },
    },
    then: ({ value }: any) => {
      const [done, log, after] = value;
      expect([done, after]).toEqual(["value", "after"]);
      // In Lua a topic without payload leaves a hole in the list.
      expect(JSON.stringify(log)).toMatch(/^\[\["a",1,true\],\["b",\[2,3\],true\],.*"end".*\]$/);
    },
  },
  {
    title: "handlers by topic get payload and message, in the order of arrival [both S11.38, S2.13]",
    when: {
      lua: `
        ${SEND}
        return function()
          local log = {}
          local function note(payload, msg) log[#log + 1] = msg:topic() .. payload end
          send{"b", 1}{"a", 2}{"b", 3}{"a", 4}{"c", 5}{"end", "over"}
          local value = process.serve{
            a = note, b = note, ["@inbox"] = function(msg) log[#log + 1] = "inbox " .. msg:topic() .. msg:payload() end,
            ["end"] = function(payload) return process.done(payload) end,
          }
          return {value, log}
        end`,
      typescript: async (process) => {
        const log: string[] = [];
        const note = (payload: unknown, msg: any) => void log.push(msg.topic + payload);
        sendAll(process, ["b", 1], ["a", 2], ["b", 3], ["a", 4], ["c", 5], ["end", "over"]);
        const value = await process.serve({
          a: note,
          b: note,
          "@inbox": (msg: any) => void log.push(`inbox ${msg.topic}${msg.payload}`),
          end: (payload: unknown) => process.done(payload),
        });
        return [value, log];
      },
    },
    then: ["over", ["b1", "a2", "b3", "a4", "inbox c5"]],
  },
  {
    title: "a topic that a later listen has yield payloads calls its handler with those [both S11.38, S2.23]",
    when: {
      lua: `
        ${SEND}
        return function()
          local log = {}
          send{"a", 1}{"a"}{"a", "two"}{"a", {3}}{"end"}
          process.serve{
            a = function(...)
              local payload, msg = ...
              log[#log + 1] = {select("#", ...), type(payload), msg ~= nil and msg:topic() or "none"}
              process.listen("a", { message = false })
            end,
            ["end"] = function() return process.done() end,
          }
          return log
        end`,
      typescript: async (process) => {
        const log: unknown[] = [];
        sendAll(process, ["a", 1], ["a"], ["a", "two"], ["a", [3]], ["end"]);
        const kind = (payload: unknown) =>
          payload === null ? "nil" : Array.isArray(payload) ? "table" : typeof payload;
        await process.serve({
          a: (...given: any[]) => {
            const [payload, msg] = given;
            log.push([given.length, kind(payload), msg?.topic ?? "none"]);
            process.listen("a", { message: false });
          },
          end: () => process.done(undefined),
        });
        return log;
      },
    },
    then: [
      [2, "number", "a"],
      [1, "nil", "none"],
      [1, "string", "none"],
      [1, "table", "none"],
    ],
  },
  {
    title: "without @inbox what no key matches waits [both S11.38, S2.27]",
    when: {
      lua: `
        ${SEND}
        return function()
          send{"other", 1}{"end"}{"more", 2}
          process.serve{["end"] = function() return process.done() end}
          local one, two = process.inbox():receive(), process.inbox():receive()
          return {one:topic(), two:topic()}
        end`,
      typescript: async (process) => {
        sendAll(process, ["other", 1], ["end"], ["more", 2]);
        await process.serve({ end: () => process.done(undefined) });
        return [(await process.inbox().receive()).topic, (await process.inbox().receive()).topic];
      },
    },
    then: ["other", "more"],
  },
  {
    title: "@events gets the events [both S11.38, S2.18]",
    given: { "test:ends": ends },
    when: {
      lua: `
        return function()
          local pid = process.spawn_monitored("test:ends", "${HOST}", "its value")
          return process.serve{["@events"] = function(event)
            return process.done{event.kind, event.from == pid, event.result.value}
          end}
        end`,
      typescript: async (process) => {
        const pid = await process.spawnMonitored("test:ends", HOST, "its value");
        return process.serve({
          "@events": (event: any) => process.done([event.kind, event.from === pid, event.result.value]),
        });
      },
    },
    then: ["pid.exit", true, "its value"],
  },
  {
    title: "done without a value, and with false, ends it too; what only looks like it does not [both S11.38]",
    when: {
      lua: `
        ${SEND}
        return function()
          send{"t", 1}{"t", 2}{"t", 3}
          local answers = {{"done", true}, {value = 1, done = true}, process.done(false)}
          local got = process.serve{t = function(n) return answers[n] end}
          send{"t"}
          local nothing = process.serve{t = function() return process.done() end}
          return {got, nothing == nil}
        end`,
      typescript: async (process) => {
        sendAll(process, ["t", 1], ["t", 2], ["t", 3]);
        const answers = [["done", true], { value: 1, done: true }, process.done(false)];
        const got = await process.serve({ t: (n: number) => answers[n - 1] });
        sendAll(process, ["t"]);
        return [got, (await process.serve({ t: () => process.done(undefined) })) === undefined];
      },
    },
    then: [false, true],
  },
];

const handlers: readonly Fact[] = [
  {
    title: "a handler may wait, and the next message is taken when it has returned [both S11.38]",
    when: {
      lua: `
        ${SEND}
        return function()
          local log = {}
          local function note(text) log[#log + 1] = text end
          send{"slow"}{"quick"}{"slow"}{"end"}
          local value = process.serve{
            slow = function() note("slow begins") time.sleep("10ms") note("slow ends") end,
            quick = function() note("quick") end,
            ["end"] = function() time.sleep("10ms") return process.done("over") end,
          }
          return {value, log}
        end`,
      typescript: async (process) => {
        const log: string[] = [];
        sendAll(process, ["slow"], ["quick"], ["slow"], ["end"]);
        const value = await process.serve({
          slow: async () => {
            log.push("slow begins");
            await process.sleep(10);
            log.push("slow ends");
          },
          quick: () => void log.push("quick"),
          end: async () => {
            await process.sleep(10);
            return process.done("over");
          },
        });
        return [value, log];
      },
    },
    then: ["over", ["slow begins", "slow ends", "quick", "slow begins", "slow ends"]],
  },
  {
    title: "an error of a handler is an error of serve: it can be caught, and the rest still waits [both S11.38]",
    when: {
      lua: `
        ${SEND}
        return function()
          send{"t", 1}{"t", 2}{"t", 3}
          local function handle(n)
            if n == 2 then time.sleep("1ms") end
            if n < 3 then error(errors.new{message = "no " .. n, kind = errors.CONFLICT, retryable = true}) end
            return process.done(n)
          end
          local log = {}
          for i = 1, 2 do
            local ok, err = pcall(process.serve, {t = handle})
            log[i] = {ok, err:kind(), err:message(), err:retryable()}
          end
          log[3] = process.serve{t = handle}
          return log
        end`,
      typescript: async (process) => {
        sendAll(process, ["t", 1], ["t", 2], ["t", 3]);
        const t = async (n: number) => {
          if (n === 2) await process.sleep(1);
          if (n < 3) throw new ProcessError({ message: `no ${n}`, kind: "Conflict", retryable: true });
          return process.done(n);
        };
        const log: unknown[] = [];
        for (let i = 0; i < 2; i++) {
          const { kind, message, retryable } = await process.serve({ t }).catch((cause: unknown) => cause);
          log.push([false, kind, message, retryable]);
        }
        return [...log, await process.serve({ t })];
      },
    },
    then: [[false, "Conflict", "no 1", true], [false, "Conflict", "no 2", true], 3],
  },
  {
    title: "an error of a handler that nobody catches ends the process [both S11.38, S4.8]",
    when: {
      lua: `
        ${SEND}
        return function()
          send{"t"}
          process.serve{t = function() error(errors.new{message = "no", kind = errors.CONFLICT, retryable = true}) end}
        end`,
      typescript: async (process) => {
        sendAll(process, ["t"]);
        await process.serve({
          t: () => {
            throw new ProcessError({ message: "no", kind: "Conflict", retryable: true });
          },
        });
      },
    },
    then: ({ error }: any) => expect([error.kind, error.message, error.retryable]).toEqual(["Conflict", "no", true]),
  },
  {
    title: "a handler may serve in its turn, and receive what its serve does not name [both S11.38]",
    when: {
      lua: `
        ${SEND}
        return function()
          local log = {}
          send{"begin"}{"inner", 1}{"plain", "x"}{"inner", 2}{"leave", "left"}{"end", "over"}
          local value = process.serve{
            begin = function()
              log[#log + 1] = process.listen("plain"):receive()
              local left = process.serve{
                inner = function(n) log[#log + 1] = n end,
                leave = function(payload) return process.done(payload) end,
              }
              log[#log + 1] = left
            end,
            ["end"] = function(payload) return process.done(payload) end,
          }
          return {value, log}
        end`,
      typescript: async (process) => {
        const log: unknown[] = [];
        sendAll(process, ["begin"], ["inner", 1], ["plain", "x"], ["inner", 2], ["leave", "left"], ["end", "over"]);
        const value = await process.serve({
          begin: async () => {
            log.push(await process.listen("plain").receive());
            const left = await process.serve({
              inner: (n: number) => void log.push(n),
              leave: (payload: unknown) => process.done(payload),
            });
            log.push(left);
          },
          end: (payload: unknown) => process.done(payload),
        });
        return [value, log];
      },
    },
    then: ["over", ["x", 1, 2, "left"]],
  },
  {
    title: "a spawned coroutine may serve while main does something else [both S11.38, S11.11]",
    when: {
      lua: `
        ${SEND}
        return function()
          local ch = channel.new()
          coroutine.spawn(function()
            ch:send(process.serve{sum = function(p) return process.done(p[1] + p[2]) end})
          end)
          time.sleep("1ms")
          send{"main", "here"}{"sum", 3, 4}
          local first = process.listen("main"):receive()
          return {first, (ch:receive())}
        end`,
      typescript: async (process) => {
        const ch = process.channel();
        process.go(async () => {
          await ch.send(await process.serve({ sum: (p: [number, number]) => process.done(p[0] + p[1]) }));
        });
        await process.sleep(1);
        sendAll(process, ["main", "here"], ["sum", 3, 4]);
        return [await process.listen("main").receive(), await ch.receive()];
      },
    },
    then: ["here", 7],
  },
  {
    title: "messages that come while it waits are served as they come, from others too [both S11.38, S15.5]",
    given: {
      "test:sender": {
        lua: `
          return function(to)
            for i = 1, 3 do time.sleep("1ms") process.send(to, "n", i) end
            process.send(to, "end")
          end`,
        typescript: async (process, to) => {
          for (let i = 1; i <= 3; i++) {
            await process.sleep(1);
            process.send(to, "n", i);
          }
          process.send(to, "end");
        },
      },
    },
    when: {
      lua: `
        return function()
          local sum = 0
          process.spawn("test:sender", "${HOST}", process.pid())
          return process.serve{n = function(n) sum = sum + n end, ["end"] = function() return process.done(sum) end}
        end`,
      typescript: async (process) => {
        let sum = 0;
        await process.spawn("test:sender", HOST, process.pid());
        return process.serve({
          n: (n: number) => {
            sum += n;
          },
          end: () => process.done(sum),
        });
      },
    },
    then: 6,
  },
  {
    title:
      "a child that serves is ended by terminate, and by a deadline, while it waits for messages [both S11.38, S4.20]",
    given: {
      "test:serving": {
        lua: `return function() process.serve(function() end) end`,
        typescript: async (process) => process.serve(() => {}),
      },
    },
    when: {
      lua: `
        return function()
          local texts = {}
          for _, finish in ipairs{process.terminate, function(pid) process.cancel(pid, "1s") end} do
            local pid = process.spawn_monitored("test:serving", "${HOST}")
            finish(pid)
            texts[#texts + 1] = process.events():receive().result.error
          end
          return texts
        end`,
      typescript: async (process) => {
        const texts: string[] = [];
        for (const finish of [process.terminate, (pid: string) => process.cancel(pid, "1s")]) {
          finish.call(process, await process.spawnMonitored("test:serving", HOST));
          texts.push((await process.events().receive()).result.error);
        }
        return texts;
      },
    },
    then: ["process terminated", "cancel deadline exceeded"],
  },
];

describe("serve takes", () => facts(forms));
describe("when it serves,", () => facts(handlers));
