/**
 * Starts and stops what the catalog says is to run: hosts and services, in the order of what they need (S14.23–S14.27).
 * Each service has a supervisor process (supervision/service.ts) on a host of the runtime's own; this file is its hands.
 */
import {
  type Catalog,
  defaultLifecycle,
  dependencies,
  type HostDefinition,
  type Lifecycle,
  type ServiceDefinition,
} from "../catalog/index.ts";
import { typescriptEngine } from "../engines/typescript/index.ts";
import {
  type Actor,
  createActor,
  type ExitResult,
  errors,
  isFailure,
  type Kernel,
  ProcessError,
  type Scope,
} from "../kernel/index.ts";
import type { PolicySet } from "../security/index.ts";
import {
  type ServiceChange,
  type ServiceFailure,
  type ServiceStatus,
  service,
  startOrder,
} from "../supervision/index.ts";
import type { LogFeed } from "./log-feed.ts";

/** The host of the runtime's own processes. */
export const SYSTEM_HOST = "beamish:system";

/** A host or service as tools see it. */
export interface UnitView {
  readonly id: string;
  readonly kind: "host" | "service";
  readonly status: ServiceStatus;
  /** The process of a running service. */
  readonly pid: string | null;
  /** Why it is not running, in one line; `null` when there is nothing to say. */
  readonly cause: string | null;
}

/** A service and where it is in its life. */
interface Unit {
  readonly definition: ServiceDefinition;
  status: ServiceStatus;
  pid: string | null;
  cause: string | null;
  /** The pid of its supervisor, once there is one. */
  supervisor: string | null;
  /** Whether it will change no more by itself: Exited, Stopped, or Failed for good. */
  settled: boolean;
  waiters: (() => void)[];
}

/** The hosts and services of one runtime. */
export class Services {
  readonly #kernel: Kernel;
  readonly #catalog: Catalog;
  readonly #policies: PolicySet;
  readonly #feed: LogFeed;
  readonly #random: () => number;
  readonly #units = new Map<string, Unit>();
  #stopping = false;
  #onChange: (() => void)[] = [];

  /** @param random from 0 to 1, for the jitter of restarts. */
  constructor(kernel: Kernel, catalog: Catalog, policies: PolicySet, feed: LogFeed, random: () => number) {
    this.#kernel = kernel;
    this.#catalog = catalog;
    this.#policies = policies;
    this.#feed = feed;
    this.#random = random;
    kernel.hosts.add({ id: SYSTEM_HOST, isPrivate: true }).status = "running";
  }

  /** Makes the hosts of the catalog known to the kernel; they run when they are started. */
  adopt(): void {
    for (const host of this.#catalog.list("process.host")) {
      const { id, maxProcesses, mailbox } = host;
      this.#kernel.hosts.add({ id, maxProcesses, mailbox });
    }
    for (const definition of this.#catalog.list("process.service")) {
      this.#units.set(definition.id, {
        definition,
        status: "Inactive",
        pid: null,
        cause: null,
        supervisor: null,
        settled: false,
        waiters: [],
      });
    }
  }

  /** Starts everything marked `auto_start`, and what it needs. Resolves when each has started or failed to. */
  async startAll(): Promise<void> {
    const wanted = [...this.#catalog.list("process.host"), ...this.#catalog.list("process.service")]
      .filter((definition) => definition.lifecycle.autoStart)
      .map((definition) => definition.id);
    await this.start(wanted);
  }

  /** Starts these and what they need, dependencies first, independent ones together. */
  async start(wanted: readonly string[]): Promise<void> {
    const started = new Map<string, Promise<string | null>>();
    for (const id of startOrder(wanted, this.#needs())) {
      const needed = this.#needsOf(id).map((need) => started.get(need) as Promise<string | null>);
      started.set(
        id,
        Promise.all(needed).then((causes) => {
          const blocked = causes.find((cause) => cause !== null);
          return blocked === undefined ? this.#startOne(id) : this.#block(id, blocked as string);
        }),
      );
    }
    await Promise.all(started.values());
  }

  /** The hosts and services, in order of id. */
  view(): UnitView[] {
    const hosts = [...this.#kernel.hosts.all()]
      .filter((host) => host.id !== SYSTEM_HOST)
      .map((host): UnitView => {
        const status = host.status === "running" ? "Running" : host.status === "stopping" ? "Stopping" : "Inactive";
        return { id: host.id, kind: "host", status, pid: null, cause: null };
      });
    const services = [...this.#units.values()].map(({ definition, status, pid, cause }): UnitView => {
      return { id: definition.id, kind: "service", status, pid, cause };
    });
    return [...hosts.sort(byId), ...services.sort(byId)];
  }

  /**
   * Resolves when no service runs or is going to: at once when there is none. The answer is how many have failed.
   */
  async ended(): Promise<{ services: number; failed: number }> {
    const units = () => [...this.#units.values()].filter((unit) => unit.supervisor !== null || unit.cause !== null);
    while (units().some((unit) => unit.supervisor !== null && !unit.settled)) {
      await new Promise<void>((resolve) => this.#onChange.push(resolve));
    }
    return { services: units().length, failed: units().filter(isBroken).length };
  }

  /** Stops services, dependents first, then hosts, in reverse order of start (S14.27). */
  async stop(): Promise<void> {
    this.#stopping = true;
    const ids = [...this.#units.keys(), ...this.#catalog.list("process.host").map((host) => host.id)];
    const needs = this.#needs();
    const order = startOrder(ids, needs).reverse();
    const stopped = new Map<string, Promise<void>>();
    for (const id of order) {
      const dependents = order.filter((other) => needs.get(other)?.includes(id) === true && other !== id);
      const before = dependents.map((dependent) => stopped.get(dependent) ?? Promise.resolve());
      stopped.set(
        id,
        Promise.all(before).then(() => this.#stopOne(id)),
      );
    }
    await Promise.all(stopped.values());
  }

  #needs(): Map<string, readonly string[]> {
    const needs = new Map<string, readonly string[]>();
    for (const host of this.#catalog.list("process.host")) needs.set(host.id, dependencies(host));
    for (const unit of this.#units.values()) needs.set(unit.definition.id, dependencies(unit.definition));
    return needs;
  }

  #needsOf(id: string): readonly string[] {
    const definition = this.#catalog.get(id);
    if (definition?.kind !== "process.service" && definition?.kind !== "process.host") return [];
    return dependencies(definition);
  }

  /** Starts one whose needs are met; `null`, or why it did not start. */
  async #startOne(id: string): Promise<string | null> {
    const host = this.#kernel.hosts.get(id);
    if (host !== undefined) {
      const definition = this.#catalog.get(id) as HostDefinition | undefined;
      if (definition !== undefined && definition.placement !== "inline") {
        return this.#block(id, `placement "${definition.placement}" is not available in this version; use "inline"`);
      }
      if (host.status === "stopped") host.status = "running";
      return null;
    }
    const unit = this.#units.get(id);
    if (unit === undefined) return `${id} does not exist`;
    if (unit.supervisor === null) await this.#supervise(unit);
    return unit.status === "Running" || unit.status === "Exited" ? null : `${id} is ${unit.status}: ${unit.cause}`;
  }

  #block(id: string, cause: string): string {
    const unit = this.#units.get(id);
    if (unit !== undefined) unit.cause = cause;
    this.#feed.line("error", id, `not started: ${cause}`);
    this.#changed();
    return `${id} is not running (${cause})`;
  }

  /** Starts the supervisor of a service, and waits until its process has started or failed for the first time. */
  async #supervise(unit: Unit): Promise<void> {
    const { definition } = unit;
    const { outside, clock } = this.#kernel;
    const send = (supervisor: string, topic: string, ...payload: unknown[]) => {
      // A supervisor that is gone has settled its service already, and needs to hear nothing more.
      if (outside.isAlive(supervisor)) outside.send(supervisor, topic, payload);
    };
    const main = service(definition.lifecycle, {
      nowMs: () => clock.nowMs(),
      random: () => this.#random() * 2 - 1,
      start: (supervisor, attempt) => {
        const onEnd = (result: ExitResult) => {
          send(supervisor, "ended", attempt, isFailure(result) ? failureOf(result) : null);
        };
        const options = { onEnd, ...this.#securityOf(definition) };
        outside.spawn(definition.processId, definition.hostId, definition.input, options, (answer) => {
          if (answer instanceof ProcessError) send(supervisor, "refused", attempt, failureOf(answer));
          else if (outside.isAlive(supervisor)) send(supervisor, "started", attempt, answer);
          else outside.terminate(answer);
        });
      },
      cancel: (pid, deadlineMs) => {
        if (outside.isAlive(pid)) outside.cancel(pid, { deadline: deadlineMs, reason: "service stopping" });
      },
      terminate: (pid) => {
        if (outside.isAlive(pid)) outside.terminate(pid);
      },
      report: (change) => this.#note(unit, change),
    });
    const id = `${SYSTEM_HOST}.service:${definition.id}`;
    const program = typescriptEngine.load({ entry: id, exported: main, method: "run", mailbox: null });
    const onEnd = () => this.#orphaned(unit);
    unit.cause = null;
    unit.settled = false;
    const firstSettled = new Promise<void>((resolve) => unit.waiters.push(resolve));
    outside.spawn(id, SYSTEM_HOST, [], { program, onEnd }, (answer) => {
      if (answer instanceof ProcessError) throw answer;
      unit.supervisor = answer;
    });
    await firstSettled;
  }

  /** Who a service's process acts as, and which policies apply to it (S10.42). */
  #securityOf({ lifecycle: { security } }: ServiceDefinition): { actor: Actor | null; scope: Scope | null } {
    if (security === null) return { actor: null, scope: null };
    const { actor, groups, policies } = security;
    const named = policies.map((id) => this.#policies.policy(id)).filter((policy) => policy !== null);
    return {
      actor: actor === null ? null : createActor(actor.id, actor.meta),
      scope: groups.length + policies.length === 0 ? null : this.#policies.scopeOf(groups, named),
    };
  }

  #note(unit: Unit, change: ServiceChange): void {
    const { id } = unit.definition;
    unit.status = change.status;
    unit.pid = change.pid;
    unit.cause = change.failure === null ? null : change.failure.error;
    const isFinal = change.status === "Exited" || change.status === "Stopped" || change.status === "Failed";
    unit.settled = isFinal && change.restartInMs === null;
    if (change.status === "Failed") {
      const next =
        change.restartInMs === null ? "it will not be restarted" : `restart in ${Math.round(change.restartInMs)} ms`;
      this.#feed.line("error", id, `failed: ${unit.cause} (${change.failure?.kind}); ${next}`);
    } else this.#feed.line("info", id, change.status.toLowerCase() + (change.pid === null ? "" : ` as ${change.pid}`));
    if (change.status !== "Starting" && change.status !== "Stopping") {
      for (const resolve of unit.waiters.splice(0)) resolve();
    }
    this.#changed();
  }

  /** Its supervisor has ended: as it should, or because somebody ended it. */
  #orphaned(unit: Unit): void {
    if (unit.settled) return;
    const failure = { error: "its supervisor was ended", kind: errors.INTERNAL };
    this.#note(unit, { status: "Failed", pid: null, failure, restartInMs: null });
  }

  #changed(): void {
    for (const resolve of this.#onChange.splice(0)) resolve();
  }

  async #stopOne(id: string): Promise<void> {
    const unit = this.#units.get(id);
    if (unit !== undefined) {
      if (unit.supervisor === null || unit.settled) return;
      this.#kernel.outside.send(unit.supervisor, "stop", null);
      while (!unit.settled) await new Promise<void>((resolve) => this.#onChange.push(resolve));
      return;
    }
    const definition = this.#catalog.get(id);
    const lifecycle: Lifecycle = definition?.kind === "process.host" ? definition.lifecycle : defaultLifecycle;
    await this.stopHost(id, lifecycle.stopTimeoutMs);
  }

  /** Stops a host: refuses newcomers, asks everybody to end, waits (S15.10–S15.12). */
  async stopHost(id: string, stopTimeoutMs: number): Promise<void> {
    const host = this.#kernel.hosts.get(id);
    if (host === undefined || host.status !== "running") return;
    host.status = "stopping";
    const { outside, events } = this.#kernel;
    for (const process of [...outside.processes(host)]) {
      outside.cancel(process.pid, { deadline: stopTimeoutMs, reason: "host is shutting down" });
    }
    while (host.live > 0) {
      await new Promise<void>((resolve) => {
        const stopWatching = events.add((event) => {
          if (event.kind !== "exited") return;
          stopWatching();
          resolve();
        });
      });
    }
    // Some still tell others of their end, or of what they have not read.
    while (host.telling > 0) {
      await new Promise<void>((resolve) => {
        host.whenTold = resolve;
      });
    }
    host.whenTold = null;
    host.status = "stopped";
  }

  /** Ends at once whatever still lives (S15.13). */
  terminateAll(): void {
    const { outside } = this.#kernel;
    for (const process of [...outside.processes()]) {
      if (process.hostId !== SYSTEM_HOST) outside.terminate(process.pid);
    }
  }

  /** Whether `stop` was called. */
  get isStopping(): boolean {
    return this.#stopping;
  }
}

function byId(a: UnitView, b: UnitView): number {
  return a.id < b.id ? -1 : 1;
}

/** A service that is not to run again though it did not end well: Failed, or blocked by what it needs. */
function isBroken(unit: Unit): boolean {
  return unit.status === "Failed" || (unit.status === "Inactive" && unit.cause !== null);
}

function failureOf(failure: { error: string; kind: string } | ProcessError): ServiceFailure {
  const { kind, retryable } = failure as ProcessError;
  return { error: failure instanceof ProcessError ? failure.message : failure.error, kind, retryable };
}
