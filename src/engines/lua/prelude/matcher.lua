-- `find`, `match`, `gmatch` and `gsub` upon attempts.lua, with the results of C.
--
-- Returns find, match, gmatch, gsub: (plan of bounds.lua, subject, …), checked and converted by the caller; and
-- replace_found.

local _, parts = ...
parts.blame.own()

local tonumber, type = tonumber, type
local find, gsub, sub = string.find, string.gsub, string.sub
local concat, unpack = table.concat, table.unpack
local raise = parts.blame.raise
local begin, attempt, seek = parts.attempts.begin, parts.attempts.attempt, parts.runs.seek

local LONGEST_RESULT = 1 << 20
--- How many pieces of a result are joined at a time.
local BLOCK = 1024

--- The next position from `at` on at which the pattern can begin: where the class is that it has to begin with.
local function candidate(state, at)
  local begins = state.plan.begins
  if begins then return seek(state, begins, at) end
  return at
end

--- The first match from `at` on that does not end at `barred`: its start and the position after it.
local function search(state, at, barred)
  local anchored = state.plan.anchored
  at = at and at <= state.size + 1 and at
  while at do
    if not anchored then at = candidate(state, at) end
    local after = at and attempt(state, at)
    if after and after ~= barred then return at, after end
    at = not anchored and at and at <= state.size and at + 1
  end
end

--- One capture of the match from `start` to before `after`. Without any, the first is the whole match.
local function capture(state, number, start, after)
  if number == 0 or number == 1 and state.plan.captures == 0 then return sub(state.subject, start, after - 1) end
  if number > state.plan.captures then raise("invalid capture index %" .. number) end
  local from, to = state.from[number], state.to[number]
  if to == "position" then return from end
  if not to then raise("unfinished capture") end
  return sub(state.subject, from, to - 1)
end

--- All captures; if there are none, the whole match, or nothing when `none` is given.
local function captures(state, start, after, none)
  local count = state.plan.captures
  if count == 0 and none then return end
  local values = {}
  for number = 1, count == 0 and 1 or count do values[number] = capture(state, number, start, after) end
  return unpack(values)
end

local function find_in(plan, subject, at)
  local state = begin(plan, subject)
  local start, after = search(state, at)
  if not start then return nil end
  return start, after - 1, captures(state, start, after, true)
end

local function match_in(plan, subject, at)
  local state = begin(plan, subject)
  local start, after = search(state, at)
  if not start then return nil end
  return captures(state, start, after)
end

local function gmatch_in(plan, subject, at)
  local state, barred = begin(plan, subject), nil
  return function()
    state.left = state.budget
    local start, after = search(state, at, barred)
    at, barred = after, after
    if not start then return end
    return captures(state, start, after)
  end
end

--- By type of the replacement: what a match is replaced by; false or nil leaves it.
local replacement = {}

function replacement.string(state, text, start, after)
  if not find(text, "%", 1, true) then return text end
  return (gsub(text, "%%(.?)", function(code)
    if code == "%" then return "%" end
    if not find(code, "%d") then raise("invalid use of '%' in replacement string") end
    return capture(state, tonumber(code), start, after)
  end))
end

replacement["function"] = function(state, callback, start, after)
  return (callback(captures(state, start, after)))
end

function replacement.table(state, map, start, after)
  return map[capture(state, 1, start, after)]
end

--- The result of `gsub` while it grows: the last pieces, and blocks of the pieces before. A single list could need more
--- memory than a table may have.
local function builder()
  return { size = 0, pieces = {}, count = 0, blocks = {} }
end

--- Joins the pieces to a block.
local function join(result)
  result.blocks[#result.blocks + 1] = concat(result.pieces, "", 1, result.count)
  result.count = 0
end

local function append(result, piece)
  result.size = result.size + #piece
  if result.size > LONGEST_RESULT then raise("resulting string too large (limit 1 MiB)") end
  if result.count == BLOCK then join(result) end
  result.count = result.count + 1
  result.pieces[result.count] = piece
end

local function append_replacement(result, subject, value, start, after)
  local kind = type(value)
  if not value then
    append(result, sub(subject, start, after - 1))
  elseif kind == "string" or kind == "number" then
    append(result, value .. "")
  else
    raise("invalid replacement value (a " .. kind .. ")")
  end
end

local function gsub_in(plan, subject, with, most)
  local state, result = begin(plan, subject), builder()
  local replace = replacement[type(with)]
  local at, copied, count, barred = 1, 1, 0, nil
  while count < most do
    local start, after = search(state, at, barred)
    if not start then break end
    count = count + 1
    append(result, sub(subject, copied, start - 1))
    append_replacement(result, subject, replace(state, with, start, after), start, after)
    at, copied, barred = after, after, after
    if plan.anchored then break end
  end
  append(result, sub(subject, copied))
  join(result)
  return concat(result.blocks), count
end

--- `gsub` with a function or a table, of a pattern that C may match: `found(plan, subject, at)` is its `find`. C looks for one
--- match at a time, since it could not be interrupted while what replaces them is asked for.
local function replace_found(found, plan, subject, with, most)
  local result = builder()
  local ask = type(with) == "function" and with or function(key) return with[key] end
  local at, copied, count, barred = 1, 1, 0, nil
  local function take(start, stop, ...)
    if not start then return false end
    -- Nothing, at the end of the match before.
    if stop + 1 == barred then
      at = at + 1
      return at <= #subject + 1
    end
    count = count + 1
    append(result, sub(subject, copied, start - 1))
    local value
    if plan.captures == 0 then value = ask(sub(subject, start, stop)) else value = ask(...) end
    at, copied, barred = stop + 1, stop + 1, stop + 1
    append_replacement(result, subject, value, start, stop + 1)
    return not plan.anchored and at <= #subject + 1
  end
  while count < most and take(found(plan, subject, at)) do end
  append(result, sub(subject, copied))
  join(result)
  return concat(result.blocks), count
end

return { find = find_in, match = match_in, gmatch = gmatch_in, gsub = gsub_in, replace_found = replace_found }
