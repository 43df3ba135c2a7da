/**
 * The smallest body of `beamish:lowered-code`: drives lowered code by promises of the language, so that tests can compare
 * what lowered code computes with what native code does; and runs modules whose import of it is replaced by this.
 */
import { createIteration, type LoweredCode } from "../../src/engines/typescript/lowered-iteration.ts";
import { superOf } from "../../src/engines/typescript/lowered-super.ts";
import { withNamedDriver } from "./named-driver.ts";

/** Yielded when what was asked for is not there yet. */
export const WAIT = Symbol("WAIT");
/** Yielded by a loop to give its turn back. */
export const PAUSE = Symbol("PAUSE");

/** What the code that runs has asked for just before it yields WAIT. */
let asked: unknown;

/** Drives a generator to its end. */
export function start<T>(code: LoweredCode<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const go = (move: () => IteratorResult<unknown, T>): void => {
      let step: IteratorResult<unknown, T>;
      try {
        step = move();
      } catch (cause) {
        reject(cause);
        return;
      }
      if (step.done) {
        resolve(step.value);
        return;
      }
      const wanted = step.value === WAIT ? asked : step.value === PAUSE ? undefined : step.value;
      Promise.resolve(wanted).then(
        (value) => go(() => code.next(value)),
        (cause) => go(() => code.throw(cause)),
      );
    };
    go(() => code.next());
  });
}

/** Drives a generator that is yet to be made of its arguments. */
export function run(body: (...args: any[]) => LoweredCode, self: unknown, args: ArrayLike<unknown>): Promise<unknown> {
  try {
    return start(body.apply(self, args as unknown[]));
  } catch (cause) {
    return Promise.reject(cause);
  }
}

/** Asks for what comes next. */
export function receive(source: { receive(): unknown }): unknown {
  asked = source.receive();
  return WAIT;
}

function later<T>() {
  let resolve!: (value: T) => void;
  let reject!: (cause: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}

/** How often loops of the code that runs have been asked to give their turn back. */
export const turn: { left: number } = { left: Number.POSITIVE_INFINITY };

/** The tables of awaits of the modules that were run, newest last. */
export const siteTables: { url: string; sites: string[] }[] = [];

/** Asks for what an awaited value comes to. */
export function awaited(_site: number, value: unknown): unknown {
  asked = value;
  return WAIT;
}

/** Says where an await stands that is handed on. */
export function at(_site: number, value: unknown): unknown {
  return value;
}

/** Takes in the awaits of a module. */
export function sites(url: string, list: string): number {
  siteTables.push({ url, sites: list.split("|") });
  return 0;
}

/** `for await` and async generators upon this driver. */
export const { loop, asyncGenerator, produce, delegate } = createIteration({ start, receive, at, later });
export { superOf };

const KEY = "beamish.test.driver";
const driver = {
  start,
  run,
  receive,
  awaited,
  at,
  sites,
  turn,
  loop,
  asyncGenerator,
  produce,
  delegate,
  superOf,
  WAIT,
  PAUSE,
};
Object.assign(globalThis, { [Symbol.for(KEY)]: driver });

/** Runs a module, lowered or not, and gives its exports. */
export async function runModule(code: string): Promise<Record<string, any>> {
  const text = withNamedDriver(code, `globalThis[Symbol.for("${KEY}")]`);
  return import(
    /* @vite-ignore */ `data:text/javascript;charset=utf-8,${encodeURIComponent(`${text}\n//${serial++}`)}`
  );
}

let serial = 0;
