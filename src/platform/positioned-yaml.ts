/**
 * A YAML or JSON file as plain data that remembers where everything stands: `where(["entries", 0, "kind"])` gives line
 * and column. The only file that knows the package `yaml`, which is loaded when the first file is read (some 40 ms).
 */
import type { Document, Node, Pair } from "yaml";
import type { FieldPath, Place } from "../catalog/index.ts";

/** What is wrong with the text of a file, and where. */
export interface SyntaxProblem {
  readonly place: Place;
  readonly text: string;
}

/** A parsed file. */
export interface PositionedYaml {
  /** The content as plain data; `undefined` when `errors` is not empty. */
  readonly data: unknown;
  /** Why the text could not be read; the first mistake only, as the others usually follow from it. */
  readonly error: SyntaxProblem | null;
  readonly warnings: readonly SyntaxProblem[];
  /** The place of a value, or of its key; for a path that does not exist, of the nearest thing around it. */
  readonly where: (path: FieldPath, part?: "key" | "value") => Place;
  /** The line on which the text of a string begins: that of the scalar, below the `|` or `>` of a block. */
  readonly firstLineOf: (path: FieldPath) => number;
  /**
   * The place of a character of a string, counted from 0: within the scalar as far as it stands there as it is read, or
   * else the place of the whole value, as for a text with escapes.
   */
  readonly placeWithin: (path: FieldPath, value: string, offset: number) => Place;
  /** The text of a scalar as written (`1.0` and not 1); `undefined` for anything else. */
  readonly sourceOf: (path: FieldPath) => string | undefined;
}

/** Loads the parser. The function it gives never throws for any text; `file` is the name used in places. */
export async function loadYamlParser(): Promise<(text: string, file: string) => PositionedYaml> {
  const yaml = await import("yaml");

  return (text, file) => {
    const lines = new yaml.LineCounter();
    const document = yaml.parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      merge: true,
      logLevel: "error",
    });
    const placeAt = (offset: number): Place => {
      const { line, col } = lines.linePos(Math.min(offset, text.length));
      return { file, line: Math.max(line, 1), column: Math.max(col, 1) };
    };
    const problem = ({ message, pos }: { message: string; pos: readonly [number, number] }): SyntaxProblem => ({
      place: placeAt(pos[0]),
      text: message,
    });

    let error: SyntaxProblem | null = document.errors[0] === undefined ? null : problem(document.errors[0]);
    let data: unknown;
    if (error === null) {
      try {
        const place = selfReference(document);
        if (place === null) data = document.toJS();
        else error = { place, text: "an alias that stands within what it refers to has no end; write the value out" };
      } catch (cause) {
        error = { place: unresolvedAlias(document) ?? placeAt(0), text: (cause as Error).message };
      }
    }

    /** What an alias stands for; any other node is itself. */
    function dereferenced(node: Node | null): Node | null {
      return yaml.isAlias(node) ? (node.resolve(document) ?? null) : node;
    }

    function isBlockScalar(node: Node | null): boolean {
      return yaml.isScalar(node) && (node.type === "BLOCK_LITERAL" || node.type === "BLOCK_FOLDED");
    }

    /** Follows a path as far as it goes. `key` is the offset of the last key found, `value` that of its value. */
    function find(path: FieldPath): { key: number; value: number; node: Node | null; complete: boolean } {
      let node = document.contents as Node | null;
      let key = startOf(node) ?? 0;
      let value = key;
      for (const part of path) {
        const around = dereferenced(node);
        if (yaml.isSeq(around) && typeof part === "number") {
          const item = around.items[part] as Node | undefined;
          if (item === undefined) return { key, value, node, complete: false };
          key = value = startOf(item) ?? value;
          node = item;
        } else if (yaml.isMap(around)) {
          const pair = around.items.find((item: Pair) => String((item.key as { value?: unknown }).value) === part);
          if (pair === undefined) return { key, value, node, complete: false };
          key = startOf(pair.key as Node) ?? value;
          node = pair.value as Node | null;
          value = startOf(node) ?? key;
        } else {
          return { key, value, node, complete: false };
        }
      }
      return { key, value, node, complete: true };
    }

    function selfReference(document: Document): Place | null {
      let place: Place | null = null;
      yaml.visit(document, {
        Alias(_key, alias, path) {
          const target = alias.resolve(document);
          if (target === undefined || !(path as readonly unknown[]).includes(target)) return undefined;
          place = placeAt(startOf(alias) ?? 0);
          return yaml.visit.BREAK;
        },
      });
      return place;
    }

    function unresolvedAlias(document: Document): Place | null {
      let place: Place | null = null;
      yaml.visit(document, {
        Alias(_key, alias) {
          if (alias.resolve(document) !== undefined) return undefined;
          place = placeAt(startOf(alias) ?? 0);
          return yaml.visit.BREAK;
        },
      });
      return place;
    }

    return {
      data,
      error,
      warnings: document.warnings.map(problem),
      where: (path, part = "value") => {
        const found = find(path);
        return placeAt(part === "key" ? found.key : found.value);
      },
      firstLineOf: (path) => {
        const { node, value } = find(path);
        const written = dereferenced(node);
        const { line } = placeAt(startOf(written) ?? value);
        return isBlockScalar(written) ? line + 1 : line;
      },
      placeWithin: (path, value, offset) => {
        const found = find(path);
        const written = dereferenced(found.node);
        if (!yaml.isScalar(written) || !written.range) return placeAt(found.value);
        const [start, end] = written.range;
        // Below the `|` or `>` of a block; behind the quote of a quoted one.
        const skipped = isBlockScalar(written) ? text.slice(start, end).indexOf("\n") + 1 : isQuoted(written) ? 1 : 0;
        const at = sameCharacter(text.slice(start + skipped, end), value, offset);
        return placeAt(at === null ? start : start + skipped + at);
      },
      sourceOf: (path) => {
        const { node, complete } = find(path);
        return complete && yaml.isScalar(node) ? node.source : undefined;
      },
    };
  };
}

function isQuoted(node: { readonly type?: string | null }): boolean {
  return node.type === "QUOTE_SINGLE" || node.type === "QUOTE_DOUBLE";
}

/**
 * Where the character of `value` at `offset` stands in `written`, which is the same text but for blanks: those that
 * indent a block or fold a line. `null` when the texts differ before it.
 */
function sameCharacter(written: string, value: string, offset: number): number | null {
  const isBlank = (character: string | undefined) => character !== undefined && /\s/.test(character);
  let at = 0;
  for (let read = 0; read <= offset; read++) {
    if (isBlank(value[read])) {
      if (read < offset) continue;
      return at;
    }
    while (isBlank(written[at]) && read < value.length) at++;
    if (read === offset) return at;
    if (written[at] !== value[read]) return null;
    at++;
  }
  return at;
}

function startOf(node: Node | null | undefined): number | null {
  return node?.range?.[0] ?? null;
}
