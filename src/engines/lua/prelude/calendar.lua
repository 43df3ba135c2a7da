-- The calendar: what date and wall-clock time a moment is, and the other way round. The proleptic Gregorian calendar, in
-- the time zone of the host.
--
-- Returns broken_down(time, offset) -> fields, moment_of(fields as seconds, summer), days_from_date, date_from_days,
-- is_summer.

local host, parts = ...
parts.blame.own()

local zone_offset = host.zone_offset

local DAY = 86400

--- The days from 1970-01-01 to a date; months beyond the year count on. The year is taken to begin in March, so that the
--- leap day is its last.
local function days_from_date(year, month, day)
  month = month - 3
  year = year + month // 12
  month = month % 12
  return 365 * year + year // 4 - year // 100 + year // 400 + (153 * month + 2) // 5 + day - 719469
end

--- The date of a number of days since 1970-01-01.
local function date_from_days(days)
  days = days + 719468
  local era, day = days // 146097, days % 146097
  local year = (day - day // 1460 + day // 36524 - day // 146096) // 365
  day = day - (365 * year + year // 4 - year // 100)
  local month = (5 * day + 2) // 153
  day = day - (153 * month + 2) // 5 + 1
  year = year + 400 * era
  if month < 10 then return year, month + 3, day end
  return year + 1, month - 9, day
end

--- Whether summer time holds: the offset is more than the smaller of those in January and July.
local function is_summer(year, offset)
  local january = zone_offset(days_from_date(year, 1, 1) * DAY)
  local july = zone_offset(days_from_date(year, 7, 1) * DAY)
  return offset > (january < july and january or july)
end

--- A moment as the clock on the wall shows it, `offset` seconds east of Greenwich.
local function broken_down(time, offset)
  local shown = time + offset
  local days, second = shown // DAY, shown % DAY
  local year, month, day = date_from_days(days)
  return {
    year = year, month = month, day = day, hour = second // 3600, min = second // 60 % 60, sec = second % 60,
    wday = (days + 4) % 7 + 1, yday = days - days_from_date(year, 1, 1) + 1,
  }
end

--- The moment at which the clock on the wall shows `shown`. It shows some moments twice, when summer time ends, and skips
--- some when it begins; `summer` chooses.
local function moment_of(shown, summer)
  local before, after = zone_offset(shown - DAY), zone_offset(shown + DAY)
  local first, second = shown - before, shown - after
  local is_first, is_second = zone_offset(first) == before, zone_offset(second) == after
  if is_first and is_second then return (summer == (before < after)) and second or first end
  return is_second and second or first
end

return {
  broken_down = broken_down, moment_of = moment_of, days_from_date = days_from_date, date_from_days = date_from_days,
  is_summer = is_summer,
}
