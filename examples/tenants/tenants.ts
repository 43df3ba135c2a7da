/**
 * Who the tenants are: the entry of each one's rule, and its settings. With the honest rules stands the same computation
 * in TypeScript, by which every price is checked.
 */
import { type Chance, listPrice, type Order } from "./orders.ts";

export interface Tenant {
  /** From 1; its name is `tenant.<number>`. */
  readonly number: number;
  /** The name of its entry, such as `rule.flat` or `attack.loop`. */
  readonly entry: string;
  readonly isHostile: boolean;
  /** What its rule is given. */
  readonly settings: Settings;
}

export type Settings = Readonly<Record<string, unknown>>;

/** What one life of a rule is expected to say to one order after the other. */
export type Expectation = (order: Order) => number;

interface Rule<S extends Settings> {
  settings(chance: Chance): S;
  expect(settings: S): Expectation;
}

/** Rules of different settings, in one table. */
const rule = <S extends Settings>(rule: Rule<S>): Rule<Settings> => rule as unknown as Rule<Settings>;

const flat = rule({
  settings: (chance) => ({ percent: 1 + chance(30) }),
  expect:
    ({ percent }) =>
    (order) =>
      less(listPrice(order), percent),
});

const RULES: Readonly<Record<string, Rule<Settings>>> = {
  "rule.flat": flat,
  "rule.tiered": rule({
    settings: (chance) => ({
      tiers: [
        { from: 2_000, percent: 1 + chance(5) },
        { from: 8_000, percent: 6 + chance(5) },
        { from: 15_000, percent: 11 + chance(5) },
      ],
    }),
    expect:
      ({ tiers }) =>
      (order) => {
        const total = listPrice(order);
        return less(total, tiers.findLast(({ from }) => total >= from)?.percent ?? 0);
      },
  }),
  "rule.hours": rule({
    settings: (chance) => ({ from: chance(24), to: chance(24), percent: 5 + chance(20) }),
    expect:
      ({ from, to, percent }) =>
      (order) => {
        const { hour } = order;
        const isBetween = from <= to ? hour >= from && hour < to : hour >= from || hour < to;
        return less(listPrice(order), isBetween ? percent : 0);
      },
  }),
  "rule.bundle": rule({
    settings: (chance) => ({ size: 2 + chance(4) }),
    expect:
      ({ size }) =>
      (order) =>
        order.lines.reduce((sum, { cents, count }) => sum + cents * (count - Math.floor(count / size)), 0),
  }),
  "rule.loyalty": rule({
    settings: (chance) => ({ points: 50 + chance(200), percent: 10 + chance(20) }),
    expect: ({ points, percent }) => {
      const saved = new Map<string, number>();
      return (order) => {
        const before = saved.get(order.customer) ?? 0;
        const isCheaper = before >= points;
        const price = less(listPrice(order), isCheaper ? percent : 0);
        saved.set(order.customer, before - (isCheaper ? points : 0) + Math.floor(price / 100));
        return price;
      };
    },
  }),
};

/** The attacks; each is a file in the folder of that name. */
export const ATTACKS = [
  "loop",
  "caught-loop",
  "memory",
  "text",
  "pattern",
  "flood",
  "coroutines",
  "error",
  "snoop",
] as const;

/** Tenants of every kind in turn, the hostile ones spread evenly among the others. */
export function tenantsOf(count: number, hostile: number, attacks: readonly string[], chance: Chance): Tenant[] {
  const rules = Object.keys(RULES);
  return Array.from({ length: count }, (_, i) => {
    const number = i + 1;
    const hostileBefore = Math.floor((i * hostile) / count);
    if (Math.floor((number * hostile) / count) === hostileBefore) {
      const entry = rules[(i - hostileBefore) % rules.length] as string;
      return { number, entry, isHostile: false, settings: (RULES[entry] ?? flat).settings(chance) };
    }
    // Some attack at their first order, others behave well for one or two.
    const honest = Math.floor(hostileBefore / attacks.length) % 3;
    const settings = { ...flat.settings(chance), honest, neighbours: count };
    return { number, entry: `attack.${attacks[hostileBefore % attacks.length]}`, isHostile: true, settings };
  });
}

/** What the tenant's rule, just started, is expected to say: a hostile one claims to have a flat discount. */
export function expectationOf({ entry, settings }: Tenant): Expectation {
  return (RULES[entry] ?? flat).expect(settings);
}

function less(cents: number, percent: number): number {
  return cents - Math.floor((cents * percent) / 100);
}
