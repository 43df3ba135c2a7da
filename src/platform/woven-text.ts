/**
 * Text woven from pieces of a source and words of our own, with a source map: what the lowering writes.
 *
 * A piece of the source may come anywhere, also far from its old neighbours, which a list of edits by offset cannot say
 * where two of them meet. The map leads straight to what the author wrote: the source may itself have come out of a
 * compiler, and each place of a piece is looked up in that compiler's map as it is written.
 */
import { decodeMappings, encodeMappings, type Mapping } from "./mappings.ts";

/** A source map, version 3. */
export interface SourceMap {
  version: number;
  sources: string[];
  sourcesContent?: (string | null)[];
  names: string[];
  mappings: string;
}

/** A piece of the source, from the offset `start` up to `end`. */
interface Copied {
  readonly start: number;
  readonly end: number;
}

/** Words of our own. */
interface Own {
  readonly text: string;
  /** The offset they stand for, if any. */
  readonly at: number | null;
  /** What the author calls the thing that they name. */
  readonly name: string | null;
}

/** What is to be written, in order. */
export type Woven = Copied | Own | readonly Woven[];

/** A piece of the source. */
export function copied(start: number, end: number): Woven {
  return { start, end };
}

/** Words of our own that stand for the place `at` of the source; `name` is what the author calls what they name. */
export function own(text: string, at: number | null = null, name: string | null = null): Woven {
  return { text, at, name };
}

/** A place as the author counts, from 1. */
export interface AuthorsPlace {
  readonly line: number;
  readonly column: number;
}

/** A source and the way back to what the author wrote. */
export class SourceText {
  readonly #text: string;
  readonly #lineStarts: readonly number[];
  readonly #lines: readonly (readonly Mapping[])[];
  readonly #map: SourceMap;

  /** `map` leads from `text` to the author's file; without one, `text` is the author's file, at `url`. */
  constructor(text: string, url: string, map?: SourceMap) {
    this.#text = text;
    this.#lineStarts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
    this.#map = { version: 3, sources: [url], sourcesContent: map?.sourcesContent ?? [text], names: [], mappings: "" };
    this.#lines = map === undefined ? everyWord(text) : decodeMappings(map.mappings);
  }

  /** Where the author wrote what stands at an offset. */
  authorsPlace(offset: number): AuthorsPlace {
    const [line, column] = this.#lineAndColumn(offset);
    const known = this.#placeAt(line, column) ?? this.#lastPlaceBefore(line) ?? { line, column };
    return { line: known.line + 1, column: known.column + 1 };
  }

  /** Writes it all out. */
  write(woven: Woven): { code: string; map: SourceMap } {
    const written = new Writing();
    let start = 0;
    let end = 0;
    for (const piece of piecesOf(woven)) {
      // Pieces that were neighbours in the source are one again, or each seam would be a place of its own in the map.
      if ("start" in piece && piece.start === end) {
        end = piece.end;
        continue;
      }
      if ("text" in piece && piece.text === "") continue;
      this.#copy(start, end, written);
      start = end = 0;
      if ("start" in piece) ({ start, end } = piece);
      else {
        written.mark(piece.at === null ? null : this.#placeAt(...this.#lineAndColumn(piece.at)), piece.name);
        written.add(piece.text);
      }
    }
    this.#copy(start, end, written);
    return {
      code: written.code,
      map: { ...this.#map, names: written.names, mappings: encodeMappings(written.mappings) },
    };
  }

  #copy(start: number, end: number, written: Writing): void {
    for (let line = this.#lineOf(start), from = start; from < end; line++) {
      const lineStart = this.#lineStarts[line] as number;
      const to = Math.min(end, this.#lineStarts[line + 1] ?? end);
      let at = from;
      written.mark(this.#placeAt(line, from - lineStart));
      const mappings = this.#lines[line] ?? [];
      for (let i = indexAfter(mappings, from - lineStart); i < mappings.length; i++) {
        const { column, source } = mappings[i] as Mapping;
        const next = lineStart + column;
        if (next >= to) break;
        written.add(this.#text.slice(at, next));
        written.mark(source);
        at = next;
      }
      written.add(this.#text.slice(at, to));
      from = to;
    }
  }

  #lineOf(offset: number): number {
    let low = 0;
    let high = this.#lineStarts.length;
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((this.#lineStarts[middle] as number) <= offset) low = middle;
      else high = middle;
    }
    return low;
  }

  #lineAndColumn(offset: number): [line: number, column: number] {
    const line = this.#lineOf(offset);
    return [line, offset - (this.#lineStarts[line] as number)];
  }

  /** The last place on the line that is known, at the column or before. */
  #placeAt(line: number, column: number): Place | null {
    const mappings = this.#lines[line] ?? [];
    return mappings[indexAfter(mappings, column) - 1]?.source ?? null;
  }

  #lastPlaceBefore(line: number): Place | null {
    for (let above = line - 1; above >= 0; above--) {
      const place = this.#lines[above]?.at(-1)?.source;
      if (place) return place;
    }
    return null;
  }
}

/** A place of the author's file, counted from 0. */
type Place = NonNullable<Mapping["source"]>;

/** Text that grows, and its mappings. */
class Writing {
  code = "";
  readonly names: string[] = [];
  readonly mappings: Mapping[][] = [[]];
  #column = 0;

  /** What comes next stands for that place of the author's file, or for none. */
  mark(source: Place | null, name: string | null = null): void {
    const line = this.mappings.at(-1) as Mapping[];
    if (line.at(-1)?.column === this.#column) line.pop();
    line.push({ column: this.#column, source, name: source === null || name === null ? null : this.#nameIndex(name) });
  }

  add(text: string): void {
    this.code += text;
    let lineStart = 0;
    for (let end = text.indexOf("\n"); end !== -1; end = text.indexOf("\n", lineStart)) {
      this.mappings.push([]);
      this.#column = 0;
      lineStart = end + 1;
    }
    this.#column += text.length - lineStart;
  }

  #nameIndex(name: string): number {
    const index = this.names.indexOf(name);
    return index === -1 ? this.names.push(name) - 1 : index;
  }
}

/** The pieces in order. Gathered in one list: nested generators would hand each through every level. */
function piecesOf(woven: Woven, gathered: (Copied | Own)[] = []): (Copied | Own)[] {
  if ("start" in woven || "text" in woven) gathered.push(woven);
  else for (const part of woven) piecesOf(part, gathered);
  return gathered;
}

/** The index behind the last mapping at the column or before. */
function indexAfter(mappings: readonly Mapping[], column: number): number {
  let low = 0;
  let high = mappings.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((mappings[middle] as Mapping).column <= column) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** The map of a text to itself, word by word. */
function everyWord(text: string): Mapping[][] {
  return text
    .split("\n")
    .map((words, line) =>
      [...words.matchAll(/[\p{L}\p{N}_$]+|[^\s\p{L}\p{N}_$]/gu)].map(
        ({ index }): Mapping => ({ column: index, source: { line, column: index }, name: null }),
      ),
    );
}
