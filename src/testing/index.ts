/** beamish/testing: processes under virtual time and a seeded order of turns. */
export { Probe } from "./probe.ts";
export { SeededRandom } from "./seeded-random.ts";
export {
  type DefineOptions,
  type SimulatedSpawn,
  Simulation,
  type SimulationOptions,
  type SimulationReport,
  simulate,
} from "./simulation.ts";
export { VirtualClock } from "./virtual-clock.ts";
