/**
 * The id of an entry, `namespace:name`, and how one entry refers to another.
 *
 * Ids of hosts become part of pids, `{node@host|0x00001}`, so the characters that give a pid its shape are refused in
 * every id. The first colon ends the namespace; a name may contain dots (S13.5).
 */

const PART = /^[^\s:{}|@]+$/;

/** What a namespace or a name may look like, in words, for error messages. */
export const ID_PART_RULE = "text without blanks and without any of : { } | @";

/** Whether a text can be a namespace or a name. */
export function isIdPart(text: string): boolean {
  return PART.test(text);
}

/** Whether a text is a complete id, `namespace:name`. */
export function isCompleteId(text: string): boolean {
  const colon = text.indexOf(":");
  return colon > 0 && isIdPart(text.slice(0, colon)) && isIdPart(text.slice(colon + 1));
}

/** Whether a text can refer to an entry: `namespace:name`, or `name` alone. */
export function isReference(text: string): boolean {
  return isIdPart(text) || isCompleteId(text);
}

/** The id a reference means: without a namespace it is that of the entry which refers (S13.4). */
export function resolveReference(reference: string, namespace: string): string {
  return reference.includes(":") ? reference : `${namespace}:${reference}`;
}
