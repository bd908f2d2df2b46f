/** How long rows go on as text after one that had to be. */

/** A COPY of its own costs the server about as much as this many rows of text. */
const FIRST_LENGTH = 256;
const MAX_LENGTH = 1_000_000;
/** Binary rows, as a multiple of the last stretch, after which that one is forgotten. */
const FORGIVEN_AFTER = 16;

/**
 * Stretches of rows that are written as text. Each is twice as long as the one before, unless all went well for a long time
 * in between: the server is not to see a COPY a row, nor all rows as text because of a few.
 *
 * @example
 * const stretch = new TextStretch();
 * if (stretch.covers() || !tryBinary()) writeText(); // and stretch.begin() where tryBinary failed
 */
export class TextStretch {
  readonly #firstLength: number;
  #length = 0;
  #left = 0;
  /** Rows outside of stretches since the last one. */
  #outside = 0;

  constructor(firstLength: number = FIRST_LENGTH) {
    this.#firstLength = firstLength;
  }

  /** Whether the row that comes now is one of a stretch; to be asked once a row. */
  covers(): boolean {
    if (this.#left === 0) {
      this.#outside++;
      return false;
    }
    this.#left--;
    return true;
  }

  /** Notes that the row that `covers` has not covered had to be text. */
  begin(): void {
    const isForgiven = this.#length === 0 || this.#outside > FORGIVEN_AFTER * this.#length;
    this.#length = isForgiven ? this.#firstLength : Math.min(2 * this.#length, MAX_LENGTH);
    this.#left = this.#length;
    this.#outside = 0;
  }
}
