/**
 * Every operation that asks for permission: what it needs, in order, and what is said when that is refused (S10.10–S10.32,
 * S10.45–S10.47). Told once per language.
 */
import type { Process } from "beamish";

/** What the acting process works with; `{target}` stands for the pid of a living process. */
export const CHILD = "test:child";
export const HOST = "sim:processes";

/** One permission an operation needs. */
export interface Need {
  readonly action: string;
  /** `{target}` for the pid of the target. */
  readonly resource: string;
  /** The text of the refusal. */
  readonly text: string;
}

/** An operation, told in each language that has it. It fails with the refusal, or returns. */
export interface Operation {
  /** Its name, and the statements that say what it needs. */
  readonly title: string;
  readonly needs: readonly Need[];
  /** TypeScript: gets the process and the pid of the target. What it returns does not matter. */
  readonly typescript: (process: Process, target: string) => unknown;
  /** Lua: the body of `main(target)`; what fails is raised. `CHILD`, `HOST` and `security` are there. */
  readonly lua: string;
}

const spawn: Need = { action: "process.spawn", resource: CHILD, text: `not allowed to spawn process: ${CHILD}` };
const spawnOn: Need = { action: "process.host", resource: HOST, text: `not allowed to spawn on host: ${HOST}` };
const execOn: Need = { action: "process.host", resource: HOST, text: `not allowed to exec on host: ${HOST}` };
const exec: Need = { action: "process.exec", resource: CHILD, text: `not allowed to exec process: ${CHILD}` };
const monitored: Need = {
  action: "process.spawn.monitored",
  resource: CHILD,
  text: `not allowed to spawn monitored process: ${CHILD}`,
};
const linked: Need = {
  action: "process.spawn.linked",
  resource: CHILD,
  text: `not allowed to spawn linked process: ${CHILD}`,
};
const context: Need = {
  action: "process.context",
  resource: "context",
  text: "not allowed to spawn processes with custom context",
};
const security: Need = {
  action: "process.security",
  resource: "security",
  text: "not allowed to spawn processes with custom security context",
};

const onTarget = (verb: string): Need => ({
  action: `process.${verb}`,
  resource: "{target}",
  text: `not allowed to ${verb}: {target}`,
});

/** An actor and a scope from outside, so that making them asks for nothing here. */
const own = (process: Process) => ({ actor: process.security.actor(), scope: process.security.scope() });

const createsScope = (resource: string): Need => ({
  action: "security.scope.create",
  resource,
  text: `not allowed to create scope: ${resource}`,
});

/** See the head of this file. */
export const operations: readonly Operation[] = [
  {
    title: "spawn [both S10.10, S10.13, S10.26, S3.9, S3.10]",
    needs: [spawn, spawnOn],
    typescript: (process) => process.spawn(CHILD, HOST),
    lua: `assert(process.spawn(CHILD, HOST))`,
  },
  {
    title: "spawn_monitored [both S10.10, S10.11, S10.13, S10.27, S3.11]",
    needs: [spawn, spawnOn, monitored],
    typescript: (process) => process.spawnMonitored(CHILD, HOST),
    lua: `assert(process.spawn_monitored(CHILD, HOST))`,
  },
  {
    title: "spawn_linked [both S10.10, S10.12, S10.13, S10.28, S3.12]",
    needs: [spawn, spawnOn, linked],
    typescript: (process) => process.spawnLinked(CHILD, HOST),
    lua: `assert(process.spawn_linked(CHILD, HOST))`,
  },
  {
    title: "spawn_linked_monitored [both S10.8, S10.11, S10.12, S10.29]",
    needs: [spawn, spawnOn, monitored, linked],
    typescript: (process) => process.spawnLinkedMonitored(CHILD, HOST),
    lua: `assert(process.spawn_linked_monitored(CHILD, HOST))`,
  },
  {
    title: "exec [both S10.13, S10.15, S10.30]",
    needs: [exec, execOn],
    typescript: (process) => process.exec(CHILD, HOST),
    lua: `assert(process.exec(CHILD, HOST))`,
  },
  {
    title: "spawn with context values [both S10.22, S10.32, S3.13]",
    needs: [spawn, spawnOn, context],
    typescript: (process) => process.withContext({ key: 1 }).spawn(CHILD, HOST),
    lua: `assert(process.with_context({ key = 1 }):spawn(CHILD, HOST))`,
  },
  {
    title: "exec with context values [both S10.22, S10.32]",
    needs: [exec, execOn, context],
    typescript: (process) => process.withContext({ key: 1 }).exec(CHILD, HOST),
    lua: `assert(process.with_context({ key = 1 }):exec(CHILD, HOST))`,
  },
  {
    title: "spawn with an actor [both S10.23, S10.31, S3.14]",
    needs: [spawn, spawnOn, context, security],
    typescript: (process) => {
      const { actor } = own(process);
      return process
        .withContext({})
        .withActor(actor as never)
        .spawn(CHILD, HOST);
    },
    lua: `assert(process.with_context({}):with_actor(security.actor()):spawn(CHILD, HOST))`,
  },
  {
    title: "spawn_linked_monitored with a scope [both S10.8, S10.23, S10.31]",
    needs: [spawn, spawnOn, monitored, linked, context, security],
    typescript: (process) => {
      const { scope } = own(process);
      return process
        .withContext({})
        .withScope(scope as never)
        .spawnLinkedMonitored(CHILD, HOST);
    },
    lua: `assert(process.with_context({}):with_scope(security.scope()):spawn_linked_monitored(CHILD, HOST))`,
  },
  {
    title: "exec with a scope [both S10.23, S10.31]",
    needs: [exec, execOn, context, security],
    typescript: (process) => {
      const { scope } = own(process);
      return process
        .withContext({})
        .withScope(scope as never)
        .exec(CHILD, HOST);
    },
    lua: `assert(process.with_context({}):with_scope(security.scope()):exec(CHILD, HOST))`,
  },
  {
    title: "send [both S10.14, S2.4]",
    needs: [{ action: "process.send", resource: "{target}", text: "not allowed to send: {target}" }],
    typescript: (process, target) => {
      const error = process.send(target, "topic", 1);
      if (error !== null) throw error;
    },
    lua: `assert(process.send(target, "topic", 1))`,
  },
  {
    title: "terminate [both S10.16]",
    needs: [onTarget("terminate")],
    typescript: (process, target) => process.terminate(target),
    lua: `assert(process.terminate(target))`,
  },
  {
    title: "cancel [both S10.17]",
    needs: [onTarget("cancel")],
    typescript: (process, target) => process.cancel(target),
    lua: `assert(process.cancel(target))`,
  },
  {
    title: "monitor [both S10.18]",
    needs: [onTarget("monitor")],
    typescript: (process, target) => process.monitor(target),
    lua: `assert(process.monitor(target))`,
  },
  {
    title: "unmonitor [both S10.19]",
    needs: [onTarget("unmonitor")],
    typescript: (process, target) => process.unmonitor(target),
    lua: `assert(process.unmonitor(target))`,
  },
  {
    title: "link [both S10.20]",
    needs: [onTarget("link")],
    typescript: (process, target) => process.link(target),
    lua: `assert(process.link(target))`,
  },
  {
    title: "unlink [both S10.21]",
    needs: [onTarget("unlink")],
    typescript: (process, target) => process.unlink(target),
    lua: `assert(process.unlink(target))`,
  },
  {
    title: "registry.register [both S10.24]",
    needs: [
      { action: "process.registry.register", resource: "my-name", text: "not allowed to register name: my-name" },
    ],
    typescript: (process) => process.registry.register("my-name"),
    lua: `assert(process.registry.register("my-name"))`,
  },
  {
    title: "registry.unregister [both S10.25]",
    needs: [
      { action: "process.registry.unregister", resource: "my-name", text: "not allowed to unregister name: my-name" },
    ],
    typescript: (process) => process.registry.unregister("my-name"),
    lua: `local done, err = process.registry.unregister("my-name")
      if err then error(err) end`,
  },
  {
    title: "security.policy [both S10.45] [S16.41]",
    needs: [{ action: "security.policy.get", resource: "test:known", text: "not allowed to get policy: test:known" }],
    typescript: (process) => process.security.policy("test:known"),
    lua: `assert(security.policy("test:known"))`,
  },
  {
    title: "security.named_scope [both S10.45] [S16.41]",
    needs: [
      {
        action: "security.policy_group.get",
        resource: "test:group",
        text: "not allowed to get policy group: test:group",
      },
    ],
    typescript: (process) => process.security.namedScope("test:group"),
    lua: `assert(security.named_scope("test:group"))`,
  },
  {
    title: "security.new_scope [both S10.46] [S16.41]",
    needs: [createsScope("custom")],
    typescript: (process) => process.security.newScope([]),
    lua: `assert(security.new_scope({}))`,
  },
  {
    title: "security.new_actor [both S10.46] [S16.41]",
    needs: [{ action: "security.actor.create", resource: "bob", text: "not allowed to create actor: bob" }],
    typescript: (process) => process.security.newActor("bob", { team: "x" }),
    lua: `assert(security.new_actor("bob", { team = "x" }))`,
  },
  {
    title: "scope:with [both S10.47] [S16.42]",
    needs: [createsScope("with")],
    typescript: (process) => {
      const scope = process.security.scope();
      return scope?.with(scope.policies()[0] as never);
    },
    lua: `local scope = security.scope()
      assert(scope:with(scope:policies()[1]))`,
  },
  {
    title: "scope:without [both S10.47] [S16.42]",
    needs: [createsScope("without")],
    typescript: (process) => process.security.scope()?.without("test:known"),
    lua: `assert(security.scope():without("test:known"))`,
  },
];
