/** Terminate, cancel and options (S4.20–S4.38), in both languages. */
import { describe, expect } from "vitest";
import { RefusingGuard } from "../scenarios/refusal.ts";
import { facts, type Outcome } from "../support/facts.ts";
import { answer, ending, HOST, luaMain, peers, raised } from "../support/peers.ts";

/** A pid of the simulated host under which nothing has ever run. */
const NOBODY = "{sim:processes|0xfffff}";

describe("terminate", () => {
  facts([
    {
      title: "answers once the order is accepted; the target runs no further code, nor do its coroutines [both S4.20]",
      given: {
        "app:talks": {
          lua: luaMain(`
            local parent = ...
            coroutine.spawn(function()
              while true do time.sleep("1s") process.send(parent, "tick") end
            end)
            pcall(function() process.events():receive() end)
            process.send(parent, "after the end")`),
          typescript: async (process, parent) => {
            process.go(async () => {
              for (;;) {
                await process.sleep("1s");
                process.send(parent, "tick");
              }
            });
            await process.events().receive();
            process.send(parent, "after the end");
          },
        },
      },
      when: {
        lua: luaMain(`
          local pid = process.spawn("app:talks", HOST, process.pid())
          local first = process.inbox():receive():topic()
          local ordered = process.terminate(pid)
          process.send(pid, "never read")
          time.sleep("10s")
          return { first, ordered, channel.select({ process.inbox():case_receive() }, true).default }`),
        typescript: async (process) => {
          const pid = await process.spawn("app:talks", HOST, process.pid());
          const first = (await process.inbox().receive()).topic;
          const ordered = await answer(process.terminate(pid));
          process.send(pid, "never read");
          await process.sleep("10s");
          const late = await process.select([process.inbox().caseReceive()], { default: true });
          return [first, ordered, late.default];
        },
      },
      then: ["tick", true, true],
    },
    {
      title: "of oneself never returns and cannot be caught [both S4.22]",
      given: {
        "app:suicide": {
          lua: luaMain(`
            local parent = ...
            pcall(function()
              coroutine.wrap(function() process.terminate(process.pid()) end)()
              process.send(parent, "returned")
            end)
            process.send(parent, "caught")`),
          typescript: async (process, parent) => {
            try {
              await process.terminate(process.pid());
              process.send(parent, "returned");
            } catch {
              process.send(parent, "caught");
            }
          },
        },
      },
      when: {
        lua: luaMain(`
          local pid = process.spawn_monitored("app:suicide", HOST, process.pid())
          local ended = ending(process.events():receive())
          return { ended, channel.select({ process.inbox():case_receive() }, true).default }`),
        typescript: async (process) => {
          await process.spawnMonitored("app:suicide", HOST, process.pid());
          const ended = ending(await process.events().receive());
          const late = await process.select([process.inbox().caseReceive()], { default: true });
          return [ended, late.default];
        },
      },
      then: [["process terminated", "Internal"], true],
    },
    {
      title: "of an unknown name, a dead pid or nobody named is a failure that is returned [both S4.23]",
      when: {
        lua: luaMain(`
          return {
            answer(process.terminate("nobody")),
            answer(process.terminate("${NOBODY}")),
            answer(process.terminate()),
          }`),
        typescript: async (process) => [
          await answer(process.terminate("nobody")),
          await answer(process.terminate(NOBODY)),
          await answer(process.terminate()),
        ],
      },
      then: [
        ["NotFound", "could not resolve 'nobody' as PID or registered name"],
        ["NotFound", "process not found"],
        ["Invalid", "terminate requires a destination argument"],
      ],
    },
    {
      title:
        "and cancel that are refused name the destination as given, after resolution and before liveness [both S4.23, S4.33]",
      guard: () => new RefusingGuard("process.terminate", "process.cancel"),
      when: {
        lua: luaMain(`
          process.registry.register("me")
          return {
            answer(process.terminate("me")),
            answer(process.terminate("${NOBODY}")),
            answer(process.cancel("me", "no duration")),
            answer(process.cancel("nobody", "no duration")),
          }`),
        typescript: async (process) => {
          await process.registry.register("me");
          return [
            await answer(process.terminate("me")),
            await answer(process.terminate(NOBODY)),
            await answer(process.cancel("me", "no duration")),
            await answer(process.cancel("nobody", "no duration")),
          ];
        },
      },
      then: [
        ["PermissionDenied", "not allowed to terminate: me"],
        ["PermissionDenied", `not allowed to terminate: ${NOBODY}`],
        ["PermissionDenied", "not allowed to cancel: me"],
        ["NotFound", "could not resolve 'nobody' as PID or registered name"],
      ],
    },
  ]);
});

describe("cancel", () => {
  facts([
    {
      title:
        "puts one event before the target, also before oneself, and without a deadline nothing follows [both S4.24, S4.25]",
      given: peers("app:idle"),
      when: {
        lua: luaMain(`
          local pid = process.spawn_monitored("app:idle", HOST)
          local asked = process.cancel(pid)
          local oneself = process.cancel(process.pid())
          local event = process.events():receive()
          time.sleep("1000h")
          local more = channel.select({ process.events():case_receive() }, true)
          return { asked, oneself, event.kind, event.from == process.pid(), more.default, process.send(pid, "alive") }`),
        typescript: async (process) => {
          const pid = await process.spawnMonitored("app:idle", HOST);
          const asked = await answer(process.cancel(pid));
          const oneself = await answer(process.cancel(process.pid()));
          const event = await process.events().receive();
          await process.sleep("1000h");
          const more = await process.select([process.events().caseReceive()], { default: true });
          const sent = process.send(pid, "alive") === null;
          return [asked, oneself, event.kind, event.from === process.pid(), more.default, sent];
        },
      },
      then: [true, true, "pid.cancel", true, true, true],
    },
    {
      title:
        "with a deadline ends a target that is alive when it passes, never earlier, whether or not it looks [both S4.26, S4.31]",
      given: peers("app:idle"),
      when: {
        lua: luaMain(`
          local pid = process.spawn_monitored("app:idle", HOST)
          process.cancel(pid, "1500ms")
          time.sleep("1499ms")
          local before = process.send(pid, "alive")
          local exit = process.events():receive()
          return { before, ending(exit) }`),
        typescript: async (process) => {
          const pid = await process.spawnMonitored("app:idle", HOST);
          await process.cancel(pid, "1500ms");
          await process.sleep("1499ms");
          const before = process.send(pid, "alive") === null;
          return [before, ending(await process.events().receive())];
        },
      },
      then: [true, ["cancel deadline exceeded", "Timeout"]],
    },
    {
      title: "that came before events() was open waits there [both S4.31, S4.32]",
      given: {
        "app:late": {
          lua: luaMain(`time.sleep("1s") return process.events():receive().kind`),
          typescript: async (process) => {
            await process.sleep("1s");
            return (await process.events().receive()).kind;
          },
        },
      },
      when: {
        lua: luaMain(`
          local pid = process.spawn_monitored("app:late", HOST)
          process.cancel(pid, "10s")
          return ending(process.events():receive())`),
        typescript: async (process) => {
          const pid = await process.spawnMonitored("app:late", HOST);
          await process.cancel(pid, "10s");
          return ending(await process.events().receive());
        },
      },
      then: "pid.cancel",
    },
    {
      title: "reads texts and numbers of milliseconds; zero and less are past already [both S4.27]",
      given: peers("app:idle"),
      when: {
        lua: luaMain(`
          local events, ends = process.events(), {}
          for i, deadline in ipairs{ "300ms", "5s", "1m30s", 250, 250.5, 0, -1, "-1s", "0" } do
            process.cancel(process.pid())
            local since = events:receive().at
            process.cancel(process.spawn_monitored("app:idle", HOST), deadline)
            ends[i] = math.floor((events:receive().at - since) * 1000 + 0.1)
          end
          return ends`),
        typescript: async (process) => {
          const ends: number[] = [];
          for (const deadline of ["300ms", "5s", "1m30s", 250, 250.5, 0, -1, "-1s", "0"]) {
            await process.cancel(process.pid());
            const since = (await process.events().receive()).at;
            await process.cancel(await process.spawnMonitored("app:idle", HOST), deadline);
            ends.push(Math.floor(((await process.events().receive()).at - since) * 1_000 + 0.1));
          }
          return ends;
        },
      },
      then: [300, 5_000, 90_000, 250, 250, 0, 0, 0, 0],
    },
    {
      title: "takes a table with deadline and reason, both optional; the event has what was given [both S4.28]",
      when: {
        lua: luaMain(`
          local events, self = process.events(), process.pid()
          process.cancel(self, { deadline = "1h", reason = "for a test" })
          process.cancel(self, { reason = "only a reason" })
          process.cancel(self, {})
          local a, b, c = events:receive(), events:receive(), events:receive()
          return { a.reason, a.deadline, b.reason, b.deadline == nil, c.reason == nil, c.deadline == nil }`),
        typescript: async (process) => {
          const self = process.pid();
          await process.cancel(self, { deadline: "1h", reason: "for a test" });
          await process.cancel(self, { reason: "only a reason" });
          await process.cancel(self, {});
          const events = process.events();
          const [a, b, c] = [await events.receive(), await events.receive(), await events.receive()];
          return [
            a.reason,
            a.deadline,
            b.reason,
            b.deadline === undefined,
            c.reason === undefined,
            c.deadline === undefined,
          ];
        },
      },
      then: ["for a test", "2026-01-01T01:00:00.000Z", "only a reason", true, true, true],
    },
    {
      title: "refuses deadlines that cannot be read, and sends no event [both S4.29, S4.33]",
      when: {
        lua: luaMain(`
          local self = process.pid()
          local got = {
            answer(process.cancel(self, "soon")),
            answer(process.cancel(self, "")),
            answer(process.cancel(self, { deadline = "soon" })),
            answer(process.cancel(self, true)),
            answer(process.cancel(self, nil)),
            answer(process.cancel(self, 0/0)),
            answer(process.cancel(self, 1/0)),
            answer(process.cancel(self, { deadline = false })),
            answer(process.cancel("nobody")),
            answer(process.cancel("${NOBODY}")),
            answer(process.cancel()),
          }
          got[#got + 1] = channel.select({ process.events():case_receive() }, true).default
          return got`),
        typescript: async (process) => {
          const self = process.pid();
          return [
            await answer(process.cancel(self, "soon")),
            await answer(process.cancel(self, "")),
            await answer(process.cancel(self, { deadline: "soon" })),
            await answer(process.cancel(self, true)),
            await answer(process.cancel(self, null)),
            await answer(process.cancel(self, Number.NaN)),
            await answer(process.cancel(self, Infinity)),
            await answer(process.cancel(self, { deadline: false })),
            await answer(process.cancel("nobody")),
            await answer(process.cancel(NOBODY)),
            await answer(process.cancel()),
            (await process.select([process.events().caseReceive()], { default: true })).default,
          ];
        },
      },
      then: [
        ["Invalid", "invalid duration format: soon"],
        ["Invalid", "invalid duration format: "],
        ["Invalid", "invalid duration format: soon"],
        ...Array.from({ length: 5 }, () => [
          "Invalid",
          "deadline must be a duration string, a number of milliseconds or a table",
        ]),
        ["NotFound", "could not resolve 'nobody' as PID or registered name"],
        ["NotFound", "process not found"],
        ["Invalid", "cancel requires a destination argument"],
        true,
      ],
    },
    {
      title: "may bring the deadline forward, never push it back; each event carries the one in force [both S4.30]",
      given: {
        "app:three": {
          lua: luaMain(`
            local parent = ...
            local events = process.events()
            for i = 1, 4 do process.send(parent, "deadline", events:receive().deadline or "none") end
            channel.new():receive()`),
          typescript: async (process, parent) => {
            for (let i = 0; i < 4; i++) {
              process.send(parent, "deadline", (await process.events().receive()).deadline ?? "none");
            }
            await process.channel().receive();
          },
        },
      },
      when: {
        lua: luaMain(`
          local pid = process.spawn_monitored("app:three", HOST, process.pid())
          process.cancel(pid, "5s")
          process.cancel(pid, "2s")
          process.cancel(pid, "9s")
          process.cancel(pid)
          local got, deadlines = {}, process.listen("deadline")
          for i = 1, 4 do got[i] = deadlines:receive() end
          local exit = process.events():receive()
          got[5] = exit.result.error
          return got`),
        typescript: async (process) => {
          const pid = await process.spawnMonitored("app:three", HOST, process.pid());
          for (const deadline of ["5s", "2s", "9s", undefined]) await process.cancel(pid, deadline);
          const got: unknown[] = [];
          for (let i = 0; i < 4; i++) got.push(await process.listen("deadline").receive());
          got.push((await process.events().receive()).result.error);
          return got;
        },
      },
      then: [
        "2026-01-01T00:00:05.000Z",
        "2026-01-01T00:00:02.000Z",
        "2026-01-01T00:00:02.000Z",
        "none",
        "cancel deadline exceeded",
      ],
    },
    {
      title: "has no effect on a target that returns in time, whatever it returns [both S4.32]",
      given: peers("app:event"),
      when: {
        lua: luaMain(`
          local pid = process.spawn_monitored("app:event", HOST)
          process.cancel(pid, "1s")
          local ended = ending(process.events():receive())
          time.sleep("5s")
          return { ended[1], ended[2] == process.pid(),
            channel.select({ process.events():case_receive() }, true).default }`),
        typescript: async (process) => {
          const pid = await process.spawnMonitored("app:event", HOST);
          await process.cancel(pid, "1s");
          const ended = ending(await process.events().receive()) as unknown[];
          await process.sleep("5s");
          const more = await process.select([process.events().caseReceive()], { default: true });
          return [ended[0], ended[1] === process.pid(), more.default];
        },
      },
      then: ["pid.cancel", true, true],
    },
    {
      title: "honours deadlines beyond 2^31 ms, as do timers [both S4.34]",
      given: peers("app:idle"),
      when: {
        lua: luaMain(`
          local pid = process.spawn_monitored("app:idle", HOST)
          process.cancel(pid, 3000000000)
          time.sleep("719h")
          local before = process.send(pid, "alive")
          time.sleep("100h")
          local exit = channel.select({ process.events():case_receive() }, true)
          process.cancel(process.spawn_monitored("app:idle", HOST), "1000h")
          return { before, exit.default, ending(process.events():receive()), ending(process.events():receive()) }`),
        typescript: async (process) => {
          const pid = await process.spawnMonitored("app:idle", HOST);
          await process.cancel(pid, 3_000_000_000);
          await process.sleep("719h");
          const before = process.send(pid, "alive") === null;
          await process.sleep("100h");
          const exit = await process.select([process.events().caseReceive()], { default: true });
          await process.cancel(await process.spawnMonitored("app:idle", HOST), "1000h");
          const events = process.events();
          return [before, exit.default, ending(await events.receive()), ending(await events.receive())];
        },
      },
      then: [true, true, ["cancel deadline exceeded", "Timeout"], ["cancel deadline exceeded", "Timeout"]],
    },
  ]);
});

describe("options", () => {
  facts([
    {
      title:
        "are a fresh table, belong to one process, need no permission and go back to the default on upgrade [both S4.35, S4.36]",
      guard: () => new RefusingGuard("process.link"),
      given: {
        "app:look": {
          lua: `return function(again)
            local before = process.get_options().trap_links
            if again then return before end
            process.set_options{trap_links = true}
            process.upgrade(nil, true)
          end`,
          typescript: async (process, again) => {
            const before = process.getOptions().trapLinks;
            if (again) return before;
            process.setOptions({ trapLinks: true });
            await process.upgrade(null, true);
          },
        },
      },
      when: {
        lua: luaMain(`
          local first = process.get_options()
          local set = process.set_options{trap_links = true}
          local kept = process.set_options{}
          return { first.trap_links, set, kept, process.get_options().trap_links,
            process.get_options() == process.get_options(),
            process.exec("app:look", HOST, true), process.exec("app:look", HOST) }`),
        typescript: async (process) => {
          const first = process.getOptions();
          const other = process.getOptions();
          process.setOptions({ trapLinks: true });
          process.setOptions({});
          return [
            first.trapLinks,
            true,
            true,
            process.getOptions().trapLinks,
            first === other,
            await process.exec("app:look", HOST, true),
            await process.exec("app:look", HOST),
          ];
        },
      },
      then: [false, true, true, true, false, false, false],
    },
    {
      title:
        "refuse what is no table, no boolean or no option; what is valid in that table is applied [both S4.37, S4.38]",
      when: {
        lua: luaMain(`
          local function refused(value, err) return { value, err:kind(), err:message() } end
          local got = {
            refused(process.set_options()),
            refused(process.set_options("trap_links")),
            refused(process.set_options{trap_links = 1}),
            refused(process.set_options{trap_links = true, color = "red"}),
            process.get_options().trap_links,
            process.set_options{trap_links = false, [1] = "ignored", [true] = "ignored"},
            process.get_options().trap_links,
          }
          return got`),
        typescript: async (process) => {
          const refused = (options?: unknown) => [false, ...(raised(() => process.setOptions(options)) as unknown[])];
          const got: unknown[] = [
            refused(),
            refused("trap_links"),
            refused({ trapLinks: 1 }),
            refused({ trapLinks: true, color: "red" }),
            process.getOptions().trapLinks,
          ];
          process.setOptions({ trapLinks: false, [Symbol("ignored")]: "ignored" });
          return [...got, true, process.getOptions().trapLinks];
        },
      },
      then: (outcome: Outcome) => {
        // The name of the option is that of the language.
        expect(JSON.parse(JSON.stringify(outcome).replaceAll("trapLinks", "trap_links"))).toEqual({
          value: [
            [false, "Invalid", "options parameter must be a table"],
            [false, "Invalid", "options parameter must be a table"],
            [false, "Invalid", "trap_links must be a boolean"],
            [false, "Invalid", "option color is not supported"],
            true,
            true,
            false,
          ],
        });
      },
    },
  ]);
});
