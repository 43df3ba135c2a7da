/**
 * The catalog: everything that can be run, by id. A versioned set of definitions that changes all at once or not at
 * all, so nobody ever sees half of a change or a service whose process is missing.
 *
 *     change({ set, remove }) ─▶ the set as it would be ─▶ checkDefinitions ─▶ in force, version + 1
 *                                                               └─ errors ─▶ thrown, nothing has changed
 *
 * The catalog holds definitions; the names under which living processes are found are another thing.
 */
import type { Definition } from "./definition.ts";
import { loadError, type Problem } from "./problem.ts";
import { checkDefinitions } from "./references.ts";

/** A change to a catalog. Removing comes first, so an id in both is replaced. */
export interface CatalogChange {
  /** Definitions to add; one whose id is known already takes its place. An id must not occur twice. */
  readonly set?: readonly Definition[];
  /** Ids to remove. An unknown id is passed over. */
  readonly remove?: readonly string[];
}

/** Everything that can be run, by id. */
export class Catalog {
  #version = 0;
  #definitions: ReadonlyMap<string, Definition> = new Map();

  /** How many changes were made; 0 for a catalog that is still empty. */
  get version(): number {
    return this.#version;
  }

  /** The definition with this id, or `undefined`. */
  get(id: string): Definition | undefined {
    return this.#definitions.get(id);
  }

  /** All definitions, or those of one kind, sorted by id. */
  list(): readonly Definition[];
  list<Kind extends Definition["kind"]>(kind: Kind): readonly Extract<Definition, { kind: Kind }>[];
  list(kind?: Definition["kind"]): readonly Definition[] {
    const all = [...this.#definitions.values()];
    return kind === undefined ? all : all.filter((definition) => definition.kind === kind);
  }

  /**
   * Makes a change, or none of it.
   *
   * @returns warnings about the whole set as it now is: services that cannot start because something is missing.
   * @throws ProcessError INVALID as made by `loadError`: an id twice in `set`, a reference to a definition that does
   * not exist or is of the wrong kind, a cycle. Version and definitions are then as before.
   */
  change(change: CatalogChange): readonly Problem[] {
    const set = change.set ?? [];
    const replaced = new Set([...(change.remove ?? []), ...set.map((definition) => definition.id)]);
    const kept = [...this.#definitions.values()].filter((definition) => !replaced.has(definition.id));
    const next = [...kept, ...set];
    const { errors, warnings } = checkDefinitions(next);
    if (errors.length > 0) throw loadError(errors);
    next.sort((a, b) => (a.id < b.id ? -1 : 1));
    this.#definitions = new Map(next.map((definition) => [definition.id, definition]));
    this.#version++;
    return warnings;
  }
}
