-- The utf8 library: the functions of C within the bounds of S11.33.
--
-- Returns the library as a table.

local _, parts = ...
parts.blame.own()

local pcall, select = pcall, select
local concat, unpack = table.concat, table.unpack
local native = utf8
local char, codepoint, codes, len, offset = native.char, native.codepoint, native.codes, native.len, native.offset
local settle, argument, limits = parts.blame.settle, parts.blame.argument, parts.limits
local text, whole, integer, toll = limits.text, limits.whole, limits.integer, limits.toll
local check_size, check_count = limits.check_size, limits.check_count

local LAST_CODE = 0x7FFFFFFF
--- So many characters are made at once: C takes some 100 ns for each.
local PART = 1024
local UNITS_PER_CODE = 20

local unicode = { charpattern = native.charpattern }

--- A string that C walks through from end to end.
local function walked(name, s)
  s = text(name, 1, s)
  check_size(#s)
  return s
end

--- As `char`, where that would take long.
local function long_text(count, ...)
  local codes, texts = { ... }, {}
  for i = 1, count do
    local code = integer("char", i, codes[i])
    if code < 0 or code > LAST_CODE then argument("char", i, "value out of range") end
    codes[i] = code
  end
  for i = 1, count, PART do
    local last = i + PART - 1
    if last > count then last = count end
    toll((last - i + 1) * UNITS_PER_CODE)
    texts[#texts + 1] = char(unpack(codes, i, last))
  end
  return concat(texts)
end

function unicode.char(...)
  local count = select("#", ...)
  check_count(count)
  if count > PART then return long_text(count, ...) end
  toll(count * UNITS_PER_CODE)
  return settle("char", pcall(char, ...))
end

function unicode.codes(s, lax)
  return codes(walked("codes", s), lax)
end

function unicode.codepoint(s, i, j, lax)
  s = text("codepoint", 1, s)
  if j ~= nil and #s > limits.ELEMENTS then
    local from, to = i == nil and 1 or whole(i), whole(j)
    if from and to then check_count(limits.span(#s, from, to)) end
  end
  return settle("codepoint", pcall(codepoint, s, i, j, lax))
end

function unicode.len(s, i, j, lax)
  s = walked("len", s)
  toll(#s / 2)
  return settle("len", pcall(len, s, i, j, lax))
end

function unicode.offset(s, n, i)
  s = walked("offset", s)
  local count = whole(n) or 0
  if count < 0 then count = -count end
  toll((count < #s and count or #s) / 2)
  return settle("offset", pcall(offset, s, n, i))
end

return unicode
