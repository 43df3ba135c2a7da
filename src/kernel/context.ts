/**
 * The values that a process inherits from its parent (S3.31, S7.4). Immutable, so that a family that changes nothing
 * shares one object. A map, since putting one value over thousands is what children are made with: an object of so many
 * keys takes five times as long to copy.
 */
import { copyForm, Float, formOf, setForm } from "./form.ts";
import { copyPayload } from "./payload.ts";

/** The context values of a process, or of those that a builder makes. */
export class Context {
  /** No values. */
  static readonly EMPTY = new Context(new Map());

  /** With a form, if some of the numbers are floats though they could be integers. */
  readonly #values: ReadonlyMap<string, unknown>;

  private constructor(values: ReadonlyMap<string, unknown>) {
    this.#values = values;
  }

  /** This context with further values put over it; of a key that is in both, the new value counts. */
  with(values: Readonly<Record<string, unknown>>): Context {
    const merged = new Map(this.#values);
    for (const key of Object.keys(values)) merged.set(key, values[key]);
    const added = formOf(values)?.floats ?? null;
    const kept = [...(formOf(this.#values)?.floats ?? [])].filter((key) => !Object.hasOwn(values, key));
    if (added !== null || kept.length > 0) {
      setForm(merged, { integerKeys: null, floats: new Set([...kept, ...(added ?? [])]) });
    }
    return new Context(merged);
  }

  /** Whether there is a value of that key. */
  has(key: string): boolean {
    return this.#values.has(key);
  }

  /** A value itself, for one who makes something of his own of it: a float that could be an integer is told to be one. */
  shared(key: string): unknown {
    const value = this.#values.get(key);
    return typeof value === "number" && formOf(this.#values)?.floats?.has(key) === true ? new Float(value) : value;
  }

  /** A private copy of a value. */
  get(key: string): unknown {
    return copyPayload(this.#values.get(key), "context", true);
  }

  /** All values themselves, likewise. */
  get sharedAll(): ReadonlyMap<string, unknown> {
    return this.#values;
  }

  /** Private copies of all values. */
  all(): Record<string, unknown> {
    const values = Object.fromEntries(this.#values);
    copyForm(this.#values, values);
    return copyPayload(values, "context", true) as Record<string, unknown>;
  }
}
