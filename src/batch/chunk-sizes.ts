/** How many items go to a thread at once. */

/** Tasks for each thread, so that one that has the harder items does not keep the others waiting at the end. */
const TASKS_PER_THREAD = 4;
/** More would hold the event loop for long while they are packed. */
const MOST_ITEMS = 16_384;
/** Where nobody knows how many items there are, a chunk is to take about this long. */
const CHUNK_MS = 20;
/** A guess from few items may be wrong: chunks grow so much at most. */
const MOST_GROWTH = 4;

/** Sizes of chunks: what the program says, a share of the items, or what their cost suggests. */
export class ChunkSizes {
  readonly #fixed: number | undefined;
  #suggested = 1;

  /**
   * @param wish of the program
   * @param items to be worked on, where that is known
   */
  constructor(wish: number | undefined, items: number | undefined, threads: number) {
    const share = items === undefined ? undefined : Math.ceil(items / (threads * TASKS_PER_THREAD));
    this.#fixed = wish ?? (share === undefined ? undefined : Math.max(1, Math.min(share, MOST_ITEMS)));
  }

  /** Items of the next chunk. */
  next(): number {
    return this.#fixed ?? this.#suggested;
  }

  /** A chunk of so many items took so long. */
  note(items: number, tookMs: number): void {
    const wanted = items * (CHUNK_MS / Math.max(tookMs, 0.001));
    this.#suggested = Math.max(1, Math.min(Math.round(wanted), items * MOST_GROWTH, MOST_ITEMS));
  }
}
