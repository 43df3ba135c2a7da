/** Monitors and links (section 5), in both languages. */
import { describe, expect } from "vitest";
import { RefusingGuard } from "../scenarios/refusal.ts";
import { facts, type Outcome, type Told } from "../support/facts.ts";
import { answer, ending, HOST, luaMain, peers } from "../support/peers.ts";

/** A pid of the simulated host under which nothing has ever run. */
const NOBODY = "{sim:processes|0xfffff}";

/** Spawns ten linked children, tells their pids, and fails when told. */
const PARENT: Told = {
  lua: luaMain(`
    local pids = {}
    for i = 1, 10 do pids[i] = process.spawn_linked("app:idle", HOST) end
    process.send(..., "pids", pids)
    process.inbox():receive()
    error("gone")`),
  typescript: async (process, parent) => {
    const pids: string[] = [];
    for (let i = 0; i < 10; i++) pids.push(await process.spawnLinked("app:idle", HOST));
    process.send(parent, "pids", pids);
    await process.inbox().receive();
    throw new Error("gone");
  },
};

/** Spawns the next of a chain, linked; the last one fails after a second. */
const CHAIN: Told = {
  lua: luaMain(`
    local left = ...
    if left == 0 then time.sleep("1s") error("the last fails") end
    process.spawn_linked("app:chain", HOST, left - 1)
    channel.new():receive()`),
  typescript: async (process, left) => {
    if (left === 0) {
      await process.sleep("1s");
      throw new Error("the last fails");
    }
    await process.spawnLinked("app:chain", HOST, left - 1);
    await process.channel().receive();
  },
};

/** Links to a process, tells that it has, and waits for an event or a message. */
const LINKER: Told = {
  lua: luaMain(`
    local parent, peer, traps = ...
    process.set_options{trap_links = traps == true}
    process.send(parent, "linked", process.link(peer))
    local got = channel.select{ process.events():case_receive(), process.inbox():case_receive() }
    if got.channel == process.events() then return { got.value.kind, got.value.from } end
    return got.value:topic()`),
  typescript: async (process, parent, peer, traps) => {
    process.setOptions({ trapLinks: traps === true });
    await process.link(peer);
    process.send(parent, "linked", true);
    const got = await process.select([process.events().caseReceive(), process.inbox().caseReceive()]);
    return got.case === 0 ? [got.value.kind, got.value.from] : got.value.topic;
  },
};

describe("a monitor", () => {
  facts([
    {
      title:
        "gives exactly one EXIT, however often one monitors, at a normal end and at an abnormal one [both S5.1, S5.3]",
      given: peers("app:obedient"),
      when: {
        lua: luaMain(`
          local events, got = process.events(), {}
          for i, topic in ipairs{ "return", "fail" } do
            local pid = process.spawn_monitored("app:obedient", HOST)
            local again = { process.monitor(pid), process.monitor(pid) }
            process.send(pid, topic, "value")
            local exit = events:receive()
            time.sleep("1s")
            local more = channel.select({ events:case_receive() }, true)
            got[i] = { again, exit.kind, exit.from == pid, ending(exit), more.default }
          end
          return got`),
        typescript: async (process) => {
          const got: unknown[] = [];
          for (const topic of ["return", "fail"]) {
            const pid = await process.spawnMonitored("app:obedient", HOST);
            const again = [await answer(process.monitor(pid)), await answer(process.monitor(pid))];
            process.send(pid, topic, "value");
            const exit = await process.events().receive();
            await process.sleep("1s");
            const more = await process.select([process.events().caseReceive()], { default: true });
            got.push([again, exit.kind, exit.from === pid, ending(exit), more.default]);
          }
          return got;
        },
      },
      then: [
        [[true, true], "pid.exit", true, "value", true],
        [[true, true], "pid.exit", true, ["told to fail", "Conflict"], true],
      ],
    },
    {
      title: "gives EXIT also when the target ends the moment after; true means that it stood [both S5.1, S5.19]",
      given: peers("app:idle"),
      when: {
        lua: luaMain(`
          local pid = process.spawn("app:idle", HOST)
          process.terminate(pid)
          local stood = answer(process.monitor(pid))
          local got = channel.select({ process.events():case_receive(), time.after("1s"):case_receive() })
          local told = got.channel == process.events()
          return (stood == true) == told`),
        typescript: async (process) => {
          const pid = await process.spawn("app:idle", HOST);
          await process.terminate(pid);
          const stood = await answer(process.monitor(pid));
          const got = await process.select([process.events().caseReceive(), process.after("1s").caseReceive()]);
          return (stood === true) === (got.case === 0);
        },
      },
      then: true,
    },
    {
      title: "is one-way: the target learns nothing, and the watcher's end does it no harm [both S5.2, S5.5]",
      given: {
        ...peers("app:idle"),
        "app:watcher": {
          lua: `return function(pid) process.monitor(pid) error("the watcher fails") end`,
          typescript: async (process, pid) => {
            await process.monitor(pid);
            throw new Error("the watcher fails");
          },
        },
      },
      when: {
        lua: luaMain(`
          process.exec("app:watcher", HOST, process.pid())
          time.sleep("1s")
          return channel.select({ process.events():case_receive() }, true).default`),
        typescript: async (process) => {
          await answer(process.exec("app:watcher", HOST, process.pid()));
          await process.sleep("1s");
          return (await process.select([process.events().caseReceive()], { default: true })).default;
        },
      },
      then: true,
    },
    {
      title: "of the dead, the unknown and oneself is refused, and no EXIT is made up [both S5.4, S5.8, S5.19]",
      given: peers("app:returns"),
      when: {
        lua: luaMain(`
          local dead = process.spawn_monitored("app:returns", HOST)
          process.events():receive()
          local got = {
            answer(process.monitor(dead)), answer(process.monitor("${NOBODY}")),
            answer(process.monitor("nobody")), answer(process.monitor(process.pid())), answer(process.monitor()),
            answer(process.link(dead)), answer(process.link("${NOBODY}")),
            answer(process.link("nobody")), answer(process.link(process.pid())), answer(process.link()),
          }
          time.sleep("1s")
          got[11] = channel.select({ process.events():case_receive() }, true).default
          return got`),
        typescript: async (process) => {
          const dead = await process.spawnMonitored("app:returns", HOST);
          await process.events().receive();
          const got: unknown[] = [];
          for (const operation of [process.monitor, process.link]) {
            for (const args of [[dead], [NOBODY], ["nobody"], [process.pid()], []]) {
              got.push(await answer(operation(...args)));
            }
          }
          await process.sleep("1s");
          got.push((await process.select([process.events().caseReceive()], { default: true })).default);
          return got;
        },
      },
      then: [
        ["NotFound", "process not found"],
        ["NotFound", "process not found"],
        ["NotFound", "could not resolve 'nobody' as PID or registered name"],
        ["Invalid", "a process cannot monitor itself"],
        ["Invalid", "monitor requires a destination argument"],
        ["NotFound", "process not found"],
        ["NotFound", "process not found"],
        ["NotFound", "could not resolve 'nobody' as PID or registered name"],
        ["Invalid", "a process cannot link itself"],
        ["Invalid", "link requires a destination argument"],
        true,
      ],
    },
    {
      title: "is used up by its EXIT, taken back by unmonitor, and can be made anew [both S5.5, S5.6, S5.7]",
      given: peers("app:obedient"),
      when: {
        lua: luaMain(`
          local events = process.events()
          local silent = process.spawn_monitored("app:obedient", HOST)
          local took_back = process.unmonitor(silent)
          process.send(silent, "return")
          local anew = process.spawn_monitored("app:obedient", HOST)
          process.unmonitor(anew)
          process.monitor(anew)
          process.send(anew, "return", "anew")
          local waiting = process.spawn_monitored("app:obedient", HOST)
          process.send(waiting, "return", "waiting")
          time.sleep("1s")
          local late = process.unmonitor(waiting)
          local got = { took_back, late }
          for i = 1, 2 do
            local exit = events:receive()
            got[2 + i] = exit.from == silent or ending(exit)
          end
          got[5] = channel.select({ events:case_receive() }, true).default
          return got`),
        typescript: async (process) => {
          const events = process.events();
          const silent = await process.spawnMonitored("app:obedient", HOST);
          const tookBack = await answer(process.unmonitor(silent));
          process.send(silent, "return");
          const anew = await process.spawnMonitored("app:obedient", HOST);
          await process.unmonitor(anew);
          await process.monitor(anew);
          process.send(anew, "return", "anew");
          const waiting = await process.spawnMonitored("app:obedient", HOST);
          process.send(waiting, "return", "waiting");
          await process.sleep("1s");
          const got: unknown[] = [tookBack, await answer(process.unmonitor(waiting))];
          for (let i = 0; i < 2; i++) {
            const exit = await events.receive();
            got.push(exit.from === silent || ending(exit));
          }
          got.push((await process.select([events.caseReceive()], { default: true })).default);
          return got;
        },
      },
      then: (outcome: Outcome) => {
        const [tookBack, late, first, second, none] = (outcome as { value: unknown[] }).value;
        // Between two processes no order of their ends is defined.
        expect([tookBack, late, new Set([first, second]), none]).toEqual([
          true,
          true,
          new Set(["anew", "waiting"]),
          true,
        ]);
      },
    },
    {
      title: "or link is taken back from any well-formed pid, and from no unknown name [both S5.6, S5.9]",
      given: peers("app:idle"),
      when: {
        lua: luaMain(`
          local pid = process.spawn("app:idle", HOST)
          local got = {}
          for _, operation in ipairs{ process.unmonitor, process.unlink } do
            for _, destination in ipairs{ pid, "${NOBODY}", "{elsewhere:host|0x00001}", "nobody" } do
              got[#got + 1] = answer(operation(destination))
            end
            got[#got + 1] = answer(operation())
          end
          return got`),
        typescript: async (process) => {
          const pid = await process.spawn("app:idle", HOST);
          const got: unknown[] = [];
          for (const operation of [process.unmonitor, process.unlink]) {
            for (const args of [[pid], [NOBODY], ["{elsewhere:host|0x00001}"], ["nobody"], []]) {
              got.push(await answer(operation(...args)));
            }
          }
          return got;
        },
      },
      then: ["unmonitor", "unlink"].flatMap((operation) => [
        true,
        true,
        true,
        ["NotFound", "could not resolve 'nobody' as PID or registered name"],
        ["Invalid", `${operation} requires a destination argument`],
      ]),
    },
    {
      title: "needs its permission on the pid, after resolution and before oneself and liveness [both S5.18]",
      guard: () => new RefusingGuard("process.monitor", "process.unmonitor", "process.link", "process.unlink"),
      when: {
        lua: luaMain(`
          local got = {}
          for _, name in ipairs{ "monitor", "unmonitor", "link", "unlink" } do
            for _, destination in ipairs{ process.pid(), "${NOBODY}", "nobody" } do
              got[#got + 1] = answer(process[name](destination))
            end
          end
          for i, one in ipairs(got) do got[i] = one[1] .. ": " .. one[2]:gsub("{sim:processes|0x0000%x}", "me") end
          return got`),
        typescript: async (process) => {
          const got: unknown[] = [];
          for (const operation of [process.monitor, process.unmonitor, process.link, process.unlink]) {
            for (const destination of [process.pid(), NOBODY, "nobody"]) {
              const [kind, message] = (await answer(operation(destination))) as string[];
              got.push(`${kind}: ${message!.replace(process.pid(), "me")}`);
            }
          }
          return got;
        },
      },
      then: ["monitor", "unmonitor", "link", "unlink"].flatMap((operation) => [
        `PermissionDenied: not allowed to ${operation}: me`,
        `PermissionDenied: not allowed to ${operation}: ${NOBODY}`,
        "NotFound: could not resolve 'nobody' as PID or registered name",
      ]),
    },
  ]);
});

describe("a link", () => {
  facts([
    {
      title: "holds in both directions, once, and a peer that traps finds LINK_DOWN [both S5.8, S5.11, S5.13]",
      given: { "app:linker": LINKER, ...peers("app:obedient") },
      when: {
        lua: luaMain(`
          process.set_options{trap_links = true}
          local linked = process.listen("linked")
          local peer = process.spawn("app:obedient", HOST)
          local both = process.link(peer)
          local linker = process.spawn_monitored("app:linker", HOST, process.pid(), peer, true)
          local made = linked:receive()
          process.link(peer)
          process.send(peer, "fail")
          local got, events = { both, made }, process.events()
          for i = 1, 2 do
            local event = events:receive()
            if event.kind == process.event.LINK_DOWN then got[3] = { event.from == peer, event.result.error }
            else got[4] = { ending(event)[1], ending(event)[2] == peer } end
          end
          time.sleep("1s")
          got[5] = channel.select({ events:case_receive() }, true).default
          return got`),
        typescript: async (process) => {
          process.setOptions({ trapLinks: true });
          const linked = process.listen("linked");
          const peer = await process.spawn("app:obedient", HOST);
          const both = await answer(process.link(peer));
          await process.spawnMonitored("app:linker", HOST, process.pid(), peer, true);
          const made = await linked.receive();
          await process.link(peer);
          process.send(peer, "fail");
          const got: unknown[] = [both, made];
          for (let i = 0; i < 2; i++) {
            const event = await process.events().receive();
            if (event.kind === process.event.LINK_DOWN) got[2] = [event.from === peer, event.result.error];
            else {
              const [kind, from] = ending(event) as string[];
              got[3] = [kind, from === peer];
            }
          }
          await process.sleep("1s");
          got.push((await process.select([process.events().caseReceive()], { default: true })).default);
          return got;
        },
      },
      then: [true, true, [true, "told to fail"], ["pid.link.down", true], true],
    },
    {
      title: "made by the other side ends me too: the receiver is who does not trap [both S5.8, S5.12]",
      given: { "app:linker": LINKER, ...peers("app:obedient") },
      when: {
        lua: luaMain(`
          local linked, events = process.listen("linked"), process.events()
          local peer = process.spawn_monitored("app:obedient", HOST)
          local linker = process.spawn("app:linker", HOST, process.pid(), peer)
          linked:receive()
          process.terminate(linker)
          return ending(events:receive())`),
        typescript: async (process) => {
          const linked = process.listen("linked");
          const peer = await process.spawnMonitored("app:obedient", HOST);
          const linker = await process.spawn("app:linker", HOST, process.pid(), peer);
          await linked.receive();
          await process.terminate(linker);
          return ending(await process.events().receive());
        },
      },
      then: ["linked process failed", "Internal"],
    },
    {
      title: "is removed for both by unlink, from either side, and by a normal end, silently [both S5.9, S5.10]",
      given: { "app:linker": LINKER, ...peers("app:obedient") },
      when: {
        lua: luaMain(`
          local linked = process.listen("linked")
          local made = process.spawn_linked("app:obedient", HOST)
          local unlinked = process.unlink(made)
          process.send(made, "fail")
          local linker = process.spawn("app:linker", HOST, process.pid(), process.pid())
          linked:receive()
          process.unlink(linker)
          process.terminate(linker)
          local normal = process.spawn_linked("app:obedient", HOST)
          process.send(normal, "return")
          time.sleep("1s")
          return { unlinked, channel.select({ process.events():case_receive() }, true).default }`),
        typescript: async (process) => {
          const linked = process.listen("linked");
          const made = await process.spawnLinked("app:obedient", HOST);
          const unlinked = await answer(process.unlink(made));
          process.send(made, "fail");
          const linker = await process.spawn("app:linker", HOST, process.pid(), process.pid());
          await linked.receive();
          await process.unlink(linker);
          await process.terminate(linker);
          const normal = await process.spawnLinked("app:obedient", HOST);
          process.send(normal, "return");
          await process.sleep("1s");
          return [unlinked, (await process.select([process.events().caseReceive()], { default: true })).default];
        },
      },
      then: [true, true],
    },
    {
      title:
        "goes by trap_links when the signal arrives: on later or off later changes nothing [both S5.11, S5.13, S5.14]",
      given: {
        ...peers("app:obedient"),
        "app:switches": {
          lua: luaMain(`
            local peer, linked_with, at_arrival = ...
            process.set_options{trap_links = linked_with}
            process.link(peer)
            process.set_options{trap_links = at_arrival}
            process.send(peer, "fail")
            time.sleep("1s")
            process.set_options{trap_links = not at_arrival}
            return process.events():receive().kind`),
          typescript: async (process, peer, linkedWith, atArrival) => {
            process.setOptions({ trapLinks: linkedWith });
            await process.link(peer);
            process.setOptions({ trapLinks: atArrival });
            process.send(peer, "fail");
            await process.sleep("1s");
            process.setOptions({ trapLinks: !atArrival });
            return (await process.events().receive()).kind;
          },
        },
      },
      when: {
        lua: luaMain(`
          local function switch(linked_with, at_arrival)
            return answer(process.exec("app:switches", HOST, process.spawn("app:obedient", HOST), linked_with, at_arrival))
          end
          return { switch(false, true), switch(true, false) }`),
        typescript: async (process) => {
          const outcome = async (linkedWith: boolean, atArrival: boolean) => {
            const peer = await process.spawn("app:obedient", HOST);
            return answer(process.exec("app:switches", HOST, peer, linkedWith, atArrival));
          };
          return [await outcome(false, true), await outcome(true, false)];
        },
      },
      then: ["pid.link.down", ["Internal", "linked process failed"]],
    },
    {
      title: "takes ten children with their parent, and each is told about [both S5.12, S5.15]",
      given: { "app:parent": PARENT, ...peers("app:idle") },
      when: {
        lua: luaMain(`
          local parent = process.spawn("app:parent", HOST, process.pid())
          local pids = process.listen("pids"):receive()
          for _, pid in ipairs(pids) do process.monitor(pid) end
          process.send(parent, "fail")
          local ends = {}
          for i = 1, 10 do ends[i] = process.events():receive().result.error end
          return ends`),
        typescript: async (process) => {
          const parent = await process.spawn("app:parent", HOST, process.pid());
          const pids = await process.listen("pids").receive();
          for (const pid of pids) await process.monitor(pid);
          process.send(parent, "fail");
          const ends: string[] = [];
          for (let i = 0; i < 10; i++) ends.push((await process.events().receive()).result.error);
          return ends;
        },
      },
      then: Array.from({ length: 10 }, () => "linked process failed"),
    },
    {
      title: "takes a chain down link by link [both S5.12, S5.15]",
      given: { "app:chain": CHAIN },
      when: {
        lua: luaMain(`
          process.set_options{trap_links = true}
          local pid = process.spawn_linked_monitored("app:chain", HOST, 20)
          local exit, down = process.events():receive(), process.events():receive()
          return { exit.kind, exit.result.error, down.kind, down.from == pid }`),
        typescript: async (process) => {
          process.setOptions({ trapLinks: true });
          const pid = await process.spawnLinkedMonitored("app:chain", HOST, 20);
          const exit = await process.events().receive();
          const down = await process.events().receive();
          return [exit.kind, exit.result.error, down.kind, down.from === pid];
        },
      },
      then: ["pid.exit", "linked process failed", "pid.link.down", true],
    },
  ]);
});
