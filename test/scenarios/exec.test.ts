/** Starting a process and waiting for its result (S3.33–S3.39). */
import { errors, event, type Process, ProcessError } from "beamish";
import { simulate } from "beamish/testing";
import { describe, expect, it } from "vitest";
import { refusalOf, rejectionOf } from "./refusal.ts";

const waitForever = async (process: Process) => {
  await process.channel().receive();
};

/** Reports every event it gets to the process registered as `reports`, and lives on. */
const stubborn = async (process: Process) => {
  for await (const one of process.events()) process.send("reports", "event", one);
};

describe("exec", () => {
  it("resolves with what main returned, and with null when that was nothing [S3.33]", async () => {
    await simulate(1, async (sim) => {
      const given = [1, "two", [3], { four: 4 }, null, false];
      for (const [i, value] of given.entries()) sim.define(`app:returns-${i}`, async () => value);
      sim.define("app:nothing", async () => {});
      sim.define("app:undefined", async () => undefined);
      sim.define("app:plain", () => 7);
      sim.define("app:later", async (process: Process) => {
        await process.sleep("1h");
        return "later";
      });
      const got = await sim.exec(async (process: Process) => {
        const values: unknown[] = [];
        for (const i of given.keys()) values.push(await process.exec(`app:returns-${i}`, sim.host));
        for (const id of ["app:nothing", "app:undefined", "app:plain", "app:later"]) {
          values.push(await process.exec(id, sim.host));
        }
        return values;
      });
      expect(got).toEqual([...given, null, null, 7, "later"]);
    });
  });

  it("rejects with the child's kind, message, retryable and details [S3.34]", async () => {
    await simulate(2, async (sim) => {
      const details = { at: [1, new Date(5)] };
      sim.define("app:fails", async () => {
        throw new ProcessError({ message: "no seat", kind: errors.CONFLICT, retryable: true, details });
      });
      sim.define("app:throws", async () => {
        throw new TypeError("typo");
      });
      sim.define("app:victim", waitForever);
      const caught = await sim.exec(async (process: Process) => {
        const error = await process.exec("app:fails", sim.host).catch((cause: ProcessError) => cause);
        expect(error).toBeInstanceOf(ProcessError);
        const other = await rejectionOf(process.exec("app:throws", sim.host));
        return [error.kind, error.message, error.retryable, error.details, other.kind, other.message, other.retryable];
      });
      expect(caught).toEqual([errors.CONFLICT, "no seat", true, details, errors.INTERNAL, "typo", null]);
    });
  });

  it("rejects when the child is terminated, cancelled past its deadline or taken down by a link [S3.34]", async () => {
    await simulate(3, async (sim) => {
      sim.define("app:linked", async (process: Process, peer: string) => {
        await process.link(peer);
        await process.channel().receive();
      });
      sim.define("app:named", waitForever);
      const failing = await sim.spawn(async (process: Process) => {
        await process.inbox().receive();
        throw new Error("failed");
      });
      const got: unknown[] = [];
      await sim.spawn(async (process: Process) => {
        const builder = process.withContext({});
        const all = [
          rejectionOf(builder.withName("one").exec("app:named", sim.host)),
          rejectionOf(builder.withName("two").exec("app:named", sim.host)),
          rejectionOf(builder.exec("app:linked", sim.host, failing)),
        ];
        got.push(...(await Promise.all(all)));
      });
      await sim.settle();
      sim.terminate("one");
      sim.cancel("two", "1s");
      sim.send(failing, "fail");
      await sim.untilIdle();
      expect(got).toEqual([
        { kind: errors.INTERNAL, message: "process terminated" },
        { kind: errors.TIMEOUT, message: "cancel deadline exceeded" },
        { kind: errors.INTERNAL, message: "linked process failed" },
      ]);
    });
  });

  it("stops only the coroutine that waits, gives no EXIT or LINK_DOWN, and links nothing [S3.37]", async () => {
    await simulate(4, async (sim) => {
      sim.define("app:fails", async (process: Process) => {
        await process.sleep(50);
        throw new Error("failed");
      });
      const got = await sim.exec(async (process: Process) => {
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
        const error = await rejectionOf(process.exec("app:fails", sim.host));
        seen.push(error.message);
        await process.sleep(100);
        return seen;
      });
      expect(got).toEqual(["tick", "tick", "failed"]);
    });
  });

  it("leaves the child unharmed by a linked failure elsewhere, since it is not linked to the caller [S3.37, S3.39]", async () => {
    await simulate(5, async (sim) => {
      const reports = await sim.probe();
      await reports.process.registry.register("reports");
      sim.define("app:child", stubborn);
      const caller = await sim.spawn(async (process: Process) => process.exec("app:child", sim.host));
      await sim.settle();
      sim.terminate(caller);
      await sim.settle();
      // Not a LINK_DOWN but a request, with time to follow it.
      expect(reports.payloads("event")).toMatchObject([{ kind: event.CANCEL, from: caller }]);
      expect(sim.alive).toBe(2);
    });
  });

  it("has no time limit of its own [S3.38]", async () => {
    await simulate(6, async (sim) => {
      sim.define("app:slow", async (process: Process) => {
        await process.sleep("100000h");
        return "done";
      });
      expect(await sim.exec(async (process: Process) => process.exec("app:slow", sim.host))).toBe("done");
    });
  });

  it("of a builder with a timeout rejects TIMEOUT, and the child gets CANCEL with 5 s from the caller [S3.38]", async () => {
    await simulate(7, async (sim) => {
      const reports = await sim.probe();
      await reports.process.registry.register("reports");
      sim.define("app:stubborn", stubborn);
      const caller = await sim.spawn(async (process: Process) => {
        const builder = process.withContext({}).withOptions({ timeout: "2s" }).withName("child");
        const error = await rejectionOf(builder.exec("app:stubborn", sim.host));
        process.send("reports", "error", [error.kind, error.message, error.retryable]);
        await process.channel().receive();
      });
      await sim.advance("1999ms");
      expect(reports.messages).toEqual([]);
      await sim.advance("1ms");
      expect(reports.payloads("error")).toEqual([[errors.TIMEOUT, "exec timeout", null]]);
      expect(reports.payloads("event")).toMatchObject([
        { kind: event.CANCEL, from: caller, reason: "exec timeout", deadline: "2026-01-01T00:00:07.000Z" },
      ]);
      await sim.advance("4999ms");
      expect(sim.lookup("child")).not.toBeNull();
      await sim.advance("1ms");
      expect(sim.lookup("child")).toBeNull();
      expect(sim.isAlive(caller)).toBe(true);
    });
  });

  it("whose timeout passes while the module loads cancels the child as soon as it is there [S3.38]", async () => {
    await simulate(8, async (sim) => {
      const reports = await sim.probe();
      await reports.process.registry.register("reports");
      sim.define("app:stubborn", stubborn, { loadMs: 100 });
      await sim.spawn(async (process: Process) => {
        const error = await rejectionOf(
          process.withContext({}).withOptions({ timeout: 10 }).exec("app:stubborn", sim.host),
        );
        process.send("reports", "error", error.message);
        await process.channel().receive();
      });
      await sim.advance(50);
      expect(reports.payloads("error")).toEqual(["exec timeout"]);
      await sim.untilIdle();
      expect(sim.trace.filter((line) => line.includes("spawned app:stubborn")).length).toBeLessThan(2);
      expect(sim.alive).toBe(2);
    });
  });

  it("in time is not disturbed by its timeout later [S3.38]", async () => {
    await simulate(9, async (sim) => {
      sim.define("app:quick", async (process: Process) => {
        await process.sleep(5);
        return "quick";
      });
      const got = await sim.exec(async (process: Process) => {
        const builder = process.withContext({}).withOptions({ timeout: 10 });
        const value = await builder.exec("app:quick", sim.host);
        await process.sleep("1h");
        return [value, (await process.select([process.events().caseReceive()], { default: true })).default];
      });
      expect(got).toEqual(["quick", true]);
    });
  });

  it.each(["return", "failure", "terminate", "deadline", "link", "upgrade"])(
    "of a caller that ends by %s sends the child CANCEL with 5 s [S3.39, S4.17]",
    async (way) => {
      await simulate(10, async (sim) => {
        const reports = await sim.probe();
        await reports.process.registry.register("reports");
        sim.define("app:stubborn", stubborn);
        sim.define("app:next", waitForever);
        const peer = await sim.spawn(async (process: Process) => {
          await process.inbox().receive();
          throw new Error("failed");
        });
        const caller = await sim.spawn(async (process: Process) => {
          await process.link(peer);
          process.go(async () => {
            await process.withContext({}).withName("child").exec("app:stubborn", sim.host);
          });
          await process.inbox().receive();
          if (way === "failure") throw new Error("failed");
          if (way === "upgrade") await process.upgrade("app:next");
        });
        await sim.settle();
        const child = sim.lookup("child");
        if (way === "terminate") sim.terminate(caller);
        else if (way === "deadline") sim.cancel(caller, 0);
        else sim.send(way === "link" ? peer : caller, "go");
        await sim.advance(0);
        expect(sim.isAlive(caller)).toBe(way === "upgrade");
        expect(reports.payloads("event")).toMatchObject([
          { kind: event.CANCEL, from: caller, deadline: "2026-01-01T00:00:05.000Z", reason: "caller exited" },
        ]);
        await sim.advance("4999ms");
        expect(sim.lookup("child")).toBe(child);
        await sim.advance("1ms");
        expect(sim.lookup("child")).toBeNull();
      });
    },
  );

  it.each(["failure", "upgrade", "upgrade with a cleanup"])(
    "of hundreds that wait asks all their children to end after a %s, and no child of a later one [S3.39, S9.3]",
    async (way) => {
      await simulate(12, async (sim) => {
        const asked = new Set<string>();
        sim.define("app:child", async (process: Process, name: string) => {
          const told = await process.events().receive();
          expect(told).toMatchObject({ kind: event.CANCEL, reason: "caller exited" });
          asked.add(name);
          await process.inbox().receive();
        });
        sim.define("app:next", async (process: Process) => {
          await process.exec("app:child", sim.host, "later");
        });
        const caller = await sim.spawn(async (process: Process) => {
          for (let i = 0; i < 500; i++) process.go(async () => process.exec("app:child", sim.host, `${i}`));
          await process.inbox().receive();
          if (way === "failure") throw new Error("failed");
          try {
            await process.upgrade("app:next");
          } finally {
            // Lowered code cleans up for as long as it may then.
            if (way === "upgrade with a cleanup") await new Promise(() => {});
          }
        });
        await sim.settle();
        sim.send(caller, "go");
        await sim.settle();
        expect(asked.size).toBe(500);
        expect(asked.has("later")).toBe(false);
      });
    },
  );

  it("that has ended leaves nothing to cancel [S3.39]", async () => {
    await simulate(11, async (sim) => {
      sim.define("app:quick", async () => 1);
      await sim.exec(async (process: Process) => process.exec("app:quick", sim.host));
      expect(sim.deadLetters.count()).toBe(0);
      expect(refusalOf(sim.send("{sim:processes|0x00002}", "x")).kind).toBe(errors.NOT_FOUND);
    });
  });
});
