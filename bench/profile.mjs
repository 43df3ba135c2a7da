/**
 * Where our time goes: `node bench/profile.mjs rows... [--top N] [--young-mb N] [--native]`.
 *
 * Runs each row's program under Node's CPU profiler and prints the functions with the most time of their own, the
 * garbage collector among them. For finding what to improve; the profiler itself costs time, so the figures of the
 * program are not for the table.
 */
import { execFileSync } from "node:child_process";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { parseArgs } from "node:util";
import { beamishCommand, DEFAULT_YOUNG_MB } from "./commands.mjs";
import { choosePrograms } from "./rows.mjs";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    top: { type: "string", default: "15" },
    "young-mb": { type: "string", default: String(DEFAULT_YOUNG_MB) },
    native: { type: "boolean", default: false },
  },
});

for (const each of choosePrograms(positionals)) {
  const directory = mkdtempSync(join(tmpdir(), "beamish-profile-"));
  try {
    const { file, args } = beamishCommand(each, {
      size: each.size,
      youngMb: Number(values["young-mb"]),
      native: values.native,
      extraFlags: ["--cpu-prof", `--cpu-prof-dir=${directory}`],
    });
    execFileSync(file, args, { stdio: ["ignore", "ignore", "inherit"] });
    const profile = mainThread(readdirSync(directory));
    console.log(`\n${each.program}`);
    for (const line of heaviest(JSON.parse(readFileSync(join(directory, profile), "utf8")), Number(values.top))) {
      console.log(line);
    }
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Node's module hooks may have a thread of their own, with a profile of its own: CPU.<date>.<time>.<pid>.<thread>.<n>. */
function mainThread(names) {
  return names.find((name) => name.split(".")[4] === "0") ?? names[0];
}

/** The lines of the table: share, milliseconds, function, file and line; most time first. */
function heaviest({ nodes, samples, timeDeltas }, top) {
  const frames = new Map(nodes.map((node) => [node.id, node.callFrame]));
  const ownTime = new Map();
  let total = 0;
  for (const [index, id] of samples.entries()) {
    const { functionName, url, lineNumber } = frames.get(id);
    const place = url === "" ? "" : `  ${basename(url)}:${lineNumber + 1}`;
    const key = `${functionName || "(anonymous)"}${place}`;
    if (key === "(idle)" || key === "(program)") continue;
    ownTime.set(key, (ownTime.get(key) ?? 0) + timeDeltas[index]);
    total += timeDeltas[index];
  }
  return [...ownTime]
    .sort((a, b) => b[1] - a[1])
    .slice(0, top)
    .map(([key, time]) => {
      const share = ((100 * time) / total).toFixed(1).padStart(5);
      return `${share} %  ${(time / 1000).toFixed(0).padStart(6)} ms  ${key}`;
    });
}
