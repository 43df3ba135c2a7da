/**
 * TypeScript as a language of processes: an async function becomes a Program. Native functions are driven by promises:
 * a wait is a promise that the kernel's resume resolves, and nothing can interrupt code between two waits. A later
 * engine may lower functions to generators; it fits behind the same interface.
 */
import { type Engine, type MailboxLimit, notFound, type Program, type Run, type Syscalls } from "../../kernel/index.ts";
import { isProcessDefinition } from "./define-process.ts";
import { ProcessContext } from "./process-context.ts";
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
}

type Main = (process: ProcessContext, ...args: readonly unknown[]) => unknown;

/** Nothing can be stopped in native code: the shut door is all there is (S16.7). */
const NATIVE_RUN: Run = { stop() {} };

class TypescriptProgram implements Program {
  readonly entry: string;
  readonly mailbox: MailboxLimit | null;
  readonly accept: Program["accept"];
  readonly resumesLater = true;
  readonly #main: Main;

  constructor(source: TypescriptSource, main: Main, parsers: Parsers | null) {
    this.entry = source.entry;
    this.mailbox = source.mailbox;
    this.#main = main;
    this.accept =
      parsers === null
        ? null
        : (topic, payload) => {
            const parser = Object.hasOwn(parsers, topic) ? parsers[topic] : undefined;
            return parser === undefined ? payload : parser(payload);
          };
  }

  start(syscalls: Syscalls, args: readonly unknown[]): Run {
    let outcome: unknown;
    try {
      outcome = this.#main(new ProcessContext(syscalls), ...args);
    } catch (cause) {
      syscalls.fail(cause);
      return NATIVE_RUN;
    }
    Promise.resolve(outcome).then(
      (value) => syscalls.finish(value),
      (cause) => syscalls.fail(cause),
    );
    return NATIVE_RUN;
  }
}

/** The engine of `process.ts` entries and of functions an embedding program hands over. */
export const typescriptEngine: Engine<TypescriptSource> = {
  kind: "process.ts",
  load(source) {
    const { exported } = source;
    if (typeof exported === "function") return new TypescriptProgram(source, exported as Main, null);
    if (isProcessDefinition(exported)) return new TypescriptProgram(source, exported.run as Main, exported.accepts);
    throw notFound(`method "${source.method}" not found in module`);
  },
};
