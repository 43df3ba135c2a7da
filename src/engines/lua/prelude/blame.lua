-- Errors of the library, raised as if the library were written in C: an error names the line of the script that made the
-- call, however many functions of the prelude, and C functions called by them, stand between.
--
-- The functions of C are called under `pcall`, where they do not know who called them; `settle` and `refuse` hand on what
-- they return, and put the position and the name the script used into what they complain about. All this costs
-- something only when there is an error.
--
-- Returns raise, argument, refuse, settle, callbacks, own, through.

local error, rawlen, select, type = error, rawlen, select, type
local getinfo = debug.getinfo
local match, sub = string.match, string.sub

--- The sources of the chunks that are library, not script.
local own = {}

--- Declares the chunk that calls this to be library.
local function declare()
  own[getinfo(2, "S").source] = true
end

declare()

--- Functions of ours through which scripts call the library, though they are of C.
local doors = {}

--- Declares such a function; returns it.
local function through(door)
  doors[door] = true
  return door
end

--- The call with which a script entered the library: how it named the function, and where it stands.
local function entry()
  local level, last = 1, 1
  while true do
    local frame = getinfo(level, "S")
    if not frame then break end
    if own[frame.source] then
      last = level
    elseif frame.what ~= "C" then
      break
    end
    level = level + 1
  end
  local caller = getinfo(last + 1, "f")
  if caller and doors[caller.func] then last = last + 1 end
  return getinfo(last, "n"), getinfo(last + 1, "Sl")
end

--- Raises `message` with the position `at`; there is none when it was C that called (`pcall(string.rep, "x")`).
local function throw(at, message)
  if at and at.currentline > 0 then message = at.short_src .. ":" .. at.currentline .. ": " .. message end
  error(message, 0)
end

--- Raises `message` at the position of the script.
local function raise(message)
  local _, at = entry()
  throw(at, message)
end

--- Raises that the argument `number` of the library function `name` is wrong. In a method call the object is argument 0.
local function argument(name, number, what)
  local call, at = entry()
  name = call.name or name
  if call.namewhat == "method" then number = number - 1 end
  if number == 0 then throw(at, "calling '" .. name .. "' on bad self (" .. what .. ")") end
  throw(at, "bad argument #" .. number .. " to '" .. name .. "' (" .. what .. ")")
end

--- Hands on what the C function `name` complained about, which calls no function of the script.
local function refuse(name, complaint)
  if type(complaint) ~= "string" or complaint == "not enough memory" then error(complaint, 0) end
  local number, what = match(complaint, "^bad argument #(%d+) to '[^']*' (%b())$")
  if number then argument(name, number + 0, sub(what, 2, -2)) end
  raise(complaint)
end

--- Hands on what a C function returned under `pcall`.
local function settle(name, ok, ...)
  if ok then return ... end
  refuse(name, (...))
end

--- How the complaints begin of those C functions that call functions of the script. Whatever begins otherwise is an error
--- of the script, which has its position already.
local COMPLAINTS = {
  "bad argument #", "invalid value (", "invalid order function", "invalid replacement value", "invalid capture",
  "invalid use of '%'", "invalid pattern capture", "malformed pattern", "missing '[' after", "unfinished capture",
  "too many captures", "pattern too complex", "wrong number of arguments", "too many ", "object length is not",
  "invalid conversion", "invalid format", "attempt to modify read-only",
}

--- Like `settle` for a C function that calls functions of the script.
local function callbacks(name, ok, ...)
  if ok then return ... end
  local complaint = (...)
  for i = 1, type(complaint) == "string" and rawlen(COMPLAINTS) or 0 do
    local start = COMPLAINTS[i]
    if sub(complaint, 1, #start) == start then refuse(name, complaint) end
  end
  error(complaint, 0)
end

return { raise = raise, argument = argument, refuse = refuse, settle = settle, callbacks = callbacks, own = declare, through = through }
