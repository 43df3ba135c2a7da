/**
 * Erases type annotations in the style of Luau from a Lua 5.4 script, so that the Lua compiler can load it. What is
 * erased becomes blanks, so every line and column stays; a script without annotations is given back as it is.
 *
 *     local total: number = #(items :: {Item})
 *     local total         = #(items          )
 *
 * The pass goes once along the tokens and keeps a stack of what is open, which is enough to know where an annotation
 * may stand: no place where one is looked for can hold the same tokens in a Lua program. Where the script is wrong as
 * Lua the pass ends, because the Lua compiler stops there too and says why. docs/lua-types.md has the rules.
 */
import { END, NAME, NUMBER, STRING, TokenCursor } from "./lua-tokens.ts";
import { TypeReader, TypeSyntaxError } from "./lua-type-syntax.ts";

export { TypeSyntaxError };

/**
 * The script without its types; the same string if it has none.
 *
 * @throws TypeSyntaxError when an annotation is malformed. What is wrong as Lua is left for the Lua compiler to report.
 */
export function eraseTypes(source: string): string {
  return new TypeErasure(source).run();
}

/** What the tokens so far have led up to. */
type Position =
  /** A statement may begin, and nothing can go on. */
  | "statement"
  /** Something has to follow: the statement, or the expression, is not whole. */
  | "inside"
  /** An expression is whole. It can go on, or in a block the next statement begins. */
  | "operand"
  /** An expression is whole and has been cast. Only operators go on with it, and it is not cast again. */
  | "cast";

/** A bracket or block that is open. */
interface Open {
  /** The token that closes it. */
  readonly closer: string;
  /** What it leads up to once it is closed. */
  readonly after: Position;
  /** Whether it stands in the head of a statement. */
  readonly inHead: boolean;
}

/** What could go on with an expression: a call, an index. Where types were between, it must not. */
const SUFFIXES: readonly string[] = ["(", "[", "{", STRING, ".", ":"];

/** Goes past one token, or past all that begins with it and may hold types. */
type Step = (pass: TypeErasure) => void;

class TypeErasure {
  /** By the kind of the token. Behind the rest, operators and commas, something has to follow. */
  static readonly #STEPS: ReadonlyMap<string, Step> = new Map<string, Step>([
    [NAME, (pass) => pass.#name()],
    [STRING, (pass) => pass.#pass("operand")],
    [NUMBER, (pass) => pass.#pass("operand")],
    ["nil", (pass) => pass.#pass("operand")],
    ["true", (pass) => pass.#pass("operand")],
    ["false", (pass) => pass.#pass("operand")],
    ["...", (pass) => pass.#pass("operand")],
    ["(", (pass) => pass.#parenthesis()],
    ["[", (pass) => pass.#enter("]")],
    ["{", (pass) => pass.#enter("}")],
    [")", (pass) => pass.#leave(")")],
    ["]", (pass) => pass.#leave("]")],
    ["}", (pass) => pass.#leave("}")],
    ["::", (pass) => pass.#doubleColon()],
    [";", (pass) => pass.#pass(pass.#isInBlock() ? "statement" : "inside")],
    ["=", (pass) => pass.#assignment()],
    ["function", (pass) => pass.#function()],
    ["local", (pass) => pass.#begin(() => pass.#local())],
    ["for", (pass) => pass.#begin(() => pass.#for())],
    ["goto", (pass) => pass.#begin(() => pass.#goto())],
    ["break", (pass) => pass.#begin(() => pass.#pass("statement"))],
    ["return", (pass) => pass.#begin(() => pass.#pass("inside"))],
    ["if", (pass) => pass.#begin(() => pass.#pass("inside"))],
    ["while", (pass) => pass.#begin(() => pass.#pass("inside"))],
    ["repeat", (pass) => pass.#begin(() => pass.#enterBlock("until"))],
    ["until", (pass) => pass.#leave("until")],
    ["do", (pass) => pass.#enterBlock("end")],
    ["then", (pass) => pass.#enterBlock("end")],
    ["elseif", (pass) => pass.#elseif()],
    ["else", (pass) => pass.#else()],
    ["end", (pass) => pass.#leave("end")],
    // Symbols of types only.
    ["?", (pass) => pass.#stop()],
    ["->", (pass) => pass.#stop()],
  ]);

  readonly #cursor: TokenCursor;
  readonly #types: TypeReader;
  readonly #open: Open[] = [];
  /** The text up to `#writtenTo`, in pieces. */
  readonly #pieces: string[] = [];
  #writtenTo = 0;
  #position: Position = "statement";
  /** In the head of a call or an assignment, where Lua has names to assign to and no expressions to cast. */
  #inHead = false;
  #hasEnded = false;

  constructor(source: string) {
    this.#cursor = new TokenCursor(source);
    this.#types = new TypeReader(this.#cursor);
  }

  run(): string {
    while (!this.#hasEnded && this.#cursor.kind !== END) {
      const step = TypeErasure.#STEPS.get(this.#cursor.kind);
      if (step) step(this);
      else this.#pass("inside");
    }
    const { text } = this.#cursor;
    return this.#pieces.length === 0 ? text : this.#pieces.join("") + text.slice(this.#writtenTo);
  }

  // Expressions and blocks

  #name(): void {
    const isFirst = this.#startsStatement();
    if (isFirst && this.#isTypeStatement()) {
      this.#typeStatement();
    } else {
      if (isFirst) this.#inHead = true;
      this.#pass("operand");
    }
  }

  /** Either it goes on with an expression, as a call, or a statement begins: `(f or g)()`. */
  #parenthesis(): void {
    if (this.#position === "statement") this.#inHead = true;
    this.#enter(")");
  }

  #elseif(): void {
    this.#leave("end");
    this.#position = "inside";
  }

  #else(): void {
    if (this.#isOpen("end")) this.#pass("statement");
    else this.#stop();
  }

  /** A keyword that only begins statements. */
  #begin(step: () => void): void {
    this.#inHead = false;
    if (this.#startsStatement()) step();
    else this.#stop();
  }

  #assignment(): void {
    this.#inHead = false;
    this.#pass("inside");
  }

  // Statements and functions

  /** `local a: T, b <const>: U`; of `local function` only the first word. */
  #local(): void {
    this.#pass("statement");
    if (!this.#cursor.sees("function")) this.#names(true);
  }

  /** `for i: T` or `for k: T, v: U`. */
  #for(): void {
    this.#pass("inside");
    this.#names(false);
  }

  #goto(): void {
    this.#cursor.advance();
    this.#pass("statement");
  }

  /** The names that `local` or `for` declares, each perhaps with a type, the local ones also with an attribute. */
  #names(mayHaveAttributes: boolean): void {
    do {
      if (!this.#cursor.accept(NAME)) {
        this.#stop();
        return;
      }
      if (mayHaveAttributes) this.#attribute();
      this.#annotation(() => this.#types.type());
      if (mayHaveAttributes) this.#attribute();
    } while (this.#cursor.accept(","));
  }

  #attribute(): void {
    if (this.#cursor.sees("<", NAME, ">")) this.#cursor.advance(3);
  }

  /** A function from its first word to the start of its body. */
  #function(): void {
    const after = this.#position === "inside" ? "operand" : "statement";
    this.#cursor.advance();
    while (this.#cursor.accept(NAME) || this.#cursor.accept(".") || this.#cursor.accept(":"));
    if (this.#cursor.sees("<")) this.#erase(() => this.#types.generics(false));
    if (this.#parameters()) this.#annotation(() => this.#types.pack());
    else this.#stop();
    this.#open.push({ closer: "end", after, inHead: this.#inHead });
    this.#position = "statement";
  }

  /** Whether they are parameters as Lua has them, apart from their types. */
  #parameters(): boolean {
    if (!this.#cursor.accept("(")) return false;
    if (this.#cursor.accept(")")) return true;
    do {
      if (this.#cursor.accept("...")) this.#annotation(() => this.#types.pack());
      else if (this.#cursor.accept(NAME)) this.#annotation(() => this.#types.type());
      else return false;
    } while (this.#cursor.accept(","));
    return this.#cursor.accept(")");
  }

  /** No Lua statement begins with two names, so the word `type` stays an ordinary name everywhere else. */
  #isTypeStatement(): boolean {
    if (!this.#cursor.sees(NAME, NAME)) return false;
    const word = this.#cursor.textOf(this.#cursor.token);
    if (word === "export") return this.#cursor.textOf(this.#cursor.tokenAhead(1)) === "type";
    return word === "type";
  }

  /** `export type Name<T> = …`. */
  #typeStatement(): void {
    this.#eraseBehind(() => {
      if (this.#cursor.textOf(this.#cursor.token) === "export") this.#cursor.advance();
      this.#cursor.advance();
      this.#types.expect(NAME, "name of a type");
      if (this.#cursor.sees("<")) this.#types.generics(true);
      this.#types.expect("=");
      this.#types.type();
    });
    this.#position = "statement";
  }

  /** `expression :: T`, or a label. */
  #doubleColon(): void {
    if (this.#isLabel()) {
      this.#cursor.advance(3);
      this.#position = "statement";
    } else if (this.#isBehindExpression()) {
      this.#position = "cast";
      this.#eraseBehind(() => {
        this.#cursor.advance();
        this.#types.type();
      });
    } else {
      this.#stop();
    }
  }

  /**
   * `:: Name ::` is a label wherever a statement may begin, as in Lua: `f() ::again::`. But `x :: T ::again::` is a cast
   * and a label, since behind the label `T` a statement could not begin with `again ::`.
   */
  #isLabel(): boolean {
    if (!this.#isInBlock() || !this.#cursor.sees("::", NAME, "::")) return false;
    return !(this.#isBehindExpression() && this.#cursor.sees("::", NAME, "::", NAME, "::"));
  }

  #isBehindExpression(): boolean {
    return this.#position === "operand" && !this.#inHead;
  }

  // Annotations

  /** Erases `: T`, if there is one. */
  #annotation(readType: () => void): void {
    if (!this.#cursor.sees(":")) return;
    this.#erase(() => {
      this.#cursor.advance();
      readType();
    });
  }

  /**
   * Erases what `read` goes over. Where it stands behind an expression with which the next token could go on once there
   * are only blanks between, a semicolon keeps them apart:
   *
   *     local run = job :: Job     (first or second)()
   *     local run = job ;          (first or second)()
   */
  #eraseBehind(read: () => void): void {
    const isBehind = this.#position !== "statement";
    this.#erase(read);
    if (!isBehind || !SUFFIXES.includes(this.#cursor.kind)) return;
    const blanks = this.#pieces.pop() as string;
    this.#pieces.push(`;${blanks.slice(1)}`);
    this.#position = "statement";
  }

  #erase(read: () => void): void {
    const { start } = this.#cursor.token;
    read();
    const { text, endBefore } = this.#cursor;
    this.#pieces.push(text.slice(this.#writtenTo, start), text.slice(start, endBefore).replace(/[^\r\n]/g, " "));
    this.#writtenTo = endBefore;
  }

  // Where the pass is

  #pass(position: Position): void {
    this.#cursor.advance();
    this.#position = position;
  }

  #enter(closer: string): void {
    this.#open.push({ closer, after: "operand", inHead: this.#inHead });
    this.#inHead = false;
    this.#pass("inside");
  }

  #enterBlock(closer: string): void {
    this.#open.push({ closer, after: closer === "until" ? "inside" : "statement", inHead: this.#inHead });
    this.#pass("statement");
  }

  #leave(closer: string): void {
    const open = this.#open.pop();
    if (open?.closer === closer) {
      this.#inHead = open.inHead;
      this.#pass(open.after);
    } else {
      this.#stop();
    }
  }

  #isOpen(closer: string): boolean {
    return this.#open.at(-1)?.closer === closer;
  }

  #isInBlock(): boolean {
    const closer = this.#open.at(-1)?.closer;
    return closer === undefined || closer === "end" || closer === "until";
  }

  #startsStatement(): boolean {
    return this.#position !== "inside" && this.#isInBlock();
  }

  /** The script is wrong here. */
  #stop(): void {
    this.#hasEnded = true;
  }
}
