/**
 * The tokens of a Lua 5.4 text, with the few of type annotations besides, and a cursor that walks along them. One walk
 * over the text, without recursion, so that its time is linear whatever the text.
 *
 * The tokens end early at what no Lua can read: a string or comment that is not closed, a character that begins nothing.
 * The Lua compiler stops there as well and reports it better than we could, so nothing behind it matters.
 */

/** One word, string, number or symbol of the text. */
export interface Token {
  /** The text itself for keywords and symbols, else one of the constants below. */
  readonly kind: string;
  readonly start: number;
  readonly end: number;
}

/** The kinds of tokens of which there are many; no keyword or symbol reads like them. */
export const NAME = "<name>";
export const STRING = "<string>";
export const NUMBER = "<number>";
/** Behind the last token. It is empty at the end of the text, else it is what could not be read. */
export const END = "<eof>";

/** Where a token stands, as people count, from 1. */
export interface TextPlace {
  readonly line: number;
  readonly column: number;
}

/** Walks along the tokens of a text. Beyond the last there is always one more `END`. */
export class TokenCursor {
  readonly text: string;
  readonly #tokens: readonly Token[];
  #index = 0;

  constructor(text: string) {
    this.text = text;
    this.#tokens = tokensOf(text);
  }

  /** All tokens, the last of which is `END`. */
  get all(): readonly Token[] {
    return this.#tokens;
  }

  get token(): Token {
    return this.tokenAhead(0);
  }

  get kind(): string {
    return this.token.kind;
  }

  /** Where the token before ends. */
  get endBefore(): number {
    return this.#tokens[this.#index - 1]?.end ?? 0;
  }

  /** The token behind the next `count`. */
  tokenAhead(count: number): Token {
    return this.#tokens[this.#index + count] ?? (this.#tokens.at(-1) as Token);
  }

  /** Whether the tokens from here on are of these kinds. */
  sees(...kinds: readonly string[]): boolean {
    return kinds.every((kind, i) => this.tokenAhead(i).kind === kind);
  }

  advance(count = 1): void {
    this.#index = Math.min(this.#index + count, this.#tokens.length - 1);
  }

  /** Goes past the token if it is of that kind. */
  accept(kind: string): boolean {
    const accepted = this.kind === kind;
    if (accepted) this.advance();
    return accepted;
  }

  textOf({ start, end }: Token): string {
    return this.text.slice(start, end);
  }

  placeOf({ start }: Token): TextPlace {
    // Lua takes \r\n and \n\r for one end of a line.
    const lines = this.text.slice(0, start).split(/\r\n|\n\r|\n|\r/);
    return { line: lines.length, column: (lines.at(-1) as string).length + 1 };
  }
}

const KEYWORDS: ReadonlySet<string> = new Set(
  "and break do else elseif end false for function goto if in local nil not or repeat return then true until while".split(
    " ",
  ),
);

/** Symbols of more than one character. `>>` and `>=` are left in two: what closes `Map<K, {V}>` comes in rows. */
const LONG_SYMBOLS = ["...", "..", "::", "==", "~=", "<=", "->"] as const;

/** All the symbols of Lua, and `?` for types. */
const SYMBOLS = "+-*/%^#&~|<>=(){}[];:,.?";

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let at = startOfCode(text);
  for (;;) {
    const start = afterBlanks(text, at);
    const token = start === text.length || startsComment(text, start) ? endToken(text, start) : tokenAt(text, start);
    tokens.push(token);
    if (token.kind === END) return tokens;
    at = token.end;
  }
}

/** Lua skips a first line that begins with `#`, and a byte order mark before it. */
function startOfCode(text: string): number {
  const start = text.startsWith("\uFEFF") ? 1 : 0;
  return text[start] === "#" ? endOfLine(text, start) : start;
}

/** Behind blanks and comments; at the start of a comment that is not closed. */
function afterBlanks(text: string, start: number): number {
  let at = start;
  for (;;) {
    while (isBlank(text.charCodeAt(at))) at++;
    if (!startsComment(text, at)) return at;
    const level = longBracketLevel(text, at + 2);
    const end = level === null ? endOfLine(text, at + 2) : endOfLongBracket(text, at + 2, level);
    if (end === null) return at;
    at = end;
  }
}

function startsComment(text: string, at: number): boolean {
  return text.startsWith("--", at);
}

/** The token at the first character of one. */
function tokenAt(text: string, start: number): Token {
  const code = text.charCodeAt(start);
  if (isLetter(code)) return wordAt(text, start);
  if (isDigit(code) || (code === DOT && isDigit(text.charCodeAt(start + 1)))) return numberAt(text, start);
  if (code === QUOTE || code === APOSTROPHE) return stringToken(text, start, endOfQuoted(text, start));
  const level = longBracketLevel(text, start);
  if (level !== null) return stringToken(text, start, endOfLongBracket(text, start, level));
  return symbolAt(text, start);
}

function wordAt(text: string, start: number): Token {
  let end = start + 1;
  while (isLetter(text.charCodeAt(end)) || isDigit(text.charCodeAt(end))) end++;
  const word = text.slice(start, end);
  return { kind: KEYWORDS.has(word) ? word : NAME, start, end };
}

/** A number reaches as far as Lua reads it: also over letters, which it then finds malformed. */
function numberAt(text: string, start: number): Token {
  const hexadecimal = /^0[xX]/.test(text.slice(start, start + 2));
  let end = start + (hexadecimal ? 2 : 1);
  for (;;) {
    const code = text.charCodeAt(end);
    if (isExponent(code, hexadecimal)) end += isSign(text.charCodeAt(end + 1)) ? 2 : 1;
    else if (isDigit(code) || isHexLetter(code) || code === DOT) end++;
    else return isLetter(code) ? endToken(text, start) : { kind: NUMBER, start, end };
  }
}

function stringToken(text: string, start: number, end: number | null): Token {
  return end === null ? endToken(text, start) : { kind: STRING, start, end };
}

function symbolAt(text: string, start: number): Token {
  const first = text.charAt(start);
  const kind = LONG_SYMBOLS.find((symbol) => symbol[0] === first && text.startsWith(symbol, start)) ?? first;
  return SYMBOLS.includes(first) ? { kind, start, end: start + kind.length } : endToken(text, start);
}

/** The end of the tokens; what could not be read is shown up to the end of its line. */
function endToken(text: string, start: number): Token {
  return { kind: END, start, end: endOfLine(text, start) };
}

/** Behind the closing quote; null when the string is not closed in its line. */
function endOfQuoted(text: string, start: number): number | null {
  const quote = text.charCodeAt(start);
  for (let at = start + 1; at < text.length; ) {
    const code = text.charCodeAt(at);
    if (code === quote) return at + 1;
    if (code === LINE_FEED || code === CARRIAGE_RETURN) return null;
    at = code === BACKSLASH ? afterEscape(text, at + 1) : at + 1;
  }
  return null;
}

/** Behind an escape whose backslash stands before `at`. Only those that lead over the end of a line are more than one. */
function afterEscape(text: string, at: number): number {
  const pair = text.slice(at, at + 2);
  if (pair === "\r\n" || pair === "\n\r") return at + 2;
  let end = at + 1;
  if (text[at] === "z") while (isBlank(text.charCodeAt(end))) end++;
  return end;
}

/** How many `=` stand in the opening `[==[`; null when there is none. */
function longBracketLevel(text: string, start: number): number | null {
  if (text.charCodeAt(start) !== BRACKET) return null;
  let at = start + 1;
  while (text.charCodeAt(at) === EQUALS) at++;
  return text.charCodeAt(at) === BRACKET ? at - start - 1 : null;
}

function endOfLongBracket(text: string, start: number, level: number): number | null {
  const closing = `]${"=".repeat(level)}]`;
  const end = text.indexOf(closing, start + closing.length);
  return end === -1 ? null : end + closing.length;
}

function endOfLine(text: string, start: number): number {
  let at = start;
  while (at < text.length && text.charCodeAt(at) !== LINE_FEED && text.charCodeAt(at) !== CARRIAGE_RETURN) at++;
  return at;
}

const LINE_FEED = 10;
const CARRIAGE_RETURN = 13;
const QUOTE = 34;
const APOSTROPHE = 39;
const DOT = 46;
const EQUALS = 61;
const BRACKET = 91;
const BACKSLASH = 92;

// Characters by their codes: behind the end of the text the code is NaN, which is none of them.

function isBlank(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13);
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57;
}

function isLetter(code: number): boolean {
  return (code >= 97 && code <= 122) || (code >= 65 && code <= 90) || code === 95;
}

function isHexLetter(code: number): boolean {
  return (code >= 97 && code <= 102) || (code >= 65 && code <= 70);
}

function isExponent(code: number, hexadecimal: boolean): boolean {
  const lower = code | 32;
  return hexadecimal ? lower === 112 : lower === 101;
}

function isSign(code: number): boolean {
  return code === 43 || code === 45;
}
