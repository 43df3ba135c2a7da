-- The hardened environment of scripts: everything a process sees as its globals, except what the engine adds (`process`,
-- `channel`, `errors`, `print`, `require`, `coroutine.spawn`). Many processes share it, so nothing in it can be changed:
-- libraries are read-only proxies, the metatable of strings is locked, and no function gives access to its insides.
--
-- The chunks of this folder are called once per Lua state, each with `(host, parts)`, where `parts` holds what the chunks
-- before have returned, by name, in this order:
--
--     blame ─▶ limits ─▶ patterns ─▶ bounds ─▶ runs ─▶ attempts ─▶ matcher ─▶ strings ─▶ searching ─▶ unicode
--           ─▶ tables ─▶ maths ─▶ calendar ─▶ datestrings ─▶ dates ─▶ coroutines ─▶ sandbox
--
-- The real libraries, `debug` among them, are globals then; afterwards nothing here reads a global again. Matching a
-- pattern and measuring a table take their time in Lua, so these chunks have to be preemptible like scripts; coroutines.lua
-- says where it is not.
--
-- `host` has these functions of C, all of which run to their end:
--   charge(units)      counts work, 5 ns a unit; may yield nothing to the scheduler, or raise where it cannot yield
--   enter(co, yieldable), leave()   before and after each resumption: who runs, and whether its caller can yield
--   private()          a table of the current process
--   error_text(value)  the message of an error object, nil for anything else
--   seed() -> two integers, clock() -> CPU seconds, time() -> Unix seconds, zone_offset(time) -> seconds east
--
-- Returns
--   base               what all processes see
--   new_environment(has_modules)  the globals of a new process
--   readonly(name, t)  a proxy of `t` that cannot be changed, neither by assignment nor by rawset
--   host_kinds         what tables of ours are called, by their metatable, which no script can get hold of
--   raw.libraries      the tables behind the proxies by name, for the engine to add to before the first script runs
--   raw.blame          blame.lua, for functions of the engine to raise errors like the library's
--   raw.coroutine      create, resume, yield, status, running, close, isyieldable of C; resume_raw(co, …), `resume` with the
--                      host told; tag, the first value of each yield of a script; protect(co), after which no script can
--                      resume or close `co`: to be called for every coroutine that the engine resumes

local _, parts = ...
parts.blame.own()

local getmetatable, next, pcall, rawget, rawset = getmetatable, next, pcall, rawget, rawset
local setmetatable, tonumber, tostring, type = setmetatable, tonumber, tostring, type
local floor, ceil, tointeger = math.floor, math.ceil, math.tointeger
local raise, settle = parts.blame.raise, parts.blame.settle

--- The names of the read-only tables, by proxy; weak by "kv" as in coroutines.lua.
local names = setmetatable({}, { __mode = "kv" })

--- What a table of ours is called, by its metatable: such a table is no data (S2.44).
local host_kinds = {}

local function refuse_change(proxy)
  raise("attempt to modify read-only table '" .. names[proxy] .. "'")
end

--- A proxy of `t` that can be read and iterated over only. Give `call` to make it callable.
local function readonly(name, t, call)
  local function following(_, key)
    return next(t, key)
  end
  local metatable = {
    __index = t,
    __newindex = refuse_change,
    __pairs = function(self) return following, self, nil end,
    __call = call,
    __metatable = false,
  }
  local proxy = setmetatable({}, metatable)
  names[proxy], host_kinds[metatable] = name, name
  return proxy
end

local base = { _VERSION = _VERSION }

for _, name in ipairs({
  "assert", "error", "ipairs", "next", "pairs", "pcall", "rawequal", "rawget", "rawlen", "select", "tonumber", "tostring",
  "type", "xpcall",
}) do
  base[name] = _G[name]
end

function base.rawset(t, key, value)
  if names[t] then refuse_change(t) end
  return settle("rawset", pcall(rawset, t, key, value))
end

--- A numeral longer than this takes C longer than a slice.
local NUMERAL, SHORT_NUMERAL = 1 << 16, 64

function base.tonumber(...)
  local value = ...
  if type(value) == "string" and #value > SHORT_NUMERAL then
    if #value > NUMERAL then raise("numeral too long (limit 65,536 bytes)") end
    parts.limits.toll(8 * #value)
  end
  return settle("tonumber", pcall(tonumber, ...))
end

--- Finalizers run outside of every process and slice, so there are none. Setting `__gc` later has no effect in Lua 5.4.
function base.setmetatable(t, metatable)
  if type(metatable) == "table" and rawget(metatable, "__gc") ~= nil then
    raise("a metatable with '__gc' is not allowed")
  end
  local ok, result = pcall(setmetatable, t, metatable)
  if not ok then settle("setmetatable", ok, result) end
  return result
end

--- Only tables show their metatable: those of other types are shared.
function base.getmetatable(value)
  local metatable = getmetatable(value)
  if type(value) == "table" or metatable == nil then return metatable end
  return false
end

--- Conversions (S11.27): nil when there is no such number; a fraction is cut off, as in a conversion of C or Go; and only
--- `nil` and `false` are false.
function base.number(value)
  local kind = type(value)
  return (kind == "number" or kind == "string") and tonumber(value) or nil
end

function base.integer(value)
  local number = base.number(value)
  return number and tointeger(number < 0 and ceil(number) or floor(number))
end

function base.boolean(value)
  return value ~= nil and value ~= false
end

local libraries = {
  coroutine = parts.coroutines.library,
  math = parts.maths,
  os = parts.dates,
  string = parts.strings,
  table = parts.tables,
  utf8 = parts.unicode,
}

local function to_string(_, value)
  return tostring(value)
end

for name, library in next, libraries do
  base[name] = readonly(name, library, name == "string" and to_string or nil)
end
base.unpack = libraries.table.unpack

local of_strings = getmetatable("")
of_strings.__index = libraries.string
of_strings.__metatable = false

local of_environments = { __index = base, __metatable = false }

--- The globals of a new process, with room for the few that the engine adds; for some more when it `has_modules`.
local function new_environment(has_modules)
  local globals = has_modules and { _G = nil, _1 = nil, _2 = nil, _3 = nil } or { _G = nil, _1 = nil }
  local environment = setmetatable(globals, of_environments)
  environment._G = environment
  return environment
end

return {
  base = base,
  readonly = readonly,
  new_environment = new_environment,
  host_kinds = host_kinds,
  raw = { libraries = libraries, blame = parts.blame, coroutine = parts.coroutines.raw },
}
