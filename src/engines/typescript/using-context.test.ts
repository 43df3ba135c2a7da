// Tests of what `using` and `await using` are compiled to, by playing the compiled code by hand.
import { describe, expect, it } from "vitest";
import usingContext from "./using-context.ts";

function errorOf(act: () => unknown): Error {
  try {
    act();
  } catch (error) {
    return error as Error;
  }
  throw new Error("nothing was thrown");
}

describe("using", () => {
  it("disposes in reverse order and gives back what it was given", () => {
    const log: string[] = [];
    const context = usingContext();
    const first = { [Symbol.dispose]: () => log.push("first") };
    expect(context.u(first)).toBe(first);
    context.u(null);
    context.u({ [Symbol.dispose]: () => log.push("second") });
    expect(context.d()).toBeUndefined();
    expect(log).toEqual(["second", "first"]);
  });

  it("refuses what cannot be disposed of", () => {
    expect(errorOf(() => usingContext().u({})).message).toBe("Object is not disposable.");
    expect(errorOf(() => usingContext().u("text")).message).toMatch(/can only be used with objects/);
    expect(errorOf(() => usingContext().u({ [Symbol.asyncDispose]() {} })).message).toBe("Object is not disposable.");
  });

  it("throws the error of the block, and one for each disposal that fails around it", () => {
    const context = usingContext();
    const fail = (text: string) => () => {
      throw new Error(text);
    };
    context.u({ [Symbol.dispose]: fail("outer") });
    context.u({ [Symbol.dispose]: fail("inner") });
    context.e = new Error("block");
    const outer = errorOf(() => context.d()) as Error & {
      error: Error;
      suppressed: { error: Error; suppressed: Error };
    };
    expect(outer.name).toBe("SuppressedError");
    expect([outer.error, outer.suppressed.error, outer.suppressed.suppressed].map((one) => one.message)).toEqual([
      ...["outer", "inner", "block"],
    ]);
  });
});

describe("await using", () => {
  it("waits for each disposal before the next, synchronous ones among them", async () => {
    const log: string[] = [];
    const context = usingContext();
    const later = (name: string) => ({
      async [Symbol.asyncDispose]() {
        log.push(`${name} begins`);
        await null;
        log.push(`${name} ends`);
      },
    });
    context.a(later("a"));
    context.u({ [Symbol.dispose]: () => log.push("b") });
    context.a(later("c"));
    await context.d();
    expect(log).toEqual(["c begins", "c ends", "b", "a begins", "a ends"]);
  });

  it("does not wait for what a synchronous disposal returns", async () => {
    const context = usingContext();
    context.a({ [Symbol.dispose]: () => new Promise(() => {}) as unknown as undefined });
    await context.d();
  });

  it("waits once when there is nothing to dispose of", async () => {
    const context = usingContext();
    context.a(undefined);
    expect(context.d()).toBeInstanceOf(Promise);
  });

  it("rejects with the error of the block after disposing", async () => {
    const context = usingContext();
    let isDisposed = false;
    context.a({
      async [Symbol.asyncDispose]() {
        isDisposed = true;
      },
    });
    context.e = "thrown";
    await expect(context.d()).rejects.toBe("thrown");
    expect(isDisposed).toBe(true);
  });
});
