/** Tests of payload.ts: what may be sent, that the copy shares nothing with the original, and the place an error names. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { errors, ProcessError } from "./errors.ts";
import { copyPayload } from "./payload.ts";

function refusal(value: unknown, root = "payload"): string {
  try {
    copyPayload(value, root);
  } catch (error) {
    expect(error).toBeInstanceOf(ProcessError);
    expect((error as ProcessError).kind).toBe(errors.INVALID);
    return (error as ProcessError).message;
  }
  throw new Error("it was copied");
}

/** Whether two values share an object. */
function sharesObject(a: unknown, b: unknown): boolean {
  const seen = new Set<unknown>();
  const walk = (value: unknown, visit: (one: object) => void) => {
    if (typeof value !== "object" || value === null) return;
    visit(value);
    for (const part of Object.values(value)) walk(part, visit);
  };
  walk(a, (one) => seen.add(one));
  let shared = false;
  walk(b, (one) => {
    shared ||= seen.has(one);
  });
  return shared;
}

const data = fc.letrec((tie) => ({
  value: fc.oneof(
    { depthSize: "small" },
    fc.constantFrom(null, true, false),
    fc.string(),
    fc.integer(),
    fc.double({ noNaN: true }),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }),
    fc.date({ noInvalidDate: true }),
    fc.uint8Array({ maxLength: 8 }),
    fc.array(tie("value"), { maxLength: 5 }),
    fc.dictionary(fc.string(), tie("value"), { maxKeys: 5 }),
  ),
})).value;

describe("copyPayload", () => {
  it("makes an equal copy that shares nothing [S2.37, S2.38, S2.39, S2.40]", () => {
    fc.assert(
      fc.property(data, (value) => {
        const copy = copyPayload(value, "payload");
        expect(copy).toStrictEqual(toPlain(value));
        expect(sharesObject(value, copy)).toBe(false);
      }),
      { numRuns: 500 },
    );
  });

  it("carries NaN, the infinities and -0, and turns undefined into null [S2.38, S2.39]", () => {
    expect(copyPayload([Number.NaN, Infinity, -Infinity, -0, undefined], "payload")).toStrictEqual([
      Number.NaN,
      Infinity,
      -Infinity,
      -0,
      null,
    ]);
    expect(copyPayload(undefined, "payload")).toBeNull();
    expect(copyPayload({ a: undefined, b: null }, "payload")).toStrictEqual({ b: null });
  });

  it("makes maps of plain objects, null prototypes and Maps [S2.41]", () => {
    const bare = Object.assign(Object.create(null), { a: 1 });
    expect(copyPayload(bare, "payload")).toStrictEqual({ a: 1 });
    const map = new Map<unknown, unknown>([
      ["a", 1],
      [2, { b: 3 }],
      [5n, [new Map([["c", 4]])]],
    ]);
    expect(copyPayload(map, "payload")).toStrictEqual({ a: 1, "2": { b: 3 }, "5": [{ c: 4 }] });
  });

  it("keeps cycles and shared parts [S2.42]", () => {
    for (const width of [1, 5, 50]) {
      const shared = { n: 1 };
      const root: Record<string, unknown> = { list: new Array(width).fill(shared), map: new Map([["k", shared]]) };
      root.self = root;
      root.many = Array.from({ length: width }, (_, i) => ({ i, root }));
      const copy = copyPayload(root, "payload") as typeof root;
      expect(copy.self).toBe(copy);
      const list = copy.list as unknown[];
      expect(new Set(list).size).toBe(1);
      expect((copy.map as { k: unknown }).k).toBe(list[0]);
      expect((copy.many as { root: unknown }[]).every((one) => one.root === copy)).toBe(true);
      expect(list[0]).not.toBe(shared);
    }
  });

  it("carries own enumerable string keys only, and runs a getter once [S2.43]", () => {
    let reads = 0;
    const value = {
      get once() {
        reads++;
        return { deep: true };
      },
      [Symbol("hidden")]: () => {},
    };
    Object.defineProperty(value, "secret", { value: () => {}, enumerable: false });
    expect(copyPayload(value, "payload")).toStrictEqual({ once: { deep: true } });
    expect(reads).toBe(1);
  });

  it("reports a getter that throws, and copies for one that sends in turn [S2.43]", () => {
    const broken = {
      a: {
        get b() {
          throw new Error("oh no");
        },
      },
    };
    expect(refusal(broken)).toBe("payload.a.b: getter failed: oh no");
    const inner = { list: [1, { two: 2 }] };
    const nested = {
      first: { x: 1 },
      get second() {
        return copyPayload(inner, "payload");
      },
      third: { y: 1 },
    };
    expect(copyPayload(nested, "payload")).toStrictEqual({ first: { x: 1 }, second: inner, third: { y: 1 } });
  });

  it("takes __proto__ as plain data [S2.43]", () => {
    const copy = copyPayload(JSON.parse('{"__proto__": {"admin": true}, "a": 1}'), "payload") as Record<
      string,
      unknown
    >;
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
    expect(Object.keys(copy)).toEqual(["__proto__", "a"]);
    expect(copy.admin).toBeUndefined();
    const fromMap = copyPayload(new Map([["__proto__", { admin: true }]]), "payload") as Record<string, unknown>;
    expect(fromMap.admin).toBeUndefined();
  });

  class Custom {
    x = 1;
  }

  it.each([
    [() => {}, "payload: function cannot be sent"],
    [Symbol("s"), "payload: symbol cannot be sent"],
    [{ callback: [0, 1, () => {}] }, "payload.callback[2]: function cannot be sent"],
    [{ "odd key": { deep: [[Symbol("s")]] } }, 'payload["odd key"].deep[0][0]: symbol cannot be sent'],
    [[Promise.resolve(1)], "payload[0]: promise cannot be sent"],
    [{ a: new Custom() }, "payload.a: instance of Custom cannot be sent"],
    [{ a: new Set([1]) }, "payload.a: instance of Set cannot be sent"],
    [{ a: /x/ }, "payload.a: instance of RegExp cannot be sent"],
    [{ a: new Float64Array(1) }, "payload.a: instance of Float64Array cannot be sent"],
    [{ a: new ArrayBuffer(1) }, "payload.a: instance of ArrayBuffer cannot be sent"],
    [{ a: 2n ** 63n }, "payload.a: bigint beyond 64 bits cannot be sent"],
    [-(2n ** 63n) - 1n, "payload: bigint beyond 64 bits cannot be sent"],
    [new Map([[{}, 1]]), "payload: map key instance of Object cannot be sent"],
    [new Map([[1.5, 1]]), "payload: map key 1.5 cannot be sent"],
    [
      new Map<unknown, unknown>([
        [1, "a"],
        ["1", "b"],
      ]),
      "payload: map key 1 stands twice, as a number and as a string",
    ],
    [{ "\ud800": 1 }, "payload: a key that is not UTF-8 cannot be sent"],
    [new Map([["k", { f() {} }]]), "payload.k.f: function cannot be sent"],
    [new ProcessError({ message: "m", details: { f() {} } }), "payload.details.f: function cannot be sent"],
  ])("refuses what cannot be sent, naming the place: %# [S2.44, S2.45, S2.56, S2.57]", (value, text) => {
    expect(refusal(value)).toBe(text);
  });

  it("says where by the root it is given [S2.45]", () => {
    expect(refusal([1, { f() {} }], "argument")).toBe("argument[1].f: function cannot be sent");
    expect(refusal({ f() {} }, "result")).toBe("result.f: function cannot be sent");
  });

  it.each([1_000, 100_000])("carries %i levels of nesting, also of cycles and errors below [S2.46]", (levels) => {
    let value: unknown = { bottom: true };
    for (let i = 0; i < levels; i++) value = i % 2 === 0 ? [value] : { next: value };
    let copy = copyPayload(value, "payload");
    for (let i = levels - 1; i >= 0; i--)
      copy = i % 2 === 0 ? (copy as unknown[])[0] : (copy as { next: unknown }).next;
    expect(copy).toStrictEqual({ bottom: true });
    let bad: unknown = () => {};
    for (let i = 0; i < levels; i++) bad = [bad];
    expect(refusal(bad)).toMatch(/^payload\[0\]\[0\].*: function cannot be sent$/);
  });

  it("keeps the order of keys where it had to put parts off [S2.42, S2.46]", () => {
    let value: Record<string, unknown> = {};
    for (let i = 0; i < 500; i++) value = { first: 1, next: value, last: 2 };
    let copy = copyPayload(value, "payload") as Record<string, unknown>;
    for (let i = 0; i < 500; i++) {
      expect(Object.keys(copy)).toEqual(["first", "next", "last"]);
      copy = copy.next as Record<string, unknown>;
    }
  });

  it("turns a Buffer into bytes of its own, and errors into ProcessErrors [S2.38, S2.56, S12.3]", () => {
    const buffer = Buffer.from("abc");
    const copy = copyPayload(buffer, "payload") as Uint8Array;
    expect(Object.getPrototypeOf(copy)).toBe(Uint8Array.prototype);
    buffer[0] = 0;
    expect([...copy]).toEqual([97, 98, 99]);
    const given = new ProcessError({ message: "m", kind: errors.TIMEOUT, retryable: true, details: { a: [1] } });
    const error = copyPayload({ e: given }, "payload") as { e: ProcessError };
    expect(error.e).toBeInstanceOf(ProcessError);
    expect([error.e.kind, error.e.message, error.e.retryable, error.e.details]).toEqual([
      "Timeout",
      "m",
      true,
      { a: [1] },
    ]);
    const plain = copyPayload(new TypeError("t"), "payload") as ProcessError;
    expect([plain.kind, plain.message]).toEqual([errors.INTERNAL, "t"]);
  });

  it("is not disturbed by what a failed copy left behind [S2.44]", () => {
    const shared = { s: 1 };
    expect(() => copyPayload([shared, shared, () => {}], "payload")).toThrow();
    const copy = copyPayload([shared, { shared }], "payload") as [unknown, { shared: unknown }];
    expect(copy[0]).toBe(copy[1].shared);
    expect(copy[0]).not.toBe(shared);
  });
});

describe("what is on the way of a quick copy", () => {
  it("a getter under a symbol is not asked [S2.43]", () => {
    let asked = 0;
    const value = {
      a: 1,
      get [Symbol("s")]() {
        asked++;
        throw new Error("asked");
      },
    };
    expect(copyPayload([value, Object.assign(JSON.parse('{"__proto__":2}'), { [Symbol("t")]: 1 })], "payload")).toEqual(
      [{ a: 1 }, JSON.parse('{"__proto__":2}')],
    );
    expect(asked).toBe(0);
  });

  it("what somebody has added to all objects is no part of them [S2.43]", () => {
    Object.defineProperty(Object.prototype, "added", {
      value: () => {},
      enumerable: true,
      configurable: true,
      writable: true,
    });
    try {
      expect(Object.entries(copyPayload({ a: { b: 1 } }, "payload") as object)).toHaveLength(1);
    } finally {
      delete (Object.prototype as { added?: unknown }).added;
    }
  });

  it("an array has no say in what it is copied to [S2.37, S2.43]", () => {
    const shared: unknown[] = [];
    const kept = {
      [Symbol.species]: function kept() {
        return shared;
      },
    };
    class Stuttering extends Array<number> {
      override *[Symbol.iterator](): ArrayIterator<number> {
        yield 7;
      }
    }
    for (const value of [
      Object.assign([1, 2], { constructor: kept }),
      Object.assign([1, 2], { slice: () => shared }),
      Stuttering.of(1, 2),
    ]) {
      expect(copyPayload(value, "payload")).toEqual([1, 2]);
    }
    expect(shared).toEqual([]);
  });
});

/** What a value looks like at its receiver. */
function toPlain(value: unknown): unknown {
  if (value instanceof Date || value instanceof Uint8Array || typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(toPlain);
  const plain: Record<string, unknown> = {};
  for (const [key, part] of Object.entries(value)) {
    Object.defineProperty(plain, key, { value: toPlain(part), enumerable: true, configurable: true, writable: true });
  }
  return plain;
}
