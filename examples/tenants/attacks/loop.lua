-- Never comes back.
local disguise = require("disguise")

return disguise(function()
  while true do end
end)
