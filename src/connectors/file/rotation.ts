/**
 * Where the rows of an output are cut into parts.
 *
 * A cut by bytes or records depends on the rows alone, never on how they came in chunks and units, so that a run which is
 * interrupted and goes on makes the same parts. A cut by time is made at a commit only, and stored with it.
 */
import type { SinkOutput } from "../../core/result.ts";

/**
 * A part ends before the row that would pass `bytes` or `records`; a row larger than a part stands in one of its own.
 * Bytes are those before compression.
 */
export interface RotationLimits {
  readonly bytes: number;
  readonly records: number;
  /** A part that is older than this when a unit commits ends there. */
  readonly intervalMs: number;
}

/** Rows behind each other that go to one part. */
export interface Run {
  readonly begin: number;
  readonly end: number;
  readonly rows: number;
  /** Whether a new part begins with them. */
  readonly rotate: boolean;
}

/** How full the part under way is. */
export interface Fill {
  readonly size: number;
  readonly rows: number;
}

/** Rows as the cutting sees them. */
export type Rows = Pick<SinkOutput, "bytes" | "rows" | "rowEnds">;

/** @param head bytes that every part begins with */
export function* cutIntoParts(
  { bytes, rows, rowEnds }: Rows,
  fill: Fill,
  limits: Pick<RotationLimits, "bytes" | "records">,
  head: number,
): Generator<Run, void, undefined> {
  let filled = fill;
  let [begin, first, rotate] = [0, 0, false];
  for (let row = 0; row < rows; row++) {
    const start = row === 0 ? 0 : (rowEnds[row - 1] ?? 0);
    const size = (rowEnds[row] ?? bytes.byteLength) - start;
    if (filled.rows > 0 && (filled.rows >= limits.records || filled.size + size > limits.bytes)) {
      if (row > first) yield { begin, end: start, rows: row - first, rotate };
      [begin, first, rotate] = [start, row, true];
      filled = { size: head, rows: 0 };
    }
    filled = { size: filled.size + size, rows: filled.rows + 1 };
  }
  if (rows > first) yield { begin, end: bytes.byteLength, rows: rows - first, rotate };
}
