/**
 * Where the rows of an output are cut into parts.
 *
 * A cut depends on the rows alone, never on how they came in chunks and units, so that a run which begins again makes
 * the same parts.
 */
import type { SinkOutput } from "../../core/result.ts";

/** A part ends before the row that would pass either; a row larger than a part stands in one of its own. */
export interface RotationLimits {
  readonly bytes: number;
  readonly records: number;
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
  readonly bytes: number;
  readonly rows: number;
}

/** @param head bytes that every part begins with */
export function* cutIntoParts(
  { bytes, rows, rowEnds }: Pick<SinkOutput, "bytes" | "rows" | "rowEnds">,
  fill: Fill,
  limits: RotationLimits,
  head: number,
): Generator<Run, void, undefined> {
  let filled = fill;
  let [begin, first, rotate] = [0, 0, false];
  for (let row = 0; row < rows; row++) {
    const start = row === 0 ? 0 : (rowEnds[row - 1] ?? 0);
    const size = (rowEnds[row] ?? bytes.byteLength) - start;
    if (filled.rows > 0 && (filled.rows >= limits.records || filled.bytes + size > limits.bytes)) {
      if (row > first) yield { begin, end: start, rows: row - first, rotate };
      [begin, first, rotate] = [start, row, true];
      filled = { bytes: head, rows: 0 };
    }
    filled = { bytes: filled.bytes + size, rows: filled.rows + 1 };
  }
  if (rows > first) yield { begin, end: bytes.byteLength, rows: rows - first, rotate };
}
