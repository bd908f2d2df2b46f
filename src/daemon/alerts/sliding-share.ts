/** How many of the last records were rejects, where there is no end at which to count. */

/** Records, and how many of them were rejects. */
export interface Share {
  readonly read: number;
  readonly rejected: number;
}

/** Buckets a window has: what falls out of it falls out in steps of a thirtieth. */
const BUCKETS = 30;

/** Sums over a window of time that moves on. */
export class SlidingShare {
  readonly #windowMs: number;
  readonly #bucketMs: number;
  /** By the number of their bucket, rising. */
  readonly #buckets = new Map<number, Share>();

  constructor(windowMs: number) {
    this.#windowMs = windowMs;
    this.#bucketMs = windowMs / BUCKETS;
  }

  /** @param at milliseconds since 1970 */
  add(at: number, { read, rejected }: Share): void {
    this.#forget(at);
    const bucket = Math.floor(at / this.#bucketMs);
    const before = this.#buckets.get(bucket) ?? { read: 0, rejected: 0 };
    this.#buckets.set(bucket, { read: before.read + read, rejected: before.rejected + rejected });
  }

  /** The sums of what lies in the window that ends at `now`. */
  at(now: number): Share {
    this.#forget(now);
    const sum = { read: 0, rejected: 0 };
    for (const { read, rejected } of this.#buckets.values()) {
      sum.read += read;
      sum.rejected += rejected;
    }
    return sum;
  }

  /** Also what lies ahead, which a clock that was set back leaves behind. */
  #forget(now: number): void {
    const [first, last] = [Math.floor((now - this.#windowMs) / this.#bucketMs), Math.floor(now / this.#bucketMs)];
    for (const bucket of this.#buckets.keys()) if (bucket <= first || bucket > last) this.#buckets.delete(bucket);
  }
}
