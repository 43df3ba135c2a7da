/**
 * What happens when Node resolves and loads the modules of an application: the inside of the module loader.
 *
 *     import "./dep.js"  in an application module
 *        │ resolve   finds dep.ts, as TypeScript would; adds the file's version to its URL; reports the import
 *        ▼
 *     file:///app/dep.ts?beamish-version=2
 *        │ load      erases types, with a source map, so that stack traces show the author's lines
 *        ▼
 *     JavaScript
 *
 * A module is the application's when the loader was asked for it or an application module imports it, packages under
 * node_modules excepted. All other modules of this operating-system process pass through untouched.
 *
 * `beamish` means the running copy, for application modules and for the packages they import, whatever is installed
 * beside the application: two copies would not know each other's errors and processes.
 *
 * Node calls hooks in one of two ways, and the file serves both: where `module.registerHooks` exists, in the thread
 * itself (class ModuleHooks); before, in a thread of their own, which loads this file and calls `initialize`, `resolve`
 * and `load` (see module-loader.ts).
 */
import { readFileSync, statSync } from "node:fs";
import { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { MessagePort } from "node:worker_threads";
import { CompiledCache, type CompiledCacheSettings } from "./compiled-cache.ts";
import { type CompilerParts, ModuleCompiler, mayHaveAsync } from "./module-compiler.ts";

/** Modules that are given out under a fixed name. */
export interface GivenModules {
  /** The URL that each name stands for. */
  readonly urls: Readonly<Record<string, string>>;
  /** Source text of URLs that are no files. */
  readonly sources: Readonly<Record<string, string>>;
}

/** An application module imports another. URLs are without versions. */
export interface ImportSeen {
  readonly importer: string;
  readonly imported: string;
  /** What the imported file looked like on disk, see {@link stampOf}. */
  readonly stamp: string;
}

const VERSION = /[?&]beamish-version=\d+$/;

/** The URL of a module in one version; version 0 is the URL as it stands. */
export function versionedUrl(url: string, version: number): string {
  return version === 0 ? url : `${url}${url.includes("?") ? "&" : "?"}beamish-version=${version}`;
}

/** A text that is another one when the file has changed; "" when there is no file. */
export function stampOf(path: string): string {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined ? "" : `${stat.mtimeMs} ${stat.size} ${stat.ino}`;
}

/** What is known about the modules of the application, and what to do with them. */
export class ModuleHooks {
  readonly #compiler: ModuleCompiler;
  readonly #given: GivenModules;
  readonly #report: (seen: ImportSeen) => void;
  /** The application's modules, by URL without version. */
  readonly #versions = new Map<string, number>();
  /** Modules of packages that application modules have led to. */
  readonly #packages = new Set<string>();

  constructor(compiler: ModuleCompiler, given: GivenModules, report: (seen: ImportSeen) => void) {
    this.#compiler = compiler;
    this.#given = given;
    this.#report = report;
  }

  /** Makes a module one of the application, and says which version of it to load from now on. */
  setVersion(url: string, version: number): void {
    this.#versions.set(url, version);
  }

  /** Before Node resolves: a URL that is the answer, or the specifier to go on with. */
  redirect(specifier: string, parentUrl: string | undefined): { url?: string; specifier: string } {
    const parent = parentUrl?.replace(VERSION, "") ?? "";
    const isApplication = this.#versions.has(parent);
    if (!isApplication && !this.#packages.has(parent)) return { specifier };
    if (Object.hasOwn(this.#given.urls, specifier)) return { specifier, url: this.#given.urls[specifier] as string };
    if (!isApplication || !/^(\.\.?\/|\/|file:)/.test(specifier)) return { specifier };
    return { specifier: findModule(new URL(specifier, parent)) ?? specifier };
  }

  /** After Node has resolved: the URL to load. */
  resolved(url: string, parentUrl: string | undefined): string {
    const importer = parentUrl?.replace(VERSION, "") ?? "";
    const isApplication = this.#versions.has(importer);
    if (!url.startsWith("file:") || (!isApplication && !this.#packages.has(importer))) return url;
    if (!isApplication || url.includes("/node_modules/")) {
      this.#packages.add(url);
      return url;
    }
    const version = this.#versions.get(url) ?? 0;
    this.#versions.set(url, version);
    this.#report({ importer, imported: url, stamp: stampOf(fileURLToPath(url)) });
    return versionedUrl(url, version);
  }

  /** The JavaScript of a module, or `null` to let Node load it. Throws a SyntaxError that shows file, line and column. */
  source(url: string): string | null {
    if (Object.hasOwn(this.#given.sources, url)) return this.#given.sources[url] as string;
    const plain = url.replace(VERSION, "");
    if (!this.#versions.has(plain) || !/\.m?ts(\?|$)/.test(plain)) return null;
    const path = fileURLToPath(plain);
    return this.#compiler.compile(path, readFileSync(path, "utf8"));
  }

  /** What Node has loaded, with `async` functions lowered if it is a JavaScript module of the application. */
  lowered<Loaded>(url: string, loaded: Loaded): Loaded {
    const plain = url.replace(VERSION, "");
    if (!this.#compiler.lowers || !this.#versions.has(plain)) return loaded;
    // Whether a .js file is a module or CommonJS, Node has just found out.
    const { format, source } = loaded as { format?: unknown; source?: string | Uint8Array | null };
    if (format !== "module" || source == null) return loaded;
    const text = typeof source === "string" ? source : Buffer.from(source).toString();
    return mayHaveAsync(text) ? { ...loaded, source: this.#compiler.compile(fileURLToPath(plain), text) } : loaded;
  }
}

/**
 * The file that an import means in TypeScript: itself, the `.ts` behind a `.js`, or the one that has an ending more.
 * `null` when there is none.
 */
function findModule(wanted: URL): string | null {
  const query = wanted.search;
  const path = fileURLToPath(new URL(wanted.pathname, "file:"));
  const candidates = [path];
  if (/\.m?js$/.test(path)) candidates.push(path.replace(/js$/, "ts"));
  for (const ending of [".ts", ".mts", ".js", ".mjs"]) candidates.push(path + ending);
  for (const index of ["index.ts", "index.mts", "index.js", "index.mjs"]) {
    candidates.push(`${path}${path.endsWith("/") ? "" : "/"}${index}`);
  }
  const found = candidates.find((candidate) => statSync(candidate, { throwIfNoEntry: false })?.isFile());
  return found === undefined ? null : pathToFileURL(found).href + query;
}

/** What Node hands to a resolve hook, as far as it is used. */
export interface ResolveContext {
  readonly parentURL?: string | undefined;
  readonly conditions?: readonly string[] | undefined;
}

/** What a hook's successor answers for a specifier. */
export interface Resolved {
  readonly url: string;
  readonly format?: string | null | undefined;
  readonly shortCircuit?: boolean | undefined;
}

/** What the thread of the hooks is started with. */
export interface HooksThreadData {
  readonly port: MessagePort;
  readonly given: GivenModules;
  /** Where the parts of the compiler are, see {@link openParts}. */
  readonly partsUrl: string;
  readonly lowers: boolean;
  readonly cache: CompiledCacheSettings | null;
}

/** A module's version, told to the thread of the hooks, which answers each message with `null`. */
export type VersionsToSet = readonly (readonly [url: string, version: number])[];

let hooks: ModuleHooks | undefined;

/**
 * How to get the parts of the compiler from the URL of compiler-parts. A file is loaded when they are first asked for;
 * a data: URL, which takes the place of one in a test runner, at once.
 */
export async function openParts(partsUrl: string): Promise<() => CompilerParts> {
  if (partsUrl.startsWith("data:")) {
    const parts = (await import(partsUrl)) as CompilerParts;
    return () => parts;
  }
  return () => createRequire(partsUrl)(fileURLToPath(partsUrl)) as CompilerParts;
}

/** Called once by Node in the thread of the hooks. */
export async function initialize(data: HooksThreadData): Promise<void> {
  const { port, given, partsUrl, lowers, cache } = data;
  const compiler = new ModuleCompiler({
    parts: await openParts(partsUrl),
    lowers,
    cache: cache && new CompiledCache(cache),
  });
  const started = new ModuleHooks(compiler, given, (seen) => port.postMessage(seen));
  port.on("message", (versions: VersionsToSet) => {
    for (const [url, version] of versions) started.setVersion(url, version);
    port.postMessage(null);
  });
  port.unref();
  hooks = started;
}

/** The hook for `module.register`. */
export async function resolve(
  specifier: string,
  context: ResolveContext,
  next: (specifier: string, context: ResolveContext) => Promise<Resolved>,
): Promise<Resolved> {
  const begun = hooks?.redirect(specifier, context.parentURL) ?? { specifier };
  if (begun.url !== undefined) return { url: begun.url, format: "module", shortCircuit: true };
  const found = await next(begun.specifier, context);
  return { ...found, url: hooks?.resolved(found.url, context.parentURL) ?? found.url };
}

/** The hook for `module.register`. */
export async function load<Context, Loaded>(
  url: string,
  context: Context,
  next: (url: string, context: Context) => Promise<Loaded>,
): Promise<Loaded | { format: "module"; source: string; shortCircuit: true }> {
  const source = hooks?.source(url) ?? null;
  if (source !== null) return { format: "module", source, shortCircuit: true };
  const loaded = await next(url, context);
  return hooks?.lowered(url, loaded) ?? loaded;
}
