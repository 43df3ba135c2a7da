// Tests of the settings of a runtime: what they may be, and what they are when left out.
import { expect, it } from "vitest";
import { errors, ProcessError } from "../kernel/index.ts";
import { heapLimitBytes } from "./config.ts";
import { createRuntime } from "./runtime.ts";

it("limits Lua heaps to 64 MiB, or to so many bytes as the configuration says", () => {
  expect(heapLimitBytes({})).toBe(67_108_864);
  expect(heapLimitBytes({ lua: {} })).toBe(67_108_864);
  expect(heapLimitBytes({ lua: { heapLimit: 1_000_000 } })).toBe(1_000_000);
  expect(heapLimitBytes({ lua: { heapLimit: "512KiB" } })).toBe(524_288);
});

it.each([
  ["64MB", '"64MB"'],
  [0, "0"],
  [Number.NaN, "NaN"],
  [null as unknown as string, "null"],
])("makes no runtime whose Lua heaps are limited to %j", async (heapLimit, found) => {
  const error = await createRuntime({ lua: { heapLimit } }).catch((cause: unknown) => cause);
  if (!(error instanceof ProcessError)) throw new Error("expected an error");
  expect(error.kind).toBe(errors.INVALID);
  expect(error.message).toBe(`lua.heapLimit must be a number of bytes, or text such as "2MiB"; it is ${found}`);
});
