/**
 * What a Lua entry may `require` (S11.29): the globals that are always there, the modules it lists, and the libraries
 * it imports under an alias.
 *
 *     modules: [time]        imports: {table: app:tables}
 *        └─ a known name?         └─ an alias nobody else has?  a library?      ─▶ load errors (S13.22)
 *
 * And in which order the libraries are loaded: what is imported comes before what imports it.
 */
import type { Definition, LibraryLuaDefinition, ProcessLuaDefinition } from "./definition.ts";

/** A definition of a kind that has `modules` and `imports`. */
export type LuaDefinition = ProcessLuaDefinition | LibraryLuaDefinition;

/** Where definitions are found by id: a `Catalog`, or a map. */
export interface DefinitionLookup {
  get(id: string): Definition | undefined;
}

/** The modules that an entry gets only when it lists them (S11.29). */
export const luaModules: readonly string[] = ["time", "ctx", "security"];

/** The globals that `require` finds too, and that may be listed to no effect (S11.25, S13.22). */
export const luaGlobals: readonly string[] =
  "process channel errors coroutine table string math utf8 os print require".split(" ");

/** The other names that every Lua process finds among its globals (S11.26, S11.27). */
const baseNames: readonly string[] = [
  ..."assert error pcall xpcall select pairs ipairs next type tostring tonumber".split(" "),
  ..."rawget rawset rawequal rawlen setmetatable getmetatable _G _VERSION unpack".split(" "),
  ..."number integer boolean".split(" "),
];

const takenNames: ReadonlySet<string> = new Set([...luaGlobals, ...baseNames]);

/** Whether `modules` may list this name. */
export function isLuaModule(name: string): boolean {
  return luaModules.includes(name) || luaGlobals.includes(name);
}

/** Whether an entry of this kind has `modules` and `imports`. */
export function isLuaDefinition(definition: Definition): definition is LuaDefinition {
  return definition.kind === "process.lua" || definition.kind === "library.lua";
}

/**
 * What is wrong with the imports of one entry: aliases that mean something else already, ids of no library. Nothing is
 * said about an id that is `unread`, since its own mistakes are enough.
 */
export function* importMistakes(
  from: LuaDefinition,
  definitions: DefinitionLookup,
  unread: (id: string) => boolean,
): Generator<{ readonly field: string; readonly text: string }> {
  for (const [alias, id] of Object.entries(from.imports)) {
    const field = `imports.${alias}`;
    const other = otherMeaning(alias, from);
    if (other !== null) yield { field, text: `the alias ${alias} is ${other}; choose another alias` };
    const library = definitions.get(id);
    if (library?.kind === "library.lua" || unread(id)) continue;
    const what = library === undefined ? `there is no library ${id}` : `${id} is of kind ${library.kind}`;
    yield { field, text: `${what}; import entries of kind library.lua` };
  }
}

/** What an alias would hide, in words; `null` when it is free. */
function otherMeaning(alias: string, from: LuaDefinition): string | null {
  if (takenNames.has(alias)) return "the name of a global that every Lua process has";
  return from.modules.includes(alias) ? "also listed under modules" : null;
}

/**
 * The libraries that a process or library needs, those that its libraries import included, each once and behind all
 * that it imports itself; otherwise in the order in which they are written. The definition itself is not among them.
 * The definitions have been checked (`checkDefinitions`): every import leads to a library, and there is no cycle.
 */
export function librariesOf(definitions: DefinitionLookup, of: LuaDefinition): readonly LibraryLuaDefinition[] {
  const ordered: LibraryLuaDefinition[] = [];
  const seen = new Set<string>();
  // A stack of our own, so a long chain of imports cannot overflow that of JavaScript.
  const toVisit: { definition: LuaDefinition; rest: Iterator<string> }[] = [];
  const enter = (definition: LuaDefinition) =>
    toVisit.push({ definition, rest: Object.values(definition.imports).values() });

  enter(of);
  for (let top = toVisit.at(-1); top !== undefined; top = toVisit.at(-1)) {
    const step = top.rest.next();
    if (step.done === true) {
      toVisit.pop();
      if (top.definition.kind === "library.lua" && top.definition !== of) ordered.push(top.definition);
    } else if (!seen.has(step.value)) {
      seen.add(step.value);
      const library = definitions.get(step.value);
      if (library?.kind === "library.lua") enter(library);
    }
  }
  return ordered;
}
