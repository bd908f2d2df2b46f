/** Measures where a stage's time goes. */
import type { Clock } from "../core/clock.ts";
import type { StageTimes } from "../core/timing.ts";

/** What a stage can be doing. */
type Activity = "busyMs" | "waitInputMs" | "waitOutputMs";

/**
 * Adds up a stage's time: every await that is a wait goes through `input` or `output`, the rest of a measured stretch is
 * work. Stretches that overlap (two lanes of one stage) are added, so a stage's sum may pass the time of the clock.
 */
export class StageMeter {
  readonly #clock: Clock;
  readonly #times = { busyMs: 0, waitInputMs: 0, waitOutputMs: 0 };

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The stage works while this runs. */
  work<T>(work: () => T): T {
    const begun = this.#clock.monotonic();
    try {
      return work();
    } finally {
      this.#times.busyMs += this.#clock.monotonic() - begun;
    }
  }

  /** The stage works until this resolves. */
  busy<T>(work: () => Promise<T>): Promise<T> {
    return this.#measure("busyMs", work());
  }

  /** The stage waits for something to do. */
  input<T>(wait: Promise<T>): Promise<T> {
    return this.#measure("waitInputMs", wait);
  }

  /** The stage waits for someone to take what it did. */
  output<T>(wait: Promise<T>): Promise<T> {
    return this.#measure("waitOutputMs", wait);
  }

  /** Adds work that was measured elsewhere. */
  addBusy(milliseconds: number): void {
    this.#times.busyMs += milliseconds;
  }

  get times(): StageTimes {
    return { ...this.#times };
  }

  async #measure<T>(activity: Activity, pending: Promise<T>): Promise<T> {
    const begun = this.#clock.monotonic();
    try {
      return await pending;
    } finally {
      this.#times[activity] += this.#clock.monotonic() - begun;
    }
  }
}
