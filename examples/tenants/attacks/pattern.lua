-- Looks for something in a way that would take longer than the universe is old.
local disguise = require("disguise")

return disguise(function()
  local text = ("a"):rep(1000)
  local found = text:find("(a*)(a*)(a*)%1%2%3b")
  return found
end)
