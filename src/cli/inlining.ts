/**
 * How much V8 may inline: more than of its own accord. A message goes through some thirty small functions on its way
 * from `send` to the `await` of its receiver, and V8's budget is used up in the middle (docs/adr/0009).
 */
import { setFlagsFromString } from "node:v8";

/**
 * The flags of V8. Of the bytes of bytecode that it inlines into a function its own values are 920 and 460. What a derived
 * class calls by `super()` it looks up anew each time, by a call, unless it is told not to leave out default constructors.
 */
const FLAGS = [
  "--max-inlined-bytecode-size-cumulative=3000",
  "--max-inlined-bytecode-size=1000",
  "--no-omit-default-ctors",
];

/** Has V8 inline more in all code that it compiles from now on. A flag that Node was started with stays as it is. */
export function allowInlining(): void {
  const given = new Set(process.execArgv.map(nameOf));
  for (const flag of FLAGS) if (!given.has(nameOf(flag))) setFlagsFromString(flag);
}

/** What a flag sets: V8 takes underscores for dashes. */
function nameOf(flag: string): string {
  const [name = ""] = flag.replaceAll("_", "-").split("=");
  return name.replace(/^--no-?/, "--");
}
