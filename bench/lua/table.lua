-- table: ping-pong with a table of two fields, who sends and an integer, copied on the way there and on the way back.

local M = {}

function M.ponger(count)
  local inbox = process.inbox()
  for _ = 1, count do
    local ping = inbox:receive():payload()
    process.send(ping.from, "pong", { from = process.pid(), n = ping.n })
  end
end

function M.main(count)
  local inbox = process.inbox()
  local self = process.pid()
  local started_at = time.now()
  local peer = process.spawn("bench:lua-table.ponger", "bench:processes", count)
  for i = count, 1, -1 do
    process.send(peer, "ping", { from = self, n = i })
    local pong = inbox:receive():payload()
    if pong.n ~= i then error("expected " .. i .. ", got " .. tostring(pong.n)) end
  end
  return time.now():sub(started_at):milliseconds()
end

return M
