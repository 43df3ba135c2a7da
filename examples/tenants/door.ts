/**
 * The door of one tenant: the only process that tells the tenant anything, and the only one that listens to it.
 *
 *     till ──ask──▶ door ──order──▶ tenant
 *                    │  ◀──price─── in time: the answer
 *                    │  ◀──EXIT──── the tenant has died: no price; for the next order it is started again
 *                    │   (neither)  patience is over: no price; the tenant is ended
 *
 * One order at a time is put to the tenant. One that has died again and again is not started any more. Whatever else
 * comes from it is thrown away here, and cannot be more than fits into the mailbox of this process.
 */
import {
  defineProcess,
  errors,
  event,
  type Message,
  type Pid,
  ProcessError,
  type ProcessEvent,
  protocol,
} from "beamish";
import type { Order } from "./orders.ts";
import type { Tenant } from "./tenants.ts";
import type { TillMessages } from "./till.ts";

export interface DoorMessages {
  /** From the till: what does this cost? It gets an `answer`. */
  ask: [order: Order];
  /** From the till, at the end. */
  close: [];
  /** From the tenant, if it plays by the rules: the number of the order, and the price in cents. */
  price: unknown[];
  /** From a tenant that tries what it may not: what it was, and why it was refused, `""` if it was not. */
  tried: unknown[];
}

export interface DoorOptions {
  /** How long the tenant may take over an order. */
  readonly patience: string;
  /** How often it is started again after it died. */
  readonly restarts: number;
}

/** How long a tenant whose mailbox is full is left in peace. */
const PAUSE = "5ms";
/** How long a tenant that is asked to end may take over that. */
const GRACE = "10ms";
/** How many attempts of a tenant are told, and how much of each. */
const TOLD_ATTEMPTS = 100;
const LONGEST_TEXT = 400;

export default defineProcess({
  accepts: protocol<DoorMessages>(),

  async run(process, till: Pid<TillMessages>, tenant: Tenant, options: DoorOptions) {
    const { number, entry, settings } = tenant;
    const events = process.events().caseReceive();
    const asks = process.listen("ask").caseReceive();
    const close = process.listen("close").caseReceive();
    const prices = process.listen("price").caseReceive();
    const rubbish = process.inbox().caseReceive();

    // The rule has the actor of this door, which is the tenant; and other than the door it may do only what the policies
    // of the group allow.
    const scope = process.security.namedScope("tenants:tenants");
    const named = process.withContext({}).withScope(scope).withName(`tenant.${number}`);
    let told = 0;

    let pid: Pid | null = null;
    let life = 0;
    let askedMs = 0;
    let isClosing = false;

    const tellEnd = (how: string) => {
      pid = null;
      process.send(till, "ended", { tenant: number, how, afterMs: performance.now() - askedMs });
    };

    const start = async () => {
      life++;
      const id = `tenants:${entry}`;
      try {
        pid = await named.spawnLinkedMonitored(id, "tenants:processes", process.pid(), settings);
      } catch (cause) {
        if (!(cause instanceof ProcessError)) throw cause;
        tellEnd(`${cause.kind}: ${cause.message}`);
      }
    };

    const note = (happened?: ProcessEvent) => {
      if (happened?.kind === event.EXIT) {
        const { result } = happened;
        tellEnd(result.error === undefined ? "returned" : `${result.kind}: ${result.error}`);
      } else if (happened?.kind === event.CANCEL || happened?.from === till) isClosing = true;
    };

    /** Anything else that comes: only what a tenant has tried is passed on, and not more of it than anybody wants to read. */
    const hear = (message?: Message) => {
      if (message?.topic !== "tried" || told >= TOLD_ATTEMPTS) return;
      const { payload } = message;
      const [what, why] = Array.isArray(payload) ? payload : [];
      if (typeof what !== "string" || typeof why !== "string") return;
      told++;
      process.send(till, "tried", { what: what.slice(0, LONGEST_TEXT), why: why.slice(0, LONGEST_TEXT) });
    };

    /** Puts an order to the tenant: the price, or null when it has none to tell. */
    const priceOf = async (order: Order): Promise<number | null> => {
      askedMs = performance.now();
      const patience = process.timer(options.patience);
      const over = patience.channel().caseReceive();
      try {
        while (pid !== null && errors.is(process.send(pid, "order", order), errors.RATE_LIMITED)) {
          const pause = process.after(PAUSE).caseReceive();
          const { case: what, value } = await process.select({ events, over, pause });
          if (what === "events") note(value);
          else if (what === "over") return null; // the fault of others, who have filled its mailbox
        }
        while (pid !== null) {
          const { case: what, value } = await process.select({ events, over, prices, rubbish });
          if (what === "events") note(value);
          else if (what === "over") return await end(pid);
          else if (what === "rubbish") hear(value);
          else if (what === "prices" && isPriceOf(order, value)) return value[1];
        }
        return null;
      } finally {
        patience.stop();
      }
    };

    /** Ends a tenant that does not answer, whatever it does, and waits for its end. */
    const end = async (silent: Pid): Promise<null> => {
      await process.cancel(silent, { deadline: GRACE, reason: "no price in time" }).catch(orDead);
      while (pid !== null) {
        const { case: what, value } = await process.select({ events, prices, rubbish });
        if (what === "events") note(value);
        else if (what === "rubbish") hear(value);
      }
      return null;
    };

    process.setOptions({ trapLinks: true }); // the tenant ends with its door, the door with the till, but not with the tenant
    await start();
    process.send(till, "ready");
    while (!isClosing) {
      const { case: what, value } = await process.select({ events, close, asks, prices, rubbish });
      if (what === "close") isClosing = true;
      else if (what === "events") note(value);
      else if (what === "rubbish") hear(value);
      else if (what === "asks" && value !== undefined) {
        if (pid === null && life <= options.restarts) await start();
        const price = pid === null ? null : await priceOf(value);
        process.send(till, "answer", { order: value.number, life, price });
      }
    }
    if (pid !== null) await process.terminate(pid).catch(orDead);
  },
});

/** For what is done to a tenant: it may have ended just now, and its EXIT not have been read. */
function orDead(cause: unknown): void {
  if (!errors.is(cause, errors.NOT_FOUND)) throw cause;
}

/** Whether a message of the tenant is the price of this order. It may have sent anything. */
function isPriceOf({ number }: Order, payload: unknown): payload is [number: number, cents: number] {
  if (!Array.isArray(payload) || payload.length !== 2 || payload[0] !== number) return false;
  return Number.isSafeInteger(payload[1]) && payload[1] >= 0;
}
