-- nested-table: ping-pong with a nested table of ten values, copied on the way there and on the way back.

local M = {}

function M.ponger(count)
  local inbox = process.inbox()
  for _ = 1, count do
    local msg = inbox:receive()
    process.send(msg:from(), "pong", msg:payload())
  end
end

function M.main(count)
  local order = {
    id = 123456,
    kind = "order.created",
    user = { name = "u-9f8e7d6c", ok = true },
    amount = { net = 1299, gross = 1545.81 },
    tags = { "a", "bc", "def", "ghij" },
  }
  local inbox = process.inbox()
  local started_at = time.now()
  local peer = process.spawn("bench:lua-nested-table.ponger", "bench:processes", count)
  for _ = 1, count do
    process.send(peer, "ping", order)
    local back = inbox:receive():payload()
    if back.id ~= 123456 or #back.tags ~= 4 then error("the table came back changed") end
  end
  return time.now():sub(started_at):milliseconds()
end

return M
