-- Reads a Lua pattern into a list of items, for the cost bound (bounds.lua) and for the matcher (matcher.lua).
--
--     "^(%w+)=%1$"  ──▶  anchored; open 1, loop %w, close 1, single =, back 1, finish
--
-- There are no alternatives in Lua patterns, so a match goes through all items in order, and which capture a parenthesis
-- opens or closes is known beforehand. What is malformed becomes an item too: C notices it only when the match comes to it.
--
-- An item has its `index`, that of the loop before it (`loop_before`), and a `kind`, and by kind:
--   single     text, set                    one character of a class
--   loop       text, set, least, most, lazy class with * + - ?; `most` is 1 for ?, else nil
--   open       capture                      `position` when it is ()
--   close      capture
--   balance    run                          %bxy as an anchored pattern for C
--   frontier   set                          %f[set]
--   back       capture                      %1 to %9
--   finish                                  $ at the end
--   broken     message
-- `text` is the class as a pattern of its own, `set` a table from byte to boolean.
--
-- Returns parse(pattern) -> { anchored, captures, sound, items }; sound: nothing is malformed and all captures are closed.

local _, parts = ...
parts.blame.own()

local setmetatable, tonumber = setmetatable, tonumber
local byte, char, find, sub = string.byte, string.char, string.find, string.sub

local MAX_CAPTURES = 32
local ESCAPE, SET, OPEN, CLOSE, DOLLAR, CARET = byte("%[()$^", 1, -1)
local SUFFIXES = {
  [byte("*")] = { least = 0 },
  [byte("+")] = { least = 1 },
  [byte("-")] = { least = 0, lazy = true },
  [byte("?")] = { least = 0, most = 1 },
}

--- The sets by the text of their class. Weak, so that no process can fill the memory of others with patterns.
local sets = setmetatable({}, { __mode = "v" })

--- Which bytes belong to a class: C decides it, once for each byte asked for.
local function set_of(text)
  local set = sets[text]
  if set then return set end
  local single = "^" .. text
  set = setmetatable({}, {
    __index = function(known, code)
      local belongs = find(char(code), single) ~= nil
      known[code] = belongs
      return belongs
    end,
  })
  sets[text] = set
  return set
end

--- Where the class ends that begins at `at`: the position after it, or nil and what is malformed.
local function class_end(pattern, at)
  local code, size = byte(pattern, at), #pattern
  if code == ESCAPE then
    if at == size then return nil, "malformed pattern (ends with '%')" end
    return at + 2
  end
  if code ~= SET then return at + 1 end
  local next = at + 1
  if byte(pattern, next) == CARET then next = next + 1 end
  repeat
    if next > size then return nil, "malformed pattern (missing ']')" end
    local escaped = byte(pattern, next) == ESCAPE
    next = next + (escaped and next < size and 2 or 1)
  until byte(pattern, next) == 93
  return next + 1
end

--- A class as a pattern of its own: a literal that means something at the edge of a pattern is escaped.
local function standalone(text)
  if #text == 1 and text ~= "." and find(text, "%p") then return "%" .. text end
  return text
end

--- Reading in progress: `open` is the stack of captures not yet closed, `closed` tells which are.
local function reader(pattern)
  return { pattern = pattern, at = 1, items = {}, captures = 0, open = {}, closed = {}, sound = true }
end

local function add(reading, after, item)
  local items = reading.items
  items[#items + 1] = item
  item.index, item.loop_before = #items, reading.last_loop
  if item.kind == "loop" then reading.last_loop = #items end
  reading.at = after
end

--- What is malformed ends the list: no match gets past it.
local function broken(reading, message)
  add(reading, #reading.pattern + 1, { kind = "broken", message = message })
  reading.sound = false
end

local function open(reading)
  local number = reading.captures + 1
  if number > MAX_CAPTURES then return broken(reading, "too many captures") end
  reading.captures = number
  if byte(reading.pattern, reading.at + 1) == CLOSE then
    reading.closed[number] = "position"
    return add(reading, reading.at + 2, { kind = "open", capture = number, position = true })
  end
  reading.open[#reading.open + 1] = number
  add(reading, reading.at + 1, { kind = "open", capture = number })
end

local function close(reading)
  local opened = reading.open
  local number = opened[#opened]
  if not number then return broken(reading, "invalid pattern capture") end
  opened[#opened] = nil
  reading.closed[number] = "text"
  add(reading, reading.at + 1, { kind = "close", capture = number })
end

local function class(reading)
  local pattern, at = reading.pattern, reading.at
  local after, malformed = class_end(pattern, at)
  if not after then return broken(reading, malformed) end
  local text = standalone(sub(pattern, at, after - 1))
  local suffix = SUFFIXES[byte(pattern, after)]
  if not suffix then return add(reading, after, { kind = "single", text = text, set = set_of(text) }) end
  add(reading, after + 1, {
    kind = "loop", text = text, set = set_of(text), run = "^" .. text .. "*",
    least = suffix.least, most = suffix.most, lazy = suffix.lazy,
  })
end

local function balance(reading)
  local at = reading.at
  if at + 3 > #reading.pattern then return broken(reading, "malformed pattern (missing arguments to '%b')") end
  add(reading, at + 4, { kind = "balance", run = "^" .. sub(reading.pattern, at, at + 3) })
end

local function frontier(reading)
  local at = reading.at + 2
  if byte(reading.pattern, at) ~= SET then return broken(reading, "missing '[' after '%f' in pattern") end
  local after, malformed = class_end(reading.pattern, at)
  if not after then return broken(reading, malformed) end
  local text = sub(reading.pattern, at, after - 1)
  add(reading, after, { kind = "frontier", text = text, set = set_of(text) })
end

local function back(reading, digit)
  local number = tonumber(digit)
  if not reading.closed[number] then return broken(reading, "invalid capture index %" .. number) end
  add(reading, reading.at + 2, { kind = "back", capture = number })
  reading.refers_back = true
end

local function escape(reading)
  local letter = sub(reading.pattern, reading.at + 1, reading.at + 1)
  if letter == "b" then return balance(reading) end
  if letter == "f" then return frontier(reading) end
  if find(letter, "^%d") then return back(reading, letter) end
  return class(reading)
end

local function parse(pattern)
  local reading, size = reader(pattern), #pattern
  if byte(pattern) == CARET then reading.anchored, reading.at = true, 2 end
  while reading.at <= size do
    local code = byte(pattern, reading.at)
    if code == OPEN then open(reading)
    elseif code == CLOSE then close(reading)
    elseif code == ESCAPE then escape(reading)
    elseif code == DOLLAR and reading.at == size then add(reading, size + 1, { kind = "finish" })
    else class(reading) end
  end
  reading.sound = reading.sound and #reading.open == 0
  return reading
end

return { parse = parse }
