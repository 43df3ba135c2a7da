/**
 * A till: has customers come in at a steady pace, asks some of the tenants for their prices, and keeps the account. An
 * order whose tenant has no price to tell costs the list price.
 *
 * There are several, because a process takes at most 64 messages at a turn: among many who use up their turns, a single
 * till could not take the answers as fast as they come.
 */
import { createActor, defineProcess, type Pid, protocol } from "beamish";
import type door from "./door.ts";
import type { DoorMessages, DoorOptions } from "./door.ts";
import { anyOrder, chanceOf } from "./orders.ts";
import { type Answer, type Attempt, type Ending, Phase } from "./phase.ts";
import type { ShopMessages } from "./shop.ts";
import type { Tenant } from "./tenants.ts";

export interface TillMessages {
  /** From the shop: open the doors of these tenants as well. It gets an `opened`. */
  open: [numbers: number[]];
  /** From the shop: one phase, among all tenants whose doors are open. It gets a `traded`. */
  trade: [];
  /** From the shop, at the end. */
  close: [];
  /** From a door: the tenant is there. */
  ready: [];
  answer: [answer: Answer];
  ended: [ending: Ending];
  tried: [attempt: Attempt];
}

export interface TillOptions extends DoorOptions {
  /** Makes the orders of this till different from those of the others. */
  readonly seed: number;
  /** How many orders there are in a phase, and how many come in a second. */
  readonly orders: number;
  readonly ordersPerSecond: number;
}

/** Customers come in groups, one in each of so many milliseconds. */
const TICK_MS = 10;
/** When there has been no answer for so long, there will be none. */
const SILENCE = "60s";

export default defineProcess({
  accepts: protocol<TillMessages>(),

  async run(process, shop: Pid<ShopMessages>, tenants: Tenant[], options: TillOptions) {
    const { patience, restarts, orders: all } = options;
    const perTick = (options.ordersPerSecond * TICK_MS) / 1000;
    const chance = chanceOf(options.seed);
    const doors = new Map<Tenant, Pid<DoorMessages>>();
    const lives = new Map();
    const inbox = process.inbox().caseReceive();
    let orders = 0;

    /** Opens doors; one that fails takes the till down with it, and that the shop. */
    const open = async (some: readonly Tenant[]) => {
      const ready = process.listen("ready");
      for (const tenant of some) {
        const args = [process.pid(), tenant, { patience, restarts }] as const;
        // Who acts behind a door is the tenant: it is the one whom permissions are given to.
        const actor = createActor(`tenant.${tenant.number}`, { rule: tenant.entry });
        const spawner = process.withContext({}).withActor(actor);
        doors.set(tenant, await spawner.spawnLinked<typeof door>("tenants:door", "tenants:processes", ...args));
      }
      for (let n = 0; n < some.length; n++) await ready.receive();
    };

    const ask = (phase: Phase, tenant: Tenant, cameMs: number) => {
      const order = anyOrder(++orders, chance);
      phase.take(order, tenant, cameMs);
      const refused = process.send(doors.get(tenant) as Pid<DoorMessages>, "ask", order);
      // The mailbox of the door is full of what its tenant has sent.
      if (refused !== null) phase.settle({ order: order.number, life: 0, price: null });
    };

    /** One phase, until every order has its answer. */
    const trade = async () => {
      const phase = new Phase(tenants, lives);
      const among = [...doors.keys()];
      const ticker = process.ticker(TICK_MS);
      const ticks = ticker.channel().caseReceive();
      const silence = process.timer(SILENCE);
      const silent = silence.channel().caseReceive();
      const beganMs = performance.now();
      let asked = 0;
      while (asked < all || phase.open > 0) {
        const { case: what, value } = await process.select({ inbox, silent, ticks });
        if (what === "silent") break;
        if (what === "ticks") {
          const due = Math.min(all, Math.floor((performance.now() - beganMs) / TICK_MS) * perTick);
          for (; asked + 1 <= due; asked++) {
            const cameMs = beganMs + Math.ceil((asked + 1) / perTick) * TICK_MS;
            ask(phase, among[asked % among.length] as Tenant, cameMs);
          }
        } else if (value?.topic === "answer") {
          phase.settle(value.payload);
          silence.reset(SILENCE);
        } else if (value?.topic === "ended") phase.note(value.payload);
        else if (value?.topic === "tried") phase.noteAttempt(value.payload);
      }
      ticker.stop();
      silence.stop();
      return phase.close();
    };

    await process.serve({
      open: async (numbers) => {
        await open(tenants.filter(({ number }) => numbers.includes(number)));
        process.send(shop, "opened");
      },
      trade: async () => {
        process.send(shop, "traded", await trade());
      },
      close: () => {
        for (const pid of doors.values()) process.send(pid, "close");
        return process.done(null);
      },
      "@events": () => process.done(null),
    });
  },
});
