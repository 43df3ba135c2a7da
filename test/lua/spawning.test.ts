/** What a Lua module is, and what each of its processes has of its own (S3.26, S3.29–S3.31). */
import { describe, expect, it } from "vitest";
import { createActor, type Process } from "../../src/index.ts";
import { type Denial, type Guard, Scope, SEAL, type Subject, type Verdict } from "../../src/kernel/index.ts";
import { simulate } from "../../src/testing/index.ts";
import { defineLua } from "../support/lua.ts";
import { runLua } from "../support/running-lua.ts";

describe("a Lua module", () => {
  it.each([
    ["a function, which is main", "return function() return 'function' end", "main", "function"],
    ["a function, whatever method says", "return function() return 'function' end", "other", "function"],
    ["a table with main", "return { main = function() return 'main' end, other = 1 }", "main", "main"],
    ["a table with the method", "return { main = 1, other = function() return 'other' end }", "other", "other"],
    [
      "a table that inherits its method",
      "return setmetatable({}, { __index = { main = function() return 'inherited' end } })",
      "main",
      "inherited",
    ],
  ])("may return %s [S3.29]", async (_what, source, method, expected) => {
    expect(await runLua(source, { method })).toBe(expected);
  });

  it.each([
    ["nothing by the name", "return { main = function() end }", "other"],
    ["something else by the name", "return { other = 'text' }", "other"],
    ["no table and no function", "return 7", "other"],
  ])("with %s lacks its method [S3.22, S3.29]", async (_what, source, method) => {
    await expect(runLua(source, { method })).rejects.toMatchObject({
      kind: "NotFound",
      message: 'method "other" not found in module',
    });
  });

  it("gets the arguments in its main and none in its top-level code [S3.28, S3.29]", async () => {
    const source = "local n = select('#', ...) return function(...) return { n, ... } end";
    expect(await runLua(source, { args: ["a", "b"] })).toEqual([0, "a", "b"]);
  });

  it("may load for longer than a slice [S3.26]", async () => {
    const source = "local sum = 0 for i = 1, 3e5 do sum = sum + i end return function() return sum end";
    expect(await runLua(source)).toBe(45000150000);
  });
});

describe("every Lua process", () => {
  it("has its own globals, and its own copy of what its module and libraries make [S3.30, S11.31]", async () => {
    await simulate(1, async (sim) => {
      const source = `
        global_count = (global_count or 0) + 1
        local made = {}
        return function(id, deep)
          made[#made + 1] = "made"
          global_by_main = (global_by_main or 0) + 1
          counter.list[#counter.list + 1] = "seen"
          local mine = { global_count, #made, global_by_main, counter.loads(), #counter.list, tostring(_G.stray) }
          stray = "stray"
          if deep == 0 then return { mine } end
          local rest = process.exec(id, "sim:processes", id, deep - 1)
          rest[#rest + 1] = mine
          return rest
        end`;
      const library = `
        local loads = 0
        loads = loads + 1
        return { list = {}, loads = function() return loads end }`;
      const entry = { imports: { counter: "app:counter" }, libraries: { "app:counter": library } };
      defineLua(sim, "app:one", source, entry);
      expect(await sim.exec("app:one", "app:one", 3)).toEqual(Array(4).fill([1, 1, 1, 1, 1, "nil"]));
      expect(await sim.exec("app:one", "app:one", 0)).toEqual([[1, 1, 1, 1, 1, "nil"]]);
    });
  });

  it("runs the top-level code once, and once more per upgrade [S3.30]", async () => {
    await simulate(2, async (sim) => {
      const printed: string[] = [];
      sim.watchNotices((notice) => {
        if (notice.kind === "printed") printed.push(notice.text);
      });
      defineLua(
        sim,
        "app:upgrading",
        `loaded = (loaded or 0) + 1
        local at_load = loaded
        return function(round)
          print(("round %d, loaded %d, %d"):format(round, at_load, loaded))
          loaded = 50
          if round < 3 then process.upgrade(nil, round + 1) end
          return "over"
        end`,
      );
      expect(await sim.exec("app:upgrading", 1)).toBe("over");
      expect(printed).toEqual(["round 1, loaded 1, 1", "round 2, loaded 1, 1", "round 3, loaded 1, 1"]);
    });
  });
});

class NamedScope extends Scope {
  constructor() {
    super(SEAL);
  }

  override with(): Scope {
    return this;
  }

  override without(): Scope {
    return this;
  }

  override contains(): boolean {
    return false;
  }

  override policies(): [] {
    return [];
  }

  override evaluate(): Verdict {
    return "allow";
  }
}

/** Allows everything and writes down for whom. */
class WitnessGuard implements Guard {
  readonly seen: string[] = [];

  check(subject: Subject, action: string): Denial | null {
    this.seen.push(`${subject.entry} ${action} ${subject.actor?.id() ?? "-"} ${subject.scope instanceof NamedScope}`);
    return null;
  }
}

describe("a child", () => {
  it("inherits actor and scope, by spawn and exec, from Lua to TypeScript and back [S3.31]", async () => {
    const guard = new WitnessGuard();
    await simulate(
      1,
      async (sim) => {
        defineLua(
          sim,
          "app:lua",
          `return function(left)
            process.send(process.pid(), "asks")
            if left > 0 then process.exec("app:typescript", "sim:processes", left - 1) end
          end`,
        );
        sim.define("app:typescript", async (process: Process, left: number) => {
          process.send(process.pid(), "asks");
          if (left > 0) await process.spawn("app:lua", sim.host, left - 1);
        });
        await sim.spawnWith({ actor: createActor("alice"), scope: new NamedScope() }, "app:lua", 5);
        await sim.untilIdle();
      },
      { guard },
    );
    const sends = guard.seen.filter((line) => line.includes("process.send"));
    expect(sends).toEqual(
      Array(3).fill(["app:lua process.send alice true", "app:typescript process.send alice true"]).flat(),
    );
    expect(new Set(guard.seen.map((line) => line.split(" ").slice(2).join(" ")))).toEqual(new Set(["alice true"]));
  });
});
