/** An endpoint of a test: a real process that writes down what it gets, so that a test can assert on it. */
import type { Process } from "../engines/typescript/index.ts";
import type { Message, Pid, ProcessEvent } from "../kernel/index.ts";

/** A process that keeps every message and event it gets. It traps links, so a linked failure is an event to it. */
export class Probe {
  /** Its messages, in the order they were read. */
  readonly messages: Message[] = [];
  /** Its lifecycle events, in the order they were read. */
  readonly events: ProcessEvent[] = [];
  #pid: Pid | null = null;
  #process: Process | null = null;

  /** Its pid, to hand to the processes under test. */
  get pid(): Pid {
    return this.#pid as Pid;
  }

  /** What the test does as this process: send, monitor, link, spawn… Asynchronous calls settle while the simulation runs. */
  get process(): Process {
    return this.#process as Process;
  }

  /** The payloads of the messages of a topic, in order. */
  payloads(topic: string): unknown[] {
    return this.messages.filter((message) => message.topic === topic).map((message) => message.payload);
  }

  /** @internal Its main: reads for ever. */
  readonly main = async (process: Process): Promise<never> => {
    this.#pid = process.pid();
    this.#process = process;
    process.setOptions({ trapLinks: true });
    process.go(async () => {
      for await (const event of process.events()) this.events.push(event);
    });
    for await (const message of process.inbox()) this.messages.push(message as Message);
    return new Promise<never>(() => {});
  };
}
