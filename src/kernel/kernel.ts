/**
 * Puts one island together: the only file that knows all the others. What the island needs of the world outside
 * (clock, turns, programs, guard) is handed in; the three composition roots choose the bodies.
 */
import type { Clock, Turns } from "./clock.ts";
import { type DeadLetter, DeadLetters } from "./dead-letters.ts";
import type { Programs } from "./engine.ts";
import { type IslandEvent, type IslandNotice, Watchers } from "./events.ts";
import { type Guard, noPolicies, openGuard, type Policies } from "./guard.ts";
import { Hosts } from "./hosts.ts";
import type { Island } from "./island.ts";
import { Names } from "./names.ts";
import { Outside } from "./outside.ts";
import { PidDealer } from "./pid.ts";
import { ProcessTable } from "./process-table.ts";
import { Router } from "./router.ts";
import { Scheduler } from "./scheduler.ts";
import { Timers } from "./timers.ts";

/** What a kernel is made of that is not its own. */
export interface KernelParts {
  readonly clock: Clock;
  readonly turns: Turns;
  readonly programs: Programs;
  /** Left out: everything is allowed. */
  readonly guard?: Guard;
  /** Left out: there are none. */
  readonly policies?: Policies;
  /** Told what a watcher of events or dead letters threw. */
  readonly onFault: (fault: unknown) => void;
}

/** One island: a process table, a run queue and timers. */
export class Kernel implements Island {
  readonly clock: Clock;
  readonly guard: Guard;
  readonly policies: Policies;
  readonly programs: Programs;
  readonly hosts = new Hosts();
  readonly table = new ProcessTable(new PidDealer());
  readonly names = new Names();
  readonly timers: Timers;
  readonly scheduler: Scheduler;
  readonly events: Watchers<IslandEvent>;
  readonly notices: Watchers<IslandNotice>;
  readonly deadLetters: DeadLetters;
  readonly router: Router;
  /** What the runtime and tools can do: everything, without being a process. */
  readonly outside: Outside;
  #chains = 0;

  constructor(parts: KernelParts) {
    this.clock = parts.clock;
    this.guard = parts.guard ?? openGuard;
    this.policies = parts.policies ?? noPolicies;
    this.programs = parts.programs;
    this.timers = new Timers(parts.clock);
    this.scheduler = new Scheduler(parts.turns);
    this.events = new Watchers(parts.onFault);
    this.notices = new Watchers(parts.onFault);
    this.deadLetters = new DeadLetters(new Watchers<DeadLetter>(parts.onFault), () => parts.clock.unixMs());
    this.router = new Router(this.table, this.hosts, this.deadLetters);
    this.outside = new Outside(this);
  }

  nextChain(): number {
    return ++this.#chains;
  }
}
