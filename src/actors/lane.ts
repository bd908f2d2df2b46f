/**
 * A lane: splits that are read one after another, and the word that comes back when the splitter guessed wrong.
 *
 * The reader runs ahead of the threads, so by the time a thread finds that a chunk was not cut at a record's end, chunks
 * behind it are under way. The aggregator then asks for a rewind: the lane's generation goes up, everything of an older
 * generation is dropped wherever it is met, and the reader begins anew at the true end.
 */
import type { Opening } from "./messages.ts";
import type { SplitPlan } from "../core/ports/source.ts";
import { Window } from "./window.ts";

/** A place to read from: a split of the lane, and a position in it. */
export interface LaneStart {
  readonly splitIndex: number;
  readonly opening: Opening;
}

/** One lane of a run; the aggregator writes to it, reader and worker pool read it. */
export class Lane {
  readonly number: number;
  readonly splits: readonly SplitPlan[];
  /** Bounds the blocks of framed records that are under way, from before they are read to their results. */
  readonly turns: Window;
  readonly #indexes: ReadonlyMap<string, number>;
  #generation = 0;
  #rewind: LaneStart | null = null;
  #done = false;
  #wake = Promise.withResolvers<void>();

  /** @param most blocks of framed records under way */
  constructor(number: number, splits: readonly SplitPlan[], most = Number.POSITIVE_INFINITY) {
    this.number = number;
    this.turns = new Window(most);
    this.splits = splits;
    this.#indexes = new Map(splits.map(({ id }, index) => [id, index]));
  }

  /** Where a split stands in the lane; -1 when it is none of its own. */
  indexOf(split: string): number {
    return this.#indexes.get(split) ?? -1;
  }

  get generation(): number {
    return this.#generation;
  }

  /** Every record of the lane was seen, so no rewind can come any more. */
  get done(): boolean {
    return this.#done;
  }

  /** Asks the reader to begin anew. */
  rewind(start: LaneStart): void {
    this.#generation++;
    this.#rewind = start;
    this.#notify();
  }

  /** The last chunk of the last split was verified. */
  finish(): void {
    this.#done = true;
    this.#notify();
  }

  /** The rewind that is asked for, if any; taking it is obeying it. */
  takeRewind(): LaneStart | null {
    const start = this.#rewind;
    this.#rewind = null;
    return start;
  }

  /** Resolves at the next word: a rewind or the end. */
  word(): Promise<void> {
    return this.#rewind !== null || this.#done ? Promise.resolve() : this.#wake.promise;
  }

  #notify(): void {
    this.#wake.resolve();
    this.#wake = Promise.withResolvers();
  }
}

/**
 * Lays the splits out: one lane for `order: source`, else up to `side` of them side by side.
 *
 * @param most blocks of framed records that each of several lanes may have under way
 */
export function planLanes(splits: readonly SplitPlan[], side: number, most?: number): readonly Lane[] {
  const count = Math.max(1, Math.min(side, splits.length));
  return Array.from({ length: count }, (_, number) => {
    return new Lane(
      number,
      splits.filter((_split, index) => index % count === number),
      count === 1 ? undefined : most,
    );
  });
}
