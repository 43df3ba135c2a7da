/**
 * A policy: says `allow`, `deny` or `undefined` to a request (S10.34). Scripts hold the object; its rule may be replaced
 * by the set it belongs to while everybody goes on, and one that was removed says `undefined` from then on.
 */
import { Actor, attributes, invalid, Policy, type SEAL, type Verdict } from "../kernel/index.ts";
import { type Request, requestOf } from "./request.ts";

/** What a policy is made of. */
export interface Rule {
  readonly effect: "allow" | "deny";
  /** Why it says nothing to a request, in a few words; `null` when it says its effect. */
  readonly silence: (request: Request) => string | null;
}

/** What a policy said, and why. */
export interface Statement {
  readonly says: Verdict;
  readonly why: string;
}

/**
 * How many changes the policies of this thread have had. What was decided under another number has to be decided anew.
 */
export let epoch = 0;

/** Says that policies have changed. */
export function policiesChanged(): void {
  epoch++;
}

/** What a policy says to a request. Not a method, as scripts hold policies and requests are not theirs to make. */
export let statementOf: (policy: PolicyBody, request: Request) => Statement;

/** Gives a policy another rule; `null` for one that is removed. */
export let replaceRule: (policy: PolicyBody, rule: Rule | null) => void;

/** The body of the kernel's Policy. */
export class PolicyBody extends Policy {
  readonly #id: string;
  #rule: Rule | null = null;

  static {
    statementOf = (policy, request) => {
      const rule = policy.#rule;
      if (rule === null) return REMOVED;
      const silence = rule.silence(request);
      return silence === null ? APPLIES[rule.effect] : { says: "undefined", why: silence };
    };
    replaceRule = (policy, rule) => {
      policy.#rule = rule;
    };
  }

  /** @internal Made by policy sets. */
  constructor(seal: typeof SEAL, id: string) {
    super(seal);
    this.#id = id;
    Object.freeze(this);
  }

  override id(): string {
    return this.#id;
  }

  override evaluate(actor: Actor, action: string, resource: string, meta?: object): Verdict {
    return statementOf(this, checkedRequest(actor, action, resource, meta)).says;
  }
}

const APPLIES: Readonly<Record<Rule["effect"], Statement>> = {
  allow: { says: "allow", why: "action, resource and all conditions match" },
  deny: { says: "deny", why: "action, resource and all conditions match" },
};

const REMOVED: Statement = { says: "undefined", why: "the policy was removed" };

/** A request from arguments that a script gave. Throws INVALID. */
export function checkedRequest(actor: unknown, action: unknown, resource: unknown, meta: unknown): Request {
  if (!Actor.is(actor)) throw invalid("evaluate needs an actor");
  if (typeof action !== "string") throw invalid("evaluate needs an action that is a string");
  if (typeof resource !== "string") throw invalid("evaluate needs a resource that is a string");
  const known = meta === undefined || meta === null ? {} : attributes(meta, "the attributes must be an object");
  return requestOf(actor, action, resource, known);
}

Object.freeze(PolicyBody.prototype);
