/**
 * `npm test`: makes the checkout ready, then lint, types, package, tests. Every step runs even when an earlier one failed, so
 * one run shows all there is to mend. The last line is the count, taken from vitest's own report:
 *
 *   tests: 120 passed, 0 failed, 2 skipped
 *
 * Exit code 0 only if every step succeeded. Arguments go to vitest: `npm test -- src/kernel`.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build, checkNode, installPackages, packageStep, say } from "./prepare.mjs";

if (!checkNode() || !installPackages()) process.exit(1);

/** @type {string[]} */
const failedSteps = [];
/**
 * @param {string} name
 * @param {boolean} ok
 */
function note(name, ok) {
  if (!ok) failedSteps.push(name);
}

const reportFolder = mkdtempSync(join(tmpdir(), "beamish-tests-"));
const report = join(reportFolder, "report.json");

note("build", build());
note("lint", packageStep("lint", "@biomejs/biome/bin/biome", ["check", "."], 1));
note("types", packageStep("types", "typescript/bin/tsc", ["-p", "tsconfig.test.json"], 1));
note("package", packageStep("package", "publint/src/cli.js", [".", "--strict", "--pack", "false"], 1));
note(
  "tests",
  packageStep(
    "tests",
    "vitest/vitest.mjs",
    ["run", "--reporter=default", "--reporter=json", `--outputFile.json=${report}`, ...process.argv.slice(2)],
    1,
  ),
);

const count = countTests();
rmSync(reportFolder, { recursive: true });
if (failedSteps.length > 0) say(`FAILED: ${failedSteps.join(", ")}`);
process.stdout.write(`${count}\n`);
process.exitCode = failedSteps.length > 0 ? 1 : 0;

/** The last line. A file that could not be loaded has no tests to count, so it counts as one failed. */
function countTests() {
  /** @type {{ numPassedTests: number, numFailedTests: number, numPendingTests: number, numTodoTests: number,
   *   testResults: { status: string, name: string, assertionResults: { status: string }[] }[] }} */
  let results;
  try {
    results = JSON.parse(readFileSync(report, "utf8"));
  } catch {
    note("tests wrote no report", false);
    return "tests: 0 passed, 0 failed";
  }
  const unloaded = results.testResults.filter(
    (file) => file.status === "failed" && !file.assertionResults.some((test) => test.status === "failed"),
  ).length;
  const failed = results.numFailedTests + unloaded;
  const skipped = results.numPendingTests + results.numTodoTests;
  if (failed > 0 && !failedSteps.includes("tests")) note("tests", false);
  return `tests: ${results.numPassedTests} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`;
}
