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

  /**
   * A context of values that nobody else has.
   *
   * @param values a map; its form is kept.
   */
  static of(values: Readonly<Record<string, unknown>>): Context {
    const map = new Map<string, unknown>();
    for (const key of Object.keys(values)) map.set(key, values[key]);
    copyForm(values, map);
    return new Context(map);
  }

  /** This context with the values of another put over it; of a key that is in both, the new value counts. */
  with(others: Context): Context {
    // Either is what it is with nothing put to it, and is not copied: there may be thousands of values.
    if (others.size === 0) return this;
    if (this.size === 0) return others;
    const values = others.#values;
    const merged = new Map(this.#values);
    for (const [key, value] of values) merged.set(key, value);
    const added = formOf(values)?.floats ?? null;
    const kept = [...(formOf(this.#values)?.floats ?? [])].filter((key) => !values.has(key));
    if (added !== null || kept.length > 0) {
      setForm(merged, { integerKeys: null, floats: new Set([...kept, ...(added ?? [])]) });
    }
    return new Context(merged);
  }

  /** How many values there are. */
  get size(): number {
    return this.#values.size;
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
