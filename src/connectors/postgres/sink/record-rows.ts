/** A chunk's rows, seen as the records they came from. */
import type { SinkOutput } from "../../../core/result.ts";
import { type RowSlice, rowSlices } from "../../../core/row-forms.ts";

/** A run of neighbouring records of one output, `begin` up to but not with `end`. */
export interface RecordRange {
  readonly begin: number;
  readonly end: number;
}

/** Rows grouped by record; records without rows (filtered ones) do not occur. Both are counted from 0. */
export class RecordRows {
  readonly #output: SinkOutput;
  /** First row of each record, and the number of rows behind the last. */
  readonly #firstRows: readonly number[];

  constructor(output: SinkOutput) {
    this.#output = output;
    const firstRows: number[] = [];
    for (let row = 0; row < output.rows; row++) {
      if (row === 0 || output.recordOfRow[row] !== output.recordOfRow[row - 1]) firstRows.push(row);
    }
    this.#firstRows = [...firstRows, output.rows];
  }

  /** Records that have rows. */
  get count(): number {
    return this.#firstRows.length - 1;
  }

  /** The first row of a record; of `count`, the number of all rows. */
  firstRow(record: number): number {
    return this.#firstRows[record] ?? this.#output.rows;
  }

  /** How many rows a record has. */
  rowsOf(record: number): number {
    return this.firstRow(record + 1) - this.firstRow(record);
  }

  /** The record that a row belongs to. */
  recordOf(row: number): number {
    let low = 0;
    let high = this.count - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.firstRow(middle) <= row) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** A record's number in its chunk. */
  numberInChunk(record: number): number {
    return this.#output.recordOfRow[this.firstRow(record)] ?? record;
  }

  /** Some rows by their forms, not copied. */
  slices(beginRow: number, endRow: number): readonly RowSlice[] {
    return rowSlices(this.#output, beginRow, endRow);
  }
}
