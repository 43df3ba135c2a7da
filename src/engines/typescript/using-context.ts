/**
 * What `using` and `await using` become on a Node that does not know them: the compiler turns a block with such
 * declarations into calls of this function, which it knows as `usingCtx`.
 *
 *     const context = usingContext();
 *     try      { const file = context.a(open()); … }        a: await using,  u: using
 *     catch    (error) { context.e = error; }
 *     finally  { await context.d(); }                       d: dispose, last one first; throws what is to be thrown
 */

import { type Activation, start } from "./task.ts";

/** A resource on its way to be disposed of. */
interface Resource {
  readonly value: unknown;
  readonly dispose: (() => unknown) | null;
  readonly isAsync: boolean;
}

/** One block with `using` declarations. The one-letter names are those the compiler writes. */
interface UsingContext {
  /** The error with which the block ended; the initial value means none. */
  e: unknown;
  u<T>(value: T): T;
  a<T>(value: T): T;
  d(): unknown;
}

const NONE = {};

/** Made by the compiler at the head of a block; not for use by hand. */
export default function usingContext(): UsingContext {
  const resources: Resource[] = [];

  function add<T>(value: T, isAsync: boolean): T {
    if (value == null) {
      if (isAsync) resources.push({ value, dispose: null, isAsync });
      return value;
    }
    if (Object(value) !== value)
      throw new TypeError("using declarations can only be used with objects, functions, null, or undefined.");
    const holder = value as { [Symbol.dispose]?: () => unknown; [Symbol.asyncDispose]?: () => unknown };
    const asyncDispose = isAsync ? holder[Symbol.asyncDispose] : undefined;
    const dispose = asyncDispose ?? holder[Symbol.dispose];
    if (typeof dispose !== "function") throw new TypeError("Object is not disposable.");
    // A synchronous disposal in `await using` is waited for, but what it returns is not.
    const act = () => {
      const result = dispose.call(value);
      return asyncDispose === undefined ? undefined : result;
    };
    resources.push({ value, dispose: act, isAsync });
    return value;
  }

  const context: UsingContext = {
    e: NONE,
    u: (value) => add(value, false),
    a: (value) => add(value, true),
    d: () => (resources.some((resource) => resource.isAsync) ? start(disposeWaiting()) : dispose()),
  };

  function note(cause: unknown): void {
    context.e = context.e === NONE ? cause : suppressed(cause, context.e);
  }

  function dispose(): void {
    for (let resource = resources.pop(); resource !== undefined; resource = resources.pop()) {
      try {
        resource.dispose?.();
      } catch (cause) {
        note(cause);
      }
    }
    if (context.e !== NONE) throw context.e;
  }

  function* disposeWaiting(): Activation {
    // `await using` waits at least once, even when there is nothing to dispose of.
    let mustWait = false;
    let hasWaited = false;
    for (let resource = resources.pop(); resource !== undefined; resource = resources.pop()) {
      if (!resource.isAsync && mustWait && !hasWaited) {
        yield undefined;
        mustWait = false;
      }
      try {
        const result = resource.dispose?.();
        if (resource.isAsync && resource.dispose === null) mustWait = true;
        if (!resource.isAsync || resource.dispose === null) continue;
        hasWaited = true;
        yield result;
      } catch (cause) {
        note(cause);
      }
    }
    if (mustWait && !hasWaited) yield undefined;
    if (context.e !== NONE) throw context.e;
    return undefined;
  }

  return context;
}

/** The error that says that `error` came while `earlier` was already on its way. */
function suppressed(error: unknown, earlier: unknown): Error {
  const known = typeof SuppressedError === "undefined" ? undefined : SuppressedError;
  if (known !== undefined) return new known(error, earlier);
  const made = new Error("An error was suppressed during disposal.");
  made.name = "SuppressedError";
  return Object.assign(made, { error, suppressed: earlier });
}
