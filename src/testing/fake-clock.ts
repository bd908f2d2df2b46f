/** A clock that stands still until a test moves it. */
import type { Clock } from "../core/clock.ts";

interface PendingTimer {
  readonly at: number;
  readonly callback: () => void;
}

/**
 * A {@link Clock} under a test's control. Timers run in the order of their times, those of one time in the order in which
 * they were set; between two timers everything that is already decided happens (promises, microtasks), so that a timer
 * set by the consequence of another one is in time.
 *
 * @example
 * const clock = new FakeClock();
 * let rang = false;
 * void sleep(clock, 1_000).then(() => { rang = true; });
 * await clock.advance(1_000);
 * rang; // true
 */
export class FakeClock implements Clock {
  readonly #startMs: number;
  /** Sorted by time; those of one time by age. */
  readonly #timers: PendingTimer[] = [];
  #elapsedMs = 0;

  /** @param startMs the wall-clock time at the beginning, in milliseconds since 1970 */
  constructor(startMs = 0) {
    this.#startMs = startMs;
  }

  now(): number {
    return this.#startMs + this.#elapsedMs;
  }

  monotonic(): number {
    return this.#elapsedMs;
  }

  timer(delayMs: number, callback: () => void): Disposable {
    const timer = { at: this.#elapsedMs + Math.max(0, delayMs), callback };
    const after = this.#timers.findIndex((other) => other.at > timer.at);
    this.#timers.splice(after === -1 ? this.#timers.length : after, 0, timer);
    return { [Symbol.dispose]: () => this.#remove(timer) };
  }

  /** How many timers are set. */
  get pendingTimers(): number {
    return this.#timers.length;
  }

  /** When the next timer is due, on the monotonic clock; undefined if none is set. */
  get nextAt(): number | undefined {
    return this.#timers[0]?.at;
  }

  /** Lets `delayMs` pass, and all timers that fall due within it, also those set meanwhile. */
  async advance(delayMs: number): Promise<void> {
    const until = this.#elapsedMs + delayMs;
    await settle();
    while (this.nextAt !== undefined && this.nextAt <= until) await this.runNext();
    this.#elapsedMs = until;
  }

  /** Lets time pass up to the next timer and runs it; false if none is set. */
  async runNext(): Promise<boolean> {
    const timer = this.#timers.shift();
    if (timer === undefined) return false;
    this.#elapsedMs = timer.at;
    timer.callback();
    await settle();
    return true;
  }

  #remove(timer: PendingTimer): void {
    const index = this.#timers.indexOf(timer);
    if (index !== -1) this.#timers.splice(index, 1);
  }
}

/** A macrotask runs only after all microtasks, however long their chains. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
