-- The utf8 library: the functions of C within the bounds of S11.33.
--
-- Returns the library as a table.

local host, parts = ...
parts.blame.own()

local pcall = pcall
local native = utf8
local char, codepoint, codes, len, offset = native.char, native.codepoint, native.codes, native.len, native.offset
local settle, limits = parts.blame.settle, parts.limits
local text, whole, toll = limits.text, limits.whole, limits.toll
local check_size, check_count = limits.check_size, limits.check_count

local LAST_CODE = 0x7FFFFFFF
--- C takes some 100 ns for a character.
local UNITS_PER_CODE = 20

local unicode = { charpattern = native.charpattern }

--- A string that C walks through from end to end.
local function walked(name, s)
  s = text(name, 1, s)
  check_size(#s)
  return s
end

unicode.char = parts.blame.through(host.numeric(char, limits.characters(char, LAST_CODE, UNITS_PER_CODE)))
-- Where C looks for a name for its complaints.
native.char = unicode.char

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
