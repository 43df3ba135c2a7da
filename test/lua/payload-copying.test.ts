/** What leaves a Lua process, for Lua and for TypeScript, and what comes to it from there (S2.37–S2.46, S2.56, S2.57). */
import { describe, expect, it } from "vitest";
import { type Process, ProcessError } from "../../src/index.ts";
import { simulate } from "../../src/testing/index.ts";
import { fromLua, intoLua, refusedInLua, withinLua } from "../support/crossing.ts";
import { defineLua } from "../support/lua.ts";
import { runLua } from "../support/running-lua.ts";
import { LUA_REFUSAL } from "../support/told.ts";

/** An expression that runs these statements. */
const made = (statements: string) => `(function() ${statements} end)()`;

/** An expression for a core within so many of something. */
const nested = (levels: number, wrap: string, core = "'core'") =>
  made(`local v = ${core} for _ = 1, ${levels} do v = ${wrap} end return v`);

/** Values that are equal to themselves in every respect a program can see, or are NaN. */
const SCALARS = [
  "true",
  "false",
  '""',
  '"text"',
  '"naïve ☃ 𝒳 \\0"',
  '"\\xff\\xfe not UTF-8"',
  '"\\xed\\xa0\\x80"',
  "0",
  "-1",
  "0.1",
  "1e308",
  "9007199254740991",
  "9007199254740992",
  "-9007199254740993",
  "math.maxinteger",
  "math.mininteger",
  "1/0",
  "-1/0",
  "0/0",
  "2^53",
  "2^63",
];

/** Floats whose value an integer could have; a sole one tells nobody which of the two it was. */
const INTEGRAL_FLOATS = ["3.0", "-1.0", "0.0", "1e15"];

/** Whether `v` is the value of the expression, down to the kind of number. */
const is = (v: string, expression: string) =>
  `(function(a, b) return math.type(a) == math.type(b) and (a == b or a ~= a and b ~= b)
    and tostring(a):gsub("^%-nan", "nan") == tostring(b):gsub("^%-nan", "nan") end)(${v}, ${expression})`;

describe("a copy", () => {
  it("is made at the call, also to oneself, and no later change of either side shows [S2.37]", async () => {
    const source = `return function()
      local inbox, data = process.inbox(), { list = { 1 } }
      process.send(process.pid(), "topic", data)
      data.list[2] = 2
      local got = inbox:receive():payload()
      local seen = #got.list
      got.list[2], got.list[3] = 8, 9
      return { seen, #data.list, data.list[2], rawequal(got, data) }
    end`;
    expect(await runLua(source)).toEqual([1, 2, 2, false]);
  });

  it("is made of arguments, results, context values and upgrade state as well [S2.37, S3.28]", async () => {
    await simulate(1, async (sim) => {
      defineLua(sim, "app:appends", "return function(list) list[#list + 1] = 9 return list end");
      defineLua(
        sim,
        "app:context",
        "return function() local list = ctx.get('list') list[#list + 1] = 9 return { list, ctx.get('list') } end",
      );
      defineLua(sim, "app:upgrading", "return function() process.upgrade('app:appends', { 5 }) end");
      defineLua(
        sim,
        "app:acting",
        `return function()
          local mine = { 1 }
          local executed = process.exec("app:appends", "sim:processes", mine)
          local builder = process.with_context({ list = mine })
          mine[2] = 2
          local one = builder:exec("app:context", "sim:processes")
          local two = builder:exec("app:context", "sim:processes")
          return { mine, executed, one[1], two[1], process.exec("app:upgrading", "sim:processes") }
        end`,
      );
      expect(await sim.exec("app:acting")).toEqual([
        [1, 2],
        [1, 9],
        [1, 9],
        [1, 9],
        [5, 9],
      ]);
    });
  });

  it("of one payload is each receiver's own [S2.37]", async () => {
    const source = `return function()
      local inbox, data = process.inbox(), { 1 }
      process.send(process.pid(), "a", data)
      process.send(process.pid(), "b", data)
      local one, two = inbox:receive():payload(), inbox:receive():payload()
      one[1] = 2
      return { one[1], two[1], data[1] }
    end`;
    expect(await runLua(source)).toEqual([2, 1, 1]);
  });
});

describe("between Lua processes", () => {
  it.each([
    ["alone", (e: string) => [e], (e: string) => is("v", e), SCALARS],
    ["in a list", (e: string) => [`{ ${e} }`], (e: string) => is("v[1]", e), [...SCALARS, ...INTEGRAL_FLOATS]],
    ["in a map", (e: string) => [`{ at = ${e} }`], (e: string) => is("v.at", e), [...SCALARS, ...INTEGRAL_FLOATS]],
    [
      "under an integer",
      (e: string) => [`{ [7] = ${e} }`],
      (e: string) => is("v[7]", e),
      [...SCALARS, ...INTEGRAL_FLOATS],
    ],
    [
      "among several payloads",
      (e: string) => ["1", e, "2"],
      (e: string) => is("v[2]", e),
      [...SCALARS, ...INTEGRAL_FLOATS],
    ],
  ] as const)("every scalar arrives as it was, %s [S2.38, S2.39, S2.40]", async (_place, sent, check, expressions) => {
    await simulate(1, async (sim) => {
      const cases = expressions.map(
        (e) => `{ ${JSON.stringify(e)}, function(send) send(${sent(e).join(", ")}) end,
        function(v) return ${check(e)} end }`,
      );
      const source = `return function()
        local inbox, wrong = process.inbox(), {}
        for _, case in ipairs({ ${cases.join(",\n")} }) do
          case[2](function(...) assert(process.send(process.pid(), "topic", ...)) end)
          if not case[3](inbox:receive():payload()) then wrong[#wrong + 1] = case[1] end
        end
        return table.concat(wrong, ", ")
      end`;
      defineLua(sim, "app:acting", source);
      expect(await sim.exec("app:acting")).toBe("");
    });
  });

  it("floats that could be integers stay floats as arguments and state [S2.39]", async () => {
    await simulate(1, async (sim) => {
      defineLua(
        sim,
        "app:types",
        "return function(...) local t = {} for i, v in ipairs({ ... }) do t[i] = math.type(v) end return t end",
      );
      defineLua(sim, "app:upgrading", "return function() process.upgrade('app:types', 3.0, 3) end");
      defineLua(
        sim,
        "app:acting",
        `return function() return { process.exec("app:types", "sim:processes", 1.0, 1, 2.5),
          process.exec("app:upgrading", "sim:processes") } end`,
      );
      expect(await sim.exec("app:acting")).toEqual([
        ["float", "integer", "float"],
        ["float", "integer"],
      ]);
    });
  });

  it.each([
    ["a list", "{ 'a', 'b' }", "{ #v, v[1], v[2], next(v, 2) == nil }", [2, "a", "b", true]],
    ["a list with a hole", "{ 'a', nil, 'c' }", "{ v[1], v[2] == nil, v[3] }", ["a", true, "c"]],
    ["a list that begins at 0", "{ [0] = 'z', 'a' }", "{ v[0], v[1], v['0'] == nil }", ["z", "a", true]],
    ["a list with names", "{ 'a', n = 1 }", "{ v[1], v.n, v['1'] == nil }", ["a", 1, true]],
    ["integer keys", "{ [5] = 'a', [-3] = 'b' }", "{ v[5], v[-3], v['5'] == nil }", ["a", "b", true]],
    ["text keys of digits", "{ ['5'] = 'a' }", "{ v['5'], v[5] == nil }", ["a", true]],
    [
      "the greatest keys",
      "{ [math.maxinteger] = 'a', [math.mininteger] = 'b' }",
      "{ v[math.maxinteger], v[math.mininteger], math.type(next(v)) }",
      ["a", "b", "integer"],
    ],
    ["an empty table", "{}", "{ type(v), next(v) == nil }", ["table", true]],
    ["empty tables within", "{ a = {}, b = { {} } }", "{ next(v.a) == nil, #v.b }", [true, 1]],
  ])("%s keeps its keys [S2.41]", async (_what, expression, check, expected) => {
    expect(await withinLua([expression], check)).toEqual(expected);
  });

  it("integer keys and floats stay what they are on every road between Lua processes [S2.37, S2.39, S2.41]", async () => {
    await simulate(1, async (sim) => {
      const told =
        "function told(t) return (t[7] == 'seven') and math.type(t.f) == 'float' and math.type(t.i) == 'integer' end";
      defineLua(sim, "app:argument", `${told} return function(t) return told(t) end`);
      defineLua(sim, "app:context", `${told} return function() return { told(ctx.get("t")), told(ctx.all().t) } end`);
      defineLua(sim, "app:message", `${told} return function() return told(process.inbox():receive():payload()) end`);
      defineLua(sim, "app:state", "return function(t) process.upgrade('app:argument', t) end");
      defineLua(sim, "app:result", "return function(t) return t end");
      defineLua(sim, "app:error", "return function(t) error(errors.new({ message = 'e', details = t })) end");
      defineLua(
        sim,
        "app:acting",
        `${told}
        return function()
          local host, events, t = "sim:processes", process.events(), { [7] = "seven", f = 3.0, i = 3 }
          local builder = process.with_context({ t = t })
          builder:with_message("m", t):spawn_monitored("app:message", host)
          local message = events:receive().result.value
          process.spawn_monitored("app:result", host, t)
          local result = events:receive().result.value
          process.spawn_monitored("app:error", host, t)
          local exit = events:receive().result
          local _, err = process.exec("app:error", host, t)
          return { process.exec("app:argument", host, t), builder:exec("app:context", host), message,
            process.exec("app:state", host, t), told(process.exec("app:result", host, t)), told(result),
            told(err:details()), exit.details == nil or told(exit.details) }
        end`,
      );
      expect(await sim.exec("app:acting")).toEqual([true, [true, true], true, true, true, true, true, true]);
    });
  });

  it("a float alone that could be an integer stays one on every road, and is a plain number to TypeScript [S2.39]", async () => {
    await simulate(1, async (sim) => {
      defineLua(sim, "app:argument", "return function(v) return math.type(v) end");
      defineLua(sim, "app:state", "return function(v) process.upgrade('app:argument', v) end");
      defineLua(sim, "app:result", "return function() return 3.0 end");
      defineLua(sim, "app:error", "return function() error(errors.new({ message = 'e', details = 3.0 })) end");
      defineLua(
        sim,
        "app:context",
        "return function() return { math.type(ctx.get('v')), math.type(ctx.all().v), math.type(ctx.get('i')) } end",
      );
      defineLua(sim, "app:message", "return function() return math.type(process.inbox():receive():payload()) end");
      defineLua(sim, "app:raw", "return function() return math.type((process.listen('m'):receive())) end");
      defineLua(
        sim,
        "app:acting",
        `return function()
          local T, host, me = math.type, "sim:processes", process.pid()
          local got, events, inbox, raw = {}, process.events(), process.inbox(), process.listen("raw")
          local function note(road, kind) got[#got + 1] = road .. ": " .. tostring(kind) end
          process.send(me, "t", 3.0) note("inbox", T(inbox:receive():payload()))
          process.send(me, "raw", 3.0) note("channel of payloads", T((raw:receive())))
          process.send(me, "raw", 3) note("integer", T((raw:receive())))
          process.send(me, "raw", 3.0) note("select", T(channel.select({ raw:case_receive() }).value))
          coroutine.spawn(function() process.send(me, "raw", 3.0) end)
          note("one that waits", T((raw:receive())))
          local messages = process.listen("messages", { message = true })
          process.send(me, "messages", 3.0) note("channel of messages", T(messages:receive():payload()))
          process.send(me, "s", 3.0)
          note("serve", process.serve({ s = function(v) return process.done(T(v)) end }))
          process.send(me, "s", "begin")
          note("serve of payloads", process.serve({ s = function(v)
            if v ~= "begin" then return process.done(T(v)) end
            process.listen("s", { message = false })
            process.send(me, "s", 3.0)
          end }))
          note("argument", process.exec("app:argument", host, 3.0))
          note("state", process.exec("app:state", host, 3.0))
          note("answer", T((process.exec("app:result", host))))
          local _, err = process.exec("app:error", host) note("details of an answer", T(err:details()))
          process.spawn_monitored("app:result", host) note("EXIT", T(events:receive().result.value))
          process.spawn_monitored("app:error", host) note("details of EXIT", T(events:receive().result.details))
          process.set_options({ trap_links = true })
          process.spawn_linked("app:error", host) note("details of LINK_DOWN", T(events:receive().result.details))
          local builder = process.with_context({ v = 3.0, i = 3 })
          for i, kind in ipairs(builder:exec("app:context", host)) do note("context " .. i, kind) end
          note("message of a builder", builder:with_message("m", 3.0):exec("app:message", host))
          note("payload of a builder", builder:with_message("m", 3.0):exec("app:raw", host))
          return got
        end`,
      );
      const kinds = (await sim.exec("app:acting")) as string[];
      expect(kinds.filter((kind) => !kind.endsWith(": float"))).toEqual(["integer: integer", "context 3: integer"]);
      expect(kinds).toHaveLength(20);

      defineLua(sim, "app:sender", "return function(to) process.send(to, 'm', 3.0) return 3.0 end");
      const seen: unknown[] = [];
      const receiver = await sim.spawn(async (process: Process) => {
        const channel = process.listen("m");
        seen.push(await channel.receive());
        const pid = await process.spawnMonitored("app:sender", "sim:processes", process.pid());
        seen.push(await channel.receive(), ((await process.events().receive()) as any).result);
        seen.push(await process.exec("app:sender", "sim:processes", pid));
      });
      await sim.exec("app:sender", receiver);
      await sim.untilIdle();
      expect(seen).toEqual([3, 3, { value: 3 }, 3]);
    });
  });

  it("arguments that share a part share it on arrival [S2.42, S3.28]", async () => {
    await simulate(1, async (sim) => {
      defineLua(sim, "app:compares", "return function(a, b) return { rawequal(a, b), rawequal(a.in_b, b) } end");
      defineLua(
        sim,
        "app:acting",
        `return function()
          local shared, b = {}, {}
          return { process.exec("app:compares", "sim:processes", shared, shared),
            process.exec("app:compares", "sim:processes", { in_b = b }, b) }
        end`,
      );
      expect(await sim.exec("app:acting")).toEqual([
        [true, false],
        [false, true],
      ]);
    });
  });

  it("a hole among several payloads stays one, and so does one at the end [S2.15, S2.16, S2.38]", async () => {
    expect(await withinLua(["nil", "2"], "{ type(v), v[1] == nil, v[2] }")).toEqual(["table", true, 2]);
    expect(await withinLua(["1", "nil"], "{ type(v), v[1], v[2] == nil }")).toEqual(["table", 1, true]);
    expect(await withinLua(["nil", "nil"], "{ type(v), next(v) == nil }")).toEqual(["table", true]);
    expect(await withinLua(["nil"], "{ type(v) }")).toEqual(["nil"]);
  });

  it("shared parts stay shared and cycles stay cycles [S2.42]", async () => {
    const graph = made(`
      local shared = { n = 1 }
      local node = { shared = shared, list = { shared, shared }, [1] = shared, [9] = shared }
      node.self, node.list[3] = node, node.list
      return node`);
    const check = `{ v.self == v, v.list[1] == v.shared, v.list[2] == v.shared, v.list[3] == v.list,
      v[1] == v.shared, v[9] == v.shared, v.shared ~= v.list, v.shared.n }`;
    expect(await withinLua([graph], check)).toEqual([true, true, true, true, true, true, true, 1]);
  });

  it("what several payloads share stays shared, and so do Times and errors [S2.42]", async () => {
    const source = `return function()
      local shared, at, err = { 1 }, time.now(), errors.new("e")
      process.send(process.pid(), "topic", { shared, at, err }, { shared, at, err })
      local v = process.inbox():receive():payload()
      return { rawequal(v[1][1], v[2][1]), rawequal(v[1][2], v[2][2]), rawequal(v[1][3], v[2][3]) }
    end`;
    expect(await runLua(source)).toEqual([true, true, true]);
  });

  it("a ring of 1,000, each also in a list, keeps its shape [S2.42]", async () => {
    const ring = made(`
      local nodes = {}
      for i = 1, 1000 do nodes[i] = { i = i } end
      for i = 1, 1000 do nodes[i].following = nodes[i % 1000 + 1] end
      return nodes`);
    const check = made(`
      for i = 1, 1000 do if v[i].i ~= i or v[i].following ~= v[i % 1000 + 1] then return i end end
      return "whole"`);
    expect(await withinLua([ring], check)).toBe("whole");
  });

  it("metatables are left behind, and no metamethod runs [S2.43]", async () => {
    const source = `return function()
      local ran = {}
      local function note(name) return function() ran[#ran + 1] = name return 7 end end
      local mt = { __index = note("index"), __len = note("len"), __pairs = note("pairs"), __call = note("call"),
        __eq = note("eq"), __tostring = note("tostring"), __newindex = note("newindex"), __name = "Thing",
        __metatable = "locked", __close = note("close"), __mode = "k" }
      local list, map = setmetatable({ 1, 2 }, mt), setmetatable({ a = 1 }, mt)
      process.send(process.pid(), "topic", list, map)
      local v = process.inbox():receive():payload()
      return { table.concat(ran, " "), getmetatable(v[1]) == nil, getmetatable(v[2]) == nil, #v[1], v[2].a,
        v[2].absent == nil }
    end`;
    expect(await runLua(source)).toEqual(["", true, true, 2, 1, true]);
  });

  it("__proto__ and its like are plain keys [S2.43]", async () => {
    const keys = ["__proto__", "constructor", "toString", "hasOwnProperty", "length"];
    const expression = `{ ${keys.map((key, i) => `["${key}"] = { n = ${i} }`).join(", ")} }`;
    const check = `{ ${keys.map((key) => `v["${key}"].n`).join(", ")} }`;
    expect(await withinLua([expression], check)).toEqual([0, 1, 2, 3, 4]);
  });

  it("a Time keeps its moment in milliseconds [S2.38]", async () => {
    const check = "{ v.at:unix_milli(), v.at:nanosecond(), v.at:sub(v.at):nanoseconds() }";
    expect(await withinLua(["{ at = time.unix(1767225600, 123456789) }"], check)).toEqual([
      1767225600123, 123000000, 0,
    ]);
    expect(await withinLua(["time.unix(-1, 999000000)"], "v:unix_milli()")).toBe(-1);
  });

  it("an error keeps kind, message, retryable and details, shared parts and cycles included [S2.38, S2.42]", async () => {
    const expression = made(`
      local details = { list = { 1 }, at = time.unix(5, 0) }
      local err = errors.new({ message = "text", kind = errors.CONFLICT, retryable = false, details = details })
      details.again, details.err = details.list, err
      return { err, details.list, errors.new("plain"), errors.new({ message = "scalar", details = 3 }) }`);
    const check = `{ v[1]:kind(), v[1]:message(), v[1]:retryable(), v[1]:details().at:unix(), type(v[1]),
      v[1]:details().list == v[2], v[1]:details().again == v[2], rawequal(v[1]:details().err, v[1]),
      v[3]:kind(), v[3]:message(), v[3]:retryable() == nil, v[3]:details() == nil, v[4]:details() }`;
    expect(await withinLua([expression], check)).toEqual(
      // biome-ignore format: one line per error
      ["Conflict", "text", false, 5, "userdata", true, true, true,
        "", "plain", true, true, 3],
    );
  });

  it("a pid can be used when it has arrived within something [S2.38]", async () => {
    const source = `return function()
      local inbox = process.inbox()
      process.send(process.pid(), "who", { pids = { process.pid() } })
      return process.send(inbox:receive():payload().pids[1], "answer")
    end`;
    expect(await runLua(source)).toBe(true);
  });
});

describe("from Lua to TypeScript", () => {
  it("lists are arrays, every other table is a plain object, integer keys as decimal text [S2.41]", async () => {
    expect(await fromLua("{ 1, 'a', { true } }")).toStrictEqual([1, "a", [true]]);
    expect(await fromLua("{}")).toStrictEqual({});
    expect(await fromLua("{ {}, a = {} }")).toStrictEqual({ 1: {}, a: {} });
    expect(await fromLua("{ 'a', nil, 'c' }")).toStrictEqual({ 1: "a", 3: "c" });
    expect(await fromLua("{ nil, 'b' }")).toStrictEqual({ 2: "b" });
    expect(await fromLua("{ [0] = 'z', 'a' }")).toStrictEqual({ 0: "z", 1: "a" });
    expect(await fromLua("{ [-5] = 1, [3.0] = 2, [math.maxinteger] = 3 }")).toStrictEqual({
      "-5": 1,
      "3": 2,
      "9223372036854775807": 3,
    });
    expect(await fromLua(made("local t = { 1, 2, 3 } t[3] = nil return t"))).toStrictEqual([1, 2]);
    expect(await fromLua(made("local t = {} t[2] = 'b' t[1] = 'a' return t"))).toStrictEqual(["a", "b"]);
  });

  it("numbers are numbers as long as they fit, bigints beyond [S2.39]", async () => {
    const integers = "{ 9007199254740991, -9007199254740991, 9007199254740992, math.maxinteger, math.mininteger }";
    expect(await fromLua(integers)).toStrictEqual([
      Number.MAX_SAFE_INTEGER,
      Number.MIN_SAFE_INTEGER,
      2n ** 53n,
      2n ** 63n - 1n,
      -(2n ** 63n),
    ]);
    const floats = "{ 2^53, 2^63, 0.5, 3.0, 1/0, -1/0, 0/0, -0.0 }";
    expect(await fromLua(floats)).toStrictEqual([2 ** 53, 2 ** 63, 0.5, 3, Infinity, -Infinity, Number.NaN, -0]);
    expect(await fromLua("math.maxinteger")).toBe(2n ** 63n - 1n);
    expect(await fromLua("0/0")).toBeNaN();
  });

  it("a string is text if it is UTF-8, else bytes [S2.40]", async () => {
    expect(await fromLua("{ 'naïve ☃ 𝒳 \\0', '', '\\u{feff}bom' }")).toStrictEqual(["naïve ☃ 𝒳 \0", "", "\ufeffbom"]);
    expect(await fromLua("'\\xff\\0\\x01'")).toStrictEqual(new Uint8Array([255, 0, 1]));
    // Surrogates, overlong forms and what is beyond Unicode are no UTF-8.
    expect(await fromLua("{ '\\xed\\xa0\\x80', '\\xc0\\x80', '\\xf4\\x90\\x80\\x80', 'a\\x80' }")).toStrictEqual([
      new Uint8Array([0xed, 0xa0, 0x80]),
      new Uint8Array([0xc0, 0x80]),
      new Uint8Array([0xf4, 0x90, 0x80, 0x80]),
      new Uint8Array([0x61, 0x80]),
    ]);
  });

  it("nil is null; several payloads are one list with null for each nil [S2.15, S2.16, S2.38]", async () => {
    expect(await fromLua("nil")).toBeNull();
    expect(await fromLua("nil", "2", "nil")).toStrictEqual([null, 2, null]);
    expect(await fromLua("{ 1, 2 }", "3.0")).toStrictEqual([[1, 2], 3]);
  });

  it("a Time is a Date, an error a ProcessError [S2.38]", async () => {
    const [at, error] = await fromLua(`{ time.unix(1767225600, 123999999), errors.new({ message = "text",
      kind = errors.CONFLICT, retryable = true, details = { list = { 1 }, at = time.unix(-1, 0) } }) }`);
    expect(at).toStrictEqual(new Date(1_767_225_600_123));
    expect(error).toBeInstanceOf(ProcessError);
    expect([error.kind, error.message, error.retryable, error.details]).toStrictEqual([
      "Conflict",
      "text",
      true,
      { list: [1], at: new Date(-1_000) },
    ]);
  });

  it("shared parts and cycles keep their shape, also between payloads and through details [S2.42]", async () => {
    const graph = made(`
      local node = { list = {} }
      node.self, node.list[1], node.at = node, node, time.now()
      node.err = errors.new({ message = "e", details = node })
      return { node, node.at }`);
    const [one, two] = await fromLua(graph, graph.replace("return { node, node.at }", "return node.list"));
    const [node, at] = one;
    expect(node.self).toBe(node);
    expect(node.list[0]).toBe(node);
    expect(node.err.details).toBe(node);
    expect(node.at).toBe(at);
    expect(two[0].list).toBe(two);
  });

  it("__proto__ is an own property and alters no prototype [S2.43]", async () => {
    const got = await fromLua('{ ["__proto__"] = { polluted = true }, constructor = 1 }');
    expect(Object.getPrototypeOf(got)).toBe(Object.prototype);
    expect(Object.keys(got).sort()).toEqual(["__proto__", "constructor"]);
    expect(got.polluted).toBeUndefined();
    expect(Object.getOwnPropertyDescriptor(got, "__proto__")?.value).toStrictEqual({ polluted: true });
  });
});

describe("from TypeScript to Lua", () => {
  it("a safe integer is an integer, any other number a float [S2.57]", async () => {
    const values = [1, -5, 2 ** 53 - 1, -(2 ** 53 - 1), 2 ** 53, -0, 0.5, 1e300, Infinity, Number.NaN];
    const check = made(`
      local t = {}
      for i = 1, #v do t[i] = math.type(v[i]) end
      t[#t + 1] = 1 / v[6] < 0
      t[#t + 1] = v[10] ~= v[10]
      return t`);
    const expected = [...Array(4).fill("integer"), ...Array(6).fill("float"), true, true];
    expect(await intoLua([values], check)).toEqual(expected);
    expect(await intoLua([-0], "{ math.type(v), 1 / v < 0 }")).toEqual(["float", true]);
    expect(await intoLua([7], "{ math.type(v), v }")).toEqual(["integer", 7]);
  });

  it("a bigint is an integer, and one beyond 64 bits INVALID [S2.39]", async () => {
    const values = [1n, 2n ** 63n - 1n, -(2n ** 63n)];
    const check = "{ math.type(v[1]), v[1] == 1, v[2] == math.maxinteger, v[3] == math.mininteger }";
    expect(await intoLua([values], check)).toEqual(["integer", true, true, true]);
    await expect(intoLua([2n ** 63n], "v")).rejects.toMatchObject({ kind: "Invalid" });
  });

  it("bytes are a string of the same bytes, a Buffer too [S2.40, S2.56]", async () => {
    const check = "{ v[1] == '\\0\\xff\\x80', v[2] == '', v[3] == 'el', #v }";
    const values = [new Uint8Array([0, 255, 128]), new Uint8Array(), Buffer.from("hello").subarray(1, 3)];
    expect(await intoLua([values], check)).toEqual([true, true, true, 3]);
    expect(await intoLua([values[0]], "v == '\\0\\xff\\x80'")).toBe(true);
  });

  it("arrays are lists with holes for null, objects and Maps are maps [S2.38, S2.41]", async () => {
    const values = [[1, null, 3], { a: 1, b: null, c: undefined }, new Map<unknown, unknown>([["a", 1]]), [], {}];
    const check = `{ v[1][1], v[1][2] == nil, v[1][3], v[2].a, v[2].b == nil, v[3].a, next(v[4]) == nil, next(v[5]) == nil }`;
    expect(await intoLua([values], check)).toEqual([1, true, 3, 1, true, 1, true, true]);
    expect(await intoLua([null], "type(v)")).toBe("nil");
    expect(await intoLua([null, 2], "{ v[1] == nil, v[2] }")).toEqual([true, 2]);
  });

  it("a Date is a Time, also for a process that does not list the module [S2.38]", async () => {
    const at = new Date(1_767_225_600_123);
    for (const modules of [["time"], []]) {
      expect(await intoLua([at], "{ v:unix(), v:unix_milli() }", { modules })).toEqual([1767225600, 1767225600123]);
      expect(await intoLua([{ at: [new Date(-1)] }], "v.at[1]:unix_milli()", { modules })).toBe(-1);
    }
  });

  it("a ProcessError is an error object, any other Error one of kind INTERNAL with its message [S2.38, S2.56]", async () => {
    const error = new ProcessError({ message: "text", kind: "Conflict", retryable: false, details: { list: [1] } });
    const check = `{ type(v[1]), v[1]:kind(), v[1]:message(), v[1]:retryable(), v[1]:details().list[1], tostring(v[1]),
      v[2]:kind(), v[2]:message(), v[2]:retryable() == nil, v[2]:details() == nil }`;
    expect(await intoLua([[error, new TypeError("typo")]], check)).toEqual(
      // biome-ignore format: one line per error
      ["userdata", "Conflict", "text", false, 1, "text",
        "Internal", "typo", true, true],
    );
  });

  it("shared parts and cycles keep their shape [S2.42]", async () => {
    const shared = { n: 1 };
    const date = new Date(5);
    const node: Record<string, any> = { shared, list: [shared, date], date };
    node.self = node;
    node.error = new ProcessError({ message: "e", details: { node } });
    const check = `{ v[1].self == v[1], v[1].list[1] == v[1].shared, v[1].shared == v[2],
      rawequal(v[1].list[2], v[1].date), v[1].error:details().node == v[1] }`;
    expect(await intoLua([node, shared], check)).toEqual([true, true, true, true, true]);
  });

  it("own properties called __proto__ arrive as keys [S2.43]", async () => {
    const value = JSON.parse('{ "__proto__": { "n": 1 }, "a": 2 }');
    expect(await intoLua([value], '{ v["__proto__"].n, v.a, getmetatable(v) == nil }')).toEqual([1, 2, true]);
  });
});

describe("depth", () => {
  it.each([
    ["lists", "{ v }", "v = v[1]", 1],
    ["maps", "{ a = v }", "v = v.a", 1],
    ["integer keys", "{ [7] = v }", "v = v[7]", 1],
    ["errors and their details", "errors.new({ message = 'e', details = { v } })", "v = v:details()[1]", 2],
  ])(
    "of 1,000 levels of %s is carried, and deeper data arrives whole or is INVALID [S2.46]",
    async (_what, wrap, unwrap, height) => {
      for (const levels of [1_000, 1_600, 4_000]) {
        const count = levels / height;
        const check = made(`for _ = 1, ${count} do ${unwrap} end return v`);
        const told = await withinLua([nested(count, wrap)], check).catch((cause) => cause.message);
        if (told !== "core") expect(levels).toBeGreaterThan(1_000);
        expect(told === "core" || / cannot be sent$/.test(told), told).toBe(true);
      }
    },
  );

  it("of 1,000 levels goes to TypeScript and comes from there; 100,000 arrive whole or are INVALID [S2.46]", async () => {
    let value = await fromLua(nested(1_000, "{ v }"));
    for (let i = 0; i < 1_000; i++) value = value[0];
    expect(value).toBe("core");
    for (const levels of [1_000, 100_000]) {
      let deep: unknown = "core";
      for (let i = 0; i < levels; i++) deep = [deep];
      const check = made(`for _ = 1, ${levels} do v = v[1] end return v`);
      const told = await intoLua([deep], check).catch((cause) => cause.kind);
      expect(told).toBe(told === "core" || levels === 1_000 ? "core" : "Invalid");
    }
  });

  it("of 100,000 levels in Lua is INVALID with a path of bounded length, and the process lives on [S2.45, S2.46]", async () => {
    for (const core of ["'core'", "print"]) {
      const [told = ""] = await refusedInLua(nested(100_000, "{ v }", core));
      expect(told).toMatch(/^Invalid payload\[1\].* cannot be sent$/);
      expect(told.length).toBeLessThan(1_000);
    }
  });
});

describe("data that cannot be sent", () => {
  it.each([
    ["a function", "function() end", "function"],
    ["a library function", "print", "function"],
    ["a coroutine", "coroutine.create(print)", "coroutine"],
    ["a channel", "channel.new()", "channel"],
    ["a subscription", "process.inbox()", "channel"],
    ["a builder", "process.with_context({})", "spawn builder"],
    ["a timer", "time.timer('1s')", "Timer"],
    ["a Duration", "time.parse_duration('1s')", "Duration"],
    ["a message", made("process.send(process.pid(), 't') return (process.inbox():receive())"), "message"],
    ["a case of a select", "channel.new():case_receive()", "case"],
    ["what process.done makes", "process.done(1)", "done"],
    ["the process table", "process", "process"],
    ["a module", "time", "time"],
  ])("%s is INVALID anywhere, at its place, and nothing is sent [S2.44, S2.45]", async (_what, value, found) => {
    const places = {
      payload: value,
      "payload[2]": `{ 1, ${value} }`,
      "payload.callback[2]": `{ callback = { 0, ${value} } }`,
      'payload.a["b c"][1]': `{ a = { ["b c"] = { ${value} } } }`,
      "payload[5]": `{ [5] = ${value} }`,
      "payload[2].a": `'first', { a = ${value} }`,
      "payload.err.details.a": `{ err = errors.new({ message = "text", details = { a = ${value} } }) }`,
    };
    const told = Object.keys(places).map((place) => `Invalid ${place}: ${found} cannot be sent`);
    expect(await refusedInLua(...Object.values(places))).toEqual(told);
  });

  it("a key that is neither string nor integer is INVALID, at the place of the map [S2.44, S2.45]", async () => {
    const keys = { "1.5": "1.5", boolean: "true", table: "{}", function: "print", userdata: "errors.new('e')" };
    const maps = Object.values(keys).map((key) => `{ map = { [${key}] = 1 } }`);
    const told = Object.keys(keys).map((what) => `Invalid payload.map: map key ${what} cannot be sent`);
    expect(await refusedInLua(...maps)).toEqual(told);
    expect((await refusedInLua("{ [2^63] = 1 }"))[0]).toMatch(/^Invalid payload: map key .* cannot be sent$/);
  });

  it('a map with both 1 and "1", or with a key that is not UTF-8, is INVALID, also from Lua to Lua [S2.57]', async () => {
    expect(
      await refusedInLua(
        '{ both = { "a", ["1"] = "b" } }',
        '{ both = { [-7] = "a", ["-7"] = "b" } }',
        '{ map = { ["\\xff"] = 1 } }',
      ),
    ).toEqual([
      "Invalid payload.both: map key 1 stands twice, as a number and as a string",
      "Invalid payload.both: map key -7 stands twice, as a number and as a string",
      "Invalid payload.map: a key that is not UTF-8 cannot be sent",
    ]);
  });

  it("is named by its root: argument, result, context, state, payload [S2.45, S3.15, S4.13]", async () => {
    await simulate(1, async (sim) => {
      const bad = "{ deep = { print } }";
      defineLua(sim, "app:child", `return function() return ${bad} end`);
      defineLua(sim, "app:upgrading", `return function() process.upgrade("app:child", 1, ${bad}) end`);
      defineLua(
        sim,
        "app:acting",
        `${LUA_REFUSAL}
        local function raised(...)
          local ok, err = pcall(...)
          return refusal(nil, not ok and err)
        end
        return function()
          local bad, builder = ${bad}, process.with_context({})
          return {
            raised(process.with_context, { key = bad }),
            raised(builder.with_context, builder, { key = bad }),
            raised(builder.with_message, builder, "topic", bad),
            raised(builder.with_message, builder, "topic", 1, bad),
            refusal(process.spawn("app:child", "sim:processes", 0, bad)),
            refusal(process.exec("app:child", "sim:processes", bad)),
            refusal(process.exec("app:child", "sim:processes")),
            refusal(process.exec("app:upgrading", "sim:processes")),
          }
        end`,
      );
      const told = (await sim.exec("app:acting")) as [string, string][];
      expect(told.map(([kind, text]) => `${kind} ${text}`)).toEqual([
        "Invalid context.key.deep[1]: function cannot be sent",
        "Invalid context.key.deep[1]: function cannot be sent",
        "Invalid payload.deep[1]: function cannot be sent",
        "Invalid payload[2].deep[1]: function cannot be sent",
        "Invalid argument[2].deep[1]: function cannot be sent",
        "Invalid argument[1].deep[1]: function cannot be sent",
        "Invalid result.deep[1]: function cannot be sent",
        "Invalid upgrade: state[2].deep[1]: function cannot be sent",
      ]);
    });
  });

  it("from TypeScript is INVALID with its own indices, whoever the receiver [S2.45, S2.56]", async () => {
    for (const [value, text] of [
      [{ callback: [0, 1, () => 1] }, "payload.callback[2]: function cannot be sent"],
      [new Set(), "payload: instance of Set cannot be sent"],
      [new Int8Array(1), "payload: instance of Int8Array cannot be sent"],
      [/a/, "payload: instance of RegExp cannot be sent"],
      [
        new Map<unknown, unknown>([
          [1, "a"],
          ["1", "b"],
        ]),
        "payload: map key 1 stands twice, as a number and as a string",
      ],
    ]) {
      await expect(intoLua([value], "v")).rejects.toMatchObject({ kind: "Invalid", message: text });
    }
  });
});
