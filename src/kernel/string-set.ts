/**
 * A set of strings that is usually empty or small: the links, monitors and names of a process. Nothing is allocated for
 * none or one, which is what keeps an idle process small, and nothing is hashed for a few, which is what makes a monitor
 * cheap: a pid that was just made has no hash yet.
 */

/** None, one, few or many. Replace the old value by what `added` and `removed` return. */
export type StringSet = null | string | string[] | Set<string>;

/** How many count as few. */
const FEW = 128;

/** The set with this member. */
export function added(set: StringSet, member: string): StringSet {
  return includes(set, member) ? set : addedNew(set, member);
}

/** The set with a member that is known not to be in it yet, such as a pid just made. */
export function addedNew(set: StringSet, member: string): StringSet {
  if (set === null) return member;
  if (typeof set === "string") return [set, member];
  if (set instanceof Set) return set.add(member);
  if (set.length === FEW) return new Set(set).add(member);
  set.push(member);
  return set;
}

/** The set without this member. */
export function removed(set: StringSet, member: string): StringSet {
  if (set === null || typeof set === "string") return set === member ? null : set;
  if (set instanceof Set) {
    set.delete(member);
    return set.size === 0 ? null : set;
  }
  const at = set.indexOf(member);
  if (at === 0) set.shift();
  else if (at > 0) set.splice(at, 1);
  return set.length === 0 ? null : set;
}

/** Whether this is a member. */
export function includes(set: StringSet, member: string): boolean {
  if (set === null) return false;
  if (typeof set === "string") return set === member;
  return set instanceof Set ? set.has(member) : set.includes(member);
}

const NONE: readonly string[] = [];

/** The members, in the order they came. */
export function members(set: StringSet): Iterable<string> {
  if (set === null) return NONE;
  return typeof set === "string" ? [set] : set;
}
