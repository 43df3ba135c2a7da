-- Where characters of a class are in a subject, for the matcher: measured by C, remembered, and paid for. A subject can be
-- so long that C would take too long for all of it; then it looks at a window at a time.
--
-- Returns seek, run_stop and allowed, which take the state of attempts.lua, a class or loop, and a position; and
-- measured(state, length).

local host, parts = ...
parts.blame.own()

local select = select
local byte, find, sub = string.byte, string.find, string.sub
local charge = host.charge

--- A measurement by C that long is charged on its own.
local LONG_RUN = 2048
--- In longer subjects than the second, C looks at windows, growing from the first to the second.
local WINDOW, WIDEST = 256, 32768
local NOWHERE = 1 << 62

--- Counts work done by C over `length` bytes.
local function measured(state, length)
  if length > LONG_RUN then charge(length // 4) end
  state.left = state.left - length // 64
end

--- `find` of C in a long subject, a window at a time, for as long as `goes_on` says.
local function windows(state, class, at, goes_on)
  local window = WINDOW
  while true do
    local after = at + window
    local start, last = find(sub(state.subject, at, after - 1), class)
    measured(state, window)
    if after > state.size or not goes_on(start, last, window) then
      return start and at + start - 1, last and at + last - 1
    end
    at, window = after, window < WIDEST and 2 * window or WIDEST
  end
end

local function is_missing(start)
  return not start
end

local function fills(_, last, window)
  return last == window
end

--- The next position from `at` on whose character is of the class.
local function seek(state, class, at)
  if state.size > WIDEST then return (windows(state, class, at, is_missing)) end
  local found = find(state.subject, class, at)
  measured(state, (found or state.size + 1) - at)
  return found
end

--- The last position of the run that begins at `at`; the one before if there is none.
local function end_of_run(state, run, at)
  if state.size > WIDEST then return (select(2, windows(state, run, at, fills))) end
  local _, last = find(state.subject, run, at)
  measured(state, last + 1 - at)
  return last
end

--- Where the run of the loop's class ends that begins at `at`: the first position not of the class.
local function run_stop(state, loop, at)
  local index = loop.index
  local from, stop = state.run_from[index], state.run_stop[index]
  if from and from <= at and at <= stop then return stop end
  if from and at + 1 == from and loop.set[byte(state.subject, at)] then
    state.run_from[index] = at
    return stop
  end
  local last = end_of_run(state, loop.run, at)
  state.run_from[index], state.run_stop[index] = at, last + 1
  return last + 1
end

--- Where the run of a set begins that ends the subject.
local function tail_of(state, set)
  local start = state.tails[set]
  if start then return start end
  start = state.size + 1
  while start > 1 and set[byte(state.subject, start - 1)] do start = start - 1 end
  measured(state, state.size + 1 - start)
  state.tails[set] = start
  return start
end

--- The first stop of a lazy loop, from `at` on, that what has to follow allows.
local function allowed(state, loop, at)
  if loop.tail then
    local tail = tail_of(state, loop.tail)
    if tail > at then at = tail end
  end
  if not loop.ahead then return at end
  local index = loop.index
  local asked, answer = state.asked[index], state.answer[index]
  if asked and asked <= at and at <= answer then return answer end
  answer = seek(state, loop.ahead, at)
  state.asked[index], state.answer[index] = at, answer or NOWHERE
  return answer or NOWHERE
end

return { seek = seek, run_stop = run_stop, allowed = allowed, measured = measured }
