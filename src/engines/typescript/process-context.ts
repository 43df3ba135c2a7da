/**
 * The body of the `process` object: a thin dressing of the syscalls. It checks the types of arguments, turns answers
 * into promises, and after the end of its run lets nothing through.
 *
 * Methods are getters that hand out bound functions, so that destructuring works and an idle process does not carry
 * thirty closures; the hot one is kept once made.
 */
import {
  badArgument,
  ChannelCore,
  contextOf,
  event,
  invalid,
  type Timer as KernelTimer,
  type Pid,
  type ProcessError,
  requiredDurationMs,
  type SpawnOperation,
  type Subscription,
  type Syscalls,
} from "../../kernel/index.ts";
import { act, answered, lowered, never, receiveFrom, rejected } from "./answers.ts";
import { type Case, Channel, dress, type Selected, select } from "./channel-dressing.ts";
import { FULFILLED, Reaction } from "./deferred.ts";
import type {
  Context,
  Done,
  Duration,
  Exec,
  Process,
  Registry,
  Security,
  Spawn,
  Ticker,
  Timer,
} from "./process-api.ts";
import { securityOf } from "./security-dressing.ts";
import { DoneValue, serve } from "./serve.ts";
import { execBy, SpawnBuilder, spawnBy } from "./spawn-builder.ts";
import { open, openToSend } from "./stopped.ts";

type Send = (destination: string, topic: string, ...payload: unknown[]) => ProcessError | null;

/** The process object of one run. */
export class ProcessContext implements Process<any> {
  readonly #syscalls: Syscalls;
  #send: Send | null = null;

  constructor(syscalls: Syscalls) {
    this.#syscalls = syscalls;
  }

  get event(): typeof event {
    return event;
  }

  get id(): () => string {
    return () => open(this.#syscalls).id();
  }

  get pid(): () => Pid {
    return () => open(this.#syscalls).pid();
  }

  get send(): Send {
    this.#send ??= bindSend(this.#syscalls);
    return this.#send;
  }

  get inbox(): () => Channel<any> {
    return () => {
      const syscalls = open(this.#syscalls);
      return dress(syscalls, syscalls.inbox());
    };
  }

  get events(): () => Channel<any> {
    return () => dressed(this.#syscalls, (syscalls) => syscalls.events());
  }

  get listen(): (topic: string, options?: unknown) => Channel<any> {
    return (topic, options) => {
      if (typeof topic !== "string") throw badArgument(1, "listen", "string", topic);
      const message =
        typeof options === "object" && options !== null ? (options as { message?: unknown }).message : null;
      const asMessages = typeof message === "boolean" ? message : undefined;
      return dressed(this.#syscalls, (syscalls) => syscalls.listen(topic, asMessages));
    };
  }

  get unlisten(): (channel: Channel<any>) => void {
    return (channel) => {
      if (!(channel instanceof Channel)) throw badArgument(1, "unlisten", "channel", channel);
      const core = Channel.core(channel);
      if (core instanceof ChannelCore) throw invalid("channel is not an open subscription");
      open(this.#syscalls).unlisten(core);
    };
  }

  get spawn(): Spawn {
    return spawner(this.#syscalls, "spawn");
  }

  get spawnMonitored(): Spawn {
    return spawner(this.#syscalls, "spawn_monitored");
  }

  get spawnLinked(): Spawn {
    return spawner(this.#syscalls, "spawn_linked");
  }

  get spawnLinkedMonitored(): Spawn {
    return spawner(this.#syscalls, "spawn_linked_monitored");
  }

  get exec(): Exec {
    return ((...given: unknown[]) => execBy(this.#syscalls, given, null)) as Exec;
  }

  get terminate(): (destination: string) => Promise<void> {
    return onDestination(this.#syscalls, "terminate", (syscalls, destination) => syscalls.terminate(destination));
  }

  get cancel(): (destination: string, deadline?: unknown) => Promise<void> {
    return (...given: unknown[]) => {
      const syscalls = this.#syscalls;
      return act(syscalls, () => syscalls.cancel(required("cancel", given, 1, "destination"), given[1]));
    };
  }

  get monitor(): (destination: string) => Promise<void> {
    return onDestination(this.#syscalls, "monitor", (syscalls, destination) => syscalls.monitor(destination));
  }

  get unmonitor(): (destination: string) => Promise<void> {
    return onDestination(this.#syscalls, "unmonitor", (syscalls, destination) => syscalls.unmonitor(destination));
  }

  get link(): (destination: string) => Promise<void> {
    return onDestination(this.#syscalls, "link", (syscalls, destination) => syscalls.link(destination));
  }

  get unlink(): (destination: string) => Promise<void> {
    return onDestination(this.#syscalls, "unlink", (syscalls, destination) => syscalls.unlink(destination));
  }

  get getOptions(): () => { trapLinks: boolean } {
    return () => open(this.#syscalls).getOptions();
  }

  get setOptions(): (options: { trapLinks?: boolean }) => void {
    return (options) => open(this.#syscalls).setOptions(options, "trapLinks");
  }

  get upgrade(): (id: string | null, ...state: unknown[]) => Promise<never> {
    return (id = null, ...state) => {
      const syscalls = this.#syscalls;
      if (syscalls.isShut) return never(syscalls);
      if (id !== null && typeof id !== "string") return rejected(syscalls, badArgument(1, "upgrade", "string", id));
      syscalls.upgrade(id, state);
      return never(syscalls);
    };
  }

  get withContext(): (values: Record<string, unknown>) => SpawnBuilder {
    return (values) => {
      const syscalls = open(this.#syscalls);
      const settings = syscalls.inherited();
      return new SpawnBuilder(syscalls, syscalls.withContext(settings, contextOf(values)));
    };
  }

  get registry(): Registry {
    const syscalls = this.#syscalls;
    return {
      register: (...given: unknown[]) =>
        act(syscalls, () => {
          const name = required("register", given, 1, "name");
          const pid = given[1];
          if (pid !== undefined && typeof pid !== "string") throw badArgument(2, "register", "string", pid);
          syscalls.register(name, pid);
        }),
      lookup: (...given: unknown[]) => act(syscalls, () => syscalls.lookup(required("lookup", given, 1, "name"))),
      unregister: (...given: unknown[]) =>
        act(syscalls, () => syscalls.unregister(required("unregister", given, 1, "name"))),
    };
  }

  get ctx(): Context {
    const syscalls = this.#syscalls;
    return {
      get: (key: string) => {
        if (typeof key !== "string") throw badArgument(1, "get", "string", key);
        return open(syscalls).contextValue(key) as any;
      },
      all: () => open(syscalls).contextValues(),
    };
  }

  get security(): Security {
    return securityOf(this.#syscalls);
  }

  get channel(): <T>(size?: number) => Channel<T> {
    return (size = 0) => {
      if (typeof size !== "number") throw badArgument(1, "channel", "number", size);
      return dress(open(this.#syscalls), new ChannelCore(size));
    };
  }

  get select(): <C extends readonly Case[] | Record<string, Case>>(
    cases: C,
    options?: { default?: boolean },
  ) => Promise<Selected<C>> {
    return (cases, options) => select(this.#syscalls, cases, options?.default === true);
  }

  get go(): (task: () => Promise<unknown>) => void {
    return (task) => {
      if (typeof task !== "function") throw badArgument(1, "go", "function", task);
      const syscalls = open(this.#syscalls);
      const run = lowered(syscalls);
      if (run !== null) {
        const going = new Reaction(run, task, null);
        going.queueUp(FULFILLED, undefined);
        going.catch((cause) => syscalls.fail(cause));
        return;
      }
      Promise.resolve()
        .then(() => (syscalls.isShut ? undefined : task()))
        .catch((cause) => syscalls.fail(cause));
    };
  }

  get sleep(): (duration: Duration) => Promise<void> {
    return (duration) => {
      const syscalls = this.#syscalls;
      if (syscalls.isShut) return never(syscalls);
      let delayMs: number;
      try {
        delayMs = requiredDurationMs(duration, "sleep");
      } catch (cause) {
        return rejected(syscalls, cause);
      }
      if (delayMs <= 0) return answered(syscalls, undefined);
      return receiveFrom<undefined>(syscalls, syscalls.sleep(delayMs)) as Promise<undefined>;
    };
  }

  get after(): (duration: Duration) => Channel<Date> {
    return (duration) => timerOf(this.#syscalls, duration, "after").channel();
  }

  get timer(): (duration: Duration) => Timer {
    return (duration) => timerOf(this.#syscalls, duration, "timer");
  }

  get ticker(): (duration: Duration) => Ticker {
    return (duration) => {
      const syscalls = open(this.#syscalls);
      const { channel, stop } = syscalls.ticker(positiveMs(duration, "ticker"), () => new Date(syscalls.unixMs()));
      return { channel: () => dress<Date>(syscalls, channel), stop: () => open(syscalls) && stop() };
    };
  }

  get serve(): (handlers: any) => Promise<any> {
    return (handlers) => {
      const syscalls = this.#syscalls;
      return syscalls.isShut ? never(syscalls) : serve(syscalls, handlers);
    };
  }

  get done(): <R>(value: R) => Done<R> {
    return (value) => new DoneValue(value);
  }

  get print(): (...args: unknown[]) => void {
    return (...args) => open(this.#syscalls).print(args.map(shown).join(" "));
  }
}

function spawner(syscalls: Syscalls, operation: Exclude<SpawnOperation, "exec">): Spawn {
  return ((...given: unknown[]) => spawnBy(syscalls, operation, given, null)) as Spawn;
}

function dressed(syscalls: Syscalls, subscribe: (syscalls: Syscalls) => Subscription): Channel<any> {
  return dress(open(syscalls), subscribe(syscalls));
}

function onDestination(
  syscalls: Syscalls,
  operation: string,
  perform: (syscalls: Syscalls, destination: string) => void,
): (destination: string) => Promise<void> {
  return (...given: unknown[]) => {
    return act(syscalls, () => perform(syscalls, required(operation, given, 1, "destination")));
  };
}

function timerOf(syscalls: Syscalls, duration: Duration, operation: string): Timer {
  open(syscalls);
  let core = new ChannelCore(1);
  let running: KernelTimer | null = null;
  const start = (delayMs: number) => {
    running = syscalls.setTimer(delayMs, () => {
      running = null;
      // Somebody may have closed it meanwhile; then it stays empty for ever.
      if (core.canGive()) core.give(new Date(syscalls.unixMs()));
      core.close();
    });
  };
  const stop = () => {
    const was = running !== null && syscalls.cancelTimer(running);
    running = null;
    return was;
  };
  start(positiveMs(duration, operation));
  return {
    channel: () => dress<Date>(syscalls, core),
    stop: () => open(syscalls) && stop(),
    reset: (anew: Duration) => {
      const delayMs = positiveMs(anew, "reset");
      open(syscalls);
      const was = stop();
      if (core.isClosed) core = new ChannelCore(1);
      start(delayMs);
      return was;
    },
  };
}

/** The hot one: a list of payloads is made only for two and more. */
function bindSend(syscalls: Syscalls): Send {
  return function send(destination: string, topic: string, payload?: unknown): ProcessError | null {
    // A rest parameter would make a list for every send, and so would any use of `arguments` but these.
    // biome-ignore lint/complexity/noArguments: see above.
    if (arguments.length > 3) return sendMany.apply(syscalls, arguments as unknown as Parameters<Send>);
    // biome-ignore lint/complexity/noArguments: see above.
    if (arguments.length < 2) return invalid("send requires at least destination and topic arguments");
    if (typeof destination !== "string" || typeof topic !== "string") checkSend(destination, topic);
    return openToSend(syscalls).send(destination, topic, payload);
  };
}

function sendMany(this: Syscalls, destination: string, topic: string, ...payload: unknown[]): ProcessError | null {
  checkSend(destination, topic);
  return openToSend(this).send(destination, topic, payload);
}

function checkSend(destination: unknown, topic: unknown): void {
  if (typeof destination !== "string") throw badArgument(1, "send", "string", destination);
  if (typeof topic !== "string") throw badArgument(2, "send", "string", topic);
}

/** The argument at a position, which must be there and a string. */
function required(operation: string, given: readonly unknown[], position: number, what: string): string {
  if (given.length < position) throw invalid(`${operation} requires a ${what} argument`);
  const value = given[position - 1];
  if (typeof value !== "string") throw badArgument(position, operation, "string", value);
  return value;
}

/** A duration above zero, in milliseconds. */
function positiveMs(duration: unknown, operation: string): number {
  const ms = requiredDurationMs(duration, operation);
  if (ms <= 0) throw invalid(`${operation} requires a duration above zero`);
  return ms;
}

/** The text of a value for people; never throws, whatever is to be printed. */
function shown(value: unknown): string {
  try {
    return String(value);
  } catch {
    return "[unprintable]";
  }
}
