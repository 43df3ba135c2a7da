/** What is particular to TypeScript: sections 12 and 16 of the spec. */
import { defineProcess, errors, event, type Process, ProcessError, protocol } from "beamish";
import { simulate } from "beamish/testing";
import { describe, expect, it } from "vitest";
import { isLowered } from "../support/is-lowered.ts";

const HOST = "sim:processes";

async function run<R>(main: (process: Process) => Promise<R>): Promise<R> {
  let result: R | undefined;
  await simulate(1, async (sim) => {
    sim.define("sim:idle", async (process: Process) => process.channel().receive());
    result = await sim.exec<any>(main as any);
  });
  return result as R;
}

describe("the process object", () => {
  it("has every method of the table, bound [S16.1, S16.2, S16.5]", async () => {
    const got = await run(async (process) => {
      const { send, pid, inbox, spawn, terminate, sleep, getOptions, registry, select, id } = process;
      const answer = send(pid(), "t", 1);
      const message = await inbox().receive();
      const child = await spawn("sim:idle", HOST);
      await sleep(1);
      await terminate(child);
      await registry.register("n");
      const chosen = await select([inbox().caseReceive()], { default: true });
      return [answer, message?.payload, getOptions(), chosen.default, id().startsWith("sim:")];
    });
    expect(got).toEqual([null, 1, { trapLinks: false }, true, true]);
  });

  it("returns from send what it would throw, and throws only for what is no string [S16.4, S16.11, S12.11]", async () => {
    const got = await run(async (process) => {
      const returned = process.send("nobody", "t");
      const thrown: string[] = [];
      for (const args of [
        [5, "t"],
        [process.pid(), undefined],
        [null, "t"],
      ]) {
        try {
          (process.send as (...a: unknown[]) => unknown)(...args);
        } catch (error) {
          thrown.push(`${(error as ProcessError).kind} ${(error as ProcessError).message}`);
        }
      }
      return [returned instanceof ProcessError, returned?.kind, thrown];
    });
    expect(got).toEqual([
      true,
      errors.NOT_FOUND,
      [
        "Invalid bad argument #1 to 'send' (string expected, got number)",
        "Invalid bad argument #2 to 'send' (string expected, got undefined)",
        "Invalid bad argument #1 to 'send' (string expected, got null)",
      ],
    ]);
  });

  it("rejects or throws ProcessErrors everywhere else [S16.3, S12.9, S12.11]", async () => {
    const got = await run(async (process) => {
      const all = [
        () => process.spawn(5 as never, HOST),
        () => process.exec("sim:idle", {} as never),
        () => process.monitor("nobody"),
        () => process.registry.lookup("nobody"),
        () => process.sleep({} as never),
        async () => process.listen(3 as never),
        async () => process.go("x" as never),
        async () => process.channel("x" as never),
        () => process.select(null as never),
        async () => process.ctx.get(4 as never),
        async () => process.withContext({}).withName(4 as never),
        async () => process.withContext({}).withMessage(4 as never),
      ];
      const kinds: unknown[] = [];
      for (const act of all)
        kinds.push(
          await act().then(
            () => "resolved",
            (error) => error instanceof ProcessError && error.kind,
          ),
        );
      return kinds;
    });
    const { INVALID, NOT_FOUND } = errors;
    const rest = new Array(8).fill(INVALID);
    expect(got).toEqual([INVALID, INVALID, NOT_FOUND, NOT_FOUND, ...rest]);
  });

  it("iterates an inbox with for await until it is closed [S16.33]", async () => {
    const got = await run(async (process) => {
      for (const n of [1, 2, 3]) process.send(process.pid(), "t", n);
      const seen: unknown[] = [];
      const inbox = process.inbox();
      for await (const message of inbox) {
        seen.push(message.payload);
        if (message.payload === 3) inbox.close();
      }
      return seen;
    });
    expect(got).toEqual([1, 2, 3]);
  });

  it("prints a line with the pid, arguments joined by a blank [S16.45]", async () => {
    await simulate(1, async (sim) => {
      const lines: unknown[] = [];
      sim.watchNotices((notice) =>
        lines.push([notice.kind, "pid" in notice && notice.pid, "text" in notice && notice.text]),
      );
      const pid = await sim.spawn(async (process: Process) => process.print("a", 1, true));
      await sim.settle();
      expect(lines).toEqual([["printed", pid, "a 1 true"]]);
    });
  });

  it("has its own pid object per process and the kinds of events [S16.10, S16.19]", async () => {
    expect(await run(async (process) => [process.event === event, typeof process.pid()])).toEqual([true, "string"]);
  });
});

describe("after the end", () => {
  it("never resumes a wait, settles no later promise, and throws from synchronous calls [S16.7]", async () => {
    await simulate(1, async (sim) => {
      const log: string[] = [];
      let leaked: Process | undefined;
      const pid = await sim.spawn(async (process: Process) => {
        leaked = process;
        process.go(async () => {
          await process.sleep(1);
          log.push("task resumed");
        });
        try {
          await process.inbox().receive();
        } finally {
          log.push("finally ran");
        }
      });
      await sim.settle();
      sim.terminate(pid);
      await sim.advance(100);
      const { process } = { process: leaked as Process };
      const attempts = [
        () => process.send(pid, "t"),
        () => process.inbox(),
        () => process.getOptions(),
        () => process.withContext({}),
        () => process.ctx.all(),
        () => process.print("x"),
      ];
      const kinds = attempts.map((attempt) => {
        try {
          return attempt();
        } catch (error) {
          return (error as ProcessError).kind;
        }
      });
      expect(kinds).toEqual(new Array(6).fill(errors.CANCELED));
      let settled = 0;
      const later = [
        process.spawn("sim:idle", HOST),
        process.exec("sim:idle", HOST),
        process.sleep(0),
        process.monitor(pid),
        process.terminate(pid),
        process.registry.lookup("x"),
        process.upgrade(null),
      ];
      for (const one of later)
        one.then(
          () => settled++,
          () => settled++,
        );
      await sim.advance(100);
      expect([settled, log]).toEqual([0, isLowered ? ["finally ran"] : []]);
    });
  });

  it("drops tasks that are left when main has settled [S16.7]", async () => {
    await simulate(1, async (sim) => {
      const log: string[] = [];
      await sim.exec(async (process: Process) => {
        process.go(async () => {
          await process.sleep(10);
          log.push("late");
        });
        await process.sleep(1);
      });
      await sim.advance(100);
      expect(log).toEqual([]);
    });
  });

  it("lets cleanup run in the handling of CANCEL [S16.8]", async () => {
    const log: string[] = [];
    await simulate(1, async (sim) => {
      const pid = await sim.spawn(async (process: Process) => {
        try {
          await process.events().receive();
        } finally {
          log.push("cleaned");
        }
      });
      await sim.settle();
      sim.cancel(pid, "1s");
      await sim.settle();
    });
    expect(log).toEqual(["cleaned"]);
  });
});

describe("defineProcess", () => {
  it("runs with typed messages, whatever untyped senders send [S16.46, S16.51]", async () => {
    const counter = defineProcess({
      accepts: protocol<{ add: [amount: number]; read: [replyTo: string] }>(),
      async run(process, start: number) {
        let total = start;
        for await (const message of process.inbox()) {
          switch (message.topic) {
            case "add":
              total += message.payload;
              break;
            case "read":
              process.send(message.payload, "total", total);
              break;
            default:
              return `undeclared ${(message as { topic: string }).topic}`;
          }
        }
        return total;
      },
    });
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      sim.define("app:counter", counter);
      const pid = await probe.process.spawnMonitored<typeof counter>("app:counter", HOST, 5);
      probe.process.send(pid, "add", 2);
      probe.process.send(pid, "read", probe.pid);
      sim.send(pid, "surprise");
      await sim.settle();
      expect(probe.payloads("total")).toEqual([7]);
      expect(probe.events).toMatchObject([{ result: { value: "undeclared surprise" } }]);
    });
  });

  it("runs a parser once per message, before it counts as ready; what it throws is a dead letter [S16.52, S2.54]", async () => {
    const parsed: unknown[] = [];
    const strict = defineProcess({
      accepts: {
        n: (payload) => {
          parsed.push(payload);
          if (typeof payload !== "number") throw new Error("no number");
          return payload * 10;
        },
      },
      async run(process) {
        const first = await process.select([process.inbox().caseReceive()], { default: true });
        await process.sleep(1);
        const listened = process.listen("n");
        const got: unknown[] = [first.default, await listened.receive(), await listened.receive()];
        process.unlisten(listened);
        got.push((await process.inbox().receive())?.payload);
        return got;
      },
    });
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      sim.define("sim:strict", strict);
      const builder = probe.process.withContext({}).withMessage("n", "bad one");
      const pid = await builder.spawnMonitored("sim:strict", HOST);
      await sim.settle();
      for (const payload of [1, "bad two", 2]) probe.process.send(pid, "n", payload);
      probe.process.send(pid, "undeclared", "as it is");
      await sim.advance(10);
      expect(probe.events).toMatchObject([{ result: { value: [true, 10, 20, "as it is"] } }]);
      expect(parsed).toEqual(["bad one", 1, "bad two", 2]);
      expect(sim.deadLetters.count("not_accepted")).toBe(2);
    });
  });

  it("does not run a parser again when an earlier case was chosen or the code was upgraded [S16.52, S9.5]", async () => {
    let runs = 0;
    const parser = (payload: unknown) => {
      runs++;
      return payload;
    };
    const chooser = defineProcess({
      accepts: { b: parser },
      async run(process) {
        const [a, b] = [process.listen("a" as never), process.listen("b")];
        const both = [a.caseReceive(), b.caseReceive()];
        const first = await process.select(both);
        const second = await process.select(both);
        return [first.case, second.case, second.value];
      },
    });
    await simulate(1, async (sim) => {
      sim.define("sim:chooser", chooser);
      const got = await sim.exec(async (process: Process) =>
        process.withContext({}).withMessage("b", "B").withMessage("a", "A").exec("sim:chooser", HOST),
      );
      expect(got).toEqual([0, 1, "B"]);
      expect(runs).toBe(1);
    });
  });

  it("refuses a definition without a function, or with a parser that is none [S13.23]", () => {
    expect(() => defineProcess({ run: 5 as never })).toThrow(ProcessError);
    expect(() => defineProcess({ accepts: { a: 5 as never }, run: async () => {} })).toThrow(/topic "a"/);
  });
});

describe("errors", () => {
  it("have the kinds of the list, by constant and value [S12.5, S16.43]", () => {
    const { is, ...kinds } = errors;
    expect(kinds).toEqual({
      NOT_FOUND: "NotFound",
      ALREADY_EXISTS: "AlreadyExists",
      INVALID: "Invalid",
      PERMISSION_DENIED: "PermissionDenied",
      UNAVAILABLE: "Unavailable",
      INTERNAL: "Internal",
      CANCELED: "Canceled",
      CONFLICT: "Conflict",
      TIMEOUT: "Timeout",
      RATE_LIMITED: "RateLimited",
      UNKNOWN: "",
    });
    expect(is(new ProcessError({ message: "x", kind: "Timeout" }), errors.TIMEOUT)).toBe(true);
    expect(is(new Error("x"), errors.INTERNAL)).toBe(false);
    expect(is(null, errors.UNKNOWN)).toBe(false);
  });

  it("are made of a text or of their parts [S12.1, S12.6, S16.44]", () => {
    const plain = new ProcessError("text");
    expect([plain.kind, plain.message, plain.retryable, plain.details]).toEqual(["", "text", undefined, undefined]);
    const full = new ProcessError({ message: "m", kind: errors.CONFLICT, retryable: false, details: { a: 1 } });
    expect([full.kind, full.retryable, full.details, full.name]).toEqual(["Conflict", false, { a: 1 }, "ProcessError"]);
    expect(full.stack).toContain("typescript-api.test.ts");
    expect(() => new ProcessError({} as never)).toThrow(/message/);
    expect(() => new ProcessError({ message: "m", kind: "Nope" as never })).toThrow(/unknown error kind/);
  });

  it("keep everything when wrapped, and show the context in the stack [S12.7, S16.44]", () => {
    const inner = new ProcessError({ message: "m", kind: errors.TIMEOUT, retryable: true, details: [1] });
    const outer = ProcessError.wrap(inner, "while reading");
    expect([outer.kind, outer.message, outer.retryable, outer.details]).toEqual(["Timeout", "m", true, [1]]);
    expect(outer.stack).toMatch(/^while reading: /);
    expect(ProcessError.wrap("a text", "ctx").message).toBe("a text");
    expect(ProcessError.wrap(new TypeError("t"), "ctx").kind).toBe(errors.INTERNAL);
  });

  it("of process functions leave retryable unknown unless the spec says otherwise [S12.4]", async () => {
    expect(await run(async (process) => process.send("nobody", "t")?.retryable ?? "unknown")).toBe("unknown");
  });
});
