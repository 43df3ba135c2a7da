/**
 * The other side of the comparison with the reference model: real processes of a simulated island, which do what they
 * are told and write down what they are answered. Pids are shown as `#label`, so that both sides speak of the same.
 *
 *     test ──order──▶ "order" of its mailbox, or a channel of its own ──▶ the process obeys ──▶ answers
 */
import { type Channel, type Message, type Pid, type Process, ProcessError } from "../../src/index.ts";
import type { Simulation } from "../../src/testing/index.ts";
import {
  type Answer,
  type Birth,
  type Command,
  type Destination,
  ENTRIES,
  type EntryName,
  HOSTS,
  type Label,
  type OwnEnding,
} from "./reference-model.ts";

/** A command with the number under which its answer is written down. */
export interface Order {
  readonly number: number;
  readonly command: Command;
}

/** A first step, as a real process saw it. */
export interface RealStart {
  readonly label: Label;
  readonly entry: string;
  readonly state: number;
  readonly context: unknown;
  readonly frame: string;
  readonly pid: string;
  readonly trapLinks: boolean;
}

/** Real processes that obey, on one simulated island. */
export class ObedientProcesses {
  readonly answers = new Map<number, Answer>();
  starts: RealStart[] = [];
  readonly #sim: Simulation;
  readonly #pids = new Map<Label, Pid>();
  readonly #labels = new Map<string, Label>();
  readonly #orders = new Map<Label, Channel<Order>>();

  constructor(sim: Simulation) {
    this.#sim = sim;
    for (const [name, maxProcesses] of Object.entries(HOSTS)) {
      if (maxProcesses > 0) sim.addHost(hostOf(name), maxProcesses === Infinity ? {} : { maxProcesses });
    }
    for (const [name, { loadMs, limit, overflow }] of Object.entries(ENTRIES)) {
      if (name === "missing") continue;
      const loadError = new ProcessError({ kind: "Internal", message: "failed to load module: boom" });
      sim.define(entryOf(name), this.#main(name as EntryName), {
        loadMs,
        ...(limit !== null && { mailbox: { limit, overflow } }),
        ...(name === "broken" && { loadError }),
      });
    }
  }

  pid(label: Label): Pid {
    return this.#pids.get(label) as Pid;
  }

  /** The destination of a call as the real kernel takes it. */
  address(to: Destination): string {
    return typeof to === "string" ? to : this.pid(to);
  }

  /** A text for any data, with `#label` for each pid and keys in order. */
  show(data: unknown): string {
    return JSON.stringify(data, (_key, value) => {
      if (typeof value === "string") return this.#labels.has(value) ? `#${this.#labels.get(value)}` : value;
      if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
      return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
    });
  }

  /** Tells a process what to do: by a message, or through a channel of its own, which no mailbox limit concerns. */
  tell(label: Label, order: Order, byMessage: boolean): void {
    if (!byMessage) void (this.#orders.get(label) as Channel<Order>).send(order);
    else if (this.#sim.send(this.pid(label), "order", order) !== null) throw new Error(`${label} takes no orders`);
  }

  #main(entry: EntryName) {
    return async (process: Process, label: Label, state: number, brief?: Birth["brief"], parent?: Pid) => {
      const pid = process.pid();
      this.#pids.set(label, pid);
      this.#labels.set(pid, label);
      const { trapLinks } = process.getOptions();
      this.starts.push({ label, entry, state, context: process.ctx.all(), frame: process.id(), pid, trapLinks });
      if (entry === "brief" && brief !== undefined) {
        for (let value = 1; parent !== undefined && value <= brief.messages; value++)
          process.send(parent, "brief", value);
        return endAs(brief.ending);
      }
      const orders = process.listen("order");
      const channel = process.channel<Order>(1);
      this.#orders.set(label, channel);
      for (;;) {
        const { value } = await process.select([orders.caseReceive(), channel.caseReceive()]);
        const { number, command } = value as Order;
        if (command.act === "end") return endAs(command.ending);
        const task = this.#answer(process, label, number, command);
        if (!takesTime(command)) await task();
        else process.go(task);
      }
    };
  }

  #answer(process: Process, label: Label, number: number, command: Command): () => Promise<void> {
    return async () => {
      let answer: Answer;
      try {
        answer = { ok: await this.#obey(process, label, command) };
      } catch (cause) {
        if (!(cause instanceof ProcessError)) throw cause;
        const { kind, message, retryable, details } = cause;
        const whole = command.act === "exec" && wasStarted(command.birth, this.#pids);
        answer = { refused: whole ? { kind, message, retryable, details } : kind };
      }
      if (this.answers.has(number)) throw new Error(`command ${number} was answered twice`);
      this.answers.set(number, answer);
    };
  }

  async #obey(process: Process, label: Label, command: Command): Promise<unknown> {
    switch (command.act) {
      case "send": {
        const to = this.address(command.to);
        return command.values.map((value) => process.send(to, command.topic, value)?.kind ?? null);
      }
      case "spawn": {
        const { monitored, linked } = command;
        const builder = built(process, command.birth);
        const spawn = monitored
          ? linked
            ? builder.spawnLinkedMonitored
            : builder.spawnMonitored
          : linked
            ? builder.spawnLinked
            : builder.spawn;
        return spawn(...target(command.birth), process.pid());
      }
      case "exec": {
        const builder = built(process, command.birth);
        const limited = command.timeoutMs === null ? builder : builder.withOptions({ timeout: command.timeoutMs });
        return limited.exec(...target(command.birth), process.pid());
      }
      case "monitor":
      case "unmonitor":
      case "link":
      case "unlink":
      case "terminate":
        return (await process[command.act](this.address(command.to))) ?? null;
      case "cancel": {
        const { deadlineMs, reason } = command;
        const deadline = {
          ...(deadlineMs !== null && { deadline: deadlineMs }),
          ...(reason !== null && { reason }),
        };
        return (await process.cancel(this.address(command.to), deadline)) ?? null;
      }
      case "trap":
        process.setOptions({ trapLinks: command.on });
        return null;
      case "register":
        await (command.holder === null
          ? process.registry.register(command.name)
          : process.registry.register(command.name, this.pid(command.holder)));
        return null;
      case "lookup":
        return process.registry.lookup(command.name);
      case "unregister":
        return process.registry.unregister(command.name);
      case "listen":
        process.listen(command.topic, { message: true });
        return null;
      case "unlisten":
        process.unlisten(process.listen(command.topic));
        return null;
      case "read":
        return read(process, command.from, command.all);
      case "wait": {
        const message = await subscription(process, command.from).receive();
        return message === undefined ? "closed" : shown(message);
      }
      case "events":
        return drain(process);
      case "upgrade": {
        const id = command.entry === null ? null : entryOf(command.entry);
        return process.upgrade(id, label, command.state, ...(command.unsendable ? [() => {}] : []));
      }
      case "end":
        throw new Error("main ends itself");
    }
  }
}

/** The entry id of an entry of the model. */
export function entryOf(name: string): string {
  return `sim:${name}`;
}

/** The host id of a host of the model. */
export function hostOf(name: string): string {
  return `model:${name}`;
}

/** Whether main does not wait for the answer: a coroutine of its own does. */
function takesTime(command: Command): boolean {
  if (command.act === "spawn") return ENTRIES[command.birth.entry].loadMs > 0;
  return command.act === "exec" || command.act === "wait";
}

/** An error of a child says all it says; that of a failed start is told by its kind. */
function wasStarted(birth: Birth, pids: ReadonlyMap<Label, Pid>): boolean {
  return pids.has(birth.label);
}

function built(process: Process, birth: Birth) {
  let builder = process.withContext(birth.context ?? {});
  if (birth.name !== null) builder = builder.withName(birth.name);
  for (const [topic, value] of birth.messages) builder = builder.withMessage(topic, value);
  return builder;
}

function target(birth: Birth): [string, string, Label, number, Birth["brief"]] {
  return [entryOf(birth.entry), hostOf(birth.host), birth.label, 0, birth.brief];
}

function endAs(ending: OwnEnding): unknown {
  switch (ending) {
    case "value":
      return { list: [1, "two"] };
    case "nothing":
      return undefined;
    case "unsendable":
      return { call: () => {} };
    case "text":
      throw new Error("as told");
    case "error":
      throw new ProcessError({ message: "conflicting", kind: "Conflict", retryable: true, details: { by: [1, 2] } });
  }
}

function subscription(process: Process, from: string): Channel<Message> {
  return from === "@inbox" ? process.inbox() : process.listen(from, { message: true });
}

function shown({ topic, from, payload }: Message): unknown {
  return { topic, from, value: payload };
}

async function read(process: Process, from: string, all: boolean): Promise<unknown[]> {
  const messages: unknown[] = [];
  const cases = [subscription(process, from).caseReceive()];
  for (;;) {
    const { default: isEmpty, value } = await process.select(cases, { default: true });
    if (isEmpty === true) return messages;
    messages.push(shown(value as Message));
    if (!all) return messages;
  }
}

async function drain(process: Process): Promise<unknown[]> {
  const events: unknown[] = [];
  const cases = [process.events().caseReceive()];
  for (;;) {
    const { default: isEmpty, value } = await process.select(cases, { default: true });
    if (isEmpty === true) return events;
    events.push(value);
  }
}
