-- One attempt to match a pattern at one place, in Lua: for what would take C too long without a chance to interrupt it.
-- The time slice ends here as in any Lua code, and there is a budget of steps.
--
--     items from left to right ──▶ match
--             ▲            │ an item does not match
--             └── next stop of the last loop that has one left; none: no match here
--
-- Each loop is entered once on the way, so its state stands in arrays by item. A stop from which the rest has failed
-- fails again whatever led to it (unless the pattern refers back to a capture), so each is tried once in the subject:
-- the work is proportional to subject times pattern. Runs of one class are measured by C (runs.lua).
--
-- Returns begin(plan of bounds.lua, subject) -> state, attempt(state, at) -> position after the match or nil.

local _, parts = ...
parts.blame.own()

local byte, find, sub = string.byte, string.find, string.sub
local raise, runs = parts.blame.raise, parts.runs
local run_stop, allowed, measured = runs.run_stop, runs.allowed, runs.measured

--- The budget of one call: so many steps, and so many more for each byte of the subject.
local STEPS, STEPS_PER_BYTE = 1000000, 16

--- A subject about to be matched against a pattern.
local function begin(plan, subject)
  local budget = STEPS + STEPS_PER_BYTE * #subject
  return {
    plan = plan, subject = subject, size = #subject, budget = budget, left = budget,
    from = {}, to = {},                     -- captures, by number
    low = {}, high = {}, at = {},           -- the stops of a loop still to be tried, and the one being tried
    run_from = {}, run_stop = {},           -- the run a loop stands in, remembered
    asked = {}, answer = {},                -- where the class was found that has to follow, and from where on
    tails = {},                             -- where the run of a set begins that ends the subject
    dead = not plan.refers_back and {} or nil,
  }
end

--- Stops known to lead nowhere, by loop: from which one on, for each run (which its end stands for).
local function dead_from(state, loop, stop)
  local dead = state.dead and state.dead[loop.index]
  return dead and dead[stop]
end

local function bury(state, loop)
  if not state.dead then return end
  local index = loop.index
  local dead = state.dead[index]
  if not dead then
    dead = {}
    state.dead[index] = dead
  end
  dead[state.run_stop[index]] = state.low[index]
end

--- Enters a loop with its stops from `low` to `high`.
local function among(state, loop, low, high)
  local index = loop.index
  if high < low then return nil end
  local at = loop.lazy and allowed(state, loop, low) or high
  state.low[index], state.high[index], state.at[index] = low, high, at
  if at <= high then return at end
  bury(state, loop)
  return nil
end

local function enter_loop(state, loop, at)
  local stop = run_stop(state, loop, at)
  local low, known = at + loop.least, dead_from(state, loop, stop)
  if not loop.sole then return among(state, loop, low, known and known - 1 or stop) end
  if known or stop < low then return nil end
  return among(state, loop, stop, stop)
end

--- The loop's next stop, or nil when all have been tried.
local function next_stop(state, loop)
  local index = loop.index
  local at = state.at[index]
  if loop.lazy then at = allowed(state, loop, at + 1) else at = at - 1 end
  if at < state.low[index] or at > state.high[index] then
    bury(state, loop)
    return nil
  end
  state.at[index] = at
  return at
end

--- `?`: with the character, then without. What has failed is kept as bits by position: there is no run to stand for it.
local function is_dead(state, item, at)
  local words = state.dead and state.dead[item.index]
  local word = words and words[at >> 6]
  return word and word >> (at & 63) & 1 == 1
end

local function enter_option(state, item, at)
  if is_dead(state, item, at) then return nil end
  local code = byte(state.subject, at)
  local taken = code and item.set[code]
  state.low[item.index], state.at[item.index] = at, taken and at + 1 or at
  return state.at[item.index]
end

local function next_option(state, item)
  local index = item.index
  local low = state.low[index]
  if state.at[index] > low then
    state.at[index] = low
    return low
  end
  if not state.dead then return nil end
  local words = state.dead[index] or {}
  state.dead[index] = words
  words[low >> 6] = (words[low >> 6] or 0) | 1 << (low & 63)
  return nil
end

--- By kind of item: the position after it when it matches at `at`, else nil.
local match_item = {}

function match_item.single(state, item, at)
  local code = byte(state.subject, at)
  return code and item.set[code] and at + 1
end

function match_item.loop(state, item, at)
  if item.most then return enter_option(state, item, at) end
  return enter_loop(state, item, at)
end

function match_item.open(state, item, at)
  state.from[item.capture], state.to[item.capture] = at, item.position and "position"
  return at
end

function match_item.close(state, item, at)
  state.to[item.capture] = at
  return at
end

function match_item.balance(state, item, at)
  local _, last = find(state.subject, item.run, at)
  measured(state, (last or state.size) + 1 - at)
  return last and last + 1
end

function match_item.frontier(state, item, at)
  local before, here = byte(state.subject, at - 1), byte(state.subject, at)
  if at == 1 then before = nil end
  return not item.set[before or 0] and item.set[here or 0] and at
end

function match_item.back(state, item, at)
  local from, to = state.from[item.capture], state.to[item.capture]
  if to == "position" then return nil end
  measured(state, to - from)
  local after = at + to - from
  return sub(state.subject, from, to - 1) == sub(state.subject, at, after - 1) and after
end

function match_item.finish(state, _, at)
  return at > state.size and at
end

function match_item.broken(_, item)
  raise(item.message)
end

--- The last loop before the item `index` with a stop left: its index and that stop.
local function retreat(state, items, index)
  index = items[index].loop_before
  while index do
    local loop = items[index]
    local at = loop.most and next_option(state, loop) or not loop.most and next_stop(state, loop)
    if at then return index, at end
    index = loop.loop_before
  end
end

--- Matches the whole pattern at `at`: the position after the match, or nil.
local function attempt(state, at)
  local items, index = state.plan.items, 1
  while true do
    local item = items[index]
    if not item then return at end
    state.left = state.left - 1
    if state.left < 0 then raise("pattern too expensive: more than " .. state.budget .. " steps") end
    at = match_item[item.kind](state, item, at)
    if not at then
      index, at = retreat(state, items, index)
      if not index then return nil end
    end
    index = index + 1
  end
end

return { begin = begin, attempt = attempt }
