/** Two processes that share a fate (S5.8–S5.16, S5.19). */
import { errors, event, type Process } from "beamish";
import { simulate } from "beamish/testing";
import { describe, expect, it } from "vitest";
import { rejectionOf } from "./refusal.ts";

/** Ends as it is told: `end` normally, `fail` abnormally. */
const untilTold = async (process: Process) => {
  const message = await process.inbox().receive();
  if (message?.topic === "fail") throw new Error("failed");
  return "told";
};

describe("link", () => {
  it("holds in both directions, whoever made it [S5.8]", async () => {
    await simulate(1, async (sim) => {
      for (const first of ["linker", "linked"]) {
        const [one, two] = [await sim.probe(), await sim.probe()];
        await one.process.link(two.pid);
        const [dying, left] = first === "linker" ? [one, two] : [two, one];
        sim.terminate(dying.pid);
        await sim.untilIdle();
        expect(left.events).toMatchObject([
          { kind: event.LINK_DOWN, from: dying.pid, result: { error: "process terminated" } },
        ]);
      }
    });
  });

  it("made twice, from either side, by name or by a linked spawn, is one link: one LINK_DOWN [S5.8]", async () => {
    await simulate(2, async (sim) => {
      const [one, two] = [await sim.probe(), await sim.probe()];
      await two.process.registry.register("two");
      await one.process.link(two.pid);
      await one.process.link("two");
      await two.process.link(one.pid);
      await two.process.link(one.pid);
      sim.terminate(two.pid);
      await sim.untilIdle();
      expect(one.events).toHaveLength(1);
      sim.define("app:child", untilTold);
      const child = await one.process.spawnLinked("app:child", sim.host);
      await one.process.link(child);
      sim.send(child, "fail");
      await sim.untilIdle();
      expect(one.events).toHaveLength(2);
    });
  });

  it("made from both ends at the same time is one link, and one unlink removes it [S5.8, S5.9]", async () => {
    for (let seed = 1; seed <= 100; seed++) {
      await simulate(seed, async (sim) => {
        const [one, two] = [await sim.probe(), await sim.probe()];
        const linker = (from: typeof one, to: typeof one) => from.process.link(to.pid);
        if (seed % 2 === 0) await Promise.all([linker(one, two), linker(two, one)]);
        else await Promise.all([linker(two, one), linker(one, two)]);
        if (seed % 3 === 0) {
          await (seed % 4 < 2 ? one : two).process.unlink(seed % 4 < 2 ? two.pid : one.pid);
        }
        sim.terminate(one.pid);
        await sim.untilIdle();
        expect(two.events).toHaveLength(seed % 3 === 0 ? 0 : 1);
      });
    }
  });

  it("of a dead or unknown pid is NOT_FOUND and makes no LINK_DOWN up; of oneself INVALID [S5.8, S5.19]", async () => {
    await simulate(3, async (sim) => {
      const probe = await sim.probe();
      const dead = await sim.spawn(async () => {
        throw new Error("failed");
      });
      await sim.settle();
      await probe.process.registry.register("me");
      expect(await rejectionOf(probe.process.link(dead))).toEqual({
        kind: errors.NOT_FOUND,
        message: "process not found",
      });
      expect(await rejectionOf(probe.process.link("{no:host|0x1}"))).toEqual({
        kind: errors.NOT_FOUND,
        message: "host not found",
      });
      expect(await rejectionOf(probe.process.link("nobody"))).toEqual({
        kind: errors.NOT_FOUND,
        message: "could not resolve 'nobody' as PID or registered name",
      });
      for (const self of [probe.pid, "me"]) {
        expect(await rejectionOf(probe.process.link(self))).toMatchObject({ kind: errors.INVALID });
      }
      await sim.untilIdle();
      expect(probe.events).toEqual([]);
    });
  });

  it("racing with the peer's failure answers NOT_FOUND or brings it home, never both or neither [S5.19]", async () => {
    const outcomes = new Set<string>();
    for (let seed = 1; seed <= 300; seed++) {
      await simulate(seed, async (sim) => {
        const peer = await sim.spawn(untilTold);
        await sim.settle();
        const result: string[] = [];
        await sim.spawn(async (process: Process) => {
          process.setOptions({ trapLinks: true });
          const answer = await process.link(peer).then(
            () => "true",
            (error) => error.kind,
          );
          await process.sleep("1h");
          const got = await process.select([process.events().caseReceive()], { default: true });
          result.push(answer, got.default ? "nothing" : (got.value?.kind as string));
        });
        sim.send(peer, "fail");
        await sim.untilIdle();
        outcomes.add(result.join(" "));
      });
    }
    expect([...outcomes].sort()).toEqual([`${errors.NOT_FOUND} nothing`, `true ${event.LINK_DOWN}`]);
  });
});

describe("unlink", () => {
  it("removes the link for both sides, whoever made it and whoever removes it [S5.9]", async () => {
    await simulate(1, async (sim) => {
      for (const remover of [0, 1]) {
        for (const dying of [0, 1]) {
          const pair = [await sim.probe(), await sim.probe()] as const;
          await pair[0].process.link(pair[1].pid);
          expect(await pair[remover as 0].process.unlink(pair[(1 - remover) as 0].pid)).toBeUndefined();
          sim.terminate(pair[dying as 0].pid);
          await sim.untilIdle();
          expect(pair[(1 - dying) as 0].events).toEqual([]);
          expect(sim.isAlive(pair[(1 - dying) as 0].pid)).toBe(true);
        }
      }
    });
  });

  it("resolves for any well-formed pid, linked or not, alive or not [S5.9]", async () => {
    await simulate(2, async (sim) => {
      const { process, pid } = await sim.probe();
      const other = await sim.probe();
      const dead = await sim.spawn(async () => null);
      await sim.settle();
      for (const to of [other.pid, dead, pid, "{|}", "{no:host|0x1}", "{n@h|0x1}"]) {
        expect(await process.unlink(to)).toBeUndefined();
      }
      expect(await rejectionOf(process.unlink("nobody"))).toEqual({
        kind: errors.NOT_FOUND,
        message: "could not resolve 'nobody' as PID or registered name",
      });
    });
  });

  it("racing with the peer's failure: whoever is back from unlink before the end is safe; nobody is hit twice [S5.9, S5.11]", async () => {
    const outcomes = new Set<string>();
    for (let seed = 1; seed <= 300; seed++) {
      await simulate(seed, async (sim) => {
        const peer = await sim.spawn(untilTold);
        await sim.settle();
        const one = await sim.probe();
        await one.process.link(peer);
        let wasAlive = false;
        await sim.spawn(async (process: Process) => {
          if (sim.random.once(2)) await process.sleep(0);
          wasAlive = sim.isAlive(peer);
          await one.process.unlink(peer);
        });
        sim.send(peer, "fail");
        await sim.untilIdle();
        outcomes.add(`${wasAlive} ${one.events.length}`);
      });
    }
    expect([...outcomes].sort()).toEqual(["false 1", "true 0"]);
  });

  it("does not save from a failure that has arrived already [S5.11, S5.12, S5.14]", async () => {
    await simulate(3, async (sim) => {
      const ran: string[] = [];
      const peer = await sim.spawn(untilTold);
      const victim = await sim.spawn(async (process: Process) => {
        await process.link(peer);
        await process.inbox().receive();
        // Within this very step the peer ends.
        sim.terminate(process.pid());
        await process.unlink(peer);
        ran.push("goes on");
        await process.sleep(1);
        ran.push("never");
      });
      await sim.settle();
      sim.send(victim, "go");
      await sim.untilIdle();
      expect(sim.isAlive(victim)).toBe(false);
      expect(ran).not.toContain("never");
    });
  });
});

describe("the end of one", () => {
  it("if normal removes the link and delivers nothing, also when the other links and traps anew [S5.10]", async () => {
    await simulate(1, async (sim) => {
      const [trapping, plain] = [await sim.probe(), await sim.probe()];
      plain.process.setOptions({ trapLinks: false });
      const pid = await sim.spawn(untilTold);
      await trapping.process.link(pid);
      await plain.process.link(pid);
      sim.send(pid, "end");
      await sim.untilIdle();
      expect(trapping.events).toEqual([]);
      expect(sim.isAlive(plain.pid)).toBe(true);
      expect(plain.events).toEqual([]);
    });
  });

  it("if abnormal acts by the receiver's trap_links when the signal arrives, not when linked [S5.11]", async () => {
    await simulate(2, async (sim) => {
      for (const [before, after] of [
        [true, false],
        [false, true],
      ]) {
        const probe = await sim.probe();
        const pid = await sim.spawn(untilTold);
        probe.process.setOptions({ trapLinks: before as boolean });
        await probe.process.link(pid);
        probe.process.setOptions({ trapLinks: after as boolean });
        sim.send(pid, "fail");
        await sim.untilIdle();
        expect(sim.isAlive(probe.pid)).toBe(after);
        expect(probe.events.map((one) => one.kind)).toEqual(after ? [event.LINK_DOWN] : []);
      }
    });
  });

  it("ends a receiver that does not trap, with or without events() open; its monitors and links are told in turn [S5.12]", async () => {
    await simulate(3, async (sim) => {
      for (const opens of [false, true]) {
        const [watcher, third] = [await sim.probe(), await sim.probe()];
        const pid = await sim.spawn(untilTold);
        const ran: string[] = [];
        const victim = await sim.spawn(async (process: Process) => {
          if (opens)
            process.go(async () => {
              for await (const one of process.events()) ran.push(one.kind);
            });
          await process.link(pid);
          await process.sleep("1h");
          ran.push("slept");
        });
        await sim.settle();
        await watcher.process.monitor(victim);
        await third.process.link(victim);
        sim.send(pid, "fail");
        await sim.untilIdle();
        expect(ran).toEqual([]);
        const result = { error: "linked process failed", kind: errors.INTERNAL };
        expect(watcher.events).toMatchObject([{ kind: event.EXIT, from: victim, result }]);
        expect(third.events).toMatchObject([{ kind: event.LINK_DOWN, from: victim, result }]);
      }
    });
  });

  it("is an event to a receiver that traps, waiting until events() opens [S5.13]", async () => {
    await simulate(4, async (sim) => {
      const pid = await sim.spawn(untilTold);
      const got = await sim.exec(async (process: Process) => {
        process.setOptions({ trapLinks: true });
        await process.link(pid);
        process.send(pid, "fail");
        await process.sleep("1h");
        const one = await process.events().receive();
        return [one?.kind, one?.from, "result" in (one ?? {}) && (one as { result: object }).result];
      });
      expect(got).toMatchObject([event.LINK_DOWN, pid, { error: "failed", kind: errors.INTERNAL }]);
    });
  });

  it("that has arrived is not altered by changing trap_links later [S5.14]", async () => {
    for (let seed = 1; seed <= 50; seed++) {
      await simulate(seed, async (sim) => {
        // Trapped when it came: it stays an event.
        const one = await sim.spawn(untilTold);
        const kept = await sim.exec(async (process: Process) => {
          process.setOptions({ trapLinks: true });
          await process.link(one);
          process.send(one, "fail");
          await process.sleep(1);
          process.setOptions({ trapLinks: false });
          await process.sleep(1);
          return (await process.events().receive())?.kind;
        });
        expect(kept).toBe(event.LINK_DOWN);
        // Not trapped when it came: it is the end, though the option changes in the same moment.
        const two = await sim.probe();
        const peer = await sim.spawn(untilTold);
        two.process.setOptions({ trapLinks: false });
        await two.process.link(peer);
        sim.send(peer, "fail");
        while (sim.isAlive(peer)) await sim.step();
        if (sim.isAlive(two.pid)) two.process.setOptions({ trapLinks: true });
        await sim.untilIdle();
        expect(sim.isAlive(two.pid)).toBe(false);
      });
    }
  });

  it("takes ten linked children along, and nobody else [S5.15]", async () => {
    for (let seed = 1; seed <= 20; seed++) {
      await simulate(seed, async (sim) => {
        sim.define("app:child", untilTold);
        const bystander = await sim.probe();
        const children: string[] = [];
        const parent = await sim.spawn(async (process: Process) => {
          for (let i = 0; i < 10; i++) children.push(await process.spawnLinked("app:child", sim.host));
          await process.spawn("app:child", sim.host);
          await untilTold(process);
        });
        await sim.settle();
        for (const child of children) await bystander.process.monitor(child);
        sim.send(parent, "fail");
        await sim.untilIdle();
        expect(bystander.events.map((one) => one.from).sort()).toEqual([...children].sort());
        for (const one of bystander.events) {
          expect(one).toMatchObject({ kind: event.EXIT, result: { error: "linked process failed" } });
        }
        expect(sim.alive).toBe(2);
      });
    }
  });

  it.each([1, 2, 9, 10, 1_000, 100_000])(
    "takes a chain of %d links down, link by link, from either end or the middle [S5.12, S5.15]",
    async (length) => {
      await simulate(5, async (sim) => {
        for (const where of length > 1_000 ? [0] : [0, length, Math.floor(length / 2)]) {
          const chain: string[] = [];
          const ends: string[] = [];
          const stop = sim.watch((one) => {
            if (one.kind === "exited" && chain.includes(one.pid)) ends.push(one.result.error as string);
          });
          if (length > 1_000) stop();
          // Each links itself to the one before it.
          sim.define("app:linker", async (process: Process, pid: string | null) => {
            if (pid !== null) await process.link(pid);
            await untilTold(process);
          });
          await sim.exec(async (process: Process) => {
            let last: string | null = null;
            for (let i = 0; i <= length; i++) {
              last = (await process.spawn("app:linker", sim.host, last)) as string;
              chain.push(last);
            }
            await process.sleep(1);
          });
          expect(sim.alive).toBe(length + 1);
          sim.send(chain[where] as string, "fail");
          await sim.settle();
          expect(sim.alive).toBe(0);
          if (length <= 1_000) {
            expect(ends).toHaveLength(length + 1);
            expect(ends[0]).toBe("failed");
            expect(ends.slice(1)).toEqual(Array(length).fill("linked process failed"));
          }
          stop();
        }
      });
    },
    60_000,
  );

  it("in a ring reaches everybody once and comes to rest [S5.12, S5.15]", async () => {
    await simulate(6, async (sim) => {
      const probe = await sim.probe();
      const members: string[] = [];
      for (let i = 0; i < 50; i++)
        members.push(
          await sim.spawn(async (process: Process) => {
            const message = await process.inbox().receive();
            await process.link(message?.payload as string);
            await untilTold(process);
          }),
        );
      await sim.settle();
      for (const [i, pid] of members.entries()) {
        await probe.process.monitor(pid);
        sim.send(pid, "link", members[(i + 1) % members.length]);
      }
      await sim.settle();
      sim.send(members[7] as string, "fail");
      await sim.untilIdle();
      expect(probe.events).toHaveLength(50);
      expect(sim.alive).toBe(1);
    });
  });

  it("of a child that is monitored and linked ends the parent, whether or not it handles the EXIT first [S5.12]", async () => {
    for (let seed = 1; seed <= 50; seed++) {
      await simulate(seed, async (sim) => {
        const probe = await sim.probe();
        sim.define("app:child", untilTold);
        sim.define("app:parent", async (process: Process) => {
          const child = await process.spawnLinkedMonitored("app:child", sim.host);
          process.send(child, "fail");
          await process.events().receive();
          await process.channel().receive();
        });
        const parent = await probe.process.spawnMonitored("app:parent", sim.host);
        await sim.untilIdle();
        expect(probe.events).toMatchObject([{ from: parent, result: { error: "linked process failed" } }]);
      });
    }
  });
});
