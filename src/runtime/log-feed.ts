/**
 * What a runtime writes to its log: printed lines, mailbox alarms, dead letters. Dead letters come in storms, so at most
 * ten a second are written and the rest of the second is summed up in one line (S2.55).
 */
import type { DeadLetter, Kernel } from "../kernel/index.ts";
import type { LogLevel, LogRecord } from "../platform/index.ts";

/** How many dead letters are written per second. */
const LETTERS_PER_SECOND = 10;

/** How many crashes are written per second. */
const CRASHES_PER_SECOND = 5;

/** Feeds a log from a kernel. */
export class LogFeed {
  readonly #kernel: Kernel;
  readonly #write: (record: LogRecord) => void;
  #letters = 0;
  #crashes = 0;
  #summedUp: Map<string, number> | null = null;

  constructor(kernel: Kernel, write: (record: LogRecord) => void) {
    this.#kernel = kernel;
    this.#write = write;
    kernel.notices.add((notice) => {
      if (notice.kind === "printed") {
        const place = notice.position === null ? "" : `${notice.position}: `;
        this.line("info", notice.pid, `${place}${notice.text}`);
      } else if (notice.kind === "crashed")
        this.#crash(notice.pid, `${notice.entry} crashed: ${notice.text}\n${notice.trace}`);
      else if (notice.kind === "load-failed") this.#crash(notice.entry, `${notice.text}\n${notice.trace}`);
      else this.line("warn", notice.pid, `${notice.waiting} messages wait in the mailbox of ${notice.entry}`);
    });
    kernel.deadLetters.watch((letter) => this.#letter(letter));
  }

  /** Writes one line. A log that throws is not allowed to harm what it is about. */
  line(level: LogLevel, about: string, text: string): void {
    try {
      this.#write({ atMs: this.#kernel.clock.unixMs(), level, about, text });
    } catch {
      // There is nowhere left to say it.
    }
  }

  /** Crashes come in storms as well: of those beyond the first few of a second it is enough to know how many. */
  #crash(about: string, text: string): void {
    if (this.#crashes === 0) this.#kernel.timers.set(1_000, () => this.#endCrashes());
    if (this.#crashes++ < CRASHES_PER_SECOND) this.line("error", about, text);
  }

  #endCrashes(): void {
    const further = this.#crashes - CRASHES_PER_SECOND;
    this.#crashes = 0;
    if (further > 0) this.line("error", "runtime", `further crashes in that second: ${further}`);
  }

  #letter(letter: DeadLetter): void {
    if (this.#summedUp === null && this.#letters === 0) this.#kernel.timers.set(1_000, () => this.#endSecond());
    if (this.#letters < LETTERS_PER_SECOND) {
      this.#letters++;
      const sender = letter.from ?? "the runtime or a tool";
      this.line("warn", letter.to, `dead letter "${letter.topic}" from ${sender}: ${letter.reason}`);
      return;
    }
    this.#summedUp ??= new Map();
    this.#summedUp.set(letter.reason, (this.#summedUp.get(letter.reason) ?? 0) + 1);
  }

  #endSecond(): void {
    const summedUp = this.#summedUp;
    this.#letters = 0;
    this.#summedUp = null;
    if (summedUp === null) return;
    const parts = [...summedUp].map(([reason, count]) => `${count} ${reason}`);
    this.line("warn", "runtime", `further dead letters in that second: ${parts.join(", ")}`);
  }
}
