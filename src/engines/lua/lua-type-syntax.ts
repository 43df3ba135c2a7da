/**
 * The grammar of types in the style of Luau: reads over one type, result, list of generics, and says where it is
 * malformed. What a type means is nobody's business here; it is read only to know where it ends.
 */
import { END, NAME, STRING, type Token, type TokenCursor } from "./lua-tokens.ts";

/** A type annotation cannot be read. */
export class TypeSyntaxError extends Error {
  override readonly name = "TypeSyntaxError";
  /** Both from 1; the column counts UTF-16 units. */
  readonly line: number;
  readonly column: number;

  constructor(message: string, line: number, column: number) {
    super(message);
    this.line = line;
    this.column = column;
  }
}

/** As deep as Lua itself nests. Reading is recursive, so a deeper type of a hostile script could overflow our stack. */
const DEEPEST = 200;

/** Types of one token. */
const WHOLE: readonly string[] = ["nil", "true", "false", STRING];

/** What may follow the words `read` and `write` of a table's field when they say how it may be used. */
const AFTER_ACCESS: readonly string[] = [NAME, STRING, "[", "{", "("];

/** Moves a cursor over types. Its methods stand at the first token and leave behind the last. */
export class TypeReader {
  readonly #cursor: TokenCursor;
  #depth = 0;

  constructor(cursor: TokenCursor) {
    this.#cursor = cursor;
  }

  /** `T`, `T?`, `A | B`, `A & B` and all they are made of. */
  type(): void {
    this.#type(false);
  }

  /** What a function gives back, and what a `...` holds: a type, `(A, B)`, `...T` or `T...`. */
  pack(): void {
    if (this.#cursor.accept("...")) this.type();
    else if (this.#cursor.sees(NAME, "...")) this.#cursor.advance(2);
    else this.#type(true);
  }

  /** `<T, U...>`; those of a `type` statement may have defaults. */
  generics(mayHaveDefaults: boolean): void {
    const opening = this.#open("<");
    if (!this.#cursor.sees(">")) {
      do {
        this.expect(NAME, "name of a generic type");
        this.#cursor.accept("...");
        if (mayHaveDefaults && this.#cursor.accept("=")) this.pack();
      } while (this.#cursor.accept(","));
    }
    this.#close(">", opening);
  }

  /** Goes past a token that has to be here. */
  expect(kind: string, called = `'${kind}'`): void {
    if (!this.#cursor.accept(kind)) this.#fail(`${called} expected`);
  }

  #type(mayBePack: boolean): void {
    if (++this.#depth > DEEPEST) this.#fail(`type is nested more than ${DEEPEST} levels deep`);
    if (!this.#cursor.accept("|")) this.#cursor.accept("&");
    do {
      this.#simple(mayBePack);
      while (this.#cursor.accept("?"));
    } while (this.#cursor.accept("|") || this.#cursor.accept("&"));
    this.#depth--;
  }

  #simple(mayBePack: boolean): void {
    const { kind } = this.#cursor;
    if (WHOLE.includes(kind)) this.#cursor.advance();
    else if (kind === "{") this.#table();
    else if (kind === "(" || kind === "<") this.#functionOrParentheses(mayBePack);
    else if (this.#isTypeof()) this.#typeof();
    else if (kind === NAME) this.#named();
    else this.#fail("type expected");
  }

  #isTypeof(): boolean {
    return this.#cursor.sees(NAME, "(") && this.#cursor.textOf(this.#cursor.token) === "typeof";
  }

  /** `typeof(…)` holds an expression, of which only the brackets are counted: all of it is erased. */
  #typeof(): void {
    this.#cursor.advance();
    const opening = this.#open("(");
    for (let open = 1; open > 0; this.#cursor.advance()) {
      const { kind } = this.#cursor;
      if (kind === END) this.#close(")", opening);
      else if (kind === "(" || kind === "[" || kind === "{") open++;
      else if (kind === ")" || kind === "]" || kind === "}") open--;
    }
  }

  /** `module.Name<Arguments>`. */
  #named(): void {
    this.#cursor.advance();
    while (this.#cursor.accept(".")) this.expect(NAME, "name of a type");
    if (!this.#cursor.sees("<") || isAttribute(this.#cursor)) return;
    const opening = this.#open("<");
    if (!this.#cursor.sees(">")) {
      do this.pack();
      while (this.#cursor.accept(","));
    }
    this.#close(">", opening);
  }

  /** `{ name: T, read other: T, [K]: V }`, or `{T}` of one type alone. */
  #table(): void {
    const opening = this.#open("{");
    if (!this.#cursor.sees("}")) {
      if (this.#field()) this.#moreFields();
      else this.type();
    }
    this.#close("}", opening);
  }

  #moreFields(): void {
    while (this.#cursor.accept(",") || this.#cursor.accept(";")) {
      if (this.#cursor.sees("}")) return;
      if (!this.#field()) this.#fail("name of a field expected");
    }
  }

  /** Reads a field, if it is one. `read` alone makes none, it may stand before the type of an array as well. */
  #field(): boolean {
    if (this.#isAccess()) this.#cursor.advance();
    if (this.#cursor.sees(NAME, ":")) {
      this.#cursor.advance();
    } else if (this.#cursor.sees("[")) {
      const opening = this.#open("[");
      this.type();
      this.#close("]", opening);
    } else {
      return false;
    }
    this.expect(":");
    this.type();
    return true;
  }

  #isAccess(): boolean {
    const word = this.#cursor.sees(NAME) ? this.#cursor.textOf(this.#cursor.token) : "";
    return (word === "read" || word === "write") && AFTER_ACCESS.includes(this.#cursor.tokenAhead(1).kind);
  }

  /** `<T>(name: T, ...U) -> R` or `(T)`; and `(A, B)`, where it may stand. */
  #functionOrParentheses(mayBePack: boolean): void {
    const isGeneric = this.#cursor.sees("<");
    if (isGeneric) this.generics(false);
    const opening = this.#open("(");
    const isOneType = this.#parameters() && !isGeneric;
    this.#close(")", opening);
    if (this.#cursor.accept("->")) this.pack();
    else if (isGeneric || !(isOneType || mayBePack)) this.#fail("'->' expected");
  }

  /** What stands in the parentheses; whether it is one type, without a name. */
  #parameters(): boolean {
    if (this.#cursor.sees(")")) return false;
    let count = 0;
    let arePlain = true;
    do {
      const isNamed = this.#cursor.sees(NAME, ":");
      const isPack = this.#cursor.sees("...") || this.#cursor.sees(NAME, "...");
      if (isNamed) this.#cursor.advance(2);
      if (isPack) this.pack();
      else this.type();
      if (isNamed || isPack) arePlain = false;
      count++;
    } while (this.#cursor.accept(","));
    return arePlain && count === 1;
  }

  #open(kind: string): Token {
    const opening = this.#cursor.token;
    this.expect(kind);
    return opening;
  }

  #close(kind: string, opening: Token): void {
    if (this.#cursor.accept(kind)) return;
    const { line } = this.#cursor.placeOf(opening);
    const isElsewhere = line !== this.#cursor.placeOf(this.#cursor.token).line;
    const what = isElsewhere ? ` (to close '${this.#cursor.textOf(opening)}' at line ${line})` : "";
    this.#fail(`'${kind}' expected${what}`);
  }

  /** In the words of the Lua compiler. */
  #fail(problem: string): never {
    const { token } = this.#cursor;
    const { line, column } = this.#cursor.placeOf(token);
    const near = this.#cursor.textOf(token);
    throw new TypeSyntaxError(`${problem} near ${near === "" ? END : `'${shortened(near)}'`}`, line, column);
  }
}

/** Whether here stands one of Lua's attributes of local names, which looks like the arguments of a type. */
function isAttribute(cursor: TokenCursor): boolean {
  if (!cursor.sees("<", NAME, ">")) return false;
  const word = cursor.textOf(cursor.tokenAhead(1));
  return word === "const" || word === "close";
}

const LONGEST_SHOWN = 40;

function shortened(text: string): string {
  return text.length > LONGEST_SHOWN ? `${text.slice(0, LONGEST_SHOWN)}…` : text;
}
