/** Names: one holder each, none left behind. */
import { describe, expect, it } from "vitest";
import { Names } from "./names.ts";
import type { Process } from "./process.ts";
import { members } from "./string-set.ts";

/** As much of a process as names know. */
function holder(pid: string): Process {
  return { pid, names: null } as unknown as Process;
}

describe("names", () => {
  it("belong to one process at a time [S8.1, S8.2, S8.3]", () => {
    const names = new Names();
    const [a, b] = [holder("a"), holder("b")];
    expect(names.register("x", a)).toBe(null);
    expect(names.register("x", a)).toBe(null);
    expect(names.register("y", a)).toBe(null);
    const refusal = names.register("x", b);
    expect(refusal).toMatchObject({ kind: "AlreadyExists", message: "name already registered" });
    expect(names.holder("x")).toBe(a);
    expect([...members(b.names)]).toEqual([]);
    expect([...members(a.names)]).toEqual(["x", "y"]);
  });

  it("are free again when they are given up or their holder ends [S8.7, S8.9]", () => {
    const names = new Names();
    const [a, b] = [holder("a"), holder("b")];
    for (const name of ["x", "y", "z"]) names.register(name, a);
    expect(names.unregister("x")).toBe(true);
    expect(names.unregister("x")).toBe(false);
    expect(names.register("x", b)).toBe(null);
    names.release(a);
    expect(["x", "y", "z"].map((name) => names.holder(name)?.pid)).toEqual(["b", undefined, undefined]);
    expect([...members(a.names)]).toEqual([]);
    names.release(a);
    expect(names.holder("x")).toBe(b);
  });

  it("are told apart byte by byte [S1.14]", () => {
    const names = new Names();
    const [a, b, c] = [holder("a"), holder("b"), holder("c")];
    names.register("é", a);
    expect(names.register("e\u0301", b)).toBe(null);
    expect(names.register("É", c)).toBe(null);
    expect(names.register("__proto__", a)).toBe(null);
    expect(names.holder("constructor")).toBe(undefined);
    expect(names.holder("é")).toBe(a);
  });
});
