-- What library functions take and how much they may do: text arguments, the bounds of S11.33, and what work costs.
--
-- Returns STRING and ELEMENTS (the bounds), text, whole, integer, check_size, check_count, span,
-- toll, less_than, characters.

local host, parts = ...
parts.blame.own()

local error, pcall, rawget, select, tonumber, tostring, type = error, pcall, rawget, select, tonumber, tostring, type
local concat, getmetatable, match, tointeger, unpack = table.concat, debug.getmetatable, string.match, math.tointeger, table.unpack
local charge, error_text = host.charge, host.error_text
local raise, argument = parts.blame.raise, parts.blame.argument

local STRING = 1 << 20
local ELEMENTS = 1 << 16
--- Charging is a call of the host: below this it would cost more than what it counts.
local SMALL_WORK = 64

--- What C calls the kind of a value in its complaints.
local function kind_of(value)
  local metatable = getmetatable(value)
  local name = metatable and rawget(metatable, "__name")
  return type(name) == "string" and name or type(value)
end

--- The argument `number` of the function `name` as a string: a number is converted, an error object is its message.
local function text(name, number, value)
  local kind = type(value)
  if kind == "string" then return value end
  if kind == "number" then return tostring(value) end
  return kind == "userdata" and error_text(value) or argument(name, number, "string expected, got " .. kind_of(value))
end

--- The value as an integer where C would take it for one, else nil.
local function whole(value)
  local kind = type(value)
  if kind == "string" then value = tonumber(value) elseif kind ~= "number" then return nil end
  return value and tointeger(value)
end

--- The argument `number` of the function `name` as an integer.
local function integer(name, number, value)
  local result = whole(value)
  if result then return result end
  local kind = type(value)
  if kind == "number" or kind == "string" and tonumber(value) then
    argument(name, number, "number has no integer representation")
  end
  argument(name, number, "number expected, got " .. kind_of(value))
end

--- Refuses a string of so many bytes.
local function check_size(size)
  if size > STRING then raise("resulting string too large (limit 1 MiB)") end
end

--- Refuses so many elements. Give a float if the integer could overflow.
local function check_count(count)
  if count > ELEMENTS then raise("range too large (limit 65,536 elements)") end
end

--- How many elements lie between two positions counted from either end.
local function span(size, i, j)
  if i < 0 then i = i + size + 1 end
  if j < 0 then j = j + size + 1 end
  return (j > size and size or j) - (i < 1 and 1 or i) + 1
end

--- Charges for work of so many units, each about 5 ns.
local function toll(units)
  if units >= SMALL_WORK then charge(units // 1 | 0) end
end

--- `<`, charged for where strings are long; what it complains about has no position, as if C compared.
local function less_than(one, other)
  local kind = type(one)
  if kind == type(other) and kind == "string" then
    toll((#one < #other and #one or #other) / 16)
  elseif kind ~= "number" or type(other) ~= "number" then
    local ours, theirs = getmetatable(one), getmetatable(other)
    if not (ours and rawget(ours, "__lt") or theirs and rawget(theirs, "__lt")) then
      local _, complaint = pcall(function() return one < other end)
      error(match(complaint, "(attempt to compare .*)$"), 0)
    end
  end
  return one < other
end

--- So many characters are made at once of their codes.
local PART = 1024

--- What does the work of `native`, the `char` of a library, where the codes are many, or texts: `last_code` is the largest,
--- and a character takes so many units.
local function characters(native, last_code, units)
  return function(...)
    local count = select("#", ...)
    check_count(count)
    local codes, texts = { ... }, {}
    for i = 1, count do
      local code = integer("char", i, codes[i])
      if code < 0 or code > last_code then argument("char", i, "value out of range") end
      codes[i] = code
    end
    for i = 1, count, PART do
      local last = i + PART - 1
      if last > count then last = count end
      toll((last - i + 1) * units)
      texts[#texts + 1] = native(unpack(codes, i, last))
    end
    return concat(texts)
  end
end

return {
  STRING = STRING, ELEMENTS = ELEMENTS,
  text = text, whole = whole, integer = integer, check_size = check_size, check_count = check_count, span = span, toll = toll, less_than = less_than,
  characters = characters,
}
