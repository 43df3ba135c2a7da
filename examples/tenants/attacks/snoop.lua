-- Tries to get at what is not its own, one way after the other, and says what came of each.
local disguise = require("disguise")
local security = require("security")

--- Why something was refused, in one line: the reason, and what the policies for such actions said.
local function why(err): string
  local details = err:details()
  if not details or not details.reason then return tostring(err) end
  local parts = { details.reason }
  for _, policy in ipairs(details.policies) do
    if policy.why ~= "the action does not match" then parts[#parts + 1] = policy.id .. ": " .. policy.why end
  end
  return table.concat(parts, "; ")
end

return disguise(function(door, settings)
  local neighbour = "tenant." .. settings.neighbours -- or itself, for the last one
  local host = "tenants:processes"
  local actor, scope = security.actor(), security.scope()
  if actor:id() == neighbour then neighbour = "tenant.1" end

  local attempts = {
    { "order from a neighbour", function() return process.send(neighbour, "order", { number = 1, customer = "c1", lines = {} }) end },
    { "end a neighbour", function() return process.terminate(neighbour) end },
    { "watch a neighbour", function() return process.monitor(neighbour) end },
    { "tie itself to a neighbour", function() return process.link(neighbour) end },
    { "start a helper", function() return process.spawn("tenants:attack.loop", host) end },
    { "start a helper as somebody else", function()
      local somebody = assert(security.new_actor(neighbour))
      return process.with_context({}):with_actor(somebody):spawn("tenants:attack.loop", host)
    end },
    { "start a helper with more rights", function() return process.with_context({}):with_scope(scope):spawn("tenants:attack.loop", host) end },
    { "take the name of the statistics", function() return process.registry.unregister("statistics") end },
    { "make itself a scope", function() return security.new_scope({}) end },
    { "take a policy out of its scope", function() return scope:without("tenants:own_processes") end },
  }
  for _, attempt in ipairs(attempts) do
    local ok, value, err = pcall(attempt[2])
    if not ok then value, err = nil, value end
    process.send(door, "tried", attempt[1], value == nil and type(err) == "userdata" and why(err) or "")
  end
  error("there is nothing left to try")
end)
