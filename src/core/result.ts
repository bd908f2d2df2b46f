/** What a thread made of a chunk. */
import type { ChunkReject } from "./reject.ts";

/** Bytes for one sink, ready to be handed to it. */
export interface SinkOutput {
  readonly sink: string;
  /** Lies in shared memory. */
  readonly bytes: Uint8Array;
  readonly rows: number;
  /** End of row i in `bytes`. */
  readonly rowEnds: Int32Array;
  /** Which of the chunk's records row i came from; rows of one record stand together. */
  readonly recordOfRow: Int32Array;
  /** Records that give this sink nothing: filtered out, or routed elsewhere. */
  readonly filtered: number;
  /**
   * Rows at which the form changes, ascending, the first rows being of form 0 (see `Encoder.form`); absent or empty: all rows
   * are of form 0.
   */
  readonly turns?: Int32Array;
  /** Present for a sink that tells partitions apart: their names, and the number of the one that row i belongs to. */
  readonly partitions?: { readonly names: readonly string[]; readonly ofRow: Int32Array };
  /**
   * Present for a sink that needs fields apart: their texts stand in `bytes` before each row, one behind the other.
   * `lengths` has a number for each of the `fields` of each row, in bytes; -1 for null.
   */
  readonly attached?: { readonly fields: number; readonly lengths: Int32Array };
}

/** How far a thread came in a chunk, and what it kept back; every record is counted once. */
export interface ChunkReport {
  /** Source records consumed, good and bad. */
  readonly records: number;
  /** Bytes consumed; where the last complete record truly ends. Behind the chunk's end if the chunk skipped a rest. */
  readonly end: number;
  /** Line feeds in the bytes consumed. */
  readonly lines: number;
  readonly rejects: readonly ChunkReject[];
  /** Thread time spent, in milliseconds of its CPU where it is known, else of the clock. */
  readonly busyMs: number;
}

/** What a thread made of a chunk. */
export interface ChunkResult extends ChunkReport {
  readonly folded: number;
  /** One a sink that needs the chunk. */
  readonly outputs: readonly SinkOutput[];
  /** Begin and end of each record in the chunk, in turn; how a write reject finds its raw bytes. */
  readonly spans: Int32Array;
  /** Output columns per sink found by looking at this chunk's records; only on the chunk that was asked to. */
  readonly columns?: { readonly [sink: string]: readonly string[] };
}
