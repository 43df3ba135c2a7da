/**
 * Makes up Lua programs out of everything that yields, calls, throws and closes, from a seed. What a program logs is to be
 * the same whoever runs it, and however often it is interrupted.
 *
 *     plain    standard Lua only: also the reference interpreter can run it
 *     waiting  in the same constructs, calls that wait: sleep, channels, select, messages, coroutine.spawn
 *
 * What may rightly differ does not occur: addresses, the order of `pairs` over more than one key, time, the collector,
 * `debug`, a NaN as text (its sign is the machine's), how deep recursion may go, what the sandbox refuses by its bounds,
 * errors of library functions that are called as a tail call (the library here is in Lua, and then the caller has no
 * position) or directly by `pcall` (which of its names they say), and a division of integers by 0 (before Lua 5.4.5 its error may name the wrong line).
 * Nothing that waits is waited for longer than some virtual milliseconds, so no program stands still.
 *
 * Each program is the text of a function that answers its log as one string; it needs PRELUDE in scope.
 */
import { SeededRandom } from "../../src/testing/index.ts";

/** What a program may do; see above. */
export type Mood = "plain" | "waiting";

/** How many calls of its own functions a program may make; each of them counts. */
const FUEL = 48;
/** How many statements a program has at most, nested ones included. */
const STATEMENTS = 34;

/** What programs need around them: the start of their chunk. */
export const PRELUDE = `
local replaced = replaced or string.gsub
local function show(v, deep)
  local kind = type(v)
  if kind == "number" then return v ~= v and "nan" or tostring(v) end
  if kind == "string" then return "'" .. v .. "'" end
  if kind == "nil" or kind == "boolean" then return tostring(v) end
  if kind ~= "table" then return kind end
  local name = rawget(v, "name")
  if name then return "<" .. name .. ">" end
  if deep then return "{}" end
  local parts = {}
  for i = 1, rawlen(v) do parts[i] = show(rawget(v, i), true) end
  return "{" .. table.concat(parts, ",") .. "}"
end
local function new_log()
  local lines = {}
  return lines, function(what, ...)
    local n = select("#", ...)
    if #lines > 400 then return ... end
    local line = type(what) == "string" and what or show(what)
    for i = 1, n do line = line .. " " .. show((select(i, ...))) end
    lines[#lines + 1] = line
    return ...
  end
end
local function new_tick()
  local fuel = ${FUEL}
  return function()
    fuel = fuel - 1
    if fuel < 0 then error("no fuel", 0) end
  end
end
local function drive(log, body)
  local co = coroutine.create(body)
  local turn = 0
  repeat
    turn = turn + 1
    log("resumed", coroutine.resume(co, turn, "t" .. turn))
  until coroutine.status(co) == "dead" or turn == 10
  if coroutine.status(co) ~= "dead" then log("closed", coroutine.close(co)) end
end
`;

/** The names that may be used at a place, by what they hold (as a rule: values get lost on the way). */
interface Scope {
  readonly numbers: readonly string[];
  readonly strings: readonly string[];
  readonly lists: readonly string[];
  readonly objects: readonly string[];
  readonly functions: readonly string[];
  readonly coroutines: readonly string[];
  readonly channels: readonly string[];
  /** Constants among the names, which cannot be assigned to. */
  readonly fixed: readonly string[];
  readonly hasVarargs: boolean;
  readonly inLoop: boolean;
}

type Kind = "numbers" | "strings" | "lists" | "objects" | "functions" | "coroutines" | "channels";

const EMPTY: Scope = {
  numbers: [],
  strings: [],
  lists: [],
  objects: [],
  functions: [],
  coroutines: [],
  channels: [],
  fixed: [],
  hasVarargs: true,
  inLoop: false,
};

const INTEGERS = ["0", "1", "2", "3", "-1", "7", "10", "255", "math.maxinteger", "math.mininteger", "0x7fffffff"];
const FLOATS = ["0.5", "1.0", "2.0", "-0.0", "3.25", "1e15", "-1.5", "100.0"];
const STRINGS = [
  `"a"`,
  `"bc"`,
  `""`,
  `"10"`,
  `"0x10"`,
  `"hello world"`,
  `"a,b,,c"`,
  `"key = value"`,
  `"x1y22"`,
  `"%d"`,
];
const PATTERNS = ["%a+", "%d", "(%w)(%w)", ".-", "[^,]*", "^%s*", "()", "l+", "%f[%w]%w+", "(a)(b)?", "%bxy", "x*"];
/** A loop over two elements whose end closes what comes next. Before Lua 5.4.5, `break` may not do so. */
const CLOSED_SOURCE = "next, { 1, 2 }, nil, ";
const NOT_IN_LOOP = { inLoop: false };

/** Makes the text of the program of a seed: `function() … end`. */
export function generateProgram(seed: number, mood: Mood): string {
  return new Generator(seed, mood).program();
}

/** Whether a function is no wrapped coroutine, which does not show where it was called as a tail call. */
function isPlain(name: string): boolean {
  return name.startsWith("f");
}

class Generator {
  readonly #random: SeededRandom;
  readonly #mood: Mood;
  #names = 0;
  #left = STATEMENTS;

  constructor(seed: number, mood: Mood) {
    // Seeds that follow one another should not begin with the same choices.
    this.#random = new SeededRandom(seed * 2_654_435_761);
    this.#mood = mood;
  }

  program(): string {
    const [extra, scope] = this.#mood === "waiting" ? this.#channels() : ["", EMPTY];
    const body = this.#block(scope, 4);
    const rest = this.#mood === "waiting" ? `time.sleep("100ms")` : "";
    return (
      `function()\nlocal lines, log = new_log()\nlocal tick = new_tick()\n${extra}` +
      `drive(log, function(...)\n${body}\nend)\n${rest}\nreturn table.concat(lines, "\\n")\nend`
    );
  }

  #channels(): [string, Scope] {
    const names = ["c1", "c2", "c3"];
    const made = names.map((name, size) => `local ${name} = channel.new(${size})\n`).join("");
    return [`${made}local inbox = process.listen("t")\n`, { ...EMPTY, channels: names }];
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Names

  #name(prefix: string): string {
    return `${prefix}${++this.#names}`;
  }

  #with(scope: Scope, kind: Kind, ...names: string[]): Scope {
    return { ...scope, [kind]: [...scope[kind], ...names] };
  }

  #pick(list: readonly string[], otherwise: () => string): string {
    return list.length === 0 ? otherwise() : this.#random.pick(list);
  }

  #chance(percent: number): boolean {
    return this.#random.below(100) < percent;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Expressions

  #number(scope: Scope, depth = 2): string {
    const r = this.#random;
    if (depth <= 0 || this.#chance(35)) {
      return this.#chance(60)
        ? this.#pick(scope.numbers, () => r.pick(INTEGERS))
        : r.pick(this.#chance(70) ? INTEGERS : FLOATS);
    }
    const sub = () => this.#number(scope, depth - 1);
    return r.pick([
      () => `(${sub()} ${r.pick(["+", "-", "*"])} ${sub()})`,
      () => `(${sub()} ${r.pick(["//", "%", "/"])} ${r.pick(["2", "3", "-7", "0.5", "4.0"])})`,
      () => `(${sub()} ${r.pick(["//", "%"])} (${sub()} | 1))`,
      () => `(${sub()} ${r.pick(["&", "|", "~", "<<", ">>"])} ${r.pick(["1", "3", "0xff", "2.0"])})`,
      () => `(- ${sub()})`,
      () => `#${this.#string(scope, depth - 1)}`,
      () => `#${this.#list(scope, depth - 1)}`,
      () => `(${sub()} ${r.pick(["and", "or"])} ${sub()})`,
      () => `math.${r.pick(["max", "min"])}(${sub()}, ${sub()})`,
      () => `(math.tointeger(${sub()}) or ${sub()})`,
      () => `select("#", ${this.#arguments(scope, depth - 1)})`,
      () => `(tonumber(${this.#string(scope, depth - 1)}) or ${sub()})`,
      () => `math.abs(${sub()})`,
      () => `(${this.#string(scope, depth - 1)}):byte(${r.pick(["1", "-1", "2"])})`,
      () => this.#call(scope, depth - 1),
      () => this.#onObject(scope, depth - 1),
      () => `(${this.#truth(scope, depth - 1)} and ${sub()} or ${sub()})`,
    ])();
  }

  #string(scope: Scope, depth = 2): string {
    const r = this.#random;
    if (depth <= 0 || this.#chance(40)) return this.#pick(this.#chance(50) ? scope.strings : [], () => r.pick(STRINGS));
    const sub = () => this.#string(scope, depth - 1);
    return `(${r.pick([
      () => `${sub()} .. ${sub()}`,
      () => `${sub()} .. (${this.#number(scope, depth - 1)} & 0xffff)`,
      () => `(${sub()}):${r.pick(["upper", "lower", "reverse"])}()`,
      () => `(${sub()}):sub(${r.pick(["1, 3", "-2", "2, -2", "0"])})`,
      () => `(${sub()}):rep(${r.pick(["2", "3, '-'", "0"])})`,
      () => `string.format("${r.pick(["%s", "%q", "%-5s|", "%.2s"])}", ${sub()})`,
      () => `string.format("${r.pick(["%d", "%5d", "%x"])}", ${this.#number(scope, 1)} // 1)`,
      () => `(${sub()}):match("${r.pick(PATTERNS)}") or ""`,
      () => `(${sub()}):gsub("${r.pick(PATTERNS)}", ${this.#replacement()}) .. ""`,
      () => `replaced(${sub()}, "${r.pick(PATTERNS)}", ${this.#replacer(scope, depth - 1)}) .. ""`,
      () => `table.concat(${this.#list(scope, depth - 1)}, ",")`,
      () => `show(${this.#value(scope, depth - 1)})`,
      () => `type(${this.#value(scope, depth - 1)})`,
      () => `${this.#object(scope)} .. ${sub()}`,
      () => `${sub()} .. ${this.#object(scope)}`,
      () => `string.char(${r.pick(["65", "97, 98", "48"])})`,
      () => `tostring(${this.#truth(scope, depth - 1)})`,
    ])()})`;
  }

  #replacement(): string {
    return this.#random.pick([`"${this.#random.pick(["<%0>", "%1", "", "-"])}"`, `{ a = "A", l = 1, x = false }`]);
  }

  #replacer(scope: Scope, depth: number): string {
    const values = ["nil", `"r"`, "...", "(...) .. ''", "1.5"];
    return this.#function(scope, depth, () => `return ${this.#random.pick(values)}`);
  }

  #list(scope: Scope, depth = 2): string {
    const r = this.#random;
    if (depth <= 0 || this.#chance(50)) {
      return this.#pick(scope.lists, () => r.pick(["{}", "{ 1, 2, 3 }", `{ "b", "a", "c" }`, "{ 3, 1.5, 2 }"]));
    }
    return r.pick([
      () => `{ ${this.#arguments(scope, depth - 1)} }`,
      () => `table.pack(${this.#arguments(scope, depth - 1)})`,
      () => `table.move(${this.#list(scope, depth - 1)}, 1, 2, ${r.pick(["1", "2", "3"])}, {})`,
      () => (scope.hasVarargs ? "{ ... }" : "{}"),
    ])();
  }

  #truth(scope: Scope, depth = 2): string {
    const r = this.#random;
    if (depth <= 0) return r.pick(["true", "false", "nil"]);
    return r.pick([
      () =>
        `(${this.#number(scope, depth - 1)} ${r.pick(["<", "<=", "==", "~=", ">", ">="])} ${this.#number(scope, depth - 1)})`,
      () => `(${this.#string(scope, depth - 1)} ${r.pick(["<", "<=", "==", ">"])} ${this.#string(scope, depth - 1)})`,
      () => `(${this.#object(scope)} ${r.pick(["<", "<=", "==", "~=", ">"])} ${this.#object(scope)})`,
      () => `not ${this.#truth(scope, depth - 1)}`,
      () => `(math.type(${this.#number(scope, depth - 1)}) == "integer")`,
      () => "coroutine.isyieldable()",
      () => "select(2, coroutine.running())",
      () => `pcall(${this.#function(scope, depth - 1)})`,
      () => `rawequal(${this.#value(scope, depth - 1)}, ${this.#value(scope, depth - 1)})`,
    ])();
  }

  #value(scope: Scope, depth = 2): string {
    return this.#random.pick([
      () => this.#number(scope, depth),
      () => this.#number(scope, depth),
      () => this.#string(scope, depth),
      () => this.#list(scope, depth),
      () => this.#truth(scope, depth),
      () => this.#object(scope),
      () => "nil",
      () => this.#call(scope, depth - 1),
    ])();
  }

  #arguments(scope: Scope, depth = 1): string {
    const count = 1 + this.#random.below(3);
    const list = Array.from({ length: count }, () => this.#value(scope, depth));
    if (scope.hasVarargs && this.#chance(30)) list.push("...");
    else if (this.#chance(20)) list.push(this.#call(scope, depth - 1));
    return list.join(", ");
  }

  #object(scope: Scope): string {
    return this.#pick(scope.objects, () => this.#random.pick(STRINGS));
  }

  #onObject(scope: Scope, depth: number): string {
    const object = this.#pick(scope.objects, () => this.#list(scope, 0));
    const other = () => this.#number(scope, depth - 1);
    return this.#random.pick([
      () => `(${object} + ${other()})`,
      () => `(${other()} // ${object})`,
      () => `(- ${object})`,
      () => `#${object}`,
      () => `(${object}).field`,
      () => `(${object})[${other()}]`,
      () => `(${object})(${other()})`,
    ])();
  }

  #call(scope: Scope, depth: number): string {
    if (depth <= 0 && scope.functions.length === 0) return this.#random.pick(INTEGERS);
    const args = () => this.#arguments(scope, 0);
    return this.#random.pick([
      () => `${this.#pick(scope.functions.filter(isPlain), () => "select")}(${args()})`,
      () => `(${this.#pick(scope.functions, () => "math.max")}(${args()}))`,
      () => `coroutine.yield(${args()})`,
      () => `log("v", ${args()})`,
      () => `select(${this.#random.pick(["2", "-1", "1"])}, ${args()})`,
    ])();
  }

  /** A function; `last` gives its last statement. */
  #function(scope: Scope, depth: number, last?: () => string, self = false): string {
    const name = this.#name("p");
    const inner: Scope = { ...this.#with(scope, "numbers", name), hasVarargs: true, ...NOT_IN_LOOP };
    const body = this.#block(inner, depth, last);
    return `function(${self ? "self, " : ""}${name}, ...) tick()\n${body} end`;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Statements

  #block(scope: Scope, depth: number, last?: () => string): string {
    const lines: string[] = [];
    let inner = scope;
    const count = depth <= 0 ? 1 : 1 + this.#random.below(depth >= 4 ? 9 : 3);
    for (let i = 0; i < count && this.#left > 0; i++) {
      this.#left--;
      const [line, next] = this.#statement(inner, depth);
      lines.push(line);
      inner = next;
    }
    if (last !== undefined) lines.push(last());
    else if (scope.inLoop && this.#chance(15)) lines.push(this.#random.pick(["break", "do goto continue end"]));
    else if (!scope.inLoop && this.#chance(60)) lines.push(this.#return(inner));
    return lines.join("\n");
  }

  #return(scope: Scope): string {
    return this.#random.pick([
      () => `return ${this.#arguments(scope)}`,
      () => `return ${this.#pick(scope.functions.filter(isPlain), () => "log")}("w", ${this.#value(scope, 1)})`,
      () => "return",
      () => `return coroutine.yield(${this.#value(scope, 1)})`,
    ])();
  }

  #statement(scope: Scope, depth: number): [string, Scope] {
    const simple = [
      () => this.#local(scope),
      () => this.#local(scope),
      () => this.#assignment(scope),
      () => this.#said(scope),
      () => this.#yield(scope),
      () => this.#yield(scope),
      () => this.#failure(scope),
      () => this.#coroutineCall(scope),
      () => this.#listCall(scope),
      () => this.#libraryError(scope),
    ];
    if (this.#mood === "waiting") simple.push(...Array.from({ length: 5 }, () => () => this.#wait(scope)));
    if (depth <= 0) return this.#random.pick(simple)();
    const nested = [
      () => this.#protected(scope, depth),
      () => this.#protected(scope, depth),
      () => this.#coroutine(scope, depth),
      () => this.#coroutine(scope, depth),
      () => this.#resumption(scope),
      () => this.#makeFunction(scope, depth),
      () => this.#makeObject(scope, depth),
      () => this.#closing(scope, depth),
      () => this.#closing(scope, depth),
      () => this.#loop(scope, depth),
      () => this.#loop(scope, depth),
      () => this.#condition(scope, depth),
      () => this.#sort(scope, depth),
      () => this.#iteration(scope, depth),
      () => this.#tailCalls(scope),
      () => this.#wrapped(scope, depth),
    ];
    if (this.#mood === "waiting") nested.push(...Array.from({ length: 3 }, () => () => this.#spawn(scope, depth)));
    return this.#random.pick(this.#chance(45) ? simple : nested)();
  }

  #local(scope: Scope): [string, Scope] {
    const name = this.#name("v");
    const isFixed = this.#chance(15);
    const next = (kind: Kind): Scope => {
      const wider = this.#with(scope, kind, name);
      return isFixed ? { ...wider, fixed: [...wider.fixed, name] } : wider;
    };
    const attribute = isFixed ? " <const>" : "";
    return this.#random.pick<() => [string, Scope]>([
      () => [`local ${name}${attribute} = ${this.#number(scope)}`, next("numbers")],
      () => [`local ${name}${attribute} = ${this.#string(scope)}`, next("strings")],
      () => [`local ${name}${attribute} = ${this.#list(scope)}`, next("lists")],
      () => [`local ${name}, w${name} = ${this.#call(scope, 1)}`, this.#with(scope, "numbers", name)],
    ])();
  }

  #assignment(scope: Scope): [string, Scope] {
    const variable = (list: readonly string[]) => list.filter((name) => !scope.fixed.includes(name));
    const numbers = variable(scope.numbers);
    const strings = variable(scope.strings);
    const lines: (() => string)[] = [];
    if (numbers.length > 0) lines.push(() => `${this.#random.pick(numbers)} = ${this.#number(scope)}`);
    if (numbers.length > 1) {
      lines.push(() => {
        const [one, other] = [this.#random.pick(numbers), this.#random.pick(numbers)];
        return one === other
          ? `${one} = ${this.#number(scope)}`
          : `${one}, ${other} = ${other}, ${this.#call(scope, 1)}`;
      });
    }
    if (strings.length > 0) lines.push(() => `${this.#random.pick(strings)} = ${this.#string(scope)}`);
    if (scope.lists.length > 0) {
      lines.push(() => `${this.#random.pick(scope.lists)}[${1 + this.#random.below(3)}] = ${this.#number(scope)}`);
    }
    if (scope.objects.length > 0)
      lines.push(() => `${this.#random.pick(scope.objects)}.other = ${this.#number(scope)}`);
    if (lines.length === 0) return this.#said(scope);
    return [this.#random.pick(lines)(), scope];
  }

  #said(scope: Scope): [string, Scope] {
    return [`log("${this.#name("s")}", ${this.#arguments(scope, 2)})`, scope];
  }

  #yield(scope: Scope): [string, Scope] {
    const name = this.#name("y");
    const line = `local ${name}, t${name} = coroutine.yield(${this.#arguments(scope)})`;
    return [line, this.#with(scope, "numbers", name)];
  }

  #failure(scope: Scope): [string, Scope] {
    const condition = this.#chance(50) ? this.#truth(scope) : "true";
    return [
      `if ${condition} then ${this.#random.pick([
        () => `error(${this.#string(scope, 1)}${this.#random.pick(["", ", 0", ", 1", ", 2"])})`,
        () => `error({ name = "thrown", code = ${this.#number(scope, 1)} })`,
        () => `error(${this.#value(scope, 1)})`,
        () => "error()",
        () => `assert(${this.#truth(scope, 1)}, ${this.#value(scope, 1)})`,
        () => `assert(${this.#truth(scope, 1)})`,
        () => `log("never", nothing.at.all)`,
        () => `log("never", ${this.#list(scope, 0)} + 1)`,
        () => `undefined_function(${this.#value(scope, 0)})`,
      ])()} end`,
      scope,
    ];
  }

  /** What the library complains about, as it says it. */
  #libraryError(scope: Scope): [string, Scope] {
    const wrong = this.#random.pick([
      `("x"):rep("y")`,
      `table.concat({ 1, {}, 3 })`,
      `math.floor("a")`,
      `setmetatable(1, {})`,
      `select(0)`,
      `string.char(300)`,
      `tonumber("z", 99)`,
      `("x"):bad()`,
      `string.format("%d", 1.5)`,
      `string.format("%d", "x")`,
      `math.tointeger({})`,
      `table.insert({}, 5, 1)`,
      `table.insert({}, 1, 2, 3)`,
      `coroutine.resume(1)`,
      `coroutine.create(1)`,
      `coroutine.close(coroutine.running())`,
      `rawset(1, 2, 3)`,
      `rawlen(1)`,
      `next({}, "nothing")`,
      `("x"):gsub("(", "")`,
      `("x"):find("[")`,
      `("x"):gsub("x", "%2")`,
      `("x"):gsub(".", true)`,
      `utf8.char(-1)`,
      `utf8.codepoint("\\xff")`,
      `1 < "x"`,
      `{} < {}`,
      `{} .. "x"`,
      `1 & 1.5`,
      `1 // 0`,
      `1 % 0`,
      `#5`,
      `-{}`,
      `("x")()`,
      `math.maxinteger < {}`,
      `"abc" + 1`,
      `2^53 | 0`,
      `1e100 | 0`,
      `math.random(0, -1)`,
    ]);
    return [`log("${this.#name("e")}", pcall(function() local x = ${wrong} return x end))`, scope];
  }

  #coroutineCall(scope: Scope): [string, Scope] {
    const co = this.#pick(scope.coroutines, () => "coroutine.running()");
    return [
      this.#random.pick([
        () => `log("status", coroutine.status(${co}))`,
        () => `log("close", pcall(coroutine.close, ${co}))`,
        () => `log("resume", coroutine.resume(${co}, ${this.#arguments(scope)}))`,
        () => `log("yieldable", coroutine.isyieldable())`,
        () => `log("main", select(2, coroutine.running()))`,
      ])(),
      scope,
    ];
  }

  #listCall(scope: Scope): [string, Scope] {
    const list = this.#list(scope, 1);
    return [
      this.#random.pick([
        () => `log("insert", pcall(table.insert, ${list}, ${this.#number(scope, 1)}))`,
        () =>
          `log("insert", pcall(function(l) table.insert(l, ${this.#random.pick(["1", "2", "9"])}, 5) end, ${list}))`,
        () => `log("remove", pcall(table.remove, ${list}${this.#random.pick(["", ", 1"])}))`,
        () => `log("unpack", table.unpack(${list}, 1, ${1 + this.#random.below(3)}))`,
        () => `log("concat", pcall(table.concat, ${list}, "-"))`,
        () => `log("next", next({ ${this.#value(scope, 1)} }))`,
        () =>
          `log("gmatch", (function(...) local all = {} for a, b in (${this.#string(scope, 1)}):gmatch("${this.#random.pick(PATTERNS)}") do all[#all + 1] = show(a) .. show(b) end return all end)())`,
        () => `log("find", (${this.#string(scope, 1)}):find("${this.#random.pick(PATTERNS)}"))`,
        () => `log("bytes", (${this.#string(scope, 1)}):byte(1, -1))`,
        () =>
          `log("packed", string.unpack("<i4 s1", string.pack("<i4 s1", ${this.#random.pick(["1", "-5", "70000"])}, ${this.#string(scope, 1)})))`,
        () => `log("utf8", utf8.len(${this.#string(scope, 1)}), utf8.char(228, 8364))`,
      ])(),
      scope,
    ];
  }

  #protected(scope: Scope, depth: number): [string, Scope] {
    const body = this.#function(scope, depth - 1);
    const line = this.#random.pick([
      () => `log("pcall", pcall(${body}, ${this.#arguments(scope)}))`,
      () => `log("xpcall", xpcall(${body}, ${this.#handler(scope)}, ${this.#arguments(scope)}))`,
      () => `log("pcall2", pcall(pcall, ${body}, ${this.#arguments(scope)}))`,
      () => `log("select", select(2, pcall(${body}, ${this.#arguments(scope)})))`,
    ]);
    return [line(), scope];
  }

  #handler(scope: Scope): string {
    return this.#random.pick([
      () => `function(cause) log("handler", cause) return cause end`,
      () => `function(cause) return ${this.#value({ ...scope, hasVarargs: false }, 1)}, "more" end`,
      () => "show",
    ])();
  }

  #coroutine(scope: Scope, depth: number): [string, Scope] {
    const name = this.#name("co");
    const line = `local ${name} = coroutine.create(${this.#function(scope, depth - 1)})`;
    const times = this.#random.below(4);
    const resume = `for i = 1, ${times} do log("${name}", coroutine.resume(${name}, i, ${this.#value(scope, 1)})) end`;
    const ending = this.#chance(40) ? `\nlog("${name} closed", coroutine.close(${name}))` : "";
    return [`${line}\n${resume}${ending}`, this.#with(scope, "coroutines", name)];
  }

  #resumption(scope: Scope): [string, Scope] {
    const co = this.#pick(scope.coroutines, () => "coroutine.create(log)");
    return [`log("again", coroutine.resume(${co}, ${this.#arguments(scope)}))`, scope];
  }

  #wrapped(scope: Scope, depth: number): [string, Scope] {
    const name = this.#name("wr");
    const line = `local ${name} = coroutine.wrap(${this.#function(scope, depth - 1)})`;
    const call = this.#random.pick([
      () => `for i = 1, ${1 + this.#random.below(3)} do log("${name}", pcall(${name}, i)) end`,
      () => `log("${name}", ${name}(${this.#arguments(scope)}))`,
    ]);
    return [`${line}\n${call()}`, this.#with(scope, "functions", name)];
  }

  #makeFunction(scope: Scope, depth: number): [string, Scope] {
    const name = this.#name("f");
    return [`local ${name} = ${this.#function(scope, depth - 1)}`, this.#with(scope, "functions", name)];
  }

  #makeObject(scope: Scope, depth: number): [string, Scope] {
    const name = this.#name("o");
    const result: Record<string, () => string> = {
      __index: () => `return ${this.#number(scope, 1)}`,
      __newindex: () => `rawset(self, "other", ${this.#number(scope, 1)})`,
      __call: () => `return ${this.#arguments(scope, 1)}`,
      __concat: () => `return ${this.#string(scope, 1)}`,
      __lt: () => `return ${this.#truth(scope, 1)}`,
      __le: () => `return ${this.#truth(scope, 1)}`,
      __eq: () => `return ${this.#truth(scope, 1)}`,
      __len: () => `return ${this.#number(scope, 1)}`,
      __unm: () => `return ${this.#number(scope, 1)}`,
      __add: () => `return ${this.#number(scope, 1)}`,
      __idiv: () => `return ${this.#number(scope, 1)}`,
      __close: () => `log("object closed")`,
      __pairs: () => `return next, { "${name}" }, nil`,
      __tostring: () => `return ${this.#random.pick([`"text"`, "1", this.#string(scope, 1)])}`,
    };
    const chosen = Object.keys(result).filter(() => this.#chance(45));
    // Some builds of Lua 5.4 take `not (b < a)` for `a <= b`.
    if (chosen.includes("__lt") && !chosen.includes("__le")) chosen.push("__le");
    const methods = chosen.map((key) => `${key} = ${this.#function(scope, depth - 1, result[key], true)}`);
    const line = `local ${name} = setmetatable({ name = "${name}" }, { ${methods.join(",\n")} })`;
    const use = this.#random.pick([
      () => `log("use", pcall(function(...) return ${this.#onObject(this.#with(scope, "objects", name), 1)} end))`,
      () => `for k, v in pairs(${name}) do log("pair", k, v) end`,
      () => `log("text", pcall(function() return tostring(${name}):sub(1, 5) end))`,
      () => "",
    ]);
    return [`${line}\n${this.#hasName(chosen, use())}`, this.#with(scope, "objects", name)];
  }

  /** Without `__tostring` the text of an object is its address. */
  #hasName(methods: readonly string[], use: string): string {
    return use.includes("tostring(") && !methods.includes("__tostring") ? "" : use;
  }

  #closer(scope: Scope, depth: number): string {
    const body = this.#block({ ...scope, hasVarargs: false, ...NOT_IN_LOOP }, depth - 1);
    const name = this.#name("c");
    return `setmetatable({ name = "${name}" }, { __close = function(self, cause) tick() log("closing", self, cause)\n${body} end })`;
  }

  #closing(scope: Scope, depth: number): [string, Scope] {
    const name = this.#name("x");
    const value = this.#random.pick([
      () => this.#closer(scope, depth),
      () => this.#closer(scope, depth),
      () => this.#closer(scope, depth),
      () => this.#pick(scope.objects, () => "nil"),
      () => "false",
    ])();
    return [`do\nlocal ${name} <close> = ${value}\n${this.#inside(scope, depth)}\nend`, scope];
  }

  /** Statements in a block of a function that is not its last. */
  #inside(scope: Scope, depth: number): string {
    return this.#block(scope, depth - 1, () => (this.#chance(20) ? `do ${this.#return(scope)} end` : ""));
  }

  #loop(scope: Scope, depth: number): [string, Scope] {
    const name = this.#name("i");
    const inner: Scope = { ...this.#with(scope, "numbers", name), inLoop: true, fixed: [...scope.fixed, name] };
    // A label stands at the end of its block, where no local of the block is in scope any more.
    const body = () => `do\n${this.#block(inner, depth - 1)}\nend\n::continue::`;
    return [
      this.#random.pick([
        () => `for ${name} = 1, ${1 + this.#random.below(3)} do\n${body()}\nend`,
        () =>
          `for ${name} = ${this.#random.pick(["3, 1, -1", "1.0, 2", "1, 0", "1, 2, 0.5", "math.maxinteger - 1, math.maxinteger"])} do\n${body()}\nend`,
        () =>
          `local ${name} = 0\nwhile ${name} < ${1 + this.#random.below(3)} do ${name} = ${name} + 1\n${body()}\nend`,
        () => `local ${name} = 0\nrepeat ${name} = ${name} + 1\n${body()}\nuntil ${name} > ${this.#random.below(3)}`,
        () =>
          `do local ${name} = 0\n::again::\n${name} = ${name} + 1\nlog("goto", ${name})\nif ${name} < 3 then ${this.#said(inner)[0]} goto again end\nend`,
      ])(),
      scope,
    ];
  }

  #condition(scope: Scope, depth: number): [string, Scope] {
    const otherwise = this.#chance(50) ? `else\n${this.#inside(scope, depth)}\n` : "";
    return [`if ${this.#truth(scope)} then\n${this.#inside(scope, depth)}\n${otherwise}end`, scope];
  }

  #sort(scope: Scope, depth: number): [string, Scope] {
    const name = this.#name("sorted");
    const list = this.#random.pick([
      "{ 3, 1, 2 }",
      `{ "c", "a", "b", "a" }`,
      "{ 5, 2.5, 9, 1, 1, 0 }",
      `{ 1, "x", 2 }`,
    ]);
    const comparator = this.#random.pick([
      () => "",
      () => ", function(a, b) return a > b end",
      () => `, function(a, b) log("cmp", a, b, coroutine.isyieldable()) return a < b end`,
      () =>
        `, function(a, b, ...) tick()\n${this.#block({ ...scope, ...NOT_IN_LOOP }, depth - 2, () => "return a < b")} end`,
      () =>
        `, function(a, b) tick() local yes = coroutine.wrap(function() coroutine.yield(a < b) end)() return yes end`,
    ])();
    return [
      `local ${name} = ${list}\nlog("sort", pcall(table.sort, ${name}${comparator}))\nlog("sorted", ${name})`,
      this.#with(scope, "lists", name),
    ];
  }

  #iteration(scope: Scope, depth: number): [string, Scope] {
    const [k, v] = [this.#name("k"), this.#name("l")];
    const inner: Scope = { ...this.#with(scope, "numbers", v), inLoop: true, fixed: [...scope.fixed, v] };
    const source = this.#random.pick([
      () => `ipairs(${this.#list(scope, 1)})`,
      () => `pairs({ ${this.#value(scope, 1)} })`,
      () => `coroutine.wrap(${this.#function(scope, depth - 1)})`,
      () =>
        `(function(n) return function(s, i) tick() if i < n then ${this.#yield({ ...scope, hasVarargs: false })[0]} return i + 1, i * 2 end end, nil, 0 end)(3)`,
      () => CLOSED_SOURCE + this.#closer(scope, depth - 1),
      () => `(${this.#string(scope, 1)}):gmatch("${this.#random.pick(PATTERNS)}")`,
    ])();
    if (source.startsWith(CLOSED_SOURCE)) {
      const body = this.#block({ ...inner, ...NOT_IN_LOOP }, depth - 1, () => "");
      return [`for ${k}, ${v} in ${source} do\nlog("each", ${k}, ${v})\n${body}\nend`, scope];
    }
    const limit = this.#name("n");
    return [
      `local ${limit} = 0\nfor ${k}, ${v} in ${source} do ${limit} = ${limit} + 1 if ${limit} > 4 then break end\ndo\nlog("each", ${k}, ${v})\n${this.#block(inner, depth - 1)}\nend\n::continue::\nend`,
      scope,
    ];
  }

  #tailCalls(scope: Scope): [string, Scope] {
    const name = this.#name("t");
    const last = this.#random.pick([
      "return ...",
      `error("deep")`,
      "return coroutine.yield(...)",
      "return select('#', ...), ...",
    ]);
    const line = `local function ${name}(n, ...) if n <= 0 then ${last} end return ${name}(n - 1, n, ...) end`;
    const depth = 1 + this.#random.below(6);
    return [`${line}\nlog("tail", pcall(${name}, ${depth}, ${this.#arguments(scope)}))`, scope];
  }

  // -------------------------------------------------------------------------------------------------------------------
  // What waits

  #wait(scope: Scope): [string, Scope] {
    const name = this.#name("z");
    const ch = () => this.#pick(scope.channels, () => "channel.new(1)");
    const ms = () => `"${1 + this.#random.below(5)}ms"`;
    const receive = () => `channel.select({ ${ch()}:case_receive(), time.after(${ms()}):case_receive() })`;
    const numbers = this.#with(scope, "numbers", name);
    return this.#random.pick<() => [string, Scope]>([
      () => [`time.sleep(${ms()})`, scope],
      () => [
        `local ${name} = ${receive()} log("got", type(${name}.value) == "table" or ${name}.value, ${name}.ok) ${name} = 1`,
        numbers,
      ],
      () => [
        `local ${name} = channel.select({ ${ch()}:case_send(${this.#value(scope, 1)}), ${ch()}:case_receive(), default = ${this.#truth(scope, 1)} or true }) log("chose", ${name}.ok, ${name}.default) ${name} = 2`,
        numbers,
      ],
      () => [
        `local ${name} = channel.select({ ${ch()}:case_send(${this.#number(scope, 1)}), time.after(${ms()}):case_receive() }) log("sent", ${name}.ok) ${name} = 3`,
        numbers,
      ],
      () => [`log("send", process.send(process.pid(), "t", ${this.#number(scope, 1)}))`, scope],
      () => [
        `local ${name} = channel.select({ inbox:case_receive(), time.after(${ms()}):case_receive() }) log("message", ${name}.channel == inbox and ${name}.value) ${name} = 4`,
        numbers,
      ],
      () => [
        `local ${name} = channel.new(1) ${name}:send(${this.#value(scope, 1)}) log("own", ${name}:receive())`,
        this.#with(scope, "channels", name),
      ],
      () => [`log("close", pcall(${ch()}.close, ${ch()}))`, scope],
      () => [`log("after", select(2, time.after(${ms()}):receive()))`, scope],
    ])();
  }

  #spawn(scope: Scope, depth: number): [string, Scope] {
    const name = this.#name("co");
    const body = this.#function(scope, depth - 1);
    const line = this.#random.pick([
      () => `local ${name} = coroutine.spawn(function() log("strand", pcall(drive, log, ${body})) end)`,
      () => `local ${name} = coroutine.spawn(function() log("strand", pcall(coroutine.wrap(${body}), 1)) end)`,
    ]);
    return [line(), this.#with(scope, "coroutines", name)];
  }
}
