/**
 * A set of strings that is usually empty or has one member: the links, monitors and names of a process. Nothing is
 * allocated for none or one, which is what keeps an idle process small.
 */

/** None, one, or many. Replace the old value by what `added` and `removed` return. */
export type StringSet = null | string | Set<string>;

/** The set with this member. */
export function added(set: StringSet, member: string): StringSet {
  if (set === null) return member;
  if (typeof set === "string") return set === member ? set : new Set([set, member]);
  return set.add(member);
}

/** The set without this member. */
export function removed(set: StringSet, member: string): StringSet {
  if (set === null || typeof set === "string") return set === member ? null : set;
  set.delete(member);
  return set.size === 0 ? null : set;
}

/** Whether this is a member. */
export function includes(set: StringSet, member: string): boolean {
  if (set === null) return false;
  return typeof set === "string" ? set === member : set.has(member);
}

const NONE: readonly string[] = [];

/** The members, in the order they came. */
export function members(set: StringSet): Iterable<string> {
  if (set === null) return NONE;
  return typeof set === "string" ? [set] : set;
}
