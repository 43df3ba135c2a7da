/** Time zones are made ready before a script runs: the first look at them takes longer than a script may. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it, vi } from "vitest";
import { createRuntime } from "../../src/index.ts";

let app: string;

beforeEach(() => {
  app = mkdtempSync(join(tmpdir(), "beamish-zones-"));
});

afterEach(() => {
  rmSync(app, { recursive: true });
});

/** Whether `Intl` has been asked for a formatter when the runtime of an entry with these modules has started. */
async function isPrepared(kind: string, modules: string): Promise<boolean> {
  const entry = `  - name: entry\n    kind: ${kind}\n    modules: [${modules}]\n    source: return function() end\n`;
  writeFileSync(join(app, "_index.yaml"), `version: "1.0"\nnamespace: zones\nentries:\n${entry}`);
  const asked = vi.spyOn(Intl, "DateTimeFormat");
  const runtime = await createRuntime({ app, log: () => {} });
  const isAsked = asked.mock.calls.length > 0;
  asked.mockRestore();
  await runtime.stop();
  return isAsked;
}

it("has time zones ready before the first script that lists the module time [S11.32]", async () => {
  expect(await isPrepared("process.lua", "ctx, time")).toBe(true);
  expect(await isPrepared("library.lua", "time")).toBe(true);
});

it("does not look for them where no script does", async () => {
  expect(await isPrepared("process.lua", "ctx")).toBe(false);
});
