/**
 * Places in a Lua program from which something may be called: under what it must not make a difference that the call is
 * the end of the process, or of this code. Each is the body of a function with `act`, what is to be called, and `after`,
 * which tells that the program went on.
 */
export const PLACES: Readonly<Record<string, string>> = {
  main: `act()`,
  pcall: `pcall(act)`,
  "a pcall that is tried for ever": `while true do pcall(act) after() end`,
  "xpcall with a handler": `xpcall(act, function() after() act() end)`,
  "a spawned coroutine": `coroutine.spawn(act) channel.new():receive()`,
  "a coroutine of a coroutine": `
    local inner = coroutine.wrap(function() act() end)
    local outer = coroutine.create(function() inner() after() end)
    coroutine.resume(outer)`,
  "a coroutine under pcall under a coroutine": `
    pcall(coroutine.wrap(function() pcall(coroutine.wrap(function() pcall(act) after() end)) after() end))`,
  "a metamethod": `local t = setmetatable({}, {__index = function() act() end}) local _ = t.x`,
  "an operator": `local t = setmetatable({}, {__add = function() act() end}) local _ = t + 1`,
  "an iterator": `for _ in function() act() end do after() end`,
  "a variable that is closed": `do local c <close> = setmetatable({}, {__close = function() act() end}) end`,
  "a variable closed by an error": `
    pcall(function()
      local c <close> = setmetatable({}, {__close = function() act() end})
      error("x")
    end)`,
  tostring: `tostring(setmetatable({}, {__tostring = function() act() end}))`,
  "a comparator of table.sort": `pcall(table.sort, {3, 2, 1}, function() act() return false end)`,
  "a callback of string.gsub": `pcall(string.gsub, "abc", "%a", function() act() end)`,
  "a handler of serve": `
    process.send(process.pid(), "go")
    process.serve{go = function() act() end}`,
  "a handler of serve that has waited": `
    process.send(process.pid(), "go")
    process.serve{go = function() require("time").sleep("1ms") act() end}`,
};
