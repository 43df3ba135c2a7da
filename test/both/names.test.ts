/** The name registry (section 8), in both languages. */
import { describe } from "vitest";
import { RefusingGuard } from "../scenarios/refusal.ts";
import { facts } from "../support/facts.ts";
import { answer, HOST, luaMain, peers } from "../support/peers.ts";

/** A pid of the simulated host under which nothing has ever run. */
const NOBODY = "{sim:processes|0xfffff}";

describe("a name", () => {
  facts([
    {
      title: "is bound to the caller or the pid given; several to one, again without harm [both S8.1, S8.2, S8.6]",
      given: peers("app:idle"),
      when: {
        lua: luaMain(`
          local registry, pid = process.registry, process.spawn("app:idle", HOST)
          return {
            registry.register("a"), registry.register("b"), registry.register("a"), registry.register("a", process.pid()),
            registry.register("c", pid),
            registry.lookup("a") == process.pid(), registry.lookup("b") == process.pid(), registry.lookup("c") == pid,
          }`),
        typescript: async (process) => {
          const { registry } = process;
          const pid = await process.spawn("app:idle", HOST);
          const self = process.pid();
          const got: unknown[] = [];
          for (const args of [["a"], ["b"], ["a"], ["a", self], ["c", pid]]) {
            got.push(await answer(registry.register(...args)));
          }
          for (const [name, holder] of [
            ["a", self],
            ["b", self],
            ["c", pid],
          ]) {
            got.push((await registry.lookup(name)) === holder);
          }
          return got;
        },
      },
      then: [true, true, true, true, true, true, true, true],
    },
    {
      title: "is held by one live process at a time; of two that try at once one succeeds [both S8.3]",
      given: {
        "app:racer": {
          lua: luaMain(`
            process.events()
            local got = answer(process.registry.register("contended"))
            process.send(..., "result", got)
            channel.new():receive()`),
          typescript: async (process, parent) => {
            process.send(parent, "result", await answer(process.registry.register("contended")));
            await process.channel().receive();
          },
        },
      },
      when: {
        lua: luaMain(`
          local one = process.spawn("app:racer", HOST, process.pid())
          local two = process.spawn("app:racer", HOST, process.pid())
          local results = process.listen("result")
          local first, second = results:receive(), results:receive()
          local holder = process.registry.lookup("contended")
          if first ~= true then first, second = second, first end
          return { first, second, holder == one or holder == two, answer(process.registry.register("contended")) }`),
        typescript: async (process) => {
          const one = await process.spawn("app:racer", HOST, process.pid());
          const two = await process.spawn("app:racer", HOST, process.pid());
          const results = process.listen("result");
          let [first, second] = [await results.receive(), await results.receive()];
          if (first !== true) [first, second] = [second, first];
          const holder = await process.registry.lookup("contended");
          const third = await answer(process.registry.register("contended"));
          return [first, second, holder === one || holder === two, third];
        },
      },
      then: [true, ["AlreadyExists", "name already registered"], true, ["AlreadyExists", "name already registered"]],
    },
    {
      title: "is neither empty nor shaped like a pid, and its holder is a live pid [both S8.4, S8.5, S8.6]",
      when: {
        lua: luaMain(`
          local registry = process.registry
          return {
            answer(registry.register("")), answer(registry.register("{a|b}")), answer(registry.register()),
            answer(registry.register("n", "no pid")), answer(registry.register("n", "{no pipe}")),
            answer(registry.register("n", "${NOBODY}")),
            answer(registry.lookup("n")), answer(registry.lookup("")), answer(registry.lookup(process.pid())),
            answer(registry.lookup()), answer(registry.unregister()),
          }`),
        typescript: async (process) => {
          const { registry } = process;
          return [
            await answer(registry.register("")),
            await answer(registry.register("{a|b}")),
            await answer(registry.register()),
            await answer(registry.register("n", "no pid")),
            await answer(registry.register("n", "{no pipe}")),
            await answer(registry.register("n", NOBODY)),
            await answer(registry.lookup("n")),
            await answer(registry.lookup("")),
            await answer(registry.lookup(process.pid())),
            await answer(registry.lookup()),
            await answer(registry.unregister()),
          ];
        },
      },
      then: [
        ["Invalid", "name cannot be empty"],
        ["Invalid", "name cannot have the form of a PID"],
        ["Invalid", "register requires a name argument"],
        ["Invalid", "invalid pid format: missing braces"],
        ["Invalid", "invalid pid format: missing pipe"],
        ["NotFound", "process not found"],
        ["NotFound", "name not registered"],
        ["NotFound", "name not registered"],
        ["NotFound", "name not registered"],
        ["Invalid", "lookup requires a name argument"],
        ["Invalid", "unregister requires a name argument"],
      ],
    },
    {
      title: "is freed by anybody, who learns whether it was held, and by its holder's end [both S8.7, S8.9]",
      given: peers("app:obedient"),
      when: {
        lua: luaMain(`
          local registry = process.registry
          local pid = process.spawn_monitored("app:obedient", HOST)
          registry.register("one", pid)
          registry.register("two", pid)
          local got = { registry.unregister("one"), registry.unregister("one"), answer(registry.lookup("one")) }
          process.send("two", "return")
          process.events():receive()
          got[4] = answer(registry.lookup("two"))
          got[5] = registry.register("two")
          return got`),
        typescript: async (process) => {
          const { registry } = process;
          const pid = await process.spawnMonitored("app:obedient", HOST);
          await registry.register("one", pid);
          await registry.register("two", pid);
          const got: unknown[] = [
            await registry.unregister("one"),
            await registry.unregister("one"),
            await answer(registry.lookup("one")),
          ];
          process.send("two", "return");
          await process.events().receive();
          got.push(await answer(registry.lookup("two")));
          return [...got, await answer(registry.register("two"))];
        },
      },
      then: [true, false, ["NotFound", "name not registered"], ["NotFound", "name not registered"], true],
    },
    {
      title:
        "needs permission, after the arguments and before liveness and holder; looking up needs none [both S8.6, S8.8]",
      guard: () => new RefusingGuard("process.registry.register", "process.registry.unregister"),
      when: {
        lua: luaMain(`
          local registry = process.registry
          return {
            answer(registry.register("n")), answer(registry.register("n", "${NOBODY}")),
            answer(registry.register("")), answer(registry.register("n", "no pid")),
            answer(registry.unregister("n")), answer(registry.lookup("n")),
          }`),
        typescript: async (process) => {
          const { registry } = process;
          return [
            await answer(registry.register("n")),
            await answer(registry.register("n", NOBODY)),
            await answer(registry.register("")),
            await answer(registry.register("n", "no pid")),
            await answer(registry.unregister("n")),
            await answer(registry.lookup("n")),
          ];
        },
      },
      then: [
        ["PermissionDenied", "not allowed to register name: n"],
        ["PermissionDenied", "not allowed to register name: n"],
        ["Invalid", "name cannot be empty"],
        ["Invalid", "invalid pid format: missing braces"],
        ["PermissionDenied", "not allowed to unregister name: n"],
        ["NotFound", "name not registered"],
      ],
    },
    {
      title: "is known on every host [both S8.10]",
      prepare: (sim) => sim.addHost("app:other"),
      given: {
        "app:finds": {
          lua: `return function(name) return process.registry.lookup(name) end`,
          typescript: (process, name) => process.registry.lookup(name),
        },
      },
      when: {
        lua: luaMain(`
          process.registry.register("known")
          return process.exec("app:finds", "app:other", "known") == process.pid()`),
        typescript: async (process) => {
          await process.registry.register("known");
          return (await process.exec("app:finds", "app:other", "known")) === process.pid();
        },
      },
      then: true,
    },
  ]);
});
