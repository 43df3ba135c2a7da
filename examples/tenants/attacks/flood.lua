-- Sends more than anybody can read: prices that nobody asked for to its door, and to its neighbours orders that are none.
local disguise = require("disguise")

return disguise(function(door, settings)
  local n = 0
  while true do
    n = n + 1
    process.send(door, "price", -n, 0)
    process.send("tenant." .. n % settings.neighbours + 1, "order", { number = n, customer = "c1", lines = {} })
  end
end)
