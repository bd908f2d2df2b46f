/** What became of a source record, as it can be compared. */
import type { RowForm } from "../../src/core/ports/format.ts";
import type { ChunkReject } from "../../src/core/reject.ts";
import type { IndexSlice, Task, TaskOutput } from "../../src/core/task.ts";
import type { TaskReplyBody } from "../../src/task/chunk-runner.ts";

/** A row as a sink receives it. */
export interface WrittenRow {
  readonly sink: string;
  readonly form: RowForm;
  /** One character a byte. */
  readonly bytes: string;
}

/** What became of a source record. */
export interface Fate {
  /** Where it begins and ends in the source; -1 for an end that was not looked for, of a record that is too large. */
  readonly begin: number;
  readonly end: number;
  readonly rejects: readonly string[];
  readonly rows: readonly WrittenRow[];
}

/** Where a chunk stands. */
interface ChunkPlace {
  readonly begin: number;
  readonly line: number;
  /** It ends inside a line that is too long. */
  readonly isCut: boolean;
}

/** The fates of a chunk's records. */
export function fatesOf(task: Task, reply: TaskReplyBody, place: ChunkPlace): readonly Fate[] {
  const index = new Int32Array(reply.index ?? task.index);
  const spans = slice(index, reply.spans);
  const written = reply.outputs.flatMap((output, i) => rowsOf(output, task.out[i] as SharedArrayBuffer, index));
  const rows = Map.groupBy(written, ({ record }) => record);
  const rejects = Map.groupBy(reply.rejects, ({ record }) => record);
  return Array.from({ length: reply.records }, (_, record) => {
    const isGuess = place.isCut && record === reply.records - 1;
    return {
      begin: place.begin + (spans[2 * record] as number),
      end: isGuess ? -1 : place.begin + (spans[2 * record + 1] as number),
      rejects: (rejects.get(record) ?? []).map((reject) => rejectText(reject, place.line)),
      rows: (rows.get(record) ?? []).map(({ row }) => row),
    };
  });
}

function slice(index: Int32Array, { from, length }: IndexSlice): Int32Array {
  return index.subarray(from, from + length);
}

function rowsOf(
  { sink, bytes, memory, rowEnds, recordOfRow, turns }: TaskOutput,
  lent: SharedArrayBuffer,
  index: Int32Array,
): readonly { readonly record: number; readonly row: WrittenRow }[] {
  const content = Buffer.from(memory ?? lent, 0, bytes);
  const records = slice(index, recordOfRow);
  const ends = slice(index, rowEnds);
  const changes = turns === undefined ? [] : [...slice(index, turns)];
  return Array.from(ends, (end, row) => ({
    record: records[row] as number,
    row: {
      sink,
      form: changes.filter((turn) => turn <= row).length % 2 === 0 ? 0 : 1,
      bytes: content.toString("latin1", row === 0 ? 0 : ends[row - 1], end),
    },
  }));
}

function rejectText({ line, stage, sink, output, code, message, raw }: ChunkReject, firstLine: number): string {
  return JSON.stringify([firstLine + line, stage, sink, output, code, message, raw]);
}
