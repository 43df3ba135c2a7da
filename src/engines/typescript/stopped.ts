/**
 * What stop means for native TypeScript (S16.7): nothing can interrupt an async function, so its next wait never ends
 * and its next synchronous call throws. And whose fault a rejection is, where that can be told (S16.9).
 */
import { errors, ProcessError, type Syscalls } from "../../kernel/index.ts";

/** A promise that never settles. A fresh one each time: a shared one would keep every waiter alive. */
export function never<T>(): Promise<T> {
  return new Promise<T>(() => {});
}

/** The door, or the error of a synchronous call after the end. */
export function open(syscalls: Syscalls): Syscalls {
  if (syscalls.isShut) throw new ProcessError({ kind: errors.CANCELED, message: "the process has ended" });
  return syscalls;
}

const owners = new WeakMap<object, Syscalls>();

/** Notes whose fault an error is, should nobody handle it. */
export function owned<E>(syscalls: Syscalls, cause: E): E {
  if (typeof cause === "object" && cause !== null) owners.set(cause, syscalls);
  return cause;
}

/** A promise rejected by a call of this process; should nobody handle it, the process can be told. */
export function rejected<T>(syscalls: Syscalls, cause: unknown): Promise<T> {
  return Promise.reject(owned(syscalls, cause));
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
