/**
 * Every operation that asks for permission: what it needs, in order, and what is said when that is refused (S10.10–S10.32,
 * S10.45–S10.47). Told once per language; a language without a column has no tests yet.
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
  /** Its name, and the statements that say what it needs; `[both …]` once it is told in Lua, too. */
  readonly title: string;
  readonly needs: readonly Need[];
  /** TypeScript: gets the process and the pid of the target. What it returns does not matter. */
  readonly typescript: (process: Process, target: string) => unknown;
  /** Lua: the body of `main(target)`; what fails is raised. */
  readonly lua?: string;
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
    title: "spawn [S10.10, S10.13, S10.26, S3.9, S3.10]",
    needs: [spawn, spawnOn],
    typescript: (process) => process.spawn(CHILD, HOST),
  },
  {
    title: "spawn_monitored [S10.10, S10.11, S10.13, S10.27, S3.11]",
    needs: [spawn, spawnOn, monitored],
    typescript: (process) => process.spawnMonitored(CHILD, HOST),
  },
  {
    title: "spawn_linked [S10.10, S10.12, S10.13, S10.28, S3.12]",
    needs: [spawn, spawnOn, linked],
    typescript: (process) => process.spawnLinked(CHILD, HOST),
  },
  {
    title: "spawn_linked_monitored [S10.8, S10.11, S10.12, S10.29]",
    needs: [spawn, spawnOn, monitored, linked],
    typescript: (process) => process.spawnLinkedMonitored(CHILD, HOST),
  },
  {
    title: "exec [S10.13, S10.15, S10.30]",
    needs: [exec, execOn],
    typescript: (process) => process.exec(CHILD, HOST),
  },
  {
    title: "spawn with context values [S10.22, S10.32, S3.13]",
    needs: [spawn, spawnOn, context],
    typescript: (process) => process.withContext({ key: 1 }).spawn(CHILD, HOST),
  },
  {
    title: "exec with context values [S10.22, S10.32]",
    needs: [exec, execOn, context],
    typescript: (process) => process.withContext({ key: 1 }).exec(CHILD, HOST),
  },
  {
    title: "spawn with an actor [S10.23, S10.31, S3.14]",
    needs: [spawn, spawnOn, context, security],
    typescript: (process) => {
      const { actor } = own(process);
      return process
        .withContext({})
        .withActor(actor as never)
        .spawn(CHILD, HOST);
    },
  },
  {
    title: "spawn_linked_monitored with a scope [S10.8, S10.23, S10.31]",
    needs: [spawn, spawnOn, monitored, linked, context, security],
    typescript: (process) => {
      const { scope } = own(process);
      return process
        .withContext({})
        .withScope(scope as never)
        .spawnLinkedMonitored(CHILD, HOST);
    },
  },
  {
    title: "exec with a scope [S10.23, S10.31]",
    needs: [exec, execOn, context, security],
    typescript: (process) => {
      const { scope } = own(process);
      return process
        .withContext({})
        .withScope(scope as never)
        .exec(CHILD, HOST);
    },
  },
  {
    title: "send [S10.14, S2.4]",
    needs: [{ action: "process.send", resource: "{target}", text: "not allowed to send: {target}" }],
    typescript: (process, target) => {
      const error = process.send(target, "topic", 1);
      if (error !== null) throw error;
    },
  },
  {
    title: "terminate [S10.16]",
    needs: [onTarget("terminate")],
    typescript: (process, target) => process.terminate(target),
  },
  {
    title: "cancel [S10.17]",
    needs: [onTarget("cancel")],
    typescript: (process, target) => process.cancel(target),
  },
  {
    title: "monitor [S10.18]",
    needs: [onTarget("monitor")],
    typescript: (process, target) => process.monitor(target),
  },
  {
    title: "unmonitor [S10.19]",
    needs: [onTarget("unmonitor")],
    typescript: (process, target) => process.unmonitor(target),
  },
  {
    title: "link [S10.20]",
    needs: [onTarget("link")],
    typescript: (process, target) => process.link(target),
  },
  {
    title: "unlink [S10.21]",
    needs: [onTarget("unlink")],
    typescript: (process, target) => process.unlink(target),
  },
  {
    title: "registry.register [S10.24]",
    needs: [
      { action: "process.registry.register", resource: "my-name", text: "not allowed to register name: my-name" },
    ],
    typescript: (process) => process.registry.register("my-name"),
  },
  {
    title: "registry.unregister [S10.25]",
    needs: [
      { action: "process.registry.unregister", resource: "my-name", text: "not allowed to unregister name: my-name" },
    ],
    typescript: (process) => process.registry.unregister("my-name"),
  },
  {
    title: "security.policy [S10.45, S16.41]",
    needs: [{ action: "security.policy.get", resource: "test:known", text: "not allowed to get policy: test:known" }],
    typescript: (process) => process.security.policy("test:known"),
  },
  {
    title: "security.named_scope [S10.45, S16.41]",
    needs: [
      {
        action: "security.policy_group.get",
        resource: "test:group",
        text: "not allowed to get policy group: test:group",
      },
    ],
    typescript: (process) => process.security.namedScope("test:group"),
  },
  {
    title: "security.new_scope [S10.46, S16.41]",
    needs: [createsScope("custom")],
    typescript: (process) => process.security.newScope([]),
  },
  {
    title: "security.new_actor [S10.46, S16.41]",
    needs: [{ action: "security.actor.create", resource: "bob", text: "not allowed to create actor: bob" }],
    typescript: (process) => process.security.newActor("bob", { team: "x" }),
  },
  {
    title: "scope:with [S10.47, S16.42]",
    needs: [createsScope("with")],
    typescript: (process) => {
      const scope = process.security.scope();
      return scope?.with(scope.policies()[0] as never);
    },
  },
  {
    title: "scope:without [S10.47, S16.42]",
    needs: [createsScope("without")],
    typescript: (process) => process.security.scope()?.without("test:known"),
  },
];
