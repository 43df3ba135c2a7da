-- The matcher in Lua against the string library of C, on random patterns and subjects: same results, same complaints.
--
-- A chunk `(parts, seed, rounds)`, where parts are the results of the prelude's chunks up to `matcher` by name. It needs the
-- real string library, so it runs as part of the prelude (matcher.test.ts). Returns the number of comparisons; raises at a difference.

local parts, seed, rounds = ...
local matcher, plan = parts.matcher, parts.bounds.plan
local random, unpack, pack = math.random, table.unpack, table.pack

math.randomseed(seed)

local function pick(list)
  return list[random(#list)]
end

local CLASSES = {
  "a", "b", ".", "%a", "%s", "%w", "[ab]", "[^a]", "[a-c]", "%A", "[%s,]", "[]]", "[^]a]", "[%]]", "x", "%.", " ", "[a-]",
}
local SUFFIXES = { "", "", "", "*", "+", "-", "?", "?" }
local RARE = { "%f[%w]", "%f[^%w]", "%b()", "%bab", "%1", "%2", "()", "$", "^", "%", "[", "%b(", "%f", ")", "(" }
local LETTERS = { "a", "b", "c", " ", ",", "(", ")", "]", ".", "x", "a", "b" }

local function random_pattern(depth)
  local pieces = {}
  for i = 1, random(0, 4) do
    local dice = random(12)
    if dice == 1 then
      pieces[i] = pick(RARE)
    elseif dice <= 3 and depth < 3 then
      pieces[i] = "(" .. random_pattern(depth + 1) .. ")"
    else
      pieces[i] = pick(CLASSES) .. pick(SUFFIXES)
    end
  end
  return table.concat(pieces)
end

local function random_subject()
  local letters, kinds = {}, random(#LETTERS)
  for i = 1, random(0, 14) do letters[i] = LETTERS[random(kinds)] end
  return table.concat(letters)
end

local REPLACEMENTS = {
  "", "<%0>", "%1-", "%%", "%2", "%x",
  function(...) return select("#", ...) > 1 and (...) or nil end,
  function(...) return select(-1, ...) .. "!" end,
  { a = "A", b = false, [1] = "one", [""] = "-" },
}

--- Everything a call gives, as one string.
local function outcome(...)
  local values = pack(...)
  for i = 1, values.n do values[i] = tostring(values[i]) end
  if values[1] == "false" then values[2] = values[2]:gsub("^[^:]+:%d+: ", "") end
  return table.concat(values, "|")
end

--- What all iterations give; no more than a subject of this size can have.
local function iterations(next)
  local all = {}
  for i = 1, 40 do
    local values = pack(next())
    if values[1] == nil then break end
    all[i] = outcome(unpack(values, 1, values.n))
  end
  return table.concat(all, ";")
end

local function compare(what, pattern, subject, of_c, of_lua)
  if of_c ~= of_lua then
    error(("%s(%q, %q): C gives %s, Lua gives %s (seed %d)"):format(what, subject, pattern, of_c, of_lua, seed), 0)
  end
end

local function round()
  local pattern, subject = random_pattern(0), random_subject()
  if random(5) == 1 then pattern = "^" .. pattern end
  if random(6) == 1 then pattern = pattern .. pick({ ".-", "(.-)", "([^a]-)" }) .. pick(CLASSES) .. pick({ "*", "+", "-" }) .. "$" end
  local from = random(#subject + 1)
  local read, global = plan(pattern), plan((pattern:gsub("^^", "%%^")))
  if not read.plain then
    compare("find", pattern, subject, outcome(pcall(string.find, subject, pattern, from)),
      outcome(pcall(matcher.find, read, subject, from)))
  end
  compare("match", pattern, subject, outcome(pcall(string.match, subject, pattern, from)),
    outcome(pcall(matcher.match, read, subject, from)))
  compare("gmatch", pattern, subject, outcome(pcall(function() return iterations(string.gmatch(subject, pattern, from)) end)),
    outcome(pcall(function() return iterations(matcher.gmatch(global, subject, from)) end)))
  local with, most = pick(REPLACEMENTS), pick({ 0, 1, 2, math.huge, math.huge })
  local limit = most < 3 and most or nil
  compare("gsub", pattern, subject, outcome(pcall(string.gsub, subject, pattern, with, limit)),
    outcome(pcall(matcher.gsub, read, subject, with, most)))
end

for _ = 1, rounds do round() end
return rounds * 4
