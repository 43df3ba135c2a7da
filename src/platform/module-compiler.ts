/**
 * What a module of the application is compiled to, and with what: types are erased, `using` is compiled away and `async`
 * functions are lowered (S16.54), each with a source map. What has been compiled once is remembered in a folder.
 *
 * The packages that do it take longer to load than to do it, so they come in when a module is not remembered.
 */
import { pathToFileURL } from "node:url";
import type { CompiledCache } from "./compiled-cache.ts";
import type { lower } from "./lowering.ts";
import type { SourceMap } from "./woven-text.ts";

/** The part of oxc-transform's `transformSync` that is used. Offsets of labels count bytes of UTF-8. */
export type Transform = (
  path: string,
  source: string,
  options: { lang: "ts" | "js"; sourceType: "module"; target: string; sourcemap: true },
) => {
  code: string;
  map?: SourceMap;
  errors: readonly { message: string; helpMessage: string | null; labels: readonly { start: number; end: number }[] }[];
};

/** What compiling takes. */
export interface CompilerParts {
  readonly transformSync: Transform;
  readonly lower: typeof lower;
}

/** How modules are compiled. */
export interface CompilerOptions {
  /** Gives the parts, loading them when asked for the first time. */
  readonly parts: () => CompilerParts;
  /** Whether `async` functions are lowered. */
  readonly lowers: boolean;
  readonly cache: CompiledCache | null;
}

/** Compiles modules. */
export class ModuleCompiler {
  readonly #parts: () => CompilerParts;
  readonly #cache: CompiledCache | null;
  /** Whether `async` functions are lowered, in JavaScript modules too. */
  readonly lowers: boolean;

  constructor({ parts, lowers, cache }: CompilerOptions) {
    this.#parts = parts;
    this.lowers = lowers;
    this.#cache = cache;
  }

  /**
   * JavaScript of a TypeScript or JavaScript module, with its source map inside. Throws a SyntaxError whose message
   * begins `file:line:column: ` and shows the line.
   */
  compile(path: string, source: string): string {
    const url = pathToFileURL(path).href;
    const key = this.#cache?.key(this.lowers ? "lowered" : "erased", url, source) ?? "";
    const known = this.#cache?.get(key) ?? null;
    if (known !== null) return known;
    const { transformSync, lower } = this.#parts();
    const compiled = toJavaScript(path, source, transformSync, this.lowers ? lower : null);
    this.#cache?.put(key, compiled);
    return compiled;
  }

  /** Throws the SyntaxError of {@link compile}, if there is one. */
  check(path: string, source: string): void {
    toJavaScript(path, source, this.#parts().transformSync, null);
  }
}

/**
 * Compiles a module, also without lowering it. The target is what all supported Nodes know; a lower one would make
 * object spread and private fields many times slower.
 */
export function toJavaScript(
  path: string,
  source: string,
  transform: Transform,
  lower: CompilerParts["lower"] | null,
): string {
  const erased = transform(path, source, {
    lang: path.endsWith("ts") ? "ts" : "js",
    sourceType: "module",
    target: "es2022",
    sourcemap: true,
  });
  const [error] = erased.errors;
  if (error !== undefined) {
    const text = error.helpMessage === null ? error.message : `${error.message} (${error.helpMessage})`;
    throw new SyntaxError(showPlace(path, source, characters(source, error.labels[0]?.start ?? 0), text));
  }
  const url = pathToFileURL(path).href;
  const lowered = mayHaveAsync(source) ? lower?.(erased.code, url, erased.map) : null;
  const { code, map } = lowered ?? erased;
  if (map === undefined) return code;
  map.sources = [url];
  const encoded = Buffer.from(JSON.stringify(map)).toString("base64");
  return `${code}\n//# sourceMappingURL=data:application/json;base64,${encoded}`;
}

/** Whether a source may have something to be lowered: one without the word is not even parsed. */
export function mayHaveAsync(source: string): boolean {
  return /\basync\b/.test(source);
}

/** How many characters of a text are so many bytes of UTF-8. */
function characters(text: string, bytes: number): number {
  return Buffer.from(text).subarray(0, bytes).toString().length;
}

/** `file:line:column: text`, then the line itself with a mark under the place, which is `offset` characters in. */
export function showPlace(path: string, source: string, offset: number, text: string): string {
  const before = source.slice(0, offset).split(/\r?\n/);
  const line = before.length;
  const column = (before.at(-1) as string).length + 1;
  const shown = source.split(/\r?\n/)[line - 1] ?? "";
  const margin = `  ${line} | `;
  const indent = shown.slice(0, column - 1).replace(/[^\t]/g, " ");
  return `${path}:${line}:${column}: ${text}\n${margin}${shown}\n${" ".repeat(margin.length)}${indent}^`;
}
