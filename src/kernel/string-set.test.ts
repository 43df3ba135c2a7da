/** The set of strings that is usually empty: it behaves as a Set does, whatever it is made of. */
import { describe, expect, it } from "vitest";
import { SeededRandom } from "../testing/index.ts";
import { added, includes, members, removed, type StringSet } from "./string-set.ts";

describe("a string set", () => {
  it("is nothing while it has no member, and the member itself while it has one", () => {
    expect(added(null, "a")).toBe("a");
    expect(added("a", "a")).toBe("a");
    expect(removed("a", "a")).toBe(null);
    expect(removed(removed(added(added(null, "a"), "b"), "a"), "b")).toBe(null);
    expect([...members(null)]).toEqual([]);
    expect(includes(null, "a")).toBe(false);
  });

  it("does what a Set does, in random programs", () => {
    for (let seed = 1; seed <= 220; seed++) {
      const random = new SeededRandom(seed);
      const kinds = seed <= 200 ? 4 : 600;
      const expected = new Set<string>();
      let actual: StringSet = null;
      for (let i = 0; i < kinds * 10; i++) {
        const member = `m${random.below(kinds)}`;
        if (random.once(2)) {
          expected.add(member);
          actual = added(actual, member);
        } else {
          expected.delete(member);
          actual = removed(actual, member);
        }
        if (kinds === 4) expect([...members(actual)], `seed ${seed}`).toEqual([...expected]);
        expect(includes(actual, member), `seed ${seed}`).toBe(expected.has(member));
      }
      expect([...members(actual)], `seed ${seed}`).toEqual([...expected]);
    }
  });

  it("takes members out from the front for as long as new ones come, and forgets them", () => {
    let set: StringSet = null;
    for (let i = 0; i < 1_000; i++) {
      set = added(set, `m${i}`);
      if (i < 3) continue;
      set = removed(set, `m${i - 3}`);
      expect(includes(set, `m${i - 3}`)).toBe(false);
      expect([...members(set)]).toEqual([`m${i - 2}`, `m${i - 1}`, `m${i}`]);
      expect(includes(set, "")).toBe(false);
    }
  });

  it("lists those of now, whatever comes and goes later", () => {
    let set = added(added(added(null, "a"), "b"), "c");
    const listed = members(set);
    set = added(removed(set, "a"), "d");
    expect([...listed]).toEqual(["a", "b", "c"]);
  });

  it("keeps the order in which members came", () => {
    expect([...members(added(added(added(null, "c"), "a"), "b"))]).toEqual(["c", "a", "b"]);
  });
});
