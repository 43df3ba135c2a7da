// The same attacks with the turn given back at every instruction, or after a few: nothing depends on where it strikes.
import { type Attack, attacks } from "../support/red-team.ts";

const HOSTILE = `
local log = {}
local t = setmetatable({}, { __index = function(_, k) return k * 2 end, __close = function() log[#log + 1] = "c" end })
local function numbers() for i = 1, 3 do coroutine.yield(t[i]) end end
for i in coroutine.wrap(function() for j in coroutine.wrap(numbers) do coroutine.yield(j + 1) end end) do log[#log + 1] = i end
do local x <close> = t end
log[#log + 1] = tostring(pcall(error, "x"))
log[#log + 1] = tostring(select(2, xpcall(error, function(e) return e .. "h" end, "e")))
local sorted = { 3, 1, 2 } table.sort(sorted, function(a, b) return a < b end) log[#log + 1] = table.concat(sorted)
log[#log + 1] = (("abc"):gsub("%a", function(c) return c:upper() end))
local c = channel.new(1) coroutine.spawn(function() c:send("s") end) log[#log + 1] = c:receive()
process.send(process.pid(), "t", { 1, { 2 } }) log[#log + 1] = process.inbox():receive():payload()[2][1]
local co = coroutine.create(function() local x <close> = t coroutine.yield() end) coroutine.resume(co) coroutine.close(co)
time.sleep("1ms")
return table.concat(log, " ")`;

attacks([
  ...[1, 2, 3, 5, 7, 13, 50].map(
    (sliceInstructions): Attack => ({
      title: `gives the same with slices of ${sliceInstructions} instructions [S11.32, S11.13]`,
      does: HOSTILE,
      ends: { value: "3 5 7 c false eh 123 ABC s 2 c" },
      sliceInstructions,
      turns: 60_000,
      rounds: 1,
    }),
  ),
  ...[
    "while true do end",
    "while true do pcall(error) end",
    "while true do xpcall(error, error) end",
    "while true do coroutine.wrap(function() coroutine.yield() end)() end",
  ].map(
    (does): Attack => ({
      title: `is terminated with slices of 3 instructions: ${does} [S4.21, S11.32]`,
      does,
      sliceInstructions: 3,
      turns: 60_000,
      rounds: 1,
    }),
  ),
]);
