/**
 * `process.serve`: the handlers run in a coroutine of their own that parks by *returning*, which is many times cheaper
 * than yielding. A handler that waits turns its run into an ordinary suspended coroutine until it has returned.
 *
 *     the caller of serve waits ◀── done, or an error ── this strand: message ─▶ handler(message) ─▶ next message …
 */
import {
  badArgument,
  type Case,
  CLOSED,
  type Message,
  NOT_READY,
  OneShot,
  type Source,
  type Subscription,
} from "../../kernel/index.ts";
import type { Host } from "./host.ts";
import type { LuaReference } from "./isolate.ts";
import { ENDS, type LuaRun, LuaStrand, type Outcome } from "./lua-run.ts";
import { pushMessage } from "./modules/channel-module.ts";
import { largePartOf, pushValue } from "./payloads.ts";
import { type Pin, REGISTRY, STRING, type State, TABLE } from "./vm.ts";

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
  readonly #sources: readonly Subscription[];
  /** The handlers, as references into the registry. */
  readonly #handlers: readonly number[];
  readonly #pins: readonly Pin[];
  readonly #cases: readonly Case[];
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
    this.#sources = sources;
    this.#cases = this.#sources.map((source) => ({ kind: "receive", source }));
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
        const next = this.#take();
        if (next === null) {
          this.#isParked = true;
          this.#park();
          return;
        }
        ({ value, index } = next);
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
    const { isolate } = this.run;
    const { vm } = isolate;
    const part = largePartOf(value);
    let args: number;
    try {
      if (part !== null && isolate.made?.value !== part) {
        vm.isExempt = true;
        const made = this.#host.whenMade(this, this.co, part, () => {
          if (this.#call(value, index)) this.#serveFrom(NOT_READY, 0);
          return ENDS;
        });
        vm.isExempt = false;
        this.willGoOn(made);
        this.run.preempted(this);
        return false;
      }
      this.#host.enter(isolate, this.run.bag, this);
      vm.isExempt = true;
      vm.pushPinned(this.co, this.#pins[index] as Pin);
      args = this.#pushMessage(value, index);
      vm.isExempt = false;
    } catch (cause) {
      this.run.vmLost(cause);
      return false;
    }
    this.#goesOn = false;
    this.#isInLoop = true;
    this.go(args);
    this.#isInLoop = false;
    return this.#goesOn;
  }

  #isInLoop = false;
  #goesOn = false;

  #pushMessage(value: unknown, index: number): number {
    const { co, run } = this;
    const topic = this.#topics?.[index];
    if (topic === "@events") pushValue(run.isolate, co, value);
    else if (topic === undefined || topic === "@inbox") pushMessage(this.#host, co, value as Message);
    else {
      const message = value as Message;
      pushMessage(this.#host, co, message);
      run.isolate.vm.getAt(co, -1, 3);
      run.isolate.vm.api.lua_rotate(co, -2, 1);
      return 2;
    }
    return 1;
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
    }
    vm.clear(co);
    if (this.#isInLoop) this.#goesOn = true;
    else this.#serveFrom(NOT_READY, 0);
  }

  /** The error of a handler is the error of the call of serve. */
  protected override failed(): void {
    const { vm } = this.run.isolate;
    if (vm.type(this.co, -1) === STRING) this.run.noteTrace(vm.shownString(this.co, -1), this.co);
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

  /** The next message, if one is there and the turn is not used up. */
  #take(): { value: unknown; index: number } | null {
    const { run } = this;
    if (this.#sources.length === 1) {
      const value = run.takeNow(this.#sources[0] as Source);
      return value === NOT_READY ? null : { value, index: 0 };
    }
    const { index, value } = run.selectNow(this.#cases, false, "oldest");
    return index < 0 ? null : { value, index };
  }

  #park(): void {
    if (this.#sources.length === 1) this.park(this.#sources[0] as Source, this.#cases, this.#next);
    else this.park(null, this.#cases, this.#next);
  }
}

function subscribe(run: LuaRun, topic: string): Subscription {
  if (topic === "@events") return run.events();
  return topic === "@inbox" ? run.inbox() : run.listen(topic, true);
}
