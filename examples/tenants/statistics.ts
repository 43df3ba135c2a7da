/** What all tenants share: counts the prices that they say they have told. Anybody may exaggerate; nothing hangs on it. */
import { defineProcess, type Pid, protocol } from "beamish";
import type { ShopMessages } from "./shop.ts";

export interface StatisticsMessages {
  /** From a tenant. */
  priced: unknown[];
  /** From the shop. It gets `counted`. */
  count: [shop: Pid<ShopMessages>];
}

export default defineProcess({
  accepts: protocol<StatisticsMessages>(),

  async run(process) {
    let prices = 0;
    await process.serve({
      priced: () => {
        prices++;
      },
      count: (shop) => {
        process.send(shop, "counted", prices);
      },
      "@inbox": () => {}, // whatever else comes is thrown away
      "@events": () => process.done(null),
    });
  },
});
