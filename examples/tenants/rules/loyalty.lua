-- Every full euro that a customer pays is a point; who has enough of them gets one order cheaper. The points live in this
-- process, so this is a rule with a memory.
local desk = require("desk")

return function(door, settings)
  local points: { [string]: number } = {}

  return desk.open(door, function(order)
    local saved = points[order.customer] or 0
    local price = desk.total(order)
    if saved >= settings.points then
      price = desk.less(price, settings.percent)
      saved = saved - settings.points
    end
    points[order.customer] = saved + price // 100
    return price
  end)
end
