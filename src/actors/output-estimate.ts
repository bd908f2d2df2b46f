/** Guesses how much memory a chunk's results will take, by what earlier chunks took. */

const FIRST_OUTPUT_RATIO = 1.2;
const FIRST_INDEX_RATIO = 0.25;
/** Room above the largest recent ratio: a lent buffer that is too small costs the thread a copy. */
const MARGIN = 1.05;
const FORGET = 0.98;
const SMALLEST_BYTES = 4096;

/** Ratios of output to input that decay slowly, so that one odd chunk does not set the size for ever. */
export class OutputEstimate {
  #output = FIRST_OUTPUT_RATIO;
  #index = FIRST_INDEX_RATIO;

  /** Bytes of one sink's output for so many bytes of input. */
  output(inputBytes: number): number {
    return SMALLEST_BYTES + Math.ceil(inputBytes * this.#output);
  }

  /** Bytes of the index of records and rows. */
  index(inputBytes: number): number {
    return SMALLEST_BYTES + Math.ceil(inputBytes * this.#index);
  }

  /** What a chunk really took. */
  learn(inputBytes: number, outputBytes: number, indexBytes: number): void {
    if (inputBytes === 0) return;
    this.#output = Math.max(this.#output * FORGET, (outputBytes / inputBytes) * MARGIN);
    this.#index = Math.max(this.#index * FORGET, (indexBytes / inputBytes) * MARGIN);
  }
}
