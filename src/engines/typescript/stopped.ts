/**
 * What a call gets once its code is not to go on (S16.7): its waits never end and its synchronous calls throw; code that
 * cleans up may still send (S16.55). And whose fault a rejection is, where that can be told (S16.9).
 */
import { errors, ProcessError, type Syscalls } from "../../kernel/index.ts";

/** The door, or the error of a synchronous call after the end. */
export function open(syscalls: Syscalls): Syscalls {
  if (syscalls.isShut) throw canceled();
  return syscalls;
}

/** The door for a send, which code that cleans up may use too (S16.55). */
export function openToSend(syscalls: Syscalls): Syscalls {
  if (syscalls.isShut && !syscalls.cleansUp) throw canceled();
  return syscalls;
}

/** What a call gets after the end. */
export function canceled(): ProcessError {
  return new ProcessError({ kind: errors.CANCELED, message: "the process has ended" });
}

const owners = new WeakMap<object, Syscalls>();

/** Notes whose fault an error is, should nobody handle it. */
export function owned<E>(syscalls: Syscalls, cause: E): E {
  if (typeof cause === "object" && cause !== null) owners.set(cause, syscalls);
  return cause;
}

/**
 * Ends the process that an unhandled rejection belongs to.
 *
 * @returns the pid, or `null` when it cannot be told whose it was.
 */
export function chargeRejection(reason: unknown): string | null {
  const syscalls = typeof reason === "object" && reason !== null ? owners.get(reason) : undefined;
  if (syscalls === undefined || syscalls.isShut) return null;
  const pid = syscalls.pid();
  syscalls.fail(reason);
  return pid;
}
