/** Tests of shapes.ts: a function made for a shape copies as the loops do, whatever the object does. */
import { execFileSync } from "node:child_process";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { copyPayload } from "./payload.ts";
import { makeShapesWith } from "./shapes.ts";

/** More often than a shape has to come. */
const OFTEN = 20;

let bodies: string[] = [];

const countingBodies = (body: string) => {
  bodies.push(body);
  return new Function(body)();
};

beforeEach(() => {
  bodies = [];
  makeShapesWith(countingBodies);
});
afterEach(() => makeShapesWith(null));

const copyOf = (value: unknown) => copyPayload(value, "payload");

/** Copies what `make` makes until there is a function for its shape, and once more. */
function copyOften(make: () => unknown): unknown {
  for (let i = 0; i < OFTEN; i++) copyOf(make());
  return copyOf(make());
}

function refusalOf(value: unknown): string {
  try {
    copyOf(value);
  } catch (cause) {
    return (cause as Error).message;
  }
  throw new Error("it was copied");
}

describe("an object whose shape has come often", () => {
  it("is copied by a function made for it once", () => {
    const order = () => ({ id: 1, kind: "order", lines: [{ sku: "a", count: 2 }], meta: { ok: true, note: null } });
    expect(copyOf(order())).toEqual(order());
    expect(bodies).toEqual([]);
    expect(copyOften(order)).toEqual(order());
    expect(copyOften(order)).toEqual(order());
    expect(bodies.length).toBe(3);
  });

  it.each([
    ["quote\"'`\\$", 1],
    ["\u2028\n", 1],
    ["7", "an index"],
    ["", "empty"],
    ["__proto_", 1],
    ["a-b", 1],
    ["): {}; throw 1; //", 1],
  ])("may have any key: %j", (key, value) => {
    const made = copyOften(() => ({ a: 1, [key]: value }));
    expect(made).toEqual({ a: 1, [key]: value });
    expect(bodies.length).toBe(1);
  });

  it.each(["constructor", "toString", "__proto__"])("may have a key that every object inherits: %s", (key) => {
    const text = `{"a":1,"${key}":2}`;
    expect(JSON.stringify(copyOften(() => JSON.parse(text)))).toBe(text);
    expect(bodies).toEqual([]);
  });

  it("is read as it is, also when a getter removes what comes later", () => {
    for (const key of ["later", "toString"]) {
      copyOften(() => ({ a: 1, [key]: 2 }));
      const make = () => ({
        get a() {
          delete (this as Record<string, unknown>)[key];
          return 1;
        },
        [key]: 2,
      });
      expect(Object.keys(copyOf(make()) as object)).toEqual(["a"]);
    }
  });

  it("keeps __proto__ as data, and a prototype that is not asked for is none of it [S2.43]", () => {
    const text = '{"a":1,"__proto__":{"polluted":true}}';
    const copy = copyOften(() => JSON.parse(text));
    expect(JSON.stringify(copy)).toBe(text);
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
    const bare = copyOften(() => Object.assign(Object.create(null), { b: 1 }));
    expect(Object.getPrototypeOf(bare)).toBe(Object.prototype);
  });

  it("does not carry over what somebody has added to the prototype of all objects", () => {
    copyOften(() => ({ a: 1, added: 2 }));
    const prototype = Object.prototype as Record<string, unknown>;
    prototype.added = "by somebody";
    try {
      expect(Object.keys(copyOften(() => ({ a: 1 })) as object)).toEqual(["a"]);
      expect(Object.hasOwn(copyOf({ a: 1 }) as object, "added")).toBe(false);
    } finally {
      delete prototype.added;
    }
    expect(copyOf({ a: 1, added: 2 })).toEqual({ a: 1, added: 2 });
  });

  it("leaves symbols, properties that are not enumerable, and undefined ones behind [S2.43]", () => {
    const make = () => {
      const value = { a: 1, gap: undefined, b: { gap: undefined, c: 2 }, [Symbol("s")]: 1 };
      return Object.defineProperty(value, "hidden", { value: 1, enumerable: false });
    };
    copyOften(() => ({ a: 1, gap: undefined, b: { gap: undefined, c: 2 }, hidden: 3 }));
    const copy = copyOften(make) as object;
    expect(Reflect.ownKeys(copy)).toEqual(["a", "b"]);
    expect(copy).toEqual({ a: 1, b: { c: 2 } });
  });

  it("keeps cycles and shared parts, also where a property is undefined [S2.42]", () => {
    const make = () => {
      const shared = { n: 1, gap: undefined };
      const value: Record<string, unknown> = { gap: undefined, left: shared, right: shared, list: [shared] };
      value.self = value;
      return value;
    };
    const copy = copyOften(make) as Record<string, any>;
    expect(Object.keys(copy)).toEqual(["left", "right", "list", "self"]);
    expect(copy.self).toBe(copy);
    expect(copy.left).toBe(copy.right);
    expect(copy.list[0]).toBe(copy.left);
    expect(copy.left).toEqual({ n: 1 });
  });

  it("is refused where the loops refuse it, with the same words [S2.44, S2.45]", () => {
    class Order {
      a = 1;
    }
    const bad = [new Order(), { a: () => {} }, { a: Symbol("s") }, { a: 2n ** 63n }, { a: new Set() }];
    const before = bad.map(refusalOf);
    copyOften(() => ({ a: 1 }));
    expect(bodies.length).toBe(1);
    expect(bad.map(refusalOf)).toEqual(before);
    expect(copyOf({ a: 2n ** 63n - 1n })).toEqual({ a: 2n ** 63n - 1n });
  });

  it("is not read at all when it is no plain object, though it has the same keys", () => {
    copyOften(() => ({ a: 1, b: 2 }));
    const asked: string[] = [];
    const read = (key: string) => ({ get: () => asked.push(key), enumerable: true });
    const alike = Object.create(class Order {}.prototype, { a: read("a"), b: read("b") });
    expect(refusalOf(alike)).toBe("payload: instance of Order cannot be sent");
    // Nor is what could have a key for each of very many things.
    const ownKeys = (bytes: Uint8Array) => {
      asked.push("keys");
      return Reflect.ownKeys(bytes);
    };
    refusalOf(new Proxy(new Uint8Array(2), { ownKeys }));
    expect(asked).toEqual([]);
    expect(copyOf(Object.assign(Object.create(null), { a: 3, b: 4 }))).toEqual({ a: 3, b: 4 });
  });

  it("has its getters asked once each, in order, before its parts are copied", () => {
    const asked: string[] = [];
    const make = () => ({
      get a() {
        asked.push("a");
        return { n: 1 };
      },
      get b() {
        asked.push("b");
        return [1];
      },
    });
    copyOften(make);
    asked.length = 0;
    expect(copyOf(make())).toEqual({ a: { n: 1 }, b: [1] });
    expect(asked).toEqual(["a", "b"]);
  });

  it("may be a proxy that sends the like of itself while it is asked for its keys", () => {
    const make = (key: string, left: number): object =>
      new Proxy(
        { [key]: left },
        {
          ownKeys: (target) => {
            if (left > 0) copyOf(make(key, left - 1));
            return Reflect.ownKeys(target);
          },
        },
      );
    // Whichever of the questions it is at which the function comes about.
    for (let before = 0; before < OFTEN; before++) {
      const key = `only${before}`;
      for (let i = 0; i < before; i++) copyOf({ [key]: 1 });
      for (let i = 0; i < OFTEN; i++) expect(copyOf(make(key, 1))).toEqual({ [key]: 1 });
      expect(copyOf({ [key]: 1, more: 2 })).toEqual({ [key]: 1, more: 2 });
      expect(bodies.length).toBe(before + 1);
    }
  });

  it("is told from those with the same first key, with more keys and with fewer", () => {
    const makers = [{ id: 1 }, { id: 1, a: 2 }, { id: 1, a: 2, b: 3 }, { id: 1, b: 3, a: 2 }, { a: 2, id: 1 }];
    for (let round = 0; round < OFTEN; round++) {
      for (const value of makers) expect(JSON.stringify(copyOf({ ...value }))).toBe(JSON.stringify(value));
    }
    expect(bodies.length).toBe(makers.length);
  });
});

describe("ever new shapes", () => {
  it("get no function, and make nobody lose his for long", () => {
    const known = () => ({ id: 1, ok: true });
    copyOften(known);
    for (let i = 0; i < 10_000; i++) copyOf({ [`k${i}`]: i, id: i });
    expect(bodies.length).toBe(1);
    copyOften(known);
    expect(bodies.length).toBe(1);
  });

  it("that each come often push out what is remembered, and all are still copied", () => {
    for (let i = 0; i < 400; i++) {
      expect(copyOften(() => ({ [`k${i}`]: i, id: i }))).toEqual({ [`k${i}`]: i, id: i });
    }
    for (let i = 0; i < 40; i++)
      expect(copyOften(() => ({ same: 1, [`k${i}`]: i }))).toEqual({ same: 1, [`k${i}`]: i });
    expect(bodies.length).toBe(440);
  });

  it("get none when they have long keys, of which nothing is kept", () => {
    const long = "x".repeat(513);
    for (const make of [() => ({ [long]: 1 }), () => ({ a: 1, [long]: 1 })]) {
      expect(copyOften(make)).toEqual(make());
    }
    const short = () => ({ a: 1, [long.slice(2)]: 1 });
    expect(copyOften(short)).toEqual(short());
    expect(bodies.length).toBe(1);
  });

  it("get none when they have very many keys", () => {
    const wide = Object.fromEntries(Array.from({ length: 33 }, (_, i) => [`k${i}`, i]));
    expect(copyOften(() => ({ ...wide }))).toEqual(wide);
    expect(bodies).toEqual([]);
  });
});

describe("where no code may be made of text", () => {
  it("objects are copied all the same", () => {
    const program = `
      import { createRuntime } from "beamish";
      const runtime = await createRuntime({ processes: { "app:main": async (process) => {
        const inbox = process.inbox();
        for (let i = 0; i < 50; i++) {
          process.send(process.pid(), "self", { i, parts: [{ a: 1 }] });
          const { payload } = await inbox.receive();
          if (payload.i !== i || payload.parts[0].a !== 1) throw new Error("changed");
        }
        return "copied";
      } }, hosts: { "app:host": {} } });
      console.log(await runtime.exec("app:main", "app:host"));
      await runtime.stop();`;
    const options = ["--disallow-code-generation-from-strings", "--input-type=module", "--eval", program];
    expect(execFileSync(process.execPath, options, { encoding: "utf8" })).toBe("copied\n");
  });
});
