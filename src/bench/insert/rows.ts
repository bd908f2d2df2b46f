/** The rows that are loaded again and again, all in memory. */
import type { SinkOutput } from "../../core/result.ts";
import { type RowSlice, rowSlices } from "../../core/row-forms.ts";

/** Rows that a sink is handed at once: about what a chunk makes. */
const SLICE_BYTES = 1024 ** 2;

/** Rows of one transaction, in pieces. */
export type Unit = readonly RowSlice[];

/** One output of all the pieces, whose bytes are copied; each row is a record of its own. */
export function joined(sink: string, parts: readonly Pick<SinkOutput, "bytes" | "rowEnds">[]): SinkOutput {
  const rows = parts.reduce((sum, { rowEnds }) => sum + rowEnds.length, 0);
  const rowEnds = new Int32Array(rows);
  let [row, before] = [0, 0];
  for (const part of parts) {
    for (const end of part.rowEnds) rowEnds[row++] = before + end;
    before += part.bytes.length;
  }
  const bytes = Buffer.concat(parts.map((part) => part.bytes));
  return { sink, bytes, rows, rowEnds, recordOfRow: Int32Array.from(rowEnds.keys()), filtered: 0 };
}

/**
 * The rows as a writer sends them: in pieces, which are the units of at least `unitBytes`.
 *
 * @param unitBytes of one transaction, as `commit.bytes` of a job
 */
export function cutUnits(output: SinkOutput, unitBytes: number): readonly Unit[] {
  const units: RowSlice[][] = [];
  let room = 0;
  for (const [begin, end] of pieces(output, unitBytes)) {
    const slices = rowSlices(output, begin, end);
    const unit = room > 0 ? units.at(-1) : undefined;
    if (unit === undefined) units.push([...slices]);
    else unit.push(...slices);
    room = (unit === undefined ? unitBytes : room) - slices.reduce((sum, { bytes }) => sum + bytes.length, 0);
  }
  return units;
}

/**
 * Begin and end of rows that are handed over at once.
 *
 * @param mostBytes they have hardly more; a chunk's worth at most
 */
export function* pieces(
  { rows, rowEnds }: SinkOutput,
  mostBytes = SLICE_BYTES,
): Generator<readonly [begin: number, end: number]> {
  const enough = Math.min(SLICE_BYTES, mostBytes);
  let begin = 0;
  let from = 0;
  for (let row = 0; row < rows; row++) {
    const end = rowEnds[row] as number;
    if (end - from < enough && row + 1 < rows) continue;
    yield [begin, row + 1];
    [begin, from] = [row + 1, end];
  }
}
