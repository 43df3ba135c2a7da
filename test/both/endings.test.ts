/** How processes end, and in which order the world hears of it (S4.1, S4.2, S4.9–S4.19), in both languages. */
import { errors, ProcessError } from "beamish";
import type { Simulation } from "beamish/testing";
import { describe, expect } from "vitest";
import { facts, type Outcome } from "../support/facts.ts";
import { answer, ending, HOST, luaMain, peers } from "../support/peers.ts";

describe("a process", () => {
  facts([
    {
      title: "ends when main returns, and its other coroutines are dropped with it [both S4.1]",
      given: {
        "app:leaves": {
          lua: luaMain(`
            local parent = ...
            coroutine.spawn(function() time.sleep("1s") process.send(parent, "late") end)
            return "done"`),
          typescript: async (process, parent) => {
            process.go(async () => {
              await process.sleep("1s");
              process.send(parent, "late");
            });
            return "done";
          },
        },
      },
      when: {
        lua: luaMain(`
          local got = process.exec("app:leaves", HOST, process.pid())
          time.sleep("5s")
          local late = channel.select({ process.inbox():case_receive() }, true)
          return { got, late.default }`),
        typescript: async (process) => {
          const got = await process.exec("app:leaves", HOST, process.pid());
          await process.sleep("5s");
          const late = await process.select([process.inbox().caseReceive()], { default: true });
          return [got, late.default];
        },
      },
      then: ["done", true],
    },
    {
      title: "ends when an error escapes one of its coroutines, while main waits [both S4.1, S4.2]",
      given: {
        "app:torn": {
          lua: luaMain(`
            coroutine.spawn(function() error(errors.new(errors.CONFLICT, "in a coroutine")) end)
            process.inbox():receive()`),
          typescript: async (process) => {
            process.go(async () => {
              throw new ProcessError({ kind: errors.CONFLICT, message: "in a coroutine" });
            });
            await process.inbox().receive();
          },
        },
      },
      when: {
        lua: luaMain(`return answer(process.exec("app:torn", HOST))`),
        typescript: (process) => answer(process.exec("app:torn", HOST)),
      },
      then: [errors.CONFLICT, "in a coroutine"],
    },
    {
      title: "whose coroutines all wait is idle, not ended, for however long [both S4.1]",
      given: peers("app:obedient"),
      when: {
        lua: luaMain(`
          local pid = process.spawn_monitored("app:obedient", HOST)
          time.sleep("24000h")
          process.send(pid, "return", "still here")
          return ending(process.events():receive())`),
        typescript: async (process) => {
          const pid = await process.spawnMonitored("app:obedient", HOST);
          await process.sleep("24000h");
          process.send(pid, "return", "still here");
          return ending(await process.events().receive());
        },
      },
      then: "still here",
    },
    {
      title: "that was cancelled and returns ends normally: a link takes nobody along [both S4.2, S5.10]",
      given: peers("app:event"),
      when: {
        lua: luaMain(`
          local pid = process.spawn_linked_monitored("app:event", HOST)
          process.cancel(pid, "1s")
          local exit = process.events():receive()
          time.sleep("5s")
          return { exit.kind, exit.result.error == nil, exit.result.value[1] }`),
        typescript: async (process) => {
          const pid = await process.spawnLinkedMonitored("app:event", HOST);
          await process.cancel(pid, "1s");
          const exit = await process.events().receive();
          await process.sleep("5s");
          return [exit.kind, exit.result.error === undefined, exit.result.value[0]];
        },
      },
      then: ["pid.exit", true, "pid.cancel"],
    },
  ]);
});

describe("the result", () => {
  facts([
    {
      title: "of a value is that value, a copy [both S4.3]",
      given: peers("app:returns"),
      when: {
        lua: luaMain(`
          local given = { list = { 1, 2 } }
          process.spawn_monitored("app:returns", HOST, given)
          local exit = process.events():receive()
          return { exit.result.value.list, exit.result.value == given, exit.result.error == nil }`),
        typescript: async (process) => {
          const given = { list: [1, 2] };
          await process.spawnMonitored("app:returns", HOST, given);
          const exit = await process.events().receive();
          return [exit.result.value.list, exit.result.value === given, exit.result.error === undefined];
        },
      },
      then: [[1, 2], false, true],
    },
    {
      title: "of a termination, a passed deadline and a linked failure is fixed [both S4.9, S4.10, S4.11]",
      given: {
        ...peers("app:idle", "app:fails"),
        "app:linked": {
          lua: luaMain(`process.spawn_linked("app:fails", HOST) channel.new():receive()`),
          typescript: async (process) => {
            await process.spawnLinked("app:fails", HOST);
            await process.channel().receive();
          },
        },
      },
      when: {
        lua: luaMain(`
          local events = process.events()
          process.terminate(process.spawn_monitored("app:idle", HOST))
          local terminated = events:receive().result
          process.cancel(process.spawn_monitored("app:idle", HOST), "1s")
          local late = events:receive().result
          process.spawn_monitored("app:linked", HOST)
          return { terminated, late, events:receive().result }`),
        typescript: async (process) => {
          const events = process.events();
          await process.terminate(await process.spawnMonitored("app:idle", HOST));
          const terminated = (await events.receive()).result;
          await process.cancel(await process.spawnMonitored("app:idle", HOST), "1s");
          const late = (await events.receive()).result;
          await process.spawnMonitored("app:linked", HOST);
          return [terminated, late, (await events.receive()).result];
        },
      },
      then: [
        { error: "process terminated", kind: "Internal" },
        { error: "cancel deadline exceeded", kind: "Timeout" },
        { error: "linked process failed", kind: "Internal" },
      ],
    },
    {
      title: "of a failed upgrade names the cause, has its kind and no retryable [both S4.12, S9.8]",
      given: {
        "app:upgrades": {
          lua: `return function(id) process.upgrade(id) end`,
          typescript: (process, id) => process.upgrade(id),
        },
      },
      when: {
        lua: luaMain(`
          process.spawn_monitored("app:upgrades", HOST, "app:none")
          local unknown = process.events():receive().result
          process.spawn_monitored("app:upgrades", HOST, "none")
          return { unknown, process.events():receive().result }`),
        typescript: async (process) => {
          await process.spawnMonitored("app:upgrades", HOST, "app:none");
          const unknown = (await process.events().receive()).result;
          await process.spawnMonitored("app:upgrades", HOST, "none");
          return [unknown, (await process.events().receive()).result];
        },
      },
      then: [
        { error: "upgrade: process entry not found: app:none", kind: "NotFound" },
        { error: "upgrade: invalid process ID format (namespace:name required)", kind: "Invalid" },
      ],
    },
    {
      title: "that cannot be copied is an abnormal end, also when nobody watches: a link falls [both S4.13]",
      given: {
        "app:uncopyable": {
          lua: `return function(peer)
            if peer then process.link(peer) end
            return { callback = print }
          end`,
          typescript: async (process, peer) => {
            if (peer) await process.link(peer);
            return { callback() {} };
          },
        },
        ...peers("app:event"),
      },
      when: {
        lua: luaMain(`
          local told = answer(process.exec("app:uncopyable", HOST))
          local peer = process.spawn_monitored("app:event", HOST)
          time.sleep("10ms")
          local pid = process.spawn("app:uncopyable", HOST, peer)
          local value = ending(process.events():receive())
          return { told, value[1], value[2] == pid }`),
        typescript: async (process) => {
          const told = await answer(process.exec("app:uncopyable", HOST));
          const peer = await process.spawnMonitored("app:event", HOST);
          await process.sleep("10ms");
          const pid = await process.spawn("app:uncopyable", HOST, peer);
          const value = ending(await process.events().receive()) as unknown[];
          return [told, value[0], value[1] === pid];
        },
      },
      then: [["Invalid", "result.callback: function cannot be sent"], "pid.link.down", true],
    },
  ]);
});

describe("the order of death", () => {
  facts([
    {
      title:
        "is: no destination, names free, EXIT, LINK_DOWN, dead letters and the children of exec [both S4.17, S4.18, S4.19]",
      given: {
        "app:holder": {
          lua: luaMain(`
            process.registry.register("held")
            local parent = ...
            coroutine.spawn(function() process.exec("app:executed", HOST, parent) end)
            process.listen("fail"):receive()
            error("gone")`),
          typescript: async (process, parent) => {
            await process.registry.register("held");
            process.go(() => process.exec("app:executed", HOST, parent));
            await process.listen("fail").receive();
            throw new Error("gone");
          },
        },
        "app:executed": {
          lua: `return function(parent)
            local event = process.events():receive()
            process.send(parent, "executed", event.kind)
          end`,
          typescript: async (process, parent) => {
            const event = await process.events().receive();
            process.send(parent, "executed", event.kind);
          },
        },
      },
      when: {
        lua: luaMain(`
          process.set_options{trap_links = true}
          local pid = process.spawn_linked_monitored("app:holder", HOST, process.pid())
          time.sleep("10ms")
          process.send(pid, "unread", 1)
          process.send(pid, "fail")
          local first = process.events():receive()
          local dead = answer(process.send(pid, "late"))
          local named = answer(process.registry.register("held"))
          local second = process.events():receive()
          local child = process.listen("executed"):receive()
          return { first.kind, dead, named, second.kind, child }`),
        typescript: async (process) => {
          process.setOptions({ trapLinks: true });
          const pid = await process.spawnLinkedMonitored("app:holder", HOST, process.pid());
          await process.sleep("10ms");
          process.send(pid, "unread", 1);
          process.send(pid, "fail");
          const first = await process.events().receive();
          const late = process.send(pid, "late");
          const dead = [late.kind, late.message];
          const named = await answer(process.registry.register("held"));
          const second = await process.events().receive();
          const child = await process.listen("executed").receive();
          return [first.kind, dead, named, second.kind, child];
        },
      },
      then: (outcome: Outcome, sim: Simulation) => {
        expect(outcome).toEqual({
          value: ["pid.exit", ["NotFound", "process not found"], true, "pid.link.down", "pid.cancel"],
        });
        expect(sim.deadLetters.count("exited_unread")).toBe(1);
        expect(sim.deadLetters.count("not_found")).toBe(1);
      },
    },
  ]);
});
