/** Messages by topics in Lua at the worst moments: on their way to one coroutine when another should have them. */
import { expect, it } from "vitest";
import { BareIsland } from "../support/bare-island.ts";

/** The program that a process is upgraded to: what was left for it, and with what. */
const DRAIN = `return function(...) local t = {} local i = process.inbox() while true do
  local r = channel.select({i:case_receive()}, true) if r.default then break end t[#t + 1] = r.value:topic() .. r.value:payload() end
  return table.concat(t, " ") .. " | " .. table.concat({...}, " ") end`;

/** Sends a message that nobody takes yet, one that somebody waits for, and an event. */
const CANCELS_AFTER_TWO = `return function(pid) process.send(pid, "a", 1) process.send(pid, "b", 2) process.cancel(pid, "1h") end`;

/** What main ends with, or the program after it, when another process has sent it what `sender` sends. */
function run(main: string, sender: string) {
  const island = new BareIsland();
  island.define("t:main", main);
  island.define("t:drain", DRAIN);
  island.define("t:sender", sender);
  let pid: any = null;
  let outcome: any = null;
  island.kernel.outside.spawn(
    "t:main",
    "bare:processes",
    [],
    {
      onEnd: (r) => {
        outcome = r;
      },
    },
    (g) => {
      pid = g;
    },
  );
  island.run(() => pid !== null);
  island.settle();
  island.kernel.outside.spawn("t:sender", "bare:processes", [pid], {}, () => {});
  island.run(() => outcome !== null);
  return outcome.value ?? outcome;
}

it("what an event has taken back stands behind what is older, for the code after an upgrade [S2.11, S2.32]", () => {
  expect(
    run(
      `return function()
    process.listen("a")
    process.serve{b = function() end, ["@events"] = function() process.upgrade("t:drain") end}
  end`,
      CANCELS_AFTER_TWO,
    ),
  ).toBe("a1 b2 | ");
});

it("what an event has taken back stands behind what is older, for the inbox when nobody listens any more [S2.31, S2.32]", () => {
  expect(
    run(
      `return function()
    process.listen("a")
    process.serve{b = function() end, ["@events"] = function() return process.done(1) end}
    process.unlisten(process.listen("a"))
    process.unlisten(process.listen("b"))
    local i = process.inbox()
    return i:receive():topic() .. " " .. i:receive():topic()
  end`,
      CANCELS_AFTER_TWO,
    ),
  ).toBe("a b");
});

it("what an event has taken back stands behind what is older, for a serve of both topics [S11.38]", () => {
  expect(
    run(
      `return function()
    local log = {}
    process.listen("a")
    process.serve{b = function() end, ["@events"] = function() return process.done(1) end}
    local function note(p, m) log[#log + 1] = m:topic() .. p if #log == 2 then return process.done(1) end end
    process.serve{a = note, b = note}
    return table.concat(log, " ")
  end`,
      CANCELS_AFTER_TWO,
    ),
  ).toBe("a1 b2");
});

it("who waits behind a serve is told of what came, though an event came between [S2.29, S15.6]", () => {
  expect(
    run(
      `return function()
    local got = "nothing"
    local a, b = process.listen("a", {message = true}), process.listen("b")
    coroutine.spawn(function() process.serve{a = function() return process.done(1) end, b = function() end} end)
    coroutine.spawn(function() process.inbox():receive() got = tostring(b:receive():payload()) end)
    time.sleep(100)
    process.upgrade("t:drain", got)
  end`,
      `return function(pid) process.send(pid, "a", 1) process.send(pid, "b", 2) process.send(pid, "e", 0) process.cancel(pid, "1h") end`,
    ),
  ).toBe(" | 2");
});

it("who waits behind a serve whose turn was used up is told of what there is of another topic [S2.29, S15.6]", () => {
  expect(
    run(
      `return function()
    local got = "nothing"
    local b = process.listen("b")
    local n = 0
    coroutine.spawn(function()
      process.serve{a = function() n = n + 1 if n == 65 then return process.done(1) end end, b = function() n = n + 1 end}
    end)
    local go = process.listen("go")
    go:receive()
    coroutine.spawn(function() got = tostring(b:receive():payload()) end)
    time.sleep(100)
    process.upgrade("t:drain", got)
  end`,
      `return function(pid)
    for i = 1, 66 do process.send(pid, "a", i) end
    process.send(pid, "b", 1) process.send(pid, "go", 1)
  end`,
    ),
  ).toMatch(/\| 1$/);
});
