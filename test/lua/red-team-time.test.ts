// Attacks on the time of others: code that never ends, in every construct of the language and of its library.
import { type Attack, attacks } from "../support/red-team.ts";

const LATE = "time slice exceeded in a non-yieldable call";
const FOREVER = "while true do end";

/** Loops in plain code, where the turn is given back in the middle. */
const plain: Record<string, string> = {
  "a while loop": FOREVER,
  "a repeat loop": "repeat until false",
  "a numeric for": "for i = 1, math.huge do end",
  "a goto loop": "::again:: goto again",
  "a loop in pcall": `while true do pcall(function() ${FOREVER} end) end`,
  "a loop that catches errors": "while true do pcall(error) end",
  "a loop in xpcall": `xpcall(function() ${FOREVER} end, print)`,
  "a coroutine of one's own": `coroutine.wrap(function() ${FOREVER} end)()`,
  "coroutines in coroutines": `local function deep(n) if n == 0 then ${FOREVER} end coroutine.wrap(deep)(n - 1) end deep(50)`,
  "an iterator": `for _ in function() ${FOREVER} end do end`,
  "an endless iterator": "for _ in function() return 1 end do end",
  "an iterator by wrap": "for _ in coroutine.wrap(function() while true do coroutine.yield(1) end end) do end",
  "thousands of short coroutines": "while true do coroutine.wrap(function() for _ = 1, 200 do end end)() end",
  "coroutines that end at once": "while true do coroutine.resume(coroutine.create(function() end)) end",
  "coroutines nested until it fails":
    "while true do local function n() return (coroutine.resume(coroutine.create(n))) end n() end",
  recursion: "while true do local function f() return 1 + f() end pcall(f) end",
  "tail calls": "local function f() return f() end f()",
  "recursion through pcall": "local function f() return (pcall(f)) end while true do f() end",
  __index: `local _ = setmetatable({}, { __index = function() ${FOREVER} end }).x`,
  "__index that recurs":
    "local t = setmetatable({}, {}) getmetatable(t).__index = function(s, k) return s[k + 1] end while true do pcall(function() return t[1] end) end",
  __newindex: `setmetatable({}, { __newindex = function() ${FOREVER} end }).x = 1`,
  __eq: `local mt = { __eq = function() ${FOREVER} end } local _ = setmetatable({}, mt) == setmetatable({}, mt)`,
  __lt: `local mt = { __lt = function() ${FOREVER} end } local _ = setmetatable({}, mt) < setmetatable({}, mt)`,
  __le: `local mt = { __le = function() ${FOREVER} end } local _ = setmetatable({}, mt) <= setmetatable({}, mt)`,
  __concat: `local _ = setmetatable({}, { __concat = function() ${FOREVER} end }) .. "x"`,
  __len: `local _ = #setmetatable({}, { __len = function() ${FOREVER} end })`,
  __call: `setmetatable({}, { __call = function() ${FOREVER} end })()`,
  __add: `local _ = setmetatable({}, { __add = function() ${FOREVER} end }) + 1`,
  "__close at the end of a block": `do local x <close> = setmetatable({}, { __close = function() ${FOREVER} end }) end`,
  "__close on the way of an error": `pcall(function() local x <close> = setmetatable({}, { __close = function() ${FOREVER} end }) error("x") end)`,
  __pairs: `for _ in pairs(setmetatable({}, { __pairs = function() ${FOREVER} end })) do end`,
  "the iterator of __pairs":
    "for _ in pairs(setmetatable({}, { __pairs = function() return function() return 1 end end })) do end",
  "select that always has a default":
    "local c = channel.new() while true do channel.select({ c:case_receive() }, true) end",
  "a channel that always has something": "local c = channel.new(1) while true do c:send(1) c:receive() end",
  "a message to oneself": "while true do process.send(process.pid(), 'a') process.inbox():receive() end",
  "a handler of serve": `process.send(process.pid(), 'a') process.serve(function() ${FOREVER} end)`,
  "a serve that feeds itself":
    "process.send(process.pid(), 'a') process.serve(function() process.send(process.pid(), 'a') end)",
  "a timer that fires at once, again and again": "while true do time.after('1ns'):receive() end",
  "sleep of no time": "while true do time.sleep(0) end",
  "a coroutine of the engine": `coroutine.spawn(function() ${FOREVER} end) process.inbox():receive()`,
  "a thousand coroutines of the engine": `for _ = 1, 1000 do coroutine.spawn(function() ${FOREVER} end) end process.inbox():receive()`,
  "coroutines of the engine that spawn each other":
    "local function f() coroutine.spawn(f) end f() process.inbox():receive()",
  "resuming dead coroutines": "local co = coroutine.create(function() end) while true do coroutine.resume(co) end",
  "an endless matcher in Lua": "while true do pcall(string.find, ('a'):rep(3000), '.-.-.-b') end",
  "calls of process.pid": "while true do process.pid() end",
  "failing calls of the engine": "while true do process.send('nobody', 't') end",
  upgrades: "process.upgrade(nil)",
  "a comparison of sort": `table.sort({ 3, 1, 2 }, function() ${FOREVER} end)`,
  "an element with __lt in sort": `local mt = { __lt = function() ${FOREVER} end } table.sort({ setmetatable({}, mt), setmetatable({}, mt) })`,
  "a pcall loop in a comparison of sort": `table.sort({ 3, 1, 2 }, function() while true do pcall(function() ${FOREVER} end) end end)`,
  "a replacement function of gsub": `string.gsub("xx", "x", function() ${FOREVER} end)`,
  "a replacement table of gsub": `string.gsub("xx", "x", setmetatable({}, { __index = function() ${FOREVER} end }))`,
  "__index in table.unpack": `table.unpack(setmetatable({}, { __len = function() return 2 end, __index = function() ${FOREVER} end }))`,
  "__index in table.move": `table.move(setmetatable({}, { __index = function() ${FOREVER} end }), 1, 2, 1, {})`,
  "__newindex in table.move": `table.move({ 1 }, 1, 1, 1, setmetatable({}, { __newindex = function() ${FOREVER} end }))`,
  "a coroutine resumed in a comparison of sort": `table.sort({ 2, 1 }, function() coroutine.wrap(function() ${FOREVER} end)() end)`,
  "coroutines in coroutines in gsub": `string.gsub("x", "x", function() coroutine.wrap(function() coroutine.wrap(function() ${FOREVER} end)() end)() end)`,
  "__index in table.concat": `table.concat(setmetatable({}, { __len = function() return 2 end, __index = function() ${FOREVER} end }))`,
  "__newindex in table.insert": `table.insert(setmetatable({ 1, 2 }, { __newindex = function() ${FOREVER} end }), 1, 0)`,
  "__lt in math.max": `local mt = { __lt = function() ${FOREVER} end } math.max(setmetatable({}, mt), setmetatable({}, mt))`,
  "__lt in math.min": `local mt = { __lt = function() ${FOREVER} end } math.min(setmetatable({}, mt), 1)`,
  "__newindex in table.sort": `table.sort(setmetatable({}, { __len = function() return 2 end, __index = function(_, i) return -i end, __newindex = function() ${FOREVER} end }))`,
};

/** Loops where nothing can yield, in a call that fails; tried again without end. */
const callbacks: Record<string, string> = {
  "__tostring in tostring": `tostring(setmetatable({}, { __tostring = function() ${FOREVER} end }))`,
  "__tostring in print": `print(setmetatable({}, { __tostring = function() ${FOREVER} end }))`,
  "__tostring in string.format": `string.format("%s", setmetatable({}, { __tostring = function() ${FOREVER} end }))`,
};

attacks([
  ...Object.entries(plain).map(
    ([what, does]): Attack => ({ title: `${what} holds up nobody, and is terminated [S11.32, S4.21]`, does }),
  ),
  ...Object.entries(callbacks).map(
    ([what, does]): Attack => ({
      title: `${what} that never ends holds up nobody, caught or not [S11.33]`,
      does: `local ok, text = pcall(function() ${does} end) assert(not ok and text:find("${LATE}", 1, true) or text == nil, text)
        while true do pcall(function() ${does} end) end`,
    }),
  ),
  ...Object.entries(callbacks).map(
    ([what, does]): Attack => ({
      title: `${what} that never ends ends the process when nobody catches the error [S11.33]`,
      does,
      ends: ({ error }) => {
        if (error?.endsWith(LATE) !== true) throw new Error(`ended with ${error}`);
      },
    }),
  ),
  {
    title: "an error handler that never ends holds up nobody [S11.32, S11.33]",
    does: `while true do xpcall(error, function() ${FOREVER} end) end`,
  },
  {
    title: "an error handler that never ends, called by the error that struck it, holds up nobody [S11.33]",
    does: `local function forever() ${FOREVER} end
      while true do xpcall(tostring, forever, setmetatable({}, { __tostring = forever })) end`,
  },
  {
    title: "errors in error handlers hold up nobody [S11.32]",
    does: "while true do xpcall(error, function() error() end) end",
  },
  {
    title: "__close of a coroutine that is closed never ends, and holds up nobody [S11.33]",
    does: `local mt = { __close = function() ${FOREVER} end }
      while true do
        local co = coroutine.create(function() local x <close> = setmetatable({}, mt) coroutine.yield() end)
        coroutine.resume(co) coroutine.close(co)
      end`,
  },
  {
    title: "__close of a coroutine that the end of the slice has struck holds up nobody [S11.33]",
    does: `local function forever() ${FOREVER} end
      while true do
        local co = coroutine.create(function()
          local x <close> = setmetatable({}, { __close = forever })
          tostring(setmetatable({}, { __tostring = forever }))
        end)
        coroutine.resume(co) coroutine.close(co)
        pcall(coroutine.wrap(function()
          local x <close> = setmetatable({}, { __close = forever })
          tostring(setmetatable({}, { __tostring = forever }))
        end))
      end`,
  },
  {
    title: "coroutines of the engine that loop in callbacks hold up nobody [S11.33]",
    does: `for _ = 1, 40 do coroutine.spawn(function()
        while true do pcall(tostring, setmetatable({}, { __tostring = function() ${FOREVER} end })) end
      end) end
      process.inbox():receive()`,
  },
  {
    title: "modules that never end loading hold up nobody, however many [S11.32]",
    does: "for _ = 1, 20 do coroutine.spawn(function() process.spawn('red:child', 'sim:processes') end) end process.inbox():receive()",
    given: { "red:child": FOREVER },
  },
  {
    title: "a library that never ends loading holds up nobody [S11.32]",
    does: "coroutine.spawn(function() process.spawn('red:child', 'sim:processes') end) process.inbox():receive()",
    given: { "red:child": "return function() end" },
    entry: { libraries: { "red:library": FOREVER }, imports: { library: "red:library" } },
    ends: ({ error }) => {
      if (!/top-level code takes too long|terminated/.test(error ?? "")) throw new Error(`ended with ${error}`);
    },
    rounds: 3,
  },
  {
    title: "processes that never wait have a turn each, the neighbours theirs [S11.32]",
    does: "for _ = 1, 100 do process.spawn('red:child', 'sim:processes') end process.inbox():receive()",
    given: { "red:child": `return function() ${FOREVER} end` },
    turns: 3_000,
    rounds: 2,
  },
  {
    title: "a process that terminates itself goes no further, whatever catches [S4.22]",
    does: "pcall(function() pcall(process.terminate, process.pid()) while true do end end) process.send('good', 'never')",
    ends: { error: "process terminated", kind: "Internal" },
  },
  {
    title: "a process that terminates itself in a callback goes no further [S4.22]",
    does: `local mt = { __tostring = function() pcall(process.terminate, process.pid()) ${FOREVER} end }
      while true do pcall(tostring, setmetatable({}, mt)) end`,
    ends: { error: "process terminated", kind: "Internal" },
  },
  {
    title: "a process that terminates itself in an error handler and in __close goes no further [S4.22]",
    does: `xpcall(function() local x <close> = setmetatable({}, { __close = function() ${FOREVER} end })
        process.terminate(process.pid()) end, function() ${FOREVER} end)`,
    ends: { error: "process terminated", kind: "Internal" },
  },
]);
