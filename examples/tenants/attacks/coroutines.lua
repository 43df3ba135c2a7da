-- A coroutine that begins two others, which begin two others.
local disguise = require("disguise")

local function breed()
  coroutine.spawn(breed)
  coroutine.spawn(breed)
end

return disguise(function()
  breed()
  channel.new():receive() -- for ever; as long as it ran, no other coroutine of its process would have a turn
end)
