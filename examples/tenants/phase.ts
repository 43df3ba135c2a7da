/**
 * One phase of a till: which orders came in, what became of each, and how long the honest tenants took. Every price is
 * compared with that of the same rule in TypeScript.
 */
import type { Order } from "./orders.ts";
import { type Expectation, expectationOf, type Tenant } from "./tenants.ts";

/** What a door says to an order. */
export interface Answer {
  /** The number of the order. */
  readonly order: number;
  /** How many times the tenant has been started. */
  readonly life: number;
  /** In cents; null: the tenant has no price to tell. */
  readonly price: number | null;
}

/** How a tenant ended. */
export interface Ending {
  readonly tenant: number;
  /** Kind and text of its error. */
  readonly how: string;
  /** Since it was given its last order. */
  readonly afterMs: number;
}

/** Something that a tenant tried and may not. */
export interface Attempt {
  readonly what: string;
  /** Why it was refused; empty if it was not. */
  readonly why: string;
}

/** What became of the orders of some tenants. */
export interface Outcome {
  orders: number;
  /** Those with the price of the tenant. */
  priced: number;
  /** Those with the list price in its place. */
  unpriced: number;
  /** Those of the priced ones whose price is not that of the rule. */
  wrong: number;
}

/** What is to be said of a phase: plain data, so that it can be sent. */
export interface Account {
  /** By the entry of the tenant. */
  outcomes: Record<string, Outcome>;
  endings: (Ending & { readonly entry: string })[];
  attempts: Attempt[];
  /** What each answer for an honest tenant took, in milliseconds. */
  honestMs: number[];
  /** Orders that never got an answer. */
  lost: number;
}

interface Open {
  readonly order: Order;
  readonly tenant: Tenant;
  readonly cameMs: number;
}

/** What is known of a tenant's present life. */
interface Life {
  readonly number: number;
  readonly expect: Expectation;
}

export class Phase {
  readonly #account: Account = { outcomes: {}, endings: [], attempts: [], honestMs: [], lost: 0 };
  readonly #open = new Map<number, Open>();
  readonly #lives: Map<number, Life>;
  readonly #tenants: ReadonlyMap<number, Tenant>;

  /** @param lives what is known of the tenants, by number; goes on from phase to phase. */
  constructor(tenants: readonly Tenant[], lives: Map<number, Life>) {
    this.#tenants = new Map(tenants.map((tenant) => [tenant.number, tenant]));
    this.#lives = lives;
  }

  /** How many orders have no answer yet. */
  get open(): number {
    return this.#open.size;
  }

  /** An order has come in, at this time. */
  take(order: Order, tenant: Tenant, cameMs: number): void {
    this.#outcomeOf(tenant).orders++;
    this.#open.set(order.number, { order, tenant, cameMs });
  }

  /** An order has its answer. */
  settle({ order: number, life, price }: Answer): void {
    const open = this.#open.get(number);
    if (open === undefined) return;
    this.#open.delete(number);
    const { order, tenant, cameMs } = open;
    const outcome = this.#outcomeOf(tenant);
    if (price === null) outcome.unpriced++;
    else {
      outcome.priced++;
      if (price !== this.#lifeOf(tenant, life).expect(order)) outcome.wrong++;
    }
    if (!tenant.isHostile) this.#account.honestMs.push(performance.now() - cameMs);
  }

  note(ending: Ending): void {
    const tenant = this.#tenants.get(ending.tenant);
    if (tenant !== undefined) this.#account.endings.push({ ...ending, entry: tenant.entry });
  }

  noteAttempt(attempt: Attempt): void {
    this.#account.attempts.push(attempt);
  }

  /** The account, once nothing more will come. */
  close(): Account {
    return { ...this.#account, lost: this.#open.size };
  }

  #outcomeOf({ entry }: Tenant): Outcome {
    const { outcomes } = this.#account;
    outcomes[entry] ??= { orders: 0, priced: 0, unpriced: 0, wrong: 0 };
    return outcomes[entry];
  }

  /** What the tenant is expected to say: a rule that was started again has forgotten everything. */
  #lifeOf(tenant: Tenant, number: number): Life {
    const known = this.#lives.get(tenant.number);
    if (known?.number === number) return known;
    const life = { number, expect: expectationOf(tenant) };
    this.#lives.set(tenant.number, life);
    return life;
  }
}

/** All of these accounts in one. */
export function mergedAccount(accounts: readonly Account[]): Account {
  const entries = new Set(accounts.flatMap(({ outcomes }) => Object.keys(outcomes)));
  const outcomes: Record<string, Outcome> = {};
  for (const entry of entries) outcomes[entry] = sumOf(accounts.map((account) => account.outcomes[entry]));
  return {
    outcomes,
    endings: accounts.flatMap(({ endings }) => endings),
    attempts: accounts.flatMap(({ attempts }) => attempts),
    honestMs: accounts.flatMap(({ honestMs }) => honestMs),
    lost: accounts.reduce((sum, { lost }) => sum + lost, 0),
  };
}

/** All of these outcomes in one. */
export function sumOf(outcomes: Iterable<Outcome | undefined>): Outcome {
  const sum = { orders: 0, priced: 0, unpriced: 0, wrong: 0 };
  for (const outcome of outcomes) {
    if (outcome === undefined) continue;
    sum.orders += outcome.orders;
    sum.priced += outcome.priced;
    sum.unpriced += outcome.unpriced;
    sum.wrong += outcome.wrong;
  }
  return sum;
}
