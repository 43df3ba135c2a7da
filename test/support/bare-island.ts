/**
 * Lua on a bare island: the kernel with a virtual clock and nothing else, run to its end in one synchronous go. Many times
 * as fast as a simulation, which lets promises settle after each turn; for tests that run very much Lua.
 */
import { LuaEngine, type LuaParts } from "../../src/engines/lua/index.ts";
import { Kernel, type OutsideSpawn, type Pid, ProcessError, type Program } from "../../src/kernel/index.ts";
import { readLuaFiles } from "../../src/platform/index.ts";
import { SeededRandom } from "../../src/testing/index.ts";
import { VirtualClock } from "../../src/testing/virtual-clock.ts";
import { type LuaEntry, luaSource } from "./lua.ts";

const files = readLuaFiles();

/** A kernel, a Lua engine, and time that passes when nobody is ready. */
export class BareIsland {
  readonly engine: LuaEngine;
  readonly kernel: Kernel;
  readonly clock = new VirtualClock();
  readonly #programs = new Map<string, Program>();
  readonly #turns: (() => void)[] = [];
  /** As how many steps more than there were they have counted. */
  spent = 0;

  constructor(parts: Partial<LuaParts> = {}) {
    const random = new SeededRandom(1);
    this.engine = new LuaEngine({
      ...files,
      heapLimitBytes: 64 * 2 ** 20,
      nowMs: () => this.clock.nowMs(),
      sources: { random32: () => random.next(), unixMs: () => this.clock.unixMs() },
      later: (go) => this.#turns.push(go),
      ...parts,
    });
    this.kernel = new Kernel({
      clock: this.clock,
      turns: { request: (turn) => this.#turns.push(turn), mayGoOn: () => true, spend: this.#spend },
      programs: {
        find: (id) => this.#programs.get(id) ?? null,
        load: (id, answer) =>
          answer(this.#programs.get(id) ?? new ProcessError({ kind: "NotFound", message: `no entry ${id}` })),
      },
      onFault: (fault) => {
        throw fault;
      },
    });
    this.kernel.hosts.add({ id: "bare:processes" }).status = "running";
  }

  readonly #spend = (steps: number) => {
    this.spent += steps;
  };

  /** Makes an entry; throws when it does not compile. */
  define(id: string, source: string, entry: LuaEntry = {}): void {
    this.#programs.set(id, this.engine.load(luaSource(id, source, entry)));
  }

  /** Runs what is ready, and lets time pass to the next alarm, until nothing happens any more or `isDone` holds. */
  run(isDone: () => boolean = () => false): void {
    while (!isDone()) {
      if (this.turn()) continue;
      if (this.clock.nextAlarmMs === Infinity) return;
      else this.clock.moveTo(this.clock.nextAlarmMs);
    }
  }

  /** Runs what is ready, in one turn; whether there was anything. */
  turn(): boolean {
    const turn = this.#turns.shift();
    turn?.();
    return turn !== undefined;
  }

  /** Runs until nobody is ready. Time stands still. */
  settle(): void {
    while (this.turn());
  }

  /** Starts a process; its pid. */
  spawn(id: string, args: readonly unknown[] = [], options: OutsideSpawn = {}): Pid {
    let answer: Pid | ProcessError | null = null;
    this.kernel.outside.spawn(id, "bare:processes", args, options, (given) => {
      answer = given;
    });
    this.run(() => answer !== null);
    if ((answer as unknown) instanceof ProcessError) throw answer;
    return answer as unknown as Pid;
  }

  /** Starts a process and runs until it has ended; its value. Throws its error. */
  exec(id: string, ...args: unknown[]): unknown {
    let outcome: { value: unknown } | { error: ProcessError } | null = null;
    this.kernel.outside.exec(id, "bare:processes", args, {}, (given) => {
      outcome = given;
    });
    this.run(() => outcome !== null);
    const ended = outcome as unknown as { value: unknown } | { error: ProcessError } | null;
    if (ended === null) throw new Error(`${id} waits for ever`);
    if ("error" in ended) throw ended.error;
    return ended.value;
  }
}
