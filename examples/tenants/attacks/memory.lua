-- Takes all the memory there is, in small pieces, and does not want to hear that it is used up.
local disguise = require("disguise")

return disguise(function()
  local hoard = {}
  while true do
    pcall(function()
      hoard[#hoard + 1] = { #hoard }
    end)
  end
end)
