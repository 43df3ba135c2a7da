/**
 * A folder with what modules were compiled to, so that an unchanged module is not compiled again: under XDG_CACHE_HOME or
 * ~/.cache, in `beamish`. It may be deleted at any time. `BEAMISH_CACHE=off` does without.
 *
 * A file is called by the hash of all that decides its content, so it never goes out of date; it begins with the hash
 * of the rest, so a damaged one is noticed. Files appear whole, by a rename. Whatever goes wrong, the module is compiled.
 */
import { createHash, randomUUID } from "node:crypto";
import { mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { homedir } from "node:os";
import { join } from "node:path";

/** Files older than this are removed. */
const KEPT_MS = 30 * 24 * 60 * 60 * 1_000;

/** Where compiled modules are kept by default; `null` when they are not. */
export function defaultCacheFolder(env: NodeJS.ProcessEnv = process.env): string | null {
  if (env.BEAMISH_CACHE === "off") return null;
  const home = env.XDG_CACHE_HOME;
  return join(home?.startsWith("/") ? home : join(homedir(), ".cache"), "beamish");
}

/** Which folder, and what else decides what comes of a module. */
export interface CompiledCacheSettings {
  readonly folder: string;
  /** Another text for another compiler, see {@link compilerVersion}. */
  readonly version: string;
}

/** Compiled modules in a folder, by what they were compiled from. Nothing is looked at before the first module. */
export class CompiledCache {
  readonly #folder: string;
  readonly #version: string;
  #isTidy = false;

  constructor({ folder, version }: CompiledCacheSettings) {
    this.#folder = folder;
    this.#version = version;
  }

  /** The name of what comes of a module. */
  key(...from: readonly string[]): string {
    return hashOf(JSON.stringify([this.#version, ...from]));
  }

  /** What a module was compiled to; `null` when that is not known. */
  get(key: string): string | null {
    try {
      const text = readFileSync(this.#path(key), "utf8");
      const end = text.indexOf("\n");
      const compiled = text.slice(end + 1);
      return text.slice(0, end) === hashOf(compiled) ? compiled : null;
    } catch {
      return null;
    }
  }

  /** Remembers what a module was compiled to. */
  put(key: string, compiled: string): void {
    const unfinished = join(this.#folder, `${key}.${randomUUID()}.part`);
    try {
      mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
      this.#removeOld();
      writeFileSync(unfinished, `${hashOf(compiled)}\n${compiled}`, { mode: 0o600 });
      renameSync(unfinished, this.#path(key));
    } catch {
      removeQuietly(unfinished);
    }
  }

  #path(key: string): string {
    return join(this.#folder, `${key}.js`);
  }

  /** Removes what has been there for long, once. */
  #removeOld(): void {
    if (this.#isTidy) return;
    this.#isTidy = true;
    const oldest = Date.now() - KEPT_MS;
    for (const name of readdirSync(this.#folder)) {
      if (!/^[0-9a-f]{64}\./.test(name)) continue;
      const path = join(this.#folder, name);
      if ((statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? oldest) < oldest) rmSync(path, { force: true });
    }
  }
}

/** Removes a file if that is possible: a path that leads through a file is an error even to a forced removal. */
function removeQuietly(path: string): void {
  try {
    rmSync(path, { force: true });
  } catch {}
}

function hashOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/**
 * A text that is another one when the compiler is: our package.json, which has the exact versions of the packages, and
 * what our own part of the compiler looks like on disk, for those who work on it.
 */
export function compilerVersion(): string {
  const here = new URL(".", import.meta.url);
  const files = readdirSync(here, { withFileTypes: true })
    .filter(
      (file) =>
        file.isFile() && /^(?:lowering|mappings|module-compiler|syntax-tree|woven-text)\.[jt]s$/.test(file.name),
    )
    .map(({ name }) => {
      const { mtimeMs, size } = statSync(new URL(name, here));
      return `${name} ${mtimeMs} ${size}`;
    });
  return [readFileSync(new URL("../../package.json", here), "utf8"), ...files.sort()].join("\n");
}
