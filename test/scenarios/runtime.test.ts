/** A runtime in an embedding program: hosts, services, stopping, the log. Sections 14 and 15 of the spec. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createActor, createRuntime, errors, type LogRecord, type Process, type Runtime } from "beamish";
import { VirtualClock } from "beamish/testing";
import { afterEach, describe, expect, it } from "vitest";

const HOST = "app:processes";

/** A runtime under a clock that the test moves. */
class Bench {
  readonly clock = new VirtualClock();
  readonly log: LogRecord[] = [];
  readonly #folders: string[] = [];
  runtime!: Runtime;

  async begin(config: Parameters<typeof createRuntime>[0], random = 0.5, loader?: any): Promise<Runtime> {
    const turns = { request: (turn: () => void) => queueMicrotask(turn), mayGoOn: () => false, spend() {} };
    const log = (record: LogRecord) => this.log.push(record);
    const runtime = createRuntime(
      { log, ...config },
      {
        clock: this.clock,
        turns,
        random: () => random,
        ...(loader !== undefined && { loader }),
      },
    );
    this.runtime = await runtime;
    return this.runtime;
  }

  /** A folder with these files. */
  app(files: Record<string, string>): string {
    const folder = mkdtempSync(join(tmpdir(), "beamish-runtime-"));
    this.#folders.push(folder);
    for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
    return folder;
  }

  /** Lets promises settle; enough rounds for anything a test does between two deadlines. */
  async settle(): Promise<void> {
    for (let i = 0; i < 300; i++) await null;
  }

  /** Lets so much virtual time pass. */
  async advance(ms: number): Promise<void> {
    const untilMs = this.clock.nowMs() + ms;
    await this.settle();
    while (this.clock.nextAlarmMs <= untilMs) {
      this.clock.moveTo(this.clock.nextAlarmMs);
      await this.settle();
    }
    this.clock.moveTo(untilMs);
    await this.settle();
  }

  texts(): string[] {
    return this.log.map((record) => `${record.level} ${record.about}: ${record.text}`);
  }

  clear(): void {
    for (const folder of this.#folders) rmSync(folder, { recursive: true });
  }
}

let bench = new Bench();
afterEach(() => {
  bench.clear();
  bench = new Bench();
});

/** The entries of a service `app:svc` around a native process `app:main`. */
function serviceEntries(lifecycle: string): string {
  return `version: "1.0"
namespace: app
entries:
  - name: processes
    kind: process.host
    lifecycle: {stop_timeout: 4s}
  - name: svc
    kind: process.service
    process: main
    host: processes
    input: [1, {two: 2}]
    lifecycle: {auto_start: true, ${lifecycle}}
`;
}

function status(): (string | null)[] {
  const unit = bench.runtime.units().find((one) => one.id === "app:svc");
  return [unit?.status ?? null, unit?.cause ?? null];
}

describe("an embedded runtime", () => {
  it("runs functions on hosts, and speaks to them from outside [S15.1, S16.53]", async () => {
    const runtime = await bench.begin({
      hosts: { [HOST]: { maxProcesses: 2 } },
      processes: {
        "app:double": async (_process: Process, n: number) => n * 2,
        "app:wait": async (process: Process) => (await process.inbox().receive())?.payload,
        "app:tight": {
          run: async (process: Process) => process.channel().receive(),
          mailbox: { limit: 1, overflow: "reject" },
        },
      },
    });
    expect(await runtime.exec("app:double", HOST, 21)).toBe(42);
    await expect(runtime.exec("app:none", HOST)).rejects.toMatchObject({ kind: errors.NOT_FOUND });
    await expect(runtime.spawn("app:wait", "app:nowhere")).rejects.toMatchObject({ message: "host not found" });
    await expect(runtime.exec("app:double", HOST, () => {})).rejects.toMatchObject({ kind: errors.INVALID });
    const pid = await runtime.spawnWith({ name: "tight", actor: createActor("a") }, "app:tight", HOST);
    expect(runtime.lookup("tight")).toBe(pid);
    expect(runtime.send(pid, "a", 1)).toBeNull();
    expect(runtime.send("tight", "a", 1)?.kind).toBe(errors.RATE_LIMITED);
    expect(runtime.send("nobody", "a")?.kind).toBe(errors.NOT_FOUND);
    expect(runtime.send(pid, "@a")?.message).toBe("cannot send to @ topics");
    expect(runtime.deadLetters.count()).toBe(2);
    await runtime.spawn("app:wait", HOST);
    await expect(runtime.spawn("app:wait", HOST)).rejects.toMatchObject({ message: "process limit reached" });
    runtime.terminate(pid);
    await bench.settle();
    expect(runtime.processes().filter((one) => one.hostId === HOST)).toHaveLength(1);
    expect(() => runtime.terminate(pid)).toThrow("process not found");
    runtime.cancel(runtime.processes()[0]?.pid ?? "", "1s");
    await bench.advance(1_000);
    expect(runtime.processes().filter((one) => one.hostId === HOST)).toHaveLength(0);
  });

  it("goes on when a watcher throws, and says so in its log", async () => {
    const runtime = await bench.begin({
      hosts: { [HOST]: {} },
      processes: { "app:x": async () => "fine" },
    });
    runtime.watch(() => {
      throw new Error("bad watcher");
    });
    expect(await runtime.exec("app:x", HOST)).toBe("fine");
    expect(bench.texts()).toContain("error runtime: a listener failed: bad watcher");
  });

  it("refuses ids that are none [S1.19]", async () => {
    await expect(bench.begin({ hosts: { nocolon: {} } })).rejects.toMatchObject({ kind: errors.INVALID });
  });

  it("logs at most ten dead letters a second and sums up the rest [S2.55]", async () => {
    const runtime = await bench.begin({ hosts: { [HOST]: {} } });
    for (let i = 0; i < 25; i++) runtime.send("nobody", "t");
    const letters = () => bench.texts().filter((text) => text.includes("dead letter")).length;
    expect(letters()).toBe(10);
    await bench.advance(1_000);
    expect(bench.texts().at(-1)).toBe("warn runtime: further dead letters in that second: 15 not_found");
    runtime.send("nobody", "t");
    expect(letters()).toBe(12);
    expect(runtime.deadLetters.count("not_found")).toBe(26);
  });

  it("stops a host: no newcomers, CANCEL for all, time to drain, then termination [S15.10, S15.11, S15.12, S3.18, S6.12, S14.27]", async () => {
    const seen: unknown[] = [];
    const runtime = await bench.begin({
      app: bench.app({ "_index.yaml": serviceEntries("stop_timeout: 1s") }),
      processes: {
        "app:main": async () => {},
        "app:drains": async (process: Process) => {
          const cancel = await process.events().receive();
          seen.push(cancel);
          await process.sleep("2s");
          seen.push((await process.inbox().receive())?.payload);
        },
        "app:deaf": async (process: Process) => process.channel().receive(),
        "app:late": async () => {},
      },
    });
    const drains = await runtime.spawn("app:drains", HOST);
    await runtime.spawn("app:deaf", HOST);
    await bench.settle();
    const stopped = runtime.stop();
    await bench.settle();
    expect(seen).toMatchObject([
      { from: "{|}", reason: "host is shutting down", deadline: "2026-01-01T00:00:04.000Z" },
    ]);
    await expect(runtime.spawn("app:late", HOST)).rejects.toMatchObject({
      kind: errors.UNAVAILABLE,
      message: "host is shutting down",
    });
    expect(runtime.send(drains, "t", "still here")).toBeNull();
    await bench.advance(2_000);
    expect(seen[1]).toBe("still here");
    expect(runtime.send(drains, "t")?.kind).toBe(errors.UNAVAILABLE);
    await bench.advance(2_000);
    await stopped;
    expect(runtime.processes().filter((one) => one.hostId === HOST)).toEqual([]);
  });

  it("terminates what remains when the whole stop takes too long [S15.13]", async () => {
    const runtime = await bench.begin({
      shutdownTimeoutMs: 500,
      hosts: { [HOST]: {} },
      processes: { "app:deaf": async (process: Process) => process.channel().receive() },
    });
    await runtime.spawn("app:deaf", HOST);
    const stopped = runtime.stop();
    expect(runtime.stop()).toBe(stopped);
    await bench.advance(500);
    await stopped;
    expect(bench.clock.nowMs()).toBe(500);
  });
});

describe("services", () => {
  const begin = (lifecycle: string, main: unknown, random?: number) =>
    bench.begin(
      { app: bench.app({ "_index.yaml": serviceEntries(lifecycle) }), processes: { "app:main": main as never } },
      random,
    );

  it("start with the runtime, with their input and their own actor, on their host [S14.1, S14.12, S14.13, S14.25]", async () => {
    const got: unknown[] = [];
    await begin("security: {actor: {id: bot, meta: {k: 1}}}", async (process: Process, ...input: unknown[]) => {
      got.push(input, process.security.actor()?.id(), process.ctx.all());
      await process.events().receive();
    });
    await bench.settle();
    expect(got).toEqual([[1, { two: 2 }], "bot", {}]);
    expect(status()).toEqual(["Running", null]);
    expect(bench.runtime.units()[0]).toMatchObject({ id: HOST, kind: "host", status: "Running" });
  });

  it("exit normally once, and are not restarted [S14.13]", async () => {
    let runs = 0;
    await begin("stop_timeout: 1s", async () => {
      runs++;
    });
    expect(await bench.runtime.servicesEnded()).toEqual({ services: 1, failed: 0 });
    await bench.advance(600_000);
    expect([runs, ...status()]).toEqual([1, "Exited", null]);
  });

  it("wait longer with each failure, as the table says, under a new pid each time [S14.7, S14.8, S14.9, S14.14, S14.17, S14.20]", async () => {
    const starts: number[] = [];
    const pids = new Set<string>();
    await begin("stable_threshold: 5s", async (process: Process) => {
      starts.push(bench.clock.nowMs());
      pids.add(process.pid());
      throw new Error("again");
    });
    await bench.advance(400_000);
    const waits = starts.slice(1, 9).map((at, i) => (at - (starts[i] as number)) / 1_000);
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 64, 90]);
    expect(pids.size).toBe(starts.length);
    expect(status()).toEqual(["Failed", "again"]);
  });

  it.each([
    [0, 0.9],
    [1, 1.1],
  ])("spread the wait by the jitter: chance %d gives %d s [S14.10, S14.17]", async (random, seconds) => {
    const starts: number[] = [];
    const main = async () => {
      starts.push(bench.clock.nowMs());
      throw new Error("x");
    };
    await begin("stop_timeout: 1s", main, random);
    await bench.advance(1_500);
    expect(starts[1]).toBeCloseTo(seconds * 1_000, 6);
  });

  it("count from one again after a stable run [S14.4, S14.18]", async () => {
    const starts: number[] = [];
    await begin("stable_threshold: 5s", async (process: Process) => {
      starts.push(bench.clock.nowMs());
      if (starts.length === 3) await process.sleep("5s");
      throw new Error("x");
    });
    await bench.advance(10_000);
    expect(starts.slice(0, 5)).toEqual([0, 1_000, 3_000, 9_000, 11_000].slice(0, starts.length));
    expect(starts[3]).toBe(9_000);
  });

  it("stay Failed after so many restarts in a row, or an error that says it is not retryable [S14.11, S14.15, S14.19]", async () => {
    let runs = 0;
    await begin("restart: {max_attempts: 2}", async () => {
      runs++;
      throw new Error("x");
    });
    await bench.advance(600_000);
    expect([runs, status()[0]]).toEqual([3, "Failed"]);
    expect(await bench.runtime.servicesEnded()).toEqual({ services: 1, failed: 1 });
  });

  it("do not retry what is hopeless [S14.15]", async () => {
    const runtime = await begin("stop_timeout: 1s", { no: "function" });
    await bench.advance(600_000);
    expect(status()).toEqual(["Failed", 'method "run" not found in module']);
    expect(runtime.processes().filter((one) => one.hostId === HOST)).toEqual([]);
  });

  it("count a start that takes too long as a failure [S14.2, S14.16, S14.19]", async () => {
    const stuck = `version: "1.0"
namespace: app
entries:
  - {name: processes, kind: process.host}
  - {name: main, kind: process.ts, source: "file://main.js"}
  - name: svc
    kind: process.service
    process: main
    host: processes
    lifecycle: {auto_start: true, start_timeout: 10s, stable_threshold: 5s, restart: {max_attempts: 2}}
`;
    const answers: ((module: Record<string, unknown>) => void)[] = [];
    const loader = { load: () => new Promise<Record<string, unknown>>((resolve) => answers.push(resolve)) };
    const begun = bench.begin({ app: bench.app({ "_index.yaml": stuck, "main.js": "" }) }, 0.5, loader);
    await bench.advance(10_000);
    await begun;
    expect(status()).toEqual(["Failed", "start timeout"]);
    await bench.advance(500_000);
    expect(status()[0]).toBe("Failed");
    expect(bench.texts().filter((text) => text.includes("start timeout"))).toHaveLength(3);
    const main = async (process: Process) => process.channel().receive();
    for (const answer of answers) answer({ default: main });
    await bench.settle();
    expect(bench.runtime.processes().filter((one) => one.hostId === HOST)).toEqual([]);
  });

  it("end what starts late, while they wait to start again [S14.12, S14.16]", async () => {
    const slow = serviceEntries("start_timeout: 10s").replace(
      "entries:\n",
      'entries:\n  - {name: main, kind: process.ts, source: "file://main.js"}\n',
    );
    const answers: ((module: Record<string, unknown>) => void)[] = [];
    const loader = { load: () => new Promise<Record<string, unknown>>((resolve) => answers.push(resolve)) };
    const begun = bench.begin({ app: bench.app({ "_index.yaml": slow, "main.js": "" }) }, 0.5, loader);
    await bench.advance(10_000);
    await begun;
    answers[0]?.({ default: async (process: Process) => process.channel().receive() });
    await bench.advance(60_000);
    expect(bench.runtime.processes().filter((one) => one.hostId === HOST)).toHaveLength(1);
    expect(status()).toEqual(["Running", null]);
  });

  it("fail, and do not hold up a stop, when their supervisor is ended [S15.13]", async () => {
    await begin("stop_timeout: 3s", async (process: Process) => process.events().receive());
    await bench.settle();
    for (const { pid, hostId } of bench.runtime.processes()) if (hostId !== HOST) bench.runtime.terminate(pid);
    await bench.settle();
    expect(status()).toEqual(["Failed", "its supervisor was ended"]);
    await Promise.all([bench.runtime.stop(), bench.settle()]);
    expect(bench.runtime.processes()).toEqual([]);
  });

  it("are cancelled at a stop, with reason and deadline, and are Stopped if they end in time [S14.21, S6.12]", async () => {
    const seen: unknown[] = [];
    await begin("stop_timeout: 3s", async (process: Process) => {
      seen.push(await process.events().receive());
      throw new Error("even so");
    });
    await bench.settle();
    const stopped = bench.runtime.stop();
    await bench.settle();
    await stopped;
    expect(seen).toMatchObject([{ from: "{|}", reason: "service stopping", deadline: "2026-01-01T00:00:03.000Z" }]);
    expect(status()).toEqual(["Stopped", null]);
  });

  it("are terminated when the stop overruns, and Failed [S14.3, S14.22]", async () => {
    await begin("stop_timeout: 3s", async (process: Process) => process.channel().receive());
    await bench.settle();
    const stopped = bench.runtime.stop();
    await bench.advance(3_000);
    await stopped;
    expect(status()).toEqual(["Failed", "stop timeout"]);
  });

  it("are not restarted when stopped while they wait for it [S14.20]", async () => {
    let runs = 0;
    await begin("stop_timeout: 3s", async () => {
      runs++;
      throw new Error("x");
    });
    await bench.advance(100);
    await Promise.all([bench.runtime.stop(), bench.settle()]);
    await bench.advance(600_000);
    expect([runs, status()[0]]).toEqual([1, "Stopped"]);
  });

  it("start in order of what they need and stop in reverse; a dependency that is missing blocks its dependents only [S14.5, S14.23, S14.24, S14.26, S14.27]", async () => {
    const order: string[] = [];
    const entry = (name: string, requires: string) =>
      `  - {name: ${name}, kind: process.service, process: main, host: processes, input: [${name}], lifecycle: {auto_start: true, requires: [${requires}]}}\n`;
    const app = bench.app({
      "_index.yaml": `version: "1.0"\nnamespace: app\nentries:\n  - {name: processes, kind: process.host}\n${entry("a", "b")}${entry("b", "c")}${entry("c", "")}${entry("d", "ghost")}`,
    });
    await bench.begin({
      app,
      processes: {
        "app:main": async (process: Process, name: string) => {
          order.push(`+${name}`);
          await process.events().receive();
          order.push(`-${name}`);
        },
      },
    });
    await bench.settle();
    const blocked = bench.runtime.units().find((one) => one.id === "app:d");
    expect([blocked?.status, blocked?.cause]).toEqual(["Inactive", expect.stringContaining("ghost")]);
    await Promise.all([bench.runtime.stop(), bench.settle()]);
    expect(order).toEqual(["+c", "+b", "+a", "-a", "-b", "-c"]);
  });

  it("is stopped when all has become dead letters that was not read [S2.53, S15.12]", async () => {
    await bench.begin({
      hosts: { [HOST]: {} },
      processes: {
        "app:waits": async (process: Process) => {
          await process.events().receive();
        },
      },
    });
    const pid = await bench.runtime.spawn("app:waits", HOST);
    for (let i = 0; i < 10_000; i++) bench.runtime.send(pid, "t", i);
    await bench.runtime.stop();
    expect(bench.runtime.deadLetters.count("exited_unread")).toBe(10_000);
  });
});
