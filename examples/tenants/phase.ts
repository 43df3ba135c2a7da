/**
 * The account of one phase: which orders came in, what became of each, and how long the honest tenants took. Every price
 * is compared with that of the same rule in TypeScript.
 */
import { listPrice, type Order } from "./orders.ts";
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

interface Open {
  readonly order: Order;
  readonly tenant: Tenant;
  readonly cameMs: number;
}

/** What the customers have been charged, and what is known of a tenant's present life. */
interface Life {
  readonly number: number;
  readonly expect: Expectation;
}

export class Phase {
  readonly name: string;
  /** By the entry of the tenant. */
  readonly outcomes = new Map<string, Outcome>();
  readonly endings: (Ending & { readonly entry: string })[] = [];
  /** What each answer for an honest tenant took, in milliseconds. */
  readonly honestMs: number[] = [];
  /** What all customers together were charged, in cents. */
  charged = 0;
  readonly #open = new Map<number, Open>();
  readonly #lives: Map<number, Life>;
  readonly #tenants: ReadonlyMap<number, Tenant>;

  /** @param lives what is known of the tenants, by number; goes on from phase to phase. */
  constructor(name: string, tenants: readonly Tenant[], lives: Map<number, Life>) {
    this.name = name;
    this.#tenants = new Map(tenants.map((tenant) => [tenant.number, tenant]));
    this.#lives = lives;
  }

  /** How many orders have no answer yet; those that never get one are lost. */
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
    this.charged += price ?? listPrice(order);
    if (price === null) outcome.unpriced++;
    else {
      outcome.priced++;
      if (price !== this.#lifeOf(tenant, life).expect(order)) outcome.wrong++;
    }
    if (!tenant.isHostile) this.honestMs.push(performance.now() - cameMs);
  }

  note(ending: Ending): void {
    const tenant = this.#tenants.get(ending.tenant);
    if (tenant !== undefined) this.endings.push({ ...ending, entry: tenant.entry });
  }

  #outcomeOf({ entry }: Tenant): Outcome {
    const known = this.outcomes.get(entry);
    if (known !== undefined) return known;
    const outcome = { orders: 0, priced: 0, unpriced: 0, wrong: 0 };
    this.outcomes.set(entry, outcome);
    return outcome;
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

/** All of these outcomes in one. */
export function sumOf(outcomes: Iterable<Outcome>): Outcome {
  const sum = { orders: 0, priced: 0, unpriced: 0, wrong: 0 };
  for (const { orders, priced, unpriced, wrong } of outcomes) {
    sum.orders += orders;
    sum.priced += priced;
    sum.unpriced += unpriced;
    sum.wrong += wrong;
  }
  return sum;
}
