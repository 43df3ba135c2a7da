/**
 * The shop: opens a door for each tenant, has customers come in at a steady pace, and asks the tenants for their prices;
 * first the honest ones alone, then all of them. An order whose tenant has no price to tell costs the list price.
 */
import { defineProcess, type Pid, ProcessError, protocol } from "beamish";
import type door from "./door.ts";
import type { DoorMessages } from "./door.ts";
import { anyOrder, chanceOf } from "./orders.ts";
import { type Answer, type Ending, Phase } from "./phase.ts";
import { failureOf, report, summaryLine } from "./report.ts";
import { ATTACKS, type Tenant, tenantsOf } from "./tenants.ts";

export interface ShopMessages {
  /** From a door: the tenant is there. */
  open: [];
  answer: [answer: Answer];
  ended: [ending: Ending];
}

/** The input of the service. Numbers may come from the environment, as text. */
export interface ShopOptions {
  tenants: number | string;
  hostile: number | string;
  /** The names of attacks with commas in between, or `all`. */
  attacks: string;
  /** How many orders there are in each phase, and how many come in a second. */
  orders: number | string;
  ordersPerSecond: number | string;
  /** How long a tenant may take over an order, and how often it is started again after it died. */
  patience: string;
  restarts: number | string;
}

/** Customers come in groups, one in each of so many milliseconds. */
const TICK_MS = 10;
/** When there has been no answer for so long, there will be none. */
const SILENCE = "30s";

export default defineProcess({
  accepts: protocol<ShopMessages>(),

  async run(process, options: ShopOptions) {
    const chance = chanceOf(7);
    const attacks = options.attacks === "all" ? ATTACKS : options.attacks.split(",");
    const tenants = tenantsOf(Number(options.tenants), Number(options.hostile), attacks, chance);
    const { patience } = options;
    const restarts = Number(options.restarts);
    const doors = new Map<Tenant, Pid<DoorMessages>>();
    const inbox = process.inbox().caseReceive();
    const stop = process.events().caseReceive();
    let orders = 0;

    /** Opens the doors of some tenants; a door that fails takes the shop down with it. */
    const open = async (some: readonly Tenant[]) => {
      const opened = process.listen("open");
      for (const tenant of some) {
        const args = [process.pid(), tenant, { patience, restarts }] as const;
        doors.set(tenant, await process.spawnLinked<typeof door>("tenants:door", "tenants:processes", ...args));
      }
      for (let n = 0; n < some.length; n++) await opened.receive();
    };

    /** Puts the next order to a tenant. */
    const ask = (phase: Phase, tenant: Tenant, cameMs: number) => {
      const order = anyOrder(++orders, chance);
      phase.take(order, tenant, cameMs);
      const refused = process.send(doors.get(tenant) as Pid<DoorMessages>, "ask", order);
      // The mailbox of the door is full of what its tenant has sent.
      if (refused !== null) phase.settle({ order: order.number, life: 0, price: null });
    };

    /** One phase: so many orders at a steady pace, until all have their answers. False when the shop has to close. */
    const trade = async (phase: Phase, among: readonly Tenant[]): Promise<boolean> => {
      const all = Number(options.orders);
      const perTick = (Number(options.ordersPerSecond) * TICK_MS) / 1000;
      const beganMs = performance.now();
      const ticker = process.ticker(TICK_MS);
      const ticks = ticker.channel().caseReceive();
      const silence = process.timer(SILENCE);
      const silent = silence.channel().caseReceive();
      let asked = 0;
      try {
        while (asked < all || phase.open > 0) {
          const { case: what, value } = await process.select({ stop, inbox, silent, ticks });
          if (what === "stop") return false;
          if (what === "silent") return true;
          if (what === "ticks") {
            const due = Math.min(all, Math.floor((performance.now() - beganMs) / TICK_MS) * perTick);
            for (; asked < due; asked++) {
              const cameMs = beganMs + (Math.floor(asked / perTick) + 1) * TICK_MS;
              ask(phase, among[asked % among.length] as Tenant, cameMs);
            }
          } else if (value?.topic === "answer") {
            phase.settle(value.payload);
            silence.reset(SILENCE);
          } else if (value?.topic === "ended") phase.note(value.payload);
        }
        return true;
      } finally {
        ticker.stop();
        silence.stop();
      }
    };

    const honest = tenants.filter(({ isHostile }) => !isHostile);
    const hostile = tenants.filter(({ isHostile }) => isHostile);
    const lives = new Map();
    const alone = new Phase("alone", tenants, lives);
    const together = new Phase("among hostile", tenants, lives);

    await open(honest);
    if (!(await trade(alone, honest))) return;
    await open(hostile);
    if (!(await trade(together, tenants))) return;
    for (const pid of doors.values()) process.send(pid, "close");

    console.log(report(tenants, alone, together));
    console.log(summaryLine(tenants, alone, together));
    const failure = failureOf(alone, together);
    if (failure !== null) throw new ProcessError({ message: failure, retryable: false });
  },
});
