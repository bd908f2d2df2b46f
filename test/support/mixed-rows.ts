/** Rows of both forms of COPY, as a thread hands them over. */
import type { RowForm } from "../../src/core/ports/format.ts";
import type { SinkOutput } from "../../src/core/result.ts";
import { turnsAmong } from "../../src/core/row-forms.ts";

/** One row in the form in which it is sent. */
export interface FormedRow {
  readonly form: RowForm;
  readonly bytes: Uint8Array;
}

/** A row of COPY's binary format: numbers as int4, strings as text. */
export function binaryRow(...cells: readonly (number | string | null)[]): FormedRow {
  const fields = cells.map((cell) => {
    if (cell === null) return int(-1, 4);
    const value = typeof cell === "number" ? int(cell, 4) : Buffer.from(cell);
    return Buffer.concat([int(value.length, 4), value]);
  });
  return { form: 0, bytes: Buffer.concat([int(cells.length, 2), ...fields]) };
}

/** A row of COPY's text format; its cells need no escapes. */
export function textRow(...cells: readonly (number | string | null)[]): FormedRow {
  return { form: 1, bytes: Buffer.from(`${cells.map((cell) => cell ?? "\\N").join("\t")}\n`) };
}

/** Rows as one chunk. */
export function mixedOutput(rows: readonly FormedRow[], recordOfRow: Iterable<number> = rows.keys()): SinkOutput {
  const all = Buffer.concat(rows.map(({ bytes }) => bytes));
  const bytes = new Uint8Array(new SharedArrayBuffer(all.length));
  bytes.set(all);
  let end = 0;
  return {
    sink: "sink",
    bytes,
    rows: rows.length,
    rowEnds: Int32Array.from(rows, (row) => (end += row.bytes.length)),
    recordOfRow: Int32Array.from(recordOfRow),
    turns: turnsAmong(rows.map(({ form }) => form)),
    filtered: 0,
  };
}

function int(value: number, bytes: 2 | 4): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeIntBE(value, 0, bytes);
  return buffer;
}
