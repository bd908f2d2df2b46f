/** A mode: how the user's function is called with a chunk's records. */
import type { SourceFields } from "../core/ports/format.ts";
import type { PoisonRecord } from "../core/task.ts";
import type { Outcome } from "./outcome.ts";
import type { Progress } from "./progress.ts";
import type { ChunkPlace } from "./transform-context.ts";

/** A chunk, as a mode works it off. */
export interface ChunkWork {
  readonly place: ChunkPlace;
  /** The records to work on: all of the chunk's, or the only one that is probed. */
  readonly from: number;
  readonly to: number;
  /** Records that are not to be touched. */
  readonly poison: ReadonlyMap<number, PoisonRecord>;
  /** One record at a time, so that a death names the one it is of. */
  readonly careful: boolean;
  readonly progress: Progress;
}

/** What became of a chunk's records, asked for in their order. */
export interface Verdicts {
  /** Makes `record` the batch's current one if it has outputs; they are good until the next record is asked for. */
  of(record: number): Outcome;
  /** What the outputs given last were made of. */
  readonly source: SourceFields;
}

/** Calls the user's function. Whatever that does is one record's outcome. */
export interface Mode {
  /**
   * What becomes of the batch's current record; null for modes that have to see more than one.
   *
   * @throws MillraceError TRANSFORM_INVALID as {@link judgeAll}
   */
  readonly judge: ((read: unknown, record: number) => Outcome) | null;
  /** Whether every record comes out as it went in, so that those that can be passed on need not be read. */
  readonly passes?: boolean;
  /** To be called before the records of a chunk are judged one by one. */
  enter(place: ChunkPlace): void;
  /**
   * What becomes of all records.
   *
   * @throws MillraceError TRANSFORM_INVALID when the function works in another way than its mode
   */
  judgeAll(work: ChunkWork): Verdicts | Promise<Verdicts>;
}
