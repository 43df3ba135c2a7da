/** The parts of one island that its processes work with; kernel.ts puts them together. Types only. */
import type { Clock } from "./clock.ts";
import type { DeadLetters } from "./dead-letters.ts";
import type { Programs } from "./engine.ts";
import type { IslandEvent, IslandNotice, Watchers } from "./events.ts";
import type { Guard, Policies } from "./guard.ts";
import type { Hosts } from "./hosts.ts";
import type { Names } from "./names.ts";
import type { ProcessTable } from "./process-table.ts";
import type { Router } from "./router.ts";
import type { Scheduler } from "./scheduler.ts";
import type { Timers } from "./timers.ts";

/** One island: a single-threaded kernel's parts. */
export interface Island {
  readonly clock: Clock;
  readonly guard: Guard;
  readonly policies: Policies;
  readonly programs: Programs;
  readonly hosts: Hosts;
  readonly table: ProcessTable;
  readonly names: Names;
  readonly timers: Timers;
  readonly scheduler: Scheduler;
  readonly router: Router;
  readonly events: Watchers<IslandEvent>;
  readonly notices: Watchers<IslandNotice>;
  readonly deadLetters: DeadLetters;
  /** The next call chain's number (S1.9). */
  nextChain(): number;
}
