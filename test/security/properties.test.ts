// What holds for any policies, under random seeds.
import fc from "fast-check";
import { expect, it } from "vitest";
import { createActor } from "../../src/index.ts";
import { Policed, type Written } from "../support/policies.ts";

const alice = createActor("alice", { team: "red", level: 3 });
const actions = ["process.send", "process.spawn", "process.spawn.linked", "doc.read"];
const resources = ["app:worker", "app:other", "context"];

const condition = fc.constantFrom(
  { field: "actor.id", operator: "eq", value: "alice" },
  { field: "actor.meta.team", operator: "ne", value: "red" },
  { field: "actor.meta.level", operator: "gte", value: 3 },
  { field: "meta.owner", operator: "exists" },
  { field: "resource", operator: "matches", value: "^app:" },
  { field: "meta.owner", operator: "contains", valueFrom: "actor.id" },
);

const policy = fc.record({
  effect: fc.constantFrom("allow" as const, "deny" as const),
  actions: fc.constantFrom("*", "process.*", "process.send", "process.s*", "doc.read"),
  resources: fc.constantFrom("*", "app:*", "app:worker", "context"),
  conditions: fc.array(condition, { maxLength: 2 }),
});

const policies = fc
  .array(policy, { maxLength: 8 })
  .map((list): Written[] => list.map((one, at) => ({ ...one, id: `test:p${at}` })));

const metas = [{}, { owner: "alice" }, { owner: ["bob", "alice"] }, { owner: "bob" }];

/** The verdicts on all requests there are here. */
function verdicts(written: readonly Written[], order = written): string[] {
  const scope = new Policed({ policies: written }).scope(...order.map(({ id }) => id));
  return actions.flatMap((action) =>
    resources.flatMap((resource) => metas.map((meta) => scope.evaluate(alice, action, resource, meta))),
  );
}

it("one policy that denies is enough, whatever the others say, and the order has no influence [S10.4]", () => {
  fc.assert(
    fc.property(policies, fc.infiniteStream(fc.nat()), (written, chances) => {
      const each = written.map((one) => verdicts([one]));
      const together = verdicts(written);
      for (const [at, verdict] of together.entries()) {
        const said = each.map((list) => list[at]);
        expect(verdict).toBe(said.includes("deny") ? "deny" : said.includes("allow") ? "allow" : "undefined");
      }
      const shuffled = [...written].sort(() => ((chances.next().value as number) % 2) - 0.5);
      expect(verdicts(written, shuffled)).toEqual(together);
    }),
  );
});

it("a further policy that allows takes nothing away, and one that denies less gives nothing away [S10.4]", () => {
  fc.assert(
    fc.property(policies, policy, (written, further) => {
      const before = verdicts(written);
      const extra: Written = { ...further, id: "test:further" };
      const more = verdicts([...written, { ...extra, effect: "allow" }]);
      const less = verdicts([...written, { ...extra, effect: "deny" }]);
      for (const [at, verdict] of before.entries()) {
        // Adding an allowing policy forbids nothing.
        if (verdict === "allow") expect(more[at]).toBe("allow");
        // Removing a denying one forbids nothing.
        if (less[at] === "allow") expect(verdict).toBe("allow");
        // And adding a denying one allows nothing.
        if (verdict !== "allow") expect(less[at]).not.toBe("allow");
      }
    }),
  );
});

it("an empty scope refuses everything, and so does one whose policies were all removed [S10.4]", () => {
  fc.assert(
    fc.property(policies, (written) => {
      expect(new Set(verdicts([]))).toEqual(new Set(["undefined"]));
      const policed = new Policed({ policies: written });
      const scope = policed.scope(...written.map(({ id }) => id));
      policed.change(
        [],
        written.map(({ id }) => id),
      );
      for (const action of actions) expect(scope.evaluate(alice, action, "app:worker")).toBe("undefined");
    }),
  );
});

it("a scope that is changed piece by piece is the scope of what is left [S10.47]", () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(5)), { maxLength: 30 }), fc.boolean(), (steps, fromGroup) => {
      const written = Array.from(
        { length: 6 },
        (_, at): Written => ({ id: `test:p${at}`, groups: at < 3 ? ["test:g"] : [] }),
      );
      const { set } = new Policed({ policies: written });
      let scope = fromGroup ? set.scopeOf(["test:g"], []) : set.scope([]);
      const model = new Set(fromGroup ? ["test:p0", "test:p1", "test:p2"] : []);
      for (const [adds, at] of steps) {
        const id = `test:p${at}`;
        if (adds) scope = scope.with(set.policy(id) as never);
        else scope = scope.without(id);
        if (adds) model.add(id);
        else model.delete(id);
      }
      expect(
        scope
          .policies()
          .map((one) => one.id())
          .sort(),
      ).toEqual([...model].sort());
      for (const { id } of written) expect(scope.contains(id)).toBe(model.has(id));
    }),
  );
});
