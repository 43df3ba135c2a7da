/**
 * A set of strings that is usually empty or small: the links, monitors and names of a process. Nothing is allocated for
 * none or one, which is what keeps an idle process small, and nothing is hashed for a few, which is what makes a monitor
 * cheap: a pid that was just made has no hash yet.
 */

import { lastDigitOf } from "./pid.ts";

/** None, one, few or many. Replace the old value by what `added` and `removed` return. */
export type StringSet = null | string | FewStrings | Set<string>;

/** How many count as few. */
const FEW = 128;

/** Some strings in the order they came. Those that came first or last mostly go first, so no others move for them. */
class FewStrings {
  #members: string[];
  /** Where the first of them is. */
  #first = 0;

  constructor(one: string, other: string) {
    this.#members = [one, other];
  }

  get size(): number {
    return this.#members.length - this.#first;
  }

  /** The one that came first. */
  get first(): string {
    return this.#members[this.#first] as string;
  }

  add(member: string): void {
    this.#members.push(member);
  }

  has(member: string): boolean {
    return this.#find(member) >= 0;
  }

  delete(member: string): void {
    const members = this.#members;
    const at = this.#find(member);
    if (at < 0) return;
    if (at === members.length - 1) members.pop();
    else if (at > this.#first) members.splice(at, 1);
    else if (++this.#first > FEW) {
      this.#members = members.slice(this.#first);
      this.#first = 0;
    } else members[at] = "";
  }

  list(): string[] {
    return this.#members.slice(this.#first);
  }

  /** Two pids are mostly told apart by one character; comparing texts that are not the same takes a call. */
  #find(member: string): number {
    const members = this.#members;
    const first = this.#first;
    // The first of many is found without a look at the characters, which a pid just made would be put together for.
    if (members.length - first > 2 && members[first] === member) return first;
    const digit = lastDigitOf(member);
    for (let at = members.length - 1; at >= first; at--) {
      const one = members[at] as string;
      if (lastDigitOf(one) === digit && one === member) return at;
    }
    return -1;
  }
}

/** The set with this member. */
export function added(set: StringSet, member: string): StringSet {
  return includes(set, member) ? set : addedNew(set, member);
}

/** The set with a member that is known not to be in it yet, such as a pid just made. */
export function addedNew(set: StringSet, member: string): StringSet {
  if (set === null) return member;
  if (typeof set === "string") return new FewStrings(set, member);
  if (set instanceof FewStrings && set.size === FEW) return new Set(set.list()).add(member);
  set.add(member);
  return set;
}

/** The set without this member. */
export function removed(set: StringSet, member: string): StringSet {
  if (set === null || typeof set === "string") return set === member ? null : set;
  set.delete(member);
  if (set.size === 0) return null;
  return set instanceof FewStrings && set.size === 1 ? set.first : set;
}

/** Whether this is a member. */
export function includes(set: StringSet, member: string): boolean {
  if (set === null) return false;
  return typeof set === "string" ? set === member : set.has(member);
}

const NONE: readonly string[] = Object.freeze([]);

/** The members, in the order they came, those of now: what comes or goes while they are gone through changes nothing. */
export function members(set: StringSet): readonly string[] {
  if (set === null) return NONE;
  if (typeof set === "string") return [set];
  return set instanceof FewStrings ? set.list() : [...set];
}
