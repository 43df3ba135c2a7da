// Each operation against each of its permissions: granted, not granted, denied; without a scope or an actor; strict.
import { describe, expect, it } from "vitest";
import { createActor, type ExitResult, errors, type Process } from "../../src/index.ts";
import { actions } from "../../src/security/index.ts";
import { simulate } from "../../src/testing/index.ts";
import { defineLua } from "../support/lua.ts";
import { Policed, type Written } from "../support/policies.ts";
import { CHILD, HOST, type Need, type Operation, operations } from "./operations-suite.ts";

type Language = "typescript" | "lua";

/** Who acts: with an actor, with a scope of these policies, in a strict runtime. */
interface Situation {
  readonly hasActor?: boolean;
  /** `null`: no scope. */
  readonly policies: readonly Written[] | null;
  readonly strict?: boolean;
}

/** Allows exactly these needs, one policy each. */
const grants = (needs: readonly Need[], target: string): Written[] =>
  needs.map(({ action, resource }, at) => ({
    id: `test:grant-${at}`,
    actions: action,
    resources: resource.replace("{target}", target),
  }));

/** Runs an operation; its outcome is `null` when it went well, else kind and text. */
async function attempt(
  operation: Operation,
  language: Language,
  situation: (target: string) => Situation,
): Promise<{ kind: string; message: string } | null> {
  let result: ExitResult | undefined;
  let target = "";
  // The target's pid is known before the policies are written: pids do not depend on them.
  await simulate(1, async (sim) => {
    sim.define("test:target", forever);
    target = await sim.spawn("test:target");
  });
  const { hasActor = true, policies, strict = false } = situation(target);
  const known: Written = { id: "test:known", effect: "deny", actions: "nothing", groups: ["test:group"] };
  const policed = new Policed({ strict, policies: [known, ...(policies ?? [])] });
  await simulate(
    1,
    async (sim) => {
      sim.define("test:target", forever);
      sim.define(CHILD, () => "child");
      if (language === "lua") defineLua(sim, "test:acting", luaOf(operation), { modules: ["security"] });
      else {
        sim.define("test:acting", async (process: Process, pid: string) => {
          await operation.typescript(process, pid);
        });
      }
      expect(await sim.spawn("test:target")).toBe(target);
      sim.watch((event) => {
        if (event.kind === "exited" && event.entry === "test:acting") result ??= event.result;
      });
      const options = {
        ...(hasActor && { actor: createActor("alice", {}) }),
        ...(policies !== null && { scope: policed.scope("test:known", ...policies.map(({ id }) => id)) }),
      };
      await sim.spawnWith(options, "test:acting", target);
      await sim.settle();
    },
    policed.options,
  );
  if (result === undefined) throw new Error("it has not ended");
  return result.error === undefined ? null : { kind: result.kind as string, message: result.error };
}

const luaOf = ({ lua }: Operation) => `local security = require("security")
local CHILD, HOST = "${CHILD}", "${HOST}"
return { main = function(target) ${lua} end }`;

const forever = async (process: Process) => {
  process.setOptions({ trapLinks: true });
  await process.inbox().receive();
  await process.channel().receive();
};

const languages = ["typescript", "lua"] as const;
const rows = operations.flatMap((operation) => languages.map((language) => ({ operation, language })));
const refusal = ({ text }: Need, target: string) => ({
  kind: errors.PERMISSION_DENIED,
  message: text.replace("{target}", target),
});

describe.each(rows.map((row) => ({ ...row, title: `${row.operation.title} (${row.language})` })))(
  "$title",
  ({ operation, language }) => {
    const { needs } = operation;
    let target = "";
    const granted = (given: string, left: readonly Need[]) => {
      target = given;
      return grants(left, given);
    };

    it(`is allowed with exactly what it needs [both S10.2]`, async () => {
      expect(await attempt(operation, language, (pid) => ({ policies: granted(pid, needs) }))).toBeNull();
    });

    it.each(needs)(`is refused without $action [both S10.2, S10.4]`, async (missing) => {
      const left = needs.filter((need) => need !== missing);
      const outcome = await attempt(operation, language, (pid) => ({ policies: granted(pid, left) }));
      expect(outcome).toEqual(refusal(missing, target));
    });

    it.each(needs)(`is refused when $action is denied, whatever allows it [both S10.4]`, async (denied) => {
      const outcome = await attempt(operation, language, (pid) => {
        target = pid;
        const deny: Written = { id: "test:deny", effect: "deny", actions: denied.action };
        return { policies: [{ id: "test:all" }, deny] };
      });
      expect(outcome).toEqual(refusal(denied, target));
    });

    it(`is told by the first refusal when all are missing [both S10.8]`, async () => {
      const outcome = await attempt(operation, language, (pid) => ({ policies: granted(pid, []) }));
      expect(outcome).toEqual(refusal(needs[0] as Need, target));
    });

    const isOwn = operation.title.startsWith("scope:") || operation.title.includes(" with a");
    const lacking: { lacks: string; situation: Situation }[] = [
      { lacks: "scope", situation: { policies: null } },
      { lacks: "actor", situation: { policies: [], hasActor: false } },
      { lacks: "actor and scope", situation: { policies: null, hasActor: false } },
    ];
    // What works on its own actor or scope cannot lack it.
    for (const { lacks, situation } of isOwn ? [] : lacking) {
      it(`is allowed without ${lacks}, and refused when strict [both S10.1, S10.3]`, async () => {
        expect(await attempt(operation, language, () => situation)).toBeNull();
        const strict = (pid: string) => {
          target = pid;
          return { ...situation, strict: true };
        };
        expect(await attempt(operation, language, strict)).toEqual(refusal(needs[0] as Need, target));
      });
    }
  },
);

it("covers every permission there is", () => {
  const asked = new Set(operations.flatMap(({ needs }) => needs.map(({ action }) => action)));
  expect([...asked].sort()).toEqual(Object.keys(actions).sort());
});

it("asks for nothing where nothing is needed, even when strict [S10.9]", async () => {
  const policed = new Policed({ strict: true });
  let done: unknown;
  await simulate(
    1,
    async (sim) => {
      await sim.spawn(async (process: Process) => {
        process.setOptions({ trapLinks: true });
        const inbox = process.inbox();
        process.unlisten(process.listen("topic"));
        await process.registry.lookup("nobody").catch(() => {});
        const channel = process.channel<number>(1);
        await channel.send(1);
        await process.sleep(1);
        done = [
          process.id() !== "",
          process.pid() !== "",
          process.getOptions(),
          process.ctx.all(),
          inbox === process.inbox(),
        ];
        process.events();
        await process.upgrade("test:next");
      });
      sim.define("test:next", () => {
        done = [done, "upgraded"];
      });
    },
    policed.options,
  );
  expect(done).toEqual([[true, true, { trapLinks: true }, {}, true], "upgraded"]);
  expect(policed.events).toEqual([]);
});
