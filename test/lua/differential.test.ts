/**
 * Random programs log the same whether they are never interrupted, interrupted all the time, or run by the
 * reference interpreter (S11.13, S11.25, S11.32). program-generator.ts makes them up, and says what must be the same.
 */
import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import { BareIsland } from "../support/bare-island.ts";
import { generateProgram, type Mood, PRELUDE } from "./program-generator.ts";

/** The first seed of a run, and how many programs there are of each mood. */
const SEED = Number(process.env.BEAMISH_LUA_SEED ?? 1);
const PROGRAMS = Number(process.env.BEAMISH_LUA_PROGRAMS ?? 2_000);
const WAITING_PROGRAMS = Math.ceil(PROGRAMS / 4);
/** How many programs stand in one chunk. */
const BATCH = 20;
/**
 * After how many instructions programs are interrupted, by turns. Every instruction is an opportunity; to be interrupted at
 * all of them takes long, so most batches are so at every few, and where depends on the batch.
 */
const SLICES = [1, 31, 47, 60, 83, 37, 101, 53, 41, 71, 29, 97, 43, 59, 67, 73, 61, 89, 79, 103];

/** Some programs and the chunk that they stand in: it returns a function that answers their logs as a list. */
interface Batch {
  readonly seeds: readonly number[];
  readonly programs: readonly string[];
  readonly chunk: string;
}

function batches(mood: Mood, count: number): Batch[] {
  return Array.from({ length: Math.ceil(count / BATCH) }, (_, n) => {
    const first = SEED + n * BATCH;
    const seeds = Array.from({ length: Math.min(BATCH, count - n * BATCH) }, (_, i) => first + i);
    const programs = seeds.map((seed) => generateProgram(seed, mood));
    const list = programs.map((program) => `logs[#logs + 1] = (${program})()`).join("\n");
    return { seeds, programs, chunk: `${PRELUDE}\nreturn function()\nlocal logs = {}\n${list}\nreturn logs\nend` };
  });
}

/** What the engine makes of each batch. */
function run(all: readonly Batch[]): string[][] {
  const island = new BareIsland();
  return all.map((batch) => runBatch(island, batch));
}

/** The same, interrupted; and how often that was. */
function runInterrupted(all: readonly Batch[]): { logs: string[][]; preemptions: number } {
  const islands = SLICES.map(
    (sliceInstructions) => new BareIsland({ slicing: { sliceInstructions, hookInstructions: 1 } }),
  );
  const logs = all.map((batch, n) => runBatch(islands[n % islands.length] as BareIsland, batch));
  const isolates = islands.flatMap((island) => island.engine.isolates.all);
  return { logs, preemptions: isolates.reduce((sum, { usage }) => sum + usage.preemptions, 0) };
}

function runBatch(island: BareIsland, { chunk }: Batch): string[] {
  island.define("app:batch", chunk);
  return island.exec("app:batch") as string[];
}

/**
 * Reads chunks from its input, each after its length; writes for each program its log after its length. What orders elements
 * or replaces matches is called by Lua, as our library does it, and not by C: there it could not wait.
 */
const REFERENCE_DRIVER = `
local sort, gsub = table.sort, string.gsub
function table.sort(t, before)
  if not before then return sort(t) end
  local sorted = table.move(t, 1, #t, 1, {})
  for at = 2, #sorted do
    local element, place = sorted[at], at
    while place > 1 and before(element, sorted[place - 1]) do
      sorted[place], place = sorted[place - 1], place - 1
    end
    sorted[place] = element
  end
  table.move(sorted, 1, #sorted, 1, t)
end
function replaced(s, pattern, with)
  local found, values = {}, {}
  gsub(s, pattern, function(...) found[#found + 1] = table.pack(...) end)
  for i, captures in ipairs(found) do
    local value = with(table.unpack(captures, 1, captures.n))
    if value and type(value) ~= "string" and type(value) ~= "number" then
      error("invalid replacement value (a " .. type(value) .. ")", 2)
    end
    values[i] = value or false
  end
  local n = 0
  return gsub(s, pattern, function() n = n + 1 return values[n] end)
end
for length in function() return io.read("n") end do
  io.read(1)
  local chunk = assert(load(io.read(length), "@batch.lua"))
  -- A process is a coroutine itself.
  for _, log in ipairs(coroutine.wrap(chunk())()) do io.write(#log, "\\n", log) end
end
`;

/** What the reference interpreter makes of each batch; `null` when there is none. */
function runReference(all: readonly Batch[]): string[][] | null {
  const input = Buffer.concat(all.map(({ chunk }) => Buffer.from(`${Buffer.byteLength(chunk)}\n${chunk}`)));
  const done = spawnSync("lua5.4", ["-e", REFERENCE_DRIVER], { input, maxBuffer: 2 ** 30 });
  if (done.error !== undefined) return null;
  if (done.status !== 0) throw new Error(done.stderr.toString());
  const logs = logsIn(done.stdout);
  return all.map(({ seeds }) => logs.splice(0, seeds.length));
}

function logsIn(output: Buffer): string[] {
  const logs: string[] = [];
  for (let at = 0; at < output.length; ) {
    const end = output.indexOf(10, at);
    const length = Number(output.subarray(at, end).toString());
    logs.push(new TextDecoder().decode(output.subarray(end + 1, end + 1 + length)));
    at = end + 1 + length;
  }
  return logs;
}

/** Compares two runs of the same programs, log by log, and shows the first program that differs. */
function expectSame(
  all: readonly Batch[],
  mood: Mood,
  found: readonly string[][],
  expected: readonly string[][],
): void {
  for (const [n, { seeds, programs }] of all.entries()) {
    for (const [i, seed] of seeds.entries()) {
      const say = () => `seed ${seed} (BEAMISH_LUA_SEED), mood ${mood}:\n${programs[i]}`;
      const [one, other] = [found[n]?.[i], expected[n]?.[i]];
      if (one !== other) expect(one?.split("\n"), say()).toEqual(other?.split("\n"));
    }
  }
}

describe("random programs", () => {
  it("are the same, interrupted and not, and in the reference interpreter [S11.13, S11.25, S11.32]", () => {
    const all = batches("plain", PROGRAMS);
    const plain = run(all);
    const reference = runReference(all);
    if (reference === null) console.log(`not compared with lua5.4, which is not installed: ${PROGRAMS} programs`);
    else expectSame(all, "plain", plain, reference);
    const interrupted = runInterrupted(all);
    expectSame(all, "plain", interrupted.logs, plain);
    expect(interrupted.preemptions).toBeGreaterThan(PROGRAMS);
  }, 120_000);

  it("are the same, interrupted and not when they wait [S11.11, S11.13, S11.32]", () => {
    const all = batches("waiting", WAITING_PROGRAMS);
    const interrupted = runInterrupted(all);
    expectSame(all, "waiting", interrupted.logs, run(all));
    expect(interrupted.preemptions).toBeGreaterThan(WAITING_PROGRAMS);
  }, 120_000);
});
