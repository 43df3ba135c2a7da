-- Fails, as anybody's code may.
local disguise = require("disguise")

return disguise(function()
  local rates = nil
  return rates.today
end)
