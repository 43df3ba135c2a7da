/**
 * All that code can ask for: the argument's meaning, permission, then the act; one short function each. This is the
 * one door down for every language and the only place where permission is asked (the guard decides). An engine's
 * dressing checks the types of arguments and turns refusals into what its language does with errors.
 *
 * A function that fails throws a ProcessError; `send` returns it. What may take time returns a OneShot to wait at.
 * Once the process has ended or goes on with other code, the door is shut: the dressing lets nothing through.
 */
import { ChannelCore } from "./channel.ts";
import type { Context } from "./context.ts";
import { parseDuration } from "./duration.ts";
import { badArgument, errors, invalid, notFound, ProcessError } from "./errors.ts";
import { type ExitResult, failureOf, TERMINATED } from "./exit-result.ts";
import { noteFloat } from "./form.ts";
import { type Actor, createActor, type Denial, noSuchPolicy, type Policy, type Scope } from "./guard.ts";
import { Message } from "./message.ts";
import { OneShot } from "./one-shot.ts";
import { CountedMessage, EVENT_BYTES, type Outstanding } from "./outstanding.ts";
import { bytesOf, copyPayload, type Foreign, isForeignFloat, textBytes } from "./payload.ts";
import { isPid, lastDigitOf, type Pid } from "./pid.ts";
import type { Heritage, Process } from "./process.ts";
import { unresolved } from "./router.ts";
import { carryOut, readyCase, type Served } from "./select.ts";
import { badName, listOf, type QueuedMessages, type SpawnSettings, withContext } from "./spawn-settings.ts";
import { isEntryId, malformedTarget, type SpawnOrder, startLater, startNow } from "./spawning.ts";
import type { Subscription } from "./subscription.ts";
import type { Timer } from "./timers.ts";
import { type Case, NOT_READY, SeveralCases, type Source, type Strand } from "./wait.ts";

/** The four ways to spawn, and exec. */
export type SpawnOperation = "spawn" | "spawn_monitored" | "spawn_linked" | "spawn_linked_monitored" | "exec";

/** A destination that was found: the pid to check permission on, and the process if it lives here. */
interface Target {
  readonly pid: Pid;
  readonly process: Process | undefined;
  readonly name: string | null;
}

/** The room of a ticker's channel; ticks beyond it are dropped (S11.19). */
const TICKER_ROOM = 16;
/** How many topics code may listen to that is not trusted with the memory of others. */
const MOST_LISTENERS = 16_384;
/** No code of a character. */
const UNREAD = -1;
const NO_MESSAGES: SpawnOrder["messages"] = [];

/** What one run of a process may do. Its fields are plain and set in the constructor: one is made for every process. */
export class Syscalls {
  readonly process: Process;
  /** Whether the code behind this door is not to go on: its process has ended or was upgraded. */
  declare isShut: boolean;
  /** Whether the code behind this door was stopped and cleans up: it may send, and nothing else (S16.55). */
  declare cleansUp: boolean;
  /** What was sent to last by its pid, or started last. */
  declare private lastTarget: Process | undefined;
  /**
   * The last digit of that pid where the send before went elsewhere: then the next may, too, and two texts that differ are
   * told apart sooner by it. `UNREAD` otherwise: that a text is the very same is seen at once, and to read a digit of the
   * pid of a process just started puts that text together.
   */
  declare private lastDigit: number;

  constructor(process: Process) {
    this.process = process;
    this.isShut = false;
    this.cleansUp = false;
    this.lastTarget = undefined;
    this.lastDigit = UNREAD;
  }

  /** @internal It has started this one, to which it may well send next. */
  started(child: Process): void {
    this.lastTarget = child;
    this.lastDigit = UNREAD;
  }

  /** @internal */
  shut(): void {
    this.isShut = true;
    this.cleansUp = false;
    this.lastTarget = undefined;
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Itself

  /** Its own pid (S1.8). */
  pid(): Pid {
    return this.process.pid;
  }

  /** The frame id, which names the call chain (S1.9). */
  id(): string {
    return this.process.frame;
  }

  getOptions(): { trapLinks: boolean } {
    return { trapLinks: this.process.trapLinks };
  }

  /**
   * Sets options by the names its language has for them; valid ones are applied even when another is refused (S4.38).
   *
   * @param trapLinksKey what the option `trap_links` is called there.
   */
  setOptions(options: unknown, trapLinksKey: string): void {
    if (!isTable(options)) throw invalid("options parameter must be a table");
    let refusal: ProcessError | null = null;
    for (const [key, value] of Object.entries(options)) {
      if (key !== trapLinksKey) refusal ??= invalid(`option ${key} is not supported`);
      else if (typeof value === "boolean") this.process.trapLinks = value;
      else if (value !== undefined) refusal ??= invalid("trap_links must be a boolean");
    }
    if (refusal !== null) throw refusal;
  }

  /** Main has returned this. */
  finish(value: unknown): void {
    if (!this.isShut) this.process.finish(value);
  }

  /**
   * An error has escaped main or another coroutine.
   *
   * @param causeBytes what its text and details take, about; 0 if that is not known.
   */
  fail(cause: unknown, causeBytes = 0): void {
    if (!this.isShut) this.process.fail(cause, causeBytes);
  }

  /** Tells people that an error has left the code, and where it came from. */
  tellCrash(text: string, trace: string): void {
    const { notices, clock } = this.process.island;
    const { pid, entry } = this.process;
    if (notices.any) notices.tell({ kind: "crashed", at: clock.unixMs() / 1000, pid, entry, text, trace });
  }

  /** Replaces the running code; nothing of it goes on (S9.1). Failures end the process (S9.8). */
  upgrade(id: string | null, state: readonly unknown[] | Foreign): void {
    if (id !== null && !isEntryId(id)) {
      this.process.upgrade(id, invalid("invalid process ID format (namespace:name required)"), 0);
      return;
    }
    let copied: unknown[] | ProcessError;
    try {
      copied = copyPayload(state, "state") as unknown[];
    } catch (cause) {
      copied = cause as ProcessError;
    }
    this.process.upgrade(id, copied, bytesOf(state));
  }

  /**
   * Writes a line for people.
   *
   * @param position where in the source, `file:line`, if that is known.
   */
  print(text: string, position: string | null = null): void {
    const { notices, clock } = this.process.island;
    const { pid, entry } = this.process;
    if (notices.any) notices.tell({ kind: "printed", at: clock.unixMs() / 1000, pid, entry, text, position });
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Messages

  /** Sends a message (S2.1–S2.10); the error, or `null` when it stands in the mailbox. */
  send(destination: string, topic: string, payload: unknown): ProcessError | null {
    // Compiled code must not meet a look behind the end of a text: it is thrown away then, and slower ever after.
    if (topic.length > 0 && topic.charCodeAt(0) === 64 /* @ */) return invalid("cannot send to @ topics");
    const { process } = this;
    process.sent++;
    const island = process.island;
    let pid: string = destination;
    let name: string | null = null;
    let target = this.lastTarget;
    const { lastDigit } = this;
    if (
      target === undefined ||
      (lastDigit !== UNREAD && lastDigit !== lastDigitOf(destination)) ||
      destination !== target.pid
    ) {
      // What is found in the table has the form of a pid; only what is not found has to be looked at closely.
      target = island.table.find(destination);
      if (target !== undefined) {
        this.lastTarget = target;
        this.lastDigit = lastDigitOf(destination);
      } else if (!isPid(destination)) {
        target = island.names.holder(destination);
        name = destination;
        if (target === undefined) return this.undeliverable(destination, topic);
        pid = target.pid;
      }
    } else if (lastDigit !== UNREAD) this.lastDigit = UNREAD;
    const denial = island.guard.check(process, "process.send", pid, target ?? null, name);
    if (denial !== null) return denied(`not allowed to send: ${destination}`, denial);
    let copy: unknown = payload;
    if (payload === undefined) copy = null;
    else if (typeof payload !== "number" && typeof payload !== "string") {
      try {
        copy = copyPayload(payload, "payload");
      } catch (cause) {
        return cause as ProcessError;
      }
    }
    const { outstanding } = this;
    if (outstanding === null) return island.router.deliver(pid, target, new Message(topic, process.pid, copy));
    const message = new CountedMessage(topic, process.pid, copy, outstanding, bytesOf(payload));
    if (typeof copy === "number" && isForeignFloat(payload)) noteFloat(message, "payload");
    return this.deliverCounted(pid, target, message);
  }

  /**
   * What this run and others with it have under way, where that has a limit; `null` for code that is trusted with the
   * memory of others.
   */
  get outstanding(): Outstanding | null {
    return null;
  }

  private deliverCounted(pid: string, target: Process | undefined, message: CountedMessage): ProcessError | null {
    const { router } = this.process.island;
    const refusal = target === undefined || target.isEnded ? null : CountedMessage.refusal(message);
    if (refusal === null) return router.deliver(pid, target, message);
    router.refuse(pid, message.topic, message.from, refusal);
    return refusal;
  }

  private undeliverable(destination: string, topic: string): ProcessError {
    const error = unresolved(destination);
    this.process.island.router.refuse(destination, topic, this.process.pid, error);
    return error;
  }

  /** The inbox (S2.17). */
  inbox(): Subscription {
    return this.process.openInbox();
  }

  /** The lifecycle events (S2.18). */
  events(): Subscription {
    return this.process.openEvents();
  }

  /** The channel of a topic (S2.19–S2.24); `asMessages` undefined leaves an open one as it is. */
  listen(topic: string, asMessages: boolean | undefined): Subscription {
    if (topic === "") throw invalid("topic cannot be empty");
    if (topic.startsWith("@")) throw invalid("cannot listen to @ topics");
    if (this.outstanding !== null && this.process.listeners >= MOST_LISTENERS && !this.process.listensTo(topic)) {
      throw new ProcessError({ kind: errors.RATE_LIMITED, message: "too many listeners (limit 16,384)" });
    }
    return this.process.openTopic(topic, asMessages);
  }

  /** Closes a subscription (S2.31–S2.34). */
  unlisten(subscription: Subscription): void {
    if (!this.process.closeSubscription(subscription)) throw invalid("channel is not an open subscription");
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Waiting

  /** What a source has, if it is there, nobody waits for it longer, and the turn is not used up; else NOT_READY. */
  takeNow(source: Source): unknown {
    const { process } = this;
    if (source.first !== null || process.budget <= 0 || process.isDoomed) return NOT_READY;
    const value = source.takeIfReady();
    if (value !== NOT_READY) process.budget--;
    return value;
  }

  /**
   * For a strand that runs in its turn: what a source has, as by `takeNow`; or else the strand waits there, and the
   * answer is NOT_READY.
   */
  takeOrWait(source: Source, strand: Strand): unknown {
    const { process } = this;
    if (!process.isUndisturbed || source.first !== null || process.budget <= 0) {
      // What became ready earlier goes on earlier.
      if (process.hasSettled) this.waitInTurn(source, strand);
      else this.waitAt(source, strand);
      return NOT_READY;
    }
    const value = source.takeIfReady();
    if (value !== NOT_READY) process.budget--;
    else {
      process.waits++;
      source.add(strand);
    }
    return value;
  }

  /**
   * Counts one answer that needed no wait. False when the turn is used up: the answer is then to be waited for at
   * `nextTurn`, so that a loop of such calls gives way (S15.6).
   */
  spend(): boolean {
    return --this.process.budget >= 0;
  }

  /** A source that yields this value at the next turn, when the present one is used up. */
  nextTurn(value: unknown): OneShot {
    const answer = new OneShot(this.process);
    answer.put(value);
    return answer;
  }

  /** The strand waits at a source where there was nothing for it; it goes on at a turn of the process. */
  waitAt(source: Source, strand: Strand): void {
    if (this.process.budget <= 0) this.waitInTurn(source, strand);
    else strand.waitAt(source);
  }

  /**
   * The strand waits at a source, though there may be something: it is not its turn. Until then a message stays where it
   * is; what a channel has is taken now, or a later value would overtake it.
   */
  waitInTurn(source: Source, strand: Strand): void {
    const isReady = source.isReady();
    if (isReady && source instanceof ChannelCore && source.first === null) {
      this.process.waits++;
      strand.settle(source.take(), 0);
      return;
    }
    strand.waitAt(source);
    if (isReady) this.process.stir(source);
  }

  /** A ready case of a select, carried out; index -1 when there is none. */
  selectNow(cases: readonly Case[], hasDefault: boolean): { index: number; value: unknown } {
    const { process } = this;
    // With a default, "nothing is ready" is an answer, so a used-up turn must not give it.
    // Without one it waits its turn behind those who wait longer, as a plain receive does.
    const index = process.isDoomed || (!hasDefault && process.budget <= 0) ? -1 : readyCase(cases, !hasDefault);
    if (index < 0) return { index, value: NOT_READY };
    process.budget--;
    return { index, value: carryOut(cases[index] as Case) };
  }

  /** The strand waits for whichever case comes first. */
  waitForAny(cases: readonly Case[], strand: Strand): void {
    const index = readyCase(cases, true);
    const one = cases[index];
    const ready = one === undefined ? NO_SOURCES : readySources(cases);
    strand.waitForAny(new SeveralCases(cases));
    if (one === undefined) return;
    // Ready, but the turn is used up. A message stays where it is until the next turn; a channel's partner may not
    // be there any more then, so that case is carried out now and only gone on with at the next turn. Whoever comes to
    // stand behind this strand relies on it to have been told of all that there is.
    if (one.kind === "receive" && !(one.source instanceof ChannelCore)) {
      for (const source of ready) this.process.stir(source);
    } else {
      strand.leave();
      const value = carryOut(one);
      this.process.waits++;
      strand.settle(value, index);
    }
  }

  /** What a `serve` takes next, or NOT_READY; `served.index` says where it came from. */
  takeServed(served: Served): unknown {
    const { process } = this;
    if (process.isDoomed || process.budget <= 0) return NOT_READY;
    const index = served.next(true);
    if (index >= 0) process.budget--;
    return served.takeAt(index);
  }

  /** The strand waits for what a `serve` takes next. */
  waitForServed(served: Served, strand: Strand): void {
    // There, but the turn is used up, or it is not this strand's turn. Whoever comes to stand behind it at another source
    // relies on this one to have been told of what there is.
    const ready = served.next(true) < 0 ? NO_SOURCES : readySources(served.cases);
    strand.waitForAny(served);
    for (const source of ready) this.process.stir(source);
  }

  /** A source that yields when so much time has passed; for a sleep. */
  sleep(delayMs: number): OneShot {
    const sleep = new OneShot(this.process);
    if (delayMs <= 0) sleep.put(undefined);
    else this.process.setTimer(delayMs, () => sleep.put(undefined));
    return sleep;
  }

  /** Calls `fire` once when so much time has passed; dies with the code that set it. */
  setTimer(delayMs: number, fire: () => void): Timer {
    return this.process.setTimer(delayMs, fire);
  }

  cancelTimer(timer: Timer): boolean {
    return this.process.cancelTimer(timer);
  }

  /** A channel that gets `value()` every so often; `stop` closes it (S11.19). */
  ticker(everyMs: number, value: () => unknown): { channel: ChannelCore; stop: () => boolean } {
    const channel = new ChannelCore(TICKER_ROOM);
    let timer: Timer | null = null;
    const tick = () => {
      timer = this.process.setTimer(everyMs, tick);
      if (channel.canGive()) channel.give(value());
    };
    timer = this.process.setTimer(everyMs, tick);
    const stop = () => {
      if (timer !== null) this.process.cancelTimer(timer);
      timer = null;
      channel.close();
      return true;
    };
    return { channel, stop };
  }

  /** The time of day, in milliseconds since 1970 in UTC. */
  unixMs(): number {
    return this.process.island.clock.unixMs();
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Spawning

  /** The settings a builder starts with: what every child inherits (S3.31, S7.1). */
  inherited(): SpawnSettings {
    const { context, held, actor, scope } = this.process.heritage;
    return {
      context,
      held,
      actor,
      scope,
      name: null,
      messages: null,
      timeoutMs: null,
      contextDenial: null,
      securityDenial: null,
    };
  }

  withContext(settings: SpawnSettings, values: Context): SpawnSettings {
    return withContext(settings, values, this.check("process.context", "context"));
  }

  withActor(settings: SpawnSettings, actor: Actor): SpawnSettings {
    const denial = this.check("process.security", "security");
    return { ...settings, actor, securityDenial: settings.securityDenial ?? denial };
  }

  withScope(settings: SpawnSettings, scope: Scope): SpawnSettings {
    const denial = this.check("process.security", "security");
    return { ...settings, scope, securityDenial: settings.securityDenial ?? denial };
  }

  /**
   * Starts a process (S3.1–S3.32).
   *
   * @returns its pid, or a OneShot that will hold its pid or a ProcessError, when the program has to be loaded first.
   */
  spawn(
    operation: Exclude<SpawnOperation, "exec">,
    id: string,
    hostId: string,
    args: readonly unknown[] | Foreign,
    settings: SpawnSettings | null,
  ): Pid | OneShot {
    const order = this.order(operation, id, hostId, args, settings, null);
    const { island } = this.process;
    const answer = startNow(island, order);
    if (answer instanceof ProcessError) throw answer;
    if (answer !== null) return answer;
    const reply = new OneShot(this.process);
    const late = startLater(island, order, (given) => reply.put(given));
    if (late instanceof ProcessError) throw late;
    return late ?? reply;
  }

  /**
   * Starts a process and waits for its end (S3.33–S3.39).
   *
   * @returns a OneShot that will hold the ExitResult.
   */
  exec(id: string, hostId: string, args: readonly unknown[] | Foreign, settings: SpawnSettings | null): OneShot {
    const { process } = this;
    let timer: Timer | null = null;
    const reply = new OneShot(process, () => {
      if (timer !== null) process.cancelTimer(timer);
    });
    const order = this.order("exec", id, hostId, args, settings, reply);
    let child: Pid | null = null;
    let late = false;
    const timeoutMs = settings?.timeoutMs ?? null;
    if (timeoutMs !== null) {
      timer = process.setTimer(timeoutMs, () => {
        late = true;
        if (child === null || process.abandonExec(child, "exec timeout")) reply.put(EXEC_TIMEOUT);
      });
    }
    const started = (answer: Pid | ProcessError) => {
      if (answer instanceof ProcessError) {
        reply.put(failureOf(answer));
        return;
      }
      child = answer;
      if (late) process.abandonExec(answer, "exec timeout");
    };
    const answer = startNow(process.island, order) ?? startLater(process.island, order, started);
    if (answer instanceof ProcessError) {
      if (timer !== null) process.cancelTimer(timer);
      throw answer;
    }
    if (answer !== null) started(answer);
    return reply;
  }

  /** Permission and arguments of a spawn, in the order of S3.7–S3.15. */
  private order(
    operation: SpawnOperation,
    id: string,
    hostId: string,
    args: readonly unknown[] | Foreign,
    settings: SpawnSettings | null,
    reply: OneShot | null,
  ): SpawnOrder {
    const { process } = this;
    const { hosts, programs } = process.island;
    // What is known is well-formed.
    if (programs.find(id) === null || hosts.get(hostId) === undefined) {
      const malformed = malformedTarget(id, hostId);
      if (malformed !== null) throw malformed;
    }
    const isExec = operation === "exec";
    const monitored = operation === "spawn_monitored" || operation === "spawn_linked_monitored";
    const linked = operation === "spawn_linked" || operation === "spawn_linked_monitored";
    if (isExec) {
      this.demand("process.exec", id, "exec process");
      this.demand("process.host", hostId, "exec on host");
    } else {
      this.demand("process.spawn", id, "spawn process");
      this.demand("process.host", hostId, "spawn on host");
    }
    if (monitored) this.demand("process.spawn.monitored", id, "spawn monitored process");
    if (linked) this.demand("process.spawn.linked", id, "spawn linked process");
    if (settings !== null && settings.contextDenial !== null) {
      throw denied("not allowed to spawn processes with custom context", settings.contextDenial);
    }
    if (settings !== null && settings.securityDenial !== null) {
      throw denied("not allowed to spawn processes with custom security context", settings.securityDenial);
    }
    return {
      id,
      hostId,
      args: copyArguments(args),
      argsBytes: this.outstanding === null ? 0 : bytesOf(args),
      spawner: this,
      program: null,
      monitored,
      linked,
      reply,
      heritage: settings === null ? process.heritage : heritageOf(settings),
      name: settings?.name ?? null,
      messages: settings?.messages ? queued(settings.messages) : NO_MESSAGES,
      onEnd: null,
    };
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Control, monitors, links

  /** Orders a process to end (S4.20–S4.23). Of oneself: this code does not go on. */
  terminate(destination: string): void {
    const target = this.permitted(destination, "process.terminate", "terminate");
    const { process } = this;
    if (target.process === process) process.end(TERMINATED);
    else this.living(target).receive({ kind: "terminate", from: process.pid });
  }

  /**
   * Asks a process to end in its own way (S4.24–S4.34).
   *
   * @param deadline `undefined` for none, a duration string, milliseconds, or a table of `deadline` and `reason`.
   */
  cancel(destination: string, deadline: unknown): void {
    const target = this.permitted(destination, "process.cancel", "cancel");
    const request = cancelRequest(deadline);
    const process = this.living(target);
    this.demandRoomForEvent(request.reason === null ? 0 : textBytes(request.reason));
    process.receive({ kind: "cancel", from: this.process.pid, on: this.outstanding, ...request });
  }

  private demandRoomForEvent(dataBytes = 0): void {
    const refusal = this.outstanding?.refusal(EVENT_BYTES + dataBytes) ?? null;
    if (refusal !== null) throw refusal;
  }

  /** Asks to be told of a process's end, once (S5.1–S5.5). */
  monitor(destination: string): void {
    const target = this.living(this.permittedOther(destination, "process.monitor", "monitor"));
    this.demandRoomForEvent();
    this.process.watch(target.pid);
    target.receive({ kind: "monitor", from: this.process.pid });
  }

  /** Asks not to be told any more (S5.6, S5.7). */
  unmonitor(destination: string): void {
    const { pid } = this.permitted(destination, "process.unmonitor", "unmonitor");
    this.process.unwatch(pid);
    this.process.island.router.route(pid, { kind: "demonitor", from: this.process.pid });
  }

  /** Links two processes, in both directions (S5.8, S5.10–S5.15). */
  link(destination: string): void {
    const target = this.living(this.permittedOther(destination, "process.link", "link"));
    this.demandRoomForEvent();
    this.process.bind(target.pid);
    target.receive({ kind: "link", from: this.process.pid });
  }

  /** Removes a link, for both sides (S5.9). */
  unlink(destination: string): void {
    const { pid } = this.permitted(destination, "process.unlink", "unlink");
    this.process.unbind(pid);
    this.process.island.router.route(pid, { kind: "unlink", from: this.process.pid });
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Names

  /** Binds a name to a process, by default this one (S8.1–S8.5). */
  register(name: string, pid: string | undefined): void {
    const problem = badName(name) ?? (pid === undefined ? null : badPid(pid));
    if (problem !== null) throw problem;
    this.demand("process.registry.register", name, "register name");
    const { island } = this.process;
    const holder = pid === undefined ? this.process : island.table.find(pid);
    if (holder === undefined) throw island.router.absence(pid as string);
    const refusal = island.names.register(name, holder, this.outstanding);
    if (refusal !== null) throw refusal;
  }

  /** The pid that holds a name (S8.6). */
  lookup(name: string): Pid {
    const holder = this.process.island.names.holder(name);
    if (holder === undefined) throw notFound("name not registered");
    return holder.pid;
  }

  /** Frees a name; whether it was there (S8.7). */
  unregister(name: string): boolean {
    this.demand("process.registry.unregister", name, "unregister name");
    return this.process.island.names.unregister(name);
  }

  // -------------------------------------------------------------------------------------------------------------------
  // Context and security

  /** A context value, a private copy (S11.23). */
  contextValue(key: string): unknown {
    return this.contextWith(key).get(key);
  }

  /** The same, itself: only for code that makes something of its own of it. */
  sharedContextValue(key: string): unknown {
    return this.contextWith(key).shared(key);
  }

  private contextWith(key: string): Context {
    if (key === "") throw invalid("empty key");
    const { context } = this.process.heritage;
    if (!context.has(key)) throw notFound(`key not found: ${key}`);
    return context;
  }

  /** All context values, a fresh copy (S11.24). */
  contextValues(): Record<string, unknown> {
    return this.process.heritage.context.all();
  }

  /** The same, themselves: only for code that makes something of its own of them. */
  sharedContextValues(): ReadonlyMap<string, unknown> {
    return this.process.heritage.context.sharedAll;
  }

  actor(): Actor | null {
    return this.process.actor;
  }

  scope(): Scope | null {
    return this.process.scope;
  }

  /** Whether the scope's verdict is `allow`; false when actor or scope is missing (S10.44). */
  can(action: string, resource: string, meta: object | undefined): boolean {
    const { actor, scope, island } = this.process;
    if (island.guard.can !== undefined) return island.guard.can(this.process, action, resource, meta);
    if (actor === null || scope === null) return false;
    return scope.evaluate(actor, action, resource, meta) === "allow";
  }

  /** A policy of this runtime (S10.45). Throws PERMISSION_DENIED, NOT_FOUND. */
  policy(id: string): Policy {
    this.demand("security.policy.get", id, "get policy");
    const policy = this.process.island.policies.policy(id);
    if (policy === null) throw noSuchPolicy(id);
    return policy;
  }

  /** The scope of a group (S10.45). Throws PERMISSION_DENIED, NOT_FOUND. */
  namedScope(group: string): Scope {
    this.demand("security.policy_group.get", group, "get policy group");
    const scope = this.process.island.policies.group(group);
    if (scope === null) throw notFound(`policy group not found: ${group}`);
    return scope;
  }

  /** A scope of these policies (S10.46). Throws PERMISSION_DENIED. */
  newScope(policies: readonly Policy[]): Scope {
    this.demand("security.scope.create", "custom", "create scope");
    return this.process.island.policies.scope(policies);
  }

  /** An actor (S10.46). Throws INVALID, PERMISSION_DENIED. */
  newActor(id: string, meta: object | undefined): Actor {
    const actor = createActor(id, meta);
    this.demand("security.actor.create", id, "create actor");
    return actor;
  }

  /** The scope with one more policy (S10.47). Throws PERMISSION_DENIED. */
  scopeWith(scope: Scope, policy: Policy): Scope {
    this.demand("security.scope.create", "with", "create scope");
    return scope.with(policy);
  }

  /** The scope without one policy (S10.47). Throws PERMISSION_DENIED. */
  scopeWithout(scope: Scope, id: string): Scope {
    this.demand("security.scope.create", "without", "create scope");
    return scope.without(id);
  }

  // -------------------------------------------------------------------------------------------------------------------

  private check(action: string, resource: string): Denial | null {
    return this.process.island.guard.check(this.process, action, resource, null, null);
  }

  private demand(action: string, resource: string, act: string): void {
    const denial = this.check(action, resource);
    if (denial !== null) throw denied(`not allowed to ${act}: ${resource}`, denial);
  }

  private resolve(destination: string): Target {
    const { island } = this.process;
    if (isPid(destination)) {
      return { pid: destination as Pid, process: island.table.find(destination), name: null };
    }
    const holder = island.names.holder(destination);
    if (holder === undefined) throw unresolved(destination);
    return { pid: holder.pid, process: holder, name: destination };
  }

  private permitted(destination: string, action: string, verb: string): Target {
    const target = this.resolve(destination);
    const { guard } = this.process.island;
    const denial = guard.check(this.process, action, target.pid, target.process ?? null, target.name);
    if (denial !== null) throw denied(`not allowed to ${verb}: ${destination}`, denial);
    return target;
  }

  private permittedOther(destination: string, action: string, verb: string): Target {
    const target = this.permitted(destination, action, verb);
    if (target.pid === this.process.pid) throw invalid(`a process cannot ${verb} itself`);
    return target;
  }

  private living(target: Target): Process {
    // Who cleans up holds its names still, and is no target any more.
    if (target.process === undefined || target.process.isEnded) throw this.process.island.router.absence(target.pid);
    return target.process;
  }
}

/** The private copies of what a builder has queued. */
const NO_SOURCES: readonly Source[] = [];

/** The sources of a select that have something nobody was told of, and are taken from at the turn. */
function readySources(cases: readonly Case[]): Source[] {
  const ready: Source[] = [];
  for (const one of cases) {
    if (one.kind === "send" || one.source instanceof ChannelCore) continue;
    if (one.source.first === null && one.source.isReady()) ready.push(one.source);
  }
  return ready;
}

function queued(messages: QueuedMessages): SpawnOrder["messages"] {
  return copyPayload(listOf(messages), "messages", true) as SpawnOrder["messages"];
}

function heritageOf({ actor, scope, context, held }: SpawnSettings): Heritage {
  return { actor, scope, context, held };
}

/** The private copy of arguments; the list itself is nobody else's. */
function copyArguments(args: readonly unknown[] | Foreign): readonly unknown[] {
  if (!Array.isArray(args)) return (args as Foreign).read() as unknown[];
  for (let i = 0; i < args.length; i++) {
    const one = args[i];
    if (typeof one !== "string" && typeof one !== "number") return copyPayload(args, "argument") as unknown[];
  }
  return args;
}

const EXEC_TIMEOUT: ExitResult = { error: "exec timeout", kind: errors.TIMEOUT };

/** The deadline and the reason of a cancel, read from what the caller gave (S4.27–S4.29). */
export function cancelRequest(given: unknown): { deadlineMs: number | null; reason: string | null } {
  if (given === undefined) return { deadlineMs: null, reason: null };
  if (typeof given === "string" || typeof given === "number") return { deadlineMs: deadlineMs(given), reason: null };
  if (!isTable(given)) throw badDeadline();
  const { deadline, reason } = given as { deadline?: unknown; reason?: unknown };
  if (reason !== undefined && typeof reason !== "string") throw invalid("reason must be a string");
  return { deadlineMs: deadline === undefined ? null : deadlineMs(deadline), reason: reason ?? null };
}

/** Whether a value is a plain object, of whatever realm: a Date or a Map has other things to say than its keys. */
function isTable(given: unknown): given is Record<string, unknown> {
  if (typeof given !== "object" || given === null) return false;
  const prototype: unknown = Object.getPrototypeOf(given);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

function deadlineMs(given: unknown): number {
  if (typeof given !== "string" && typeof given !== "number") throw badDeadline();
  const ms = parseDuration(given);
  if (ms !== null) return ms;
  throw typeof given === "string" ? invalid(`invalid duration format: ${given}`) : badDeadline();
}

function badDeadline(): ProcessError {
  return invalid("deadline must be a duration string, a number of milliseconds or a table");
}

/** Reads a duration that is required, in milliseconds; INVALID when it is none. */
export function requiredDurationMs(given: unknown, operation: string): number {
  if (typeof given !== "string" && typeof given !== "number") throw badArgument(1, operation, "duration", given);
  const ms = parseDuration(given);
  if (ms === null) throw invalid(`invalid duration format: ${given}`);
  return ms;
}

function badPid(text: string): ProcessError | null {
  if (isPid(text)) return null;
  const braces = text.length >= 2 && text.startsWith("{") && text.endsWith("}");
  return invalid(`invalid pid format: missing ${braces ? "pipe" : "braces"}`);
}

function denied(message: string, denial: Denial): ProcessError {
  return new ProcessError({ kind: errors.PERMISSION_DENIED, message, details: { ...denial } });
}
