-- The table library within the bounds of S11.33. C asks an object for its length itself, and an object can lie: it may say
-- something else the second time. So lengths are read once, here, and `insert` and `remove` move elements by `table.move`,
-- which asks for none. Adding or taking at the end moves nothing, however long the table is.
--
-- Returns the library as a table.

local _, parts = ...
parts.blame.own()

local pcall, select, type = pcall, select, type
local concat, insert, move, pack = table.concat, table.insert, table.move, table.pack
local remove, sort, unpack = table.remove, table.sort, table.unpack
local blame, limits = parts.blame, parts.limits
local argument, callbacks = blame.argument, blame.callbacks
local integer, whole, check_size, check_count, toll =
  limits.integer, limits.whole, limits.check_size, limits.check_count, limits.toll

--- Strings longer than this are compared for so long that `sort` has to charge for it.
local LONG_STRING = 256

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

--- Whether a string is among the elements that takes long to compare.
local function has_long(t, size)
  for i = 1, size do
    local element = t[i]
    if type(element) == "string" and #element > LONG_STRING then return true end
  end
  return false
end

--- `<` that is charged for: long strings are compared byte by byte.
local function less_than(one, other)
  if type(one) == "string" and type(other) == "string" then
    toll((#one < #other and #one or #other) / 2)
  end
  return one < other
end

--- About what C takes to sort so many elements: each is compared some log2(size) times.
local function sorting_work(size)
  local rounds = 1
  while 1 << rounds < size do rounds = rounds + 1 end
  return 4 * size * rounds
end

function tables.sort(t, before)
  if type(t) == "table" then
    local size = #t
    check_count(size)
    toll(sorting_work(size))
    if before == nil and has_long(t, size) then before = less_than end
  end
  callbacks("sort", pcall(sort, t, before))
end

return tables
