/**
 * Finds what makes no progress.
 *
 * It looks four times in every `timeoutMs` and counts the looks at which a subject had not moved, not the time that
 * passed: a process that was stopped for an hour and goes on finds nobody guilty at its first look.
 */
import type { Clock } from "../../core/clock.ts";

const LOOKS_PER_TIMEOUT = 4;

/** How a {@link Watchdog} is made. */
export interface WatchdogOptions<Subject> {
  readonly clock: Clock;
  /** A subject that does not move for this long is stalled, milliseconds; found at most a quarter later. */
  readonly timeoutMs: number;
  /** What is watched now; while there is nothing, no timer runs. */
  readonly subjects: () => Iterable<Subject>;
  /** A number that changes with every progress; null while the subject need not move. */
  readonly progressOf: (subject: Subject) => number | null;
  /** Called again for every further timeout that the subject does not move. */
  readonly onStalled: (subject: Subject) => void;
}

interface Mark {
  readonly progress: number;
  readonly looks: number;
}

/** Watches a changing set of subjects with one timer. */
export class Watchdog<Subject> implements Disposable {
  readonly #options: WatchdogOptions<Subject>;
  #marks = new Map<Subject, Mark>();
  #timer: Disposable | undefined;

  constructor(options: WatchdogOptions<Subject>) {
    this.#options = options;
  }

  /** Begins to watch if it does not already; to be called whenever a subject was added. */
  watch(): void {
    this.#timer ??= this.#options.clock.timer(this.#options.timeoutMs / LOOKS_PER_TIMEOUT, () => this.#look());
  }

  /** Stops watching. */
  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#marks.clear();
  }

  #look(): void {
    this.#timer = undefined;
    const before = this.#marks;
    this.#marks = new Map();
    const stalled: Subject[] = [];
    let watched = 0;
    for (const subject of this.#options.subjects()) {
      watched++;
      const progress = this.#options.progressOf(subject);
      if (progress === null) continue;
      const mark = before.get(subject);
      const looks = mark?.progress === progress ? mark.looks + 1 : 0;
      const isStalled = looks === LOOKS_PER_TIMEOUT;
      this.#marks.set(subject, { progress, looks: isStalled ? 0 : looks });
      if (isStalled) stalled.push(subject);
    }
    if (watched > 0) this.watch();
    for (const subject of stalled) this.#options.onStalled(subject);
  }
}
