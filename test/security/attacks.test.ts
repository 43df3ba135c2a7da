// Attempts to get what one is not given: forged objects, changed objects, builders, children, strange data.
import { describe, expect, it } from "vitest";
import { createActor, errors, type Process, type ProcessError } from "../../src/index.ts";
import { Actor, Policy, Scope } from "../../src/kernel/index.ts";
import type { Simulation } from "../../src/testing/index.ts";
import { simulate } from "../../src/testing/index.ts";
import { Policed, type Written } from "../support/policies.ts";

const alice = createActor("alice", { team: "red" });
const all: Written = { id: "test:all" };

async function as(
  policies: readonly Written[],
  ids: readonly string[],
  code: (process: Process, sim: Simulation) => unknown,
): Promise<unknown> {
  const policed = new Policed({ policies });
  let got: unknown;
  await simulate(
    1,
    async (sim) => {
      await sim.spawnWith({ actor: alice, scope: policed.scope(...ids) }, async (process: Process) => {
        got = await code(process, sim);
      });
    },
    policed.options,
  );
  return got;
}

const kindOf = (call: () => unknown): string => {
  try {
    call();
  } catch (cause) {
    return (cause as ProcessError).kind ?? (cause as Error).name;
  }
  return "went through";
};

/** What somebody without the seal can make of a sealed class. */
function forgeries(real: object, methods: object): unknown[] {
  const Class = real.constructor as new (...args: unknown[]) => object;
  return [
    methods,
    { ...methods, constructor: Class },
    Object.create(Object.getPrototypeOf(real)),
    Object.create(real, Object.getOwnPropertyDescriptors(methods)),
    Object.assign(Object.create(Class.prototype), {}),
    Object.setPrototypeOf({ ...methods }, Class.prototype),
    new Proxy(real, {}),
    JSON.parse(JSON.stringify(real)),
    null,
    "scope",
  ];
}

describe("from plain data nobody makes", () => {
  it("an actor", async () => {
    const got = await as([all], ["test:all"], (process) => {
      const builder = process.withContext({});
      const forged = forgeries(process.security.actor() as object, { id: () => "root", meta: () => ({}) });
      return forged.flatMap((actor) => [
        kindOf(() => builder.withActor(actor as never)),
        kindOf(() => process.security.policy("test:all").evaluate(actor as never, "a", "b")),
      ]);
    });
    expect(got).toEqual(Array(20).fill(errors.INVALID));
  });

  it("a scope", async () => {
    const got = await as([all], ["test:all"], (process) => {
      const builder = process.withContext({});
      const methods = { evaluate: () => "allow", policies: () => [], contains: () => true };
      return forgeries(process.security.newScope([]), methods).map((scope) =>
        kindOf(() => builder.withScope(scope as never)),
      );
    });
    expect(got).toEqual(Array(10).fill(errors.INVALID));
  });

  it("a policy", async () => {
    const got = await as([all], ["test:all"], (process) => {
      const { security } = process;
      const methods = { id: () => "test:all", evaluate: () => "allow" };
      return forgeries(security.policy("test:all"), methods).flatMap((policy) => [
        kindOf(() => security.newScope([policy as never])),
        kindOf(() => security.newScope([]).with(policy as never)),
      ]);
    });
    expect(got).toEqual(Array(20).fill(errors.INVALID));
  });

  it("any of them by its constructor, or by a class that extends it", async () => {
    const got = await as([all], ["test:all"], ({ security }) => {
      const real = [security.actor(), security.scope(), security.policy("test:all")] as object[];
      const classes = real.flatMap((one) => {
        const found: unknown[] = [];
        for (let at = Object.getPrototypeOf(one); at !== Object.prototype; at = Object.getPrototypeOf(at))
          found.push(at.constructor);
        return found;
      });
      return [...classes, Actor, Scope, Policy].flatMap((Class) => {
        const Any = Class as new (...args: unknown[]) => object;
        class Mine extends Any {
          evaluate() {
            return "allow";
          }
        }
        return [kindOf(() => new Any("root", "root", {})), kindOf(() => new Mine(Symbol("seal"), "root", {}))];
      });
    });
    expect(new Set(got as string[])).toEqual(new Set([errors.INVALID]));
  });
});

describe("what a process holds cannot be changed", () => {
  it("neither by a method put over another, nor by another prototype", async () => {
    const got = await as([all], ["test:all"], ({ security }) => {
      const held = [security.actor(), security.scope(), security.policy("test:all"), security.newScope([])] as object[];
      return held.flatMap((one) => {
        const prototypes: object[] = [];
        for (let at = Object.getPrototypeOf(one); at !== Object.prototype; at = Object.getPrototypeOf(at))
          prototypes.push(at);
        return [one, ...prototypes].flatMap((object) => [
          kindOf(() => Object.defineProperty(object, "evaluate", { value: () => "allow" })),
          kindOf(() => Object.defineProperty(object, "id", { value: () => "root" })),
          kindOf(() => {
            (object as { evaluate: unknown }).evaluate = () => "allow";
          }),
          kindOf(() => Object.setPrototypeOf(object, { evaluate: () => "allow" })),
        ]);
      });
    });
    expect(new Set(got as string[])).toEqual(new Set(["TypeError"]));
  });

  it("nor by data that changes after it was handed over [S10.1]", async () => {
    const meta = { team: "red", deep: { list: [1] } };
    const actor = createActor("alice", meta);
    meta.team = "root";
    meta.deep.list.push(2);
    expect(actor.meta()).toEqual({ team: "red", deep: { list: [1] } });
  });
});

describe("a child has no more than its parent may give", () => {
  const spawning: Written = {
    id: "test:spawning",
    actions: ["process.spawn", "process.exec", "process.host", "process.context"],
  };
  const strong: Written = { id: "test:strong" };

  it("however deep, and not by an upgrade [S3.31, S10.1]", async () => {
    const got = await as([spawning], ["test:spawning"], async (process, sim) => {
      const told: unknown[] = [];
      sim.define("test:upgraded", (child: Process) => child.send(process.pid(), "topic")?.kind);
      sim.define("test:child", async (child: Process, depth: number): Promise<unknown> => {
        told.push(child.send(process.pid(), "topic")?.kind);
        if (depth > 0) return child.exec("test:child", sim.host, depth - 1);
        return child.upgrade("test:upgraded");
      });
      told.push(await process.exec("test:child", sim.host, 2));
      return told;
    });
    expect(got).toEqual(Array(4).fill(errors.PERMISSION_DENIED));
  });

  it("not by a builder without process.security, whatever is done after the refusal [S7.11, S10.31]", async () => {
    const got = await as([spawning, strong], ["test:spawning"], async (process, sim) => {
      sim.define("test:child", (child: Process) =>
        child.security
          .scope()
          ?.policies()
          .map((policy) => policy.id()),
      );
      const mine = process.security.scope();
      const refused = process.withContext({}).withScope(mine as never);
      const later = refused.withContext({ more: 1 }).withOptions({ timeout: 1_000 }).withName("child");
      const outcome = (promise: Promise<unknown>) => promise.catch((error: ProcessError) => error.kind);
      return [
        await outcome(refused.exec("test:child", sim.host)),
        await outcome(later.exec("test:child", sim.host)),
        await outcome(later.withActor(alice).exec("test:child", sim.host)),
        await outcome(process.withContext({}).exec("test:child", sim.host)),
      ];
    });
    const no = errors.PERMISSION_DENIED;
    expect(got).toEqual([no, no, no, ["test:spawning"]]);
  });

  it("not by a builder whose settings are written over", async () => {
    const got = await as([spawning], ["test:spawning"], async (process, sim) => {
      sim.define("test:child", (child: Process) => child.security.actor()?.id());
      const builder = process.withContext({}).withActor(createActor("root"));
      Object.assign(builder, { settings: { actor: null, securityDenial: null }, securityDenial: null, actor: null });
      return builder.exec("test:child", sim.host).catch((error: ProcessError) => error.kind);
    });
    expect(got).toBe(errors.PERMISSION_DENIED);
  });

  it("not because the grants of its parent were remembered [S10.5]", async () => {
    const sending: Written = { id: "test:sending", actions: ["process.*"] };
    const got = await as([sending, spawning], ["test:sending"], async (process, sim) => {
      const weak = process.security.scope()?.policies()[0];
      sim.define("test:child", (child: Process) => child.send(process.pid(), "topic")?.kind ?? null);
      const before = process.send(process.pid(), "topic");
      const child = await process.withContext({}).exec("test:child", sim.host);
      return [before, child, weak?.id()];
    });
    expect(got).toEqual([null, null, "test:sending"]);
  });
});

describe("strange names and data", () => {
  it("are texts to a pattern, and keys to a path [S10.35, S10.37]", async () => {
    const odd: Written = {
      id: "test:odd",
      actions: "process.registry.register",
      resources: ["__proto__", "a*c", "x\ny"],
    };
    const got = await as([odd], ["test:odd"], async (process) => {
      const names = ["__proto__", "constructor", "abc", "a*c", "x\ny", "x"];
      return Promise.all(
        names.map((name) =>
          process.registry.register(name).then(
            () => true,
            () => false,
          ),
        ),
      );
    });
    expect(got).toEqual([true, false, false, true, true, false]);
  });

  it("in attributes do not reach prototypes, and pollute nothing", async () => {
    const condition = (field: string): Written => ({
      id: `test:${field}`,
      actions: "act",
      conditions: [{ field, operator: "exists" }],
    });
    const fields = ["meta.__proto__.x", "meta.constructor.prototype", "meta.a.__proto__.x"];
    const got = await as(
      fields.map(condition),
      fields.map((field) => `test:${field}`),
      ({ security }) => [
        security.can("act", "r", {}),
        security.can("act", "r", { a: {} }),
        security.can("act", "r", JSON.parse('{"__proto__": {"x": 1}}')),
        security.can("act", "r", JSON.parse('{"a": {"__proto__": {"x": 1}}}')),
        ({} as { x?: unknown }).x,
      ],
    );
    expect(got).toEqual([false, false, true, true, undefined]);
  });

  it("in attributes run no code while a policy looks", async () => {
    const shy: Written = {
      id: "test:shy",
      actions: "act",
      conditions: [{ field: "meta.n", operator: "eq", value: 1 }],
    };
    const got = await as([shy], ["test:shy"], ({ security }) => {
      let reads = 0;
      const meta = {
        get n() {
          return ++reads;
        },
      };
      return [security.can("act", "r", meta), reads];
    });
    // Read once, when it was copied; the policy saw that one value.
    expect(got).toEqual([true, 1]);
  });

  it("of any size and depth end in a verdict", async () => {
    const cel: Written = { id: "test:cel", actions: "act", expression: "meta.list.all(x, meta.list.all(y, x == y))" };
    const got = await as([cel], ["test:cel"], ({ security }) => {
      const cycle: Record<string, unknown> = {};
      cycle.self = cycle;
      return [
        security.can("act", "r", { list: [1, 1] }),
        security.can("act", "r", { list: Array(5_000).fill(1) }),
        security.can("act", "r", cycle),
      ];
    });
    expect(got).toEqual([true, false, false]);
  });
});
