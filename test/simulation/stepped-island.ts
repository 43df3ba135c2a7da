/**
 * The real kernel with nothing of its own left to chance: coroutines are generators, and whoever explores decides what
 * happens next. So every order of a small program can be tried, one after the other.
 *
 *     choices     microtask   the next coroutine goes on that has something to go on with
 *                 turn        a ready process has its turn
 *                 clock       time moves to the next alarm
 *                 action      the world outside does the next thing on its list
 *                 go on       a process that is woken while nobody else is ready goes on in the same breath, or has
 *                             to wait for a turn; the kernel asks for it in the middle of whatever woke the process
 *
 * A generator stands where an async function would: it yields what it waits for, and what an `await` of something that
 * is there costs, a trip through the microtask queue, it costs here too.
 */
import {
  type Case,
  type Clock,
  Kernel,
  NOT_READY,
  notFound,
  type Pid,
  type Process,
  type Program,
  Run,
  type Source,
  Strand,
  type Syscalls,
} from "../../src/kernel/index.ts";

/** What a coroutine waits for. */
export type Request =
  | { readonly hop: true }
  | { readonly receive: Source }
  | { readonly select: readonly Case[]; readonly default?: boolean };

/** A coroutine: yields requests, and gets what was received, or `{ index, value }` of a select. */
export type Coroutine = Generator<Request, unknown, any>;

/** What the code of a process can use. */
export interface Code {
  readonly syscalls: Syscalls;
  /** Starts another coroutine of the process. */
  go(coroutine: Coroutine): void;
}

/** Goes on when everything else that is pending has. */
export const HOP: Request = { hop: true };

export const HOST = "test:host";

class GeneratorStrand extends Strand {
  readonly #goOn: (value: unknown, index: number) => void;

  constructor(run: Syscalls, goOn: (value: unknown, index: number) => void) {
    super(run);
    this.#goOn = goOn;
  }

  override resume(value: unknown, index: number): void {
    this.#goOn(value, index);
  }
}

class SteppedRun extends Run {
  readonly resumesLater = true;
  readonly #begin: (syscalls: Syscalls, args: readonly any[]) => void;

  constructor(process: Process, begin: (syscalls: Syscalls, args: readonly any[]) => void) {
    super(process);
    this.#begin = begin;
  }

  override begin(args: readonly unknown[]): void {
    this.#begin(this, args);
  }

  override stop(): boolean {
    return false;
  }

  override drop(): void {}
}

class SteppedClock implements Clock {
  now = 0;
  atMs = Infinity;
  alarm: (() => void) | null = null;

  nowMs(): number {
    return this.now;
  }

  unixMs(): number {
    return this.now;
  }

  wakeAt(atMs: number, alarm: () => void): void {
    this.atMs = atMs;
    this.alarm = alarm;
  }

  ring(): void {
    const { alarm } = this;
    this.now = Math.max(this.now, this.atMs);
    this.atMs = Infinity;
    this.alarm = null;
    alarm?.();
  }
}

/** Picks one of so many options, counted from 0. */
export type Choose = (options: number) => number;

/** One island, driven choice by choice. */
export class SteppedIsland {
  readonly kernel: Kernel;
  /** What the world outside will do, in this order; added to before or during a run. */
  readonly actions: (() => void)[] = [];
  readonly #clock = new SteppedClock();
  readonly #pending: (() => void)[] = [];
  readonly #programs = new Map<string, Program>();

  /** @param choose decides, by the number of an option, what the kernel asks in the middle of something. */
  constructor(choose: Choose) {
    this.kernel = new Kernel({
      clock: this.#clock,
      turns: { request() {}, spend() {}, mayGoOn: () => choose(2) === 1 },
      programs: {
        find: (id) => this.#programs.get(id) ?? null,
        load: (id, answer) => answer(this.#programs.get(id) ?? notFound(id)),
      },
      onFault: (fault) => {
        throw fault;
      },
    });
    this.kernel.hosts.add({ id: HOST }).status = "running";
  }

  /** Makes an entry of a generator function. */
  define(id: string, main: (code: Code, ...args: any[]) => Coroutine): void {
    this.#programs.set(id, {
      entry: id,
      mailbox: null,
      accept: null,
      prepare: null,
      discard: null,
      start: (process) =>
        new SteppedRun(process, (syscalls, args) => {
          const code: Code = { syscalls, go: (coroutine) => this.#pending.push(() => this.#run(syscalls, coroutine)) };
          this.#run(syscalls, main(code, ...args), true);
        }),
    });
  }

  spawn(id: string): Pid {
    let pid = "" as Pid;
    this.kernel.outside.spawn(id, HOST, [], {}, (answer) => {
      pid = answer as Pid;
    });
    return pid;
  }

  /** Lets the next coroutine go on that has something to go on with; whether there was one. */
  resumeOne(): boolean {
    const goOn = this.#pending.shift();
    goOn?.();
    return goOn !== undefined;
  }

  /** What can happen next. */
  choices(): (() => void)[] {
    const choices: (() => void)[] = [];
    if (this.#pending.length > 0) choices.push(() => void this.resumeOne());
    for (let place = 0; place < this.kernel.scheduler.ready; place++) {
      choices.push(() => void this.kernel.scheduler.stepAt(place));
    }
    const action = this.actions[0];
    if (action !== undefined) choices.push(() => (this.actions.shift() as () => void)());
    if (this.#clock.atMs !== Infinity) choices.push(() => this.#clock.ring());
    return choices;
  }

  #run(syscalls: Syscalls, coroutine: Coroutine, isMain = false): void {
    const goOn = (given: unknown) => {
      if (syscalls.isShut) return;
      const { done, value } = coroutine.next(given);
      if (done !== true) this.#wait(syscalls, value, goOn);
      else if (isMain) syscalls.finish(value);
    };
    goOn(undefined);
  }

  #wait(syscalls: Syscalls, request: Request, goOn: (given: unknown) => void): void {
    if (syscalls.isShut) return;
    const later = (given: unknown) => this.#pending.push(() => goOn(given));
    if ("hop" in request) later(undefined);
    else if ("receive" in request) {
      const value = syscalls.takeNow(request.receive);
      if (value !== NOT_READY) later(value);
      else syscalls.waitAt(request.receive, new GeneratorStrand(syscalls, later));
    } else {
      const now = syscalls.selectNow(request.select, request.default === true);
      if (now.index >= 0 || request.default === true) later(now);
      else {
        const strand = new GeneratorStrand(syscalls, (value, index) => later({ index, value }));
        syscalls.waitForAny(request.select, strand);
      }
    }
  }
}

/**
 * Runs a program once for each order in which its choices can be made, to the end where nothing can happen any more.
 *
 * @param make makes the program anew; returns its island, and what must hold at the end.
 * @returns how many orders there were.
 */
export function explore(
  make: (choose: Choose) => { island: SteppedIsland; atEnd: () => void },
  mostOrders = 400_000,
): number {
  const path: { chosen: number; options: number }[] = [];
  for (let orders = 1; ; orders++) {
    if (orders > mostOrders) throw new Error(`more than ${mostOrders} orders`);
    let depth = 0;
    const choose: Choose = (options) => {
      if (depth > 1_000) throw new Error("never idle");
      const step = path[depth] ?? { chosen: 0, options };
      path[depth++] = step;
      return step.chosen;
    };
    try {
      const { island, atEnd } = make(choose);
      for (let choices = island.choices(); choices.length > 0; choices = island.choices()) {
        (choices[choose(choices.length)] as () => void)();
      }
      atEnd();
    } catch (cause) {
      if (cause instanceof Error) cause.message += ` [order ${path.map(({ chosen }) => chosen).join("")}]`;
      throw cause;
    }
    path.length = depth;
    while (path.length > 0) {
      const last = path[path.length - 1] as { chosen: number; options: number };
      if (++last.chosen < last.options) break;
      path.pop();
    }
    if (path.length === 0) return orders;
  }
}
