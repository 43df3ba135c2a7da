/**
 * A heap of Lua with everything the engine keeps beside it: the metatables of its objects, the programs compiled for it,
 * and the processes that share it (S11.35).
 */
import type { Outstanding, ProcessError } from "../../kernel/index.ts";
import type { NotedTrace } from "./escaped-error.ts";
import type { LuaRun } from "./lua-run.ts";
import { ERROR, type Objects } from "./objects.ts";
import { type Making, pushValue } from "./payloads.ts";
import { type Heap, type LuaVm, type Pointer, REGISTRY, type State } from "./vm.ts";

/** What a failure of a host function costs, in instructions' worth: an error has a stack, mostly there is a dead letter. */
const FAILURE_COST = 2_500;

/** References into the registry of a heap, to what its prelude has made. */
export interface PreludeReferences {
  readonly loadProcess: number;
  readonly describe: number;
  readonly collect: number;
  readonly addModule: number;
  readonly protect: number;
  readonly hostKinds: number;
  readonly error: number;
  readonly message: number;
  readonly channel: number;
  readonly builder: number;
  readonly timer: number;
  readonly done: number;
}

/** The metatables of the module `time`. */
export interface TimeReferences {
  readonly time: number;
  readonly duration: number;
}

/** The metatables of the module `security`. */
export interface SecurityReferences {
  readonly actor: number;
  readonly scope: number;
  readonly policy: number;
}

/** A value of Lua that JavaScript holds: a place in the bag of its process. */
export class LuaReference {
  readonly bag: Bag;
  readonly place: number;

  constructor(bag: Bag, place: number) {
    this.bag = bag;
    this.place = place;
  }

  /** Pushes the value. */
  push(L: State): void {
    this.bag.push(L, this.place);
  }

  /** Pushes the value and holds it no longer. */
  take(L: State): void {
    this.push(L);
    this.forget(L);
  }

  /** Holds the value no longer. */
  forget(L: State): void {
    this.bag.forget(L, this.place);
  }
}

/** What JavaScript holds of one process: a table of Lua, which goes with the process, whatever is in it. */
export class Bag {
  readonly #isolate: Isolate;
  #table = 0;
  /** Topic and sender of the last message that its process received, and where they were as long as `names` was this. */
  lastTopic = "";
  lastFrom: string | null = null;
  lastTopicAt: Pointer = 0;
  lastFromAt: Pointer = 0;
  lastNames = -1;
  noted: NotedTrace | null = null;

  constructor(isolate: Isolate) {
    this.#isolate = isolate;
  }

  /** Pushes the table. */
  open(L: State): void {
    const { vm } = this.#isolate;
    if (this.#table !== 0) {
      vm.getReference(L, this.#table);
      return;
    }
    vm.api.lua_createtable(L, 0, 0);
    vm.api.lua_pushvalue(L, -1);
    this.#table = vm.api.luaL_ref(L, REGISTRY);
  }

  /** Holds the value at an index. */
  hold(L: State, index: number): LuaReference {
    const { vm } = this.#isolate;
    const at = vm.absolute(L, index);
    this.open(L);
    vm.api.lua_pushvalue(L, at);
    const place = vm.api.luaL_ref(L, -2);
    vm.pop(L, 1);
    return new LuaReference(this, place);
  }

  push(L: State, place: number): void {
    const { vm } = this.#isolate;
    if (this.#table === 0) vm.pushNil(L);
    else vm.getIn(L, this.#table, place);
  }

  forget(L: State, place: number): void {
    const { vm } = this.#isolate;
    if (place < 0 || this.#table === 0) return;
    this.open(L);
    vm.api.luaL_unref(L, -1, place);
    vm.pop(L, 1);
  }

  /** Pushes a table for the library functions' own state, such as that of `math.random`. */
  pushPrivate(L: State): void {
    const { vm } = this.#isolate;
    this.open(L);
    if (vm.getField(L, -1, "private") === 0) {
      vm.pop(L, 1);
      vm.api.lua_createtable(L, 0, 0);
      vm.api.lua_pushvalue(L, -1);
      vm.setField(L, -3, "private");
    }
    vm.api.lua_rotate(L, -2, 1);
    vm.pop(L, 1);
  }

  /** Lets everything go. */
  drop(L: State): void {
    if (this.#table === 0) return;
    this.#isolate.vm.api.luaL_unref(L, REGISTRY, this.#table);
    this.#table = 0;
  }
}

/**
 * How many names a heap remembers at first and at most, powers of two: as many more as give way to each other, where the
 * table that holds them takes no more than so small a part of the heap.
 */
const NAMES = 512;
const MOST_NAMES = 4_096;
const NAME_SLOT_BYTES = 16;
const PART_OF_HEAP = 256;
/** How long a name may be: what Lua keeps one copy of. */
const NAME_BYTES = 40;

/**
 * Names that have crossed between the languages. Lua keeps one copy of a short string, and a table of ours keeps that
 * copy alive, so its address says which string it is: nothing has to be decoded or encoded twice.
 */
class Names {
  readonly #vm: LuaVm;
  #addresses: Pointer[] = new Array(NAMES).fill(0);
  #texts: string[] = new Array(NAMES).fill("");
  #mask = NAMES - 1;
  readonly #places = new Map<string, number>();
  #table = 0;
  readonly #most: number;
  /** How many replacements are a reason to remember more. */
  #growAt = NAMES;
  /** How often a name has given way to another: as long as this stays the same, every address stays good. */
  replaced = 0;

  constructor(vm: LuaVm, limitBytes: number) {
    this.#vm = vm;
    this.#most = Math.min(MOST_NAMES, limitBytes / PART_OF_HEAP / NAME_SLOT_BYTES);
  }

  /** A name that is remembered; `null` for anything else. */
  known(L: State, index: number): string | null {
    return this.at(this.#vm.shortString(L, index));
  }

  /** The name at an address; `null` for anything else. */
  at(address: Pointer): string | null {
    return this.holds(address) ? (this.#texts[this.#placeOf(address)] as string) : null;
  }

  read(L: State, index: number): string | null {
    const vm = this.#vm;
    const address = vm.address(L, index);
    const known = this.at(address);
    if (known !== null) return known;
    const text = vm.string(L, index);
    if (typeof text !== "string") return null;
    // Of a string that is not short Lua may have several.
    if (text.length > NAME_BYTES || !vm.isShortString(L, index)) return text;
    vm.api.lua_pushvalue(L, index);
    this.#keep(L, address, text);
    return text;
  }

  /**
   * The address of a name in Lua, good for as long as `holds` says so; 0 for one that is not remembered.
   *
   * @param guess the address it had before, for instance.
   */
  address(L: State, name: string, guess: Pointer): Pointer {
    if (this.holds(guess) && this.#texts[this.#placeOf(guess)] === name) return guess;
    const vm = this.#vm;
    const known = this.#places.get(name);
    if (known !== undefined) {
      // The same text may be another string, and this is the one that the kernel compares with.
      this.#texts[known] = name;
      return this.#addresses[known] as Pointer;
    }
    vm.pushString(L, name);
    if (!vm.isShortString(L, -1)) {
      vm.pop(L, 1);
      return 0;
    }
    const address = vm.address(L, -1);
    this.#keep(L, address, name);
    return address;
  }

  /** Whether the string at an address is one of those remembered. */
  holds(address: Pointer): boolean {
    return address !== 0 && this.#addresses[this.#placeOf(address)] === address;
  }

  #placeOf(address: Pointer): number {
    return (address >> 3) & this.#mask;
  }

  /** Keeps the string on top, which is taken off, in place of what was there. */
  #keep(L: State, address: Pointer, text: string): void {
    const vm = this.#vm;
    if (this.replaced >= this.#growAt) this.#grow(L);
    const place = this.#placeOf(address);
    if (this.#table === 0) {
      vm.api.lua_createtable(L, this.#mask + 1, 0);
      this.#table = vm.api.luaL_ref(L, REGISTRY);
    }
    vm.getReference(L, this.#table);
    vm.api.lua_rotate(L, -2, 1);
    vm.setAt(L, -2, place + 1);
    vm.pop(L, 1);
    if (this.#addresses[place] !== 0) this.replaced++;
    this.#places.delete(this.#texts[place] as string);
    this.#addresses[place] = address;
    this.#texts[place] = text;
    this.#places.set(text, place);
  }

  /** Twice as many places from now on; what was remembered has to be met again. */
  #grow(L: State): void {
    const count = 2 * (this.#mask + 1);
    if (count > this.#most) {
      this.#growAt = Infinity;
      return;
    }
    this.#growAt = this.replaced + count;
    this.#mask = count - 1;
    this.#addresses = new Array(count).fill(0);
    this.#texts = new Array(count).fill("");
    this.#places.clear();
    this.replaced++;
    this.#vm.api.luaL_unref(L, REGISTRY, this.#table);
    this.#table = 0;
  }
}

/** What has been counted of an isolate's work, or of a process's. */
export interface Usage {
  /** Instructions of the VM, and what library functions count as such. */
  instructions: number;
  /** How often it ran. */
  slices: number;
  /** How often it was preempted. */
  preemptions: number;
  /** Time in the VM, in milliseconds, estimated from some of the times that it ran. */
  cpuMs: number;
}

/** One heap and what belongs to it. */
export class Isolate {
  readonly vm: LuaVm;
  readonly heap: Heap;
  /** Which processes may share it; `null` when it belongs to one alone. */
  readonly key: string | null;
  readonly limitBytes: number;
  /** What its processes have under way, and those of other heaps of the same actor or entry. */
  readonly outstanding: Outstanding;
  readonly objects: Objects;
  readonly #names: Names;
  readonly usage: Usage = { instructions: 0, slices: 0, preemptions: 0, cpuMs: 0 };
  /** How many processes it has, those that are still loading among them. */
  processes = 0;
  /** The processes that have begun. */
  readonly runs = new Set<LuaRun>();
  /** The program of each entry that was compiled here last, and its reference in the registry. */
  readonly programs = new Map<string, { readonly program: object; readonly reference: number }>();
  /** Set once, when the prelude has run. */
  metatables!: PreludeReferences;
  /** A large value that is there already, for whoever pushes it now. */
  made: Making | null = null;
  /** The string "__mode" in the registry: to make it anew might begin a step of the collector. */
  modeName = 0;
  /** Where the metatable of messages is. */
  messageMetatable: Pointer = 0;
  /** Loads the module `time`. */
  loadTimes!: () => TimeReferences;
  /** Its metatables, once something has needed it: until then there is no Time and no Duration. */
  times: TimeReferences | null = null;
  /** Whether a process of it ran out of memory, so that what it leaves should be collected before others need it. */
  wantsCollection = false;
  /** Whether that collection is under way, and the heap may hold somewhat more meanwhile. */
  isRecovering = false;
  /** Whether nobody enters it any more; what is in it is being given back. */
  isRetired = false;
  /** Whether nothing may run in it any more. */
  isClosed = false;

  constructor(
    vm: LuaVm,
    objects: Objects,
    heap: Heap,
    key: string | null,
    limitBytes: number,
    outstanding: Outstanding,
  ) {
    this.vm = vm;
    this.heap = heap;
    this.key = key;
    this.limitBytes = limitBytes;
    this.outstanding = outstanding;
    this.objects = objects;
    this.#names = new Names(vm, limitBytes);
  }

  /** A name that has crossed between the languages lately; `null` for anything else. */
  knownName(L: State, index: number): string | null {
    return this.#names.known(L, index);
  }

  /** A name as text: a pid, a topic or a key, of which the same come again and again. `null` when it is no such text. */
  name(L: State, index: number): string | null {
    return this.#names.read(L, index);
  }

  /** The name at an address that has crossed between the languages lately; `null` for anything else. */
  nameAt(address: Pointer): string | null {
    return this.#names.at(address);
  }

  /**
   * Whether it is known where the topic and the sender of a message are: then at `lastTopicAt` and `lastFromAt` of the bag.
   * What has to be found out for it may need a slot of the stack, and be refused.
   *
   * @param bag that of its reader, who may well have had a message like it before.
   */
  findNames(L: State, topic: string, from: string | null, bag: Bag): boolean {
    const names = this.#names;
    if (topic === bag.lastTopic && from === bag.lastFrom && names.replaced === bag.lastNames) return true;
    const topicAt = names.address(L, topic, bag.lastTopicAt);
    const fromAt = from === null ? 0 : names.address(L, from, bag.lastFromAt);
    // Both have to be remembered still, or nothing keeps the one that gave way to the other.
    if (!names.holds(topicAt) || (from !== null && !names.holds(fromAt))) return false;
    bag.lastTopic = topic;
    bag.lastFrom = from;
    bag.lastTopicAt = topicAt;
    bag.lastFromAt = fromAt;
    bag.lastNames = names.replaced;
    return true;
  }

  /** Pushes a message as its reader sees it (S2.35); its payload is on top of the stack already, and goes into it. */
  pushMessage(L: State, topic: string, from: string | null, bag: Bag): void {
    const { vm } = this;
    if (this.findNames(L, topic, from, bag)) {
      vm.makeTriple(L, bag.lastTopicAt, bag.lastFromAt, this.messageMetatable);
      return;
    }
    vm.api.lua_createtable(L, 3, 0);
    vm.api.lua_rotate(L, -2, 1);
    vm.setAt(L, -2, 3);
    vm.pushString(L, topic);
    vm.setAt(L, -2, 1);
    if (from !== null) {
      vm.pushString(L, from);
      vm.setAt(L, -2, 2);
    }
    vm.getReference(L, this.metatables.message);
    vm.api.lua_setmetatable(L, -2);
  }

  /** How many bytes it holds. */
  get usedBytes(): number {
    return this.isClosed ? 0 : this.vm.usedBytes(this.heap);
  }

  /** Ends every process that has begun here, at its next turn. */
  endAll(error: ProcessError): void {
    const { message, kind, retryable } = error;
    for (const run of this.runs) run.process.doom({ error: message, kind, retryable });
  }

  /** Pushes an error object (S12.1). */
  pushError(L: State, error: ProcessError): void {
    this.vm.charge(FAILURE_COST);
    pushValue(this, L, error);
  }

  /** Pushes an error object whose details are still to come. */
  pushErrorHead(L: State, error: ProcessError): void {
    const { vm } = this;
    this.objects.push(L, ERROR, null, this.metatables.error);
    vm.api.lua_createtable(L, 0, 4);
    vm.pushString(L, error.message);
    vm.setField(L, -2, "message");
    vm.pushString(L, error.kind);
    vm.setField(L, -2, "kind");
    if (error.retryable !== undefined) {
      vm.pushBoolean(L, error.retryable);
      vm.setField(L, -2, "retryable");
    }
    vm.api.lua_setiuservalue(L, -2, 1);
  }

  /** The metatables of the module `time`, loaded if it is not. */
  needTimes(): TimeReferences {
    this.times ??= this.loadTimes();
    return this.times;
  }

  /** Loads the module `security`. */
  loadSecurity!: () => SecurityReferences;
  #security: SecurityReferences | null = null;

  /** The metatables of the module `security`, loaded if it is not. */
  needSecurity(): SecurityReferences {
    this.#security ??= this.loadSecurity();
    return this.#security;
  }

  /** Pushes a Time (S11.21). */
  pushTime(L: State, unixMs: number): void {
    const { vm } = this;
    const seconds = Math.floor(unixMs / 1_000);
    vm.api.lua_createtable(L, 2, 0);
    vm.pushNumber(L, seconds);
    vm.setAt(L, -2, 1);
    vm.pushNumber(L, Math.round((unixMs - seconds * 1_000) * 1_000_000));
    vm.setAt(L, -2, 2);
    vm.getReference(L, this.needTimes().time);
    vm.api.lua_setmetatable(L, -2);
  }
}
