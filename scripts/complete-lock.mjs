/**
 * Lists in package-lock.json the builds for other platforms that npm left out. Some packages come with one optional
 * package per platform; npm drops those it cannot reach, as behind a mirror that carries only some, and `npm ci` then
 * refuses the lock file everywhere. What is added is what the parent pins, without a checksum, since there was no file
 * to take one from. Run it after `npm install <package>` when test/tidy/lock-file.test.ts asks for it.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

/** @typedef {{ version?: string, cpu?: string[], dev?: boolean, libc?: string[], optional?: boolean, os?: string[], optionalDependencies?: Record<string, string> }} Entry */

const SYSTEMS = ["aix", "android", "darwin", "freebsd", "linux", "netbsd", "openbsd", "openharmony", "sunos", "win32"];

const path = fileURLToPath(new URL("../package-lock.json", import.meta.url));
const lock = JSON.parse(readFileSync(path, "utf8"));
/** @type {Record<string, Entry>} */
const packages = lock.packages;

/** The entry of a package called like `@scope/name-linux-x64-musl`. @param {string} name @param {string} version @param {Entry} parent @returns {Entry} */
function platformEntry(name, version, parent) {
  const words = (name.split("/").at(-1) ?? "").split("-");
  const at = words.findIndex((word) => SYSTEMS.includes(word));
  const [os, cpu, abi] = words.slice(at);
  if (at === -1 || os === undefined || cpu === undefined) throw new Error(`${name}: which platform is this for?`);
  const libc = abi?.startsWith("musl") ? "musl" : os === "linux" ? "glibc" : undefined;
  return {
    version,
    cpu: [cpu],
    ...(parent.dev ? { dev: true } : {}),
    ...(libc === undefined ? {} : { libc: [libc] }),
    optional: true,
    os: [os],
  };
}

for (const parent of Object.values({ ...packages })) {
  for (const [name, version] of Object.entries(parent.optionalDependencies ?? {})) {
    if (packages[`node_modules/${name}`] !== undefined) continue;
    packages[`node_modules/${name}`] = platformEntry(name, version, parent);
    console.log(`added ${name} ${version}`);
  }
}
lock.packages = Object.fromEntries(Object.entries(packages).sort(([a], [b]) => a.localeCompare(b, "en")));
writeFileSync(path, `${JSON.stringify(lock, null, 2)}\n`);
