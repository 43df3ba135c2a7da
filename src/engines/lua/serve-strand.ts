/**
 * `process.serve`: the handlers run in a coroutine of their own that parks by *returning*, which is many times cheaper
 * than yielding. A handler that waits turns its run into an ordinary suspended coroutine until it has returned.
 *
 *     the caller of serve waits ◀── done, or an error ── this strand: message ─▶ handler(message) ─▶ next message …
 */
import {
  badArgument,
  CLOSED,
  formOf,
  Message,
  NOT_READY,
  OneShot,
  Served,
  type Source,
  type Subscription,
} from "../../kernel/index.ts";
import { noteTrace } from "./escaped-error.ts";
import type { Host } from "./host.ts";
import type { LuaReference } from "./isolate.ts";
import { ENDS, type LuaRun, LuaStrand, type Outcome } from "./lua-run.ts";
import { pushMessage } from "./modules/channel-module.ts";
import { largePartOf, pushValue } from "./payloads.ts";
import {
  FALSE_TAG,
  INTEGER_TAG,
  isSmallInteger,
  NIL,
  type Pin,
  REGISTRY,
  STRING,
  type State,
  TABLE,
  TRUE_TAG,
} from "./vm.ts";

/** How a serve ended: its value, or the error that left a handler. */
interface Ending {
  readonly ok: boolean;
  readonly value: LuaReference | null;
  /** The coroutine of a handler that failed: its pending variables are still to be closed. */
  readonly failed: LuaReference | null;
}

/** The strand that calls the handlers of one `serve`. */
export class ServeStrand extends LuaStrand {
  readonly #host: Host;
  readonly #topics: readonly string[] | null;
  readonly #served: Served;
  /** What it takes messages from, when that is one source. */
  readonly #only: Source | null;
  /** The handlers, as references into the registry. */
  readonly #handlers: readonly number[];
  readonly #pins: readonly Pin[];
  readonly #ending: OneShot;
  readonly #next: Outcome;

  private constructor(
    host: Host,
    run: LuaRun,
    co: State,
    reference: number,
    topics: readonly string[] | null,
    handlers: readonly number[],
    sources: readonly Subscription[],
  ) {
    super(run, co, reference);
    this.#host = host;
    this.#topics = topics;
    this.#handlers = handlers;
    this.#pins = handlers.map((handler) => {
      const { vm } = run.isolate;
      vm.getReference(co, handler);
      const pin = vm.pin(co);
      vm.pop(co, 1);
      return pin;
    });
    this.#only = sources.length === 1 ? (sources[0] as Source) : null;
    this.#served = new Served(sources);
    this.#ending = new OneShot(run.process);
    this.#next = () => 0;
  }

  /** Begins to serve with the handlers on the stack of L: the coroutine there waits until it is over. */
  static begin(host: Host, run: LuaRun, strand: LuaStrand | null, L: State, topics: string[] | null): number {
    const { vm } = host;
    const { api } = vm;
    if (strand === null) throw badArgument(1, "serve", "process", null);
    // Opened before anything is held for it: a topic may be refused.
    const sources = topics === null ? [run.inbox()] : topics.map((topic) => subscribe(run, topic));
    const handlers: number[] = [];
    if (topics === null) {
      api.lua_pushvalue(L, 1);
      handlers.push(api.luaL_ref(L, REGISTRY));
    } else {
      for (let n = 1; n <= topics.length; n++) {
        vm.getAt(L, 2, n);
        handlers.push(api.luaL_ref(L, REGISTRY));
      }
    }
    const co = api.lua_newthread(L);
    vm.watch(co);
    vm.getReference(L, run.isolate.metatables.protect);
    api.lua_pushvalue(L, -2);
    api.lua_callk(L, 1, 0, 0, 0);
    const reference = api.luaL_ref(L, REGISTRY);
    const serving = new ServeStrand(host, run, co, reference, topics, handlers, sources);
    run.addStrand(serving);
    // The first message is taken when the caller waits: a handler never runs inside the call of serve.
    serving.startSoon();
    return host.wait(serving.#ending, (to, given) => {
      const { ok, value, failed } = given as Ending;
      vm.pushBoolean(to, ok);
      if (value === null) vm.pushNil(to);
      else value.take(to);
      if (failed === null) return 2;
      failed.take(to);
      return 3;
    });
  }

  override resume(value: unknown, index: number): void {
    if (this.#isParked) {
      this.#isParked = false;
      this.#host.begin(this);
      this.#serveFrom(value, index);
    } else super.resume(value, index);
  }

  #isParked = true;
  #hasStarted = false;

  /** Calls handlers as long as there are messages and the turn is not used up. */
  #serveFrom(first: unknown, firstIndex: number): void {
    let value = first;
    let index = firstIndex;
    if (!this.#hasStarted) {
      this.#hasStarted = true;
      value = NOT_READY;
    }
    for (;;) {
      if (value === NOT_READY) {
        if (this.#only !== null) value = this.run.takeNow(this.#only);
        else {
          value = this.run.takeServed(this.#served);
          index = this.#served.index;
        }
        if (value === NOT_READY) {
          this.#isParked = true;
          this.park(this.#only ?? this.#served, this.#next);
          return;
        }
      }
      if (value === CLOSED) {
        this.#end({ ok: true, value: null, failed: null });
        return;
      }
      if (!this.#call(value, index)) return;
      value = NOT_READY;
    }
  }

  /** Calls a handler; whether it has returned and the next may be called. */
  #call(value: unknown, index: number): boolean {
    let args: number;
    try {
      args = this.#pushPlainCall(value, index);
      if (args === 0) args = this.#pushCall(value, index);
    } catch (cause) {
      this.run.vmLost(cause);
      return false;
    }
    if (args === 0) return false;
    this.#goesOn = false;
    this.#isInLoop = true;
    this.go(args);
    this.#isInLoop = false;
    return this.#goesOn;
  }

  /** Pushes a handler and a message whose payload is plain; how many arguments, 0 if it is anything else. */
  #pushPlainCall(value: unknown, index: number): number {
    if (!(value instanceof Message)) return 0;
    const message: Message = value;
    const { run, co } = this;
    const { isolate, bag } = run;
    const { payload } = message;
    const tag = plainTag(payload);
    if (tag === NOT_PLAIN || (tag === INTEGER_TAG && formOf(message) !== undefined)) return 0;
    this.#host.enter(isolate, bag, this);
    const { vm } = isolate;
    vm.isExempt = true;
    if (!isolate.findNames(co, message.topic, message.from, bag)) return 0;
    const { lastTopicAt, lastFromAt } = bag;
    const number = tag === INTEGER_TAG ? (payload as number) : 0;
    const handler = this.#pins[index] as Pin;
    vm.pushCall(co, handler, lastTopicAt, lastFromAt, isolate.messageMetatable, tag, number);
    if (this.#takesWhole(index)) return 1;
    vm.spread(co);
    return 2;
  }

  /** Whether a handler is called with a message only: one that is not for a topic. */
  #takesWhole(index: number): boolean {
    const topic = this.#topics?.[index];
    return topic === undefined || topic === "@inbox";
  }

  /** Pushes a handler and what it is called with; how many arguments, 0 if it is not called, or not yet. */
  #pushCall(value: unknown, index: number): number {
    const { isolate } = this.run;
    const { vm } = isolate;
    const part = largePartOf(value);
    if (part !== null && isolate.made?.value !== part) {
      vm.isExempt = true;
      const made = this.#host.whenMade(this, this.co, part, () => {
        if (this.#call(value, index)) this.#serveFrom(NOT_READY, 0);
        return ENDS;
      });
      vm.isExempt = false;
      this.willGoOn(made);
      this.run.preempted(this);
      return 0;
    }
    this.#host.enter(isolate, this.run.bag, this);
    vm.isExempt = true;
    vm.pushPinned(this.co, this.#pins[index] as Pin);
    const args = this.#pushMessage(value, index);
    vm.isExempt = false;
    return args;
  }

  #isInLoop = false;
  #goesOn = false;

  #pushMessage(value: unknown, index: number): number {
    const { co, run } = this;
    if (!(value instanceof Message)) {
      // An event, or a payload alone: by a later listen the topic yields those.
      pushValue(run.isolate, co, value);
      return 1;
    }
    pushMessage(this.#host, co, value);
    if (this.#takesWhole(index)) return 1;
    run.isolate.vm.spread(co);
    return 2;
  }

  /** The handler has returned: with `process.done`, or for the next message. */
  protected override ended(): void {
    const { vm, metatables } = this.run.isolate;
    const { co } = this;
    if (vm.results > 0) {
      const first = vm.top(co) - vm.results + 1;
      if (vm.type(co, first) === TABLE && vm.api.lua_getmetatable(co, first) !== 0) {
        if (vm.isReference(co, metatables.done)) {
          vm.isExempt = true;
          vm.getAt(co, first, 1);
          const value = this.run.bag.hold(co, -1);
          vm.isExempt = false;
          this.#end({ ok: true, value, failed: null });
          return;
        }
      }
      vm.clear(co);
    }
    if (this.#isInLoop) this.#goesOn = true;
    else this.#serveFrom(NOT_READY, 0);
  }

  /** The error of a handler is the error of the call of serve. */
  protected override failed(): void {
    const { vm } = this.run.isolate;
    if (vm.type(this.co, -1) === STRING) noteTrace(this.run.host, vm.shownString(this.co, -1), this.co);
    vm.isExempt = true;
    const { bag } = this.run;
    const value = bag.hold(this.co, -1);
    vm.api.lua_pushthread(this.co);
    const failed = bag.hold(this.co, -1);
    vm.pop(this.co, 1);
    vm.isExempt = false;
    this.#end({ ok: false, value, failed });
  }

  #end(ending: Ending): void {
    this.run.strandEnded(this);
    this.#ending.put(ending);
  }

  override release(L: State): void {
    super.release(L);
    for (const handler of this.#handlers) this.run.isolate.vm.api.luaL_unref(L, REGISTRY, handler);
  }
}

/** Instead of the tag of a value: it takes more than a tag and a number. */
const NOT_PLAIN = -1;

/** The tag of a payload that needs no place in the heap. */
function plainTag(payload: unknown): number {
  switch (typeof payload) {
    case "number":
      return isSmallInteger(payload) ? INTEGER_TAG : NOT_PLAIN;
    case "boolean":
      return payload ? TRUE_TAG : FALSE_TAG;
    default:
      return payload === null ? NIL : NOT_PLAIN;
  }
}

function subscribe(run: LuaRun, topic: string): Subscription {
  if (topic === "@events") return run.events();
  return topic === "@inbox" ? run.inbox() : run.listen(topic, true);
}
