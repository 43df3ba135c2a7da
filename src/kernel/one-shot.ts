/** A source that yields one value, once: the answer to a request, or the end of a sleep. */
import { Counted } from "./outstanding.ts";
import type { Process } from "./process.ts";
import { CLOSED, NOT_READY, Source } from "./wait.ts";

/** One value for one strand. */
export class OneShot extends Source {
  readonly #process: Process;
  #value: unknown = CLOSED;
  #ready = false;
  readonly #onPut: (() => void) | null;

  /** @param onPut called when the value is there, before anybody takes it. */
  constructor(process: Process, onPut: (() => void) | null = null) {
    super();
    this.#process = process;
    this.#onPut = onPut;
  }

  /** Puts the value there; a second one is ignored. */
  put(value: unknown): void {
    if (this.#ready) return;
    this.#ready = true;
    this.#value = value;
    this.#onPut?.();
    // Whoever asked has the answer before anything comes of it, such as the message of a child just spawned (S3.4).
    if (this.first !== null) this.#process.stirFirst(this);
  }

  isReady(): boolean {
    return this.#ready;
  }

  take(): unknown {
    const value = this.#value;
    this.#value = CLOSED;
    return value instanceof Counted ? this.#process.takeAnswer(value) : value;
  }

  takeIfReady(): unknown {
    return this.#ready ? this.take() : NOT_READY;
  }
}
