-- idle: a process that has sent one message and now awaits its inbox; idle.ts counts what it holds.

local M = {}

function M.sleeper(main_pid)
  local inbox = process.inbox()
  process.send(main_pid, "up")
  inbox:receive()
end

return M
