/** What crosses between the main thread and the worker threads: plain data and shared memory, never records. */
import type { ChunkMeta } from "./chunk.ts";
import type { ErrorCode } from "./errors.ts";
import type { DecodeSpec, EncodeSpec } from "./ports/format.ts";
import type { ChunkReport } from "./result.ts";

/** How the user's function is called: with one record, with a chunk's records, with their columns, or asynchronously. */
export type TransformMode = "record" | "chunk" | "columns" | "async";

/** A user's module as a thread loads it. */
export interface TransformSpec {
  /** Absolute path. */
  readonly module: string;
  /** Name of the function; null: the one that the mode is known by. */
  readonly export: string | null;
  /** null: the one whose function the module exports. */
  readonly mode: TransformMode | null;
  /** Calls in flight inside a chunk; mode async only. */
  readonly concurrency: number;
  /** How long one call, or the module's `setup`, may take; milliseconds. */
  readonly timeoutMs: number;
}

/** What every task of a run has in common; sent to a thread once. */
export interface TaskSpec {
  readonly job: string;
  readonly run: string;
  readonly decode: DecodeSpec;
  /** null: identity. */
  readonly transform: TransformSpec | null;
  /** Threads of the run; 1 when absent. */
  readonly threads?: number;
  readonly sinks: readonly EncodeSpec[];
  /** Sinks of the job that are given nothing here; a `route` may name them. */
  readonly otherSinks?: readonly string[];
}

/** A record that is known to end its thread; it becomes a reject without being touched. */
export interface PoisonRecord {
  readonly record: number;
  readonly code: ErrorCode;
  readonly message: string;
}

/** One chunk for a thread. */
export interface Task {
  readonly split: string;
  readonly fields: readonly string[] | undefined;
  readonly memory: SharedArrayBuffer;
  readonly begin: number;
  readonly end: number;
  readonly ends: Int32Array | undefined;
  readonly from: string;
  readonly firstLine: number | undefined;
  readonly meta: ChunkMeta | undefined;
  readonly final: boolean;
  readonly truncated: boolean;
  /** Memory lent for each sink's output, in the order of the spec; null: the sink does not need this chunk. */
  readonly out: readonly (SharedArrayBuffer | null)[];
  /** Memory lent for the index of records and rows. */
  readonly index: SharedArrayBuffer;
  /** Output columns per sink that earlier chunks settled; a sink that needs columns and has none here finds them. */
  readonly columns: { readonly [sink: string]: readonly string[] };
  readonly poison: readonly PoisonRecord[];
  /** Only this record is run, to see whether it is the one that ends threads; nothing is written. */
  readonly only: number | null;
  /** Records go to the user's function one after another, whatever its mode, so that a death names the one it is of. */
  readonly careful: boolean;
}

/** A stretch of Int32 values in the index memory. */
export interface IndexSlice {
  readonly from: number;
  readonly length: number;
}

/** One sink's share of a reply. */
export interface TaskOutput {
  readonly sink: string;
  /** The memory that holds the bytes from 0 on, when the lent one was too small; null: the lent one. */
  readonly memory: SharedArrayBuffer | null;
  readonly bytes: number;
  readonly rows: number;
  readonly rowEnds: IndexSlice;
  readonly recordOfRow: IndexSlice;
  /** As `SinkOutput` has them; absent where all rows are of form 0. */
  readonly turns?: IndexSlice;
  /** Records that give this sink nothing: filtered out, or routed elsewhere. */
  readonly filtered: number;
  /** As `SinkOutput` has them. */
  readonly partitions?: { readonly names: readonly string[]; readonly ofRow: IndexSlice };
  /** As `SinkOutput` has them. */
  readonly attached?: { readonly fields: number; readonly lengths: IndexSlice };
}

/** What a thread answers. */
export interface TaskReply extends ChunkReport {
  /** Of the sinks that memory was lent for, in their order. */
  readonly outputs: readonly TaskOutput[];
  /** The index memory, when the lent one was too small; null: the lent one. */
  readonly index: SharedArrayBuffer | null;
  readonly spans: IndexSlice;
  /** The output columns used per sink; a sink whose columns are still unknown, for want of any row, is left out. */
  readonly columns: { readonly [sink: string]: readonly string[] };
}

/** Runs tasks in threads: real ones, or the simulation's. */
export interface TaskRunner {
  /**
   * @throws MillraceError THREAD_FAILED when the thread died, with details {kind: crash | hang | memory, recordIndex}
   * @throws MillraceError TRANSFORM_UNLOADABLE, NOT_BUILT when the user's module cannot be used
   */
  run(task: Task): Promise<TaskReply>;
  /** Lets the user's module tear down what it has set up, and ends the threads; no task may be running. */
  close(): Promise<void>;
  /** Ends the threads; running tasks reject. */
  destroy(): Promise<void>;
}
