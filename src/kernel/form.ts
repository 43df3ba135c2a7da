/**
 * What plain data does not show of a language that tells integers from floats, and texts from integers among keys: noted
 * of what holds or carries a value, and passed on with it between processes of that language (S2.39, S2.41).
 */

/**
 * Where a list, map or error of a language that tells integers from floats notes what plain data does not show: a property
 * that is not enumerable, so that TypeScript does not meet it.
 */
export const FORM: unique symbol = Symbol("form");

/** What {@link FORM} notes; list indexes count from 1 and are written as keys. */
export interface Form {
  /** The keys of a map that were integers and not strings. */
  readonly integerKeys: ReadonlySet<string> | null;
  /** The keys whose numbers are floats, though they could be integers. */
  readonly floats: ReadonlySet<string> | null;
}

/** Notes the form of a list or map. */
export function setForm(of: object, form: Form): void {
  Object.defineProperty(of, FORM, { value: form, enumerable: false, configurable: true, writable: true });
}

/** The form of a list or map that has one. */
export function formOf(of: object): Form | undefined {
  return (of as { [FORM]?: Form })[FORM];
}

/** Notes of what holds or carries something what another one that holds or carries the same notes. */
export function copyForm(from: object, to: object): void {
  const form = formOf(from);
  if (form !== undefined) setForm(to, form);
}

/** What is noted of an object of ours whose part under that key is a number, and a float though it could be an integer. */
const FLOAT_AT = {
  payload: { integerKeys: null, floats: new Set(["payload"]) },
  value: { integerKeys: null, floats: new Set(["value"]) },
} as const satisfies Record<string, Form>;

/** A number has nowhere to note that it is a float: the object of ours that carries it has. */
export function noteFloat(carrier: object, key: keyof typeof FLOAT_AT): void {
  setForm(carrier, FLOAT_AT[key]);
}

/** A float that could be an integer, where it comes alone to a language that tells the two apart. */
export class Float {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}
