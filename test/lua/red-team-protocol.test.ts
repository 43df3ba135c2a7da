// Attacks on the API: every function that a script can reach, with every kind of value in every position.
import { expect } from "vitest";
import { type Attack, attacks } from "../support/red-team.ts";

/** Hostile values, by the expression that makes them. */
const VALUES = `
local cyclic = {} cyclic.self = cyclic cyclic[cyclic] = 1
local deep = {} for _ = 1, 3000 do deep = { deep } end
local liar = setmetatable({}, { __len = function() return 1 << 40 end, __index = function() return 7 end, __tostring = function() return {} end, __name = 5, __call = function() return 1 end })
local throws = setmetatable({}, { __index = function() error("mine") end, __tostring = function() error("mine") end, __len = function() error("mine") end, __lt = function() error("mine") end, __concat = function() error("mine") end })
local values = { nil, false, true, 0, -1, 1 << 62, math.mininteger, 2^53, -0.0, 0.5, 0/0, 1/0, -1/0, "", "x", "@", "@inbox", "@events", "nul\\0nul", "\\255\\254", "7", "0x10", "1e308", "1s", "-5m", "99999999999999h",
  "{|}", "{sim:processes|0xfffff}", "{x@y|0x00001}", "{", "}", "a:b", "__proto__", "constructor", ("y"):rep(100000), "%s%d%q%", "[", "%b", "(()", ".-.-.-",
  {}, { 1, nil, 3 }, { message = {} }, { kind = "Invalid" }, { deadline = 0/0 }, { timeout = {} }, { trap_links = 1 }, { [1.5] = 1 }, { [true] = 1 }, { ["\\255"] = 1 }, cyclic, deep, liar, throws,
  print, error, string, process, _G, coroutine.running(), coroutine.create(print), channel.new(), channel.new(3), process.inbox(), process.events(), channel.new():case_receive(), channel.new():case_send(cyclic),
  errors.new("e"), errors.new { message = "m", details = cyclic }, time.now(), time.SECOND, time.UTC, time.timer("1h"), time.ticker("1h"), process.with_context({}), process.done(1), string.rep, process.send }
local count = 87`;

/** Functions that would end or stop the process, or wait, by their nature; they are called in a coroutine of their own, or not. */
const FUZZ = `${VALUES}
local bad, calls = {}, 0
local INTERNALS = { "Cannot read", "is not a function", "undefined", "not iterable", "out of bounds memory", "BigInt", "process.lua", "%.ts", "RangeError", "TypeError", "Maximum call stack", "Cannot convert", "Cannot mix", "unreachable", "null function" }
local function look(name, e)
  local text = type(e) == "string" and e or type(e) == "userdata" and tostring(e) or ""
  if type(e) == "userdata" and errors.is(e, "Internal") and not name:find("errors") then bad[#bad + 1] = name .. ": INTERNAL " .. text:sub(1, 200) end
  for _, inner in ipairs(INTERNALS) do if text:find(inner) then bad[#bad + 1] = name .. ": " .. text:sub(1, 200) end end
end
local function attempt(name, f, ...)
  calls = calls + 1
  local arguments = table.pack(...)
  local co = coroutine.create(function()
    local results = table.pack(pcall(f, table.unpack(arguments, 1, arguments.n)))
    look(name, results[2]) look(name, results[3])
  end)
  -- Whoever waits is left alone.
  coroutine.spawn(function() coroutine.resume(co) end)
end
local seed = SEED
local function any() seed = (seed * 1103515245 + 12345) % 2147483648 return values[seed // 65536 % count + 1] end
local functions = {}
local SKIP = { ["process.terminate"] = true, ["process.upgrade"] = true, ["process.serve"] = true, ["_G.print"] = true, ["coroutine.yield"] = true, ["coroutine.close"] = true, ["coroutine.spawn"] = true }
local function gather(name, t) for k, v in pairs(t) do if type(v) == "function" and not SKIP[name .. "." .. tostring(k)] then functions[#functions + 1] = { name .. "." .. tostring(k), v } end end end
for _, name in ipairs { "string", "table", "math", "os", "utf8", "coroutine", "process", "channel", "errors", "time", "ctx" } do gather(name, _G[name]) end
gather("process.registry", process.registry)
for _, name in ipairs { "error", "ipairs", "next", "pairs", "pcall", "rawequal", "rawget", "rawlen", "rawset", "select", "setmetatable", "getmetatable", "tonumber", "tostring", "type", "xpcall", "require", "unpack", "number", "integer", "boolean", "assert" } do functions[#functions + 1] = { name, _G[name] } end
local METHODS = { "kind", "message", "retryable", "details", "stack", "send", "receive", "close", "case_receive", "case_send", "spawn", "spawn_linked", "exec", "with_context", "with_actor", "with_scope", "with_name", "with_message", "with_options", "unix", "add", "sub", "format", "channel", "response", "stop", "reset", "nanoseconds", "seconds", "topic", "from", "payload", "year", "date", "round", "truncate", "before", "after", "equal", "in_location" }
for i = 1, count do for _, m in ipairs(METHODS) do
  local ok, f = pcall(function() return type(values[i]) == "userdata" and values[i][m] or type(values[i]) == "table" and values[i] ~= throws and values[i] ~= liar and values[i][m] end)
  if ok and type(f) == "function" then functions[#functions + 1] = { "method " .. m, f } end
end end
table.sort(functions, function(a, b) return a[1] < b[1] end)
for round = 1, ROUNDS do
  for _, each in ipairs(functions) do
    attempt(each[1], each[2], table.unpack({ any(), any(), any(), any() }, 1, round % 5))
  end
  time.sleep("1ms")
end
assert(calls > 500, calls)
return table.concat(bad, "\\n")`;

const fuzz = (seed: number): Attack => ({
  title: `every function with every kind of value, by chance, gives nil and an error or raises one of ours (${seed}) [S12.9-S12.11, S11.31]`,
  does: FUZZ.replace("SEED", String(seed)).replace("ROUNDS", "6"),
  ends: ({ value, error }) => expect(error ?? value).toBe(""),
  given: { "a:b": "return function() end" },
  rounds: 3,
  turns: 2_000,
});

attacks([
  ...[1, 2, 3, 4, 5].map(fuzz),
  {
    title: "a reserved topic is refused in every spelling of the API [S2.3, S2.20, S7.9, S2.30]",
    does: `local me = process.pid()
      for _, topic in ipairs { "@", "@inbox", "@events", "@x", "@\\0", "@" .. ("x"):rep(1000) } do
        local ok, e = process.send(me, topic, {}) assert(ok == nil and e:kind() == "Invalid")
        local ch, e2 = process.listen(topic) assert(ch == nil and e2:kind() == "Invalid")
        local ok3, e3 = pcall(function() return process.with_context({}):with_message(topic, 1) end) assert(not ok3 and e3:kind() == "Invalid")
      end
      return channel.select({ process.events():case_receive() }, true).default`,
    ends: { value: true },
    rounds: 1,
  },
  {
    title: "a forged pid reaches nobody [S2.5, S2.6]",
    does: `local seen = {}
      for _, pid in ipairs { "{|}", "{x|0x00001}", "{sim:processes|0xfffff}", "{sim:processes|1}", "{sim:processes|0x1 }", "{node@sim:processes|0x00001}", "{sim:processes|0x00001|0x00002}", "{__proto__|0x00001}", "{sim:processes|__proto__}", "{\\0|\\0}" } do
        for _, f in ipairs { process.send, process.monitor, process.link, process.terminate, process.cancel } do
          local ok, e = f(pid, "t") if ok ~= nil or e:kind() ~= "NotFound" and e:kind() ~= "Invalid" then seen[#seen + 1] = pid .. " " .. tostring(ok) .. " " .. tostring(e) end
        end
      end
      return table.concat(seen, ", ")`,
    ends: { value: "" },
    rounds: 1,
  },
  {
    title: "durations that are no numbers are refused, and no timer fires early or for ever [S11.20, S4.29]",
    does: `local seen = {}
      for _, d in ipairs { 0 / 0, "NaN", "inf", "", "1", "s", "1x", "--1s", "1s1", {}, true, print } do
        for name, f in pairs { after = time.after, timer = time.timer, ticker = time.ticker, sleep = time.sleep } do
          local ok, v, e = pcall(f, d) if ok and v ~= nil then seen[#seen + 1] = name .. " " .. tostring(d) end
        end
        local ok, v = pcall(process.cancel, "{sim:processes|0xfffff}", d) assert(not ok or v == nil)
      end
      return table.concat(seen, ", ")`,
    ends: { value: "" },
    rounds: 1,
  },
  {
    title: "names that are keys of JavaScript's objects are plain names [S1.14, S2.43]",
    does: `for _, name in ipairs { "__proto__", "constructor", "toString", "hasOwnProperty", "valueOf", "then" } do
        assert(process.registry.lookup(name) == nil) assert(process.registry.register(name)) assert(process.registry.unregister(name))
        local ch = process.listen(name) assert(process.send(process.pid(), name, { [name] = name }))
        local got = ch:receive() assert(got[name] == name and next(got, name) == nil)
      end return "plain"`,
    ends: { value: "plain" },
    rounds: 1,
  },
  {
    title: "cyclic and shared data keep their shape, deep data is refused or arrives [S2.42, S2.46]",
    does: `local t = {} t.t = t t.list = { t, t } process.send(process.pid(), "t", t) local got = process.inbox():receive():payload()
      assert(got.t == got and got.list[1] == got and got.list[2] == got)
      local deep = {} for _ = 1, 100000 do deep = { deep } end local ok, e = process.send(process.pid(), "t", deep) return e:kind()`,
    ends: { value: "Invalid" },
    rounds: 1,
  },
]);
