/**
 * The shop: gives each till some of the tenants and has them trade, first with the honest ones alone, then with all;
 * adds up their accounts and prints the result.
 */
import { defineProcess, type Pid, ProcessError, protocol } from "beamish";
import { chanceOf } from "./orders.ts";
import { type Account, mergedAccount } from "./phase.ts";
import { failureOf, report, summaryLine } from "./report.ts";
import type statistics from "./statistics.ts";
import { ATTACKS, type Tenant, tenantsOf } from "./tenants.ts";
import type till from "./till.ts";
import type { TillMessages } from "./till.ts";

export interface ShopMessages {
  /** From a till: its doors are open. */
  opened: [];
  /** From a till: the account of the phase that is over. */
  traded: [account: Account];
  /** From the statistics: how many prices they were told of. */
  counted: [prices: number];
}

/** The input of the service. Numbers may come from the environment, as text. */
export interface ShopOptions {
  tenants: number | string;
  hostile: number | string;
  /** The names of attacks with commas in between, or `all`. */
  attacks: string;
  tills: number | string;
  /** How many orders there are in each phase, and how many come in a second. */
  orders: number | string;
  ordersPerSecond: number | string;
  /** How long a tenant may take over an order, and how often it is started again after it died. */
  patience: string;
  restarts: number | string;
}

export default defineProcess({
  accepts: protocol<ShopMessages>(),

  async run(process, options: ShopOptions) {
    const attacks = options.attacks === "all" ? ATTACKS : options.attacks.split(",");
    const tenants = tenantsOf(Number(options.tenants), Number(options.hostile), attacks, chanceOf(1));
    const tills: Pid<TillMessages>[] = [];

    /** A till for some neighbouring tenants. One that fails takes the shop down with it. */
    const hire = async (number: number) => {
      const [share, orders] = [shareOf(tenants.length, number), shareOf(Number(options.orders), number)];
      const args = [
        process.pid(),
        tenants.slice(share.from, share.to),
        {
          seed: 2 + number,
          orders: orders.to - orders.from,
          ordersPerSecond: Number(options.ordersPerSecond) / Number(options.tills),
          patience: options.patience,
          restarts: Number(options.restarts),
        },
      ] as const;
      tills.push(await process.spawnLinked<typeof till>("tenants:till", "tenants:processes", ...args));
    };

    /** The part of so many things that a till gets. */
    const shareOf = (count: number, number: number) => {
      const all = Number(options.tills);
      return { from: Math.floor((count * number) / all), to: Math.floor((count * (number + 1)) / all) };
    };

    /** Adds some tenants to those who are there, and has all tills trade. */
    const tradeWith = async (some: readonly Tenant[]): Promise<Account> => {
      const opened = process.listen("opened");
      const traded = process.listen("traded");
      const numbers = some.map(({ number }) => number);
      for (const pid of tills) process.send(pid, "open", numbers);
      for (const _ of tills) await opened.receive();
      for (const pid of tills) process.send(pid, "trade");
      const accounts: Account[] = [];
      for (const _ of tills) accounts.push((await traded.receive()) as Account);
      return mergedAccount(accounts);
    };

    const named = process.withContext({}).withName("statistics");
    const shared = await named.spawnLinked<typeof statistics>("tenants:statistics", "tenants:processes");
    for (let number = 0; number < Number(options.tills); number++) await hire(number);
    const alone = await tradeWith(tenants.filter(({ isHostile }) => !isHostile));
    const together = await tradeWith(tenants.filter(({ isHostile }) => isHostile));
    for (const pid of tills) process.send(pid, "close");

    process.send(shared, "count", process.pid());
    const counted = await process.listen("counted").receive();
    await process.cancel(shared);

    console.log(report(tenants, alone, together));
    console.log(`the statistics, which all tenants share, were told of ${counted} prices`);
    console.log(summaryLine(tenants, alone, together));
    const failure = failureOf(alone, together);
    if (failure !== null) throw new ProcessError({ message: failure, retryable: false });
  },
});
