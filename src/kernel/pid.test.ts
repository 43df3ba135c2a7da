/** Pids: their shape, that none is dealt twice, and the arithmetic from a pid to its slot and its island. */
import { describe, expect, it } from "vitest";
import { SeededRandom } from "../testing/index.ts";
import { EMPTY_PID, formatPid, isPid, lowBitsOf, PidDealer, pidParts } from "./pid.ts";

const SLOTS = 2 ** 21;

describe("the text of a pid", () => {
  it.each(["{app:host|0x00001}", "{node@app:host|0x00001}", "{|}", "{a|b|c}", "{ |x}"])(
    "%s is one [S1.6, S1.7]",
    (text) => {
      expect(isPid(text)).toBe(true);
    },
  );

  it.each(["", "{", "{}", "|", "app:host|0x1", "{app:host}", "{app:host|0x1", "app|x}", " {a|b}", "{a|b} "])(
    "%j is none [S1.6, S1.14]",
    (text) => {
      expect(isPid(text)).toBe(false);
    },
  );

  it("has a host, a number of at least five digits, and a node only in a cluster [S1.2, S1.6]", () => {
    expect(formatPid("app:host", 1)).toBe("{app:host|0x00001}");
    expect(formatPid("app:host", 0xabcdef0)).toBe("{app:host|0xabcdef0}");
    expect(pidParts("{app:host|0x00001}")).toEqual({ node: null, host: "app:host", serial: "0x00001" });
    expect(pidParts("{n@app:host|0x00001}")).toEqual({ node: "n", host: "app:host", serial: "0x00001" });
    expect(pidParts("{n@h@x|0x1|2}")).toEqual({ node: "n", host: "h@x", serial: "0x1|2" });
    expect(pidParts(EMPTY_PID)).toEqual({ node: null, host: "", serial: "" });
  });
});

describe("the lowest bits of a pid", () => {
  it("are those of its serial, however many are asked for", () => {
    const serials = [1, 0x2a, 0xfffff, 0x100000, SLOTS - 1, SLOTS + 1, 7 * SLOTS + 12_345, (2 ** 32 - 1) * SLOTS + 9];
    for (let bits = 8; bits <= 21; bits++) {
      for (const serial of serials) {
        expect(lowBitsOf(formatPid("h:h", serial), bits), `${bits} bits of ${serial}`).toBe(serial % 2 ** bits);
      }
    }
  });

  it("are within their bounds for any text, so that it finds nobody or somebody of another name", () => {
    for (const text of [
      "",
      "x",
      "a-name",
      "{h|0xABCDEF}",
      "{h|0x 1}",
      "a longer name \u{1f600}",
      "\uffff".repeat(30),
    ]) {
      for (let bits = 8; bits <= 21; bits++) {
        const number = lowBitsOf(text, bits);
        expect(number >= 0 && number < 2 ** bits, `${text} ${bits}`).toBe(true);
      }
    }
  });
});

describe("dealing", () => {
  it("begins with 1", () => {
    expect(new PidDealer().deal()).toBe(1);
  });

  it.each([1, 2, 3, 7])("never deals a serial twice, on %i islands at once [S1.3, S1.4]", (islands) => {
    for (let seed = 1; seed <= 20; seed++) {
      const random = new SeededRandom(seed);
      const dealers = Array.from({ length: islands }, (_, index) => new PidDealer(index, islands));
      const dealt = new Set<number>();
      const live: { serial: number; island: number }[] = [];
      const slots = new Set<number>();
      for (let i = 0; i < 400; i++) {
        const island = random.below(islands);
        const dealer = dealers[island] as PidDealer;
        if (live.length > 0 && random.once(2)) {
          const [gone] = live.splice(random.below(live.length), 1) as [(typeof live)[number]];
          dealers[gone.island]?.release(gone.serial);
          slots.delete(gone.serial % SLOTS);
          continue;
        }
        const serial = dealer.deal();
        const slot = dealer.slot(serial);
        expect(dealt.has(serial), `seed ${seed}: ${serial} again`).toBe(false);
        expect(slots.has(slot), `seed ${seed}: slot ${slot} is in use`).toBe(false);
        // Any island finds the one that dealt it, by arithmetic on the text.
        expect(dealers[0]?.island(lowBitsOf(formatPid("h:h", serial), 21)), `seed ${seed}`).toBe(island);
        expect(Number.isSafeInteger(serial) && serial > 0, `seed ${seed}`).toBe(true);
        dealt.add(serial);
        slots.add(slot);
        live.push({ serial, island });
      }
    }
  });

  it("says -1 when every slot of the island is in use, and goes on when one is free [S3.19]", () => {
    const islands = 1_024;
    for (const index of [0, 5, islands - 1]) {
      const dealer = new PidDealer(index, islands);
      const room = SLOTS / islands - (index === 0 ? 1 : 0);
      const serials = Array.from({ length: room }, () => dealer.deal());
      expect(new Set(serials).size).toBe(room);
      expect(Math.min(...serials)).toBeGreaterThan(0);
      expect(dealer.deal()).toBe(-1);
      dealer.release(serials[7] as number);
      const anew = dealer.deal();
      expect(anew).not.toBe(serials[7]);
      expect(dealer.slot(anew)).toBe((serials[7] as number) % SLOTS);
      expect(dealer.deal()).toBe(-1);
    }
  });

  it("goes up to serials that are still exact, over many generations of one slot", () => {
    const dealer = new PidDealer();
    let last = 0;
    for (let i = 0; i < 10_000; i++) {
      const serial = dealer.deal();
      expect(serial).toBeGreaterThan(last);
      last = serial;
      dealer.release(serial);
    }
    expect(last).toBe(9_999 * SLOTS + 1);
  });
});
