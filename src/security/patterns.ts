/** Patterns of actions and resources (S10.35): `*`, a prefix with a `*` behind it, `prefix.*`, or the text itself. */

/** Whether a text matches. */
export type Matcher = (text: string) => boolean;

/** Makes a matcher of one pattern. A `*` anywhere but at the end is an ordinary character. */
export function matcherOf(pattern: string): Matcher {
  if (pattern === "*") return () => true;
  if (pattern.endsWith(".*")) {
    const family = pattern.slice(0, -2);
    const members = pattern.slice(0, -1);
    return (text) => text === family || text.startsWith(members);
  }
  if (pattern.endsWith("*")) {
    const prefix = pattern.slice(0, -1);
    return (text) => text.startsWith(prefix);
  }
  return (text) => text === pattern;
}

/** Makes a matcher of several patterns, one of which has to match. */
export function anyOf(patterns: readonly string[]): Matcher {
  const matchers = patterns.map(matcherOf);
  const [only] = matchers;
  if (matchers.length === 1 && only !== undefined) return only;
  return (text) => matchers.some((matches) => matches(text));
}
