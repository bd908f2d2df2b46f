/** A chunk's rows for one sink, taken apart. */
import type { SinkOutput } from "./result.ts";
import { turnsOf } from "./row-forms.ts";

/**
 * The bytes of each row, without copying them; they lie in memory that is lent until the unit has ended.
 *
 * @example
 * for (const row of rowsOf(output)) table.insert(JSON.parse(Buffer.from(row).toString()));
 */
export function rowsOf(output: SinkOutput): Uint8Array[] {
  const { attached } = output;
  const rows = piecesOf(output);
  return attached === undefined ? rows : rows.map((row, index) => row.subarray(textBytes(attached, index)));
}

/** An output without the texts that stand before its rows. */
export function withoutAttached(output: SinkOutput): SinkOutput {
  const { attached, ...rest } = output;
  if (attached === undefined) return output;
  const rows = rowsOf(output);
  let end = 0;
  return { ...rest, bytes: Buffer.concat(rows), rowEnds: Int32Array.from(rows, (row) => (end += row.byteLength)) };
}

/** What is left of an output without the rows of some records, by their numbers in the chunk. */
export function withoutRecords(output: SinkOutput, records: ReadonlySet<number>): SinkOutput {
  const { recordOfRow, turns, partitions, attached } = output;
  const all = piecesOf(output);
  const kept = Array.from(all.keys()).filter((row) => !records.has(recordOfRow[row] as number));
  const bytes = Buffer.concat(kept.map((row) => all[row] as Uint8Array));
  let end = 0;
  return {
    ...output,
    bytes,
    rows: kept.length,
    rowEnds: Int32Array.from(kept, (row) => (end += (all[row] as Uint8Array).byteLength)),
    recordOfRow: Int32Array.from(kept, (row) => recordOfRow[row] as number),
    ...(turns && { turns: turnsOf(turns, kept) }),
    ...(partitions && {
      partitions: { ...partitions, ofRow: Int32Array.from(kept, (row) => partitions.ofRow[row] as number) },
    }),
    ...(attached && { attached: { ...attached, lengths: lengthsOf(attached, kept) } }),
  };
}

/** Each row with the texts before it. */
function piecesOf({ bytes, rows, rowEnds }: SinkOutput): Uint8Array[] {
  return Array.from({ length: rows }, (_, row) => bytes.subarray(row === 0 ? 0 : rowEnds[row - 1], rowEnds[row]));
}

/** What the texts before a row take. */
function textBytes({ fields, lengths }: NonNullable<SinkOutput["attached"]>, row: number): number {
  return lengths.subarray(row * fields, (row + 1) * fields).reduce((sum, length) => sum + Math.max(0, length), 0);
}

function lengthsOf({ fields, lengths }: NonNullable<SinkOutput["attached"]>, rows: readonly number[]): Int32Array {
  return Int32Array.from(rows.flatMap((row) => [...lengths.subarray(row * fields, (row + 1) * fields)]));
}
