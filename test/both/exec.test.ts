/** Starting a process and waiting for its result, told in both languages (S3.33–S3.39). */
import { describe, expect } from "vitest";
import { type Fact, facts, type Told } from "../support/facts.ts";
import { LUA_REFUSAL, refusal, valueIn } from "../support/told.ts";

const waits: Told = {
  lua: "return function() channel.new():receive() end",
  typescript: async (process) => process.channel().receive(),
};

/** Reports every event it gets to the process registered as `reports`, and lives on. */
const stubborn: Told = {
  lua: `return function()
    while true do
      local event = process.events():receive()
      process.send("reports", "event", { event.kind, event.from, event.deadline, event.reason })
    end
  end`,
  typescript: async (process) => {
    for await (const event of process.events()) {
      process.send("reports", "event", [event.kind, event.from, event.deadline, event.reason]);
    }
  },
};

describe("exec", () => {
  facts([
    {
      title: "answers the first result of main, and nil for none; it has no time limit of its own [both S3.33, S3.38]",
      given: {
        "app:echo": { lua: "return function(v) return v end", typescript: async (_process, v) => v },
        "app:nothing": { lua: "return function() end", typescript: async () => {} },
        "app:later": {
          lua: "return function() require('time').sleep('100000h') return 'later', true, 3 end",
          typescript: async (process) => {
            await process.sleep("100000h");
            return "later";
          },
        },
      },
      when: {
        lua: `return function()
          local function told(...)
            local value, err = process.exec(...)
            return { value, err == nil }
          end
          local host = "sim:processes"
          return { told("app:echo", host, 1), told("app:echo", host, "two"), told("app:echo", host, { 3 }),
            told("app:echo", host, false), process.exec("app:nothing", host) == nil,
            process.exec("app:echo", host) == nil, told("app:later", host) }
        end`,
        typescript: async (process) => {
          const told = async (...args: unknown[]) => [await process.exec(...args), true];
          const host = "sim:processes";
          return [
            await told("app:echo", host, 1),
            await told("app:echo", host, "two"),
            await told("app:echo", host, [3]),
            await told("app:echo", host, false),
            (await process.exec("app:nothing", host)) === null,
            (await process.exec("app:echo", host)) === null,
            await told("app:later", host),
          ];
        },
      },
      then: [[1, true], ["two", true], [[3], true], [false, true], true, true, ["later", true]],
    },
    {
      title:
        "answers an error with the child's kind, message, retryable and details, however it ended [both S3.34, S12.3]",
      given: {
        "app:fails": {
          lua: `return function()
            error(errors.new({ message = "no seat", kind = errors.CONFLICT, retryable = true, details = { at = { 1 } } }))
          end`,
          typescript: async () => {
            const { ProcessError } = await import("../../src/index.ts");
            throw new ProcessError({ message: "no seat", kind: "Conflict", retryable: true, details: { at: [1] } });
          },
        },
        "app:waits": waits,
        "app:linked": {
          lua: "return function() process.link('failing') channel.new():receive() end",
          typescript: async (process) => {
            await process.link("failing");
            await process.channel().receive();
          },
        },
        "app:failing": {
          lua: "return function() process.inbox():receive() error('failed') end",
          typescript: async (process) => {
            await process.inbox().receive();
            throw new Error("failed");
          },
        },
      },
      when: {
        lua: `${LUA_REFUSAL}
        return function()
          local host, told, builder = "sim:processes", channel.new(), process.with_context({})
          local value, err = process.exec("app:fails", host)
          local first = { value == nil, err:kind(), err:message(), err:retryable(), err:details().at }
          builder:with_name("failing"):spawn("app:failing", host)
          for _, start in ipairs({ { "one", "app:waits" }, { "two", "app:waits" }, { "three", "app:linked" } }) do
            coroutine.spawn(function()
              local answer = refusal(builder:with_name(start[1]):exec(start[2], host))
              told:send(answer)
            end)
          end
          require("time").sleep("1ms")
          process.terminate("one")
          local one = told:receive()
          process.cancel("two", "1s")
          local two = told:receive()
          process.send("failing", "fail")
          local three = told:receive()
          return { first, one, two, three }
        end`,
        typescript: async (process) => {
          const [host, told, builder] = ["sim:processes", process.channel(), process.withContext({})];
          const error = await process.exec("app:fails", host).catch((cause: unknown) => cause);
          const first = [true, error.kind, error.message, error.retryable, error.details.at];
          await builder.withName("failing").spawn("app:failing", host);
          for (const [name, id] of [
            ["one", "app:waits"],
            ["two", "app:waits"],
            ["three", "app:linked"],
          ]) {
            process.go(async () => {
              await told.send(await builder.withName(name).exec(id, host).catch(refusal));
            });
          }
          await process.sleep(1);
          await process.terminate("one");
          const one = await told.receive();
          await process.cancel("two", "1s");
          const two = await told.receive();
          process.send("failing", "fail");
          return [first, one, two, await told.receive()];
        },
      },
      then: [
        [true, "Conflict", "no seat", true, [1]],
        ["Internal", "process terminated"],
        ["Timeout", "cancel deadline exceeded"],
        ["Internal", "linked process failed"],
      ],
    },
    {
      title: "stops only the coroutine that waits, gives no EXIT or LINK_DOWN, and links nothing [both S3.37]",
      given: {
        "app:fails": {
          lua: "return function() require('time').sleep('50ms') error('failed', 0) end",
          typescript: async (process) => {
            await process.sleep(50);
            throw new Error("failed");
          },
        },
      },
      when: {
        lua: `${LUA_REFUSAL}
        return function()
          local seen = {}
          coroutine.spawn(function()
            local events = process.events()
            while true do seen[#seen + 1] = events:receive().kind end
          end)
          coroutine.spawn(function()
            for _ = 1, 2 do
              require("time").sleep("20ms")
              seen[#seen + 1] = "tick"
            end
          end)
          local told = refusal(process.exec("app:fails", "sim:processes"))
          seen[#seen + 1] = told[2]
          require("time").sleep("100ms")
          return seen
        end`,
        typescript: async (process) => {
          const seen: string[] = [];
          process.go(async () => {
            for await (const one of process.events()) seen.push(one.kind);
          });
          process.go(async () => {
            for (let i = 0; i < 2; i++) {
              await process.sleep(20);
              seen.push("tick");
            }
          });
          seen.push((await process.exec("app:fails", "sim:processes").catch(refusal))[1]);
          await process.sleep(100);
          return seen;
        },
      },
      then: ["tick", "tick", "failed"],
    },
    {
      title:
        "of a builder with a timeout answers TIMEOUT, and the child gets CANCEL with 5 s from the caller [both S3.38, S12.25]",
      given: { "app:stubborn": stubborn },
      when: {
        lua: `${LUA_REFUSAL}
        return function()
          process.registry.register("reports")
          local builder = process.with_context({}):with_options({ timeout = "2s" }):with_name("child")
          local told = refusal(builder:exec("app:stubborn", "sim:processes"))
          local event = process.inbox():receive():payload()
          require("time").sleep("4999ms")
          local before = process.registry.lookup("child") ~= nil
          require("time").sleep("1ms")
          return { told, event[1], event[2] == process.pid(), event[4], before, process.registry.lookup("child") == nil }
        end`,
        typescript: async (process) => {
          await process.registry.register("reports");
          const builder = process.withContext({}).withOptions({ timeout: "2s" }).withName("child");
          const told = await builder.exec("app:stubborn", "sim:processes").catch(refusal);
          const event = (await process.inbox().receive()).payload;
          await process.sleep(4_999);
          const before = (await process.registry.lookup("child")) !== null;
          await process.sleep(1);
          const after = await process.registry.lookup("child").catch(() => "gone");
          return [told, event[0], event[1] === process.pid(), event[3], before, after === "gone"];
        },
      },
      then: [["Timeout", "exec timeout"], "pid.cancel", true, "exec timeout", true, true],
    },
    {
      title: "in time is not disturbed by its timeout later [both S3.38]",
      given: {
        "app:quick": {
          lua: "return function() require('time').sleep('5ms') return 'quick' end",
          typescript: async (process) => {
            await process.sleep(5);
            return "quick";
          },
        },
      },
      when: {
        lua: `return function()
          local value = process.with_context({}):with_options({ timeout = "10ms" }):exec("app:quick", "sim:processes")
          require("time").sleep("1h")
          return { value, channel.select({ process.events():case_receive(), default = true }).default }
        end`,
        typescript: async (process) => {
          const builder = process.withContext({}).withOptions({ timeout: "10ms" });
          const value = await builder.exec("app:quick", "sim:processes");
          await process.sleep("1h");
          return [value, (await process.select([process.events().caseReceive()], { default: true })).default];
        },
      },
      then: ["quick", true],
    },
  ]);

  facts(
    ["return", "failure", "terminate", "deadline", "link", "upgrade"].map(
      (way): Fact => ({
        title: `of a caller that ends by ${way} sends the child CANCEL with 5 s [both S3.39]`,
        given: {
          "app:stubborn": stubborn,
          "app:next": waits,
          "app:peer": {
            lua: "return function() process.inbox():receive() error('failed') end",
            typescript: async (process) => {
              await process.inbox().receive();
              throw new Error("failed");
            },
          },
          "app:caller": {
            lua: `return function(peer, way)
              process.link(peer)
              coroutine.spawn(function()
                process.with_context({}):with_name("child"):exec("app:stubborn", "sim:processes")
              end)
              process.inbox():receive()
              if way == "failure" then error("failed") end
              if way == "upgrade" then process.upgrade("app:next") end
            end`,
            typescript: async (process, peer, how) => {
              await process.link(peer);
              process.go(async () => {
                await process.withContext({}).withName("child").exec("app:stubborn", "sim:processes");
              });
              await process.inbox().receive();
              if (how === "failure") throw new Error("failed");
              if (how === "upgrade") await process.upgrade("app:next");
            },
          },
        },
        args: [way],
        when: {
          lua: `return function(way)
            process.registry.register("reports")
            local peer = process.spawn("app:peer", "sim:processes")
            local caller = process.spawn("app:caller", "sim:processes", peer, way)
            require("time").sleep("1ms")
            if way == "terminate" then process.terminate(caller)
            elseif way == "deadline" then process.cancel(caller, 0)
            else process.send(way == "link" and peer or caller, "go") end
            local event = process.inbox():receive():payload()
            require("time").sleep("4999ms")
            local before = process.registry.lookup("child") ~= nil
            require("time").sleep("2ms")
            return { event[1], event[2] == caller, event[4], before, process.registry.lookup("child") == nil }
          end`,
          typescript: async (process, how) => {
            await process.registry.register("reports");
            const peer = await process.spawn("app:peer", "sim:processes");
            const caller = await process.spawn("app:caller", "sim:processes", peer, how);
            await process.sleep(1);
            if (how === "terminate") await process.terminate(caller);
            else if (how === "deadline") await process.cancel(caller, 0);
            else process.send(how === "link" ? peer : caller, "go");
            const event = (await process.inbox().receive()).payload;
            await process.sleep(4_999);
            const before = (await process.registry.lookup("child")) !== null;
            await process.sleep(2);
            const after = await process.registry.lookup("child").catch(() => "gone");
            return [event[0], event[1] === caller, event[3], before, after === "gone"];
          },
        },
        then: (outcome) => expect(valueIn(outcome)).toEqual(["pid.cancel", true, "caller exited", true, true]),
      }),
    ),
  );
});
