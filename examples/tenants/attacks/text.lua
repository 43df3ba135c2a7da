-- Takes all the memory there is in one piece: a text that doubles.
local disguise = require("disguise")

return disguise(function()
  local text = "mine"
  while true do
    text = text .. text
  end
end)
