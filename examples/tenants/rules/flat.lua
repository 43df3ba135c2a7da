-- The same percentage off everything.
local desk = require("desk")

return function(door, settings)
  return desk.open(door, function(order)
    return desk.less(desk.total(order), settings.percent)
  end)
end
