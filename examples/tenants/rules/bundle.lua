-- Of one article in a certain number, one piece is free: buy three, pay two.
local desk = require("desk")

return function(door, settings)
  return desk.open(door, function(order)
    local price = desk.total(order)
    for _, line in ipairs(order.lines) do
      price = price - line.cents * (line.count // settings.size)
    end
    return price
  end)
end
