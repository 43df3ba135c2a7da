/** Entries as the text of a YAML file that reads back as just them. */

/**
 * Writes a file of entries, or a list of them without a head when there is no namespace.
 *
 * @param comment lines above it.
 */
export async function entriesAsYaml(
  namespace: string | null,
  comment: readonly string[],
  entries: readonly object[],
): Promise<string> {
  const { stringify } = await import("yaml");
  const data = namespace === null ? entries : { version: "1.0", namespace, entries };
  const text = stringify(literal(data), { lineWidth: 0, aliasDuplicateObjects: false });
  return `${comment.map((line) => (line === "" ? "#\n" : `# ${line}\n`)).join("")}${text}`;
}

/** The same data, none of whose texts refers to the environment (S13.10). */
function literal(data: unknown): unknown {
  if (typeof data === "string") return data.replaceAll("${", () => "$${");
  if (Array.isArray(data)) return data.map(literal);
  if (typeof data !== "object" || data === null) return data;
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, literal(value)]));
}
