/**
 * `npm start`: makes the checkout ready, then runs the example application with `bin/beamish run examples/flights`.
 * Further arguments (`npm start -- --help`) are handed on; the exit code is that of the application.
 */
import { spawn } from "node:child_process";
import { constants } from "node:os";
import { join } from "node:path";
import { prepare, root, say } from "./prepare.mjs";

if (!prepare()) {
  say("The example was not started, because a step above failed.");
  process.exit(1);
}

const args = [join(root, "bin", "beamish"), "run", join("examples", "flights"), ...process.argv.slice(2)];
say(`start: beamish ${args.slice(1).join(" ")}`);
const child = spawn(process.execPath, args, { cwd: root, stdio: "inherit" });

// Ctrl-C reaches the child by itself (same terminal); this program only has to outlive it.
process.on("SIGINT", () => {});
process.on("SIGTERM", () => child.kill("SIGTERM"));
child.on("error", (error) => {
  say(`start: ${error.message}`);
  process.exitCode = 1;
});
child.on("exit", (code, signal) => {
  process.exitCode = signal === null ? (code ?? 1) : 128 + constants.signals[signal];
});
