/** The table of failed starts, row by row, in the order of checking (S3.6–S3.24, S3.35, S3.36). */
import { createActor, type ErrorKind, errors, type Process, ProcessError } from "beamish";
import { type Simulation, simulate } from "beamish/testing";
import { describe, expect, it } from "vitest";
import { type Refusal, RefusingGuard, rejectionOf } from "./refusal.ts";

const VARIANTS = ["spawn", "spawnMonitored", "spawnLinked", "spawnLinkedMonitored", "exec"] as const;
type Variant = (typeof VARIANTS)[number];

/** Arguments that the types forbid. */
type AnyStart = (...args: unknown[]) => Promise<unknown>;

const child = async (process: Process) => {
  await process.channel().receive();
};
const loadError = new ProcessError({ kind: errors.INTERNAL, message: "failed to load module: boom" });

/** The builder whose process would be `holder`'s namesake. */
const named = (process: Process) => process.withContext({}).withName("taken");

interface Row {
  readonly title: string;
  readonly kind: ErrorKind;
  /** The text; `{variant}` stands for the variant's own name, `{verb}` for spawn or exec. */
  readonly text: string;
  readonly retryable?: boolean;
  readonly args: readonly unknown[];
  readonly refuse?: readonly string[];
  readonly variants?: readonly Variant[];
  /** What starts it, if not the process itself. */
  readonly by?: (process: Process) => object;
}

const everything = ["process.spawn", "process.exec", "process.host", "process.spawn.monitored", "process.spawn.linked"];
const bad = () => 1;

/** Each row's arguments are wrong in the later respects too, so that it fails if the order of checking changed. */
const ROWS: readonly Row[] = [
  {
    title: "no argument [S3.7]",
    kind: errors.INVALID,
    text: "{variant} requires {atLeast}id and host arguments",
    args: [],
    refuse: everything,
  },
  {
    title: "one argument [S3.7]",
    kind: errors.INVALID,
    text: "{variant} requires {atLeast}id and host arguments",
    args: [""],
    refuse: everything,
  },
  {
    title: "an empty id [S3.8]",
    kind: errors.INVALID,
    text: "process ID required",
    args: ["", ""],
    refuse: everything,
  },
  ...["id", ":id", "app:", ":", "app.id"].map((id) => ({
    title: `the id ${JSON.stringify(id)}, without namespace or name [S3.8]`,
    kind: errors.INVALID,
    text: "invalid process ID format (namespace:name required)",
    args: [id, ""],
    refuse: everything,
  })),
  {
    title: "an empty host [S3.8]",
    kind: errors.INVALID,
    text: "host ID required",
    args: ["no:entry", ""],
    refuse: everything,
  },
  {
    title: "process.spawn refused [S3.9]",
    kind: errors.PERMISSION_DENIED,
    text: "not allowed to spawn process: no:entry",
    args: ["no:entry", "no:host", bad],
    refuse: everything,
    variants: ["spawn", "spawnMonitored", "spawnLinked", "spawnLinkedMonitored"],
  },
  {
    title: "process.exec refused [S3.36]",
    kind: errors.PERMISSION_DENIED,
    text: "not allowed to exec process: no:entry",
    args: ["no:entry", "no:host", bad],
    refuse: everything,
    variants: ["exec"],
  },
  {
    title: "process.host refused [S3.10]",
    kind: errors.PERMISSION_DENIED,
    text: "not allowed to spawn on host: no:host",
    args: ["no:entry", "no:host", bad],
    refuse: everything.slice(2),
    variants: ["spawn", "spawnMonitored", "spawnLinked", "spawnLinkedMonitored"],
  },
  {
    title: "process.host refused [S3.36]",
    kind: errors.PERMISSION_DENIED,
    text: "not allowed to exec on host: no:host",
    args: ["no:entry", "no:host", bad],
    refuse: everything.slice(2),
    variants: ["exec"],
  },
  {
    title: "process.spawn.monitored refused [S3.11]",
    kind: errors.PERMISSION_DENIED,
    text: "not allowed to spawn monitored process: no:entry",
    args: ["no:entry", "no:host", bad],
    refuse: everything.slice(3),
    variants: ["spawnMonitored", "spawnLinkedMonitored"],
  },
  {
    title: "process.spawn.linked refused [S3.12]",
    kind: errors.PERMISSION_DENIED,
    text: "not allowed to spawn linked process: no:entry",
    args: ["no:entry", "no:host", bad],
    refuse: ["process.spawn.linked", "process.context"],
    variants: ["spawnLinked", "spawnLinkedMonitored"],
    by: (process) => process.withContext({}),
  },
  {
    title: "a builder with a refused process.context [S3.13]",
    kind: errors.PERMISSION_DENIED,
    text: "not allowed to spawn processes with custom context",
    args: ["no:entry", "no:host", bad],
    refuse: ["process.context", "process.security"],
    by: (process) => process.withContext({}).withActor(createActor("a")),
  },
  {
    title: "a builder with a refused process.security [S3.14]",
    kind: errors.PERMISSION_DENIED,
    text: "not allowed to spawn processes with custom security context",
    args: ["no:entry", "no:host", bad],
    refuse: ["process.security"],
    by: (process) => process.withContext({}).withActor(createActor("a")),
  },
  {
    title: "an argument that cannot be sent [S3.15]",
    kind: errors.INVALID,
    text: "argument[1].callback: function cannot be sent",
    args: ["no:entry", "no:host", 1, { callback: bad }],
  },
  { title: "no such host [S3.16]", kind: errors.NOT_FOUND, text: "host not found", args: ["no:entry", "no:host"] },
  {
    title: "a host not started [S3.17]",
    kind: errors.UNAVAILABLE,
    text: "host is not running",
    args: ["no:entry", "sim:stopped"],
  },
  {
    title: "a host stopping [S3.18]",
    kind: errors.UNAVAILABLE,
    text: "host is shutting down",
    args: ["no:entry", "sim:stopping"],
  },
  {
    title: "a host with max_processes live ones [S3.19]",
    kind: errors.UNAVAILABLE,
    text: "process limit reached",
    retryable: true,
    args: ["no:entry", "sim:full"],
  },
  {
    title: "no such entry [S3.20]",
    kind: errors.NOT_FOUND,
    text: "process entry not found: no:entry",
    args: ["no:entry", "sim:processes"],
    by: named,
  },
  {
    title: "a module that fails to load [S3.21]",
    kind: errors.INTERNAL,
    text: "failed to load module: boom",
    args: ["app:broken", "sim:processes"],
    by: named,
  },
  {
    title: "a module that fails to load after a while [S3.21]",
    kind: errors.INTERNAL,
    text: "failed to load module: boom",
    args: ["app:slow-broken", "sim:processes"],
    by: named,
  },
  {
    title: "a module without the method [S3.22]",
    kind: errors.NOT_FOUND,
    text: 'method "default" not found in module',
    args: ["app:nothing", "sim:processes"],
    by: named,
  },
  {
    title: "a module whose method is nothing that can run [S3.22]",
    kind: errors.NOT_FOUND,
    text: 'method "default" not found in module',
    args: ["app:object", "sim:processes"],
    by: named,
  },
  {
    title: "a name in use [S3.23]",
    kind: errors.ALREADY_EXISTS,
    text: "name already registered",
    args: ["app:child", "sim:processes"],
    by: named,
  },
  {
    title: "a name in use, after loading [S3.23]",
    kind: errors.ALREADY_EXISTS,
    text: "name already registered",
    args: ["app:slow", "sim:processes"],
    by: named,
  },
];

const SPOKEN: Record<Variant, string> = {
  spawn: "spawn",
  spawnMonitored: "spawn_monitored",
  spawnLinked: "spawn_linked",
  spawnLinkedMonitored: "spawn_linked_monitored",
  exec: "exec",
};

async function prepare(sim: Simulation): Promise<void> {
  sim.addHost("sim:stopped", { status: "stopped" });
  sim.addHost("sim:stopping");
  sim.addHost("sim:full", { maxProcesses: 1 });
  sim.define("app:child", child);
  sim.define("app:slow", child, { loadMs: 10 });
  sim.define("app:broken", child, { loadError });
  sim.define("app:slow-broken", child, { loadError, loadMs: 10 });
  sim.define("app:nothing", undefined);
  sim.define("app:object", { run: child });
  await sim.spawnWith({ host: "sim:full" }, "app:child");
  await sim.spawnWith({ name: "taken" }, "app:child");
  await sim.settle();
  sim.setHost("sim:stopping", "stopping");
}

describe.each(ROWS)("$title", (row) => {
  for (const variant of row.variants ?? VARIANTS) {
    for (const built of row.by === undefined ? [false, true] : [true]) {
      it(`is ${row.kind} for ${variant} of ${built ? "a builder" : "the process"}, and nothing is started [S3.6, S3.24, S3.35]`, async () => {
        const guard = new RefusingGuard(...(row.refuse ?? []));
        await simulate(
          1,
          async (sim) => {
            await prepare(sim);
            const { process, events } = await sim.probe();
            const by = row.by?.(process) ?? (built ? process.withContext({}) : process);
            const [alive, lines] = [sim.alive, sim.trace.filter((line) => line.includes("spawned")).length];
            const start = (by as Record<Variant, AnyStart>)[variant];
            let refusal: Refusal | null = null;
            rejectionOf(start(...row.args)).then((given) => {
              refusal = given;
            });
            await sim.untilIdle();
            const text = row.text
              .replace("{variant}", SPOKEN[variant])
              .replace("{atLeast}", variant === "exec" ? "" : "at least ");
            expect(refusal).toEqual({ kind: row.kind, message: text, retryable: row.retryable });
            expect(sim.alive).toBe(alive);
            expect(sim.trace.filter((line) => line.includes("spawned"))).toHaveLength(lines);
            expect(events).toEqual([]);
            expect(sim.lookup("taken")).not.toBeNull();
          },
          { guard },
        );
      });
    }
  }
});

describe("permissions", () => {
  it.each([
    ["spawn", ["process.spawn no:entry", "process.host no:host"]],
    ["spawnMonitored", ["process.spawn no:entry", "process.host no:host", "process.spawn.monitored no:entry"]],
    ["spawnLinked", ["process.spawn no:entry", "process.host no:host", "process.spawn.linked no:entry"]],
    [
      "spawnLinkedMonitored",
      [
        "process.spawn no:entry",
        "process.host no:host",
        "process.spawn.monitored no:entry",
        "process.spawn.linked no:entry",
      ],
    ],
    ["exec", ["process.exec no:entry", "process.host no:host"]],
  ] as const)(
    "of %s are asked in the order of the table, before host and entry are looked at [S3.24, S3.36]",
    async (variant, asked) => {
      const guard = new RefusingGuard();
      await simulate(
        1,
        async (sim) => {
          const { process } = await sim.probe();
          expect(await rejectionOf(process[variant]("no:entry", "no:host"))).toEqual({
            kind: errors.NOT_FOUND,
            message: "host not found",
          });
        },
        { guard },
      );
      expect(guard.asked).toEqual(asked);
    },
  );

  it("of exec need no spawn permission [S3.36]", async () => {
    const guard = new RefusingGuard("process.spawn", "process.spawn.monitored", "process.spawn.linked");
    await simulate(
      2,
      async (sim) => {
        sim.define("app:answer", async () => 42);
        expect(await sim.exec(async (process: Process) => process.exec("app:answer", sim.host))).toBe(42);
      },
      { guard },
    );
  });
});

describe("an argument of the wrong type", () => {
  it.each([
    [[1, "sim:processes"], "#1"],
    [[null, "sim:processes"], "#1"],
    [["app:child", undefined], "#2"],
    [["app:child", {}], "#2"],
  ])("rejects %j with its position [S3.7, S3.8]", async (args, position) => {
    await simulate(1, async (sim) => {
      const { process } = await sim.probe();
      for (const variant of VARIANTS) {
        const refusal = await rejectionOf((process[variant] as AnyStart)(...args));
        expect(refusal.kind).toBe(errors.INVALID);
        expect(refusal.message.startsWith(`bad argument ${position} to '${SPOKEN[variant]}'`)).toBe(true);
      }
    });
  });
});

describe("the limit of a host", () => {
  it("counts live processes only, also those whose module was still loading [S3.19]", async () => {
    await simulate(1, async (sim) => {
      sim.addHost("sim:two", { maxProcesses: 2 });
      sim.define("app:child", child);
      sim.define("app:slow", child, { loadMs: 10 });
      const probe = await sim.probe();
      const starts = [1, 2, 3].map(() =>
        probe.process.spawn("app:slow", "sim:two").catch((cause: ProcessError) => cause),
      );
      await sim.untilIdle();
      const answers = await Promise.all(starts);
      const refused = answers.filter((answer) => typeof answer !== "string") as ProcessError[];
      expect(refused.map(({ message }) => message)).toEqual(["process limit reached"]);
      const [pid] = answers.filter((answer) => typeof answer === "string") as string[];
      expect(await rejectionOf(probe.process.spawn("app:child", "sim:two"))).toMatchObject({ retryable: true });
      sim.terminate(pid as string);
      await sim.settle();
      await probe.process.spawn("app:child", "sim:two");
      expect(await rejectionOf(probe.process.spawn("app:child", "sim:two"))).toMatchObject({
        message: "process limit reached",
      });
    });
  });

  it("and its state are looked at again when the module has loaded [S3.17, S3.18]", async () => {
    await simulate(2, async (sim) => {
      sim.define("app:slow", child, { loadMs: 10 });
      const probe = await sim.probe();
      let refusal: Refusal | null = null;
      rejectionOf(probe.process.spawn("app:slow", sim.host)).then((given) => {
        refusal = given;
      });
      await sim.advance(5);
      sim.setHost(sim.host, "stopping");
      await sim.untilIdle();
      expect(refusal).toEqual({ kind: errors.UNAVAILABLE, message: "host is shutting down" });
    });
  });
});
