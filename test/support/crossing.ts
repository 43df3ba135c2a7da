/** Data on its way from one language to the other, or within Lua: what goes in, and what the receiver sees of it. */
import { type Process, ProcessError } from "../../src/index.ts";
import { type Simulation, simulate } from "../../src/testing/index.ts";
import { defineLua, type LuaEntry } from "./lua.ts";

const HOST = "sim:processes";

/** What TypeScript gets, itself and not a copy, when Lua sends the values of these expressions. */
export async function fromLua(...expressions: string[]): Promise<any> {
  let arrived: unknown;
  await simulate(1, async (sim) => {
    const pid = await sim.spawn(async (process: Process) => {
      arrived = (await process.inbox().receive())?.payload;
    });
    defineLua(
      sim,
      "test:sender",
      `return function(to) assert(process.send(to, "topic", ${expressions.join(", ")})) end`,
    );
    await sim.exec("test:sender", pid);
    await sim.untilIdle();
  });
  return arrived;
}

/** Code of a Lua process that gets one payload as `v` and returns the value of an expression. */
function receiver(check: string): string {
  return `return function() local v = process.inbox():receive():payload() return ${check} end`;
}

/** What the expression `check` over the payload `v` is in Lua, when TypeScript sends these values. */
export async function intoLua(values: readonly unknown[], check: string, entry: LuaEntry = {}): Promise<any> {
  return within(async (sim) => {
    defineLua(sim, "test:receiver", receiver(check), entry);
    return sim.exec(async (process: Process) => {
      const pid = await process.spawnMonitored("test:receiver", HOST);
      const error = process.send(pid, "topic", ...values);
      if (error !== null) throw error;
      const event = (await process.events().receive()) as any;
      if (event.result.error !== undefined) throw new Error(event.result.error);
      return event.result.value;
    });
  });
}

/** What the expression `check` over the payload `v` is, when one Lua process sends another the values of these expressions. */
export async function withinLua(expressions: readonly string[], check: string): Promise<any> {
  return within(async (sim) => {
    defineLua(sim, "test:receiver", receiver(check));
    const source = `return function()
      local events = process.events()
      local pid = process.spawn_monitored("test:receiver", "${HOST}")
      assert(process.send(pid, "topic", ${expressions.join(", ")}))
      local result = events:receive().result
      if result.error then error(result.error) end
      return result.value
    end`;
    defineLua(sim, "test:sender", source);
    return sim.exec("test:sender");
  });
}

/** What Lua is told, `<kind> <text>`, when it sends the values of each text of arguments; nothing may arrive then. */
export async function refusedInLua(...payloads: string[]): Promise<string[]> {
  return within(async (sim) => {
    const sends = payloads.map((payload) => `function() return process.send(process.pid(), "topic", ${payload}) end`);
    const source = `return function()
      local told = {}
      for i, send in ipairs({ ${sends.join(", ")} }) do
        local ok, err = send()
        if ok then error("was sent: " .. i) end
        told[i] = err:kind() .. " " .. err:message()
      end
      if not channel.select({ process.inbox():case_receive(), default = true }).default then error("arrived") end
      return told
    end`;
    defineLua(sim, "test:sender", source);
    const told = await sim.exec("test:sender");
    if (sim.deadLetters.count() > 0) throw new Error("became a dead letter");
    return told;
  });
}

/** The outcome of a simulation; an error keeps its text as it is. */
async function within(program: (sim: Simulation) => Promise<unknown>): Promise<any> {
  let value: unknown;
  await simulate(1, async (sim) => {
    value = await program(sim).catch((cause) => cause);
  });
  if (value instanceof ProcessError || value instanceof Error) throw value;
  return value;
}
