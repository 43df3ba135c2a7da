// Tests of reading one entry: fields, defaults, forms, and what is said about mistakes.
import { describe, expect, it } from "vitest";
import type { Definition } from "./definition.ts";
import { type FieldPath, readEntry } from "./entry-reader.ts";
import { luaGlobals, luaModules } from "./lua-imports.ts";
import { formatProblem } from "./problem.ts";

/** Reads an entry; its places have the field path in place of a file name. */
function read(content: Record<string, unknown>, fileMeta: Record<string, unknown> = {}) {
  const where = (path: FieldPath, part = "value") => ({
    file: path.join("/"),
    line: part === "key" ? 1 : 2,
    column: 3,
  });
  const chunkOf = (path: FieldPath) => ({ name: path.join("/"), firstLine: 7 });
  const result = readEntry({ namespace: "app", content, fileMeta, where, chunkOf });
  return { ...result, errors: result.errors.map(formatProblem), warnings: result.warnings.map(formatProblem) };
}

function readAs<Kind extends Definition["kind"]>(kind: Kind, fields: Record<string, unknown>) {
  const { definition, errors } = read({ name: "x", kind, ...fields });
  expect(errors).toEqual([]);
  expect(definition?.kind).toBe(kind);
  return definition as Extract<Definition, { kind: Kind }>;
}

const service = { process: "worker", host: "main" };

describe("names and references", () => {
  it("makes the id of namespace and name, dots in the name included [S13.5]", () => {
    expect(read({ name: "a.b", kind: "process.host" }).definition?.id).toBe("app:a.b");
  });

  it("refuses a name that is missing or could not be part of a pid [S13.5] [S13.8]", () => {
    expect(read({ kind: "process.host" }).errors[0]).toMatch(
      /^name:2:3: entry: field "name" is missing; it must be text/,
    );
    for (const name of ["", "a b", "a:b", "a|b", "{a", 7]) {
      expect(read({ name, kind: "process.host" }).errors[0]).toMatch(
        /^name:2:3: entry: field "name" must be text without/,
      );
    }
  });

  it("takes a reference without a namespace to mean the entry's own [S13.4]", () => {
    const { processId, hostId, lifecycle } = readAs("process.service", {
      process: "worker.one",
      host: "other:main",
      lifecycle: { requires: ["db", "net:up"], security: { groups: ["g"], policies: ["sec:p"] } },
    });
    expect([processId, hostId, ...lifecycle.requires]).toEqual(["app:worker.one", "other:main", "app:db", "net:up"]);
    expect(lifecycle.security).toEqual({ actor: null, groups: ["app:g"], policies: ["sec:p"] });
  });

  it("keeps the place of each reference [S13.8]", () => {
    const { referencePlaces } = readAs("process.service", { ...service, lifecycle: { depends_on: ["db"] } });
    expect(Object.keys(referencePlaces).sort()).toEqual(["host", "lifecycle.depends_on[0]", "process"]);
    expect(referencePlaces.process).toEqual({ file: "process", line: 2, column: 3 });
  });

  it("merges the file's meta into the entry's, whose own keys win [S13.4]", () => {
    const entry = { name: "x", kind: "process.host", meta: { team: "b", tier: 1 } };
    expect(read(entry, { team: "a", owner: "c" }).definition?.meta).toEqual({ team: "b", owner: "c", tier: 1 });
  });

  it("reads fields beside name and kind, or under data [S13.5]", () => {
    const beside = readAs("process.service", { ...service, input: [1] });
    const below = readAs("process.service", { data: { ...service, input: [1] } });
    expect({ ...below, referencePlaces: null }).toEqual({ ...beside, referencePlaces: null });
    expect(below.referencePlaces.process?.file).toBe("data/process");
    const { errors } = read({ name: "x", kind: "process.service", data: { ...service, host: 5 } });
    expect(errors[0]).toMatch(/^data\/host:2:3: entry app:x: field "host" must be the id of a process.host/);
  });
});

describe("kinds", () => {
  it("refuses an unknown kind in the words of the specification, with the known kinds [S13.7]", () => {
    expect(read({ name: "x", kind: "process.wasm" }).errors).toEqual([
      'kind:2: unknown kind "process.wasm" in entry app:x; the known kinds are process.ts, process.lua, process.host, ' +
        "process.service, library.lua, security.policy, security.policy.expr",
    ]);
    expect(read({ name: "x", kind: "process.native" }).errors[0]).toMatch(/unknown kind "process.native"/);
    expect(read({ name: "x", kind: "toString" }).errors[0]).toMatch(/unknown kind "toString"/);
  });

  it("gives a process.ts its defaults [S13.16]", () => {
    const { path, method, mailbox, preempt } = readAs("process.ts", { source: { module: "/a/worker.ts" } });
    expect({ path, method, mailbox, preempt }).toEqual({
      path: "/a/worker.ts",
      method: "default",
      mailbox: null,
      preempt: true,
    });
  });

  it("wants a file of TypeScript or JavaScript as the source of a process.ts [S13.16]", () => {
    for (const source of ["export default 1", { module: "/a/worker.lua" }, 3]) {
      expect(read({ name: "x", kind: "process.ts", source }).errors[0]).toMatch(
        /entry app:x: field "source(\.module)?" must be the file of the module, such as file:\/\/worker.ts/,
      );
    }
    expect(read({ name: "x", kind: "process.ts" }).errors[0]).toMatch(
      /^source:2:3: entry app:x: field "source" is missing; it must be the file of the module, such as file:\/\/worker.ts/,
    );
  });

  it("gives a process.host its defaults [S13.18] [S14.1] [S14.2] [S14.3] [S14.4] [S14.5] [S14.6]", () => {
    for (const fields of [{}, { host: {} }, { host: null, lifecycle: null }, { host: { mailbox: null } }]) {
      const { placement, workers, maxProcesses, mailbox, watchdogMs, lifecycle } = readAs("process.host", fields);
      expect({ placement, workers, maxProcesses, mailbox, watchdogMs }).toEqual({
        placement: "inline",
        workers: null,
        maxProcesses: 0,
        mailbox: null,
        watchdogMs: 10_000,
      });
      const { restart: _, ...rest } = lifecycle;
      expect(rest).toEqual({
        autoStart: false,
        startTimeoutMs: 10_000,
        stopTimeoutMs: 10_000,
        stableThresholdMs: 5_000,
        requires: [],
        security: null,
      });
    }
  });

  it("gives restarts their defaults, also when only some are written [S14.7] [S14.8] [S14.9] [S14.10] [S14.11]", () => {
    const all = { initialDelayMs: 1_000, maxDelayMs: 90_000, backoffFactor: 2, jitter: 0.1, maxAttempts: 0 };
    expect(readAs("process.service", service).lifecycle.restart).toEqual(all);
    const some = readAs("process.service", { ...service, lifecycle: { restart: { max_attempts: 3 } } });
    expect(some.lifecycle.restart).toEqual({ ...all, maxAttempts: 3 });
  });

  it("reads every field of a host and a service [S13.18] [S13.19] [S13.25]", () => {
    const host = readAs("process.host", {
      host: { placement: "worker", workers: 2, max_processes: 9, mailbox: { limit: 5 }, watchdog: "1m30s" },
    });
    expect(host).toMatchObject({ placement: "worker", workers: 2, maxProcesses: 9, watchdogMs: 90_000 });
    expect(host.mailbox).toEqual({ limit: 5, overflow: "reject" });
    const { input, lifecycle } = readAs("process.service", {
      ...service,
      input: [1, "two", { three: [3] }, null],
      lifecycle: {
        auto_start: true,
        start_timeout: "1.5s",
        stop_timeout: 250,
        stable_threshold: "0",
        restart: { initial_delay: "10ms", max_delay: "1h", backoff_factor: 1.5, jitter: 0, max_attempts: 1 },
      },
    });
    expect(input).toEqual([1, "two", { three: [3] }, null]);
    expect(lifecycle).toMatchObject({
      autoStart: true,
      startTimeoutMs: 1_500,
      stopTimeoutMs: 250,
      stableThresholdMs: 0,
    });
    expect(lifecycle.restart).toEqual({
      initialDelayMs: 10,
      maxDelayMs: 3_600_000,
      backoffFactor: 1.5,
      jitter: 0,
      maxAttempts: 1,
    });
  });

  it("requires process and host of a service [S13.19]", () => {
    const { errors } = read({ name: "x", kind: "process.service" });
    expect(errors).toHaveLength(2);
    expect(errors[0]).toMatch(/field "process" is missing; it must be the id of a process/);
    expect(errors[1]).toMatch(/field "host" is missing; it must be the id of a process.host/);
  });

  it("reads Lua entries and policies as far as their shape goes [S13.15] [S13.17] [S13.20] [S13.21]", () => {
    const lua = readAs("process.lua", {
      source: "return 1",
      modules: ["time"],
      imports: { u: "lib" },
      limits: { memory: "2MiB" },
    });
    expect(lua).toMatchObject({ method: "main", imports: { u: "app:lib" }, memoryLimitBytes: 2_097_152 });
    expect(readAs("library.lua", { source: "return {}" })).toMatchObject({ modules: [], imports: {} });
    expect(readAs("process.lua", { data: { source: "x" } }).chunk).toEqual({ name: "data/source", firstLine: 7 });
    const policy = { actions: "process.send", resources: ["*"], effect: "allow" };
    const conditions = [{ field: "actor.id", operator: "eq", value_from: "meta.id" }];
    expect(readAs("security.policy", { policy: { ...policy, conditions }, groups: ["g"] })).toMatchObject({
      actions: ["process.send"],
      conditions: [{ field: "actor.id", operator: "eq", valueFrom: "meta.id" }],
      groups: ["app:g"],
    });
    expect(readAs("security.policy.expr", { policy: { expression: "true", effect: "deny" } })).toMatchObject({
      actions: ["*"],
      resources: ["*"],
      effect: "deny",
    });
  });
});

describe("mistakes", () => {
  it.each([
    [
      "process.host",
      { host: { placement: "thread" } },
      '"host.placement" must be one of inline, worker, child; it is "thread"',
    ],
    [
      "process.host",
      { host: { workers: 0 } },
      '"host.workers" must be a whole number of 1 or more, such as 4; it is 0',
    ],
    ["process.host", { host: { max_processes: -1 } }, '"host.max_processes" must be a whole number of 0 or more'],
    ["process.host", { host: { max_processes: 1.5 } }, '"host.max_processes" must be a whole number of 0 or more'],
    ["process.host", { host: { mailbox: { limit: 0 } } }, '"host.mailbox.limit" must be a whole number of 1 or more'],
    [
      "process.host",
      { host: { mailbox: {} } },
      '"host.mailbox.limit" is missing; it must be a whole number of 1 or more',
    ],
    ["process.host", { host: { mailbox: 10 } }, '"host.mailbox" must be a mapping with limit and overflow; it is 10'],
    [
      "process.host",
      { host: [] },
      '"host" must be a mapping with placement, workers, max_processes, mailbox and watchdog; it is an empty list',
    ],
    ["process.host", { lifecycle: { auto_start: "yes" } }, '"lifecycle.auto_start" must be true or false; it is "yes"'],
    [
      "process.host",
      { lifecycle: { stop_timeout: "10 parsecs" } },
      '"lifecycle.stop_timeout" must be a duration that is not negative',
    ],
    [
      "process.host",
      { lifecycle: { stop_timeout: "-1s" } },
      '"lifecycle.stop_timeout" must be a duration that is not negative',
    ],
    [
      "process.host",
      { lifecycle: { requires: "db" } },
      '"lifecycle.requires" must be a list of ids of services or hosts; it is "db"',
    ],
    ["process.host", { lifecycle: { requires: ["ok", "a b"] } }, '"lifecycle.requires[1]" must be the id of'],
    [
      "process.host",
      { lifecycle: { requires: ["a"], depends_on: ["b"] } },
      '"lifecycle" must be a mapping with only one of requires and depends_on',
    ],
    [
      "process.host",
      { lifecycle: { restart: { jitter: 2 } } },
      '"lifecycle.restart.jitter" must be a number from 0 to 1',
    ],
    ["process.host", { meta: [1] }, '"meta" must be a mapping; it is a list'],
    [
      "process.service",
      { process: "p", host: "h", input: "one" },
      '"input" must be a list, the arguments of the process; it is "one"',
    ],
    ["process.service", { process: "p", host: "h", data: { host: "i" } }, '"data.host" must be written once'],
    [
      "process.lua",
      { source: "x", limits: { memory: "2MB" } },
      '"limits.memory" must be a number of bytes, or text such as "2MiB"',
    ],
    [
      "library.lua",
      { source: "x", modules: ["time", "json"] },
      '"modules[1]" must be one of time, ctx, security, or the name of a global that is always there; it is "json"',
    ],
    ["process.lua", { source: "x", modules: [3] }, '"modules[0]" must be one of time, ctx, security, or the name of'],
    [
      "process.lua",
      { source: "x", imports: ["a"] },
      '"imports" must be a mapping of alias to library id; it is a list',
    ],
    [
      "security.policy",
      { policy: { actions: [], resources: "*", effect: "allow" } },
      '"policy.actions" must be text or a list of text, not empty; it is an empty list',
    ],
    [
      "security.policy",
      { policy: { actions: "*", resources: "*", effect: "maybe" } },
      '"policy.effect" must be one of allow, deny',
    ],
    [
      "security.policy",
      { policy: { actions: "*", resources: "*", effect: "deny", conditions: [{ field: "a", operator: "eq" }] } },
      '"policy.conditions[0]" must be a condition with exactly one of value and value_from',
    ],
  ])(
    "of a %s with %j name the field, what was wrong and what to write [S13.8] [S2.48] [S10.33] [S10.36]",
    (kind, fields, text) => {
      const { errors, definition } = read({ name: "x", kind, ...fields });
      expect(definition).toBeNull();
      expect(errors).toHaveLength(1);
      expect(errors[0]).toContain(`entry app:x: field ${text}`);
    },
  );

  it("are all collected, not only the first [S13.9]", () => {
    const { errors } = read({ name: "x", kind: "process.host", host: { workers: 0, placement: "?" }, lifecycle: 3 });
    expect(errors).toHaveLength(3);
  });

  it("of spelling are warnings with the place of the key, at any depth, and change nothing else [S13.8]", () => {
    const { definition, warnings, errors } = read({
      name: "x",
      kind: "process.service",
      ...service,
      colour: "red",
      lifecycle: { autostart: true, auto_start: true, restart: { max_attempt: 1 } },
    });
    expect(errors).toEqual([]);
    expect(definition).toMatchObject({ lifecycle: { autoStart: true, restart: { maxAttempts: 0 } } });
    expect(warnings.sort()).toEqual([
      'colour:1:3: entry app:x: unknown field "colour" has no effect; known here: process, host, input, lifecycle',
      'lifecycle/autostart:1:3: entry app:x: unknown field "lifecycle.autostart" has no effect; known here: auto_start, ' +
        "start_timeout, stop_timeout, stable_threshold, requires, depends_on, security, restart",
      'lifecycle/restart/max_attempt:1:3: entry app:x: unknown field "lifecycle.restart.max_attempt" has no effect; ' +
        "known here: initial_delay, max_delay, backoff_factor, jitter, max_attempts",
    ]);
  });

  it("of spelling and of value are both reported [S13.8] [S13.9]", () => {
    const { warnings, errors } = read({ name: "x", kind: "process.host", host: { worker: 2, workers: "two" } });
    expect(warnings).toHaveLength(1);
    expect(errors).toHaveLength(1);
    expect(read({ name: "x", kind: "process.host", host: { mailbox: { limit: 1, size: 2 } } }).warnings[0]).toContain(
      'unknown field "host.mailbox.size" has no effect; known here: limit, overflow',
    );
  });
});

it("accepts modules and, to no effect, the names of globals that are always there [S13.22]", () => {
  const modules = [...luaModules, ...luaGlobals];
  expect(readAs("process.lua", { source: "x", modules }).modules).toEqual(modules);
});

it("accepts numbers, booleans and durations in textual form [S13.11]", () => {
  const { maxProcesses, mailbox, watchdogMs, lifecycle } = readAs("process.host", {
    host: { max_processes: "100", mailbox: { limit: " 5 " }, watchdog: "2500" },
    lifecycle: { auto_start: "true", restart: { backoff_factor: "1.5", jitter: ".5" } },
  });
  expect({ maxProcesses, limit: mailbox?.limit, watchdogMs }).toEqual({
    maxProcesses: 100,
    limit: 5,
    watchdogMs: 2_500,
  });
  expect(lifecycle).toMatchObject({ autoStart: true, restart: { backoffFactor: 1.5, jitter: 0.5 } });
  expect(readAs("process.ts", { source: { module: "/a.js" }, preempt: "false" }).preempt).toBe(false);
});
