// Tests of for await, async generators and yield* of lowered code, where no program of src/platform/lowering.test.ts
// shows it: what the newest language says and older engines do not, being ended from outside, and loops of our own.
import { describe, expect, it } from "vitest";
import { asyncGenerator, delegate, loop, produce, start } from "../../../test/support/native-driver.ts";
import { createIteration, LOOP, type LoweredCode } from "./lowered-iteration.ts";
import { superOf } from "./lowered-super.ts";

/** An async generator as the loader would make it. */
const generator = (body: () => LoweredCode) => asyncGenerator(body, undefined, []);

describe("an async generator", () => {
  it("is async iterable and says what it is", () => {
    const made = generator(function* () {});
    expect(made[Symbol.asyncIterator]()).toBe(made);
    expect(Object.prototype.toString.call(made)).toBe("[object AsyncGenerator]");
    const native = Object.getPrototypeOf(Object.getPrototypeOf(Object.getPrototypeOf((async function* () {})())));
    expect(Object.getPrototypeOf(Object.getPrototypeOf(made))).toBe(native);
  });

  it("evaluates its parameters in the call and its body in the first next", async () => {
    const log: string[] = [];
    const body = function* (value: number): LoweredCode<void> {
      log.push(`body ${value}`);
      yield produce(yield value);
    };
    const made = asyncGenerator(body, undefined, [3]);
    expect(log).toEqual([]);
    const first = made.next();
    expect(log).toEqual(["body 3"]);
    expect(await first).toEqual({ value: 3, done: false });
  });

  it("runs its body under start, so that its waits belong to that task", async () => {
    let started = 0;
    const counting = createIteration({
      start: (code) => {
        started++;
        return start(code);
      },
      receive: (source) => source.receive(),
      at: (_site, awaited) => awaited,
      later: laterNatively,
    });
    const made = counting.asyncGenerator(
      function* () {
        yield counting.produce(1);
        yield "a wait";
      },
      undefined,
      [],
    );
    await made.next();
    expect(started).toBe(1);
    await Promise.all([made.next(), made.next()]);
    expect(started).toBe(2);
  });
});

function laterNatively<T>() {
  let settle: [(value: T) => void, (cause: unknown) => void] | undefined;
  const promise = new Promise<T>((resolve, reject) => {
    settle = [resolve, reject];
  });
  return {
    promise,
    resolve: (value: T) => settle?.[0](value),
    reject: (cause: unknown) => settle?.[1](cause),
  };
}

describe("a pump that is ended in a wait", () => {
  /** Iteration whose generators a test drives by hand. */
  function byHand() {
    const pumps: LoweredCode[] = [];
    const iteration = createIteration({
      start: <T>(code: LoweredCode<T>) => {
        code.next();
        pumps.push(code);
        return new Promise<T>(() => {});
      },
      receive: (source) => source.receive(),
      at: (_site, awaited) => awaited,
      later: laterNatively,
    });
    return { pumps, iteration };
  }

  it("has its body return first, innermost first, with the waits of finally blocks", () => {
    const { pumps, iteration } = byHand();
    const log: string[] = [];
    const body = function* (): LoweredCode<void> {
      try {
        yield "outer wait";
        try {
          yield "inner wait";
        } finally {
          log.push("inner");
          log.push(`got ${yield "cleaning"}`);
          yield iteration.produce("for nobody");
        }
      } catch {
        log.push("caught");
      } finally {
        log.push("outer");
      }
    };
    iteration.asyncGenerator(body, undefined, []).next();
    const pump = pumps[0] as LoweredCode;
    expect(pump.next().value).toBe("inner wait");
    expect(pump.return(undefined)).toEqual({ value: "cleaning", done: false });
    expect(pump.next("it")).toEqual({ value: undefined, done: true });
    expect(log).toEqual(["inner", "got it", "outer"]);
  });

  it("leaves a generator that is done", () => {
    const { pumps, iteration } = byHand();
    const made = iteration.asyncGenerator(
      function* () {
        yield "wait";
        throw new Error("never");
      },
      undefined,
      [],
    );
    made.next();
    (pumps[0] as LoweredCode).return(undefined);
    made.next();
    expect((pumps[1] as LoweredCode).next().done).toBe(true);
  });
});

describe("yield*", () => {
  const over = (iterable: unknown) =>
    generator(function* () {
      return yield* delegate(iterable);
    });

  it("closes an iterator that has no throw, and says so", async () => {
    const log: string[] = [];
    const made = over({
      [Symbol.asyncIterator]: () => ({ next: async () => ({ value: 1 }), return: () => log.push("closed") && {} }),
    });
    await made.next();
    await expect(made.throw(new Error("x"))).rejects.toThrow("does not provide a 'throw' method");
    expect(log).toEqual(["closed"]);
    const array = over([1, 2]);
    await array.next();
    await expect(array.throw(new Error("x"))).rejects.toThrow("does not provide a 'throw' method");
  });

  it("hands on what a synchronous iterator does with throw and return", async () => {
    const log: unknown[] = [];
    function* source(): Generator {
      try {
        log.push(yield 1);
        yield 2;
      } catch (cause) {
        yield `caught ${cause}`;
      } finally {
        log.push("finally");
      }
    }
    const made = over(source());
    expect(await made.next()).toEqual({ value: 1, done: false });
    expect(await made.next("sent")).toEqual({ value: 2, done: false });
    expect(await made.throw("it")).toEqual({ value: "caught it", done: false });
    expect(await made.return(Promise.resolve(5))).toEqual({ value: 5, done: true });
    expect(log).toEqual(["sent", "finally"]);
  });
});

describe("a loop", () => {
  /** What the loader makes of `for await (const value of iterable) body(value)`. */
  function* forAwait(iterable: unknown, body: (value: any) => unknown): LoweredCode<void> {
    const rounds = loop(iterable);
    const next = function* (): LoweredCode {
      const step = rounds.next();
      return typeof step === "symbol" ? yield step : step;
    };
    try {
      while (rounds.more(yield* next())) if (body(rounds.value) === "break") break;
    } catch (cause) {
      rounds.failed(cause);
      throw cause;
    } finally {
      if (rounds.open) yield* rounds.close(0);
    }
  }

  it("closes a synchronous iterator one of whose promises is rejected, as the newest language says", async () => {
    const log: string[] = [];
    const sync = {
      [Symbol.iterator]: () => ({
        next: () => ({ value: Promise.reject(new Error("broken")), done: false }),
        return: () => log.push("closed") && {},
      }),
    };
    await expect(start(forAwait(sync, () => {}))).rejects.toThrow("broken");
    expect(log).toEqual(["closed"]);
  });

  it("is what an object makes of it that knows better", async () => {
    const steps = [1, 2, 3];
    let closed = 0;
    const own = {
      value: 0,
      open: false,
      next: () => steps.shift(),
      more(step: number | undefined) {
        this.open = step !== undefined;
        this.value = step ?? 0;
        return this.open;
      },
      failed() {},
      // biome-ignore lint/correctness/useYield: it has nothing to wait for.
      *close() {
        closed++;
      },
    };
    const seen: number[] = [];
    const body = (value: number) => {
      seen.push(value);
      return value === 2 ? "break" : "";
    };
    await start(forAwait({ [LOOP]: () => own }, body));
    expect([seen, closed]).toEqual([[1, 2], 1]);
  });
});

describe("super", () => {
  it("is read and written by way of functions, and cannot be deleted", () => {
    const held: Record<PropertyKey, unknown> = { a: 1 };
    const made: any = superOf(
      (key) => held[key],
      (key, value) => {
        held[key] = value;
      },
    );
    made.a += 4;
    made.b = made.c;
    expect(held).toEqual({ a: 5, b: undefined });
    expect(() => delete made.a).toThrow(ReferenceError);
  });
});
