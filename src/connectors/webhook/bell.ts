/** Tells the reader of a spool that there is something new. */
import { onAbort } from "../../core/abort.ts";
import type { Clock } from "../../core/clock.ts";

/** Another process may have added something without anybody here knowing: the spool is looked at so often. Milliseconds. */
const FIRST_LOOK_MS = 250;
const LONGEST_LOOK_MS = 2_000;

/** Rung by whoever adds to the spool here, heard by the one that reads it. */
export class SpoolBell {
  readonly #clock: Clock;
  #hasRung = false;
  #wake: () => void = () => {};
  #lookMs = FIRST_LOOK_MS;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Something was added. */
  ring(): void {
    this.#hasRung = true;
    this.#lookMs = FIRST_LOOK_MS;
    this.#wake();
  }

  /** From here on a ring counts; to be called before the spool is looked at. */
  listen(): void {
    this.#hasRung = false;
  }

  /** Waits until it has rung since `listen`, or it is time to look by oneself, or the signal is aborted. */
  async wait(signal: AbortSignal): Promise<void> {
    if (this.#hasRung) return;
    const woken = Promise.withResolvers<void>();
    this.#wake = woken.resolve;
    using _look = this.#clock.timer(this.#lookMs, woken.resolve);
    using _end = onAbort(signal, woken.resolve);
    this.#lookMs = Math.min(2 * this.#lookMs, LONGEST_LOOK_MS);
    await woken.promise;
  }
}
