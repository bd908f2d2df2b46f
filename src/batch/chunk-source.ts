/** The items, in chunks of whatever size is asked for. */
import { batchesOf, type Items } from "../runtime/batches-of.ts";
import { type ChunkTask, isTypedArray, sharedSlice, type TypedArray } from "./chunk-task.ts";

/** Items that can be worked on in parallel. */
export type ParallelItems<T> = Items<T> | TypedArray;

/** Gives chunks from the front. */
export interface ChunkSource {
  /** Items in all, where that is known. */
  readonly length: number | undefined;
  /** Items given so far. */
  readonly taken: number;
  /** The next chunk, at most `size` items; undefined at the end. */
  take(size: number): Promise<ChunkTask | undefined>;
  /** Nothing more is taken. */
  close(): Promise<void>;
}

/** @param items an array is not copied as a whole: it must not change until its results are taken */
export function chunkSource(items: ParallelItems<unknown>): ChunkSource {
  if (isTypedArray(items)) return new ArraySource(items.length, (begin, end) => sharedSlice(items, begin, end));
  if (Array.isArray(items)) return new ArraySource(items.length, (begin, end) => items.slice(begin, end));
  return new StreamSource(batchesOf(items));
}

class ArraySource implements ChunkSource {
  readonly length: number;
  readonly #slice: (begin: number, end: number) => ChunkTask["items"];
  taken = 0;

  constructor(length: number, slice: (begin: number, end: number) => ChunkTask["items"]) {
    this.length = length;
    this.#slice = slice;
  }

  async take(size: number): Promise<ChunkTask | undefined> {
    const first = this.taken;
    if (first >= this.length) return undefined;
    this.taken = Math.min(this.length, first + size);
    return { items: this.#slice(first, this.taken), first };
  }

  async close(): Promise<void> {
    this.taken = this.length;
  }
}

class StreamSource implements ChunkSource {
  readonly length = undefined;
  readonly #batches: AsyncIterator<readonly unknown[]>;
  #batch: readonly unknown[] = [];
  #at = 0;
  #asking = false;
  taken = 0;

  constructor(batches: AsyncIterable<readonly unknown[]>) {
    this.#batches = batches[Symbol.asyncIterator]();
  }

  async take(size: number): Promise<ChunkTask | undefined> {
    const items: unknown[] = [];
    while (items.length < size) {
      if (this.#at === this.#batch.length && !(await this.#next())) break;
      const end = Math.min(this.#batch.length, this.#at + size - items.length);
      for (; this.#at < end; this.#at++) items.push(this.#batch[this.#at]);
    }
    const first = this.taken;
    this.taken += items.length;
    return items.length > 0 ? { items, first } : undefined;
  }

  async close(): Promise<void> {
    const closing = this.#batches.return?.();
    // An input that is waited for closes when it has come.
    if (this.#asking) closing?.catch(() => {});
    else await closing;
  }

  async #next(): Promise<boolean> {
    this.#asking = true;
    const { value, done } = await this.#batches.next();
    this.#asking = false;
    [this.#batch, this.#at] = [done === true ? [] : value, 0];
    return done !== true;
  }
}
