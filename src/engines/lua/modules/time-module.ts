/** The host functions behind the module `time`: the clock, sleeping and timers (S11.15–S11.22). */
import { ChannelCore, errors, invalid, type OneShot, ProcessError, type Timer } from "../../../kernel/index.ts";
import { type Host, Raised } from "../host.ts";
import type { LuaRun } from "../lua-run.ts";
import { CHANNEL, TIMER } from "../objects.ts";
import type { HostFunction, State } from "../vm.ts";
import { zoneOffset, zoneOffsetAtWall } from "../zones.ts";

const NS_PER_MS = 1_000_000;

/** What a timer or ticker of a script stands for. */
class ScriptTimer {
  readonly stop: () => boolean;
  readonly reset: (delayMs: number) => boolean;
  readonly channel: () => ChannelCore;

  constructor(channel: () => ChannelCore, stop: () => boolean, reset: (delayMs: number) => boolean) {
    this.channel = channel;
    this.stop = stop;
    this.reset = reset;
  }
}

export function timeFunctions(host: Host, unixMs: () => number): Record<string, HostFunction> {
  const { vm } = host;
  const { api } = vm;
  const charge = (instructions: number) => vm.charge(instructions);

  const delayMs = (L: State, position: number, operation: string): number =>
    host.numberAt(L, position, operation) / NS_PER_MS;

  const timerAt = (L: State, operation: string): ScriptTimer => {
    const timer = host.isolate.objects.get(L, 1, TIMER);
    if (timer instanceof ScriptTimer) return timer;
    throw host.wrongArgument(L, 1, operation, "timer");
  };

  const pushTimer = (L: State, timer: ScriptTimer): number => {
    host.isolate.objects.push(L, TIMER, timer, host.isolate.metatables.timer);
    return 1;
  };

  const pushChannel = (L: State, channel: ChannelCore): void => {
    host.isolate.objects.push(L, CHANNEL, channel, host.isolate.metatables.channel);
  };

  return {
    now(L) {
      const now = unixMs();
      const seconds = Math.floor(now / 1_000);
      vm.pushNumber(L, seconds);
      vm.pushNumber(L, Math.round((now - seconds * 1_000) * NS_PER_MS));
      return 2;
    },

    zone(L) {
      const found = zoneOffset(host.text(L, 1, "zone"), host.numberAt(L, 2, "zone"), charge);
      if (found === null) return 0;
      vm.pushNumber(L, found.offsetSeconds);
      vm.pushString(L, found.abbreviation);
      return 2;
    },

    zone_at_wall(L) {
      const offset = zoneOffsetAtWall(host.text(L, 1, "zone"), host.numberAt(L, 2, "zone"), charge);
      return offset === null ? 0 : host.give(L, offset);
    },

    invalid(L) {
      host.isolate.pushError(L, invalid(host.text(L, 1, "invalid")));
      return 1;
    },

    raise_argument(L) {
      const position = host.numberAt(L, 1, "raise_argument");
      const message =
        `bad argument #${position} to '${host.text(L, 2, "raise_argument")}' ` +
        `(${host.text(L, 3, "raise_argument")} expected, got ${host.kindName(L, 4)})`;
      throw new Raised(invalid(message));
    },

    sleep(L) {
      // A module that is being loaded cannot wait (S3.26).
      if (host.strand === null) return host.cannotWait();
      const sleep: OneShot = host.run.sleep(delayMs(L, 1, "sleep"));
      return host.wait(sleep, () => 0);
    },

    after(L) {
      const timer = startTimer(host.run, delayMs(L, 1, "after"));
      pushChannel(L, timer.channel());
      return 1;
    },

    timer: (L) => pushTimer(L, startTimer(host.run, delayMs(L, 1, "timer"))),

    ticker(L) {
      const { run } = host;
      const everyMs = delayMs(L, 1, "ticker");
      countTimer(run);
      const { channel, stop } = run.ticker(everyMs, () => new Date(run.unixMs()));
      let runs = true;
      const stopOnce = () => {
        if (runs) run.timers--;
        runs = false;
        return stop();
      };
      const never = () => {
        throw new Raised(invalid("a ticker cannot be reset"));
      };
      return pushTimer(L, new ScriptTimer(() => channel, stopOnce, never));
    },

    timer_channel(L) {
      const channel = timerAt(L, "channel").channel();
      // The channel it gave before, if it still is that one: the same object.
      api.lua_getiuservalue(L, 1, 1);
      if (host.isolate.objects.get(L, -1, CHANNEL) === channel) return 1;
      pushChannel(L, channel);
      api.lua_pushvalue(L, -1);
      api.lua_setiuservalue(L, 1, 1);
      return 1;
    },

    timer_stop(L) {
      vm.pushBoolean(L, timerAt(L, "stop").stop());
      return 1;
    },

    timer_reset(L) {
      vm.pushBoolean(L, timerAt(L, "reset").reset(delayMs(L, 2, "reset")));
      return 1;
    },
  };
}

/** Timers lie in the memory of the runtime, where no heap's limit counts them. */
const MAX_TIMERS = 16_384;

function countTimer(run: LuaRun): void {
  if (run.timers >= MAX_TIMERS) {
    throw new ProcessError({ kind: errors.RATE_LIMITED, message: "too many timers (limit 16,384)" });
  }
  run.timers++;
}

/** A channel that gives one Time and is then closed; it can be stopped and started anew (S11.17, S11.18). */
function startTimer(run: LuaRun, firstDelayMs: number): ScriptTimer {
  let channel = new ChannelCore(1);
  let running: Timer | null = null;
  const start = (delayMs: number) => {
    countTimer(run);
    running = run.setTimer(delayMs, () => {
      running = null;
      run.timers--;
      // Somebody may have closed it meanwhile; then it stays empty for ever.
      if (channel.canGive()) channel.give(new Date(run.unixMs()));
      channel.close();
    });
  };
  const stop = () => {
    if (running === null) return false;
    run.timers--;
    const was = run.cancelTimer(running);
    running = null;
    return was;
  };
  start(firstDelayMs);
  return new ScriptTimer(
    () => channel,
    stop,
    (delayMs) => {
      const was = stop();
      if (channel.isClosed) channel = new ChannelCore(1);
      start(delayMs);
      return was;
    },
  );
}
