/**
 * What processes do, in the plainest words that say it: sets of pairs and lists, no scheduler, no mailbox index, no
 * signals, and nothing imported from what it is compared with. A process is a number here.
 *
 *     perform(actor, command) ─▶ who got what, who is alive, what each caller was answered
 *     advance(ms)             ─▶ the deadlines, loads and timeouts on the way, each at its time
 *
 * The model is asked one command at a time and is at rest in between, so it says exactly what must hold, except for
 * what the semantics leave open (S17.2): the order in which the processes of one cascade of deaths end. Whatever
 * depends on that is told apart: `answers` must come, `possible` may; events have the rest (`epoch`) they belong to.
 */

/** What a process is called here. */
export type Label = number;

/** A process or a name, as a destination of a call. */
export type Destination = Label | string;

/** How a process ended. */
export type Ending =
  | { readonly value: unknown }
  | { readonly error: string; readonly kind: string; readonly retryable?: boolean; readonly details?: unknown };

/** What is to be started. */
export interface Birth {
  readonly label: Label;
  readonly entry: EntryName;
  readonly host: HostName;
  readonly name: string | null;
  readonly messages: readonly (readonly [topic: string, value: number])[];
  readonly context: Readonly<Record<string, number>> | null;
  /** What a brief process does: send so many messages to who started it, and end at once. */
  readonly brief: { readonly messages: number; readonly ending: OwnEnding };
}

/** How a process ends by its own doing. */
export type OwnEnding = "value" | "nothing" | "unsendable" | "text" | "error";

/** The entries of the test, and what the model has to know of them. */
export const ENTRIES = {
  worker: { loadMs: 0, limit: null, overflow: null },
  other: { loadMs: 0, limit: null, overflow: null },
  slow: { loadMs: 37, limit: null, overflow: null },
  brief: { loadMs: 0, limit: null, overflow: null },
  rejecting: { loadMs: 0, limit: 2, overflow: "reject" },
  forgetful: { loadMs: 0, limit: 2, overflow: "drop_oldest" },
  stubborn: { loadMs: 0, limit: 2, overflow: "drop_newest" },
  broken: { loadMs: 0, limit: null, overflow: null },
  missing: { loadMs: 0, limit: null, overflow: null },
} as const;

export type EntryName = keyof typeof ENTRIES;

/** How many processes may live on each host. */
export const HOSTS = { processes: Infinity, small: 3, missing: 0 } as const;

export type HostName = keyof typeof HOSTS;

/** What a process can be told to do. */
export type Command =
  | { readonly act: "send"; readonly to: Destination; readonly topic: string; readonly values: readonly number[] }
  | { readonly act: "spawn"; readonly birth: Birth; readonly monitored: boolean; readonly linked: boolean }
  | { readonly act: "exec"; readonly birth: Birth; readonly timeoutMs: number | null }
  | { readonly act: "monitor" | "unmonitor" | "link" | "unlink" | "terminate"; readonly to: Destination }
  | {
      readonly act: "cancel";
      readonly to: Destination;
      readonly deadlineMs: number | null;
      readonly reason: string | null;
    }
  | { readonly act: "trap"; readonly on: boolean }
  | { readonly act: "register"; readonly name: string; readonly holder: Label | null }
  | { readonly act: "lookup" | "unregister"; readonly name: string }
  | { readonly act: "listen" | "unlisten"; readonly topic: string }
  | { readonly act: "read"; readonly from: string; readonly all: boolean }
  | { readonly act: "wait"; readonly from: string }
  | { readonly act: "events" }
  | { readonly act: "upgrade"; readonly entry: EntryName | null; readonly state: number; readonly unsendable: boolean }
  | { readonly act: "end"; readonly ending: OwnEnding };

/** What a caller is told: a value, or the kind of an error (with all it says, from an exec). */
export type Answer = { readonly ok: unknown } | { readonly refused: unknown };

/** A lifecycle event, as its reader sees it; `epoch` is the rest before which it came. */
export interface ExpectedEvent {
  readonly epoch: number;
  readonly event: Readonly<Record<string, unknown>>;
}

/** A process's first step, or that of its new code. */
export interface Start {
  readonly label: Label;
  readonly entry: string;
  readonly state: number;
  readonly context: Readonly<Record<string, number>>;
  /** The first process of its call chain. */
  readonly chain: Label;
  readonly trapLinks: boolean;
}

/** A message that reached nobody. */
export interface Letter {
  readonly from: Label | null;
  readonly to: Destination;
  readonly topic: string;
  readonly reason: string;
}

interface Waiting {
  readonly topic: string;
  readonly from: Label | null;
  readonly value: number;
}

interface Body {
  readonly label: Label;
  entry: EntryName;
  readonly host: HostName;
  readonly chain: Label;
  readonly context: Readonly<Record<string, number>>;
  readonly mailbox: Waiting[];
  events: ExpectedEvent[];
  listened: Set<string>;
  /** Coroutines that wait for a message, in the order they came. */
  waiters: { from: string; command: number }[];
  trapLinks: boolean;
  /** Its new code is being loaded: nothing of it runs. */
  loading: boolean;
  deadlineMs: number | null;
  alive: boolean;
  doom: Ending | null;
  /** Counts upgrades: what an older run has begun does not go on. */
  run: number;
}

interface Alarm {
  readonly atMs: number;
  readonly ring: () => void;
}

const TERMINATED: Ending = { error: "process terminated", kind: "Internal" };
const DEADLINE: Ending = { error: "cancel deadline exceeded", kind: "Timeout" };
const LINK_FAILED: Ending = { error: "linked process failed", kind: "Internal" };
const EPOCH_MS = Date.UTC(2026, 0, 1);
const ABANDONED_MS = 5_000;

/** What an ending of its own is to those who are told. */
export function endingOf(own: OwnEnding): Ending {
  switch (own) {
    case "value":
      return { value: { list: [1, "two"] } };
    case "nothing":
      return { value: null };
    case "unsendable":
      return { error: "result.call: function cannot be sent", kind: "Invalid" };
    case "text":
      return { error: "as told", kind: "Internal" };
    case "error":
      return { error: "conflicting", kind: "Conflict", retryable: true, details: { by: [1, 2] } };
  }
}

/** The world of processes. */
export class ReferenceModel {
  nowMs = 0;
  readonly bodies = new Map<Label, Body>();
  readonly names = new Map<string, Label>();
  /** What must have been answered by the next rest, and what may have been. Number of the command → answer. */
  readonly answers = new Map<number, Answer>();
  readonly possible = new Map<number, Answer>();
  starts: Start[] = [];
  letters: Letter[] = [];
  readonly #monitors = new Set<string>();
  readonly #links = new Set<string>();
  /** Child of an exec → who waits for it, and as which command. */
  readonly #execs = new Map<Label, { caller: Label; command: number }>();
  readonly #alarms: Alarm[] = [];
  /** Answers given to coroutines that wait: they come only if the process lives to see them. */
  #late: { actor: Label; run: number; command: number; answer: Answer }[] = [];
  #dying: Label[] = [];
  #epoch = 0;

  isAlive(label: Label): boolean {
    return this.bodies.get(label)?.alive === true;
  }

  /** The processes that can be told to do something. */
  obedient(): Label[] {
    return [...this.bodies.values()].filter((body) => body.alive && !body.loading).map((body) => body.label);
  }

  topicsOf(label: Label): string[] {
    return [...this.#body(label).listened];
  }

  /** What has been read of nothing yet, for the last look at a process. */
  waitingOf(label: Label): number {
    return this.#body(label).mailbox.length;
  }

  /** A process does what it is told, and the world comes to rest. */
  perform(actor: Label, number: number, command: Command): void {
    const answer = this.#act(this.#body(actor), number, command);
    if (answer !== null) this.answers.set(number, answer);
    this.#rest();
  }

  /** Somebody who is no process spawns, sends, cancels or terminates. */
  spawnFromOutside(birth: Birth): void {
    this.#bear(birth, null, false, false);
    this.#rest();
  }

  sendFromOutside(to: Destination, topic: string, value: number): string | null {
    const answer = this.#send(null, to, topic, value);
    this.#rest();
    return answer;
  }

  cancelFromOutside(to: Label, deadlineMs: number | null): void {
    this.#cancel(this.#body(to), null, deadlineMs, null);
    this.#rest();
  }

  terminateFromOutside(to: Label): void {
    this.#doom(to, TERMINATED);
    this.#rest();
  }

  /** Time passes. */
  advance(ms: number): void {
    const untilMs = this.nowMs + ms;
    for (;;) {
      const nextMs = Math.min(...this.#alarms.map((alarm) => alarm.atMs), ...this.#deadlines());
      if (nextMs > untilMs) break;
      this.nowMs = Math.max(this.nowMs, nextMs);
      for (const body of this.bodies.values()) {
        if (body.alive && body.deadlineMs !== null && body.deadlineMs <= nextMs) this.#doom(body.label, DEADLINE);
      }
      const due = this.#alarms.filter((alarm) => alarm.atMs <= nextMs);
      for (const alarm of due) this.#alarms.splice(this.#alarms.indexOf(alarm), 1);
      for (const alarm of due) alarm.ring();
      this.#rest();
    }
    this.nowMs = untilMs;
  }

  #deadlines(): number[] {
    return [...this.bodies.values()].flatMap((body) =>
      body.alive && body.deadlineMs !== null ? [body.deadlineMs] : [],
    );
  }

  #body(label: Label): Body {
    const body = this.bodies.get(label);
    if (body === undefined) throw new Error(`no process ${label} in the model`);
    return body;
  }

  #after(ms: number, ring: () => void): void {
    this.#alarms.push({ atMs: this.nowMs + ms, ring });
  }

  /** Everybody whose end is decided ends, and waiting coroutines get what is there. */
  #rest(): void {
    for (let label = this.#dying.shift(); label !== undefined; label = this.#dying.shift())
      this.#end(this.#body(label));
    for (const body of this.bodies.values()) if (body.alive) this.#serveWaiters(body);
    for (const { actor, run, command, answer } of this.#late) {
      const body = this.#body(actor);
      (body.alive && body.run === run ? this.answers : this.possible).set(command, answer);
    }
    this.#late = [];
    this.#epoch++;
  }

  #serveWaiters(body: Body): void {
    for (const waiter of [...body.waiters]) {
      const message = this.#take(body, waiter.from);
      if (message === undefined) continue;
      body.waiters.splice(body.waiters.indexOf(waiter), 1);
      this.answers.set(waiter.command, { ok: message });
    }
  }

  // -------------------------------------------------------------------------------------------------------------------

  #act(actor: Body, number: number, command: Command): Answer | null {
    switch (command.act) {
      case "send":
        return { ok: command.values.map((value) => this.#send(actor.label, command.to, command.topic, value)) };
      case "spawn":
        return this.#spawn(actor, number, command.birth, command.monitored, command.linked);
      case "exec":
        return this.#exec(actor, number, command.birth, command.timeoutMs);
      case "trap":
        actor.trapLinks = command.on;
        return { ok: null };
      case "register":
        return this.#register(actor, command.name, command.holder);
      case "lookup": {
        const holder = this.names.get(command.name);
        return holder === undefined ? { refused: "NotFound" } : { ok: `#${holder}` };
      }
      case "unregister":
        return { ok: this.names.delete(command.name) };
      case "listen":
        actor.listened.add(command.topic);
        return { ok: null };
      case "unlisten":
        return this.#unlisten(actor, command.topic);
      case "read":
        return { ok: this.#read(actor, command.from, command.all) };
      case "wait":
        actor.waiters.push({ from: command.from, command: number });
        return null;
      case "events": {
        const events = actor.events;
        actor.events = [];
        return { ok: events };
      }
      case "upgrade":
        this.#upgrade(actor, command.entry, command.state, command.unsendable);
        return null;
      case "end":
        this.#doom(actor.label, endingOf(command.ending));
        return null;
      default:
        return this.#control(actor, command);
    }
  }

  #control(actor: Body, command: Extract<Command, { to: Destination }>): Answer | null {
    const to = typeof command.to === "string" ? this.names.get(command.to) : command.to;
    if (to === undefined) return { refused: "NotFound" };
    const isSelf = to === actor.label;
    if (isSelf && (command.act === "monitor" || command.act === "link")) return { refused: "Invalid" };
    if (command.act === "unmonitor") this.#monitors.delete(`${actor.label}>${to}`);
    else if (command.act === "unlink") this.#links.delete(pair(actor.label, to));
    else if (!this.isAlive(to)) return { refused: "NotFound" };
    else if (command.act === "monitor") this.#monitors.add(`${actor.label}>${to}`);
    else if (command.act === "link") this.#links.add(pair(actor.label, to));
    else if (command.act === "cancel") this.#cancel(this.#body(to), actor.label, command.deadlineMs, command.reason);
    else if (command.act === "terminate") this.#doom(to, TERMINATED);
    return isSelf && command.act === "terminate" ? null : { ok: null };
  }

  #send(from: Label | null, to: Destination, topic: string, value: number): string | null {
    const label = typeof to === "string" ? this.names.get(to) : to;
    if (label === undefined || !this.isAlive(label)) {
      this.letters.push({ from, to: label ?? to, topic, reason: "not_found" });
      return "NotFound";
    }
    const { mailbox, entry } = this.#body(label);
    const { limit, overflow } = ENTRIES[entry];
    if (limit === null || mailbox.length < limit) mailbox.push({ topic, from, value });
    else if (overflow === "drop_oldest") {
      const oldest = mailbox.shift() as Waiting;
      this.letters.push({ from: oldest.from, to: label, topic: oldest.topic, reason: "mailbox_full" });
      mailbox.push({ topic, from, value });
    } else {
      this.letters.push({ from, to: label, topic, reason: "mailbox_full" });
      return overflow === "reject" ? "RateLimited" : null;
    }
    return null;
  }

  #take(body: Body, from: string): { topic: string; from: string | null; value: number } | undefined {
    const at = body.mailbox.findIndex(({ topic }) => (from === "@inbox" ? !body.listened.has(topic) : topic === from));
    if (at < 0) return undefined;
    const [message] = body.mailbox.splice(at, 1) as [Waiting];
    return { ...message, from: message.from === null ? null : `#${message.from}` };
  }

  #read(body: Body, from: string, all: boolean): unknown[] {
    const read: unknown[] = [];
    for (let next = this.#take(body, from); next !== undefined; next = this.#take(body, from)) {
      read.push(next);
      if (!all) break;
    }
    return read;
  }

  #unlisten(body: Body, topic: string): Answer {
    body.listened.delete(topic);
    for (const waiter of body.waiters.filter(({ from }) => from === topic)) {
      this.answers.set(waiter.command, { ok: "closed" });
    }
    body.waiters = body.waiters.filter(({ from }) => from !== topic);
    return { ok: null };
  }

  #register(actor: Body, name: string, given: Label | null): Answer {
    const label = given ?? actor.label;
    if (!this.isAlive(label)) return { refused: "NotFound" };
    const holder = this.names.get(name);
    if (holder !== undefined && holder !== label) return { refused: "AlreadyExists" };
    this.names.set(name, label);
    return { ok: null };
  }

  // -------------------------------------------------------------------------------------------------------------------

  #spawn(parent: Body, number: number, birth: Birth, monitored: boolean, linked: boolean): Answer | null {
    const refusal = this.#refusal(birth);
    if (refusal !== null) return { refused: refusal };
    const { loadMs } = ENTRIES[birth.entry];
    const { run } = parent;
    if (loadMs === 0) {
      const late = this.#bear(birth, parent, monitored, linked);
      return late === null ? { ok: `#${birth.label}` } : { refused: late };
    }
    this.#after(loadMs, () => {
      if (!parent.alive || parent.run !== run) return;
      const late = this.#bear(birth, parent, monitored, linked);
      const answer = late === null ? { ok: `#${birth.label}` } : { refused: late };
      this.#late.push({ actor: parent.label, run, command: number, answer });
    });
    return null;
  }

  #exec(caller: Body, number: number, birth: Birth, timeoutMs: number | null): Answer | null {
    const refusal = this.#refusal(birth);
    if (refusal !== null) return { refused: refusal };
    const { loadMs } = ENTRIES[birth.entry];
    const { run, label } = caller;
    const begin = () => {
      if (!caller.alive || caller.run !== run) return;
      const late = this.#bear(birth, caller, false, false, number);
      if (late !== null) this.#late.push({ actor: label, run, command: number, answer: { refused: late } });
    };
    if (loadMs === 0) begin();
    else this.#after(loadMs, begin);
    if (timeoutMs !== null) {
      this.#after(timeoutMs, () => {
        if (this.#execs.get(birth.label)?.command !== number) return;
        this.#execs.delete(birth.label);
        const answer = { refused: { kind: "Timeout", message: "exec timeout" } };
        this.#late.push({ actor: label, run, command: number, answer });
        this.#cancel(this.#body(birth.label), label, ABANDONED_MS, "exec timeout");
      });
    }
    return null;
  }

  /** Why nothing is started, in the order of the table of section 3. */
  #refusal(birth: Birth): string | null {
    const live = [...this.bodies.values()].filter((body) => body.alive && body.host === birth.host).length;
    if (birth.host === "missing") return "NotFound";
    if (live >= HOSTS[birth.host]) return "Unavailable";
    if (birth.entry === "missing") return "NotFound";
    if (birth.entry === "broken") return "Internal";
    return null;
  }

  #bear(birth: Birth, parent: Body | null, monitored: boolean, linked: boolean, exec?: number): string | null {
    const refusal = this.#refusal(birth);
    if (refusal !== null) return refusal;
    const { label, entry, host, name, messages } = birth;
    if (name !== null && this.names.has(name)) return "AlreadyExists";
    const context = { ...parent?.context, ...birth.context };
    const body: Body = {
      label,
      entry,
      host,
      context,
      chain: exec !== undefined && parent !== null ? parent.chain : label,
      mailbox: messages.map(([topic, value]) => ({ topic, value, from: null })),
      events: [],
      listened: new Set(),
      waiters: [],
      trapLinks: false,
      loading: false,
      deadlineMs: null,
      alive: true,
      doom: null,
      run: 0,
    };
    this.bodies.set(label, body);
    if (name !== null) this.names.set(name, label);
    if (parent !== null && monitored) this.#monitors.add(`${parent.label}>${label}`);
    if (parent !== null && linked) this.#links.add(pair(parent.label, label));
    if (parent !== null && exec !== undefined) this.#execs.set(label, { caller: parent.label, command: exec });
    this.#start(body, 0);
    if (entry === "brief") {
      for (let value = 1; parent !== null && value <= birth.brief.messages; value++) {
        this.#send(label, parent.label, "brief", value);
      }
      this.#doom(label, endingOf(birth.brief.ending));
    }
    return null;
  }

  #start(body: Body, state: number): void {
    const { label, entry, context, chain } = body;
    this.starts.push({ label, entry, state, context, chain, trapLinks: false });
  }

  #upgrade(body: Body, given: EntryName | null, state: number, unsendable: boolean): void {
    const entry = given ?? body.entry;
    body.run++;
    body.loading = true;
    body.listened = new Set();
    body.waiters = [];
    this.#abandonExecs(body);
    if (unsendable) this.#doom(body.label, { error: "upgrade: state[2]: function cannot be sent", kind: "Invalid" });
    else if (entry === "missing") {
      this.#doom(body.label, { error: "upgrade: process entry not found: sim:missing", kind: "NotFound" });
    } else if (entry === "broken") {
      this.#doom(body.label, { error: "upgrade: failed to load module: boom", kind: "Internal" });
    } else if (ENTRIES[entry].loadMs === 0) this.#become(body, entry, state);
    else this.#after(ENTRIES[entry].loadMs, () => this.#become(body, entry, state));
  }

  #become(body: Body, entry: EntryName, state: number): void {
    if (!body.alive) return;
    body.entry = entry;
    body.loading = false;
    body.trapLinks = false;
    this.#start(body, state);
  }

  // -------------------------------------------------------------------------------------------------------------------

  #cancel(target: Body, from: Label | null, deadlineMs: number | null, reason: string | null): void {
    if (deadlineMs !== null) {
      const atMs = this.nowMs + Math.max(0, deadlineMs);
      target.deadlineMs = Math.min(target.deadlineMs ?? Infinity, atMs);
    }
    const { deadlineMs: inForceMs } = target;
    this.#tell(target, {
      kind: "pid.cancel",
      from: from === null ? "{|}" : `#${from}`,
      ...(deadlineMs !== null && { deadline: new Date(EPOCH_MS + (inForceMs as number)).toISOString() }),
      ...(reason !== null && { reason }),
    });
  }

  #tell(target: Body, event: Record<string, unknown>): void {
    const at = (EPOCH_MS + this.nowMs) / 1000;
    target.events.push({ epoch: this.#epoch, event: { ...event, at } });
  }

  #doom(label: Label, ending: Ending): void {
    const body = this.#body(label);
    if (!body.alive || body.doom !== null) return;
    body.doom = ending;
    this.#dying.push(label);
  }

  #end(body: Body): void {
    const { label } = body;
    const result = body.doom as Ending;
    const from = `#${label}`;
    body.alive = false;
    for (const [name, holder] of [...this.names]) if (holder === label) this.names.delete(name);
    for (const other of this.bodies.values()) {
      this.#monitors.delete(`${label}>${other.label}`);
      const watched = this.#monitors.delete(`${other.label}>${label}`);
      if (watched && other.alive) this.#tell(other, { kind: "pid.exit", from, result });
      const linked = this.#links.delete(pair(label, other.label));
      if (!linked || !("error" in result)) continue;
      if (other.trapLinks) this.#tell(other, { kind: "pid.link.down", from, result });
      else this.#doom(other.label, LINK_FAILED);
    }
    const waiting = this.#execs.get(label);
    if (waiting !== undefined) {
      this.#execs.delete(label);
      const { caller, command } = waiting;
      this.#late.push({ actor: caller, run: this.#body(caller).run, command, answer: answerOf(result) });
    }
    for (const { from: sender, topic } of body.mailbox) {
      this.letters.push({ from: sender, to: label, topic, reason: "exited_unread" });
    }
    this.#abandonExecs(body);
  }

  #abandonExecs(body: Body): void {
    for (const [child, { caller }] of [...this.#execs]) {
      if (caller !== body.label) continue;
      this.#execs.delete(child);
      this.#cancel(this.#body(child), caller, ABANDONED_MS, "caller exited");
    }
  }
}

/** A link has no direction. */
function pair(a: Label, b: Label): string {
  return a < b ? `${a}-${b}` : `${b}-${a}`;
}

/** What an exec answers for the ending of its child. */
function answerOf(result: Ending): Answer {
  if (!("error" in result)) return { ok: result.value };
  const { error, kind, retryable, details } = result;
  return { refused: { kind, message: error, retryable, details } };
}
