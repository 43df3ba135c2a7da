/**
 * Random programs compute the same whether their async functions are native or lowered (S16.54), and leave each function
 * once when they are ended in the midst (S16.55). program-generator.ts makes them up, and says what must be the same.
 */
import { runInThisContext } from "node:vm";
import type { Process } from "beamish";
import { SeededRandom, type Simulation, simulate } from "beamish/testing";
import { describe, expect, it } from "vitest";
import * as driver from "../../src/engines/typescript/lowered-code.ts";
import { lower } from "../../src/platform/lowering.ts";
import { withNamedDriver } from "../support/named-driver.ts";
import { generateProgram, type Mood, PRELUDE } from "./program-generator.ts";

/** The first seed of a run, and how many programs there are of each mood. */
const SEED = Number(process.env.BEAMISH_AGREEMENT_SEED ?? 1);
const PROGRAMS = Number(process.env.BEAMISH_AGREEMENT_PROGRAMS ?? 1_000);
/** How many are ended in the midst. */
const ENDED = Math.ceil(PROGRAMS / 2);
/** How many programs stand in one module. */
const BATCH = 20;

const KEY = "beamish.test.agreement";
Object.assign(globalThis, { [Symbol.for(KEY)]: driver });

type Program = (process: Process, log: Log) => unknown;

/** What a program logs with. */
interface Log {
  (...values: unknown[]): void;
  readonly task: string;
  /** The log of a task that goes on by itself. */
  fork(): Log;
  /** What a `catch` logs. */
  caught(...values: unknown[]): void;
  /** A function is entered; what `leave` takes. */
  enter(what: string): string;
  leave(entered: string): void;
}

/** A line of a log, and of which task. */
interface Line {
  readonly task: string;
  readonly kind: "said" | "caught" | "enter" | "leave";
  readonly text: string;
}

function logOf(lines: Line[], shown: (value: unknown) => string, noted = () => {}, task = "main"): Log {
  let forks = 0;
  let entered = 0;
  const note = (kind: Line["kind"], values: unknown[]) => {
    lines.push({ task, kind, text: values.map(shown).join(" ") });
    noted();
  };
  return Object.assign((...values: unknown[]) => note("said", values), {
    fork: () => logOf(lines, shown, noted, `${task}.${++forks}`),
    caught: (...values: unknown[]) => note("caught", values),
    enter: (what: string) => {
      const self = `${what}#${++entered}`;
      note("enter", [self]);
      return self;
    },
    leave: (self: string) => note("leave", [self]),
    task,
  }) as unknown as Log;
}

interface Module {
  readonly programs: readonly Program[];
  readonly child: Program;
  readonly shown: (value: unknown) => string;
}

/**
 * Evaluates the text of a module, as a script: of a module from a `data:` URL each stack trace would carry the whole text.
 */
function evaluate(text: string): Module {
  const linked = withNamedDriver(text, `globalThis[Symbol.for("${KEY}")]`).replace(
    /export (\{[^}]*\};)\s*$/,
    "return $1",
  );
  return runInThisContext(`(() => { "use strict"; ${linked}\n})()`, { filename: "generated.js" });
}

const CHILD = `async (process, n) => { await process.sleep(n % 3); if (n % 4 === 0) throw new Error("child of " + n); return n * 2; }`;

function moduleOf(programs: readonly string[]): string {
  return `${PRELUDE}\nconst child = ${CHILD};\nconst programs = [\n${programs.join(",\n")}\n];\nexport { shown, child, programs };`;
}

function lowered(text: string): string {
  const result = lower(text, "file:///app/generated.ts");
  if (result === null) throw new Error(`cannot be lowered:\n${text}`);
  return result.code;
}

interface Outcome {
  readonly result: string;
  readonly lines: readonly Line[];
}

/** Runs a program in a simulation. */
async function run(seed: number, { child, shown }: Module, program: Program): Promise<Outcome> {
  const lines: Line[] = [];
  let result = "";
  await simulate(seed, async (sim) => {
    sim.define("sim:child", child);
    try {
      result = `value ${shown(await sim.exec((process: Process) => program(process, logOf(lines, shown))))}`;
    } catch (cause) {
      result = `error ${String(cause)}`;
    }
  });
  return { result, lines };
}

/** What must be the same. */
function promised({ result, lines }: Outcome, mood: Mood): string[] {
  const texts = lines.map(({ task, text }) => `${task}: ${text}`);
  // Sorting keeps the order inside a task.
  if (mood !== "plain") {
    const order = lines
      .map(({ task }, i) => ({ task, i }))
      .sort((a, b) => (a.task < b.task ? -1 : a.task > b.task ? 1 : a.i - b.i));
    return [...order.map(({ i }) => texts[i] as string), result];
  }
  return [...texts, result];
}

/** Generates programs, and hands each to `check` with what it was lowered to. */
async function each(
  mood: Mood,
  count: number,
  check: (one: {
    seed: number;
    source: string;
    native: [Module, Program];
    lowered: [Module, Program];
  }) => Promise<void>,
): Promise<void> {
  for (let done = 0; done < count; done += BATCH) {
    const seeds = Array.from({ length: Math.min(BATCH, count - done) }, (_, i) => SEED + done + i);
    const sources = seeds.map((seed) => generateProgram(seed, mood));
    const text = moduleOf(sources);
    const native = evaluate(text);
    const other = evaluate(lowered(text));
    for (const [i, seed] of seeds.entries()) {
      await check({
        seed,
        source: sources[i] as string,
        native: [native, native.programs[i] as Program],
        lowered: [other, other.programs[i] as Program],
      });
    }
  }
}

describe("native and lowered code agree", () => {
  it.each(["plain", "mixed"] as const)("in %s programs [S16.54]", async (mood) => {
    await each(mood, PROGRAMS, async ({ seed, source, native, lowered }) => {
      const expected = promised(await run(seed, ...native), mood);
      const found = promised(await run(seed, ...lowered), mood);
      expect(found, `seed ${seed} (BEAMISH_AGREEMENT_SEED), mood ${mood}:\n${source}`).toEqual(expected);
    });
  });
});

/** Counts the steps beside what is tested. */
const CLOCK = `const clock = (async () => { for (let step = 1; step < 12; step++) { await null; log("step", step); } })();`;

/** What random programs do not do, or would not tell apart; the whole log has to be the same. */
const BY_HAND: Record<string, string> = {
  "a then that is a getter": `const o = { n: 0, get then() { log("read", ++this.n); return (yes) => yes("v"); } };
    log(await o, await (async () => o)(), await (async () => 1)().then(() => o));`,
  "a then that cannot be read": `const o = { get then() { throw new Error("bad"); } };
    for (const f of [async () => await o, async () => o]) try { await f(); } catch (e) { log(e); }`,
  "thenables that throw, call twice, and stand for another": `
    try { await { then() { throw new Error("bad"); } }; } catch (e) { log(e); }
    log(await { then(yes, no) { yes(1); no(2); throw 3; } }, await { then(yes) { yes({ then(deep) { deep("deep"); } }); } });`,
  "a promise with a then of its own": `const p = Promise.resolve(1); p.then = () => log("never"); log(await p);`,
  "the same task awaited again": `const t = (async () => { await process.sleep(1); throw new Error("x"); })();
    for (const n of [1, 2]) try { await t; } catch (e) { log(n, e); }
    log((await Promise.allSettled([t, t])).map((one) => one.status));`,
  "results that stand for themselves": `let t; t = (async () => { await null; return t; })(); try { await t; } catch (e) { log(e); }
    const c = (async () => {})().then(() => c); try { await c; } catch (e) { log(e); }`,
  "generators closed early": `async function* g() { try { log("in"); yield 1; } finally { log("out"); await process.sleep(1); log("end"); } }
    log(await g().return(3)); const b = g(); await b.next(); log(await b.return(4));
    const c = g(); await c.next(); try { await c.throw(new Error("t")); } catch (e) { log(e); }
    for await (const x of g()) { try { break; } finally { log("body", x); } }`,
  "steps of a loop that is left": `${CLOCK} for await (const x of [1, 2]) { log(x); if (x === 2) break; } log("over"); await clock;`,
  "steps of a loop over a generator that throws": `async function* g() { try { yield 0; yield 1; } finally { log("closed"); } } ${CLOCK}
    try { for await (const x of g()) throw x; } catch { log("caught"); } await clock;`,
  "steps of finally": `const f = async () => 1; const no = async () => { throw 1; }; ${CLOCK}
    f().finally(f).then(() => log("a")); f().finally(() => 1).then(() => log("b")); no().finally(f).catch(() => log("c"));
    f().then(f).then(() => log("d")); (async () => f())().then(() => log("e")); await clock;`,
  "steps of a generator with a generator in it": `async function* inner() {} async function* outer() { yield 0; return yield* inner(); }
    const g = outer(); ${CLOCK} g.next().then(() => log("first")); g.next().then(() => log("second")); await clock;`,
};

describe("native and lowered code agree by hand", () => {
  it.each(Object.keys(BY_HAND))("about %s [S16.54]", async (name) => {
    const text = moduleOf([`async (process, log) => { ${BY_HAND[name]} }`]);
    const [native, other] = [evaluate(text), evaluate(lowered(text))];
    const expected = promised(await run(1, native, native.programs[0] as Program), "plain");
    const found = promised(await run(1, other, other.programs[0] as Program), "plain");
    expect(expected.length).toBeGreaterThan(1);
    expect(found).toEqual(expected);
  });
});

/** What is wrong with the log of a program that was ended in the midst, of which `before` lines were there. */
function complaints(lines: readonly Line[], before: number): string[] {
  const wrong: string[] = [];
  const entered = new Map<string, string[]>();
  for (const [i, { task, kind, text }] of lines.entries()) {
    if (kind === "caught" && i >= before) wrong.push(`${task} caught ${text}`);
    const stack = entered.get(task) ?? [];
    entered.set(task, stack);
    // What a function has called and waits for is left before it is.
    if (kind === "enter") stack.push(text);
    else if (kind === "leave") {
      if (stack.at(-1) === text) stack.pop();
      else wrong.push(`${task} leaves ${text}, and ${stack.at(-1)} is the innermost`);
    }
  }
  for (const [task, stack] of entered) for (const text of stack) wrong.push(`${task} never leaves ${text}`);
  return wrong;
}

/** Runs a program until a moment that the seed chooses, and ends it there. */
async function runAndEnd(
  seed: number,
  { child, shown }: Module,
  program: Program,
): Promise<{ lines: Line[]; before: number; wasEnded: boolean }> {
  const lines: Line[] = [];
  let before = 0;
  let wasEnded = false;
  await simulate(seed, async (sim: Simulation) => {
    const random = new SeededRandom(seed);
    sim.define("sim:child", child);
    const end = (pid: string) => {
      before = lines.length;
      // Code that runs now goes on to its next wait, which is still in the same breath.
      queueMicrotask(() => {
        before = lines.length;
      });
      sim.terminate(pid);
    };
    // Half of them are ended while they run, by a line of their own log, half of them while they wait.
    const atLine = random.once(2) ? 1 + random.below(30) : Number.POSITIVE_INFINITY;
    let running = "";
    const log = logOf(lines, shown, () => {
      if (lines.length === atLine) end(running);
    });
    // Who comes to its own end in that breath has not been ended: what it has started is dropped.
    sim.watch((event) => {
      if (event.kind === "exited" && event.pid === running) wasEnded = event.result.error === "process terminated";
    });
    const pid = await sim.spawn((process: Process) => {
      running = process.pid();
      return program(process, log);
    });
    if (atLine === Number.POSITIVE_INFINITY) {
      const untilMs = random.below(12);
      while (sim.nowMs < untilMs && sim.isAlive(pid)) await sim.advance(1);
      for (let steps = random.below(4); steps > 0; steps--) await sim.step();
      if (sim.isAlive(pid)) end(pid);
    }
    await sim.untilIdle();
  });
  return { lines, before, wasEnded };
}

describe("lowered code that is ended in the midst", () => {
  it("leaves each function it has entered once, innermost first, and catches nothing [S16.55]", async () => {
    let ended = 0;
    await each("ended", ENDED, async ({ seed, source, lowered }) => {
      const { lines, before, wasEnded } = await runAndEnd(seed, ...lowered);
      if (!wasEnded) return;
      ended++;
      expect(complaints(lines, before), `seed ${seed} (BEAMISH_AGREEMENT_SEED), mood ended:\n${source}`).toEqual([]);
    });
    expect(ended).toBeGreaterThan(ENDED / 3);
  });
});
