-- Formats for `os.date`, by the letters of C's strftime, with the English names of the C locale.
--
-- Returns expand(format, fields of calendar.lua with `offset` and, if it has a name, `zone`).

local _, parts = ...
parts.blame.own()

local select, type = select, type
local find, format, gsub, sub = string.find, string.format, string.gsub, string.sub
local argument, calendar = parts.blame.argument, parts.calendar
local days_from_date, date_from_days = calendar.days_from_date, calendar.date_from_days

local DAYS = { "Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday" }
local MONTHS = {
  "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
  "December",
}

--- The week of the year when weeks begin on `first` (0: Sunday): those before the first such day are week 0.
local function week(d, first)
  return (d.yday + 6 - (d.wday - 1 - first) % 7) // 7
end

--- The ISO 8601 year and week: a week belongs to the year its Thursday is in.
local function iso_week(d)
  local thursday = days_from_date(d.year, 1, 1) + d.yday - 1 + 3 - (d.wday + 5) % 7
  local year = date_from_days(thursday)
  return year, (thursday - days_from_date(year, 1, 1)) // 7 + 1
end

local function zone(d)
  local minutes = d.offset // 60
  local sign = minutes < 0 and "-" or "+"
  if minutes < 0 then minutes = -minutes end
  return format("%s%02d%02d", sign, minutes // 60, minutes % 60)
end

local function hour12(d)
  return (d.hour + 11) % 12 + 1
end

--- What stands for each letter: a format of other letters, or a function of the moment.
local LETTERS = {
  c = "%a %b %e %H:%M:%S %Y", D = "%m/%d/%y", F = "%Y-%m-%d", h = "%b", r = "%I:%M:%S %p", R = "%H:%M",
  T = "%H:%M:%S", x = "%m/%d/%y", X = "%H:%M:%S", n = "\n", t = "\t",
  a = function(d) return sub(DAYS[d.wday], 1, 3) end,
  A = function(d) return DAYS[d.wday] end,
  b = function(d) return sub(MONTHS[d.month], 1, 3) end,
  B = function(d) return MONTHS[d.month] end,
  C = function(d) return format("%02d", d.year // 100) end,
  d = function(d) return format("%02d", d.day) end,
  e = function(d) return format("%2d", d.day) end,
  g = function(d) return format("%02d", iso_week(d) % 100) end,
  G = function(d) return format("%d", (iso_week(d))) end,
  H = function(d) return format("%02d", d.hour) end,
  I = function(d) return format("%02d", hour12(d)) end,
  j = function(d) return format("%03d", d.yday) end,
  m = function(d) return format("%02d", d.month) end,
  M = function(d) return format("%02d", d.min) end,
  p = function(d) return d.hour < 12 and "AM" or "PM" end,
  S = function(d) return format("%02d", d.sec) end,
  u = function(d) return format("%d", (d.wday + 5) % 7 + 1) end,
  U = function(d) return format("%02d", week(d, 0)) end,
  V = function(d) return format("%02d", (select(2, iso_week(d)))) end,
  w = function(d) return format("%d", d.wday - 1) end,
  W = function(d) return format("%02d", week(d, 1)) end,
  y = function(d) return format("%02d", d.year % 100) end,
  Y = function(d) return format("%d", d.year) end,
  z = zone,
  Z = function(d) return d.zone or zone(d) end,
}
LETTERS["%"] = function() return "%" end
--- The letters that take a modifier, which changes nothing in the C locale.
local MODIFIED = { E = "^[cCxXyY]", O = "^[deHImMSuUVwWy]" }

local function expand(form, d)
  return (gsub(form, "%%([EO]?)(.?)", function(modifier, letter)
    local meaning = LETTERS[letter]
    if not meaning or modifier ~= "" and not find(letter, MODIFIED[modifier]) then
      argument("date", 1, "invalid conversion specifier '%" .. modifier .. letter .. "'")
    end
    if type(meaning) == "string" then return expand(meaning, d) end
    return meaning(d)
  end))
end

return { expand = expand }
