-- cold-start in Lua: one process asks another one thing and has its answer.

local M = {}

function M.greeter()
  local msg = process.inbox():receive()
  process.send(msg:from(), "answer", "answered")
end

function M.main()
  local pid = process.spawn("greeting:greeter", "greeting:processes")
  process.send(pid, "hello")
  return process.inbox():receive():payload()
end

return M
