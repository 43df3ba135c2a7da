/** What upper floors may use of supervision. */
export { type RestartShape, restartDelayMs } from "./restart-delay.ts";
export {
  type ServiceChange,
  type ServiceFailure,
  type ServiceHands,
  type ServiceMessages,
  type ServicePolicy,
  type ServiceStatus,
  service,
} from "./service.ts";
export { type Needs, startOrder } from "./start-order.ts";
