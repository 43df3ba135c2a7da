/** Copies of random graphs: any shape of shared parts and cycles comes out the same, and a bad part is always found. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { SeededRandom } from "../testing/index.ts";
import { ProcessError } from "./errors.ts";
import { copyPayload } from "./payload.ts";
import { makeShapesWith } from "./shapes.ts";

type Node = Record<string, unknown> | unknown[] | Map<string, unknown>;

/** Some lists, objects and Maps with edges to one another at random, all reachable from the first. */
function graph(random: SeededRandom, count: number): Node[] {
  const nodes = Array.from({ length: count }, (): Node => {
    const kind = random.below(5);
    return kind === 0 ? new Map() : kind < 3 ? [] : {};
  });
  const edge = (from: Node, to: unknown) => {
    if (Array.isArray(from)) from.push(to);
    else if (from instanceof Map) from.set(`k${from.size}`, to);
    else from[`k${Object.keys(from).length}`] = to;
  };
  for (let i = 1; i < count; i++) edge(nodes[random.below(i)] as Node, nodes[i]);
  for (let i = random.below(count * 2); i > 0; i--) {
    edge(random.pick(nodes), random.once(2) ? random.pick(nodes) : random.below(100));
  }
  return nodes;
}

function partsOf(node: object): [string, unknown][] {
  return node instanceof Map ? [...node] : Object.entries(node);
}

/** Walks both graphs side by side: the same parts under the same keys, and one copy for each original. */
function expectSameShape(original: object, copy: unknown, say: string): void {
  const copies = new Map<object, unknown>();
  const originals = new Map<unknown, object>();
  const open: [object, unknown][] = [[original, copy]];
  for (let pair = open.pop(); pair !== undefined; pair = open.pop()) {
    const [from, to] = pair;
    if (copies.has(from) || originals.has(to)) {
      expect(copies.get(from) === to && originals.get(to) === from, `${say}: a shared part`).toBe(true);
      continue;
    }
    copies.set(from, to);
    originals.set(to, from);
    expect(Array.isArray(to), say).toBe(Array.isArray(from));
    const parts = partsOf(from);
    const copied = partsOf(to as object);
    expect(
      copied.map(([key]) => key),
      say,
    ).toEqual(parts.map(([key]) => key));
    for (const [at, [, part]] of parts.entries()) {
      const other = copied[at]?.[1];
      if (typeof part === "object" && part !== null) open.push([part, other]);
      else expect(other, say).toBe(part);
    }
  }
  for (const node of copies.keys()) expect(originals.has(node), `${say}: shared with the original`).toBe(false);
}

/** The value at a place such as `payload.k0[2].k1`; the place is read the way a person would. */
function at(root: unknown, place: string): unknown {
  let value = root;
  for (const [, name, index] of place.slice("payload".length).matchAll(/\.(\w+)|\[(\d+)\]/g)) {
    const key = (name ?? index) as string;
    value = value instanceof Map ? value.get(key) : (value as Record<string, unknown>)[key];
  }
  return value;
}

describe.each([
  ["by loops", 1, 1_000],
  ["by functions made for the shapes of its objects", 20, 250],
])("the copy of a random graph, %s,", (_how, times, seeds) => {
  beforeAll(() => makeShapesWith(times > 1 ? (body) => new Function(body)() : null));
  afterAll(() => makeShapesWith(null));

  /** The last of as many copies as it takes until there are functions. */
  function copyOf(value: unknown): unknown {
    for (let i = 1; i < times; i++) copyPayload(value, "payload");
    return copyPayload(value, "payload");
  }

  it("has its shape, and shares nothing with it [S2.37, S2.42]", () => {
    for (let seed = 1; seed <= seeds; seed++) {
      const random = new SeededRandom(seed);
      // Around 8 objects, where the copying pass changes its way of finding those it has met.
      const [root] = graph(random, 1 + random.below(seed % 2 === 0 ? 12 : 60)) as [Node];
      expectSameShape(root, copyOf(root), `seed ${seed}`);
    }
  });

  it("has it also where the graph is one long path with ways back [S2.42, S2.46]", () => {
    for (const length of [150, 199, 200, 201, 202, 400, 1_000, 5_000]) {
      const nodes = Array.from({ length }, (): Record<string, unknown> => ({}));
      for (const [i, node] of nodes.entries()) {
        node.next = nodes[i + 1] ?? null;
        node.back = nodes[Math.floor(i / 2)];
        node.near = nodes[Math.min(i + 3, length - 1)];
      }
      const [root] = nodes as [Record<string, unknown>];
      const copy = copyOf(root) as Record<string, unknown>;
      let [from, to] = [root, copy];
      const copies = new Map<unknown, unknown>([[from, to]]);
      for (let i = 1; i < length; i++) {
        [from, to] = [from.next as typeof from, to.next as typeof to];
        copies.set(from, to);
      }
      expect(copies.size).toBe(length);
      for (const node of nodes) {
        const mine = copies.get(node) as Record<string, unknown>;
        expect(Object.keys(mine)).toEqual(["next", "back", "near"]);
        expect(mine.back === copies.get(node.back) && mine.near === copies.get(node.near)).toBe(true);
      }
    }
  });

  it("is refused for one bad part anywhere, at a place that leads to it [S2.44, S2.45]", () => {
    const bad = [() => {}, Symbol("s"), new Set(), 2n ** 63n, new WeakMap()];
    for (let seed = 1; seed <= seeds / 2; seed++) {
      const random = new SeededRandom(seed);
      const nodes = graph(random, 1 + random.below(30));
      copyOf(nodes[0]);
      const part = random.pick(bad);
      const owner = random.pick(nodes);
      if (Array.isArray(owner)) owner.push(part);
      else if (owner instanceof Map) owner.set("bad", part);
      else owner.bad = part;
      let text = "";
      try {
        copyPayload(nodes[0], "payload");
      } catch (cause) {
        text = (cause as Error).message;
      }
      expect(text, `seed ${seed}`).toMatch(/^payload.+: .+ cannot be sent$/);
      expect(at(nodes[0], text.slice(0, text.indexOf(":"))), `seed ${seed}`).toBe(part);
    }
  });
});

function boom(): never {
  throw new Error("boom");
}

/** Refuses whatever is asked of it. */
function hostileProxy(): object {
  return new Proxy({}, new Proxy({}, { get: () => boom }));
}

function revoked(): object {
  const { proxy, revoke } = Proxy.revocable({}, {});
  revoke();
  return proxy;
}

describe("data that fights back", () => {
  it("is copied as it was read, when its getters change it or copy in turn [S2.43]", () => {
    for (let depth = 1; depth <= 5; depth++) {
      let reads = 0;
      const make = (left: number): object => ({
        get inner() {
          reads++;
          return left === 0 ? "bottom" : copyPayload(make(left - 1), "payload");
        },
        after: { left },
      });
      let copy = copyPayload(make(depth), "payload") as { inner: unknown; after: { left: number } };
      expect(reads).toBe(depth + 1);
      for (let left = depth; left > 0; left--) {
        expect(copy.after).toEqual({ left });
        copy = copy.inner as typeof copy;
      }
      expect(copy).toEqual({ inner: "bottom", after: { left: 0 } });
    }
  });

  it("is INVALID when a getter throws anything at all, and the next copy is not disturbed [S2.43]", () => {
    for (const thrown of [new Error("no"), "no", undefined, null, { toString: () => "no" }]) {
      const value = {
        before: [1],
        get inner() {
          throw thrown;
        },
      };
      let refusal: unknown;
      try {
        copyPayload(value, "payload");
      } catch (cause) {
        refusal = cause;
      }
      expect(refusal).toMatchObject({ kind: "Invalid" });
      expect((refusal as Error).message).toMatch(/^payload\.inner: /);
      expect(copyPayload({ a: [1], b: { c: 2 } }, "payload")).toEqual({ a: [1], b: { c: 2 } });
    }
  });

  it.each<[string, () => unknown]>([
    ["an element that throws", () => Object.defineProperty([1], 0, { get: boom, enumerable: true })],
    [
      "a getter that throws what has no text",
      () => ({
        get a() {
          throw Object.create(null);
        },
      }),
    ],
    ["an error whose message throws", () => Object.defineProperty(new Error(), "message", { get: boom })],
    ["a proxy that throws at every touch", () => hostileProxy()],
    ["a proxy that throws, deep inside", () => ({ a: [new Map([["b", hostileProxy()]])] })],
    ["a revoked proxy", () => ({ a: revoked() })],
    [
      "an instance whose constructor throws",
      () => Object.create(Object.defineProperty({}, "constructor", { get: boom })),
    ],
    ["a function whose name is none", () => Object.assign(() => {}, { toString: boom })],
  ])("is INVALID and nothing worse: %s [S2.43, S2.44]", (_title, make) => {
    const value = make();
    let refusal: unknown;
    try {
      copyPayload(value, "payload");
    } catch (cause) {
      refusal = cause;
    }
    expect(refusal).toBeInstanceOf(ProcessError);
    expect(refusal).toMatchObject({ kind: "Invalid" });
    expect((refusal as Error).message).toMatch(/^payload/);
    expect(copyPayload({ a: [1] }, "payload")).toEqual({ a: [1] });
  });

  it("keeps __proto__ as data, from objects and Maps alike [S2.43]", () => {
    const fromText = JSON.parse('{"__proto__": {"polluted": true}, "constructor": 1, "toString": 2}');
    for (const value of [fromText, new Map(Object.entries(fromText))]) {
      const copy = copyPayload(value, "payload") as Record<string, unknown>;
      expect(Object.getPrototypeOf(copy)).toBe(Object.prototype);
      expect(Object.keys(copy)).toEqual(["__proto__", "constructor", "toString"]);
      expect(copy.polluted).toBe(undefined);
    }
    expect(({} as Record<string, unknown>).polluted).toBe(undefined);
  });
});
