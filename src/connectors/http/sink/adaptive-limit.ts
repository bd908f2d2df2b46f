/**
 * How many requests may be in flight, found by trying: one more after each window of successes, half as many when the
 * server is overloaded. Additive increase with multiplicative decrease is what lets several clients of one server come to
 * fair shares without knowing of each other (D.-M. Chiu, R. Jain: "Analysis of the increase and decrease algorithms for
 * congestion avoidance in computer networks", 1989); the smoothed times are TCP's (V. Jacobson, 1988).
 *
 * Overloaded means: a failure that passes (429, 5xx, a time that ran out), or replies that take a multiple of the shortest
 * time they took on average. With one request in flight nobody waits for another of ours, so whatever it takes then is
 * how long it takes. Only requests that were sent after the last decrease can cause the next one, since the others still
 * speak of the load before it. A limit that is not used up does not grow.
 */

/** Weight of a reply in the average, and replies after which an average says something. */
const GAIN = 1 / 16;
const FEWEST_REPLIES = 16;
/** An average so many times longer than the shortest one means overload. */
const SLOW_FACTOR = 3;

/** One sink's limit. Times are monotonic milliseconds. */
export class AdaptiveLimit {
  readonly #max: number;
  #limit = 1;
  /** Since the limit was raised. */
  #successes = 0;
  #decreasedAt = Number.NEGATIVE_INFINITY;
  /** Average time of the replies since the last decrease. */
  #average = 0;
  #replies = 0;
  #shortest = Number.POSITIVE_INFINITY;

  /** @param max requests, however well it goes */
  constructor(max: number) {
    this.#max = max;
  }

  get value(): number {
    return this.#limit;
  }

  /**
   * A request was answered.
   *
   * @param sentAt when it was sent @param at now @param inFlight requests in flight, this one included
   */
  succeeded(sentAt: number, at: number, inFlight: number): void {
    if (sentAt < this.#decreasedAt) return;
    const isSlow = this.#isSlowWith(at - sentAt);
    if (isSlow && this.#limit > 1) return this.#decrease(at);
    if (inFlight < this.#limit) return;
    this.#successes++;
    if (this.#successes < this.#limit) return;
    this.#successes = 0;
    this.#limit = Math.min(this.#max, this.#limit + 1);
  }

  /** A request failed in a way that passes. */
  failed(sentAt: number, at: number): void {
    if (sentAt >= this.#decreasedAt) this.#decrease(at);
  }

  #isSlowWith(took: number): boolean {
    this.#replies++;
    this.#average += (took - this.#average) * Math.max(GAIN, 1 / this.#replies);
    if (this.#limit === 1) this.#shortest = this.#average;
    if (this.#replies < FEWEST_REPLIES) return false;
    this.#shortest = Math.min(this.#shortest, this.#average);
    return this.#average > SLOW_FACTOR * this.#shortest;
  }

  #decrease(at: number): void {
    this.#limit = Math.max(1, Math.floor(this.#limit / 2));
    this.#successes = 0;
    this.#decreasedAt = at;
    this.#average = 0;
    this.#replies = 0;
  }
}
