/**
 * Tests of the erasure of types. Scripts are written with ⟦ ⟧ around what is to become blanks, so that each says itself
 * what has to come out of it.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { eraseTypes, TypeSyntaxError } from "./lua-type-erasure.ts";

/** A script with its types, and with blanks in their place. */
function typedAndBlank(marked: string): [typed: string, blank: string] {
  const blank = marked.replace(/⟦([^⟧]*)⟧/g, (_, types: string) => types.replace(/[^\r\n]/g, " "));
  return [marked.replace(/[⟦⟧]/g, ""), blank];
}

function plain(marked: string): string {
  return marked.replace(/⟦[^⟧]*⟧/g, "");
}

function errorOf(source: string): TypeSyntaxError {
  try {
    eraseTypes(source);
  } catch (error) {
    if (error instanceof TypeSyntaxError) return error;
    throw error;
  }
  throw new Error("it was accepted");
}

describe("types are erased", () => {
  it.each([
    // local
    "local x⟦: number⟧ = 1",
    "local a⟦: string⟧, b⟦: {number}?⟧ = f()",
    "local x⟦: T⟧",
    "local x⟦:T⟧;local y⟦:T⟧=1",
    "local x <const>⟦: T⟧, y <close>⟦: U⟧ = 1, z",
    "local x⟦: T⟧ <const>, y⟦: m.U⟧ <close> = 1, z",
    "local x⟦: T<A>⟧ <const>, y⟦: () -> T⟧ <close> = 1, z",
    "local x⟦: A<B>⟧= 1 local y⟦: A<B<C>>⟧= 1 local z⟦: A<B<C>>⟧ ::label::",
    "local type⟦: type⟧ = type",
    "local x⟦: T⟧; local y⟦: U⟧ ::label:: local z⟦: V⟧",
    // functions
    "function f(a⟦: string?⟧, ...⟦: any⟧)⟦: (boolean, string)⟧ return a, ... end",
    "function a.b.c:m(x⟦: T⟧)⟦: U⟧ return x end",
    "function f⟦<T, U...>⟧(x⟦: T⟧, ...⟦: U...⟧)⟦: U...⟧ return ... end",
    "local function f⟦<T>⟧(x⟦: T⟧)⟦: T⟧ return x end",
    "f(function(x⟦: T⟧, y)⟦: ...U⟧ return x end, function⟦<T>⟧()⟦: ()⟧ end)",
    "function f()⟦: (T)⟧ return g() end",
    "function f()⟦: (T) -> (U, ...V)⟧ return g end",
    "function f()⟦: (A | B)?⟧ (g or h)() end",
    "function f()⟦: T⟧ ::label:: goto label end",
    "function f()⟦: typeof(x(')'))⟧ end",
    // for
    "for i⟦: number⟧ = 1, 3 do print(i) end",
    "for k⟦: string⟧, v⟦: any⟧ in pairs(t⟦ :: T⟧) do print(k, v) end",
    // casts
    "local x = y⟦ :: T⟧",
    "return f(x⟦ :: T⟧, {}⟦ :: {T}⟧, ...⟦ :: any⟧)⟦ :: U⟧, 'a'⟦ :: 'a' | 'b'⟧, 5⟦::number⟧, nil⟦ :: T?⟧",
    "local t = { a = x⟦ :: T⟧, [y⟦ :: K⟧] = z⟦ :: V⟧; w⟦ :: W⟧ }",
    "local f = function() return x⟦ :: T⟧ end⟦ :: () -> T⟧",
    "if x⟦ :: T⟧ then y = -z⟦ :: T⟧ + w⟦ :: U⟧ elseif w⟦ :: T⟧ then elseif v then else u = v⟦ :: T⟧ end",
    "while x⟦ :: T⟧ do end repeat local y = z until y⟦ :: T⟧ or x⟦ :: U⟧ x = y",
    "x, y.z = y⟦ :: T⟧, x⟦ :: T⟧ z = 1",
    "(x⟦ :: any⟧).y = (x⟦ :: any⟧).z;(x⟦ :: any⟧):m(y⟦ :: T⟧)",
    "x[y⟦ :: T⟧](z⟦ :: T⟧).a = function() w = z⟦ :: T⟧ end",
    "local a = x⟦ :: T⟧ >= 3, y⟦ :: T⟧ .. z⟦ :: T⟧ == w",
    "local a = x⟦ :: T⟧ ::again:: goto again",
    "local a = x⟦ :: T⟧ ::again:: ::more:: goto again",
    "local a = x⟦ :: T?⟧ ::again:: goto again",
    "local a = f() ::again:: b = a goto again",
    // type statements
    "⟦type P = { x: number }⟧ local p⟦: P⟧",
    "⟦type P<T, U... = (), V = {T}> = (T, U...) -> V⟧",
    "⟦type P<T..., U... = T..., V... = ...V> = T⟧",
    "⟦export type P = Q<>⟧ ⟦type Q = P⟧ ::label:: ⟦type R = Q⟧",
    "local x = y\n⟦type type = type⟧\nx = type\n⟦export type export = type⟧\ntype = x",
    "do ⟦type P = T⟧ end f() ⟦type Q = T⟧; return 1",
    "#!/usr/bin/lua ::\n⟦type P = T⟧\n",
    "\uFEFF⟦type P = T⟧",
  ])("%s", (marked) => {
    const [typed, blank] = typedAndBlank(marked);
    expect(eraseTypes(typed)).toBe(blank);
  });

  it.each([
    "T",
    "m.sub.T",
    "Map<string, {number}>",
    "Map<string, Map<string, Map<K, V>>>",
    "Signal<(a: number, ...string) -> (), T..., ...U, (A, B), ()>",
    "typeof(require('x')({ [1] = 2 }, function() end))",
    "nil",
    "true | false",
    `"a" | 'b' | [[c]] | [==[d ]] ]==]`,
    "| A | B",
    "& A & B?",
    "T??",
    "(T)",
    "((T?) | (U & V))?",
    "() -> ()",
    "() -> () -> (A, B)",
    "(A) -> B | C",
    "(a: number, string, ...string) -> (T, U)",
    "(A, T...) -> T...",
    "<T>(T) -> T",
    "<T, U...>(x: T, U...) -> ...T",
    "{}",
    "{T}",
    "{{ T }?}",
    "{ read T }",
    "{ read }",
    "{ [string]: number, name: string, read x: T; write [K]: V, write: U, read: T, }",
    "{ -- fields }\n  f: (self: T) -> (); --[[ :: ]]\r\n  g: typeof(x),\n}",
  ])("of every form: %s", (type) => {
    const [typed, blank] = typedAndBlank(
      `local a⟦: ${type}⟧ = b⟦ :: ${type}⟧\n⟦type P = ${type}⟧\nfunction f(x⟦: ${type}⟧)⟦: ${type}⟧ end`,
    );
    expect(eraseTypes(typed)).toBe(blank);
  });

  it("without joining what stood on both sides to a call", () => {
    expect(eraseTypes("local a = b :: T\n(f or g)()")).toBe("local a = b ;   \n(f or g)()");
    expect(eraseTypes("local a = b\ntype P = T\n(f or g)()")).toBe("local a = b\n;         \n(f or g)()");
    expect(eraseTypes("local a = f(b :: T\n(c))")).toBe("local a = f(b ;   \n(c))");
    expect(eraseTypes("a = b :: T (c).d = e :: U")).toBe("a = b ;    (c).d = e     ");
    expect(eraseTypes("local a\ntype P = T\n(f or g)()")).toBe("local a\n          \n(f or g)()");
  });
});

describe("plain Lua is given back as it is", () => {
  it.each([
    "",
    "a:b() a:b'x' a:b{} a:b[[x]] a.b:c()",
    "local x <const>, y <close> = 1, nil",
    "x = a < b and c > d or e <= f or g >= h or i == j or k ~= l",
    "x = a // b >> c << d & e | f ~ g ^ h % i",
    "::top:: goto top",
    "do ::a:: ::b:: goto a end ::c::",
    "f() ::label:: x = y ::type:: type = x ::again::",
    "x = f ::label:: x = {} ::other:: ; ::third:: return",
    "function f() ::label:: end x = function() end ::label:: while x do ::label:: end",
    "type(x) type = 5 type.x = 1 type[1] = 2 type 'x' type {} type:x() type, x = 1, 2",
    "local type x = 5 local x, type = type y = type z = x.type w = 1",
    "x = type\ny = 5 goto type x = 5 ::type:: x = { type, type = type; type }",
    "local export = export export.type = export['type'] export = 1",
    "function type() end function export.type(type) return type end for type in type do end",
    "local s = 'local x: T' .. \"a\\\"x :: T\" .. [[type P = T]] .. [==[ ]] x :: T ]==] .. 'a\\z  \n  :: T\\\n'",
    "-- local x: T\n--[[ type P = T\n ]] x = 1 --[==[ ]] x :: T ]==]",
    "#!/usr/bin/lua x :: T\nx = 1",
    "\uFEFF# x :: T\nx = 1",
    "x = 0x1p-4 + 1e+5 + .5 + 3. + 0xA.8 + 1 ..2 x = ... ::label::",
    "return function(...) return ... end",
    "local t = { f = function(a, b, ...) end, [1] = 2; 3 }",
    "for i = 1, 10, 2 do for k, v in pairs(t) do break end end",
    "repeat local x = f() until x == nil ::label:: ;(f or g)()",
    "if a then elseif b then else end return",
  ])("%j", (source) => {
    expect(eraseTypes(source)).toBe(source);
  });
});

describe("what is wrong as Lua is left for its compiler, from there on", () => {
  it.each([
    "x = 'not closed\nlocal y: T = 1",
    "x = [==[ not closed ]]\nlocal y: T = 1",
    "x = 1 --[[ not closed\nlocal y: T = 1",
    "x = 3and local y: T = 1",
    "x = `{y :: T}`",
    "x = @y local z: = 1",
    "local x = if y then z else w local z: T = 1",
    "f() :: T",
    "x :: T = 5",
    "goto x :: T?",
    "break :: T?",
    "if x then end :: T?",
    "x = y ? z local z: T = 1",
    "x = { 1; type P = T }",
    "f(] local x: T",
    "end local x: T",
    "else local x: T",
    "until local x: T",
    "(do end local x: T",
    "local 5: T",
    "local x, : T",
    "local x:: T = 1",
    "for 1: T",
    "function f(a b: T)",
    "function f(a, 5: T)",
    "function f: T() end",
    "type function f(x) return x end",
    "export x: T",
    "return return x :: T?",
  ])("%j", (source) => {
    expect(eraseTypes(source)).toBe(source);
  });

  it("but what is before is erased, so that the compiler comes as far as that", () => {
    expect(eraseTypes("local x: T = 'not closed")).toBe("local x    = 'not closed");
    expect(eraseTypes("f(x :: T :: U)")).toBe("f(x      :: U)");
    expect(eraseTypes("x = y :: T? :: U?")).toBe("x = y       :: U?");
    expect(eraseTypes("local x: T = y\ncontinue")).toBe("local x    = y\ncontinue");
  });
});

describe("a malformed annotation", () => {
  it.each([
    ["local x: = 1", 1, 10, "type expected near '='"],
    ["local x:", 1, 9, "type expected near <eof>"],
    ["local x: 5", 1, 10, "type expected near '5'"],
    ["\r\n\n  local x: {T\r\n = 1", 4, 2, "'}' expected (to close '{' at line 3) near '='"],
    ["local x: {a: T b: U}", 1, 16, "'}' expected near 'b'"],
    ["local x: {a: T, U}", 1, 17, "name of a field expected near 'U'"],
    ["local x: {T, U}", 1, 12, "'}' expected near ','"],
    ["local x: {[K] V}", 1, 15, "':' expected near 'V'"],
    ["local x: (A, B) = 1", 1, 17, "'->' expected near '='"],
    ["local x: () = 1", 1, 13, "'->' expected near '='"],
    ["local x: <T>(T)", 1, 16, "'->' expected near <eof>"],
    ["local x: a. = 1", 1, 13, "name of a type expected near '='"],
    ["local x: A<B = 1", 1, 14, "'>' expected near '='"],
    ["local x: A | = 1", 1, 14, "type expected near '='"],
    ["local x: 'abc\n", 1, 10, "type expected near ''abc'"],
    ["local x: { --[[ abc", 1, 12, "type expected near '--[[ abc'"],
    ["local x: typeof(f(", 1, 19, "')' expected near <eof>"],
    ["function f<T(x) end", 1, 13, "'>' expected near '('"],
    ["function f<5>(x) end", 1, 12, "name of a generic type expected near '5'"],
    ["function f(x: ) end", 1, 15, "type expected near ')'"],
    ["function f(): return end", 1, 15, "type expected near 'return'"],
    ["for i: = 1, 2 do end", 1, 8, "type expected near '='"],
    ["x = y :: 5", 1, 10, "type expected near '5'"],
    ["x = a :: number < b", 1, 20, "'>' expected near <eof>"],
    ["type P", 1, 7, "'=' expected near <eof>"],
    ["type P<T = = 5", 1, 12, "type expected near '='"],
    ["export type = 5", 1, 13, "name of a type expected near '='"],
    [`local x: ${"@".repeat(50)}`, 1, 10, `type expected near '${"@".repeat(40)}…'`],
  ])("%j is refused with its place", (source, line, column, message) => {
    expect(errorOf(source)).toMatchObject({ name: "TypeSyntaxError", line, column, message });
  });
});

describe("a script of any size", () => {
  it("may nest code as it likes, and types up to a limit", () => {
    const code = `x = ${"f(function() local t = {".repeat(30_000)}`;
    expect(eraseTypes(code)).toBe(code);
    expect(eraseTypes(`local x: ${"{".repeat(199)}T${"}".repeat(199)}`).trimEnd()).toBe("local x");
    for (const opening of ["{", "(", "() -> ", "A<", "A<(", "<T>(", "{ [", "...", "(...", "(a: ", "{ a: {"]) {
      expect(errorOf(`function f(): ${opening.repeat(100_000)}`).message).toMatch(
        /nested more than 200 levels|expected/,
      );
    }
  });

  it("is read once, whatever repeats in it", () => {
    for (const piece of [
      "[==",
      "--[==",
      "'\\z",
      "x = a :: T :: ",
      "T :: ",
      "local x: T ",
      "type type ",
      "x = a :: T(",
    ]) {
      const source = piece.repeat(30_000);
      let erased = source;
      try {
        erased = eraseTypes(source);
      } catch (error) {
        expect(error).toBeInstanceOf(TypeSyntaxError);
      }
      expect(erased).toHaveLength(source.length);
    }
  });
});

// Random scripts, with ⟦ ⟧ around their types.

/** Fills in the parts `$0`, `$1`, … of a template. */
function template(text: string, ...parts: fc.Arbitrary<string>[]): fc.Arbitrary<string> {
  return fc
    .tuple(...parts)
    .map((values) => text.replace(/\$(\d)/g, (_, index: string) => values[Number(index)] as string));
}

function list(part: fc.Arbitrary<string>, minLength: number, separator = " , "): fc.Arbitrary<string> {
  return fc.array(part, { minLength, maxLength: 3 }).map((parts) => parts.join(separator));
}

function maybe(part: fc.Arbitrary<string>): fc.Arbitrary<string> {
  return fc.oneof(fc.constant(""), part);
}

/** Also words that mean something in types; they are ordinary names of Lua. */
const name = fc.constantFrom("x", "type", "export", "read", "write", "typeof", "self", "continue");
const typeName = fc.constantFrom("T", "type", "read", "write", "export", "m.T", "string");
const text = fc.constantFrom('"a"', "'::'", "[[x::T]]", "[==[]]]==]");
const label = fc.nat(1e9).map((number) => `l${number}`);

const { type, pack } = fc.letrec<{ type: string; pack: string }>((tie) => {
  const [type, pack] = [tie("type"), tie("pack")];
  const key = fc.oneof(template("$0 :", name), template("[ $0 ] :", type));
  const field = template("$0 $1 $2", maybe(fc.constantFrom("read", "write")), key, type);
  const parameter = fc.oneof(type, template("$0 : $1", name, type));
  return {
    type: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      typeName,
      fc.oneof(text, fc.constantFrom("nil", "true", "false", "{ }", "( ) -> ( )", "typeof ( f ( { } , ')' ) )")),
      template("$0 < $1 >", typeName, list(pack, 0)),
      template("( $0 ) ?", type),
      template("$0 | ( $1 )", type, type),
      template("& ( $0 ) & ( $1 )", type, type),
      template("{ $0 }", type),
      template("{ $0 }", list(field, 1)),
      template("{ $0 ; }", list(field, 1, " ; ")),
      template("( $0 ) -> $1", list(parameter, 0), pack),
      template("< T , U ... > ( $0 , U ... ) -> $1", parameter, pack),
    ),
    pack: fc.oneof(
      { depthSize: "small" },
      type,
      fc.constant("T ..."),
      template("... $0", type),
      template("( $0 )", list(type, 0)),
    ),
  };
});

const annotation = maybe(template("⟦: $0⟧", type));
const typedName = template("$0 $1", name, annotation);

const { block } = fc.letrec<{ expression: string; statement: string; body: string; block: string }>((tie) => {
  const [expression, statement, body, block] = [tie("expression"), tie("statement"), tie("body"), tie("block")];
  const operator = fc.constantFrom("+", "-", "..", "==", "<=", ">", "and", "or", "//", "~");
  const calls = template("( $0 )", list(expression, 0));
  const head = fc.oneof(name, template("$0 . $1", name, name), template("$0 [ $1 ]", name, expression));
  return {
    expression: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      name,
      fc.oneof(text, fc.constantFrom("nil", "...", "1", "0x1p-2", "{ }")),
      template("$0 ⟦:: $1⟧", name, type),
      template("$0 $1 ⟦:: $2⟧", head, calls, type),
      template("( $0 )", expression),
      template("( $0 ) . $1", expression, name),
      template("( $0 ) : $1 $2 ⟦:: $3⟧", expression, name, calls, type),
      template("( $0 ) $1 $2", expression, operator, expression),
      template("- $0", expression),
      template("{ $0 , [ $1 ] = $2 ; $3 = $4 } ⟦:: $5⟧", expression, expression, expression, name, expression, type),
      template("function $0 ⟦:: $1⟧", body, type),
      template("function $0", body),
    ),
    statement: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      template("$0 $1", head, calls),
      template("$0 : $1 $2", head, name, fc.oneof(calls, text)),
      template("$0 , $1 = $2", head, head, expression),
      template("; ( $0 ) $1", expression, calls),
      template("local $0", list(typedName, 1)),
      template("local $0 = $1", list(typedName, 1), list(expression, 1)),
      template("local c1 <const> $0 , c2 $1 <const> = $2", annotation, annotation, expression),
      template("local function $0 $1", name, body),
      template("function $0 . $1 : $2 $3", name, name, name, body),
      template("for $0 = $1 , 3 do $2 break end", typedName, expression, block),
      template("for $0 in $1 do $2 end", list(typedName, 1), expression, block),
      template("while $0 do $1 end", expression, block),
      template("repeat $0 until $1", block, expression),
      template("if $0 then $1 elseif $2 then $3 else $4 end", expression, block, expression, block, block),
      template(":: $0 ::", label),
      template("do goto $0 $1 :: $0 :: end", label, block),
      template("⟦type $0 = $1⟧", name, type),
      template("⟦export type $0 < T , U ... = $1 > = $2⟧", name, pack, type),
    ),
    body: template(
      "$0 ( $1 , ... $2 ) $3 $4 return $5 end",
      maybe(fc.constant("⟦< T , U ... >⟧")),
      list(typedName, 1),
      maybe(template("⟦: $0⟧", pack)),
      maybe(template("⟦: $0⟧", pack)),
      block,
      list(expression, 1),
    ),
    block: list(statement, 0, " "),
  };
});

const blanks = fc.array(
  fc.constantFrom(" ", "\n", "\r\n", "\t", " -- :: T\n", " --[[ type P =\n ]] ", " --[=[ ' ]=] "),
  {
    minLength: 1,
    maxLength: 20,
  },
);

/** Scripts with all kinds of blanks. */
const script = fc.tuple(block, blanks).map(([marked, between]) => {
  let next = 0;
  return marked.replace(/ /g, () => between[next++ % between.length] as string);
});

describe("a random script", () => {
  it("loses its types, and nothing else moves", () => {
    fc.assert(
      fc.property(script, (marked) => {
        const [typed, blank] = typedAndBlank(marked);
        expect(eraseTypes(typed)).toBe(blank);
      }),
      { numRuns: 300 },
    );
  });

  it("without types is given back as it is", () => {
    fc.assert(
      fc.property(script, (marked) => {
        expect(eraseTypes(plain(marked))).toBe(plain(marked));
      }),
      { numRuns: 300 },
    );
  });

  it("cut off anywhere is erased or refused as what it is, and keeps its lines", () => {
    fc.assert(
      fc.property(script, fc.nat(), (marked, at) => {
        const [typed] = typedAndBlank(marked);
        const source = typed.slice(0, at % (typed.length + 1));
        let erased: string;
        try {
          erased = eraseTypes(source);
        } catch (error) {
          expect(error).toBeInstanceOf(TypeSyntaxError);
          return;
        }
        expect(erased.replace(/[^\r\n]/g, " ")).toBe(source.replace(/[^\r\n]/g, " "));
      }),
      { numRuns: 300 },
    );
  });
});
