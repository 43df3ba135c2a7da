-- The table library within the bounds of S11.33. C asks an object for its length itself, and an object can lie: it may say
-- something else the second time. So lengths are read once, here, and `insert` and `remove` move elements by `table.move`,
-- which asks for none. Adding or taking at the end moves nothing, however long the table is.
--
-- Returns the library as a table.

local _, parts = ...
parts.blame.own()

local pcall, select, type = pcall, select, type
local mathtype, getmetatable = math.type, debug.getmetatable
local concat, insert, move, pack = table.concat, table.insert, table.move, table.pack
local remove, sort, unpack = table.remove, table.sort, table.unpack
local blame, limits = parts.blame, parts.limits
local argument, callbacks = blame.argument, blame.callbacks
local integer, whole, check_size, check_count, toll =
  limits.integer, limits.whole, limits.check_size, limits.check_count, limits.toll
local less_than = limits.less_than

--- Strings longer than this are compared for so long that `sort` has to charge for it.
local LONG_STRING = 256
--- More elements than these C does not sort in one go: it cannot be interrupted.
local MANY = 4096
--- How many elements C sorts at once where it sorts a part at a time: about a millisecond.
local RUN = 2048
--- How many elements are sorted by inserting each in its place.
local FEW = 6
--- What C takes to write a float as text, at most.
local FLOAT = 200
local MAX_INTEGER = math.maxinteger

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

--- A table that C may read without asking a function of the script for each element: Lua can be interrupted meanwhile.
local function readable(t, from, to)
  if not getmetatable(t) then return t end
  local elements = {}
  for i = from, to do elements[i] = t[i] end
  return elements
end

function tables.unpack(t, i, j)
  if type(t) ~= "table" then return callbacks("unpack", pcall(unpack, t, i, j)) end
  if j == nil then j = #t end
  local from, to = i == nil and 1 or whole(i), whole(j)
  if from and to then
    pass(from, to + 0.0)
    t = readable(t, from, to)
  end
  return callbacks("unpack", pcall(unpack, t, i, j))
end

--- `move` of a range by Lua: between objects, whose functions are asked for each element.
local function move_by_one(from, low, high, at, to)
  local from_end = at > low and at <= high and from == to
  for n = 0, high - low do
    local i = from_end and high - low - n or n
    to[at + i] = from[low + i]
  end
  return to
end

function tables.move(from, first, last, at, to)
  local low, high, start = whole(first), whole(last), whole(at)
  if low and high then
    pass(low, high + 0.0)
    local target = to == nil and from or to
    local are_tables = type(from) == "table" and type(target) == "table"
    if are_tables and start and (getmetatable(from) or getmetatable(target)) then
      if high < low then return target end
      if (low > 0 or high < low + MAX_INTEGER) and start <= MAX_INTEGER - (high - low) then
        return move_by_one(from, low, high, start, target)
      end
    end
  end
  return callbacks("move", pcall(move, from, first, last, at, to))
end

--- The bytes of the elements as `concat` would write them, up to the first that it refuses; and what to join: the table, or
--- its elements with floats as texts, each of which takes long to make.
local function measure(t, from, to)
  local bytes, texts, floats = 0, getmetatable(t) and {} or nil, 0
  for i = from, to do
    local element = t[i]
    local kind = type(element)
    if kind == "number" then
      if mathtype(element) == "float" then
        floats = floats + 1
        if floats % 16 == 0 then toll(16 * FLOAT) end
        texts = texts or move(t, from, i - 1, from, {})
        element = element .. ""
        bytes = bytes + #element
      else
        bytes = bytes + #(element .. "")
      end
    elseif kind == "string" then
      bytes = bytes + #element
    else
      if texts then texts[i] = element end
      break
    end
    if texts then texts[i] = element end
  end
  return bytes, texts or t
end

function tables.concat(t, separator, i, j)
  if type(t) ~= "table" then return callbacks("concat", pcall(concat, t, separator, i, j)) end
  separator = separator ~= nil and limits.text("concat", 2, separator) or ""
  local from, to = i == nil and 1 or integer("concat", 3, i), integer("concat", 4, j == nil and #t or j)
  pass(from, to + 0.0)
  local bytes, texts = measure(t, from, to)
  local size = bytes + #separator * (to - from)
  check_size(size)
  toll(size / 16)
  return callbacks("concat", pcall(concat, texts, separator, from, to))
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
  if at <= size then tables.move(t, at, size, at + 1) end
  t[at] = value
end

function tables.remove(t, ...)
  if type(t) ~= "table" then return callbacks("remove", pcall(remove, t, ...)) end
  local size, at = #t, (...)
  if at == nil then at = size else at = integer("remove", 2, at) end
  if at ~= size and (at < 1 or at > size + 1) then argument("remove", 2, "position out of bounds") end
  local value = t[at]
  if at < size then
    check_count(size - at + 1.0)
    tables.move(t, at + 1, size, at)
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

--- About what C takes to sort so many elements: each is compared some log2(size) times.
local function sorting_work(size)
  local rounds = 1
  while 1 << rounds < size do rounds = rounds + 1 end
  return 4 * size * rounds
end

--- Merges two sorted runs of `from` that follow each other, `low` to `middle` and on to `high`, into `to`.
local function merge(from, to, low, middle, high, before)
  local left, right = low, middle + 1
  for at = low, high do
    local is_right
    if right > high then is_right = false
    elseif left > middle then is_right = true
    elseif before then is_right = before(from[right], from[left])
    else is_right = from[right] < from[left] end
    if is_right then
      to[at], right = from[right], right + 1
    else
      to[at], left = from[left], left + 1
    end
  end
end

--- Sorts so few elements that to insert each in its place is quickest.
local function insert_sorted(t, low, high, before)
  for at = low + 1, high do
    local element, place = t[at], at
    while place > low and before(element, t[place - 1]) do
      t[place], place = t[place - 1], place - 1
    end
    t[place] = element
  end
end

--- Has C sort numbers or short strings a run at a time.
local function sort_runs(t, size)
  for low = 1, size, RUN do
    local high = low + RUN - 1 < size and low + RUN - 1 or size
    toll(sorting_work(high - low + 1))
    local run = move(t, low, high, 1, {})
    callbacks("sort", pcall(sort, run))
    move(run, 1, high - low + 1, low, t)
  end
end

--- The elements of `from` in order, which is overwritten. A function that orders them is called by Lua: while C calls it, it
--- could neither be interrupted nor wait.
local function in_order(from, size, before)
  local to, width = {}, before and FEW or RUN
  if before then
    for low = 1, size, FEW do insert_sorted(from, low, low + FEW - 1 < size and low + FEW - 1 or size, before) end
  else
    sort_runs(from, size)
  end
  while width < size do
    for low = 1, size, 2 * width do
      local middle, high = low + width - 1, low + 2 * width - 1
      merge(from, to, low, middle < size and middle or size, high < size and high or size, before)
    end
    from, to, width = to, from, 2 * width
  end
  return from
end

--- Nothing of the sorting shows in `t` before it is done.
function tables.sort(t, before)
  if type(t) ~= "table" then return callbacks("sort", pcall(sort, t, before)) end
  local size = #t
  if mathtype(size) ~= "integer" then return callbacks("sort", pcall(sort, t, before)) end
  check_count(size)
  if size < 2 then return end
  if before == nil then
    local all, is_long = elements_of(t, size)
    if not all or is_long then
      before = less_than
    elseif size <= MANY and not getmetatable(t) then
      toll(sorting_work(size))
      return callbacks("sort", pcall(sort, t))
    end
  elseif type(before) ~= "function" then
    return callbacks("sort", pcall(sort, t, before))
  end
  local elements = {}
  for i = 1, size do elements[i] = t[i] end
  elements = in_order(elements, size, before)
  if getmetatable(t) then
    for i = 1, size do t[i] = elements[i] end
  else
    toll(size)
    move(elements, 1, size, 1, t)
  end
end

return tables
