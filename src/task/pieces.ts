/**
 * Calls a function with many records at once and finds the one that it fails on.
 *
 * A call that throws is made again with either half of its records, down to the one at fault; n records of which k fail
 * take about 2 k log2(n / k) calls. That a chunk's borders mean nothing holds for the user's function as well.
 */
import type { HeldRecord } from "./held-record.ts";
import type { Progress } from "./progress.ts";

/** Something that a call threw. */
export interface Failure {
  readonly thrown: unknown;
}

/** What {@link inPieces} does with records. */
export interface PieceWork {
  readonly progress: Progress;
  /** Begins with pieces of one record. */
  readonly careful: boolean;
  /** Calls the function; null when it is done. */
  readonly call: (piece: readonly HeldRecord[]) => Failure | null;
  /** The call with this record alone failed. */
  readonly onFailure: (held: HeldRecord, failure: Failure) => void;
  /** Reads records anew that a failed call was given. */
  readonly reread: (piece: readonly HeldRecord[]) => readonly HeldRecord[];
}

/** Gets all records through. */
export function inPieces(records: readonly HeldRecord[], work: PieceWork): void {
  const size = work.careful ? 1 : Math.max(1, records.length);
  for (let from = 0; from < records.length; from += size) tryPiece(records.slice(from, from + size), work);
}

function tryPiece(piece: readonly HeldRecord[], work: PieceWork): void {
  const [first] = piece;
  if (first === undefined) return;
  if (piece.length === 1) work.progress.at(first.record);
  else work.progress.beat();
  const failure = work.call(piece);
  if (failure === null) return;
  if (piece.length === 1) return work.onFailure(first, failure);
  const middle = piece.length >> 1;
  tryPiece(work.reread(piece.slice(0, middle)), work);
  tryPiece(work.reread(piece.slice(middle)), work);
}
