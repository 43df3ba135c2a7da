/** Calls of the engine that look at many things in one go are bounded: nothing is preempted in the middle of them. */
import { expect, it } from "vitest";
import { runLua } from "../support/running-lua.ts";

it("refuses a select, a serve, options and durations of more than a call may look at [S11.33]", async () => {
  const got = await runLua(`return function()
    local case, cases, topics, options = channel.new():case_receive(), {}, {}, {}
    for i = 1, 4097 do cases[i] = case end
    for i = 1, 1025 do topics["t" .. i], options[i] = print, true end
    local list = {}
    local function note(ok, value, err)
      err = err or value
      list[#list + 1] = err:kind() .. ": " .. err:message():sub(1, 40)
    end
    note(pcall(channel.select, cases))
    note(pcall(process.serve, topics))
    note(process.set_options(options))
    note(process.cancel(process.pid(), ("1h"):rep(100000)))
    note(pcall(process.with_context({}).with_options, process.with_context({}), {timeout = ("1h"):rep(100000)}))
    cases[4097], topics.t1025 = nil, nil
    list[#list + 1] = channel.select(cases, true).default
    return list
  end`);
  expect(got).toEqual([
    "Invalid: too many cases (limit 4,096)",
    "Invalid: too many topics (limit 1,024)",
    "Invalid: too many options (limit 1,024)",
    `Invalid: invalid duration format: ${"1h".repeat(7)}1`,
    `Invalid: invalid duration format: ${"1h".repeat(7)}1`,
    true,
  ]);
});
