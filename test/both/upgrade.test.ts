/** Upgrade (section 9), in both languages and from each to the other. */
import { errors, ProcessError } from "beamish";
import { describe, expect } from "vitest";
import { RefusingGuard } from "../scenarios/refusal.ts";
import { facts, type Told } from "../support/facts.ts";
import { answer, ending, HOST, luaMain, peers } from "../support/peers.ts";

/** Ends with whether it is who it was, and its arguments. */
const NEXT: Told = {
  lua: `return function(pid, id, ...)
    return { process.pid() == pid, process.id() == id, process.get_options().trap_links, ... }
  end`,
  typescript: async (process, pid, id, ...args) => [
    process.pid() === pid,
    process.id() === id,
    process.getOptions().trapLinks,
    ...args,
  ],
};

/** Upgrades when told, to the entry of the message. */
const UPGRADES: Told = {
  lua: luaMain(`
    local id = process.listen("upgrade"):receive()
    process.upgrade(id, "state")`),
  typescript: async (process) => process.upgrade(await process.listen("upgrade").receive(), "state"),
};

/** Ends when it fails, at a message `fail`; tells what its inbox gets before that. */
const SECOND: Told = {
  lua: luaMain(`
    local got = {}
    for i = 1, 3 do
      local msg = process.inbox():receive()
      if msg:topic() == "fail" then error(errors.new(errors.CONFLICT, "the new code fails")) end
      got[i] = msg:payload()
    end
    return { got, process.events():receive().kind, (process.listen("named"):receive()) }`),
  typescript: async (process) => {
    const got: unknown[] = [];
    for (let i = 0; i < 3; i++) {
      const message = await process.inbox().receive();
      if (message.topic === "fail") throw new ProcessError({ message: "the new code fails", kind: errors.CONFLICT });
      got.push(message.payload);
    }
    return [got, (await process.events().receive()).kind, await process.listen("named").receive()];
  },
};

describe("an upgrade", () => {
  facts([
    {
      title:
        "goes on as another entry under the same pid and frame, with its arguments; it never returns [both S9.1, S9.3, S9.4, S9.6]",
      given: { "app:next": NEXT },
      when: {
        lua: luaMain(`
          process.set_options{trap_links = true}
          pcall(process.upgrade, "app:next", process.pid(), process.id(), { list = {1, 2} }, "more")
          error("it returned")`),
        typescript: async (process) => {
          process.setOptions({ trapLinks: true });
          await process.upgrade("app:next", process.pid(), process.id(), { list: [1, 2] }, "more").catch(() => {});
          throw new Error("it returned");
        },
      },
      then: [true, true, false, { list: [1, 2] }, "more"],
    },
    {
      title: "to nil starts the current entry again, without limit; pid, id and send work after each [both S9.2, S9.9]",
      when: {
        lua: luaMain(`
          local round, pid, id = ...
          round = round or 0
          if round > 0 then
            assert(process.pid() == pid and process.id() == id)
            assert(process.listen("round"):receive() == round)
          end
          if round == 50 then return "fifty" end
          process.send(process.pid(), "round", round + 1)
          process.upgrade(nil, round + 1, process.pid(), process.id())`),
        typescript: async (process, round = 0, pid?: string, id?: string) => {
          if (round > 0) {
            expect([process.pid(), process.id()]).toEqual([pid, id]);
            expect(await process.listen("round").receive()).toBe(round);
          }
          if (round === 50) return "fifty";
          process.send(process.pid(), "round", round + 1);
          await process.upgrade(null, round + 1, process.pid(), process.id());
        },
      },
      then: "fifty",
    },
    {
      title:
        "keeps every unread message and event, in order, whatever channel it waited for; the old channels are gone [both S9.4, S9.5, S9.6]",
      given: { "app:second": SECOND },
      when: {
        lua: luaMain(`
          local self = process.pid()
          process.registry.register("kept")
          process.inbox() process.listen("t") process.events()
          process.send(self, "t", 1) process.send(self, "u", 2) process.send(self, "t", 3)
          process.cancel(self, "10s")
          process.send("kept", "named", "by name")
          coroutine.spawn(function() time.sleep("1s") error("a coroutine of the old code") end)
          process.upgrade("app:second")`),
        typescript: async (process) => {
          const self = process.pid();
          await process.registry.register("kept");
          process.inbox();
          process.listen("t");
          process.events();
          for (const [topic, n] of [
            ["t", 1],
            ["u", 2],
            ["t", 3],
          ]) {
            process.send(self, topic, n);
          }
          await process.cancel(self, "10s");
          process.send("kept", "named", "by name");
          process.go(async () => {
            await process.sleep("1s");
            throw new Error("a coroutine of the old code");
          });
          await process.upgrade("app:second");
        },
      },
      then: [[1, 2, 3], "pid.cancel", "by name"],
    },
    {
      title: "keeps names, monitors and links in both directions; nobody who watches hears of it [both S9.4, S9.7]",
      guard: () => new RefusingGuard("process.upgrade"),
      given: { "app:upgrades": UPGRADES, "app:second": SECOND },
      when: {
        lua: luaMain(`
          process.set_options{trap_links = true}
          local pid = process.with_context{}:with_name("kept"):spawn_linked_monitored("app:upgrades", HOST)
          process.send(pid, "upgrade", "app:second")
          time.sleep("1s")
          local heard = channel.select({ process.events():case_receive() }, true).default
          local named = process.registry.lookup("kept") == pid
          process.send("kept", "fail")
          local exit, down = process.events():receive(), process.events():receive()
          return { heard, named, exit.kind, ending(exit), down.kind, down.from == pid }`),
        typescript: async (process) => {
          process.setOptions({ trapLinks: true });
          const builder = process.withContext({}).withName("kept");
          const pid = await builder.spawnLinkedMonitored("app:upgrades", HOST);
          process.send(pid, "upgrade", "app:second");
          await process.sleep("1s");
          const heard = (await process.select([process.events().caseReceive()], { default: true })).default;
          const named = (await process.registry.lookup("kept")) === pid;
          process.send("kept", "fail");
          const exit = await process.events().receive();
          const down = await process.events().receive();
          return [heard, named, exit.kind, ending(exit), down.kind, down.from === pid];
        },
      },
      then: [true, true, "pid.exit", ["the new code fails", "Conflict"], "pid.link.down", true],
    },
    {
      title: "keeps monitors and links the process itself made, its context and a running deadline [both S9.4]",
      given: {
        "app:first": {
          lua: luaMain(`
            process.monitor(...) process.link(...)
            process.cancel(process.pid(), "10s")
            process.upgrade("app:then")`),
          typescript: async (process, peer) => {
            await process.monitor(peer);
            await process.link(peer);
            await process.cancel(process.pid(), "10s");
            await process.upgrade("app:then");
          },
        },
        "app:then": {
          lua: luaMain(`
            process.set_options{trap_links = true}
            local events, got = process.events(), { require("ctx").get("a") }
            for i = 2, 4 do got[i] = events:receive().kind end
            process.send("parent", "got", got)
            channel.new():receive()`),
          typescript: async (process) => {
            process.setOptions({ trapLinks: true });
            const got = [process.ctx.get("a")];
            for (let i = 0; i < 3; i++) got.push((await process.events().receive()).kind);
            process.send("parent", "got", got);
            await process.channel().receive();
          },
        },
        ...peers("app:obedient"),
      },
      when: {
        lua: luaMain(`
          process.registry.register("parent")
          local peer = process.spawn("app:obedient", HOST)
          process.with_context{a = "kept"}:spawn_monitored("app:first", HOST, peer)
          time.sleep("1s")
          process.send(peer, "fail")
          return { process.listen("got"):receive(), ending(process.events():receive()) }`),
        typescript: async (process) => {
          await process.registry.register("parent");
          const peer = await process.spawn("app:obedient", HOST);
          await process.withContext({ a: "kept" }).spawnMonitored("app:first", HOST, peer);
          await process.sleep("1s");
          process.send(peer, "fail");
          return [await process.listen("got").receive(), ending(await process.events().receive())];
        },
      },
      then: [
        ["kept", "pid.cancel", "pid.exit", "pid.link.down"],
        ["cancel deadline exceeded", "Timeout"],
      ],
    },
    {
      title: "gives an exec that waits the final result, be it a failed upgrade [both S9.4, S9.8]",
      given: {
        "app:steps": {
          lua: `return function(id, ...) process.upgrade(id, ...) end`,
          typescript: (process, id, ...args) => process.upgrade(id, ...args),
        },
        ...peers("app:returns", "app:fails"),
      },
      when: {
        lua: luaMain(`
          return {
            answer(process.exec("app:steps", HOST, "app:returns", "final")),
            answer(process.exec("app:steps", HOST, "app:steps", "app:fails")),
            answer(process.exec("app:steps", HOST, "app:none")),
            answer(process.exec("app:steps", HOST, "none")),
            answer(process.exec("app:steps", HOST, "app:")),
          }`),
        typescript: async (process) => [
          await answer(process.exec("app:steps", HOST, "app:returns", "final")),
          await answer(process.exec("app:steps", HOST, "app:steps", "app:fails")),
          await answer(process.exec("app:steps", HOST, "app:none")),
          await answer(process.exec("app:steps", HOST, "none")),
          await answer(process.exec("app:steps", HOST, "app:")),
        ],
      },
      then: [
        "final",
        ["Conflict", "boom"],
        ["NotFound", "upgrade: process entry not found: app:none"],
        ["Invalid", "upgrade: invalid process ID format (namespace:name required)"],
        ["Invalid", "upgrade: invalid process ID format (namespace:name required)"],
      ],
    },
  ]);
});
