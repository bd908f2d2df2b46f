/** Translates between a chunk on the main thread and the task that a worker thread receives. */
import type { Chunk } from "../core/chunk.ts";
import type { ChunkResult, SinkOutput } from "../core/result.ts";
import type { IndexSlice, PoisonRecord, Task, TaskReply } from "../core/task.ts";
import type { ChunkMemory } from "./chunk-memory.ts";

/** Memory lent to a task for what it makes. */
export interface LentMemory {
  /** One a sink, in the order of the spec; null: the sink does not need the chunk. */
  readonly out: readonly (SharedArrayBuffer | null)[];
  readonly index: SharedArrayBuffer;
}

/** What a task is asked beside its chunk. */
export interface TaskWish {
  /** The name that transforms see of the split; undefined: its id. */
  readonly shownAs?: string | undefined;
  readonly fields: readonly string[] | undefined;
  readonly columns: { readonly [sink: string]: readonly string[] };
  readonly poison: readonly PoisonRecord[];
  readonly only: number | null;
  readonly careful: boolean;
}

/** The message for a chunk. */
export function toTask(chunk: Chunk, lent: LentMemory, { shownAs, ...wish }: TaskWish): Task {
  return {
    ...wish,
    ...lent,
    split: shownAs ?? chunk.split,
    memory: chunk.memory.bytes.buffer as SharedArrayBuffer,
    begin: chunk.memory.bytes.byteOffset + chunk.begin,
    end: chunk.memory.bytes.byteOffset + chunk.end,
    ends: chunk.framing.kind === "framed" ? chunk.framing.ends : undefined,
    from: chunk.from,
    firstLine: chunk.firstLine,
    meta: chunk.meta,
    final: chunk.final && chunk.growing !== true,
    truncated: chunk.to !== null,
  };
}

/** The result for a reply; memory that the thread had to make becomes the chunk's. */
export function toResult(reply: TaskReply, lent: LentMemory, memory: ChunkMemory): ChunkResult {
  if (reply.index !== null) memory.adopt(reply.index);
  const index = new Int32Array(reply.index ?? lent.index);
  const slice = ({ from, length }: IndexSlice): Int32Array => index.subarray(from, from + length);
  const lentOut = lent.out.filter((buffer) => buffer !== null);
  const outputs = reply.outputs.map((output, number): SinkOutput => {
    if (output.memory !== null) memory.adopt(output.memory);
    const bytes = output.memory ?? (lentOut[number] as SharedArrayBuffer);
    return {
      sink: output.sink,
      bytes: new Uint8Array(bytes, 0, output.bytes),
      rows: output.rows,
      rowEnds: slice(output.rowEnds),
      recordOfRow: slice(output.recordOfRow),
      ...(output.turns && { turns: slice(output.turns) }),
      filtered: output.filtered,
      ...(output.partitions && {
        partitions: { names: output.partitions.names, ofRow: slice(output.partitions.ofRow) },
      }),
      ...(output.attached && {
        attached: { fields: output.attached.fields, lengths: slice(output.attached.lengths) },
      }),
    };
  });
  return {
    records: reply.records,
    end: reply.end,
    lines: reply.lines,
    folded: 0,
    outputs,
    rejects: reply.rejects,
    spans: slice(reply.spans),
    columns: reply.columns,
    busyMs: reply.busyMs,
  };
}

/** The result of a chunk without a single byte: no thread need look at it. */
export function emptyResult(sinks: readonly string[]): ChunkResult {
  const none = new Int32Array(0);
  const bytes = new Uint8Array(0);
  const outputs = sinks.map((sink) => ({ sink, bytes, rows: 0, rowEnds: none, recordOfRow: none, filtered: 0 }));
  return { records: 0, end: 0, lines: 0, folded: 0, outputs, rejects: [], spans: none, busyMs: 0 };
}
