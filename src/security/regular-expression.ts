/** Regular expressions of policies: RE2 syntax, compiled at load, matched in linear time (S10.40). */
import { RE2JS } from "re2js";

/** How long a pattern may be: matching takes time in proportion to it. */
const MAX_PATTERN_LENGTH = 1_000;
/** How large a pattern may become: `(a{1000}){30}` is short and means 30,000 letters. */
const MAX_PROGRAM_SIZE = 10_000;

/** Compiles a pattern that may match anywhere in a text. The answer is the reason, as a text, when it is invalid. */
export function compilePattern(pattern: string): ((text: string) => boolean) | string {
  if (pattern.length > MAX_PATTERN_LENGTH) return `it is longer than ${MAX_PATTERN_LENGTH} characters`;
  try {
    const compiled = RE2JS.compile(pattern);
    if (compiled.programSize() > MAX_PROGRAM_SIZE) return "its repetitions make it too large";
    return (text) => compiled.test(text);
  } catch (cause) {
    return (cause as Error).message;
  }
}
