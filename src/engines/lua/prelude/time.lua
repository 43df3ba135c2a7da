-- The module `time` of Lua processes: moments, durations, layouts in the manner of Go, and the waiting calls (S11.15-S11.22).
--
-- Called once per heap as `local host = ...`; returns the module and the metatables of Time and Duration. All processes
-- of a heap share what is made here, so nothing in this file changes after it has run: there is no cache, and what could
-- be changed from outside (a table a script can reach) is made anew for every call. That is also why a zone is a string.
--
--   Time      {unix seconds, nanoseconds 0..999999999, zone}   zone: nil for UTC, else a zone name
--   Duration  {nanoseconds}
--
-- A script can write anything into these with `rawset`, so fields are checked at every use.
--
-- Two rules of failure: an argument of the wrong type raises; a text that cannot be read and a result out of range are
-- `nil, INVALID`. Operators have no room for a second result and raise in that case too.

local host = ...

local byte, find, format, gsub, lower = string.byte, string.find, string.format, string.gsub, string.lower
local match, sub, upper = string.match, string.sub, string.upper
local abs, floor, fmod, math_type, tointeger = math.abs, math.floor, math.fmod, math.type, math.tointeger
local maxinteger, mininteger = math.maxinteger, math.mininteger
local concat, unpack, utf8_len = table.concat, table.unpack, utf8.len
local error, ipairs, pairs, rawget, setmetatable = error, ipairs, pairs, rawget, setmetatable
local tonumber, tostring, type = tonumber, tostring, type

-- Bounds -------------------------------------------------------------------------------------------------------------

--- The moments a `Date` can hold, so that every Time can be sent (S2.38): the years -271821 to 275760.
local MAX_SECONDS = 8640000000000
--- Beyond this no part of a date can lead into that range, and below it no sum of parts can overflow.
local MAX_PART = 10000000000000
local MAX_DURATION_TEXT = 256
local MAX_LAYOUT = 1024
local MAX_ZONE = 64
local MAX_FIXED_ZONE_NAME = 32

local SECONDS_PER_DAY = 86400
local NANOSECONDS_PER_SECOND = 1000000000

--- The zone of a Time made without naming one. UTC and not "local": what a program computes should not depend on the
--- machine, and a Time that arrives in a message carries no zone.
local DEFAULT_ZONE = nil

-- Failures -----------------------------------------------------------------------------------------------------------

--- A text as error messages show it: short, on one line, and always UTF-8.
local function quoted(text)
  local shown = sub(text, 1, 64)
  if not utf8_len(shown) then shown = gsub(shown, "[\128-\255]", "?") end
  return '"' .. gsub(shown, "%c", "?") .. (#text > #shown and '..."' or '"')
end

local function refuse(text)
  error(host.invalid(text), 0)
end

--- For operators: the value, or the error raised.
local function must(value, err)
  if value == nil then error(err, 0) end
  return value
end

local function integer(value, n, fn, default)
  if value == nil and default then return default end
  local whole = math_type(value) and tointeger(value)
  return whole or host.raise_argument(n, fn, "integer", value)
end

local function text(value, n, fn)
  if type(value) == "string" then return value end
  if math_type(value) then return tostring(value) end
  return host.raise_argument(n, fn, "string", value)
end

-- Kinds of values ----------------------------------------------------------------------------------------------------

--- The key under which the methods of each kind name it. A metatable would be the natural mark, but it is locked. A
--- function, because it cannot be changed should a script get hold of it.
local function KIND() end

local function is(value, kind)
  return type(value) == "table" and value[KIND] == kind
end

local function cannot_change(value)
  refuse("a " .. value[KIND] .. " cannot be changed")
end

--- Each has its metamethods further down, where they are written.
local function new_metatable(name)
  local methods = { [KIND] = name }
  return { __name = name, __metatable = false, __index = methods, __newindex = cannot_change }, methods
end

local Time, time_methods = new_metatable("Time")
local Duration, duration_methods = new_metatable("Duration")
local Timer, timer_methods = new_metatable("Timer")
local Ticker, ticker_methods = new_metatable("Ticker")

local function new_duration(nanoseconds)
  return setmetatable({ nanoseconds }, Duration)
end

local function time_out_of_range()
  return nil, host.invalid("time out of range: only the years -271821 to 275760 are there")
end

--- A Time, or `nil, INVALID`. `nanoseconds` may be any integer.
local function new_time(seconds, nanoseconds, zone)
  seconds = seconds + nanoseconds // NANOSECONDS_PER_SECOND
  if seconds < -MAX_SECONDS or seconds > MAX_SECONDS then return time_out_of_range() end
  return setmetatable({ seconds, nanoseconds % NANOSECONDS_PER_SECOND, zone }, Time)
end

local function are_fields_of_time(seconds, nanoseconds, zone)
  return math_type(seconds) == "integer"
    and seconds >= -MAX_SECONDS
    and seconds <= MAX_SECONDS
    and math_type(nanoseconds) == "integer"
    and nanoseconds >= 0
    and nanoseconds < NANOSECONDS_PER_SECOND
    and (zone == nil or type(zone) == "string" and #zone <= MAX_ZONE)
end

--- Seconds, nanoseconds and zone of the Time that is argument `n` of `fn`.
local function parts_of(value, n, fn)
  if is(value, "Time") then
    local seconds, nanoseconds, zone = rawget(value, 1), rawget(value, 2), rawget(value, 3)
    if are_fields_of_time(seconds, nanoseconds, zone) then return seconds, nanoseconds, zone end
  end
  return host.raise_argument(n, fn, "Time", value)
end

local function nanoseconds_of(value, n, fn)
  local nanoseconds = is(value, "Duration") and rawget(value, 1)
  if math_type(nanoseconds) == "integer" then return nanoseconds end
  return host.raise_argument(n, fn, "Duration", value)
end

-- Calendar -----------------------------------------------------------------------------------------------------------
-- Days count from 1970-01-01, in the Gregorian calendar carried on in both directions. Years are counted from the first
-- of March inside, so that the leap day is the last one. Everything is `//` and `%`, which round down.

--- 400 years have always that many days.
local DAYS_PER_ERA = 146097
--- From 0000-03-01 to 1970-01-01.
local DAYS_TO_1970 = 719468

local function days_of_date(year, month, day)
  if month <= 2 then year = year - 1 end
  local year_of_era = year % 400
  local day_of_year = (153 * ((month + 9) % 12) + 2) // 5
  local day_of_era = 365 * year_of_era + year_of_era // 4 - year_of_era // 100 + day_of_year
  return year // 400 * DAYS_PER_ERA + day_of_era - DAYS_TO_1970 + day - 1
end

local function date_of_days(days)
  local shifted = days + DAYS_TO_1970
  local day_of_era = shifted % DAYS_PER_ERA
  local leap_days = day_of_era // 1460 - day_of_era // 36524 + day_of_era // 146096
  local year_of_era = (day_of_era - leap_days) // 365
  local day_of_year = day_of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
  local month_from_march = (5 * day_of_year + 2) // 153
  local day = day_of_year - (153 * month_from_march + 2) // 5 + 1
  local month = (month_from_march + 2) % 12 + 1
  local year = shifted // DAYS_PER_ERA * 400 + year_of_era
  return month <= 2 and year + 1 or year, month, day
end

local function clock_of_seconds(seconds)
  local second = seconds % SECONDS_PER_DAY
  return second // 3600, second % 3600 // 60, second % 60
end

local function weekday_of_days(days)
  return (days + 4) % 7 -- 1970-01-01 was a Thursday
end

local function year_day_of_days(days)
  return days - days_of_date((date_of_days(days)), 1, 1) + 1
end

local function is_leap(year)
  return year % 4 == 0 and (year % 100 ~= 0 or year % 400 == 0)
end

local MONTH_DAYS <const> = { 31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31 }

local function days_in_month(year, month)
  return month == 2 and is_leap(year) and 29 or MONTH_DAYS[month]
end

--- A reading {year, month, day, hour, minute, second} as seconds since 1970 as if in UTC. Its parts may be out of their
--- usual range, as "the 32nd of January"; `nil` when one is out of all proportion.
local function wall_seconds(reading)
  for _, part in ipairs(reading) do
    if part < -MAX_PART or part > MAX_PART then return nil end
  end
  local year, month, day, hour, minute, second = unpack(reading)
  year, month = year + (month - 1) // 12, (month - 1) % 12 + 1
  if abs(year) > 400000 then return nil end
  local days = days_of_date(year, month, 1) + day - 1
  return days * SECONDS_PER_DAY + hour * 3600 + minute * 60 + second
end

-- Zones --------------------------------------------------------------------------------------------------------------
-- A zone is a string: "UTC", "local", a name of the zone database, or a fixed zone, which is its abbreviation and its
-- offset in one, as in "EST-05:00" or "+05:30". Names of the database have no colon.

--- "+0530", "-05:00", "+00:53:28": sign and two digits for each of the first `count` of hour, minute and second.
local function offset_text(offset, separator, count)
  local rest = abs(offset)
  local parts = { format("%02d", rest // 3600), format("%02d", rest % 3600 // 60), format("%02d", rest % 60) }
  return (offset < 0 and "-" or "+") .. concat(parts, separator, 1, count)
end

local function fixed_zone_text(name, offset)
  return name .. offset_text(offset, ":", offset % 60 == 0 and 2 or 3)
end

--- Offset and abbreviation of a fixed zone; `nil` when the zone is none. The abbreviation may be empty.
local function fixed_zone_parts(zone)
  local tail = sub(zone, -6)
  local sign, hour, minute, second = match(tail, "^([+-])(%d%d):(%d%d)$")
  if not sign then
    tail = sub(zone, -9)
    sign, hour, minute, second = match(tail, "^([+-])(%d%d):(%d%d):(%d%d)$")
  end
  if not sign then return nil end
  local offset = tonumber(hour) * 3600 + tonumber(minute) * 60 + tonumber(second or 0)
  return sign == "-" and -offset or offset, sub(zone, 1, #zone - #tail)
end

local function no_zone(zone)
  return host.invalid("unknown time zone " .. quoted(zone))
end

--- Offset and abbreviation in `zone` at a moment; `nil` when there is no such zone.
local function zone_at(zone, seconds)
  if zone == nil then return 0, "UTC" end
  local offset, name = fixed_zone_parts(zone)
  if not offset then
    offset, name = host.zone(zone, seconds)
  elseif name == "" then
    name = offset_text(offset, "", 2)
  end
  return offset, name
end

--- As `zone_at`, for the zone of a Time, which was known when the Time was made.
local function own_zone_at(zone, seconds)
  local offset, name = zone_at(zone, seconds)
  if not offset then error(no_zone(zone), 0) end
  return offset, name
end

local function offset_at_wall(zone, wall)
  if zone == nil then return 0 end
  return fixed_zone_parts(zone) or host.zone_at_wall(zone, wall)
end

--- What a Time keeps of the zone that is argument `n` of `fn`: nil for UTC. `false, INVALID` when there is no such zone.
local function known_zone(zone, n, fn)
  if zone == nil then return DEFAULT_ZONE end
  if type(zone) ~= "string" then return host.raise_argument(n, fn, "zone", zone) end
  if zone == "UTC" then return nil end
  if #zone <= MAX_ZONE and zone_at(zone, 0) then return zone end
  return false, no_zone(zone)
end

local function time_at_wall(wall, nanoseconds, zone)
  wall = wall + nanoseconds // NANOSECONDS_PER_SECOND
  if abs(wall) > MAX_SECONDS + SECONDS_PER_DAY then return time_out_of_range() end
  return new_time(wall - offset_at_wall(zone, wall), nanoseconds % NANOSECONDS_PER_SECOND, zone)
end

--- The Time of {year, month, day, hour, minute, second}, each part carrying over into the next.
local function time_of_reading(reading, nanoseconds, zone)
  local wall = wall_seconds(reading)
  if not wall then return time_out_of_range() end
  return time_at_wall(wall, nanoseconds, zone)
end

-- Durations ----------------------------------------------------------------------------------------------------------

local POWER_OF_TEN = { [0] = 1 }
for exponent = 1, 18 do POWER_OF_TEN[exponent] = POWER_OF_TEN[exponent - 1] * 10 end

--- Unit → {m, e}, the unit being m * 10^e nanoseconds: small enough that fractions can be reckoned in integers.
local UNITS = {
  ns = { 1, 0 },
  us = { 1, 3 },
  -- The micro sign, and the Greek letter that keyboards and normalized texts have in its place.
  ["\u{b5}s"] = { 1, 3 },
  ["\u{3bc}s"] = { 1, 3 },
  ms = { 1, 6 },
  s = { 1, 9 },
  m = { 6, 10 },
  h = { 36, 11 },
}

--- More digits cannot make a nanosecond of an hour.
local FRACTION_DIGITS = 15

--- Nanoseconds of "<whole>.<fraction><unit>" as a number below zero, where one more fits into 64 bits; cut off below a
--- nanosecond; `nil` when that is no 64-bit integer.
local function negative_nanoseconds_of_part(whole, fraction, unit)
  local factor, exponent = unit[1], unit[2]
  local size = factor * POWER_OF_TEN[exponent]
  local count = whole == "" and 0 or tonumber("-" .. whole)
  -- Of the units only the nanosecond divides the least number.
  if math_type(count) ~= "integer" or count < (size == 1 and mininteger or -(maxinteger // size)) then return nil end
  local nanoseconds = count * size
  if fraction == "" then return nanoseconds end
  local digits = sub(fraction, 1, FRACTION_DIGITS)
  local shift = exponent - #digits
  local part = tonumber(digits) * factor
  part = shift >= 0 and part * POWER_OF_TEN[shift] or part // POWER_OF_TEN[-shift]
  return nanoseconds >= mininteger + part and nanoseconds - part or nil
end

--- Nanoseconds, or nil and what is wrong. Reads what the runtime reads everywhere else, "1h30m", "-1.5s", "0" (S11.15).
local function nanoseconds_of_text(duration)
  local function wrong(what) return nil, "invalid duration " .. quoted(duration) .. ": " .. what end

  if #duration > MAX_DURATION_TEXT then return wrong("longer than " .. MAX_DURATION_TEXT .. " bytes") end
  local sign, at = match(duration, "^([+-]?)()")
  if sub(duration, at) == "0" then return 0 end
  local total = 0
  repeat
    local whole, fraction, unit_at, unit, after = match(duration, "^(%d*)%.?(%d*)()([^%d.]*)()", at)
    if whole == "" and fraction == "" then return wrong("a number is missing at byte " .. at) end
    if unit == "" then return wrong("a unit is missing at byte " .. unit_at) end
    if not UNITS[unit] then return wrong("unknown unit " .. quoted(unit) .. " at byte " .. unit_at) end
    local part = negative_nanoseconds_of_part(whole, fraction, UNITS[unit])
    if not part or total < mininteger - part then return wrong("more than 64 bits of nanoseconds") end
    total, at = total + part, after
  until at > #duration
  if sign == "-" then return total end
  if total == mininteger then return wrong("more than 64 bits of nanoseconds") end
  return -total
end

--- The duration that is argument `n` of `fn`, as a number of nanoseconds, possibly with a fraction; or nil and what is
--- wrong with it.
local function read_duration(d, n, fn)
  local number = math_type(d)
  if number == "integer" then return d end
  if number == "float" then
    if d > -0x1p63 and d < 0x1p63 then return d end
    return nil, "invalid duration " .. d .. ": no number of nanoseconds of at most 64 bits"
  end
  if type(d) == "string" then return nanoseconds_of_text(d) end
  if is(d, "Duration") then return nanoseconds_of(d, n, fn) end
  return host.raise_argument(n, fn, "duration", d)
end

--- As `read_duration`, in whole nanoseconds, and with an error object.
local function whole_duration(d, n, fn)
  local nanoseconds, why = read_duration(d, n, fn)
  if not nanoseconds then return nil, host.invalid(why) end
  return math_type(nanoseconds) == "integer" and nanoseconds or floor(nanoseconds + 0.5)
end

--- "1.5" of 1500000000 and 9 digits.
local function decimal_text(count, digits)
  local unit = POWER_OF_TEN[digits]
  local fraction = gsub(format("%0" .. digits .. "d", count % unit), "0+$", "")
  return count // unit .. (fraction == "" and "" or "." .. fraction)
end

--- Seconds and nanoseconds of the absolute value, which itself may not fit into 64 bits.
local function absolute_parts(nanoseconds)
  local seconds, rest = nanoseconds // NANOSECONDS_PER_SECOND, nanoseconds % NANOSECONDS_PER_SECOND
  if nanoseconds >= 0 then return seconds, rest end
  if rest == 0 then return -seconds, 0 end
  return -seconds - 1, NANOSECONDS_PER_SECOND - rest
end

--- As Go writes it: "1h30m0s", "1.5s", "300ms", "0s".
local function duration_text(nanoseconds)
  local sign = nanoseconds < 0 and "-" or ""
  local seconds, rest = absolute_parts(nanoseconds)
  if seconds == 0 then
    if rest == 0 then return "0s" end
    if rest < 1000 then return sign .. rest .. "ns" end
    if rest < 1000000 then return sign .. decimal_text(rest, 3) .. "µs" end
    return sign .. decimal_text(rest, 6) .. "ms"
  end
  local hours, minutes = seconds // 3600, seconds % 3600 // 60
  return sign
    .. (hours > 0 and hours .. "h" or "")
    .. ((hours > 0 or minutes > 0) and minutes .. "m" or "")
    .. decimal_text(seconds % 60 * NANOSECONDS_PER_SECOND + rest, 9)
    .. "s"
end

-- Layouts ------------------------------------------------------------------------------------------------------------
-- A layout shows how the moment "Mon Jan 2 15:04:05 2006 -0700" would be written. It is cut into elements, such as
-- "2006" and "Jan", and the literal texts before, between and behind them.

local MONTHS = {
  "January", "February", "March", "April", "May", "June",
  "July", "August", "September", "October", "November", "December",
}
local WEEKDAYS = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday" }

local OFFSET_SHAPES = { "070000", "07:00:00", "0700", "07:00", "07" }

--- First byte → the elements that begin with it; of two that fit, the first counts.
local ELEMENTS = {
  J = { "January", "Jan" },
  M = { "Monday", "Mon", "MST" },
  ["0"] = { "01", "02", "03", "04", "05", "06", "002" },
  ["1"] = { "15", "1" },
  ["2"] = { "2006", "2" },
  ["3"] = { "3" },
  ["4"] = { "4" },
  ["5"] = { "5" },
  _ = { "__2", "_2" },
  P = { "PM" },
  p = { "pm" },
  Z = {},
  ["-"] = {},
}
for i, shape in ipairs(OFFSET_SHAPES) do
  ELEMENTS.Z[i] = "Z" .. shape
  ELEMENTS["-"][i] = "-" .. shape
end

--- "Jane" and "Monk" are words, and "_2006" is a bar with a year behind it.
local function is_part_of_word(layout, element, after)
  if element == "Jan" or element == "Mon" then return find(layout, "^%l", after) ~= nil end
  return element == "_2" and sub(layout, after, after + 2) == "006"
end

--- A fraction such as ".000" or ",999": point or comma and one digit repeated, and no other digit behind.
local function fraction_at(layout, at)
  local after = match(layout, "^[.,]0+()", at) or match(layout, "^[.,]9+()", at)
  return after and not find(layout, "^%d", after) and sub(layout, at, after - 1) or nil
end

local function element_at(layout, at)
  for _, element in ipairs(ELEMENTS[sub(layout, at, at)] or {}) do
    local after = at + #element
    if sub(layout, at, after - 1) == element and not is_part_of_word(layout, element, after) then return element end
  end
  return fraction_at(layout, at)
end

--- {elements, literals}: one literal more than there are elements, each standing before its element.
local function compile(layout)
  local elements, literals = {}, {}
  local from, at = 1, 1
  while true do
    at = find(layout, "[JM0-6_PpZ.,%-]", at)
    if not at then break end
    local element = element_at(layout, at)
    if element then
      elements[#elements + 1] = element
      literals[#elements] = sub(layout, from, at - 1)
      from = at + #element
      at = from
    else
      at = at + 1
    end
  end
  literals[#elements + 1] = sub(layout, from)
  return { elements = elements, literals = literals }
end

local LAYOUTS = {
  ANSIC = "Mon Jan _2 15:04:05 2006",
  UNIX_DATE = "Mon Jan _2 15:04:05 MST 2006",
  RUBY_DATE = "Mon Jan 02 15:04:05 -0700 2006",
  RFC822 = "02 Jan 06 15:04 MST",
  RFC822Z = "02 Jan 06 15:04 -0700",
  RFC850 = "Monday, 02-Jan-06 15:04:05 MST",
  RFC1123 = "Mon, 02 Jan 2006 15:04:05 MST",
  RFC1123Z = "Mon, 02 Jan 2006 15:04:05 -0700",
  RFC3339 = "2006-01-02T15:04:05Z07:00",
  RFC3339_NANO = "2006-01-02T15:04:05.999999999Z07:00",
  KITCHEN = "3:04PM",
  STAMP = "Jan _2 15:04:05",
  STAMP_MILLI = "Jan _2 15:04:05.000",
  STAMP_MICRO = "Jan _2 15:04:05.000000",
  STAMP_NANO = "Jan _2 15:04:05.000000000",
  DATE_TIME = "2006-01-02 15:04:05",
  DATE_ONLY = "2006-01-02",
  TIME_ONLY = "15:04:05",
}

--- The layouts above are compiled once; `nil` when the layout is too long.
local COMPILED = {}
for _, layout in pairs(LAYOUTS) do COMPILED[layout] = compile(layout) end

local function compiled(layout)
  return COMPILED[layout] or #layout <= MAX_LAYOUT and compile(layout) or nil
end

local function layout_too_long()
  return host.invalid("layout of more than " .. MAX_LAYOUT .. " bytes")
end

-- Writing ------------------------------------------------------------------------------------------------------------

--- Everything a layout can ask for.
local function reading_of(seconds, nanoseconds, zone)
  local offset, abbreviation = own_zone_at(zone, seconds)
  local days = (seconds + offset) // SECONDS_PER_DAY
  local year, month, day = date_of_days(days)
  local hour, minute, second = clock_of_seconds(seconds + offset)
  return {
    year = year,
    month = month,
    day = day,
    hour = hour,
    minute = minute,
    second = second,
    nanosecond = nanoseconds,
    weekday = weekday_of_days(days),
    year_day = year_day_of_days(days),
    offset = offset,
    abbreviation = abbreviation,
  }
end

local function written(pattern, field)
  return function(reading) return format(pattern, reading[field]) end
end

local function hour_of_twelve(reading)
  return (reading.hour + 11) % 12 + 1
end

local function half_of_day(before_noon, after_noon)
  return function(reading) return reading.hour < 12 and before_noon or after_noon end
end

--- Element → the function that writes it.
local WRITERS = {
  ["2006"] = function(reading) return format(reading.year < 0 and "%05d" or "%04d", reading.year) end,
  ["06"] = function(reading) return format("%02d", abs(reading.year) % 100) end,
  ["January"] = function(reading) return MONTHS[reading.month] end,
  ["Jan"] = function(reading) return sub(MONTHS[reading.month], 1, 3) end,
  ["01"] = written("%02d", "month"),
  ["1"] = written("%d", "month"),
  ["Monday"] = function(reading) return WEEKDAYS[reading.weekday + 1] end,
  ["Mon"] = function(reading) return sub(WEEKDAYS[reading.weekday + 1], 1, 3) end,
  ["02"] = written("%02d", "day"),
  ["_2"] = written("%2d", "day"),
  ["2"] = written("%d", "day"),
  ["002"] = written("%03d", "year_day"),
  ["__2"] = written("%3d", "year_day"),
  ["15"] = written("%02d", "hour"),
  ["03"] = function(reading) return format("%02d", hour_of_twelve(reading)) end,
  ["3"] = function(reading) return format("%d", hour_of_twelve(reading)) end,
  ["04"] = written("%02d", "minute"),
  ["4"] = written("%d", "minute"),
  ["05"] = written("%02d", "second"),
  ["5"] = written("%d", "second"),
  ["PM"] = half_of_day("AM", "PM"),
  ["pm"] = half_of_day("am", "pm"),
  ["MST"] = function(reading) return reading.abbreviation end,
}
for _, shape in ipairs(OFFSET_SHAPES) do
  local separator = find(shape, ":", 1, true) and ":" or ""
  local count = #gsub(shape, ":", "") // 2
  local function write(reading) return offset_text(reading.offset, separator, count) end
  WRITERS["-" .. shape] = write
  WRITERS["Z" .. shape] = function(reading) return reading.offset == 0 and "Z" or write(reading) end
end

--- ".000" has as many digits as it shows; ".999" drops trailing zeros, and the point with them.
local function write_fraction(reading, element)
  local digits = sub(format("%09d", reading.nanosecond), 1, #element - 1)
  if byte(element, 2) == byte("9") then digits = gsub(digits, "0+$", "") end
  return digits == "" and "" or sub(element, 1, 1) .. digits
end

local function write_time(layout, seconds, nanoseconds, zone)
  local reading = reading_of(seconds, nanoseconds, zone)
  local written_parts = {}
  for i, element in ipairs(layout.elements) do
    written_parts[2 * i - 1] = layout.literals[i]
    written_parts[2 * i] = (WRITERS[element] or write_fraction)(reading, element)
  end
  return concat(written_parts) .. layout.literals[#layout.literals]
end

-- Reading ------------------------------------------------------------------------------------------------------------
-- The text is read from left to right, never back. The state has `value`, `at` (the next byte) and what was found. A
-- reader gives true; false when what stands there is something else; or a text, when it is out of range.

--- A number of at least `min` and at most `max` digits, or nil.
local function read_digits(state, min, max)
  local digits = match(sub(state.value, state.at, state.at + max - 1), "^%d*")
  if #digits < min then return nil end
  state.at = state.at + #digits
  return tonumber(digits)
end

local function skip_spaces(state, max)
  local spaces = match(sub(state.value, state.at, state.at + max - 1), "^ *")
  state.at = state.at + #spaces
end

local function number_reader(field, digits, range, spaces)
  local out_of_range = gsub(field, "_", " ") .. " out of range"
  return function(state)
    skip_spaces(state, spaces or 0)
    local number = read_digits(state, digits[1], digits[2])
    if not number then return false end
    state[field] = number
    return number >= range[1] and number <= range[2] or out_of_range
  end
end

--- Upper and lower case are the same, as everywhere names are read.
local function name_reader(field, names, length)
  local known = {}
  for i, name in ipairs(names) do known[i] = lower(length and sub(name, 1, length) or name) end
  return function(state)
    for i, name in ipairs(known) do
      if lower(sub(state.value, state.at, state.at + #name - 1)) == name then
        state[field], state.at = i, state.at + #name
        return true
      end
    end
    return false
  end
end

local function half_reader(before_noon, after_noon)
  return function(state)
    local found = sub(state.value, state.at, state.at + 1)
    if found ~= before_noon and found ~= after_noon then return false end
    state.half, state.at = found == after_noon and "pm" or "am", state.at + 2
    return true
  end
end

--- Two digits are the years 1969 to 2068.
local function read_short_year(state)
  local year = read_digits(state, 2, 2)
  if not year then return false end
  state.year = year >= 69 and 1900 + year or 2000 + year
  return true
end

--- Point or comma and `min` digits at least; those beyond the ninth count nothing.
local function read_fraction_digits(state, min, max)
  local digits = match(sub(state.value, state.at, state.at + max), "^[.,](%d+)")
  if not digits or #digits < min then return false end
  state.at = state.at + 1 + #digits
  state.nanosecond = tonumber(sub(digits .. "000000000", 1, 9))
  return true
end

--- A fraction may follow the seconds though the layout has none.
local function second_reader(digits)
  local read = number_reader("second", digits, { 0, 59 })
  return function(state, _, next_element)
    local result = read(state)
    if result == true and not (next_element and find(next_element, "^[.,]")) then
      read_fraction_digits(state, 1, #state.value)
    end
    return result
  end
end

--- ".000" wants as many digits; ".999" takes any number, also none.
local function read_fraction(state, element)
  if byte(element, 2) == byte("9") then
    read_fraction_digits(state, 1, #state.value)
    return true
  end
  return read_fraction_digits(state, #element - 1, #element - 1)
end

--- Sign and two digits of hour, and of minute and second if `pattern` finds them, in `length` bytes.
local function read_offset(state, pattern, length)
  local sign, hour, minute, second = match(sub(state.value, state.at, state.at + length - 1), pattern)
  if not sign then return false end
  hour, minute, second = tonumber(hour), tonumber(minute or 0), tonumber(second or 0)
  if hour > 23 or minute > 59 or second > 59 then return "time zone offset out of range" end
  local offset = hour * 3600 + minute * 60 + second
  state.offset, state.at = sign == "-" and -offset or offset, state.at + length
  return true
end

local function offset_reader(shape)
  local pattern = "^([+-])" .. gsub(shape, "%d%d", "(%%d%%d)")
  return function(state) return read_offset(state, pattern, 1 + #shape) end
end

--- The elements with a Z also read that letter, which is UTC.
local function zulu_reader(shape)
  local read = offset_reader(shape)
  return function(state)
    if sub(state.value, state.at, state.at) ~= "Z" then return read(state) end
    state.utc, state.at = true, state.at + 1
    return true
  end
end

--- How many bytes of `ahead` are an abbreviation such as "CEST"; nil when none are.
local function abbreviation_length(ahead)
  if find(ahead, "^ChST") or find(ahead, "^MeST") or find(ahead, "^WITA") then return 4 end
  local capitals = #match(ahead, "^%u*")
  if capitals == 3 then return 3 end
  return (capitals == 4 or capitals == 5) and sub(ahead, capitals, capitals) == "T" and capitals or nil
end

--- "GMT+3" is an abbreviation with an offset of its own.
local function read_gmt_hours(state, ahead)
  local text_of_hours = match(ahead, "^GMT([+-]%d%d?)")
  local hours = tonumber(text_of_hours)
  if not hours or abs(hours) > 23 then return false end
  state.abbreviation, state.offset_of_abbreviation = "GMT" .. text_of_hours, hours * 3600
  state.at = state.at + 3 + #text_of_hours
  return true
end

--- Zones without an abbreviation are written as "+04" or "+0530", so that is read here too.
local function read_abbreviation(state)
  local ahead = sub(state.value, state.at, state.at + 5)
  if find(ahead, "^[+-]%d%d%d%d") then return read_offset(state, "^([+-])(%d%d)(%d%d)", 5) end
  if find(ahead, "^[+-]") then return read_offset(state, "^([+-])(%d%d)", 3) end
  if read_gmt_hours(state, ahead) then return true end
  local length = sub(ahead, 1, 3) == "UTC" and 3 or abbreviation_length(ahead)
  if not length then return false end
  state.abbreviation, state.at = sub(ahead, 1, length), state.at + length
  state.utc = state.abbreviation == "UTC"
  return true
end

local ANY_DAY = { 0, 99 } -- which days there are depends on month and year, known only at the end

--- Element → the function that reads it.
local READERS = {
  ["2006"] = number_reader("year", { 4, 4 }, { 0, 9999 }),
  ["06"] = read_short_year,
  ["January"] = name_reader("month", MONTHS),
  ["Jan"] = name_reader("month", MONTHS, 3),
  ["01"] = number_reader("month", { 2, 2 }, { 1, 12 }),
  ["1"] = number_reader("month", { 1, 2 }, { 1, 12 }),
  ["Monday"] = name_reader("weekday", WEEKDAYS),
  ["Mon"] = name_reader("weekday", WEEKDAYS, 3),
  ["02"] = number_reader("day", { 2, 2 }, ANY_DAY),
  ["_2"] = number_reader("day", { 1, 2 }, ANY_DAY, 1),
  ["2"] = number_reader("day", { 1, 2 }, ANY_DAY),
  ["002"] = number_reader("year_day", { 3, 3 }, { 1, 366 }),
  ["__2"] = number_reader("year_day", { 1, 3 }, { 1, 366 }, 2),
  ["15"] = number_reader("hour", { 1, 2 }, { 0, 23 }),
  ["03"] = number_reader("hour", { 2, 2 }, { 0, 12 }),
  ["3"] = number_reader("hour", { 1, 2 }, { 0, 12 }),
  ["04"] = number_reader("minute", { 2, 2 }, { 0, 59 }),
  ["4"] = number_reader("minute", { 1, 2 }, { 0, 59 }),
  ["05"] = second_reader({ 2, 2 }),
  ["5"] = second_reader({ 1, 2 }),
  ["PM"] = half_reader("AM", "PM"),
  ["pm"] = half_reader("am", "pm"),
  ["MST"] = read_abbreviation,
}
for _, shape in ipairs(OFFSET_SHAPES) do
  READERS["-" .. shape] = offset_reader(shape)
  READERS["Z" .. shape] = zulu_reader(shape)
end

--- Whether the text goes on with `literal`, and if so moves behind it. A run of blanks in the layout stands for any run.
local function skip_literal(state, literal)
  local value, at, i = state.value, state.at, 1
  while i <= #literal do
    if sub(literal, i, i) == " " then
      if at <= #value and sub(value, at, at) ~= " " then return false end
      i, at = match(literal, "^ *()", i), match(value, "^ *()", at)
    elseif byte(value, at) == byte(literal, i) then
      i, at = i + 1, at + 1
    else
      return false
    end
  end
  state.at = at
  return true
end

--- What was found, or nil and what is wrong.
local function read_elements(layout, value)
  local state = { value = value, at = 1 }
  local elements, literals = layout.elements, layout.literals
  for i, element in ipairs(elements) do
    if not skip_literal(state, literals[i]) then return nil, quoted(literals[i]) .. " expected at byte " .. state.at end
    local from = state.at
    local result = (READERS[element] or read_fraction)(state, element, elements[i + 1])
    if not result then return nil, "what stands at byte " .. from .. ' does not fit "' .. element .. '"' end
    if result ~= true then return nil, result .. " at byte " .. from end
  end
  local last = literals[#literals]
  if not skip_literal(state, last) then return nil, quoted(last) .. " expected at byte " .. state.at end
  if state.at <= #value then return nil, "extra text at byte " .. state.at end
  return state
end

local function hour_of_day(state)
  local hour = state.hour or 0
  if state.half == "pm" and hour < 12 then return hour + 12 end
  return state.half == "am" and hour == 12 and 0 or hour
end

--- Month and day that were read, by their numbers or as the day of the year; or nil and what is wrong.
local function month_and_day(state, year)
  local month, day = state.month, state.day
  if state.year_day then
    if state.year_day == 366 and not is_leap(year) then return nil, "year day out of range" end
    local _, month_of_day, day_of_month = date_of_days(days_of_date(year, 1, 1) + state.year_day - 1)
    if (month or month_of_day) ~= month_of_day or (day or day_of_month) ~= day_of_month then
      return nil, "the day of the year is another day than month and day"
    end
    return month_of_day, day_of_month
  end
  month, day = month or 1, day or 1
  if day < 1 or day > days_in_month(year, month) then return nil, "day out of range" end
  return month, day
end

local function has_zone(zone, seconds, offset, abbreviation)
  local real_offset, real_abbreviation = zone_at(zone, seconds)
  return real_offset == offset and (not abbreviation or real_abbreviation == abbreviation)
end

--- The offset that `abbreviation` names in `zone` around the reading `wall`. A day to either side is asked too: in the
--- hour that a change of clocks repeats, both abbreviations are right.
local function offset_named(zone, abbreviation, wall)
  for days = -1, 1 do
    local offset = zone_at(zone, wall + days * SECONDS_PER_DAY)
    if has_zone(zone, wall - offset, offset, abbreviation) then return offset end
  end
  return nil
end

--- An offset in the text counts for more than an abbreviation, and both more than `zone`, which is kept if it agrees.
local function time_read(state, zone)
  local year = state.year or 0
  local month, day = month_and_day(state, year)
  if not month then return nil, day end
  local wall = wall_seconds({ year, month, day, hour_of_day(state), state.minute or 0, state.second or 0 })
  local nanosecond, abbreviation = state.nanosecond or 0, state.abbreviation
  if state.utc then return new_time(wall, nanosecond, nil) end
  if not state.offset and not abbreviation then return time_at_wall(wall, nanosecond, zone) end
  local offset = state.offset
    or offset_named(zone, abbreviation, wall)
    or state.offset_of_abbreviation
    or 0 -- as in Go: no list of abbreviations could be right, "IST" alone has three meanings
  if not has_zone(zone, wall - offset, offset, abbreviation) then zone = fixed_zone_text(abbreviation or "", offset) end
  return new_time(wall - offset, nanosecond, zone)
end

-- Durations as values ------------------------------------------------------------------------------------------------

local function toward_zero(nanoseconds, unit)
  return nanoseconds // unit + (nanoseconds < 0 and nanoseconds % unit ~= 0 and 1 or 0)
end

local function counted_whole(fn, unit)
  return function(self) return toward_zero(nanoseconds_of(self, 1, fn), unit) end
end

local function counted(fn, unit)
  return function(self)
    local nanoseconds = nanoseconds_of(self, 1, fn)
    return toward_zero(nanoseconds, unit) + fmod(nanoseconds, unit) / unit
  end
end

function duration_methods:nanoseconds() return nanoseconds_of(self, 1, "nanoseconds") end
duration_methods.microseconds = counted_whole("microseconds", 1000)
duration_methods.milliseconds = counted_whole("milliseconds", 1000000)
duration_methods.seconds = counted("seconds", NANOSECONDS_PER_SECOND)
duration_methods.minutes = counted("minutes", 60 * NANOSECONDS_PER_SECOND)
duration_methods.hours = counted("hours", 3600 * NANOSECONDS_PER_SECOND)

function duration_methods:string() return duration_text(nanoseconds_of(self, 1, "string")) end

function duration_methods:abs()
  local nanoseconds = nanoseconds_of(self, 1, "abs")
  return new_duration(nanoseconds == mininteger and maxinteger or abs(nanoseconds))
end

--- Cuts to a multiple of `d`, toward zero; unchanged when `d` is not above zero.
function duration_methods:truncate(d)
  local nanoseconds = nanoseconds_of(self, 1, "truncate")
  local unit, err = whole_duration(d, 1, "truncate")
  if not unit then return nil, err end
  return new_duration(unit > 0 and nanoseconds - fmod(nanoseconds, unit) or nanoseconds)
end

--- `a + b`, or the end of the range that it passes.
local function clamped_sum(a, b)
  if b > 0 and a > maxinteger - b then return maxinteger end
  if b < 0 and a < mininteger - b then return mininteger end
  return a + b
end

--- The nearest multiple of `d`, halves away from zero.
function duration_methods:round(d)
  local nanoseconds = nanoseconds_of(self, 1, "round")
  local unit, err = whole_duration(d, 1, "round")
  if not unit then return nil, err end
  if unit <= 0 then return new_duration(nanoseconds) end
  local rest = fmod(nanoseconds, unit)
  local down = nanoseconds - rest
  if abs(rest) < unit - abs(rest) then return new_duration(down) end
  return new_duration(clamped_sum(down, rest < 0 and -unit or unit))
end

--- The Duration of a product, a quotient or a sum; raises when it does not fit.
local function fitting_duration(estimate, exact)
  if not (estimate > -0x1p63 and estimate < 0x1p63) then refuse("a duration of more than 64 bits of nanoseconds") end
  return new_duration(exact or floor(estimate + 0.5))
end

local function sum_of_durations(a, b)
  return fitting_duration(a + 0.0 + b, a + b)
end

local function difference_of_durations(a, b)
  return fitting_duration(a - 0.0 - b, a - b)
end

local function operand(value, n, operator)
  return must(whole_duration(value, n, operator))
end

function Duration.__mul(a, b)
  local duration, number, n = a, b, 2
  if not is(a, "Duration") then duration, number, n = b, a, 1 end
  if not math_type(number) then return host.raise_argument(n, "*", "number", number) end
  local nanoseconds = nanoseconds_of(duration, 3 - n, "*")
  return fitting_duration(nanoseconds * (number + 0.0), math_type(number) == "integer" and nanoseconds * number or nil)
end

--- By a number gives a Duration, by a Duration the ratio.
function Duration.__div(a, b)
  local nanoseconds = nanoseconds_of(a, 1, "/")
  if is(b, "Duration") then return nanoseconds / nanoseconds_of(b, 2, "/") end
  if not math_type(b) then return host.raise_argument(2, "/", "number or Duration", b) end
  if b == 0 then refuse("division of a duration by zero") end
  local whole = tointeger(b)
  if not whole or whole == -1 then return fitting_duration(nanoseconds / b) end
  return new_duration(whole > 0 and toward_zero(nanoseconds, whole) or -toward_zero(nanoseconds, -whole))
end

function Duration.__unm(a)
  local nanoseconds = nanoseconds_of(a, 1, "-")
  return new_duration(nanoseconds == mininteger and maxinteger or -nanoseconds)
end

function Duration.__eq(a, b)
  return is(a, "Duration") and is(b, "Duration") and rawget(a, 1) == rawget(b, 1)
end

function Duration.__lt(a, b) return operand(a, 1, "<") < operand(b, 2, "<") end

function Duration.__le(a, b) return operand(a, 1, "<=") <= operand(b, 2, "<=") end

function Duration.__tostring(a) return duration_text(nanoseconds_of(a, 1, "tostring")) end

local function joined(a, b) return tostring(a) .. tostring(b) end

Duration.__concat = joined

-- Times as values ----------------------------------------------------------------------------------------------------

--- Seconds of the wall clock of the Time, and its nanoseconds and zone.
local function wall_parts(time, fn)
  local seconds, nanoseconds, zone = parts_of(time, 1, fn)
  return seconds + own_zone_at(zone, seconds), nanoseconds, zone
end

local function days_of(time, fn)
  return wall_parts(time, fn) // SECONDS_PER_DAY
end

function time_methods:unix() return (parts_of(self, 1, "unix")) end

function time_methods:unix_milli()
  local seconds, nanoseconds = parts_of(self, 1, "unix_milli")
  return seconds * 1000 + nanoseconds // 1000000
end

--- Integers end in the years 1678 and 2262; beyond, `nil, INVALID`.
function time_methods:unix_nano()
  local seconds, nanoseconds = parts_of(self, 1, "unix_nano")
  if abs(seconds) >= maxinteger // NANOSECONDS_PER_SECOND then
    return nil, host.invalid("time out of the range of 64 bits of nanoseconds")
  end
  return seconds * NANOSECONDS_PER_SECOND + nanoseconds
end

function time_methods:date() return date_of_days(days_of(self, "date")) end

function time_methods:year() return (date_of_days(days_of(self, "year"))) end

function time_methods:month()
  local _, month = date_of_days(days_of(self, "month"))
  return month
end

function time_methods:day()
  local _, _, day = date_of_days(days_of(self, "day"))
  return day
end

function time_methods:weekday() return weekday_of_days(days_of(self, "weekday")) end

function time_methods:year_day() return year_day_of_days(days_of(self, "year_day")) end

function time_methods:clock() return clock_of_seconds((wall_parts(self, "clock"))) end

function time_methods:hour() return (clock_of_seconds((wall_parts(self, "hour")))) end

function time_methods:minute()
  local _, minute = clock_of_seconds((wall_parts(self, "minute")))
  return minute
end

function time_methods:second()
  local _, _, second = clock_of_seconds((wall_parts(self, "second")))
  return second
end

function time_methods:nanosecond()
  local _, nanoseconds = parts_of(self, 1, "nanosecond")
  return nanoseconds
end

--- The Time `nanoseconds` later, `sign` being 1, or earlier, it being -1.
local function shifted(time, sign, nanoseconds, n, fn)
  local seconds, rest, zone = parts_of(time, n, fn)
  local whole, part = nanoseconds // NANOSECONDS_PER_SECOND, nanoseconds % NANOSECONDS_PER_SECOND
  return new_time(seconds + sign * whole, rest + sign * part, zone)
end

function time_methods:add(d)
  parts_of(self, 1, "add")
  local nanoseconds, err = whole_duration(d, 1, "add")
  if not nanoseconds then return nil, err end
  return shifted(self, 1, nanoseconds, 1, "add")
end

--- The Duration between, or the longest one there is, which is 292 years.
local function difference(a, b, fn)
  local seconds_a, rest_a = parts_of(a, 1, fn)
  local seconds_b, rest_b = parts_of(b, fn == "-" and 2 or 1, fn)
  local seconds, rest = seconds_a - seconds_b, rest_a - rest_b
  local limit = maxinteger // NANOSECONDS_PER_SECOND + 1
  if seconds > limit then return new_duration(maxinteger) end
  if seconds < -limit then return new_duration(mininteger) end
  -- One second goes over to the rest, so that no step but the last can leave the range.
  local step = seconds > 0 and 1 or seconds < 0 and -1 or 0
  local carried = rest + step * NANOSECONDS_PER_SECOND
  return new_duration(clamped_sum((seconds - step) * NANOSECONDS_PER_SECOND, carried))
end

function time_methods:sub(other) return difference(self, other, "sub") end

--- Months first, then days, and out of range they carry over: a month after the 31st of January is the 3rd of March, or
--- the 2nd.
function time_methods:add_date(years, months, days)
  local wall, nanoseconds, zone = wall_parts(self, "add_date")
  local year, month, day = date_of_days(wall // SECONDS_PER_DAY)
  local added_years = integer(years, 1, "add_date", 0)
  local added_months = integer(months, 2, "add_date", 0)
  local added_days = integer(days, 3, "add_date", 0)
  local hour, minute, second = clock_of_seconds(wall)
  year, month, day = clamped_sum(year, added_years), clamped_sum(month, added_months), clamped_sum(day, added_days)
  return time_of_reading({ year, month, day, hour, minute, second }, nanoseconds, zone)
end

--- -1, 0 or 1.
local function compared(a, b, fn, n)
  local seconds_a, rest_a = parts_of(a, 1, fn)
  local seconds_b, rest_b = parts_of(b, n, fn)
  if seconds_a ~= seconds_b then return seconds_a < seconds_b and -1 or 1 end
  return rest_a == rest_b and 0 or rest_a < rest_b and -1 or 1
end

function time_methods:before(other) return compared(self, other, "before", 1) < 0 end

function time_methods:after(other) return compared(self, other, "after", 1) > 0 end

function time_methods:equal(other) return compared(self, other, "equal", 1) == 0 end

function time_methods:compare(other) return compared(self, other, "compare", 1) end

--- The moment from which Go counts: the first of January of the year 1 in UTC.
local ZERO_SECONDS = days_of_date(1, 1, 1) * SECONDS_PER_DAY

function time_methods:is_zero()
  local seconds, nanoseconds = parts_of(self, 1, "is_zero")
  return seconds == ZERO_SECONDS and nanoseconds == 0
end

function time_methods:format(layout)
  local seconds, nanoseconds, zone = parts_of(self, 1, "format")
  local program = compiled(text(layout, 1, "format"))
  if not program then return nil, layout_too_long() end
  return write_time(program, seconds, nanoseconds, zone)
end

function time_methods:utc()
  local seconds, nanoseconds = parts_of(self, 1, "utc")
  return new_time(seconds, nanoseconds, nil)
end

function time_methods:in_local()
  local seconds, nanoseconds = parts_of(self, 1, "in_local")
  return new_time(seconds, nanoseconds, "local")
end

function time_methods:in_location(zone)
  local seconds, nanoseconds = parts_of(self, 1, "in_location")
  if zone == nil then return host.raise_argument(1, "in_location", "zone", zone) end
  local known, err = known_zone(zone, 1, "in_location")
  if err then return nil, err end
  return new_time(seconds, nanoseconds, known)
end

function time_methods:location()
  local _, _, zone = parts_of(self, 1, "location")
  return zone or "UTC"
end

local function add_modulo(a, b, modulus)
  return a >= modulus - b and a - (modulus - b) or a + b
end

--- Nanoseconds since the zero time modulo `unit`. Times are longer than 64 bits of nanoseconds, so seconds are multiplied
--- by doubling and adding, in as many steps as the factor has bits.
local function nanoseconds_since_zero(seconds, nanoseconds, unit)
  local result, power, factor = 0, (seconds - ZERO_SECONDS) % unit, NANOSECONDS_PER_SECOND
  while factor > 0 do
    if factor & 1 == 1 then result = add_modulo(result, power, unit) end
    power, factor = add_modulo(power, power, unit), factor >> 1
  end
  return add_modulo(result, nanoseconds % unit, unit)
end

--- Down to a multiple of `d` since the zero time, whatever the zone; unchanged when `d` is not above zero.
function time_methods:truncate(d)
  local seconds, nanoseconds, zone = parts_of(self, 1, "truncate")
  local unit, err = whole_duration(d, 1, "truncate")
  if not unit then return nil, err end
  if unit <= 0 then return new_time(seconds, nanoseconds, zone) end
  return shifted(self, -1, nanoseconds_since_zero(seconds, nanoseconds, unit), 1, "truncate")
end

--- To the nearest such multiple, halves up.
function time_methods:round(d)
  local seconds, nanoseconds, zone = parts_of(self, 1, "round")
  local unit, err = whole_duration(d, 1, "round")
  if not unit then return nil, err end
  if unit <= 0 then return new_time(seconds, nanoseconds, zone) end
  local rest = nanoseconds_since_zero(seconds, nanoseconds, unit)
  if rest < unit - rest then return shifted(self, -1, rest, 1, "round") end
  return shifted(self, 1, unit - rest, 1, "round")
end

--- Time and duration in either order, or two durations.
local function added(a, b)
  if is(a, "Time") then return must(shifted(a, 1, operand(b, 2, "+"), 1, "+")) end
  if is(b, "Time") then return must(shifted(b, 1, operand(a, 1, "+"), 2, "+")) end
  return sum_of_durations(operand(a, 1, "+"), operand(b, 2, "+"))
end

--- Time - Time is a Duration, Time - duration a Time, duration - duration a Duration.
local function subtracted(a, b)
  if is(b, "Time") then return difference(a, b, "-") end
  if is(a, "Time") then return must(shifted(a, -1, operand(b, 2, "-"), 1, "-")) end
  return difference_of_durations(operand(a, 1, "-"), operand(b, 2, "-"))
end

Time.__add, Duration.__add = added, added
Time.__sub, Duration.__sub = subtracted, subtracted

--- The same moment, in whatever zones.
function Time.__eq(a, b)
  return is(a, "Time") and is(b, "Time") and rawget(a, 1) == rawget(b, 1) and rawget(a, 2) == rawget(b, 2)
end

function Time.__lt(a, b) return compared(a, b, "<", 2) < 0 end

function Time.__le(a, b) return compared(a, b, "<=", 2) <= 0 end

function Time.__tostring(a) return write_time(COMPILED[LAYOUTS.RFC3339_NANO], parts_of(a, 1, "tostring")) end

Time.__concat = joined

-- Waiting ------------------------------------------------------------------------------------------------------------
-- Durations are handed on as they are: rounding could make a timer fire early.

--- Nanoseconds above zero, or `nil, INVALID` (S11.20).
local function positive_duration(d, fn)
  local nanoseconds, why = read_duration(d, 1, fn)
  if not nanoseconds then return nil, host.invalid(why) end
  if nanoseconds > 0 then return nanoseconds end
  return nil, host.invalid(fn .. " needs a duration above zero")
end

local function handle_of(value, kind, fn)
  return is(value, kind) and rawget(value, 1) or host.raise_argument(1, fn, kind, value)
end

local function channel_of(kind)
  return function(self) return handle_of(self, kind, "channel"):channel() end
end

timer_methods.channel = channel_of("Timer")
timer_methods.response = timer_methods.channel
ticker_methods.channel = channel_of("Ticker")
ticker_methods.response = ticker_methods.channel

--- Whether it was still running.
function timer_methods:stop() return handle_of(self, "Timer", "stop"):stop() end

--- Starts anew; whether it was still running.
function timer_methods:reset(d)
  local handle = handle_of(self, "Timer", "reset")
  return handle:reset(must(positive_duration(d, "reset")))
end

function ticker_methods:stop()
  handle_of(self, "Ticker", "stop"):stop()
  return true
end

-- The module ---------------------------------------------------------------------------------------------------------

local time = {
  NANOSECOND = 1,
  MICROSECOND = 1000,
  MILLISECOND = 1000000,
  SECOND = NANOSECONDS_PER_SECOND,
  MINUTE = 60 * NANOSECONDS_PER_SECOND,
  HOUR = 3600 * NANOSECONDS_PER_SECOND,
  utc = "UTC",
  localtz = "local",
}
for name, layout in pairs(LAYOUTS) do time[name] = layout end
for number, name in ipairs(MONTHS) do time[upper(name)] = number end
for number, name in ipairs(WEEKDAYS) do time[upper(name)] = number - 1 end

function time.now()
  local seconds, nanoseconds = host.now()
  return new_time(seconds, nanoseconds, DEFAULT_ZONE)
end

function time.unix(seconds, nanoseconds)
  return new_time(integer(seconds, 1, "unix"), integer(nanoseconds, 2, "unix", 0), DEFAULT_ZONE)
end

function time.date(year, month, day, hour, minute, second, nanosecond, zone)
  local reading = {
    integer(year, 1, "date"),
    integer(month, 2, "date", 1),
    integer(day, 3, "date", 1),
    integer(hour, 4, "date", 0),
    integer(minute, 5, "date", 0),
    integer(second, 6, "date", 0),
  }
  local nanoseconds = integer(nanosecond, 7, "date", 0)
  local known, err = known_zone(zone, 8, "date")
  if err then return nil, err end
  return time_of_reading(reading, nanoseconds, known)
end

--- `zone` is where the text is from if it does not say so itself.
function time.parse(layout, value, zone)
  layout, value = text(layout, 1, "parse"), text(value, 2, "parse")
  local known, err = known_zone(zone == nil and "UTC" or zone, 3, "parse")
  if err then return nil, err end
  local program = compiled(layout)
  if not program then return nil, layout_too_long() end
  if #value > MAX_LAYOUT then return nil, host.invalid("time of more than " .. MAX_LAYOUT .. " bytes") end
  local function wrong(why)
    return nil, host.invalid("cannot read time " .. quoted(value) .. " as " .. quoted(layout) .. ": " .. why)
  end

  local state, why = read_elements(program, value)
  if not state then return wrong(why) end
  local read, refusal = time_read(state, known)
  if not read then return wrong(refusal) end
  return read
end

--- Any form of a duration, most usefully a text, as a Duration.
function time.parse_duration(duration)
  local nanoseconds, err = whole_duration(duration, 1, "parse_duration")
  if not nanoseconds then return nil, err end
  return new_duration(nanoseconds)
end

function time.fixed_zone(name, offset)
  name, offset = text(name, 1, "fixed_zone"), integer(offset, 2, "fixed_zone")
  if #name > MAX_FIXED_ZONE_NAME or find(name, "%c") then
    return nil, host.invalid("a zone name has at most " .. MAX_FIXED_ZONE_NAME .. " bytes and no control characters")
  end
  if offset <= -SECONDS_PER_DAY or offset >= SECONDS_PER_DAY then
    return nil, host.invalid("a zone offset is less than a day of seconds, got " .. offset)
  end
  return fixed_zone_text(name, offset)
end

function time.load_location(name)
  local known, err = known_zone(text(name, 1, "load_location"), 1, "load_location")
  if err then return nil, err end
  return known or "UTC"
end

--- Stops the calling coroutine. Zero and negative return at once (S11.16).
function time.sleep(d)
  local nanoseconds, why = read_duration(d, 1, "sleep")
  if not nanoseconds then return nil, host.invalid(why) end
  if nanoseconds > 0 then
    local _, err = host.sleep(nanoseconds)
    if err then return nil, err end
  end
  return true
end

function time.after(d)
  local nanoseconds, err = positive_duration(d, "after")
  if not nanoseconds then return nil, err end
  return host.after(nanoseconds)
end

function time.timer(d)
  local nanoseconds, err = positive_duration(d, "timer")
  if not nanoseconds then return nil, err end
  local timer
  timer, err = host.timer(nanoseconds)
  if not timer then return nil, err end
  return setmetatable({ timer }, Timer)
end

function time.ticker(d)
  local nanoseconds, err = positive_duration(d, "ticker")
  if not nanoseconds then return nil, err end
  local ticker
  ticker, err = host.ticker(nanoseconds)
  if not ticker then return nil, err end
  return setmetatable({ ticker }, Ticker)
end

return time, Time, Duration, Timer, Ticker
