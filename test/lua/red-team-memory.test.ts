// Attacks on the memory of others: what a heap holds ends with it, and nobody else loses anything (S11.35–S11.37).
import { type Attack, attacks } from "../support/red-team.ts";

const SPENT = { error: "memory limit exceeded", kind: "RateLimited" };

/** What ends a process with a limit of its own, caught or not. */
const bombs: Record<string, string> = {
  "a table bomb": "local t = {} while true do t = { t, { t } } end",
  "a list without end": "local t = {} while true do t[#t + 1] = t end",
  "tables without end": "local t = {} while true do t[#t + 1] = {} end",
  "a string that doubles": "local s = 'x' while true do s = s .. s end",
  "strings kept": "local t = {} while true do t[#t + 1] = ('x'):rep(1000) .. #t end",
  "a million coroutines": "local t = {} while true do t[#t + 1] = coroutine.create(function() end) end",
  "coroutines that have begun":
    "local t = {} while true do local co = coroutine.wrap(coroutine.yield) co() t[#t + 1] = co end",
  "coroutines of the engine": "while true do coroutine.spawn(function() time.sleep('1h') end) end",
  closures: "local f = function() end while true do local g = f f = function() return g end end",
  "varargs without end":
    "local t = {} for i = 1, 60000 do t[i] = i end local function f(...) return 1 + select('#', f(...)) end f(table.unpack(t))",
  "deep recursion in coroutines":
    "local t = {} while true do t[#t + 1] = coroutine.wrap(function() local function f(n) if n > 0 then return 1 + f(n - 1) end coroutine.yield() end f(1000) end) t[#t]() end",
  "long keys": "local t, i = {}, 0 while true do i = i + 1 t[('k'):rep(100) .. i] = 1 end",
  channels: "local t = {} while true do t[#t + 1] = channel.new(1) end",
  "a channel with room without end": "local c = channel.new(1 << 30) while true do c:send({}) end",
  "errors kept": "local t = {} while true do t[#t + 1] = errors.new('x') end",
  "messages kept":
    "local t = {} while true do process.send(process.pid(), 't', { 1, 2, 3 }) t[#t + 1] = process.inbox():receive() end",
  listeners: "local i = 0 while true do i = i + 1 process.listen('topic ' .. i) end",
  "listeners of long topics": "local i = 0 while true do i = i + 1 process.listen(('t'):rep(10000) .. i) end",
  globals: "local i = 0 while true do i = i + 1 _G['g' .. i] = i end",
  "captures of patterns":
    "local t = {} while true do for w in ('a b c '):rep(100):gmatch('(%a)(%s)') do t[#t + 1] = w .. #t end end",
  "messages queued in a builder":
    "local b = process.with_context({}) while true do b = b:with_message('t', ('x'):rep(10000)) end",
  "context values of a builder":
    "local b, i = process.with_context({}), 0 while true do i = i + 1 b = b:with_context({ ['k' .. i] = ('x'):rep(10000) .. i }) end",
  "builders of large data kept":
    "local t = {} for i = 1, 1000 do t[i] = { i } end local kept = {} while true do kept[#kept + 1] = process.with_context({ t = t }) end",
  times: "local t = {} while true do t[#t + 1] = time.now() end",
};

attacks([
  ...Object.entries(bombs).map(
    ([what, does]): Attack => ({
      title: `${what}: ends with its memory, and alone [S11.36, S11.37]`,
      does,
      ends: SPENT,
      entry: { memoryLimitBytes: 3 * 2 ** 20 },
    }),
  ),
  ...Object.entries(bombs)
    .slice(0, 6)
    .map(
      ([what, does]): Attack => ({
        title: `${what}: no pcall, handler, coroutine or __close catches it [S11.37]`,
        does: `while true do
          xpcall(function()
            local x <close> = setmetatable({}, { __close = function() while true do end end })
            coroutine.wrap(function() pcall(function() ${does} end) while true do end end)()
          end, function() while true do end end)
        end`,
        ends: SPENT,
        entry: { memoryLimitBytes: 3 * 2 ** 20 },
      }),
    ),
  {
    title: "out of memory in a comparison of sort ends the process [S11.37]",
    does: "while true do pcall(table.sort, { 2, 1 }, function() local t = {} while true do t = { t } end end) end",
    ends: ({ error }) => {
      if (error !== "memory limit exceeded") throw new Error(`ended with ${error}`);
    },
    entry: { memoryLimitBytes: 2 ** 20 },
  },
  {
    title: "a string of more than 8 MiB is refused and ends the process [S11.33, S11.37]",
    does: "local s = ('x'):rep(1 << 20) while true do s = s .. s end",
    ends: SPENT,
    costsSibling: true,
  },
  {
    title: "a table part of more than 8 MiB is refused and ends the process [S11.33, S11.37]",
    does: "local t = {} for i = 1, 10000000 do t[i] = true end",
    ends: SPENT,
    costsSibling: true,
    rounds: 2,
  },
  {
    title: "a table of more than 65,536 keys is refused and ends the process [S11.33, S11.37]",
    does: "local t = {} for i = 1, 65536 do t[-i] = true end t[0] = true",
    ends: SPENT,
    costsSibling: true,
  },
  {
    title: "a table of 65,536 keys is none too many [S11.33]",
    does: "local t = {} for i = 1, 65536 do t[-i] = true end return next(t) ~= nil",
    ends: ({ value }) => {
      if (value !== true) throw new Error("it did not return");
    },
  },
  {
    title: "garbage without end costs nobody anything [S11.32]",
    does: "while true do local _ = { {}, {}, ('x'):rep(100) .. tostring({}) } end",
  },
  {
    title: "weak tables and ephemerons cost nobody anything [S11.32]",
    does: `local e = setmetatable({}, { __mode = "k" }) local v = setmetatable({}, { __mode = "v" })
      while true do local k = {} for i = 1, 1000 do local n = {} e[k] = n v[i] = n k = n end end`,
    ends: SPENT,
    costsSibling: true,
  },
  {
    title: "spawns without end stop at the places of the host [S3.24, S11.32]",
    does: `local refused while not refused do
        local pid, err = process.spawn("red:child", "sim:small") refused = not pid and err
      end return refused:kind()`,
    given: { "red:child": "return function() process.inbox():receive() end" },
    prepare: (sim) => sim.addHost("sim:small", { maxProcesses: 50 }),
    ends: { value: "Unavailable" },
    turns: 200,
  },
  {
    title: "a spawn bomb stops at the places of the host [S11.32]",
    does: "process.spawn('red:child', 'sim:small') process.inbox():receive()",
    given: { "red:child": "return function() while true do process.spawn('red:child', 'sim:small') end end" },
    prepare: (sim) => sim.addHost("sim:small", { maxProcesses: 30 }),
    turns: 2_000,
    rounds: 2,
  },
  {
    title: "a flood at a mailbox with a limit is refused [S2.49]",
    does: `local pid = process.spawn("red:child", "sim:limited") local err
      for _ = 1, 1000 do local ok, e = process.send(pid, "t", ("x"):rep(1000)) err = err or e end
      return err:kind()`,
    given: { "red:child": "return function() time.sleep('1h') end" },
    prepare: (sim) => sim.addHost("sim:limited", { mailbox: { limit: 10, overflow: "reject" } }),
    ends: { value: "RateLimited" },
  },
  {
    title: "a huge error message ends its process only [S4.8]",
    does: "error(('x'):rep(1 << 20) .. ('y'):rep(1 << 20), 0)",
    ends: ({ error }) => {
      if (error?.length !== 2 ** 21) throw new Error("another message");
    },
  },
  {
    title: "a string that stands in a message many times is no way around the limit [S2.45, S2.58, S11.33]",
    does: `local s, t = ("x"):rep(1 << 20), {} for i = 1, 1000 do t[i] = s end
      local ok, err = process.send(process.pid(), "t", t) return err:message()`,
    ends: { value: "payload[5]: data of more than 4 MiB of text cannot be sent" },
  },
  {
    title: "a message of more values than can be copied in a slice is refused [S2.45, S2.58, S11.33]",
    does: `local t = {} for i = 1, 65536 do t[i] = true end
      local ok, err = process.send(process.pid(), "t", t) return err:message()`,
    ends: { value: "payload: data of more than 65,536 values cannot be sent" },
  },
  {
    title: "huge names and topics are names and topics [S1.14, S2.1]",
    does: `local s = ("x"):rep(1 << 20)
      assert(process.registry.register(s)) assert(process.registry.lookup(s) == process.pid()) assert(process.registry.unregister(s))
      local ch = process.listen(s) assert(process.send(process.pid(), s, 7)) return ch:receive()`,
    ends: { value: 7 },
  },
  {
    title: "an error message with the stack of a million calls is short [S4.8]",
    does: "local function f() return 1 + f() end f()",
    ends: ({ error }) => {
      if (error?.includes("stack overflow") !== true) throw new Error(`ended with ${error}`);
    },
  },
]);
