/** What a thread is given, and what it gives back. */
import type { PackedError } from "../runtime/threads/thread-error.ts";

/** Items of a chunk, moved as they are: typed arrays lie in shared memory. */
export type ChunkItems = readonly unknown[] | TypedArray;

/** Arrays of numbers that travel without being copied item by item. */
export type TypedArray =
  | Int8Array
  | Uint8Array
  | Uint8ClampedArray
  | Int16Array
  | Uint16Array
  | Int32Array
  | Uint32Array
  | Float16Array
  | Float32Array
  | Float64Array
  | BigInt64Array
  | BigUint64Array;

/** A stretch of the items. */
export interface ChunkTask {
  readonly items: ChunkItems;
  /** Number of its first item. */
  readonly first: number;
}

/** What became of a chunk. */
export interface ChunkReply {
  /** Of the items that did not fail, in their order. */
  readonly results: ChunkItems;
  readonly failures: readonly ItemFailure[];
}

/** One item that failed. */
export interface ItemFailure {
  /** Its number in the chunk. */
  readonly at: number;
  readonly error: PackedError;
}

/** What the threads of a batch have in common. */
export interface WorkerSpec {
  readonly module: string;
  readonly export: string;
  /** The first failure ends the chunk: nobody will ask for what comes behind it. */
  readonly stopAtFailure: boolean;
}

/** Whether items are one array of numbers. */
export function isTypedArray(items: unknown): items is TypedArray {
  return ArrayBuffer.isView(items) && !(items instanceof DataView);
}

/** `[begin, end)` of an array of numbers in shared memory, which every thread can use: copied once, if it is elsewhere. */
export function sharedSlice(items: TypedArray, begin: number, end: number): TypedArray {
  const slice = items.subarray(begin, end);
  if (slice.buffer instanceof SharedArrayBuffer) return slice;
  const copy = new Uint8Array(new SharedArrayBuffer(slice.byteLength));
  copy.set(new Uint8Array(slice.buffer, slice.byteOffset, slice.byteLength));
  // A Buffer's own constructor is of no use here.
  const Kind = (slice instanceof Uint8Array ? Uint8Array : slice.constructor) as new (
    memory: SharedArrayBuffer,
  ) => TypedArray;
  return new Kind(copy.buffer);
}
