/**
 * The files of this checkout as the tidy tests see them: a path from the root with forward slashes, and the text;
 * and what a file imports, re-exports and exports.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { fileURLToPath } from "node:url";
import { blank, codeOnly, lex, lineOf } from "../../scripts/source-text.mjs";

/** One file. Tests hand in made-up ones to show that a check finds something. */
export interface SourceFile {
  /** From the root of the checkout, with forward slashes. */
  path: string;
  text: string;
}

/** One import or re-export. */
export interface Import {
  /** As written: `./pid.ts`, `node:fs`, `zod`. `null` when it is computed: `import(name)`. */
  specifier: string | null;
  /** The path from the root for a relative specifier, else `null`. */
  target: string | null;
  /** Whether it is gone at run time: `import type`, `export type`, or a type position. */
  typeOnly: boolean;
  line: number;
}

/** The folder of the checkout. */
export const root = fileURLToPath(new URL("../..", import.meta.url));

/** All TypeScript and JavaScript files below the given folders that exist, sorted. */
export function sourceFiles(...folders: string[]): SourceFile[] {
  return folders
    .filter((folder) => existsSync(join(root, folder)))
    .flatMap((folder) =>
      readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile() && /\.(ts|mts|js|mjs)$/.test(entry.name))
        .map((entry) => join(entry.parentPath, entry.name)),
    )
    .map((path) => path.slice(root.length).replaceAll("\\", "/"))
    .filter((path) => !path.includes("node_modules/"))
    .sort()
    .map((path) => ({ path, text: readFileSync(join(root, path), "utf8") }));
}

/** Whether a file of the checkout exists. */
export function exists(path: string): boolean {
  return existsSync(join(root, path));
}

/** The text of a file of the checkout. */
export function read(path: string): string {
  return readFileSync(join(root, path), "utf8");
}

/** Whether a file is a test. */
export function isTest(path: string): boolean {
  return /\.test\.ts$/.test(path);
}

/** The imports and re-exports of a file, `import(…)` and type positions included. */
export function importsOf({ path, text }: SourceFile): Import[] {
  const code = codeOnly(text);
  const found: Import[] = [];
  const literalAt = new Map(
    lex(text)
      .filter(({ kind }) => kind === "string")
      .map(({ start, end }) => [start, text.slice(start + 1, end - 1)]),
  );
  const add = (from: number, literalStart: number, typeOnly: boolean) => {
    const specifier = literalAt.get(literalStart) ?? null;
    const target = specifier?.startsWith(".") ? posix.normalize(posix.join(dirname(path), specifier)) : null;
    found.push({ specifier, target, typeOnly, line: lineOf(text, from) });
  };
  // In `code` a string is all spaces, so the clause before it ends with `from` and spaces; the literal begins there.
  for (const match of code.matchAll(/\b(import|export)\b(\s+type\b)?([\w\s{},*$]*?)\bfrom\b\s*/g)) {
    const literal = match.index + match[0].trimEnd().length;
    const start = [...literalAt.keys()].find((at) => at >= literal);
    if (start !== undefined && text.slice(literal, start).trim() === "") {
      add(match.index, start, match[2] !== undefined || onlyTypeNames(match[3] ?? ""));
    }
  }
  for (const match of code.matchAll(/(?<![.\w$])import\b(?!\s*\.)\s*(\(?)/g)) {
    const behind = match.index + match[0].trimEnd().length;
    const start = [...literalAt.keys()].find((at) => at >= behind);
    const isLiteral = start !== undefined && text.slice(behind, start).trim() === "";
    if (match[1] === "(") add(match.index, isLiteral ? start : -1, false);
    else if (isLiteral) add(match.index, start, false);
  }
  return found.sort((a, b) => a.line - b.line);
}

function onlyTypeNames(clause: string): boolean {
  const names = /^\s*\{([^}]*)\}\s*$/
    .exec(clause)?.[1]
    ?.split(",")
    .map((name) => name.trim());
  return names?.every((name) => name === "" || name.startsWith("type ")) ?? false;
}

/** An exported name of a file: declared in it, or taken from another file. */
export interface ExportedName {
  name: string;
  /** The name it has where it comes from. */
  inner: string;
  /** The path of the file it comes from, `null` when it is declared here; a package name stays as it is. */
  from: string | null;
  /** The position of the declaration or of the export clause. */
  at: number;
}

/** The exported names of a file, in its order. `export *` is listed under the name `*`. */
export function exportsOf({ path, text }: SourceFile): ExportedName[] {
  const code = blank(text, ["comment", "template", "regex"]);
  const bare = codeOnly(text);
  const names: ExportedName[] = [];
  const declared =
    /\bexport\s+(?:default\s+)?(?:declare\s+)?(?:abstract\s+)?(?:async\s+)?(?:function\*?|class|const|let|var|type|interface|enum|namespace)\s+([\w$]+)/g;
  for (const match of bare.matchAll(declared)) {
    names.push({ name: match[1] ?? "", inner: match[1] ?? "", from: null, at: match.index });
  }
  for (const match of bare.matchAll(/\bexport\s+(?:type\s+)?(\{([^}]*)\}|\*(?:\s+as\s+([\w$]+))?)/g)) {
    const behind = code.slice(match.index + match[0].length);
    const specifier = /^\s*from\s*["']([^"']+)["']/.exec(behind)?.[1];
    const from =
      specifier === undefined
        ? null
        : specifier.startsWith(".")
          ? posix.normalize(posix.join(dirname(path), specifier))
          : specifier;
    const clause = match[2];
    if (clause === undefined) names.push({ name: match[3] ?? "*", inner: "*", from, at: match.index });
    for (const part of clause?.split(",") ?? []) {
      const [inner, name] = part
        .replace(/^\s*type\s+/, "")
        .split(/\s+as\s+/)
        .map((one) => one.trim());
      if (inner) names.push({ name: name ?? inner, inner, from, at: match.index });
    }
  }
  return names.sort((a, b) => a.at - b.at);
}
