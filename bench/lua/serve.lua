-- serve: ping-pong with a handler on each side instead of a loop that awaits its inbox.

local M = {}

function M.ponger(count)
  process.serve(function(msg)
    process.send(msg:from(), "pong", msg:payload())
    count = count - 1
    if count == 0 then return process.done() end
  end)
end

function M.main(count)
  local started_at = time.now()
  local peer = process.spawn("bench:lua-serve.ponger", "bench:processes", count)
  process.send(peer, "ping", count)
  process.serve(function(msg)
    local n = msg:payload()
    if n ~= count then error("expected " .. count .. ", got " .. tostring(n)) end
    count = count - 1
    if count == 0 then return process.done() end
    process.send(msg:from(), "ping", count)
  end)
  return time.now():sub(started_at):milliseconds()
end

return M
