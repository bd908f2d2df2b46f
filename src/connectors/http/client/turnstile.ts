/** Lets requests through one after another, as fast as a rate limit and the server itself allow. */
import type { Clock } from "../../../core/clock.ts";
import { MillraceError } from "../../../core/errors.ts";
import { WaitQueue } from "../../../runtime/wait-queue.ts";

/** At most so many requests per time, and so many at once after a rest. */
export interface RateLimit {
  readonly requests: number;
  /** Milliseconds. */
  readonly per: number;
  /** As many as `requests` when absent. */
  readonly burst?: number | undefined;
}

/**
 * A token bucket, first come, first served, that a server's Retry-After holds shut for a while.
 *
 * The bucket is kept as one time, at which it would be full again: the generic cell rate algorithm (ITU-T I.371), which lets
 * through the same requests as a bucket that is refilled drop by drop.
 */
export class Turnstile implements Disposable {
  readonly #clock: Clock;
  /** What times are counted in, parts of a millisecond: with it a request is earned in a whole number of them. */
  readonly #parts: number;
  /** What one request costs, and how much may be owed. */
  readonly #cost: number;
  readonly #credit: number;
  readonly #queue = new WaitQueue<void>();
  /** Monotonic time at which the bucket is full, in parts. */
  #fullAt = 0;
  /** Monotonic time until which nobody passes. */
  #shutUntil = 0;
  #timer: Disposable | undefined;

  constructor(limit: RateLimit | undefined, clock: Clock) {
    this.#clock = clock;
    this.#parts = limit?.requests ?? 1;
    this.#cost = limit?.per ?? 0;
    this.#credit = limit === undefined ? 0 : ((limit.burst ?? limit.requests) - 1) * limit.per;
  }

  /** Passes at once, then there is nothing to wait for; or waits. @throws MillraceError ABORTED, CLOSED */
  pass(signal: AbortSignal): Promise<void> | undefined {
    const now = this.#clock.monotonic();
    if (this.#queue.size === 0 && this.#opensAt() <= now) {
      this.#take(now);
      return undefined;
    }
    const waiting = this.#queue.wait(undefined, signal);
    this.#timer ??= this.#arm(now);
    return waiting;
  }

  /** Nobody passes within the next `delayMs`. */
  holdBack(delayMs: number): void {
    this.#shutUntil = Math.max(this.#shutUntil, this.#clock.monotonic() + delayMs);
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    this.#queue.failAll(new MillraceError("CLOSED", "the HTTP client is closed"));
  }

  #opensAt(): number {
    return Math.max((this.#fullAt - this.#credit) / this.#parts, this.#shutUntil);
  }

  #take(now: number): void {
    this.#fullAt = Math.max(this.#fullAt, now * this.#parts) + this.#cost;
  }

  /** Whoever has left the queue meanwhile, and however long it is shut by then, shows when it rings. */
  #arm(now: number): Disposable {
    return this.#clock.timer(Math.ceil(this.#opensAt() - now), () => this.#serve());
  }

  #serve(): void {
    const now = this.#clock.monotonic();
    while (this.#queue.size > 0 && this.#opensAt() <= now) {
      this.#take(now);
      this.#queue.succeedHead();
    }
    this.#timer = this.#queue.size > 0 ? this.#arm(now) : undefined;
  }
}
