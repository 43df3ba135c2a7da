/**
 * A whole island under a virtual clock and a seeded order of turns: the real kernel and the real TypeScript engine,
 * with the world outside replaced. The same seed gives the same run.
 *
 *     ready processes ──seed picks one──▶ its turn ──▶ microtasks until nothing runs ──▶ again
 *     nobody ready ──▶ the clock moves to the next deadline
 *
 * After each turn the simulation lets promises settle until no process is running. A process that neither ended nor
 * waits for a syscall then awaits something the simulation does not control, such as a socket or `setTimeout`; it is
 * named in an error, because a run with it could not be repeated.
 */
import {
  type AnyProcess,
  type ArgsOf,
  type MessagesOf,
  type ResultOf,
  typescriptEngine,
} from "../engines/typescript/index.ts";
import {
  type Actor,
  type DeadLetters,
  errors,
  type Guard,
  type IslandEvent,
  type IslandNotice,
  Kernel,
  type MailboxLimit,
  notFound,
  type Pid,
  type Policies,
  type Process,
  ProcessError,
  type Program,
  parseDuration,
  type Scope,
} from "../kernel/index.ts";
import { Probe } from "./probe.ts";
import { SeededRandom } from "./seeded-random.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** How a simulated run differs from the plain one. */
export interface SimulationOptions {
  /** How many turns there may be before the run counts as endless; 1,000,000 by default. */
  maxTurns?: number;
  /** Who decides what processes may do; everything is allowed by default. */
  guard?: Guard;
  /** What `process.security` finds; nothing by default. */
  policies?: Policies;
  /**
   * Whether a process that is woken while nobody else is ready may go on in the same breath, as on Node; the seed
   * decides each time. By default it always waits for a turn.
   */
  goOn?: boolean;
}

/** How an entry of a simulation differs from the plain one. */
export interface DefineOptions {
  /** The limit of its processes' mailboxes. */
  mailbox?: MailboxLimit;
  /** How long it takes to load, in virtual milliseconds; at once by default. */
  loadMs?: number;
  /** What loading it fails with. */
  loadError?: ProcessError;
  /** Whether loops of its lowered code give their turn back (S16.56); true by default. */
  preempt?: boolean;
}

/** How a spawn from the test differs from the plain one. */
export interface SimulatedSpawn {
  host?: string;
  name?: string;
  actor?: Actor;
  scope?: Scope;
  context?: Record<string, unknown>;
}

/** What a run was like. */
export interface SimulationReport {
  readonly seed: number;
  /** What happened, line by line: turns, starts, upgrades and ends, with the virtual time in milliseconds. */
  readonly trace: readonly string[];
  /** How many turns processes had. */
  readonly turns: number;
  /** The virtual time at the end, in milliseconds. */
  readonly nowMs: number;
}

/**
 * How many rounds of promises without a sign of life end a turn, once its process waits. One of its coroutines may still
 * be on its way through async functions of its own while another waits, and that cannot be seen.
 */
const SETTLE_ROUNDS = 64;
/** How many rounds a process may go on with promises of its own before it counts as awaiting something foreign. */
const FOREIGN_ROUNDS = 2_000;

/** A simulated island, as the test program sees it. */
export class Simulation {
  /** The host that processes are spawned on unless another is named. */
  readonly host = "sim:processes";
  readonly #random: SeededRandom;
  readonly #clock = new VirtualClock();
  readonly #kernel: Kernel;
  readonly #definitions = new Map<string, { program: Program | ProcessError; loadMs: number }>();
  readonly #trace: string[] = [];
  readonly #maxTurns: number;
  readonly #faults: unknown[] = [];
  #probes = 0;
  #processes = 0;

  /** @internal Use `simulate`. */
  constructor(seed: number, options: SimulationOptions = {}) {
    this.#random = new SeededRandom(seed);
    this.#maxTurns = options.maxTurns ?? 1_000_000;
    this.#kernel = new Kernel({
      clock: this.#clock,
      turns: { request() {}, spend() {}, mayGoOn: () => options.goOn === true && this.#random.once(2) },
      programs: {
        find: (id) => {
          const definition = this.#definitions.get(id);
          if (definition === undefined || definition.loadMs > 0) return null;
          return definition.program instanceof ProcessError ? null : definition.program;
        },
        load: (id, answer) => {
          const definition = this.#definitions.get(id);
          if (definition === undefined) answer(notFound(`process entry not found: ${id}`));
          else if (definition.loadMs <= 0) answer(definition.program);
          else this.#kernel.timers.set(definition.loadMs, () => answer(definition.program));
        },
      },
      ...(options.guard !== undefined && { guard: options.guard }),
      ...(options.policies !== undefined && { policies: options.policies }),
      onFault: (fault) => this.#faults.push(fault),
    });
    this.addHost(this.host);
    this.#kernel.events.add((event) => this.#note(event));
  }

  /** The chance of this run: use it instead of `Math.random`, and the run can be repeated. */
  get random(): SeededRandom {
    return this.#random;
  }

  /** The virtual time, in milliseconds since the start. */
  get nowMs(): number {
    return this.#clock.nowMs();
  }

  /** The virtual time of day, in milliseconds since 1970 in UTC. */
  get unixMs(): number {
    return this.#clock.unixMs();
  }

  /** What reached nobody. */
  get deadLetters(): DeadLetters {
    return this.#kernel.deadLetters;
  }

  /** How many processes are alive. */
  get alive(): number {
    return this.#kernel.table.live;
  }

  /** What happened so far; see {@link SimulationReport}. */
  get trace(): readonly string[] {
    return this.#trace;
  }

  /** What listeners of this simulation's events threw. */
  get faults(): readonly unknown[] {
    return this.#faults;
  }

  /** Calls the listener for each thing that happens; the answer stops it. */
  watch(listener: (event: IslandEvent) => void): () => void {
    return this.#kernel.events.add(listener);
  }

  /** Calls the listener for each line a process prints and each mailbox alarm; the answer stops it. */
  watchNotices(listener: (notice: IslandNotice) => void): () => void {
    return this.#kernel.notices.add(listener);
  }

  /** Makes an entry that can be spawned; a second time under the same id is a new version of it. */
  define(id: string, code: unknown, options: DefineOptions = {}): void {
    let program: Program | ProcessError;
    try {
      program =
        options.loadError ??
        typescriptEngine.load({
          entry: id,
          exported: code,
          method: "default",
          mailbox: options.mailbox ?? null,
          preempt: options.preempt !== false,
        });
    } catch (cause) {
      program = cause as ProcessError;
    }
    this.#definitions.set(id, { program, loadMs: options.loadMs ?? 0 });
  }

  /** Makes an entry of a program of any language; a second time under the same id is a new version of it. */
  defineProgram(id: string, program: Program | ProcessError): void {
    this.#definitions.set(id, { program, loadMs: 0 });
  }

  /** Calls `go` once, soon, not from within this call; for engines that continue what takes long. */
  later(go: () => void): void {
    this.#kernel.timers.set(0, go);
  }

  /** Adds a running host. */
  addHost(
    id: string,
    options: { maxProcesses?: number; mailbox?: MailboxLimit; status?: "running" | "stopped" } = {},
  ): void {
    this.#kernel.hosts.add({ id, ...options }).status = options.status ?? "running";
  }

  /** Changes what a host is doing. */
  setHost(id: string, status: "running" | "stopped" | "stopping"): void {
    const host = this.#kernel.hosts.get(id);
    if (host === undefined) throw notFound("host not found");
    host.status = status;
  }

  /** Starts a process of an entry, or of a function, and runs until it has its pid. Rejects as `process.spawn` does. */
  async spawn<F extends AnyProcess = any>(code: string | F, ...args: ArgsOf<F>): Promise<Pid<MessagesOf<F>>> {
    return this.spawnWith({}, code, ...args);
  }

  /** Starts a process with a name, an actor, context values or on another host. */
  async spawnWith<F extends AnyProcess = any>(
    options: SimulatedSpawn,
    code: string | F,
    ...args: ArgsOf<F>
  ): Promise<Pid<MessagesOf<F>>> {
    let answer: Pid | ProcessError | null = null;
    const { host = this.host, ...rest } = options;
    this.#kernel.outside.spawn(this.#entryOf(code), host, args, rest, (given) => {
      answer = given;
    });
    await this.#runUntil(() => answer !== null);
    if ((answer as unknown) instanceof ProcessError) throw answer;
    return answer as unknown as Pid<MessagesOf<F>>;
  }

  /** Starts a process and runs until it has ended; its value, or its error. */
  async exec<F extends AnyProcess = any>(code: string | F, ...args: ArgsOf<F>): Promise<ResultOf<F>> {
    let outcome: { value: unknown } | { error: ProcessError } | null = null;
    this.#kernel.outside.exec(this.#entryOf(code), this.host, args, {}, (given) => {
      outcome = given;
    });
    await this.#runUntil(() => outcome !== null);
    const ended = outcome as unknown as { value: unknown } | { error: ProcessError };
    if ("error" in ended) throw ended.error;
    return ended.value as ResultOf<F>;
  }

  /** Starts a probe and runs until it is there. */
  async probe(): Promise<Probe> {
    const probe = new Probe();
    const id = `sim:probe-${++this.#probes}`;
    this.define(id, probe.main);
    await this.spawn(id);
    await this.settle();
    return probe;
  }

  /** Sends a message from outside; the error, or `null`. */
  send(destination: string, topic: string, ...payload: unknown[]): ProcessError | null {
    return this.#kernel.outside.send(destination, topic, payload.length > 1 ? payload : payload[0]);
  }

  /** Asks a process to end, as the runtime does. Throws as `process.cancel` rejects. */
  cancel(destination: string, deadline?: unknown): void {
    this.#kernel.outside.cancel(destination, deadline);
  }

  /** Orders a process to end. Throws as `process.terminate` rejects. */
  terminate(destination: string): void {
    this.#kernel.outside.terminate(destination);
  }

  /** Whether a process lives. */
  isAlive(pid: string): boolean {
    return this.#kernel.outside.isAlive(pid);
  }

  /** The pid that holds a name, or `null`. */
  lookup(name: string): Pid | null {
    return this.#kernel.outside.lookup(name);
  }

  /** Gives one ready process its turn; whether there was one. Time stands still. */
  async step(): Promise<boolean> {
    const { scheduler } = this.#kernel;
    if (scheduler.ready === 0) return false;
    if (scheduler.steps >= this.#maxTurns) throw new Error(`still busy after ${this.#maxTurns} turns`);
    const process = scheduler.stepAt(this.#random.below(scheduler.ready));
    this.#trace.push(`${this.#clock.nowMs()} turn ${process.pid}`);
    await this.#settlePromises(process);
    return true;
  }

  /** Runs until no process is ready. Time stands still. */
  async settle(): Promise<void> {
    await this.#rounds(SETTLE_ROUNDS);
    while (await this.step());
  }

  /** Lets so much time pass, running what becomes ready on the way. */
  async advance(duration: string | number): Promise<void> {
    const ms = parseDuration(duration);
    if (ms === null) throw new ProcessError({ kind: errors.INVALID, message: `invalid duration format: ${duration}` });
    const untilMs = this.#clock.nowMs() + ms;
    await this.settle();
    while (this.#clock.nextAlarmMs <= untilMs) {
      this.#clock.moveTo(this.#clock.nextAlarmMs);
      await this.settle();
    }
    this.#clock.moveTo(untilMs);
  }

  /** Runs until nothing is ready and no deadline is set, moving the clock as it goes. */
  async untilIdle(): Promise<void> {
    await this.#runUntil(() => false);
    await this.#rounds(SETTLE_ROUNDS);
    for (const process of this.#kernel.table.all()) if (isRunning(process)) throw foreign(process);
  }

  #entryOf(code: unknown): string {
    if (typeof code === "string") return code;
    const name = typeof code === "function" && code.name !== "" ? code.name : "process";
    const id = `sim:${name}-${++this.#processes}`;
    this.define(id, code);
    return id;
  }

  /** Runs, moving the clock when nobody is ready, until the condition holds or nothing can happen any more. */
  async #runUntil(isDone: () => boolean): Promise<void> {
    await this.#rounds(SETTLE_ROUNDS);
    while (!isDone()) {
      if (await this.step()) continue;
      await this.#rounds(SETTLE_ROUNDS);
      if (this.#kernel.scheduler.ready > 0) continue;
      if (isDone() || this.#clock.nextAlarmMs === Infinity) return;
      this.#clock.moveTo(this.#clock.nextAlarmMs);
    }
  }

  /**
   * Lets promises settle until the process has shown nothing new for a while. That none of its coroutines runs cannot
   * be seen when another of them waits, so a while of silence it takes in any case.
   */
  async #settlePromises(process: Process): Promise<void> {
    let seen = this.#activity(process);
    for (let quiet = 0; quiet < SETTLE_ROUNDS || isRunning(process); quiet++) {
      if (quiet >= FOREIGN_ROUNDS) throw foreign(process);
      await null;
      const now = this.#activity(process);
      if (now !== seen) quiet = 0;
      seen = now;
    }
  }

  /** Changes when a process that is running does something here, such as spawning a thousand others without a wait. */
  #activity(process: Process): number {
    const { budget, waits, waiting } = process;
    return this.#trace.length + this.#kernel.scheduler.ready + 1_000 * budget + 100_000 * waits + 10_000_000 * waiting;
  }

  async #rounds(count: number): Promise<void> {
    for (let round = 0; round < count; round++) await null;
  }

  #note(event: IslandEvent): void {
    const detail = event.kind === "exited" ? ` ${event.result.error ?? "normal"}` : ` ${event.entry}`;
    this.#trace.push(`${this.#clock.nowMs()} ${event.kind} ${event.pid}${detail}`);
  }
}

/**
 * Runs a test program on a simulated island and lets it come to rest.
 *
 * @param seed decides the order of turns and `sim.random`; a failure names it.
 * @param program gets the simulation; what it throws fails the run.
 * @returns what the run was like; two runs with one seed and one program have equal traces.
 */
export async function simulate(
  seed: number,
  program: (sim: Simulation) => unknown,
  options: SimulationOptions = {},
): Promise<SimulationReport> {
  const sim = new Simulation(seed, options);
  try {
    await program(sim);
    await sim.untilIdle();
  } catch (cause) {
    if (cause instanceof Error) cause.message = `${cause.message} [seed ${seed}]`;
    throw cause;
  }
  const turns = sim.trace.filter((line) => line.includes(" turn ")).length;
  return { seed, trace: sim.trace, turns, nowMs: sim.nowMs };
}

/** Whether its code may go on without a syscall: it has begun, not ended, stands in no queue and waits for nothing. */
function isRunning(process: Process): boolean {
  return !process.isEnded && !process.queued && process.waits === 0 && !process.isDoomed && process.run !== null;
}

function foreign(process: Process): ProcessError {
  return new ProcessError({
    kind: errors.INVALID,
    message: `${process.pid} (${process.entry}) awaits something that is not a syscall, so this run cannot be repeated`,
  });
}
