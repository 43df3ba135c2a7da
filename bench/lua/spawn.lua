-- spawn: start a process that ends at once, as often as `count` says; the last one says so.

local M = {}

function M.worker(reply_to)
  if reply_to then process.send(reply_to, "done") end
end

function M.main(count)
  local inbox = process.inbox()
  local started_at = time.now()
  for _ = 2, count do process.spawn("bench:lua-spawn.worker", "bench:processes") end
  process.spawn("bench:lua-spawn.worker", "bench:processes", process.pid())
  inbox:receive()
  return time.now():sub(started_at):milliseconds()
end

return M
