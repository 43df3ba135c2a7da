/** Limits of mailboxes and what becomes of messages that reach nobody, told in both languages (S2.47–S2.55). */
import { describe, expect } from "vitest";
import type { DeadLetter } from "../../src/index.ts";
import type { IslandNotice } from "../../src/kernel/index.ts";
import type { Simulation } from "../../src/testing/index.ts";
import { facts, type Told } from "../support/facts.ts";
import { valueIn } from "../support/told.ts";

/** Answers the payloads of all its messages when it gets the message `end`, which it must have room for. */
const collects: Told = {
  lua: `return function()
    local go, inbox, got = process.listen("end"):receive(), process.inbox(), {}
    while true do
      local one = channel.select({ inbox:case_receive(), default = true })
      if one.default then return got end
      got[#got + 1] = one.value:payload()
    end
  end`,
  typescript: async (process) => {
    await process.listen("end").receive();
    const [inbox, got] = [process.inbox(), [] as unknown[]];
    for (;;) {
      const one = await process.select([inbox.caseReceive()], { default: true });
      if (one.default) return got;
      got.push(one.value.payload);
    }
  },
};

/** Lives until it is told to end, without having to read anything. */
const waits: Told = {
  lua: "return function() process.events():receive() end",
  typescript: async (process) => process.events().receive(),
};

/** The dead letters of each simulation. */
const letters = new WeakMap<Simulation, DeadLetter[]>();
const notices = new WeakMap<Simulation, IslandNotice[]>();

function collectLetters(sim: Simulation): void {
  const list: DeadLetter[] = [];
  letters.set(sim, list);
  sim.deadLetters.watch((letter) => list.push(letter));
}

describe("a mailbox", () => {
  facts([
    {
      title: "has no limit, and raises an alarm at 10,000 and each doubling, once until it has drained [both S2.47]",
      prepare: (sim) => {
        const list: IslandNotice[] = [];
        notices.set(sim, list);
        sim.watchNotices((notice) => list.push(notice));
      },
      when: {
        lua: `return function()
          local me, inbox, sent = process.pid(), process.inbox(), 0
          local function send(count) for _ = 1, count do if process.send(me, "m") then sent = sent + 1 end end end
          send(20000)
          for _ = 1, 5000 do inbox:receive() end
          send(5000)
          for _ = 1, 10001 do inbox:receive() end
          send(1)
          return sent
        end`,
        typescript: async (process) => {
          const [me, inbox] = [process.pid(), process.inbox()];
          let sent = 0;
          const send = (count: number) => {
            for (let i = 0; i < count; i++) if (process.send(me, "m") === null) sent++;
          };
          send(20_000);
          for (let i = 0; i < 5_000; i++) await inbox.receive();
          send(5_000);
          for (let i = 0; i < 10_001; i++) await inbox.receive();
          send(1);
          return sent;
        },
      },
      then: (outcome, sim) => {
        expect(valueIn(outcome)).toBe(25_001);
        const alarms = notices
          .get(sim)
          ?.map((notice) => "waiting" in notice && [notice.kind, notice.entry, notice.waiting]);
        expect(alarms).toEqual([
          ["mailbox-alarm", "test:acting", 10_000],
          ["mailbox-alarm", "test:acting", 20_000],
          ["mailbox-alarm", "test:acting", 10_000],
        ]);
      },
    },
    {
      title: "that rejects answers RATE_LIMITED from the limit on and is unchanged [both S2.48, S2.49]",
      given: { "app:full": { ...collects, mailbox: { limit: 3, overflow: "reject" } } },
      when: {
        lua: `return function()
          local pid, told = process.spawn_monitored("app:full", "sim:processes"), {}
          for i, topic in ipairs({ "a", "end", "b", "c", "d" }) do
            local ok, err = process.send(pid, topic, i)
            told[i] = ok or err:kind()
          end
          return { told, process.events():receive().result.value }
        end`,
        typescript: async (process) => {
          const pid = await process.spawnMonitored("app:full", "sim:processes");
          const told = ["a", "end", "b", "c", "d"].map((topic, i) => process.send(pid, topic, i + 1)?.kind ?? true);
          return [told, (await process.events().receive()).result.value];
        },
      },
      then: [
        [true, true, true, "RateLimited", "RateLimited"],
        [1, 3],
      ],
    },
    {
      title: "that drops accepts every message and loses the newest, or the longest-waiting of any topic [both S2.50]",
      given: {
        "app:newest": { ...collects, mailbox: { limit: 3, overflow: "drop_newest" } },
        "app:oldest": { ...collects, mailbox: { limit: 3, overflow: "drop_oldest" } },
      },
      when: {
        lua: `return function()
          local told = {}
          for _, id in ipairs({ "app:newest", "app:oldest" }) do
            local pid = process.spawn_monitored(id, "sim:processes")
            for i, topic in ipairs({ "a", "b", "end", "c" }) do told[#told + 1] = process.send(pid, topic, i) end
            told[#told + 1] = process.events():receive().result.value
          end
          return told
        end`,
        typescript: async (process) => {
          const told: unknown[] = [];
          for (const id of ["app:newest", "app:oldest"]) {
            const pid = await process.spawnMonitored(id, "sim:processes");
            for (const [i, topic] of ["a", "b", "end", "c"].entries()) {
              told.push(process.send(pid, topic, i + 1) === null);
            }
            told.push((await process.events().receive()).result.value);
          }
          return told;
        },
      },
      then: [true, true, true, true, [1, 2], true, true, true, true, [2, 4]],
    },
    {
      title: "has the limit of its entry, which replaces that of its host as a whole [both S2.48]",
      given: {
        "app:own": { ...waits, mailbox: { limit: 2, overflow: "reject" } },
        "app:none": waits,
      },
      prepare: (sim) => sim.addHost("sim:limited", { mailbox: { limit: 1, overflow: "drop_newest" } }),
      when: {
        lua: `return function()
          local told = {}
          for _, where in ipairs({ { "app:own", "sim:limited" }, { "app:none", "sim:limited" }, { "app:none", "sim:processes" } }) do
            local pid = process.spawn(table.unpack(where))
            for _ = 1, 3 do
              local ok, err = process.send(pid, "topic")
              told[#told + 1] = ok or err:kind()
            end
          end
          return told
        end`,
        typescript: async (process) => {
          const told: unknown[] = [];
          for (const where of [
            ["app:own", "sim:limited"],
            ["app:none", "sim:limited"],
            ["app:none", "sim:processes"],
          ]) {
            const pid = await process.spawn(...where);
            for (let i = 0; i < 3; i++) told.push(process.send(pid, "topic")?.kind ?? true);
          }
          return told;
        },
      },
      then: (outcome, sim) => {
        expect(valueIn(outcome)).toEqual([true, true, "RateLimited", true, true, true, true, true, true]);
        expect(sim.deadLetters.count("mailbox_full")).toBe(3);
      },
    },
    {
      title: "neither counts, drops nor refuses CANCEL, EXIT, LINK_DOWN and termination [both S2.51]",
      given: {
        "app:fails": {
          lua: "return function() error('failed') end",
          typescript: async () => {
            throw new Error("failed");
          },
        },
        "app:full": {
          mailbox: { limit: 1, overflow: "reject" },
          lua: `return function()
            process.set_options({ trap_links = true })
            process.send(process.pid(), "fills", 1)
            process.spawn_linked_monitored("app:fails", "sim:processes")
            process.cancel(process.pid())
            require("time").sleep("1ms")
            local kinds = {}
            for _ = 1, 3 do kinds[process.events():receive().kind] = true end
            process.send("acting", "seen", kinds, process.inbox():receive():payload())
            process.send(process.pid(), "fills", 2)
            channel.new():receive()
          end`,
          typescript: async (process) => {
            process.setOptions({ trapLinks: true });
            process.send(process.pid(), "fills", 1);
            await process.spawnLinkedMonitored("app:fails", "sim:processes");
            await process.cancel(process.pid());
            await process.sleep(1);
            const kinds: Record<string, boolean> = {};
            for (let i = 0; i < 3; i++) kinds[(await process.events().receive()).kind] = true;
            process.send("acting", "seen", kinds, (await process.inbox().receive()).payload);
            process.send(process.pid(), "fills", 2);
            await process.channel().receive();
          },
        },
      },
      when: {
        lua: `return function()
          process.registry.register("acting")
          local pid = process.spawn_monitored("app:full", "sim:processes")
          local seen = process.inbox():receive():payload()
          process.terminate(pid)
          return { seen, process.events():receive().result.error }
        end`,
        typescript: async (process) => {
          await process.registry.register("acting");
          const pid = await process.spawnMonitored("app:full", "sim:processes");
          const seen = (await process.inbox().receive()).payload;
          await process.terminate(pid);
          return [seen, (await process.events().receive()).result.error];
        },
      },
      then: (outcome, sim) => {
        expect(valueIn(outcome)).toEqual([
          [{ "pid.cancel": true, "pid.exit": true, "pid.link.down": true }, 1],
          "process terminated",
        ]);
        expect(sim.deadLetters.count("mailbox_full")).toBe(0);
      },
    },
    {
      title: "accepts whatever a builder has queued, which counts for later senders [both S2.52]",
      given: { "app:full": { ...waits, mailbox: { limit: 2, overflow: "reject" } } },
      when: {
        lua: `return function()
          local builder = process.with_context({}):with_message("m", 1):with_message("m", 2):with_message("m", 3)
          local ok, err = process.send(builder:spawn("app:full", "sim:processes"), "m", 4)
          return { ok == nil, err:kind() }
        end`,
        typescript: async (process) => {
          const builder = process.withContext({}).withMessage("m", 1).withMessage("m", 2).withMessage("m", 3);
          const error = process.send(await builder.spawn("app:full", "sim:processes"), "m", 4);
          return [error !== null, error.kind];
        },
      },
      then: [true, "RateLimited"],
    },
  ]);
});

describe("a dead letter", () => {
  facts([
    {
      title:
        "is made of each message refused or never received, once and with its reason, and of nothing else [both S2.53, S2.54, S2.55]",
      given: {
        "app:brief": { lua: "return function() end", typescript: async () => null },
        "app:full": { ...waits, mailbox: { limit: 2, overflow: "drop_oldest" } },
        "app:reads-one": {
          lua: "return function() process.listen('go'):receive() end",
          typescript: async (process) => process.listen("go").receive(),
        },
      },
      prepare: (sim) => {
        collectLetters(sim);
        sim.addHost("sim:stopping");
        sim.define("test:stop", async () => sim.setHost("sim:stopping", "stopping"));
      },
      when: {
        lua: `return function()
          local events, me = process.events(), process.pid()
          local dead = process.spawn_monitored("app:brief", "sim:processes")
          local stopped = process.spawn_monitored("app:brief", "sim:stopping")
          events:receive()
          events:receive()
          process.exec("test:stop", "sim:processes")
          local full = process.with_context({}):with_name("full"):spawn("app:full", "sim:processes")
          local reads = process.spawn_monitored("app:reads-one", "sim:processes")
          process.send(dead, "1")
          process.send("nobody", "2")
          process.send(stopped, "3")
          for i = 4, 6 do process.send("full", tostring(i)) end
          for i = 7, 8 do process.send(reads, tostring(i)) end
          process.send(reads, "go")
          events:receive()
          process.send(me, "@invalid")
          process.send(me, "invalid", print)
          process.send(me, "received")
          process.inbox():receive()
          process.cancel(me)
          return { me, dead, stopped, full, reads }
        end`,
        typescript: async (process) => {
          const [events, me] = [process.events(), process.pid()];
          const dead = await process.spawnMonitored("app:brief", "sim:processes");
          const stopped = await process.spawnMonitored("app:brief", "sim:stopping");
          await events.receive();
          await events.receive();
          await process.exec("test:stop", "sim:processes");
          const full = await process.withContext({}).withName("full").spawn("app:full", "sim:processes");
          const reads = await process.spawnMonitored("app:reads-one", "sim:processes");
          process.send(dead, "1");
          process.send("nobody", "2");
          process.send(stopped, "3");
          for (let i = 4; i <= 6; i++) process.send("full", String(i));
          for (let i = 7; i <= 8; i++) process.send(reads, String(i));
          process.send(reads, "go");
          await events.receive();
          process.send(me, "@invalid");
          process.send(me, "invalid", () => 1);
          process.send(me, "received");
          await process.inbox().receive();
          await process.cancel(me);
          return [me, dead, stopped, full, reads];
        },
      },
      then: (outcome, sim) => {
        const [me, dead, stopped, full, reads] = valueIn(outcome) as string[];
        const seen = letters.get(sim) ?? [];
        expect(seen.map(({ from }) => from)).toEqual(Array(6).fill(me));
        expect(seen.map(({ to, topic, reason }) => [topic, to, reason])).toEqual([
          ["1", dead, "not_found"],
          ["2", "nobody", "not_found"],
          ["3", stopped, "host_stopping"],
          ["4", full, "mailbox_full"],
          ["7", reads, "exited_unread"],
          ["8", reads, "exited_unread"],
        ]);
        expect(sim.deadLetters.count()).toBe(6);
        expect(sim.deadLetters.count("exited_unread")).toBe(2);
      },
    },
  ]);
});
