/** Tells when a consumer falls behind: what is still to be read has grown for a while, told once until it has caught up. */

/** Growing for so long is no burst any more, in milliseconds. */
const TOO_LONG_MS = 60_000;

/** All splits together. */
export function totalLag(records: Readonly<Record<string, number>>): number {
  return Object.values(records).reduce((sum, lag) => sum + lag, 0);
}

/** Follows one run. */
export class LagTrend {
  #last = 0;
  /** When it began to grow; null while it does not. */
  #since: number | null = null;
  #told = false;

  /** Whether this is the moment to say so. */
  fallsBehind(at: number, lag: number): boolean {
    const grows = lag > this.#last;
    this.#last = lag;
    if (!grows) {
      this.#since = null;
      this.#told = this.#told && lag > 0;
      return false;
    }
    this.#since ??= at;
    if (this.#told || at - this.#since < TOO_LONG_MS) return false;
    this.#told = true;
    return true;
  }
}
