/**
 * INTERFACES a language. The kernel sees a program that can be started, a run that can be stopped, and strands (wait.ts)
 * that can be resumed; what these words mean is the engine's business. All an
 * engine has of the kernel is the door that its run is.
 *
 *     Programs ──load(id)──▶ Program ──start(process)──▶ Run ──begin(args)
 *                                                         │ makes a Strand for each coroutine that waits
 *     kernel ──strand.resume(value)──▶ code goes on ──▶ run.… ──▶ run.finish(value) | fail(cause)
 */
import type { ProcessError } from "./errors.ts";
import type { MailboxLimit } from "./mailbox-limit.ts";
import type { Heritage, Process } from "./process.ts";
import { Syscalls } from "./syscalls.ts";

/** What a run has used. */
export interface Measure {
  /** Instructions of its virtual machine, and what its library functions count as such. */
  readonly instructions: number;
  /** How often it ran. */
  readonly slices: number;
  /** How long it ran, in milliseconds, estimated. */
  readonly cpuMs: number;
  /** The bytes of its heap, which others may share. */
  readonly heapBytes: number;
}

/** Code in execution, from one start or upgrade to its end: the door it goes through, and what the kernel may ask of it. */
export abstract class Run extends Syscalls {
  // One is made for every process, and one that is not written down costs a look for it each time.
  constructor(process: Process) {
    super(process);
  }

  /**
   * Whether resuming one of its strands runs no code of the process then and there, as with promises: such a strand can
   * be resumed in the middle of whatever woke it.
   */
  abstract readonly resumesLater: boolean;
  /**
   * Begins to run, inside the first turn of the process. It reports its end by `finish` or `fail` and throws nothing.
   */
  abstract begin(args: readonly unknown[]): void;
  /**
   * The process is ended from outside or goes on with other code: nothing of this run may go on but its cleanup
   * (S16.55).
   *
   * @returns whether there is a cleanup that takes time: `process.cleanedUp` is to be called once when it has ended.
   */
  abstract stop(): boolean;
  /**
   * Whether a strand whose wait is over never holds a message that it has not been given yet. Then it can be left for the
   * next turn when the budget of this one is used up: if an upgrade comes before that, nothing is lost.
   */
  get leavesSettled(): boolean {
    return false;
  }
  /** Whether its language tells integers from floats: then it is given a {@link Float} where a number alone is one. */
  get tellsFloats(): boolean {
    return false;
  }
  /** What it has used so far; `null` where the language does not count. */
  measure(): Measure | null {
    return null;
  }
  /** The process has ended by itself, or the time of the cleanup is over: nothing goes on any more. */
  abstract drop(): void;
}

/**
 * Takes a program that was made ready, or why it was not; with the stack, line by line, the innermost first, when an error
 * has left its code.
 */
export type PreparedAnswer = (program: Program | ProcessError, trace?: string) => void;

/** Code that can be run as a process, as often as one likes. */
export interface Program {
  /** The entry it was made from, `namespace:name`. */
  readonly entry: string;
  /** The limit its entry sets; `null` for none of its own. */
  readonly mailbox: MailboxLimit | null;
  /**
   * Turns the payload of a topic into what the process receives, or throws to refuse it (S16.52); `null` when the
   * program takes everything as it comes.
   */
  readonly accept: ((topic: string, payload: unknown) => unknown) | null;
  /**
   * Does what has to be done for each process before there is one, such as running its module's top-level code (S3.25),
   * and answers once, now or later, with a program that is started once. `null` when there is nothing to do.
   */
  readonly prepare: ((heritage: Heritage, answer: PreparedAnswer) => void) | null;
  /** Gives back what `prepare` has made for a process that is not to start after all; `null` when there is nothing. */
  readonly discard: (() => void) | null;
  /** Makes a run of it, which does not run yet. */
  start(process: Process): Run;
}

/** A language: makes programs of whatever its definitions are. */
export interface Engine<D> {
  /** The kind of entry it runs, e.g. `process.ts`. */
  readonly kind: string;
  /** Makes the program; throws a ProcessError that says what was wrong and where. */
  load(definition: D): Program;
}

/** Where the kernel asks for a program by its id. */
export interface Programs {
  /** The program, if it is at hand. */
  find(id: string): Program | null;
  /**
   * Loads it, and answers once, now or later. Errors: NOT_FOUND (no such entry, method missing), INTERNAL (failed to
   * load).
   */
  load(id: string, answer: (program: Program | ProcessError) => void): void;
}
