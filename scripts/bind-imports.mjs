/**
 * Has the modules of dist/ bind what they import, and what they export themselves, to constants of their own
 * (docs/adr/0013): V8 looks up an imported name anew each time, while a constant of the module is part of the code that
 * it compiles.
 *
 *     import { f } from "./f.js";            import { f as f$i } from "./f.js"; const f = f$i;
 *     export const LIMIT = 3;                const        LIMIT = 3;   …   const LIMIT$e = LIMIT; export { LIMIT$e as LIMIT };
 *
 * Left as they are: what a module may set anew (`export let`), and modules that import each other in a circle, where a name
 * may be bound before it has a value. Lines and columns stay, for the source maps. Compiled files only: what it expects is
 * how the TypeScript compiler writes them. A file that was done already is left alone.
 *
 * Runs in the build; alone it is `node scripts/bind-imports.mjs`.
 */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const NAMED_IMPORT = /^import \{ ([^}]+) \} from "(\.[^"]+)";$/;
const SOURCE = /^(?:import|export) [^;]*?from "(\.[^"]+)";/gm;
const SET_ANEW = /^export let (\w+)/gm;
const OWN_CONSTANT = /^export const (\w+) = /;
const DONE = / as \w+\$i\b|\w\$e as /;
const MAP_COMMENT = "//# sourceMappingURL=";
/** What a name is imported as, and what an own constant is exported by: no name of ours ends like that. */
const IMPORTED = "$i";
const EXPORTED = "$e";

/**
 * Does all modules below a folder.
 * @param {string} folder
 * @returns {number} how many were changed
 */
export function bindConstants(folder) {
  const texts = new Map(compiledFiles(folder).map((file) => [file, readFileSync(file, "utf8")]));
  const setAnew = new Set([...texts.values()].flatMap((text) => [...text.matchAll(SET_ANEW)].map(([, name]) => name)));
  const sources = new Map([...texts].map(([file, text]) => [file, sourcesOf(file, text)]));
  let changed = 0;
  for (const [file, text] of texts) {
    if (DONE.test(text) || isInCircle(file, sources)) continue;
    const bound = withConstants(text, setAnew);
    if (bound === text) continue;
    writeFileSync(file, bound);
    changed++;
  }
  return changed;
}

/**
 * @param {string} folder
 * @returns {string[]}
 */
function compiledFiles(folder) {
  return readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return compiledFiles(path);
    return entry.name.endsWith(".js") ? [path] : [];
  });
}

/**
 * The modules that one imports or passes on.
 * @param {string} file
 * @param {string} text
 */
function sourcesOf(file, text) {
  return [...text.matchAll(SOURCE)].map(([, source = ""]) => join(dirname(file), source));
}

/**
 * Whether a module imports itself, by way of others.
 * @param {string} file
 * @param {Map<string, string[]>} sources
 */
function isInCircle(file, sources) {
  const reached = new Set(sources.get(file));
  for (const one of reached) for (const next of sources.get(one) ?? []) reached.add(next);
  return reached.has(file);
}

/**
 * A module's text with constants.
 * @param {string} text
 * @param {Set<string | undefined>} setAnew names that are not to be bound
 */
function withConstants(text, setAnew) {
  /** @type {string[]} */
  const imported = [];
  /** @type {string[]} */
  const own = [];
  const lines = text.split("\n").map((line) => {
    const [, names, source] = NAMED_IMPORT.exec(line) ?? [];
    if (names !== undefined) {
      const renamed = names.split(/, ?/).filter((name) => name !== "");
      return `import { ${renamed.map(bind).join(", ")} } from "${source}";`;
    }
    const [, name] = OWN_CONSTANT.exec(line) ?? [];
    if (name === undefined) return line;
    own.push(name);
    return line.replace("export const", "const       ");
  });
  /** @param {string} name */
  function bind(name) {
    const [exported = "", local = exported] = name.split(" as ");
    if (setAnew.has(exported)) return name;
    imported.push(local);
    return `${exported} as ${local}${IMPORTED}`;
  }
  if (imported.length > 0) {
    const last = lines.findLastIndex((line) => line.startsWith("import "));
    lines[last] += ` const ${imported.map((name) => `${name} = ${name}${IMPORTED}`).join(", ")};`;
  }
  if (own.length > 0) {
    const constants = own.map((name) => `${name}${EXPORTED} = ${name}`);
    const exports = own.map((name) => `${name}${EXPORTED} as ${name}`);
    const end = lines.findLastIndex((line) => line.startsWith(MAP_COMMENT));
    lines.splice(
      end < 0 ? lines.length : end,
      0,
      `const ${constants.join(", ")};`,
      `export { ${exports.join(", ")} };`,
    );
  }
  return lines.join("\n");
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  bindConstants(fileURLToPath(new URL("../dist", import.meta.url)));
}
