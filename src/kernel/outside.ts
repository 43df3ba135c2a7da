/**
 * What the runtime, tools and an embedding program can do without being a process. No permission is asked: whoever
 * holds this object is the runtime. Events that come from here carry the empty pid (S1.7).
 */

import { Context } from "./context.ts";
import type { Measure, Program } from "./engine.ts";
import { invalid, ProcessError } from "./errors.ts";
import { type ExitResult, errorOf, isFailure } from "./exit-result.ts";
import type { Actor, Scope } from "./guard.ts";
import type { Host } from "./hosts.ts";
import type { Island } from "./island.ts";
import { Message } from "./message.ts";
import { copyPayload } from "./payload.ts";
import { EMPTY_PID, isPid, type Pid } from "./pid.ts";
import type { Process } from "./process.ts";
import { unresolved } from "./router.ts";
import { badName, contextOf } from "./spawn-settings.ts";
import { malformedTarget, startLater, startNow } from "./spawning.ts";
import { members } from "./string-set.ts";
import { cancelRequest } from "./syscalls.ts";

/** How a process that is started from outside differs from the plain one. */
export interface OutsideSpawn {
  readonly actor?: Actor | null;
  readonly scope?: Scope | null;
  readonly context?: Readonly<Record<string, unknown>>;
  /** Registered in the start step. */
  readonly name?: string;
  /** Runs this instead of the entry's program, and may use a private host; for processes of the runtime's own. */
  readonly program?: Program;
  /** Told how it ended, after everybody else. */
  readonly onEnd?: (result: ExitResult) => void;
}

/** One process as tools see it. */
export interface ProcessView {
  readonly pid: Pid;
  readonly entry: string;
  readonly hostId: string;
  readonly names: readonly string[];
  /** How many messages wait. */
  readonly waiting: number;
  /** What its code has used; `null` where its language does not count. */
  readonly usage: Measure | null;
}

/** The runtime's own hand on an island. */
export class Outside {
  readonly #island: Island;

  constructor(island: Island) {
    this.#island = island;
  }

  /** Starts a process; answers once, with its pid or the error, now or later. Throws INVALID for what cannot be sent. */
  spawn(
    id: string,
    hostId: string,
    args: readonly unknown[],
    options: OutsideSpawn,
    answer: (answer: Pid | ProcessError) => void,
  ): void {
    const problem = malformedTarget(id, hostId) ?? (options.name === undefined ? null : badName(options.name));
    if (problem !== null) {
      answer(problem);
      return;
    }
    const order = {
      id,
      hostId,
      args: copyPayload(args, "argument") as unknown[],
      argsBytes: 0,
      spawner: null,
      program: options.program ?? null,
      monitored: false,
      linked: false,
      reply: null,
      heritage: {
        actor: options.actor ?? null,
        scope: options.scope ?? null,
        context: options.context === undefined ? Context.EMPTY : contextOf(options.context),
        held: null,
      },
      name: options.name ?? null,
      messages: [],
      onEnd: options.onEnd ?? null,
    };
    const started = startNow(this.#island, order) ?? startLater(this.#island, order, answer);
    if (started !== null) answer(started);
  }

  /** Starts a process and answers once with its value or the error it ended with. */
  exec(
    id: string,
    hostId: string,
    args: readonly unknown[],
    options: OutsideSpawn,
    answer: (outcome: { value: unknown } | { error: ProcessError }) => void,
  ): void {
    const onEnd = (result: ExitResult) => {
      answer(isFailure(result) ? { error: errorOf(result) } : { value: result.value });
    };
    this.spawn(id, hostId, args, { ...options, onEnd }, (started) => {
      if (started instanceof ProcessError) answer({ error: started });
    });
  }

  /** Sends a message whose `from` is null; the error, or `null`. */
  send(destination: string, topic: string, payload: unknown): ProcessError | null {
    if (topic.startsWith("@")) return invalid("cannot send to @ topics");
    const target = this.#find(destination);
    if (target === null) {
      const error = unresolved(destination);
      this.#island.router.refuse(destination, topic, null, error);
      return error;
    }
    let copy: unknown;
    try {
      copy = copyPayload(payload, "payload");
    } catch (cause) {
      return cause as ProcessError;
    }
    const { pid, process } = target;
    return this.#island.router.deliver(pid, process, new Message(topic, null, copy));
  }

  /** Asks a process to end in its own way; see `process.cancel`. Throws as that does. */
  cancel(destination: string, deadline?: unknown): void {
    const process = this.#living(destination);
    process.receive({ kind: "cancel", from: EMPTY_PID, on: null, ...cancelRequest(deadline) });
  }

  /** Orders a process to end. */
  terminate(destination: string): void {
    this.#living(destination).receive({ kind: "terminate", from: EMPTY_PID });
  }

  /** The pid that holds a name; `null` when nobody does. */
  lookup(name: string): Pid | null {
    return this.#island.names.holder(name)?.pid ?? null;
  }

  /** Whether a process lives. */
  isAlive(pid: string): boolean {
    return this.#island.table.find(pid) !== undefined;
  }

  /** The processes alive, on one host or on all. */
  *processes(host?: Host): Generator<ProcessView, void, undefined> {
    for (const process of this.#island.table.all()) {
      if (host !== undefined && process.host !== host) continue;
      const names = members(process.names);
      const usage = process.run?.measure() ?? null;
      yield { pid: process.pid, entry: process.entry, hostId: process.hostId, names, waiting: process.waiting, usage };
    }
  }

  #find(destination: string): { pid: string; process: Process | undefined } | null {
    if (isPid(destination)) return { pid: destination, process: this.#island.table.find(destination) };
    const holder = this.#island.names.holder(destination);
    return holder === undefined ? null : { pid: holder.pid, process: holder };
  }

  #living(destination: string): Process {
    const target = this.#find(destination);
    if (target === null) throw unresolved(destination);
    // Who cleans up holds its names still, and is no target any more.
    if (target.process === undefined || target.process.isEnded) throw this.#island.router.absence(target.pid);
    return target.process;
  }
}
