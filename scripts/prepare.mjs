/**
 * Gets a checkout ready to run: the right Node, the packages of package-lock.json, an up-to-date dist/.
 *
 *   checkNode ──▶ installPackages ──▶ build
 *
 * Runs before node_modules exists, so it uses nothing but Node. Every step says what it does and how long it took,
 * on stderr; a step with nothing to do is quick. `npm start` and `npm test` begin here; alone it is
 * `node scripts/prepare.mjs`.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { bindConstants } from "./bind-imports.mjs";

/** The folder of the checkout, without a slash at the end. */
export const root = fileURLToPath(new URL("..", import.meta.url)).replace(/[\\/]$/, "");

/** The lowest Node that works, as in `engines` of package.json. */
const LOWEST_NODE = { major: 20, minor: 19 };

/**
 * Prints one line about progress, on stderr.
 * @param {string} text
 */
export function say(text) {
  process.stderr.write(`${text}\n`);
}

/**
 * Runs a program to its end with nothing on stdin, then says how long it took. What it prints goes to stderr, as the
 * progress lines do, unless `output` is 1.
 * @param {string} name what the step is called
 * @param {string} command
 * @param {string[]} args
 * @param {1 | 2} output
 * @param {string} folder where it runs
 * @returns {boolean} whether it ended with exit code 0
 */
export function step(name, command, args, output = 2, folder = root) {
  const begunMs = performance.now();
  const result = spawnSync(command, args, { cwd: folder, stdio: ["ignore", output, 2] });
  const took = `${((performance.now() - begunMs) / 1000).toFixed(1)} s`;
  const ok = result.status === 0;
  if (ok) say(`${name}: ok, ${took}`);
  else if (result.error) say(`${name}: FAILED, ${result.error.message}`);
  else say(`${name}: FAILED after ${took} (${result.signal ?? `exit code ${result.status}`})`);
  return ok;
}

/**
 * Runs the JavaScript program `file`, a path inside node_modules, with this Node.
 * @param {string} name
 * @param {string} file
 * @param {string[]} args
 * @param {1 | 2} [output]
 */
export function packageStep(name, file, args, output) {
  return step(name, process.execPath, [join(root, "node_modules", file), ...args], output);
}

/** Says so and returns false when this Node is too old. */
export function checkNode() {
  const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
  if (major > LOWEST_NODE.major || (major === LOWEST_NODE.major && minor >= LOWEST_NODE.minor)) return true;
  say(`beamish needs Node ${LOWEST_NODE.major}.${LOWEST_NODE.minor} or newer; this is ${process.versions.node}.`);
  return false;
}

/**
 * Why `npm ci` has to run, or null when node_modules holds what package-lock.json asks for. Compares the lock with the
 * list npm itself leaves in node_modules; packages for another platform may be missing, nothing else.
 * @param {string} folder
 */
export function whyInstall(folder = root) {
  const installed = join(folder, "node_modules", ".package-lock.json");
  if (!existsSync(installed)) return "node_modules is missing or incomplete";
  const want = JSON.parse(readFileSync(join(folder, "package-lock.json"), "utf8")).packages;
  const have = JSON.parse(readFileSync(installed, "utf8")).packages;
  for (const [path, entry] of Object.entries(want)) {
    if (path === "" || have[path]?.version === entry.version) continue;
    if (have[path] === undefined && entry.optional && !isForThisPlatform(entry)) continue;
    return `${path} is ${have[path]?.version ?? "missing"}, package-lock.json wants ${entry.version}`;
  }
  return null;
}

/** @param {{ os?: string[], cpu?: string[], libc?: string[] }} entry a package of the lock file */
function isForThisPlatform(entry) {
  const fits = entry.os?.includes(process.platform) && entry.cpu?.includes(process.arch);
  // Which C library this is cannot be told cheaply, so such a package may be missing.
  return Boolean(fits) && entry.libc === undefined;
}

/**
 * Runs `npm ci` when it is needed. Returns false when it failed.
 * @param {string} folder the package whose dependencies are wanted
 */
export function installPackages(folder = root) {
  const why = whyInstall(folder);
  if (why === null) return true;
  say(`packages: ${why}; running npm ci`);
  const npm = process.env.npm_execpath;
  const [command, ...args] =
    npm?.endsWith(".js") || npm?.endsWith(".cjs")
      ? [process.execPath, npm, "ci"]
      : [process.platform === "win32" ? "npm.cmd" : "npm", "ci"];
  return step("packages", command, args, 2, folder);
}

/** Compiles src/ into dist/, only what changed. Returns false when there were type errors (dist/ is written all the same). */
export function build() {
  // The compiler's notes on what it wrote would be wrong after a removal, so they go too and all is compiled anew.
  if (removeOrphans(join(root, "dist"), join(root, "src"))) {
    rmSync(join(root, "dist", ".build"), { recursive: true, force: true });
  }
  const ok = packageStep("build", "typescript/bin/tsc", ["-b", "tsconfig.node.json"]);
  if (ok) bindConstants(join(root, "dist"));
  return ok;
}

/**
 * Removes compiled files whose source is gone, which tsc leaves behind.
 * @param {string} distFolder
 * @param {string} srcFolder
 * @returns {boolean} whether there were any
 */
function removeOrphans(distFolder, srcFolder) {
  if (!existsSync(distFolder)) return false;
  let removed = false;
  for (const entry of readdirSync(distFolder, { withFileTypes: true })) {
    if (entry.name === ".build") continue;
    const compiled = join(distFolder, entry.name);
    const source = join(
      srcFolder,
      entry.isDirectory() ? entry.name : entry.name.replace(/(\.d)?\.[jt]s(\.map)?$/, ".ts"),
    );
    if (!existsSync(source)) {
      rmSync(compiled, { recursive: true });
      removed = true;
    } else if (entry.isDirectory() && removeOrphans(compiled, source)) removed = true;
  }
  return removed;
}

/** All three steps; stops at the first that fails. */
export function prepare() {
  return checkNode() && installPackages() && build();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) process.exitCode = prepare() ? 0 : 1;
