// What a run was seen to do, made into policies: they allow that run when strict, and nothing of another kind.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type Actor, createActor, type Process, ProcessError } from "../../src/index.ts";
import { leastPolicies, type RecordedRequest, Recorder, type WrittenEntry } from "../../src/security/index.ts";
import { type SimulationOptions, simulate } from "../../src/testing/index.ts";
import { Policed, type Written } from "../support/policies.ts";

/** Ids that are easily taken for one another: by number, by pattern, by reference. */
const ACTORS = ["alice", "bob", "10", "1e1", "a.b", "file://x", "all*"];
const ENTRIES = ["test:plain", "test:plain2", "test:other*"];
// biome-ignore lint/suspicious/noTemplateCurlyInString: it is what entries mean by it
const NAMES = ["name", "name*", "10", "10.0", "${env:HOME}", "file://name", 'a "b"\nc', "*"];

/** What a process does: on a process of an entry and an actor, or with a name or an entry. */
const step = fc.oneof(
  fc.record({
    verb: fc.constantFrom("send", "monitor", "unmonitor", "link", "unlink", "cancel", "terminate"),
    entry: fc.constantFrom(...ENTRIES),
    owner: fc.constantFrom(...ACTORS),
    isDead: fc.boolean(),
  }),
  fc.record({ verb: fc.constantFrom("register", "unregister", "newActor", "can"), name: fc.constantFrom(...NAMES) }),
  fc.record({
    verb: fc.constantFrom("spawn", "spawnMonitored", "spawnLinked", "spawnLinkedMonitored", "exec", "withContext"),
    child: fc.constantFrom("test:child", "test:child2"),
  }),
);
type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

/** An application: who does what, one after the other. */
const application = fc.array(
  fc.record({ actor: fc.constantFrom(...ACTORS), steps: fc.array(step, { minLength: 1, maxLength: 6 }) }),
  { minLength: 1, maxLength: 5 },
);
type Application = typeof application extends fc.Arbitrary<infer A> ? A : never;

const actorOf = (id: string): Actor => createActor(id, { id });

async function act(process: Process, at: Step, pidOf: (entry: string, owner: string, isDead: boolean) => string) {
  if ("owner" in at) {
    const pid = pidOf(at.entry, at.owner, at.isDead);
    if (at.verb !== "send") return (process as any)[at.verb](pid);
    const error = process.send(pid, "topic");
    if (error !== null) throw error;
  } else if ("name" in at) {
    if (at.verb === "newActor") process.security.newActor(at.name);
    else if (at.verb === "can") return process.security.can("doc.read", at.name, { owner: "alice", size: 3 });
    else await (process.registry as any)[at.verb](at.name);
  } else if (at.verb === "withContext") await process.withContext({ key: 1 }).spawn(at.child, "sim:processes");
  else await (process as any)[at.verb](at.child, "sim:processes");
  return true;
}

/** Runs an application; what came of each step, in order. */
async function run(app: Application, options: SimulationOptions, scoped: Policed | null): Promise<unknown[]> {
  const outcomes: unknown[] = [];
  await simulate(
    1,
    async (sim) => {
      const scope = scoped?.scope(...scoped.set.ids());
      const secured = (id: string) => ({ actor: actorOf(id), ...(scope !== undefined && { scope }) });
      for (const id of ["test:child", "test:child2"]) sim.define(id, () => "child");
      for (const id of ENTRIES) sim.define(id, patient);
      const pids = new Map<string, string>();
      for (const entry of ENTRIES) {
        for (const owner of ACTORS) {
          pids.set(`${entry} ${owner} false`, await sim.spawnWith(secured(owner), entry));
          const dead = await sim.spawnWith(secured(owner), entry, "at once");
          await sim.settle();
          pids.set(`${entry} ${owner} true`, dead);
        }
      }
      for (const { actor, steps } of app) {
        await sim.spawnWith(secured(actor), async (process: Process) => {
          process.setOptions({ trapLinks: true });
          for (const at of steps) {
            try {
              const pidOf = (...target: unknown[]) => pids.get(target.join(" ")) as string;
              outcomes.push(await act(process, at, pidOf));
            } catch (cause) {
              if (!(cause instanceof ProcessError)) throw cause;
              outcomes.push(`${cause.kind}: ${cause.message}`);
            }
          }
        });
        await sim.settle();
      }
    },
    options,
  );
  return outcomes;
}

const patient = async (process: Process, end?: string) => {
  process.setOptions({ trapLinks: true });
  if (end === undefined) for (;;) await process.inbox().receive();
};

/** Policies as a test writes them, of those that were recorded. */
function writtenOf(entries: readonly WrittenEntry[]): Written[] {
  return entries.map(({ name, policy: { conditions = [], ...policy } }) => ({
    ...policy,
    id: `recorded:${name}`,
    conditions: conditions.map(({ value_from: valueFrom, ...rest }) => ({
      ...rest,
      ...(valueFrom !== undefined && { valueFrom }),
    })),
  }));
}

async function recorded(app: Application): Promise<{ outcomes: unknown[]; requests: readonly RecordedRequest[] }> {
  const recorder = new Recorder();
  const outcomes = await run(app, { guard: recorder, policies: new Policed().set }, null);
  return { outcomes, requests: recorder.requests };
}

/** What makes two requests one kind. */
const kindOf = (actor: string | null, action: string, about: unknown) => JSON.stringify([actor, action, about]);
const PID = /^process\.(send|terminate|cancel|(un)?monitor|(un)?link)$/;

describe("the policies of a recorded run", () => {
  it("allow the same run when strict, and nothing of another kind", async () => {
    await fc.assert(
      fc.asyncProperty(application, async (app) => {
        const { outcomes, requests } = await recorded(app);
        const policed = new Policed({ strict: true, policies: writtenOf(leastPolicies(requests)) });
        expect(await run(app, policed.options, policed)).toEqual(outcomes);
        expect(policed.events).toEqual([]);

        const seen = new Set(
          requests.map(({ actor, action, resource, meta }) =>
            kindOf(
              actor,
              action,
              PID.test(action) ? [meta.target_entry ?? null, meta.target_actor ?? null] : [resource],
            ),
          ),
        );
        const scope = policed.scope(...policed.set.ids());
        const verdict = (actor: string, action: string, resource: string, meta: object) =>
          scope.evaluate(actorOf(actor), action, resource, meta) === "allow";
        const actions = [...new Set(requests.map(({ action }) => action)), "process.send", "process.upgrade"];
        for (const actor of [...ACTORS, "mallory", "10.0"]) {
          for (const action of actions) {
            if (PID.test(action)) {
              for (const entry of [...ENTRIES, "test:other", "test:acting"]) {
                for (const owner of [...ACTORS, "10.0"]) {
                  const meta = { pid: "{sim:processes|0x1}", target_entry: entry, target_actor: owner };
                  const isSeen = seen.has(kindOf(actor, action, [entry, owner]));
                  expect([actor, action, meta, verdict(actor, action, "{sim:processes|0x2}", meta)]).toEqual([
                    actor,
                    action,
                    meta,
                    isSeen,
                  ]);
                }
              }
              const isDeadSeen = seen.has(kindOf(actor, action, [null, null]));
              expect(verdict(actor, action, "{sim:processes|0x2}", { pid: "{sim:processes|0x1}" })).toBe(isDeadSeen);
              expect(verdict(actor, action, "{sim:other|0x2}", { pid: "{sim:processes|0x1}" })).toBe(false);
            } else {
              for (const resource of [...NAMES, "names", "test:child", "test:child2", "test:child3", "context"]) {
                const meta = action === "doc.read" ? { owner: "alice", size: 3 } : { pid: "{sim:processes|0x1}" };
                const isSeen = seen.has(kindOf(actor, action, [resource]));
                expect([actor, action, resource, verdict(actor, action, resource, meta)]).toEqual([
                  actor,
                  action,
                  resource,
                  isSeen,
                ]);
                expect(verdict(actor, action, resource, { owner: "bob", size: 3 })).toBe(
                  action !== "doc.read" && isSeen,
                );
              }
            }
          }
        }
      }),
      { numRuns: 25 },
    );
  }, 60_000);

  it("name no pid, and one group serves all actors that do the same", () => {
    const request = (actor: string, entry: string): RecordedRequest => ({
      entry: "test:tenant",
      actor,
      actorMeta: {},
      action: "process.send",
      resource: "{sim:processes|0x7}",
      meta: { pid: "{sim:processes|0x1}", target_entry: entry, target_actor: actor },
      count: 1,
    });
    const entries = leastPolicies(
      ["t1", "t2", "t3"].flatMap((actor) => [request(actor, "test:door"), request(actor, "test:till")]),
    );
    expect(entries).toEqual([
      {
        name: "t1.1",
        kind: "security.policy",
        groups: ["t1"],
        policy: {
          actions: "process.send",
          resources: "*",
          effect: "allow",
          conditions: [
            { field: "actor.id", operator: "in", value: ["t1", "t2", "t3"] },
            { field: "meta.target_entry", operator: "in", value: ["test:door", "test:till"] },
            { field: "meta.target_actor", operator: "eq", value_from: "actor.id" },
          ],
        },
      },
    ]);
  });

  it("of a long run are as few as of a short one", async () => {
    const recorder = new Recorder();
    await simulate(
      1,
      async (sim) => {
        await sim.spawn(async (process: Process) => {
          for (let n = 0; n < 200; n++) {
            const pid = await process.spawn("test:child", sim.host);
            process.send(pid, "topic");
          }
        });
        sim.define("test:child", async (process: Process) => void (await process.inbox().receive()));
      },
      { guard: recorder },
    );
    expect(recorder.requests.map(({ action, count }) => [action, count])).toEqual([
      ["process.spawn", 200],
      ["process.host", 200],
      ["process.send", 200],
    ]);
  });
});
