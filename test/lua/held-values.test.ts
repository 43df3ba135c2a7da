/** What the engine holds of a process for a while it does not hold for good: what works once works for ever. */
import { expect, it } from "vitest";
import { runLua } from "../support/running-lua.ts";

const TIMES = 60_000;

/** Runs a piece of code very often in a process with little memory. */
function often(body: string, times = TIMES): Promise<unknown> {
  const source = `return function() for i = 1, ${times} do ${body} end return "done" end`;
  return runLua(source, { memoryLimitBytes: 2 * 2 ** 20 });
}

it("channels of topics that are opened and closed, one way or the other [S2.31, S2.33]", async () => {
  expect(await often(`process.unlisten(process.listen("t"))`)).toBe("done");
  expect(await often(`process.listen("t" .. i):close()`)).toBe("done");
  expect(await often(`process.unlisten(process.inbox())`)).toBe("done");
});

it("values that nobody has received from a channel that is gone [S11.1]", async () => {
  expect(await often(`channel.new(2):send({i})`)).toBe("done");
});

it("values of sends that were called off because the channel was closed [S11.3]", async () => {
  const body = `local c = channel.new() coroutine.spawn(function() c:send(("x"):rep(200) .. i) end) time.sleep(1) c:close()`;
  expect(await often(body, 20_000)).toBe("done");
});

it("handlers of a serve that is refused [S11.38]", async () => {
  expect(await often(`process.serve{["@x"] = function() return i end}`)).toBe("done");
});
