/**
 * TypeScript as a language of processes: an async function becomes a Program. Functions that the loader has lowered are
 * driven by the scheduler (task.ts); native ones, such as those an embedding program hands over, by promises. Which
 * they are shows when they run, and one process may be made of both.
 */
import { type Engine, type MailboxLimit, notFound, type Process, type Program } from "../../kernel/index.ts";
import { current, enter } from "./current.ts";
import { isProcessDefinition, mainOf } from "./define-process.ts";
import { ProcessContext } from "./process-context.ts";
import { isLowered } from "./task.ts";
import { type Main, type TaskProgram, TaskRun } from "./task-run.ts";
import type { Parsers } from "./typed-messages.ts";

/** What a program is made from: an entry and what its module exports. */
export interface TypescriptSource {
  /** The entry, `namespace:name`. */
  readonly entry: string;
  /** The export its method names. */
  readonly exported: unknown;
  /** The name of that export, for the error when it is none that can run. */
  readonly method: string;
  readonly mailbox: MailboxLimit | null;
  /** Whether loops of lowered code give their turn back (S16.56); true when left out. */
  readonly preempt?: boolean;
}

class TypescriptProgram implements Program, TaskProgram {
  readonly entry: string;
  readonly mailbox: MailboxLimit | null;
  readonly accept: Program["accept"];
  readonly prepare = null;
  readonly discard = null;
  readonly main: Main;
  readonly isLowered: boolean;
  readonly preempt: boolean;

  constructor(source: TypescriptSource, main: Main, parsers: Parsers | null) {
    this.entry = source.entry;
    this.mailbox = source.mailbox;
    this.preempt = source.preempt !== false;
    this.main = main;
    this.isLowered = isLowered(main);
    this.accept =
      parsers === null
        ? null
        : (topic, payload) => {
            const parser = Object.hasOwn(parsers, topic) ? parsers[topic] : undefined;
            if (parser === undefined) return payload;
            // A parser is no part of the code that happens to run when it is asked.
            const outer = current;
            enter(null);
            try {
              return parser(payload);
            } finally {
              enter(outer);
            }
          };
  }

  start(process: Process): TaskRun {
    return new TaskRun(process);
  }

  context(run: TaskRun): ProcessContext {
    return new ProcessContext(run);
  }
}

/** The engine of `process.ts` entries and of functions an embedding program hands over. */
export const typescriptEngine: Engine<TypescriptSource> = {
  kind: "process.ts",
  load(source) {
    const { exported } = source;
    if (typeof exported === "function") return new TypescriptProgram(source, exported as Main, null);
    if (isProcessDefinition(exported)) return new TypescriptProgram(source, mainOf(exported), exported.accepts);
    throw notFound(`method "${source.method}" not found in module`);
  },
};
