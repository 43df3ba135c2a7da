// What policies see, what a refusal says, and that remembered decisions never outlive what they hung on.
import { describe, expect, it } from "vitest";
import { createActor, errors, type Process, ProcessError } from "../../src/index.ts";
import { simulate } from "../../src/testing/index.ts";
import { Policed, type Written } from "../support/policies.ts";

const alice = createActor("alice", { team: "red" });
const bob = createActor("bob", { team: "blue" });
const idle = (process: Process) => process.channel().receive();

/** A policy that allows sending under one condition. */
const ifSent = (field: string, value: unknown): Written => ({
  id: "test:if",
  actions: "process.send",
  conditions: [{ field, operator: "eq", value }],
});

describe("a policy sees", () => {
  it.each([
    ["actor.id", "alice"],
    ["actor.meta.team", "red"],
    ["action", "process.send"],
    ["meta.target_actor", "bob"],
    ["meta.target_entry", "test:idle"],
    ["meta.target_host", "sim:other"],
    ["meta.name", "the-target"],
  ])("%s [S10.6, S10.7]", async (field, value) => {
    const outcomes: boolean[] = [];
    for (const expected of [value, "something else"]) {
      const policed = new Policed({ policies: [ifSent(field, expected)] });
      await simulate(
        1,
        async (sim) => {
          sim.addHost("sim:other");
          sim.define("test:idle", idle);
          await sim.spawnWith({ host: "sim:other", actor: bob, name: "the-target" }, "test:idle");
          await sim.spawnWith({ actor: alice, scope: policed.scope("test:if") }, (process: Process) => {
            outcomes.push(process.send("the-target", "topic") === null);
          });
        },
        policed.options,
      );
    }
    expect(outcomes).toEqual([true, false]);
  });

  it("pid, the caller's, and resource, the target's [S10.6, S10.7]", async () => {
    const policed = new Policed({
      policies: [{ id: "test:self", conditions: [{ field: "meta.pid", operator: "eq", valueFrom: "resource" }] }],
    });
    const outcomes: boolean[] = [];
    await simulate(
      1,
      async (sim) => {
        const other = await sim.spawn(idle);
        await sim.spawnWith({ actor: alice, scope: policed.scope("test:self") }, (process: Process) => {
          outcomes.push(process.send(process.pid(), "topic") === null, process.send(other, "topic") === null);
        });
      },
      policed.options,
    );
    expect(outcomes).toEqual([true, false]);
  });

  it("no attributes of a target that is not known, and no name for a pid [S10.7, S10.38]", async () => {
    const exists = (field: string): Written => ({ id: `test:${field}`, conditions: [{ field, operator: "exists" }] });
    const fields = ["target_actor", "target_entry", "target_host", "name"];
    const policed = new Policed({ policies: fields.map(exists) });
    const asked: (string | undefined)[] = [];
    await simulate(
      1,
      async (sim) => {
        const scope = policed.scope(...fields.map((field) => `test:${field}`));
        await sim.spawnWith({ actor: alice, scope }, (process: Process) => {
          asked.push(process.send("{sim:processes|0xfffff}", "topic")?.kind);
        });
      },
      policed.options,
    );
    expect(asked).toEqual([errors.PERMISSION_DENIED]);
  });
});

describe("what counts is the caller's actor and scope", () => {
  it("not the target's [S10.5]", async () => {
    const policed = new Policed({ policies: [{ id: "test:all" }] });
    const outcomes: unknown[] = [];
    await simulate(
      1,
      async (sim) => {
        const free = await sim.spawnWith({ actor: bob, scope: policed.scope("test:all") }, idle);
        await sim.spawnWith({ actor: alice, scope: policed.scope() }, (process: Process) => {
          outcomes.push(process.send(free, "topic")?.kind);
        });
      },
      policed.options,
    );
    expect(outcomes).toEqual([errors.PERMISSION_DENIED]);
  });

  it("not those put into a builder, which are the child's [S10.1, S10.5, S3.31]", async () => {
    const told: unknown[] = [];
    const spawning: Written = {
      id: "test:spawning",
      actions: ["process.spawn", "process.host", "process.context", "process.security"],
    };
    const policed = new Policed({ policies: [spawning, { id: "test:all" }] });
    await simulate(
      1,
      async (sim) => {
        sim.define("test:child", async (process: Process, depth: number) => {
          told.push([
            process.security.actor()?.id(),
            process.security
              .scope()
              ?.policies()
              .map((policy) => policy.id()),
          ]);
          if (depth > 0) await process.spawn("test:child", sim.host, depth - 1);
        });
        const all = policed.scope("test:all");
        await sim.spawnWith({ actor: alice, scope: policed.scope("test:spawning") }, async (process: Process) => {
          const builder = process.withContext({}).withActor(bob).withScope(all);
          // The builder's scope would allow this; the caller's does not.
          told.push(await builder.exec("test:child", sim.host, 0).catch((error: ProcessError) => error.kind));
          await builder.spawn("test:child", sim.host, 1);
          told.push(process.security.actor()?.id());
        });
      },
      policed.options,
    );
    expect(told).toEqual([errors.PERMISSION_DENIED, "alice", ["bob", ["test:all"]], ["bob", ["test:all"]]]);
  });
});

describe("a refusal", () => {
  const refused = async (policies: readonly Written[]) => {
    const policed = new Policed({ policies });
    let error: unknown;
    await simulate(
      1,
      async (sim) => {
        sim.define("test:target", idle);
        const target = await sim.spawn("test:target");
        const scope = policed.scope(...policies.map(({ id }) => id));
        await sim.spawnWith({ actor: alice, scope }, (process: Process) => {
          error = process.send(target, "topic");
        });
      },
      policed.options,
    );
    if (!(error instanceof ProcessError)) throw new Error("not refused");
    return error.details as Record<string, unknown>;
  };

  it("names the policy that denies, and what each said and why [S12.18]", async () => {
    const details = await refused([
      { id: "test:other", actions: "process.spawn" },
      { id: "test:elsewhere", resources: "app:x" },
      { id: "test:allow" },
      { id: "test:deny", effect: "deny", conditions: [{ field: "actor.meta.team", operator: "eq", value: "red" }] },
      { id: "test:unless", conditions: [{ field: "actor.id", operator: "eq", value: "carol" }] },
      { id: "test:cel", expression: 'actor.id == "dora"' },
    ]);
    expect(details).toEqual({
      action: "process.send",
      resource: expect.stringMatching(/^\{sim:processes\|/),
      actor: "alice",
      reason: "policy test:deny denies it",
      decidedBy: "test:deny",
      policies: [
        { id: "test:deny", says: "deny", why: "action, resource and all conditions match" },
        { id: "test:allow", says: "allow", why: "action, resource and all conditions match" },
        { id: "test:other", says: "undefined", why: "the action does not match" },
        { id: "test:elsewhere", says: "undefined", why: "the resource does not match" },
        { id: "test:unless", says: "undefined", why: "condition 1 (actor.id eq) does not hold" },
        { id: "test:cel", says: "undefined", why: "the expression is not true" },
      ],
    });
  });

  it("says that nothing allows it, and lists no more than fifty policies", async () => {
    expect(await refused([])).toMatchObject({ reason: "the scope has no policies", decidedBy: null, policies: [] });
    const many = Array.from({ length: 60 }, (_, at): Written => ({ id: `test:p${at}`, actions: "other" }));
    const details = await refused([...many, { id: "test:deny", effect: "deny" }]);
    expect(details).toMatchObject({ decidedBy: "test:deny", omitted: 11 });
    expect(details.policies).toHaveLength(50);
    expect((details.policies as { id: string }[])[0]?.id).toBe("test:deny");
  });

  it("lists the policy that denies among the fifty, however many allow", async () => {
    const many = Array.from({ length: 60 }, (_, at): Written => ({ id: `test:p${at}` }));
    const details = await refused([...many, { id: "test:deny", effect: "deny" }]);
    expect((details.policies as { id: string }[])[0]?.id).toBe("test:deny");
  });

  it("is data that can be sent", async () => {
    const policed = new Policed({
      policies: [{ id: "test:deny", effect: "deny", actions: "process.exec" }, { id: "test:all" }],
    });
    let got: unknown;
    await simulate(
      1,
      async (sim) => {
        sim.define("test:failing", async (process: Process) => process.exec("test:none", sim.host));
        await sim.spawnWith(
          { actor: alice, scope: policed.scope("test:all", "test:deny") },
          async (process: Process) => {
            await process.spawnMonitored("test:failing", sim.host);
            const end = await process.events().receive();
            const error = await process.exec("test:none", sim.host).catch((cause: ProcessError) => cause);
            got = [(end as { result: { kind: string } }).result.kind, process.send(process.pid(), "details", error)];
          },
        );
      },
      policed.options,
    );
    expect(got).toEqual([errors.PERMISSION_DENIED, null]);
  });
});

describe("a decision", () => {
  it("is made anew when policies change, for those who live and for scopes they hold [S10.4]", async () => {
    const policed = new Policed({ policies: [{ id: "test:send", actions: "process.send", groups: ["test:group"] }] });
    const seen: (string | null)[] = [];
    await simulate(
      1,
      async (sim) => {
        const scope = policed.set.group("test:group");
        const pid = await sim.spawnWith({ actor: alice, scope: scope as never }, async (process: Process) => {
          for await (const _ of process.listen("go")) {
            for (let again = 0; again < 2; again++) seen.push(process.send(process.pid(), "again")?.kind ?? null);
          }
        });
        const ask = async () => {
          sim.send(pid, "go");
          await sim.settle();
          return seen.splice(0);
        };
        expect(await ask()).toEqual([null, null]);
        policed.change([{ id: "test:no", effect: "deny", actions: "process.send", groups: ["test:group"] }]);
        expect(await ask()).toEqual([errors.PERMISSION_DENIED, errors.PERMISSION_DENIED]);
        policed.change([], ["test:no"]);
        expect(await ask()).toEqual([null, null]);
        policed.change([], ["test:send"]);
        expect(await ask()).toEqual([errors.PERMISSION_DENIED, errors.PERMISSION_DENIED]);
        policed.change([{ id: "test:send", actions: "process.send", groups: ["test:group"] }]);
        expect(await ask()).toEqual([null, null]);
        sim.terminate(pid);
      },
      policed.options,
    );
  });

  it("hangs on the name that was given, and on the entry of the target after an upgrade [S10.7]", async () => {
    const named: Written = { id: "test:named", conditions: [{ field: "name", operator: "eq", value: "good" }] };
    const deny: Written = {
      id: "test:entry",
      effect: "deny",
      conditions: [{ field: "target_entry", operator: "eq", value: "test:new" }],
    };
    const policed = new Policed({ policies: [named, deny] });
    const seen: (string | null)[] = [];
    await simulate(
      1,
      async (sim) => {
        sim.define("test:new", idle);
        sim.define("test:old", async (process: Process) => {
          await process.listen("upgrade").receive();
          await process.upgrade("test:new");
        });
        const target = await sim.spawnWith({ name: "good" }, "test:old");
        await sim.spawnWith(
          { actor: alice, scope: policed.scope("test:named", "test:entry") },
          async (process: Process) => {
            const kinds = (...destinations: string[]) => {
              for (const to of destinations) seen.push(process.send(to, "topic")?.kind ?? null);
            };
            kinds("good", target, "good", target, "good", "good");
            process.send("good", "upgrade");
            await process.sleep(1);
            kinds("good", target, "good");
          },
        );
        await sim.untilIdle();
      },
      policed.options,
    );
    const no = errors.PERMISSION_DENIED;
    expect(seen).toEqual([null, no, null, no, null, null, no, no, no]);
  });

  it("is the right one for any of many, in any order", async () => {
    const even: Written = {
      id: "test:even",
      conditions: [{ field: "resource", operator: "matches", value: "[02468]$" }],
    };
    const policed = new Policed({ policies: [even] });
    const wrong: string[] = [];
    await simulate(
      1,
      async (sim) => {
        await sim.spawnWith({ actor: alice, scope: policed.scope("test:even") }, async (process: Process) => {
          for (let round = 0; round < 500; round++) {
            const name = `name-${sim.random.below(150)}`;
            const error = await process.registry.register(name).then(
              () => null,
              (cause: ProcessError) => cause,
            );
            const refused = error?.kind === errors.PERMISSION_DENIED;
            if (refused === /[02468]$/.test(name)) wrong.push(name);
          }
        });
        await sim.untilIdle();
      },
      policed.options,
    );
    expect(wrong).toEqual([]);
  });
});

describe("a policy", () => {
  const written: Written = {
    id: "test:if",
    actions: ["doc.read", "doc.write"],
    resources: ["a", "b"],
    conditions: [
      { field: "meta.size", operator: "lt", value: 10 },
      { field: "actor.id", operator: "eq", value: "alice" },
    ],
  };

  it.each([
    ["everything matches", "doc.read", "a", { size: 1 }, true],
    ["everything matches in another way", "doc.write", "b", { size: 9 }, true],
    ["no action matches", "doc.list", "a", { size: 1 }, false],
    ["no resource matches", "doc.read", "c", { size: 1 }, false],
    ["a condition does not hold", "doc.read", "a", { size: 10 }, false],
    ["a field is missing", "doc.read", "a", {}, false],
    ["there is nothing to compare", "doc.read", "a", { size: { of: 1 } }, false],
  ])("says its effect or undefined: %s [S10.34]", (_when, action, resource, meta, applies) => {
    for (const effect of ["allow", "deny"] as const) {
      const { set } = new Policed({ policies: [{ ...written, effect }] });
      expect(set.policy("test:if")?.evaluate(alice, action, resource, meta)).toBe(applies ? effect : "undefined");
      expect(set.policy("test:if")?.evaluate(bob, action, resource, meta)).toBe("undefined");
    }
  });

  it("whose expression fails says undefined [S10.34, S10.41]", () => {
    for (const effect of ["allow", "deny"] as const) {
      const { set } = new Policed({ policies: [{ id: "test:if", effect, expression: "meta.size < 10" }] });
      const says = (meta: object) => set.policy("test:if")?.evaluate(alice, "a", "b", meta);
      expect([says({ size: 1 }), says({}), says({ size: "many" })]).toEqual([effect, "undefined", "undefined"]);
    }
  });
});
