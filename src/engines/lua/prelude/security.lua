-- The module `security` (S10.43-S10.47): host functions in their Lua shape. Loaded when the first program of a heap lists it,
-- called as (host); answers the module and the metatables of actors, scopes and policies.
local host = ...

local function metatable(name, methods)
  return { __index = methods, __metatable = false, __name = name, __eq = host.same, __gc = host.released }
end

return {
  actor = host.security_actor, scope = host.security_scope, can = host.security_can,
  policy = host.security_policy, named_scope = host.security_named_scope,
  new_scope = host.security_new_scope, new_actor = host.security_new_actor,
}, metatable("actor", { id = host.actor_id, meta = host.actor_meta }), metatable("scope", {
  with = host.scope_with, without = host.scope_without, contains = host.scope_contains,
  policies = host.scope_policies, evaluate = host.scope_evaluate,
}), metatable("policy", { id = host.policy_id, evaluate = host.policy_evaluate })
