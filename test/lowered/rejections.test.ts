/** Rejections of lowered code that somebody comes for late, and those that nobody comes for (S16.9). */
import { createRuntime, type Process } from "beamish";
import { afterEach, beforeEach, expect, it } from "vitest";

const stray: unknown[] = [];
let onStray = () => {};
const note = (cause: unknown) => {
  stray.push((cause as Error).message);
  onStray();
};

let others: NodeJS.UnhandledRejectionListener[] = [];
beforeEach(() => {
  stray.length = 0;
  onStray = () => {};
  others = process.listeners("unhandledRejection");
  process.removeAllListeners("unhandledRejection");
  process.on("unhandledRejection", note);
});
afterEach(() => {
  process.off("unhandledRejection", note);
  for (const other of others) process.on("unhandledRejection", other);
});

const fail = async (text: string) => {
  throw new Error(text);
};

async function runBesideABusyOne(main: (process: Process) => Promise<unknown>): Promise<unknown> {
  const runtime = await createRuntime({
    hosts: { "app:processes": {} },
    processes: {
      "app:busy": async () => {
        for (;;) {}
      },
      "app:program": main,
    },
    log: () => {},
  });
  const busy = await runtime.spawn("app:busy", "app:processes");
  const value = await runtime.exec("app:program", "app:processes");
  runtime.terminate(busy);
  await runtime.stop();
  await new Promise(setImmediate);
  return value;
}

it("a failure awaited without a wait in between is handled, however many turns that takes [S16.9, S16.54]", async () => {
  const caught = await runBesideABusyOne(async () => {
    const all = Array.from({ length: 300 }, (_, n) => fail(String(n)));
    let count = 0;
    for (const one of all) {
      try {
        await one;
      } catch {
        count++;
      }
    }
    return count;
  });
  expect(caught).toBe(300);
  expect(stray).toEqual([]);
});

it("a failure that nobody has awaited when the process waits is reported once [S16.9]", async () => {
  const bothTold = new Promise<void>((resolve) => {
    onStray = () => stray.length === 2 && resolve();
  });
  await runBesideABusyOne(async () => {
    void fail("nobody comes");
    await null;
    void fail("nor here");
    await bothTold;
  });
  expect(stray).toEqual(["nobody comes", "nor here"]);
});

it("a failure that nobody has awaited when main returns is reported [S16.9]", async () => {
  await runBesideABusyOne(async () => {
    void fail("left behind");
  });
  expect(stray).toEqual(["left behind"]);
});

it.each(["terminate", "upgrade"])(
  "a failure awaited behind a %s of oneself troubles nobody [S16.9, S16.55]",
  async (how) => {
    const runtime = await createRuntime({
      hosts: { "app:processes": {} },
      processes: {
        "app:program": async (process: Process) => {
          const failed = fail("unseen");
          if (how === "terminate") process.terminate(process.pid());
          else void process.upgrade("app:next");
          await failed;
        },
        "app:next": async () => "next",
      },
      log: () => {},
    });
    const end = await runtime.exec("app:program", "app:processes").catch((cause) => cause.message);
    await runtime.stop();
    await new Promise(setImmediate);
    expect(end).toBe(how === "terminate" ? "process terminated" : "next");
    expect(stray).toEqual([]);
  },
);
