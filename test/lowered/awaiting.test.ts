/** What lowered code may await, return and throw: whatever it is, it goes on as native code does (S16.54). */
import type { Process } from "beamish";
import { simulate } from "beamish/testing";
import { describe, expect, it } from "vitest";

/** A proxy that throws at every look at it. */
function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

/** What a program returns, and that other processes go on after it. */
async function outcomeOf(code: (process: Process) => Promise<unknown>): Promise<unknown> {
  let outcome: unknown;
  await simulate(1, async (sim) => {
    outcome = await sim.exec(code);
    expect(await sim.exec(async () => "goes on")).toBe("goes on");
  });
  return outcome;
}

describe("a proxy that throws at every look at it", () => {
  it("rejects the await of it, like a thenable that cannot be read [S16.54]", async () => {
    const outcome = await outcomeOf(async () => {
      try {
        await revoked();
      } catch (cause) {
        return String(cause);
      }
    });
    expect(outcome).toMatch(/^TypeError: .*revoked/);
  });

  it("rejects the function that returns it, and so ends main [S16.54, S4.16]", async () => {
    const outcome = await outcomeOf(async () => {
      try {
        await (async () => revoked())();
      } catch (cause) {
        return String(cause);
      }
    });
    expect(outcome).toMatch(/^TypeError: .*revoked/);
    await simulate(2, async (sim) => {
      await expect(sim.exec(async () => revoked())).rejects.toThrow(/revoked/);
      await expect(sim.exec(() => revoked())).rejects.toThrow(/revoked/);
    });
  });

  it("can be thrown and caught [S16.54]", async () => {
    const outcome = await outcomeOf(async () => {
      const thrown = revoked();
      try {
        await (async () => {
          throw thrown;
        })();
      } catch (cause) {
        return cause === thrown;
      }
    });
    expect(outcome).toBe(true);
  });

  it("rejects the receive of a channel, whether somebody waits for it or not [S16.54, S16.33]", async () => {
    const outcome = await outcomeOf(async (process: Process) => {
      const channel = process.channel<object>(1);
      const kinds: string[] = [];
      const receive = async () => {
        try {
          await channel.receive();
          kinds.push("received");
        } catch (cause) {
          kinds.push((cause as Error).name);
        }
      };
      const waiting = receive();
      await channel.send(revoked());
      await waiting;
      await channel.send(revoked());
      await receive();
      return kinds;
    });
    expect(outcome).toEqual(["TypeError", "TypeError"]);
  });
});

describe("an awaited object", () => {
  it("is a value when it is a proxy that only hides its prototype [S16.54]", async () => {
    const outcome = await outcomeOf(async () => {
      const proxy = new Proxy(
        {},
        {
          getPrototypeOf() {
            throw new Error("hidden");
          },
        },
      );
      return (await proxy) === proxy;
    });
    expect(outcome).toBe(true);
  });

  it("is a promise whatever `then` it has been given [S16.54]", async () => {
    const outcome = await outcomeOf(async () => {
      const promise = Promise.resolve(4);
      // biome-ignore lint/suspicious/noThenProperty: that is what it is about.
      promise.then = () => {
        throw new Error("not asked");
      };
      return await promise;
    });
    expect(outcome).toBe(4);
  });
});

describe("a promise that is to be settled with itself", () => {
  it("is rejected, and does not wait for itself for ever [S16.54]", async () => {
    const outcome = await outcomeOf(async () => {
      const failures: string[] = [];
      const note = (cause: unknown) => failures.push(String(cause));
      const returned: { own?: Promise<unknown> } = {};
      returned.own = (async () => {
        await null;
        return returned.own;
      })();
      await returned.own.catch(note);
      const chained: Promise<unknown> = (async () => {})().then(() => chained);
      await chained.catch(note);
      return failures;
    });
    const failure = "TypeError: Chaining cycle detected for promise #<Promise>";
    expect(outcome).toEqual([failure, failure]);
  });
});
