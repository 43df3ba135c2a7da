/**
 * createRuntime: the composition root of the main thread. It chooses the bodies (Node's clock and turns, the catalog's
 * programs), makes the island, and stops it in order.
 */
import { Catalog, type Definition, defineHost, defineNativeProcess, formatProblem } from "../catalog/index.ts";
import { LuaEngine, prepareZones } from "../engines/lua/index.ts";
import { chargeRejection, isProcessDefinition } from "../engines/typescript/index.ts";
import {
  type Actor,
  type Clock,
  type DeadLetters,
  type IslandEvent,
  invalid,
  isEntryId,
  Kernel,
  makeShapesWith,
  notFound,
  type Pid,
  ProcessError,
  type ProcessView,
  type Scope,
  type Turns,
  textOf,
} from "../kernel/index.ts";
import {
  createModuleLoader,
  functionOf,
  handleProcessErrors,
  type ModuleLoader,
  NodeClock,
  NodeTurns,
  readDefinitions,
  readLuaFiles,
  writeToStderr,
} from "../platform/index.ts";
import { Audit, type AuditEvent, PolicySet, type Recorder, ScopedGuard } from "../security/index.ts";
import { heapLimitBytes, type RuntimeConfig, SHUTDOWN_TIMEOUT_MS } from "./config.ts";
import { LogFeed } from "./log-feed.ts";
import { checkPolicy, RuntimePolicies } from "./policies.ts";
import { CatalogPrograms } from "./programs.ts";
import { Services, type UnitView } from "./services.ts";

/** How a process started by the embedding program differs from the plain one. */
export interface RuntimeSpawnOptions {
  /** Who it acts as; see `createActor`. */
  readonly actor?: Actor;
  /** Which policies apply to it and its children; see `runtime.policies.scope`. */
  readonly scope?: Scope;
  /** Context values that it and its children can read. */
  readonly context?: Readonly<Record<string, unknown>>;
  /** Registered in the start step. */
  readonly name?: string;
}

/** What the world outside is made of; Node's own unless a test hands in another. */
export interface World {
  readonly clock: Clock;
  readonly turns: Turns;
  readonly loader: ModuleLoader;
  /** From 0 to 1. */
  readonly random: () => number;
  /** Watches what processes ask for, and lets them; `null`: the policies decide. */
  readonly recorder: Recorder | null;
  /** Told what is refused, from the very start. */
  readonly onAudit: ((event: AuditEvent) => void) | null;
}

/** Whether it is Lua that may ask for time zones. */
function hasTime(definition: Definition): boolean {
  return (
    (definition.kind === "process.lua" || definition.kind === "library.lua") && definition.modules.includes("time")
  );
}

/** A running set of hosts and processes, as the embedding program sees it. */
export class Runtime {
  readonly #kernel: Kernel;
  readonly #catalog = new Catalog();
  readonly #policySet = new PolicySet();
  readonly #policies: RuntimePolicies;
  readonly #audit: Audit;
  readonly #services: Services;
  readonly #feed: LogFeed;
  readonly #shutdownTimeoutMs: number;
  /** What ends the handling of errors of the operating-system process; `null` when they are left alone. */
  readonly #releaseErrors: (() => void) | null;
  #stopped: Promise<void> | null = null;
  #lua: LuaEngine | null = null;

  /** @internal Use `createRuntime`. */
  constructor(config: RuntimeConfig, world: World) {
    const programs = new CatalogPrograms(this.#catalog, world.loader, () => this.#luaEngine(config, world));
    const onFault = (fault: unknown) => this.#feed.line("error", "runtime", `a listener failed: ${textOf(fault)}`);
    this.#audit = new Audit({
      unixMs: () => world.clock.unixMs(),
      after: (delayMs, fire) => this.#kernel.timers.set(delayMs, fire),
      onFault,
    });
    if (world.onAudit !== null) this.#audit.watch(world.onAudit);
    this.#kernel = new Kernel({
      clock: world.clock,
      turns: world.turns,
      programs,
      guard: world.recorder ?? new ScopedGuard(config.security?.strict === true, this.#audit),
      policies: this.#policySet,
      onFault,
    });
    this.#policies = new RuntimePolicies(this.#catalog, this.#policySet);
    this.#feed = new LogFeed(this.#kernel, config.log ?? writeToStderr);
    this.#services = new Services(this.#kernel, this.#catalog, this.#policySet, this.#feed, world.random);
    this.#shutdownTimeoutMs = config.shutdownTimeoutMs ?? SHUTDOWN_TIMEOUT_MS;
    this.#releaseErrors =
      config.processErrors === "handle"
        ? handleProcessErrors((cause, origin) => {
            const pid = chargeRejection(cause);
            const text = cause instanceof Error && cause.stack !== undefined ? cause.stack : textOf(cause);
            this.#feed.line("error", pid ?? "runtime", `unhandled ${origin}: ${text}`);
          })
        : null;
  }

  #luaEngine(config: RuntimeConfig, world: World): LuaEngine {
    const { clock, random } = world;
    this.#lua ??= new LuaEngine({
      ...readLuaFiles(),
      heapLimitBytes: heapLimitBytes(config),
      nowMs: () => clock.nowMs(),
      sources: { random32: () => Math.floor(random() * 2 ** 32), unixMs: () => clock.unixMs() },
      later: (go) => this.#kernel.timers.set(0, go),
    });
    return this.#lua;
  }

  /** @internal Reads and checks everything, then starts; all or nothing. */
  async begin(config: RuntimeConfig): Promise<void> {
    const own = ownDefinitions(config);
    const read = config.app === undefined ? null : await readDefinitions(config.app, { known: own, checkPolicy });
    const warnings = this.#catalog.change({ set: [...own, ...(read?.definitions ?? [])] });
    if (this.#catalog.list().some(hasTime)) prepareZones();
    await this.#policies.adopt();
    for (const problem of read?.warnings ?? warnings) this.#feed.line("warn", "entries", formatProblem(problem));
    this.#services.adopt();
    await this.#services.start(Object.keys(config.hosts ?? {}));
    await this.#services.startAll();
  }

  /** Messages that reached nobody: `count(reason?)`, and `watch(listener)`, which returns what ends it (S16.53). */
  get deadLetters(): Pick<DeadLetters, "count" | "watch"> {
    return this.#kernel.deadLetters;
  }

  /** The policies of this runtime, which may be changed while it runs (section 10). */
  get policies(): RuntimePolicies {
    return this.#policies;
  }

  /** What was refused, and on request what was allowed: `watch(listener)`, which returns what ends it. */
  get audit(): Pick<Audit, "watch" | "deniedCount"> {
    return this.#audit;
  }

  /**
   * Starts a process and resolves with its pid. Rejects: INVALID, NOT_FOUND (host, entry, method), UNAVAILABLE, INTERNAL
   * (the module fails to load), ALREADY_EXISTS (the name). No permission is asked.
   */
  spawn(id: string, host: string, ...args: unknown[]): Promise<Pid> {
    return this.spawnWith({}, id, host, ...args);
  }

  /** `spawn` with an actor, a scope, context values or a name. */
  spawnWith(options: RuntimeSpawnOptions, id: string, host: string, ...args: unknown[]): Promise<Pid> {
    return new Promise((resolve, reject) => {
      this.#kernel.outside.spawn(id, host, args, options, (answer) => {
        if (answer instanceof ProcessError) reject(answer);
        else resolve(answer);
      });
    });
  }

  /** Starts a process, waits for its end and resolves with its value. Rejects as `spawn`, or with the process's error. */
  exec<R = any>(id: string, host: string, ...args: unknown[]): Promise<R> {
    return new Promise((resolve, reject) => {
      this.#kernel.outside.exec(id, host, args, {}, (outcome) => {
        if ("error" in outcome) reject(outcome.error);
        else resolve(outcome.value as R);
      });
    });
  }

  /** Sends a message whose `from` is null: the error (NOT_FOUND, INVALID, UNAVAILABLE, RATE_LIMITED), or `null`. */
  send(destination: string, topic: string, ...payload: unknown[]): ProcessError | null {
    return this.#kernel.outside.send(destination, topic, payload.length > 1 ? payload : payload[0]);
  }

  /** Asks a process to end, perhaps until a deadline. Throws NOT_FOUND, INVALID. */
  cancel(destination: string, deadline?: string | number | { deadline?: string | number; reason?: string }): void {
    this.#kernel.outside.cancel(destination, deadline);
  }

  /** Orders a process to end. Throws NOT_FOUND. */
  terminate(destination: string): void {
    this.#kernel.outside.terminate(destination);
  }

  /** The pid that holds a name, or `null`. */
  lookup(name: string): Pid | null {
    return this.#kernel.outside.lookup(name);
  }

  /** The processes alive, those of the runtime itself among them. */
  processes(): ProcessView[] {
    return [...this.#kernel.outside.processes()];
  }

  /** The hosts and services, hosts first, in order of id. */
  units(): UnitView[] {
    return this.#services.view();
  }

  /** Calls the listener for each start, upgrade and end of a process; the answer stops it. */
  watch(listener: (event: IslandEvent) => void): () => void {
    return this.#kernel.events.add(listener);
  }

  /** Starts a host of the application that nothing has started yet, and what it needs. Rejects: NOT_FOUND, UNAVAILABLE. */
  async startHost(id: string): Promise<void> {
    if (this.#kernel.hosts.get(id)?.isPrivate !== false) throw notFound("host not found");
    await this.#services.start([id]);
  }

  /** Resolves when no service runs or is going to, with how many services there are and how many have failed. */
  servicesEnded(): Promise<{ services: number; failed: number }> {
    return this.#services.ended();
  }

  /**
   * Stops services, then hosts, in order; every process gets CANCEL and its time to end (S15.10–S15.13). Resolves when
   * all have ended. A second call waits for the first.
   */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop();
    return this.#stopped;
  }

  /** Ends every process at once; what `stop` waits for is over then. */
  terminateAll(): void {
    this.#services.terminateAll();
  }

  async #stop(): Promise<void> {
    const timer = this.#kernel.timers.set(this.#shutdownTimeoutMs, () => this.#services.terminateAll());
    await this.#services.stop();
    this.#kernel.timers.cancel(timer);
    if (this.#releaseErrors === null) return;
    // What a process left unhandled as its last act is told when the present turn is over.
    await new Promise<void>((resolve) => this.#kernel.timers.set(0, resolve));
    this.#releaseErrors();
  }
}

/**
 * Makes a runtime and starts what its configuration says. Rejects with one INVALID error that lists every mistake of the
 * entries, `file:line:column` each, when there is any; nothing is started then. INVALID also for a wrong setting.
 */
export async function createRuntime(config: RuntimeConfig = {}, world: Partial<World> = {}): Promise<Runtime> {
  makeShapesWith(functionOf);
  heapLimitBytes(config); // throws, before anything is made, if it is no number of bytes
  const runtime = new Runtime(config, {
    clock: world.clock ?? new NodeClock(),
    turns: world.turns ?? new NodeTurns(),
    loader: world.loader ?? createModuleLoader(),
    random: world.random ?? Math.random,
    recorder: world.recorder ?? null,
    onAudit: world.onAudit ?? null,
  });
  await runtime.begin(config);
  return runtime;
}

/** The definitions that the embedding program hands over. */
function ownDefinitions(config: RuntimeConfig): Definition[] {
  const definitions: Definition[] = [];
  for (const [id, host] of Object.entries(config.hosts ?? {})) {
    definitions.push(defineHost(checkedId(id), { maxProcesses: host.maxProcesses, mailbox: host.mailbox }));
  }
  for (const [id, given] of Object.entries(config.processes ?? {})) {
    const plain = typeof given === "function" || isProcessDefinition(given);
    const { run, mailbox } = plain ? { run: given, mailbox: undefined } : (given as { run: unknown; mailbox?: any });
    definitions.push(defineNativeProcess(checkedId(id), run, { mailbox }));
  }
  return definitions;
}

function checkedId(id: string): string {
  if (!isEntryId(id)) throw invalid(`"${id}" is no id of the form namespace:name`);
  return id;
}
