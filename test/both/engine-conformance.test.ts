/** What the kernel expects of the engine of any language (src/kernel/engine.ts), as users see it. */
import { errors } from "beamish";
import { describe, expect, it } from "vitest";
import { simulate } from "../../src/testing/index.ts";
import { facts } from "../support/facts.ts";
import { defineLua } from "../support/lua.ts";
import { answer, ending, HOST, luaMain, peers } from "../support/peers.ts";

describe("an engine", () => {
  facts([
    {
      title: "runs a program with its arguments, and finishes with its value [both S3.28, S4.3]",
      when: { lua: luaMain(`local a, b = ... return { b, a }`), typescript: (_process, a, b) => [b, a] },
      args: [1, "two"],
      then: ["two", 1],
    },
    {
      title: "ends a program that throws with that error, for all that it had begun [both S4.1, S4.8]",
      given: peers("app:fails"),
      when: {
        lua: luaMain(`
          process.spawn_monitored("app:fails", HOST)
          return { answer(process.exec("app:fails", HOST)), ending(process.events():receive()) }`),
        typescript: async (process) => {
          await process.spawnMonitored("app:fails", HOST);
          return [await answer(process.exec("app:fails", HOST)), ending(await process.events().receive())];
        },
      },
      then: [
        [errors.CONFLICT, "boom"],
        ["boom", errors.CONFLICT],
      ],
    },
    {
      title: "receives 200 messages of one sender in their order, and loses none [both S2.11, S2.13]",
      given: {
        "app:collects": {
          lua: luaMain(`
            local all = {}
            for i = 1, 200 do all[i] = process.inbox():receive():payload() end
            return all`),
          typescript: async (process) => {
            const all = [];
            for (let i = 0; i < 200; i++) all.push((await process.inbox().receive()).payload);
            return all;
          },
        },
      },
      when: {
        lua: luaMain(`
          local pid = process.spawn_monitored("app:collects", HOST)
          for i = 1, 200 do process.send(pid, "t" .. i % 3, i) end
          return ending(process.events():receive())`),
        typescript: async (process) => {
          const pid = await process.spawnMonitored("app:collects", HOST);
          for (let i = 1; i <= 200; i++) process.send(pid, `t${i % 3}`, i);
          return ending(await process.events().receive());
        },
      },
      then: Array.from({ length: 200 }, (_, i) => i + 1),
    },
    {
      title: "carries out one ready case of a select and leaves the others as they are [both S11.7]",
      when: {
        lua: luaMain(`
          local a, b, out = channel.new(2), channel.new(2), channel.new(1)
          a:send("a1") a:send("a2") b:send("b1")
          local got = {}
          for i = 1, 4 do
            local chosen = channel.select({ b:case_receive(), a:case_receive(), out:case_send(i), default = true })
            got[i] = chosen.value or "sent"
          end
          return { got, (out:receive()) }`),
        typescript: async (process) => {
          const [a, b, out] = [process.channel(2), process.channel(2), process.channel(1)];
          await a.send("a1");
          await a.send("a2");
          await b.send("b1");
          const got = [];
          for (let i = 1; i <= 4; i++) {
            const cases = [b.caseReceive(), a.caseReceive(), out.caseSend(i)];
            got.push((await process.select(cases, { default: true })).value ?? "sent");
          }
          return [got, await out.receive()];
        },
      },
      then: [["b1", "a1", "a2", "sent"], 4],
    },
    {
      title: "runs several coroutines, and goes on first with whoever starts them [both S11.11]",
      when: {
        lua: luaMain(`
          local log, c = {}, channel.new()
          for _, name in ipairs({ "a", "b" }) do
            coroutine.spawn(function()
              for i = 1, 2 do log[#log + 1] = name .. i c:send(name) end
            end)
          end
          log[#log + 1] = "main"
          for i = 1, 4 do local got = c:receive() log[#log + 1] = "got " .. got end
          return log`),
        typescript: async (process) => {
          const log: string[] = [];
          const c = process.channel();
          for (const name of ["a", "b"]) {
            process.go(async () => {
              for (let i = 1; i <= 2; i++) {
                log.push(name + i);
                await c.send(name);
              }
            });
          }
          log.push("main");
          for (let i = 1; i <= 4; i++) log.push(`got ${await c.receive()}`);
          return log;
        },
      },
      then: (outcome) => {
        const { value } = outcome as { value: string[] };
        expect(value.indexOf("main")).toBeLessThan(value.indexOf("got a"));
        expect([...value].sort()).toEqual(["a1", "a2", "b1", "b2", "got a", "got a", "got b", "got b", "main"]);
      },
    },
    {
      title: "makes no further syscall for a process that was terminated, whatever it waited for [both S4.20]",
      given: {
        "app:talks": {
          lua: luaMain(`
            local listener = ...
            coroutine.spawn(function() while true do time.sleep("1s") process.send(listener, "late") end end)
            pcall(function() process.inbox():receive() process.send(listener, "late") end)
            process.send(listener, "late")`),
          typescript: async (process, listener) => {
            process.go(async () => {
              for (;;) {
                await process.sleep("1s");
                process.send(listener, "late");
              }
            });
            try {
              await process.inbox().receive();
              process.send(listener, "late");
            } finally {
              process.send(listener, "late");
            }
          },
        },
      },
      when: {
        lua: luaMain(`
          local pid = process.spawn("app:talks", HOST, process.pid())
          process.send(pid, "wake")
          process.terminate(pid)
          time.sleep("5s")
          return channel.select({ process.inbox():case_receive() }, true).default`),
        typescript: async (process) => {
          const pid = await process.spawn("app:talks", HOST, process.pid());
          process.send(pid, "wake");
          await process.terminate(pid);
          await process.sleep("5s");
          return (await process.select([process.inbox().caseReceive()], { default: true })).default;
        },
      },
      then: true,
    },
  ]);

  it("gives others their turn while a loop never ends, and ends it when told [lua S4.21, S11.32]", async () => {
    await simulate(1, async (sim) => {
      defineLua(sim, "app:loop", `return function() while true do pcall(function() while true do end end) end end`);
      defineLua(sim, "app:echo", `return function() return process.inbox():receive():payload() end`);
      const loop = await sim.spawn("app:loop").catch(() => null);
      expect(loop).not.toBe(null);
      const echo = await sim.spawn("app:echo");
      sim.send(echo, "t", "hello");
      for (let turns = 0; sim.isAlive(echo); turns++) {
        expect(turns).toBeLessThan(1_000);
        await sim.step();
      }
      expect(sim.isAlive(loop as string)).toBe(true);
      sim.terminate(loop as string);
      await sim.settle();
      expect(sim.isAlive(loop as string)).toBe(false);
    });
  });

  it("runs no other coroutine of a process before one that is preempted has waited or ended [lua S11.11, S11.32]", async () => {
    await simulate(1, async (sim) => {
      defineLua(
        sim,
        "app:atomic",
        `return function()
          local inside, overlaps, done = 0, 0, channel.new(3)
          for i = 1, 3 do
            coroutine.spawn(function()
              inside = inside + 1
              if inside > 1 then overlaps = overlaps + 1 end
              for n = 1, 400000 do end
              inside = inside - 1
              done:send(true)
            end)
          end
          for i = 1, 3 do done:receive() end
          return overlaps
        end`,
      );
      expect(await sim.exec("app:atomic")).toBe(0);
    });
  });
});
