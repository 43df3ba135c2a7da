/**
 * Definition → Program: picks the engine, loads a module once per version, and remembers what it has. A spawn takes the
 * program at hand; an upgrade asks again, so that source changed meanwhile takes effect (S9.2).
 */
import type { Catalog, LibraryLuaDefinition, ProcessDefinition, ProcessLuaDefinition } from "../catalog/index.ts";
import { isProcessDefinition, librariesOf } from "../catalog/index.ts";
import type { LuaEngine, LuaSource } from "../engines/lua/index.ts";
import { typescriptEngine } from "../engines/typescript/index.ts";
import { errors, notFound, ProcessError, type Program, type Programs, textOf } from "../kernel/index.ts";
import type { ModuleLoader } from "../platform/index.ts";

/** The programs of one runtime. */
export class CatalogPrograms implements Programs {
  readonly #catalog: Catalog;
  readonly #loader: ModuleLoader;
  readonly #lua: () => LuaEngine;
  readonly #exports = new WeakMap<Program, unknown>();
  readonly #ready = new Map<string, { readonly definition: ProcessDefinition; readonly program: Program }>();

  /** The one that was asked for last. */
  #last: Program | null = null;
  /** The text it was asked for by: comparing it with itself is cheaper than with another of the same characters. */
  #lastId: string | null = null;

  /** @param lua the engine of this thread, made when it is first asked for. */
  constructor(catalog: Catalog, loader: ModuleLoader, lua: () => LuaEngine) {
    this.#catalog = catalog;
    this.#loader = loader;
    this.#lua = lua;
  }

  find(id: string): Program | null {
    if (id !== this.#lastId) {
      this.#last = this.#ready.get(id)?.program ?? null;
      this.#lastId = id;
    }
    return this.#last;
  }

  load(id: string, answer: (program: Program | ProcessError) => void): void {
    const definition = this.#catalog.get(id);
    if (definition === undefined || !isProcessDefinition(definition)) {
      answer(notFound(`process entry not found: ${id}`));
      return;
    }
    if (definition.kind === "process.ts") {
      this.#loader.load(definition.path).then(
        (module) => answer(this.#make(definition, module[definition.method], definition.method)),
        (cause) => answer(failedToLoad(cause)),
      );
      return;
    }
    if (definition.kind === "process.native") answer(this.#make(definition, definition.run, "run"));
    else answer(this.#compile(definition));
  }

  #keep(definition: ProcessDefinition, program: Program): void {
    this.#ready.set(definition.id, { definition, program });
    this.#lastId = null;
  }

  #compile(definition: ProcessLuaDefinition): Program | ProcessError {
    const known = this.#ready.get(definition.id);
    if (known !== undefined && known.definition === definition) return known.program;
    try {
      const program = this.#lua().load(luaSource(definition, librariesOf(this.#catalog, definition)));
      this.#keep(definition, program);
      return program;
    } catch (cause) {
      return cause instanceof ProcessError ? cause : failedToLoad(cause);
    }
  }

  #make(definition: ProcessDefinition, exported: unknown, method: string): Program | ProcessError {
    const known = this.#ready.get(definition.id);
    if (known !== undefined && known.definition === definition && this.#exports.get(known.program) === exported) {
      return known.program;
    }
    try {
      const program = typescriptEngine.load({
        entry: definition.id,
        exported,
        method,
        mailbox: definition.mailbox,
        preempt: definition.kind !== "process.ts" || definition.preempt,
      });
      this.#keep(definition, program);
      this.#exports.set(program, exported);
      return program;
    } catch (cause) {
      return cause instanceof ProcessError ? cause : failedToLoad(cause);
    }
  }
}

function luaSource(definition: ProcessLuaDefinition, libraries: readonly LibraryLuaDefinition[]): LuaSource {
  const { id, source, chunk, method, modules, imports, mailbox, memoryLimitBytes } = definition;
  return {
    entry: id,
    chunk: { source, ...chunk },
    method,
    modules,
    imports,
    libraries: libraries.map((library) => ({
      id: library.id,
      chunk: { source: library.source, ...library.chunk },
      modules: library.modules,
      imports: library.imports,
    })),
    mailbox,
    memoryLimitBytes,
  };
}

function failedToLoad(cause: unknown): ProcessError {
  return new ProcessError({ kind: errors.INTERNAL, message: `failed to load module: ${textOf(cause)}` });
}
