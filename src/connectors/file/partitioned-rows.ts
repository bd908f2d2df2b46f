/** The rows of a unit, told apart by partition; they stay where the threads put them until they are gathered. */
import type { SinkOutput } from "../../core/result.ts";
import { MillraceError } from "../../core/errors.ts";
import type { Rows } from "./rotation.ts";

/** Rows of one output that go to one partition, by their numbers. */
interface Share {
  readonly output: SinkOutput;
  readonly rows: Int32Array;
}

/** Collects outputs, gives the rows of each partition behind each other. */
export class PartitionedRows {
  readonly #shares = new Map<string, Share[]>();

  get partitions(): readonly string[] {
    return [...this.#shares.keys()];
  }

  add(output: SinkOutput): void {
    if (output.rows === 0) return;
    if (output.partitions === undefined)
      throw new MillraceError("INVARIANT", `sink ${output.sink}: rows that do not tell their partition`);
    const { names, ofRow } = output.partitions;
    for (const [number, rows] of rowsByPartition(ofRow, names.length).entries()) {
      if (rows.length === 0) continue;
      const name = names[number] as string;
      const shares = this.#shares.get(name);
      if (shares === undefined) this.#shares.set(name, [{ output, rows }]);
      else shares.push({ output, rows });
    }
  }

  /** A copy of a partition's rows, in their order. */
  gather(partition: string): Rows {
    const shares = this.#shares.get(partition) ?? [];
    const count = shares.reduce((sum, { rows }) => sum + rows.length, 0);
    const rowEnds = new Int32Array(count);
    let [size, next] = [0, 0];
    for (const { output, rows } of shares) {
      for (const row of rows) rowEnds[next++] = size += (output.rowEnds[row] ?? 0) - beginOf(output, row);
    }
    const bytes = Buffer.allocUnsafe(size);
    let at = 0;
    for (const { output, rows } of shares) {
      const from = Buffer.from(output.bytes.buffer, output.bytes.byteOffset, output.bytes.byteLength);
      for (const row of rows) at += from.copy(bytes, at, beginOf(output, row), output.rowEnds[row]);
    }
    return { bytes, rows: count, rowEnds };
  }
}

function beginOf({ rowEnds }: SinkOutput, row: number): number {
  return row === 0 ? 0 : (rowEnds[row - 1] ?? 0);
}

/** The numbers of the rows of each partition, in their order: a counting sort. */
function rowsByPartition(ofRow: Int32Array, partitions: number): readonly Int32Array[] {
  const ends = new Int32Array(partitions + 1);
  for (const partition of ofRow) ends[partition + 1] = (ends[partition + 1] ?? 0) + 1;
  for (let i = 1; i <= partitions; i++) ends[i] = (ends[i] ?? 0) + (ends[i - 1] ?? 0);
  const next = ends.slice(0, partitions);
  const sorted = new Int32Array(ofRow.length);
  for (let row = 0; row < ofRow.length; row++) {
    const partition = ofRow[row] as number;
    const at = next[partition] as number;
    sorted[at] = row;
    next[partition] = at + 1;
  }
  return Array.from({ length: partitions }, (_, i) => sorted.subarray(ends[i], ends[i + 1]));
}
