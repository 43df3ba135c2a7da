/**
 * The userdata that scripts hold for things of the engine: a kind and a number each, and the thing itself in a table on
 * our side. A script cannot make userdata, so what has a kind is what it says.
 */
import type { LuaVm, Pointer, State } from "./vm.ts";
import { USERDATA } from "./vm.ts";

/** What a userdata stands for. */
export const ERROR = 1;
export const CHANNEL = 2;
export const BUILDER = 3;
export const ACTOR = 4;
export const SCOPE = 5;
export const POLICY = 6;
export const TIMER = 7;

/** What each kind is called in messages. */
export const KIND_NAMES: Readonly<Record<number, string>> = {
  [ERROR]: "error",
  [CHANNEL]: "channel",
  [BUILDER]: "spawn builder",
  [ACTOR]: "actor",
  [SCOPE]: "scope",
  [POLICY]: "policy",
  [TIMER]: "timer",
};

/**
 * What a thing counts at least: its userdata is so much larger, so that the limit of the heap counts it too. It takes about
 * half of that on our side; the rest is for the collector, which looks at all of them in one step, and there is no way to
 * divide that.
 */
const THING_BYTES = 512;
/** The kind and the number, in words. */
const LAYOUT_BYTES = 8;

/** The things that the userdata of one VM stand for. A number is free again when its userdata has been collected. */
export class Objects {
  readonly #vm: LuaVm;
  readonly #things: (object | null)[] = [];
  readonly #free: number[] = [];

  constructor(vm: LuaVm) {
    this.#vm = vm;
  }

  /** How many things are held. */
  get size(): number {
    return this.#things.length - this.#free.length;
  }

  /**
   * Pushes a userdata that stands for a thing, with the metatable of its kind.
   *
   * @param dataBytes what the thing holds of data besides, about; the userdata is so much larger still.
   */
  push(L: State, kind: number, thing: object | null, metatable: number, dataBytes = 0): void {
    // Where there is no room for it, nothing is kept.
    const bytes = thing === null ? LAYOUT_BYTES : LAYOUT_BYTES + THING_BYTES + dataBytes;
    const at = this.#vm.pushUserdata(L, bytes) >> 2;
    const id = thing === null ? -1 : this.#keep(thing);
    this.#vm.words[at] = kind;
    this.#vm.words[at + 1] = id;
    this.#vm.getReference(L, metatable);
    this.#vm.api.lua_setmetatable(L, -2);
  }

  /** The kind of the userdata at an index; 0 for anything else. */
  kind(L: State, index: number): number {
    if (this.#vm.type(L, index) !== USERDATA) return 0;
    return this.#vm.words[this.#vm.api.lua_touserdata(L, index) >> 2] as number;
  }

  /** The kind of the userdata at an address. */
  kindOf(userdata: Pointer): number {
    return this.#vm.words[this.#vm.contentOf(userdata) >> 2] as number;
  }

  /** The thing that the userdata at an index stands for, if it is of that kind. */
  get(L: State, index: number, kind: number): object | null {
    const vm = this.#vm;
    // Anything but a userdata has the address 0, where no kind stands.
    const at = vm.api.lua_touserdata(L, index) >> 2;
    if (at === 0 || vm.words[at] !== kind) return null;
    return this.#things[vm.words[at + 1] as number] ?? null;
  }

  /** The userdata at an index has been collected; what it stood for. */
  release(L: State, index: number): object | null {
    const at = (this.#vm.api.lua_touserdata(L, index) >> 2) + 1;
    const id = this.#vm.words[at] as number;
    if (id < 0) return null;
    const thing = this.#things[id] ?? null;
    this.#vm.words[at] = -1;
    this.#things[id] = null;
    this.#free.push(id);
    return thing;
  }

  #keep(thing: object): number {
    const id = this.#free.pop() ?? this.#things.length;
    this.#things[id] = thing;
    return id;
  }
}
