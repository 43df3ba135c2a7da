-- How expensive a pattern can get. C matches by backtracking and cannot be interrupted, so a pattern goes to C only on
-- subjects so short that even the worst of them costs no more than NATIVE_STEPS; on longer ones the matcher in Lua has it.
--
-- The bound counts in how many ways a match can come to each item. Before n characters, a start and k loops that may
-- stop anywhere have n^(k+1)/(k+1)! ways. A loop adds no way when only one stop can lead on: because what follows is the
-- end of the pattern, or something that no character of the loop's class can be (`%w+=`, `%s*$`).
--
-- Returns plan(pattern) -> the parsed pattern (patterns.lua) with
--   native   the longest subject for C
--   rate     what to charge for each byte of a subject that C gets
--   begins   the class its first character has to be of, if any
--   plain    no special character: `find` searches it as text
-- and in its items
--   sole     a loop can lead on only from where its run ends
--   ahead    the class that has to follow a lazy loop, so that the stops between need not be tried
--   tail     the set that everything after a lazy loop has to belong to, likewise: `(.-)%s*$`

local _, parts = ...
parts.blame.own()

local setmetatable = setmetatable
local find = string.find
local parse = parts.patterns.parse

--- About 2 ms of C in the worst case.
local NATIVE_STEPS = 100000
--- Typical subjects cost far less than the worst: charging a quarter keeps the worst slice at some ms.
local CHARGED_PART = 4
--- C recurses for each quantifier and gives up after 200; the matcher in Lua does not.
local MANY_ITEMS = 150
local LONGEST = 1 << 30

--- Whether some byte belongs to both classes.
local function overlap(one, other)
  for code = 0, 255 do
    if one[code] and other[code] then return true end
  end
  return false
end

--- The next item that looks at the subject. nil: a match is certain.
local function following(items, index)
  for i = index + 1, #items do
    local kind = items[i].kind
    if kind ~= "open" and kind ~= "close" then return items[i] end
  end
end

--- The class of which the next character has to be, if `item` asks for one.
local function required(item)
  if item.kind == "single" or item.kind == "loop" and item.least == 1 then return item end
end

--- Notes in a loop what is known about how it goes on.
local function look_ahead(items, loop)
  local next = following(items, loop.index)
  if not next or next.kind == "broken" then return end
  local must = required(next)
  if loop.most then return end
  loop.sole = next.kind == "finish" or must ~= nil and not overlap(loop.set, must.set)
  if not loop.lazy or loop.sole then return end
  if must then loop.ahead = must.text end
  local last = following(items, next.index)
  if next.kind == "loop" and not next.most and last and last.kind == "finish" then loop.tail = next.set end
end

--- A sum of terms `factor * n^degree / degree!`, as a list of factors by degree.
local function add(sum, degree, factor)
  sum[degree] = (sum[degree] or 0) + factor
  if degree > sum.top then sum.top = degree end
end

--- What one item adds to the cost, given how many ways lead to it; returns the ways that lead on.
local function weigh(sum, items, item, degree, factor)
  local kind = item.kind
  local width = item.text and #item.text or 1
  if kind ~= "loop" then
    add(sum, degree + ((kind == "balance" or kind == "back") and 1 or 0), factor * width)
    return degree, factor
  end
  if not following(items, item.index) then
    add(sum, 1, width)
    return degree, factor
  end
  if item.most then
    add(sum, degree, factor * width)
    return degree, factor * 2
  end
  add(sum, degree + 1, factor * (width + (item.sole and 1 or 0)))
  return degree + (item.sole and 0 or 1), factor
end

--- The cost as a function of the length.
local function cost_of(pattern)
  local sum = { top = 1 }
  local degree, factor = pattern.anchored and 0 or 1, 1.0
  for i = 1, #pattern.items do
    degree, factor = weigh(sum, pattern.items, pattern.items[i], degree, factor)
  end
  return function(size)
    local total, term = sum[0] or 0, 1.0
    for power = 1, sum.top do
      term = term * (size + 1) / power
      total = total + (sum[power] or 0) * term
    end
    return total
  end
end

--- The longest subject that costs no more than NATIVE_STEPS; -1 if none.
local function longest(cost)
  local low, high = -1, LONGEST
  while low < high do
    local middle = (low + high + 1) // 2
    if cost(middle) <= NATIVE_STEPS then low = middle else high = middle - 1 end
  end
  return low
end

--- Plans by pattern, weak for the same reason as the sets in patterns.lua.
local plans = setmetatable({}, { __mode = "v" })

local function plan(text)
  local known = plans[text]
  if known then return known end
  local pattern = parse(text)
  for i = 1, #pattern.items do
    if pattern.items[i].kind == "loop" then look_ahead(pattern.items, pattern.items[i]) end
  end
  local size = longest(cost_of(pattern))
  pattern.native = size
  pattern.rate = NATIVE_STEPS / CHARGED_PART / (size + 1)
  pattern.plain = not find(text, "[%^%$%*%+%?%.%(%[%%%-]")
  local first = pattern.items[1] and required(pattern.items[1])
  pattern.begins = first and first.text
  pattern.sound = pattern.sound and #pattern.items <= MANY_ITEMS
  plans[text] = pattern
  return pattern
end

return { plan = plan }
