-- How an attack gets in: as a rule that prices its first orders like an honest one. At the next it attacks.
local desk = require("desk")

--- A rule that attacks after some orders. The attack is told the door and the settings.
local function disguise(attack: (door: string, settings: any) -> any)
  return function(door, settings)
    local orders = 0
    return desk.open(door, function(order)
      orders = orders + 1
      if orders > settings.honest then attack(door, settings) end
      return desk.less(desk.total(order), settings.percent)
    end)
  end
end

return disguise
