-- What library functions take and how much they may do: text arguments, the bounds of S11.33, and what work costs.
--
-- Returns STRING and ELEMENTS (the bounds), text, whole, integer, check_size, check_count, span,
-- toll.

local host, parts = ...
parts.blame.own()

local tointeger, tonumber, tostring, type = math.tointeger, tonumber, tostring, type
local charge, error_text = host.charge, host.error_text
local raise, argument = parts.blame.raise, parts.blame.argument

local STRING = 1 << 20
local ELEMENTS = 1 << 16
--- Charging is a call of the host: below this it would cost more than what it counts.
local SMALL_WORK = 64

--- The argument `number` of the function `name` as a string: a number is converted, an error object is its message.
local function text(name, number, value)
  local kind = type(value)
  if kind == "string" then return value end
  if kind == "number" then return tostring(value) end
  return kind == "userdata" and error_text(value) or argument(name, number, "string expected, got " .. kind)
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
  argument(name, number, "number expected, got " .. kind)
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

return {
  STRING = STRING, ELEMENTS = ELEMENTS,
  text = text, whole = whole, integer = integer, check_size = check_size, check_count = check_count, span = span, toll = toll,
}
