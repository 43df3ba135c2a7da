/**
 * Starting a process: what may go wrong, in the order of the table of section 3, and the start step that nobody can
 * observe halfway (S3.27).
 *
 *     admit to host ─▶ program (at hand, or loaded later) ─▶ admit again ─▶ name ─▶ born: table, monitor, link, messages
 */
import type { Program } from "./engine.ts";
import { errors, invalid, ProcessError } from "./errors.ts";
import type { ExitResult } from "./exit-result.ts";
import { copyForm } from "./form.ts";
import type { Host } from "./hosts.ts";
import { unavailable } from "./hosts.ts";
import type { Island } from "./island.ts";
import { Message } from "./message.ts";
import type { OneShot } from "./one-shot.ts";
import { Counted, CountedMessage, EVENT_BYTES, messageBytes, nameBytes, type Outstanding } from "./outstanding.ts";
import { type Pid, pidOf } from "./pid.ts";
import { type Heritage, Process } from "./process.ts";
import type { Syscalls } from "./syscalls.ts";

/** A message that waits for its process to be born (S7.8). */
export interface QueuedMessage {
  readonly topic: string;
  readonly payload: unknown;
  /** What it takes, about, if that is to be counted. */
  readonly bytes: number;
}

/** What is to be started, permissions granted and arguments copied. */
export interface SpawnOrder {
  readonly id: string;
  readonly hostId: string;
  readonly args: readonly unknown[];
  /** What the arguments take, about, if that is to be counted. */
  readonly argsBytes: number;
  /** The code that spawns; `null` for the runtime or a tool. */
  readonly spawner: Syscalls | null;
  readonly monitored: boolean;
  readonly linked: boolean;
  /** A program of the runtime's own, which is no entry; `null` for the program of the entry. */
  readonly program: Program | null;
  /** Where the result goes, for an exec. */
  readonly reply: OneShot | null;
  readonly heritage: Heritage;
  readonly name: string | null;
  readonly messages: readonly QueuedMessage[];
  readonly onEnd: ((result: ExitResult) => void) | null;
}

/** Checks the form of an entry id and a host id (S3.8); `null` when both are fine. */
export function malformedTarget(id: string, hostId: string): ProcessError | null {
  if (id === "") return invalid("process ID required");
  if (!isEntryId(id)) return invalid("invalid process ID format (namespace:name required)");
  if (hostId === "") return invalid("host ID required");
  return null;
}

/** Whether a text has the form `namespace:name`, split at the first colon (S1.19). */
export function isEntryId(id: string): boolean {
  const colon = id.indexOf(":");
  return colon > 0 && colon < id.length - 1;
}

/** Starts a process whose program is at hand: its pid, or the error; `null` when the program has to be loaded first. */
export function startNow(island: Island, order: SpawnOrder): Pid | ProcessError | null {
  const host = island.hosts.admit(order.hostId, order.program !== null);
  if (host instanceof ProcessError) return host;
  const program = order.program ?? island.programs.find(order.id);
  return program === null || program.prepare !== null ? null : bear(island, order, host, program);
}

/**
 * Starts a process whose program has to be loaded.
 *
 * @returns its pid, or the error; `null` when the answer will come to `later`, unless the spawner has ended or was
 * upgraded meanwhile, when nothing is started.
 */
export function startLater(
  island: Island,
  order: SpawnOrder,
  later: (answer: Pid | ProcessError) => void,
): Pid | ProcessError | null {
  let now = true;
  let answer: Pid | ProcessError | null = null;
  const held = { on: order.spawner?.outstanding ?? null, bytes: order.argsBytes };
  loadFor(island, order.id, order.heritage, held, (loaded) => {
    if (order.spawner?.isShut === true) {
      if (!(loaded instanceof ProcessError)) loaded.discard?.();
      return;
    }
    // The host may have filled up or begun to stop while the program was loading.
    const readmitted = loaded instanceof ProcessError ? loaded : island.hosts.admit(order.hostId, false);
    const outcome =
      readmitted instanceof ProcessError ? readmitted : bear(island, order, readmitted, loaded as Program);
    if (outcome instanceof ProcessError && !(loaded instanceof ProcessError)) loaded.discard?.();
    if (now) answer = outcome;
    else later(outcome);
  });
  now = false;
  return answer;
}

/**
 * Loads a program and makes it ready for one process.
 *
 * @param held what is held for it meanwhile: on whose account, `null` for nobody's, and how much. Refused where there is
 * no room for that.
 */
export function loadFor(
  island: Island,
  id: string,
  heritage: Heritage,
  held: { readonly on: Outstanding | null; readonly bytes: number },
  answer: (program: Program | ProcessError) => void,
): void {
  const { on, bytes } = held;
  const refusal = on?.refusal(bytes) ?? null;
  if (refusal !== null) {
    answer(refusal);
    return;
  }
  const counted = on === null ? null : new Counted(null, on, bytes);
  const ready = (program: Program | ProcessError) => {
    counted?.release();
    answer(program);
  };
  island.programs.load(id, (loaded) => {
    if (loaded instanceof ProcessError || loaded.prepare === null) ready(loaded);
    else {
      loaded.prepare(heritage, (program, trace) => {
        if (program instanceof ProcessError && trace !== undefined) tellFailedLoad(island, id, program, trace);
        ready(program);
      });
    }
  });
}

/** Tells people where an error came from that has left top-level code, since its message only says what it was. */
function tellFailedLoad(
  { notices, clock }: Island,
  entry: string,
  { message: text }: ProcessError,
  trace: string,
): void {
  if (notices.any) notices.tell({ kind: "load-failed", at: clock.unixMs() / 1000, entry, text, trace });
}

function putQueued(process: Process, messages: readonly QueuedMessage[], outstanding: Outstanding | null): void {
  for (const queued of messages) {
    const { topic, payload, bytes } = queued;
    const message =
      outstanding === null
        ? new Message(topic, null, payload)
        : new CountedMessage(topic, null, payload, outstanding, bytes);
    copyForm(queued, message);
    process.receive(message);
  }
}

function bear(island: Island, order: SpawnOrder, host: Host, program: Program): Pid | ProcessError {
  const { table, names, events, scheduler, clock } = island;
  if (order.name !== null && names.holder(order.name) !== undefined) {
    return new ProcessError({ kind: errors.ALREADY_EXISTS, message: "name already registered" });
  }
  const outstanding = order.spawner?.outstanding ?? null;
  let addsBytes = order.heritage.held?.addsBytes ?? 0;
  const hasMessages = order.messages.length > 0;
  if (hasMessages) for (const { topic, bytes } of order.messages) addsBytes += messageBytes(topic, bytes);
  if (order.name !== null) addsBytes += nameBytes(order.name);
  // How it ends is going to be told: there has to be room for that, too.
  if (order.monitored || order.linked || order.reply !== null) addsBytes += EVENT_BYTES;
  const refusal = outstanding?.refusal(addsBytes) ?? null;
  if (refusal !== null) return refusal;
  const serial = table.deal();
  if (serial < 0) return unavailable("process limit reached", true);
  const parent = order.spawner?.process ?? null;
  const isExec = order.reply !== null && parent !== null;
  const pid = pidOf(host.pidPrefix, serial);
  const process = new Process(island, pid, host, program, order.args, order.heritage, isExec ? parent : null);
  if (order.onEnd !== null) process.tellEndTo(order.onEnd);
  if (order.name !== null) names.register(order.name, process, outstanding);
  table.add(process, serial);
  host.live++;
  if (parent !== null) {
    if (order.monitored) {
      parent.watchNew(pid);
      process.receive({ kind: "monitor", from: parent.pid });
    }
    if (order.linked) {
      parent.bind(pid);
      process.receive({ kind: "link", from: parent.pid });
    }
    if (order.reply !== null) {
      parent.awaitExec(pid, order.reply);
      process.replyTo(parent.pid, order.reply);
    }
  }
  order.heritage.held?.hold();
  if (hasMessages) putQueued(process, order.messages, outstanding);
  if (events.any) {
    const at = clock.unixMs() / 1000;
    events.tell({ kind: "spawned", at, pid: pid, entry: program.entry, parent: parent?.pid ?? null });
  }
  // Who remembers it keeps it alive, and with it a context of its own.
  if (parent !== null && order.heritage === parent.heritage) order.spawner?.started(process);
  scheduler.enqueue(process);
  return pid;
}
