/** Errors: what they carry, how they are made, and which kind stands for what, in both languages (section 12). */
import { errors, ProcessError } from "beamish";
import { describe, expect } from "vitest";
import { type Fact, facts, type Told } from "../support/facts.ts";
import { defineLua } from "../support/lua.ts";
import { LUA_REFUSAL, refusal } from "../support/told.ts";

const HOST = "sim:processes";

/** The error that a call of TypeScript answers, throws or rejects with. */
async function failureOf(act: () => unknown): Promise<ProcessError> {
  try {
    return (await act()) as ProcessError;
  } catch (cause) {
    return cause as ProcessError;
  }
}

/** Its kind and text; says so when the call has not failed. */
async function refused(act: () => unknown): Promise<unknown> {
  const error = await failureOf(act);
  return error instanceof ProcessError ? refusal(error) : "succeeded";
}

/** Runs a list of calls in Lua, each a failure that is returned. */
const luaRefusals = (calls: readonly string[], before = "") => `
  ${LUA_REFUSAL}
  return function()
    ${before}
    return {${calls.map((call) => `refusal(${call})`).join(", ")}}
  end`;

const waits: Told = {
  lua: `return function() process.inbox():receive() end`,
  typescript: async (process) => process.inbox().receive(),
};

/** Takes no message. */
const sleeps: Told = {
  lua: `return function() time.sleep("1h") end`,
  typescript: async (process) => process.sleep("1h"),
};

const ends: Told = { lua: "return function() return 1 end", typescript: async () => 1 };

const RICH = `errors.new{message = "no room", kind = errors.CONFLICT, retryable = true, details = {id = "a", list = {1, 2}}}`;
const rich = () =>
  new ProcessError({ message: "no room", kind: errors.CONFLICT, retryable: true, details: { id: "a", list: [1, 2] } });
const RICH_PARTS = ["Conflict", "no room", true, { id: "a", list: [1, 2] }];

const objects: readonly Fact[] = [
  {
    title: "an error has a kind, a message, retryable, details and a stack [both S12.1, S12.6]",
    when: {
      lua: `
        return function()
          local e = ${RICH}
          return {e:kind(), e:message(), e:retryable(), e:details(), type(e:stack()) == "string"}
        end`,
      typescript: async () => {
        const { kind, message, retryable, details, stack } = rich();
        return [kind, message, retryable, details, typeof stack === "string"];
      },
    },
    then: [...RICH_PARTS, true],
  },
  {
    title: "what is not known of an error is nothing, and its kind is UNKNOWN [both S12.1, S12.5, S12.6]",
    when: {
      lua: `
        return function()
          local e = errors.new("x")
          return {e:kind(), errors.is(e, errors.UNKNOWN), e:retryable() == nil, e:details() == nil}
        end`,
      typescript: async () => {
        const e = new ProcessError("x");
        return [e.kind, errors.is(e, errors.UNKNOWN), e.retryable === undefined, e.details === undefined];
      },
    },
    then: ["", true, true, true],
  },
  {
    title: "the kinds are constants [both S12.5]",
    when: {
      lua: `
        return function()
          return {errors.NOT_FOUND, errors.ALREADY_EXISTS, errors.INVALID, errors.PERMISSION_DENIED, errors.UNAVAILABLE,
            errors.INTERNAL, errors.CANCELED, errors.CONFLICT, errors.TIMEOUT, errors.RATE_LIMITED, errors.UNKNOWN}
        end`,
      typescript: async () => [
        ...[errors.NOT_FOUND, errors.ALREADY_EXISTS, errors.INVALID, errors.PERMISSION_DENIED, errors.UNAVAILABLE],
        ...[errors.INTERNAL, errors.CANCELED, errors.CONFLICT, errors.TIMEOUT, errors.RATE_LIMITED, errors.UNKNOWN],
      ],
    },
    then: [
      ...["NotFound", "AlreadyExists", "Invalid", "PermissionDenied", "Unavailable"],
      ...["Internal", "Canceled", "Conflict", "Timeout", "RateLimited", ""],
    ],
  },
  {
    title: "a wrapped error keeps what it is, and its stack tells the context; a text can be wrapped too [both S12.7]",
    when: {
      lua: `
        return function()
          local e = errors.wrap(errors.wrap(${RICH}, "saving"), "closing")
          local t = errors.wrap("plain", "reading")
          return {e:kind(), e:message(), e:retryable(), e:details(),
            e:stack():find("saving", 1, true) ~= nil, e:stack():find("closing", 1, true) ~= nil,
            t:kind(), t:message(), t:stack():find("reading", 1, true) ~= nil}
        end`,
      typescript: async () => {
        const e = ProcessError.wrap(ProcessError.wrap(rich(), "saving"), "closing");
        const t = ProcessError.wrap("plain", "reading");
        const has = (stack: string | undefined, text: string) => stack?.includes(text) === true;
        return [
          ...[e.kind, e.message, e.retryable, e.details, has(e.stack, "saving"), has(e.stack, "closing")],
          ...[t.kind, t.message, has(t.stack, "reading")],
        ];
      },
    },
    then: [...RICH_PARTS, true, true, "", "plain", true],
  },
  {
    title: "only an error object is of a kind [both S12.8]",
    when: {
      lua: `
        return function()
          local list = {}
          for i, value in ipairs{errors.new(errors.TIMEOUT, "x"), errors.new("x"), "Timeout", {kind = "Timeout"}, 5} do
            list[i] = errors.is(value, errors.TIMEOUT)
          end
          list[#list + 1] = errors.is(nil, errors.TIMEOUT)
          return list
        end`,
      typescript: async () =>
        [new ProcessError({ message: "x", kind: "Timeout" }), new ProcessError("x"), "Timeout", { kind: "Timeout" }, 5]
          .map((value) => errors.is(value, errors.TIMEOUT))
          .concat(errors.is(undefined, errors.TIMEOUT)),
    },
    then: [true, false, false, false, false, false],
  },
];

/** Ends with the error it is told to end with, or sends it. */
const failing: Told = {
  lua: `return function() error(${RICH}) end`,
  typescript: async () => {
    throw rich();
  },
};

const LUA_PARTS = `local function parts(e) return {e:kind(), e:message(), e:retryable(), e:details()} end`;
const partsOf = ({ kind, message, retryable, details }: ProcessError) => [kind, message, retryable, details];

const crossing: readonly Fact[] = [
  {
    title: "an error keeps its parts when it ends a process, by exec and in its EXIT [both S12.3]",
    given: { "test:failing": failing },
    when: {
      lua: `
        ${LUA_PARTS}
        return function()
          local _, err = process.exec("test:failing", "${HOST}")
          process.spawn_monitored("test:failing", "${HOST}")
          local result = process.events():receive().result
          return {parts(err), {result.kind, result.error, result.retryable, result.details}}
        end`,
      typescript: async (process) => {
        const err = await process.exec("test:failing", HOST).catch((cause: ProcessError) => cause);
        await process.spawnMonitored("test:failing", HOST);
        const { result } = await process.events().receive();
        return [partsOf(err), [result.kind, result.error, result.retryable, result.details]];
      },
    },
    then: [RICH_PARTS, RICH_PARTS],
  },
  {
    title: "an error keeps its parts in a message and in an argument [both S12.3]",
    given: {
      "test:echo": {
        lua: `
          return function(pid, e)
            process.send(pid, "back", e, {e})
          end`,
        typescript: async (process, pid, e) => void process.send(pid, "back", e, [e]),
      },
    },
    when: {
      lua: `
        ${LUA_PARTS}
        return function()
          process.spawn("test:echo", "${HOST}", process.pid(), ${RICH})
          local got = process.listen("back"):receive()
          return {parts(got[1]), parts(got[2][1])}
        end`,
      typescript: async (process) => {
        await process.spawn("test:echo", HOST, process.pid(), rich());
        const got = await process.listen("back").receive();
        return [partsOf(got[0]), partsOf(got[1][0])];
      },
    },
    then: [RICH_PARTS, RICH_PARTS],
  },
];

const SETTLED = `
  local ended = process.spawn_monitored("test:ends", "${HOST}")
  process.events():receive()`;
const settled = async (process: any) => {
  const ended = await process.spawnMonitored("test:ends", HOST);
  await process.events().receive();
  return ended;
};

const kinds: readonly Fact[] = [
  {
    title: "too few arguments are a failure of kind INVALID that is answered [both S12.9, S12.10, S12.14]",
    when: {
      lua: `
        return function()
          local kinds = {}
          for i, call in ipairs{process.send, process.spawn, process.spawn_monitored, process.spawn_linked,
              process.spawn_linked_monitored, process.exec, process.terminate, process.cancel, process.monitor,
              process.unmonitor, process.link, process.unlink, process.listen, process.registry.register,
              process.registry.lookup, process.registry.unregister} do
            local value, err = call()
            kinds[i] = value == nil and err:kind()
          end
          for _, call in ipairs{process.set_options, process.unlisten} do
            local ok, value, err = pcall(call)
            kinds[#kinds + 1] = ok and value == false and err:kind()
          end
          return kinds
        end`,
      typescript: async (process) => {
        const kinds: unknown[] = [];
        for (const call of [
          ...[process.send, process.spawn, process.spawnMonitored, process.spawnLinked, process.spawnLinkedMonitored],
          ...[process.exec, process.terminate, process.cancel, process.monitor, process.unmonitor, process.link],
          ...[process.unlink, process.listen, process.registry.register, process.registry.lookup],
          ...[process.registry.unregister, process.setOptions, process.unlisten],
        ]) {
          kinds.push(((await refused(() => call.call(process))) as string[])[0]);
        }
        return kinds;
      },
    },
    then: new Array(18).fill("Invalid"),
  },
  {
    title: "an argument of the wrong type is INVALID and names its place; Lua raises it [both S12.11]",
    when: {
      lua: `
        return function()
          local list = {}
          local function wrong(call, ...)
            local ok, err = pcall(call, ...)
            list[#list + 1] = {ok, err:kind(), (err:message():match("^bad argument #%d+ to '[%w_]+'"))}
          end
          wrong(process.send, {}, "t")
          wrong(process.send, "x", nil)
          wrong(process.monitor, {})
          wrong(process.listen, false)
          wrong(process.registry.lookup, nil)
          return list
        end`,
      typescript: async (process) => {
        const list: unknown[] = [];
        const wrong = async (act: () => unknown) => {
          const [kind, text] = (await refused(act)) as [string, string];
          list.push([false, kind, /^bad argument #\d+ to '\w+'/.exec(text)?.[0]]);
        };
        await wrong(() => process.send({}, "t"));
        await wrong(() => process.send("x", null));
        await wrong(() => process.monitor({}));
        await wrong(() => process.listen(false));
        await wrong(() => process.registry.lookup(null));
        return list;
      },
    },
    then: [
      [false, "Invalid", "bad argument #1 to 'send'"],
      [false, "Invalid", "bad argument #2 to 'send'"],
      [false, "Invalid", "bad argument #1 to 'monitor'"],
      [false, "Invalid", "bad argument #1 to 'listen'"],
      [false, "Invalid", "bad argument #1 to 'lookup'"],
    ],
  },
  {
    title: "reserved topics are INVALID in send, listen and with_message [both S12.15]",
    when: {
      lua: luaRefusals([
        `process.send(process.pid(), "@x")`,
        `process.listen("@x")`,
        `nil, select(2, pcall(function() return process.with_context{}:with_message("@x") end))`,
      ]),
      typescript: async (process) => [
        await refused(() => process.send(process.pid(), "@x")),
        await refused(() => process.listen("@x")),
        await refused(() => process.withContext({}).withMessage("@x")),
      ],
    },
    then: ({ value }: any) => {
      expect(value.map(([kind]: [string]) => kind)).toEqual(["Invalid", "Invalid", "Invalid"]);
    },
  },
  {
    title: "durations that cannot be read are INVALID in cancel too [both S12.16]",
    given: { "test:waits": waits },
    when: {
      lua: luaRefusals([`process.cancel(pid, "soon")`], `local pid = process.spawn("test:waits", "${HOST}")`),
      typescript: async (process) => {
        const pid = await process.spawn("test:waits", HOST);
        return [await refused(() => process.cancel(pid, "soon"))];
      },
    },
    then: ({ value }: any) => expect(value[0][0]).toBe("Invalid"),
  },
  {
    title: "unknown names, and pids of nobody, are NOT_FOUND wherever they are used [both S12.17, S12.20]",
    given: { "test:ends": ends },
    when: {
      lua: luaRefusals(
        [
          ...[`process.registry.lookup("nobody")`, `process.send("nobody", "t")`, `process.monitor("nobody")`],
          ...[`process.send(ended, "t")`, `process.monitor(ended)`, `process.link(ended)`, `process.terminate(ended)`],
          ...[`process.cancel(ended)`, `process.registry.register("name", ended)`],
          ...[`process.send("{no|0x00001}", "t")`, `process.send("{no@no|0x00001}", "t")`],
          ...[`process.spawn("test:none", "${HOST}")`, `process.spawn("test:ends", "no:host")`],
        ],
        SETTLED,
      ),
      typescript: async (process) => {
        const ended = await settled(process);
        const list: unknown[] = [];
        for (const act of [
          () => process.registry.lookup("nobody"),
          () => process.send("nobody", "t"),
          () => process.monitor("nobody"),
          () => process.send(ended, "t"),
          () => process.monitor(ended),
          () => process.link(ended),
          () => process.terminate(ended),
          () => process.cancel(ended),
          () => process.registry.register("name", ended),
          () => process.send("{no|0x00001}", "t"),
          () => process.send("{no@no|0x00001}", "t"),
          () => process.spawn("test:none", HOST),
          () => process.spawn("test:ends", "no:host"),
        ]) {
          list.push(await refused(act));
        }
        return list;
      },
    },
    then: ({ value }: any) => {
      expect(value.map(([kind]: [string]) => kind)).toEqual(new Array(13).fill("NotFound"));
      expect(value[1][1]).toBe("could not resolve 'nobody' as PID or registered name");
    },
  },
  {
    title: "a refused permission is PERMISSION_DENIED, and nothing says that trying again helps [both S12.18, S12.4]",
    given: { "test:waits": waits },
    refuse: ["process.send", "process.terminate"],
    when: {
      lua: `
        return function()
          local pid, list = process.spawn("test:waits", "${HOST}"), {}
          for i, name in ipairs{"send", "terminate"} do
            local value, err = process[name](pid, "t")
            list[i] = {value == nil, err:kind(), err:retryable() == nil}
          end
          return list
        end`,
      typescript: async (process) => {
        const pid = await process.spawn("test:waits", HOST);
        const list: unknown[] = [];
        for (const name of ["send", "terminate"]) {
          const { kind, retryable } = await failureOf(() => process[name](pid, "t"));
          list.push([true, kind, retryable === undefined]);
        }
        return list;
      },
    },
    then: [
      [true, "PermissionDenied", true],
      [true, "PermissionDenied", true],
    ],
  },
  {
    title: "a name that is taken is ALREADY_EXISTS, in register and in with_name [both S12.19]",
    given: { "test:waits": waits },
    when: {
      lua: luaRefusals(
        [
          `process.registry.register("taken", pid)`,
          `process.with_context{}:with_name("taken"):spawn("test:waits", "${HOST}")`,
        ],
        `local pid = process.spawn("test:waits", "${HOST}") process.registry.register("taken")`,
      ),
      typescript: async (process) => {
        const pid = await process.spawn("test:waits", HOST);
        await process.registry.register("taken");
        return [
          await refused(() => process.registry.register("taken", pid)),
          await refused(() => process.withContext({}).withName("taken").spawn("test:waits", HOST)),
        ];
      },
    },
    then: ({ value }: any) => {
      expect(value.map(([kind]: [string]) => kind)).toEqual(["AlreadyExists", "AlreadyExists"]);
    },
  },
  {
    title:
      "a host that is full or not started is UNAVAILABLE, a mailbox that rejects RATE_LIMITED [both S12.21, S12.22]",
    given: { "test:sleeps": { ...sleeps, mailbox: { limit: 1, overflow: "reject" } } },
    prepare: (sim) => {
      sim.addHost("sim:full", { maxProcesses: 1 });
      sim.addHost("sim:stopped", { status: "stopped" });
    },
    when: {
      lua: `
        ${LUA_REFUSAL}
        return function()
          local pid = process.spawn("test:sleeps", "sim:full")
          return {
            refusal(process.spawn("test:sleeps", "sim:full")),
            refusal(process.spawn("test:sleeps", "sim:stopped")),
            select(2, process.send(pid, "a"), refusal(process.send(pid, "c"))),
          }
        end`,
      typescript: async (process) => {
        const pid = await process.spawn("test:sleeps", "sim:full");
        const list = [
          await refused(() => process.spawn("test:sleeps", "sim:full")),
          await refused(() => process.spawn("test:sleeps", "sim:stopped")),
        ];
        process.send(pid, "a");
        return [...list, await refused(() => process.send(pid, "c"))];
      },
    },
    then: ({ value }: any) => {
      expect(value.map(([kind]: [string]) => kind)).toEqual(["Unavailable", "Unavailable", "RateLimited"]);
    },
  },
  {
    title: "what cannot be sent, bonds with oneself and names like pids are INVALID [both S12.23]",
    when: {
      lua: luaRefusals([
        ...[`process.send(process.pid(), "t", print)`, `process.monitor(process.pid())`, `process.link(process.pid())`],
        ...[`process.registry.register("")`, `process.registry.register("{a|0x00001}")`],
      ]),
      typescript: async (process) => [
        await refused(() => process.send(process.pid(), "t", () => {})),
        await refused(() => process.monitor(process.pid())),
        await refused(() => process.link(process.pid())),
        await refused(() => process.registry.register("")),
        await refused(() => process.registry.register("{a|0x00001}")),
      ],
    },
    then: ({ value }: any) => {
      expect(value.map(([kind]: [string]) => kind)).toEqual(new Array(5).fill("Invalid"));
    },
  },
  {
    title: "time that is up is TIMEOUT: of an exec, and of a process that was cancelled [both S12.25]",
    given: { "test:waits": waits },
    when: {
      lua: `
        return function()
          local _, err = process.with_context{}:with_options{timeout = "1s"}:exec("test:waits", "${HOST}")
          local pid = process.spawn_monitored("test:waits", "${HOST}")
          process.cancel(pid, "1s")
          return {err:kind(), process.events():receive().result.kind}
        end`,
      typescript: async (process) => {
        const [kind] = (await refused(() =>
          process.withContext({}).withOptions({ timeout: "1s" }).exec("test:waits", HOST),
        )) as [string];
        const pid = await process.spawnMonitored("test:waits", HOST);
        process.cancel(pid, "1s");
        return [kind, (await process.events().receive()).result.kind];
      },
    },
    then: ["Timeout", "Timeout"],
  },
  {
    title: "a module that fails to load is INTERNAL [both S12.24]",
    prepare: (sim) => defineLua(sim, "test:broken", "error('no')"),
    when: {
      lua: luaRefusals([`process.spawn("test:broken", "${HOST}")`, `process.exec("test:broken", "${HOST}")`]),
      typescript: async (process) => [
        await refused(() => process.spawn("test:broken", HOST)),
        await refused(() => process.exec("test:broken", HOST)),
      ],
    },
    then: ({ value }: any) => {
      expect(value.map(([kind]: [string]) => kind)).toEqual(["Internal", "Internal"]);
    },
  },
];

describe("an error object", () => facts(objects));
describe("an error that crosses", () => facts(crossing));
describe("the kind of an error", () => facts(kinds));
