-- flood: one process sends to another as fast as it can, then asks for the total. It is interrupted when its slice is
-- used up, so the two take turns.

local M = {}

function M.counter()
  local inbox = process.inbox()
  local sum = 0
  while true do
    local msg = inbox:receive()
    if msg:topic() == "add" then
      sum = sum + msg:payload()
    else
      process.send(msg:payload(), "total", sum)
      return
    end
  end
end

function M.flooder(counter, reply_to, count)
  for _ = 1, count do process.send(counter, "add", 1) end
  process.send(counter, "total", reply_to)
end

function M.main(count)
  local inbox = process.inbox()
  local started_at = time.now()
  local counter = process.spawn("bench:lua-flood.counter", "bench:processes")
  process.spawn("bench:lua-flood.flooder", "bench:processes", counter, process.pid(), count)
  local total = inbox:receive():payload()
  if total ~= count then error("expected " .. count .. ", got " .. tostring(total)) end
  return time.now():sub(started_at):milliseconds()
end

return M
