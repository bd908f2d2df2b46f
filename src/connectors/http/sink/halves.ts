/** A refused batch, taken apart to find the record to blame. */
import type { Request, Row } from "./rows.ts";

/**
 * Two halves; null: it holds rows of one record only. Outputs of one record stay together: as long as one of them is
 * refused none of them is to be written.
 */
export function halvesOf({ rows, envelope }: Request): readonly [Request, Request] | null {
  const middle = rows.length >> 1;
  const later = borderFrom(rows, middle, 1);
  const border = later < rows.length ? later : borderFrom(rows, middle, -1);
  if (border === 0) return null;
  return [
    { envelope, rows: rows.slice(0, border) },
    { envelope, rows: rows.slice(border) },
  ];
}

/** The nearest number of rows in this direction after which another record begins. */
function borderFrom(rows: readonly Row[], from: number, step: 1 | -1): number {
  let border = from;
  while (border > 0 && border < rows.length && isSameRecord(rows[border - 1] as Row, rows[border] as Row))
    border += step;
  return border;
}

function isSameRecord(one: Row, other: Row): boolean {
  return one.record === other.record && one.chunk === other.chunk;
}
