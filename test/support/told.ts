/** How facts tell outcomes: refusals as their kind and text, in either language, so that both can return them. */
import type { ProcessError } from "../../src/index.ts";
import type { Outcome } from "./facts.ts";

/** Kind and text of an error that a call of TypeScript has answered, thrown or rejected with. */
export function refusal(error: unknown): [kind: string, text: string] {
  const { kind, message } = error as ProcessError;
  return [kind, message];
}

/** The same in Lua, of what a call has returned: `refusal(process.send(…))`; says so when the call has not failed. */
export const LUA_REFUSAL = `local function refusal(value, err)
  if value or not err then return { "succeeded", tostring(value) } end
  return { err:kind(), err:message() }
end`;

/** The value a process has returned; fails the test when it has failed. */
export function valueIn(outcome: Outcome): unknown {
  if ("error" in outcome) throw outcome.error;
  return outcome.value;
}
