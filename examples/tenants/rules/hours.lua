-- A percentage off at certain hours of the day. They may go past midnight: from 22 to 3.
local desk = require("desk")

local function is_between(hour: number, from: number, to: number): boolean
  if from <= to then return hour >= from and hour < to end
  return hour >= from or hour < to
end

return function(door, settings)
  return desk.open(door, function(order)
    local total = desk.total(order)
    return is_between(order.hour, settings.from, settings.to) and desk.less(total, settings.percent) or total
  end)
end
