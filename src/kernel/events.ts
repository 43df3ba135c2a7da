/**
 * What can be watched of an island, free when nobody watches: whoever tells asks `any` first and makes the event only
 * then. A watcher that throws never harms what it watches.
 */
import type { ExitResult } from "./exit-result.ts";
import type { Pid } from "./pid.ts";

/** A step in the life of a process. `at` is in unix seconds, possibly with a fraction. */
export type IslandEvent =
  | {
      readonly kind: "spawned";
      readonly at: number;
      readonly pid: Pid;
      readonly entry: string;
      /** Who spawned it; `null` for the runtime or a tool. */
      readonly parent: Pid | null;
    }
  | { readonly kind: "upgraded"; readonly at: number; readonly pid: Pid; readonly entry: string }
  | {
      readonly kind: "exited";
      readonly at: number;
      readonly pid: Pid;
      readonly entry: string;
      readonly result: ExitResult;
    };

/**
 * Something a person may want to read. A stream of its own, so that whoever keeps a log does not make every spawn and
 * exit pay for an event.
 */
export type IslandNotice =
  | {
      /** Many messages wait for a process: 10,000, and again at each doubling (S2.47). */
      readonly kind: "mailbox-alarm";
      readonly at: number;
      readonly pid: Pid;
      readonly entry: string;
      readonly waiting: number;
    }
  | {
      /** A process wrote a line. */
      readonly kind: "printed";
      readonly at: number;
      readonly pid: Pid;
      readonly entry: string;
      readonly text: string;
      /** Where in the source, `file:line`, if that is known. */
      readonly position: string | null;
    }
  | {
      /** An error has left the code of a process and ended it. */
      readonly kind: "crashed";
      readonly at: number;
      readonly pid: Pid;
      readonly entry: string;
      readonly text: string;
      /** Where it came from, line by line, the innermost first. */
      readonly trace: string;
    }
  | {
      /** An error has left the top-level code of a program, so that the process it was loaded for is none (S3.25). */
      readonly kind: "load-failed";
      readonly at: number;
      readonly entry: string;
      readonly text: string;
      /** Where it came from, line by line, the innermost first. */
      readonly trace: string;
    };

/** Those who watch one kind of thing. */
export class Watchers<E> {
  readonly #onFault: (fault: unknown) => void;
  #listeners: readonly ((event: E) => void)[] = [];

  /** @param onFault is told what a listener threw. */
  constructor(onFault: (fault: unknown) => void) {
    this.#onFault = onFault;
  }

  /** Whether anybody watches. */
  get any(): boolean {
    return this.#listeners.length > 0;
  }

  /** Adds a listener; the answer takes it away. */
  add(listener: (event: E) => void): () => void {
    const entry = (event: E) => listener(event);
    this.#listeners = [...this.#listeners, entry];
    return () => {
      this.#listeners = this.#listeners.filter((one) => one !== entry);
    };
  }

  /** Tells every listener. */
  tell(event: E): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (fault) {
        this.#onFault(fault);
      }
    }
  }
}
