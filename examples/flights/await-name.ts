/**
 * How services find one another: by name, and with patience. Services start in the order of `requires`, but a started
 * process registers its name in its own time, and one that failed is back only after the delay of its restart.
 */
import { errors, type Pid, type Process, ProcessError } from "beamish";

/** The process that holds a name; waits for three seconds. Rejects: TIMEOUT, which no restart will mend. */
export async function awaitName<M>(process: Process, name: string): Promise<Pid<M>> {
  for (let tries = 0; tries < 300; tries++) {
    try {
      return await process.registry.lookup<M>(name);
    } catch (error) {
      if (!errors.is(error, errors.NOT_FOUND)) throw error;
      await process.sleep("10ms");
    }
  }
  throw new ProcessError({ kind: errors.TIMEOUT, message: `nobody is called ${name}`, retryable: false });
}
