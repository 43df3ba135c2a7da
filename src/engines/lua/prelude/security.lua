-- The module `security` (S10.43-S10.47): host functions in their Lua shape. Loaded when the first program of a heap lists it,
-- called as (host); answers the module and the metatables of actors, scopes and policies.
local host = ...
local error = error

local function metatable(name, methods)
  return { __index = methods, __metatable = false, __name = name, __eq = host.same, __gc = host.released }
end

-- Many attributes are read a part a turn, and what fails in a later part comes back as values; here it is raised like the rest.
local function raised(value, failure)
  if failure == nil then return value end
  if value == false then error(failure, 0) end
  return value, failure
end

return {
  actor = host.security_actor, scope = host.security_scope,
  can = function(...) return raised(host.security_can(...)) end,
  policy = host.security_policy, named_scope = host.security_named_scope, new_scope = host.security_new_scope,
  new_actor = function(...) return raised(host.security_new_actor(...)) end,
}, metatable("actor", { id = host.actor_id, meta = host.actor_meta }), metatable("scope", {
  with = host.scope_with, without = host.scope_without, contains = host.scope_contains,
  policies = host.scope_policies, evaluate = function(...) return raised(host.scope_evaluate(...)) end,
}), metatable("policy", {
  id = host.policy_id, evaluate = function(...) return raised(host.policy_evaluate(...)) end,
})
