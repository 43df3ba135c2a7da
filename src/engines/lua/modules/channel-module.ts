/** The host functions behind channels, select and `process.serve` (S11.1–S11.10, S11.38). */
import {
  type Case,
  ChannelCore,
  CLOSED,
  errors,
  formOf,
  Message,
  NOT_READY,
  ProcessError,
  type Source,
  type Subscription,
} from "../../../kernel/index.ts";
import type { Host } from "../host.ts";
import { LuaReference } from "../isolate.ts";
import type { Outcome } from "../lua-run.ts";
import { CHANNEL } from "../objects.ts";
import { pushValue } from "../payloads.ts";
import { ServeStrand } from "../serve-strand.ts";
import { FUNCTION, type HostFunction, NIL, type State } from "../vm.ts";
import { pushFailure, raised } from "./process-module.ts";

/** Pushes the channel of a subscription: the same object as long as it is open (S2.24). */
export function pushSubscription(host: Host, L: State, subscription: Subscription): number {
  if (!(subscription.dressing instanceof LuaReference)) {
    const { isolate, bag } = host;
    isolate.objects.push(L, CHANNEL, subscription, isolate.metatables.channel, subscription.topic.length);
    subscription.dressing = bag.hold(L, -1);
    return 1;
  }
  subscription.dressing.push(L);
  return 1;
}

/** Closes a subscription; the object it was is not kept for it any more. */
export function closeSubscription(host: Host, L: State, subscription: Subscription): void {
  host.run.unlisten(subscription);
  if (subscription.dressing instanceof LuaReference) subscription.dressing.forget(L);
  subscription.dressing = null;
}

/** Pushes a message as its reader sees it (S2.35). */
export function pushMessage(host: Host, L: State, message: Message): void {
  const { vm, isolate } = host;
  const { topic, from, payload } = message;
  if (typeof payload === "number" && formOf(message) !== undefined) vm.pushFloat(L, payload);
  else pushValue(isolate, L, payload);
  isolate.pushMessage(L, topic, from, host.bag);
}

/** Pushes what a channel gave: a value of Lua itself, a message, or data. */
export function pushReceived(host: Host, L: State, value: unknown): void {
  if (value instanceof LuaReference) value.take(L);
  else if (value instanceof Message) pushMessage(host, L, value);
  else pushValue(host.isolate, L, value);
}

export function channelFunctions(host: Host): Record<string, HostFunction> {
  const { vm } = host;

  const channelAt = (L: State, operation: string): ChannelCore | Subscription => {
    const channel = host.isolate.objects.get(L, 1, CHANNEL);
    if (channel === null) throw host.wrongArgument(L, 1, operation, "channel");
    return channel as ChannelCore | Subscription;
  };

  /** Pushes the value received and whether there was one (S11.4). */
  const received: Outcome = (L, value) => {
    const isOpen = value !== CLOSED;
    if (isOpen) pushReceived(host, L, value);
    else vm.pushNil(L);
    vm.pushBoolean(L, isOpen);
    return 2;
  };

  const sent = (L: State, value: unknown, held: LuaReference): number => {
    if (value === CLOSED) {
      held.forget(L);
      return pushFailure(host, L, new ProcessError({ kind: errors.CANCELED, message: "channel was closed" }));
    }
    vm.pushBoolean(L, true);
    return 1;
  };

  return {
    is_channel(L) {
      vm.pushBoolean(L, host.isolate.objects.kind(L, 1) === CHANNEL);
      return 1;
    },

    channel_new(L) {
      const size = vm.type(L, 1) <= NIL ? 0 : host.numberAt(L, 1, "new");
      const { isolate } = host;
      isolate.objects.push(L, CHANNEL, new ChannelCore(size), isolate.metatables.channel);
      return 1;
    },

    channel_receive(L) {
      const channel = channelAt(L, "receive");
      const { strand } = host;
      const value = strand === null ? channel.takeIfReady() : strand.run.takeNow(channel);
      return value === NOT_READY ? host.wait(channel, received) : host.deliver(L, value, 0, received);
    },

    channel_send(L) {
      const channel = channelAt(L, "send");
      if (!(channel instanceof ChannelCore)) throw host.wrongArgument(L, 1, "send", "channel that is no subscription");
      if (channel.isClosed) {
        vm.pushBoolean(L, false);
        return 1;
      }
      const held = host.bag.hold(L, 2);
      const one: Case = { kind: "send", sink: channel, value: held, endsOnClose: true };
      const answered: Outcome = (to, value) => sent(to, value, held);
      if (host.strand === null) {
        if (!channel.canGive()) return host.waitForAny([one], answered);
        channel.give(held);
        return sent(L, true, held);
      }
      const { index } = host.strand.run.selectNow([one], false);
      return index < 0 ? host.waitForAny([one], answered) : sent(L, true, held);
    },

    channel_close(L) {
      const channel = channelAt(L, "close");
      if (channel instanceof ChannelCore) channel.close();
      else if (!channel.isClosed) closeSubscription(host, L, channel);
      return 0;
    },

    select(L) {
      const cases = casesAt(host, L);
      const hasDefault = vm.boolean(L, 2);
      const chosen: Outcome = (to, value, index) => {
        for (const [at, one] of cases.entries()) {
          if (at !== index && one.kind === "send") (one.value as LuaReference).forget(to);
        }
        vm.pushNumber(to, index + 1);
        if (cases[index]?.kind === "receive") return 1 + received(to, value, index);
        vm.pushNil(to);
        vm.pushBoolean(to, true);
        return 3;
      };
      const { run } = host;
      const { index, value } = run.selectNow(cases, hasDefault);
      if (index >= 0) return host.deliver(L, value, index, chosen);
      if (!hasDefault) return host.waitForAny(cases, chosen);
      return chosen(L, undefined, -1);
    },

    serve(L) {
      const { run, strand } = host;
      const topics = vm.type(L, 1) === FUNCTION ? null : textsAt(host, L, 1);
      return ServeStrand.begin(host, run, strand, L, topics);
    },
  };
}

function textsAt(host: Host, L: State, index: number): string[] {
  const { vm } = host;
  const texts: string[] = [];
  if (Number(vm.api.lua_rawlen(L, index)) > MAX_TOPICS) throw raised("too many topics (limit 1,024)");
  for (let n = 1; vm.getAt(L, index, n) !== NIL; n++) {
    const text = vm.string(L, -1);
    if (typeof text !== "string") throw host.wrongArgument(L, 1, "serve", "table with UTF-8 topics");
    texts.push(text);
    vm.pop(L, 1);
  }
  vm.pop(L, 1);
  return texts;
}

/**
 * How many cases a select may have and how many topics a serve: each is looked at, and waited at, in one go, where nothing
 * can be preempted (S11.33), and lies in the memory of the runtime.
 */
const MAX_CASES = 4_096;
const MAX_TOPICS = 1_024;
/** What a case costs, in instructions' worth. */
const CASE_COST = 50;

/** The cases in the list at the first index; channel.select has made sure that they are cases. */
function casesAt(host: Host, L: State): Case[] {
  const { vm, isolate, bag } = host;
  const cases: Case[] = [];
  const count = Number(vm.api.lua_rawlen(L, 1));
  if (count > MAX_CASES) throw raised("too many cases (limit 4,096)");
  vm.charge(count * CASE_COST);
  for (let n = 1; n <= count; n++) {
    vm.getAt(L, 1, n);
    vm.getAt(L, -1, 1);
    const channel = isolate.objects.get(L, -1, CHANNEL) as Source | null;
    vm.getAt(L, -2, 2);
    const sends = vm.boolean(L, -1);
    if (channel === null || (sends && !(channel instanceof ChannelCore))) {
      throw host.wrongArgument(L, 1, "select", "list of cases of channels");
    }
    if (sends) {
      vm.getAt(L, -3, 3);
      cases.push({ kind: "send", sink: channel as ChannelCore, value: bag.hold(L, -1), endsOnClose: false });
      vm.pop(L, 1);
    } else cases.push({ kind: "receive", source: channel });
    vm.pop(L, 3);
  }
  return cases;
}
