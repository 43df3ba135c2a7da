/**
 * One process: its tables, `receive(signal)`, the one switch over everything that can reach it, its turn, its end, and
 * its upgrade (a new run, the same everything else).
 *
 *     receive ─▶ mailbox │ events │ bonds │ doom ─▶ stir ─▶ scheduler … step ─▶ serve the strands that wait
 *
 * A process edits only its own tables and sends signals to the others. It ends at a turn of its own: whatever wants
 * its end (terminate, a deadline, a link) notes it in `doom`, so nothing here recurses in the number of processes.
 */

import type { Context } from "./context.ts";
import { copyOfData, Ending, ExitSignals } from "./ending.ts";
import type { Program, Run } from "./engine.ts";
import { ProcessError } from "./errors.ts";
import {
  DEADLINE_EXCEEDED,
  type ExitFailure,
  type ExitResult,
  failureOf,
  isFailure,
  LINK_FAILED,
  TERMINATED,
  TOO_MUCH_RESULT,
} from "./exit-result.ts";
import { Fifo } from "./fifo.ts";
import { copyForm, noteFloat } from "./form.ts";
import type { Actor, Scope, Subject } from "./guard.ts";
import type { Host } from "./hosts.ts";
import type { Island } from "./island.ts";
import { event, type ProcessEvent } from "./lifecycle-event.ts";
import { Mailbox, type TopicQueue } from "./mailbox.ts";
import { ALARM_AT, type MailboxLimit } from "./mailbox-limit.ts";
import { Message } from "./message.ts";
import type { OneShot } from "./one-shot.ts";
import { Counted, EVENT_BYTES, type HeldContext, type Outstanding } from "./outstanding.ts";
import { bytesOf, copyPayload, isForeignFloat, textBytes } from "./payload.ts";
import type { Pid } from "./pid.ts";
import { Served, serve } from "./select.ts";
import type { CancelSignal, ExitedSignal, LinkDownSignal, ReplySignal, Signal } from "./signal.ts";
import { loadFor } from "./spawning.ts";
import { added, addedNew, includes, removed, type StringSet } from "./string-set.ts";
import { EVENTS, INBOX, Subscription } from "./subscription.ts";
import type { Timer } from "./timers.ts";
import { NOT_READY, type Place, type Source, type Strand, WaitQueue } from "./wait.ts";

/** How many messages one turn may take before the next process has its own (S15.6). */
const BUDGET = 64;
/** The last instant that RFC 3339 can write, in milliseconds. */
const LAST_RFC3339_MS = 253_402_300_799_999;
/** How long the child of an exec has to end in its own way when nobody waits for it any more (S3.38, S3.39). */
const ABANDONED_EXEC_DEADLINE_MS = 5_000;
/** How long code that was stopped may clean up (S16.55). */
const CLEANUP_MS = 1_000;
/** How many unread messages become dead letters in one turn. */
const UNREAD_PER_TURN = 128;
/** How many children of execs are asked to end in one turn. */
const ABANDONED_PER_TURN = 128;

/** What a process hands down to its children (S3.31). One object for a whole family that changes nothing of it. */
export interface Heritage {
  readonly actor: Actor | null;
  readonly scope: Scope | null;
  readonly context: Context;
  /** On whose account the context is; `null` for nobody's. */
  readonly held: HeldContext | null;
}

/** What is rare in a process: made when it is first needed, so that an idle one stays small. */
class Rare {
  // What every turn looks at stands first, in one line of the cache.
  topics: Map<string, Subscription> | null = null;
  /** The strands that have given their turn back. */
  paused: WaitQueue | null = null;
  /** The strand that was interrupted, before which none of the others may go on. */
  interrupted: Strand | null = null;
  /** Whether this turn goes on with a strand that was interrupted. */
  continues = false;
  /** The budget of such turns, which is for all that follow each other. */
  left = BUDGET;
  /** What was left of it when the slice of this turn was used up. */
  spared = 0;
  /** What comes when the code that was stopped has cleaned up. */
  afterCleanup: Ending | Upgrade | null = null;
  /** When it has to have cleaned up. */
  cleanupTimer: Timer | null = null;
  /** Sources stirred besides the first. */
  stirred: Set<Source> | null = null;
  events: Fifo<ProcessEvent | Counted<ProcessEvent>> | null = null;
  eventsSubscription: Subscription | null = null;
  deadline: Timer | null = null;
  timers: Set<Timer> | null = null;
  /** The execs that wait: child → where its result goes. */
  execs: Map<Pid, OneShot> | null = null;
  /** The children of execs that nobody waits for any more, those who are left to be asked to end; the last comes first. */
  abandoned: Pid[] | null = null;
  /** Answers that count and that nobody has taken yet. */
  answers: Set<Counted<unknown>> | null = null;
  /** Where the result of this process goes, if it was started by an exec. */
  caller: { readonly pid: Pid; readonly reply: OneShot } | null = null;
  onEnd: ((result: ExitResult) => void) | null = null;
  /** How it has ended, as long as somebody is left to tell, or a message that was not read. */
  ending: Ending | null = null;
  /** Those who are left to tell. */
  exitSignals: ExitSignals | null = null;
  /** On whose account it is what comes for it while it goes on with other code. */
  account: Outstanding | null = null;
  /** What `accept` has made of messages that were looked at and not yet taken. */
  accepted: Map<Message, unknown> | null = null;
  alarmAt = ALARM_AT;
  /** Where the strand stands that gets the handed message, in a process that tells topics apart. */
  handedTo: Place | null = null;
  names: StringSet = null;
  watching: StringSet = null;
  trapLinks = false;
}

/** What a process goes on with when its code has been replaced. */
class Upgrade {
  /** The entry; `null` for the present one. */
  readonly id: string | null;
  /** What the new main gets, or the error of the state that cannot be sent. */
  readonly state: readonly unknown[] | ProcessError;
  /** What the state takes, about, if that is to be counted. */
  readonly stateBytes: number;

  constructor(id: string | null, state: readonly unknown[] | ProcessError, stateBytes: number) {
    this.id = id;
    this.state = state;
    this.stateBytes = stateBytes;
  }
}

// What holds of a process, as bits of one number, so that a send and a turn ask for all of it at once. Most follow from
// the fields and are set together with them.
/** It stands in the run queue. */
const QUEUED = 1;
/** It has its turn. */
const STEPPING = 2;
/** Its pid is no valid target any more. */
const ENDED = 4;
/** Its end is decided. */
const DOOMED = 8;
/** A message is on its way past the mailbox. */
const HANDED = 16;
/** A source was stirred. */
const STIRRED = 32;
/** A strand whose wait is over may be still to go on; whether there is one, `over` says. */
const SETTLED = 64;
/** It cleans up, or a strand of it was stopped in the middle of its work; `rare` says which. */
const HELD = 128;
/** Its mailbox has a limit or a parser: every message goes through it. */
const PICKY = 256;
/** Strands whose wait was over, or that gave their turn back, had all of it: in the next, what is new goes first. */
const PASSED_OVER = 512;
/** It listens to topics: whose a message is has to be looked up. */
const TOPICAL = 1024;

/** To begin or to end takes as long as so many steps with a message, and much longer where it is done for the first time. */
const STEPS_PER_LIFE = 4;
/** To cancel 64 timers takes as long as a step, at least. */
const TIMERS_PER_STEP_BITS = 6;

/** A turn that has nothing to do but to go on with a message: nearly all of them. */
const ONLY_HANDED = QUEUED | HANDED;
/** What keeps a message from being handed over past the mailbox. */
const NOT_TO_BE_HANDED = ENDED | STEPPING | STIRRED | HANDED | HELD | PICKY;
/** What keeps it from being handed over by the short way. */
const NOT_JUST_TO_BE_HANDED = NOT_TO_BE_HANDED | TOPICAL;
/** What is left to do when a turn is over. */
const UNDONE = STIRRED | HANDED | SETTLED;

/** A process. Its fields are plain and set in the constructor, those that every message touches first. */
export class Process implements Subject {
  readonly island: Island;
  declare private state: number;
  /** How many more messages it may take in this turn. */
  declare budget: number;
  declare private openedInbox: Subscription | null;
  /** A message on its way past the mailbox to the strand that stands first at the inbox, or where `rare` says. */
  declare private handed: Message | null;
  declare private stirred: Source | null;
  /** The code that runs, its door; `null` before its first turn, and once it has ended. */
  declare run: Run | null;
  declare private doomedTo: ExitFailure | null;
  readonly pid: Pid;
  declare private rare: Rare | null;
  /** The strands whose wait is over. */
  declare private over: WaitQueue | null;
  /** @internal How many messages it has sent in this turn. */
  declare sent: number;
  /** @internal What it runs. */
  declare program: Program;
  /** Made for the first message that has to wait; many never have one. */
  declare private mailbox: Mailbox | null;
  /** @internal How many waits are open, which tells a simulation that it is not running. */
  declare waits: number;
  /** @internal What the guard remembers of it. */
  declare remembered: unknown;
  /** @internal Its place in the process table; kept by process-table.ts. */
  declare slot: number;
  declare private args: readonly unknown[] | null;
  readonly host: Host;
  readonly heritage: Heritage;
  declare private readonly chainEntry: string;
  declare private readonly chain: number;
  declare private linked: StringSet;
  declare private watchedBy: StringSet;

  /** @param parent whose call chain it stays in, as the child of an exec does; `null` for one that begins a chain. */
  constructor(
    island: Island,
    pid: Pid,
    host: Host,
    program: Program,
    args: readonly unknown[],
    heritage: Heritage,
    parent: Process | null,
  ) {
    this.island = island;
    this.state = 0;
    this.budget = 0;
    this.openedInbox = null;
    this.handed = null;
    this.stirred = null;
    this.run = null;
    this.doomedTo = null;
    this.pid = pid;
    this.rare = null;
    this.over = null;
    this.sent = 0;
    this.program = program;
    this.mailbox = null;
    this.waits = 0;
    this.remembered = null;
    this.slot = 0;
    this.args = args;
    this.host = host;
    this.heritage = heritage;
    this.chainEntry = parent === null ? program.entry : parent.chainEntry;
    this.chain = parent === null ? island.nextChain() : parent.chain;
    this.linked = null;
    this.watchedBy = null;
    this.setPicky();
  }

  private setPicky(): void {
    const isPicky = this.limit !== null || this.program.accept !== null;
    this.state = isPicky ? this.state | PICKY : this.state & ~PICKY;
  }

  /** The limit of its mailbox: its entry's, or else its host's. */
  get limit(): MailboxLimit | null {
    return this.program.mailbox ?? this.host.mailbox;
  }

  /** The names it holds; kept by names.ts. */
  get names(): StringSet {
    return this.rare === null ? null : this.rare.names;
  }

  set names(names: StringSet) {
    this.rareParts().names = names;
  }

  /** Whether LINK_DOWN is an event (true) or the end (false). */
  get trapLinks(): boolean {
    return this.rare?.trapLinks === true;
  }

  set trapLinks(trapLinks: boolean) {
    if (trapLinks || this.rare !== null) this.rareParts().trapLinks = trapLinks;
  }

  /** @internal Whether it stands in the run queue; the scheduler's own mark. A turn takes it away. */
  get queued(): boolean {
    return (this.state & QUEUED) !== 0;
  }

  set queued(queued: boolean) {
    this.state = queued ? this.state | QUEUED : this.state & ~QUEUED;
  }

  /** Whether its pid is no valid target any more. */
  get isEnded(): boolean {
    return (this.state & ENDED) !== 0;
  }

  /** Who acts. */
  get actor(): Actor | null {
    return this.heritage.actor;
  }

  /** Which policies apply. */
  get scope(): Scope | null {
    return this.heritage.scope;
  }

  /** The frame id, which names the call chain (S1.9). */
  get frame(): string {
    return `${this.chainEntry}#${this.chain.toString(16)}`;
  }

  /** The entry it runs, `namespace:name`. */
  get entry(): string {
    return this.program.entry;
  }

  get hostId(): string {
    return this.host.id;
  }

  /** Whether its end is decided, though it has not had the turn for it. */
  get isDoomed(): boolean {
    return (this.state & DOOMED) !== 0;
  }

  /** @internal Whether nothing in it goes before the strand that runs. */
  get isUndisturbed(): boolean {
    return (this.state & (SETTLED | DOOMED)) === 0 || !(this.isDoomed || this.hasSettled);
  }

  /** How many messages wait for it. */
  get waiting(): number {
    const waiting = this.mailbox === null ? 0 : this.mailbox.waiting;
    return this.handed === null ? waiting : waiting + 1;
  }

  /** Whether what its turn resumed runs only after the turn, as with promises. */
  private get resumesLater(): boolean {
    return this.run?.resumesLater === true;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // What reaches it

  /** Whether the mailbox takes one more message (S2.49, S2.50). */
  accepts(): boolean {
    const { limit } = this;
    return limit === null || this.waiting < limit.limit;
  }

  /** A message has come, and there is room for it or it is beyond the limit by right. */
  put(message: Message): void {
    if (!this.hand(message)) this.keep(message);
  }

  /** Puts a message that nobody takes at once into the mailbox, where there is room for it. */
  keep(message: Message): void {
    if (this.mailbox === null) this.mailbox = new Mailbox();
    const { mailbox, openedInbox: inbox } = this;
    mailbox.put(message);
    if (mailbox.waiting >= ALARM_AT - 1) this.raiseAlarm();
    const subscription = (this.state & TOPICAL) === 0 ? inbox : this.readerOf(message.topic);
    if (subscription !== null && subscription.first !== null) {
      // A strand to which a message was handed finds by itself what comes behind it.
      if (this.handed === null || !this.isForNext(subscription.first)) this.stir(subscription);
    }
  }

  /** Whose the messages of a topic are, in a process that tells topics apart. */
  private readerOf(topic: string): Subscription | null {
    return this.rare?.topics?.get(topic) ?? this.openedInbox;
  }

  /** Whether nobody stands in the queue that begins here but the strand to which a message was handed. */
  private isForNext(first: Place): boolean {
    const handedTo = this.rare === null ? null : this.rare.handedTo;
    return first.next === null && (handedTo === null || first.strand === handedTo.strand);
  }

  /**
   * Hands a message to the strand that waits for just this, past the mailbox: where nothing waits longer and nobody
   * else may want it. It goes on at the next turn, or in the same breath where that does no harm.
   *
   * @returns whether it was handed over; if not, it is for the mailbox.
   */
  hand(message: Message): boolean {
    const { state, openedInbox: inbox } = this;
    if ((state & NOT_JUST_TO_BE_HANDED) !== 0) return (state & NOT_TO_BE_HANDED) === 0 && this.handByTopic(message);
    if (inbox === null) return false;
    const { first } = inbox;
    if (first === null) return false;
    const { strand } = first;
    if (strand !== first) return false;
    if ((state & QUEUED) === 0) {
      const { scheduler } = this.island;
      if (this.canGoOn() && scheduler.mayGoOn()) {
        this.budget = BUDGET - 1;
        strand.leave();
        strand.resume(message, 0);
        return true;
      }
      scheduler.enqueue(this);
    }
    this.handed = message;
    this.state |= HANDED;
    return true;
  }

  /** `hand` in a process that tells topics apart: to a strand that waits for nothing but messages. */
  private handByTopic(message: Message): boolean {
    // What is taken back goes before all that waits, and so must be the oldest.
    if (this.mailbox !== null && this.mailbox.waiting > 0) return false;
    const source = this.readerOf(message.topic);
    if (source === null) return false;
    const { first } = source;
    if (first === null) return false;
    const { strand } = first;
    if (strand !== first && !(strand.waiting instanceof Served)) return false;
    if ((this.state & QUEUED) === 0) {
      const { scheduler } = this.island;
      if (this.canGoOn() && scheduler.mayGoOn()) {
        this.budget = BUDGET - 1;
        this.giveHanded(message, source, first);
        return true;
      }
      scheduler.enqueue(this);
    }
    (this.rare as Rare).handedTo = first;
    this.handed = message;
    this.state |= HANDED;
    return true;
  }

  /** The one switch over all signals. */
  receive(signal: Signal): void {
    if (this.isEnded) return;
    switch (signal.kind) {
      case "message":
        this.put(signal);
        return;
      case "cancel":
        this.cancel(signal);
        return;
      case "terminate":
        this.doom(TERMINATED);
        return;
      case "link":
        this.linked = added(this.linked, signal.from);
        return;
      case "unlink":
        this.linked = removed(this.linked, signal.from);
        return;
      case "link-down":
        if (!includes(this.linked, signal.from)) return;
        this.linked = removed(this.linked, signal.from);
        if (!this.trapLinks) this.doom(LINK_FAILED);
        else this.putEnd(event.LINK_DOWN, signal);
        return;
      case "monitor":
        this.watchedBy = added(this.watchedBy, signal.from);
        return;
      case "demonitor":
        this.watchedBy = removed(this.watchedBy, signal.from);
        return;
      case "exited":
        if (!this.forgetWatched(signal.from)) return;
        this.putEnd(event.EXIT, signal);
        return;
      case "reply":
        if (this.rare?.execs?.get(signal.from) !== signal.to) return;
        this.rare.execs.delete(signal.from);
        this.putAnswer(signal);
        return;
      default: {
        const unknown: never = signal;
        throw new Error(`unknown signal ${String(unknown)}`);
      }
    }
  }

  private cancel(signal: CancelSignal): void {
    const { clock, timers } = this.island;
    let deadline: string | undefined;
    if (signal.deadlineMs !== null) {
      const rare = this.rareParts();
      const atMs = clock.nowMs() + Math.max(0, signal.deadlineMs);
      if (rare.deadline === null || atMs < rare.deadline.atMs) {
        if (rare.deadline !== null) timers.cancel(rare.deadline);
        rare.deadline = timers.set(signal.deadlineMs, () => this.doom(DEADLINE_EXCEEDED));
      }
      const leftMs = rare.deadline.atMs - clock.nowMs();
      deadline = new Date(Math.min(clock.unixMs() + leftMs, LAST_RFC3339_MS)).toISOString();
    }
    const request = {
      kind: event.CANCEL,
      from: signal.from,
      at: clock.unixMs() / 1000,
      ...(deadline !== undefined && { deadline }),
      ...(signal.reason !== null && { reason: signal.reason }),
    };
    this.putEvent(request, signal.on, signal.reason === null ? 0 : textBytes(signal.reason));
  }

  /** On whose account it is what comes for it; `null` for nobody's. */
  private get account(): Outstanding | null {
    if (this.run !== null) return this.run.outstanding;
    return this.rare === null ? null : this.rare.account;
  }

  /** A process has ended. That is never kept from it (S2.51), but its result is, where there is no room for it. */
  private putEnd(kind: typeof event.EXIT | typeof event.LINK_DOWN, signal: ExitedSignal | LinkDownSignal): void {
    const { from, ending } = signal;
    const on = this.account;
    const { result, bytes } = resultFor(on, ending);
    this.putEvent({ kind, from, at: ending.at(this.island.clock), result } as ProcessEvent, on, bytes);
  }

  private putAnswer({ to, ending }: ReplySignal): void {
    const on = this.account;
    const { result, bytes } = resultFor(on, ending);
    if (on === null || bytes === 0) to.put(result);
    else {
      const held = new Counted<unknown>(result, on, bytes);
      const rare = this.rareParts();
      rare.answers ??= new Set();
      rare.answers.add(held);
      to.put(held);
    }
  }

  /** @internal An answer that counts is taken; the answer itself. */
  takeAnswer(held: Counted<unknown>): unknown {
    this.rare?.answers?.delete(held);
    return held.release();
  }

  private putEvent(one: ProcessEvent, on: Outstanding | null, dataBytes: number): void {
    const rare = this.rareParts();
    rare.events ??= new Fifo();
    rare.events.push(on === null ? one : new Counted(one, on, EVENT_BYTES + dataBytes));
    // Events come before messages.
    if (rare.handedTo !== null) this.takeBackHanded();
    const subscription = rare.eventsSubscription;
    if (subscription !== null && subscription.first !== null) this.stir(subscription);
  }

  private rearmAlarm(rare: Rare): void {
    if (rare.alarmAt !== ALARM_AT && this.waiting < ALARM_AT) rare.alarmAt = ALARM_AT;
  }

  private raiseAlarm(): void {
    const { waiting } = this;
    const rare = this.rareParts();
    if (waiting < rare.alarmAt) return;
    rare.alarmAt *= 2;
    const { notices, clock } = this.island;
    if (notices.any) {
      notices.tell({ kind: "mailbox-alarm", at: clock.unixMs() / 1000, pid: this.pid, entry: this.entry, waiting });
    }
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Its turn

  /** Something may be ready at this source: the strands that wait there are looked at when the process has its turn. */
  stir(source: Source): void {
    if (this.stirred === null) {
      this.setStirred(source);
      if (this.queued) return;
      if (this.canGoOn() && this.island.scheduler.mayGoOn()) {
        this.step();
        return;
      }
    } else if (this.stirred !== source) {
      const rare = this.rareParts();
      rare.stirred ??= new Set();
      rare.stirred.add(source);
    }
    if (!this.queued) this.island.scheduler.enqueue(this);
  }

  /** `stir` before all others: what has waited at other sources is newer. */
  stirFirst(source: Source): void {
    const other = this.stirred;
    this.setStirred(null);
    this.stir(source);
    if (other !== null && other !== source) this.stir(other);
  }

  private setStirred(source: Source | null): void {
    this.stirred = source;
    this.state = source === null ? this.state & ~STIRRED : this.state | STIRRED;
  }

  /** Whether a turn now would only serve strands, and would run no code in the middle of what woke it. */
  private canGoOn(): boolean {
    return this.resumesLater && (this.state & (STEPPING | DOOMED)) === 0;
  }

  /** @internal A strand whose wait is over goes on as soon as the process has its turn, or still in this one. */
  settled(strand: Strand): void {
    if (this.over === null) this.over = new WaitQueue();
    this.over.add(strand);
    this.state |= SETTLED;
    if ((this.state & (QUEUED | STEPPING)) === 0) this.island.scheduler.enqueue(this);
  }

  /** @internal A strand gives the turn back in the middle of its work, and goes on in the next one. */
  paused(strand: Strand): void {
    const rare = this.rareParts();
    rare.paused ??= new WaitQueue();
    rare.paused.add(strand);
    this.state |= HELD;
    this.budget = 0;
    this.island.scheduler.enqueue(this);
  }

  /**
   * @internal A strand was interrupted in the middle of its work, and goes on in the next turn. Until it waits or ends, no
   * other strand of the process runs: its code cannot tell that it was interrupted (S11.11, S11.32).
   */
  interrupted(strand: Strand): void {
    const rare = this.rareParts();
    rare.interrupted = strand;
    if (rare.continues) rare.left = Math.max(this.budget, rare.spared);
    // It may be long before anybody takes what is on its way, and only in the mailbox it counts.
    this.takeBackHanded();
    this.state |= HELD;
    this.budget = 0;
    this.island.scheduler.enqueue(this);
  }

  /** @internal The slice is used up: the turn ends with the strand that runs now. */
  endTurn(): void {
    this.rareParts().spared = this.budget;
    this.budget = 0;
  }

  private get isInterrupted(): boolean {
    return this.rare !== null && this.rare.interrupted !== null;
  }

  /** @internal Whether a strand whose wait is over is still to go on. */
  get hasSettled(): boolean {
    if ((this.state & SETTLED) === 0) return false;
    if (this.over !== null && this.over.first !== null) return true;
    this.state &= ~SETTLED;
    return false;
  }

  /** Decides its end; it comes with its next turn. The first decision stands. */
  doom(result: ExitFailure): void {
    if ((this.state & (ENDED | DOOMED)) !== 0) return;
    this.doomedTo = result;
    this.state |= DOOMED;
    if (!this.queued) this.island.scheduler.enqueue(this);
  }

  /**
   * One turn: begin, or serve the strands that wait, until nothing is ready or the budget is used up.
   *
   * @returns whether what it resumed runs only after the turn, as with promises.
   */
  step(): boolean {
    if (this.state !== ONLY_HANDED) return this.stepAny();
    // It has a run, since a strand waits.
    const run = this.run as Run;
    this.state = STEPPING | HANDED;
    this.budget = BUDGET;
    this.sent = 0;
    this.takeHanded();
    if (this.state !== STEPPING) this.goOn(run);
    else this.state = 0;
    return run.resumesLater;
  }

  /** A turn that may have anything to do. */
  private stepAny(): boolean {
    this.state &= ~QUEUED;
    if (this.rare !== null && this.rare.afterCleanup !== null) {
      if (this.doomedTo !== null && !this.isEnded) this.end(this.doomedTo);
      this.stepCleanup();
      return this.resumesLater;
    }
    if (this.isEnded) {
      if (this.rare !== null && this.rare.ending !== null) this.tell(this.rare.ending);
      return this.resumesLater;
    }
    this.state |= STEPPING;
    if (this.doomedTo !== null) {
      this.end(this.doomedTo);
      this.state &= ~STEPPING;
      if (this.hasSettled) this.island.scheduler.enqueue(this);
      return this.resumesLater;
    }
    this.budget = this.isInterrupted ? this.continued(this.rare as Rare) : BUDGET;
    this.sent = 0;
    if ((this.state & HELD) !== 0) this.resumeHeld(this.rare as Rare);
    if (this.args !== null) this.begin(this.args);
    this.goOn(this.run);
    if (this.rare?.continues) this.hasContinued(this.rare);
    return this.resumesLater;
  }

  /** The budget of a turn that goes on with a strand that was interrupted: it must not take what comes for ever. */
  private continued(rare: Rare): number {
    rare.continues = true;
    rare.spared = 0;
    return rare.left;
  }

  private hasContinued(rare: Rare): void {
    rare.continues = false;
    if (rare.interrupted === null) rare.left = BUDGET;
  }

  /** Serves the strands that wait, until nothing is ready or the budget is used up; then the turn is over. */
  private goOn(run: Run | null): void {
    if ((this.state & PASSED_OVER) !== 0) this.serveOneNew(run);
    let othersWent = false;
    while (this.budget > 0 && this.doomedTo === null && this.run === run) {
      // First those whose wait is over, in the order in which it was; then all that is new, which may end further waits.
      if (this.hasSettled) {
        othersWent = true;
        this.resumeSettled(run);
      } else if (this.handed !== null) this.takeHanded();
      else if (this.stirred !== null) this.serveStirred(run);
      else break;
    }
    if (this.hasSettled && !this.leavesSettled(run)) {
      othersWent = true;
      this.resumeSettled(run);
    }
    this.state &= ~STEPPING;
    const { state } = this;
    if ((state & (DOOMED | ENDED)) === DOOMED || ((state & UNDONE) !== 0 && this.isUndone())) {
      this.island.scheduler.enqueue(this);
      const arePassedOver =
        othersWent && (state & (HANDED | STIRRED)) !== 0 && ((state & HELD) !== 0 || this.hasSettled);
      if (arePassedOver) this.state |= PASSED_OVER;
    }
  }

  /** One strand that waits for what is new goes on before those that could go on for ever. */
  private serveOneNew(run: Run | null): void {
    if (this.budget <= 0 || this.doomedTo !== null || this.run !== run) return;
    this.state &= ~PASSED_OVER;
    // What it takes has to be in somebody's hands before any of the others might end or upgrade the process.
    const others = this.over;
    this.over = null;
    if (this.handed !== null) this.takeHanded();
    else if (this.stirred !== null) this.serveOneAt(this.stirred, run);
    // The budget may be used up because a strand was stopped in the middle of its work.
    if (this.hasSettled && (this.budget > 0 || !this.leavesSettled(run))) this.resumeSettled(run);
    if (this.run !== run || others === null) return;
    const settled = this.over as WaitQueue | null;
    if (settled !== null) others.takeAll(settled);
    this.over = others;
    this.state |= SETTLED;
  }

  private serveOneAt(source: Source, run: Run | null): void {
    this.setStirred(this.nextStirred());
    const { first } = source;
    const isServed = first !== null && this.serveFirst(source, first);
    if (isServed && this.run === run && source.first !== null && source.isReady()) this.stir(source);
  }

  private isUndone(): boolean {
    return this.hasSettled || (this.state & UNDONE) !== 0;
  }

  /** There is something to do in the next turn before all others. */
  private holdTurn(): void {
    this.state |= HELD;
    this.island.scheduler.enqueue(this);
  }

  /** Those who were stopped in the middle of their work go on with it. */
  private resumeHeld(rare: Rare): void {
    this.state &= ~HELD;
    if (!this.askAbandoned(rare)) this.holdTurn();
    if (rare.paused !== null) this.unpause(rare);
    if (rare.interrupted !== null) this.resumeInterrupted(rare, rare.interrupted);
  }

  /** Those who gave their turn back have it again, behind those who have been waiting for it. */
  private unpause(rare: Rare): void {
    const paused = rare.paused as WaitQueue;
    if (paused.first === null) return;
    if (this.over === null) this.over = new WaitQueue();
    this.over.takeAll(paused);
    this.state |= SETTLED;
  }

  private resumeInterrupted(rare: Rare, strand: Strand): void {
    rare.interrupted = null;
    strand.resumeSettled();
  }

  private serveStirred(run: Run | null): void {
    while (this.stirred !== null && this.run === run && this.doomedTo === null && this.budget > 0 && !this.hasSettled) {
      const source = this.stirred;
      this.setStirred(this.nextStirred());
      this.serve(source, run);
    }
  }

  private takeHanded(): void {
    const message = this.handed as Message;
    const { rare } = this;
    this.handed = null;
    this.state &= ~HANDED;
    this.budget--;
    if (rare !== null) {
      this.rearmAlarm(rare);
      const { handedTo } = rare;
      if (handedTo !== null) {
        rare.handedTo = null;
        this.giveHanded(message, handedTo.queue as Subscription, handedTo);
        return;
      }
    }
    const inbox = this.openedInbox as Subscription;
    const strand = inbox.first as Strand;
    // It stands nowhere else, and waits for nothing else.
    this.waits--;
    inbox.remove(strand);
    // Whoever has come to wait behind it has not been told of what came behind the message.
    if (inbox.first !== null && inbox.isReady()) this.stir(inbox);
    strand.resume(message, 0);
  }

  /** The strand that stands first at a source goes on with a message that was handed to it. */
  private giveHanded(message: Message, source: Subscription, place: Place): void {
    const { strand, index } = place;
    const { waiting } = strand;
    strand.leave();
    if (waiting instanceof Served) waiting.index = index;
    this.stirReady(waiting, source);
    strand.resume(source.shown(message), index);
  }

  /** Nobody waits for the handed message any more: it is the first of those that wait. */
  private takeBackHanded(): void {
    if (this.handed === null) return;
    const handedTo = this.rare === null ? null : this.rare.handedTo;
    const source = handedTo === null ? this.openedInbox : (handedTo.queue as Subscription);
    this.mailbox ??= new Mailbox();
    this.mailbox.putBack(this.handed);
    this.handed = null;
    if (handedTo !== null) (this.rare as Rare).handedTo = null;
    this.state &= ~HANDED;
    // Of code that is over nobody goes on.
    if (source !== null && this.run !== null)
      this.stirReady(handedTo === null ? null : handedTo.strand.waiting, source);
  }

  /**
   * Tells those who stand where a strand stood to which a message was handed: nobody was told of what came behind it.
   *
   * @param waiting what that strand waited for besides the source.
   */
  private stirReady(waiting: Strand["waiting"], source: Subscription): void {
    const sources = waiting instanceof Served ? waiting.sources : [source];
    for (const one of sources) if (one.first !== null && one.isReady()) this.stir(one);
  }

  private nextStirred(): Source | null {
    const stirred = this.rare?.stirred;
    if (stirred == null) return null;
    for (const source of stirred) {
      stirred.delete(source);
      return source;
    }
    return null;
  }

  private begin(args: readonly unknown[]): void {
    this.island.scheduler.spend(STEPS_PER_LIFE);
    this.args = null;
    this.run = this.program.start(this);
    this.run.begin(args);
  }

  /** A turn of code that was stopped and cleans up: only what it has begun itself goes on. */
  private stepCleanup(): void {
    this.state |= STEPPING;
    this.budget = BUDGET;
    this.sent = 0;
    const rare = this.rare as Rare;
    if (!this.askAbandoned(rare)) this.island.scheduler.enqueue(this);
    if (rare.paused !== null) this.unpause(rare);
    const settled = this.over;
    for (let at = settled?.first ?? null; at !== null && this.budget > 0; at = settled?.first ?? null) {
      this.budget--;
      settled?.remove(at);
      at.strand.resumeSettled();
    }
    this.state &= ~STEPPING;
    if (this.hasSettled) this.island.scheduler.enqueue(this);
  }

  /** Whether the strands whose wait is over are not to go on any more in this turn, whose budget is used up. */
  private leavesSettled(run: Run | null): boolean {
    return this.doomedTo !== null || this.run !== run || this.isInterrupted || run?.leavesSettled === true;
  }

  /**
   * Resumes the strands whose wait is over, and those that this settles in turn. When the budget is used up, those go on
   * that stand there already, where what they waited for may be a message, which must not get lost.
   */
  private resumeSettled(run: Run | null): void {
    const settled = this.over as WaitQueue;
    let last: Place | null = null;
    for (let at = settled.first; at !== null; at = settled.first) {
      if (this.run !== run || this.doomedTo !== null) return;
      if (--this.budget <= 0) last ??= settled.last;
      settled.remove(at);
      at.strand.resumeSettled();
      if (this.budget > 0) continue;
      if (last === null || at === last || this.leavesSettled(run)) return;
    }
  }

  private serve(source: Source, run: Run | null): void {
    for (let first = source.first; first !== null; first = source.first) {
      if (this.run !== run || this.doomedTo !== null) return;
      if (this.budget <= 0) {
        if (source.isReady()) this.stir(source);
        return;
      }
      if (this.hasSettled && this.run?.resumesLater === false) {
        // What became ready earlier goes on earlier, and what nobody has taken yet cannot get lost on the way.
        if (source.isReady()) this.stir(source);
        return;
      }
      if (!this.serveFirst(source, first)) return;
    }
  }

  /** Serves the strand that waits first at a source; whether there was something for it. */
  private serveFirst(source: Source, first: Place): boolean {
    const { strand } = first;
    if (strand === first) {
      const value = source.takeIfReady();
      if (value === NOT_READY) return false;
      strand.leave();
      strand.resume(value, 0);
    } else if (!serve(strand)) return false;
    this.budget--;
    return true;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Its mailbox and subscriptions

  /** The message the inbox would yield now. */
  peekInbox(): Message | null {
    for (;;) {
      const message = this.mailbox === null || this.mailbox.waiting === 0 ? null : this.mailbox.peekUnclaimed();
      if (message === null || this.program.accept === null || this.isAccepted(message)) return message;
    }
  }

  /** The message a listener of the topic would yield now of which this waits. */
  peekTopic(queue: TopicQueue): Message | null {
    for (;;) {
      const message = queue.first;
      if (message === null || this.program.accept === null || this.isAccepted(message)) return message;
    }
  }

  /** Takes a message that a peek has shown; what the process gets to read. */
  takeMessage(message: Message): Message {
    this.take(message);
    const accepted = this.rare?.accepted;
    if (accepted == null || !accepted.has(message)) return message;
    const payload = accepted.get(message);
    accepted.delete(message);
    return new Message(message.topic, message.from, payload);
  }

  /** Takes the message that has waited longest, to make room. */
  dropOldest(): Message {
    const oldest = (this.mailbox as Mailbox).takeOldest();
    this.rare?.accepted?.delete(oldest);
    return oldest;
  }

  hasEvent(): boolean {
    const events = this.rare?.events;
    return events != null && events.length > 0;
  }

  takeEvent(): ProcessEvent {
    const { events } = this.rareParts();
    const one = (events as NonNullable<typeof events>).shift();
    if (!(one instanceof Counted)) return one;
    const counted = one.release();
    if (this.account !== null || counted.kind === event.CANCEL) return counted;
    // Code that could change it, after an upgrade from code that could not.
    return { ...counted, result: new Ending(counted.result, 0).own() } as ProcessEvent;
  }

  /** Nobody takes its events any more. */
  private dropEvents(): void {
    const events = this.rare?.events;
    if (events == null) return;
    while (events.length > 0) {
      const one = events.shift();
      if (one instanceof Counted) one.release();
    }
  }

  /** The inbox, opened if it is not (S2.17, S2.24). */
  openInbox(): Subscription {
    this.openedInbox ??= new Subscription(this, INBOX, true, null);
    return this.openedInbox;
  }

  /** The events, opened if they are not (S2.18). */
  openEvents(): Subscription {
    const rare = this.rareParts();
    rare.eventsSubscription ??= new Subscription(this, EVENTS, true, null);
    return rare.eventsSubscription;
  }

  /** How many topics it listens to. */
  get listeners(): number {
    return this.rare?.topics?.size ?? 0;
  }

  /** Whether it listens to this topic. */
  listensTo(topic: string): boolean {
    return this.rare?.topics?.has(topic) === true;
  }

  /** The channel of a topic, opened if it is not; `asMessages` left undefined changes nothing (S2.23). */
  openTopic(topic: string, asMessages: boolean | undefined): Subscription {
    this.takeBackHanded();
    const rare = this.rareParts();
    rare.topics ??= new Map();
    let subscription = rare.topics.get(topic);
    if (subscription === undefined) {
      this.mailbox ??= new Mailbox();
      subscription = new Subscription(this, topic, asMessages === true, this.mailbox.claim(topic));
      rare.topics.set(topic, subscription);
      this.state |= TOPICAL;
    } else if (asMessages !== undefined) subscription.asMessages = asMessages;
    return subscription;
  }

  /** Closes a subscription; what waited for it is matched anew (S2.31, S2.32). Whether it was an open one of this process. */
  closeSubscription(subscription: Subscription): boolean {
    if (subscription.process !== this || subscription.isClosed) return false;
    this.takeBackHanded();
    const rare = this.rare;
    if (subscription === this.openedInbox) this.openedInbox = null;
    else if (rare !== null && subscription === rare.eventsSubscription) rare.eventsSubscription = null;
    else if (rare?.topics?.get(subscription.topic) === subscription) {
      rare.topics.delete(subscription.topic);
      if (rare.topics.size === 0) {
        rare.topics = null;
        this.state &= ~TOPICAL;
      }
      this.mailbox?.release(subscription.topic);
      if (this.openedInbox !== null && this.openedInbox.first !== null) this.stir(this.openedInbox);
    } else return false;
    subscription.close();
    return true;
  }

  private take(message: Message): void {
    (this.mailbox as Mailbox).take(message);
    if (this.rare !== null) this.rearmAlarm(this.rare);
  }

  /** Runs the program's parser once over a message; if it refuses, the message is a dead letter and gone (S16.52). */
  private isAccepted(message: Message): boolean {
    const rare = this.rareParts();
    rare.accepted ??= new Map();
    if (rare.accepted.has(message)) return true;
    const accept = this.program.accept as (topic: string, payload: unknown) => unknown;
    const { accepted } = rare;
    // A parser may receive or send in turn, and so take or displace the very message it is looking at.
    accepted.set(message, message.payload);
    try {
      const payload = accept(message.topic, message.payload);
      if (Message.isTaken(message)) return false;
      accepted.set(message, payload);
      return true;
    } catch {
      accepted.delete(message);
      if (Message.isTaken(message)) return false;
      this.take(message);
      this.island.deadLetters.add(message.from, this.pid, message.topic, "not_accepted");
      return false;
    }
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Its bonds

  /** Notes that this process monitors another; the other is told by a signal. */
  watch(pid: Pid): void {
    const rare = this.rareParts();
    rare.watching = added(rare.watching, pid);
  }

  /** Whether it has watched that process, which it does no more. */
  private forgetWatched(pid: Pid): boolean {
    const { rare } = this;
    if (rare === null || !includes(rare.watching, pid)) return false;
    rare.watching = removed(rare.watching, pid);
    return true;
  }

  /** `watch` of a process just made. */
  watchNew(pid: Pid): void {
    const rare = this.rareParts();
    rare.watching = addedNew(rare.watching, pid);
  }

  /** From now on no EXIT of that process is let in. */
  unwatch(pid: Pid): void {
    if (this.rare !== null) this.rare.watching = removed(this.rare.watching, pid);
  }

  /** Notes a link to another; the other is told by a signal. */
  bind(pid: Pid): void {
    this.linked = added(this.linked, pid);
  }

  /** Forgets a link. */
  unbind(pid: Pid): void {
    this.linked = removed(this.linked, pid);
  }

  /** A timer that dies with the code that set it. */
  setTimer(delayMs: number, fire: () => void): Timer {
    const rare = this.rareParts();
    rare.timers ??= new Set();
    const timers = rare.timers;
    const settle = () => {
      timers.delete(timer);
      fire();
    };
    const timer = this.island.timers.set(delayMs, settle, this.account);
    timers.add(timer);
    return timer;
  }

  /** Cancels a timer of `setTimer`; whether it was still running. */
  cancelTimer(timer: Timer): boolean {
    this.rare?.timers?.delete(timer);
    return this.island.timers.cancel(timer);
  }

  /** Notes that a strand waits for the end of this child. */
  awaitExec(child: Pid, reply: OneShot): void {
    const rare = this.rareParts();
    rare.execs ??= new Map();
    rare.execs.set(child, reply);
  }

  /** Waits no longer; whether it still did. */
  abandonExec(child: Pid, reason: string): boolean {
    if (this.rare?.execs?.delete(child) !== true) return false;
    this.cancelAbandoned(child, reason);
    return true;
  }

  private cancelAbandoned(child: Pid, reason: string): void {
    const deadlineMs = ABANDONED_EXEC_DEADLINE_MS;
    this.island.router.route(child, { kind: "cancel", from: this.pid, deadlineMs, reason, on: null });
  }

  /** Notes who is told how it ended, after everybody else: the runtime or a tool. */
  tellEndTo(onEnd: (result: ExitResult) => void): void {
    this.rareParts().onEnd = onEnd;
  }

  /** Notes who waits for the end of this process. */
  replyTo(pid: Pid, reply: OneShot): void {
    this.rareParts().caller = { pid, reply };
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Its end, and its upgrade

  /** Main returned this. Copied; what cannot be sent makes the end abnormal (S4.13). */
  finish(value: unknown): void {
    let result: ExitResult;
    try {
      result = { value: copyPayload(value, "result") };
      if (typeof result.value === "number" && isForeignFloat(value)) noteFloat(result, "value");
    } catch (cause) {
      result = failureOf(cause);
    }
    this.end(result, true, isFailure(result) ? textBytes(result.error) : bytesOf(value));
  }

  /**
   * Its code failed with this.
   *
   * @param causeBytes what text and details take, about; 0 if that is not known.
   */
  fail(cause: unknown, causeBytes = 0): void {
    const failure = failureOf(cause);
    const bytes = Math.max(causeBytes, textBytes(failure.error));
    if (failure.details === undefined) {
      this.end(failure, true, bytes);
      return;
    }
    let details: unknown;
    try {
      details = copyOfData(failure.details, "details");
    } catch {
      // Details are an extra: an error that cannot say all must still arrive.
    }
    const { error, kind, retryable } = failure;
    const told = { error, kind, retryable, details };
    copyForm(failure, told);
    this.end(told, true, bytes);
  }

  /**
   * Ends it, in the order of S4.17. Code that is stopped cleans up first, and only then is anybody told (S16.55).
   *
   * @param byItself whether its code has come to its end, so that there is nothing to clean up.
   * @param bytes what the result takes, about, if that is known.
   */
  end(result: ExitResult, byItself = false, bytes = isFailure(result) ? textBytes(result.error) : 0): void {
    if (this.isEnded) return;
    this.state |= ENDED;
    this.island.scheduler.spend(STEPS_PER_LIFE);
    this.island.table.remove(this);
    const ending = new Ending(result, bytes);
    if (!byItself) {
      this.stopRun(ending);
      return;
    }
    const { run } = this;
    this.closeRun();
    run?.drop();
    this.leave(ending);
  }

  /** Gives back what it holds, and tells those who are to know. */
  private leave(ending: Ending): void {
    const { island, pid, host, heritage, watchedBy, linked } = this;
    const { names, events, clock } = island;
    const rare = this.rare;
    if (rare !== null && rare.names !== null) names.release(this);
    host.live--;
    if (heritage.held !== null) heritage.held.release();
    if (events.any) {
      events.tell({ kind: "exited", at: ending.at(clock), pid, entry: this.entry, result: ending.result });
    }
    const watched = rare === null ? null : rare.watching;
    if (watchedBy !== null || linked !== null || watched !== null) {
      const signals = new ExitSignals(pid, ending, watchedBy, linked, watched);
      if (!signals.send(island.router, clock)) {
        this.rareParts().exitSignals = signals;
        this.tellLater(ending);
        return;
      }
    }
    this.tell(ending);
  }

  /** Tells those who are left, the unread messages last. */
  private tell(ending: Ending): void {
    const { rare, mailbox } = this;
    if (rare !== null && !this.tellRare(ending, rare)) this.tellLater(ending);
    else if (mailbox !== null && mailbox.waiting > 0 && !this.tellUnread(mailbox)) this.tellLater(ending);
    else if (rare !== null) this.told(ending, rare);
  }

  private tellRare(ending: Ending, rare: Rare): boolean {
    const { router, clock, timers } = this.island;
    if (rare.exitSignals !== null) {
      if (!rare.exitSignals.send(router, clock)) return false;
      rare.exitSignals = null;
    }
    if (rare.caller !== null) {
      const { pid, reply } = rare.caller;
      rare.caller = null;
      router.route(pid, { kind: "reply", from: this.pid, to: reply, ending });
    }
    if (!this.abandonExecs(rare)) return false;
    this.dropEvents();
    if (rare.deadline !== null) timers.cancel(rare.deadline);
    return true;
  }

  /** Makes dead letters of messages that were not read, as many as one turn may; whether those were all. */
  private tellUnread(mailbox: Mailbox): boolean {
    const { deadLetters } = this.island;
    for (let told = 0; mailbox.waiting > 0; told++) {
      if (told === UNREAD_PER_TURN) return false;
      const message = mailbox.takeOldest();
      deadLetters.add(message.from, this.pid, message.topic, "exited_unread");
    }
    return true;
  }

  /** The others must not wait until all are told. */
  private tellLater(ending: Ending): void {
    const rare = this.rareParts();
    if (rare.ending === null) this.host.telling++;
    rare.ending = ending;
    this.island.scheduler.enqueue(this);
    this.island.scheduler.giveWay();
  }

  private told(ending: Ending, rare: Rare): void {
    const { host } = this;
    rare.onEnd?.(ending.result);
    if (rare.ending === null) return;
    rare.ending = null;
    if (--host.telling === 0) host.whenTold?.();
  }

  /**
   * Goes on with other code under the same pid (section 9). The old code is stopped at once, whatever becomes of the
   * new; a failure is the end of the process.
   *
   * @param id the entry; `null` for the present one.
   * @param state what the new main gets, or the error of the state that cannot be sent.
   * @param stateBytes what the state takes, about, if that is to be counted.
   */
  upgrade(id: string | null, state: readonly unknown[] | ProcessError, stateBytes: number): void {
    if (this.rare !== null && !this.abandonExecs(this.rare)) this.holdTurn();
    this.stopRun(new Upgrade(id, state, stateBytes));
  }

  private goOnWith({ id, state, stateBytes }: Upgrade): void {
    if (state instanceof ProcessError) {
      this.failUpgrade(state);
      return;
    }
    const held = { on: this.account, bytes: stateBytes };
    loadFor(this.island, id ?? this.entry, this.heritage, held, (program) => {
      if (this.isEnded) {
        if (!(program instanceof ProcessError)) program.discard?.();
        return;
      }
      if (program instanceof ProcessError) this.failUpgrade(program);
      else this.become(program, state);
    });
  }

  private failUpgrade(cause: ProcessError): void {
    this.doom({ error: `upgrade: ${cause.message}`, kind: cause.kind });
  }

  private become(program: Program, state: readonly unknown[]): void {
    this.program = program;
    this.args = state;
    this.setPicky();
    this.trapLinks = false;
    const { events, clock, scheduler } = this.island;
    if (events.any) events.tell({ kind: "upgraded", at: clock.unixMs() / 1000, pid: this.pid, entry: this.entry });
    scheduler.enqueue(this);
  }

  /** Stops the code, which may clean up for a second at most; `next` comes after that. */
  private stopRun(next: Ending | Upgrade): void {
    if (this.rare !== null && this.rare.afterCleanup !== null) {
      // Ended while the code before an upgrade still cleans up.
      this.rare.afterCleanup = next;
      return;
    }
    const { run } = this;
    this.closeRun();
    if (run !== null) {
      if (run.stop()) {
        this.awaitCleanup(run, next);
        return;
      }
      run.shut();
    }
    this.stopped(next);
  }

  /** Its code is stopped, and has cleaned up. */
  private stopped(next: Ending | Upgrade): void {
    if (next instanceof Ending) this.leave(next);
    else this.goOnWith(next);
  }

  /** Shuts the door of the code, and takes away its waits, timers and subscriptions. What waits in the mailbox stays. */
  private closeRun(): void {
    const { run, rare } = this;
    if (run !== null) run.shut();
    else if (this.args !== null) this.program.discard?.();
    if (run !== null && run.outstanding !== null && !this.isEnded) this.rareParts().account = run.outstanding;
    this.run = null;
    this.args = null;
    this.waits = 0;
    this.openedInbox = null;
    if (this.handed !== null) this.takeBackHanded();
    this.stirred = null;
    this.over = null;
    this.state &= ~(STIRRED | SETTLED | PASSED_OVER);
    if (rare === null) return;
    rare.eventsSubscription = null;
    rare.stirred = null;
    rare.paused = null;
    rare.interrupted = null;
    rare.accepted = null;
    if (rare.answers !== null) {
      for (const answer of rare.answers) answer.release();
      rare.answers = null;
    }
    if (rare.topics !== null) {
      rare.topics = null;
      this.state &= ~TOPICAL;
      this.mailbox?.releaseAll();
    }
    if (rare.timers !== null) {
      this.island.scheduler.spend(rare.timers.size >> TIMERS_PER_STEP_BITS);
      this.island.timers.cancelAll(rare.timers);
      rare.timers = null;
    }
  }

  private awaitCleanup(run: Run, next: Ending | Upgrade): void {
    const rare = this.rareParts();
    rare.afterCleanup = next;
    rare.cleanupTimer = this.island.timers.set(CLEANUP_MS, () => {
      run.drop();
      this.cleanedUp(run);
    });
  }

  /** @internal The code that was stopped has cleaned up. */
  cleanedUp(run: Run): void {
    run.shut();
    const rare = this.rare as Rare;
    const next = rare.afterCleanup as Ending | Upgrade;
    if (rare.cleanupTimer !== null) this.island.timers.cancel(rare.cleanupTimer);
    rare.cleanupTimer = null;
    rare.afterCleanup = null;
    this.over = null;
    this.stopped(next);
  }

  /** Waits for no exec any more; whether all of their children have been asked to end, as there may be many. */
  private abandonExecs(rare: Rare): boolean {
    if (rare.execs !== null && rare.execs.size > 0) {
      rare.abandoned = [...rare.execs.keys()].reverse().concat(rare.abandoned ?? []);
      rare.execs = null;
    }
    return this.askAbandoned(rare);
  }

  private askAbandoned(rare: Rare): boolean {
    const { abandoned } = rare;
    if (abandoned === null) return true;
    for (let asked = 0; asked < ABANDONED_PER_TURN && abandoned.length > 0; asked++) {
      this.cancelAbandoned(abandoned.pop() as Pid, "caller exited");
    }
    if (abandoned.length > 0) return false;
    rare.abandoned = null;
    return true;
  }

  private rareParts(): Rare {
    this.rare ??= new Rare();
    return this.rare;
  }
}

/** The result that is told to who has that account: without its data if there is no room for them. */
function resultFor(on: Outstanding | null, ending: Ending): { result: ExitResult; bytes: number } {
  if (on === null) return { result: ending.own(), bytes: 0 };
  const { bytes } = ending;
  if (bytes <= EVENT_BYTES) return { result: ending.shared(), bytes: 0 };
  return on.hasRoomFor(bytes) ? { result: ending.shared(), bytes } : { result: TOO_MUCH_RESULT, bytes: 0 };
}
