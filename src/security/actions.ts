/**
 * The permissions that Beamish asks for, each with what it is asked about (S10.10-S10.25, S10.45-S10.47). A policy may
 * name any other action too, for `process.security.can`; this list is for tools and tests.
 */

/** What the resource of a permission is. */
export type ResourceKind = "process id" | "host id" | "pid" | "name" | "word" | "policy id" | "group id" | "actor id";

/** Permission → what its resource is. */
export const actions = {
  "process.spawn": "process id",
  "process.spawn.monitored": "process id",
  "process.spawn.linked": "process id",
  "process.host": "host id",
  "process.send": "pid",
  "process.exec": "process id",
  "process.terminate": "pid",
  "process.cancel": "pid",
  "process.monitor": "pid",
  "process.unmonitor": "pid",
  "process.link": "pid",
  "process.unlink": "pid",
  "process.context": "word",
  "process.security": "word",
  "process.registry.register": "name",
  "process.registry.unregister": "name",
  "security.policy.get": "policy id",
  "security.policy_group.get": "group id",
  "security.scope.create": "word",
  "security.actor.create": "actor id",
} as const satisfies Record<string, ResourceKind>;

/** A permission that Beamish asks for. */
export type Action = keyof typeof actions;
