/**
 * What Lua's module `time` must do, as programs and what they print. Whoever runs them provides `time`, a `print` that
 * joins its arguments by a blank, and the zone Europe/Berlin; nothing here depends on what time it is or on which zone
 * is the local one.
 */

/** One program, and the lines it prints. */
export interface LuaCase {
  name: string;
  source: string;
  prints: readonly string[];
}

/** The message of an argument error without the type that was found: how that is named is not this module's business. */
const BRIEF = `local function brief(err) return (err:message():gsub(", got .*", "")) end`;

const durations: readonly LuaCase[] = [
  {
    name: "has units that are numbers of nanoseconds [S11.15]",
    source: `
      print(time.NANOSECOND, time.MICROSECOND, time.MILLISECOND)
      print(time.SECOND, time.MINUTE, time.HOUR)
      print(math.type(time.SECOND), time.SECOND * 1.5)`,
    prints: ["1 1000 1000000", "1000000000 60000000000 3600000000000", "integer 1500000000.0"],
  },
  {
    name: "reads durations written with units, signs and fractions [S11.15]",
    source: `
      local function ns(text) return time.parse_duration(text):nanoseconds() end
      print(ns("300ms"), ns("1m30s"), ns("1h30m"), ns("1.5s"), ns(".5s"), ns("1.s"))
      print(ns("0"), ns("-0"), ns("+5s"), ns("-1m30s"), ns("30s1h"), ns("1s1s"))
      print(ns("2us"), ns("2µs"), ns("100ns"), ns("0.1h"), ns("0.000000000001h"), ns("1.9ns"))
      print(ns("2562047h47m16.854775807s"), ns("000001s"))
      print(ns("2\u03bcs"), ns("-1.5\u03bcs"))
      print(ns("-9223372036854775808ns"), ns("-2562047h47m16.854775808s"), ns("9223372036854775807ns"))`,
    prints: [
      "300000000 90000000000 5400000000000 1500000000 500000000 1000000000",
      "0 0 5000000000 -90000000000 3630000000000 2000000000",
      "2000 2000 100 360000000000 3 1",
      "9223372036854775807 1000000000",
      "2000 -1500",
      "-9223372036854775808 -9223372036854775808 9223372036854775807",
    ],
  },
  {
    name: "refuses durations it cannot read and says why [S12.16]",
    source: `
      for _, text in ipairs{"", " ", "5", "s", "5 s", " 5s", "5s ", "5S", "5d", "1,5s", "1e3s", "0x5s", "--5s", "-",
                            "+", "5s-3s", ".s", ".", "1..5s", "5sx", "00", "1m30", "5s\\n", "NaN", "Infinitys",
                            "9223372036854775808ns", "9223372036854775807.9ns1ns", "-9223372036854775809ns",
                            "-2562047h47m16.854775809s", "2562047h47m16.854775808s", "-9223372036854775808ns1ns",
                            "2562048h", ("9"):rep(200) .. "h", ("1s"):rep(100000)} do
        local d, err = time.parse_duration(text)
        assert(d == nil and err:kind() == "Invalid", text)
      end
      local function why(text) print((select(2, time.parse_duration(text)):message())) end
      why("1h30")
      why("5d")
      why("1h,5s")
      why("2562048h")`,
    prints: [
      'invalid duration "1h30": a unit is missing at byte 5',
      'invalid duration "5d": unknown unit "d" at byte 2',
      'invalid duration "1h,5s": unknown unit "h," at byte 2',
      'invalid duration "2562048h": more than 64 bits of nanoseconds',
    ],
  },
  {
    name: "writes durations as Go does",
    source: `
      local function text(ns) return tostring(time.parse_duration(ns)) end
      print(text(0), text(1), text(1500), text(300 * time.MILLISECOND), text(1.5 * time.SECOND), text(-90 * time.SECOND))
      print(text(time.HOUR), text(90 * time.MINUTE), text(100 * time.HOUR + 1))
      print(text(math.maxinteger), text(math.mininteger))
      print("waited " .. time.parse_duration("2s") .. "!", time.parse_duration("2s"):string())`,
    prints: [
      "0s 1ns 1.5µs 300ms 1.5s -1m30s",
      "1h0m0s 1h30m0s 100h0m0.000000001s",
      "2562047h47m16.854775807s -2562047h47m16.854775808s",
      "waited 2s! 2s",
    ],
  },
  {
    name: "counts durations in units: whole ones up to milliseconds, fractions from seconds on [S11.21]",
    source: `
      local d = time.parse_duration("-1h30m0.0015009s")
      print(d:nanoseconds(), d:microseconds(), d:milliseconds())
      print(time.parse_duration("90m"):seconds(), time.parse_duration("90s"):minutes(), time.parse_duration("90m"):hours())`,
    prints: ["-5400001500900 -5400001500 -5400001", "5400.0 1.5 1.5"],
  },
  {
    name: "reckons and compares with durations, numbers and texts",
    source: `
      local s = time.parse_duration("1s")
      print(s + s, s + time.SECOND, "1m" + s, s - "1ms", time.MINUTE - s, -s)
      print(s * 2, 1.5 * s, s / 4, s / time.parse_duration("250ms"))
      print(s == time.parse_duration("1000ms"), s < "1m", s <= time.SECOND, s > 5, s == 1000000000)
      print(time.parse_duration("1m29s"):round("1m"), time.parse_duration("-1m30s"):round("1m"),
        time.parse_duration("-1m59s"):truncate("1m"), time.parse_duration("1.5s"):truncate(0), (-s):abs())
      print(time.parse_duration(math.mininteger):abs():nanoseconds(), (-time.parse_duration(math.mininteger)):nanoseconds())`,
    prints: [
      "2s 2s 1m1s 999ms 59s -1s",
      "2s 1.5s 250ms 4.0",
      "true true true true false",
      "1m0s -2m0s -1m0s 1.5s 1s",
      "9223372036854775807 9223372036854775807",
    ],
  },
  {
    name: "raises where a duration would not fit, and where an operator is given something else",
    source: `
      ${BRIEF}
      local long = time.parse_duration(math.maxinteger)
      local function fails(f)
        local ok, err = pcall(f)
        print(ok, err:kind(), brief(err))
      end
      fails(function() return long + 1 end)
      fails(function() return long * 2 end)
      fails(function() return long / 0 end)
      fails(function() return long + "soon" end)
      fails(function() return long * long end)
      fails(function() return long < {} end)`,
    prints: [
      "false Invalid a duration of more than 64 bits of nanoseconds",
      "false Invalid a duration of more than 64 bits of nanoseconds",
      "false Invalid division of a duration by zero",
      'false Invalid invalid duration "soon": a number is missing at byte 1',
      "false Invalid bad argument #2 to '*' (number expected",
      "false Invalid bad argument #2 to '<' (duration expected",
    ],
  },
];

const waiting: readonly LuaCase[] = [
  {
    name: "sleeps at least as long as it is told, by text, number or Duration [S11.15, S11.16, S11.22]",
    source: `
      local function slept(d)
        local before = time.now()
        local result = time.sleep(d)
        return result and time.now():sub(before)
      end
      print(slept("20ms") >= "20ms", slept(20 * time.MILLISECOND) >= "20ms", slept(time.parse_duration("20ms")) >= "20ms")
      print(time.sleep(0), time.sleep(-5), time.sleep("-1h"), time.sleep("0"))`,
    prints: ["true true true", "true true true true"],
  },
  {
    name: "gives one Time after a while, and then closes the channel [S11.17]",
    source: `
      local before = time.now()
      local channel = time.after("20ms")
      local moment, ok = channel:receive()
      print(ok, moment:sub(before) >= "20ms", channel:receive())`,
    prints: ["true true nil false"],
  },
  {
    name: "has timers that give one Time and tell whether they ran [S11.18]",
    source: `
      local timer = time.timer("20ms")
      print(timer:channel() == timer:response())
      local moment, ok = timer:channel():receive()
      print(ok, moment:unix() > 0, timer:stop())
      local stopped = time.timer("1h")
      print(stopped:stop(), stopped:stop())
      local before = time.now()
      local anew = time.timer("1h")
      print(anew:reset("20ms"))
      local again, ok_again = anew:channel():receive()
      print(ok_again, again:sub(before) >= "20ms", again:sub(before) < "1h")`,
    prints: ["true", "true true false", "true false", "true", "true true true"],
  },
  {
    name: "raises when a timer is reset with a bad duration [S11.18]",
    source: `
      ${BRIEF}
      local timer = time.timer("1h")
      for _, d in ipairs{"soon", 0, -1, "-1s", 0/0} do
        local ok, err = pcall(timer.reset, timer, d)
        assert(not ok and err:kind() == "Invalid")
      end
      local ok, err = pcall(timer.reset, timer, {})
      print(ok, brief(err))
      print(timer:stop())`,
    prints: ["false bad argument #1 to 'reset' (duration expected", "true"],
  },
  {
    name: "has tickers that give a Time per interval until they are stopped [S11.19]",
    source: `
      local ticker = time.ticker("10ms")
      print(ticker:channel() == ticker:response())
      local first, ok = ticker:channel():receive()
      local second, ok_too = ticker:channel():receive()
      print(ok, ok_too, first < second)
      print(ticker:stop(), ticker:channel():receive())`,
    prints: ["true", "true true true", "true nil false"],
  },
  {
    name: "answers INVALID when there is nothing to wait for or the duration is unreadable [S11.20]",
    source: `
      local function answer(fn, d)
        local result, err = time[fn](d)
        assert(result == nil and err:kind() == "Invalid", fn)
      end
      for _, fn in ipairs{"after", "timer", "ticker"} do
        for _, d in ipairs{0, -1, 0.0, "0", "-5s", "soon", "", 0/0, 1/0, 2^63} do answer(fn, d) end
      end
      for _, d in ipairs{"soon", "", 0/0, 1/0} do answer("sleep", d) end
      print(select(2, time.after(0)):message())`,
    prints: ["after needs a duration above zero"],
  },
  {
    name: "raises when what should be a duration is of another type [S12.11]",
    source: `
      ${BRIEF}
      for _, fn in ipairs{"sleep", "after", "timer", "ticker"} do
        for _, d in ipairs{false, {}, print, time.now()} do
          local ok, err = pcall(time[fn], d)
          assert(not ok and err:kind() == "Invalid" and err:message():find("bad argument #1 to '" .. fn .. "'", 1, true))
        end
      end
      print(brief(select(2, pcall(time.sleep))))`,
    prints: ["bad argument #1 to 'sleep' (duration expected"],
  },
];

const times: readonly LuaCase[] = [
  {
    name: "tells the time, as RFC 3339 when made a text [S11.21]",
    source: `
      local now = time.now()
      print(math.type(now:unix()), now:unix() > 1000000000, now:location())
      print((tostring(now):gsub("%.%d+", ""):gsub("%d", "9")))
      print(time.unix(1705329045), time.unix(1705329045, 120000000), "at " .. time.unix(0) .. "!")
      print(time.unix(0):in_location("Europe/Berlin"))`,
    prints: [
      "integer true UTC",
      "9999-99-99T99:99:99Z",
      "2024-01-15T14:30:45Z 2024-01-15T14:30:45.12Z at 1970-01-01T00:00:00Z!",
      "1970-01-01T01:00:00+01:00",
    ],
  },
  {
    name: "adds durations and takes the difference [S11.21]",
    source: `
      local t = time.unix(1705329045, 999999999)
      print(t:add("1ns"), t:add(time.SECOND), t:add(time.parse_duration("-1m")), t:add(0.6))
      print(t:add("1h"):sub(t), t:sub(t:add("1.5s")):nanoseconds(), t:add("1.5s"):sub(t):milliseconds(), t:sub(t):seconds())
      print(t + "1h" == t:add("1h"), time.SECOND + t == t:add("1s"), t - "1h" == t:add("-1h"), t + "1h" - t)
      print(time.date(3000, 1, 1):sub(time.date(1000, 1, 1)), time.date(1000, 1, 1):sub(time.date(3000, 1, 1)))`,
    prints: [
      "2024-01-15T14:30:46Z 2024-01-15T14:30:46.999999999Z 2024-01-15T14:29:45.999999999Z 2024-01-15T14:30:46Z",
      "1h0m0s -1500000000 1500 0.0",
      "true true true 1h0m0s",
      "2562047h47m16.854775807s -2562047h47m16.854775808s",
    ],
  },
  {
    name: "compares moments, whatever their zones",
    source: `
      ${BRIEF}
      local a, b = time.unix(100, 5), time.unix(100, 6)
      print(a:before(b), a:after(b), a:equal(b), a:compare(b), b:compare(a), a:compare(a))
      print(a < b, a <= b, a == b, a > b, a == time.unix(100, 5):in_location("Europe/Berlin"))
      print(time.date(1, 1, 1):is_zero(), a:is_zero(), a == 100, a ~= time.parse_duration(100))
      print(brief(select(2, pcall(function() return a < 100 end))))`,
    prints: [
      "true false false -1 1 0",
      "true true false false true",
      "true false false true",
      "bad argument #2 to '<' (Time expected",
    ],
  },
  {
    name: "has its parts",
    source: `
      local t = time.date(2024, 12, 31, 23, 59, 58, 7)
      print(t:year(), t:month(), t:day(), t:hour(), t:minute(), t:second(), t:nanosecond(), t:weekday(), t:year_day())
      print(t:date())
      print(t:clock())
      print(t:unix(), t:unix_milli(), t:unix_nano())
      print(time.unix(-1, 500000000):unix_milli(), time.date(1900, 2, 28):year_day(), time.date(1600, 3, 1):year_day())
      print(t:month() == time.DECEMBER, t:weekday() == time.TUESDAY, time.SUNDAY, time.JANUARY)
      print(time.date(3000):unix_nano())`,
    prints: [
      "2024 12 31 23 59 58 7 2 366",
      "2024 12 31",
      "23 59 58",
      "1735689598 1735689598000 1735689598000000007",
      "-500 59 61",
      "true true 0 1",
      "nil time out of the range of 64 bits of nanoseconds",
    ],
  },
  {
    name: "carries over what is too much of a part of a date",
    source: `
      print(time.date(2023, 14, 1), time.date(2024, 1, 32), time.date(2024, 3, 0), time.date(2024, 1, 1, -1))
      print(time.date(2024, 1, 1, 0, 0, 86400, -1), time.date(2024, 0, 1), time.date(2024, -11, 1), time.date(2024))
      print(time.date(-1, 1, 1), time.date(0, 3, 0), time.date(12345, 6, 7))
      local t = time.date(2024, 1, 31, 10)
      print(t:add_date(0, 1, 0), t:add_date(1, 1, 1), t:add_date(-4, 0, 0), t:add_date(0, 0, -31), t:add_date() == t)`,
    prints: [
      "2024-02-01T00:00:00Z 2024-02-01T00:00:00Z 2024-02-29T00:00:00Z 2023-12-31T23:00:00Z",
      "2024-01-01T23:59:59.999999999Z 2023-12-01T00:00:00Z 2023-01-01T00:00:00Z 2024-01-01T00:00:00Z",
      "-0001-01-01T00:00:00Z 0000-02-29T00:00:00Z 12345-06-07T00:00:00Z",
      "2024-03-02T10:00:00Z 2025-03-04T10:00:00Z 2020-01-31T10:00:00Z 2023-12-31T10:00:00Z true",
    ],
  },
  {
    name: "cuts and rounds",
    source: `
      local t = time.unix(1705329045, 678901234)
      print(t:truncate("1s"), t:truncate("1h"), t:truncate("24h"), t:truncate(0) == t, t:truncate("7ns"):unix_nano())
      print(t:round("1s"), t:round("1ms"), t:round("1h"), t:round("24h"), t:round(-1) == t)
      print(time.unix(0):truncate(math.maxinteger), time.date(200000, 1, 1):truncate("49h"))`,
    prints: [
      "2024-01-15T14:30:45Z 2024-01-15T14:00:00Z 2024-01-15T00:00:00Z true 1705329045678901234",
      "2024-01-15T14:30:46Z 2024-01-15T14:30:45.679Z 2024-01-15T15:00:00Z 2024-01-16T00:00:00Z true",
      "1754-08-30T22:43:41.128654842Z 199999-12-30T05:00:00Z",
    ],
  },
  {
    name: "has only moments that can be sent",
    source: `
      print(time.unix(8640000000000), time.unix(-8640000000000))
      for _, far in ipairs{8640000000001, -8640000000001, math.maxinteger, math.mininteger} do
        local t, err = time.unix(far, 999999999)
        assert(t == nil and err:kind() == "Invalid")
      end
      local last = time.unix(8640000000000)
      print(last:add("1s"))
      print(pcall(function() return last + "1s" end))
      for part = 1, 7 do
        local parts = {2024, 1, 1, 0, 0, 0, 0}
        for _, far in ipairs{math.maxinteger, math.mininteger} do
          parts[part] = far
          local t = time.date(table.unpack(parts))
          assert((t == nil) == (part < 7), part)
        end
      end
      print(last:add_date(math.maxinteger, math.maxinteger, math.maxinteger) == nil)`,
    prints: [
      "275760-09-13T00:00:00Z -271821-04-20T00:00:00Z",
      "nil time out of range: only the years -271821 to 275760 are there",
      "false time out of range: only the years -271821 to 275760 are there",
      "true",
    ],
  },
];

const zones: readonly LuaCase[] = [
  {
    name: "shows a moment in other zones",
    source: `
      local t = time.date(2024, 7, 1, 12)
      local there = t:in_location("Europe/Berlin")
      print(there, there:location(), there:hour(), there == t, there:utc(), there:add("1h"):location())
      print(t:in_location(time.fixed_zone("EST", -5 * 3600)):format(time.RFC1123))
      print(t:in_location("+05:30"), t:in_location(time.fixed_zone("", 19815)))
      print(t:in_local():location(), t:in_local() == t, t:location())`,
    prints: [
      "2024-07-01T14:00:00+02:00 Europe/Berlin 14 true 2024-07-01T12:00:00Z Europe/Berlin",
      "Mon, 01 Jul 2024 07:00:00 EST",
      "2024-07-01T17:30:00+05:30 2024-07-01T17:30:15+05:30",
      "local true UTC",
    ],
  },
  {
    name: "makes dates of the clock of a zone, also where clocks are changed",
    source: `
      local function at(month, day, hour, minute)
        return time.date(2024, month, day, hour, minute, 0, 0, "Europe/Berlin")
      end
      print(at(1, 1, 0, 0), at(7, 1, 0, 0), at(7, 1, 0, 0):utc())
      print(at(3, 31, 1, 59), at(3, 31, 2, 30), at(3, 31, 3, 0))
      print(at(10, 27, 1, 59), at(10, 27, 2, 30), at(10, 27, 3, 0))
      print(at(3, 30, 12, 0):add_date(0, 0, 1), at(3, 30, 12, 0):add("24h"))`,
    prints: [
      "2024-01-01T00:00:00+01:00 2024-07-01T00:00:00+02:00 2024-06-30T22:00:00Z",
      "2024-03-31T01:59:00+01:00 2024-03-31T03:30:00+02:00 2024-03-31T03:00:00+02:00",
      "2024-10-27T01:59:00+02:00 2024-10-27T02:30:00+01:00 2024-10-27T03:00:00+01:00",
      "2024-03-31T12:00:00+02:00 2024-03-31T13:00:00+02:00",
    ],
  },
  {
    name: "has zones that are texts, and refuses those there are not",
    source: `
      ${BRIEF}
      print(time.utc, time.localtz, time.load_location("Europe/Berlin"), time.load_location("UTC"))
      print(time.fixed_zone("EST", -18000), time.fixed_zone("", 19800), time.fixed_zone("LMT", -3208))
      for _, name in ipairs{"", "Europe/Nowhere", "+5:30", ("x"):rep(100000), "\\0"} do
        local zone, err = time.load_location(name)
        assert(zone == nil and err:kind() == "Invalid")
        assert(time.unix(0):in_location(name) == nil and time.date(2024, 1, 1, 0, 0, 0, 0, name) == nil)
        assert(time.parse(time.DATE_ONLY, "2024-01-01", name) == nil)
      end
      print(time.load_location("Europe/Nowhere"))
      print(time.fixed_zone("EST", 86400))
      print(time.fixed_zone(("x"):rep(33), 0) == nil, time.fixed_zone("a\\n", 0) == nil)
      print(brief(select(2, pcall(time.date, 2024, 1, 1, 0, 0, 0, 0, 5))))
      print(brief(select(2, pcall(time.now().in_location, time.now()))))`,
    prints: [
      "UTC local Europe/Berlin UTC",
      "EST-05:00 +05:30 LMT-00:53:28",
      'nil unknown time zone "Europe/Nowhere"',
      "nil a zone offset is less than a day of seconds, got 86400",
      "true true",
      "bad argument #8 to 'date' (zone expected",
      "bad argument #1 to 'in_location' (zone expected",
    ],
  },
];

const layouts: readonly LuaCase[] = [
  {
    name: "writes times by the usual layouts",
    source: `
      local t = time.date(2024, 7, 5, 9, 8, 7, 120000000, "Europe/Berlin")
      for _, name in ipairs{"ANSIC", "UNIX_DATE", "RUBY_DATE", "RFC822", "RFC822Z", "RFC850", "RFC1123", "RFC1123Z", "RFC3339",
                            "RFC3339_NANO", "KITCHEN", "STAMP", "STAMP_MILLI", "STAMP_MICRO", "STAMP_NANO", "DATE_TIME",
                            "DATE_ONLY", "TIME_ONLY"} do
        print(t:format(time[name]))
      end`,
    prints: [
      "Fri Jul  5 09:08:07 2024",
      "Fri Jul  5 09:08:07 CEST 2024",
      "Fri Jul 05 09:08:07 +0200 2024",
      "05 Jul 24 09:08 CEST",
      "05 Jul 24 09:08 +0200",
      "Friday, 05-Jul-24 09:08:07 CEST",
      "Fri, 05 Jul 2024 09:08:07 CEST",
      "Fri, 05 Jul 2024 09:08:07 +0200",
      "2024-07-05T09:08:07+02:00",
      "2024-07-05T09:08:07.12+02:00",
      "9:08AM",
      "Jul  5 09:08:07",
      "Jul  5 09:08:07.120",
      "Jul  5 09:08:07.120000",
      "Jul  5 09:08:07.120000000",
      "2024-07-05 09:08:07",
      "2024-07-05",
      "09:08:07",
    ],
  },
  {
    name: "writes times by any other layout",
    source: `
      local t = time.date(2024, 2, 3, 16, 5, 6, 70000000, time.fixed_zone("", -12645))
      print(t:format("January Jan Monday Mon 1/2/06 01/02/2006 _2 __2 002"))
      print(t:format("15 03 3 04 4 05 5 PM pm .000 ,000 .999 .99 .9"))
      print(t:format("-07 -0700 -07:00 -070000 -07:00:00 Z07 Z0700 Z07:00 Z070000 Z07:00:00 MST"))
      print(t:utc():format("Z07 Z0700 Z07:00 -07:00 MST"), time.date(2024, 1, 1):format("3PM ,999"), t:format(""))
      print(t:format("Jane Monk _2006 .0001 plain 100% \\0"):byte(1, -1) and t:format("Jane Monk _2006 .0005 plain"))`,
    prints: [
      "February Feb Saturday Sat 2/3/24 02/03/2024  3  34 034",
      "16 04 4 05 5 06 6 PM pm .070 ,070 .07 .07 ",
      "-03 -0330 -03:30 -033045 -03:30:45 -03 -0330 -03:30 -033045 -03:30:45 -0330",
      "Z Z Z +00:00 UTC 12AM  ",
      "Jane Monk _2024 .0006 plain",
    ],
  },
  {
    name: "reads times by a layout",
    source: `
      print(time.parse(time.RFC3339, "2024-07-05T09:08:07Z"), time.parse(time.RFC3339, "2024-07-05T09:08:07.12+02:00"))
      print(time.parse(time.RFC1123, "Mon, 15 Jan 2024 14:30:45 GMT"), time.parse(time.RFC850, "Monday, 15-Jan-24 14:30:45 UTC"))
      print(time.parse(time.ANSIC, "mon JAN 15 14:30:45 2024"), time.parse(time.KITCHEN, "12:01AM"), time.parse("3pm", "12pm"))
      print(time.parse("2006 002", "2024 366"), time.parse("06-1-2", "69-7-4"), time.parse("06-1-2", "68-7-4"))
      print(time.parse("15:04:05,000", "01:02:03,450"), time.parse("15:04:05", "01:02:03.123456789123"))
      print(time.parse("2006-01-02 15:04 MST", "2024-01-15 14:30 GMT-3"), time.parse("15 MST", "14 +0530"))
      print(time.parse("", ""), time.parse(2006, 2024))`,
    prints: [
      "2024-07-05T09:08:07Z 2024-07-05T09:08:07.12+02:00",
      "2024-01-15T14:30:45Z 2024-01-15T14:30:45Z",
      "2024-01-15T14:30:45Z 0000-01-01T00:01:00Z 0000-01-01T12:00:00Z",
      "2024-12-31T00:00:00Z 1969-07-04T00:00:00Z 2068-07-04T00:00:00Z",
      "0000-01-01T01:02:03.45Z 0000-01-01T01:02:03.123456789Z",
      "2024-01-15T14:30:00-03:00 0000-01-01T14:00:00+05:30",
      "0000-01-01T00:00:00Z 2024-01-01T00:00:00Z",
    ],
  },
  {
    name: "reads times of a zone, and keeps the zone where the text agrees with it",
    source: `
      local function read(layout, value)
        local t = time.parse(layout, value, "Europe/Berlin")
        return t:utc():format(time.DATE_TIME) .. " in " .. t:location()
      end
      print(read(time.DATE_TIME, "2024-07-05 09:08:07"))
      print(read(time.RFC3339, "2024-07-05T09:08:07+02:00"))
      print(read(time.RFC3339, "2024-07-05T09:08:07+01:00"))
      print(read(time.RFC3339, "2024-07-05T09:08:07Z"))
      print(read("2006-01-02 15:04 MST", "2024-10-27 02:30 CEST"))
      print(read("2006-01-02 15:04 MST", "2024-10-27 02:30 CET"))
      print(read("2006-01-02 15:04 MST", "2024-07-05 02:30 PDT"))
      print(read("2006-01-02 15:04 -0700 MST", "2024-07-05 02:30 -0700 PDT"))`,
    prints: [
      "2024-07-05 07:08:07 in Europe/Berlin",
      "2024-07-05 07:08:07 in Europe/Berlin",
      "2024-07-05 08:08:07 in +01:00",
      "2024-07-05 09:08:07 in UTC",
      "2024-10-27 00:30:00 in Europe/Berlin",
      "2024-10-27 01:30:00 in Europe/Berlin",
      "2024-07-05 02:30:00 in PDT+00:00",
      "2024-07-05 09:30:00 in PDT-07:00",
    ],
  },
  {
    name: "refuses times that do not fit their layout and says where",
    source: `
      local function why(layout, value)
        local t, err = time.parse(layout, value)
        assert(t == nil and err:kind() == "Invalid", value)
        print((err:message():gsub("^cannot read time ", "")))
      end
      why(time.DATE_ONLY, "2024/01/01")
      why(time.DATE_ONLY, "2024-13-01")
      why(time.DATE_ONLY, "2023-02-29")
      why(time.DATE_ONLY, "2024-01-01x")
      why(time.DATE_ONLY, "24-01-01")
      why("Mon", "Moonday")
      why("15:04:05", "24:00:00")
      why(time.RFC3339, "2024-01-01T00:00:00+24:00")
      why("2006 002", "2023 366")
      why("2006-01-02 002", "2024-01-02 003")
      why("MST", "lower")
      why("\\n", "\\200")
      for _, value in ipairs{"", "2024", "2024-1-1", " 2024-01-01", "2024-01-", "2024-01-0", "٢٠٢٤-01-01"} do
        assert(time.parse(time.DATE_ONLY, value) == nil, value)
      end`,
    prints: [
      '"2024/01/01" as "2006-01-02": "-" expected at byte 5',
      '"2024-13-01" as "2006-01-02": month out of range at byte 6',
      '"2023-02-29" as "2006-01-02": day out of range',
      '"2024-01-01x" as "2006-01-02": extra text at byte 11',
      '"24-01-01" as "2006-01-02": what stands at byte 1 does not fit "2006"',
      '"Moonday" as "Mon": what stands at byte 1 does not fit "Mon"',
      '"24:00:00" as "15:04:05": hour out of range at byte 1',
      '"2024-01-01T00:00:00+24:00" as "2006-01-02T15:04:05Z07:00": time zone offset out of range at byte 20',
      '"2023 366" as "2006 002": year day out of range',
      '"2024-01-02 003" as "2006-01-02 002": the day of the year is another day than month and day',
      '"lower" as "MST": what stands at byte 1 does not fit "MST"',
      '"?" as "?": "?" expected at byte 1',
    ],
  },
  {
    name: "takes no layout and no text of any length",
    source: `
      local long = (".000x"):rep(200000)
      print(time.unix(0):format(long))
      print(time.parse(long, "x"))
      print(time.parse("2006", long))
      print(#time.unix(0):format(("January"):rep(146)))`,
    prints: [
      "nil layout of more than 1024 bytes",
      "nil layout of more than 1024 bytes",
      "nil time of more than 1024 bytes",
      "1022",
    ],
  },
];

const trust: readonly LuaCase[] = [
  {
    name: "raises for arguments of the wrong type [S12.11]",
    source: `
      ${BRIEF}
      local function fails(f, ...)
        local ok, err = pcall(f, ...)
        assert(not ok and err:kind() == "Invalid")
        print(brief(err))
      end
      local t = time.unix(0)
      fails(time.unix, "x")
      fails(time.unix, 1.5)
      fails(time.date)
      fails(time.date, 2024, {})
      fails(time.parse, nil, "x")
      fails(time.parse_duration, {})
      fails(t.format, t)
      fails(t.before, t, 5)
      fails(t.add, t, {})
      fails(t.add_date, t, "x")
      fails(t.unix, {0, 0})
      fails(t.unix)
      fails(time.parse_duration("1s").seconds, t)
      fails(time.timer("1h").stop, time.ticker("1h"))`,
    prints: [
      "bad argument #1 to 'unix' (integer expected",
      "bad argument #1 to 'unix' (integer expected",
      "bad argument #1 to 'date' (integer expected",
      "bad argument #2 to 'date' (integer expected",
      "bad argument #1 to 'parse' (string expected",
      "bad argument #1 to 'parse_duration' (duration expected",
      "bad argument #1 to 'format' (string expected",
      "bad argument #1 to 'before' (Time expected",
      "bad argument #1 to 'add' (duration expected",
      "bad argument #1 to 'add_date' (integer expected",
      "bad argument #1 to 'unix' (Time expected",
      "bad argument #1 to 'unix' (Time expected",
      "bad argument #1 to 'seconds' (Duration expected",
      "bad argument #1 to 'stop' (Timer expected",
    ],
  },
  {
    name: "has values that cannot be changed by assignment, and metatables that cannot be reached",
    source: `
      local t, d = time.unix(0), time.parse_duration("1s")
      for _, value in ipairs{t, d, time.timer("1h"), time.ticker("1h")} do
        print(getmetatable(value), pcall(setmetatable, value, {}) == false, select(2, pcall(function() value.x = 1 end)))
      end`,
    prints: [
      "false true a Time cannot be changed",
      "false true a Duration cannot be changed",
      "false true a Timer cannot be changed",
      "false true a Ticker cannot be changed",
    ],
  },
  {
    name: "gives errors, and nothing worse, when a script writes garbage into its values",
    source: `
      ${BRIEF}
      local garbage = {false, "x", 0.5, -1, 2^70, math.maxinteger, math.mininteger, {}, print, ("x"):rep(100), "Europe/Nowhere"}
      for _, value in ipairs(garbage) do
        for field = 1, 3 do
          local t, d = time.unix(0), time.parse_duration("1s")
          rawset(t, field, value)
          rawset(d, 1, value)
          for _, f in ipairs{"unix", "date", "clock", "utc", "location", "unix_nano", "is_zero", "in_local"} do pcall(t[f], t) end
          pcall(t.format, t, time.RFC1123)
          pcall(t.add_date, t, 1, 1, 1)
          pcall(t.truncate, t, d)
          pcall(tostring, t)
          pcall(tostring, d)
          pcall(d.round, d, d)
          pcall(d.hours, d)
          pcall(function() return t + d, t - t, d * d, t < t, t == time.unix(0), d == time.parse_duration(5) end)
        end
      end
      local forged = setmetatable({}, { __index = time.unix(0) })
      print(brief(select(2, pcall(forged.unix, forged))))
      print(brief(select(2, pcall(time.sleep, setmetatable({}, { __index = function(_, key) return key end })))))
      local t = time.unix(0)
      rawset(t, 3, "Europe/Nowhere")
      print(pcall(t.hour, t))`,
    prints: [
      "bad argument #1 to 'unix' (Time expected",
      "bad argument #1 to 'sleep' (duration expected",
      'false unknown time zone "Europe/Nowhere"',
    ],
  },
];

/** By subject, in the order of docs/lua-time.md. */
export const timeCases: Readonly<Record<string, readonly LuaCase[]>> = {
  durations,
  waiting,
  times,
  zones,
  layouts,
  "what scripts may do": trust,
};
