/**
 * What scripts may rely on in their environment, and what they cannot do in it: one Lua program each, with what it prints
 * or the error it ends with. The chunk is named `test`. Whoever drives them gives `print` (values joined by a blank) and
 * `errors.new`, and resumes the program whenever it was preempted: the outcome must be the same however often that is.
 */

export interface SandboxCase {
  /** The behaviour, with the statements it proves. */
  readonly name: string;
  readonly source: string;
  /** What it prints, lines joined by `\n`. */
  readonly output?: string;
  /** What the message of its error contains. */
  readonly error?: string;
}

/** Prints the error of each call without its position. */
const TRY = `local function try(f, ...)
  local ok, e = pcall(f, ...)
  if ok then print("no error") else print((tostring(e):gsub("^test:%d+: ", ""))) end
end
`;

const trying = (calls: readonly string[]) =>
  TRY + calls.map((call) => `try(function() local _ = ${call} end)`).join("\n");

const repeated = (text: string, times: number) => Array.from({ length: times }, () => text).join("\n");

const globals: readonly SandboxCase[] = [
  {
    name: "has the base functions and libraries of Lua 5.4 [S11.25, S11.26]",
    source: `for _, name in ipairs { "assert", "error", "pcall", "xpcall", "select", "pairs", "ipairs", "next", "type",
      "tostring", "tonumber", "rawget", "rawset", "rawequal", "rawlen", "setmetatable", "getmetatable", "unpack" } do
      assert(type(_G[name]) == "function", name)
    end
    for _, name in ipairs { "coroutine", "table", "string", "math", "utf8", "os" } do assert(type(_G[name]) == "table", name) end
    print(_VERSION, _G == _G._G, unpack({ 1, 2, 3 }, 2))
    print(type(table.create(3, 4)), next(table.create(3, 4)))`,
    output: "Lua 5.4 true 2 3\ntable nil",
  },
  {
    name: "lacks what reaches outside [S11.30]",
    source: `print(load, loadstring, loadfile, dofile, debug, io, package, collectgarbage, warn, string.dump)
    print(os.execute, os.exit, os.getenv, os.remove, os.rename, os.tmpname, os.setlocale)`,
    output: "nil nil nil nil nil nil nil nil nil nil\nnil nil nil nil nil nil nil",
  },
  {
    name: "has of os only time, clock, date and difftime [S11.25]",
    source: `local names = {}
    for name in pairs(os) do names[#names + 1] = name end
    table.sort(names)
    print(table.concat(names, " "))`,
    output: "clock date difftime time",
  },
  {
    name: "converts by calling string, number, integer and boolean [S11.27]",
    source: `print(string(12), string(nil), number("12"), number("0x10"), number("x"), number({}))
    print(integer(3.7), integer(-3.7), integer("12"), integer("x"), integer(1/0), boolean(nil), boolean(0), boolean(false))`,
    output: "12 nil 12 16 nil nil\n3 -3 12 nil nil false true false",
  },
  {
    name: "writes new globals to the process alone [S11.31]",
    source: `x = 1 print(x, _G.x, rawget(_G, "x"), rawget(_G, "string")) string = nil print(type(string))`,
    output: "1 1 1 nil\ntable",
  },
];

const isolation: readonly SandboxCase[] = [
  {
    name: "refuses changes of library tables by whatever way [S11.31]",
    source: `${TRY}
    try(function() string.rep = 1 end)
    try(function() math.extra = 1 end)
    try(rawset, table, "insert", 1)
    try(function() rawset(coroutine, "yield", 1) end)
    try(function() table.insert(os, 1) end)
    try(function() table.remove(os) end)
    try(function() table.move({ 1 }, 1, 1, 1, utf8) end)
    try(setmetatable, string, {})
    try(setmetatable, _G, {})
    table.sort(string)
    print(next(string), #string, rawlen(string), rawget(string, "rep"))
    print(type(string.rep), math.extra, type(table.insert), type(coroutine.yield))`,
    output: [
      "attempt to modify read-only table 'string'",
      "attempt to modify read-only table 'math'",
      "attempt to modify read-only table 'table'",
      "attempt to modify read-only table 'coroutine'",
      "attempt to modify read-only table 'os'",
      "attempt to modify read-only table 'os'",
      "attempt to modify read-only table 'utf8'",
      "cannot change a protected metatable",
      "cannot change a protected metatable",
      "nil 0 0 nil",
      "function nil function function",
    ].join("\n"),
  },
  {
    name: "shows no metatable that is shared [S11.31]",
    source: `print(getmetatable(""), getmetatable(string), getmetatable(_G), getmetatable(errors.new("x")))
    print(getmetatable(1), getmetatable(print), getmetatable(coroutine.create(print)))
    local mt = {} print(getmetatable(setmetatable({}, mt)) == mt)`,
    output: "false false false false\nnil nil nil\ntrue",
  },
  {
    name: "iterates over a library like over a table [S11.25]",
    source: `local found = {}
    for name, value in pairs(utf8) do found[name] = type(value) end
    print(found.char, found.charpattern, found.codes)`,
    output: "function string function",
  },
  {
    name: "refuses finalizers, and ignores those set later [S11.34]",
    source: `${TRY}
    try(setmetatable, {}, { __gc = function() end })
    try(setmetatable, {}, { __gc = true })
    local mt = setmetatable({}, { __index = { __gc = 1 } })
    print(getmetatable(setmetatable({}, mt)) == mt)
    mt.__gc = function() print("never") end
    print(setmetatable({}, { __mode = "k" }) ~= nil)`,
    output: "a metatable with '__gc' is not allowed\na metatable with '__gc' is not allowed\ntrue\ntrue",
  },
  {
    name: "has random numbers of its own, the same for the same seed [S11.31]",
    source: `math.randomseed(42) print(math.random(100), math.random(100), math.random(0), math.random() < 1)
    for _ = 1, 1000 do local n = math.random(-3, 3) assert(n >= -3 and n <= 3) end
    for _ = 1, 1000 do local n = math.random() assert(n >= 0 and n < 1) end
    print(select("#", math.randomseed()), pcall(math.random, 2, 1))`,
    output: "50 76 -3807604385970496171 true\n2 false bad argument #1 to 'random' (interval is empty)",
  },
];

const bounds: readonly SandboxCase[] = [
  {
    name: "refuses strings beyond 1 MiB [S11.33]",
    source:
      'local big = ("x"):rep(1 << 20)\nlocal bigger = big .. "x"\nlocal few, half = "xxx", big:sub(1, 1 << 19)\n' +
      trying([
        '("x"):rep((1 << 20) + 1)',
        '("x"):rep(1 << 62)',
        '(""):rep(1 << 40, "ab")',
        'string.format("%s%s", big, big)',
        "string.format(bigger)",
        "bigger:upper()",
        "bigger:lower()",
        "bigger:reverse()",
        "bigger:sub(1)",
        'string.pack("s4", bigger)',
        'string.pack("c2000000", "")',
        'table.concat({ big, "x" })',
        'table.concat({ "", "", "" }, big)',
        'few:gsub("x", half)',
        'few:gsub("x", "%0%0" .. half)',
        'few:gsub("x", function() return half end)',
        'few:gsub("x", { x = half })',
        'string.format("%s", setmetatable({}, { __tostring = function() return bigger end }))',
      ]),
    output: repeated("resulting string too large (limit 1 MiB)", 18),
  },
  {
    name: "builds strings of exactly 1 MiB [S11.33]",
    source: `local big = ("ab"):rep(1 << 19)
    print(#big, #big:upper(), #big:sub(1), #string.format("%s", big), #table.concat { big }, #(("x "):rep(30):gsub("x ", big:sub(1, 1 << 15))))`,
    output: "1048576 1048576 1048576 1048576 1048576 983040",
  },
  {
    name: "replaces more matches than one table has room for [S11.33]",
    source: `print(#(("ab"):rep((1 << 18) + 1):gsub("a", "c")))`,
    output: "524290",
  },
  {
    name: "makes texts of as many codes as of few, and complains alike [S11.33]",
    source: `local codes, parts = {}, {}
    for i = 1, 3000 do codes[i] = i % 7 == 0 and tostring(i) or i * 300.0 parts[i] = utf8.char(i % 7 == 0 and i or i * 300) end
    print(utf8.char(table.unpack(codes)) == table.concat(parts))
    for _, wrong in ipairs { -1, 0x80000000, 1.5, "x", {}, setmetatable({}, { __name = "Mine" }) } do
      codes[2999] = wrong
      local long = select(2, pcall(utf8.char, table.unpack(codes)))
      local short = select(2, pcall(utf8.char, wrong)):gsub("utf8%.", "")
      print(long == (short:gsub("#1", "#2999")), short)
    end`,
    output: `true
true bad argument #1 to 'char' (value out of range)
true bad argument #1 to 'char' (value out of range)
true bad argument #1 to 'char' (number has no integer representation)
true bad argument #1 to 'char' (number expected, got string)
true bad argument #1 to 'char' (number expected, got table)
true bad argument #1 to 'char' (number expected, got Mine)`,
  },
  {
    name: "finds the largest and the least, and makes texts of codes, whatever they are given [S11.33]",
    source: `local function object(n) return setmetatable({ n = n }, { __lt = function(a, b) return a.n < b.n end }) end
    local many, objects = {}, {}
    for i = 1, 300 do many[i] = i * 7919 % 997 end
    for i = 1, 5 do objects[i] = object(i * 3 % 5) end
    print(math.max(table.unpack(many)), math.min(table.unpack(many)), math.max(2, 2.0), math.min(2.0, 2), math.max(0.5))
    print(math.max(table.unpack(objects)).n, math.min(table.unpack(objects)).n, math.max("10", "9"), math.min("b", "a"))
    print(string.char("65", 66.0, 67), #string.char(7, 8, 9), utf8.char("228", 8364), string.char() == "")
    print(pcall(math.max, 1, "2"))
    print(pcall(math.min, nil, 1))
    print(pcall(math.max))
    print(pcall(function() return math.max(1, {}) + 0 end))
    print(pcall(function() local c = string.char return (c(300)) end))
    print(pcall(function() local t = { char = string.char } return (t.char("x")) end))
    print(pcall(function() local s = "x" return (s:char()) end))`,
    output: `996 20 2 2.0 0.5
4 0 9 a
ABC 3 ä€ true
false attempt to compare number with string
false attempt to compare number with nil
false bad argument #1 to 'math.max' (value expected)
false attempt to compare number with table
false test:12: bad argument #1 to 'c' (value out of range)
false test:13: bad argument #1 to 'char' (number expected, got string)
false test:14: calling 'char' on bad self (number expected, got string)`,
  },
  {
    name: "reads from longer strings [S11.33]",
    source: `local long = ("x"):rep(1 << 20) .. "needle" .. ("y"):rep(1 << 20)
    print(#long, long:find("needle", 1, true), long:sub(1048577, 1048582), long:byte(-1), long:match("ne+dle"))`,
    output: "2097158 1048577 needle 121 needle",
  },
  {
    name: "refuses ranges beyond 65,536 elements, even of tables that lie about their length [S11.33]",
    source:
      `local full = {} for i = 1, 65537 do full[i] = i end
      local function liar() local first = true
        return setmetatable({}, { __len = function() if first then first = false return 3 end return 1 << 40 end }) end
      local endless = setmetatable({}, { __len = function() return 1 << 40 end, __index = function() return "x" end })\n` +
      trying([
        "table.unpack({}, 1, 65537)",
        "unpack({}, math.mininteger, math.maxinteger)",
        "table.unpack(full)",
        "table.unpack(endless)",
        "table.concat(endless)",
        "table.concat(full)",
        'table.concat({}, "", 1, 1 << 40)',
        "table.move({}, 1, 1 << 40, 2)",
        "table.move({}, math.mininteger, math.maxinteger, 2)",
        "table.insert(full, 1, 0)",
        "table.insert(endless, 1, 0)",
        "table.remove(full, 1)",
        "table.remove(endless, 1)",
        "table.sort(full)",
        "table.sort(endless)",
        '("x"):rep(70000):byte(1, -1)',
        'utf8.codepoint(("x"):rep(70000), 1, -1)',
      ]) +
      `\nprint(select("#", table.unpack(liar())))
      local l = liar() table.insert(l, 1, "a") print(rawget(l, 1))`,
    output: `${repeated("range too large (limit 65,536 elements)", 17)}\n3\na`,
  },
  {
    name: "appends to and takes from the end of longer tables [S11.33]",
    source: `local t = {} for i = 1, 70000 do table.insert(t, i) end
    print(#t, table.remove(t), table.remove(t, #t), #t) table.insert(t, #t + 1, "end") print(t[#t])`,
    output: "70000 70000 69999 69998\nend",
  },
  {
    name: "refuses a pattern that takes too long [S11.33]",
    source: `print((select(2, pcall(string.find, ("ab"):rep(300), "(.-)(.-)(.-)%1%2%3x")):gsub("%d+", "N", 1)))`,
    output: "pattern too expensive: more than N steps",
  },
  {
    name: "matches what takes C for ever, in time proportional to the subject [S11.33]",
    source: `print(("a"):rep(40):find(("a?"):rep(40) .. ("a"):rep(40)))
    print(("a"):rep(2000):find(".-.-.-b"), (("a"):rep(2000):gsub(".-b", "")):len())
    print(("a" .. (" "):rep(20000) .. "b"):match("^%s*(.-)%s*$"):len())
    print(("a"):rep(100000):find(("a"):rep(50000) .. "b", 1, true))`,
    output: "1 40\nnil 2000\n20002\nnil",
  },
  {
    name: "trims long strings, splits them, and replaces in them [S11.33]",
    source: `local words = ("  some words, and more "):rep(500)
    print(#words:match("^%s*(.-)%s*$"), select(2, words:gsub("%s+", " ")), select(2, words:gsub("(%w+)%s*,%s*(%w+)", "%2,%1")))
    local count = 0
    for word in words:gmatch("(%a+)%s-") do count = count + 1 end
    print(count, words:find("(m)(o)re"), words:match("()and()", 5000))`,
    output: "11497 2001 500\n2000 19 5006 5009",
  },
];

const strings: readonly SandboxCase[] = [
  {
    name: "takes an error object for its message in the string library [S12.2]",
    source: `local e = errors.new("key not found: 7")
    print(string.find(e, "not found"), string.match(e, "%d"), string.len(e), string.upper(e), string.sub(e, 1, 3))
    print(string.rep(e, 2, "/"), string.byte(e), string.reverse(e), string.format("%s|%5.3s", e, e), string.format(e))
    print((string.gsub(e, "%d", "8")), (string.gsub("x", "x", e)), ("key not found: 7"):find(e, 1, true), ("x"):rep(2, e))
    for word in string.gmatch(e, "%a+") do print(word) end
    print(string.unpack("z", string.pack("z", e)), table.concat({ "a", "b" }, e))`,
    output: [
      "5 7 16 KEY NOT FOUND: 7 key",
      "key not found: 7/key not found: 7 107 7 :dnuof ton yek key not found: 7|  key key not found: 7",
      "key not found: 8 key not found: 7 1 xkey not found: 7x",
      "key\nnot\nfound",
      "key not found: 7 akey not found: 7b",
    ].join("\n"),
  },
  {
    name: "names the line of the script and the function in errors of the library [S11.25]",
    source: `local function try(f) print(select(2, pcall(f))) end
    try(function() local _ = string.rep("x", {}) end)
    try(function() local _ = ("x"):rep({}) end)
    try(function() local _ = string.find("x", "[") end)
    try(function() local _ = ("x"):gsub("x", "%a") end)
    try(function() local _ = ("x"):find("%1", 1) end)
    try(function() table.insert({}, 5, 1) end)
    try(function() table.concat({ {} }) end)
    try(function() table.sort({ 3, 1 }, 5) end)
    try(function() setmetatable(1, {}) end)
    try(function() ("x"):gsub("x", function() error("mine") end) end)
    try(function() coroutine.wrap(1) end)`,
    output: [
      "test:2: bad argument #2 to 'rep' (number expected, got table)",
      "test:3: bad argument #1 to 'rep' (number expected, got table)",
      "test:4: malformed pattern (missing ']')",
      "test:5: invalid use of '%' in replacement string",
      "test:6: invalid capture index %1",
      "test:7: bad argument #2 to 'insert' (position out of bounds)",
      "test:8: invalid value (table) at index 1 in table for 'concat'",
      "test:9: bad argument #2 to 'sort' (function expected, got number)",
      "test:10: bad argument #1 to 'setmetatable' (table expected, got number)",
      "test:11: mine",
      "test:12: bad argument #1 to 'wrap' (function expected, got number)",
    ].join("\n"),
  },
  {
    name: "formats dates and counts seconds without the system's library [S11.25]",
    source: `print(os.date("!%Y-%m-%d %H:%M:%S %a %j %V", 1709251199), os.date("!%c", 0))
    local t = os.date("!*t", 951782400) print(t.year, t.month, t.day, t.yday, t.wday, t.isdst)
    local d = os.date("*t", 1700000000) print(os.time(d), os.difftime(5, 3), math.type(os.time()))
    local n = { year = 2023, month = 14, day = 31 } os.time(n) print(n.year, n.month, n.day)
    print(pcall(os.date, "%Q"))
    print(pcall(os.time, {}))`,
    output: [
      "2024-02-29 23:59:59 Thu 060 09 Thu Jan  1 00:00:00 1970",
      "2000 2 29 60 3 false",
      "1700000000 2.0 integer",
      "2024 3 2",
      "false bad argument #1 to 'date' (invalid conversion specifier '%Q')",
      "false field 'year' missing in date table",
    ].join("\n"),
  },
];

const coroutines: readonly SandboxCase[] = [
  {
    name: "has the coroutines of Lua 5.4 [S11.25]",
    source: `local co = coroutine.create(function(a, b)
      print(a, b, coroutine.status(coroutine.running()), coroutine.isyieldable())
      print(coroutine.yield(1, nil, 3)) print(select("#", coroutine.yield()))
      return "end"
    end)
    print(coroutine.resume(co, "a", "b")) print(coroutine.status(co))
    print(coroutine.resume(co, "c")) print(coroutine.resume(co)) print(coroutine.status(co), coroutine.resume(co))
    local function numbers(n) return coroutine.wrap(function() for i = 1, n do coroutine.yield(i) end end) end
    local sum = 0 for i in numbers(100) do for j in numbers(3) do sum = sum + i * j end end print(sum)
    local c = coroutine.wrap(function() return pcall(function() coroutine.yield(1) error("x", 0) end) end) print(c(), c())`,
    output: [
      "a b running true",
      "true 1 nil 3",
      "suspended",
      "c",
      "true",
      "0",
      "true end",
      "dead false cannot resume dead coroutine",
      "30300",
      "1 false x",
    ].join("\n"),
  },
  {
    name: "passes errors out of wrapped coroutines as Lua 5.4 does [S11.25]",
    source: `local e = {}
    local function raising(v, level) return coroutine.wrap(function() error(v, level) end) end
    print(select(2, pcall(raising(e))) == e)
    print(pcall(function() raising("a", 0)() end))
    print(pcall(function() raising("b")() end))
    local done = coroutine.wrap(function() end) done() print(pcall(function() done() end))
    local closing = coroutine.wrap(function() local x <close> = setmetatable({}, { __close = function() error("c", 0) end }) error("d") end)
    print(pcall(function() closing() end))
    print(coroutine.resume(coroutine.create(function() error() end)))`,
    output: [
      "true",
      "false test:4: a",
      "false test:5: test:2: b",
      "false test:6: cannot resume dead coroutine",
      "false test:8: c",
      "false nil",
    ].join("\n"),
  },
  {
    name: "closes coroutines as Lua 5.4 does [S11.25]",
    source: `local function pending(e) local co = coroutine.create(function()
      local x <close> = setmetatable({}, { __close = function() print("closed") if e then error(e, 0) end end }) coroutine.yield() end)
      coroutine.resume(co) return co end
    local co = pending() print(coroutine.close(co), coroutine.status(co)) print(coroutine.close(pending("bad")))
    print(coroutine.close(coroutine.create(print)), pcall(coroutine.close, 1))`,
    output: "closed\ntrue dead\nclosed\nfalse bad\ntrue false bad argument #1 to 'close' (thread expected, got number)",
  },
  {
    name: "lets no script resume or close what the engine runs [S11.31]",
    source: `local me = coroutine.running()
    print(coroutine.resume(me)) print(pcall(coroutine.close, me))
    print(coroutine.wrap(function() return coroutine.status(me), coroutine.resume(me) end)())
    print(coroutine.wrap(function() return pcall(coroutine.close, me) end)())`,
    output: [
      "false cannot resume non-suspended coroutine",
      "false cannot resume non-suspended coroutine",
      "normal false cannot resume non-suspended coroutine",
      "false cannot resume non-suspended coroutine",
    ].join("\n"),
  },
  {
    name: "ends the nesting of coroutines with an error [S11.33]",
    source: `local function nest(n) local ok, e = coroutine.resume(coroutine.create(function() return nest(n + 1) end))
      return e end
    print((tostring(nest(1)):gsub(".*C stack", "C stack")))`,
    output: "C stack overflow",
  },
  {
    name: "goes on after preemption as if nothing had been, wherever it strikes [S11.32]",
    source: `local log = {}
    local t = setmetatable({}, { __index = function(_, k) for _ = 1, 3000 do end return k end })
    local function numbers() for i = 1, 3 do for _ = 1, 3000 do end coroutine.yield(t[i]) end end
    for i in coroutine.wrap(function() for j in coroutine.wrap(numbers) do coroutine.yield(j * 2) end end) do
      log[#log + 1] = i
    end
    log[#log + 1] = tostring(pcall(function() for _ = 1, 3000 do end error("x") end))
    log[#log + 1] = select(2, (("ab "):rep(3000)):gsub("(%w+)(%s+)", "%2%1"))
    print(table.concat(log, " "))`,
    output: "2 4 6 false 3000",
  },
];

/** All of them. */
export const SANDBOX_CASES: readonly SandboxCase[] = [...globals, ...isolation, ...bounds, ...strings, ...coroutines];
