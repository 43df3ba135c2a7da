-- The math library. Its functions are those of C, except the random numbers: each process has its own, so that none can
-- foresee or disturb those of another. The generator is that of Lua 5.4 (xoshiro256**): a seed gives the same numbers.
--
-- Returns the library as a table.

local host, parts = ...
parts.blame.own()

local pcall, select, type = pcall, select, type
local tointeger, ult = math.tointeger, math.ult
local check = math.random
local pack, unpack = string.pack, string.unpack
local blame, limits = parts.blame, parts.limits
local private, seed = host.private, host.seed

--- Numbers thrown away after seeding, so that similar seeds do not begin alike.
local WARM_UP = 16
--- A float has 53 bits.
local TO_UNIT = 2.0 ^ -53

local maths = {}

for _, name in ipairs({
  "abs", "acos", "asin", "atan", "ceil", "cos", "deg", "exp", "floor", "fmod", "huge", "log", "maxinteger", "mininteger",
  "modf", "pi", "rad", "sin", "sqrt", "tan", "tointeger", "type", "ult",
}) do
  maths[name] = math[name]
end

--- The largest of its arguments, or the least, where they are many or not only numbers; `is_better(one, other)`: the other.
local function extreme(is_better)
  return function(...)
    local count = select("#", ...)
    limits.check_count(count)
    local values = { ... }
    local best = values[1]
    for i = 2, count do
      if is_better(best, values[i]) then best = values[i] end
    end
    return best
  end
end

local less_than = limits.less_than
maths.max = blame.through(host.numeric(math.max, extreme(less_than)))
maths.min = blame.through(host.numeric(math.min, extreme(function(best, value) return less_than(value, best) end)))
-- Where C looks for a name for its complaints.
math.max, math.min = maths.max, maths.min

local function rotate_left(x, n)
  return x << n | x >> (64 - n)
end

--- The next 64 random bits.
local function next_bits(state)
  local s0, s1, s2, s3 = state[1], state[2], state[3] ~ state[1], state[4] ~ state[2]
  local bits = rotate_left(s1 * 5, 7) * 9
  state[1], state[2], state[3], state[4] = s0 ~ s3, s1 ~ s2, s2 ~ (s1 << 17), rotate_left(s3, 45)
  return bits
end

local function seeded(one, other)
  local state = { one, 0xff, other, 0 }
  for _ = 1, WARM_UP do next_bits(state) end
  private().random = state
  return state
end

local function own_state()
  return private().random or seeded(seed())
end

--- A number from 0 to `limit` (unsigned), all equally likely: bits that are too large are thrown again.
local function project(bits, limit, state)
  if limit & (limit + 1) == 0 then return bits & limit end
  local mask = limit
  for shift = 0, 5 do mask = mask | mask >> (1 << shift) end
  bits = bits & mask
  while ult(limit, bits) do bits = next_bits(state) & mask end
  return bits
end

function maths.random(...)
  local state, count = own_state(), select("#", ...)
  if count == 0 then return (next_bits(state) >> 11) * TO_UNIT end
  -- The function of C checks the arguments; its number is thrown away.
  local ok, complaint = pcall(check, ...)
  if not ok then blame.refuse("random", complaint) end
  local low, high = limits.whole((...)), limits.whole((select(2, ...)))
  local bits = next_bits(state)
  if count == 1 and low == 0 then return bits end
  if count == 1 then low, high = 1, low end
  return low + project(bits, high - low, state)
end

--- A seed: an integer, or a float that may have a fraction, like os.clock().
local function seed_of(number, value)
  if type(value) == "number" and not tointeger(value) then
    return (unpack("<i8", pack("<d", value)))
  end
  return limits.integer("randomseed", number, value)
end

function maths.randomseed(...)
  local one, other = ...
  if select("#", ...) == 0 then
    one, other = seed()
  else
    one, other = seed_of(1, one), other == nil and 0 or seed_of(2, other)
  end
  seeded(one, other)
  return one, other
end

return maths
