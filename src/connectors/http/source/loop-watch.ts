/**
 * Notices that pages go round in a circle, in constant memory.
 *
 * Short circles are noticed at once by the latest pages. For longer ones it is Brent's way ("An improved Monte Carlo
 * factorization algorithm", 1980): one page is remembered and compared with all that follow, and given up for the newest one
 * whenever twice as many have passed.
 */
const LATEST = 1_000;

/** Watches one sequence of pages. */
export class LoopWatch {
  readonly #latest = new Set<string>();
  #remembered = "";
  #since = 0;
  #patience = 1;

  /** Takes the next page; true when it was there before, now or soon. */
  isAgain(page: string): boolean {
    if (this.#latest.has(page) || page === this.#remembered) return true;
    this.#latest.add(page);
    const [oldest] = this.#latest;
    if (this.#latest.size > LATEST) this.#latest.delete(oldest as string);
    if (++this.#since === this.#patience) this.#remember(page);
    return false;
  }

  #remember(page: string): void {
    this.#remembered = page;
    this.#since = 0;
    this.#patience *= 2;
  }
}
