-- ping-pong: two processes, one message under way. What travels: a topic, its sender, one integer.

local M = {}

function M.ponger(count)
  local inbox = process.inbox()
  for _ = 1, count do
    local msg = inbox:receive()
    process.send(msg:from(), "pong", msg:payload())
  end
end

function M.main(count)
  local inbox = process.inbox()
  local started_at = time.now()
  local peer = process.spawn("bench:lua-ping-pong.ponger", "bench:processes", count)
  for i = count, 1, -1 do
    process.send(peer, "ping", i)
    local n = inbox:receive():payload()
    if n ~= i then error("expected " .. i .. ", got " .. tostring(n)) end
  end
  return time.now():sub(started_at):milliseconds()
end

return M
