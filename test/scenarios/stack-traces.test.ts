/** Errors of an application's TypeScript, as its author wrote it (S16.54). */
import { execFileSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";

const folder = mkdtempSync(join(tmpdir(), "beamish-stack-"));
afterAll(() => rmSync(folder, { recursive: true }));

const FILES: Record<string, string> = {
  "_index.yaml": `version: "1.0"
namespace: app
entries:
  - { name: hosts, kind: process.host, lifecycle: { auto_start: true } }
  - { name: main, kind: process.ts, source: file://main.ts }
  - { name: refused, kind: process.ts, source: file://main.ts, method: refused }
  - { name: task, kind: process.ts, source: file://main.ts, method: task }
`,
  "main.ts": `import type { Process } from "beamish";
import { Store } from "./kernel/store.ts";

interface Order { id: number }

async function load(process: Process, order: Order): Promise<string> {
  await process.sleep(1);
  return await new Store().fetch(process, order.id);
}

export default async function main(process: Process) {
  const handle = async () => {
    const text: string = await load(process, { id: 7 });
    return text;
  };
  try {
    await handle();
  } catch (error) {
    return (error as Error).stack;
  }
}

export async function refused(process: Process) {
  const ask = async () => {
    await process.spawn("app:nobody", "app:hosts");
  };
  return await ask().catch((error: Error) => error.stack);
}

export async function task(process: Process) {
  const results = await Promise.allSettled([load(process, { id: 1 }), load(process, { id: 2 })]);
  return results.map((result) => (result as PromiseRejectedResult).reason.stack);
}
`,
  // A folder that is called like one of ours: its frames are the author's all the same.
  "kernel/store.ts": `import type { Process } from "beamish";

export class Store {
  async fetch(process: Process, id: number): Promise<string> {
    await process.sleep(1);
    return this.#parse(id);
  }

  #parse(id: number): string {
    throw new Error(\`no order \${id}\`);
  }
}
`,
};

/** Runs an entry of the application as a user does; what it returns. A test runner has its own idea of source maps. */
function run(entry: string): any {
  mkdirSync(join(folder, "kernel"), { recursive: true });
  for (const [name, text] of Object.entries(FILES)) writeFileSync(join(folder, name), text);
  const command = fileURLToPath(new URL("../../bin/beamish", import.meta.url));
  return JSON.parse(execFileSync(process.execPath, [command, "exec", "--app", folder, entry], { encoding: "utf8" }));
}

/** A trace as function and place, without the folder. Newer Nodes say whose method `fetch` is. */
function frames(stack: string): string[] {
  return stack
    .split("\n")
    .slice(1)
    .map((line) =>
      line.trim().replace(/^at /, "").replace("file://", "").replace(`${folder}/`, "").replace("Store.fetch", "fetch"),
    );
}

describe("the stack of an error", () => {
  it("shows the author's lines, and the awaiting functions up to the entry of the process [S16.54]", () => {
    const stack = run("app:main");
    expect(stack.split("\n")[0]).toBe("Error: no order 7");
    expect(frames(stack)).toEqual([
      "Store.#parse (kernel/store.ts:10:11)",
      "fetch (kernel/store.ts:6:17)",
      "async load (main.ts:8:10)",
      "async handle (main.ts:13:26)",
      "async main (main.ts:17:5)",
    ]);
  });

  it("shows where a process call was refused [S16.54]", () => {
    const shown = frames(run("app:refused"));
    expect(
      shown.some((line) => line.startsWith("ask (main.ts:25:19)") || line.startsWith("async ask (main.ts:25:5)")),
    ).toBe(true);
  });

  it("shows each task's own way when several fail [S16.54]", () => {
    for (const [index, stack] of (run("app:task") as string[]).entries()) {
      expect(stack.split("\n")[0]).toBe(`Error: no order ${index + 1}`);
      expect(frames(stack).slice(0, 3)).toEqual([
        "Store.#parse (kernel/store.ts:10:11)",
        "fetch (kernel/store.ts:6:17)",
        "async load (main.ts:8:10)",
      ]);
    }
  });
});
