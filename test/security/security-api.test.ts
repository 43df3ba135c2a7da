// process.security in full: its own actor and scope, can, and how a process gets policies, scopes and actors.
import { describe, expect, it } from "vitest";
import { createActor, errors, type Policy, type Process, ProcessError } from "../../src/index.ts";
import type { Simulation } from "../../src/testing/index.ts";
import { simulate } from "../../src/testing/index.ts";
import { thrownBy } from "../scenarios/refusal.ts";
import { Policed, type Written } from "../support/policies.ts";

const alice = createActor("alice", { team: "red" });
const all: Written = { id: "test:all", groups: ["test:everything"] };
const noSend: Written = { id: "test:no-send", effect: "deny", actions: "process.send", groups: ["test:everything"] };

/** Runs code as alice under these policies; gives what it returns. */
async function asAlice<R>(
  policies: readonly Written[],
  ids: readonly string[],
  code: (process: Process, sim: Simulation) => R | Promise<R>,
): Promise<R> {
  const policed = new Policed({ policies });
  let got: R | undefined;
  await simulate(
    1,
    async (sim) => {
      await sim.spawnWith({ actor: alice, scope: policed.scope(...ids) }, async (process: Process) => {
        got = await code(process, sim);
      });
    },
    policed.options,
  );
  return got as R;
}

describe("its own actor and scope", () => {
  it("are there, or null [S10.43, S16.40]", async () => {
    const got = await asAlice([all, noSend], ["test:all", "test:no-send"], ({ security }) => [
      security.actor()?.id(),
      security.actor()?.meta(),
      security
        .scope()
        ?.policies()
        .map((policy) => policy.id()),
    ]);
    expect(got).toEqual(["alice", { team: "red" }, ["test:all", "test:no-send"]]);
    await simulate(1, async (sim) => {
      await sim.spawn(({ security }: Process) => {
        expect([security.actor(), security.scope(), security.can("a", "b")]).toEqual([null, null, false]);
      });
    });
  });

  it("give no way to change them: what meta gives is a copy [S10.1, S10.43]", async () => {
    const got = await asAlice([all], ["test:all"], ({ security }) => {
      (security.actor()?.meta() as { team: string }).team = "blue";
      (security.scope()?.policies() as Policy[]).length = 0;
      return [security.actor()?.meta(), security.scope()?.contains("test:all")];
    });
    expect(got).toEqual([{ team: "red" }, true]);
  });
});

describe("can", () => {
  const owner: Written = {
    id: "test:owner",
    actions: "doc.*",
    conditions: [{ field: "actor.id", operator: "eq", valueFrom: "meta.owner" }],
  };

  it("tells whether the verdict is allow, for any action and with any attributes [S10.44, S16.40]", async () => {
    const got = await asAlice([owner], ["test:owner"], ({ security }) => [
      security.can("doc.read", "doc-1", { owner: "alice" }),
      security.can("doc.read", "doc-1", { owner: "bob" }),
      security.can("doc.read", "doc-1"),
      security.can("other", "doc-1", { owner: "alice" }),
    ]);
    expect(got).toEqual([true, false, false, false]);
  });

  it("is false without actor or scope, strict or not [S10.44]", async () => {
    for (const strict of [false, true]) {
      const policed = new Policed({ strict, policies: [all] });
      const got: boolean[] = [];
      const code = ({ security }: Process) => got.push(security.can("a", "b"));
      await simulate(
        1,
        async (sim) => {
          await sim.spawn(code);
          await sim.settle();
          await sim.spawnWith({ actor: alice }, code);
          await sim.settle();
          await sim.spawnWith({ scope: policed.scope("test:all") }, code);
          await sim.settle();
          await sim.spawnWith({ actor: alice, scope: policed.scope("test:all") }, code);
        },
        policed.options,
      );
      expect(got).toEqual([false, false, false, true]);
    }
  });

  it("throws INVALID for arguments of the wrong type", async () => {
    const got = await asAlice([all], ["test:all"], ({ security }) =>
      [
        () => security.can(1 as never, "b"),
        () => security.can("a", undefined as never),
        () => security.can("a", "b", "c" as never),
        () => security.can("a", "b", { f() {} }),
      ].map((call) => thrownBy(call).kind),
    );
    expect(got).toEqual(Array(4).fill(errors.INVALID));
  });
});

describe("a policy", () => {
  it("is had by id, says its verdict, and is NOT_FOUND when there is none [S10.43, S10.45, S16.41, S16.42]", async () => {
    const got = await asAlice([all, noSend], ["test:all"], ({ security }) => {
      const policy = security.policy("test:no-send");
      const verdicts = ["process.send", "process.spawn"].map((action) => policy.evaluate(alice, action, "x"));
      return [policy.id(), verdicts, thrownBy(() => security.policy("test:none"))];
    });
    const missing = { kind: errors.NOT_FOUND, message: "policy not found: test:none", retryable: undefined };
    expect(got).toEqual(["test:no-send", ["deny", "undefined"], missing]);
  });

  it("says its effect when action, resource and all conditions match, else undefined, also when it fails [S10.34]", () => {
    const conditions = [
      { field: "actor.meta.team", operator: "eq", value: "red" },
      { field: "meta.n", operator: "gt", value: 1 },
    ];
    const written = { actions: ["a", "b"], resources: "r*", conditions };
    for (const effect of ["allow", "deny"] as const) {
      const { set } = new Policed({
        policies: [
          { id: "test:conditions", effect, ...written },
          { id: "test:expression", effect, actions: ["a", "b"], resources: "r*", expression: "meta.n > 1" },
        ],
      });
      for (const id of ["test:conditions", "test:expression"]) {
        const says = (...request: [string, string, object?]) => set.policy(id)?.evaluate(alice, ...request);
        expect([says("a", "r1", { n: 2 }), says("b", "r", { n: 2 })]).toEqual([effect, effect]);
        const silent = [
          says("c", "r1", { n: 2 }),
          says("a", "x", { n: 2 }),
          says("a", "r1", { n: 1 }),
          says("a", "r1"),
          says("a", "r1", { n: { deep: 1 } }),
        ];
        expect(silent).toEqual(Array(5).fill("undefined"));
      }
    }
  });

  it("evaluates with attributes, and throws INVALID for what is none [S10.43]", async () => {
    const written: Written = { id: "test:if", conditions: [{ field: "meta.a.b", operator: "eq", value: 1 }] };
    const got = await asAlice([all, written], ["test:all"], ({ security }) => {
      const policy = security.policy("test:if");
      const wrong = [
        () => policy.evaluate({ id: () => "alice" } as never, "a", "b"),
        () => policy.evaluate(alice, 1 as never, "b"),
        () => policy.evaluate(alice, "a", null as never),
        () => policy.evaluate(alice, "a", "b", [1]),
        () => policy.evaluate(alice, "a", "b", { f() {} }),
      ];
      return [policy.evaluate(alice, "a", "b", { a: { b: 1 } }), wrong.map((call) => thrownBy(call).kind)];
    });
    expect(got).toEqual(["allow", Array(5).fill(errors.INVALID)]);
  });
});

describe("a scope", () => {
  it("of a group holds all its policies; an unknown group is NOT_FOUND [S10.33, S10.45, S16.41]", async () => {
    const got = await asAlice([all, noSend], ["test:all"], ({ security }) => {
      const scope = security.namedScope("test:everything");
      return [scope.policies().map((policy) => policy.id()), thrownBy(() => security.namedScope("test:none"))];
    });
    const missing = { kind: errors.NOT_FOUND, message: "policy group not found: test:none", retryable: undefined };
    expect(got).toEqual([["test:all", "test:no-send"], missing]);
  });

  it("is made of policies, of none by default [S10.46, S16.41]", async () => {
    const got = await asAlice([all, noSend], ["test:all"], ({ security }) => {
      const policies = ["test:all", "test:no-send"].map((id) => security.policy(id));
      return [security.newScope(policies).policies().length, security.newScope().policies().length];
    });
    expect(got).toEqual([2, 0]);
  });

  it("with and without a policy is a new one; the old one stays [S10.47, S16.42]", async () => {
    const got = await asAlice([all, noSend], ["test:all"], ({ security }) => {
      const one = security.newScope([security.policy("test:all")]);
      const two = one.with(security.policy("test:no-send"));
      const three = two.without("test:all");
      const group = security.namedScope("test:everything");
      const less = group.without("test:no-send");
      const again = less.with(security.policy("test:no-send"));
      return [one, two, three, group, less, again].map((scope) => [
        scope.contains("test:all"),
        scope.contains("test:no-send"),
        scope.policies().length,
      ]);
    });
    expect(got).toEqual([
      [true, false, 1],
      [true, true, 2],
      [false, true, 1],
      [true, true, 2],
      [true, false, 1],
      [true, true, 2],
    ]);
  });

  it("evaluates: deny before allow before undefined, whatever the order [S10.4, S10.47, S16.42]", async () => {
    const got = await asAlice([all, noSend], ["test:all"], ({ security }) => {
      const [everything, refusing] = [security.policy("test:all"), security.policy("test:no-send")];
      const verdicts = [[], [everything], [refusing], [everything, refusing], [refusing, everything]].map(
        (policies) => {
          const scope = security.newScope(policies);
          return ["process.send", "process.spawn"].map((action) => scope.evaluate(alice, action, "x"));
        },
      );
      const wrong = () => security.newScope([]).evaluate(null as never, "a", "b");
      return [verdicts, thrownBy(wrong).kind];
    });
    expect(got).toEqual([
      [
        ["undefined", "undefined"],
        ["allow", "allow"],
        ["deny", "undefined"],
        ["deny", "allow"],
        ["deny", "allow"],
      ],
      errors.INVALID,
    ]);
  });

  it("that a process has made can be given to a child, with an actor it has made [S7.5, S10.46]", async () => {
    const got = await asAlice([all, noSend], ["test:all"], async (process, sim) => {
      const { security } = process;
      sim.define("test:child", (child: Process) => [
        child.security.actor()?.id(),
        child.security.actor()?.meta(),
        child.security
          .scope()
          ?.policies()
          .map((policy) => policy.id()),
        child.security.can("process.send", "x"),
        child.send(child.pid(), "topic")?.message,
      ]);
      const builder = process
        .withContext({})
        .withActor(security.newActor("bob", { team: "blue" }))
        .withScope(security.namedScope("test:everything"));
      return builder.exec("test:child", sim.host);
    });
    const refused = expect.stringMatching(/^not allowed to send: /);
    expect(got).toEqual(["bob", { team: "blue" }, ["test:all", "test:no-send"], false, refused]);
  });

  it("asks the permissions of the process that holds it, for itself and for what it gives [S10.47]", async () => {
    const some: Written = { id: "test:some", actions: "security.scope.create", resources: "with" };
    const got = await asAlice([some], ["test:some"], ({ security }) => {
      const scope = security.scope();
      const more = scope?.with(scope.policies()[0] as Policy);
      return [more?.contains("test:some"), thrownBy(() => more?.without("test:some"))];
    });
    const refused = {
      kind: errors.PERMISSION_DENIED,
      message: "not allowed to create scope: without",
      retryable: undefined,
    };
    expect(got).toEqual([true, refused]);
  });

  it("and everything else of security throws INVALID for arguments of the wrong type", async () => {
    const got = await asAlice([all], ["test:all"], ({ security }) => {
      const scope = security.newScope([]);
      return [
        () => security.policy(1 as never),
        () => security.namedScope({} as never),
        () => security.newScope({} as never),
        () => security.newScope([{ id: () => "test:all", evaluate: () => "allow" }] as never),
        () => security.newActor("", {}),
        () => security.newActor(7 as never),
        () => security.newActor("x", [1]),
        () => scope.with({} as never),
        () => scope.without(1 as never),
        () => scope.contains(undefined as never),
      ].map((call) => thrownBy(call).kind);
    });
    expect(got).toEqual(Array(10).fill(errors.INVALID));
  });

  it("of a process that has ended asks for nothing any more [S16.7]", async () => {
    const policed = new Policed({ policies: [all] });
    let left: (() => unknown)[] = [];
    await simulate(
      1,
      async (sim) => {
        await sim.spawnWith({ actor: alice, scope: policed.scope("test:all") }, ({ security }: Process) => {
          const scope = security.newScope([]);
          left = [
            () => scope.without("x"),
            () => security.actor(),
            () => security.newScope([]),
            () => security.can("a", "b"),
          ];
        });
      },
      policed.options,
    );
    expect(left.map((call) => thrownBy(call).kind)).toEqual(Array(4).fill(errors.CANCELED));
    expect(left[0]).toThrow(ProcessError);
  });
});
