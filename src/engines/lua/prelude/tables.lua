-- The table library within the bounds of S11.33. C asks an object for its length itself, and an object can lie: it may say
-- something else the second time. So lengths are read once, here, and `insert` and `remove` move elements by `table.move`,
-- which asks for none. Adding or taking at the end moves nothing, however long the table is.
--
-- Returns the library as a table.

local _, parts = ...
parts.blame.own()

local pcall, select, type = pcall, select, type
local getinfo, getmetatable, match = debug.getinfo, debug.getmetatable, string.match
local concat, insert, move, pack = table.concat, table.insert, table.move, table.pack
local remove, sort, unpack = table.remove, table.sort, table.unpack
local blame, limits = parts.blame, parts.limits
local argument, callbacks = blame.argument, blame.callbacks
local integer, whole, check_size, check_count, toll =
  limits.integer, limits.whole, limits.check_size, limits.check_count, limits.toll

--- Strings longer than this are compared for so long that `sort` has to charge for it.
local LONG_STRING = 256
--- More elements than these C does not sort in one go, nor with comparisons that are not counted: it cannot be interrupted.
local MANY = 4096
--- How many elements C sorts at once where it sorts a part at a time: about a millisecond.
local RUN = 2048

local tables = {}

function tables.create()
  return {}
end

function tables.pack(...)
  local count = select("#", ...)
  check_count(count)
  toll(count)
  return pack(...)
end

--- Checks and charges a range of elements.
local function pass(from, to)
  local count = to - from + 1.0
  check_count(count)
  toll(count)
end

function tables.unpack(t, i, j)
  if type(t) ~= "table" then return callbacks("unpack", pcall(unpack, t, i, j)) end
  if j == nil then j = #t end
  local from, to = i == nil and 1 or whole(i), whole(j)
  if from and to then pass(from, to + 0.0) end
  return callbacks("unpack", pcall(unpack, t, i, j))
end

function tables.move(from, first, last, at, to)
  local low, high = whole(first), whole(last)
  if low and high then pass(low, high + 0.0) end
  return callbacks("move", pcall(move, from, first, last, at, to))
end

--- The bytes of the elements as `concat` would write them, up to the first that it refuses.
local function bytes_of(t, from, to)
  local bytes = 0
  for i = from, to do
    local element = t[i]
    local kind = type(element)
    if kind == "string" then bytes = bytes + #element
    elseif kind == "number" then bytes = bytes + #(element .. "")
    else break end
  end
  return bytes
end

function tables.concat(t, separator, i, j)
  if type(t) ~= "table" then return callbacks("concat", pcall(concat, t, separator, i, j)) end
  separator = separator ~= nil and limits.text("concat", 2, separator) or ""
  local from, to = i == nil and 1 or integer("concat", 3, i), integer("concat", 4, j == nil and #t or j)
  pass(from, to + 0.0)
  local size = bytes_of(t, from, to) + #separator * (to - from)
  check_size(size)
  toll(size / 16)
  return callbacks("concat", pcall(concat, t, separator, from, to))
end

function tables.insert(t, ...)
  local count = select("#", ...)
  if type(t) ~= "table" or count < 1 or count > 2 then return callbacks("insert", pcall(insert, t, ...)) end
  local size = #t
  if count == 1 then
    t[size + 1] = ...
    return
  end
  local at, value = ...
  at = integer("insert", 2, at)
  if at < 1 or at > size + 1 then argument("insert", 2, "position out of bounds") end
  pass(at, size)
  if at <= size then callbacks("insert", pcall(move, t, at, size, at + 1)) end
  t[at] = value
end

function tables.remove(t, ...)
  if type(t) ~= "table" then return callbacks("remove", pcall(remove, t, ...)) end
  local size, at = #t, (...)
  if at == nil then at = size else at = integer("remove", 2, at) end
  if at ~= size and (at < 1 or at > size + 1) then argument("remove", 2, "position out of bounds") end
  local value = t[at]
  if at < size then
    pass(at, size)
    callbacks("remove", pcall(move, t, at + 1, size, at))
    at = size
  end
  t[at] = nil
  return value
end

--- What the first `size` elements all are, "number" or "string", nil for anything else; and whether a string is among them
--- that takes long to compare.
local function elements_of(t, size)
  local all, is_long = type(t[1]), false
  for i = 1, size do
    local element = t[i]
    local kind = type(element)
    if kind ~= all then all = nil end
    if kind == "string" and #element > LONG_STRING then is_long = true end
  end
  return (all == "number" or all == "string") and all or nil, is_long
end

--- `<` that is charged for: long strings are compared byte by byte, and what `__lt` calls may be C.
local function less_than(one, other)
  if type(one) == "string" and type(other) == "string" then
    toll((#one < #other and #one or #other) / 2)
  end
  return one < other
end

--- A function of C as one that is counted.
local function counted(before)
  return function(one, other) return before(one, other) end
end

--- About what C takes to sort so many elements: each is compared some log2(size) times.
local function sorting_work(size)
  local rounds = 1
  while 1 << rounds < size do rounds = rounds + 1 end
  return 4 * size * rounds
end

--- Merges two sorted runs of `from` that follow each other, `low` to `middle` and on to `high`, into `to`.
local function merge(from, to, low, middle, high)
  local left, right = low, middle + 1
  for at = low, high do
    if right > high or left <= middle and not (from[right] < from[left]) then
      to[at], left = from[left], left + 1
    else
      to[at], right = from[right], right + 1
    end
  end
end

--- Sorts numbers or short strings: C a run at a time, and Lua, which can be interrupted, merges them. Nothing of it shows in
--- `t` before it is sorted.
local function sort_by_runs(t, size)
  local from, to = {}, {}
  for low = 1, size, RUN do
    local high = low + RUN - 1 < size and low + RUN - 1 or size
    toll(sorting_work(high - low + 1))
    local run = move(t, low, high, 1, {})
    sort(run)
    move(run, 1, high - low + 1, low, from)
  end
  local width = RUN
  while width < size do
    for low = 1, size, 2 * width do
      local middle, high = low + width - 1, low + 2 * width - 1
      merge(from, to, low, middle < size and middle or size, high < size and high or size)
    end
    from, to, width = to, from, 2 * width
  end
  toll(size)
  move(from, 1, size, 1, t)
end

--- How C has to compare so many elements that nothing takes long; nil: as it does by itself.
local function comparison_for(t, size, before)
  if before ~= nil then
    local is_native = size > MANY and type(before) == "function" and getinfo(before, "S").what == "C"
    return is_native and counted(before) or before
  end
  local all, is_long = elements_of(t, size)
  return (is_long or size > MANY and not all) and less_than or nil, all
end

--- What `less_than` complains about, as C would say it.
local function without_position(ok, complaint)
  if ok or type(complaint) ~= "string" then return ok, complaint end
  return ok, match(complaint, "^!?[%w?]+:%-?%d+: (attempt to compare .*)$") or complaint
end

function tables.sort(t, before)
  if type(t) == "table" then
    local size, all = #t, nil
    check_count(size)
    before, all = comparison_for(t, size, before)
    if size > MANY and all and not before and not getmetatable(t) then return sort_by_runs(t, size) end
    toll(sorting_work(size))
  end
  callbacks("sort", without_position(pcall(sort, t, before)))
end

return tables
