-- The os library of a process: `time`, `clock`, `date` and `difftime`, without the C library, whose calendar would need
-- an operating system.
--
-- Returns the library as a table.

local host, parts = ...
parts.blame.own()

local next, type = next, type
local match, sub = string.match, string.sub
local blame, calendar, limits = parts.blame, parts.calendar, parts.limits
local broken_down, days_from_date, is_summer = calendar.broken_down, calendar.days_from_date, calendar.is_summer
local expand = parts.datestrings.expand
local raise, argument = blame.raise, blame.argument
local now, zone_offset = host.time, host.zone_offset

local DAY = 86400
--- Longer formats would take longer than a slice; nobody writes them.
local LONGEST_FORMAT = 4096
--- Years that C can represent.
local YEARS = 1 << 31
local TIMES = YEARS * 366 * DAY

local dates = {}

--- A field of the table given to `time`.
local function field(t, name, default)
  local value = t[name]
  if value == nil then return default or raise("field '" .. name .. "' missing in date table") end
  local number = limits.whole(value)
  if not number then raise("field '" .. name .. "' is not an integer") end
  if number < -YEARS or number >= YEARS then raise("field '" .. name .. "' is out-of-bound") end
  return number
end

--- Makes the fields say what they mean: the 31st of April is the 1st of May.
local function normalize(t, time)
  local offset = zone_offset(time)
  for name, value in next, broken_down(time, offset) do t[name] = value end
  t.isdst = is_summer(t.year, offset)
end

function dates.time(t)
  if t == nil then return now() end
  if type(t) ~= "table" then argument("time", 1, "table expected, got " .. type(t)) end
  local year, month, day = field(t, "year"), field(t, "month"), field(t, "day")
  local hour, minute, second = field(t, "hour", 12), field(t, "min", 0), field(t, "sec", 0)
  local summer = t.isdst
  if summer ~= nil then summer = summer and true end
  local time = calendar.moment_of(days_from_date(year, month, day) * DAY + hour * 3600 + minute * 60 + second, summer)
  normalize(t, time)
  return time
end

function dates.date(form, time)
  form = form == nil and "%c" or limits.text("date", 1, form)
  time = time == nil and now() or limits.integer("date", 2, time)
  if #form > LONGEST_FORMAT then raise("date format too long (limit 4,096 bytes)") end
  if time < -TIMES or time > TIMES then raise("date result cannot be represented in this installation") end
  local utc, rest = match(form, "^(!?)(.*)$")
  local offset = utc == "!" and 0 or zone_offset(time)
  local d = broken_down(time, offset)
  if sub(rest, 1, 2) == "*t" then
    d.isdst = utc == "" and is_summer(d.year, offset)
    return d
  end
  d.offset, d.zone = offset, utc == "!" and "GMT" or nil
  return expand(rest, d)
end

function dates.difftime(one, other)
  return limits.integer("difftime", 1, one) - limits.integer("difftime", 2, other) + 0.0
end

function dates.clock()
  return host.clock()
end

return dates
