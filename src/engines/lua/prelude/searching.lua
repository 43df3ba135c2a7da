-- `find`, `match`, `gmatch` and `gsub`: by C where the worst case of the pattern is short enough (bounds.lua), else by the
-- matcher in Lua (matcher.lua). Plain text is searched for by C, a window of the subject at a time.
--
-- Adds them to the string library.

local _, parts = ...
parts.blame.own()

local pcall, select, type = pcall, select, type
local find, gmatch, gsub, match, sub = string.find, string.gmatch, string.gsub, string.match, string.sub
local blame, limits, matcher, plan_of = parts.blame, parts.limits, parts.matcher, parts.bounds.plan
local argument, settle = blame.argument, blame.settle
local text, check_size, toll = limits.text, limits.check_size, limits.toll

--- Bytes that C may have to compare in one call when it searches for text.
local COMPARED = 400000
local NO_LIMIT = 1 << 62

local strings = parts.strings

--- Where a search begins: `init` as a position, counted from the end when negative.
local function start_of(name, subject, init)
  if init == nil then return 1 end
  local at = limits.integer(name, 3, init)
  if at < 0 then at = at + #subject + 1 end
  return at < 1 and 1 or at
end

--- Searches for plain text. One call looks at so many starts that it cannot take long even if each nearly matches.
local function find_text(subject, wanted, at)
  local size = #wanted
  local window, last = COMPARED // (size + 1) + 1, #subject - size + 1
  while last - at >= window do
    toll(window * (size + 1) / 16)
    local start = find(sub(subject, at, at + window + size - 2), wanted, 1, true)
    if start then return at + start - 1, at + start + size - 2 end
    at = at + window
  end
  if at > last then return nil end
  toll((last - at + 1) * (size + 1) / 16)
  return find(subject, wanted, at, true)
end

--- Whether C may match the pattern in the subject; charges for it.
local function is_cheap(plan, subject)
  local size = #subject
  if size > plan.native then return false end
  toll(size * plan.rate)
  return true
end

function strings.find(s, pattern, init, plain)
  s, pattern = text("find", 1, s), text("find", 2, pattern)
  local plan = not plain and plan_of(pattern)
  if plan and not plan.plain and is_cheap(plan, s) then
    if init == nil and plan.sound then return find(s, pattern) end
    return settle("find", pcall(find, s, pattern, init))
  end
  local at = start_of("find", s, init)
  if at > #s + 1 then return nil end
  if not plan or plan.plain then return find_text(s, pattern, at) end
  return matcher.find(plan, s, at)
end

function strings.match(s, pattern, init)
  s, pattern = text("match", 1, s), text("match", 2, pattern)
  local plan = plan_of(pattern)
  if is_cheap(plan, s) then
    if init == nil and plan.sound then return match(s, pattern) end
    return settle("match", pcall(match, s, pattern, init))
  end
  local at = start_of("match", s, init)
  if at > #s + 1 then return nil end
  return matcher.match(plan, s, at)
end

--- In `gmatch` a leading ^ is an ordinary character.
local function global_plan(pattern)
  return plan_of(sub(pattern, 1, 1) == "^" and "%" .. pattern or pattern)
end

function strings.gmatch(s, pattern, init)
  s, pattern = text("gmatch", 1, s), text("gmatch", 2, pattern)
  local plan = global_plan(pattern)
  local at = start_of("gmatch", s, init)
  if is_cheap(plan, s) then return gmatch(s, pattern, at) end
  return matcher.gmatch(plan, s, at)
end

--- How often a replacement refers to what was matched.
local function references(replacement)
  return select(2, gsub(replacement, "%%%d", ""))
end

--- Whether C cannot build more than allowed when it replaces matches by a string. What one reference adds up to is at
--- most what is matched in all, or the digits of a position for each match.
local function fits(subject, plan, replacement, most)
  local size, count = #subject, references(replacement)
  local matches, kept, matched = most < size + 1 and most or size + 1, size, size
  local function within()
    return kept + matches * (#replacement + 8 * count) + matched * count <= limits.STRING
  end
  if within() or not plan.sound then return within() end
  -- That supposed the worst; matching once more tells how it is.
  local rest
  rest, matches = gsub(subject, plan.pattern, "", most)
  kept, matched = #rest, size - #rest
  if count == 0 then check_size(kept + matches * #replacement) end
  return within()
end

local REPLACEMENTS = { string = true, number = true, table = true, ["function"] = true, userdata = true }

--- The replacement as the matcher takes it: a string, a table or a function.
local function replacement_of(with)
  local kind = type(with)
  if not REPLACEMENTS[kind] then argument("gsub", 3, "string/function/table expected, got " .. kind) end
  if kind == "table" or kind == "function" then return with end
  return text("gsub", 3, with)
end

--- How many matches to replace at most.
local function most_of(limit)
  if limit == nil then return NO_LIMIT end
  return limits.integer("gsub", 4, limit)
end

--- What `find` of C finds from `at` on. A pattern that is not sound it may take for plain text.
local function found(plan, subject, at)
  return find(subject, plan.pattern, at)
end

function strings.gsub(s, pattern, with, limit)
  s, pattern = text("gsub", 1, s), text("gsub", 2, pattern)
  with = replacement_of(with)
  local most, plan, is_text = most_of(limit), plan_of(pattern), type(with) == "string"
  local by_c = #s <= limits.STRING and is_cheap(plan, s) and (not is_text or fits(s, plan, with, most))
  if not by_c or not is_text and not plan.sound then return matcher.gsub(plan, s, with, most) end
  toll(#s / 16)
  if is_text then return settle("gsub", pcall(gsub, s, pattern, with, most)) end
  return matcher.replace_found(found, plan, s, with, most)
end

return strings
