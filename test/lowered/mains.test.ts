/** Which mains are one lowered function, whose first steps have no caller: such as are a wrapper of the loader's, no others. */
import { createRuntime, defineProcess, type Process } from "beamish";
import { describe, expect, it } from "vitest";
import { isLowered } from "../../src/engines/typescript/task.ts";

async function declared(process: Process, n: number) {
  await process.sleep(n);
  return n;
}
const helper = async (n: number) => {
  await null;
  return n;
};

class Methods {
  async method(n: number) {
    return helper(n);
  }
}

const lowered: Record<string, (...args: any[]) => unknown> = {
  "a declaration": declared,
  "an arrow function": async (n: number) => helper(n),
  "a function expression": async function named(n: number) {
    return helper(n);
  },
  "a method": new Methods().method,
  "one without parameters": async () => helper(1),
};

const plain: Record<string, (...args: any[]) => unknown> = {
  "a plain function": (n: number) => n,
  "one that calls a lowered function": (n: number) => helper(n),
  "one that makes a lowered function": (n: number) => async () => n,
  "one that makes and calls a lowered function": (n: number) => (async () => n)(),
  "one that does so behind a brace": function plain(n: number) {
    return (async function inner() {
      return n;
    })();
  },
  "one that hands a lowered function on": (n: number) =>
    Promise.all(
      [n].map(async function each(one) {
        return one;
      }),
    ),
  "one whose default is a lowered function": function plain(
    n: number,
    f = async function ten() {
      return 10;
    },
  ) {
    return f().then((ten: number) => ten + n);
  },
  "an arrow function whose default is one": (n: number, f = async () => 10) => f().then((ten: number) => ten + n),
  "one that calls one in a list": (n: number) => [async () => n].map((f) => f()),
  "one with a parameter that is taken apart": async ({ n }: { n: number }) => n,
  "one with a default": async (n = 1) => n,
  "an async generator": async function* generator(n: number) {
    yield n;
  },
  "one of the language": Math.max,
};

describe("main is one lowered function [S16.54]", () => {
  it.each(Object.entries(lowered))("%s", (_, f) => expect(isLowered(f)).toBe(true));
});

describe("main is not, or not only, a lowered function [S16.54]", () => {
  it.each(Object.entries(plain))("%s", (_, f) => expect(isLowered(f)).toBe(false));
});

it("a main is called as it is where its functions were lowered for somebody else [S16.54]", async () => {
  // What the other copy of the package does: it knows nothing of ours, and starts what it is given.
  const start = (code: Generator) => Promise.resolve(code.next().value);
  const code = "function* main$b() { yield 5; } return function main(process) { return $b_start(main$b(process)); };";
  const main = new Function("$b_start", code)(start);
  expect(isLowered(main)).toBe(true);
  const runtime = await createRuntime({
    hosts: { "app:processes": {} },
    processes: { "app:main": main },
    log: () => {},
  });
  expect(await runtime.exec("app:main", "app:processes")).toBe(5);
  await runtime.stop();
});

it("a main that was lowered for somebody else, or looks like it, may call functions lowered for us [S16.54]", async () => {
  const helper = async (n: number) => n + 1;
  const foreign = {
    driver: (code: Generator) => Promise.resolve(code.next().value),
    helper,
  };
  const text = `function* main$b(process) { yield helper(1).then((x) => x * 2); }
    return function main(process) { return $b_start(main$b(process)); };`;
  const main = new Function("$b_start", "helper", text)(foreign.driver, foreign.helper);
  expect(isLowered(main)).toBe(true);
  const $b_start = (n: number) => helper(n).then((x) => x * 3);
  const runtime = await createRuntime({
    hosts: { "app:processes": {} },
    processes: {
      "app:foreign": main,
      "app:named": () => $b_start(2),
      "app:serving": new Function(
        "$b_start",
        `function* main$b(process) { yield process.serve((message) => process.done(message.topic)); }
        return function main(process) { return $b_start(main$b(process)); };`,
      )(foreign.driver),
    },
    log: () => {},
  });
  expect(await runtime.exec("app:foreign", "app:processes")).toBe(4);
  expect(await runtime.exec("app:named", "app:processes")).toBe(9);
  const ended = new Promise((resolve) =>
    runtime.watch((event) => event.kind === "exited" && event.entry === "app:serving" && resolve(event.result)),
  );
  runtime.send(await runtime.spawn("app:serving", "app:processes"), "end");
  expect(await ended).toEqual({ value: "end" });
  await runtime.stop();
});

it("a plain main goes on before the lowered function it has called, a lowered main before nobody [S16.54, S2.1]", async () => {
  const log: string[] = [];
  const later = async (process: Process, name: string) => {
    log.push(`${name} begins`);
    await process.inbox().receive();
    log.push(`${name} has it`);
  };
  const runtime = await createRuntime({
    hosts: { "app:processes": {} },
    processes: {
      "app:plain": (process: Process) => {
        process.send(process.pid(), "itself");
        const done = later(process, "plain");
        log.push("plain goes on");
        return done;
      },
      "app:lowered": async (process: Process) => {
        process.send(process.pid(), "itself");
        const done = later(process, "lowered");
        log.push("lowered goes on");
        await done;
      },
      "app:defined": defineProcess({
        async run(this: unknown, process: Process, ...args: number[]) {
          process.send(process.pid(), "itself");
          const message = await process.inbox().receive();
          return [message?.topic, args, this === undefined];
        },
      }),
    },
    log: () => {},
  });
  await runtime.exec("app:plain", "app:processes");
  await runtime.exec("app:lowered", "app:processes");
  const defined = await runtime.exec("app:defined", "app:processes", 1, 2);
  await runtime.stop();
  expect(log).toEqual([
    "plain begins",
    "plain goes on",
    "plain has it",
    "lowered begins",
    "lowered goes on",
    "lowered has it",
  ]);
  expect(defined).toEqual(["itself", [1, 2], true]);
});

it("a lowered main that throws before it waits fails like any other [S16.54, S4.13]", async () => {
  const runtime = await createRuntime({
    hosts: { "app:processes": {} },
    processes: {
      "app:throws": async (process: Process) => {
        if (process.pid() !== "") throw new TypeError("at once");
      },
      "app:returns": async () => 7,
    },
    log: () => {},
  });
  await expect(runtime.exec("app:throws", "app:processes")).rejects.toThrow("at once");
  expect(await runtime.exec("app:returns", "app:processes")).toBe(7);
  await runtime.stop();
});
