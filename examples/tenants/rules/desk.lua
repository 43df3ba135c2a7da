-- The desk at which a tenant takes its orders. Everybody who knows a tenant's name can send to it, so it looks at who has
-- sent an order: only its door may, or others could spend the points of its customers.

--- Answers the orders that come from the door with what `price` says of them, until it is asked to stop.
local function open(door: string, price: (order: any) -> number)
  return process.serve({
    order = function(order, message)
      if message:from() ~= door then return end
      local cents = price(order)
      process.send("statistics", "priced")
      process.send(door, "price", order.number, cents)
    end,
    ["@events"] = function(event)
      if event.kind == process.event.CANCEL then return process.done() end
    end,
    ["@inbox"] = function() end, -- whatever else comes is thrown away
  })
end

--- What an order comes to before any discount, in cents.
local function total(order): number
  local sum = 0
  for _, line in ipairs(order.lines) do
    sum = sum + line.cents * line.count
  end
  return sum
end

--- A sum less so many percent, in whole cents.
local function less(cents: number, percent: number): number
  return cents - cents * percent // 100
end

return { open = open, total = total, less = less }
