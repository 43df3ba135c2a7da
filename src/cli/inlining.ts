/**
 * How much V8 may inline: more than of its own accord. A message goes through some thirty small functions on its way
 * from `send` to the `await` of its receiver, and V8's budget is used up in the middle (docs/adr/0009).
 */
import { setFlagsFromString } from "node:v8";

/** The flags of V8, and how many bytes of bytecode each allows; V8's own values are 920 and 460. */
const BUDGETS = { "--max-inlined-bytecode-size-cumulative": 3000, "--max-inlined-bytecode-size": 1000 };

/** Raises the budgets for all code that V8 compiles from now on. A flag that Node was started with stays as it is. */
export function allowInlining(): void {
  for (const [flag, bytes] of Object.entries(BUDGETS)) {
    // V8 takes underscores for dashes.
    const isGiven = process.execArgv.some((given) => given.replaceAll("_", "-").startsWith(`${flag}=`));
    if (!isGiven) setFlagsFromString(`${flag}=${bytes}`);
  }
}
