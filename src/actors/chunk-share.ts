/**
 * A sink's share of a chunk that begins before the place where the sink goes on.
 *
 * Chunks are not cut at every sink's position: a decoder may need bytes from behind a place to judge the record before it
 * (an unclosed quote), so a cut there would have to be taken back. The records that the sink has already are left out here.
 */
import type { SinkOutput } from "../core/result.ts";
import type { ChunkReject } from "../core/reject.ts";
import { turnsFrom } from "../core/row-forms.ts";

/** What of a chunk a sink is to be given. */
export interface ChunkShare {
  readonly output: SinkOutput;
  /** Of no sink in particular, or of this one. */
  readonly rejects: readonly ChunkReject[];
  /** Source records. */
  readonly read: number;
}

/**
 * The share from record `first` on; records keep their numbers.
 *
 * @param share the sink's share of the whole chunk, of `share.read` records
 */
export function shareFrom({ output, rejects, read }: ChunkShare, first: number): ChunkShare {
  const { bytes, rows, rowEnds, recordOfRow, turns, partitions, attached } = output;
  const firstRow = indexFrom(recordOfRow, first);
  const skipped = firstRow === 0 ? 0 : (rowEnds[firstRow - 1] ?? 0);
  const kept = rejects.filter(({ record }) => record >= first);
  const records = recordOfRow.slice(firstRow);
  const left = read - first;
  return {
    output: {
      sink: output.sink,
      bytes: bytes.subarray(skipped),
      rows: rows - firstRow,
      rowEnds: rowEnds.slice(firstRow).map((end) => end - skipped),
      recordOfRow: records,
      ...(turns && { turns: turnsFrom(turns, firstRow) }),
      filtered: left - distinct(records) - kept.length,
      ...(partitions && { partitions: { names: partitions.names, ofRow: partitions.ofRow.slice(firstRow) } }),
      ...(attached && { attached: { ...attached, lengths: attached.lengths.slice(firstRow * attached.fields) } }),
    },
    rejects: kept,
    read: left,
  };
}

/** The first row of record `first` or a later one; records come in order. */
function indexFrom(recordOfRow: Int32Array, first: number): number {
  const index = recordOfRow.findIndex((record) => record >= first);
  return index === -1 ? recordOfRow.length : index;
}

/** Records with rows; the rows of one stand together. */
function distinct(recordOfRow: Int32Array): number {
  return recordOfRow.reduce(
    (count, record, row) => (row > 0 && recordOfRow[row - 1] === record ? count : count + 1),
    0,
  );
}
