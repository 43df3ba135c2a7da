/**
 * Runs one row on our side.
 *
 *   node launch.mjs <row> <warm-ups> <repetitions> <size> [--native | --lua]
 *
 * The programs of this folder are an application as a user writes one: entries in _index.yaml, processes in modules
 * which the runtime's module loader loads, async functions that await their inbox. This file does what an embedding
 * program does: makes a runtime of the application and executes the row's main process again and again, each time
 * afresh. That process reads the clock itself, around the same steps as its Erlang twin. What it returns is printed, one
 * line of JSON per repetition and figure: {"row": ..., "value": ...}, see rows.mjs for what the value is.
 *
 * With --native the same functions are handed to the runtime as functions, not as modules of an application. The
 * difference is what the module loader makes of them. With --lua the application is that of ../lua.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import { parseArgs } from "node:util";
import { createRuntime } from "beamish";
import { transformSync } from "oxc-transform";
import { allowInlining } from "../../dist/cli/inlining.js";
import { capYoungGeneration } from "../../dist/cli/young-generation.js";

const HOST = "bench:processes";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { native: { type: "boolean" }, lua: { type: "boolean" } },
});
const application = fileURLToPath(new URL(values.lua ? "../lua/" : ".", import.meta.url));
const [row, ...numbers] = positionals;
const [warmups, repetitions, size] = numbers.map(Number);

// As `beamish run` does.
allowInlining();
capYoungGeneration();
const runtime = await createRuntime({
  ...(values.native ? { hosts: { [HOST]: {} }, processes: await nativeProcesses(row) } : { app: application }),
  // The alarm about a long mailbox is what the row `flood` is about; only errors are of interest here.
  log: (record) => {
    if (record.level === "error") console.error(JSON.stringify(record));
  },
});
// The application has no service, so nothing has started its host yet.
if (!values.native) await runtime.startHost(HOST);
if (row === "guarded-send") await runtime.policies.change({ set: guards() });
for (let i = 0; i < warmups + repetitions; i++) {
  const result = await runtime.exec(`bench:${row}`, HOST, size);
  if (i < warmups) continue;
  const figures = typeof result === "number" ? { [row]: result } : result;
  for (const [name, value] of Object.entries(figures)) console.log(JSON.stringify({ row: name, value }));
}
await runtime.stop();

/** Twenty policies of one group: nineteen that are about something else in one way or another, and one that allows. */
function guards() {
  const other = Array.from({ length: 19 }, (_, i) => ({
    id: `bench:guard-${i}`,
    effect: i % 3 === 0 ? "deny" : "allow",
    groups: ["bench:guards"],
    ...[
      { actions: ["process.spawn*", "process.exec"], resources: `bench:worker-${i}` },
      {
        actions: "process.send",
        conditions: [{ field: "meta.target_entry", operator: "matches", value: `^other:w${i}` }],
      },
      { expression: `actor.meta.team == "team-${i}" && action.startsWith("process.")` },
    ][i % 3],
  }));
  const conditions = [{ field: "actor.meta.team", operator: "eq", value: "red" }];
  return [
    ...other,
    { id: "bench:guard-last", effect: "allow", actions: "process.*", conditions, groups: ["bench:guards"] },
  ];
}

/** The exported functions of a row's module, under the ids they have in _index.yaml. Node 20 wants its types erased. */
async function nativeProcesses(row) {
  const path = join(application, `${row}.ts`);
  const { code } = transformSync(path, readFileSync(path, "utf8"), { lang: "ts", sourceType: "module" });
  const directory = mkdtempSync(join(tmpdir(), "beamish-native-"));
  try {
    const file = join(directory, `${row}.mjs`);
    writeFileSync(file, code);
    const exported = await import(pathToFileURL(file).href);
    return Object.fromEntries(
      Object.entries(exported).map(([name, run]) => [name === "main" ? `bench:${row}` : `bench:${row}.${name}`, run]),
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}
