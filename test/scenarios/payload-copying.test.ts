/** What leaves a process: carried kinds of data, their shape on arrival, refusals with their place (S2.37–S2.46, S2.56, S2.57). */
import { createActor, errors, type Process, ProcessError } from "beamish";
import { type Simulation, simulate } from "beamish/testing";
import { describe, expect, it } from "vitest";
import { type Refusal, refusalOf, rejectionOf, thrownBy } from "./refusal.ts";

/** What a receiver gets for these payloads; on the way back to the test nothing is copied. */
async function carried(...given: unknown[]): Promise<unknown> {
  let arrived: unknown;
  await simulate(1, async (sim) => {
    const probe = await sim.probe();
    const error = probe.process.send(probe.pid, "topic", ...given);
    if (error !== null) throw error;
    await sim.untilIdle();
    arrived = probe.payloads("topic")[0];
  });
  return arrived;
}

/** What `send` answers for these payloads; nothing may arrive then. */
async function refused(...given: unknown[]): Promise<Refusal> {
  let refusal: Refusal | undefined;
  await simulate(1, async (sim) => {
    const probe = await sim.probe();
    refusal = refusalOf(probe.process.send(probe.pid, "topic", ...given));
    await sim.untilIdle();
    expect(probe.messages).toEqual([]);
    expect(sim.deadLetters.count()).toBe(0);
  });
  return refusal as Refusal;
}

const invalid = (message: string): Refusal => ({ kind: errors.INVALID, message, retryable: undefined });

describe("a copy", () => {
  it("is made of a payload at the call, also to oneself, and no later change of either side shows [S2.37]", async () => {
    await simulate(1, async (sim) => {
      const [sender, receiver] = [await sim.probe(), await sim.probe()];
      const data = { list: [1], date: new Date(1), bytes: new Uint8Array([1]), map: new Map([["a", [1]]]) };
      sender.process.send(receiver.pid, "topic", data);
      sender.process.send(sender.pid, "topic", data);
      data.list.push(2);
      data.date.setTime(2);
      data.bytes[0] = 2;
      data.map.get("a")?.push(2);
      await sim.untilIdle();
      const expected = { list: [1], date: new Date(1), bytes: new Uint8Array([1]), map: { a: [1] } };
      const [there, here] = [receiver.payloads("topic")[0] as typeof data, sender.payloads("topic")[0] as typeof data];
      expect(there).toEqual(expected);
      expect(here).toEqual(expected);
      there.list.push(3);
      there.bytes[0] = 3;
      there.date.setTime(3);
      expect(data.list).toEqual([1, 2]);
      expect([...data.bytes, data.date.getTime()]).toEqual([2, 2]);
      expect(here).toEqual(expected);
    });
  });

  it("of one payload is each receiver's own [S2.37]", async () => {
    await simulate(2, async (sim) => {
      const [one, two] = [await sim.probe(), await sim.probe()];
      const data = { list: [1] };
      for (const probe of [one, two]) sim.send(probe.pid, "topic", data);
      await sim.untilIdle();
      (one.payloads("topic")[0] as typeof data).list.push(2);
      expect(two.payloads("topic")).toEqual([{ list: [1] }]);
      expect(data).toEqual({ list: [1] });
    });
  });

  it("is made of arguments, results, context values and upgrade state as well [S2.37, S3.28]", async () => {
    await simulate(3, async (sim) => {
      sim.define("app:spawned", async (process: Process, to: string, list: number[]) => {
        list.push(9);
        process.send(to, "spawned", list);
      });
      sim.define("app:executed", async (_process: Process, list: number[]) => {
        list.push(9);
        return list;
      });
      sim.define("app:context", async (process: Process) => {
        process.ctx.get<number[]>("list").push(9);
        return process.ctx.get("list");
      });
      sim.define("app:next", async (process: Process, list: number[]) => {
        await process.sleep(1);
        return list;
      });
      const old: number[][] = [];
      sim.define("app:upgrading", async (process: Process) => {
        const list = [1];
        old.push(list);
        const never = process.upgrade("app:next", list);
        list.push(2);
        return never;
      });
      const probe = await sim.probe();
      const list = [1];
      await probe.process.spawn("app:spawned", sim.host, probe.pid, list);
      list.push(2);
      await sim.settle();
      expect(probe.payloads("spawned")).toEqual([[1, 9]]);
      expect(list).toEqual([1, 2]);
      const seen = await sim.exec(async (process: Process) => {
        const mine = [1];
        const executed = (await process.exec("app:executed", sim.host, mine)) as number[];
        const builder = process.withContext({ list: mine });
        mine.push(2);
        const fromContext = await builder.exec("app:context", sim.host);
        const again = await builder.exec("app:context", sim.host);
        return [mine, executed, fromContext, again, await process.exec("app:upgrading", sim.host)];
      });
      expect(seen).toEqual([[1, 2], [1, 9], [1], [1], [1]]);
      expect(old).toEqual([[1, 2]]);
    });
  });

  it("of a result is each watcher's own [S2.37]", async () => {
    await simulate(4, async (sim) => {
      const [one, two] = [await sim.probe(), await sim.probe()];
      const pid = await sim.spawn(async (process: Process) => {
        await process.sleep(1);
        return { list: [1] };
      });
      await one.process.monitor(pid);
      await two.process.monitor(pid);
      await sim.untilIdle();
      const results = [one, two].map((probe) => (probe.events[0] as { result: { value: { list: number[] } } }).result);
      results[0]?.value.list.push(2);
      expect(results[1]).toEqual({ value: { list: [1] } });
    });
  });
});

describe("data that is carried", () => {
  it.each([
    ["true", true],
    ["false", false],
    ["the empty text", ""],
    ["text beyond the basic plane", "naïve ☃ 𝒳 \u0000"],
    ["zero", 0],
    ["minus zero", -0],
    ["a fraction", 0.1],
    ["the greatest safe integer", Number.MAX_SAFE_INTEGER],
    ["the greatest number", Number.MAX_VALUE],
    ["NaN", Number.NaN],
    ["infinity", Number.POSITIVE_INFINITY],
    ["minus infinity", Number.NEGATIVE_INFINITY],
    ["a bigint", 1n],
    ["the greatest bigint of 64 bits", 2n ** 63n - 1n],
    ["the least bigint of 64 bits", -(2n ** 63n)],
    ["a list", [1, "a", null, [true]]],
    ["an empty list", []],
    ["a map", { a: 1, b: { c: [] } }],
    ["an empty map", {}],
    ["a date", new Date(1_767_225_600_123)],
    ["a date before 1970", new Date(-1)],
    ["bytes", new Uint8Array([0, 1, 255])],
    ["no bytes", new Uint8Array()],
  ])("as it is: %s, at the top and within [S2.38, S2.39, S2.40, S2.41, S2.56]", async (_what, value) => {
    expect(await carried(value)).toStrictEqual(value);
    expect(await carried({ in: [value] })).toStrictEqual({ in: [value] });
    expect(Object.is(await carried(value), value)).toBe(typeof value !== "object");
  });

  it("null and undefined arrive as null, and a key whose value is undefined not at all [S2.38]", async () => {
    expect(await carried(undefined)).toBeNull();
    expect(await carried([null, undefined])).toStrictEqual([null, null]);
    expect(await carried({ a: null, b: undefined })).toStrictEqual({ a: null });
    expect(await carried(new Map([["b", undefined]]))).toStrictEqual({});
  });

  it("a hole in a list arrives as null and keeps the count [S2.38, S2.41]", async () => {
    const list: unknown[] = [1];
    list[3] = 4;
    expect(await carried(list)).toStrictEqual([1, null, null, 4]);
  });

  it("a pid arrives as the same text and can be used [S2.38]", async () => {
    await simulate(1, async (sim) => {
      const [one, two] = [await sim.probe(), await sim.probe()];
      one.process.send(two.pid, "who", { pids: [one.pid] });
      await sim.untilIdle();
      const { pids } = two.payloads("who")[0] as { pids: string[] };
      expect(pids).toEqual([one.pid]);
      expect(two.process.send(pids[0] as string, "answer")).toBeNull();
    });
  });

  it("an error keeps kind, message, retryable and details, and is a ProcessError again [S2.38]", async () => {
    const given = new ProcessError({
      message: "text",
      kind: errors.CONFLICT,
      retryable: false,
      details: { list: [1], at: new Date(5) },
    });
    const got = (await carried({ error: given })) as { error: ProcessError };
    expect(got.error).toBeInstanceOf(ProcessError);
    expect(got.error).not.toBe(given);
    expect({ ...got.error, message: got.error.message }).toStrictEqual({
      message: "text",
      kind: errors.CONFLICT,
      retryable: false,
      details: { list: [1], at: new Date(5) },
    });
    const plain = (await carried(new ProcessError("plain"))) as ProcessError;
    expect([plain.kind, plain.message, plain.retryable, plain.details]).toEqual([
      errors.UNKNOWN,
      "plain",
      undefined,
      undefined,
    ]);
  });

  it("an Error of any class arrives as INTERNAL with its message and nothing else [S2.56]", async () => {
    class Custom extends Error {
      extra = () => 1;
    }
    for (const given of [
      new Error("text"),
      new TypeError("text"),
      new Custom("text"),
      Object.assign(new Error("text"), { code: 5 }),
    ]) {
      const got = (await carried([given])) as ProcessError[];
      expect(got[0]).toBeInstanceOf(ProcessError);
      expect(refusalOf(got[0])).toEqual({ kind: errors.INTERNAL, message: "text", retryable: undefined });
      expect(Object.keys(got[0] as object)).not.toContain("code");
    }
  });

  it("a Buffer arrives as plain Uint8Array, also a view of a larger one [S2.40, S2.56]", async () => {
    const got = (await carried(Buffer.from("hello").subarray(1, 3))) as Uint8Array;
    expect(Object.getPrototypeOf(got)).toBe(Uint8Array.prototype);
    expect([...got]).toEqual([101, 108]);
    expect(got.buffer.byteLength).toBe(2);
  });

  it("a Map arrives as a plain object, integer keys as decimal text [S2.41]", async () => {
    const got = await carried(
      new Map<unknown, unknown>([
        ["a", new Map([[1, "one"]])],
        [-5, 1],
        [2n ** 53n, 2],
        [0, [new Map()]],
      ]),
    );
    expect(got).toStrictEqual({ a: { 1: "one" }, "-5": 1, "9007199254740992": 2, "0": [{}] });
  });

  it("a bigint stays a bigint, however small [S2.39, S2.56]", async () => {
    expect(await carried({ n: 0n, list: [-1n] })).toStrictEqual({ n: 0n, list: [-1n] });
  });

  it("shared parts stay shared and cycles stay cycles, in lists, maps, Maps and between payloads [S2.42]", async () => {
    const shared = { n: 1 };
    const node: Record<string, unknown> = { shared, list: [shared, shared], map: new Map([["shared", shared]]) };
    node.self = node;
    (node.list as unknown[]).push(node.list);
    const [one, two] = (await carried(node, { shared })) as [Record<string, any>, Record<string, unknown>];
    expect(one).not.toBe(node);
    expect(one.self).toBe(one);
    expect(one.list[0]).toBe(one.shared);
    expect(one.list[1]).toBe(one.shared);
    expect(one.list[2]).toBe(one.list);
    expect(one.map.shared).toBe(one.shared);
    expect(two.shared).toBe(one.shared);
    one.shared.n = 2;
    expect(shared.n).toBe(1);
  });

  it("shared dates, bytes and errors stay one [S2.42]", async () => {
    for (const part of [new Date(1), new Uint8Array([1]), new ProcessError("text")]) {
      const [one, two] = (await carried([part, { part }])) as [unknown, { part: unknown }];
      expect(two.part).toBe(one);
    }
  });

  it("shape holds through the details of an error [S2.38, S2.42]", async () => {
    const shared = { n: 1 };
    const details: Record<string, unknown> = { shared };
    const error = new ProcessError({ message: "text", details });
    details.error = error;
    const got = (await carried({ shared, error })) as { shared: object; error: ProcessError };
    const gotDetails = got.error.details as Record<string, unknown>;
    expect(gotDetails.shared).toBe(got.shared);
    expect(gotDetails.error).toBe(got.error);
  });

  it("shape holds over many objects: 1,000 in a ring, each also in a list [S2.42]", async () => {
    const nodes = Array.from({ length: 1_000 }, (_, i) => ({ i, next: null as unknown }));
    for (const node of nodes) node.next = nodes[(node.i + 1) % 1_000];
    const got = (await carried(nodes)) as typeof nodes;
    expect(got.every((node, i) => node.i === i && node.next === got[(i + 1) % 1_000])).toBe(true);
  });

  it("shape holds at every depth [S2.42, S2.46]", async () => {
    for (let depth = 190; depth <= 210; depth++) {
      const shared = { n: 1 };
      const list = [shared];
      const date = new Date(1);
      const top: { down: unknown; parts?: unknown; top?: unknown } = { down: null };
      let bottom: { down: unknown; parts?: unknown; top?: unknown } = top;
      for (let i = 0; i < depth; i++) {
        const next = { down: null };
        bottom.down = next;
        bottom = next;
      }
      bottom.parts = { one: shared, two: shared, lists: [list, list], dates: [date, date] };
      bottom.top = top;
      const got = (await carried(top)) as typeof top;
      let at = got as Record<string, any>;
      for (let i = 0; i < depth; i++) at = at.down;
      expect(at.top).toBe(got);
      expect(at.parts.two).toBe(at.parts.one);
      expect(at.parts.lists[1]).toBe(at.parts.lists[0]);
      expect(at.parts.lists[0][0]).toBe(at.parts.one);
      expect(at.parts.dates[1]).toBe(at.parts.dates[0]);
    }
  });

  it("of what an object has, only its own enumerable properties with text for a key go [S2.43]", async () => {
    const given = Object.create({ inherited: 1 }, {});
    expect(await refused(given)).toEqual(invalid("payload: instance of Object cannot be sent"));
    const plain: Record<string | symbol, unknown> = { a: 1, [Symbol("s")]: () => 1 };
    Object.defineProperty(plain, "hidden", { value: () => 1, enumerable: false });
    expect(await carried(plain)).toStrictEqual({ a: 1 });
    const bare = Object.assign(Object.create(null), { a: 1 });
    const got = await carried(bare);
    expect(got).toEqual({ a: 1 });
    const list = Object.assign([1], { extra: () => 1 });
    expect(await carried(list)).toStrictEqual([1]);
  });

  it("a getter is read once, as the sender would [S2.43]", async () => {
    let reads = 0;
    const given = {
      seen: 5,
      get a() {
        reads++;
        return [this.seen];
      },
    };
    const got = (await carried(given)) as object;
    expect(got).toStrictEqual({ seen: 5, a: [5] });
    expect(Object.getOwnPropertyDescriptor(got, "a")?.get).toBeUndefined();
    expect(reads).toBe(1);
  });

  it("a getter that throws is INVALID, at its place [S2.43, S2.45]", async () => {
    const given = {
      in: [
        {
          get a() {
            throw new Error("no luck");
          },
        },
      ],
    };
    const refusal = await refused(given);
    expect(refusal.kind).toBe(errors.INVALID);
    expect(refusal.message).toMatch(/^payload\.in\[0\]\.a: .*no luck/);
  });

  it("a getter that sends in turn does not disturb the copy [S2.43]", async () => {
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      const shared = { n: 1 };
      probe.process.send(probe.pid, "outer", {
        first: shared,
        get second() {
          probe.process.send(probe.pid, "inner", { shared });
          return shared;
        },
        third: shared,
      });
      await sim.untilIdle();
      const [outer] = probe.payloads("outer") as [Record<string, unknown>];
      expect(outer).toStrictEqual({ first: { n: 1 }, second: { n: 1 }, third: { n: 1 } });
      expect(outer.second).toBe(outer.first);
      expect(outer.third).toBe(outer.first);
      expect(probe.payloads("inner")).toStrictEqual([{ shared: { n: 1 } }]);
    });
  });

  it("a key such as __proto__ is data and alters no prototype [S2.43]", async () => {
    const given = JSON.parse('{"__proto__": {"polluted": 1}, "constructor": 2, "toString": 3}');
    for (const value of [given, new Map(Object.entries(given))]) {
      const got = (await carried(value)) as Record<string, unknown>;
      expect(Object.getPrototypeOf(got)).toBe(Object.prototype);
      expect(Object.keys(got)).toEqual(["__proto__", "constructor", "toString"]);
      expect(Object.getOwnPropertyDescriptor(got, "__proto__")?.value).toEqual({ polluted: 1 });
      expect((got as { polluted?: number }).polluted).toBeUndefined();
    }
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  it.each([999, 1_000, 1_001, 5_000, 100_000])(
    "%d levels deep arrives whole or is INVALID, at least to 1,000 [S2.46]",
    async (depth) => {
      const nest = (wrap: (inner: unknown) => unknown) => {
        let value: unknown = "core";
        for (let i = 0; i < depth; i++) value = wrap(value);
        return value;
      };
      const open: [(inner: unknown) => unknown, (outer: any) => unknown][] = [
        [(inner) => [inner], (outer) => outer[0]],
        [(inner) => ({ inner }), (outer) => outer.inner],
        [(inner) => new Map([["inner", inner]]), (outer) => outer.inner],
        [(inner) => new ProcessError({ message: "e", details: { inner } }), (outer) => outer.details.inner],
      ];
      for (const [wrap, unwrap] of open) {
        let value: unknown;
        try {
          value = await carried(nest(wrap));
        } catch (cause) {
          expect(depth).toBeGreaterThan(1_000);
          expect(refusalOf(cause).kind).toBe(errors.INVALID);
          continue;
        }
        for (let i = 0; i < depth; i++) value = unwrap(value);
        expect(value).toBe("core");
      }
    },
  );

  it("100,000 levels deep with a function at the bottom is INVALID and ends nothing [S2.44, S2.46]", async () => {
    let value: unknown = () => 1;
    for (let i = 0; i < 100_000; i++) value = [value];
    const refusal = await refused(value);
    expect(refusal.kind).toBe(errors.INVALID);
    expect(refusal.message.endsWith("[0]: function cannot be sent")).toBe(true);
  });
});

describe("data that cannot be sent", () => {
  class Point {
    x = 1;
  }

  it.each<[string, unknown, string]>([
    ["a function", () => 1, "function"],
    ["an async function", async () => 1, "function"],
    ["a class", Point, "function"],
    ["a symbol", Symbol("s"), "symbol"],
    ["a promise", Promise.resolve(1), "promise"],
    ["a class instance", new Point(), "instance of Point"],
    ["a Set", new Set([1]), "instance of Set"],
    ["a WeakMap", new WeakMap(), "instance of WeakMap"],
    ["a RegExp", /a/, "instance of RegExp"],
    ["an ArrayBuffer", new ArrayBuffer(1), "instance of ArrayBuffer"],
    ["an Int8Array", new Int8Array(1), "instance of Int8Array"],
    ["a Float64Array", new Float64Array(1), "instance of Float64Array"],
    ["a Uint8ClampedArray", new Uint8ClampedArray(1), "instance of Uint8ClampedArray"],
    ["a DataView", new DataView(new ArrayBuffer(1)), "instance of DataView"],
    ["a boxed text", new String("s"), "instance of String"],
    ["an actor", createActor("a"), "instance of Actor"],
    ["a bigint beyond 64 bits", 2n ** 63n, "bigint beyond 64 bits"],
    ["a bigint below 64 bits", -(2n ** 63n) - 1n, "bigint beyond 64 bits"],
    ["an object of an object", Object.create({}), "instance of Object"],
  ])("%s is INVALID anywhere, and nothing is sent [S2.39, S2.44, S2.45, S2.56]", async (_what, value, found) => {
    const what = `${found} cannot be sent`;
    expect(await refused(value)).toEqual(invalid(`payload: ${what}`));
    expect(await refused([1, value])).toEqual(invalid(`payload[1]: ${what}`));
    expect(await refused({ a: { "b c": [value] } })).toEqual(invalid(`payload.a["b c"][0]: ${what}`));
    expect(await refused(new Map([["callback", [0, 1, value]]]))).toEqual(invalid(`payload.callback[2]: ${what}`));
    expect(await refused("first", { a: value })).toEqual(invalid(`payload[1].a: ${what}`));
    const error = new ProcessError({ message: "text", details: { a: value } });
    expect(await refused({ error })).toEqual(invalid(`payload.error.details.a: ${what}`));
  });

  it("a channel and the process object are such values [S2.44]", async () => {
    await simulate(1, async (sim) => {
      const probe = await sim.probe();
      const { process } = probe;
      for (const value of [process.channel(), process.inbox(), process, process.withContext({})]) {
        const refusal = refusalOf(process.send(probe.pid, "topic", { value }));
        expect(refusal.kind).toBe(errors.INVALID);
        expect(refusal.message).toMatch(/^payload\.value: .* cannot be sent$/);
      }
    });
  });

  it.each<[string, unknown]>([
    ["a fraction", 0.5],
    ["NaN", Number.NaN],
    ["a number beyond the safe integers", 2 ** 53],
    ["a boolean", true],
    ["null", null],
    ["an object", {}],
    ["a symbol", Symbol("s")],
  ])("a Map with %s for a key is INVALID [S2.44]", async (_what, key) => {
    const refusal = await refused({ map: new Map([[key, 1]]) });
    expect(refusal.kind).toBe(errors.INVALID);
    expect(refusal.message).toMatch(/^payload\.map: map key .* cannot be sent$/);
  });

  it('a map with both 1 and "1", or with a key that is not UTF-8, is INVALID [S2.57]', async () => {
    const both = new Map<unknown, unknown>([
      [1, "a"],
      ["1", "b"],
    ]);
    expect((await refused({ both })).message).toMatch(/^payload\.both: /);
    for (const map of [{ "\ud800": 1 }, new Map([["\udc00", 1]])]) {
      const refusal = await refused({ map });
      expect(refusal.kind).toBe(errors.INVALID);
      expect(refusal.message).toMatch(/^payload\.map: /);
    }
  });

  it("is named by its root: argument, result, context, state, payload [S2.45, S3.15]", async () => {
    const bad = { deep: [() => 1] };
    await simulate(1, async (sim: Simulation) => {
      sim.define("app:child", async () => bad);
      sim.define("app:upgrading", async (process: Process) => process.upgrade("app:child", 1, bad));
      const seen = await sim.exec(async (process: Process) => {
        const ends = [
          rejectionOf(process.spawn("app:child", sim.host, 0, bad)),
          rejectionOf(process.exec("app:child", sim.host, bad)),
          rejectionOf(process.exec("app:child", sim.host)),
          rejectionOf(process.exec("app:upgrading", sim.host)),
        ];
        const texts = [
          thrownBy(() => process.withContext({ key: bad })),
          thrownBy(() => process.withContext({}).withContext({ key: bad })),
          thrownBy(() => process.withContext({}).withMessage("topic", bad)),
          thrownBy(() => process.withContext({}).withMessage("topic", 1, bad)),
          ...(await Promise.all(ends)),
        ];
        return texts.map(({ kind, message }) => `${kind} ${message}`);
      });
      expect(seen).toEqual([
        "Invalid context.key.deep[0]: function cannot be sent",
        "Invalid context.key.deep[0]: function cannot be sent",
        "Invalid payload.deep[0]: function cannot be sent",
        "Invalid payload[1].deep[0]: function cannot be sent",
        "Invalid argument[1].deep[0]: function cannot be sent",
        "Invalid argument[0].deep[0]: function cannot be sent",
        "Invalid result.deep[0]: function cannot be sent",
        "Invalid upgrade: state[1].deep[0]: function cannot be sent",
      ]);
    });
  });
});
