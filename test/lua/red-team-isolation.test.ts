// Attacks on what processes of one heap share: nothing that one does is visible to another (S11.31).
import { type Attack, attacks } from "../support/red-team.ts";

/** Tries each, whatever comes of it, and goes on to wait: the neighbours must not notice. */
const attempts: Record<string, string> = {
  "assignments to library tables":
    "for _, name in ipairs { 'string', 'table', 'math', 'os', 'utf8', 'coroutine', 'process', 'channel', 'errors', 'time', 'ctx' } do pcall(function() _G[name].leaked = 1 end) pcall(function() for k in pairs(_G[name]) do _G[name][k] = nil end end) end",
  "rawset of library tables":
    "for _, name in ipairs { 'string', 'table', 'math', 'os', 'utf8', 'coroutine', 'process', 'channel', 'errors', 'time', 'ctx' } do pcall(rawset, _G[name], 'leaked', 1) pcall(rawset, _G[name], 'rep', print) end pcall(rawset, process.event, 'EXIT', 1) pcall(rawset, process.registry, 'lookup', 1)",
  "setmetatable of library tables":
    "for _, name in ipairs { 'string', 'table', 'math', 'os', 'utf8', 'coroutine', 'process', 'channel', 'errors', 'time', 'ctx', '_G' } do pcall(setmetatable, _G[name], { __index = function() return 1 end }) pcall(setmetatable, _G[name], nil) end",
  "table functions on library tables":
    "for _, t in ipairs { string, table, math, os, utf8, coroutine, process, channel, errors, time, ctx } do pcall(table.insert, t, 1) pcall(table.remove, t) pcall(table.move, { 1, 2 }, 1, 2, 1, t) pcall(table.sort, t) pcall(table.insert, t, 1, 1) end",
  globals:
    "leaked = 1 _G.leaked = 2 rawset(_G, 'leaked', 3) _ENV.leaked = 4 string = nil table = nil print = nil process = nil type = nil pairs = nil",
  "another _ENV": "local _ENV = setmetatable({}, { __index = _G, __newindex = _G }) leaked = 1 string = nil",
  "the metatable of strings":
    "local mt = getmetatable('') assert(mt == false) pcall(function() ('').__index.rep = nil end) pcall(function() ('').leaked = 1 end) pcall(setmetatable, '', {})",
  "the metatables of engine objects": `for _, o in ipairs { errors.new("x"), channel.new(), time.now(), time.SECOND, process.inbox(), process.with_context({}), coroutine.create(print), print } do
      local mt = getmetatable(o) assert(not mt, tostring(o)) pcall(setmetatable, o, {}) pcall(function() o.leaked = 1 end) pcall(rawset, o, "leaked", 1) pcall(function() o.__index.send = nil end) pcall(function() o.kind = 1 end) end`,
  "methods of engine objects":
    "for _, m in ipairs { errors.new('x').kind, channel.new().send, time.now().unix, process.with_context({}).spawn } do assert(type(m) == 'function') pcall(m) pcall(m, {}) pcall(m, setmetatable({}, { __index = function() return m end })) pcall(m, 1, m, {}) end",
  "the iterator over a library":
    "local f, t, k = pairs(string) pcall(f, t, k) pcall(f, {}, 'rep') pcall(rawset, t, 'rep', 1) local n, v = f(t, nil) pcall(function() t[n] = 1 end)",
  "next and rawget of proxies": "assert(next(string) == nil and rawget(string, 'rep') == nil and rawlen(table) == 0)",
  "the state of math.random":
    "math.randomseed(1) for _ = 1, 1000 do math.random() end math.randomseed(42) math.random()",
  "times of os": "os.time({ year = 2000, month = 1, day = 1 }) pcall(os.date, '*t') local t = os.date('*t') t.year = 1",
  "tables returned by the engine":
    "local c = ctx.all() c.leaked = 1 local o = process.get_options() o.trap_links = true o.leaked = 1",
  finalizers:
    "assert(not pcall(setmetatable, {}, { __gc = function() leaked = 1 end })) local mt = {} local t = setmetatable({}, mt) mt.__gc = function() while true do end end t = nil for _ = 1, 50000 do local _ = {} end",
  "finalizers by a metatable of the metatable":
    "local t = setmetatable({}, setmetatable({}, { __index = function() return function() while true do end end end })) t = nil for _ = 1, 50000 do local _ = {} end",
  "weak modes set late":
    "local mt = {} local t = setmetatable({}, mt) mt.__mode = 'kv' for i = 1, 20000 do t[{}] = {} t[i] = {} end mt.__mode = nil mt.__mode = 'k' for i = 1, 20000 do t[{}] = i end",
  "protected metatables":
    "local t = setmetatable({}, { __metatable = 'locked' }) assert(getmetatable(t) == 'locked' and not pcall(setmetatable, t, {}))",
  "metatables that are read-only tables":
    "for _, lib in ipairs { string, process, errors } do pcall(setmetatable, {}, lib) local t = setmetatable({}, { __index = lib, __newindex = lib }) pcall(function() t.leaked = 1 end) end",
  "the tag of yields":
    "local got = table.pack(coroutine.resume(coroutine.create(function() coroutine.yield(1) end))) assert(#got == 2) local co = coroutine.wrap(function(...) for i = 1, 3 do coroutine.yield(i, ...) end end) co() co() co()",
  "strands of the engine":
    "local main = coroutine.running() local co = coroutine.spawn(function() coroutine.yield() end) assert(not coroutine.resume(co)) pcall(coroutine.close, co) pcall(coroutine.close, main) assert(not coroutine.resume(main)) coroutine.wrap(function() assert(not coroutine.resume(main)) pcall(coroutine.close, main) end)()",
  "a waiting coroutine resumed by others":
    "local co = coroutine.create(function() time.sleep('1h') end) coroutine.spawn(function() coroutine.resume(co) end) time.sleep('1ms') assert(not coroutine.resume(co)) assert(not pcall(coroutine.close, co)) assert(coroutine.status(co) == 'normal')",
  "a waiting main resumed by others":
    "local main = coroutine.running() local ok, closed coroutine.spawn(function() ok = coroutine.resume(main) closed = pcall(coroutine.close, main) end) time.sleep('1ms') assert(ok == false and closed == false)",
  "require with odd names":
    "for _, n in ipairs { '', '_G', '..', 'process\\0', 'debug', 'io', 'package', 'load', 'security', '__index', 'constructor', '__proto__', ('x'):rep(100000), '\\255' } do local ok = pcall(require, n) assert(not ok, n) end pcall(require) pcall(require, {}) pcall(require, 1)",
  "what is absent":
    "assert(load == nil and loadstring == nil and dofile == nil and debug == nil and io == nil and package == nil and collectgarbage == nil and string.dump == nil and warn == nil and os.exit == nil and os.getenv == nil) assert(rawget(_G, 'load') == nil and _ENV.load == nil)",
  "error objects with details of one's own":
    "local d = {} local e = errors.new { message = 'x', details = d } d.self = e d.e = d e = errors.wrap(e, 'y') tostring(e) e:stack() errors.call_stack(e)",
  "forged objects": `local mt = { __index = function(_, k) return function() return 1 end end, __name = "channel", __metatable = false, __tostring = function() return "channel" end }
      for _, forged in ipairs { {}, setmetatable({}, mt), { 1, 2, 3 }, setmetatable({ channel.new(), true, 1 }, mt), coroutine.create(print), print, "channel", 7 } do
        pcall(channel.select, { forged }, true) pcall(process.unlisten, forged) pcall(channel.new().send, forged, 1)
        pcall(channel.new().receive, forged) pcall(errors.is, forged, "Invalid") pcall(errors.wrap, forged, "x") pcall(errors.call_stack, forged)
        pcall(time.sleep, forged) pcall(process.cancel, process.pid() .. "x", forged) pcall(process.with_context({}).with_name, forged, "x")
        pcall(time.now().add, forged, 1) pcall(time.now().sub, time.now(), forged)
      end`,
  "messages with other fields":
    "process.send(process.pid(), 't', { 1 }) local m = process.inbox():receive() rawset(m, 1, {}) rawset(m, 2, m) rawset(m, 3, print) pcall(m.topic, m) pcall(m.from, m) pcall(process.send, process.pid(), m:topic(), m:payload()) pcall(process.send, m:from(), 't')",
  "times with other fields":
    "local t = time.now() for _, v in ipairs { {}, 0 / 0, 1 / 0, -1 / 0, 'x', 1 << 62, print } do pcall(rawset, t, 1, v) pcall(rawset, t, 2, v) pcall(tostring, t) pcall(process.send, process.pid(), 't', t) pcall(t.unix, t) pcall(t.add, t, t) pcall(t.format, t, '2006') end",
  "cases with other fields":
    "local c = channel.new():case_receive() for _, v in ipairs { {}, 1, 'x', print, errors.new('x') } do for i = 1, 3 do pcall(rawset, c, i, v) end pcall(channel.select, { c }, true) end pcall(rawset, c, 1, process.inbox()) pcall(rawset, c, 2, true) pcall(channel.select, { c }, true)",
  "done with other fields":
    "process.send(process.pid(), 't') local n = 0 process.serve(function() n = n + 1 if n == 1 then process.send(process.pid(), 't') return setmetatable({ 1 }, { __name = 'done' }) end local d = process.done(1) rawset(d, 1, nil) return d end)",
  "fields of process":
    "for k in pairs(process) do assert(not pcall(function() process[k] = 1 end)) end assert(not pcall(function() process.event.EXIT = 1 end)) assert(not pcall(function() process.registry.lookup = 1 end))",
  "conversions of library tables":
    "pcall(string, setmetatable({}, { __tostring = function() return 1 end })) pcall(string, string) pcall(tostring, process) pcall(print, string) local _ = #string",
};

attacks([
  ...Object.entries(attempts).map(
    ([what, does]): Attack => ({
      title: `${what}: no other process notices [S11.31]`,
      does: `local passed = process.spawn and true
        local inbox = process.inbox()
        ${does}
        return "tried"`,
      ends: { value: "tried" },
      rounds: 2,
    }),
  ),
  {
    title: "a library's tables are each process's own [S11.31, S3.30]",
    does: "local library = require('library') local before = library.count library.count = before + 1 return before",
    entry: { libraries: { "red:library": "return { count = 1 }" }, imports: { library: "red:library" } },
    ends: { value: 1 },
    rounds: 1,
  },
  {
    title: "objects of a process that has ended are nobody's [S11.31]",
    does: `local pid = process.spawn("red:child", "sim:processes", process.pid()) local m = process.inbox():receive()
      return m:payload() == nil and m:from() == pid`,
    given: {
      "red:child":
        "return function(parent) for _, v in ipairs { channel.new(), print, coroutine.create(print) } do assert(not process.send(parent, 't', v)) end process.send(parent, 't') end",
    },
    ends: { value: true },
    rounds: 1,
  },
]);
