-- The string library, except what takes patterns (searching.lua): the functions of C, which take an error object for its
-- message (S12.2) and neither build nor walk through more than S11.33 allows.
--
-- Returns the library as a table.

local host, parts = ...
parts.blame.own()

local pcall, select, tonumber, type = pcall, select, tonumber, type
local byte, char, format, gmatch, pack = string.byte, string.char, string.format, string.gmatch, string.pack
local concat, find, gsub, match = table.concat, string.find, string.gsub, string.match
local lower, packsize, rep, reverse, sub = string.lower, string.packsize, string.rep, string.reverse, string.sub
local unpack, upper = string.unpack, string.upper
local unpack_table = table.unpack
local error_text = host.error_text
local settle, callbacks = parts.blame.settle, parts.blame.callbacks
local limits = parts.limits
local text, whole, integer = limits.text, limits.whole, limits.integer
local check_size, check_count, toll = limits.check_size, limits.check_count, limits.toll

--- Bytes that C copies for one unit of work.
local COPIED = 16

--- The piece that `rep` copies at a time, in bytes.
local BLOCK = 1024

local strings = {}

function strings.len(s)
  return #text("len", 1, s)
end

--- A function of one string that gives one of the same size.
local function mapping(name, native)
  strings[name] = function(s)
    s = text(name, 1, s)
    check_size(#s)
    toll(#s / COPIED)
    return native(s)
  end
end

mapping("lower", lower)
mapping("upper", upper)
mapping("reverse", reverse)

function strings.sub(s, i, j)
  s = text("sub", 1, s)
  local ok, part = pcall(sub, s, i, j)
  if not ok then settle("sub", ok, part) end
  check_size(#part)
  toll(#part / COPIED)
  return part
end

--- C copies piece by piece, so a short piece many times is made from a longer one.
local function repeated(piece, count)
  local block = BLOCK // (#piece + 1)
  if #piece == 0 or block == 0 or count <= block then return rep(piece, count) end
  return rep(rep(piece, block), count // block) .. rep(piece, count % block)
end

function strings.rep(s, n, separator)
  s = text("rep", 1, s)
  local count = integer("rep", 2, n)
  separator = separator ~= nil and text("rep", 3, separator) or ""
  if count <= 0 then return "" end
  local size = (#s + #separator) * (count + 0.0) - #separator
  check_size(size)
  if size == 0 then return "" end
  toll(size / COPIED)
  return repeated(s .. separator, count - 1) .. s
end

function strings.byte(s, i, j)
  s = text("byte", 1, s)
  if j ~= nil and #s > limits.ELEMENTS then
    local from, to = i == nil and 1 or whole(i), whole(j)
    if from and to then check_count(limits.span(#s, from, to)) end
  end
  return settle("byte", pcall(byte, s, i, j))
end

strings.char = parts.blame.through(host.numeric(char, limits.characters(char, 255, 1)))
-- Where C looks for a name for its complaints.
string.char = strings.char

--- The arguments as a list, error objects by their message; and the bytes of its strings.
local function readable(...)
  local values, bytes = { n = select("#", ...), ... }, 0
  for i = 1, values.n do
    local value = values[i]
    if type(value) == "userdata" then value = error_text(value) or value end
    if type(value) == "string" then bytes = bytes + #value end
    values[i] = value
  end
  return values, bytes
end

--- Beyond so many bytes C would take too long over a format, or over a text it has to quote.
local LONG_FORM, LONG_QUOTED = 256, 4096
--- What C may take for one item: floats with many digits take longest.
local ITEM = 400
--- An item of a format.
local DIRECTIVE = "%%[^%a%%]*[%a%%]?"

--- `%q` of a long text, part by part. A digit after a part is quoted with it: C writes a character before a digit
--- differently.
local function quoted(s)
  local parts, count = { '"' }, 1
  for at = 1, #s, LONG_QUOTED do
    local stop = at + LONG_QUOTED
    local digit = match(s, "^%d", stop)
    local part = format("%q", sub(s, at, digit and stop or stop - 1))
    toll(8 * LONG_QUOTED)
    count = count + 1
    parts[count] = sub(part, 2, digit and -3 or -2)
  end
  parts[count + 1] = '"'
  return concat(parts)
end

--- Formats item by item, so that the slice can end between them.
local function format_items(form, values)
  local parts, count, size, number, at = {}, 0, 0, 0, 1
  while at <= #form do
    local from, to = find(form, DIRECTIVE, at)
    local part = from == at and sub(form, from, to) or sub(form, at, (from or 0) - 1)
    at = at + #part
    if from and from + #part == at and part ~= "%%" then
      number = number + 1
      local value = values[number]
      toll(ITEM)
      if part == "%q" and type(value) == "string" and #value > LONG_QUOTED then part = quoted(value)
      else
        local ok, result
        if number > values.n then ok, result = pcall(format, part) else ok, result = pcall(format, part, value) end
        if not ok and type(result) == "string" then result = gsub(result, "^bad argument #2", "bad argument #" .. number + 1) end
        part = callbacks("format", ok, result)
      end
    elseif part == "%%" then part = "%" end
    size = size + #part
    check_size(size)
    count = count + 1
    parts[count] = part
  end
  return concat(parts)
end

--- Room is made for all strings in full, whatever precision the format gives: refusing must not depend on reading it.
function strings.format(form, ...)
  form = text("format", 1, form)
  local values, bytes = readable(...)
  check_size(bytes)
  check_size(#form)
  toll((bytes + #form) / COPIED)
  if #form > LONG_FORM or bytes > LONG_QUOTED and find(form, "%q", 1, true) then return format_items(form, values) end
  toll(values.n * 20)
  local ok, result = pcall(format, form, unpack_table(values, 1, values.n))
  if not ok then callbacks("format", ok, result) end
  check_size(#result)
  return result
end

--- A format of `pack` as text: each letter is an element.
local function packing(name, form)
  form = text(name, 1, form)
  check_count(#form)
  toll(#form)
  return form
end

--- The bytes that a format of `pack` asks for itself: fixed strings, and at most 16 for each letter.
local function fixed_size(form)
  local size = 16 * #form
  for width in gmatch(form, "c(%d+)") do size = size + tonumber(width) end
  return size
end

function strings.pack(form, ...)
  form = packing("pack", form)
  local values, bytes = readable(...)
  check_size(bytes + fixed_size(form))
  toll((bytes + fixed_size(form)) / COPIED)
  return settle("pack", pcall(pack, form, unpack_table(values, 1, values.n)))
end

function strings.unpack(form, s, position)
  form, s = packing("unpack", form), text("unpack", 2, s)
  return settle("unpack", pcall(unpack, form, s, position))
end

function strings.packsize(form)
  return settle("packsize", pcall(packsize, packing("packsize", form)))
end

return strings
