/** The command line, as a user runs it: real operating-system processes, real files. */
import { spawn } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, describe, expect, it } from "vitest";

const COMMAND = fileURLToPath(new URL("../../bin/beamish", import.meta.url));
const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true });
});

function app(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), "beamish-cli-"));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text);
  return folder;
}

interface Outcome {
  code: number | null;
  out: string;
  err: string;
}

/** Runs `beamish`; `onOutput` may act on what it has printed so far. */
function beamish(
  args: string[],
  onOutput: (err: string, kill: (signal: NodeJS.Signals) => void) => void = () => {},
): Promise<Outcome> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [COMMAND, ...args], { stdio: ["ignore", "pipe", "pipe"] });
    let out = "";
    let err = "";
    child.stdout.on("data", (chunk) => {
      out += chunk;
    });
    child.stderr.on("data", (chunk) => {
      err += chunk;
      onOutput(err, (signal) => child.kill(signal));
    });
    child.on("close", (code) => resolve({ code, out, err }));
  });
}

const HOST = "  - {name: processes, kind: process.host}\n";
const entries = (text: string) => `version: "1.0"\nnamespace: app\nentries:\n${text}`;
const process_ = (name: string, method = "default") =>
  `  - {name: ${name}, kind: process.ts, source: "file://${name}.ts", method: ${method}}\n`;
const service = (name: string) =>
  `  - {name: ${name}-service, kind: process.service, process: ${name}, host: processes, lifecycle: {auto_start: true, restart: {max_attempts: 1, initial_delay: 1ms}}}\n`;

describe("beamish exec", () => {
  const echo = app({
    "_index.yaml": entries(HOST + process_("echo") + process_("fails") + process_("nothing") + process_("unwritable")),
    "echo.ts": `import type { Process } from "beamish";
export default async function echo(process: Process, ...args: unknown[]) {
  process.print("working");
  return { args, big: 12345678901234567890n % (2n ** 62n), bytes: new Uint8Array([1, 2, 255]), at: new Date(0), nan: Number.NaN, inf: [Infinity] };
}
`,
    "fails.ts": `import { ProcessError, errors } from "beamish";
export default async () => { throw new ProcessError({ message: "no such row", kind: errors.NOT_FOUND, details: { row: 7 } }); };
`,
    "nothing.ts": "export default async () => {};\n",
    "unwritable.ts": "export default async () => { const a: unknown[] = []; a.push(a); return a; };\n",
  });

  it("prints the result as one line of JSON on stdout, and logs on stderr", async () => {
    const { code, out, err } = await beamish([
      "exec",
      "--app",
      echo,
      "app:echo",
      "1",
      '{"a":[true]}',
      "plain text",
      "-5",
    ]);
    expect(JSON.parse(out)).toEqual({
      args: [1, { a: [true] }, "plain text", -5],
      big: (12345678901234567890n % 2n ** 62n).toString(),
      bytes: "AQL/",
      at: "1970-01-01T00:00:00.000Z",
      nan: null,
      inf: [null],
    });
    expect(out.endsWith("\n") && out.indexOf("\n") === out.length - 1).toBe(true);
    expect(err).toContain("working");
    expect(code).toBe(0);
  });

  it("lets the space for new objects grow to 8 MB, and is given another size by --young-mb", async () => {
    const hungry = app({
      "_index.yaml": entries(HOST + process_("eats")),
      "eats.ts": `import { getHeapSpaceStatistics } from "node:v8";
import type { Process } from "beamish";
export default async function eats(process: Process) {
  const kept: object[][] = [];
  let largest = 0;
  for (let turn = 0; turn < 200; turn++) {
    kept[turn % 100] = Array.from({ length: 10_000 }, (_, i) => ({ i }));
    await process.sleep(1);
    const space = getHeapSpaceStatistics().find(({ space_name }) => space_name === "new_space")!;
    largest = Math.max(largest, space.space_used_size + space.space_available_size);
  }
  return Math.round(largest / 2 ** 20);
}
`,
    });
    expect(await beamish(["exec", "--app", hungry, "app:eats"])).toMatchObject({ code: 0, out: "8\n" });
    expect(await beamish(["exec", "--app", hungry, "--young-mb", "2", "app:eats"])).toMatchObject({ out: "2\n" });
  });

  it("prints null for nothing", async () => {
    expect(await beamish(["exec", "--app", echo, "--host", "app:processes", "app:nothing"])).toMatchObject({
      code: 0,
      out: "null\n",
    });
  });

  it.each([
    [["app:fails"], { kind: "NotFound", message: "no such row", details: { row: 7 } }],
    [["app:none"], { kind: "NotFound", message: "process entry not found: app:none" }],
    [["--host", "app:none", "app:echo"], { kind: "NotFound", message: "host not found" }],
    [["nocolon"], { kind: "Invalid", message: "invalid process ID format (namespace:name required)" }],
    [["app:unwritable"], { kind: "Invalid", message: expect.stringContaining("cannot be written as JSON") }],
  ])("prints an error as one line of JSON on stderr, code 1: %j", async (args, error) => {
    const { code, out, err } = await beamish(["exec", "--app", echo, ...args]);
    expect([code, out]).toEqual([1, ""]);
    expect(JSON.parse(err.trim().split("\n").at(-1) ?? "")).toMatchObject(error);
  });

  it("takes --host before or after the process, and dashes as arguments", async () => {
    for (const args of [
      ["--host", "app:processes", "app:echo", "-5", "--x"],
      ["app:echo", "--host", "app:processes", "-5", "--x"],
    ]) {
      const { code, out } = await beamish(["exec", "--app", echo, ...args]);
      expect([code, JSON.parse(out).args]).toEqual([0, [-5, "--x"]]);
    }
  });

  it("wants --host where there are several, and lists them", async () => {
    const two = app({
      "_index.yaml": entries(`${HOST}  - {name: other, kind: process.host}\n${process_("nothing")}`),
      "nothing.ts": "export default async () => {};\n",
    });
    const { code, err } = await beamish(["exec", "--app", two, "app:nothing"]);
    expect(code).toBe(1);
    expect(JSON.parse(err.trim().split("\n").at(-1) ?? "").message).toContain("app:other, app:processes");
  });

  it("explains modules that do not load [S3.21, S3.22, S3.26]", async () => {
    const broken = app({
      "_index.yaml": entries(
        HOST + process_("throws") + process_("syntax") + process_("empty") + process_("missing", "nope"),
      ),
      "throws.ts": 'throw new Error("at import");\n',
      "syntax.ts": "export default async () => {\n  const = 5;\n};\n",
      "empty.ts": "export const other = 1;\n",
      "missing.ts": "export default async () => {};\n",
    });
    const message = async (id: string) => {
      const { err } = await beamish(["exec", "--app", broken, id]);
      return JSON.parse(err.trim().split("\n").at(-1) ?? "").message;
    };
    expect(await message("app:throws")).toBe("failed to load module: at import");
    expect(await message("app:syntax")).toMatch(/^failed to load module: .*syntax\.ts:2:\d+/);
    expect(await message("app:empty")).toBe('method "default" not found in module');
    expect(await message("app:missing")).toBe('method "nope" not found in module');
  });

  it("logs where an error in top-level code of Lua came from, under the entry [S3.25]", async () => {
    const broken = app({
      "_index.yaml": entries(`${HOST}  - {name: lua, kind: process.lua, source: "file://top.lua"}\n`),
      "top.lua": "local function f()\n  error('no')\nend\nf()\n",
    });
    const { err } = await beamish(["exec", "--app", broken, "app:lua"]);
    expect(err).toMatch(
      /error app:lua: failed to load module: \S+top\.lua:2: no\n\s+\S+top\.lua:2: in .*\n\s+\S+top\.lua:4: in /,
    );
  });
});

describe("beamish run", () => {
  it("ends with code 0 when all services have exited, 1 when one has failed for good", async () => {
    const files = {
      "_index.yaml": entries(HOST + process_("main") + service("main")),
      "main.ts": 'export default async () => { console.log("ran"); };\n',
    };
    expect(await beamish(["run", app(files)])).toMatchObject({ code: 0, out: "ran\n" });
    const failing = { ...files, "main.ts": 'export default async () => { throw new Error("over"); };\n' };
    const { code, err } = await beamish(["run", app(failing)]);
    expect(code).toBe(1);
    expect(err).toContain("failed: over (Internal); it will not be restarted");
  });

  it("prints what is up, and stops in order at the first signal", async () => {
    const folder = app({
      "_index.yaml": entries(HOST + process_("main") + service("main")),
      "main.ts": `import type { Process } from "beamish";
export default async (process: Process) => {
  process.print("up and ready");
  const cancel = await process.events().receive();
  console.log(cancel?.kind, "reason" in cancel! && cancel.reason);
};
`,
    });
    let sent = false;
    const { code, out, err } = await beamish(["run", folder], (text, kill) => {
      if (sent || !text.includes("up:")) return;
      sent = true;
      kill("SIGTERM");
    });
    expect(out).toBe("pid.cancel service stopping\n");
    expect(err).toMatch(/service +app:main-service +running +\{app:processes\|0x/);
    expect(code).toBe(143);
  });

  it("ends at once at the second signal", async () => {
    const folder = app({
      "_index.yaml": entries(HOST + process_("main") + service("main")),
      "main.ts": "export default async (process: any) => process.channel().receive();\n",
    });
    let sent = 0;
    const { code } = await beamish(["run", folder], (text, kill) => {
      if (sent === 0 && text.includes("up:")) {
        sent++;
        kill("SIGINT");
      } else if (sent === 1 && text.includes("once more")) {
        sent++;
        kill("SIGINT");
      }
    });
    expect([sent, code]).toEqual([2, 130]);
  });

  it("names file, line and column of every mistake in the entries, and starts nothing [S13.7, S13.8, S13.9]", async () => {
    const folder = app({
      "_index.yaml": entries(
        `${HOST}${process_("main")}${service("main")}  - {name: x, kind: proces.host}\n  - {name: y, kind: process.service, process: nowhere, host: processes}\n`,
      ),
      "main.ts": 'console.log("must not run"); export default async () => {};\n',
    });
    const { code, out, err } = await beamish(["run", folder]);
    expect([code, out]).toEqual([1, ""]);
    expect(err).toMatch(/_index\.yaml:7: unknown kind "proces\.host" in entry app:x/);
    expect(err).toMatch(/_index\.yaml:8:\d+: .*nowhere/);
  });

  it("names the place of an alias without end [S13.3]", async () => {
    const folder = app({
      "_index.yaml": 'version: "1.0"\nnamespace: app\nentries:\n  - &x {name: h, kind: process.host, meta: {a: *x}}\n',
    });
    const { code, err } = await beamish(["run", folder]);
    expect(code).toBe(1);
    expect(err).toMatch(/_index\.yaml:4:\d+: .*alias/);
  });

  it("says so when the folder is not there", async () => {
    const { code, err } = await beamish(["run", "/no/such/folder"]);
    expect(code).toBe(1);
    expect(err).toContain("/no/such/folder");
  });

  it("survives what user code leaves unhandled, and ends the process it belongs to [S16.9]", async () => {
    const folder = app({
      "_index.yaml": entries(HOST + process_("main") + service("main") + process_("victim")),
      "victim.ts": `export default async (process: any) => {
  process.monitor("nobody at all");
  await process.channel().receive();
};
`,
      "main.ts": `export default async (process: any) => {
  setTimeout(() => { throw new Error("from a timer"); }, 0);
  Promise.reject(new Error("floating"));
  await process.spawnMonitored("app:victim", "app:processes");
  const exit = await process.events().receive();
  console.log("victim:", exit.result.kind, exit.result.error);
  await process.sleep(20);
  console.log("still here");
};
`,
    });
    const { code, out, err } = await beamish(["run", folder]);
    expect(err).toContain("unhandled exception: Error: from a timer");
    expect(err).toContain("unhandled rejection: Error: floating");
    expect(out).toBe("victim: NotFound could not resolve 'nobody at all' as PID or registered name\nstill here\n");
    expect(code).toBe(0);
  });

  it("tells what user code leaves unhandled as its last act, and ends as it would without [S16.9]", async () => {
    const folder = app({
      "_index.yaml": entries(HOST + process_("main") + service("main")),
      "main.ts": 'export default async (process: any) => { process.monitor("nobody at all"); };\n',
    });
    const { code, err } = await beamish(["run", folder]);
    expect([code, err]).toEqual([0, expect.stringContaining("could not resolve 'nobody at all'")]);
  });

  it("explains itself", async () => {
    expect(await beamish(["--help"])).toMatchObject({ code: 0, out: expect.stringContaining("run") });
    expect((await beamish(["frobnicate"])).code).not.toBe(0);
    expect((await beamish(["exec", "app:x"])).err).toContain("--app");
  });
});
