-- Stands in for the runtime where the module `time` is tested alone: `lua time-host.lua <path of time.lua>` runs the
-- program on its standard input with `time` as a global. Time is virtual: it moves when the program waits. The one zone
-- beside UTC is Europe/Berlin as it was in 2024, and the local zone is India's.

local now = 1705329045 * 1000000000 + 123456789 -- 2024-01-15T14:30:45.123456789Z

local function invalid(text)
  local err = {}
  function err:kind() return "Invalid" end
  function err:message() return text end
  return setmetatable(err, { __tostring = err.message })
end

local function berlin(unix)
  if unix >= 1711846800 and unix < 1729990800 then return 7200, "CEST" end
  return 3600, "CET"
end

local function zone(name, unix)
  if name == "UTC" then return 0, "UTC" end
  if name == "local" then return 19800, "IST" end
  if name == "Europe/Berlin" then return berlin(unix) end
  return nil
end

--- `next_at` tells at each call when the next value is due; nil for never.
local function channel(next_at)
  local this = { closed = false }
  function this:receive()
    local due = not self.closed and next_at()
    if not due then return nil, false end
    if due > now then now = due end
    return time.unix(0, due), true
  end
  return this
end

local host = { invalid = invalid, zone = zone }

function host.now() return now // 1000000000, now % 1000000000 end

function host.zone_at_wall(name, wall)
  local first = zone(name, wall)
  return first and (zone(name, wall - first))
end

function host.raise_argument(n, fn, expected, value)
  local text = "bad argument #%d to '%s' (%s expected, got %s)"
  error(invalid(text:format(n, fn, expected, type(value))), 0)
end

function host.sleep(ns)
  assert(ns > 0)
  now = now + math.ceil(ns)
end

function host.timer(ns)
  assert(ns > 0)
  local handle, due = {}, now + math.ceil(ns)
  local this = channel(function()
    local at = due
    due = nil
    return at
  end)
  local function is_running() return due ~= nil and due > now end
  function handle:channel() return this end
  function handle:stop()
    local was_running = is_running()
    due = nil
    return was_running
  end
  function handle:reset(again)
    assert(again > 0)
    local was_running = is_running()
    due = now + math.ceil(again)
    return was_running
  end
  return handle
end

function host.after(ns) return host.timer(ns):channel() end

function host.ticker(ns)
  assert(ns > 0)
  local handle, due = {}, now
  local this = channel(function()
    due = due + math.ceil(ns)
    return due
  end)
  function handle:channel() return this end
  function handle:stop() this.closed = true end
  return handle
end

local function joined(...)
  local parts = table.pack(...)
  for i = 1, parts.n do parts[i] = tostring(parts[i]) end
  return table.concat(parts, " ")
end

function print(...) io.write(joined(...), "\n") end

local Time, Duration
time, Time, Duration = assert(loadfile(arg[1]))(host)
assert(Time.__name == "Time" and Duration.__name == "Duration")
assert(load(io.read("a"), "=program"))()
