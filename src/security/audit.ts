/**
 * What was refused, as a stream: every denial, and allowed requests for those who ask for them. A storm is summed up:
 * the first hundred of a second are told one by one, the others as counts by actor and action when the second ends.
 * Nothing is kept while nobody watches but the two totals.
 */
import { type Denial, type Pid, type Subject, Watchers } from "../kernel/index.ts";
import { attributesOf } from "./request.ts";

/** How many decisions of one second are told one by one. */
const TOLD_PER_SECOND = 100;
/** How many lines a summary has; what is beyond is one more, of actor and action `null`. */
const SUMMARY_LINES = 100;

/** How many requests of one sort there were beyond those told one by one. */
export interface AuditCount {
  readonly outcome: "denied" | "allowed";
  /** `null` for a process without an actor, and in the last line of a long summary. */
  readonly actor: string | null;
  /** `null` in the last line of a long summary. */
  readonly action: string | null;
  readonly count: number;
}

/** Something that was decided. `at` is in unix seconds, possibly with a fraction. */
export type AuditEvent =
  | {
      readonly kind: "denied";
      readonly at: number;
      /** The process that asked. */
      readonly pid: Pid;
      readonly entry: string;
      /** The id of its actor. */
      readonly actor: string | null;
      /** What it asked for, and why it was refused. */
      readonly denial: Denial;
      /** What the policies were told beside that (S10.7). It is not in the denial: the process that asked may not know. */
      readonly meta: Readonly<Record<string, unknown>>;
    }
  | {
      readonly kind: "allowed";
      readonly at: number;
      readonly pid: Pid;
      readonly entry: string;
      readonly actor: string | null;
      readonly action: string;
      readonly resource: string;
      readonly meta: Readonly<Record<string, unknown>>;
    }
  | { readonly kind: "summary"; readonly at: number; readonly counts: readonly AuditCount[] };

/** What an audit needs of the world. */
export interface AuditParts {
  /** The time of day, in milliseconds since 1970 in UTC. */
  readonly unixMs: () => number;
  /** Calls `fire` once when so much time has passed. */
  readonly after: (delayMs: number, fire: () => void) => void;
  /** Told what a listener threw. */
  readonly onFault: (fault: unknown) => void;
}

/** The decisions of a runtime, for people. */
export class Audit {
  readonly #parts: AuditParts;
  readonly #denials: Watchers<AuditEvent>;
  readonly #everything: Watchers<AuditEvent>;
  /** Whether allowed requests are to be told. */
  wantsAllowed = false;
  #denied = 0;
  #told = 0;
  #beyond = new Map<string, { -readonly [K in keyof AuditCount]: AuditCount[K] }>();

  constructor(parts: AuditParts) {
    this.#parts = parts;
    this.#denials = new Watchers(parts.onFault);
    this.#everything = new Watchers(parts.onFault);
  }

  /** How many requests were refused so far. */
  get deniedCount(): number {
    return this.#denied;
  }

  /**
   * Calls the listener for each denial from now on, and for allowed requests too if it asks for them; the answer stops
   * it. What it throws is reported, not passed on.
   */
  watch(listener: (event: AuditEvent) => void, { allowed = false }: { readonly allowed?: boolean } = {}): () => void {
    const stop = (allowed ? this.#everything : this.#denials).add(listener);
    this.wantsAllowed = this.#everything.any;
    return () => {
      stop();
      this.wantsAllowed = this.#everything.any;
    };
  }

  /** @internal */
  denied(subject: Subject, denial: Denial, target: Subject | null, name: string | null): void {
    this.#denied++;
    if (!this.#denials.any && !this.#everything.any) return;
    const actor = subject.actor?.id() ?? null;
    if (!this.#mayTell("denied", actor, denial.action)) return;
    const { pid, entry } = subject;
    const meta = attributesOf(subject, target, name);
    this.#tell({ kind: "denied", at: this.#at(), pid, entry, actor, denial, meta });
  }

  /** @internal */
  allowed(subject: Subject, action: string, resource: string, target: Subject | null, name: string | null): void {
    const actor = subject.actor?.id() ?? null;
    if (!this.#mayTell("allowed", actor, action)) return;
    const { pid, entry } = subject;
    const meta = attributesOf(subject, target, name);
    this.#everything.tell({ kind: "allowed", at: this.#at(), pid, entry, actor, action, resource, meta });
  }

  /** Whether there is room in this second; what there is no room for is counted. */
  #mayTell(outcome: AuditCount["outcome"], actor: string | null, action: string): boolean {
    if (this.#told === 0) this.#parts.after(1_000, () => this.#endSecond());
    if (this.#told < TOLD_PER_SECOND) {
      this.#told++;
      return true;
    }
    const key = JSON.stringify([outcome, actor, action]);
    const known = this.#beyond.get(key);
    if (known !== undefined) known.count++;
    else if (this.#beyond.size < SUMMARY_LINES) this.#beyond.set(key, { outcome, actor, action, count: 1 });
    else {
      const rest = this.#beyond.get(outcome) ?? { outcome, actor: null, action: null, count: 0 };
      rest.count++;
      this.#beyond.set(outcome, rest);
    }
    return false;
  }

  #endSecond(): void {
    const counts = [...this.#beyond.values()];
    this.#told = 0;
    this.#beyond = new Map();
    if (counts.length === 0) return;
    const at = this.#at();
    this.#everything.tell({ kind: "summary", at, counts });
    const denied = counts.filter(({ outcome }) => outcome === "denied");
    if (denied.length > 0) this.#denials.tell({ kind: "summary", at, counts: denied });
  }

  #tell(event: AuditEvent): void {
    this.#denials.tell(event);
    this.#everything.tell(event);
  }

  #at(): number {
    return this.#parts.unixMs() / 1000;
  }
}
