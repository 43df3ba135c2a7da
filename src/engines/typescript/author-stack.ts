/**
 * Stack traces of lowered code as the author wrote it: without the scheduler's frames, and with the functions that were
 * awaiting, up to the entry of the process. V8 knows nothing of those, since they are suspended generators; but each
 * await has a number, and a task remembers which one it stands at.
 *
 *     sites("file:///app/pool.ts", "main:12:3|fetch:40:9")     once per module: what the numbers mean
 *     task.site → task.awaiter.site → …                        the chain, at the moment of the error
 */
import type { Deferred } from "./deferred.ts";

/** The awaits of one module. */
interface Module {
  readonly url: string;
  readonly first: number;
  /** `name:line:column` for each, separated by bars. */
  readonly table: string;
}

const modules: Module[] = [];
let count = 1;

/** How many awaiting functions a trace shows at most. */
const MOST_FRAMES = 50;

/** Makes the awaits of a module known; the number of its first one. */
export function sites(url: string, table: string): number {
  const first = count;
  modules.push({ url, first, table });
  count += table.split("|").length;
  return first;
}

/** Errors whose trace has been completed. */
const complete = new WeakSet<Error>();

/**
 * Completes the trace of an error that leaves lowered code, once: whoever catches it later sees all of it.
 *
 * @param awaiting who waits for what has failed; `null` when nobody does.
 */
export function traced(cause: unknown, awaiting: Deferred | null): unknown {
  try {
    if (!(cause instanceof Error) || complete.has(cause)) return cause;
    complete.add(cause);
    const { stack } = cause;
    if (typeof stack !== "string") return cause;
    if (!stack.includes(own)) findOwnBeginning();
    const isTheirs = (line: string) => !STEP.test(line) && !NODE.test(line) && !line.includes(own);
    const lines = stack.split("\n").filter(isTheirs);
    let at = awaiting;
    for (let frames = 0; at !== null && frames < MOST_FRAMES; at = awaiterOf(at)) {
      const site = (at as { site?: number }).site;
      if (site === undefined || site === 0) continue;
      lines.push(`    at async ${shownSite(site)}`);
      frames++;
    }
    const text = lines.join("\n").replace(LOWERED_NAME, "");
    if (text !== stack) Object.defineProperty(cause, "stack", { value: text, writable: true, configurable: true });
  } catch {
    // A frozen error, a stack that cannot be read, or a proxy with traps that throw: it is passed on as it is.
  }
  return cause;
}

/** Who waits for a deferred, the first of them if there are several. */
export function awaiterOf({ awaiter }: Deferred): Deferred | null {
  return ((Array.isArray(awaiter) ? awaiter[0] : awaiter) ?? null) as Deferred | null;
}

/** How our own files begin, in traces; found out when needed, and again when source maps have been switched on since. */
let own = "\0";

function findOwnBeginning(): void {
  const here = /(?:\(|at )([^()\s]+)engines[/\\]typescript[/\\]author-stack\.[jt]s/.exec(new Error().stack ?? "");
  own = here?.[1] ?? own;
}

/** What runs us: timers and the like. */
const NODE = /\(?node:internal\//;
/** The step of a generator, which V8 puts between a lowered function and us. */
const STEP = /^ {4}at (?:.+\.)?(?:next|throw|return) \(<anonymous>\)$/;
/** What the loader appends to the names of the generators it makes. */
const LOWERED_NAME = /\$b\d*\b/g;

function shownSite(site: number): string {
  let low = 0;
  for (let high = modules.length - 1; low < high; ) {
    const middle = (low + high + 1) >> 1;
    if ((modules[middle] as Module).first <= site) low = middle;
    else high = middle - 1;
  }
  const { url, first, table } = modules[low] as Module;
  const [name = "", line, column] = (table.split("|")[site - first] ?? "").split(":");
  const place = `${url}:${line}:${column}`;
  return name === "" ? place : `${name} (${place})`;
}
