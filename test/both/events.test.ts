/** The shape of lifecycle events (section 6), in both languages. */
import { describe, expect } from "vitest";
import { facts, type Outcome } from "../support/facts.ts";
import { answer, HOST, luaMain, peers } from "../support/peers.ts";

describe("events", () => {
  facts([
    {
      title: "have constants for their kinds [both S6.1, S6.2, S6.3]",
      when: {
        lua: `return function() return { process.event.CANCEL, process.event.EXIT, process.event.LINK_DOWN } end`,
        typescript: async (process) => [process.event.CANCEL, process.event.EXIT, process.event.LINK_DOWN],
      },
      then: ["pid.cancel", "pid.exit", "pid.link.down"],
    },
    {
      title: "have the fields of their kind and no others: EXIT and LINK_DOWN [both S6.2-S6.8, S6.11]",
      given: peers("app:fails", "app:returns"),
      when: {
        lua: luaMain(`
          process.set_options{trap_links = true}
          time.sleep("1500ms")
          local failed = process.spawn_linked_monitored("app:fails", HOST)
          local exit, down = process.events():receive(), process.events():receive()
          local returned = process.spawn_monitored("app:returns", HOST, "value")
          local value = process.events():receive()
          local from = { exit.from == failed, down.from == failed, value.from == returned }
          exit.from, down.from, value.from = nil, nil, nil
          return { exit, down, value, from, type(exit), tostring(getmetatable(exit)), type(exit.result.error) }`),
        typescript: async (process) => {
          process.setOptions({ trapLinks: true });
          await process.sleep("1500ms");
          const failed = await process.spawnLinkedMonitored("app:fails", HOST);
          const [exit, down] = [await process.events().receive(), await process.events().receive()];
          const returned = await process.spawnMonitored("app:returns", HOST, "value");
          const value = await process.events().receive();
          const from = [exit.from === failed, down.from === failed, value.from === returned];
          for (const event of [exit, down, value]) delete event.from;
          return [exit, down, value, from, "table", "nil", typeof exit.result.error];
        },
      },
      then: [
        {
          kind: "pid.exit",
          at: 1_767_225_601.5,
          result: { error: "boom", kind: "Conflict", retryable: true, details: { n: 1 } },
        },
        {
          kind: "pid.link.down",
          at: 1_767_225_601.5,
          result: { error: "boom", kind: "Conflict", retryable: true, details: { n: 1 } },
        },
        { kind: "pid.exit", at: 1_767_225_601.5, result: { value: "value" } },
        [true, true, true],
        "table",
        "nil",
        "string",
      ],
    },
    {
      title:
        "of CANCEL name who asked, a deadline in UTC with milliseconds, and the reason [both S6.1, S6.4-S6.7, S6.9, S6.10]",
      when: {
        lua: luaMain(`
          time.sleep("250ms")
          process.cancel(process.pid(), { deadline = "5s", reason = "enough" })
          process.cancel(process.pid())
          local one, other = process.events():receive(), process.events():receive()
          local from = { one.from == process.pid(), other.from == process.pid() }
          one.from, other.from = nil, nil
          return { one, other, from }`),
        typescript: async (process) => {
          await process.sleep("250ms");
          await process.cancel(process.pid(), { deadline: "5s", reason: "enough" });
          await process.cancel(process.pid());
          const [one, other] = [await process.events().receive(), await process.events().receive()];
          const from = [one.from === process.pid(), other.from === process.pid()];
          for (const event of [one, other]) delete event.from;
          return [one, other, from];
        },
      },
      then: [
        { kind: "pid.cancel", at: 1_767_225_600.25, deadline: "2026-01-01T00:00:05.250Z", reason: "enough" },
        { kind: "pid.cancel", at: 1_767_225_600.25 },
        [true, true],
      ],
    },
    {
      title:
        "belong to their receiver, who may change them; a result without a value has neither value nor error [both S6.4, S6.8, S6.11]",
      given: {
        "app:nothing": { lua: `return function() end`, typescript: async () => {} },
      },
      when: {
        lua: luaMain(`
          local pid = process.spawn_monitored("app:nothing", HOST)
          local event = process.events():receive()
          event.kind, event.mine = "changed", true
          return { event.kind, event.mine, next(event.result) == nil }`),
        typescript: async (process) => {
          await process.spawnMonitored("app:nothing", HOST);
          const event = await process.events().receive();
          event.kind = "changed";
          event.mine = true;
          return [event.kind, event.mine, (event.result.value ?? null) === null && event.result.error === undefined];
        },
      },
      then: ["changed", true, true],
    },
    {
      title:
        "of CANCEL from the runtime say why: the caller has exited, the time of exec has passed [both S6.6, S6.12]",
      given: {
        "app:tells": {
          lua: luaMain(`
            local name = ...
            local event = process.events():receive()
            process.send(name, "canceled", event.reason, event.from, event.deadline)`),
          typescript: async (process, name) => {
            const event = await process.events().receive();
            process.send(name, "canceled", event.reason, event.from, event.deadline);
          },
        },
        "app:caller": {
          lua: luaMain(`
            local name = ...
            coroutine.spawn(function() process.exec("app:tells", HOST, name) end)
            time.sleep("1s")`),
          typescript: async (process, name) => {
            process.go(() => process.exec("app:tells", HOST, name));
            await process.sleep("1s");
          },
        },
      },
      when: {
        lua: luaMain(`
          local canceled = process.listen("canceled")
          local caller = process.spawn("app:caller", HOST, process.pid())
          local exited = canceled:receive()
          local timeout = answer(process.with_context{}:with_options{timeout = "1s"}:exec("app:tells", HOST, process.pid()))
          local late = canceled:receive()
          return { exited[1], exited[2] == caller, exited[3], timeout, late[1], late[2] == process.pid(), late[3] }`),
        typescript: async (process) => {
          const canceled = process.listen("canceled");
          const caller = await process.spawn("app:caller", HOST, process.pid());
          const exited = await canceled.receive();
          const builder = process.withContext({}).withOptions({ timeout: "1s" });
          const timeout = await answer(builder.exec("app:tells", HOST, process.pid()));
          const late = await canceled.receive();
          return [exited[0], exited[1] === caller, exited[2], timeout, late[0], late[1] === process.pid(), late[2]];
        },
      },
      then: [
        "caller exited",
        true,
        "2026-01-01T00:00:06.000Z",
        ["Timeout", "exec timeout"],
        "exec timeout",
        true,
        "2026-01-01T00:00:07.000Z",
      ],
    },
    {
      title: "are nobody's in particular when the runtime or a tool asks [both S6.6]",
      prepare: (sim) => {
        sim.later(() => sim.cancel(sim.lookup("asked") as string, { reason: "by a tool" }));
      },
      when: {
        lua: `return function()
          process.registry.register("asked")
          local event = process.events():receive()
          return { event.from, event.reason }
        end`,
        typescript: async (process) => {
          await process.registry.register("asked");
          const event = await process.events().receive();
          return [event.from, event.reason];
        },
      },
      then: (outcome: Outcome) => expect(outcome).toEqual({ value: ["{|}", "by a tool"] }),
    },
  ]);
});
