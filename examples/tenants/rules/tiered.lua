-- The more an order comes to, the larger the percentage off.
local desk = require("desk")

return function(door, settings)
  return desk.open(door, function(order)
    local total, percent = desk.total(order), 0
    for _, tier in ipairs(settings.tiers) do
      if total >= tier.from then percent = tier.percent end
    end
    return desk.less(total, percent)
  end)
end
