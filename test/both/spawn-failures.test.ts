/** The table of failed starts, row by row, told in both languages (S3.6–S3.24, S3.35, S3.36). */
import { describe, expect } from "vitest";
import type { ErrorKind } from "../../src/index.ts";
import { type Fact, facts, type Told } from "../support/facts.ts";
import { LUA_REFUSAL, refusal, valueIn } from "../support/told.ts";

const SPAWNS = ["spawn", "spawn_monitored", "spawn_linked", "spawn_linked_monitored"];
const ALL = [...SPAWNS, "exec"];
const MONITORED = ["spawn_monitored", "spawn_linked_monitored"];
const LINKED = ["spawn_linked", "spawn_linked_monitored"];

const EVERYTHING = ["process.spawn", "process.exec", "process.host", "process.spawn.monitored", "process.spawn.linked"];

interface Row {
  readonly title: string;
  readonly kind: ErrorKind;
  /** The text; `{variant}` stands for the variant's own name, `{atLeast}` for what all but exec say. */
  readonly text: string;
  readonly retryable?: boolean;
  readonly args: readonly string[];
  /** Whether an argument that cannot be sent follows. */
  readonly isBad?: boolean;
  readonly refuse?: readonly string[];
  readonly variants?: readonly string[];
  /** Who starts it: the module and a builder, a builder alone, or one that claims a name in use. */
  readonly by?: "both" | "builder" | "namesake";
}

/** Each row's arguments are wrong in the later respects too, so that it fails if the order of checking changed. */
const ROWS: readonly Row[] = [
  {
    title: "no argument [both S3.7, S3.35, S12.10, S12.14]",
    kind: "Invalid",
    text: "{variant} requires {atLeast}id and host arguments",
    args: [],
    refuse: EVERYTHING,
  },
  {
    title: "one argument [both S3.7, S3.35]",
    kind: "Invalid",
    text: "{variant} requires {atLeast}id and host arguments",
    args: [""],
    refuse: EVERYTHING,
  },
  {
    title: "an empty id [both S3.8]",
    kind: "Invalid",
    text: "process ID required",
    args: ["", ""],
    refuse: EVERYTHING,
  },
  ...["id", ":id", "app:", ":"].map((id) => ({
    title: `the id ${JSON.stringify(id)}, without namespace or name [both S3.8]`,
    kind: "Invalid" as const,
    text: "invalid process ID format (namespace:name required)",
    args: [id, ""],
    refuse: EVERYTHING,
  })),
  {
    title: "an empty host [both S3.8]",
    kind: "Invalid",
    text: "host ID required",
    args: ["no:entry", ""],
    isBad: true,
    refuse: EVERYTHING,
  },
  {
    title: "process.spawn refused [both S3.9, S12.18]",
    kind: "PermissionDenied",
    text: "not allowed to spawn process: no:entry",
    args: ["no:entry", "no:host"],
    isBad: true,
    refuse: EVERYTHING,
    variants: SPAWNS,
  },
  {
    title: "process.exec refused [both S3.36]",
    kind: "PermissionDenied",
    text: "not allowed to exec process: no:entry",
    args: ["no:entry", "no:host"],
    isBad: true,
    refuse: EVERYTHING,
    variants: ["exec"],
  },
  {
    title: "process.host refused to a spawn [both S3.10]",
    kind: "PermissionDenied",
    text: "not allowed to spawn on host: no:host",
    args: ["no:entry", "no:host"],
    isBad: true,
    refuse: EVERYTHING.slice(2),
    variants: SPAWNS,
  },
  {
    title: "process.host refused to an exec, which needs no spawn permission [both S3.36]",
    kind: "PermissionDenied",
    text: "not allowed to exec on host: no:host",
    args: ["no:entry", "no:host"],
    isBad: true,
    refuse: ["process.host", "process.spawn"],
    variants: ["exec"],
  },
  {
    title: "process.spawn.monitored refused [both S3.11]",
    kind: "PermissionDenied",
    text: "not allowed to spawn monitored process: no:entry",
    args: ["no:entry", "no:host"],
    isBad: true,
    refuse: EVERYTHING.slice(3),
    variants: MONITORED,
  },
  {
    title: "process.spawn.linked refused [both S3.12]",
    kind: "PermissionDenied",
    text: "not allowed to spawn linked process: no:entry",
    args: ["no:entry", "no:host"],
    isBad: true,
    refuse: ["process.spawn.linked", "process.context"],
    variants: LINKED,
  },
  {
    title: "a builder with a refused process.context [both S3.13]",
    kind: "PermissionDenied",
    text: "not allowed to spawn processes with custom context",
    args: ["no:entry", "no:host"],
    isBad: true,
    refuse: ["process.context", "process.security"],
    by: "builder",
  },
  {
    title: "an argument that cannot be sent [both S3.15, S12.23]",
    kind: "Invalid",
    text: "{bad}: function cannot be sent",
    args: ["no:entry", "no:host"],
    isBad: true,
  },
  {
    title: "no such host [both S3.16, S12.20]",
    kind: "NotFound",
    text: "host not found",
    args: ["no:entry", "no:host"],
  },
  {
    title: "a host not started [both S3.17, S12.21]",
    kind: "Unavailable",
    text: "host is not running",
    args: ["no:entry", "sim:stopped"],
  },
  {
    title: "a host stopping [both S3.18]",
    kind: "Unavailable",
    text: "host is shutting down",
    args: ["no:entry", "sim:stopping"],
  },
  {
    title: "a host with max_processes live ones, which is retryable [both S3.19, S3.24]",
    kind: "Unavailable",
    text: "process limit reached",
    retryable: true,
    args: ["no:entry", "sim:full"],
  },
  {
    title: "no such entry [both S3.20]",
    kind: "NotFound",
    text: "process entry not found: no:entry",
    args: ["no:entry", "sim:processes"],
    by: "namesake",
  },
  {
    title: "a name in use [both S3.23, S12.19]",
    kind: "AlreadyExists",
    text: "name already registered",
    args: ["app:child", "sim:processes"],
    by: "namesake",
  },
];

/** Tries all variants by all starters; kind, text and retryable of each answer, and whether it has its name still. */
const TRIES: Told = {
  lua: `${LUA_REFUSAL}
  return function(variants, args, is_bad, by, fills)
    if fills then process.spawn("app:child", "sim:full") end
    process.registry.register("taken")
    if is_bad then args[3], args[4] = 1, { callback = print } end
    local starters = { both = { false, process.with_context({}) }, builder = { process.with_context({}) },
      namesake = { process.with_context({}):with_name("taken") } }
    local told = {}
    for _, variant in ipairs(variants) do
      for _, starter in ipairs(starters[by]) do
        local value, err
        if starter then value, err = starter[variant](starter, table.unpack(args))
        else value, err = process[variant](table.unpack(args)) end
        local one = refusal(value, err)
        one[3] = tostring(err:retryable())
        told[#told + 1] = one
      end
    end
    told[#told + 1] = process.registry.lookup("taken") == process.pid()
    return told
  end`,
  typescript: async (process, variants, args, isBad, by, fills) => {
    if (fills) await process.spawn("app:child", "sim:full");
    await process.registry.register("taken");
    const all = isBad ? [...args, 1, { callback: () => 1 }] : args;
    const builder = process.withContext({});
    const starters = { both: [process, builder], builder: [builder], namesake: [builder.withName("taken")] };
    const told: unknown[] = [];
    for (const variant of variants) {
      const method = variant.replace(/_(\w)/g, (_: string, letter: string) => letter.toUpperCase());
      for (const starter of starters[by as keyof typeof starters]) {
        const cause = await starter[method](...all).catch((error: unknown) => error);
        told.push([...refusal(cause), String(cause.retryable ?? "nil")]);
      }
    }
    return [...told, (await process.registry.lookup("taken")) === process.pid()];
  },
};

const child: Told = {
  lua: "return function() channel.new():receive() end",
  typescript: async (process) => process.channel().receive(),
};

function factOf(row: Row): Fact {
  const { kind, text, retryable, args, isBad = false, refuse = [], variants = ALL, by = "both" } = row;
  const fills = args[1] === "sim:full";
  return {
    title: `${row.title}: ${kind}, by the module or a builder, and nothing is started [both S3.6, S3.24]`,
    ...((fills || by === "namesake") && { given: { "app:child": child } }),
    prepare: (sim) => {
      sim.addHost("sim:stopped", { status: "stopped" });
      sim.addHost("sim:stopping");
      sim.setHost("sim:stopping", "stopping");
      sim.addHost("sim:full", { maxProcesses: 1 });
    },
    refuse,
    args: [variants, args, isBad, by, fills],
    when: TRIES,
    then: (outcome, sim) => {
      const said = (variant: string) =>
        text.replace("{variant}", variant).replace("{atLeast}", variant === "exec" ? "" : "at least ");
      const starters = by === "both" ? 2 : 1;
      const answers = valueIn(outcome) as string[][];
      // The name is still its holder's.
      expect(answers.pop()).toBe(true);
      const told = answers.map((one) => [one[0], one[1]?.replace(/^argument\[(2|1)\]\.callback/, "{bad}"), one[2]]);
      const expected = variants.flatMap((variant) =>
        Array(starters).fill([kind, said(variant), String(retryable ?? "nil")]),
      );
      expect(told).toEqual(expected);
      expect(sim.trace.filter((line) => line.includes("spawned"))).toHaveLength(fills ? 2 : 1);
    },
  };
}

describe("a start fails for", () => {
  facts(ROWS.map(factOf));
});

describe("permissions of a start", () => {
  facts(
    [
      ["spawn", ["process.spawn no:entry", "process.host no:host"]],
      ["spawn_monitored", ["process.spawn no:entry", "process.host no:host", "process.spawn.monitored no:entry"]],
      ["spawn_linked", ["process.spawn no:entry", "process.host no:host", "process.spawn.linked no:entry"]],
      [
        "spawn_linked_monitored",
        [
          "process.spawn no:entry",
          "process.host no:host",
          "process.spawn.monitored no:entry",
          "process.spawn.linked no:entry",
        ],
      ],
      ["exec", ["process.exec no:entry", "process.host no:host"]],
    ].map(
      ([variant, expected]): Fact => ({
        title: `are asked in the order of the table, before host and entry are looked at, by ${variant} [both S3.24, S3.36]`,
        args: [variant],
        when: {
          lua: `${LUA_REFUSAL}
          return function(variant) return refusal(process[variant]("no:entry", "no:host")) end`,
          typescript: async (process, name) => {
            const method = name.replace(/_(\w)/g, (_: string, letter: string) => letter.toUpperCase());
            return process[method]("no:entry", "no:host").catch(refusal);
          },
        },
        then: (outcome, _sim, asked) => {
          expect(valueIn(outcome)).toEqual(["NotFound", "host not found"]);
          expect(asked).toEqual(expected);
        },
      }),
    ),
  );
});

describe("an argument of the wrong type", () => {
  facts([
    {
      title: "is raised with its position by every variant [both S3.7, S3.8, S12.11]",
      args: [ALL],
      when: {
        lua: `return function(variants)
          local told = {}
          for _, variant in ipairs(variants) do
            for _, args in ipairs({ { true, "sim:processes", n = 2 }, { nil, "sim:processes", n = 2 }, { "app:child", nil, n = 2 },
              { "app:child", {}, n = 2 } }) do
              local ok, err = pcall(process[variant], table.unpack(args, 1, args.n))
              told[#told + 1] = (not ok and err:kind() .. " " .. err:message()):match("^.*'")
            end
          end
          return told
        end`,
        typescript: async (process, variants) => {
          const told: unknown[] = [];
          for (const name of variants) {
            const method = name.replace(/_(\w)/g, (_: string, letter: string) => letter.toUpperCase());
            for (const args of [
              [true, "sim:processes"],
              [null, "sim:processes"],
              ["app:child", null],
              ["app:child", {}],
            ]) {
              const cause = await process[method](...args).catch((error: unknown) => error);
              told.push(/^.*'/.exec(refusal(cause).join(" "))?.[0]);
            }
          }
          return told;
        },
      },
      then: ALL.flatMap((name) => [1, 1, 2, 2].map((n) => `Invalid bad argument #${n} to '${name}'`)),
    },
  ]);
});
