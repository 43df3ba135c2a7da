/**
 * Attacks of a hostile tenant. Each runs beside two honest processes: a stranger in a heap of its own, and a sibling of
 * the same actor, in the same heap (S11.35). Both are asked again and again while it lasts, and after it; their answers,
 * which depend on everything that processes could share, have to stay the same, and to come within so many turns.
 */
import { expect, it } from "vitest";
import { createActor } from "../../src/index.ts";
import { type Simulation, simulate } from "../../src/testing/index.ts";
import { defineLua, type LuaEntry, luaEngine } from "./lua.ts";

/** How a process ended. */
export interface Ending {
  readonly error?: string;
  readonly kind?: string;
  readonly value?: unknown;
}

export interface Attack {
  /** What the attack is, with the statements that have to hold: `[S11.32]`. */
  readonly title: string;
  /** The body of the hostile main. */
  readonly does?: string;
  /** Or the whole module. */
  readonly module?: string;
  /** How it ends: its value, or the text and kind of its error. By default it goes on until it is terminated. */
  readonly ends?: Ending | ((ending: Ending) => void);
  /** Further entries, e.g. `red:child`. */
  readonly given?: Readonly<Record<string, string>>;
  readonly entry?: LuaEntry;
  /** What has to hold besides, while the attack goes on or when it has ended by itself. */
  readonly then?: (sim: Simulation) => void;
  readonly prepare?: (sim: Simulation) => void;
  /** How often the neighbours are asked while it goes on. */
  readonly rounds?: number;
  /** Within how many turns they have to answer; more where the attack has many processes. */
  readonly turns?: number;
  /** How many processes the hostile one may have made. */
  readonly sliceInstructions?: number;
  readonly heapLimitBytes?: number;
  /** Whether the sibling may be lost with its heap's memory, which it shares with the attacker (S11.35, S11.37). */
  readonly costsSibling?: boolean;
}

/** An honest process: its answer tells everything that another one might have changed. */
export const HONEST = `
local function names(t) local all = {} for k in pairs(t) do all[#all + 1] = tostring(k) end table.sort(all) return table.concat(all, " ") end
local function check()
  local seen = {}
  local function note(...) for i = 1, select("#", ...) do seen[#seen + 1] = tostring((select(i, ...))) end end
  for _, name in ipairs { "process", "channel", "errors", "coroutine", "table", "string", "math", "utf8", "os", "time", "ctx" } do
    note(name, type(_G[name]), getmetatable(_G[name]), next(_G[name]), names(_G[name]))
  end
  note(names(_G), getmetatable(_G), getmetatable(""), ("ab"):rep(2), ("x"):upper(), #"abc", ("%d"):format(3))
  note(pcall(error, "e", 0)) note(xpcall(error, function(e) return "h" .. e end, "e"))
  note(table.concat({ 1, 2 }, ","), select("#", table.unpack({ 1, nil, 3 }, 1, 3)), math.type(1), 7 // 2, tostring(1.5))
  math.randomseed(42) note(math.random(100), math.random(100))
  note(os.date("!%Y-%m-%d", 0), (" x "):match("^%s*(.-)%s*$"), ("abc"):find("b", 1, true), ("abc"):gsub("b", "%0%0"))
  local e = errors.new { message = "m", kind = errors.INVALID } note(e, type(e), e:kind(), e:message(), errors.is(e, "Invalid"), getmetatable(e))
  local c = channel.new(1) note(c:send(1)) note(c:receive()) note(c, getmetatable(c))
  note(coroutine.wrap(function(...) coroutine.yield(...) end)(1, 2)) note(coroutine.status(coroutine.running()))
  note(time.SECOND, (time.parse_duration("1s")), getmetatable(time.now()), require("time") == time, require("table") == table)
  note(names(ctx.all()), process.event.EXIT, #utf8.char(228), rawlen({ 1 }), rawequal("a", "a"), leaked)
  local sorted = { 3, 1, 2 } table.sort(sorted, function(a, b) return a > b end) note(table.unpack(sorted))
  for word in ("one two"):gmatch("%a+") do note(word) end
  return table.concat(seen, "|")
end
return function(collector)
  local inbox = process.inbox()
  while true do
    local message = inbox:receive()
    if message:topic() == "ask" then process.send(collector, "answer", check()) end
  end
end`;

/** The budget of a slice, what a callback may take beyond it, and what one library call may add. */
const BEYOND_SLICE = 700_000;

class Neighbour {
  readonly pid: string;
  readonly answers: string[];

  constructor(pid: string, answers: string[]) {
    this.pid = pid;
    this.answers = answers;
  }
}

export function attacks(list: readonly Attack[]): void {
  for (const attack of list) it(attack.title, () => run(attack));
}

async function run(attack: Attack): Promise<void> {
  let checked = false;
  await simulate(1, async (sim) => {
    const sliceInstructions = attack.sliceInstructions ?? 20_000;
    const engine = luaEngine(sim, {
      slicing: { sliceInstructions, hookInstructions: Math.min(250, sliceInstructions) },
      ...(attack.heapLimitBytes !== undefined && { heapLimitBytes: attack.heapLimitBytes }),
    });
    attack.prepare?.(sim);
    defineLua(sim, "good:honest", HONEST);
    for (const [id, source] of Object.entries(attack.given ?? {})) defineLua(sim, id, source, attack.entry);
    defineLua(sim, "red:hostile", attack.module ?? `return function(...)\n${attack.does}\nend`, attack.entry);
    const actor = createActor("hostile tenant");
    const stranger = await neighbour(sim, {});
    const sibling = await neighbour(sim, { actor });
    const expected = await answerOf(sim, stranger, 100_000);
    expect(await answerOf(sim, sibling, 100_000)).toBe(expected);

    const endings = new Map<string, Ending>();
    const born: string[] = [];
    sim.watch((event) => {
      if (event.kind === "exited") endings.set(event.pid, event.result as Ending);
      else if (event.entry?.startsWith("red:")) born.push(event.pid);
    });
    let hostile: string | null = null;
    let refused: Ending | null = null;
    const turn = async () => {
      const before = instructions();
      const went = await sim.step();
      expect(instructions() - before).toBeLessThan(sliceInstructions + BEYOND_SLICE);
      return went;
    };
    const instructions = () => engine.isolates.all.reduce((sum, { usage }) => sum + usage.instructions, 0);
    const spawning = sim.spawnWith({ actor }, "red:hostile").then(
      (pid) => {
        hostile = pid;
      },
      (cause: Ending & Error) => {
        refused = { error: cause.message, kind: (cause as any).kind };
      },
    );
    await spawning;
    const neighbours = () => (isLost(sibling) ? [stranger] : [stranger, sibling]);
    const isLost = (one: Neighbour) => attack.costsSibling === true && !sim.isAlive(one.pid);

    for (let round = 0; round < (attack.rounds ?? 6); round++) {
      for (const one of neighbours()) expect(sim.send(one.pid, "ask")).toBeNull();
      let turns = 0;
      const isOpen = () => neighbours().some(({ answers }) => answers.length === 0);
      while (isOpen()) {
        if (!(await turn())) break;
        expect(++turns, "turns until the neighbours had answered").toBeLessThan(attack.turns ?? 60);
      }
      for (const { answers } of neighbours()) expect(answers.splice(0)).toEqual([expected]);
    }
    attack.then?.(sim);
    let ending: Ending | null | undefined = refused;
    if (hostile !== null) {
      if (attack.ends !== undefined) await until(sim, () => endings.has(hostile as string), 20_000);
      if (!endings.has(hostile)) sim.terminate(hostile);
      await until(sim, () => endings.has(hostile as string), 2_000);
      ending = endings.get(hostile);
    }
    for (const pid of born) if (sim.isAlive(pid)) sim.terminate(pid);
    if (typeof attack.ends === "function") attack.ends(ending ?? {});
    else expect(ending).toMatchObject(attack.ends ?? { error: "process terminated", kind: "Internal" });
    for (const one of neighbours()) expect(await answerOf(sim, one, 100_000)).toBe(expected);
    for (const { pid } of neighbours()) sim.terminate(pid);
    expect(sim.faults).toEqual([]);
    checked = true;
  });
  expect(checked).toBe(true);
}

async function neighbour(sim: Simulation, options: object): Promise<Neighbour> {
  const answers: string[] = [];
  const collector = await sim.spawn(async (process: any) => {
    for await (const message of process.inbox()) answers.push(message.payload);
  });
  return new Neighbour(await sim.spawnWith(options, "good:honest", collector), answers);
}

async function answerOf(sim: Simulation, { pid, answers }: Neighbour, turns: number): Promise<string> {
  expect(sim.send(pid, "ask")).toBeNull();
  await until(sim, () => answers.length > 0, turns);
  return answers.shift() as string;
}

/** Turns, and time where nobody is ready, until something holds. */
async function until(sim: Simulation, holds: () => boolean, turns: number): Promise<void> {
  for (let turn = 0; turn < turns && !holds(); turn++) if (!(await sim.step())) await sim.advance(10);
}
