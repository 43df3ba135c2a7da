/**
 * What the language says about `for await`, async generators and `yield*` in them, for lowered code: what the loader
 * makes of them calls these functions. The body of an async generator is a generator too, which a pump drives:
 *
 *     next(), throw(), return()  ─▶ requests ─▶ pump ─▶ body      body yields Produced: the first request is answered
 *                                                 ▲      │        body yields anything else: a wait, handed on
 *                                      the driver └──────┘
 *
 * The pump is itself lowered code under `start`, so what the body waits for is a wait of the pump's task. It runs while
 * there are requests. Whoever ends it in a wait, by `return`, ends the body first.
 */

/** Lowered code on its way: yields what it waits for, and is resumed with the outcome. */
export type LoweredCode<T = unknown> = Generator<unknown, T, any>;

/** A generator function that the loader has made of an async function. */
export type LoweredFunction = (...args: any[]) => LoweredCode;

/** What drives lowered code. */
export interface Primitives {
  /** Drives a generator: at once up to its first wait. */
  start<T>(code: LoweredCode<T>): PromiseLike<T>;
  /** What `source.receive()` comes to: the value if it is there, or what has to be yielded at once. */
  receive(source: { receive(): unknown }): unknown;
  /** Notes at which await code stands; hands the awaited value on. */
  at(site: number, awaited: unknown): unknown;
  /** A promise, and how to settle it. */
  later<T>(): Later<T>;
}

/** A promise that somebody will settle. */
export interface Later<T> {
  readonly promise: PromiseLike<T>;
  resolve(value: T): void;
  reject(cause: unknown): void;
}

/** A `for await` on its way. */
export interface Loop {
  /** Asks for the next step: gives it, or WAIT. */
  next(): unknown;
  /** Takes a step in; whether there is a value. */
  more(step: unknown): boolean;
  /** The value of this round. */
  readonly value: unknown;
  /** Whether the body runs: when it is left, the loop has to be closed. */
  readonly open: boolean;
  /** The body has thrown, so errors of closing count for nothing. */
  failed(cause: unknown): void;
  /** Closes what is iterated over and waits for that, at this await. */
  close(site: number): LoweredCode<void>;
}

/** An object with a method under this key says itself how it is iterated over: the method makes a {@link Loop}. */
export const LOOP: unique symbol = Symbol("beamish.loop");

/** The functions that lowered code calls. */
export interface Iteration {
  /** Begins `for await (… of iterable)`. */
  loop(iterable: unknown): Loop;
  /** Calls an `async function*` whose body is `body`. */
  asyncGenerator(body: LoweredFunction, self: unknown, args: ArrayLike<unknown>): AsyncGenerator;
  /** What a body yields to answer a request with a value it has awaited. */
  produce(value: unknown): unknown;
  /** `yield* iterable` in an async generator. */
  delegate(iterable: unknown): LoweredCode;
}

/** A request to an async generator: how its body is to go on. */
interface Request {
  readonly kind: "next" | "throw" | "return";
  readonly value: unknown;
}

interface QueuedRequest extends Request {
  readonly answer: Later<IteratorResult<unknown>>;
}

/** Yielded by a body: a value for who asked. `delegated` ones are resumed with the whole {@link Request}. */
class Produced {
  readonly value: unknown;
  readonly isDelegated: boolean;

  constructor(value: unknown, isDelegated: boolean) {
    this.value = value;
    this.isDelegated = isDelegated;
  }
}

/** Yielded by `yield*`: the body is to return here. */
class Returned {
  readonly value: unknown;

  constructor(value: unknown) {
    this.value = value;
  }
}

/** What async generators and async iterators of the language inherit from. */
const AsyncIteratorPrototype = Object.getPrototypeOf(Object.getPrototypeOf(async function* () {}.prototype));

/** Makes the functions upon the primitives that drive lowered code. */
export function createIteration({ start, receive, at, later }: Primitives): Iteration {
  class IteratorLoop implements Loop {
    readonly #iterator: AnyIterator;
    /** Asks for the next step in the shape that `receive` knows. */
    readonly #steps: { receive(): unknown };
    #hasFailed = false;
    value: unknown;
    open = false;

    constructor(iterator: AnyIterator) {
      this.#iterator = iterator;
      const { next } = iterator;
      this.#steps = { receive: () => (next as Method).call(iterator) };
    }

    next(): unknown {
      this.open = false;
      return receive(this.#steps);
    }

    more(step: unknown): boolean {
      checkResult(step);
      if (step.done) return false;
      this.value = step.value;
      this.open = true;
      return true;
    }

    failed(): void {
      this.#hasFailed = true;
    }

    *close(site: number): LoweredCode<void> {
      this.open = false;
      yield* close(this.#iterator, this.#hasFailed, (closing) => at(site, closing));
    }
  }

  class LoweredAsyncGenerator {
    readonly #body: LoweredCode;
    readonly #requests: QueuedRequest[] = [];
    #state: "not started" | "suspended" | "done" = "not started";
    #isPumping = false;
    /** Whether the value last produced came out of a `yield*`. */
    #isDelegating = false;

    constructor(body: LoweredCode) {
      this.#body = body;
    }

    next(value: unknown): PromiseLike<IteratorResult<unknown>> {
      return this.#ask("next", value);
    }

    return(value: unknown): PromiseLike<IteratorResult<unknown>> {
      return this.#ask("return", value);
    }

    throw(value: unknown): PromiseLike<IteratorResult<unknown>> {
      return this.#ask("throw", value);
    }

    get [Symbol.toStringTag](): string {
      return "AsyncGenerator";
    }

    #ask(kind: Request["kind"], value: unknown): PromiseLike<IteratorResult<unknown>> {
      const answer = later<IteratorResult<unknown>>();
      this.#requests.push({ kind, value, answer });
      if (!this.#isPumping) {
        this.#isPumping = true;
        start(this.#pump());
      }
      return answer.promise;
    }

    *#pump(): LoweredCode<void> {
      let isEnded = true;
      try {
        for (let request = this.#requests[0]; request !== undefined; request = this.#requests[0]) {
          yield* this.#serve(request);
        }
        isEnded = false;
      } finally {
        this.#isPumping = false;
        if (isEnded) {
          this.#state = "done";
          yield* endBody(this.#body);
        }
      }
    }

    /** Goes on with the body until it has answered the request. */
    *#serve(request: QueuedRequest): LoweredCode<void> {
      let { kind, value } = request;
      if (this.#state === "not started" && kind !== "next") this.#state = "done";
      if (kind === "return") {
        try {
          value = yield value;
        } catch (cause) {
          kind = "throw";
          value = cause;
        }
      }
      if (this.#state === "done") {
        this.#answer({ value: kind === "next" ? undefined : value, done: true }, kind === "throw");
        return;
      }
      const isFirst = this.#state === "not started";
      this.#state = "suspended";
      try {
        let step =
          this.#isDelegating && !isFirst ? this.#body.next({ kind, value }) : resume(this.#body, { kind, value });
        this.#isDelegating = false;
        for (;;) {
          if (step.done) {
            this.#state = "done";
            this.#answer({ value: step.value, done: true });
            return;
          }
          const yielded = step.value;
          if (yielded instanceof Produced) {
            this.#isDelegating = yielded.isDelegated;
            this.#answer({ value: yielded.value, done: false });
            return;
          }
          if (yielded instanceof Returned) {
            step = this.#body.return(yielded.value);
            continue;
          }
          step = yield* handOn(this.#body, yielded);
        }
      } catch (cause) {
        this.#state = "done";
        this.#answer({ value: cause, done: true }, true);
      }
    }

    #answer(result: IteratorResult<unknown>, isFailure = false): void {
      const { answer } = this.#requests.shift() as QueuedRequest;
      if (isFailure) answer.reject(result.value);
      else answer.resolve(result);
    }
  }
  Object.setPrototypeOf(LoweredAsyncGenerator.prototype, AsyncIteratorPrototype);

  /** What the language calls an async-from-sync iterator: each value is awaited. */
  function awaiting(iterator: AnyIterator): AnyIterator {
    const { next } = iterator;
    function* outcome(result: unknown, mayClose: boolean): LoweredCode {
      checkResult(result);
      const done = Boolean(result.done);
      let value: unknown;
      try {
        value = yield result.value;
      } catch (cause) {
        if (!done && mayClose) yield* close(iterator, true);
        throw cause;
      }
      return { value, done };
    }
    return {
      next: (value) =>
        start(
          (function* () {
            return yield* outcome((next as Method).call(iterator, value), true);
          })(),
        ),
      return: (value) =>
        start(
          (function* () {
            const method = iterator.return;
            return method == null ? { value, done: true } : yield* outcome(method.call(iterator, value), false);
          })(),
        ),
      throw: (value) =>
        start(
          (function* () {
            const method = iterator.throw;
            if (method != null) return yield* outcome(method.call(iterator, value), true);
            yield* close(iterator, false);
            throw new TypeError("The iterator does not provide a 'throw' method");
          })(),
        ),
    };
  }

  function asyncIteratorOf(iterable: any): AnyIterator {
    const method = iterable[Symbol.asyncIterator];
    if (method != null) return checkIterator(method.call(iterable));
    const sync = iterable[Symbol.iterator];
    if (typeof sync !== "function") throw new TypeError(`${shown(iterable)} is not async iterable`);
    return awaiting(checkIterator(sync.call(iterable)));
  }

  return {
    loop(iterable: any) {
      const own = iterable?.[LOOP];
      return typeof own === "function" ? own.call(iterable) : new IteratorLoop(asyncIteratorOf(iterable));
    },

    asyncGenerator(body, self, args) {
      return new LoweredAsyncGenerator(body.apply(self, args as unknown[])) as unknown as AsyncGenerator;
    },

    produce: (value) => new Produced(value, false),

    *delegate(iterable) {
      const iterator = asyncIteratorOf(iterable);
      const { next } = iterator;
      let request: Request = { kind: "next", value: undefined };
      for (;;) {
        const { kind, value } = request;
        const method = kind === "next" ? (next as Method) : iterator[kind];
        if (method == null) {
          if (kind === "return") return yield new Returned(value);
          yield* close(iterator, false);
          throw new TypeError("The iterator does not provide a 'throw' method");
        }
        const result: unknown = yield method.call(iterator, value);
        checkResult(result);
        if (!result.done) request = yield new Produced(result.value, true);
        else if (kind === "return") return yield new Returned(result.value);
        else return result.value;
      }
    },
  };
}

type Method = (this: unknown, value?: unknown) => unknown;

/** An iterator, as anybody may have written it. */
interface AnyIterator {
  readonly next?: Method | undefined;
  readonly return?: Method | null | undefined;
  readonly throw?: Method | null | undefined;
}

/** Calls `return` of an iterator, if it has one; what goes wrong counts for nothing when something has before. */
function* close(
  iterator: AnyIterator,
  hasFailed: boolean,
  noted = (closing: unknown): unknown => closing,
): LoweredCode<void> {
  try {
    const method = iterator.return;
    if (method != null) checkResult(yield noted(method.call(iterator)));
  } catch (cause) {
    if (!hasFailed) throw cause;
  }
}

function resume(code: LoweredCode, { kind, value }: Request): IteratorResult<unknown> {
  if (kind === "next") return code.next(value);
  return kind === "throw" ? code.throw(value) : code.return(value);
}

/** Waits for what a body has yielded, and goes on with the body. */
function* handOn(body: LoweredCode, yielded: unknown): LoweredCode<IteratorResult<unknown>> {
  let outcome: unknown;
  try {
    outcome = yield yielded;
  } catch (cause) {
    return body.throw(cause);
  }
  return body.next(outcome);
}

/** Has a body return from where it is: its `finally` blocks run and may wait, and what they produce nobody gets. */
function* endBody(body: LoweredCode): LoweredCode<void> {
  let step = body.return(undefined);
  while (!step.done) {
    const yielded: unknown = step.value;
    step =
      yielded instanceof Produced || yielded instanceof Returned
        ? body.return(undefined)
        : yield* handOn(body, yielded);
  }
}

function checkIterator(iterator: unknown): AnyIterator {
  if (Object(iterator) !== iterator) throw new TypeError("Result of the Symbol.asyncIterator method is not an object");
  return iterator as AnyIterator;
}

function checkResult(result: unknown): asserts result is IteratorResult<unknown> {
  if (Object(result) !== result) throw new TypeError(`Iterator result ${shown(result)} is not an object`);
}

function shown(value: unknown): string {
  return typeof value === "function"
    ? "function"
    : typeof value === "object" && value !== null
      ? "object"
      : String(value);
}
