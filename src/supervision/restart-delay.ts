/** How long to wait before a restart (S14.17). Pure: chance is handed in. */

/** The shape of the waits between restarts, in milliseconds. */
export interface RestartShape {
  readonly initialDelayMs: number;
  readonly maxDelayMs: number;
  readonly backoffFactor: number;
  /** The random part, as a fraction of the delay, 0 to 1. */
  readonly jitter: number;
}

/**
 * The wait before the next start, in milliseconds: grows by the factor with each failure in a row, up to the maximum,
 * and is spread by the jitter.
 *
 * @param failures how many in a row, at least 1.
 * @param random from -1 to 1.
 */
export function restartDelayMs(shape: RestartShape, failures: number, random: number): number {
  const grown = shape.initialDelayMs * shape.backoffFactor ** (failures - 1);
  return Math.min(grown, shape.maxDelayMs) * (1 + shape.jitter * random);
}
