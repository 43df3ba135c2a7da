/**
 * How services find one another: by name, and with patience. Services start in the order of `requires`, but a started
 * process registers its name in its own time.
 */
import { errors, type Pid, type Process } from "beamish";

/** The process that holds a name; waits until one does. */
export async function awaitName<M>(process: Process, name: string): Promise<Pid<M>> {
  for (;;) {
    try {
      return await process.registry.lookup<M>(name);
    } catch (error) {
      if (!errors.is(error, errors.NOT_FOUND)) throw error;
      await process.sleep("5ms");
    }
  }
}
