/** getOptions and setOptions (S4.35–S4.38). */
import { errors, type Process } from "beamish";
import { simulate } from "beamish/testing";
import { describe, expect, it } from "vitest";
import { type Refusal, RefusingGuard, thrownBy } from "./refusal.ts";

const invalid = (message: string): Refusal => ({ kind: errors.INVALID, message, retryable: undefined });

type AnySet = (...args: unknown[]) => void;

/** Runs one process in a simulation. */
const within = (main: (process: Process) => Promise<unknown>) => simulate(1, (sim) => sim.exec(main));

describe("options", () => {
  it("are a fresh table at every look, trapLinks false at first [S4.35]", async () => {
    await within(async (process) => {
      const options = process.getOptions();
      expect(options).toStrictEqual({ trapLinks: false });
      options.trapLinks = true;
      expect(process.getOptions()).not.toBe(options);
      expect(process.getOptions()).toStrictEqual({ trapLinks: false });
    });
  });

  it("belong to one process, are not inherited, and go back to the default on upgrade [S4.35]", async () => {
    await simulate(1, async (sim) => {
      const look = async (process: Process) => process.getOptions();
      sim.define("app:look", look);
      sim.define("app:upgrade", async (process: Process) => {
        process.setOptions({ trapLinks: true });
        return process.upgrade("app:look");
      });
      const other = await sim.probe();
      other.process.setOptions({ trapLinks: false });
      const got = await sim.exec(async (process: Process) => {
        process.setOptions({ trapLinks: true });
        return [
          process.getOptions(),
          await process.exec("app:look", sim.host),
          await process.withContext({}).exec("app:look", sim.host),
          await process.exec("app:upgrade", sim.host),
        ];
      });
      const off = { trapLinks: false };
      expect(got).toEqual([{ trapLinks: true }, off, off, off]);
      expect(other.process.getOptions()).toEqual(off);
    });
  });

  it("need no permission [S4.35]", async () => {
    const guard = new RefusingGuard("*");
    await simulate(
      1,
      (sim) =>
        sim.exec(async (process: Process) => {
          process.setOptions({ trapLinks: true });
          process.getOptions();
        }),
      { guard },
    );
    expect(guard.asked).toEqual([]);
  });

  it("left out of setOptions keep their value, and an empty table is fine [S4.36]", async () => {
    await within(async (process) => {
      expect(process.setOptions({ trapLinks: true })).toBeUndefined();
      process.setOptions({});
      expect(process.getOptions()).toEqual({ trapLinks: true });
      process.setOptions({ trapLinks: undefined });
      expect(process.getOptions()).toEqual({ trapLinks: true });
      process.setOptions({ trapLinks: false });
      expect(process.getOptions()).toEqual({ trapLinks: false });
    });
  });

  it.each<[string, unknown[]]>([
    ["nothing", []],
    ["undefined", [undefined]],
    ["null", [null]],
    ["a boolean", [true]],
    ["a text", ["trapLinks"]],
    ["a number", [1]],
    ["a function", [() => 1]],
    ["a list", [[]]],
    ["a Map", [new Map([["trapLinks", false]])]],
  ])("are not set from %s [S4.37]", async (_what, given) => {
    await within(async (process) => {
      process.setOptions({ trapLinks: true });
      expect(thrownBy(() => (process.setOptions as AnySet)(...given))).toEqual(
        invalid("options parameter must be a table"),
      );
      expect(process.getOptions()).toEqual({ trapLinks: true });
    });
  });

  it.each([[1], ["true"], [null], [{}], [[]]])(
    "refuse %j for trapLinks, which keeps its value [S4.37]",
    async (value) => {
      await within(async (process) => {
        process.setOptions({ trapLinks: true });
        expect(thrownBy(() => (process.setOptions as AnySet)({ trapLinks: value }))).toEqual(
          invalid("trap_links must be a boolean"),
        );
        expect(process.getOptions()).toEqual({ trapLinks: true });
      });
    },
  );

  it("refuse an unknown key, and yet the valid ones of the same table are applied, in either order [S4.38]", async () => {
    await within(async (process) => {
      const set = process.setOptions as AnySet;
      expect(thrownBy(() => set({ trapLinks: true, color: 1 }))).toEqual(invalid("option color is not supported"));
      expect(process.getOptions()).toEqual({ trapLinks: true });
      expect(thrownBy(() => set({ color: 1, trapLinks: false }))).toEqual(invalid("option color is not supported"));
      expect(process.getOptions()).toEqual({ trapLinks: false });
      expect(thrownBy(() => set({ trap_links: true }))).toEqual(invalid("option trap_links is not supported"));
      expect(thrownBy(() => set({ "": undefined }))).toEqual(invalid("option  is not supported"));
      expect(process.getOptions()).toEqual({ trapLinks: false });
    });
  });

  it("ignore keys that are no strings [S4.38]", async () => {
    await within(async (process) => {
      (process.setOptions as AnySet)({ [Symbol("s")]: 1, trapLinks: true });
      expect(process.getOptions()).toEqual({ trapLinks: true });
    });
  });
});
