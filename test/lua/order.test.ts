/**
 * Every example program of the governing text, docs/order.ru.txt, run as it is written there: in a Lua process, among
 * processes in TypeScript. What an example leaves open (`destination`, `...`) are the parameters of the process around it.
 */
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { event, type Process } from "beamish";
import { type Simulation, simulate } from "beamish/testing";
import { describe, expect, it } from "vitest";
import { defineLua } from "../support/lua.ts";

/** As in the text's own examples. */
const ID = "app.workers:handler";
const HOST = "app:processes";

const EXAMPLES = examplesOf(readFileSync(fileURLToPath(new URL("../../docs/order.ru.txt", import.meta.url)), "utf8"));

/** The example programs: lines of code that only blank lines and comments part. */
function examplesOf(text: string): string[] {
  const examples: string[] = [];
  let current: string[] = [];
  for (const line of text.split("\n")) {
    if (line.trim() === "" || isCode(line)) current.push(line);
    else {
      if (current.some(isCode)) examples.push(current.join("\n").trim());
      current = [];
    }
  }
  return examples;
}

/** Whether a line is Lua: in tables and prose the words behind the names are Russian, in code only comments are. */
function isCode(line: string): boolean {
  if (line.startsWith("-- ")) return true;
  const [code = ""] = line.split("--");
  return /^(local \w|process\.[\w.]+\(|spawner:\w+\(|msg:\w+\()/.test(code) && !/[а-яё]/i.test(code);
}

/** The example that has this line of code, whole. */
function example(part: string): string {
  const found = EXAMPLES.filter((text) => text.includes(part));
  expect(found, `examples with ${part}`).toHaveLength(1);
  return found[0] as string;
}

/** The one line of an example that has this in it, as it is written. */
function line(part: string): string {
  const found = example(part)
    .split("\n")
    .filter((text) => text.includes(part));
  expect(found, `lines with ${part}`).toHaveLength(1);
  return found[0] as string;
}

/** Runs a Lua process; its value. What is in TypeScript beside it, `prepare` defines. */
async function run(source: string, args: unknown[], prepare: (sim: Simulation) => void): Promise<unknown> {
  let value: unknown;
  await simulate(1, async (sim) => {
    sim.addHost(HOST);
    prepare(sim);
    defineLua(sim, "order:example", source);
    value = await sim.exec("order:example", ...args);
  });
  return value;
}

/** Waits until it is told to fail or to return; registered as `peer`. */
const peer = async (process: Process, ...args: unknown[]) => {
  await process.registry.register("peer").catch(() => {});
  for await (const message of process.inbox()) {
    if (message.topic === "fail") throw new Error("told to fail");
    if (message.topic === "return") return args;
    if (message.topic === "echo") process.send(message.from as string, "echoed", message.payload);
  }
};

const withPeer = (sim: Simulation) => sim.define(ID, peer);

/** The beginning of a process that needs a peer: `destination` is its pid. */
const PEER = `
  local destination = process.spawn("${ID}", "${HOST}")
  require("time").sleep("10ms")
`;

describe("the examples of the governing text", () => {
  it("are fifteen, and every line of code is in one of them", () => {
    expect(EXAMPLES).toHaveLength(15);
    expect(
      EXAMPLES.flatMap((text) => text.split("\n").filter((one) => isCode(one) && !one.startsWith("--"))),
    ).toHaveLength(39);
  });

  it("information on oneself [S1.8, S1.9]", async () => {
    const source = `return function() ${example("process.id()")}\n return { frame_id, pid } end`;
    expect(await run(source, [], () => {})).toEqual([
      expect.stringMatching(/^order:example#[0-9a-f]+$/),
      expect.stringMatching(/^\{sim:processes\|0x[0-9a-f]{5,}\}$/),
    ]);
  });

  it.each([["by pid"], ["by name"]])("sending %s [S2.1, S2.16, S1.15]", async (how) => {
    const source = `return function(how, topic, ...)
      ${PEER}
      if how == "by name" then destination = "peer" end
      ${example("process.send(destination")}
      return { ok, err == nil, (process.listen("echoed"):receive()) }
    end`;
    expect(await run(source, [how, "echo", 1, "two"], withPeer)).toEqual([true, true, [1, "two"]]);
  });

  it("spawning in four ways [S3.1, S3.2, S3.3, S5.1, S5.11]", async () => {
    const source = `return function(id, host, ...)
      process.set_options{trap_links = true}
      process.registry.register("spawner")
      ${example("process.spawn(id, host")}
      assert(pid and err == nil)
      local got = {}
      for i = 1, 4 do
        local msg = process.listen("started", {message = true}):receive()
        got[i] = msg:payload()
        process.send(msg:from(), "fail")
      end
      local kinds = {}
      for i = 1, 4 do
        local event = process.events():receive()
        kinds[event.kind] = (kinds[event.kind] or 0) + 1
      end
      return { got, kinds }
    end`;
    const value = await run(source, [ID, HOST, "an argument", 2], (sim) => {
      sim.define(ID, async (process: Process, ...args: unknown[]) => {
        process.send("spawner", "started", args);
        await process.inbox().receive();
        throw new Error("told to fail");
      });
    });
    expect(value).toEqual([
      [
        ["an argument", 2],
        ["an argument", 2],
        ["an argument", 2],
        ["an argument", 2],
      ],
      { [event.EXIT]: 2, [event.LINK_DOWN]: 2 },
    ]);
  });

  it("terminating [S4.20]", async () => {
    const source = `return function()
      ${PEER}
      process.monitor(destination)
      ${example("process.terminate(destination)")}
      return { ok, err == nil, process.events():receive().result.error }
    end`;
    expect(await run(source, [], withPeer)).toEqual([true, true, "process terminated"]);
  });

  it("canceling with a deadline [S4.24, S4.26, S4.27]", async () => {
    const source = `return function()
      ${PEER}
      process.monitor(destination)
      ${line("process.cancel(destination")}
      local time = require("time")
      local since = time.now()
      local result = process.events():receive().result
      return { ok, err == nil, result.error, time.now():sub(since):string() }
    end`;
    expect(await run(source, [], withPeer)).toEqual([true, true, "cancel deadline exceeded", "5s"]);
  });

  it("monitors and links, made and taken back [S5.1, S5.6-S5.9]", async () => {
    const whole = `return function()
      ${PEER}
      ${example("process.monitor(destination)")}
      process.send(destination, "fail")
      require("time").sleep("1s")
      return { ok, err == nil, channel.select({ process.events():case_receive() }, true).default }
    end`;
    expect(await run(whole, [], withPeer)).toEqual([true, true, true]);
    const source = `return function()
      process.set_options{trap_links = true}
      ${PEER}
      ${line("process.monitor(destination)")}
      ${line("process.link(destination)")}
      process.send(destination, "fail")
      local exit, down = process.events():receive(), process.events():receive()
      return { exit.kind, exit.result.error, down.kind, down.from == destination }
    end`;
    expect(await run(source, [], withPeer)).toEqual([event.EXIT, "told to fail", event.LINK_DOWN, true]);
  });

  it("options [S4.35, S4.36]", async () => {
    const source = `return function()
      ${example("process.get_options()")}
      return { options, ok, err == nil, process.get_options().trap_links }
    end`;
    expect(await run(source, [], () => {})).toEqual([{ trap_links: false }, true, true, true]);
  });

  it("inbox and events [S2.17, S2.18]", async () => {
    const source = `return function()
      ${example("process.inbox()")}
      ${PEER}
      process.send(destination, "echo", "hello")
      process.cancel(process.pid())
      return { inbox:receive():payload(), events:receive().kind }
    end`;
    expect(await run(source, [], withPeer)).toEqual(["hello", event.CANCEL]);
  });

  it.each([
    [{ message: true }, ["echoed", "hello"]],
    [{ message: false }, ["raw", "hello"]],
    [null, ["raw", "hello"]],
  ])("listening with %j, and no longer [S2.19, S2.22, S2.31]", async (options, received) => {
    const source = (snippet: string, after: string) => `return function(topic, options)
      ${PEER}
      ${snippet}
      process.send(destination, "echo", "hello")
      ${after}
    end`;
    const shown = `local got = ch:receive()
      if type(got) == "string" then return { "raw", got } end
      return { got:topic(), got:payload() }`;
    expect(await run(source(line("process.listen(topic"), shown), ["echoed", options], withPeer)).toEqual(received);
    const closed = "return { select(2, ch:receive()), process.inbox():receive():topic() }";
    expect(await run(source(example("process.listen(topic"), closed), ["echoed", options], withPeer)).toEqual([
      false,
      "echoed",
    ]);
  });

  it("messages [S2.35, S2.36]", async () => {
    const source = `return function()
      ${PEER}
      local inbox = process.inbox()
      process.send(destination, "echo", { n = 1 })
      ${example("inbox:receive()")}
      return { msg:topic(), msg:from() == destination, msg:payload() }
    end`;
    expect(await run(source, [], withPeer)).toEqual(["echoed", true, { n: 1 }]);
  });

  it("calling and waiting [S3.33, S3.34]", async () => {
    const source = `return function(id, host, ...)
      ${example("process.exec(id")}
      return { result or "no result", err and err:message() or "no error" }
    end`;
    const define = (sim: Simulation) =>
      sim.define(ID, async (_: Process, a: number, b: number) => {
        if (b === 0) throw new Error("division by zero");
        return a / b;
      });
    expect(await run(source, [ID, HOST, 6, 3], define)).toEqual([2, "no error"]);
    expect(await run(source, [ID, HOST, 6, 0], define)).toEqual(["no result", "division by zero"]);
  });

  it("upgrading to another definition, and to one's own [S9.1-S9.3]", async () => {
    const other = `return function(id, ...)
      ${line("process.upgrade(id, ...)")}
      error("it returned")
    end`;
    const define = (sim: Simulation) =>
      sim.define(ID, async (_: Process, ...state: unknown[]) => ["upgraded", ...state]);
    expect(await run(other, [ID, "state", 2], define)).toEqual(["upgraded", "state", 2]);
    // Both together: the first never returns.
    const both = `return function(id, ...)
      local preserved_state = "never"
      ${example("process.upgrade(id, ...)")}
    end`;
    expect(await run(both, [ID, "state"], define)).toEqual(["upgraded", "state"]);
    const again = `return function(preserved_state)
      if preserved_state.round == 3 then return preserved_state end
      preserved_state.round = preserved_state.round + 1
      ${line("process.upgrade(nil, preserved_state)")}
      error("it returned")
    end`;
    expect(await run(again, [{ round: 0, kept: true }], () => {})).toEqual({ round: 3, kept: true });
  });

  it("a spawner with context [S7.1]", async () => {
    const source = `return function()
      ${example("process.with_context({")}
      return spawner:exec("${ID}", "${HOST}")
    end`;
    const define = (sim: Simulation) => sim.define(ID, async (process: Process) => process.ctx.all());
    expect(await run(source, [], define)).toEqual({ request_id: "123" });
  });

  it("methods of the spawner, each a new one [S7.3, S7.4, S7.6, S7.8]", async () => {
    // An actor and a scope reach Lua through the module security only; their lines follow below.
    const lines = ["spawner:with_context(", "spawner:with_name(", "spawner:with_message("].map(line);
    const source = `return function(values, name, topic, ...)
      local spawner = process.with_context({})
      ${lines.join("\n")}
      local plain = spawner:exec("${ID}", "${HOST}")
      spawner = ${lines[0]}
      spawner = ${lines[1]}
      spawner = ${lines[2]}
      return { plain, spawner:exec("${ID}", "${HOST}") }
    end`;
    const value = await run(source, [{ a: 1 }, "named", "greeting", "hello", 2], (sim) =>
      sim.define(ID, async (process: Process) => {
        const message = await process.select([process.inbox().caseReceive()], { default: true });
        const held = await process.registry.lookup("named").catch(() => null);
        return [process.ctx.all(), held === process.pid(), message.default ?? message.value?.payload];
      }),
    );
    expect(value).toEqual([
      [{}, false, true],
      [{ a: 1 }, true, ["hello", 2]],
    ]);
  });

  it.each([
    ["with_actor", "actor"],
    ["with_scope", "scope"],
  ])("%s, which takes nothing else [S7.12]", async (method, what) => {
    const source = `return function(${what})
      local spawner = process.with_context({})
      local ok, err = pcall(function() ${line(`spawner:${method}(`)}
      end)
      return { ok, err:kind(), err:message() }
    end`;
    const message = `bad argument #1 to '${method}' (${what} expected, got table)`;
    expect(await run(source, [{}], () => {})).toEqual([false, "Invalid", message]);
  });

  it("spawning by the spawner in four ways [S7.13]", async () => {
    const source = `return function(id, host, ...)
      process.set_options{trap_links = true}
      local spawner = process.with_context({}):with_message("fail")
      ${example("spawner:spawn(id")}
      local kinds = {}
      for i = 1, 4 do
        local event = process.events():receive()
        kinds[event.kind] = (kinds[event.kind] or 0) + 1
      end
      return kinds
    end`;
    expect(await run(source, [ID, HOST, 1], withPeer)).toEqual({ [event.EXIT]: 2, [event.LINK_DOWN]: 2 });
  });

  it.each([["one's own pid"], ["another's"]])("names, for %s [S8.1, S8.6, S8.7]", async (whose) => {
    const source = `return function(name, whose)
      ${PEER}
      local pid = whose == "another's" and destination or nil
      local given = pid or process.pid()
      ${example("process.registry.register(name")}
      return { ok, err == nil, pid == given, (select(2, process.registry.lookup(name)):message()) }
    end`;
    expect(await run(source, ["counter", whose], withPeer)).toEqual([true, true, true, "name not registered"]);
  });
});
