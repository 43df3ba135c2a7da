/**
 * Loads the modules of `process.ts` entries, TypeScript and JavaScript, without a build step (S13.13, S13.24).
 *
 *     load(path) ─▶ changed on disk? ─▶ new versions ─▶ import(path?version) ─▶ settled within 10 s? ─▶ exports
 *                        ▲                                    │ module-hooks.ts: resolve, erase types
 *                        └──── who imports whom ◀─────────────┘
 *
 * Node never forgets a module, so whatever must be evaluated anew gets a new URL: each file of the application has a
 * version. A file that changed on disk gets the next one, and so does every file that imports it, directly or not; the
 * other files keep theirs and stay the instances they were. After a failed evaluation the files that no successful load
 * has used get a new version. Old versions stay in memory, so reloading is for development and for upgrades, not for
 * every minute of production.
 *
 * There is one set of hooks and one table of files per thread, whoever asks, as S13.24 counts per thread.
 *
 * Not promised: that a change of a package under node_modules or of a CommonJS file required by another is noticed;
 * settings of a tsconfig.json (`paths`, decorators); `.tsx` and `.cts` files.
 */
import { readFileSync, realpathSync } from "node:fs";
import module, { createRequire } from "node:module";
import { fileURLToPath, pathToFileURL } from "node:url";
import { MessageChannel, receiveMessageOnPort } from "node:worker_threads";
import { CompiledCache, compilerVersion, defaultCacheFolder } from "./compiled-cache.ts";
import { ModuleCompiler, showPlace, type Transform, toJavaScript } from "./module-compiler.ts";
import {
  type GivenModules,
  type HooksThreadData,
  type ImportSeen,
  ModuleHooks,
  openParts,
  type ResolveContext,
  type Resolved,
  stampOf,
  type VersionsToSet,
  versionedUrl,
} from "./module-hooks.ts";

/** Loads modules of an application. */
export interface ModuleLoader {
  /**
   * The exports of a module. The same promise or value as before while neither the file nor any file of the application
   * it imports has changed on disk; evaluated anew after a change or a failure. Looks at the files each time, so keep
   * the answer where speed matters.
   *
   * Rejects with an Error whose message is the cause as S3.21 wants it behind `failed to load module: `. A mistake of
   * syntax reads `file:line:column: text` and shows the line. What the module itself threw is passed on as it is, or is
   * the `cause` if it was no Error.
   */
  load(path: string): Promise<Readonly<Record<string, unknown>>>;
}

/** Settings; tests use them to have no real time pass. */
export interface ModuleLoaderOptions {
  /** How long a top-level await may take, in milliseconds. Default 10000 (S3.26). */
  readonly settleTimeoutMs?: number;
  /** Calls `fire` after `ms` milliseconds unless the function it returns is called before. Default: Node's timers. */
  readonly startTimer?: (ms: number, fire: () => void) => () => void;
  /**
   * Whether `async` functions of the application are lowered (S16.54), and by what `beamish:lowered-code` is given out: a
   * file of ours without ending. The first load of a thread decides. Default {@link LOWERED_CODE}.
   */
  readonly loweredCode?: string | null;
  /** Where compiled modules are kept; `null`: nowhere. The first load of a thread decides. */
  readonly cacheFolder?: string | null;
}

/** What drives lowered code. */
const LOWERED_CODE = "../engines/typescript/lowered-code";

/** Makes a loader. Nothing is loaded or registered before the first `load`. */
export function createModuleLoader(options: ModuleLoaderOptions = {}): ModuleLoader {
  const {
    settleTimeoutMs = 10_000,
    startTimer = startNodeTimer,
    loweredCode = LOWERED_CODE,
    cacheFolder = isSource ? null : defaultCacheFolder(),
  } = options;
  return {
    async load(path) {
      modules ??= openApplicationModules(loweredCode, cacheFolder);
      return (await modules).load(path, (evaluation) => within(evaluation, settleTimeoutMs, startTimer));
    },
  };
}

/** The files of this thread; made by the first load. */
let modules: Promise<ApplicationModules> | undefined;

/** A file of the application. */
interface File {
  version: number;
  /** What it looked like when this version was first asked for. */
  stamp: string;
  /** The files that this version imports. */
  readonly imports: Set<string>;
  /** Whether this version is known to be evaluated without an error. */
  isSound: boolean;
}

type Namespace = Readonly<Record<string, unknown>>;

/** The application's files of this thread, by URL without version. */
class ApplicationModules {
  readonly #hooks: HooksLink;
  readonly #compiler: ModuleCompiler;
  readonly #files = new Map<string, File>();
  readonly #loads = new Map<string, { version: number; outcome: Promise<Namespace>; isSettled: boolean }>();
  /** Files whose version the hooks do not know yet. */
  readonly #untold = new Set<string>();

  constructor(hooks: HooksLink, compiler: ModuleCompiler) {
    this.#hooks = hooks;
    this.#compiler = compiler;
  }

  load(path: string, wait: (evaluation: Promise<Namespace>) => Promise<Namespace>): Promise<Namespace> {
    const url = pathToFileURL(realPath(path)).href;
    this.#learn();
    const known = this.#loads.get(url);
    if (known?.isSettled === false) return known.outcome;
    this.#noticeChanges(known === undefined ? this.#files.keys() : this.#below(url));
    const file = this.#files.get(url) ?? this.#add(url, stampOf(fileURLToPath(url)));
    if (known?.version === file.version) return known.outcome;

    const entry = { version: file.version, outcome: this.#evaluate(url, file.version, wait), isSettled: false };
    this.#loads.set(url, entry);
    entry.outcome = entry.outcome.then(
      (namespace) => {
        entry.isSettled = true;
        this.#learn();
        for (const used of this.#below(url)) (this.#files.get(used) as File).isSound = true;
        return namespace;
      },
      (cause: unknown) => {
        entry.isSettled = true;
        this.#learn();
        this.#loads.delete(url);
        const used = this.#below(url);
        this.#renew([...used].filter((file) => this.#files.get(file)?.isSound === false));
        throw failureOf(cause, used, this.#compiler);
      },
    );
    return entry.outcome;
  }

  async #evaluate(
    url: string,
    version: number,
    wait: (evaluation: Promise<Namespace>) => Promise<Namespace>,
  ): Promise<Namespace> {
    const versions = [...this.#untold].map((file) => [file, (this.#files.get(file) as File).version] as const);
    this.#untold.clear();
    await this.#hooks.setVersions(versions);
    return wait(importNatively(versionedUrl(url, version)));
  }

  #add(url: string, stamp: string): File {
    const file: File = { version: 0, stamp, imports: new Set(), isSound: false };
    this.#files.set(url, file);
    this.#untold.add(url);
    return file;
  }

  /** Takes in what the hooks have seen since. */
  #learn(): void {
    for (const { importer, imported, stamp } of this.#hooks.takeSeen()) {
      this.#files.get(importer)?.imports.add(imported);
      if (!this.#files.has(imported)) {
        this.#add(imported, stamp);
        this.#untold.delete(imported);
      }
    }
  }

  /** A file and all it imports, directly or not. */
  #below(url: string): Set<string> {
    const found = new Set([url]);
    for (const file of found) for (const imported of this.#files.get(file)?.imports ?? []) found.add(imported);
    return found;
  }

  /** New versions for files that changed on disk and for all that import them. */
  #noticeChanges(urls: Iterable<string>): void {
    const changed = new Set<string>();
    for (const url of urls) {
      const file = this.#files.get(url);
      if (file !== undefined && stampOf(fileURLToPath(url)) !== file.stamp) changed.add(url);
    }
    if (changed.size === 0) return;
    const importers = new Map<string, string[]>();
    for (const [importer, { imports }] of this.#files) {
      for (const imported of imports) importers.set(imported, [...(importers.get(imported) ?? []), importer]);
    }
    for (const url of changed) for (const importer of importers.get(url) ?? []) changed.add(importer);
    this.#renew(changed);
  }

  #renew(urls: Iterable<string>): void {
    for (const url of urls) {
      const file = this.#files.get(url) as File;
      const path = fileURLToPath(url);
      file.version++;
      file.stamp = stampOf(path);
      file.isSound = false;
      file.imports.clear();
      this.#untold.add(url);
      delete require.cache[path]; // CommonJS modules are remembered by path
    }
  }
}

const require = createRequire(import.meta.url);

function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    throw new Error(`there is no file ${path}`);
  }
}

function startNodeTimer(ms: number, fire: () => void): () => void {
  // Not unref'ed: it is what keeps Node from ending, with nothing said, when a module waits for something that never comes.
  const timer = setTimeout(fire, ms);
  return () => clearTimeout(timer);
}

function within<T>(
  evaluation: Promise<T>,
  timeoutMs: number,
  startTimer: (ms: number, fire: () => void) => () => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const text = `top-level await did not settle within ${timeoutMs / 1_000}s`;
    const stopTimer = startTimer(timeoutMs, () => reject(new Error(text)));
    evaluation.then(resolve, reject).finally(stopTimer);
  });
}

/**
 * The error to reject with: an Error in any case, and one of syntax with its place. V8 keeps the place of its own errors
 * to itself, so the files that may be meant are looked through: for the import that asks for too much, or for what a
 * parser that tells the place stumbles over.
 */
function failureOf(cause: unknown, used: Iterable<string>, compiler: ModuleCompiler): Error {
  if (!(cause instanceof Error)) return new Error(String(cause), { cause });
  if (!(cause instanceof SyntaxError) || /:\d+:\d+: /.test(cause.message)) return cause;
  const [, specifier, name] = / module '(.+)' does not provide an export named '(.+)'/.exec(cause.message) ?? [];
  for (const url of used) {
    const path = fileURLToPath(url);
    try {
      const source = readFileSync(path, "utf8");
      if (specifier === undefined || name === undefined) {
        compiler.check(path, source);
      } else {
        const offset = offsetOfImport(source, specifier, name);
        if (offset !== null) return new SyntaxError(showPlace(path, source, offset, cause.message), { cause });
      }
    } catch (mistake) {
      if (mistake instanceof SyntaxError) return mistake;
    }
  }
  return cause;
}

/** Where a source imports that name from there; `null` when it does not. */
function offsetOfImport(source: string, specifier: string, name: string): number | null {
  for (const { 0: whole, 1: names = "", 3: from, index } of source.matchAll(IMPORT)) {
    if (from !== specifier) continue;
    const found = [...names.matchAll(/[^\s{},*]+/g)].find(([word]) => word === name);
    if (found !== undefined) return index + whole.indexOf(names) + found.index;
    if (name === "default" && /^\s*[^\s{*]/.test(names)) return index;
  }
  return null;
}

const IMPORT = /\b(?:import|export)\b([^;'"]*)\bfrom\s*(['"])(.*?)\2/g;

/** What the loader says to the hooks and hears from them, wherever they run. */
interface HooksLink {
  setVersions(versions: VersionsToSet): Promise<void>;
  /** The imports seen since the last call. */
  takeSeen(): ImportSeen[];
}

/** Registers the hooks in this thread; they stay until its end. */
async function openApplicationModules(
  loweredCode: string | null,
  cacheFolder: string | null,
): Promise<ApplicationModules> {
  const given = await givenModules(loweredCode === null ? GIVEN : { ...GIVEN, "beamish:lowered-code": loweredCode });
  showAuthorsLines();
  const lowers = loweredCode !== null;
  const partsUrl = await nativeUrl("./compiler-parts");
  const parts = await openParts(partsUrl);
  const cache = cacheFolder === null ? null : { folder: cacheFolder, version: compilerVersion() };
  const compiler = new ModuleCompiler({ parts, lowers, cache: cache && new CompiledCache(cache) });
  const link =
    registerHooks === undefined ? await linkThread({ given, partsUrl, lowers, cache }) : linkDirectly(given, compiler);
  return new ApplicationModules(link, compiler);
}

interface SyncHooks {
  resolve(
    specifier: string,
    context: ResolveContext,
    next: (specifier: string, context: ResolveContext) => Resolved,
  ): Resolved;
  load<Context>(url: string, context: Context, next: (url: string, context: Context) => unknown): unknown;
}

/** Newer than the type definitions of the oldest Node that is supported. */
const { registerHooks, setSourceMapsSupport } = module as typeof module & {
  registerHooks?: (hooks: SyncHooks) => void;
  setSourceMapsSupport?: (enabled: boolean, options: { nodeModules: boolean; generatedCode: boolean }) => void;
};

/** Hooks in this thread, Node 22.15 and later. */
function linkDirectly(given: GivenModules, compiler: ModuleCompiler): HooksLink {
  let seen: ImportSeen[] = [];
  const hooks = new ModuleHooks(compiler, given, (one) => seen.push(one));
  registerHooks?.({
    resolve(specifier, context, next) {
      // `require` comes here too. It is Node's own business.
      if (context.conditions?.includes("import") === false) return next(specifier, context);
      const begun = hooks.redirect(specifier, context.parentURL);
      if (begun.url !== undefined) return { url: begun.url, format: "module", shortCircuit: true };
      const found = next(begun.specifier, context);
      return { ...found, url: hooks.resolved(found.url, context.parentURL) };
    },
    load(url, context, next) {
      const source = hooks.source(url);
      if (source !== null) return { format: "module", source, shortCircuit: true };
      return hooks.lowered(url, next(url, context));
    },
  });
  return {
    async setVersions(versions) {
      for (const [url, version] of versions) hooks.setVersion(url, version);
    },
    takeSeen() {
      const taken = seen;
      seen = [];
      return taken;
    },
  };
}

/** Hooks in a thread of their own, before Node 22.15. */
async function linkThread(settings: Omit<HooksThreadData, "port">): Promise<HooksLink> {
  const { port1: port, port2 } = new MessageChannel();
  const data: HooksThreadData = { port: port2, ...settings };
  module.register(await nativeUrl("./module-hooks"), { parentURL: import.meta.url, data, transferList: [port2] });
  let seen: ImportSeen[] = [];
  const answered: (() => void)[] = [];
  const take = (message: ImportSeen | null) => {
    if (message === null) answered.shift()?.();
    else seen.push(message);
  };
  port.on("message", take);
  port.unref();
  return {
    async setVersions(versions) {
      port.ref();
      await new Promise<void>((resolve) => {
        answered.push(resolve);
        port.postMessage(versions);
      });
      if (answered.length === 0) port.unref();
    },
    takeSeen() {
      // What was posted before an import settled is in the queue by then, though perhaps not delivered.
      for (let next = receiveMessageOnPort(port); next !== undefined; next = receiveMessageOnPort(port)) {
        take(next.message as ImportSeen | null);
      }
      const taken = seen;
      seen = [];
      return taken;
    },
  };
}

/** Whether this file runs as it is written, in a test runner, and not compiled. */
const isSource = import.meta.url.endsWith(".ts");

/** The URL of another file of ours, given without ending. */
function ownUrl(file: string): string {
  return new URL(`${file}.${isSource ? "ts" : "js"}`, import.meta.url).href;
}

/**
 * Imports with Node's own loader. A test runner puts its own in place of every `import()` in the sources it runs, but
 * not inside a data: URL.
 */
async function importNatively(url: string): Promise<Namespace> {
  if (!isSource) return import(url);
  const native = "data:text/javascript,export default (url) => import(url)";
  return (await import(/* @vite-ignore */ native)).default(url);
}

/**
 * A file of ours, given without ending, as a module that Node itself can load: where we run as written, a data: URL in
 * which what it imports is replaced by such URLs too.
 */
async function nativeUrl(file: string): Promise<string> {
  if (!isSource) return ownUrl(file);
  const { transformSync } = (await import("oxc-transform")) as { transformSync: Transform };
  const urlOf = (path: string): string => {
    const code = toJavaScript(path, readFileSync(path, "utf8"), transformSync, null);
    const closed = code.replace(
      /^((?:import|export)\b[^;"]*\bfrom )"(?!node:)(.+?)"/gm,
      (_, before: string, specifier: string) => {
        const found = specifier.startsWith(".")
          ? urlOf(fileURLToPath(new URL(specifier, pathToFileURL(path))))
          : pathToFileURL(require.resolve(specifier)).href;
        return `${before}"${found}"`;
      },
    );
    return `data:text/javascript,${encodeURIComponent(closed)}`;
  };
  return urlOf(fileURLToPath(ownUrl(file)));
}

/** What application modules get from us, by the name under which they ask for it. */
const GIVEN: Readonly<Record<string, string>> = {
  beamish: "../index",
  "beamish/testing": "../testing/index",
  "@oxc-project/runtime/helpers/usingCtx": "../engines/typescript/using-context",
};

/**
 * The modules of ours that application modules get. Compiled, they are files like any other. In a test runner the
 * running copies are known to the runner alone, so a made-up module hands out their exports.
 */
async function givenModules(files: Readonly<Record<string, string>>): Promise<GivenModules> {
  const urls: Record<string, string> = {};
  const sources: Record<string, string> = {};
  const running: Record<string, Namespace> = {};
  for (const [name, file] of Object.entries(files)) {
    const url = ownUrl(file);
    urls[name] = url;
    if (!isSource) continue;
    urls[name] = `beamish-running:${name}`;
    const namespace = (await import(/* @vite-ignore */ url)) as Namespace;
    running[name] = namespace;
    const from = `globalThis[Symbol.for("beamish.running")][${JSON.stringify(name)}]`;
    const names = Object.keys(namespace).filter((exported) => exported !== "default");
    sources[urls[name]] = `export const { ${names.join(", ")} } = ${from};\nexport default ${from}.default;`;
  }
  if (isSource) Object.assign(globalThis, { [Symbol.for("beamish.running")]: running });
  return { urls, sources };
}

/** Has stack traces show the lines of the TypeScript files, for the whole of this operating-system process. */
function showAuthorsLines(): void {
  if ((process as { sourceMapsEnabled?: boolean }).sourceMapsEnabled === true) return;
  if (setSourceMapsSupport === undefined) process.setSourceMapsEnabled(true);
  else setSourceMapsSupport(true, { nodeModules: false, generatedCode: false });
}
