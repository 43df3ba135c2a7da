/**
 * `super` in lowered code: the body of an async method is a generator elsewhere, where `super` means nothing, so it is
 * handed an object that stands for it.
 */

/** An object whose properties are those of `super`, read and written by functions that stand where `super` can. */
export function superOf(get: (key: PropertyKey) => unknown, set: (key: PropertyKey, value: unknown) => void): object {
  return new Proxy(
    {},
    {
      get: (_, key) => get(key),
      set: (_, key, value) => {
        set(key, value);
        return true;
      },
      deleteProperty: () => {
        throw new ReferenceError("Unsupported reference to 'super'");
      },
    },
  );
}
