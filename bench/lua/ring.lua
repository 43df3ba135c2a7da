-- ring: 1,000 processes in a circle hand a token on, each in a handler; it counts down and whoever sees 0 tells the head.

local MEMBERS = 1000

local M = {}

function M.member(next_member, head)
  process.serve({
    token = function(hops_left)
      if hops_left == 0 then
        process.send(head, "finished")
      else
        process.send(next_member, "token", hops_left - 1)
      end
    end,
    stop = function()
      process.send(next_member, "stop")
      return process.done()
    end,
  })
end

function M.main(hops)
  local started_at = time.now()
  local self = process.pid()
  local next_member = self
  for _ = 2, MEMBERS do
    next_member = process.spawn("bench:lua-ring.member", "bench:processes", next_member, self)
  end
  process.send(next_member, "token", hops - 1)
  process.serve({
    token = function(hops_left)
      if hops_left > 0 then process.send(next_member, "token", hops_left - 1) else return process.done() end
    end,
    finished = function() return process.done() end,
  })
  local stops = process.listen("stop")
  process.send(next_member, "stop")
  stops:receive()
  return time.now():sub(started_at):milliseconds()
end

return M
