/** What the actors of a run hand to each other. */
import type { Chunk } from "../core/chunk.ts";
import type { Position } from "../core/position.ts";
import type { RunEventBody } from "../core/ports/observer.ts";
import type { FrameBatch, SplitPlan } from "../core/ports/source.ts";
import type { Reject } from "../core/reject.ts";
import type { ChunkResult, SinkOutput } from "../core/result.ts";
import type { ChunkMemory } from "./chunk-memory.ts";

/** Tells the run's observers. */
export type Emit = (event: RunEventBody) => void;

/** Where a stretch of reading begins: a split's start, a resumed position or a rewind. */
export interface Opening {
  readonly position: Position;
  /** The first chunk must have more bytes than this: with as many its first record was still incomplete. */
  readonly moreThanBytes: number;
}

/** Where a block belongs. */
export interface BlockPlace {
  readonly lane: number;
  readonly generation: number;
  readonly split: SplitPlan;
  /** Present on the first block of a stretch. */
  readonly opens: Opening | null;
}

/** Bytes as the reader got them, records not yet known: `[begin, end)` of the memory, room for a tail before. */
export interface ByteContent {
  readonly kind: "bytes";
  readonly memory: ChunkMemory;
  readonly begin: number;
  readonly end: number;
  /** Nothing of this split follows. */
  readonly final: boolean;
}

/** Records that the source has framed. */
export interface FrameContent {
  readonly kind: "frames";
  readonly memory: ChunkMemory;
  /** null: the split ended. */
  readonly frames: FrameBatch | null;
  /** Nothing of this split follows. */
  readonly final: boolean;
}

/** From the reader to the chunker. */
export type Block = BlockPlace & (ByteContent | FrameContent);

/** From the worker pool to the aggregator, in whatever order the threads were done. */
export interface Processed {
  readonly chunk: Chunk;
  /** null: the chunk was of an earlier generation and no thread looked at it. */
  readonly result: ChunkResult | null;
}

/** From the aggregator to one sink's writer, in order: a chunk's share of this sink. */
export interface Delivery {
  readonly sink: string;
  readonly split: string;
  readonly chunk: Chunk;
  readonly output: SinkOutput;
  /** Ordinal before the first record of the share. */
  readonly from: bigint;
  /** Ordinal before the chunk's first record, which may lie before the share. */
  readonly chunkFrom: bigint;
  /** Position behind its last. */
  readonly to: Position;
  readonly read: number;
  readonly filtered: number;
  readonly folded: number;
  /** What was rejected on the way here, one a record. */
  readonly rejects: readonly Reject[];
  /** Makes a reject of a record that the sink itself refused. */
  readonly rejectRow: (refused: { record: number; output?: number; code: string; message: string }) => Reject;
  /** The sink holds it durably, or never will: its memory is free. */
  readonly release: () => void;
}
