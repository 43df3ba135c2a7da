/** Functions out of text, where Node lets them be made. */

/**
 * The value that this text returns as the body of a function; `null` where Node was told to make no code out of text
 * (`--disallow-code-generation-from-strings`). Only for text that this package has written.
 */
export function functionOf(body: string): unknown {
  try {
    return new Function(body)();
  } catch (cause) {
    if (cause instanceof EvalError) return null;
    throw cause;
  }
}
