/**
 * What is said of a Lua text that does not compile: the compiler's message, and below it the lines it is about with marks.
 *
 * The compiler tells lines only, and those of where it noticed. The place itself comes from the tokens: the first one up to
 * which the text has the same problem, found by halving the line, and not at all where that would take too long.
 */
import { END, NAME, NUMBER, STRING, type Token, TokenCursor } from "./lua-tokens.ts";

/** How many characters may be compiled in all to find a place, which takes some 50 ms. */
const MOST_COMPILED = 2 ** 20;

/** A place in the text, from 0. */
type Offset = number;

/** A text that does not compile. */
export interface FaultyText {
  /** As its author wrote it. */
  readonly source: string;
  /** As it was compiled: the same lines and columns. */
  readonly text: string;
  /** The number of its first line. */
  readonly firstLine: number;
  /** What the compiler says of a text in its place; `null` when it compiles. */
  readonly compile: (text: string) => string | null;
}

/** What the compiler has said. */
interface Saying {
  readonly problem: string;
  /** The same without the position before it. */
  readonly said: string;
  /** The line in which it was noticed. */
  readonly noticed: number;
}

/** The message of the compiler with the lines it is about. */
export function shownProblem(faulty: FaultyText, problem: string): string {
  const position = /:(\d+):/.exec(problem);
  if (position === null) return problem;
  const lines = new Lines(faulty.text, faulty.firstLine);
  const noticed = Number(position[1]);
  const said = problem.slice(position.index + position[0].length);
  const places = placesOf(faulty, { problem, said, noticed }, lines).map((offset) => lines.placeOf(offset));
  const [first] = places;
  if (first === undefined) return problem + shownLines(faulty, [{ line: noticed, column: 0 }]);
  return `${problem.slice(0, position.index)}:${first.line}:${said}${shownLines(faulty, places)}`;
}

/** A line as its file counts, and a column from 1, or 0 when it is not known. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** The lines of some places, each with marks below it. */
export function shownLines({ source, firstLine }: Pick<FaultyText, "source" | "firstLine">, places: readonly Place[]) {
  const texts = source.split(LINE_END);
  const numbers = [...new Set(places.map(({ line }) => line))].sort((a, b) => a - b);
  const width = String(numbers.at(-1)).length;
  let shown = "";
  for (const number of numbers) {
    const text = texts[number - firstLine];
    if (text === undefined) continue;
    shown += `\n${String(number).padStart(width)} | ${text}`;
    const columns = places.filter(({ line, column }) => line === number && column > 0).map(({ column }) => column);
    if (columns.length > 0) shown += `\n${" ".repeat(width)} | ${marks(text, columns)}`;
  }
  return shown;
}

function marks(text: string, columns: readonly number[]): string {
  let line = "";
  let from = 0;
  for (const column of [...new Set(columns)].sort((a, b) => a - b)) {
    line += `${text.slice(from, column - 1).replace(/[^\t]/gu, " ")}^`;
    from = column;
  }
  return line;
}

/** Lua takes \r\n and \n\r for one end of a line. */
const LINE_END = /\r\n|\n\r|\n|\r/;

/** Where the lines of a text begin. */
class Lines {
  readonly #starts: Offset[] = [0];
  readonly #firstLine: number;

  constructor(text: string, firstLine: number) {
    this.#firstLine = firstLine;
    for (const { index, 0: end } of text.matchAll(new RegExp(LINE_END, "g"))) this.#starts.push(index + end.length);
  }

  lineOf(offset: Offset): number {
    return this.#firstLine + firstWhere(this.#starts.length, (n) => (this.#starts[n] as Offset) > offset) - 1;
  }

  placeOf(offset: Offset): Place {
    const line = this.lineOf(offset);
    return { line, column: offset - (this.#starts[line - this.#firstLine] as Offset) + 1 };
  }
}

/** The first number below `count` for which it holds, when it does for all behind one for which it does; else `count`. */
function firstWhere(count: number, holds: (n: number) => boolean): number {
  let from = 0;
  let to = count;
  while (from < to) {
    const middle = (from + to) >> 1;
    if (holds(middle)) to = middle;
    else from = middle + 1;
  }
  return from;
}

/** The places that a problem is about, the one where it is first; none when it cannot be told. */
function placesOf(faulty: FaultyText, saying: Saying, lines: Lines): Offset[] {
  const { text } = faulty;
  const { said } = saying;
  const tokens = new TokenCursor(text).all;
  const jump = / at line (\d+)( jumps into|$)/.exec(said);
  if (jump !== null) return jumpAt(text, tokens, said, Number(jump[1]), lines);
  if (said.endsWith(" near <eof>")) {
    const last = tokens.length - 1;
    const { start } = tokens[last] as Token;
    if (start < text.length) return [start];
    return [endOfCode(faulty, tokens[last - 1]?.end ?? 0, lines), ...openedAt(tokens, last, said)];
  }
  const at = tokenWithProblem(faulty, tokens, saying, lines);
  if (at === null) return [];
  const near = / near '(.+)'$/s.exec(said)?.[1];
  if (near === undefined) return [namedBefore(text, tokens, at, said).start];
  return [startOfSymbol(text, tokens[at] as Token, near), ...openedAt(tokens, at, said)];
}

/** Behind the last token, and a type that was erased behind it. */
function endOfCode({ source, text, firstLine }: FaultyText, end: Offset, lines: Lines): Offset {
  const rest = text.slice(end).split(LINE_END, 1)[0] as string;
  const { line, column } = lines.placeOf(end);
  const written = source.split(LINE_END)[line - firstLine] as string;
  return rest.trim() === "" ? end + Math.max(0, written.trimEnd().length - column + 1) : end;
}

/** The token in a line up to which the text has the problem, but not up to the one before. */
function tokenWithProblem(
  { text, compile }: FaultyText,
  tokens: readonly Token[],
  { problem, noticed }: Saying,
  lines: Lines,
): number | null {
  const lineOfEnd = (n: number) => lines.lineOf((tokens[n] as Token).end);
  const from = firstWhere(tokens.length, (n) => lineOfEnd(n) >= noticed);
  const to = firstWhere(tokens.length, (n) => lineOfEnd(n) > noticed);
  if (Math.log2(to - from + 1) * (tokens[to - 1]?.end ?? 0) > MOST_COMPILED) return null;
  const hasProblem = (n: number) => compile(`${text.slice(0, (tokens[n] as Token).end)}\n`) === problem;
  const at = from + firstWhere(to - from, (n) => hasProblem(from + n));
  return at < to ? at : null;
}

/** Where the text that the compiler is near to begins: some of its symbols are two tokens here. */
function startOfSymbol(text: string, { kind, start, end }: Token, near: string): Offset {
  const isSymbol = kind !== NAME && kind !== NUMBER && kind !== STRING && kind !== END;
  return isSymbol && text.endsWith(near, end) && near.length > end - start ? end - near.length : start;
}

/**
 * What a problem with a name is about: the compiler tells it when it has read on, of a function when it has read the whole.
 */
function namedBefore(text: string, tokens: readonly Token[], at: number, said: string): Token {
  const name = /'([^']+)'/.exec(said)?.[1];
  const isName = (n: number) => {
    const { kind, start, end } = tokens[n] as Token;
    return kind === NAME && text.slice(start, end) === name;
  };
  const isOfFunction = tokens[at - 1]?.kind === "end";
  for (let n = at; n >= 0; n--) {
    if (isName(n) && (!isOfFunction || tokens[n - 1]?.kind === "function")) return tokens[n] as Token;
  }
  return tokens[Math.max(0, at - 1)] as Token;
}

/** Where the `goto` or `break` is that has nowhere to go, which is noticed at the end of its function. */
function jumpAt(text: string, tokens: readonly Token[], said: string, line: number, lines: Lines): Offset[] {
  const label = /label '([^']+)'|<goto ([^>]+)>/.exec(said);
  const name = label?.[1] ?? label?.[2];
  const blocks = new OpenBlocks();
  for (const [n, token] of tokens.entries()) {
    const next = tokens[n + 1];
    const isIt =
      name === undefined
        ? token.kind === "break" && lines.lineOf(token.start) === line && !blocks.isInLoop
        : token.kind === "goto" &&
          next !== undefined &&
          lines.lineOf(next.start) === line &&
          text.slice(next.start, next.end) === name;
    if (isIt) return [token.start];
    blocks.pass(token);
  }
  return [];
}

/** Where what was to be closed at a token was opened, if the problem is that it was not. */
function openedAt(tokens: readonly Token[], at: number, said: string): Offset[] {
  const kind = /\(to close '(\S+)' at line \d+\)/.exec(said)?.[1];
  if (kind === undefined) return [];
  const blocks = new OpenBlocks();
  for (const token of tokens.slice(0, at)) blocks.pass(token);
  const { innermost } = blocks;
  return innermost?.kind === kind ? [innermost.start] : [];
}

const OPENING: ReadonlySet<string> = new Set(["function", "if", "while", "for", "repeat", "do", "(", "{", "["]);
const CLOSING: ReadonlySet<string> = new Set(["end", "until", ")", "}", "]"]);
const LOOPS: ReadonlySet<string> = new Set(["while", "for", "repeat"]);

/** The blocks and brackets that are open behind tokens which the compiler has taken, so that each is closed by its own. */
class OpenBlocks {
  readonly #open: Token[] = [];
  /** The loops whose `do` has not come yet. */
  readonly #heads = new Set<Token>();

  get innermost(): Token | undefined {
    return this.#open.at(-1);
  }

  get isInLoop(): boolean {
    const within = this.#open.slice(this.#open.findLastIndex(({ kind }) => kind === "function") + 1);
    return within.some(({ kind }) => LOOPS.has(kind));
  }

  pass(token: Token): void {
    const { kind } = token;
    const { innermost } = this;
    if (kind === "do" && innermost !== undefined && this.#heads.delete(innermost)) return;
    if (CLOSING.has(kind)) this.#open.pop();
    if (!OPENING.has(kind)) return;
    this.#open.push(token);
    if (kind === "while" || kind === "for") this.#heads.add(token);
  }
}
