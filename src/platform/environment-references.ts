/**
 * Environment references in strings: `${env:NAME}`, `${env:NAME|text when unset}`, and `$${` for a literal `${`
 * (S13.10). Anything else in braces stays as it is.
 */

const REFERENCE = /\$\$\{|\$\{env:([^}|]*)(?:\|([^}]*))?\}/g;

/** What became of a string. `unset` are the names without a value; `text` is then of no use. */
export interface Substituted {
  readonly text: string;
  readonly unset: readonly string[];
}

/** Replaces the references of one string. What comes out is not looked at again. */
export function replaceEnvironmentReferences(
  text: string,
  environment: Readonly<Record<string, string | undefined>>,
): Substituted {
  if (!text.includes("${")) return { text, unset: [] };
  const unset: string[] = [];
  const replaced = text.replace(REFERENCE, (whole, name?: string, fallback?: string) => {
    if (name === undefined) return whole.slice(1);
    const value = environment[name] ?? fallback;
    if (value === undefined) unset.push(name);
    return value ?? "";
  });
  return { text: replaced, unset };
}
