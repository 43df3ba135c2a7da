/**
 * Which piece of lowered code runs now. It is what lets a call know whose it is without asking anybody: a lowered
 * function called by a process is part of that process, and what it awaits belongs to its run.
 */
import type { TaskRun } from "./task-run.ts";

/** A piece of code of a run: a task, a callback, or the first lines of a plain function. */
export interface Running {
  readonly run: TaskRun;
  /** Whether it is part of the cleanup of a run that was stopped. */
  readonly cleansUp: boolean;
}

/** What runs now; `null` while no code of a process runs, or native code that has awaited something. */
export let current: Running | null = null;

/** Says what runs from now on; the caller puts back what ran before. */
export function enter(running: Running | null): void {
  current = running;
}
